//! What one log adds to a comparison of several: all that can be counted before it is known what the others hold.
//!
//! Which parts of a composite count, and by what rows are clustered, follows from the survey of all logs together,
//! which none of them has. So a summary counts each set of parts and each clustering that may yet be chosen. Summaries
//! merge; the design is made of the merged survey, and its cells are picked out of what was counted: to the byte those
//! of one log that holds everything, as long as every row sees alike in its own log and in that one. What needs a
//! further pass over rows (gaps, courses, times and the like) is not in it.

use std::collections::{BTreeMap, BTreeSet};

use event::Dimension;
use serde::Serialize;

use super::ask::{Ask, ClusterChoice, Design, parts_of, slots_of};
use crate::calendar::Used;
use crate::cells::{Arm, Cell, Slot, Tallies, Tally};
use crate::measure::Fold;
use crate::projection::State;
use crate::sketch::{Breakdown, Counts, Histogram, Sums, Voices};
use crate::survey::{self, Surveyeds};

/// The largest number that a summary may tell: as many as can be added up a million times.
const MOST: u64 = 1_000_000_000_000;
/// The largest sum of squares: of so many consultations of a day each, in milliseconds.
const MOST_SQUARES: u128 = 1 << 100;

/// What was counted of one log, or of several, for one question.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct Summary {
    /// What the rows are like.
    pub survey: Surveyeds,
    /// When platforms were in use.
    pub used: Used,
    /// The cells of [`Ask::every_design`], in its order.
    pub cells: Vec<BTreeMap<Arm, Cell>>,
}

/// Where a summary tells what no rows can give.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{place}: {what}")]
pub struct Unsound {
    /// The place.
    pub place: String,
    /// What is wrong there.
    pub what: &'static str,
}

impl Ask {
    /// A design for each clustering that may be chosen, with a slot for each set of parts that may be chosen. Where
    /// nothing clusters in the end, the clusters of the first are taken together.
    #[must_use]
    pub fn every_design(&self) -> Vec<Design> {
        let designs = self.clusterings().into_iter().map(|cluster| Design {
            slots: self.every_slot(),
            reference: None,
            cluster,
            by: self.by.clone(),
        });
        designs.collect()
    }

    fn clusterings(&self) -> Vec<Option<Dimension>> {
        match self.cluster {
            ClusterChoice::Auto => vec![Some(Dimension::Organisation), Some(Dimension::Clinician)],
            ClusterChoice::By(dimension) => vec![Some(dimension)],
            ClusterChoice::None => vec![None],
        }
    }

    fn every_slot(&self) -> Vec<Slot> {
        let slots = self.asked_measures().into_iter().flat_map(|measure| {
            let parts = parts_of(measure);
            // The numbers below 2 to the number of parts are the sets of parts.
            (0..1_usize << parts.len()).flat_map(move |set| {
                let chosen = parts.iter().enumerate().filter(|(i, _)| set >> i & 1 == 1);
                slots_of(measure, chosen.map(|(_, part)| part).collect())
            })
        });
        slots.collect()
    }
}

/// Whether two slots count the same.
fn is_same(one: &Slot, other: &Slot) -> bool {
    let parts = |slot: &Slot| -> Vec<&'static str> { slot.parts.iter().map(|part| part.name).collect() };
    (one.measure.name, one.role) == (other.measure.name, other.role) && parts(one) == parts(other)
}

impl Summary {
    /// The cells of a design that was made of this survey.
    #[must_use]
    pub fn cells(&self, ask: &Ask, design: &Design) -> BTreeMap<Arm, Cell> {
        let every = ask.every_slot();
        let places: Vec<Option<usize>> =
            design.slots.iter().map(|slot| every.iter().position(|counted| is_same(counted, slot))).collect();
        let place = ask.clusterings().iter().position(|cluster| *cluster == design.cluster);
        let counted = self.cells.get(place.unwrap_or(0));
        let together = |cell: &Cell| if place.is_none() { unclustered(cell) } else { cell.clone() };
        let picked = counted.into_iter().flatten();
        picked.map(|(arm, cell)| (arm.clone(), together(cell).of_slots(&places))).collect()
    }

    /// Consultations.
    #[must_use]
    pub fn consultations(&self) -> u64 {
        survey::platforms(&self.survey).values().map(|surveyed| surveyed.rows).sum()
    }

    /// The numbers of the first and the last month in which somebody tried to get in; nothing where nobody did.
    #[must_use]
    pub fn months(&self) -> Option<(i32, i32)> {
        let months: BTreeSet<i32> = self.used.values().flat_map(|months| months.keys().copied()).collect();
        Some((*months.first()?, *months.last()?))
    }

    /// Holds against `ask` what was read from outside.
    ///
    /// # Errors
    /// Where there is anything that no rows can give, or a number too large to be added up.
    pub fn check(&self, ask: &Ask) -> Result<(), Unsound> {
        let wrong = |place: String, what| Err(Unsound { place, what });
        for (platform, strata) in &self.survey {
            for (stratum, surveyed) in strata {
                let place = || format!("survey of {platform:?} {:?}", stratum.0);
                let lists =
                    [surveyed.organisations.values(), surveyed.clinicians.values()].into_iter().flatten();
                let kinds = surveyed.sees.values().chain(surveyed.infers.values());
                let parts = [surveyed.one_sided, surveyed.undeclared].into_iter();
                let mut parts = parts.chain(lists.chain(kinds).map(|tally| tally.0));
                if stratum.0.len() != ask.by.len() {
                    return wrong(place(), "it has not a level for each dimension asked for");
                }
                if surveyed.rows == 0 || surveyed.rows > MOST || surveyed.unread_voices > MOST {
                    return wrong(place(), "its number of consultations is none or too large");
                }
                if surveyed.attempted > surveyed.rows || parts.any(|part| part > surveyed.attempted) {
                    return wrong(place(), "a part of it is larger than the whole");
                }
            }
        }
        for (platform, months) in &self.used {
            if months.values().any(|tally| tally.0 == 0 || tally.0 > MOST) {
                return wrong(format!("calendar of {platform:?}"), "a month has no count, or one too large");
            }
        }
        let designs = ask.every_design();
        if self.cells.len() != designs.len() {
            return wrong("cells".to_owned(), "there is not a list for each clustering");
        }
        for (cells, design) in self.cells.iter().zip(&designs) {
            for (arm, cell) in cells {
                let place =
                    || format!("cell of {:?} {:?} by {}", arm.platform, arm.by, design.cluster_name());
                check_cell(arm, cell, design).or_else(|what| wrong(place(), what))?;
            }
        }
        Ok(())
    }
}

impl State for Summary {
    fn absorb(&mut self, other: &Self) {
        self.survey.absorb(&other.survey);
        self.used.absorb(&other.used);
        if self.cells.len() < other.cells.len() {
            self.cells.resize(other.cells.len(), BTreeMap::new());
        }
        for (mine, theirs) in self.cells.iter_mut().zip(&other.cells) {
            mine.absorb(theirs);
        }
    }

    fn is_empty(&self) -> bool {
        self.survey.is_empty() && self.used.is_empty() && self.cells.iter().all(BTreeMap::is_empty)
    }
}

/// The cell with all its clusters taken together, which is named as where nothing clusters.
fn unclustered(cell: &Cell) -> Cell {
    let mut whole = Tallies::default();
    cell.clusters.values().for_each(|tallies| whole.absorb(tallies));
    let clusters = (!whole.is_empty()).then(|| (String::new(), whole)).into_iter().collect();
    Cell { clusters, unmeasured: cell.unmeasured.clone(), ..*cell }
}

fn check_cell(arm: &Arm, cell: &Cell, design: &Design) -> Result<(), &'static str> {
    if arm.by.len() != design.by.len() {
        return Err("it has not a level for each dimension asked for");
    }
    if cell.rows == 0 || cell.rows > MOST || cell.other_modalities > cell.rows {
        return Err("its number of consultations is none or too large");
    }
    let slots = design.slots.len();
    if cell.unmeasured.0.len() != slots || cell.unmeasured.0.iter().any(|count| *count > cell.rows) {
        return Err("what is not measured of it is not told slot by slot");
    }
    for tallies in cell.clusters.values() {
        if tallies.0.len() != slots || tallies.is_empty() {
            return Err("a cluster is not told slot by slot");
        }
        for (slot, tally) in design.slots.iter().zip(&tallies.0) {
            if !fits(slot, tally) {
                return Err("a measure is not counted as it is counted here");
            }
            if !is_sound(tally) {
                return Err("a number is larger than it can be, or none is told as one");
            }
        }
    }
    Ok(())
}

/// Whether a slot counts by such tallies.
fn fits(slot: &Slot, tally: &Tally) -> bool {
    matches!(
        (tally, &slot.measure.fold),
        (Tally::Nothing, _)
            | (Tally::Counts(_), Fold::Share(_) | Fold::Composite(..))
            | (Tally::Breakdown(_), Fold::Breakdown(_))
            | (Tally::Sums(_), Fold::PerTime(..) | Fold::FreeOf(_))
            | (Tally::Durations(_), Fold::Durations(_))
            | (Tally::Voices(_), Fold::Opinion(_) | Fold::Score(..))
    )
}

/// Whether the numbers of a tally agree with each other, and are not too large to be added up.
fn is_sound(tally: &Tally) -> bool {
    let counts = |Counts { n, x }: &Counts| *n <= MOST && x <= n;
    let sums = |Sums { n, a, t, aa, at, tt }: &Sums| {
        let most = u128::from(MOST) << 32;
        *n <= MOST && a.max(t) <= &most && aa.max(at).max(tt) <= &MOST_SQUARES
    };
    let histogram =
        |histogram: &Histogram| total(histogram.iter().map(|(_, n)| n)).is_some_and(|n| n <= MOST);
    match tally {
        Tally::Nothing => true,
        Tally::Counts(told) => !told.is_empty() && counts(told),
        Tally::Breakdown(Breakdown { n, parts }) => {
            (1..=MOST).contains(n) && total(parts.values().copied()).is_some_and(|x| x <= *n)
        }
        Tally::Sums(told) => !told.is_empty() && sums(told),
        Tally::Durations(told) => !told.is_empty() && histogram(told),
        Tally::Voices(told) => {
            let Voices { favourable, amounts, levels, invited, attempted, answering } = told.as_ref();
            let levels = total(levels.values().flat_map(|values| values.values().copied()));
            !told.is_empty()
                && counts(favourable)
                && sums(amounts)
                && levels.is_some_and(|n| n == favourable.n)
                && [invited, attempted, answering].into_iter().all(|count| *count <= MOST)
        }
    }
}

/// The sum of counts, none of which is nothing or too large.
fn total(mut counts: impl Iterator<Item = u64>) -> Option<u64> {
    counts.try_fold(0_u64, |sum, one| (1..=MOST).contains(&one).then_some(sum.saturating_add(one)))
}
