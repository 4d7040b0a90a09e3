//! Questions besides the comparison: how complete the evidence is, and whom it is about.

use event::Dimension;
use projections::compare::{self as comparing, Reach};
use projections::filter::Filter;
use projections::quality::{self, Evidence, Quality};
use projections::reach::{self, Population};

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
