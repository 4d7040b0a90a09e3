//! Instants: UTC milliseconds since 1970, read and written as RFC 3339.
//!
//! Milliseconds are the resolution of the whole house: what a vendor tells more finely is cut to the
//! millisecond it lies in, and two events in one millisecond are ordered by their kind.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// An instant, in milliseconds since 1970-01-01T00:00:00Z.
///
/// Serialised as RFC 3339 where people may read it, as the number of milliseconds elsewhere.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Time(i64);

/// A text that is no instant.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{text:?} is not a time; write it as 2026-03-01T09:00:03.120Z")]
pub struct TimeError {
    text: String,
}

impl Time {
    /// The earliest instant that can be told: 0001-01-01.
    pub const MIN: Self = Self(-62_135_596_800_000);
    /// The latest instant that can be told: 9999-01-01.
    pub const MAX: Self = Self(253_370_764_800_000);

    /// The instant `ms` milliseconds after 1970; beyond [`Time::MIN`] and [`Time::MAX`] the nearer of them.
    #[must_use]
    pub fn from_ms(ms: i64) -> Self {
        Self(ms.clamp(Self::MIN.0, Self::MAX.0))
    }

    /// Milliseconds since 1970.
    #[must_use]
    pub fn ms(self) -> i64 {
        self.0
    }

    /// Milliseconds from `earlier` to this instant; negative when `earlier` is later.
    #[must_use]
    pub fn since(self, earlier: Self) -> i64 {
        self.0 - earlier.0
    }

    /// This instant moved by `ms`, kept within what can be written.
    #[must_use]
    pub fn plus(self, ms: i64) -> Self {
        Self::from_ms(self.0.saturating_add(ms))
    }
}

impl fmt::Display for Time {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Every `Time` lies within jiff's range by construction; the fallback only avoids a panic.
        let stamp = jiff::Timestamp::from_millisecond(self.0).unwrap_or(jiff::Timestamp::UNIX_EPOCH);
        if self.0.rem_euclid(1000) == 0 { write!(f, "{stamp}") } else { write!(f, "{stamp:.3}") }
    }
}

impl Serialize for Time {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if serializer.is_human_readable() {
            serializer.collect_str(self)
        } else {
            serializer.serialize_i64(self.0)
        }
    }
}

impl<'de> Deserialize<'de> for Time {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        if deserializer.is_human_readable() {
            String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
        } else {
            i64::deserialize(deserializer).map(Self::from_ms)
        }
    }
}

impl FromStr for Time {
    type Err = TimeError;

    fn from_str(text: &str) -> Result<Self, TimeError> {
        let stamp: jiff::Timestamp = text.parse().map_err(|_| TimeError { text: text.to_owned() })?;
        // Floor, not round towards zero: a sub-millisecond before 1970 lies in the millisecond below.
        let ms = i64::try_from(stamp.as_nanosecond().div_euclid(1_000_000))
            .map_err(|_| TimeError { text: text.to_owned() })?;
        let time = Self::from_ms(ms);
        if time.0 == ms { Ok(time) } else { Err(TimeError { text: text.to_owned() }) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, ms: i64, written: &str) {
        let time: Time = text.parse().unwrap();
        assert_eq!((time.ms(), time.to_string().as_str()), (ms, written));
    }

    #[test]
    fn instants_are_read_with_any_offset_and_written_in_utc() {
        check("2026-03-01T09:00:03.120Z", 1_772_355_603_120, "2026-03-01T09:00:03.120Z");
        check("2026-03-01T10:00:03+01:00", 1_772_355_603_000, "2026-03-01T09:00:03Z");
        check("2022-03-01T10:15:14.0000000+00:00", 1_646_129_714_000, "2022-03-01T10:15:14Z");
        check("1969-12-31T23:59:59.9999Z", -1, "1969-12-31T23:59:59.999Z");
    }

    #[test]
    fn a_local_time_without_an_offset_is_refused_with_the_text() {
        let error = "2026-03-01 09:00".parse::<Time>().unwrap_err().to_string();
        assert!(error.contains("2026-03-01 09:00") && error.contains("2026-03-01T09:00:03.120Z"), "{error}");
    }

    #[test]
    fn the_ends_of_time_can_be_written() {
        for time in [Time::MIN, Time::MAX, Time::from_ms(i64::MAX), Time::from_ms(i64::MIN)] {
            assert_eq!(time.to_string().parse::<Time>().unwrap(), time);
        }
    }
}
