//! G-computation: what the share of events would be if every consultation had one level of a factor.
//!
//! The logistic model predicts each cell of the data once with the factor set to a level, everything else as it
//! was, and the predictions are averaged. Their difference and ratio are what to publish of the model: they do not
//! change when a factor is added that has nothing to do with the comparison, as ratios of odds do. They are causal
//! only as far as the factors hold all that confounds, and where an arm was never seen the model speaks alone: look
//! at [`common_support`](super::common_support).
//!
//! Sources: Robins 1986, Math Model 7:1393; Greenland 2004, Am J Epidemiol 160:301, for the delta method.

use super::logistic::{Cell, Fit, cells_of, expit, fit, predictor};
use super::{Stratum, log_wald, wald};
use crate::stats::estimate::{Estimate, FEWEST_EVENTS, Interval, critical};
use crate::stats::exact::ascending;
use crate::stats::status::{Reason, Status};

/// The name of a standardised risk, with limits on the log-odds.
pub const G_COMPUTATION_RISK: &str = "g_computation_risk";
/// The name of the difference of two standardised risks.
pub const G_COMPUTATION_DIFFERENCE: &str = "g_computation_difference";
/// The name of the ratio of two standardised risks.
pub const G_COMPUTATION_RATIO: &str = "g_computation_ratio";

/// Two levels of a factor, each given to every consultation.
#[derive(Debug, Clone, PartialEq)]
pub struct Contrast {
    /// The share of events if all had the first level.
    pub first: Estimate,
    /// The share of events if all had the second level.
    pub second: Estimate,
    /// The first share minus the second.
    pub difference: Estimate,
    /// The first share over the second; its standard error is that of the logarithm.
    pub ratio: Estimate,
}

/// What would be left of the events if every consultation had one level of a factor.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Excess {
    /// The events seen.
    pub observed: u64,
    /// The events expected with that level throughout.
    pub expected: f64,
    /// The share of the events seen that would not have been; negative where there would be more.
    pub fraction: f64,
}

/// The first level of `factor` against the second, each given to all cells of the data.
///
/// Standard errors are by the delta method, with the mix of cells taken as fixed. Not estimable where the model has
/// no solution, where a level was not seen, or where the factor cannot be told from the others.
pub fn contrast(cells: &[Cell], factor: usize, first: u32, second: u32, level: f64) -> Contrast {
    contrasted(cells, factor, first, second, level).unwrap_or_else(|why| Contrast {
        first: Estimate::not_estimable(G_COMPUTATION_RISK, level, why),
        second: Estimate::not_estimable(G_COMPUTATION_RISK, level, why),
        difference: Estimate::not_estimable(G_COMPUTATION_DIFFERENCE, level, why),
        ratio: Estimate::not_estimable(G_COMPUTATION_RATIO, level, why),
    })
}

/// The share of events if all had a level of the first factor, for each level seen, rising.
///
/// # Errors
///
/// The reasons for which [`contrast`] is not estimable.
pub fn risks(cells: &[Cell], level: f64) -> Result<Vec<(u32, Estimate)>, Reason> {
    let fit = fit(cells)?;
    let levels = fit.table.levels(0);
    levels.into_iter().map(|at| Ok((at, Risk::of(&fit, 0, at)?.estimate(&fit, level)))).collect()
}

/// The difference between two levels of `factor` alone.
pub fn difference_value(cells: &[Cell], factor: usize, first: u32, second: u32) -> Option<f64> {
    let fit = fit(cells).ok()?;
    let risk = |level: u32| Risk::of(&fit, factor, level).ok();
    Some(risk(first)?.value - risk(second)?.value)
}

/// The difference between the arms alone, in the model of arm and stratum.
pub fn standardised_difference_value(strata: &[Stratum]) -> Option<f64> {
    difference_value(&cells_of(strata), 0, 1, 0)
}

/// The events expected if all had one level of `factor`, against those seen.
///
/// # Errors
///
/// The reasons for which [`contrast`] is not estimable.
pub fn excess(cells: &[Cell], factor: usize, level: u32) -> Result<Excess, Reason> {
    let fit = fit(cells)?;
    let expected = Risk::of(&fit, factor, level)?.value * fit.table.n as f64;
    Ok(Excess { observed: fit.table.x, expected, fraction: 1.0 - expected / fit.table.x as f64 })
}

/// The share of events with one level throughout, and how it changes with each coefficient.
struct Risk {
    value: f64,
    slope: Vec<f64>,
}

impl Risk {
    fn of(fit: &Fit, factor: usize, level: u32) -> Result<Self, Reason> {
        if !fit.table.levels(factor).contains(&level) {
            return Err(Reason::NoData);
        }
        if !fit.identifies(factor) {
            return Err(Reason::Aliased);
        }
        let (beta, total) = (fit.values(), fit.table.n as f64);
        let mut slope = vec![0.0; beta.len()];
        let mut terms = Vec::with_capacity(fit.table.cells.len());
        for cell in &fit.table.cells {
            let mut levels = cell.levels.clone();
            if let Some(place) = levels.get_mut(factor) {
                *place = level;
            }
            let places = fit.design.row(&levels);
            let (eta, weight) = (predictor(&places, &beta), cell.n as f64 / total);
            terms.push(weight * expit(eta));
            for place in places {
                if let Some(entry) = slope.get_mut(place) {
                    *entry += weight * expit(eta) * expit(-eta);
                }
            }
        }
        Ok(Self { value: ascending(terms.into_iter()), slope })
    }

    /// With limits that are normal on the log-odds.
    fn estimate(&self, fit: &Fit, level: f64) -> Estimate {
        let Some(critical) = critical(level) else {
            return Estimate::not_estimable(G_COMPUTATION_RISK, level, Reason::InvalidParameter);
        };
        let se = form(fit, &self.slope).sqrt();
        let odds = self.value / (1.0 - self.value);
        let reach = libm::exp(critical * se / self.value / (1.0 - self.value));
        let share = |odds: f64| odds / (1.0 + odds);
        let interval = Interval { value: self.value, lo: share(odds / reach), hi: share(odds * reach) };
        counted(Estimate::between(G_COMPUTATION_RISK, level, interval).with_se(se), fit)
    }
}

fn contrasted(
    cells: &[Cell],
    factor: usize,
    first: u32,
    second: u32,
    level: f64,
) -> Result<Contrast, Reason> {
    let fit = fit(cells)?;
    let (a, b) = (Risk::of(&fit, factor, first)?, Risk::of(&fit, factor, second)?);
    let combined = |of: &dyn Fn(f64, f64) -> f64| -> Vec<f64> {
        a.slope.iter().zip(&b.slope).map(|(a, b)| of(*a, *b)).collect()
    };
    let variance = form(&fit, &combined(&|a, b| a - b));
    let difference = wald(G_COMPUTATION_DIFFERENCE, level, a.value - b.value, variance);
    let variance = form(&fit, &combined(&|x, y| x / a.value - y / b.value));
    let ratio = log_wald(G_COMPUTATION_RATIO, level, a.value / b.value, variance);
    Ok(Contrast {
        first: a.estimate(&fit, level),
        second: b.estimate(&fit, level),
        difference: counted(difference, &fit),
        ratio: counted(ratio, &fit),
    })
}

/// The variance of what changes with the coefficients by `slope`.
fn form(fit: &Fit, slope: &[f64]) -> f64 {
    let row = |(i, a): (usize, &f64)| {
        slope.iter().enumerate().map(|(j, b)| a * b * fit.covariance(i, j)).sum::<f64>()
    };
    slope.iter().enumerate().map(row).sum::<f64>().max(0.0)
}

fn counted(estimate: Estimate, fit: &Fit) -> Estimate {
    let rarer = fit.table.x.min(fit.table.n - fit.table.x);
    let few = Status::InsufficientEvidence(Reason::FewEvents);
    estimate
        .with_n(fit.table.n as f64)
        .with_events(fit.table.x as f64)
        .with_status(if rarer < FEWEST_EVENTS { few } else { Status::Ok })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stats::LEVEL_95;
    use crate::stats::case_mix::examples::{SIMPSON, strata};
    use crate::stats::checks::near;

    fn simpson() -> Vec<Cell> {
        cells_of(&strata(&SIMPSON))
    }

    #[test]
    fn standardised_risks_agree_to_ten_digits() {
        let found = contrast(&simpson(), 0, 1, 0, LEVEL_95);
        near(found.first.value, 0.09696910496, 5.1e-12);
        near(found.second.value, 0.1212339338, 5.1e-11);
        near(found.difference.value, -0.0242648288, 5.1e-11);
        // R's glm leads to 0.01410076566, with the information of the step before its last.
        near(found.difference.se, 0.014100765928, 5.1e-13);
        near(found.ratio.value, 0.7998511799, 5.1e-11);
        assert_eq!((found.difference.n, found.difference.status), (2200.0, Status::Ok));
        near(standardised_difference_value(&strata(&SIMPSON)), found.difference.value.unwrap(), 0.0);
        let all = risks(&simpson(), LEVEL_95).unwrap();
        assert_eq!(all, [(0, found.second), (1, found.first)]);
    }

    #[test]
    fn what_a_level_throughout_would_save_agrees_to_nine_digits() {
        let fibre = excess(&simpson(), 1, 0).unwrap();
        near(fibre.expected, 99.48260101, 5.1e-10);
        near(fibre.fraction, 0.5802421898, 5.1e-11);
        let first = excess(&simpson(), 0, 1).unwrap();
        near(first.expected, 213.3320309, 5.1e-9);
        near(first.fraction, 0.09986484844, 5.1e-11);
        assert_eq!(first.observed, 237);
    }

    #[test]
    fn exchanging_the_levels_negates_the_difference() {
        let (ahead, back) =
            (contrast(&simpson(), 0, 1, 0, LEVEL_95), contrast(&simpson(), 0, 0, 1, LEVEL_95));
        assert_eq!(ahead.difference.value, back.difference.value.map(|x| -x));
        near(ahead.ratio.value, 1.0 / back.ratio.value.unwrap(), 1e-15);
        assert_eq!(ahead.first, back.second);
    }

    #[test]
    fn a_factor_that_another_repeats_has_no_standardised_risk() {
        let apart = strata(&[(200, 8, 0, 0), (0, 0, 400, 40)]);
        let found = contrast(&cells_of(&apart), 0, 1, 0, LEVEL_95);
        assert_eq!(found.difference.status, Status::NotEstimable(Reason::Aliased));
        assert_eq!(standardised_difference_value(&apart), None);
    }

    #[test]
    fn separation_and_unseen_levels_are_told() {
        let none = strata(&[(200, 0, 300, 20), (300, 0, 400, 40)]);
        let found = contrast(&cells_of(&none), 0, 1, 0, LEVEL_95);
        assert_eq!(found.ratio.status, Status::NotEstimable(Reason::Separation));
        assert_eq!(risks(&cells_of(&none), LEVEL_95).err(), Some(Reason::Separation));
        assert_eq!(excess(&simpson(), 0, 9).err(), Some(Reason::NoData));
        let level = contrast(&simpson(), 0, 1, 0, 1.5);
        assert_eq!(level.first.status, Status::NotEstimable(Reason::InvalidParameter));
    }
}
