//! Logistic regression on the counts of cells: a model where strata are too many to compare one by one.
//!
//! With factors only, the counts of each combination of levels hold all that single consultations would tell, so
//! the fit is the same as on them. The effects add up on the log-odds. Ratios of odds do not average over strata
//! as risks do: publish the standardised risks of [`g_computation`](super::g_computation) instead. A factor that
//! leaves a level without events, or without anything else, has no solution here and sends the reader to
//! [`mantel_haenszel`](super::mantel_haenszel). There is no penalty, no interaction and no continuous covariate.
//!
//! Source: McCullagh & Nelder 1989, Generalized Linear Models, sections 2.5 and 4.4.

use super::design::{Design, Table, accumulate};
use crate::stats::exact::ascending;
use crate::stats::linear::{Factor, Symmetric};
use crate::stats::status::Reason;

pub use super::design::{Cell, Column, cells_of};

/// Coefficients beyond this, on the log-odds, are on their way to infinity.
const LARGEST_COEFFICIENT: f64 = 15.0;
/// Standard errors beyond this belong to coefficients that the data do not hold back.
const LARGEST_SE: f64 = 100.0;
/// Where the way to infinity is cut short: the deviance no longer changes.
const FAR: f64 = 30.0;
/// Newton's method doubles its digits with each step, so the step after one of this size is the last.
const STEP: f64 = 1e-8;
const STEPS: usize = 100;
const HALVINGS: usize = 30;
/// The share by which the diagonal is raised where the information alone gives no step.
const RIDGE: f64 = 1e-3;
/// A change of the deviance below this share is the trace of rounding.
const ROUNDING: f64 = 1e-10;

/// A coefficient on the log-odds.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Coefficient {
    /// What it belongs to; nothing for the intercept.
    pub column: Option<Column>,
    /// Its value.
    pub value: f64,
    /// Its standard error.
    pub se: f64,
}

/// An additive logistic model of the cells it was fitted to.
#[derive(Debug, Clone)]
pub struct Fit {
    /// The intercept, then the levels of each factor in order.
    pub coefficients: Vec<Coefficient>,
    /// Levels without a coefficient, because they repeat what stands before them.
    pub aliased: Vec<Column>,
    /// Twice the logarithm of how much likelier the cells are under their own shares.
    pub deviance: f64,
    /// The same for the model without factors.
    pub null_deviance: f64,
    /// Cells less coefficients.
    pub residual_df: usize,
    pub(super) covariance: Symmetric,
    pub(super) design: Design,
    pub(super) table: Table,
}

/// The maximum-likelihood fit of the model in which the factors add up.
///
/// The lowest level of each factor is its reference. Assumes independent consultations.
///
/// # Errors
///
/// [`Reason::Separation`] where a coefficient has no finite value (beyond 15 on the log-odds, or with a standard
/// error beyond 100), [`Reason::NoEvents`] and [`Reason::AllEvents`] where nothing varies, and the reasons for which
/// the cells are no table.
pub fn fit(cells: &[Cell]) -> Result<Fit, Reason> {
    let table = Table::of(cells)?;
    if table.x == 0 || table.x == table.n {
        return Err(if table.x == 0 { Reason::NoEvents } else { Reason::AllEvents });
    }
    let design = Design::of(&table);
    let Solution { beta, information, converged } = maximise(&table, &design);
    let covariance = information.factor().filter(|_| converged).ok_or(Reason::Separation)?.inverse();
    let columns = std::iter::once(None).chain(design.columns.iter().copied().map(Some));
    let coefficients: Vec<Coefficient> = columns
        .zip(&beta)
        .enumerate()
        .map(|(i, (column, value))| Coefficient { column, value: *value, se: covariance.at(i, i).sqrt() })
        .collect();
    // Not within bounds, rather than beyond them, so that what is no number is refused too.
    let held = |c: &Coefficient| c.value.abs() <= LARGEST_COEFFICIENT && c.se <= LARGEST_SE;
    if !coefficients.iter().all(held) {
        return Err(Reason::Separation);
    }
    Ok(Fit {
        aliased: design.aliased.clone(),
        deviance: deviance(&table, &design, &beta),
        null_deviance: null_deviance(&table),
        residual_df: table.cells.len().saturating_sub(beta.len()),
        coefficients,
        covariance,
        design,
        table,
    })
}

impl Fit {
    /// The coefficient of a level; nothing for the lowest level of a factor, and for aliased ones.
    pub fn coefficient(&self, factor: usize, level: u32) -> Option<Coefficient> {
        let column = Some(Column { factor, level });
        self.coefficients.iter().copied().find(|c| c.column == column)
    }

    /// The covariance of two coefficients, by their places.
    pub fn covariance(&self, i: usize, j: usize) -> f64 {
        self.covariance.at(i, j)
    }

    /// Whether the effect of a factor can be told from those of the others.
    pub fn identifies(&self, factor: usize) -> bool {
        self.design.identifies(factor)
    }

    pub(super) fn values(&self) -> Vec<f64> {
        self.coefficients.iter().map(|c| c.value).collect()
    }
}

/// The deviance that all factors of a table explain together, whether or not a coefficient is finite.
pub(super) fn explained(table: &Table) -> f64 {
    let design = Design::of(table);
    let Solution { beta, .. } = maximise(table, &design);
    (null_deviance(table) - deviance(table, &design, &beta)).max(0.0)
}

/// The linear predictor at the coefficients in these places.
pub(super) fn predictor(places: &[usize], beta: &[f64]) -> f64 {
    places.iter().filter_map(|place| beta.get(*place)).sum()
}

/// The share of events at a linear predictor.
pub(super) fn expit(eta: f64) -> f64 {
    1.0 / (1.0 + libm::exp(-eta))
}

/// Where the likelihood is highest, or how far towards infinity it was followed.
struct Solution {
    beta: Vec<f64>,
    information: Symmetric,
    converged: bool,
}

/// The better of the fits from the cells' own shares and, where that one did not converge, from none at all.
///
/// Where factors separate events from non-events the first start can lie so far out that no step leads back.
fn maximise(table: &Table, design: &Design) -> Solution {
    let rows: Vec<Vec<usize>> = table.cells.iter().map(|cell| design.row(&cell.levels)).collect();
    let size = design.columns.len() + 1;
    let first = maximise_from(start(table, &rows, size), table, design, &rows);
    if first.converged {
        return first;
    }
    let mut nothing = vec![0.0; size];
    if let Some(intercept) = nothing.first_mut() {
        *intercept = libm::log(table.x as f64 / (table.n - table.x) as f64);
    }
    let second = maximise_from(nothing, table, design, &rows);
    let reached = |solution: &Solution| deviance(table, design, &solution.beta);
    if second.converged || reached(&second) < reached(&first) { second } else { first }
}

/// Iteratively reweighted least squares, with steps halved while they make the fit worse.
fn maximise_from(mut beta: Vec<f64>, table: &Table, design: &Design, rows: &[Vec<usize>]) -> Solution {
    let size = beta.len();
    let mut worse = deviance(table, design, &beta);
    for _ in 0..STEPS {
        let (score, information) = score(table, rows, &beta);
        // Far out the information fades, and a shorter step still leads further.
        let whole = information.factor();
        let Some(factor) = whole.or_else(|| information.raised(RIDGE).factor()) else { break };
        let (next, reached) = step(table, design, &beta, &factor.solve(&score), worse);
        let moved = beta.iter().zip(&next).fold(0.0_f64, |most, (a, b)| most.max((a - b).abs()));
        let gained = worse - reached;
        (beta, worse) = (next, reached);
        if moved <= STEP {
            let (_, information) = self::score(table, rows, &beta);
            return Solution { beta, information, converged: true };
        }
        if gained <= ROUNDING * (worse + 0.1) && beta.iter().any(|b| b.abs() > FAR) {
            break;
        }
    }
    Solution { beta, information: Symmetric::zero(size), converged: false }
}

/// The coefficients from which a weighted fit to the cells' own shares starts; all zero where it has no solution.
fn start(table: &Table, rows: &[Vec<usize>], size: usize) -> Vec<f64> {
    let mut gram = Symmetric::zero(size);
    let mut right = vec![0.0; size];
    for (cell, places) in table.cells.iter().zip(rows) {
        let (x, n) = (cell.x as f64, cell.n as f64);
        let share = (x + 0.5) / (n + 1.0);
        let weight = n * share * (1.0 - share);
        let target = libm::log(share / (1.0 - share)) + (x / n - share) / (share * (1.0 - share));
        accumulate(&mut gram, places, weight);
        for place in places {
            if let Some(entry) = right.get_mut(*place) {
                *entry += weight * target;
            }
        }
    }
    gram.factor().map_or_else(|| vec![0.0; size], |factor: Factor| factor.solve(&right))
}

/// The slope of the likelihood, and the information.
fn score(table: &Table, rows: &[Vec<usize>], beta: &[f64]) -> (Vec<f64>, Symmetric) {
    let mut information = Symmetric::zero(beta.len());
    let mut score = vec![0.0; beta.len()];
    for (cell, places) in table.cells.iter().zip(rows) {
        let eta = predictor(places, beta);
        let n = cell.n as f64;
        accumulate(&mut information, places, n * expit(eta) * expit(-eta));
        for place in places {
            if let Some(entry) = score.get_mut(*place) {
                *entry += cell.x as f64 - n * expit(eta);
            }
        }
    }
    (score, information)
}

/// The coefficients after the step or the part of it that does not make the fit worse, and the deviance there.
fn step(table: &Table, design: &Design, beta: &[f64], step: &[f64], worse: f64) -> (Vec<f64>, f64) {
    let mut share = 1.0;
    for _ in 0..HALVINGS {
        let next: Vec<f64> = beta.iter().zip(step).map(|(b, step)| b + share * step).collect();
        let reached = deviance(table, design, &next);
        if reached <= worse + ROUNDING * (worse + 0.1) {
            return (next, reached);
        }
        share /= 2.0;
    }
    (beta.to_vec(), worse)
}

fn deviance(table: &Table, design: &Design, beta: &[f64]) -> f64 {
    let cells = table.cells.iter().map(|cell| {
        let eta = predictor(&design.row(&cell.levels), beta);
        // The logarithms of both shares, of which neither loses digits at the other's end.
        cell_deviance(cell.x, cell.n, -libm::log1p(libm::exp(-eta)), -libm::log1p(libm::exp(eta)))
    });
    ascending(cells).max(0.0)
}

fn null_deviance(table: &Table) -> f64 {
    let (x, rest, n) = (table.x as f64, (table.n - table.x) as f64, table.n as f64);
    let (event, other) = (libm::log(x / n), libm::log(rest / n));
    ascending(table.cells.iter().map(|cell| cell_deviance(cell.x, cell.n, event, other))).max(0.0)
}

fn cell_deviance(x: u64, n: u64, log_event: f64, log_other: f64) -> f64 {
    let part = |count: u64, log_share: f64| {
        let seen = count as f64 / n as f64;
        if count == 0 { 0.0 } else { count as f64 * (libm::log(seen) - log_share) }
    };
    2.0 * (part(x, log_event) + part(n - x, log_other))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stats::case_mix::examples::{SIMPSON, strata};
    use crate::stats::checks::near;

    fn cell(levels: &[u32], n: u64, x: u64) -> Cell {
        Cell { levels: levels.to_vec(), n, x }
    }

    fn simpson() -> Vec<Cell> {
        cells_of(&strata(&SIMPSON))
    }

    #[test]
    fn the_worked_example_agrees_to_ten_digits() {
        let fit = fit(&simpson()).unwrap();
        let value = |factor, level| fit.coefficient(factor, level).map(|c| c.value);
        near(fit.coefficients[0].value, -2.9384039450, 5.1e-11);
        near(value(0, 1), -0.2623418100, 5.1e-11);
        // R's glm prints 0.1521455823, with the information of the step before its last.
        near(fit.coefficient(0, 1).map(|c| c.se), 0.152145585514, 5.1e-13);
        near(value(1, 1), 0.7476967792, 5.1e-11);
        near(value(1, 2), 1.6899129963, 5.1e-11);
        near(fit.deviance, 0.01605415984, 5.1e-12);
        near(fit.null_deviance, 86.26031351, 5.1e-9);
        assert_eq!((fit.residual_df, value(0, 0), &fit.aliased[..]), (2, None, &[][..]));
        near(fit.covariance(1, 1).sqrt(), 0.152145585514, 5.1e-13);
    }

    #[test]
    fn the_order_and_the_cutting_of_cells_do_not_show() {
        let mut cut: Vec<Cell> = simpson().into_iter().rev().collect();
        cut.push(cell(&[7, 7], 0, 0));
        let large = cut.iter().position(|cell| cell.n == 600).unwrap();
        (cut[large].n, cut[large].x) = (599, 30);
        cut.push(Cell { n: 1, x: 0, ..cut[large].clone() });
        let (whole, cut) = (fit(&simpson()).unwrap(), fit(&cut).unwrap());
        assert_eq!((whole.coefficients, whole.deviance), (cut.coefficients, cut.deviance));
    }

    #[test]
    fn a_saturated_model_gives_back_the_shares() {
        let fit = fit(&[cell(&[0], 10, 2), cell(&[1], 10, 6)]).unwrap();
        near(fit.coefficients[1].value, f64::ln(6.0), 1e-14);
        near(fit.coefficients[1].se, f64::sqrt(0.5 + 0.125 + 1.0 / 6.0 + 0.25), 1e-13);
        near(fit.deviance, 0.0, 1e-13);
    }

    #[test]
    fn a_level_without_events_has_no_solution() {
        for cells in [
            [cell(&[0], 50, 0), cell(&[1], 50, 9), cell(&[2], 50, 7)],
            [cell(&[0], 50, 8), cell(&[1], 50, 50), cell(&[2], 50, 7)],
        ] {
            assert_eq!(fit(&cells).err(), Some(Reason::Separation));
        }
        let quasi = [cell(&[0, 0], 50, 0), cell(&[1, 0], 50, 9), cell(&[0, 1], 50, 0), cell(&[1, 1], 50, 6)];
        assert_eq!(fit(&quasi).err(), Some(Reason::Separation));
        // What it explains is finite all the same.
        near(explained(&Table::of(&quasi).unwrap()), null_deviance(&Table::of(&quasi).unwrap()), 1.0);
    }

    #[test]
    fn nothing_but_events_or_none_is_refused() {
        assert_eq!(fit(&[cell(&[0], 5, 0), cell(&[1], 5, 0)]).err(), Some(Reason::NoEvents));
        assert_eq!(fit(&[cell(&[0], 5, 5), cell(&[1], 5, 5)]).err(), Some(Reason::AllEvents));
        assert_eq!(fit(&[]).err(), Some(Reason::NoData));
    }

    #[test]
    fn what_repeats_is_reported_as_aliased() {
        let cells = [cell(&[0, 4], 50, 8), cell(&[1, 5], 50, 9)];
        let fit = fit(&cells).unwrap();
        assert_eq!(fit.aliased, [Column { factor: 1, level: 5 }]);
        assert!(!fit.identifies(0) && fit.coefficient(1, 5).is_none());
    }
}
