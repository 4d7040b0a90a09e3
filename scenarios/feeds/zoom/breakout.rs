//! Moves to breakout rooms and back, in lists of stays.
//!
//! Such a list has a row for each stay in the main room and in a breakout room, the latter with
//! `bo_mtg_id`. Past meetings and reports say no more than that, so that a move reads like leaving and
//! coming back. Where the same person's next stay begins within a minute and one of the two is in a
//! breakout room, neither the departure nor the arrival is one.

use std::collections::{BTreeMap, BTreeSet};

use event::Time;

use super::person::Person;
use crate::document::Document;

/// How long a move may take.
const LONGEST_MS: i64 = 60_000;

/// Which rows end, and which begin, with a move.
#[derive(Default)]
pub(super) struct Moves {
    ends: BTreeMap<usize, Time>,
    begins: BTreeSet<usize>,
}

/// A stay: when it began and ended, its row, and whether it was in a breakout room.
type Stay = (Time, Option<Time>, usize, bool);

impl Moves {
    /// The moves among `rows`; a row that cannot be read makes none.
    pub(super) fn among(rows: &[Document<'_>]) -> Self {
        let mut moves = Self::default();
        if !rows.iter().any(is_breakout) {
            return moves;
        }
        let mut people: BTreeMap<String, Vec<Stay>> = BTreeMap::new();
        for (at, row) in rows.iter().enumerate() {
            let times = (row.time("join_time"), row.time("leave_time"));
            if let ((Ok(Some(came)), Ok(went)), Ok(Some(person))) = (times, Person::of(row, None)) {
                people.entry(person.name).or_default().push((came, went, at, is_breakout(row)));
            }
        }
        for stays in people.values_mut() {
            stays.sort_unstable();
            for pair in stays.windows(2) {
                let [(_, Some(went), before, one), (came, _, after, other)] = pair else { continue };
                if (*one || *other) && (0..=LONGEST_MS).contains(&came.since(*went)) {
                    moves.ends.insert(*before, *came);
                    moves.begins.insert(*after);
                }
            }
        }
        moves
    }

    /// When the stay went on elsewhere that ended in this row by moving on.
    pub(super) fn end(&self, row: usize) -> Option<Time> {
        self.ends.get(&row).copied()
    }

    /// Whether the stay in this row began by moving in.
    pub(super) fn begin(&self, row: usize) -> bool {
        self.begins.contains(&row)
    }
}

/// Whether a stay was in a breakout room.
fn is_breakout(row: &Document<'_>) -> bool {
    row.text("bo_mtg_id").is_some()
}
