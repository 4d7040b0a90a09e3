//! When a generation is worth it: files cost whoever reads them, however few events are in them.
//!
//! Events that came are appended when so much time has passed since the last time, or as soon as they fill a row group.
//! Where nothing came nothing is appended. With N shards a day has at most N + 1 files for each time that passed.

use std::time::{Duration, Instant};

use super::super::parquet::file::GROUP_EVENTS;
use crate::log::Position;

/// How often what came is appended.
#[derive(Debug, Clone)]
pub struct Pace {
    every: Duration,
    last: Last,
}

/// What came of the last time.
#[derive(Debug, Clone, Copy)]
enum Last {
    /// There was none yet.
    Never,
    /// Everything up to a position was looked at.
    Seen(Position, Instant),
    /// It failed.
    Failed(Instant),
}

impl Pace {
    /// At the latest after so much time in which something came.
    #[must_use]
    pub fn new(every: Duration) -> Self {
        Self { every, last: Last::Never }
    }

    /// Whether it is time, now that the log goes to `head`.
    #[must_use]
    pub fn is_due(&self, head: Position, now: Instant) -> bool {
        let is_late = |at: Instant| now.duration_since(at) >= self.every;
        match self.last {
            Last::Never => true,
            Last::Seen(seen, at) => {
                let came = head.0.saturating_sub(seen.0);
                head != seen && (is_late(at) || came >= GROUP_EVENTS as u64)
            }
            Last::Failed(at) => is_late(at),
        }
    }

    /// Notes that everything up to `head` was looked at.
    pub fn seen(&mut self, head: Position, now: Instant) {
        self.last = Last::Seen(head, now);
    }

    /// Notes that it could not be done: it is tried again, but not at once.
    pub fn failed(&mut self, now: Instant) {
        self.last = Last::Failed(now);
    }
}
