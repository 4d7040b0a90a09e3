//! Mean numbers of events from counts by time, with limits that allow for clusters.
//!
//! The numbers are those of [`recurrent`](super), and need to know only how many events there were at each time and
//! how many units ended: not whose event it was. Their limits do, and so come from groups of units left out in turn:
//! events of one unit are in one group, and so are units that share their luck.
//!
//! Sources: those of [`recurrent`](super) and of the [`jackknife`](crate::stats::jackknife).

use std::collections::BTreeMap;

use super::super::{End, Exits};
use crate::stats::estimate::{Estimate, FEWEST_EVENTS};
use crate::stats::jackknife::{JACKKNIFE_T, Scale, of_arms};
use crate::stats::status::{Reason, Status};

/// Which mean number of events.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mean {
    /// Per unit still at risk, as by [`mean_cumulative`](super::mean_cumulative).
    AtRisk,
    /// Per unit that began, as by [`ghosh_lin`](super::ghosh_lin).
    Began,
}

/// Ends of units and events by time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Recurrences {
    ends: Exits,
    events: BTreeMap<u64, u64>,
}

impl Recurrences {
    /// Ends of units, each by a cause or last seen, with (time in milliseconds, count) of their events in any order.
    ///
    /// # Errors
    /// Refuses ends by more causes than one, and an event at a time at which no unit is left.
    pub fn new(ends: Exits, events: impl IntoIterator<Item = (u64, u64)>) -> Result<Self, Reason> {
        if ends.causes != 1 {
            return Err(Reason::InvalidParameter);
        }
        let mut by_time: BTreeMap<u64, u64> = BTreeMap::new();
        for (at_ms, count) in events.into_iter().filter(|(_, count)| *count > 0) {
            let sum = by_time.entry(at_ms).or_default();
            *sum = sum.checked_add(count).ok_or(Reason::TooLarge)?;
        }
        let last = by_time.last_key_value().map(|(at_ms, _)| *at_ms);
        if last.is_some_and(|last| ends.times_ms.last().is_none_or(|end| *end < last)) {
            return Err(Reason::InconsistentCounts);
        }
        Ok(Self { ends, events: by_time })
    }

    /// The number of units.
    pub fn n(&self) -> u64 {
        self.ends.n()
    }

    fn events_by(&self, at_ms: u64) -> u64 {
        self.events.range(..=at_ms).map(|(_, count)| count).sum()
    }

    /// The mean by `at_ms`; none where nobody was left at an event.
    fn mean(&self, mean: Mean, at_ms: u64) -> Option<f64> {
        let (mut sum, mut left, mut at_risk) = (0.0, 1.0, self.n());
        let mut rows = self.ends.rows().peekable();
        for (event_ms, count) in self.events.range(..=at_ms) {
            // Events of an instant come before its ends.
            while let Some(row) = rows.next_if(|row| row.at_ms < *event_ms) {
                if mean == Mean::Began {
                    left *= (row.at_risk - row.exits()) as f64 / row.at_risk as f64;
                }
                at_risk = row.at_risk - row.exits() - row.censored;
            }
            if at_risk == 0 {
                return None;
            }
            sum += left * (*count as f64 / at_risk as f64);
        }
        Some(sum)
    }

    fn without(&self, part: &Self) -> Self {
        let mut events = self.events.clone();
        for (at_ms, count) in &part.events {
            if let Some(of) = events.get_mut(at_ms) {
                *of = of.saturating_sub(*count);
            }
        }
        events.retain(|_, count| *count > 0);
        Self { ends: self.ends.without(&part.ends), events }
    }
}

/// The ends and events of an arm, all together and by group.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Groups {
    all: Recurrences,
    parts: Vec<Recurrences>,
}

impl Groups {
    /// Groups of units; one without units does not count, and keeps its place among those of another arm.
    ///
    /// # Errors
    /// Whatever [`Recurrences::new`] refuses of all of them.
    pub fn new(parts: Vec<Recurrences>) -> Result<Self, Reason> {
        let ends = Exits::new(1, parts.iter().flat_map(|part| part.ends.cells()))?;
        let events = parts.iter().flat_map(|part| part.events.iter().map(|(at_ms, count)| (*at_ms, *count)));
        Ok(Self { all: Recurrences::new(ends, events)?, parts })
    }

    /// All groups together.
    pub fn all(&self) -> &Recurrences {
        &self.all
    }

    fn sizes(&self) -> Vec<u64> {
        self.parts.iter().map(Recurrences::n).collect()
    }

    fn mean_without(&self, group: usize, mean: Mean, at_ms: u64) -> Option<f64> {
        match self.parts.get(group).filter(|part| part.n() > 0) {
            Some(part) => self.all.without(part).mean(mean, at_ms),
            None => self.all.mean(mean, at_ms),
        }
    }
}

/// The mean number of events of one arm by `at_ms`, with limits on the scale of the logarithm.
///
/// Without an event it is zero and its upper limit is absent; where a group holds all events there are no limits.
pub fn of_groups(groups: &Groups, mean: Mean, at_ms: u64, level: f64) -> Estimate {
    if let Err(why) = groups.all.ends.reach(at_ms) {
        return Estimate::not_estimable(JACKKNIFE_T, level, why);
    }
    let events = groups.all.events_by(at_ms);
    let estimate = if events == 0 {
        Estimate::alone(JACKKNIFE_T, level, 0.0, Status::Boundary(Reason::NoEvents))
            .with_limits(Some(0.0), None)
    } else {
        let without = |group| groups.mean_without(group, mean, at_ms);
        of_arms(groups.all.mean(mean, at_ms), &[&groups.sizes()], Scale::Log, level, without)
    };
    estimate.with_n(groups.all.n() as f64).with_events(events as f64)
}

/// The mean number of events of the first arm less that of the second, by `at_ms`.
///
/// Both arms list the same groups in the same order; one that an arm lacks is empty there. A group is left out of
/// both arms at once. Fewer than [`FEWEST_EVENTS`] events of both together are not evidence.
pub fn difference(arms: [&Groups; 2], mean: Mean, at_ms: u64, level: f64) -> Estimate {
    for arm in arms {
        if let Err(why) = arm.all.ends.reach(at_ms) {
            return Estimate::not_estimable(JACKKNIFE_T, level, why);
        }
    }
    let less = |[a, b]: [Option<f64>; 2]| Some(a? - b?);
    let value = less(arms.map(|arm| arm.all.mean(mean, at_ms)));
    let without = |group| less(arms.map(|arm| arm.mean_without(group, mean, at_ms)));
    let [a, b] = arms.map(Groups::sizes);
    let events: u64 = arms.iter().map(|arm| arm.all.events_by(at_ms)).sum();
    let estimate = of_arms(value, &[&a, &b], Scale::Plain, level, without).with_events(events as f64);
    if estimate.value.is_some() && events < FEWEST_EVENTS {
        return estimate.with_status(Status::InsufficientEvidence(Reason::FewEvents));
    }
    estimate
}

/// How a unit ended, of which is only asked whether something ended it.
pub const ENDED: End = End::Cause(0);

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::{Unit, ghosh_lin, mean_cumulative};
    use super::*;
    use crate::stats::LEVEL_95;
    use crate::stats::checks::near;

    /// A unit: when it ended and whether by a cause, and when its events were.
    type Told = (u64, bool, Vec<u64>);

    fn counted(units: &[Told]) -> Recurrences {
        let end = |by_cause: bool| if by_cause { ENDED } else { End::Censored };
        let ends = Exits::new(1, units.iter().map(|unit| (unit.0, end(unit.1), 1))).unwrap();
        Recurrences::new(ends, units.iter().flat_map(|unit| unit.2.iter().map(|at_ms| (*at_ms, 1)))).unwrap()
    }

    fn alone(units: &[Told]) -> Groups {
        Groups::new(units.iter().map(|unit| counted(std::slice::from_ref(unit))).collect()).unwrap()
    }

    /// Minutes of drops in eight consultations, and when these ended.
    fn eight() -> Vec<Told> {
        let drops: [(&[u64], u64); 8] = [
            (&[3, 10], 20),
            (&[], 15),
            (&[5], 12),
            (&[2, 4, 12], 18),
            (&[], 8),
            (&[10], 25),
            (&[7, 15], 20),
            (&[], 10),
        ];
        drops.iter().map(|(drops, end)| (*end, true, drops.to_vec())).collect()
    }

    #[test]
    fn eight_consultations_agree_to_nine_digits() {
        let groups = alone(&eight());
        for (minute, mean) in [(5, 0.5), (10, 0.910714286), (20, 1.277380952)] {
            near(of_groups(&groups, Mean::AtRisk, minute, LEVEL_95).value, mean, 5.1e-10);
        }
        let all = of_groups(&groups, Mean::Began, 99, LEVEL_95);
        near(all.value, 1.125, 1e-15);
        // Without the unit i the mean is (9 − Nᵢ)/7, so that the error is √(7/8 Σ((9/8 − Nᵢ)/7)²), on the logarithm.
        let squares: f64 = [2.0, 0.0, 1.0, 3.0, 0.0, 1.0, 2.0, 0.0]
            .iter()
            .map(|n: &f64| f64::ln((9.0 - n) / 7.0 / 1.125).powi(2))
            .sum();
        near(all.se, (7.0 / 8.0 * squares).sqrt(), 1e-14);
        assert_eq!((all.method, all.clusters, all.events), (JACKKNIFE_T, Some(8), Some(9.0)));
    }

    #[test]
    fn what_cannot_be_told_is_named() {
        let groups = alone(&eight());
        let early = of_groups(&groups, Mean::AtRisk, 1, LEVEL_95);
        assert_eq!((early.value, early.lo, early.hi), (Some(0.0), Some(0.0), None));
        assert_eq!(early.status, Status::Boundary(Reason::NoEvents));
        let open = alone(&[(5, false, vec![2]), (9, false, vec![])]);
        let beyond = of_groups(&open, Mean::Began, 10, LEVEL_95).status;
        assert_eq!(beyond, Status::NotEstimable(Reason::BeyondFollowUp));
        let one = Groups::new(vec![counted(&eight())]).unwrap();
        let one = of_groups(&one, Mean::Began, 20, LEVEL_95);
        assert_eq!(one.status, Status::NotEstimable(Reason::OneCluster));
        assert!(one.value.is_some() && one.lo.is_none());
        let mut turned = eight();
        turned.rotate_left(1);
        let few = difference([&groups, &alone(&turned)], Mean::Began, 4, LEVEL_95);
        assert_eq!(few.status, Status::InsufficientEvidence(Reason::FewEvents));
        let none = Exits::new(1, []).unwrap();
        assert_eq!(Recurrences::new(none, [(3, 1)]), Err(Reason::InconsistentCounts));
        let two = Exits::new(2, [(3, End::Cause(1), 1)]).unwrap();
        assert_eq!(Recurrences::new(two, []), Err(Reason::InvalidParameter));
    }

    fn units() -> impl Strategy<Value = Vec<Told>> {
        let unit = (0_u64..40, any::<bool>(), prop::collection::vec(0_u64..40, 0..4));
        let unit = unit.prop_map(|(end, by_cause, mut events)| {
            events.retain(|at_ms| *at_ms <= end);
            events.sort_unstable();
            (end, by_cause, events)
        });
        prop::collection::vec(unit, 2..40)
    }

    proptest! {
        #[test]
        fn counts_say_what_units_say(units in units(), at_ms in 0_u64..50, out in 0_usize..40) {
            let told = |units: &[Told], which: fn(&[Unit<'_>], u64, f64) -> Estimate| {
                let end = |by_cause: bool| if by_cause { ENDED } else { End::Censored };
                let units: Vec<Unit<'_>> = units
                    .iter()
                    .map(|(end_ms, by, events_ms)| Unit { end_ms: *end_ms, end: end(*by), events_ms })
                    .collect();
                which(&units, at_ms, LEVEL_95)
            };
            let groups = alone(&units);
            let out = out % units.len();
            let mut rest = units.clone();
            rest.remove(out);
            for (mean, which) in [(Mean::Began, ghosh_lin as fn(&[Unit<'_>], u64, f64) -> Estimate), (Mean::AtRisk, mean_cumulative)] {
                // Where ends are taken for ends of observation, the last of them bounds what is known.
                let known = groups.all.ends.reach(at_ms).is_ok();
                if let (Some(value), true) = (told(&units, which).value, known) {
                    near(of_groups(&groups, mean, at_ms, LEVEL_95).value, value, 1e-12);
                }
                if let Some(value) = told(&rest, which).value {
                    near(groups.mean_without(out, mean, at_ms), value, 1e-12);
                }
            }
        }
    }
}
