//! What a share may truly be, after so many of so many were seen.
//!
//! The posterior of Jeffreys' prior, a Beta distribution. Clustered counts are passed in as the effective ones
//! (events and observations divided by the design effect), which need not be whole.
//!
//! Source: Brown, Cai & DasGupta 2001, Stat Sci 16:101, for the prior.

use std::f64::consts::FRAC_PI_2;

use crate::stats::special::beta;
use crate::stats::status::Reason;

/// A Beta distribution of a share.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Belief {
    a: f64,
    b: f64,
}

impl Belief {
    /// What the share may be after `x` of `n`.
    ///
    /// # Errors
    /// Refuses counts that are none, and more events than observations.
    pub fn of(x: f64, n: f64) -> Result<Self, Reason> {
        let sound = x >= 0.0 && n.is_finite() && x.is_finite();
        match sound {
            true if x <= n => Ok(Self { a: x + 0.5, b: n - x + 0.5 }),
            true => Err(Reason::InconsistentCounts),
            false => Err(Reason::InvalidParameter),
        }
    }

    /// The expected share.
    pub fn mean(&self) -> f64 {
        self.a / (self.a + self.b)
    }

    /// The standard deviation.
    pub fn deviation(&self) -> f64 {
        let n = self.a + self.b;
        (self.a / n * (self.b / n) / (n + 1.0)).sqrt()
    }

    /// The probability that the share is at most `share`.
    pub fn below(&self, share: f64) -> f64 {
        beta::lower(share, self.a, self.b)
    }

    /// The order of two beliefs, of whatever kind: that of their shapes.
    pub(super) fn order(&self, other: &Self) -> std::cmp::Ordering {
        self.a.total_cmp(&other.a).then(self.b.total_cmp(&other.b))
    }

    /// The density by the angle t, where the share is sin² t: bounded where that of the share is not.
    pub(super) fn density_by_angle(&self, angle: f64) -> f64 {
        let (sine, cosine) = (libm::sin(angle), libm::cos(angle));
        let powers = (2.0 * self.a - 1.0) * libm::log(sine) + (2.0 * self.b - 1.0) * libm::log(cosine);
        2.0 * libm::exp(powers - beta::ln(self.a, self.b))
    }

    /// Angles around which the belief lies, and between which it is smooth enough.
    pub(super) fn angles(&self) -> impl Iterator<Item = f64> {
        const STEPS: [f64; 15] =
            [-12.0, -8.0, -6.0, -4.5, -3.0, -2.0, -1.0, 0.0, 1.0, 2.0, 3.0, 4.5, 6.0, 8.0, 12.0];
        // The deviation of the angle is nearly the same everywhere.
        let middle = libm::asin(self.mean().sqrt());
        let deviation = 0.5 / (self.a + self.b).sqrt();
        STEPS.into_iter().map(move |step| (middle + step * deviation).clamp(0.0, FRAC_PI_2))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stats::checks::near;
    use crate::stats::special::quadrature::Rule;

    #[test]
    fn the_mean_is_drawn_to_one_half() {
        near(Belief::of(182.0, 200.0).unwrap().mean(), 0.907_960_199_0, 1e-10);
        near(Belief::of(171.0, 190.0).unwrap().mean(), 0.897_905_759_2, 1e-10);
        near(Belief::of(0.0, 0.0).unwrap().mean(), 0.5, 0.0);
    }

    #[test]
    fn the_density_by_angle_is_that_of_the_share() {
        let rule = Rule::gauss_legendre();
        for (x, n) in [(0.0, 0.0), (0.0, 10.0), (3.0, 10.0), (10.0, 10.0), (12.5, 31.5), (9_000.0, 1e6)] {
            let belief = Belief::of(x, n).unwrap();
            let mut breaks: Vec<f64> = belief.angles().chain([0.0, FRAC_PI_2]).collect();
            breaks.sort_by(f64::total_cmp);
            breaks.dedup();
            near(rule.integrate(&breaks, |angle| belief.density_by_angle(angle)), 1.0, 1e-11);
            let mean = rule.integrate(&breaks, |angle| {
                libm::pow(libm::sin(angle), 2.0) * belief.density_by_angle(angle)
            });
            near(mean, belief.mean(), 1e-11);
        }
    }

    #[test]
    fn counts_that_are_none_are_refused() {
        assert_eq!(Belief::of(3.0, 2.0), Err(Reason::InconsistentCounts));
        for (x, n) in [(-1.0, 2.0), (f64::NAN, 2.0), (1.0, f64::INFINITY)] {
            assert_eq!(Belief::of(x, n), Err(Reason::InvalidParameter));
        }
    }
}
