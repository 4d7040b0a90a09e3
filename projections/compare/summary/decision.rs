//! What one log adds to a decision of several: the cells of strata and units, of groups of people, of what else concerns
//! people, and the quarters of an hour in which consultations failed.
//!
//! A decision rests on counts alone, and so can be had of summaries as a comparison can: to the byte. Which parts count
//! and what clusters follows from all logs together here too, so each of both that may be chosen is counted.

use std::collections::{BTreeMap, BTreeSet};

use event::Dimension;
use serde::Serialize;

use super::super::ask::{Ask, ClusterChoice, Design};
use super::super::decide::{GROUPED_BY, every_concern};
use super::super::difference::is_counted;
use super::{Cells, Summary, picked};
use crate::cells::{Arm, Slot, roll_up};
use crate::measure::Measure;
use crate::projection::State;
use crate::reliability::endings::END_NOT_SEEN;
use crate::survey::{self, Stratum};
use crate::windows::Seen;

/// What was counted for a decision, besides what a comparison rests on.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct ForDecision {
    /// The cells of [`Ask::every_decision`] by [`Ask::units`], in its order.
    pub decided: Vec<Cells>,
    /// The cells of every design of [`Ask::weighing`], in its order.
    pub weighed: Vec<Cells>,
    /// By dimension of [`GROUPED_BY`]: the cells of [`Ask::every_decision`] by stratum and group.
    pub grouped: Vec<Vec<Cells>>,
    /// Attempts and failures by organisation.
    pub by_organisation: Seen,
    /// Attempts by stratum and day.
    pub by_stratum: Seen,
    /// By name of dimension: what consultations have of it, whatever they are asked for.
    pub levels: BTreeMap<String, BTreeSet<String>>,
    /// The names of dimensions that strata are adjusted for or clustered by, and that somebody recorded.
    pub recorded: BTreeSet<String>,
}

impl Ask {
    /// The designs that a decision may be made by, one for each clustering that may be chosen; nothing where no measure
    /// counts so many of so many.
    #[must_use]
    pub fn every_decision(&self) -> Option<Vec<Design>> {
        let ends = Slot { measure: &END_NOT_SEEN, role: None, parts: Vec::new() };
        let counted = |design: Design| {
            let mut slots: Vec<Slot> = design.slots.into_iter().filter(is_counted).collect();
            let is_counted = !slots.is_empty();
            slots.push(ends.clone());
            is_counted.then_some(Design { slots, ..design })
        };
        self.every_design().into_iter().map(counted).collect()
    }

    /// By which dimensions a decision's cells are told apart: strata, what they are adjusted for, and the unit, where
    /// there is one.
    #[must_use]
    pub fn units(&self, cluster: Option<Dimension>) -> Vec<Dimension> {
        self.by.iter().chain(&self.adjust).copied().chain(cluster).collect()
    }

    /// The dimensions of which a summary for a decision tells all levels: what is declared of platforms and needs is held
    /// against them.
    #[must_use]
    pub fn known_levels(&self) -> Vec<Dimension> {
        std::iter::once(Dimension::Platform).chain(self.by.iter().copied()).collect()
    }

    /// The dimensions of which it tells besides whether somebody recorded them.
    #[must_use]
    pub fn further_recorded(&self) -> Vec<Dimension> {
        let cluster = match self.cluster {
            ClusterChoice::By(dimension) => Some(dimension),
            ClusterChoice::Auto | ClusterChoice::None => None,
        };
        self.adjust.iter().copied().chain(cluster).collect()
    }

    /// The same consultations as a whole, by these measures.
    #[must_use]
    pub fn weighing(&self, measures: Vec<&'static Measure>) -> Self {
        Self { measures, by: Vec::new(), adjust: Vec::new(), ..self.clone() }
    }

    /// The same by every measure that may be weighed against the one that is decided by.
    #[must_use]
    pub fn weighing_all(&self) -> Option<Self> {
        let decided = self.every_decision()?.first()?.slots.first()?.measure;
        Some(self.weighing(every_concern(decided)))
    }
}

impl ForDecision {
    /// The cells by stratum, what it is adjusted for and unit of a design that was made of the survey.
    #[must_use]
    pub fn decided(&self, ask: &Ask, design: &Design) -> Cells {
        let cells = picked(&self.decided, &ask.every_decision().unwrap_or_default(), design);
        // Where nothing clusters in the end, no unit is told.
        roll_up(&cells, ask.units(design.cluster).len(), 0..design.slots.len())
    }

    /// The cells of what else concerns people.
    #[must_use]
    pub fn weighed(&self, ask: &Ask, design: &Design) -> Cells {
        let every = ask.weighing_all().map(|all| all.every_design()).unwrap_or_default();
        picked(&self.weighed, &every, design)
    }

    /// The cells by stratum and group.
    #[must_use]
    pub fn grouped(&self, ask: &Ask, design: &Design, dimension: Dimension) -> Cells {
        let place = GROUPED_BY.iter().position(|known| *known == dimension);
        let counted = place.and_then(|place| self.grouped.get(place));
        let every = ask.every_decision().unwrap_or_default();
        counted.map(|counted| picked(counted, &every, design)).unwrap_or_default()
    }

    fn undivided(&self, levels: usize) -> Self {
        let all = |lists: &[Cells]| lists.iter().map(|cells| without(cells, levels)).collect();
        let whole = |strata: &BTreeMap<Stratum, _>| {
            let mut whole = crate::windows::Course::default();
            strata.values().for_each(|course| whole.absorb(course));
            BTreeMap::from([(Stratum(Vec::new()), whole)])
        };
        let whole = self.by_stratum.iter().map(|(platform, strata)| (platform.clone(), whole(strata)));
        Self {
            decided: all(&self.decided),
            grouped: self.grouped.iter().map(|lists| all(lists)).collect(),
            by_stratum: whole.collect(),
            ..self.clone()
        }
    }
}

impl Summary {
    /// The same, with strata of so many levels taken together.
    #[must_use]
    pub fn undivided(&self, levels: usize) -> Self {
        Self {
            survey: survey::roll_up(&self.survey),
            used: self.used.clone(),
            cells: self.cells.iter().map(|cells| without(cells, levels)).collect(),
            decision: self.decision.as_ref().map(|decision| decision.undivided(levels)),
        }
    }
}

/// The cells without the first `levels` of their levels.
fn without(cells: &Cells, levels: usize) -> Cells {
    let mut coarser = Cells::new();
    for (arm, cell) in cells {
        let by = arm.by.iter().skip(levels).cloned().collect();
        coarser.entry(Arm { by, ..arm.clone() }).or_default().absorb(cell);
    }
    coarser
}

impl State for ForDecision {
    fn absorb(&mut self, other: &Self) {
        let all = |mine: &mut Vec<Cells>, theirs: &Vec<Cells>| {
            mine.resize(mine.len().max(theirs.len()), Cells::new());
            mine.iter_mut().zip(theirs).for_each(|(mine, theirs)| mine.absorb(theirs));
        };
        all(&mut self.decided, &other.decided);
        all(&mut self.weighed, &other.weighed);
        self.grouped.resize(self.grouped.len().max(other.grouped.len()), Vec::new());
        self.grouped.iter_mut().zip(&other.grouped).for_each(|(mine, theirs)| all(mine, theirs));
        self.by_organisation.absorb(&other.by_organisation);
        self.by_stratum.absorb(&other.by_stratum);
        for (dimension, levels) in &other.levels {
            self.levels.entry(dimension.clone()).or_default().extend(levels.iter().cloned());
        }
        self.recorded.extend(other.recorded.iter().cloned());
    }

    fn is_empty(&self) -> bool {
        self.levels.values().all(BTreeSet::is_empty)
    }
}
