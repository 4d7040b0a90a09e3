//! Aalen and Johansen's cumulative incidence: the share of units that have left by one cause, others competing.
//!
//! It answers "how many consultations have dropped by minute t", where those that completed can no longer drop.
//! Without censoring it is the plain share. Its variance is that of the delta method, equal to the infinitesimal
//! jackknife; it follows the curve in one pass, whatever the number of times. The share is of all units that began,
//! so it describes a platform in use, not the hazard of the cause.
//!
//! Sources: Aalen & Johansen 1978, Scand J Stat 5:141; Andersen et al. 1993, section IV.4, for the variance.

use super::{Exits, Row, Step, crossing, greenwood, log_log};
use crate::stats::estimate::{Estimate, critical};
use crate::stats::status::{Reason, Status};

/// The name of the interval of a cumulative incidence.
pub const AALEN_JOHANSEN: &str = "aalen_johansen";
/// The name of the interval of a time by which a share has left by one cause.
pub const AALEN_JOHANSEN_QUANTILE: &str = "aalen_johansen_quantile";

/// The share of units that have left by `cause` until `at_ms`, with complementary log-log limits.
///
/// Assumes that units last seen at a time are like those still seen. Without an event the upper limit is absent;
/// beyond the last unit seen there is no estimate.
pub fn incidence(exits: &Exits, cause: usize, at_ms: u64, level: f64) -> Estimate {
    let refuse = |why| Estimate::not_estimable(AALEN_JOHANSEN, level, why);
    let Some(critical) = critical(level) else { return refuse(Reason::InvalidParameter) };
    if let Err(why) = exits.reach_by(cause, at_ms) {
        return refuse(why);
    }
    let rows = exits.rows().take_while(|row| row.at_ms <= at_ms);
    let gone = rows.fold(Gone::NONE, |gone, row| gone.after(&row, cause));
    let (lo, hi) = gone.limits(critical);
    let status = match gone.share() {
        0.0 => Status::Boundary(Reason::NoEvents),
        1.0 => Status::Boundary(Reason::AllEvents),
        _ if lo.is_none() => Status::NotEstimable(Reason::NoVariation),
        _ => Status::Ok,
    };
    Estimate::alone(AALEN_JOHANSEN, level, gone.share(), status)
        .with_limits(lo, hi)
        .with_se(gone.se().unwrap_or(f64::NAN))
        .with_n(exits.n() as f64)
        .with_events(gone.events as f64)
}

/// The share that has left by `cause`, at every time at which a unit left, whatever its cause.
///
/// # Errors
/// Says why where there is no unit, no such cause, or `level` is no level.
pub fn curve(exits: &Exits, cause: usize, level: f64) -> Result<Vec<Step>, Reason> {
    let critical = critical(level).ok_or(Reason::InvalidParameter)?;
    exits.reach_by(cause, 0)?;
    Ok(steps(exits, cause, critical).collect())
}

/// The first time in milliseconds by which a share `q` of all units has left by `cause`, with the curve's limits carried over.
///
/// Causes that compete may keep the share from ever being reached; then there is no value.
pub fn quantile(exits: &Exits, cause: usize, q: f64, level: f64) -> Estimate {
    let refuse = |why| Estimate::not_estimable(AALEN_JOHANSEN_QUANTILE, level, why);
    let Some(critical) = critical(level) else { return refuse(Reason::InvalidParameter) };
    if let Err(why) = exits.reach_by(cause, 0) {
        return refuse(why);
    }
    let steps = steps(exits, cause, critical);
    crossing::quantile(AALEN_JOHANSEN_QUANTILE, steps, q, level).with_n(exits.n() as f64)
}

fn steps(exits: &Exits, cause: usize, critical: f64) -> impl Iterator<Item = Step> {
    let gone = exits.rows().scan(Gone::NONE, move |gone, row| {
        *gone = gone.after(&row, cause);
        Some((row, *gone))
    });
    gone.filter(|(row, _)| row.exits() > 0).map(move |(row, gone)| {
        let (lo, hi) = gone.limits(critical);
        Step { at_ms: row.at_ms, value: gone.share(), lo, hi, at_risk: row.at_risk }
    })
}

/// The share gone by one cause until some time, and the parts of its variance.
///
/// The variance sums over earlier times u the terms a[F(t) − F(u)]² + b − 2c[F(t) − F(u)]. As F grows by δ all those
/// differences do, and their weighted sums follow from sums already held; expanding the square instead would take
/// the difference of numbers that are nearly equal once few units are left.
#[derive(Clone, Copy)]
struct Gone {
    left: f64,
    incidence: f64,
    events: u64,
    others: u64,
    /// Σa, Σa[F(t) − F(u)] and Σa[F(t) − F(u)]².
    squares: [f64; 3],
    /// Σb.
    own: f64,
    /// Σc and Σc[F(t) − F(u)].
    cross: [f64; 2],
}

impl Gone {
    const NONE: Self = Self {
        left: 1.0,
        incidence: 0.0,
        events: 0,
        others: 0,
        squares: [0.0; 3],
        own: 0.0,
        cross: [0.0; 2],
    };

    fn after(mut self, row: &Row<'_>, cause: usize) -> Self {
        let (exits, events) = (row.exits(), row.by(cause));
        let (n, by_cause) = (row.at_risk as f64, events as f64);
        let left_over_n = self.left / n;
        let by = left_over_n * by_cause;
        let [a, sum, square] = self.squares;
        let [c, cross] = self.cross;
        self.squares = [a + greenwood(row.at_risk, exits), sum + by * a, square + by * (2.0 * sum + by * a)];
        self.cross = [c + by / n, cross + by * c];
        self.own += left_over_n * left_over_n * by_cause * ((n - by_cause) / n);
        self.incidence += by;
        self.left *= (row.at_risk - exits) as f64 / n;
        self.events += events;
        self.others += exits - events;
        self
    }

    /// Exactly 0 and 1 where no unit, or every one, has left by the cause.
    fn share(&self) -> f64 {
        if self.events > 0 && self.others == 0 && self.left == 0.0 { 1.0 } else { self.incidence.min(1.0) }
    }

    fn se(&self) -> Option<f64> {
        let variance = self.squares[2] + self.own - 2.0 * self.cross[1];
        let inside = self.events > 0 && self.share() < 1.0;
        (inside && variance > 0.0).then(|| variance.sqrt())
    }

    fn limits(&self, critical: f64) -> (Option<f64>, Option<f64>) {
        let share = self.share();
        match self.se().and_then(|se| log_log::of_incidence(share, se, critical)) {
            Some((lo, hi)) => (Some(lo.min(share)), Some(hi.max(share))),
            None => ((share == 0.0).then_some(0.0), (share == 1.0).then_some(1.0)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::samples::{consultations, exits, placebo, treated};
    use super::super::{End, kaplan_meier};
    use super::*;
    use crate::stats::LEVEL_95;
    use crate::stats::checks::near;

    const DROPPED: usize = 0;
    const COMPLETED: usize = 1;

    #[track_caller]
    fn check(exits: &Exits, cause: usize, at_ms: u64, value: f64, se: f64) {
        let share = incidence(exits, cause, at_ms, LEVEL_95);
        near(share.value, value, 5.1e-10);
        near(share.se, se, 5.1e-10);
    }

    #[test]
    fn shares_dropped_and_completed_agree_to_nine_digits() {
        let [a, b] = consultations();
        check(&a, DROPPED, 20, 0.260416667, 0.130017221);
        check(&b, DROPPED, 20, 0.433333333, 0.147635688);
        check(&a, COMPLETED, 20, 0.458333333, 0.150471866);
        check(&b, COMPLETED, 20, 0.466666667, 0.150800334);
        near(incidence(&a, DROPPED, 10, LEVEL_95).value, 0.166666667, 5.1e-10);
        near(incidence(&b, DROPPED, 10, LEVEL_95).value, 0.333333333, 5.1e-10);
    }

    #[test]
    fn complementary_log_log_limits_agree_to_nine_digits() {
        let share = incidence(&consultations()[0], DROPPED, 12, LEVEL_95);
        near(share.lo, 0.0917810323, 5.1e-11);
        near(share.hi, 0.611436826, 5.1e-10);
        assert_eq!((share.n, share.events, share.status), (12.0, Some(3.0), Status::Ok));
    }

    #[test]
    fn a_single_cause_is_the_complement_of_what_is_left() {
        for week in [6, 13, 23, 30] {
            let gone = incidence(&treated(), 0, week, LEVEL_95);
            let left = kaplan_meier::survival(&treated(), week, LEVEL_95);
            near(gone.value, 1.0 - left.value.unwrap(), 1e-14);
            near(gone.se, left.se.unwrap(), 1e-14);
            near(gone.lo, 1.0 - left.hi.unwrap(), 1e-13);
            near(gone.hi, 1.0 - left.lo.unwrap(), 1e-13);
        }
    }

    #[test]
    fn completion_as_censoring_would_overstate_drops() {
        for (exits, overstated) in consultations().iter().zip([0.270833333, 0.475]) {
            let net = exits.cells().map(|(at_ms, end, count)| match end {
                End::Cause(DROPPED) => (at_ms, end, count),
                _ => (at_ms, End::Censored, count),
            });
            let net = Exits::new(1, net).unwrap();
            let left = kaplan_meier::survival(&net, 20, LEVEL_95).value.unwrap();
            near(1.0 - left, overstated, 5.1e-10);
            assert!(incidence(exits, DROPPED, 20, LEVEL_95).value.unwrap() < overstated);
        }
    }

    #[test]
    fn the_quantile_is_a_time_that_occurred_or_none() {
        let [a, b] = consultations();
        assert_eq!(quantile(&b, DROPPED, 0.25, LEVEL_95).value, Some(4.0));
        assert_eq!(quantile(&a, COMPLETED, 0.5, LEVEL_95).value, Some(25.0));
        let never = quantile(&a, DROPPED, 0.5, LEVEL_95);
        assert_eq!((never.value, never.status), (None, Status::Boundary(Reason::NotReached)));
    }

    #[test]
    fn the_curve_agrees_with_the_estimate_at_each_of_its_steps() {
        let [a, _] = consultations();
        let steps = curve(&a, DROPPED, LEVEL_95).unwrap();
        assert_eq!(steps.len(), 8);
        for step in steps {
            let share = incidence(&a, DROPPED, step.at_ms, LEVEL_95);
            assert_eq!((share.value, share.lo, share.hi), (Some(step.value), step.lo, step.hi));
        }
        assert_eq!(curve(&a, 2, LEVEL_95), Err(Reason::InvalidParameter));
    }

    #[test]
    fn the_edges_are_exact_and_named() {
        let none = incidence(&consultations()[0], DROPPED, 1, LEVEL_95);
        assert_eq!((none.value, none.lo, none.hi), (Some(0.0), Some(0.0), None));
        assert_eq!(none.status, Status::Boundary(Reason::NoEvents));
        let all = incidence(&placebo(), 0, 23, LEVEL_95);
        assert_eq!((all.value, all.lo, all.hi), (Some(1.0), None, Some(1.0)));
        assert_eq!(all.status, Status::Boundary(Reason::AllEvents));
        // The last unit leaves by another cause: the share stays below one, and has limits.
        let shared = incidence(&exits(2, &[(1, 1), (1, 1), (2, 2)]), 0, 2, LEVEL_95);
        assert_eq!(shared.status, Status::Ok);
    }

    #[test]
    fn beyond_the_last_unit_seen_and_without_the_cause_there_is_no_estimate() {
        let status = |exits: &Exits, cause, at_ms| incidence(exits, cause, at_ms, LEVEL_95).status;
        assert_eq!(status(&treated(), 0, 36), Status::NotEstimable(Reason::BeyondFollowUp));
        assert_eq!(status(&treated(), 1, 6), Status::NotEstimable(Reason::InvalidParameter));
        assert_eq!(status(&exits(1, &[]), 0, 6), Status::NotEstimable(Reason::NoData));
    }
}
