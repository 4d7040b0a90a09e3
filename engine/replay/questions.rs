//! Questions besides the comparison: how complete the evidence is, and whom it is about.

use event::Dimension;
use projections::compare::{self as comparing, Ask, Claim, Counted, Decided, Design, NotComparable, Reach};
use projections::filter::Filter;
use projections::quality::{self, Evidence, Quality};
use projections::reach::{self, Population};
use projections::stats::decision::policy::Rule;

use super::rows::Rows;
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

/// One platform for all, or a range, by a measure of `ask` in the strata that it asks for; nothing where it asks for no
/// measure that counts so many of so many.
///
/// # Errors
/// When what is asked cannot be compared.
pub fn decide(
    rows: &impl Rows,
    ask: &Ask,
    rule: &Rule,
    threads: usize,
) -> Result<Option<Decided>, NotComparable> {
    let comparison = super::compare(rows, ask, threads)?;
    let parameters = rows.about().parameters;
    let design = ask.design(&rows.fold(&ask.survey(), threads))?;
    let by = Design::apart_by(ask, design.cluster);
    let cells = rows.fold(&design.look(ask, (&by, None), &parameters), threads);
    Ok(comparing::decide(ask, &design, rule, &cells, &comparison))
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
