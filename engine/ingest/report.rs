//! What became of an input, line by line in counts.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::log::Position;

/// The counts of one ingest: `read` is the sum of the other three.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Report {
    /// Events and lines that could have been events.
    pub read: u64,
    /// Events that are new in the log.
    pub appended: u64,
    /// Events that were there already, unchanged.
    pub duplicates: u64,
    /// Lines that did not go in, each with its reason.
    pub rejected: Vec<Rejection>,
    /// What the feed left out on purpose, by reason.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub skipped: BTreeMap<String, u64>,
    /// First and last position of what was appended; null if nothing was.
    pub positions: Option<(u64, u64)>,
    /// Whether it was interrupted.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub interrupted: bool,
}

/// One line that did not go in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Rejection {
    /// Which line.
    pub line: u64,
    /// Why.
    pub reason: String,
}

impl Report {
    pub(super) fn append(&mut self, position: Position) {
        self.read += 1;
        self.appended += 1;
        let (first, last) = self.positions.get_or_insert((position.0, position.0));
        (*first, *last) = ((*first).min(position.0), (*last).max(position.0));
    }

    pub(super) fn duplicate(&mut self) {
        self.read += 1;
        self.duplicates += 1;
    }

    pub(super) fn reject(&mut self, line: u64, place: Option<&str>, reason: &str) {
        self.read += 1;
        let reason = place.map_or_else(|| reason.to_owned(), |place| format!("{place}: {reason}"));
        self.rejected.push(Rejection { line, reason });
    }

    pub(super) fn skip(&mut self, reason: String) {
        *self.skipped.entry(reason).or_default() += 1;
    }

    /// Takes over the counts of a further input.
    pub fn absorb(&mut self, other: Self) {
        self.read += other.read;
        self.appended += other.appended;
        self.duplicates += other.duplicates;
        self.rejected.extend(other.rejected);
        for (reason, count) in other.skipped {
            *self.skipped.entry(reason).or_default() += count;
        }
        self.positions = match (self.positions, other.positions) {
            (Some((a, b)), Some((c, d))) => Some((a.min(c), b.max(d))),
            (mine, theirs) => mine.or(theirs),
        };
        self.interrupted |= other.interrupted;
    }
}
