//! How often something happens to a unit on average, when it may happen again and again.
//!
//! The mean cumulative function counts events per unit still at risk: drops per consultation while connected. Ghosh
//! and Lin's mean counts per unit that began, where those that ended can have no further event; without censoring it
//! is the plain mean. Drops of one call hang together, so the variance is the robust one over units; Poisson's is
//! given to show how much that matters. It needs the events of each unit, not only their sums.
//!
//! Sources: Nelson 2003, Recurrent Events Data Analysis; Lawless & Nadeau 1995, Technometrics 37:158;
//! Ghosh & Lin 2000, Biometrics 56:554.

pub mod clustered;

use super::{End, Step};
use crate::stats::estimate::{Estimate, Interval, critical};
use crate::stats::status::{Flag, Reason, Status};

/// The name of the interval of a mean cumulative function, robust over units.
pub const MEAN_CUMULATIVE: &str = "mean_cumulative_robust";
/// The name of its interval if events were independent.
pub const MEAN_CUMULATIVE_POISSON: &str = "mean_cumulative_poisson";
/// The name of the interval of a mean number of events where units end.
pub const GHOSH_LIN: &str = "ghosh_lin";

/// One unit: when its events happened, and how and when its observation ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Unit<'a> {
    /// When its observation ended, in milliseconds.
    pub end_ms: u64,
    /// Whether it ended by any cause, after which nothing can happen, or was last seen.
    pub end: End,
    /// The times of its events in ascending order, none after its end.
    pub events_ms: &'a [u64],
}

/// Events per unit still at risk, summed up to `at_ms`, with limits on the scale of the logarithm.
///
/// The variance is that of independent units, whatever the course of events within each of them. Assumes that when a
/// unit ends says nothing of the events it would have had. Beyond the last end there is no estimate.
pub fn mean_cumulative(units: &[Unit<'_>], at_ms: u64, level: f64) -> Estimate {
    reading(MEAN_CUMULATIVE, &endless(units), at_ms, level, |mean| mean.robust())
}

/// The same with the variance ΣdN/Y² of independent events, for comparison.
pub fn mean_cumulative_poisson(units: &[Unit<'_>], at_ms: u64, level: f64) -> Estimate {
    reading(MEAN_CUMULATIVE_POISSON, &endless(units), at_ms, level, |mean| mean.poisson)
        .with_flag(Flag::AssumedIndependence)
}

/// Events per unit that began, up to `at_ms`, where units that ended have no more; robust limits on the scale of the logarithm.
///
/// Assumes that units last seen are like those still seen. It is the mean over all units of their events by `at_ms`,
/// whether they were cut short or not, and so falls where a platform ends consultations early.
pub fn ghosh_lin(units: &[Unit<'_>], at_ms: u64, level: f64) -> Estimate {
    reading(GHOSH_LIN, units, at_ms, level, |mean| mean.robust())
}

/// The mean cumulative function at every time of an event, with robust limits.
///
/// # Errors
/// Says why where there is no unit, an event after its unit's end or out of order, or `level` is no level.
pub fn mean_cumulative_curve(units: &[Unit<'_>], level: f64) -> Result<Vec<Step>, Reason> {
    ghosh_lin_curve(&endless(units), level)
}

/// Ghosh and Lin's mean at every time of an event, with robust limits.
///
/// # Errors
/// As for [`mean_cumulative_curve`].
pub fn ghosh_lin_curve(units: &[Unit<'_>], level: f64) -> Result<Vec<Step>, Reason> {
    let critical = critical(level).ok_or(Reason::InvalidParameter)?;
    let mut steps = Vec::new();
    walk(units, u64::MAX, |at_ms, at_risk, mean| {
        let limits = limits(mean.value, mean.robust(), critical);
        steps.push(Step {
            at_ms,
            value: mean.value,
            lo: limits.map(|x| x.0),
            hi: limits.map(|x| x.1),
            at_risk,
        });
    })?;
    Ok(steps)
}

/// The same units as if every end were the end of observation only.
fn endless<'a>(units: &[Unit<'a>]) -> Vec<Unit<'a>> {
    units.iter().map(|unit| Unit { end: End::Censored, ..*unit }).collect()
}

fn reading(
    method: &'static str,
    units: &[Unit<'_>],
    at_ms: u64,
    level: f64,
    variance: fn(&Mean) -> f64,
) -> Estimate {
    let refuse = |why| Estimate::not_estimable(method, level, why);
    let Some(critical) = critical(level) else { return refuse(Reason::InvalidParameter) };
    let mean = match walk(units, at_ms, |_, _, _| ()) {
        Ok(mean) if mean.reaches(at_ms) => mean,
        Ok(_) => return refuse(Reason::BeyondFollowUp),
        Err(why) => return refuse(why),
    };
    let (value, variance) = (mean.value, variance(&mean));
    let estimate = match limits(value, variance, critical) {
        Some((lo, hi)) => {
            Estimate::between(method, level, Interval { value, lo, hi }).with_se(variance.sqrt())
        }
        None if mean.events == 0 => Estimate::alone(method, level, 0.0, Status::Boundary(Reason::NoEvents))
            .with_limits(Some(0.0), None),
        None if units.len() == 1 => {
            Estimate::alone(method, level, value, Status::NotEstimable(Reason::OneObservation))
        }
        None => Estimate::alone(method, level, value, Status::NotEstimable(Reason::NoVariation)),
    };
    estimate.with_n(units.len() as f64).with_events(mean.events as f64)
}

/// Limits M·exp(±z·SE/M); nothing where there is no event or no variation.
fn limits(value: f64, variance: f64, critical: f64) -> Option<(f64, f64)> {
    let reach = libm::exp(critical * variance.sqrt() / value);
    (value > 0.0 && variance > 0.0 && reach.is_finite()).then(|| (value / reach, value * reach))
}

/// Follows the mean up to `until_ms`, and shows it at every time of an event with the units then at risk.
fn walk(units: &[Unit<'_>], until_ms: u64, mut show: impl FnMut(u64, u64, &Mean)) -> Result<Mean, Reason> {
    let sound = |unit: &Unit<'_>| {
        unit.events_ms.is_sorted() && unit.events_ms.last().is_none_or(|last| *last <= unit.end_ms)
    };
    if units.is_empty() {
        return Err(Reason::NoData);
    }
    if !units.iter().all(sound) {
        return Err(Reason::InconsistentCounts);
    }
    // In an order of their own, so that the order they came in does not show in any sum.
    let mut units = units.to_vec();
    units.sort_unstable();
    let all: usize = units.iter().map(|unit| unit.events_ms.len()).sum();
    let mut events: Vec<(u64, usize)> = Vec::with_capacity(all);
    for (i, unit) in units.iter().enumerate() {
        events.extend(unit.events_ms.iter().map(|at_ms| (*at_ms, i)));
    }
    events.sort_unstable();
    let mut mean = Mean::start(&units);
    let (mut events, mut ends) = (&events[..], &units[..]);
    let next = |events: &[(u64, usize)], ends: &[Unit<'_>]| {
        let first =
            events.first().map(|event| event.0).into_iter().chain(ends.first().map(|unit| unit.end_ms));
        first.min().filter(|at_ms| *at_ms <= until_ms)
    };
    while let Some(now) = next(events, ends) {
        let (happened, later) = events.split_at(events.partition_point(|event| event.0 <= now));
        let (ended, staying) = ends.split_at(ends.partition_point(|unit| unit.end_ms <= now));
        if !happened.is_empty() {
            mean.count(happened);
            show(now, mean.at_risk, &mean);
        }
        mean.end(ended);
        (events, ends) = (later, staying);
    }
    Ok(mean)
}

/// The mean up to some time, and how much each unit contributes to its error.
///
/// Every unit i has an influence φᵢ on the mean, and the robust variance is Σφᵢ². Those still at risk share most of
/// theirs: φᵢ = aᵢ + `shared`, with aᵢ from their own events. Those that ended have a φᵢ that moves with the mean by a
/// slope of their own, so that only sums over them are kept.
struct Mean {
    value: f64,
    events: u64,
    poisson: f64,
    last_ms: u64,
    /// The share of units that have not ended by a cause.
    left: f64,
    at_risk: u64,
    /// Units in order of their end, and how many of them have ended.
    own: Vec<f64>,
    ended: usize,
    /// The sums of aᵢ and of its square over units at risk.
    own_sums: [f64; 2],
    shared: f64,
    /// How `shared` moves as the mean grows.
    slope: f64,
    /// The sums of squared slopes, slope times influence and squared influence of units that have ended.
    sums: [f64; 3],
}

impl Mean {
    fn start(units: &[Unit<'_>]) -> Self {
        Self {
            value: 0.0,
            events: 0,
            poisson: 0.0,
            last_ms: units.last().map_or(0, |unit| unit.end_ms),
            left: 1.0,
            at_risk: units.len() as u64,
            own: vec![0.0; units.len()],
            ended: 0,
            own_sums: [0.0; 2],
            shared: 0.0,
            slope: 0.0,
            sums: [0.0; 3],
        }
    }

    /// Whether what happens until `at_ms` can be known: a unit was seen that long, or all have ended by a cause.
    fn reaches(&self, at_ms: u64) -> bool {
        at_ms <= self.last_ms || self.left == 0.0
    }

    /// The events of one time, with the place of the unit each happened to.
    fn count(&mut self, events: &[(u64, usize)]) {
        let (at_risk, count) = (self.at_risk as f64, events.len() as f64);
        let each = self.left / at_risk;
        let by = each * count;
        let [slopes, product, squares] = self.sums;
        self.sums = [slopes, product + by * slopes, squares + by * (2.0 * product + by * slopes)];
        self.shared += by * self.slope - by / at_risk;
        for (_, unit) in events {
            if let Some(own) = self.own.get_mut(*unit) {
                self.own_sums[0] += each;
                self.own_sums[1] += each * (2.0 * *own + each);
                *own += each;
            }
        }
        self.value += by;
        self.poisson += each * each * count;
        self.events += events.len() as u64;
    }

    /// The ends of one time, which come after its events.
    fn end(&mut self, units: &[Unit<'_>]) {
        let by_cause = units.iter().filter(|unit| unit.end != End::Censored).count() as u64;
        let (at_risk, stay) = (self.at_risk as f64, (self.at_risk - by_cause) as f64);
        self.slope += super::greenwood(self.at_risk, by_cause);
        for unit in units {
            let own = self.own.get(self.ended).copied().unwrap_or(0.0);
            let ends = unit.end != End::Censored && stay > 0.0;
            let slope = if ends { self.slope - 1.0 / stay } else { self.slope };
            let influence = own + self.shared;
            self.sums[0] += slope * slope;
            self.sums[1] += slope * influence;
            self.sums[2] += influence * influence;
            self.own_sums[0] -= own;
            self.own_sums[1] -= own * own;
            self.ended += 1;
        }
        if by_cause > 0 {
            self.left *= stay / at_risk;
        }
        self.at_risk -= units.len() as u64;
    }

    /// The variance Σφᵢ² over units.
    fn robust(&self) -> f64 {
        let [sum, squares] = self.own_sums;
        let staying = squares + self.shared * (2.0 * sum + self.shared * self.at_risk as f64);
        let variance = self.sums[2] + if self.at_risk > 0 { staying.max(0.0) } else { 0.0 };
        // What is left of equal units is rounding.
        let scale = self.value * self.value;
        if variance > 1e-24 * scale { variance } else { 0.0 }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stats::LEVEL_95;
    use crate::stats::checks::near;

    /// Minutes of drops in eight consultations, and when these ended.
    const DROPS: [(&[u64], u64); 8] = [
        (&[3, 10], 20),
        (&[], 15),
        (&[5], 12),
        (&[2, 4, 12], 18),
        (&[], 8),
        (&[10], 25),
        (&[7, 15], 20),
        (&[], 10),
    ];

    fn units(end: End) -> Vec<Unit<'static>> {
        DROPS.iter().map(|(events_ms, end_ms)| Unit { end_ms: *end_ms, end, events_ms }).collect()
    }

    #[test]
    fn drops_while_connected_agree_to_nine_digits() {
        for (minute, mean, robust, poisson) in [
            (5, 0.5, 0.25, 0.25),
            (10, 0.910714286, 0.272754966, 0.344878713),
            (20, 1.277380952, 0.368905189, 0.432110060),
        ] {
            let estimate = mean_cumulative(&units(End::Cause(0)), minute, LEVEL_95);
            near(estimate.value, mean, 5.1e-10);
            near(estimate.se, robust, 5.1e-10);
            near(mean_cumulative_poisson(&units(End::Cause(0)), minute, LEVEL_95).se, poisson, 5.1e-10);
        }
    }

    #[test]
    fn drops_of_consultations_that_all_ended_are_their_plain_mean() {
        let estimate = ghosh_lin(&units(End::Cause(0)), 99, LEVEL_95);
        near(estimate.value, 1.125, 1e-15);
        // Σ(Nᵢ − 9/8)² = 8.875 over eight consultations.
        near(estimate.se, 8.875_f64.sqrt() / 8.0, 1e-14);
        assert_eq!((estimate.n, estimate.events), (8.0, Some(9.0)));
    }

    #[test]
    fn limits_are_symmetric_on_the_scale_of_the_logarithm() {
        let estimate = mean_cumulative(&units(End::Censored), 10, LEVEL_95);
        let (lo, hi) = (estimate.lo.unwrap(), estimate.hi.unwrap());
        near(lo * hi, estimate.value.unwrap() * estimate.value.unwrap(), 1e-14);
        near(libm::log(hi / lo) / 2.0, 1.959963984540054 * 0.272754966 / 0.910714286, 1e-8);
    }

    #[test]
    fn the_curves_agree_with_the_estimates_at_their_steps() {
        let units = units(End::Cause(1));
        for step in mean_cumulative_curve(&units, LEVEL_95).unwrap() {
            let estimate = mean_cumulative(&units, step.at_ms, LEVEL_95);
            near(estimate.value, step.value, 1e-15);
            assert_eq!(
                (estimate.lo.is_some(), estimate.hi.is_some()),
                (step.lo.is_some(), step.hi.is_some())
            );
        }
        let steps = ghosh_lin_curve(&units, LEVEL_95).unwrap();
        assert_eq!(steps.iter().map(|step| step.at_ms).collect::<Vec<_>>(), [2, 3, 4, 5, 7, 10, 12, 15]);
        assert_eq!(steps.last().map(|step| step.at_risk), Some(5));
    }

    #[test]
    fn the_order_of_units_does_not_show() {
        let mut turned = units(End::Cause(0));
        turned.reverse();
        for minute in [5, 12, 30] {
            let ahead = ghosh_lin(&units(End::Cause(0)), minute, LEVEL_95);
            assert_eq!(ahead, ghosh_lin(&turned, minute, LEVEL_95));
        }
    }

    #[test]
    fn nothing_alike_and_nonsense_are_named() {
        let none = mean_cumulative(&units(End::Censored), 1, LEVEL_95);
        assert_eq!((none.value, none.lo, none.hi), (Some(0.0), Some(0.0), None));
        assert_eq!(none.status, Status::Boundary(Reason::NoEvents));
        let same = [Unit { end_ms: 9, end: End::Censored, events_ms: &[3, 4] }; 7];
        let alike = mean_cumulative(&same, 9, LEVEL_95);
        assert_eq!((alike.value, alike.status), (Some(2.0), Status::NotEstimable(Reason::NoVariation)));
        let one = mean_cumulative(&same[..1], 9, LEVEL_95);
        assert_eq!(one.status, Status::NotEstimable(Reason::OneObservation));
        let status = |units: &[Unit<'_>], at_ms| ghosh_lin(units, at_ms, LEVEL_95).status;
        assert_eq!(status(&[], 9), Status::NotEstimable(Reason::NoData));
        assert_eq!(status(&same, 10), Status::NotEstimable(Reason::BeyondFollowUp));
        for events_ms in [&[4, 3][..], &[10][..]] {
            let wrong = [Unit { end_ms: 9, end: End::Censored, events_ms }];
            assert_eq!(status(&wrong, 9), Status::NotEstimable(Reason::InconsistentCounts));
        }
    }
}
