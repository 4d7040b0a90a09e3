//! The binomial distribution: ranks of order statistics, and the exact comparison of two counts.
//!
//! Probabilities are incomplete beta ratios, so that a trial count of billions costs no more than ten.
//! The point probability follows Loader 2000. It is not an interval for a proportion: that is Wilson's.

use super::beta;

/// The probability of exactly `k` successes among `n`, each of probability `p`.
pub fn pmf(k: u64, n: u64, p: f64) -> f64 {
    if !(0.0..=1.0).contains(&p) {
        return f64::NAN;
    }
    if k > n {
        return 0.0;
    }
    let sure = |yes: bool| if yes { 1.0 } else { 0.0 };
    let (x, trials) = (k as f64, n as f64);
    match (p, k) {
        (0.0, _) => sure(k == 0),
        (1.0, _) => sure(k == n),
        (_, 0) => libm::exp(trials * libm::log1p(-p)),
        _ if k == n => libm::exp(trials * libm::log(p)),
        _ => beta::term(p, 1.0 - p, x, (n - k) as f64),
    }
}

/// The probability of at most `k` successes among `n`.
pub fn cdf(k: u64, n: u64, p: f64) -> f64 {
    if k >= n && (0.0..=1.0).contains(&p) {
        return 1.0;
    }
    beta::lower_of(1.0 - p, p, n.saturating_sub(k) as f64, k as f64 + 1.0)
}

/// The probability of more than `k` successes among `n`, accurate when small.
pub fn upper(k: u64, n: u64, p: f64) -> f64 {
    if k >= n && (0.0..=1.0).contains(&p) {
        return 0.0;
    }
    beta::lower_of(p, 1.0 - p, k as f64 + 1.0, n.saturating_sub(k) as f64)
}

/// The smallest `k` whose [`cdf`] reaches `share`, or nothing outside the domain.
pub fn quantile(share: f64, n: u64, p: f64) -> Option<u64> {
    if !(share > 0.0 && share < 1.0 && (0.0..=1.0).contains(&p)) {
        return None;
    }
    // A share that equals a step of the distribution must find that step in spite of rounding.
    let reached = share * (1.0 - 64.0 * f64::EPSILON);
    let (mut below, mut k) = (0, n);
    while below < k {
        let middle = below + (k - below) / 2;
        if cdf(middle, n, p) >= reached { k = middle } else { below = middle + 1 }
    }
    Some(k)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stats::checks::{near, same};

    #[test]
    fn checkpoint_holds() {
        same(cdf(12, 100, 0.1), 0.8018211126404327);
        same(upper(12, 100, 0.1), 1.0 - 0.8018211126404327);
    }

    #[test]
    fn point_probabilities_sum_to_the_distribution() {
        let sum: f64 = (0..=12).map(|k| pmf(k, 100, 0.1)).sum();
        same(sum, cdf(12, 100, 0.1));
        near((0..=7).map(|k| pmf(k, 7, 0.9)).sum::<f64>(), 1.0, 1e-14);
    }

    #[test]
    fn quantile_is_the_first_step_that_reaches_the_share() {
        assert_eq!(quantile(0.025, 100, 0.5), Some(40));
        assert_eq!(quantile(0.975, 100, 0.5), Some(60));
        assert_eq!(quantile(0.5, 1, 0.5), Some(0));
        assert_eq!(quantile(0.5, 0, 0.5), Some(0));
        assert_eq!(quantile(0.5, 9, 1.0), Some(9));
    }

    #[test]
    fn edges_are_exact_and_nonsense_is_undefined() {
        assert_eq!((pmf(0, 5, 0.0), pmf(5, 5, 1.0), pmf(6, 5, 0.5)), (1.0, 1.0, 0.0));
        assert_eq!((cdf(5, 5, 0.3), upper(5, 5, 0.3), cdf(0, 0, 0.3)), (1.0, 0.0, 1.0));
        assert!(pmf(1, 2, -0.1).is_nan() && cdf(1, 2, 1.5).is_nan() && quantile(0.5, 3, f64::NAN).is_none());
    }
}
