//! A first look at the rows of a question: who is compared, in how many clusters, seeing what.
//!
//! From it follow the three choices that must not depend on the answer: the reference platform, the
//! dimension that clusters, and the parts of a composite that every compared platform can observe.

use std::collections::BTreeMap;

use event::{Dimension, Kind, KindSet, Role};
use serde::{Deserialize, Serialize};

use crate::filter::Filter;
use crate::measure::Needs;
use crate::outcome::Outcome;
use crate::projection::{Projection, State, change};

/// The projection: counts of what the rows that pass a filter are like, by arm.
#[derive(Debug)]
pub struct Survey<'a> {
    /// Which rows.
    pub filter: &'a Filter,
    /// By which dimensions, besides the platform.
    pub by: &'a [Dimension],
    /// Of which of [`UNITS`] rows are counted level by level. There are many clinicians, and most questions do not need
    /// them.
    pub units: &'a [Dimension],
}

/// The dimensions whose levels may share their luck.
pub const UNITS: [Dimension; 2] = [Dimension::Organisation, Dimension::Clinician];

/// What the rows of each arm are like: by platform, then by the levels of the dimensions asked for.
pub type Surveyeds = BTreeMap<String, BTreeMap<Stratum, Surveyed>>;

/// What the rows of one platform are like.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Surveyed {
    /// Consultations.
    pub rows: u64,
    /// Attempted ones.
    pub attempted: u64,
    /// Attempted ones whose sources see one side only.
    pub one_sided: u64,
    /// Attempted rows with a source that never declared what it sees.
    pub undeclared: u64,
    /// Ratings, scores and answers of people who are neither patients nor clinicians: in no measure.
    pub unread_voices: u64,
    /// Attempted rows by recorded organisation.
    pub organisations: BTreeMap<String, Tally>,
    /// Attempted rows by recorded clinician.
    pub clinicians: BTreeMap<String, Tally>,
    /// Attempted rows by each kind that their sources see.
    pub sees: BTreeMap<u8, Tally>,
    /// Attempted rows by each kind that their sources only infer.
    pub infers: BTreeMap<u8, Tally>,
}

/// The levels of the dimensions asked for, as one key.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Stratum(pub Vec<String>);

impl Serialize for Stratum {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0.join("\u{1f}"))
    }
}

/// A plain count.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
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
        self.unread_voices += other.unread_voices;
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
    /// Counts what was gathered of rows like this one in or out by `step`.
    fn count(
        &mut self,
        row: &Outcome,
        units: &[Dimension],
        tray: &Tray,
        step: impl Fn(&mut u64, u64) + Copy,
    ) {
        step(&mut self.rows, tray.rows);
        step(&mut self.unread_voices, tray.unread_voices);
        if tray.attempted == 0 {
            return;
        }
        step(&mut self.attempted, tray.attempted);
        for (holds, count) in
            [(row.one_sided, &mut self.one_sided), (row.sight.undeclared, &mut self.undeclared)]
        {
            if holds {
                step(count, tray.attempted);
            }
        }
        for (dimension, map) in UNITS.into_iter().zip([&mut self.organisations, &mut self.clinicians]) {
            if let Some(level) = row.context.get(dimension).filter(|_| units.contains(&dimension)) {
                change(map, level.to_owned(), |tally| step(&mut tally.0, tray.attempted));
            }
        }
        for (kinds, map) in [(row.sight.sees, &mut self.sees), (row.sight.infers, &mut self.infers)] {
            for kind in kinds.iter() {
                change(map, kind as u8, |tally| step(&mut tally.0, tray.attempted));
            }
        }
    }

    /// Whether at least half of the attempted rows see what is needed.
    ///
    /// A handful of rows from a better source must not make a part of a composite count that nearly all
    /// rows cannot observe; and what only a few rows can show is not measured.
    #[must_use]
    pub fn observes(&self, needs: Needs) -> bool {
        needs.met(self.seen())
    }

    /// Kinds that at least half of the attempted rows see.
    #[must_use]
    pub fn seen(&self) -> KindSet {
        self.at_least(&self.sees, self.attempted.div_ceil(2).max(1))
    }

    /// Kinds that any attempted row sees: what is not among them no source of any could tell.
    #[must_use]
    pub fn ever_seen(&self) -> KindSet {
        self.at_least(&self.sees, 1)
    }

    /// Kinds that its sources declare not to tell; none where most rows come from undeclared sources.
    #[must_use]
    pub fn blind(&self) -> KindSet {
        if self.undeclared * 2 > self.attempted { KindSet::NONE } else { KindSet::EVERY.without(self.seen()) }
    }

    /// Kinds that any attempted row only infers: a caveat is told even where it touches few.
    #[must_use]
    pub fn inferred(&self) -> KindSet {
        self.at_least(&self.infers, 1)
    }

    fn at_least(&self, counts: &BTreeMap<u8, Tally>, least: u64) -> KindSet {
        let enough = |kind: &Kind| counts.get(&(*kind as u8)).is_some_and(|tally| tally.0 >= least);
        Kind::ALL.into_iter().filter(enough).fold(KindSet::NONE, KindSet::with)
    }
}

/// What people said who are read in no measure.
fn unread_voices(row: &Outcome) -> u64 {
    let unread = |role: Role| !matches!(role, Role::Patient | Role::Clinician);
    let ratings = row.ratings.iter().map(|rating| rating.role);
    let scores = row.scores.iter().map(|score| score.role);
    let answers = row.adequacy.iter().map(|adequacy| adequacy.role);
    ratings.chain(scores).chain(answers).filter(|role| unread(*role)).count() as u64
}

/// What the rows of each platform are like, all levels together.
#[must_use]
pub fn platforms(arms: &Surveyeds) -> BTreeMap<String, Surveyed> {
    let whole = |strata: &BTreeMap<Stratum, Surveyed>| {
        let mut whole = Surveyed::default();
        strata.values().for_each(|surveyed| whole.absorb(surveyed));
        whole
    };
    arms.iter().map(|(platform, strata)| (platform.clone(), whole(strata))).collect()
}

/// The same rows by platform alone.
#[must_use]
pub fn roll_up(arms: &Surveyeds) -> Surveyeds {
    let whole = |(platform, surveyed)| (platform, BTreeMap::from([(Stratum(Vec::new()), surveyed)]));
    platforms(arms).into_iter().map(whole).collect()
}

impl Projection for Survey<'_> {
    type State = Surveyeds;
    type Tray = Tray;

    fn dimensions(&self) -> Vec<Dimension> {
        let own = self.units.iter().chain(self.by).copied();
        let filter = self.filter.iter().map(|(dimension, _)| dimension);
        std::iter::once(Dimension::Platform).chain(own).chain(filter).collect()
    }

    fn add(&self, row: &Outcome, state: &mut Self::State) {
        self.count(row, &Tray::of(row), state, |count, by| *count += by);
    }

    fn sub(&self, row: &Outcome, state: &mut Self::State) {
        self.count(row, &Tray::of(row), state, |count, by| *count -= by);
    }

    fn gather(&self, row: &Outcome, tray: &mut Tray) {
        let Tray { rows, attempted, unread_voices } = Tray::of(row);
        tray.rows += rows;
        tray.attempted += attempted;
        tray.unread_voices += unread_voices;
    }

    fn pour(&self, row: &Outcome, tray: Tray, state: &mut Self::State) {
        if tray.rows > 0 {
            self.count(row, &tray, state, |count, by| *count += by);
        }
    }
}

/// Counts of rows of one setting.
#[derive(Debug, Clone, Copy, Default)]
pub struct Tray {
    rows: u64,
    attempted: u64,
    unread_voices: u64,
}

impl Tray {
    fn of(row: &Outcome) -> Self {
        Self { rows: 1, attempted: u64::from(row.attempted), unread_voices: unread_voices(row) }
    }
}

impl Survey<'_> {
    fn count(&self, row: &Outcome, tray: &Tray, state: &mut Surveyeds, step: impl Fn(&mut u64, u64) + Copy) {
        if self.filter.passes(row) {
            let platform = row.context.level(Dimension::Platform).to_owned();
            let stratum =
                Stratum(self.by.iter().map(|dimension| row.context.level(*dimension).to_owned()).collect());
            change(state, platform, |strata: &mut BTreeMap<Stratum, Surveyed>| {
                change(strata, stratum, |surveyed: &mut Surveyed| {
                    surveyed.count(row, self.units, tray, step)
                });
            });
        }
    }
}
