//! Draws of the shares from the fitted model, always the same ones.
//!
//! Draws come in pairs that lie opposite each other, and each pair belongs to the point of the grid that its place
//! among the weights falls to. A number depends on the draw and the coefficient alone, so that nothing of the order
//! of the work shows.

use super::mode::logistic;
use super::{Joint, Spread};
use crate::stats::counter::bits;
use crate::stats::special::normal;

/// Nodes and weights of Gauss and Hermite's rule for a standard normal variable.
const NORMAL: [(f64, f64); 7] = [
    (-3.750_439_717_725_742, 5.482_688_559_722_179e-4),
    (-2.366_759_410_734_541, 3.075_712_396_758_65e-2),
    (-1.154_405_394_739_968, 0.240_123_178_605_012_7),
    (0.0, 0.457_142_857_142_857_1),
    (1.154_405_394_739_968, 0.240_123_178_605_012_7),
    (2.366_759_410_734_541, 3.075_712_396_758_65e-2),
    (3.750_439_717_725_742, 5.482_688_559_722_179e-4),
];

/// Draws of the share of every platform in every stratum.
#[derive(Debug, Clone, PartialEq)]
pub struct Draws {
    strata: usize,
    platforms: usize,
    /// Draw after draw, stratum after stratum, platform after platform.
    shares: Vec<f64>,
}

impl Draws {
    /// Draws that are given: of each all strata, of each stratum all platforms.
    pub fn new(strata: usize, platforms: usize, shares: Vec<f64>) -> Option<Self> {
        let size = strata * platforms;
        (size > 0 && shares.len().is_multiple_of(size)).then_some(Self { strata, platforms, shares })
    }

    pub(super) fn of(joint: &Joint, count: usize) -> Self {
        let (strata, platforms) = (joint.layout.strata, joint.layout.platforms);
        let mut shares = Vec::with_capacity(count * strata * platforms);
        for draw in 0..count {
            let pair = draw / 2;
            let place = (pair as f64 + 0.5) / count.div_ceil(2) as f64;
            let (_, spread, mode) = point(joint, place);
            let sign = if draw.is_multiple_of(2) { 1.0 } else { -1.0 };
            let values =
                (0..mode.coefficients.len() as u64).map(|number| sign * standard_normal(pair as u64, number));
            let deviations = mode.factor.spread(values.collect());
            for stratum in 0..strata {
                for platform in 0..platforms {
                    let places = joint.layout.places(stratum, platform);
                    let logit =
                        places.iter().map(|place| mode.coefficients[*place] + deviations[*place]).sum();
                    shares.push(over_units(logit, spread));
                }
            }
        }
        Self { strata, platforms, shares }
    }

    /// Draws of larger strata, put together from parts: each part is of the stratum of that number, and weighs so much of
    /// it. That is direct standardisation, draw by draw.
    #[must_use]
    pub fn mixed(self, parts: &[usize], mix: &[f64], strata: usize) -> Self {
        if strata == self.strata && parts.iter().enumerate().all(|(part, stratum)| part == *stratum) {
            return self;
        }
        let mut shares = vec![0.0; self.count() * strata * self.platforms];
        for draw in 0..self.count() {
            for (part, (stratum, weight)) in parts.iter().zip(mix).enumerate() {
                for platform in 0..self.platforms {
                    let place = (draw * strata + stratum) * self.platforms + platform;
                    shares[place] += weight * self.share(draw, part, platform);
                }
            }
        }
        Self { strata, platforms: self.platforms, shares }
    }

    /// How many draws there are.
    pub fn count(&self) -> usize {
        self.shares.len() / (self.strata * self.platforms)
    }

    /// Strata.
    pub fn strata(&self) -> usize {
        self.strata
    }

    /// Platforms.
    pub fn platforms(&self) -> usize {
        self.platforms
    }

    /// One share of one draw.
    pub fn share(&self, draw: usize, stratum: usize, platform: usize) -> f64 {
        self.shares[(draw * self.strata + stratum) * self.platforms + platform]
    }

    /// The mean over all draws.
    pub fn mean(&self, stratum: usize, platform: usize) -> f64 {
        (0..self.count()).map(|draw| self.share(draw, stratum, platform)).sum::<f64>() / self.count() as f64
    }
}

/// The point of the grid into whose weight a place between 0 and 1 falls.
fn point(joint: &Joint, place: f64) -> &(f64, Spread, super::Mode) {
    let mut sum = 0.0;
    let found = joint.points.iter().find(|(weight, ..)| {
        sum += weight;
        sum >= place
    });
    // Weights sum to one but for rounding.
    found.unwrap_or_else(|| &joint.points[joint.points.len() - 1])
}

/// The share over a population of units whose logits spread around this one.
fn over_units(logit: f64, spread: &Spread) -> f64 {
    let sd = (spread.unit * spread.unit + spread.unit_platform * spread.unit_platform).sqrt();
    NORMAL.iter().map(|(node, weight)| weight * logistic(logit + sd * node)).sum()
}

/// A standard normal number for a pair of draws and a coefficient, through the quantile function.
pub(in crate::stats::decision) fn standard_normal(pair: u64, number: u64) -> f64 {
    // Between the ends, so that neither has an infinite quantile.
    normal::quantile(((bits(pair, number) >> 11) as f64 + 0.5) / (1_u64 << 53) as f64)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stats::checks::near;

    #[test]
    fn the_rule_has_the_moments_of_a_standard_normal_variable() {
        for (power, moment) in
            [(0, 1.0), (1, 0.0), (2, 1.0), (4, 3.0), (6, 15.0), (8, 105.0), (10, 945.0), (12, 10_395.0)]
        {
            near(NORMAL.iter().map(|(node, weight)| weight * node.powi(power)).sum::<f64>(), moment, 1e-12);
        }
    }

    #[test]
    fn larger_strata_are_the_mix_of_their_parts() {
        let draws = Draws::new(3, 2, vec![0.9, 0.8, 0.7, 0.6, 0.5, 0.4]).unwrap();
        let mixed = draws.clone().mixed(&[0, 1, 0], &[0.25, 1.0, 0.75], 2);
        for (stratum, platform, expected) in [(0, 0, 0.6), (0, 1, 0.5), (1, 0, 0.7), (1, 1, 0.6)] {
            near(mixed.share(0, stratum, platform), expected, 1e-12);
        }
        assert_eq!(draws.clone().mixed(&[0, 1, 2], &[1.0; 3], 3), draws);
    }

    #[test]
    fn numbers_are_normal_and_do_not_depend_on_each_other() {
        let (count, mut sums) = (4_000_u64, [0.0; 5]);
        for pair in 0..count {
            let [a, b, c] =
                [(pair, 0), (pair, 1), (pair + 1, 0)].map(|(pair, number)| standard_normal(pair, number));
            for (sum, value) in sums.iter_mut().zip([a, a * a, a * b, a * c, a * a * a]) {
                *sum += value / count as f64;
            }
        }
        let [mean, square, along, across, cube] = sums;
        assert!(mean.abs() < 0.05 && (square - 1.0).abs() < 0.07 && along.abs() < 0.05, "{sums:?}");
        assert!(across.abs() < 0.05 && cube.abs() < 0.2, "{sums:?}");
    }
}
