//! Which rows a source watches beside those it speaks of.
//!
//! A help desk or a survey speaks only when something happens: on its own rows everybody asked for help.
//! A source that declared what it sees therefore covers every consultation of a platform and organisation
//! of which it ever spoke; one that never declared covers its own rows only. Mergeable: pieces of a log
//! may be covered apart and united.

use std::collections::BTreeMap;

use event::{Dimension, KindSet};

use crate::outcome::Outcome;

/// What declared sources see, by platform and organisation: how many rows say so.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Coverage {
    watched: BTreeMap<Place, BTreeMap<Declared, u64>>,
}

/// Platform and organisation, as far as they were told.
pub type Place = (Option<String>, Option<String>);

/// Kinds that are observed, and kinds that are inferred.
pub type Declared = [KindSet; 2];

impl Coverage {
    /// Notes which places the sources of a row watch.
    pub fn add(&mut self, row: &Outcome) {
        self.add_many(row, 1);
    }

    /// Notes which places the sources of so many rows like this one watch.
    pub fn add_many(&mut self, row: &Outcome, rows: u64) {
        let declared = row.sight.declared;
        if declared != Declared::default() && rows > 0 {
            *self.watched.entry(place(row)).or_default().entry(declared).or_default() += rows;
        }
    }

    /// Takes back what was noted of a row.
    pub fn sub(&mut self, row: &Outcome) {
        let place = place(row);
        let Some(declared) = self.watched.get_mut(&place) else { return };
        if let Some(rows) = declared.get_mut(&row.sight.declared) {
            *rows -= 1;
            if *rows == 0 {
                declared.remove(&row.sight.declared);
            }
        }
        if declared.is_empty() {
            self.watched.remove(&place);
        }
    }

    /// Takes over what another piece covers.
    pub fn merge(&mut self, other: Self) {
        for (place, theirs) in other.watched {
            let ours = self.watched.entry(place).or_default();
            theirs.into_iter().for_each(|(declared, rows)| *ours.entry(declared).or_default() += rows);
        }
    }

    /// Every place with what is declared of it, and by how many rows.
    pub fn entries(&self) -> impl Iterator<Item = (&Place, Declared, u64)> {
        self.watched.iter().flat_map(|(place, declared)| {
            declared.iter().map(move |(declared, rows)| (place, *declared, *rows))
        })
    }

    /// The coverage of these entries.
    pub fn of_entries(entries: impl IntoIterator<Item = (Place, Declared, u64)>) -> Self {
        let mut coverage = Self::default();
        for (place, declared, rows) in entries {
            coverage.watched.entry(place).or_default().insert(declared, rows);
        }
        coverage
    }

    /// Whether rows see the same by it as by another.
    #[must_use]
    pub fn tells_as(&self, other: &Self) -> bool {
        let keys = |coverage: &'_ Self| -> Vec<(Place, Vec<Declared>)> {
            let watched = coverage.watched.iter();
            watched.map(|(place, declared)| (place.clone(), declared.keys().copied().collect())).collect()
        };
        keys(self) == keys(other)
    }

    /// Lets a row see what the sources that watch its place see.
    pub fn apply(&self, row: &mut Outcome) {
        if let Some(declared) = self.watched.get(&place(row)) {
            let united = declared
                .keys()
                .fold(Declared::default(), |known, more| [known[0].or(more[0]), known[1].or(more[1])]);
            row.sight = row.sight.watched(united);
        }
    }
}

fn place(row: &Outcome) -> Place {
    let level = |dimension| row.context.get(dimension).map(str::to_owned);
    (level(Dimension::Platform), level(Dimension::Organisation))
}
