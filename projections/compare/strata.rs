//! Cells that are told apart by more levels than were asked for, brought together to those that were.
//!
//! Whoever adjusts, or looks at gaps, asks for cells by further levels. What is said of a platform as a
//! whole rests on their sum, which is the cell that the shorter question would have had.

use std::borrow::Cow;
use std::collections::BTreeMap;

use crate::cells::{Arm, Cell};
use crate::projection::State;

/// The cells of one arm, by the levels that were not asked for.
pub(super) struct Parts<'a> {
    /// All of them together.
    pub(super) whole: Cow<'a, Cell>,
    /// By level, in order.
    pub(super) by_level: BTreeMap<&'a [String], &'a Cell>,
}

/// Brings cells together by their first `asked` levels.
pub(super) fn narrow(cells: &BTreeMap<Arm, Cell>, asked: usize) -> BTreeMap<Arm, Parts<'_>> {
    let mut narrowed: BTreeMap<Arm, Parts<'_>> = BTreeMap::new();
    for (arm, cell) in cells {
        let (own, further) = arm.by.split_at(asked.min(arm.by.len()));
        let key = Arm { by: own.to_vec(), platform: arm.platform.clone(), one_sided: arm.one_sided };
        match narrowed.entry(key) {
            std::collections::btree_map::Entry::Vacant(entry) => {
                let whole = Cow::Borrowed(cell);
                entry.insert(Parts { whole, by_level: BTreeMap::from([(further, cell)]) });
            }
            std::collections::btree_map::Entry::Occupied(mut entry) => {
                let parts = entry.get_mut();
                parts.whole.to_mut().absorb(cell);
                parts.by_level.insert(further, cell);
            }
        }
    }
    narrowed
}
