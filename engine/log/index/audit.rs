//! Whether an index knows every event at its place, without asking it for each.
//!
//! Asking costs a page an event. Instead the pages of each run are read once, in order, and their marks
//! and positions added up under a hash; the events of the run's range are added up alike as they go by.
//! Both sums are equal if and, but for a chance of one in 2^64 and less, only if both hold the same.

use super::mark::Marker;
use super::{Index, LoadError, Mark};
use crate::log::Position;
use crate::log::block::Block;
use crate::log::database::store::Store;
use crate::log::error::Damage;

/// The sums of one run.
#[derive(Debug)]
struct Sums {
    first: Position,
    last: Position,
    kept: u128,
    seen: u128,
}

/// An index while its log goes by.
#[derive(Debug)]
pub(in super::super) struct Audit {
    marker: Marker,
    runs: Vec<Sums>,
}

impl Audit {
    /// Reads every page of what `index` has kept.
    pub(in super::super) fn of(index: &Index, store: &Store) -> Result<Self, LoadError> {
        let mut runs = Vec::with_capacity(index.runs.len());
        for run in &index.runs {
            let (mut kept, mut before) = (0_u128, None);
            for pair in run.marks(store) {
                let (mark, position) = pair?;
                if before.replace(mark).is_some_and(|before| before > mark) || !run.may_have(mark) {
                    return Err(
                        Damage::new("a run of it is not in order, or its filter is not its own").into()
                    );
                }
                kept = kept.wrapping_add(hash(mark, position));
            }
            runs.push(Sums { first: run.first(), last: run.last(), kept, seen: 0 });
        }
        Ok(Self { marker: index.marker.clone(), runs })
    }

    /// Adds the events of a block.
    pub(in super::super) fn see(&mut self, block: &Block) {
        for number in 0..block.len() {
            let position = block.first().plus(number as u64);
            let at = self.runs.partition_point(|run| run.last < position);
            let Some(run) = self.runs.get_mut(at).filter(|run| run.first <= position) else { continue };
            run.seen = run.seen.wrapping_add(hash(self.marker.mark_in(block, number), position));
        }
    }

    /// What the index does not know as it is, once every block up to `head` has gone by.
    pub(in super::super) fn fault(&self, head: Position) -> Option<String> {
        let run = self.runs.iter().find(|run| run.last <= head && run.kept != run.seen)?;
        Some(format!("the index of ids does not know positions {} to {} as they are", run.first, run.last))
    }
}

/// Two products of both, mixed as in SplitMix64.
fn hash(mark: Mark, position: Position) -> u128 {
    let mix = |seed: u64| {
        let mut z = (mark.0 ^ seed).wrapping_mul(0xbf58_476d_1ce4_e5b9).wrapping_add(position.0);
        z = (z ^ z >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ z >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ z >> 31
    };
    u128::from(mix(0x9e37_79b9_7f4a_7c15)) << 64 | u128::from(mix(0xd1b5_4a32_d192_ed03))
}
