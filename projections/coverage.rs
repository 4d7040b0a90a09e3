//! Which rows a source watches beside those it speaks of.
//!
//! A help desk or a survey speaks only when something happens: on its own rows everybody asked for help.
//! A source that declared what it sees therefore covers every consultation of a platform and organisation
//! of which it ever spoke; one that never declared covers its own rows only. Mergeable: pieces of a log
//! may be covered apart and united.

use std::collections::BTreeMap;

use event::{Dimension, KindSet};

use crate::outcome::Outcome;

/// What declared sources see, by platform and organisation.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Coverage {
    watched: BTreeMap<Place, [KindSet; 2]>,
}

type Place = (Option<String>, Option<String>);

impl Coverage {
    /// Notes which places the sources of a row watch.
    pub fn add(&mut self, row: &Outcome) {
        self.unite(place(row), row.sight.declared);
    }

    /// Takes over what another piece covers.
    pub fn merge(&mut self, other: Self) {
        for (place, kinds) in other.watched {
            self.unite(place, kinds);
        }
    }

    /// Lets a row see what the sources that watch its place see.
    pub fn apply(&self, row: &mut Outcome) {
        if let Some(kinds) = self.watched.get(&place(row)) {
            row.sight = row.sight.watched(*kinds);
        }
    }

    fn unite(&mut self, place: Place, [observed, inferred]: [KindSet; 2]) {
        if !observed.is_empty() || !inferred.is_empty() {
            let known = self.watched.entry(place).or_default();
            *known = [known[0].or(observed), known[1].or(inferred)];
        }
    }
}

fn place(row: &Outcome) -> Place {
    let level = |dimension| row.context.get(dimension).map(str::to_owned);
    (level(Dimension::Platform), level(Dimension::Organisation))
}
