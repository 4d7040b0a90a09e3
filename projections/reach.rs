//! Whom video reaches: consultations of each group of people, to be held against how many there are.
//!
//! A comparison of platforms says how those fare who had a consultation, and nothing of who had none. So the
//! consultations of every group (a deprivation quintile, an age band) are counted here, platform by platform
//! and step by step: held at all, attempted, connected, completed. How many people there are in each group is
//! not in the log: whoever asks brings a [`Population`]. The reading is in [`compare`](crate::compare).
//!
//! Source: equity audits set the use of a service against the need for it; here against the number of people,
//! which is the plainest stand-in for need (Hamer et al. 2003, Health Equity Audit Made Simple).

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use event::{Dimension, NOT_RECORDED, Shape};
use serde::Serialize;

use crate::filter::Filter;
use crate::outcome::{Ending, Outcome};
use crate::projection::{Projection, State, change};
use crate::reliability::endings::COMPLETED_ON_VIDEO;

/// So many people of one group, or more, are a slip of the pen: fewer live on earth.
pub const MOST_PEOPLE: u64 = 10_000_000_000;
/// The most groups of one population, all dimensions together.
pub const MOST_GROUPS: usize = 10_000;

/// How many people there are of each group, dimension by dimension.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Population {
    groups: BTreeMap<Dimension, BTreeMap<String, u64>>,
}

/// Why a group is none.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PopulationError {
    /// Its dimension does not tell people apart.
    #[error("{0} does not tell people apart; name one that does, such as deprivation_quintile or age_band")]
    NotOfPeople(Dimension),
    /// Its level cannot be one of its dimension.
    #[error("{level:?} cannot be a level of {dimension}; {expected}")]
    NoSuchLevel {
        /// The dimension.
        dimension: Dimension,
        /// The level.
        level: String,
        /// What it takes.
        expected: &'static str,
    },
    /// Nobody is in it.
    #[error("a group of 0 people has no rate; leave its line out")]
    Nobody,
    /// More people are in it than there are.
    #[error("{0} people are more than there are; write how many live where the services work")]
    TooMany(u64),
    /// It was told before.
    #[error("{0} {1:?} stands in the file twice; keep one line of it")]
    Twice(Dimension, String),
    /// There are too many groups.
    #[error("there are more than {MOST_GROUPS} groups; name fewer, or ask in parts")]
    TooManyGroups,
}

impl Population {
    /// Adds a group with its number of people.
    ///
    /// # Errors
    /// When it is no group, or was told before.
    pub fn add(&mut self, dimension: Dimension, level: &str, people: u64) -> Result<(), PopulationError> {
        if matches!(dimension, Dimension::Platform | Dimension::PlatformVersion | Dimension::Modality) {
            return Err(PopulationError::NotOfPeople(dimension));
        }
        if level == NOT_RECORDED || !dimension.accepts(level) {
            let expected = match dimension.shape() {
                Shape::Text if level.is_empty() => "write at least one character",
                Shape::Text => "leave the line out: those are counted apart",
                Shape::Flag => "write true or false",
                Shape::Quintile => "write a whole number from 1 (most deprived) to 5",
            };
            return Err(PopulationError::NoSuchLevel { dimension, level: level.to_owned(), expected });
        }
        match people {
            0 => return Err(PopulationError::Nobody),
            MOST_PEOPLE.. => return Err(PopulationError::TooMany(people)),
            _ => {}
        }
        if self.groups.values().map(BTreeMap::len).sum::<usize>() >= MOST_GROUPS {
            return Err(PopulationError::TooManyGroups);
        }
        let levels = self.groups.entry(dimension).or_default();
        if levels.contains_key(level) {
            return Err(PopulationError::Twice(dimension, level.to_owned()));
        }
        levels.insert(level.to_owned(), people);
        Ok(())
    }

    /// The dimensions of its groups.
    pub fn dimensions(&self) -> impl Iterator<Item = Dimension> {
        self.groups.keys().copied()
    }

    /// The groups of one dimension, with their people.
    pub fn groups(&self, dimension: Dimension) -> impl Iterator<Item = (&str, u64)> {
        self.groups.get(&dimension).into_iter().flatten().map(|(level, people)| (level.as_str(), *people))
    }

    /// All people of one dimension.
    #[must_use]
    pub fn people(&self, dimension: Dimension) -> u64 {
        self.groups(dimension).map(|(_, people)| people).sum()
    }

    /// Whether there is no group.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.groups.is_empty()
    }
}

/// The projection: the consultations that pass a filter, by platform, by group, and by organisation.
#[derive(Debug)]
pub struct Reach<'a> {
    /// By which dimensions people are told apart, each on its own.
    pub dimensions: &'a [Dimension],
    /// Of which consultations; those by phone or in person are left out unless modality is asked for.
    pub filter: &'a Filter,
}

/// What was counted, by platform.
pub type Reached = BTreeMap<String, Platform>;

/// By organisation; those without one share a place.
pub type ByOrganisation = BTreeMap<String, Steps>;

/// What was counted of one platform.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Platform {
    /// Consultations by phone or in person, which are counted nowhere else.
    pub other_modalities: u64,
    /// By the name of a dimension, then by level, `not recorded` among them.
    pub groups: BTreeMap<&'static str, BTreeMap<String, ByOrganisation>>,
}

/// How far consultations came.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Steps {
    /// Consultations that are over, attempted or not.
    pub consultations: u64,
    /// Attempted ones.
    pub attempted: u64,
    /// Attempted ones seen from both sides by sources that can tell whether they were completed on video. The
    /// further steps are of these.
    pub told: u64,
    /// Those that connected.
    pub connected: u64,
    /// Those that were completed on video.
    pub completed: u64,
}

impl State for Platform {
    fn absorb(&mut self, other: &Self) {
        self.other_modalities += other.other_modalities;
        self.groups.absorb(&other.groups);
    }

    fn is_empty(&self) -> bool {
        self.other_modalities == 0 && self.groups.is_empty()
    }
}

impl State for Steps {
    fn absorb(&mut self, other: &Self) {
        self.consultations += other.consultations;
        self.attempted += other.attempted;
        self.told += other.told;
        self.connected += other.connected;
        self.completed += other.completed;
    }

    fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

impl Steps {
    /// The steps of one row, as if its sources could tell all of them.
    fn of(row: &Outcome) -> Self {
        let one = |holds: bool| u64::from(row.attempted && holds);
        Self {
            consultations: 1,
            attempted: one(true),
            told: one(true),
            connected: one(row.connected),
            completed: one(row.connected && row.ending == Ending::Completed),
        }
    }

    /// What of them the sources of rows like this one can tell.
    fn told_by(self, row: &Outcome) -> Self {
        if !row.one_sided && COMPLETED_ON_VIDEO.needs.met(row.sight.sees) {
            return self;
        }
        Self { told: 0, connected: 0, completed: 0, ..self }
    }

    fn take(&mut self, other: &Self) {
        self.consultations -= other.consultations;
        self.attempted -= other.attempted;
        self.told -= other.told;
        self.connected -= other.connected;
        self.completed -= other.completed;
    }
}

impl Projection for Reach<'_> {
    type State = Reached;
    type Tray = Steps;

    fn dimensions(&self) -> Vec<Dimension> {
        let own = [Dimension::Platform, Dimension::Organisation, Dimension::Modality];
        let filter = self.filter.iter().map(|(dimension, _)| dimension);
        own.into_iter().chain(self.dimensions.iter().copied()).chain(filter).collect()
    }

    fn add(&self, row: &Outcome, state: &mut Reached) {
        self.count(row, Steps::of(row), state, Steps::absorb);
    }

    fn sub(&self, row: &Outcome, state: &mut Reached) {
        self.count(row, Steps::of(row), state, Steps::take);
    }

    fn gather(&self, row: &Outcome, tray: &mut Steps) {
        tray.absorb(&Steps::of(row));
    }

    fn pour(&self, row: &Outcome, tray: Steps, state: &mut Reached) {
        if !tray.is_empty() {
            self.count(row, tray, state, Steps::absorb);
        }
    }
}

impl Reach<'_> {
    fn count(&self, row: &Outcome, steps: Steps, state: &mut Reached, by: fn(&mut Steps, &Steps)) {
        if !self.filter.passes(row) {
            return;
        }
        let level = |dimension| row.context.level(dimension).to_owned();
        change(state, level(Dimension::Platform), |platform: &mut Platform| {
            if !self.filter.counts_pathway(self.dimensions, &row.context) {
                let mut other = Steps { consultations: platform.other_modalities, ..Steps::default() };
                by(&mut other, &Steps { consultations: steps.consultations, ..Steps::default() });
                platform.other_modalities = other.consultations;
                return;
            }
            for dimension in self.dimensions {
                change(&mut platform.groups, dimension.name(), |levels: &mut BTreeMap<_, _>| {
                    change(levels, level(*dimension), |organisations: &mut ByOrganisation| {
                        change(organisations, level(Dimension::Organisation), |known| {
                            by(known, &steps.told_by(row));
                        });
                    });
                });
            }
        });
    }
}
