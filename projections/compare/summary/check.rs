//! Whether what a summary tells can come from rows at all: whoever signs may be mistaken, and nothing that is read may
//! make adding up or deciding end otherwise than with a message.

use event::{Dimension, Time};

use super::super::ask::{Ask, Design};
use super::super::decide::GROUPED_BY;
use super::decision::ForDecision;
use super::{Cells, Summary};
use crate::cells::{Arm, Cell, Slot, Tally};
use crate::measure::Fold;
use crate::projection::State;
use crate::sketch::{Breakdown, Counts, Histogram, Sums, Voices};
use crate::windows::{self, Seen, by_day};

/// The largest number that a summary may tell: as many as can be added up a million times.
const MOST: u64 = 1_000_000_000_000;
/// The largest sum of squares: of so many consultations of a day each, in milliseconds.
const MOST_SQUARES: u128 = 1 << 100;
/// The most consultations of a quarter of an hour or a day: as many as can be added up a thousand times.
const MOST_OF_WINDOW: u32 = 4_000_000;

/// Where a summary tells what no rows can give.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{place}: {what}")]
pub struct Unsound {
    /// The place.
    pub place: String,
    /// What is wrong there.
    pub what: &'static str,
}

impl Summary {
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
        check_cells("cell", &self.cells, &ask.every_design(), |_| ask.by.len())?;
        match (&self.decision, ask.every_decision()) {
            (Some(decision), Some(decisions)) => decision.check(ask, &decisions),
            (None, _) => Ok(()),
            (Some(_), None) => wrong("decision".to_owned(), "the measure is no share of consultations"),
        }
    }
}

impl ForDecision {
    fn check(&self, ask: &Ask, decisions: &[Design]) -> Result<(), Unsound> {
        let wrong = |place: &str, what| Err(Unsound { place: place.to_owned(), what });
        check_cells("cell of units", &self.decided, decisions, |design| ask.units(design.cluster).len())?;
        let weighing = ask.weighing_all().map(|all| all.every_design()).unwrap_or_default();
        check_cells("cell of concerns", &self.weighed, &weighing, |_| 0)?;
        if self.grouped.len() != GROUPED_BY.len() {
            return wrong("cells of groups", "there is not a list for each kind of group");
        }
        for cells in &self.grouped {
            check_cells("cell of groups", cells, decisions, |_| ask.by.len() + 1)?;
        }
        check_windows("windows by organisation", &self.by_organisation, 1)?;
        check_windows("windows by stratum", &self.by_stratum, ask.by.len())?;
        if by_day(&self.by_stratum) != self.by_stratum {
            return wrong("windows by stratum", "more is told than attempts by day");
        }
        let known: Vec<&str> = ask.known_levels().into_iter().map(Dimension::name).collect();
        if self.levels.len() != known.len() || !known.iter().all(|name| self.levels.contains_key(*name)) {
            return wrong("levels", "they are not those of what strata are told apart by");
        }
        let mut further = ask.further_recorded().into_iter().map(Dimension::name);
        if !self.recorded.iter().all(|name| further.any(|known| known == name)) {
            return wrong("recorded", "something is named that is not asked for");
        }
        Ok(())
    }
}

fn check_windows(place: &str, seen: &Seen, levels: usize) -> Result<(), Unsound> {
    let wrong = |what| Err(Unsound { place: place.to_owned(), what });
    let [first, last] = [Time::MIN, Time::MAX].map(windows::number);
    for (stratum, course) in seen.values().flatten() {
        if stratum.0.len() != levels {
            return wrong("it has not a level for each dimension asked for");
        }
        for (number, window) in &course.windows {
            if !(first..=last).contains(number) {
                return wrong("a window lies in no year that can be written");
            }
            if !(1..=MOST_OF_WINDOW).contains(&window.attempted) {
                return wrong("a window has no consultations, or too many");
            }
            if window.told > window.attempted || window.failed > window.told {
                return wrong("a part of a window is larger than the whole");
            }
        }
    }
    Ok(())
}
/// Holds a list of cells for each of these designs against them; cells have so many levels, and one more by which rows
/// are clustered where `levels` leaves that to the design.
fn check_cells(
    name: &str,
    counted: &[Cells],
    designs: &[Design],
    levels: impl Fn(&Design) -> usize,
) -> Result<(), Unsound> {
    if counted.len() != designs.len() {
        return Err(Unsound { place: name.to_owned(), what: "there is not a list for each clustering" });
    }
    for (cells, design) in counted.iter().zip(designs) {
        for (arm, cell) in cells {
            check_cell(arm, cell, design, levels(design)).map_err(|what| Unsound {
                place: format!("{name} of {:?} {:?} by {}", arm.platform, arm.by, design.cluster_name()),
                what,
            })?;
        }
    }
    Ok(())
}

fn check_cell(arm: &Arm, cell: &Cell, design: &Design, levels: usize) -> Result<(), &'static str> {
    if arm.by.len() != levels {
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
