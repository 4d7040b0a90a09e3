//! Cells by fewer levels and of fewer slots, from those of a finer question: one pass over the rows answers several.
//!
//! States merge exactly, so that what is rolled up is what a pass of its own would have counted, to the byte.

use std::collections::BTreeMap;
use std::ops::Range;

use super::{Arm, Cell, Tallies, Unmeasured};
use crate::projection::State;

/// The cells by the first `levels` of their levels, with these slots alone.
#[must_use]
pub fn roll_up(cells: &BTreeMap<Arm, Cell>, levels: usize, slots: Range<usize>) -> BTreeMap<Arm, Cell> {
    let mut coarser: BTreeMap<Arm, Cell> = BTreeMap::new();
    for (arm, cell) in cells {
        let by = arm.by.iter().take(levels).cloned().collect();
        let whole = coarser.entry(Arm { by, ..arm.clone() }).or_default();
        whole.absorb(&cell.of_slots(slots.clone()));
    }
    coarser
}

impl Cell {
    /// The same rows, with these slots alone.
    fn of_slots(&self, slots: Range<usize>) -> Self {
        let clusters = self.clusters.iter().filter_map(|(cluster, tallies)| {
            let tallies = Tallies(tallies.0.get(slots.clone()).unwrap_or_default().to_vec());
            // A cluster in which nothing was counted is not there.
            (!tallies.is_empty()).then(|| (cluster.clone(), tallies))
        });
        Self {
            clusters: clusters.collect(),
            unmeasured: Unmeasured(self.unmeasured.0.get(slots).unwrap_or_default().to_vec()),
            ..*self
        }
    }
}
