//! Restricted mean time lost: how much of a slot of length τ goes to one cause, on average.
//!
//! It is the area below the cumulative incidence: a drop in minute 5 of a slot of 20 loses 15. What is lost to all
//! causes and the [restricted mean](super::kaplan_meier::restricted_mean) add up to τ, which makes it the number to
//! put before those who decide. Its standard error is the ordinary jackknife that leaves out one unit at a time,
//! exact and yet linear in the number of times, because units that left at one time by one cause are alike.
//!
//! Sources: Andersen 2013, Stat Med 32:5278; Efron & Stein 1981, Ann Stat 9:586, for the jackknife.

use super::{Exits, Row};
use crate::stats::estimate::{Estimate, Interval, critical};
use crate::stats::status::{Reason, Status};

/// The name of the interval of a time lost up to a horizon.
pub const RESTRICTED_TIME_LOST: &str = "restricted_time_lost_jackknife";

/// The mean time in milliseconds that a unit loses to `cause` up to `tau_ms`, with normal limits between 0 and `tau_ms`.
///
/// Left-out values that would reach beyond the last unit seen keep the curve where it ends. Without an event the upper
/// limit is absent.
pub fn restricted(exits: &Exits, cause: usize, tau_ms: u64, level: f64) -> Estimate {
    let refuse = |why| Estimate::not_estimable(RESTRICTED_TIME_LOST, level, why);
    let Some(critical) = critical(level) else { return refuse(Reason::InvalidParameter) };
    if let Err(why) = exits.reach_by(cause, tau_ms) {
        return refuse(why);
    }
    let rows = || exits.rows().take_while(|row| row.at_ms < tau_ms);
    let events: u64 = rows().map(|row| row.by(cause)).sum();
    let rows: Vec<Onward<'_>> = onwards(rows(), cause, tau_ms);
    let value = rows.first().map_or(0.0, |row| row.before);
    let alone = |value, status| Estimate::alone(RESTRICTED_TIME_LOST, level, value, status);
    let estimate = if events == 0 {
        alone(0.0, Status::Boundary(Reason::NoEvents)).with_limits(Some(0.0), None)
    } else if exits.n() == 1 {
        alone(value, Status::NotEstimable(Reason::OneObservation))
    } else {
        let se = jackknife(exits.n(), &rows, cause).sqrt();
        if se > 0.0 {
            let interval = Interval { value, lo: value - critical * se, hi: value + critical * se };
            let estimate = Estimate::between(RESTRICTED_TIME_LOST, level, interval);
            estimate.clipped(0.0, tau_ms as f64).with_se(se)
        } else {
            alone(value, Status::NotEstimable(Reason::NoVariation))
        }
    };
    estimate.with_n(exits.n() as f64).with_events(events as f64)
}

/// One time, and what a unit that is at risk just before it, or just after it, still loses on average.
struct Onward<'a> {
    row: Row<'a>,
    /// The time from then to the horizon.
    rest: f64,
    before: f64,
    after: f64,
}

fn onwards<'a>(rows: impl Iterator<Item = Row<'a>>, cause: usize, tau_ms: u64) -> Vec<Onward<'a>> {
    let of = |row: Row<'a>| Onward { row, rest: (tau_ms - row.at_ms) as f64, before: 0.0, after: 0.0 };
    let mut rows: Vec<Onward<'a>> = rows.map(of).collect();
    let mut later = 0.0;
    for onward in rows.iter_mut().rev() {
        let row = &onward.row;
        let (n, stay) = (row.at_risk as f64, (row.at_risk - row.exits()) as f64);
        onward.after = later;
        onward.before = row.by(cause) as f64 / n * onward.rest + stay / n * later;
        later = onward.before;
    }
    rows
}

/// The jackknife variance (n − 1)/n Σ(θᵢ − θ̄)² over the values θᵢ with one of `n` units left out.
///
/// Without a unit that left at s, everybody at risk until s is one fewer, which is the same for every s and summed
/// on the way; at s there is one exit fewer too; and after s the rates are those of the whole.
fn jackknife(n: u64, rows: &[Onward<'_>], cause: usize) -> f64 {
    let (mut fewer, mut later) = (Fewer { left: 1.0, lost: 0.0 }, n);
    let whole = rows.first().map_or(0.0, |row| row.before);
    let mut moments = Moments::default();
    for onward in rows {
        let row = &onward.row;
        for (index, count) in row.events.iter().enumerate() {
            let own = u64::from(index == cause);
            moments.add(*count, fewer.without(onward, cause, 1, own) - whole);
        }
        moments.add(row.censored, fewer.without(onward, cause, 0, 0) - whole);
        later -= row.exits() + row.censored;
        fewer = fewer.after(onward, cause);
    }
    moments.add(later, fewer.lost - whole);
    let n = n as f64;
    (n - 1.0) / n * moments.spread()
}

/// The share left, and the time lost to exits so far, where one unit fewer was at risk all the time.
#[derive(Clone, Copy)]
struct Fewer {
    left: f64,
    lost: f64,
}

impl Fewer {
    /// The time lost if the unit left out is one of those that left now, by some cause or by this one, or were last seen.
    fn without(self, onward: &Onward<'_>, cause: usize, exit: u64, own: u64) -> f64 {
        let row = &onward.row;
        let n = row.at_risk.saturating_sub(1) as f64;
        if n == 0.0 {
            return self.lost;
        }
        let exits = row.exits().saturating_sub(exit) as f64;
        let events = row.by(cause).saturating_sub(own) as f64;
        self.lost + self.left * (events / n * onward.rest + (n - exits) / n * onward.after)
    }

    /// The same after a time at which the unit left out was still at risk.
    fn after(self, onward: &Onward<'_>, cause: usize) -> Self {
        let row = &onward.row;
        let n = row.at_risk.saturating_sub(1) as f64;
        // Nobody stays: then nobody is left who could be left out later.
        if row.at_risk - row.exits() == 0 || n == 0.0 {
            return self;
        }
        Self {
            left: self.left * ((n - row.exits() as f64) / n),
            lost: self.lost + self.left * (row.by(cause) as f64 / n * onward.rest),
        }
    }
}

/// Weighted values, to be spread around their mean.
#[derive(Default)]
struct Moments {
    weight: f64,
    mean: f64,
    squares: f64,
}

impl Moments {
    /// Adds `count` equal values, without taking the difference of large sums (West 1979, CACM 22:532).
    fn add(&mut self, count: u64, value: f64) {
        if count == 0 {
            return;
        }
        let count = count as f64;
        let gap = value - self.mean;
        let weight = self.weight + count;
        self.mean += gap * (count / weight);
        self.squares += gap * gap * (self.weight * count / weight);
        self.weight = weight;
    }

    /// The sum of squares around the mean.
    fn spread(&self) -> f64 {
        self.squares
    }
}

#[cfg(test)]
mod tests {
    use super::super::samples::{consultations, exits, treated};
    use super::super::{End, kaplan_meier};
    use super::*;
    use crate::stats::LEVEL_95;
    use crate::stats::checks::near;

    /// The same, by leaving out every unit in turn.
    fn in_turn(exits: &Exits, cause: usize, tau_ms: u64) -> f64 {
        let cells: Vec<(u64, End, u64)> = exits.cells().collect();
        let without = |index: usize| {
            let fewer =
                cells.iter().enumerate().map(|(at, cell)| (cell.0, cell.1, cell.2 - u64::from(at == index)));
            let exits = Exits::new(exits.causes(), fewer).unwrap();
            let rows = onwards(exits.rows().take_while(|row| row.at_ms < tau_ms), cause, tau_ms);
            (cells[index].2 as f64, rows.first().map_or(0.0, |row| row.before))
        };
        let values: Vec<(f64, f64)> = (0..cells.len()).map(without).collect();
        let n = exits.n() as f64;
        let mean = values.iter().map(|(count, value)| count * value).sum::<f64>() / n;
        let spread: f64 = values.iter().map(|(count, value)| count * (value - mean) * (value - mean)).sum();
        ((n - 1.0) / n * spread).sqrt()
    }

    #[test]
    fn minutes_lost_to_drops_agree_to_nine_digits() {
        for (exits, value, se) in
            consultations().iter().zip([(3.5, 1.915136788), (6.3, 2.337247799)]).map(|(a, (b, c))| (a, b, c))
        {
            let lost = restricted(exits, 0, 20, LEVEL_95);
            near(lost.value, value, 1e-14);
            near(lost.se, se, 5.1e-10);
            near(lost.se, in_turn(exits, 0, 20), 1e-13);
        }
    }

    #[test]
    fn what_is_lost_and_what_is_kept_add_up_to_the_slot() {
        for exits in consultations() {
            let lost: f64 =
                [0, 1].map(|cause| restricted(&exits, cause, 20, LEVEL_95).value.unwrap()).iter().sum();
            let kept = kaplan_meier::restricted_mean(&exits, 20, LEVEL_95).value.unwrap();
            near(lost + kept, 20.0, 1e-14);
        }
    }

    #[test]
    fn a_horizon_before_at_and_after_the_last_exit_is_left_out_alike() {
        let [a, _] = consultations();
        for tau_ms in [1, 2, 3, 5, 12, 20, 21, 30, 40] {
            let lost = restricted(&a, 1, tau_ms, LEVEL_95);
            if lost.events > Some(0.0) {
                near(lost.se, in_turn(&a, 1, tau_ms), 1e-12);
            }
        }
        near(restricted(&treated(), 0, 35, LEVEL_95).se, in_turn(&treated(), 0, 35), 1e-12);
    }

    #[test]
    fn no_event_one_unit_and_no_variation_are_named() {
        let none = restricted(&treated(), 0, 6, LEVEL_95);
        assert_eq!((none.value, none.lo, none.hi), (Some(0.0), Some(0.0), None));
        assert_eq!(none.status, Status::Boundary(Reason::NoEvents));
        let one = restricted(&exits(1, &[(2, 1)]), 0, 5, LEVEL_95);
        assert_eq!((one.value, one.status), (Some(3.0), Status::NotEstimable(Reason::OneObservation)));
        let alike = restricted(&exits(1, &[(2, 1), (2, 1)]), 0, 5, LEVEL_95);
        assert_eq!((alike.value, alike.status), (Some(3.0), Status::NotEstimable(Reason::NoVariation)));
        let beyond = restricted(&treated(), 0, 36, LEVEL_95);
        assert_eq!(beyond.status, Status::NotEstimable(Reason::BeyondFollowUp));
        assert_eq!(restricted(&treated(), 0, 6, 2.0).status, Status::NotEstimable(Reason::InvalidParameter));
    }
}
