//! Two independent arms: the difference and the ratio of their proportions, and MOVER for anything else.
//!
//! The difference recovers its variance from the two intervals rather than from a normal approximation, so it
//! stays inside −1 and 1 and has width even where an arm saw no event. The same recipe serves any two
//! estimates with limits of their own. It knows no clusters: comparisons of platforms start from
//! [`contrast`](super::contrast). First minus second, first over second.
//!
//! Sources: Newcombe 1998, Stat Med 17:873 (method 10); Zou & Donner 2008, Stat Med 27:1693; Katz et al. 1978,
//! Biometrics 34:469; Walter 1975, Biometrika 62:371.

use super::estimate::{Estimate, FEWEST_EVENTS, Interval, critical};
use super::proportion::wilson_interval;
use super::status::{Flag, Reason, Status};

/// The name of the hybrid score interval.
pub const NEWCOMBE: &str = "newcombe";
/// The name of the difference of any two estimates.
pub const MOVER: &str = "mover";
/// The name of the ratio on the logarithmic scale.
pub const LOG_WALD: &str = "log_wald";
/// The name of the ratio after adding one half to each count.
pub const WALTER: &str = "log_walter";
/// The name of the ratio where every observation of both arms is an event.
pub const RATIO_OF_WILSON: &str = "ratio_of_wilson";

/// The difference x₁/n₁ − x₂/n₂ of two independent proportions, with Newcombe's interval.
pub fn newcombe(x1: u64, n1: u64, x2: u64, n2: u64, level: f64) -> Estimate {
    let arms = match arms(x1, n1, x2, n2, level) {
        Ok(arms) => arms,
        Err(why) => return Estimate::not_estimable(NEWCOMBE, level, why),
    };
    let spread = |p: f64, n: u64| p * (1.0 - p) / n as f64;
    let interval = mover(arms.0, arms.1);
    Estimate::between(NEWCOMBE, level, interval)
        .with_se((spread(arms.0.value, n1) + spread(arms.1.value, n2)).sqrt())
        .with_counts(x1, n1, x2, n2)
        .with_status(extreme(interval.value))
}

/// The difference of two independent quantities from their values and limits alone.
///
/// Assumes that both intervals have the same level and were found without each other.
pub fn mover(first: Interval, second: Interval) -> Interval {
    let hypotenuse = |a: f64, b: f64| (a * a + b * b).sqrt();
    let value = first.value - second.value;
    Interval {
        value,
        lo: value - hypotenuse(first.value - first.lo, second.hi - second.value),
        hi: value + hypotenuse(first.hi - first.value, second.value - second.lo),
    }
}

/// The difference of two independent estimates of one level, first minus second.
///
/// An estimate that lacks a limit has no difference; the reason is the more severe one of the two.
pub fn of_estimates(first: &Estimate, second: &Estimate) -> Estimate {
    let status = first.status.max(second.status);
    let level = if first.level == second.level { first.level } else { 0.0 };
    let (Some(a), Some(b)) = (first.interval(), second.interval()) else {
        let why = status.reason().unwrap_or(Reason::BeyondData);
        let refusal = if status > Status::NotEstimable(why) { status } else { Status::NotEstimable(why) };
        return Estimate::absent(MOVER, level, refusal).with_n(first.n + second.n);
    };
    if level == 0.0 {
        return Estimate::not_estimable(MOVER, level, Reason::InvalidParameter);
    }
    let se = first.se.zip(second.se).map_or(f64::NAN, |(a, b)| (a * a + b * b).sqrt());
    // An arm at the edge of its range does not put the difference at the edge of its own.
    let status = if matches!(status, Status::Boundary(_)) { Status::Ok } else { status };
    let flags = first.flags.iter().chain(&second.flags);
    let estimate = Estimate::between(MOVER, level, mover(a, b)).with_n(first.n + second.n).with_se(se);
    flags.fold(estimate.with_status(status), |estimate, flag| estimate.with_flag(*flag))
}

/// The ratio of two independent proportions, x₁/n₁ over x₂/n₂.
///
/// The standard error is that of its natural logarithm. Where one arm has no event, one half is added to every
/// count, in the value as in the limits; where neither has, there is no ratio.
pub fn ratio(x1: u64, n1: u64, x2: u64, n2: u64, level: f64) -> Estimate {
    let found = arms(x1, n1, x2, n2, level).and_then(|arms| match (x1, x2) {
        (0, 0) => Err(Reason::NoEvents),
        _ if x1 == n1 && x2 == n2 => Ok(certain_ratio(arms, level)),
        (0, _) | (_, 0) => Ok(log_ratio(WALTER, 0.5, [x1, n1, x2, n2], level).with_flag(Flag::HalfAdded)),
        _ => Ok(log_ratio(LOG_WALD, 0.0, [x1, n1, x2, n2], level)),
    });
    match found {
        Ok(estimate) => estimate.with_counts(x1, n1, x2, n2),
        Err(why) => Estimate::not_estimable(LOG_WALD, level, why).with_counts(x1, n1, x2, n2),
    }
}

/// The values and Wilson limits of both arms, or why there are none.
fn arms(x1: u64, n1: u64, x2: u64, n2: u64, level: f64) -> Result<(Interval, Interval), Reason> {
    let critical = critical(level).ok_or(Reason::InvalidParameter)?;
    if x1 > n1 || x2 > n2 {
        return Err(Reason::InconsistentCounts);
    }
    let arm = |x: u64, n: u64| wilson_interval(x as f64, n as f64, critical).ok_or(Reason::NoData);
    Ok((arm(x1, n1)?, arm(x2, n2)?))
}

fn log_ratio(method: &'static str, added: f64, counts: [u64; 4], level: f64) -> Estimate {
    let [x1, n1, x2, n2] = counts.map(|count| count as f64 + added);
    let spare = |x: u64, n: u64| (n - x) as f64;
    // 1/x − 1/n, written so that it is exactly zero only where x = n.
    let parts = [spare(counts[0], counts[1]) / x1 / n1, spare(counts[2], counts[3]) / x2 / n2];
    let se = (parts[0] + parts[1]).sqrt();
    let value = (x1 / n1) / (x2 / n2);
    let reach = libm::exp(critical(level).unwrap_or(f64::NAN) * se);
    Estimate::between(method, level, Interval { value, lo: value / reach, hi: value * reach }).with_se(se)
}

/// Both shares are one: the logarithm has no error left, but the arms still have Wilson's limits.
fn certain_ratio((first, second): (Interval, Interval), level: f64) -> Estimate {
    let interval = Interval { value: 1.0, lo: first.lo, hi: 1.0 / second.lo };
    Estimate::between(RATIO_OF_WILSON, level, interval).with_status(Status::Boundary(Reason::AllEvents))
}

impl Estimate {
    /// The totals of two arms, and whether they are enough to compare.
    pub(super) fn with_counts(self, x1: u64, n1: u64, x2: u64, n2: u64) -> Self {
        let (x, n) = (u128::from(x1) + u128::from(x2), u128::from(n1) + u128::from(n2));
        let rarer = x.min(n.saturating_sub(x));
        let status = if rarer < u128::from(FEWEST_EVENTS) {
            Status::InsufficientEvidence(Reason::FewEvents)
        } else {
            Status::Ok
        };
        self.with_n(n as f64).with_events(x as f64).with_status(status)
    }
}

/// The status of a difference of shares that cannot be larger.
pub(super) fn extreme(difference: f64) -> Status {
    if difference.abs() >= 1.0 { Status::Boundary(Reason::Extreme) } else { Status::Ok }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stats::checks::near;
    use crate::stats::{LEVEL_95, rate};

    #[track_caller]
    fn check(estimate: Estimate, lo: f64, hi: f64) {
        near(estimate.lo, lo, 5.1e-7);
        near(estimate.hi, hi, 5.1e-7);
    }

    #[test]
    fn newcombe_cases_a_to_h_agree_to_six_digits() {
        check(newcombe(56, 70, 48, 80, LEVEL_95), 0.052431, 0.333873);
        check(newcombe(9, 10, 3, 10, LEVEL_95), 0.170523, 0.809018);
        check(newcombe(6, 7, 2, 7, LEVEL_95), 0.058228, 0.806250);
        check(newcombe(5, 56, 0, 29, LEVEL_95), -0.038137, 0.192560);
        check(newcombe(0, 10, 0, 20, LEVEL_95), -0.161125, 0.277533);
        check(newcombe(0, 10, 0, 10, LEVEL_95), -0.277533, 0.277533);
        check(newcombe(10, 10, 0, 20, LEVEL_95), 0.679086, 1.0);
        check(newcombe(10, 10, 0, 10, LEVEL_95), 0.607509, 1.0);
    }

    #[test]
    fn ratios_agree_to_six_digits() {
        check(ratio(56, 70, 48, 80, LEVEL_95), 1.076626, 1.651249);
        check(ratio(15, 1000, 30, 1000, LEVEL_95), 0.270708, 0.923503);
        check(ratio(5, 56, 1, 29, LEVEL_95), 0.317174, 21.137948);
        check(ratio(0, 100, 5, 100, LEVEL_95), 0.005094, 1.622438);
    }

    #[test]
    fn the_estimator_of_a_ratio_is_named() {
        let (plain, halved) = (ratio(15, 1000, 30, 1000, LEVEL_95), ratio(0, 100, 5, 100, LEVEL_95));
        assert_eq!((plain.method, plain.status), (LOG_WALD, Status::Ok));
        assert_eq!((halved.method, halved.flags), (WALTER, vec![Flag::HalfAdded]));
    }

    #[test]
    fn a_ratio_of_certainties_is_not_certain() {
        let estimate = ratio(10, 10, 29, 29, LEVEL_95);
        near(estimate.lo, 0.72246720, 5.1e-9);
        near(estimate.hi, 1.0 / 0.88303020, 1e-8);
        assert_eq!(estimate.status, Status::InsufficientEvidence(Reason::FewEvents));
    }

    #[test]
    fn few_events_or_few_non_events_are_not_evidence() {
        let few = Status::InsufficientEvidence(Reason::FewEvents);
        assert_eq!(newcombe(5, 56, 0, 29, LEVEL_95).status, few);
        assert_eq!(newcombe(51, 56, 29, 29, LEVEL_95).status, few);
        assert_eq!(newcombe(5, 56, 5, 29, LEVEL_95).status, Status::Ok);
    }

    #[test]
    fn a_difference_that_cannot_be_larger_is_at_a_boundary() {
        let estimate = newcombe(10, 10, 0, 20, LEVEL_95);
        assert_eq!((estimate.hi, estimate.status), (Some(1.0), Status::Boundary(Reason::Extreme)));
    }

    #[test]
    fn an_empty_arm_or_impossible_counts_have_no_comparison() {
        assert_eq!(newcombe(0, 0, 3, 10, LEVEL_95).status, Status::NotEstimable(Reason::NoData));
        assert_eq!(ratio(0, 0, 3, 10, LEVEL_95).status, Status::NotEstimable(Reason::NoData));
        assert_eq!(ratio(0, 10, 0, 10, LEVEL_95).status, Status::NotEstimable(Reason::NoEvents));
        assert_eq!(newcombe(4, 3, 3, 10, LEVEL_95).status, Status::NotEstimable(Reason::InconsistentCounts));
        assert_eq!(newcombe(1, 3, 3, 10, 2.0).status, Status::NotEstimable(Reason::InvalidParameter));
    }

    #[test]
    fn any_two_estimates_can_be_subtracted() {
        let (first, second) = (rate::garwood(5, 1.0, LEVEL_95), rate::garwood(1, 1.0, LEVEL_95));
        let difference = of_estimates(&first, &second);
        near(difference.value, 4.0, 0.0);
        let (below, above) = (5.0 - 1.62348639, 5.571643391 - 1.0);
        near(difference.lo, 4.0 - f64::sqrt(below * below + above * above), 1e-8);
        let missing = of_estimates(&first, &rate::garwood(1, 0.0, LEVEL_95));
        assert_eq!(missing.status, Status::NotEstimable(Reason::NoExposure));
    }
}
