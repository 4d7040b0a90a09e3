//! Questions besides the comparison: how complete the evidence is, and whom it is about.

use std::collections::BTreeMap;

use event::{Dimension, NOT_RECORDED};
use projections::calendar::Calendar;
use projections::cells::{self, Arm, Cell};
use projections::compare::{
    self as comparing, Ask, Claim, Counted, Decided, Design, Grounds, NotComparable, Outages, Reach, Scan,
};
use projections::filter::Filter;
use projections::profiles::Profiles;
use projections::quality::{self, Evidence, Quality};
use projections::reach::{self, Population};
use projections::stats::decision::policy::Rule;
use projections::stats::outages::PERMUTATIONS;
use projections::survey::{Surveyeds, roll_up};
use projections::windows::Windows;

use super::rows::{Rows, survey};
use super::spread;
use super::table::Table;

/// How complete the rows of a replay are, by platform and these dimensions.
///
/// It needs the table: contradictions are in whole outcomes only.
#[must_use]
pub fn quality(table: &Table, by: &[Dimension], filter: &Filter, threads: usize) -> Evidence {
    let asked = Quality { by, filter };
    let counted = table.fold(&asked, threads);
    Evidence {
        position: table.position.0,
        undeclared_sources: table.undeclared.clone(),
        ..quality::read(&asked, &counted, &table.open, &table.parameters)
    }
}

/// The consultations that were counted for a claim of the comparison that `ask` makes.
///
/// # Errors
/// When what is asked cannot be compared.
pub fn evidence<'a>(
    table: &'a Table,
    ask: &Ask,
    claim: &Claim,
    threads: usize,
) -> Result<Vec<Counted<'a>>, NotComparable> {
    let design = ask.design(&survey(table, ask, threads))?;
    Ok(comparing::evidence(ask, &design, claim, &table.rows, &table.parameters))
}

/// What was declared of platforms beside what was seen of them.
#[derive(Debug, Clone, Copy, Default)]
pub struct Declared<'a> {
    /// What they can do and cost, and what services need.
    pub profiles: Option<&'a Profiles>,
    /// The least that each platform beyond the first may cost, where its price is between bounds.
    pub cheapest: Option<f64>,
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
    // What is adjusted for tells parts of strata apart, which is no matter of a comparison.
    let asked = ask;
    let ask = &Ask { adjust: Vec::new(), ..asked.clone() };
    let about = rows.about();
    let parameters = about.parameters;
    let arms = survey(rows, ask, threads);
    let compared = ask.design(&arms)?;
    let Some(design) = comparing::decided_design(compared.clone()) else { return Ok(None) };
    let by_platform = roll_up(&arms);
    let concerns = comparing::concerns(design.slots[0].measure, &arms);
    let weighed = Ask { measures: concerns.clone(), by: Vec::new(), ..ask.clone() };
    let weighing = weighed.design(&by_platform)?;

    // One pass by everything tells what is compared, what is decided by, and what else concerns people.
    let by: Vec<Dimension> = asked.by.iter().chain(&asked.adjust).copied().chain(design.cluster).collect();
    let slots = [&compared.slots[..], &design.slots, &weighing.slots];
    let everything = Design { slots: slots.concat(), ..design.clone() };
    let question = everything.look(asked, (&by, None), &parameters);
    let cells = rows.fold(&question, threads);
    let [decided_from, weighed_from] = [compared.slots.len(), compared.slots.len() + design.slots.len()];
    let by_unit = cells::roll_up(&cells, by.len(), decided_from..weighed_from);
    let used = rows.fold(&Calendar { filter: &ask.filter }, threads);
    let told = |ask: &Ask, design: &Design, arms: &Surveyeds, cells: &BTreeMap<Arm, Cell>| {
        super::rows::told(&about, ask, design, (arms, cells, &used))
    };
    let comparison = told(ask, &compared, &arms, &cells::roll_up(&cells, ask.by.len(), 0..decided_from))?;
    let weighing_question = weighing.question(&weighed, &parameters);
    let is_told = (weighing.cluster, weighing_question.modalities) == (design.cluster, question.modalities);
    let concerned = match is_told {
        true => cells::roll_up(&cells, 0, weighed_from..everything.slots.len()),
        false => rows.fold(&weighing_question, threads),
    };
    let grounds = Grounds {
        ask: asked,
        design: &design,
        cells: &by_unit,
        comparison: &comparison,
        profiles: declared.profiles,
        cheapest: declared.cheapest,
        groups: by_groups(rows, ask, &design, threads),
        concerns: told(&weighed, &weighing, &by_platform, &concerned)
            .ok()
            .map(|comparison| (concerns, comparison)),
    };
    let mut decided = comparing::decide(&grounds, rule);
    if !decided.frontier.is_empty() {
        let count = |by| Windows { by, filter: &ask.filter };
        let (by_organisation, by_stratum) =
            rows.fold(&(count(&[Dimension::Organisation]), count(&ask.by)), threads);
        decided.concentration = comparing::concentration(&decided, &by_organisation, &by_stratum);
    }
    Ok(Some(decided))
}

/// The cells of each stratum by the groups of people that nobody should be left out of, a pass for each; none of groups
/// that nobody recorded.
fn by_groups(
    rows: &impl Rows,
    ask: &Ask,
    design: &Design,
    threads: usize,
) -> Vec<(Dimension, Option<BTreeMap<Arm, Cell>>)> {
    let parameters = rows.about().parameters;
    let cells = |dimension: Dimension| {
        let by = Design::apart_by(ask, Some(dimension));
        let cells = rows.fold(&design.look(ask, (&by, None), &parameters), threads);
        let is_recorded = cells.keys().any(|arm| arm.by.last().is_some_and(|group| group != NOT_RECORDED));
        (dimension, is_recorded.then_some(cells))
    };
    comparing::GROUPED_BY.map(cells).into()
}

/// Whom the consultations of a replay reach; `level` is the coverage of limits.
#[must_use]
pub fn reach(
    rows: &impl Rows,
    population: &Population,
    filter: &Filter,
    level: f64,
    threads: usize,
) -> Reach {
    let about = rows.about();
    let dimensions: Vec<Dimension> = population.dimensions().collect();
    let reached = rows.fold(&reach::Reach { dimensions: &dimensions, filter }, threads);
    Reach {
        position: about.position.0,
        in_progress: about.in_progress,
        ..comparing::reach(population, filter, &reached, level, &about.parameters)
    }
}

/// Whether a platform failed at several organisations at once while the others did not.
#[must_use]
pub fn outages(rows: &impl Rows, filter: &Filter, threads: usize) -> Outages {
    let about = rows.about();
    let mut scan = Scan::of(&rows.fold(&Windows { by: &[Dimension::Organisation], filter }, threads));
    if let Some(search) = scan.search() {
        let each = PERMUTATIONS.div_ceil(threads as u64 * 4).max(1);
        let chunks =
            || (0..PERMUTATIONS).step_by(each as usize).map(|from| from..PERMUTATIONS.min(from + each));
        loop {
            let maxima = spread(chunks(), threads, |permutations| search.maxima(permutations));
            if !search.take_out(&maxima.concat()) {
                break;
            }
        }
    }
    Outages {
        position: about.position.0,
        in_progress: about.in_progress,
        ..scan.read(filter, &about.parameters)
    }
}
