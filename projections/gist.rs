//! The gist of an outcome: its numbers, in a few words of memory.
//!
//! Most consultations are a call between one patient and one clinician. All that measures ask of such a
//! one fits into 56 bytes, so that millions can be kept and counted without a text among them; what does
//! not fit lies beside them in [`Gists`](crate::gists::Gists). A gist is no other reading: it is what
//! [`read`](crate::reading::read) says of the same events, and the tests hold the two together.

use event::Time;
use serde::{Deserialize, Serialize};

use crate::outcome::{Ending, FailedSide, Outcome};

/// How a gist says that there is no such time.
pub const NO_TIME: u32 = u32::MAX;

/// The numbers of one consultation. Times are in milliseconds, [`NO_TIME`] where there is none.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(missing_docs, reason = "the fields are those of an outcome of the same name")]
pub struct Gist {
    /// The last instant that anything tells of, in ms since 1970: what decides on being in progress.
    pub last_ms: i64,
    pub connect_ms: u32,
    pub waiting_ms: u32,
    pub connected_ms: u32,
    pub down_ms: u32,
    pub interrupted_ms: u32,
    pub audio_lost_ms: u32,
    pub first_drop_ms: u32,
    /// Who recorded it: a number in the caller's list of sources.
    pub source: u32,
    /// What is true of it.
    pub flags: Flags,
    /// When the first of either side tried to get in.
    pub began: Began,
    pub ending: Ending,
    pub drops: u8,
    pub blips: u8,
    pub audio_losses: u8,
    pub recovered_drops: u8,
    pub recovered_60s: u8,
    pub help_requests: u8,
}

/// One counted drop of a consultation. Times are in milliseconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct DropSpan {
    /// From connection to the drop.
    pub from_ms: u32,
    /// From the drop to the return, [`NO_TIME`] where nobody came back.
    pub lasted_ms: u32,
}

impl DropSpan {
    /// A drop that came at once and was over at once.
    pub const NOTHING: Self = Self { from_ms: 0, lasted_ms: 0 };

    /// The same with its times as they are told of an outcome.
    #[must_use]
    pub fn told(self) -> (i64, Option<i64>) {
        let lasted = (self.lasted_ms != NO_TIME).then_some(i64::from(self.lasted_ms));
        (i64::from(self.from_ms), lasted)
    }
}

/// What is true of a consultation, a bit for each.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Flags(u16);

impl Flags {
    /// Both sides tried.
    pub const ATTEMPTED: Self = Self(1);
    /// Both sides were there at one time.
    pub const CONNECTED: Self = Self(1 << 1);
    /// At the first try.
    pub const FIRST_TRY: Self = Self(1 << 2);
    /// The headline.
    pub const UNDISTURBED: Self = Self(1 << 3);
    /// It was planned.
    pub const SCHEDULED: Self = Self(1 << 4);
    /// It was called off.
    pub const CANCELLED: Self = Self(1 << 5);
    /// A terminal event ended it.
    pub const TERMINAL: Self = Self(1 << 6);
    /// Something of a call was seen, not only plans and feedback.
    pub const CALL: Self = Self(1 << 7);
    /// Exactly one side tried.
    pub const ONE_TRIED: Self = Self(1 << 8);
    /// It stands for nothing: its events were read elsewhere.
    pub const VOID: Self = Self(1 << 9);
    /// Its numbers stand in an outcome beside it.
    pub const ASIDE: Self = Self(1 << 10);

    /// Somebody was named by a plan or by feedback.
    pub const CLAIMS: Self = Self(1 << 11);
    /// It is not over at the instant that was asked about.
    pub const OPEN: Self = Self(1 << 12);
    /// Something first failed on the patient's side; with the next, on both sides at about one time.
    pub const FAILED_PATIENT: Self = Self(1 << 13);
    /// Something first failed on the clinician's side.
    pub const FAILED_CLINICIAN: Self = Self(1 << 14);

    /// What is true, as bits.
    #[must_use]
    pub const fn bits(self) -> u16 {
        self.0
    }

    /// What these bits say is true.
    #[must_use]
    pub const fn of_bits(bits: u16) -> Self {
        Self(bits)
    }

    /// Whether all of `other` is true.
    #[must_use]
    pub const fn has(self, other: Self) -> bool {
        self.0 & other.0 == other.0
    }

    /// The same, and `other`.
    #[must_use]
    pub const fn with(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// The same without `other`.
    #[must_use]
    pub const fn without(self, other: Self) -> Self {
        Self(self.0 & !other.0)
    }

    /// Whether anything of `other` is true.
    #[must_use]
    pub const fn has_any(self, other: Self) -> bool {
        self.0 & other.0 != 0
    }

    /// The same, and on which side something first failed.
    #[must_use]
    pub const fn with_side(self, side: Option<FailedSide>) -> Self {
        match side {
            None => self,
            Some(FailedSide::Patient) => self.with(Self::FAILED_PATIENT),
            Some(FailedSide::Clinician) => self.with(Self::FAILED_CLINICIAN),
            Some(FailedSide::Both) => self.with(Self::FAILED_PATIENT).with(Self::FAILED_CLINICIAN),
        }
    }

    /// On which side something first failed.
    #[must_use]
    pub const fn side(self) -> Option<FailedSide> {
        match (self.has(Self::FAILED_PATIENT), self.has(Self::FAILED_CLINICIAN)) {
            (false, false) => None,
            (true, false) => Some(FailedSide::Patient),
            (false, true) => Some(FailedSide::Clinician),
            (true, true) => Some(FailedSide::Both),
        }
    }

    /// The same, and `other` if it holds.
    #[must_use]
    pub const fn with_if(self, holds: bool, other: Self) -> Self {
        if holds { self.with(other) } else { self }
    }
}

/// An instant, or that there is none, in the seven bytes that a gist has left for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Began([u8; 7]);

impl Began {
    /// That there is no such instant.
    pub const NEVER: Self = Self([u8::MAX; 7]);

    /// The instant, if there is one.
    #[must_use]
    pub fn at(self) -> Option<Time> {
        let [a, b, c, d, e, f, g] = self.0;
        let ms = i64::from_le_bytes([a, b, c, d, e, f, g, 0]);
        (self != Self::NEVER).then(|| Time::from_ms(ms + Time::MIN.ms()))
    }
}

impl From<Option<Time>> for Began {
    fn from(at: Option<Time>) -> Self {
        let Some(at) = at else { return Self::NEVER };
        let [a, b, c, d, e, f, g, _] = (at.ms() - Time::MIN.ms()).to_le_bytes();
        Self([a, b, c, d, e, f, g])
    }
}

impl Gist {
    /// That of a consultation of which nothing is told.
    pub const NOTHING: Self = Self {
        last_ms: i64::MIN,
        connect_ms: NO_TIME,
        waiting_ms: NO_TIME,
        connected_ms: 0,
        down_ms: 0,
        interrupted_ms: 0,
        audio_lost_ms: 0,
        first_drop_ms: NO_TIME,
        source: 0,
        flags: Flags(0),
        began: Began::NEVER,
        ending: Ending::EndNotSeen,
        drops: 0,
        blips: 0,
        audio_losses: 0,
        recovered_drops: 0,
        recovered_60s: 0,
        help_requests: 0,
    };

    /// Whether it stands for a consultation that is over.
    #[must_use]
    pub fn counts(&self) -> bool {
        !self.flags.has_any(Flags::VOID.with(Flags::OPEN))
    }

    /// Whether, besides, its numbers are its own.
    #[must_use]
    pub fn is_plain(&self) -> bool {
        !self.flags.has_any(Flags::VOID.with(Flags::OPEN).with(Flags::ASIDE))
    }

    /// How it ended, where no terminal event tells (rule 5).
    #[must_use]
    pub fn quiet_ending(&self) -> Ending {
        let tried = self.flags.has(Flags::ATTEMPTED) || self.flags.has(Flags::ONE_TRIED);
        match () {
            () if self.flags.has(Flags::CANCELLED) && !tried => Ending::Cancelled,
            () if self.flags.has(Flags::SCHEDULED) && !tried => Ending::NoShow,
            () if self.flags.has(Flags::ONE_TRIED) => Ending::OtherSideAbsent,
            () if self.flags.has(Flags::ATTEMPTED) && !self.flags.has(Flags::CONNECTED) => {
                Ending::FailedToConnect
            }
            () => Ending::EndNotSeen,
        }
    }

    /// Puts its numbers into `row`, whose texts and lists stay as they are.
    pub fn tell(&self, row: &mut Outcome) {
        let time = |ms: u32| (ms != NO_TIME).then_some(i64::from(ms));
        row.attempted = self.flags.has(Flags::ATTEMPTED);
        row.connected = self.flags.has(Flags::CONNECTED);
        row.one_sided = false;
        row.first_try = self.flags.has(Flags::FIRST_TRY);
        row.undisturbed = self.flags.has(Flags::UNDISTURBED);
        row.connect_ms = time(self.connect_ms);
        row.waiting_ms = time(self.waiting_ms);
        row.connected_ms = i64::from(self.connected_ms);
        row.down_ms = i64::from(self.down_ms);
        row.interrupted_ms = i64::from(self.interrupted_ms);
        row.audio_lost_ms = i64::from(self.audio_lost_ms);
        row.first_drop_ms = time(self.first_drop_ms);
        row.ending = self.ending;
        row.side = self.flags.side();
        row.began_at = self.began.at();
        row.drops = u32::from(self.drops);
        row.blips = u32::from(self.blips);
        row.audio_losses = u32::from(self.audio_losses);
        row.recovered_drops = u32::from(self.recovered_drops);
        row.recovered_60s = u32::from(self.recovered_60s);
        row.help_requests = u32::from(self.help_requests);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_instant_that_there_is_has_room() {
        for at in [None, Some(Time::MIN), Some(Time::from_ms(-1)), Some(Time::from_ms(0)), Some(Time::MAX)] {
            assert_eq!(Began::from(at).at(), at);
        }
    }

    #[test]
    fn a_gist_takes_no_more_room_than_is_promised() {
        assert!(size_of::<Gist>() <= 56, "{}", size_of::<Gist>());
    }
}
