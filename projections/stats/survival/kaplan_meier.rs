//! Kaplan and Meier's share of units that have not left, its quantiles, and its mean up to a horizon.
//!
//! All causes count alike here: what is left after every one of them is left. The share of units that have left by
//! one of several causes is [`aalen_johansen`](super::aalen_johansen); one minus this estimate with the others as
//! censored is not, and overstates. Variances are Greenwood's, limits stay inside the possible range.
//!
//! Sources: Kaplan & Meier 1958, JASA 53:457; Greenwood 1926; Irwin 1949, J Hygiene 47:188, for the mean.

use super::{Exits, Row, Step, crossing, greenwood, log_log};
use crate::stats::estimate::{Estimate, Interval, critical};
use crate::stats::status::{Reason, Status};

/// The name of the interval of a share that is left.
pub const KAPLAN_MEIER: &str = "kaplan_meier";
/// The name of the interval of a time by which a share has left.
pub const KAPLAN_MEIER_QUANTILE: &str = "kaplan_meier_quantile";
/// The name of the interval of a mean up to a horizon.
pub const RESTRICTED_MEAN: &str = "restricted_mean";

/// The share of units that have not left by `at_ms`, with log-log limits.
///
/// Assumes that units last seen at a time are like those still seen. Where none or all have left there is one limit
/// only; beyond the last unit seen there is no estimate.
pub fn survival(exits: &Exits, at_ms: u64, level: f64) -> Estimate {
    let refuse = |why| Estimate::not_estimable(KAPLAN_MEIER, level, why);
    let Some(critical) = critical(level) else { return refuse(Reason::InvalidParameter) };
    if let Err(why) = exits.reach(at_ms) {
        return refuse(why);
    }
    let rows = exits.rows().take_while(|row| row.at_ms <= at_ms);
    let left = rows.fold(Left::ALL, |left, row| left.after(&row));
    let status = match left.share {
        1.0 => Status::Boundary(Reason::NoEvents),
        0.0 => Status::Boundary(Reason::AllEvents),
        _ => Status::Ok,
    };
    let (lo, hi) = left.limits(critical);
    Estimate::alone(KAPLAN_MEIER, level, left.share, status)
        .with_limits(lo, hi)
        .with_se(left.se().unwrap_or(f64::NAN))
        .with_n(exits.n() as f64)
        .with_events(left.exits as f64)
}

/// The share that has not left, at every time at which a unit left.
///
/// # Errors
/// Says why where there is no unit or `level` is no level.
pub fn curve(exits: &Exits, level: f64) -> Result<Vec<Step>, Reason> {
    let critical = critical(level).ok_or(Reason::InvalidParameter)?;
    if exits.n() == 0 { Err(Reason::NoData) } else { Ok(steps(exits, critical).collect()) }
}

/// The first time in milliseconds by which a share `q` of the units has left, with the limits of the curve carried over.
///
/// A share that was never reached has no value, though perhaps a lower limit.
pub fn quantile(exits: &Exits, q: f64, level: f64) -> Estimate {
    let refuse = |why| Estimate::not_estimable(KAPLAN_MEIER_QUANTILE, level, why);
    let Some(critical) = critical(level) else { return refuse(Reason::InvalidParameter) };
    if exits.n() == 0 {
        return refuse(Reason::NoData);
    }
    let gone = |share: f64| 1.0 - share;
    let steps = steps(exits, critical).map(|step| Step {
        value: gone(step.value),
        lo: step.hi.map(gone),
        hi: step.lo.map(gone),
        ..step
    });
    crossing::quantile(KAPLAN_MEIER_QUANTILE, steps, q, level).with_n(exits.n() as f64)
}

/// The mean time in milliseconds that a unit stays, counted up to `tau_ms`, with normal limits between 0 and `tau_ms`.
///
/// Its variance is Σ A(t)² d/(n(n − d)) over the exits before `tau_ms`, with A(t) the area below the curve from then on.
pub fn restricted_mean(exits: &Exits, tau_ms: u64, level: f64) -> Estimate {
    let refuse = |why| Estimate::not_estimable(RESTRICTED_MEAN, level, why);
    let Some(critical) = critical(level) else { return refuse(Reason::InvalidParameter) };
    if let Err(why) = exits.reach(tau_ms) {
        return refuse(why);
    }
    let area = Area::until(exits, tau_ms);
    let (value, se, tau) = (area.value, area.variance.sqrt(), tau_ms as f64);
    let estimate = if area.exits == 0 {
        let whole = Estimate::alone(RESTRICTED_MEAN, level, tau, Status::Boundary(Reason::NoEvents));
        whole.with_limits(None, Some(tau))
    } else if se > 0.0 {
        let interval = Interval { value, lo: value - critical * se, hi: value + critical * se };
        Estimate::between(RESTRICTED_MEAN, level, interval).clipped(0.0, tau).with_se(se)
    } else {
        Estimate::alone(RESTRICTED_MEAN, level, value, Status::NotEstimable(Reason::NoVariation))
    };
    estimate.with_n(exits.n() as f64).with_events(area.exits as f64)
}

fn steps(exits: &Exits, critical: f64) -> impl Iterator<Item = Step> {
    let left = exits.rows().scan(Left::ALL, |left, row| {
        *left = left.after(&row);
        Some((row, *left))
    });
    left.filter(|(row, _)| row.exits() > 0).map(move |(row, left)| {
        let (lo, hi) = left.limits(critical);
        Step { at_ms: row.at_ms, value: left.share, lo, hi, at_risk: row.at_risk }
    })
}

/// The share left after some time, and Greenwood's sum, which is the variance of its logarithm.
#[derive(Clone, Copy)]
struct Left {
    share: f64,
    greenwood: f64,
    exits: u64,
}

impl Left {
    const ALL: Self = Self { share: 1.0, greenwood: 0.0, exits: 0 };

    fn after(self, row: &Row<'_>) -> Self {
        let exits = row.exits();
        Self {
            share: self.share * ((row.at_risk - exits) as f64 / row.at_risk as f64),
            greenwood: self.greenwood + greenwood(row.at_risk, exits),
            exits: self.exits + exits,
        }
    }

    fn limits(&self, critical: f64) -> (Option<f64>, Option<f64>) {
        match log_log::of_survival(self.share, self.greenwood.sqrt(), critical) {
            Some((lo, hi)) => (Some(lo.min(self.share)), Some(hi.max(self.share))),
            None => ((self.share == 0.0).then_some(0.0), (self.share == 1.0).then_some(1.0)),
        }
    }

    fn se(&self) -> Option<f64> {
        let inside = self.share > 0.0 && self.share < 1.0;
        inside.then(|| self.share * self.greenwood.sqrt())
    }
}

/// The area below the curve until some time, and its variance.
///
/// As the area grows by δ, every A(t) of the variance does. Their squares follow from their sum and their weights,
/// all of them positive, so that nothing cancels and no second pass is needed.
#[derive(Default)]
struct Area {
    value: f64,
    exits: u64,
    weights: f64,
    sum: f64,
    variance: f64,
}

impl Area {
    fn until(exits: &Exits, tau_ms: u64) -> Self {
        let (mut area, mut left, mut last_ms) = (Self::default(), Left::ALL, 0);
        for row in exits.rows().take_while(|row| row.at_ms < tau_ms) {
            area.grow(left.share * (row.at_ms - last_ms) as f64);
            area.weights += greenwood(row.at_risk, row.exits());
            (left, last_ms) = (left.after(&row), row.at_ms);
        }
        area.grow(left.share * (tau_ms - last_ms) as f64);
        Self { exits: left.exits, ..area }
    }

    fn grow(&mut self, by: f64) {
        self.value += by;
        self.variance += by * (2.0 * self.sum + by * self.weights);
        self.sum += by * self.weights;
    }
}

#[cfg(test)]
mod tests {
    use super::super::samples::{consultations, exits, placebo, treated};
    use super::*;
    use crate::stats::LEVEL_95;
    use crate::stats::checks::near;

    #[test]
    fn remission_under_treatment_agrees_to_eight_digits() {
        for (week, share, se) in [
            (6, 0.85714286, 0.076360355),
            (10, 0.75294118, 0.096349653),
            (16, 0.62745098, 0.114053865),
            (23, 0.44817927, 0.134591457),
        ] {
            let left = survival(&treated(), week, LEVEL_95);
            near(left.value, share, 5.1e-9);
            near(left.se, se, 5.1e-10);
        }
        let left = survival(&treated(), 22, LEVEL_95);
        near(left.value, 0.5378, 5.1e-5);
        near(left.se, 0.12823, 5.1e-6);
    }

    #[test]
    fn log_log_limits_agree_to_eight_digits() {
        let (early, late) = (survival(&treated(), 6, LEVEL_95), survival(&treated(), 23, LEVEL_95));
        near(early.lo, 0.61971796, 5.1e-9);
        near(early.hi, 0.95155175, 5.1e-9);
        near(late.lo, 0.18805201, 5.1e-9);
        near(late.hi, 0.68014263, 5.1e-9);
        assert_eq!((late.n, late.events, late.status), (21.0, Some(9.0), Status::Ok));
    }

    #[test]
    fn the_median_is_the_first_week_at_which_half_have_left() {
        assert_eq!(quantile(&treated(), 0.5, LEVEL_95).value, Some(23.0));
        assert_eq!(quantile(&placebo(), 0.5, LEVEL_95).value, Some(8.0));
        // Half of four have left at 2; the curve is flat until 5, and nothing is averaged.
        assert_eq!(quantile(&exits(1, &[(1, 1), (2, 1), (5, 1), (9, 1)]), 0.5, LEVEL_95).value, Some(2.0));
        let open = quantile(&treated(), 0.9, LEVEL_95);
        assert_eq!((open.value, open.status), (None, Status::Boundary(Reason::NotReached)));
    }

    #[test]
    fn restricted_means_agree_to_eight_digits() {
        for (exits, weeks, mean, se) in [
            (treated(), 20, 16.11652661, 1.25156020),
            (placebo(), 20, 8.42857143, 1.26808268),
            (treated(), 23, 17.90924370, 1.55318998),
            (placebo(), 23, 8.66666667, 1.37739004),
        ] {
            let stay = restricted_mean(&exits, weeks, LEVEL_95);
            near(stay.value, mean, 5.1e-10);
            near(stay.se, se, 5.1e-9);
        }
        let [a, b] = consultations().map(|exits| restricted_mean(&exits, 20, LEVEL_95));
        near(a.value, 13.84375, 1e-14);
        near(b.value, 10.45, 1e-14);
    }

    #[test]
    fn the_curve_steps_where_units_leave_and_ends_in_the_estimate() {
        let steps = curve(&treated(), LEVEL_95).unwrap();
        let weeks: Vec<u64> = steps.iter().map(|step| step.at_ms).collect();
        assert_eq!(weeks, [6, 7, 10, 13, 16, 22, 23]);
        let (last, left) = (steps[6], survival(&treated(), 30, LEVEL_95));
        assert_eq!((Some(last.value), last.lo, last.hi, last.at_risk), (left.value, left.lo, left.hi, 6));
        assert_eq!(curve(&exits(1, &[]), LEVEL_95), Err(Reason::NoData));
        assert_eq!(curve(&treated(), 1.0), Err(Reason::InvalidParameter));
    }

    #[test]
    fn the_edges_have_the_limit_that_is_known() {
        let none = survival(&treated(), 5, LEVEL_95);
        assert_eq!((none.value, none.lo, none.hi, none.se), (Some(1.0), None, Some(1.0), None));
        assert_eq!(none.status, Status::Boundary(Reason::NoEvents));
        let all = survival(&placebo(), 99, LEVEL_95);
        assert_eq!((all.value, all.lo, all.hi), (Some(0.0), Some(0.0), None));
        assert_eq!(all.status, Status::Boundary(Reason::AllEvents));
        let whole = restricted_mean(&treated(), 6, LEVEL_95);
        assert_eq!((whole.value, whole.lo, whole.hi), (Some(6.0), None, Some(6.0)));
        let alike = restricted_mean(&exits(1, &[(4, 1), (4, 1)]), 9, LEVEL_95);
        assert_eq!((alike.value, alike.status), (Some(4.0), Status::NotEstimable(Reason::NoVariation)));
    }

    #[test]
    fn beyond_the_last_unit_seen_there_is_no_estimate() {
        let beyond = Status::NotEstimable(Reason::BeyondFollowUp);
        assert_eq!(survival(&treated(), 36, LEVEL_95).status, beyond);
        assert_eq!(restricted_mean(&treated(), 36, LEVEL_95).status, beyond);
        assert_eq!(survival(&treated(), 6, 0.0).status, Status::NotEstimable(Reason::InvalidParameter));
        assert_eq!(survival(&exits(1, &[]), 6, LEVEL_95).status, Status::NotEstimable(Reason::NoData));
    }
}
