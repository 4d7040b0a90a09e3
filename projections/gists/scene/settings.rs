//! Numbers for settings: for each combination of levels, and of what sources see, that rows have.
//!
//! Millions of rows ask for the number of theirs, and most settings are of few levels. So the columns are packed: as
//! many as fit make one number, which is a place in a table. What fits no more is found step by step from there.

use std::sync::Arc;

use event::Context;

use super::Column;
use crate::outcome::RowSight;

/// Levels are packed into numbers below this.
const PACKED: usize = 1 << 20;
/// What tells a node that was stepped to from a packed number.
const STEPPED: u32 = 1 << 31;

/// The settings of rows, and how they are found.
pub(super) struct Settings<'a> {
    known: Vec<(Arc<Context>, RowSight)>,
    /// By source: the number of what it sees.
    seen: Vec<u32>,
    first: Pack<'a>,
    rest: Vec<Pack<'a>>,
    steps: Steps,
    /// By node: its setting and one. Without further packs a node is a packed number.
    of_node: Vec<u32>,
}

/// Columns that make one number together: each with what a level of it counts there.
struct Pack<'a> {
    columns: Vec<(&'a [u32], u32)>,
    /// How many numbers there may be.
    size: usize,
}

impl<'a> Settings<'a> {
    pub(super) fn of(columns: &[&'a Column], sights: &[RowSight]) -> Self {
        Self::packed_below(PACKED, columns, sights)
    }

    fn packed_below(most: usize, columns: &[&'a Column], sights: &[RowSight]) -> Self {
        let mut distinct: Vec<RowSight> = Vec::new();
        let mut number = |sight: &RowSight| {
            let known = distinct.iter().position(|known| known == sight);
            known.unwrap_or_else(|| {
                distinct.push(*sight);
                distinct.len() - 1
            }) as u32
        };
        let seen: Vec<u32> = sights.iter().map(&mut number).collect();
        let mut first = Pack { columns: Vec::new(), size: distinct.len().max(1) };
        let mut rest: Vec<Pack<'a>> = Vec::new();
        let mut columns: Vec<&Column> = columns.to_vec();
        // Small ones first, so that as many as possible are in the table.
        columns.sort_by_key(|column| column.levels.len());
        for column in columns {
            let last = rest.last_mut().unwrap_or(&mut first);
            if !last.takes(column, most) {
                let mut next = Pack { columns: Vec::new(), size: 1 };
                next.put(column);
                rest.push(next);
            } else {
                last.put(column);
            }
        }
        Self { known: Vec::new(), seen, first, rest, steps: Steps::default(), of_node: Vec::new() }
    }

    /// The circumstances of a setting, and what is seen of it.
    pub(super) fn known(&self, setting: usize) -> &(Arc<Context>, RowSight) {
        &self.known[setting]
    }

    pub(super) fn count(&self) -> usize {
        self.known.len()
    }

    /// Lets go of all settings; their numbers are given anew.
    pub(super) fn forget(&mut self) {
        self.known.clear();
        self.of_node.clear();
        self.steps = Steps::default();
    }

    /// The number of the setting of a row, which `make` makes where it is new.
    pub(super) fn number(
        &mut self,
        row: usize,
        source: u32,
        make: impl FnOnce() -> (Arc<Context>, RowSight),
    ) -> usize {
        let begin = self.seen[source as usize] + self.first.number(row);
        let node = match &self.rest[..] {
            [] => begin,
            rest => rest.iter().zip(0..).fold(begin, |node, (pack, depth)| {
                // Nodes are numbered from 0, too, and are no packed numbers.
                let from = if depth == 0 { node } else { STEPPED | node };
                self.steps.next(from, pack.number(row))
            }),
        } as usize;
        if self.of_node.len() <= node {
            self.of_node.resize((node + 1).next_power_of_two(), 0);
        }
        let setting = &mut self.of_node[node];
        if *setting == 0 {
            self.known.push(make());
            *setting = self.known.len() as u32;
        }
        *setting as usize - 1
    }
}

impl<'a> Pack<'a> {
    fn takes(&self, column: &Column, most: usize) -> bool {
        self.size.saturating_mul(column.levels.len() + 1) <= most
    }

    fn put(&mut self, column: &'a Column) {
        // A column that is alone may have more levels than a pack takes: then the size is not asked for again.
        self.columns.push((&column.level, self.size as u32));
        self.size = self.size.saturating_mul(column.levels.len() + 1);
    }

    fn number(&self, row: usize) -> u32 {
        self.columns.iter().map(|(levels, counts)| levels[row] * counts).sum()
    }
}

/// From a node by a level to another node: a table with free places, in which a key lies where its
/// product says, or behind.
#[derive(Default)]
struct Steps {
    /// Node and level as one number; and the node there and one, 0 in a free place.
    places: Vec<(u64, u32)>,
    nodes: u32,
}

impl Steps {
    fn next(&mut self, node: u32, level: u32) -> u32 {
        if self.nodes as usize * 2 >= self.places.len() {
            self.grow();
        }
        let key = u64::from(node) << 32 | u64::from(level);
        let place = self.find(key);
        let (known, to) = &mut self.places[place];
        if *to == 0 {
            self.nodes += 1;
            (*known, *to) = (key, self.nodes);
        }
        *to - 1
    }

    /// Where the key lies, or is to lie.
    fn find(&self, key: u64) -> usize {
        let mask = self.places.len() - 1;
        let mut place = (key.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 32) as usize & mask;
        while self.places[place].1 != 0 && self.places[place].0 != key {
            place = (place + 1) & mask;
        }
        place
    }

    fn grow(&mut self) {
        let size = (self.places.len() * 2).max(1 << 10);
        let old = std::mem::replace(&mut self.places, vec![(0, 0); size]);
        for (key, to) in old.into_iter().filter(|(_, to)| *to != 0) {
            let place = self.find(key);
            self.places[place] = (key, to);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use event::{Dimension, KindSet};
    use proptest::collection::vec;
    use proptest::prelude::*;

    use super::*;

    proptest! {
        /// However few levels fit into a pack, rows have one number where they have the same levels and their sources
        /// see the same, and different ones otherwise; also when all was forgotten on the way.
        #[test]
        fn settings_are_told_apart_by_levels_and_by_what_is_seen(
            rows in vec((0_u32..4, 0_u32..3, 0_u32..5, 0_u32..40), 1..60),
            forgotten_at in 0_usize..60,
        ) {
            let dimensions = [Dimension::Platform, Dimension::Service, Dimension::Organisation];
            let levels = [2, 4, 39];
            let columns: Vec<Column> = (0..3)
                .map(|place| Column {
                    dimension: dimensions[place],
                    levels: (0..levels[place]).map(|level| Arc::from(level.to_string())).collect(),
                    level: rows.iter().map(|row| [row.1, row.2, row.3][place]).collect(),
                })
                .collect();
            // The first and the third source see the same.
            let sight = |kinds| RowSight { sees: KindSet::from_bits(kinds), ..RowSight::default() };
            let sights = [1, 2, 1, 3].map(sight);
            for most in [1, 7, 100, PACKED] {
                let mut settings =
                    Settings::packed_below(most, &columns.iter().collect::<Vec<_>>(), &sights);
                let mut known: BTreeMap<_, usize> = BTreeMap::new();
                for (number, row) in rows.iter().enumerate() {
                    if number == forgotten_at {
                        settings.forget();
                        known.clear();
                    }
                    let is_new = std::cell::Cell::new(false);
                    let found = settings.number(number, row.0, || {
                        is_new.set(true);
                        (Arc::default(), sights[row.0 as usize])
                    });
                    let next = known.len();
                    let of = (sights[row.0 as usize].sees.bits(), row.1, row.2, row.3);
                    prop_assert_eq!(is_new.get(), !known.contains_key(&of));
                    prop_assert_eq!(found, *known.entry(of).or_insert(next));
                }
                prop_assert_eq!(settings.count(), known.len());
            }
        }
    }
}
