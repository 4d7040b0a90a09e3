//! One proportion: Wilson's score interval, and Goodman's simultaneous version for a mix of outcomes.
//!
//! Wilson's limits stay between 0 and 1 and keep their coverage where the usual ± does not: for few
//! observations and for rare events. Counts need not be whole, because a clustered sample is first shrunk to
//! its effective size. The observations count as independent here; see [`cluster`](super::cluster) for those
//! that are not.
//!
//! Sources: Wilson 1927, JASA 22:209; Newcombe 1998, Stat Med 17:857; Goodman 1965, Technometrics 7:247.

use super::estimate::{Estimate, Interval, critical, tail};
use super::special::normal;
use super::status::{Reason, Status};

/// The name of Wilson's interval.
pub const WILSON: &str = "wilson";
/// The name of Goodman's simultaneous interval.
pub const GOODMAN: &str = "goodman";

/// The share of `x` events among `n` independent observations, with Wilson's interval.
///
/// At 0 of n the lower limit is exactly 0, at n of n the upper exactly 1, and the status says so.
pub fn wilson(x: f64, n: f64, level: f64) -> Estimate {
    critical(level).ok_or(Reason::InvalidParameter).map_or_else(
        |why| Estimate::not_estimable(WILSON, level, why),
        |critical| of_counts(WILSON, x, n, level, critical),
    )
}

/// Wilson's limits for any critical value; nothing where `x` of `n` is no share.
pub fn wilson_interval(x: f64, n: f64, critical: f64) -> Option<Interval> {
    if !(n > 0.0 && n.is_finite() && (0.0..=n).contains(&x) && critical >= 0.0) {
        return None;
    }
    let (p, q) = (x / n, (n - x) / n);
    let weight = critical * critical / n;
    let root = weight.sqrt() * (weight + 4.0 * p * q).sqrt();
    // The lower limit is the product of both roots over the upper one: nothing cancels for rare events.
    let lo = if x == 0.0 { 0.0 } else { 2.0 * p * p / (2.0 * p + weight + root) };
    let hi = if x == n { 1.0 } else { (2.0 * p + weight + root) / (2.0 * (1.0 + weight)) };
    hi.is_finite().then_some(Interval { value: p, lo: lo.min(p), hi: hi.max(p).min(1.0) })
}

/// The shares of several outcomes that exclude each other, with limits that hold for all of them at once.
///
/// One estimate for each count, in the order given.
pub fn goodman(counts: &[u64], level: f64) -> Vec<Estimate> {
    let total: u128 = counts.iter().map(|x| u128::from(*x)).sum();
    let critical = tail(level).map(|tail| normal::upper_quantile(tail / counts.len().max(1) as f64));
    let share = |x: &u64| match critical {
        None => Estimate::not_estimable(GOODMAN, level, Reason::InvalidParameter),
        Some(critical) => of_counts(GOODMAN, *x as f64, total as f64, level, critical),
    };
    counts.iter().map(share).collect()
}

fn of_counts(method: &'static str, x: f64, n: f64, level: f64, critical: f64) -> Estimate {
    if n == 0.0 && x == 0.0 {
        return Estimate::not_estimable(method, level, Reason::NoData).with_events(0.0);
    }
    let Some(interval) = wilson_interval(x, n, critical) else {
        return Estimate::not_estimable(method, level, Reason::InconsistentCounts);
    };
    Estimate::between(method, level, interval)
        .with_n(n)
        .with_events(x)
        .with_se((interval.value * ((n - x) / n) / n).sqrt())
        .with_status(edge(x, n))
}

/// The status of a share that no longer has an event, or a non-event, to vary with.
pub(super) fn edge(x: f64, n: f64) -> Status {
    if x == 0.0 {
        Status::Boundary(Reason::NoEvents)
    } else if x == n {
        Status::Boundary(Reason::AllEvents)
    } else {
        Status::Ok
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stats::checks::near;
    use crate::stats::{LEVEL_95, LEVEL_998};

    #[track_caller]
    fn check(x: f64, n: f64, level: f64, lo: f64, hi: f64) {
        let estimate = wilson(x, n, level);
        near(estimate.lo, lo, 5.1e-9);
        near(estimate.hi, hi, 5.1e-9);
        near(estimate.value, x / n, 0.0);
    }

    #[test]
    fn worked_examples_agree_to_eight_digits() {
        check(81.0, 263.0, LEVEL_95, 0.25528852, 0.36620958);
        check(15.0, 148.0, LEVEL_95, 0.06238640, 0.16048724);
        check(0.0, 20.0, LEVEL_95, 0.0, 0.16112516);
        check(1.0, 29.0, LEVEL_95, 0.00611321, 0.17175522);
        check(65.0, 100.0, LEVEL_95, 0.55254443, 0.73635752);
        check(1045.0, 5000.0, LEVEL_95, 0.19795550, 0.22049130);
        check(0.445, 1.0, LEVEL_95, 0.04381745, 0.93346213);
        check(0.0, 1.0, LEVEL_95, 0.0, 0.79345069);
        check(1.0, 1.0, LEVEL_95, 0.20654931, 1.0);
        check(10.0, 10.0, LEVEL_95, 0.72246720, 1.0);
        check(29.0, 29.0, LEVEL_95, 0.88303020, 1.0);
    }

    #[test]
    fn worked_examples_agree_at_the_funnel_level() {
        check(65.0, 100.0, LEVEL_998, 0.49549466, 0.77835406);
        check(1045.0, 5000.0, LEVEL_998, 0.19179382, 0.22731563);
    }

    #[test]
    fn the_edges_are_exact_and_named() {
        let (none, all) = (wilson(0.0, 20.0, LEVEL_95), wilson(10.0, 10.0, LEVEL_95));
        assert_eq!((none.lo, none.status), (Some(0.0), Status::Boundary(Reason::NoEvents)));
        assert_eq!((all.hi, all.status), (Some(1.0), Status::Boundary(Reason::AllEvents)));
    }

    #[test]
    fn what_is_no_share_is_not_estimable() {
        assert_eq!(wilson(0.0, 0.0, LEVEL_95).status, Status::NotEstimable(Reason::NoData));
        for (x, n) in [(2.0, 1.0), (-1.0, 5.0), (1.0, f64::NAN), (f64::INFINITY, f64::INFINITY), (1.0, 0.0)] {
            assert_eq!(wilson(x, n, LEVEL_95).status, Status::NotEstimable(Reason::InconsistentCounts));
        }
        assert_eq!(wilson(1.0, 2.0, 1.0).status, Status::NotEstimable(Reason::InvalidParameter));
    }

    #[test]
    fn a_rare_event_keeps_the_digits_of_its_lower_limit() {
        let interval = wilson_interval(1.0, 1e15, 1.959963984540054).unwrap();
        near(interval.lo * 1e15, 0.176_524_554_935, 1e-11);
    }

    #[test]
    fn goodman_limits_of_a_mix_agree_to_eight_digits() {
        let mix = goodman(&[812, 61, 74, 41, 12], LEVEL_95);
        let expected = [
            (0.77815661, 0.84173050),
            (0.04424899, 0.08353806),
            (0.05537102, 0.09824465),
            (0.02764515, 0.06040554),
            (0.00580954, 0.02462344),
        ];
        for (share, (lo, hi)) in mix.iter().zip(expected) {
            near(share.lo, lo, 5.1e-9);
            near(share.hi, hi, 5.1e-9);
        }
    }

    #[derive(serde::Deserialize)]
    struct Fixture {
        cases: Vec<Case>,
    }

    #[derive(serde::Deserialize)]
    struct Case {
        counts: Vec<u64>,
        level: f64,
        limits: Vec<(f64, f64)>,
    }

    #[test]
    fn goodman_limits_of_random_mixes_agree() {
        let fixture: Fixture = serde_json::from_str(include_str!("fixtures/multinomial.json")).unwrap();
        assert!(fixture.cases.len() >= 30);
        for case in fixture.cases {
            for (share, (lo, hi)) in goodman(&case.counts, case.level).iter().zip(case.limits) {
                near(share.lo, lo, 1e-12);
                near(share.hi, hi, 1e-12);
            }
        }
    }

    #[test]
    fn a_mix_may_be_empty_or_hold_one_outcome() {
        assert!(goodman(&[], LEVEL_95).is_empty());
        assert_eq!(goodman(&[0, 0], LEVEL_95)[1].status, Status::NotEstimable(Reason::NoData));
        assert_eq!(goodman(&[7], LEVEL_95)[0].hi, Some(1.0));
        assert_eq!(goodman(&[u64::MAX, u64::MAX], LEVEL_95)[0].value, Some(0.5));
    }
}
