//! Questions besides the comparison: how complete the evidence is, and whom it is about.

use event::Dimension;
use projections::compare::{self as comparing, Ask, Claim, Counted, NotComparable, Outages, Reach, Scan};
use projections::filter::Filter;
use projections::quality::{self, Evidence, Quality};
use projections::reach::{self, Population};
use projections::stats::outages::PERMUTATIONS;
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
