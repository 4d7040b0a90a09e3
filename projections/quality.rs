//! How complete the evidence is: what of every platform's consultations was recorded, seen and understood.
//!
//! Whoever reads a comparison must know first what it rests on: how many consultations ended in a way that
//! nothing tells, which circumstances nobody wrote down, in how many the events contradict each other, and
//! what their sources could have seen at all. These are counts of what was recorded, not of a sample: they
//! have no limits. Late events and clocks that run wrong depend on how events arrived, and not on what they
//! say; `log stats` tells of those.
//!
//! Contradictions stand in whole outcomes only: a [`gist`](crate::gist) does not keep them, since no measure
//! asks for them. So this is folded over the rows of `outcomes`, where the others are over a sheet.

mod notes;
mod reading;

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use event::{Dimension, KindSet};
use serde::Serialize;

use crate::filter::Filter;
use crate::outcome::{Ending, InProgress, Outcome};
use crate::projection::{Projection, State, change};
use crate::survey::{Stratum, Tally};

pub use reading::{Evidence, KindSeen, Row, Share, Unrecorded, read};

/// The projection: what is known of the rows that pass a filter, by platform and the levels asked for.
#[derive(Debug)]
pub struct Quality<'a> {
    /// By which dimensions, besides the platform.
    pub by: &'a [Dimension],
    /// Of which consultations; those by phone or in person are left out unless modality is asked for.
    pub filter: &'a Filter,
}

/// What was counted: by platform, then by the levels of the dimensions asked for.
pub type Counted = BTreeMap<String, BTreeMap<Stratum, Count>>;

/// What was counted in one part of a platform.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Count {
    /// Consultations that are over.
    pub consultations: u64,
    /// Consultations by phone or in person, which are counted nowhere else.
    pub other_modalities: u64,
    /// Those of which nothing tells how they ended.
    pub end_not_seen: u64,
    /// Those whose sources see one side only.
    pub one_sided: u64,
    /// Those with a source that never declared what it can see.
    pub undeclared: u64,
    /// Those in which events contradict each other, or are odd.
    pub contradictory: u64,
    /// By kind of contradiction.
    pub anomalies: BTreeMap<&'static str, Anomaly>,
    /// By dimension, as its place among all: those of which no level was told.
    pub not_recorded: BTreeMap<u8, Tally>,
    /// By kind: those of which a source observes it.
    pub observed: BTreeMap<u8, Tally>,
    /// By kind: those of which sources only infer it.
    pub inferred: BTreeMap<u8, Tally>,
    /// By kind: those of which every source has declared, and none can tell it.
    pub untold: BTreeMap<u8, Tally>,
}

/// How often events contradicted each other in one way.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Anomaly {
    /// In how many consultations.
    pub consultations: u64,
    /// How often in all.
    pub times: u64,
}

impl State for Anomaly {
    fn absorb(&mut self, other: &Self) {
        self.consultations += other.consultations;
        self.times += other.times;
    }

    fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

impl State for Count {
    fn absorb(&mut self, other: &Self) {
        self.consultations += other.consultations;
        self.other_modalities += other.other_modalities;
        self.end_not_seen += other.end_not_seen;
        self.one_sided += other.one_sided;
        self.undeclared += other.undeclared;
        self.contradictory += other.contradictory;
        self.anomalies.absorb(&other.anomalies);
        self.not_recorded.absorb(&other.not_recorded);
        self.observed.absorb(&other.observed);
        self.inferred.absorb(&other.inferred);
        self.untold.absorb(&other.untold);
    }

    fn is_empty(&self) -> bool {
        self.consultations == 0 && self.other_modalities == 0
    }
}

/// What the numbers of rows of one setting add up to.
#[derive(Debug, Clone, Default)]
pub struct Tray {
    rows: u64,
    end_not_seen: u64,
    contradictory: u64,
    anomalies: BTreeMap<&'static str, Anomaly>,
}

impl Tray {
    fn take(&mut self, row: &Outcome) {
        self.rows += 1;
        self.end_not_seen += u64::from(row.ending == Ending::EndNotSeen);
        self.contradictory += u64::from(!row.anomalies.is_empty());
        for (kind, times) in &row.anomalies {
            let one = Anomaly { consultations: 1, times: u64::from(*times) };
            self.anomalies.entry(kind).or_default().absorb(&one);
        }
    }
}

impl Count {
    /// Counts what was gathered of rows like this one in or out by `step`.
    fn count(&mut self, row: &Outcome, tray: &Tray, step: impl Fn(&mut u64, u64) + Copy) {
        step(&mut self.consultations, tray.rows);
        step(&mut self.end_not_seen, tray.end_not_seen);
        step(&mut self.contradictory, tray.contradictory);
        for (holds, count) in
            [(row.one_sided, &mut self.one_sided), (row.sight.undeclared, &mut self.undeclared)]
        {
            if holds {
                step(count, tray.rows);
            }
        }
        for (kind, more) in &tray.anomalies {
            change(&mut self.anomalies, *kind, |anomaly: &mut Anomaly| {
                step(&mut anomaly.consultations, more.consultations);
                step(&mut anomaly.times, more.times);
            });
        }
        for (place, dimension) in (0..).zip(Dimension::ALL) {
            if row.context.get(dimension).is_none() {
                change(&mut self.not_recorded, place, |tally: &mut Tally| step(&mut tally.0, tray.rows));
            }
        }
        let sight = row.sight;
        // Of a source that never declared nobody knows what it would have told.
        let untold = if sight.undeclared { KindSet::NONE } else { KindSet::EVERY.without(sight.sees) };
        for (kinds, map) in [
            (sight.sees.without(sight.infers), &mut self.observed),
            (sight.infers, &mut self.inferred),
            (untold, &mut self.untold),
        ] {
            for kind in kinds.iter() {
                change(map, kind as u8, |tally: &mut Tally| step(&mut tally.0, tray.rows));
            }
        }
    }
}

impl Projection for Quality<'_> {
    type State = Counted;
    type Tray = Tray;

    fn dimensions(&self) -> Vec<Dimension> {
        Dimension::ALL.to_vec()
    }

    fn add(&self, row: &Outcome, state: &mut Counted) {
        let mut tray = Tray::default();
        tray.take(row);
        self.count(row, &tray, state, |count, by| *count += by);
    }

    fn sub(&self, row: &Outcome, state: &mut Counted) {
        let mut tray = Tray::default();
        tray.take(row);
        self.count(row, &tray, state, |count, by| *count -= by);
    }

    fn gather(&self, row: &Outcome, tray: &mut Tray) {
        tray.take(row);
    }

    fn pour(&self, row: &Outcome, tray: Tray, state: &mut Counted) {
        if tray.rows > 0 {
            self.count(row, &tray, state, |count, by| *count += by);
        }
    }
}

impl Quality<'_> {
    fn count(&self, row: &Outcome, tray: &Tray, state: &mut Counted, step: impl Fn(&mut u64, u64) + Copy) {
        if !self.filter.passes(row) {
            return;
        }
        let stratum = self.stratum(&row.context);
        change(state, row.context.level(Dimension::Platform).to_owned(), |strata: &mut BTreeMap<_, _>| {
            change(strata, stratum, |count: &mut Count| {
                if self.filter.counts_pathway(self.by, &row.context) {
                    count.count(row, tray, step);
                } else {
                    step(&mut count.other_modalities, tray.rows);
                }
            });
        });
    }

    fn stratum(&self, context: &event::Context) -> Stratum {
        Stratum(self.by.iter().map(|dimension| context.level(*dimension).to_owned()).collect())
    }

    /// How many consultations are not over, by platform and the levels asked for.
    #[must_use]
    pub fn in_progress<'a>(
        &self,
        open: impl IntoIterator<Item = &'a InProgress>,
    ) -> BTreeMap<String, BTreeMap<Stratum, Tally>> {
        let mut found: BTreeMap<String, BTreeMap<Stratum, Tally>> = BTreeMap::new();
        for one in open {
            if self.filter.lets_through(&one.context) && self.filter.counts_pathway(self.by, &one.context) {
                let platform = one.context.level(Dimension::Platform).to_owned();
                found.entry(platform).or_default().entry(self.stratum(&one.context)).or_default().0 += 1;
            }
        }
        found
    }
}
