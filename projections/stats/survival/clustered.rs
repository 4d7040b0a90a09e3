//! Limits of what has become of units by a horizon that allow for clusters.
//!
//! Calls of one organisation share its network, so the variances of the curves, which take units for independent, are
//! too small. Here the exits come by group, the number is found again without each group, and the limits are those of
//! the [`jackknife`](crate::stats::jackknife). Leaving a group out is a subtraction of counts, so that its cost is one
//! pass over the times and does not depend on how many units there are.
//!
//! Sources: those of the jackknife.

use super::values::values;
use super::{End, Exits};
use crate::stats::estimate::{Estimate, FEWEST_EVENTS};
use crate::stats::jackknife::{JACKKNIFE_T, Scale, of_arms};
use crate::stats::status::{Reason, Status};

/// What is asked of one cause by a horizon.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Quantity {
    /// The share of units that have left by it, as by [`aalen_johansen`](super::aalen_johansen).
    Incidence,
    /// The mean time that a unit loses to it, in milliseconds, as by [`lost_time`](super::lost_time).
    LostMs,
}

/// The exits of an arm, all together and by group.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Groups {
    all: Exits,
    parts: Vec<Exits>,
}

impl Groups {
    /// Groups of units; one without units does not count, and keeps its place among those of another arm.
    ///
    /// # Errors
    /// Refuses groups that do not tell the same `causes`, and whatever [`Exits::new`] refuses of all of them.
    pub fn new(causes: usize, parts: Vec<Exits>) -> Result<Self, Reason> {
        if parts.iter().any(|part| part.causes != causes) {
            return Err(Reason::InvalidParameter);
        }
        Ok(Self { all: Exits::new(causes, parts.iter().flat_map(Exits::cells))?, parts })
    }

    /// The exits of all groups together.
    pub fn all(&self) -> &Exits {
        &self.all
    }

    fn sizes(&self) -> Vec<u64> {
        self.parts.iter().map(Exits::n).collect()
    }

    fn value(&self, quantity: Quantity, cause: usize, tau_ms: u64) -> Option<f64> {
        quantity.of(&self.all, cause, tau_ms)
    }

    fn value_without(&self, group: usize, quantity: Quantity, cause: usize, tau_ms: u64) -> Option<f64> {
        match self.parts.get(group).filter(|part| part.n > 0) {
            Some(part) => quantity.of(&self.all.without(part), cause, tau_ms),
            None => self.value(quantity, cause, tau_ms),
        }
    }
}

/// The quantity of one arm by `tau_ms`, with limits on the scale of the log-odds for a share.
///
/// Limits stay within what is possible. Without an event the value is zero and its upper limit is absent; where a group
/// holds all events, or all units that were seen so long, there are no limits.
pub fn of_groups(groups: &Groups, quantity: Quantity, cause: usize, tau_ms: u64, level: f64) -> Estimate {
    let refuse = |why| Estimate::not_estimable(JACKKNIFE_T, level, why);
    if let Err(why) = groups.all.reach_by(cause, tau_ms) {
        return refuse(why);
    }
    let value = groups.value(quantity, cause, tau_ms);
    let edge = |value, why| Estimate::alone(JACKKNIFE_T, level, value, Status::Boundary(why));
    let events = events(&groups.all, cause, tau_ms);
    let estimate = match (quantity, value) {
        (_, Some(_)) if events == 0 => edge(0.0, Reason::NoEvents).with_limits(Some(0.0), None),
        (Quantity::Incidence, Some(value)) if value >= 1.0 => {
            edge(1.0, Reason::AllEvents).with_limits(None, Some(1.0))
        }
        _ => {
            let without = |group| groups.value_without(group, quantity, cause, tau_ms);
            let (sizes, scale) = (groups.sizes(), quantity.scale_of_one());
            let estimate = of_arms(value, &[&sizes], scale, level, without);
            estimate.clipped(0.0, quantity.most(tau_ms))
        }
    };
    estimate.with_n(groups.all.n as f64).with_events(events as f64)
}

/// The quantity of the first arm less that of the second, by `tau_ms`.
///
/// Both arms list the same groups in the same order; one that an arm lacks is empty there. A group is left out of
/// both arms at once. Fewer than [`FEWEST_EVENTS`] events of both together are not evidence.
pub fn difference(arms: [&Groups; 2], quantity: Quantity, cause: usize, tau_ms: u64, level: f64) -> Estimate {
    for arm in arms {
        if let Err(why) = arm.all.reach_by(cause, tau_ms) {
            return Estimate::not_estimable(JACKKNIFE_T, level, why);
        }
    }
    let less = |[a, b]: [Option<f64>; 2]| Some(a? - b?);
    let value = less(arms.map(|arm| arm.value(quantity, cause, tau_ms)));
    let without = |group| less(arms.map(|arm| arm.value_without(group, quantity, cause, tau_ms)));
    let [a, b] = arms.map(Groups::sizes);
    let events: u64 = arms.iter().map(|arm| events(&arm.all, cause, tau_ms)).sum();
    let most = quantity.most(tau_ms);
    let estimate = of_arms(value, &[&a, &b], quantity.scale_of_two(), level, without).clipped(-most, most);
    let estimate = estimate.with_events(events as f64);
    if events < FEWEST_EVENTS {
        return estimate.with_status(Status::InsufficientEvidence(Reason::FewEvents));
    }
    estimate
}

/// Exits by the cause until then.
fn events(exits: &Exits, cause: usize, tau_ms: u64) -> u64 {
    exits.rows().take_while(|row| row.at_ms <= tau_ms).map(|row| row.by(cause)).sum()
}

impl Quantity {
    fn of(self, exits: &Exits, cause: usize, tau_ms: u64) -> Option<f64> {
        let values = values(exits, tau_ms).ok()?;
        match self {
            Self::Incidence => values.incidence.get(cause).map(|share| share.min(1.0)),
            Self::LostMs => values.lost_ms.get(cause).copied(),
        }
    }

    fn scale_of_one(self) -> Scale {
        match self {
            Self::Incidence => Scale::Logit,
            Self::LostMs => Scale::Plain,
        }
    }

    fn scale_of_two(self) -> Scale {
        match self {
            Self::Incidence => Scale::Difference,
            Self::LostMs => Scale::Plain,
        }
    }

    /// The most that it can be.
    fn most(self, tau_ms: u64) -> f64 {
        match self {
            Self::Incidence => 1.0,
            Self::LostMs => tau_ms as f64,
        }
    }
}

impl Exits {
    /// What is left without the units of a part of them.
    pub(super) fn without(&self, part: &Self) -> Self {
        let mut gone = part.rows().peekable();
        let mut left = Self {
            causes: self.causes,
            n: 0,
            times_ms: Vec::new(),
            events: Vec::new(),
            censored: Vec::new(),
        };
        for row in self.rows() {
            let theirs = gone.next_if(|gone| gone.at_ms == row.at_ms);
            let less = |count: u64, of: u64| count.saturating_sub(of);
            let events = (0..self.causes).map(|cause| {
                (End::Cause(cause), less(row.by(cause), theirs.map_or(0, |theirs| theirs.by(cause))))
            });
            let censored = less(row.censored, theirs.map_or(0, |theirs| theirs.censored));
            let cells: Vec<(u64, End, u64)> = events
                .chain([(End::Censored, censored)])
                .filter(|(_, count)| *count > 0)
                .map(|(end, count)| (row.at_ms, end, count))
                .collect();
            left.n += cells.iter().map(|(.., count)| count).sum::<u64>();
            left.push(&cells);
        }
        left
    }
}

#[cfg(test)]
mod tests {
    use super::super::samples::{consultations, exits};
    use super::super::{aalen_johansen, lost_time};
    use super::*;
    use crate::stats::LEVEL_95;
    use crate::stats::checks::near;
    use crate::stats::status::Flag;

    /// Twelve consultations as twelve groups of one.
    fn alone(all: &Exits) -> Groups {
        let units = all.cells().flat_map(|(at_ms, end, count)| (0..count).map(move |_| (at_ms, end, 1)));
        Groups::new(2, units.map(|unit| Exits::new(2, [unit]).unwrap()).collect()).unwrap()
    }

    fn without_by_hand(groups: &Groups, left_out: usize) -> Exits {
        let kept = groups.parts.iter().enumerate().filter(|(g, _)| *g != left_out);
        Exits::new(2, kept.flat_map(|(_, part)| part.cells())).unwrap()
    }

    #[test]
    fn leaving_a_group_out_is_to_count_the_others() {
        let [a, b] = consultations();
        let groups = Groups::new(2, vec![a.clone(), b, exits(2, &[]), a]).unwrap();
        for g in 0..4 {
            assert_eq!(groups.all.without(&groups.parts[g]), without_by_hand(&groups, g));
        }
    }

    /// With a group for each unit the error is that of the ordinary jackknife, (n − 1)/n Σ(θᵢ − θ)² about the whole.
    #[test]
    fn values_are_those_of_all_units_and_groups_of_one_are_the_ordinary_jackknife() {
        for (all, lost, se) in
            consultations().iter().zip([(3.5, 1.915136788), (6.3, 2.337247799)]).map(|(a, (b, c))| (a, b, c))
        {
            let groups = alone(all);
            let share = of_groups(&groups, Quantity::Incidence, 0, 10, LEVEL_95);
            near(share.value, aalen_johansen::incidence(all, 0, 10, LEVEL_95).value.unwrap(), 1e-14);
            let minutes = of_groups(&groups, Quantity::LostMs, 0, 20, LEVEL_95);
            near(minutes.value, lost, 1e-14);
            near(minutes.value, lost_time::restricted(all, 0, 20, LEVEL_95).value.unwrap(), 1e-14);
            // Published about the mean of the values left out, which is not far from the whole.
            near(minutes.se, se, 2e-2);
            let by_hand: Vec<f64> =
                (0..12).map(|g| values(&without_by_hand(&groups, g), 20).unwrap().lost_ms[0]).collect();
            let squares: f64 = by_hand.iter().map(|value| (value - lost) * (value - lost)).sum();
            near(minutes.se, (11.0 / 12.0 * squares).sqrt(), 1e-13);
            assert_eq!((minutes.method, minutes.clusters, minutes.df), (JACKKNIFE_T, Some(12), Some(11.0)));
        }
    }

    #[test]
    fn a_group_is_left_out_of_both_arms_at_once() {
        let [a, b] = consultations().map(|all| alone(&all));
        let difference = difference([&a, &b], Quantity::LostMs, 0, 20, LEVEL_95);
        near(difference.value, 3.5 - 6.3, 1e-14);
        let less = |g: usize| {
            let [a, b] = [&a, &b].map(|arm| values(&without_by_hand(arm, g), 20).unwrap().lost_ms[0]);
            a - b
        };
        let squares: f64 = (0..12).map(|g| (less(g) + 2.8) * (less(g) + 2.8)).sum();
        near(difference.se, (11.0 / 12.0 * squares).sqrt(), 1e-13);
        // Three calls drop on one platform by then, and five on the other.
        assert_eq!(difference.events, Some(8.0));
        assert_eq!(difference.status, Status::InsufficientEvidence(Reason::FewEvents));
    }

    #[test]
    fn clusters_that_differ_widen_the_limits() {
        // Ten groups of forty calls: in half of them none drops, in the others half do.
        let group = |dropped: u64| {
            let cells = [(5, End::Cause(0), dropped), (9, End::Cause(1), 40 - dropped)];
            Exits::new(2, cells).unwrap()
        };
        let groups = Groups::new(2, (0..10).map(|g| group(g % 2 * 20)).collect()).unwrap();
        let clustered = of_groups(&groups, Quantity::Incidence, 0, 5, LEVEL_95);
        let independent = aalen_johansen::incidence(groups.all(), 0, 5, LEVEL_95);
        assert_eq!((clustered.value, independent.value), (Some(0.25), Some(0.25)));
        assert!(clustered.half_width() > independent.half_width().map(|half| half * 3.0));
        assert!(clustered.flags.contains(&Flag::FewGroups));
    }

    #[test]
    fn the_edges_are_named_and_never_left() {
        let [a, b] = consultations().map(|all| alone(&all));
        let none = of_groups(&a, Quantity::Incidence, 0, 1, LEVEL_95);
        assert_eq!((none.value, none.lo, none.hi), (Some(0.0), Some(0.0), None));
        assert_eq!(none.status, Status::Boundary(Reason::NoEvents));
        let every = Groups::new(1, vec![exits(1, &[(1, 1), (2, 1)]), exits(1, &[(2, 1)])]).unwrap();
        let all = of_groups(&every, Quantity::Incidence, 0, 2, LEVEL_95);
        assert_eq!((all.value, all.status), (Some(1.0), Status::Boundary(Reason::AllEvents)));
        let beyond =
            of_groups(&Groups::new(1, vec![exits(1, &[(3, 0)])]).unwrap(), Quantity::LostMs, 0, 9, LEVEL_95);
        assert_eq!(beyond.status, Status::NotEstimable(Reason::BeyondFollowUp));
        assert_eq!(
            difference([&a, &b], Quantity::LostMs, 2, 9, LEVEL_95).status,
            Status::NotEstimable(Reason::InvalidParameter)
        );
        let one = Groups::new(2, vec![consultations()[0].clone()]).unwrap();
        assert_eq!(
            of_groups(&one, Quantity::LostMs, 0, 20, LEVEL_95).status,
            Status::NotEstimable(Reason::OneCluster)
        );
        assert_eq!(Groups::new(2, vec![exits(1, &[])]), Err(Reason::InvalidParameter));
    }
}
