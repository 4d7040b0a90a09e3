//! A place in the log.
//!
//! Positions are dense and begin at 1: the event after position 41 is at 42, whatever its source and
//! whenever it happened. They order arrival, never time.

use std::fmt;

use serde::{Deserialize, Serialize};

/// The place of an event in the log, counted from 1; [`Position::START`] lies before the first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Position(pub u64);

impl Position {
    /// Before the first event: the head of an empty log.
    pub const START: Self = Self(0);
    /// The place of the first event.
    pub const FIRST: Self = Self(1);

    /// The place after this one.
    #[must_use]
    pub fn next(self) -> Self {
        self.plus(1)
    }

    /// The place `events` later.
    #[must_use]
    pub fn plus(self, events: u64) -> Self {
        Self(self.0.saturating_add(events))
    }
}

impl fmt::Display for Position {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}
