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
    let slots: Vec<Option<usize>> = slots.map(Some).collect();
    let mut coarser: BTreeMap<Arm, Cell> = BTreeMap::new();
    for (arm, cell) in cells {
        let by = arm.by.iter().take(levels).cloned().collect();
        let whole = coarser.entry(Arm { by, ..arm.clone() }).or_default();
        whole.absorb(&cell.of_slots(&slots));
    }
    coarser
}

impl Cell {
    /// The same rows, with the slots of these places alone; nothing was counted of one that has none.
    pub(crate) fn of_slots(&self, places: &[Option<usize>]) -> Self {
        let clusters = self.clusters.iter().filter_map(|(cluster, tallies)| {
            let tallies = Tallies(of(&tallies.0, places));
            // A cluster in which nothing was counted is not there.
            (!tallies.is_empty()).then(|| (cluster.clone(), tallies))
        });
        Self { clusters: clusters.collect(), unmeasured: Unmeasured(of(&self.unmeasured.0, places)), ..*self }
    }
}

fn of<T: Clone + Default>(counted: &[T], places: &[Option<usize>]) -> Vec<T> {
    places
        .iter()
        .map(|place| place.and_then(|place| counted.get(place)).cloned().unwrap_or_default())
        .collect()
}
