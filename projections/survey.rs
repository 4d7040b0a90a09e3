//! A first look at the rows of a question: who is compared, in how many clusters, seeing what.
//!
//! From it follow the three choices that must not depend on the answer: the reference platform, the
//! dimension that clusters, and the parts of a composite that every compared platform can observe.

use std::collections::BTreeMap;

use event::{Dimension, Kind, KindSet};
use serde::Serialize;

use crate::filter::Filter;
use crate::measure::Needs;
use crate::outcome::Outcome;
use crate::projection::{Projection, State, change};

/// The projection: counts of what the rows that pass a filter are like, by platform.
#[derive(Debug)]
pub struct Survey<'a> {
    /// Which rows.
    pub filter: &'a Filter,
}

/// What the rows of one platform are like.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Surveyed {
    /// Consultations.
    pub rows: u64,
    /// Attempted ones.
    pub attempted: u64,
    /// Attempted ones whose sources see one side only.
    pub one_sided: u64,
    /// Rows with a source that never declared what it sees.
    pub undeclared: u64,
    /// Attempted rows by recorded organisation.
    pub organisations: BTreeMap<String, Tally>,
    /// Attempted rows by recorded clinician.
    pub clinicians: BTreeMap<String, Tally>,
    /// Rows by each kind that their sources see.
    pub sees: BTreeMap<u8, Tally>,
    /// Rows by each kind that their sources only infer.
    pub infers: BTreeMap<u8, Tally>,
}

/// A plain count.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Tally(pub u64);

impl State for Tally {
    fn absorb(&mut self, other: &Self) {
        self.0 += other.0;
    }

    fn is_empty(&self) -> bool {
        self.0 == 0
    }
}

impl State for Surveyed {
    fn absorb(&mut self, other: &Self) {
        self.rows += other.rows;
        self.attempted += other.attempted;
        self.one_sided += other.one_sided;
        self.undeclared += other.undeclared;
        self.organisations.absorb(&other.organisations);
        self.clinicians.absorb(&other.clinicians);
        self.sees.absorb(&other.sees);
        self.infers.absorb(&other.infers);
    }

    fn is_empty(&self) -> bool {
        self.rows == 0
    }
}

impl Surveyed {
    /// Counts a row in or out by `step`.
    fn count(&mut self, row: &Outcome, step: impl Fn(&mut u64) + Copy) {
        step(&mut self.rows);
        for (holds, count) in [
            (row.attempted, &mut self.attempted),
            (row.attempted && row.one_sided, &mut self.one_sided),
            (row.sight.undeclared, &mut self.undeclared),
        ] {
            if holds {
                step(count);
            }
        }
        if row.attempted {
            for (dimension, map) in [
                (Dimension::Organisation, &mut self.organisations),
                (Dimension::Clinician, &mut self.clinicians),
            ] {
                if let Some(level) = row.context.get(dimension) {
                    change(map, level.to_owned(), |tally| step(&mut tally.0));
                }
            }
        }
        for (kinds, map) in [(row.sight.sees, &mut self.sees), (row.sight.infers, &mut self.infers)] {
            for kind in kinds.iter() {
                change(map, kind as u8, |tally| step(&mut tally.0));
            }
        }
    }

    /// Whether at least half of the rows see what is needed.
    ///
    /// A handful of rows from a better source must not make a part of a composite count that nearly all
    /// rows cannot observe.
    #[must_use]
    pub fn observes(&self, needs: Needs) -> bool {
        needs.met(self.kinds(&self.sees))
    }

    /// Kinds that at least half of the rows see.
    #[must_use]
    pub fn seen(&self) -> KindSet {
        self.kinds(&self.sees)
    }

    /// Kinds that at least one row only infers.
    #[must_use]
    pub fn inferred(&self) -> KindSet {
        Kind::ALL
            .into_iter()
            .filter(|kind| self.infers.contains_key(&(*kind as u8)))
            .fold(KindSet::NONE, KindSet::with)
    }

    fn kinds(&self, counts: &BTreeMap<u8, Tally>) -> KindSet {
        let half = |kind: &Kind| counts.get(&(*kind as u8)).is_some_and(|tally| tally.0 * 2 >= self.rows);
        Kind::ALL.into_iter().filter(half).fold(KindSet::NONE, KindSet::with)
    }
}

impl Projection for Survey<'_> {
    type State = BTreeMap<String, Surveyed>;

    fn add(&self, row: &Outcome, state: &mut Self::State) {
        self.count(row, state, |count| *count += 1);
    }

    fn sub(&self, row: &Outcome, state: &mut Self::State) {
        self.count(row, state, |count| *count -= 1);
    }
}

impl Survey<'_> {
    fn count(&self, row: &Outcome, state: &mut BTreeMap<String, Surveyed>, step: impl Fn(&mut u64) + Copy) {
        if self.filter.passes(row) {
            let platform = row.context.level(Dimension::Platform).to_owned();
            change(state, platform, |surveyed: &mut Surveyed| surveyed.count(row, step));
        }
    }
}
