//! What is asked of the rows of a replay, whatever form they are kept in.

use std::collections::BTreeMap;

use event::Dimension;
use projections::calendar::{Calendar, Used};
use projections::cells::{Arm, Cell};
use projections::compare::{self as comparing, Ask, ClusterChoice, Comparison, Design, NotComparable};
use projections::parameters::Parameters;
use projections::period::Period;
use projections::projection::Projection;
use projections::survey::Surveyeds;

use crate::log::Position;

/// The rows of a replay.
pub trait Rows {
    /// Folds the rows into a projection, on at most this many threads.
    fn fold<P>(&self, projection: &P, threads: usize) -> P::State
    where
        P: Projection + Sync,
        P::State: Send;

    /// How they were read.
    fn about(&self) -> About;
}

/// How rows were read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct About {
    /// By which parameters.
    pub parameters: Parameters,
    /// Up to which position.
    pub position: Position,
    /// How many consultations are not over.
    pub in_progress: u64,
}

/// The dimensions whose levels an answer to `ask` may need.
#[must_use]
pub fn wanted(ask: &Ask) -> Vec<Dimension> {
    let cluster = match ask.cluster {
        ClusterChoice::Auto => Some(Dimension::Clinician),
        ClusterChoice::By(dimension) => Some(dimension),
        ClusterChoice::None => None,
    };
    let asked =
        ask.by.iter().chain(&ask.adjust).chain(&ask.gaps).chain(&ask.across).chain(&ask.switch).copied();
    let asked = asked.chain(ask.learning.then_some(Dimension::Clinician));
    asked.chain(ask.filter.iter().map(|(dimension, _)| dimension)).chain(cluster).collect()
}

/// What a comparison without a closer look rests on: rows, or what was counted of rows elsewhere.
pub trait Basis {
    /// What the rows are like.
    fn survey(&self, ask: &Ask) -> Surveyeds;

    /// The cells of a design that was made of the survey.
    fn cells(&self, ask: &Ask, design: &Design) -> BTreeMap<Arm, Cell>;

    /// When platforms were in use.
    fn used(&self, ask: &Ask) -> Used;

    /// How the rows were read.
    fn about(&self) -> About;
}

/// Rows that are folded on so many threads.
pub(super) struct Folded<'a, R>(pub(super) &'a R, pub(super) usize);

impl<R: Rows> Basis for Folded<'_, R> {
    fn survey(&self, ask: &Ask) -> Surveyeds {
        survey(self.0, ask, self.1)
    }

    fn cells(&self, ask: &Ask, design: &Design) -> BTreeMap<Arm, Cell> {
        self.0.fold(&design.question(ask, &self.about().parameters), self.1)
    }

    fn used(&self, ask: &Ask) -> Used {
        self.0.fold(&Calendar { filter: &ask.filter }, self.1)
    }

    fn about(&self) -> About {
        self.0.about()
    }
}

/// Answers a question from the rows of a replay.
///
/// # Errors
/// When what is asked cannot be compared.
pub fn compare(rows: &impl Rows, ask: &Ask, threads: usize) -> Result<Comparison, NotComparable> {
    let about = rows.about();
    let (arms, design, mut comparison) = look(&Folded(rows, threads), ask)?;
    look_further(rows, ask, &design, &mut comparison, threads);
    if ask.times {
        let failures = rows.fold(&design.failures(ask, &about.parameters), threads);
        let counted = rows.fold(&design.times(ask, &failures, &about.parameters), threads);
        comparison.times = comparing::times(ask, &design, &arms, &failures, &counted);
    }
    Ok(claimed(ask, comparison))
}

/// Answers a question that asks for no closer look.
///
/// # Errors
/// When what is asked cannot be compared.
pub fn compare_counted(basis: &impl Basis, ask: &Ask) -> Result<Comparison, NotComparable> {
    let (_, _, comparison) = look(basis, ask)?;
    Ok(claimed(ask, comparison))
}

/// What every comparison begins with.
fn look(basis: &impl Basis, ask: &Ask) -> Result<(Surveyeds, Design, Comparison), NotComparable> {
    let arms = basis.survey(ask);
    let design = ask.design(&arms)?;
    let cells = basis.cells(ask, &design);
    let comparison = told(&basis.about(), ask, &design, (&arms, &cells, &basis.used(ask)))?;
    Ok((arms, design, comparison))
}

/// What was counted tells, without a closer look and without claims.
///
/// # Errors
/// When what is asked cannot be compared.
pub(super) fn told(
    about: &About,
    ask: &Ask,
    design: &Design,
    (arms, cells, used): (&Surveyeds, &BTreeMap<Arm, Cell>, &Used),
) -> Result<Comparison, NotComparable> {
    let mut comparison = comparing::compare(ask, design, arms, cells, &about.parameters)?;
    comparing::tell_before_from_after(&mut comparison, used);
    comparison.position = about.position.0;
    comparison.in_progress = about.in_progress;
    Ok(comparison)
}

/// A comparison with all that it claims.
fn claimed(ask: &Ask, mut comparison: Comparison) -> Comparison {
    comparison.claims = comparing::claims(ask, &comparison);
    comparison
}

/// What the rows asked about are like, with clinicians only where they decide on something.
pub(super) fn survey(rows: &impl Rows, ask: &Ask, threads: usize) -> Surveyeds {
    let arms = rows.fold(&ask.survey_of_organisations(), threads);
    if ask.needs_clinicians(&arms) { rows.fold(&ask.survey(), threads) } else { arms }
}

/// Looks at the same rows by further levels, a pass for each: gaps, variation, courses.
fn look_further(rows: &impl Rows, ask: &Ask, design: &Design, comparison: &mut Comparison, threads: usize) {
    let parameters = rows.about().parameters;
    let cells = |dimension: Option<Dimension>, period| {
        rows.fold(&design.look(ask, (&Design::apart_by(ask, dimension), period), &parameters), threads)
    };
    for dimension in &ask.gaps {
        let cells = cells(Some(*dimension), None);
        let (gaps, slopes) = comparing::gaps(ask, design, *dimension, &cells, comparison);
        comparison.gaps.extend(gaps);
        comparison.slopes.extend(slopes);
    }
    if let Some(dimension) = ask.across {
        let cells = cells(Some(dimension), None);
        comparison.spreads = comparing::spreads(ask, design, dimension, &cells, comparison);
    }
    if let Some(period) = ask.over {
        let cells = cells(None, Some(period));
        comparison.courses = comparing::courses(ask, design, period, &cells, comparison);
    }
    if ask.learning {
        for slot in comparing::practised_slots(ask, design) {
            let arms = rows.fold(&comparing::practice(ask, design, slot, &parameters), threads);
            comparison.learning.extend(comparing::learning(ask, slot, &arms, comparison));
        }
    }
    if let Some(unit) = ask.switch {
        let period = ask.over.unwrap_or(Period::Month);
        let cells = cells(Some(unit), Some(period));
        comparison.moves = comparing::moved(ask, design, (unit, period), &cells, comparison);
    }
}
