//! The chi-square distribution: exact limits of counts, and the size of a test statistic.
//!
//! It is the gamma distribution under its statistical name; only the quantile is worked out here.
//! For very many degrees of freedom the quantile is the Cornish–Fisher expansion of Goldberg & Levine
//! 1946 (Abramowitz & Stegun 26.4.16 and 26.2.49), because a count of millions needs no iteration.

use super::{gamma, normal, root};

/// The probability of a value at or below `x` with `df` degrees of freedom.
pub fn cdf(x: f64, df: f64) -> f64 {
    gamma::lower(df / 2.0, x / 2.0)
}

/// The probability of a value above `x`: the p-value of a statistic.
pub fn upper(x: f64, df: f64) -> f64 {
    gamma::upper(df / 2.0, x / 2.0)
}

/// The value below which a share `p` lies; `p` strictly between 0 and 1.
pub fn quantile(p: f64, df: f64) -> f64 {
    if !(p > 0.0 && p < 1.0 && df > 0.0 && df.is_finite()) {
        return f64::NAN;
    }
    if df > 2.0 * gamma::LARGE { expansion(p, df) } else { iteration(p, df / 2.0) }
}

fn iteration(p: f64, a: f64) -> f64 {
    let gap = |x: f64| gamma::lower(a, x) - p;
    let start = start(p, a);
    let hi = root::end_above(2.0 * start, gap);
    2.0 * root::of_increasing((0.0, hi), start, gap, |x| gamma::term(a, x) * a / x)
}

/// Wilson and Hilferty's cube, or the first term of the series where the cube falls below zero.
fn start(p: f64, a: f64) -> f64 {
    let spread = 1.0 / (9.0 * a);
    let root = 1.0 - spread + normal::quantile(p) * spread.sqrt();
    let cube = a * root * root * root;
    if root > 0.3 { cube } else { libm::exp((libm::log(p) + libm::lgamma(a + 1.0)) / a) }
}

fn expansion(p: f64, df: f64) -> f64 {
    let z = normal::quantile(p);
    let square = z * z;
    let root = (2.0 * df).sqrt();
    df + root * z + 2.0 / 3.0 * (square - 1.0) + z * (square - 7.0) / (9.0 * root)
        - (6.0 * square * square + 14.0 * square - 32.0) / (405.0 * df)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stats::checks::same;

    #[test]
    fn checkpoints_hold() {
        same(upper(16.79294098921654, 1.0), 4.168809109334532e-05);
        same(quantile(0.025, 8.0), 2.1797307472526497);
        same(cdf(quantile(0.3, 0.01), 0.01), 0.3);
    }

    #[test]
    fn the_expansion_continues_the_iteration() {
        for p in [0.001, 0.025, 0.5, 0.975, 0.999] {
            same(expansion(p, 2e6), iteration(p, 1e6));
        }
    }

    #[test]
    fn quantile_inverts_the_distribution() {
        for (p, df) in [(1e-10, 1.0), (0.001, 2.0), (0.5, 30.0), (0.999, 5e3), (0.025, 2e9)] {
            same(cdf(quantile(p, df), df), p);
        }
    }

    #[test]
    fn outside_its_domain_there_is_no_quantile() {
        assert!(
            quantile(0.0, 1.0).is_nan() && quantile(0.5, 0.0).is_nan() && quantile(0.5, f64::NAN).is_nan()
        );
    }
}
