//! The beta function and its incomplete ratio, the base of binomial and Student limits.
//!
//! The ratio is a continued fraction around one leading term; where both shapes exceed a million it is
//! Temme's uniform expansion. Functions that could lose digits take `x` together with `y` = 1 − x.
//!
//! Sources: DiDonato & Morris 1992, ACM TOMS 18:360, for the fraction; Loader 2000 for the leading term;
//! Temme 1987, SIAM J Math Anal 18:1638.

use std::f64::consts::TAU;

use super::gamma::{CLOSE, LARGE, away_from_zero, excess, stirling_error, uniform_tails};
use super::root;

/// More terms than any shape needs whose partner is below [`LARGE`].
const TERMS: usize = 200_000;

/// The natural logarithm of the beta function B(a, b).
pub fn ln(a: f64, b: f64) -> f64 {
    if !shapes(a, b) {
        return f64::NAN;
    }
    let n = a + b;
    let errors = stirling_error(a) + stirling_error(b) - stirling_error(n);
    let share = |of: f64, rest: f64| of * libm::log1p(-rest / n);
    let wide = |of: f64, rest: f64| if rest < of { share(of, rest) } else { of * libm::log(of / n) };
    errors + wide(a, b) + wide(b, a) + 0.5 * libm::log(TAU) + 0.5 * (libm::log(n / a) - libm::log(b))
}

/// The regularised incomplete beta function I_x(a, b): the share of a Beta(a, b) below `x`.
pub fn lower(x: f64, a: f64, b: f64) -> f64 {
    lower_of(x, 1.0 - x, a, b)
}

/// The value below which a share `p` of a Beta(a, b) lies; `p` strictly between 0 and 1.
pub fn quantile(p: f64, a: f64, b: f64) -> f64 {
    quantile_pair(p, a, b).0
}

/// The quantile x together with 1 − x, each accurate when it is small.
pub(in crate::stats) fn quantile_pair(p: f64, a: f64, b: f64) -> (f64, f64) {
    if !(p > 0.0 && p < 1.0 && shapes(a, b)) {
        return (f64::NAN, f64::NAN);
    }
    if lower(0.5, a, b) >= p {
        let x = lower_half_quantile(a, b, |x| lower_of(x, 1.0 - x, a, b) - p);
        (x, 1.0 - x)
    } else {
        let y = lower_half_quantile(b, a, |y| p - lower_of(1.0 - y, y, a, b));
        (1.0 - y, y)
    }
}

/// I_x(a, b) for an `x` whose complement `y` is known to full precision.
pub(super) fn lower_of(x: f64, y: f64, a: f64, b: f64) -> f64 {
    if !(shapes(a, b) && x >= 0.0 && y >= 0.0) {
        return f64::NAN;
    }
    if x == 0.0 || y == 0.0 {
        return if x == 0.0 { 0.0 } else { 1.0 };
    }
    if a > LARGE && b > LARGE {
        return uniform(x, y, a, b);
    }
    let n = a + b;
    let scale = a * (b / n);
    if n * x <= a {
        (scale * term(x, y, a, b) * fraction(x, y, a, b)).min(1.0)
    } else {
        1.0 - (scale * term(y, x, b, a) * fraction(y, x, b, a)).min(1.0)
    }
}

/// x^a y^b Γ(a + b + 1) / (Γ(a + 1) Γ(b + 1)): the binomial probability of `a` among a + b.
pub(super) fn term(x: f64, y: f64, a: f64, b: f64) -> f64 {
    let n = a + b;
    let errors = stirling_error(n) - stirling_error(a) - stirling_error(b);
    libm::exp(errors - a * excess(n * x, a) - b * excess(n * y, b)) / (TAU * a * (b / n)).sqrt()
}

fn shapes(a: f64, b: f64) -> bool {
    a > 0.0 && b > 0.0 && (a + b).is_finite()
}

fn lower_half_quantile(a: f64, b: f64, gap: impl Fn(f64) -> f64) -> f64 {
    let density = |x: f64| term(x, 1.0 - x, a, b) * a * (b / (a + b)) / (x * (1.0 - x));
    root::of_increasing((0.0, 0.5), a / (a + b), gap, density)
}

/// The continued fraction in the form of DiDonato & Morris, which for one very large shape loses no digits.
fn fraction(x: f64, y: f64, a: f64, b: f64) -> f64 {
    // a − (a + b)x twice over; only the form without the large shape keeps its digits.
    let beyond_mean = if a < b { a - (a + b) * x } else { (a + b) * y - b };
    let mut c = 1.0 / f64::MIN_POSITIVE;
    let mut d = 1.0 / away_from_zero(a / (a + 1.0) * (beyond_mean + 1.0));
    let mut product = d;
    for i in 1..TERMS {
        let m = i as f64;
        let even = m * (b - m) * x / (a + 2.0 * m - 1.0);
        let numerator = (a + m - 1.0) * ((a + b + m - 1.0) / (a + 2.0 * m - 1.0)) * even * x;
        let denominator = m + even + (a + m) / (a + 2.0 * m + 1.0) * (beyond_mean + 1.0 + m * (1.0 + y));
        d = 1.0 / away_from_zero(denominator + numerator * d);
        c = away_from_zero(denominator + numerator / c);
        product *= c * d;
        if (c * d - 1.0).abs() < f64::EPSILON {
            break;
        }
    }
    product
}

fn uniform(x: f64, y: f64, a: f64, b: f64) -> f64 {
    let n = a + b;
    let (x0, y0) = (a / n, b / n);
    let spread = (x0 * y0).sqrt();
    let away = if x0 < y0 { x - x0 } else { y0 - y } / spread;
    let eta = (2.0 * (x0 * excess(x, x0) + y0 * excess(y, y0))).sqrt().copysign(away);
    let skew = (y0 - x0) / spread;
    let correction = if away.abs() * (1.0 + skew.abs()) < CLOSE {
        skew / 3.0 - away * (skew * skew / 12.0 + 0.25)
    } else {
        1.0 / eta - 1.0 / away
    };
    uniform_tails(n, eta, correction).0
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stats::checks::{near, same};

    #[test]
    fn checkpoints_hold() {
        same(quantile(0.025, 5.5, 95.5), 0.019331811985866736);
        same(quantile(0.5, 0.5, 1000.5), 0.00022738549453875173);
        same(lower(0.12, 122.5, 878.5), 0.41821768302118506);
        same(ln(122.5, 878.5), -373.42641373771767);
        same(ln(0.5, 0.5), 1.1447298858494002);
    }

    #[test]
    fn the_fraction_and_the_expansion_meet_where_one_takes_over() {
        for x in [0.2, 0.24925, 0.25, 0.2501, 0.251] {
            near(lower(x, 1e6, 3e6), lower(x, 1e6 + 1e-6, 3e6 + 3e-6), 1e-9);
        }
    }

    #[test]
    fn both_tails_mirror_each_other() {
        for (x, a, b) in
            [(0.3, 2.5, 7.0), (0.9, 40.0, 3.0), (1e-5, 0.5, 1e5), (1e-12, 3.0, 2e12), (0.5, 1e7, 1e7)]
        {
            near(lower_of(x, 1.0 - x, a, b) + lower_of(1.0 - x, x, b, a), 1.0, 1e-13);
        }
    }

    #[test]
    fn quantile_inverts_the_distribution() {
        for (p, a, b) in
            [(0.025, 3.0, 1e9), (0.975, 3.0, 1e9), (1e-8, 0.1, 4.0), (0.9, 200.0, 0.3), (0.025, 4e9, 2e9)]
        {
            let (x, y) = quantile_pair(p, a, b);
            same(lower_of(x, y, a, b), p);
        }
    }

    #[test]
    fn edges_are_exact_and_nonsense_is_undefined() {
        assert_eq!((lower(0.0, 2.0, 3.0), lower(1.0, 2.0, 3.0)), (0.0, 1.0));
        assert!(
            lower(0.5, 0.0, 1.0).is_nan()
                && lower(1.5, 1.0, 1.0).is_nan()
                && quantile(1.0, 1.0, 1.0).is_nan()
        );
        assert!(ln(-1.0, 1.0).is_nan());
    }
}
