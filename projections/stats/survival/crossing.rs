//! When a rising share reaches a given one: the quantile of a curve of exits.
//!
//! It is the first time at which the share is reached, inf{t: F(t) ≥ q}, always a time that occurred; where the
//! curve runs flat exactly at the share, nothing is averaged. Its limits are the times at which the curve's upper
//! and lower limit reach the share. A curve that never gets there has no quantile, though perhaps a lower limit.
//!
//! Source: Brookmeyer & Crowley 1982, Biometrics 38:29.

use super::Step;
use crate::stats::estimate::Estimate;
use crate::stats::status::{Reason, Status};

/// How far below the share a curve may stay and still count as having reached it: the rounding of its sums.
const SLACK: f64 = 1e-12;

/// The first time at which the share of `steps` reaches `q`, between the times at which its limits do.
pub(super) fn quantile(
    method: &'static str,
    steps: impl Iterator<Item = Step>,
    q: f64,
    level: f64,
) -> Estimate {
    if !(q > 0.0 && q < 1.0) {
        return Estimate::not_estimable(method, level, Reason::InvalidParameter);
    }
    let (mut value, mut lo, mut hi) = (None, None, None);
    for step in steps {
        let reached =
            |share: Option<f64>| share.is_some_and(|share| share + SLACK >= q).then_some(step.at_ms as f64);
        value = value.or_else(|| reached(Some(step.value)));
        lo = lo.or_else(|| reached(step.hi.or(Some(step.value))));
        hi = hi.or_else(|| reached(step.lo));
        if hi.is_some() {
            break;
        }
    }
    let status = match (value, hi) {
        (None, _) => Status::Boundary(Reason::NotReached),
        (_, None) => Status::Boundary(Reason::BeyondData),
        _ => Status::Ok,
    };
    Estimate::absent(method, level, status).with_value(value.unwrap_or(f64::NAN)).with_limits(lo, hi)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stats::LEVEL_95;

    fn step(at_ms: u64, lo: f64, value: f64, hi: f64) -> Step {
        Step { at_ms, value, lo: Some(lo), hi: Some(hi), at_risk: 1 }
    }

    fn of(steps: &[Step], q: f64) -> Estimate {
        quantile("test", steps.iter().copied(), q, LEVEL_95)
    }

    #[test]
    fn the_limits_are_where_the_limits_of_the_curve_cross() {
        let steps = [step(10, 0.1, 0.2, 0.5), step(20, 0.3, 0.5, 0.7), step(30, 0.5, 0.8, 0.9)];
        let median = of(&steps, 0.5);
        assert_eq!((median.lo, median.value, median.hi), (Some(10.0), Some(20.0), Some(30.0)));
        assert_eq!(median.status, Status::Ok);
    }

    #[test]
    fn a_share_missed_by_rounding_is_reached() {
        let sum = 0.1 + 0.1 + 0.1 + 0.1 + 0.1 + 0.1 + 0.1 + 0.1;
        assert!(sum < 0.8);
        assert_eq!(of(&[step(10, 0.1, sum, 0.9)], 0.8).value, Some(10.0));
    }

    #[test]
    fn a_share_that_is_never_reached_has_no_time() {
        let steps = [step(10, 0.1, 0.2, 0.3), step(20, 0.2, 0.4, 0.6)];
        let median = of(&steps, 0.5);
        assert_eq!((median.value, median.lo, median.hi), (None, Some(20.0), None));
        assert_eq!(median.status, Status::Boundary(Reason::NotReached));
        assert_eq!(of(&steps, 0.4).status, Status::Boundary(Reason::BeyondData));
        assert_eq!(of(&[], 0.5).status, Status::Boundary(Reason::NotReached));
        for q in [0.0, 1.0, f64::NAN] {
            assert_eq!(of(&steps, q).status, Status::NotEstimable(Reason::InvalidParameter));
        }
    }
}
