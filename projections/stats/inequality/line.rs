//! The straight line over a population ranked by deprivation, and the reading of its two ends.
//!
//! Every group takes the place of its middle person in the ranking, and counts by its size. The line goes through
//! the mean of all, which its limits hold while they move its slope. It knows values and their errors, not
//! whether they are shares.

use std::ops::RangeInclusive;

use super::Quantile;
use crate::stats::estimate::{Estimate, Interval, critical};
use crate::stats::status::{Reason, Status};

/// Fewest and most quantiles that a slope is fitted over.
pub(super) const QUANTILES: RangeInclusive<usize> = 5..=100;

/// A straight line over the ranked population.
pub(super) struct Line {
    /// Its height over the middle of the population, which is the mean.
    pub(super) middle: f64,
    /// What it rises from the most to the least deprived end.
    pub(super) slope: f64,
    /// The standard error of that.
    pub(super) se: f64,
}

impl Line {
    /// The line of least squares weighted by observations, and the error that those of the values leave in it.
    pub(super) fn fit(quantiles: &[Quantile]) -> Result<Self, Reason> {
        if !QUANTILES.contains(&quantiles.len()) {
            return Err(Reason::QuantileCount);
        }
        if quantiles.iter().any(|quantile| quantile.n == 0) {
            return Err(Reason::EmptyQuantile);
        }
        if !quantiles.iter().all(|quantile| quantile.value.is_finite() && quantile.se >= 0.0) {
            return Err(Reason::InconsistentCounts);
        }
        let total: i128 = quantiles.iter().map(|quantile| i128::from(quantile.n)).sum();
        let mut below = 0_i128;
        let places: Vec<(f64, f64)> = quantiles
            .iter()
            .map(|quantile| {
                let n = i128::from(quantile.n);
                let away = (2 * below + n - total) as f64 / (2.0 * total as f64);
                below += n;
                (n as f64 / total as f64, away)
            })
            .collect();
        let sum = |term: &dyn Fn(f64, f64, &Quantile) -> f64| -> f64 {
            places.iter().zip(quantiles).map(|((share, away), quantile)| term(*share, *away, quantile)).sum()
        };
        let middle = sum(&|share, _, quantile| share * quantile.value);
        let spread = sum(&|share, away, _| share * away * away);
        let slope = sum(&|share, away, quantile| share * away * (quantile.value - middle)) / spread;
        let variance = sum(&|share, away, quantile| {
            let part = share * away / spread * quantile.se;
            part * part
        });
        Ok(Self { middle, slope, se: variance.sqrt() })
    }
}

/// What is made of the least deprived end and the most deprived one; absent where they cannot be compared.
pub(super) type Index = fn(f64, f64) -> Option<f64>;

pub(super) fn difference_of_ends(least: f64, most: f64) -> Option<f64> {
    Some(least - most)
}

pub(super) fn ratio_of_ends(least: f64, most: f64) -> Option<f64> {
    (least > 0.0 && most > 0.0).then(|| least / most)
}

/// An index of a line whose ends are put through `shape`; its limits move the slope and hold the middle.
pub(super) fn read(
    method: &'static str,
    line: &Result<Line, Reason>,
    shape: fn(f64) -> f64,
    index: Index,
    level: f64,
) -> Estimate {
    let found = line.as_ref().map_err(|why| *why).and_then(|line| {
        let critical = critical(level).ok_or(Reason::InvalidParameter)?;
        let at = |slope: f64| index(shape(line.middle + slope / 2.0), shape(line.middle - slope / 2.0));
        let value = at(line.slope).ok_or(Reason::BeyondRange)?;
        if line.se == 0.0 {
            return Ok(Estimate::alone(method, level, value, Status::NotEstimable(Reason::NoVariation)));
        }
        let (lo, hi) = (at(line.slope - critical * line.se), at(line.slope + critical * line.se));
        Ok(match lo.zip(hi) {
            Some((lo, hi)) => Estimate::between(method, level, Interval { value, lo, hi }),
            None => Estimate::alone(method, level, value, Status::Boundary(Reason::BeyondRange))
                .with_limits(lo, hi),
        })
    });
    found.unwrap_or_else(|why| Estimate::not_estimable(method, level, why))
}
