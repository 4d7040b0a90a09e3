//! One platform or a range, of rows or of what was counted of rows elsewhere.

use event::{Dimension, NOT_RECORDED};
use projections::calendar::Used;
use projections::cells;
use projections::compare::{
    self as comparing, Ask, Cells, Decided, Design, Grounds, GroupCells, NotComparable,
};
use projections::profiles::Profiles;
use projections::stats::decision::policy::Rule;
use projections::survey::{Surveyeds, roll_up};
use projections::windows::{Seen, Windows};

use super::rows::{Basis, Folded, Rows, told};

/// What was declared of platforms beside what was seen of them.
#[derive(Debug, Clone, Copy, Default)]
pub struct Declared<'a> {
    /// What they can do and cost, and what services need.
    pub profiles: Option<&'a Profiles>,
    /// The least that each platform beyond the first may cost, where its price is between bounds.
    pub cheapest: Option<f64>,
}

/// A question with what was chosen for it.
pub type Chosen<'a> = (&'a Ask, &'a Design);

/// What a decision rests on, besides what a comparison does.
pub trait Decides: Basis {
    /// The cells of the comparison; of the decision, by strata, what they are adjusted for, and unit; and of what else
    /// concerns people.
    fn counted(&self, compared: Chosen<'_>, decided: Chosen<'_>, weighed: Chosen<'_>) -> [Cells; 3];

    /// The cells of the decision by stratum and group.
    fn grouped(&self, decided: Chosen<'_>, dimension: Dimension) -> Cells;

    /// Attempts and failures by organisation, and attempts by stratum.
    fn windows(&self, ask: &Ask) -> (Seen, Seen);
}

impl<R: Rows> Decides for Folded<'_, R> {
    /// One pass by everything tells what is compared, what is decided by, and what else concerns people.
    fn counted(
        &self,
        (ask, compared): Chosen<'_>,
        (asked, decided): Chosen<'_>,
        (weighed, weighing): Chosen<'_>,
    ) -> [Cells; 3] {
        let parameters = self.about().parameters;
        let by = asked.units(decided.cluster);
        let slots = [&compared.slots[..], &decided.slots, &weighing.slots];
        let everything = Design { slots: slots.concat(), ..decided.clone() };
        let question = everything.look(asked, (&by, None), &parameters);
        let cells = self.0.fold(&question, self.1);
        let [decided_from, weighed_from] = [compared.slots.len(), compared.slots.len() + decided.slots.len()];
        let weighing_question = weighing.question(weighed, &parameters);
        let is_told =
            (weighing.cluster, weighing_question.modalities) == (decided.cluster, question.modalities);
        let concerned = match is_told {
            true => cells::roll_up(&cells, 0, weighed_from..everything.slots.len()),
            false => self.0.fold(&weighing_question, self.1),
        };
        [
            cells::roll_up(&cells, ask.by.len(), 0..decided_from),
            cells::roll_up(&cells, by.len(), decided_from..weighed_from),
            concerned,
        ]
    }

    fn grouped(&self, (ask, design): Chosen<'_>, dimension: Dimension) -> Cells {
        let by = Design::apart_by(ask, Some(dimension));
        self.0.fold(&design.look(ask, (&by, None), &self.about().parameters), self.1)
    }

    fn windows(&self, ask: &Ask) -> (Seen, Seen) {
        let count = |by| Windows { by, filter: &ask.filter };
        self.0.fold(&(count(&[Dimension::Organisation]), count(&ask.by)), self.1)
    }
}

/// One platform for all, or a range, by a measure of `ask` in the strata that it asks for; nothing where it asks for no
/// measure that counts so many of so many.
///
/// # Errors
/// When what is asked cannot be compared.
pub fn decide(
    rows: &impl Rows,
    ask: &Ask,
    rule: &Rule,
    declared: &Declared<'_>,
    threads: usize,
) -> Result<Option<Decided>, NotComparable> {
    decide_counted(&Folded(rows, threads), ask, rule, declared)
}

/// The same of rows, or of what was counted of them.
///
/// # Errors
/// When what is asked cannot be compared.
pub fn decide_counted(
    basis: &impl Decides,
    ask: &Ask,
    rule: &Rule,
    declared: &Declared<'_>,
) -> Result<Option<Decided>, NotComparable> {
    // What is adjusted for tells parts of strata apart, which is no matter of a comparison.
    let asked = ask;
    let ask = &Ask { adjust: Vec::new(), ..asked.clone() };
    let about = basis.about();
    let arms = basis.survey(ask);
    let compared = ask.design(&arms)?;
    let Some(design) = comparing::decided_design(compared.clone()) else { return Ok(None) };
    let by_platform = roll_up(&arms);
    let concerns = comparing::concerns(design.slots[0].measure, &arms);
    let weighed = ask.weighing(concerns.clone());
    let weighing = weighed.design(&by_platform)?;

    let [compared_cells, by_unit, concerned] =
        basis.counted((ask, &compared), (asked, &design), (&weighed, &weighing));
    let used: Used = basis.used(ask);
    let told = |ask: &Ask, design: &Design, arms: &Surveyeds, cells: &Cells| {
        told(&about, ask, design, (arms, cells, &used))
    };
    let comparison = told(ask, &compared, &arms, &compared_cells)?;
    let grounds = Grounds {
        ask: asked,
        design: &design,
        cells: &by_unit,
        comparison: &comparison,
        profiles: declared.profiles,
        cheapest: declared.cheapest,
        groups: by_groups(basis, (ask, &design)),
        concerns: told(&weighed, &weighing, &by_platform, &concerned)
            .ok()
            .map(|comparison| (concerns, comparison)),
    };
    let mut decided = comparing::decide(&grounds, rule);
    if !decided.frontier.is_empty() {
        let (by_organisation, by_stratum) = basis.windows(ask);
        decided.concentration = comparing::concentration(&decided, &by_organisation, &by_stratum);
    }
    Ok(Some(decided))
}

/// The cells of each stratum by the groups of people that nobody should be left out of, a pass for each; none of groups
/// that nobody recorded.
fn by_groups(basis: &impl Decides, decided: Chosen<'_>) -> Vec<(Dimension, GroupCells)> {
    let cells = |dimension: Dimension| {
        let cells = basis.grouped(decided, dimension);
        let is_recorded = cells.keys().any(|arm| arm.by.last().is_some_and(|group| group != NOT_RECORDED));
        (dimension, is_recorded.then_some(cells))
    };
    comparing::GROUPED_BY.map(cells).into()
}
