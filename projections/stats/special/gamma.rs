//! The gamma function and its incomplete ratio, the base of Poisson and chi-square limits.
//!
//! Below a million the ratio is a series or a continued fraction around one leading term; above, Temme's
//! uniform expansion, because both would need thousands of terms there. The leading term is written with
//! Loader's deviance, so that it does not lose digits when the shape is large.
//!
//! Sources: Loader 2000; Temme 1979, SIAM J Math Anal 10:757; NIST DLMF 8.7, 8.9 and 8.12.

use std::f64::consts::TAU;

/// Shapes above this take the uniform expansion, whose error there is below 1e-12.
pub(super) const LARGE: f64 = 1e6;
/// Relative deviates below this take the expansion's correction from its own series, which then loses nothing.
pub(super) const CLOSE: f64 = 3e-4;
/// Far more terms than any shape below [`LARGE`] needs.
const TERMS: usize = 100_000;

/// The natural logarithm of the gamma function at `a` > 0.
pub fn ln(a: f64) -> f64 {
    if a > 0.0 { libm::lgamma(a) } else { f64::NAN }
}

/// The regularised lower incomplete gamma function P(a, x).
pub fn lower(a: f64, x: f64) -> f64 {
    tails(a, x).0
}

/// The regularised upper incomplete gamma function Q(a, x) = 1 − P(a, x), accurate when small.
pub fn upper(a: f64, x: f64) -> f64 {
    tails(a, x).1
}

fn tails(a: f64, x: f64) -> (f64, f64) {
    if !(a > 0.0 && a.is_finite() && x >= 0.0) {
        return (f64::NAN, f64::NAN);
    }
    if x == 0.0 {
        return (0.0, 1.0);
    }
    if x == f64::INFINITY {
        return (1.0, 0.0);
    }
    if a > LARGE {
        return uniform(a, x);
    }
    if x < a + 1.0 {
        let lower = (term(a, x) * series(a, x)).min(1.0);
        (lower, 1.0 - lower)
    } else {
        let upper = (term(a, x) * a * fraction(a, x)).min(1.0);
        (1.0 - upper, upper)
    }
}

/// x^a e^−x / Γ(a + 1), from which both tails are built.
pub(super) fn term(a: f64, x: f64) -> f64 {
    if a < 10.0 {
        return libm::exp(a * libm::log(x) - x - libm::lgamma(a + 1.0));
    }
    libm::exp(-a * excess(x, a) - stirling_error(a)) / (TAU * a).sqrt()
}

fn series(a: f64, x: f64) -> f64 {
    let (mut sum, mut next, mut shape) = (1.0, 1.0, a);
    for _ in 0..TERMS {
        shape += 1.0;
        next *= x / shape;
        sum += next;
        if next < sum * f64::EPSILON * 0.1 {
            break;
        }
    }
    sum
}

fn fraction(a: f64, x: f64) -> f64 {
    let mut b = x + 1.0 - a;
    let mut c = 1.0 / f64::MIN_POSITIVE;
    let mut d = 1.0 / b;
    let mut product = d;
    for i in 1..TERMS {
        let numerator = -(i as f64) * (i as f64 - a);
        b += 2.0;
        d = 1.0 / away_from_zero(numerator * d + b);
        c = away_from_zero(b + numerator / c);
        product *= c * d;
        if (c * d - 1.0).abs() < f64::EPSILON {
            break;
        }
    }
    product
}

/// Lentz's device: a continued fraction passes a zero denominator by stepping beside it.
pub(super) fn away_from_zero(x: f64) -> f64 {
    if x.abs() < f64::MIN_POSITIVE { f64::MIN_POSITIVE } else { x }
}

fn uniform(a: f64, x: f64) -> (f64, f64) {
    let away = (x - a) / a;
    let eta = (2.0 * excess(x, a)).sqrt().copysign(away);
    let correction = if away.abs() < CLOSE { 1.0 / 3.0 - away / 12.0 } else { 1.0 / eta - 1.0 / away };
    uniform_tails(a, eta, correction)
}

/// Temme's expansion to its first term: both tails for a deviate `eta` of weight `n`.
pub(super) fn uniform_tails(n: f64, eta: f64, correction: f64) -> (f64, f64) {
    let scaled = eta * (n / 2.0).sqrt();
    let shift = correction * libm::exp(-scaled * scaled) / (TAU * n).sqrt();
    let bounded = |tail: f64| tail.clamp(0.0, 1.0);
    (bounded(0.5 * libm::erfc(-scaled) + shift), bounded(0.5 * libm::erfc(scaled) - shift))
}

/// x/a − 1 − ln(x/a): how far `x` lies from `a`, without the loss of digits where they are close.
pub(super) fn excess(x: f64, a: f64) -> f64 {
    let u = (x - a) / a;
    if u.abs() > 0.5 {
        return u - libm::log(x / a);
    }
    let s = (x - a) / (x + a);
    let (mut sum, mut power, mut odd) = (u * s, 2.0 * s, 1.0);
    loop {
        power *= s * s;
        odd += 2.0;
        let next = sum - power / odd;
        if next == sum {
            return sum;
        }
        sum = next;
    }
}

/// ln Γ(a + 1) minus Stirling's approximation of it.
pub(in crate::stats) fn stirling_error(a: f64) -> f64 {
    if a < 10.0 {
        return libm::lgamma(a + 1.0) - (a + 0.5) * libm::log(a) + a - 0.5 * libm::log(TAU);
    }
    const SERIES: [f64; 7] = [
        1.0 / 12.0,
        -1.0 / 360.0,
        1.0 / 1260.0,
        -1.0 / 1680.0,
        1.0 / 1188.0,
        -691.0 / 360_360.0,
        1.0 / 156.0,
    ];
    SERIES.iter().rev().fold(0.0, |sum, c| sum / (a * a) + c) / a
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stats::checks::{near, same};

    #[test]
    fn the_incomplete_ratio_matches_its_checkpoint() {
        same(lower(5.0, 3.0), 0.18473675547622787);
        same(upper(5.0, 3.0), 1.0 - 0.18473675547622787);
    }

    #[test]
    fn the_series_and_the_expansion_meet_where_one_takes_over() {
        for x in [0.997e6, 0.9999e6, 1e6, 1.0001e6, 1.003e6] {
            let (below, above) = (lower(LARGE, x), lower(LARGE + 1e-6, x));
            near(below, above, 1e-9);
        }
    }

    #[test]
    fn edges_are_exact_and_nonsense_is_undefined() {
        assert_eq!((lower(3.0, 0.0), upper(3.0, 0.0)), (0.0, 1.0));
        assert_eq!((lower(3.0, f64::INFINITY), upper(1e9, f64::INFINITY)), (1.0, 0.0));
        assert!(lower(0.0, 1.0).is_nan() && lower(1.0, -1.0).is_nan() && ln(0.0).is_nan());
    }
}
