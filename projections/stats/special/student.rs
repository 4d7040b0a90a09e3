//! Student's t distribution: the critical value when the spread itself is estimated from few clusters.
//!
//! The tail is an incomplete beta ratio (NIST DLMF 8.17; Abramowitz & Stegun 26.7.1), and the quantile its
//! inverse by iteration from the normal value. Degrees of freedom need not be whole: Welch's are not.

use std::f64::consts::PI;

use super::{beta, normal, root};

/// Degrees of freedom beyond which the distribution is the normal one to twelve digits of its quantiles.
const NORMAL_FROM: f64 = 1e13;

/// The probability of a value at or below `t` with `df` degrees of freedom.
pub fn cdf(t: f64, df: f64) -> f64 {
    upper(-t, df)
}

/// The probability of a value above `t`.
pub fn upper(t: f64, df: f64) -> f64 {
    if t.is_nan() || df.is_nan() || df <= 0.0 {
        return f64::NAN;
    }
    if df > NORMAL_FROM {
        return normal::upper(t);
    }
    let square = t * t;
    let half_tail = if square.is_finite() {
        0.5 * beta::lower_of(df / (df + square), square / (df + square), df / 2.0, 0.5)
    } else {
        0.0
    };
    if t > 0.0 { half_tail } else { 1.0 - half_tail }
}

/// The value below which a share `p` lies; `p` strictly between 0 and 1.
pub fn quantile(p: f64, df: f64) -> f64 {
    if p < 0.5 { -upper_quantile(p, df) } else { upper_quantile(1.0 - p, df) }
}

/// The value above which a share `tail` lies; `tail` strictly between 0 and 1.
pub fn upper_quantile(tail: f64, df: f64) -> f64 {
    if !(tail > 0.0 && tail < 1.0 && df > 0.0) {
        return f64::NAN;
    }
    if tail > 0.5 {
        return -upper_quantile(1.0 - tail, df);
    }
    let z = normal::upper_quantile(tail);
    if df > NORMAL_FROM || tail == 0.5 {
        return z;
    }
    let gap = |t: f64| tail - upper(t, df);
    let start = z + z * (z * z + 1.0) / (4.0 * df);
    root::of_increasing((0.0, root::end_above(2.0 * start, gap)), start, gap, |t| density(t, df))
}

fn density(t: f64, df: f64) -> f64 {
    let fall = -(df + 1.0) / 2.0 * libm::log1p(t * t / df);
    let height =
        if df > 1e6 { -0.5 * libm::log(2.0 * PI) } else { -beta::ln(0.5, df / 2.0) - 0.5 * libm::log(df) };
    libm::exp(height + fall)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stats::checks::{near, same};

    #[test]
    fn checkpoints_hold() {
        same(quantile(0.975, 1.0), 12.706204736174694);
        same(quantile(0.975, 4.0), 2.7764451051977934);
        same(quantile(0.975, 9.0), 2.262157162798205);
        same(quantile(0.975, 63.0), 1.998340542520741);
        same(upper(2.5, 9.3), 0.01653890515753404);
    }

    #[test]
    fn many_degrees_of_freedom_are_the_normal_distribution() {
        for df in [1e8, 4e9, 1e12, 1e15] {
            near(quantile(0.975, df), 1.959963984540054, 3.0 / df + 1e-12);
        }
    }

    #[test]
    fn quantile_inverts_the_distribution_on_both_sides() {
        same(quantile(0.25, 3.5), -quantile(0.75, 3.5));
        for (p, df) in [(1e-14, 1.0), (0.001, 0.5), (0.025, 2.0), (0.49, 7.7), (0.75, 1e3), (0.999, 1e7)] {
            same(cdf(quantile(p, df), df), p);
        }
    }

    #[test]
    fn edges_are_exact_and_nonsense_is_undefined() {
        assert_eq!(quantile(0.5, 3.0), 0.0);
        assert_eq!((upper(f64::INFINITY, 3.0), cdf(0.0, 3.0)), (0.0, 0.5));
        assert!(quantile(0.0, 3.0).is_nan() && quantile(0.3, 0.0).is_nan() && upper(f64::NAN, 1.0).is_nan());
    }
}
