//! Marks of the newest events, not yet in a run.

use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};

use super::Mark;
use crate::log::Position;

/// Positions by mark; the few that share a mark with an earlier one stand in `twins`.
#[derive(Debug, Default)]
pub(super) struct Recent {
    positions: HashMap<u64, Position, BuildHasherDefault<Spread>>,
    twins: Vec<(u64, Position)>,
}

impl Recent {
    pub(super) fn len(&self) -> usize {
        self.positions.len() + self.twins.len()
    }

    pub(super) fn note(&mut self, mark: Mark, position: Position) {
        let first = *self.positions.entry(mark.0).or_insert(position);
        if first != position {
            self.twins.push((mark.0, position));
        }
    }

    pub(super) fn find(&self, mark: Mark, found: &mut Vec<Position>) {
        let Some(first) = self.positions.get(&mark.0) else { return };
        found.push(*first);
        found.extend(self.twins.iter().filter(|(twin, _)| *twin == mark.0).map(|(_, position)| *position));
    }

    /// Everything noted, by mark and position, leaving nothing.
    pub(super) fn take_sorted(&mut self) -> Vec<(Mark, Position)> {
        let mut all: Vec<_> = self.positions.drain().map(|(mark, position)| (Mark(mark), position)).collect();
        all.extend(self.twins.drain(..).map(|(mark, position)| (Mark(mark), position)));
        all.sort_unstable();
        all
    }
}

/// Marks are hashes already; they only need their bits where the map looks for them.
#[derive(Debug, Default)]
struct Spread(u64);

impl Hasher for Spread {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        bytes.iter().for_each(|byte| self.0 = self.0.rotate_left(8) ^ u64::from(*byte));
    }

    fn write_u64(&mut self, mark: u64) {
        self.0 = mark ^ mark << (u64::BITS - Mark::BITS);
    }
}
