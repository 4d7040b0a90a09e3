//! The outcome of a significance test: the statistic, its degrees of freedom, and the p-value.
//!
//! It carries no verdict: how small a p-value must be is decided where the number of tests is known.

use serde::Serialize;

use super::special::chi_square;

/// A test statistic and how often chance alone would exceed it.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Test {
    /// The statistic.
    pub statistic: f64,
    /// Its degrees of freedom.
    pub df: f64,
    /// The probability of a larger statistic if nothing but chance is at work.
    pub p: f64,
}

impl Test {
    /// A statistic that follows a chi-square distribution; nothing where it is none.
    pub fn chi_squared(statistic: f64, df: f64) -> Option<Test> {
        let valid = statistic >= 0.0 && statistic.is_finite() && df > 0.0 && df.is_finite();
        let p = chi_square::upper(statistic, df);
        (valid && p.is_finite()).then(|| Test { statistic, df, p: p.clamp(0.0, 1.0) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stats::checks::near;

    #[test]
    fn a_statistic_at_the_usual_limit_has_the_usual_p_value() {
        near(Test::chi_squared(3.841458820694124, 1.0).map(|test| test.p), 0.05, 1e-12);
        assert_eq!(Test::chi_squared(0.0, 3.0).map(|test| test.p), Some(1.0));
    }

    #[test]
    fn what_is_no_statistic_is_no_test() {
        for (statistic, df) in [(-1.0, 1.0), (f64::NAN, 1.0), (f64::INFINITY, 1.0), (1.0, 0.0)] {
            assert_eq!(Test::chi_squared(statistic, df), None);
        }
    }
}
