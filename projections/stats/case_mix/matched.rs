//! Matched pairs: the same person, device and network on both arms.
//!
//! What the pair shares cannot explain what it differs by, so pairs remove confounding that no stratum can. Only
//! pairs that differ tell the arms apart. It is the design to schedule where it can be had; it assumes that the
//! first call of a pair does not change the second, so their order should be mixed.
//!
//! Sources: McNemar 1947, Psychometrika 12:153; Newcombe 1998, Stat Med 17:2635 (method 10) for the difference;
//! Breslow & Day 1980, section 5.2, for the ratio of odds.

use crate::stats::difference::extreme;
use crate::stats::estimate::{Estimate, FEWEST_EVENTS, Interval, critical};
use crate::stats::proportion::wilson_interval;
use crate::stats::rate;
use crate::stats::status::{Flag, Reason, Status};
use crate::stats::test_statistic::Test;

/// The name of the difference within pairs.
pub const NEWCOMBE_PAIRED: &str = "newcombe_paired";
/// The name of the ratio of odds within pairs.
pub const MATCHED_EXACT: &str = "matched_exact";

/// Pairs by what happened on each arm.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Pairs {
    /// An event on both arms.
    pub both: u64,
    /// An event on the first arm only.
    pub first_only: u64,
    /// An event on the second arm only.
    pub second_only: u64,
    /// No event on either arm.
    pub neither: u64,
}

/// McNemar's test that events are as frequent on both arms, (b − c)²/(b + c), without continuity correction.
///
/// Nothing where no pair differs.
pub fn mcnemar(pairs: &Pairs) -> Option<Test> {
    statistic(pairs, 0.0)
}

/// McNemar's test with continuity correction, (|b − c| − 1)²/(b + c).
pub fn mcnemar_corrected(pairs: &Pairs) -> Option<Test> {
    statistic(pairs, 1.0)
}

/// The exact two-sided p-value that a pair that differs is as likely to differ either way.
pub fn exact_p_value(pairs: &Pairs) -> Option<f64> {
    rate::ratio_p_value(pairs.first_only, 1.0, pairs.second_only, 1.0)
}

/// The ratio of odds within pairs, b/c, with exact limits conditional on the pairs that differ.
///
/// Assumes independent pairs and one ratio for all of them. Where only one arm has events alone, one limit remains.
pub fn odds_ratio(pairs: &Pairs, level: f64) -> Estimate {
    let Pairs { first_only, second_only, .. } = *pairs;
    let exact = rate::ratio(first_only, 1.0, second_only, 1.0, level);
    let few = first_only.saturating_add(second_only) < FEWEST_EVENTS;
    let mut estimate =
        exact.with_status(if few { Status::InsufficientEvidence(Reason::FewEvents) } else { Status::Ok });
    estimate.method = MATCHED_EXACT;
    estimate.flags.retain(|flag| *flag != Flag::AssumedIndependence);
    estimate
}

/// The share of events on the first arm minus that on the second, with Newcombe's limits for pairs.
///
/// They combine Wilson's limits of both arms by the correlation within pairs, and so have width even where no pair
/// differs. Assumes independent pairs.
pub fn difference(pairs: &Pairs, level: f64) -> Estimate {
    paired(pairs, level).unwrap_or_else(|why| Estimate::not_estimable(NEWCOMBE_PAIRED, level, why))
}

fn statistic(pairs: &Pairs, correction: f64) -> Option<Test> {
    let apart = pairs.first_only.abs_diff(pairs.second_only) as f64;
    let differing = pairs.first_only as f64 + pairs.second_only as f64;
    let distance = (apart - correction).max(0.0);
    Test::chi_squared(distance * distance / differing, 1.0)
}

fn paired(pairs: &Pairs, level: f64) -> Result<Estimate, Reason> {
    let critical = critical(level).ok_or(Reason::InvalidParameter)?;
    let [a, b, c, d] = [pairs.both, pairs.first_only, pairs.second_only, pairs.neither].map(|x| x as f64);
    let n = a + b + c + d;
    let arm = |x: f64| wilson_interval(x.min(n), n, critical).ok_or(Reason::NoData);
    let (first, second, phi) = (arm(a + b)?, arm(a + c)?, correlation([a, b, c, d]));
    let value = signed_difference(pairs) / n;
    let reach = |own: f64, other: f64| (own * own - 2.0 * phi * own * other + other * other).max(0.0).sqrt();
    let interval = Interval {
        value,
        lo: value - reach(first.value - first.lo, second.hi - second.value),
        hi: value + reach(first.hi - first.value, second.value - second.lo),
    };
    let few = (b + c) < FEWEST_EVENTS as f64;
    Ok(Estimate::between(NEWCOMBE_PAIRED, level, interval)
        .clipped(-1.0, 1.0)
        .with_se(((b + c - (b - c) * (b - c) / n).max(0.0)).sqrt() / n)
        .with_n(n)
        .with_events(b + c)
        .with_status(extreme(value))
        .with_status(if few { Status::InsufficientEvidence(Reason::FewEvents) } else { Status::Ok }))
}

fn signed_difference(pairs: &Pairs) -> f64 {
    pairs.first_only as f64 - pairs.second_only as f64
}

/// Newcombe's correlation within pairs, with half the number of pairs taken from a positive numerator.
fn correlation([a, b, c, d]: [f64; 4]) -> f64 {
    let margins = ((a + b) * (c + d)).sqrt() * ((a + c) * (b + d)).sqrt();
    let product = a * d - b * c;
    let corrected = if product > 0.0 { (product - (a + b + c + d) / 2.0).max(0.0) } else { product };
    if margins > 0.0 { corrected / margins } else { 0.0 }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stats::LEVEL_95;
    use crate::stats::checks::near;

    fn pairs(both: u64, first_only: u64, second_only: u64, neither: u64) -> Pairs {
        Pairs { both, first_only, second_only, neither }
    }

    #[test]
    fn pairs_that_differ_are_tested_to_nine_digits() {
        near(mcnemar(&pairs(0, 150, 86, 0)).map(|test| test.statistic), 17.3559322, 5.1e-9);
        near(mcnemar_corrected(&pairs(0, 150, 86, 0)).map(|test| test.statistic), 16.81779661, 5.1e-10);
        let ratio = odds_ratio(&pairs(0, 150, 86, 0), LEVEL_95);
        near(ratio.value, 150.0 / 86.0, 1e-15);
        assert!(ratio.lo.is_some_and(|lo| lo > 1.3) && ratio.flags.is_empty());
    }

    #[test]
    fn pairs_that_agree_do_not_change_the_test() {
        assert_eq!(mcnemar(&pairs(40, 12, 5, 900)), mcnemar(&pairs(0, 12, 5, 0)));
        assert_eq!(mcnemar(&pairs(7, 0, 0, 9)), None);
        assert_eq!(mcnemar_corrected(&pairs(0, 3, 3, 0)).map(|test| test.statistic), Some(0.0));
    }

    #[test]
    fn the_exact_p_value_is_the_binomial_one() {
        near(exact_p_value(&pairs(0, 9, 1, 0)), 2.0 * 11.0 / 1024.0, 1e-14);
        assert_eq!(exact_p_value(&pairs(5, 0, 0, 5)), Some(1.0));
    }

    #[test]
    fn the_difference_agrees_with_the_published_limits() {
        let estimate = difference(&pairs(36, 12, 2, 0), LEVEL_95);
        near(estimate.value, 0.2, 1e-15);
        near(estimate.lo, 0.0569, 5.1e-5);
        near(estimate.hi, 0.3404, 5.1e-5);
        let swapped = difference(&pairs(36, 2, 12, 0), LEVEL_95);
        assert_eq!((swapped.lo, swapped.hi), (estimate.hi.map(|x| -x), estimate.lo.map(|x| -x)));
    }

    #[test]
    fn pairs_that_never_differ_keep_a_width() {
        let alike = difference(&pairs(5, 0, 0, 45), LEVEL_95);
        assert!(alike.value == Some(0.0) && alike.half_width().is_some_and(|width| width > 0.01));
        assert_eq!(alike.status, Status::InsufficientEvidence(Reason::FewEvents));
    }

    #[test]
    fn without_pairs_there_is_nothing() {
        assert_eq!(difference(&Pairs::default(), LEVEL_95).status, Status::NotEstimable(Reason::NoData));
        assert_eq!(odds_ratio(&pairs(3, 0, 0, 4), LEVEL_95).status, Status::NotEstimable(Reason::NoEvents));
        let one_way = odds_ratio(&pairs(3, 12, 0, 4), LEVEL_95);
        assert!(one_way.value.is_none() && one_way.lo.is_some() && one_way.hi.is_none());
        let wrong = difference(&pairs(1, 1, 1, 1), 0.0);
        assert_eq!(wrong.status, Status::NotEstimable(Reason::InvalidParameter));
    }
}
