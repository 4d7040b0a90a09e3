//! Questions besides the comparison: how complete the evidence is, and whom it is about.

use std::collections::BTreeMap;

use event::{Dimension, NOT_RECORDED};
use projections::cells::{Arm, Cell};
use projections::compare::{
    self as comparing, Ask, Claim, Counted, Decided, Design, Grounds, NotComparable, Outages, Reach, Scan,
};
use projections::filter::Filter;
use projections::profiles::Profiles;
use projections::quality::{self, Evidence, Quality};
use projections::reach::{self, Population};
use projections::stats::decision::policy::Rule;
use projections::stats::outages::PERMUTATIONS;
use projections::windows::Windows;

use super::rows::Rows;
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
    let design = ask.design(&table.fold(&ask.survey(), threads))?;
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
    let comparison = super::compare(rows, ask, threads)?;
    let parameters = rows.about().parameters;
    let arms = rows.fold(&ask.survey(), threads);
    let Some(design) = comparing::decided_design(ask.design(&arms)?) else { return Ok(None) };
    let cells = |dimension: Option<Dimension>| {
        let by = Design::apart_by(ask, dimension);
        rows.fold(&design.look(ask, (&by, None), &parameters), threads)
    };
    let by: Vec<Dimension> = asked.by.iter().chain(&asked.adjust).copied().chain(design.cluster).collect();
    let by_unit = rows.fold(&design.look(asked, (&by, None), &parameters), threads);
    let recorded = |cells: &BTreeMap<Arm, Cell>| {
        cells.keys().any(|arm| arm.by.last().is_some_and(|group| group != NOT_RECORDED))
    };
    let groups =
        comparing::GROUPED_BY.map(|dimension| (dimension, Some(cells(Some(dimension))).filter(recorded)));
    let concerns = comparing::concerns(design.slots[0].measure, &arms);
    let weighed = Ask { measures: concerns.clone(), by: Vec::new(), ..ask.clone() };
    let grounds = Grounds {
        ask: asked,
        design: &design,
        cells: &by_unit,
        comparison: &comparison,
        profiles: declared.profiles,
        cheapest: declared.cheapest,
        groups: groups.into(),
        concerns: super::compare(rows, &weighed, threads).ok().map(|comparison| (concerns, comparison)),
    };
    let mut decided = comparing::decide(&grounds, rule);
    if !decided.frontier.is_empty() {
        let count = |by: &[Dimension]| rows.fold(&Windows { by, filter: &ask.filter }, threads);
        let (by_organisation, by_stratum) = (count(&[Dimension::Organisation]), count(&ask.by));
        decided.concentration = comparing::concentration(&decided, &by_organisation, &by_stratum);
    }
    Ok(Some(decided))
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
