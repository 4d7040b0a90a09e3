//! How a consultation went: what its story planned, before any recorder looked.
//!
//! It stands beside the events so that a reading of them can be held against what really happened. It
//! is no reading: it counts what was rolled, and knows nothing of blind feeds, lost ends or duplicates.

use event::Context;
use serde::Serialize;

/// The most that may be interrupted of an undisturbed consultation, in milliseconds.
pub(crate) const UNDISTURBED_MS: i64 = 10_000;
/// One part in so many may be interrupted of an undisturbed consultation.
pub(crate) const UNDISTURBED_PART: i64 = 100;
/// For how long after connecting a drop still belongs to the first try, in milliseconds.
pub(crate) const FIRST_TRY_MS: i64 = 60_000;
/// The shortest loss of sound that counts, in milliseconds.
pub(crate) const LOSS_MS: i64 = 150;

/// How a consultation ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Ending {
    /// It reached its intended end.
    Completed,
    /// It went on by phone.
    ConvertedPhone,
    /// It was given up.
    Abandoned,
    /// It ended well and nobody recorded that.
    EndNotSeen,
    /// It was called off.
    Cancelled,
    /// Nobody came.
    #[default]
    NoShow,
    /// One side came.
    OtherSideAbsent,
}

/// What happened in one consultation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
pub struct Course {
    /// Both sides tried to get in.
    pub attempted: bool,
    /// Both sides were in.
    pub connected: bool,
    /// They got in without a failed join, and stayed for the first minute.
    pub first_try: bool,
    /// How long they were connected, blips included.
    pub connected_ms: i64,
    /// Gaps of 16 s and more.
    pub drops: u32,
    /// Drops with a return.
    pub recovered_drops: u32,
    /// Drops with a return within a minute.
    pub recovered_60s: u32,
    /// Gaps of 13 s and less.
    pub blips: u32,
    /// Losses of sound.
    pub audio_losses: u32,
    /// How long sound was lost.
    pub audio_lost_ms: i64,
    /// How long sound was lost or somebody was away for a blip.
    pub interrupted_ms: i64,
    /// How often somebody asked for help.
    pub help_requests: u32,
    /// How it ended.
    pub ending: Ending,
}

impl Course {
    /// First try, no drop, hardly interrupted, completed.
    #[must_use]
    pub fn undisturbed(&self) -> bool {
        self.first_try && self.drops == 0 && self.quiet() && self.ending == Ending::Completed
    }

    fn quiet(&self) -> bool {
        self.interrupted_ms <= UNDISTURBED_MS && self.interrupted_ms * UNDISTURBED_PART <= self.connected_ms
    }

    pub(crate) fn lose_audio(&mut self, ms: i64) {
        if ms >= LOSS_MS {
            self.audio_losses += 1;
            self.audio_lost_ms += ms;
            self.interrupted_ms += ms;
        }
    }
}

/// One consultation as it was planned: its name, its circumstances, its course.
#[derive(Debug, Clone, PartialEq)]
pub struct Planned {
    /// The name of the consultation.
    pub consultation: String,
    /// Everything there is to know of its circumstances.
    pub context: Context,
    /// What happened.
    pub course: Course,
}
