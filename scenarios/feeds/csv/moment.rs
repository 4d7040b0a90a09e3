//! Times as spreadsheets write them, read by a clock that the mapping sets.
//!
//! Nothing is guessed: a time without an offset needs a zone, and one that a change of clocks skips or
//! repeats is refused. Zones are fixed offsets or POSIX rules, which need no database; those of the
//! British Isles have their names (their rules have been the same since 1996).

use event::Time;
use jiff::civil::DateTime;
use jiff::fmt::strtime;
use jiff::tz::{AmbiguousOffset, Offset, TimeZone};

use crate::FeedError;
use crate::text::{quoted, shown};

const NAMED: &[(&str, &str)] = &[
    ("UTC", "UTC0"),
    ("GMT", "GMT0"),
    ("Europe/London", "GMT0BST,M3.5.0/1,M10.5.0"),
    ("Europe/Belfast", "GMT0BST,M3.5.0/1,M10.5.0"),
    ("Europe/Dublin", "GMT0IST,M3.5.0/1,M10.5.0"),
];

/// How times are written.
pub(super) struct Clock {
    zone: Option<TimeZone>,
    format: Option<String>,
}

impl Clock {
    /// The clock of a zone and a format, each as the mapping names it.
    pub(super) fn new(zone: Option<&str>, format: Option<String>) -> Result<Self, FeedError> {
        Ok(Self { zone: zone.map(zone_named).transpose()?, format })
    }

    /// The instant that `text` names, or what is wrong with it, for a sentence that begins with the column.
    pub(super) fn read(&self, text: &str) -> Result<Time, String> {
        match self.format.as_deref() {
            Some("unix") => number(text, 1000),
            Some("unix_ms") => number(text, 1),
            Some(format) => self.read_as(text, format),
            None => self.read_iso(text),
        }
    }

    fn read_as(&self, text: &str, format: &str) -> Result<Time, String> {
        let wrong =
            || format!("is {}; write it as time_format says, {}", shown(&quoted(text)), quoted(format));
        let parts = strtime::parse(format, text).map_err(|_| wrong())?;
        if parts.offset().is_some() {
            let stamp = parts.to_timestamp().map_err(|_| wrong())?;
            return Ok(Time::from_ms(floor_ms(stamp)));
        }
        // A date alone would be read as midnight.
        let local = parts.to_datetime().ok().filter(|_| parts.hour().is_some());
        self.place(local.ok_or_else(wrong)?, text)
    }

    fn read_iso(&self, text: &str) -> Result<Time, String> {
        if let Ok(time) = text.parse() {
            return Ok(time);
        }
        // A date alone would be read as midnight.
        let local: Option<DateTime> = text.parse().ok().filter(|_| text.contains(':'));
        let local = local.ok_or_else(|| {
            let text = shown(&quoted(text));
            format!("is {text}; write it as 2026-03-01T09:00:03Z, or set time_format in the mapping, such as \"%d/%m/%Y %H:%M\"")
        })?;
        self.place(local, text)
    }

    /// The instant at which clocks of the zone show `local`.
    fn place(&self, local: DateTime, text: &str) -> Result<Time, String> {
        let text = shown(&quoted(text));
        let Some(zone) = &self.zone else {
            return Err(format!(
                "is {text}, a local time; set zone in the mapping, such as \"Europe/London\" or \"+01:00\", or write the offset behind it"
            ));
        };
        let ambiguous = zone.to_ambiguous_timestamp(local);
        if !matches!(ambiguous.offset(), AmbiguousOffset::Unambiguous { .. }) {
            return Err(format!(
                "is {text}, which the change of clocks repeats or leaves out; write its offset behind it"
            ));
        }
        let stamp = ambiguous.compatible().map_err(|_| format!("is {text}; write a year from 1 to 9999"))?;
        Ok(Time::from_ms(floor_ms(stamp)))
    }
}

fn floor_ms(stamp: jiff::Timestamp) -> i64 {
    i64::try_from(stamp.as_nanosecond().div_euclid(1_000_000)).unwrap_or(i64::MAX)
}

fn number(text: &str, ms: i64) -> Result<Time, String> {
    let number: Option<i64> = text.parse().ok();
    let number = number.and_then(|number| number.checked_mul(ms));
    number
        .map(Time::from_ms)
        .ok_or_else(|| format!("is {}; write a whole number since 1970", shown(&quoted(text))))
}

fn zone_named(name: &str) -> Result<TimeZone, FeedError> {
    let posix = NAMED.iter().find(|(known, _)| *known == name).map_or(name, |(_, posix)| posix);
    if let Ok(parts) = strtime::parse("%:z", posix) {
        let offset = parts.offset().unwrap_or(Offset::UTC);
        return Ok(TimeZone::fixed(offset));
    }
    TimeZone::posix(posix).map_err(|_| {
        let known = NAMED.iter().map(|(known, _)| *known).collect::<Vec<_>>().join(", ");
        FeedError::Mapping(format!(
            "zone is {}; write an offset such as \"+01:00\", one of {known}, or a POSIX rule such as \"CET-1CEST,M3.5.0,M10.5.0/3\"",
            quoted(name)
        ))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(zone: Option<&str>, format: Option<&str>, text: &str, expected: &str) {
        let clock = Clock::new(zone, format.map(str::to_owned)).unwrap();
        let read = clock.read(text).map_or_else(|reason| reason, |time| time.to_string());
        assert!(read.starts_with(expected), "{read}");
    }

    #[test]
    fn local_times_are_read_in_the_zone_of_the_mapping() {
        let london = Some("Europe/London");
        check(london, None, "2026-01-15 09:00", "2026-01-15T09:00:00Z");
        check(london, None, "2026-07-15T09:00:30.5", "2026-07-15T08:00:30.500Z");
        check(london, Some("%d/%m/%Y %H:%M"), "15/07/2026 09:00", "2026-07-15T08:00:00Z");
        check(Some("+01:00"), None, "2026-01-15 09:00", "2026-01-15T08:00:00Z");
        check(Some("CET-1CEST,M3.5.0,M10.5.0/3"), None, "2026-07-15 09:00", "2026-07-15T07:00:00Z");
        check(None, None, "2026-07-15T09:00:00+02:00", "2026-07-15T07:00:00Z");
        check(None, Some("unix"), "1772355603", "2026-03-01T09:00:03Z");
        check(None, Some("%Y-%m-%d %H:%M %z"), "2026-07-15 09:00 +0200", "2026-07-15T07:00:00Z");
    }

    #[test]
    fn what_cannot_be_placed_is_refused() {
        check(None, None, "2026-01-15 09:00", "is \"2026-01-15 09:00\", a local time; set zone");
        check(
            Some("Europe/London"),
            None,
            "2026-10-25 01:30",
            "is \"2026-10-25 01:30\", which the change of clocks",
        );
        check(
            Some("Europe/London"),
            None,
            "2026-03-29 01:30",
            "is \"2026-03-29 01:30\", which the change of clocks",
        );
        check(
            Some("UTC"),
            None,
            "15/01/2026 09:00",
            "is \"15/01/2026 09:00\"; write it as 2026-03-01T09:00:03Z, or set time_format",
        );
        check(Some("UTC"), None, "2026-01-15", "is \"2026-01-15\"; write it as");
        check(Some("UTC"), Some("%d/%m/%Y"), "15/01/2026", "is \"15/01/2026\"; write it as time_format says");
    }

    #[test]
    fn a_zone_that_is_not_known_is_refused_with_what_can_be_written() {
        let error = Clock::new(Some("Mars/Olympus"), None).err().unwrap().to_string();
        assert!(error.contains("Mars/Olympus") && error.contains("CET-1CEST"), "{error}");
    }
}
