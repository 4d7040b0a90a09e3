//! Time to a drop and back: how soon calls drop, how much of a slot that takes, and how soon people are back.
//!
//! The share of calls that have dropped by a minute is Aalen and Johansen's: a call that ended without a drop can
//! drop no more, and is no reason to think that it would have. Shares and means have limits from groups of clusters
//! left out in turn, and where rows are not clustered those of their estimators, which take consultations for
//! independent. A drop without a return was never restored, whatever became of the call; no drop is last seen
//! before it was over, so that the share restored is a plain one. How often calls drop is Ghosh and Lin's mean,
//! over all calls however soon they ended, and beside it the mean cumulative function, of calls that go on; both
//! with limits of groups only. The recovery within a minute and the drops per hour are those of the catalogue, the
//! latter turned over.

mod repeated;

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use super::ask::{Ask, Design, alike};
use super::difference::{Verdict, verdict};
use super::figure::Figure;
use super::row::{self, Row};
use crate::buckets::BUCKETS;
use crate::cells::{Arm, Cell, Question, Slot};
use crate::measure::Better;
use crate::parameters::Parameters;
use crate::reliability::drops::{DROPS_PER_100H, RECOVERED_60S};
use crate::stats::cluster::PLANNING_ICC;
use crate::stats::estimate::FEWEST_EVENTS;
use crate::stats::survival::clustered::{self, Groups, Quantity};
use crate::stats::survival::recurrent::clustered::{self as recurrences, Mean};
use crate::stats::survival::{End, Exits, aalen_johansen, gray, lost_time};
use crate::stats::test_statistic::Test;
use crate::stats::{Estimate, Reason, Status, cluster, difference, proportion, quantile};
use crate::survey::{self, Surveyed, Surveyeds};
use crate::times::{ArmTimes, Exit, GroupTimes, NEEDS, SLOT_S, Times as Projection};

/// By which minutes of a call drops are told.
const MINUTES: [u64; 4] = [5, 10, 20, 30];
/// Within how many minutes returns are told, besides the first.
const BACK_WITHIN: u64 = 5;
/// The length of a slot, in milliseconds.
const SLOT_MS: u64 = SLOT_S * 1_000;
/// Exits by this cause are drops, and by the other calls that ended without.
const DROP: usize = 0;
const CAUSES: usize = 2;
/// The name of Gray's test.
const GRAY: &str = "gray";
const FEED: Reason = Reason::Stated("the feed cannot tell");

/// How soon the calls of one platform drop, and how soon people are back.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Times {
    /// The levels of the dimensions asked for.
    pub by: BTreeMap<&'static str, String>,
    /// The platform.
    pub platform: String,
    /// Whether its rows see one side only: never compared with two-sided ones.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub one_sided: bool,
    /// Connected consultations whose sources can tell drops and ends.
    pub calls: u64,
    /// Connected ones whose sources cannot.
    pub unmeasured: u64,
    /// Of those that count, how many were last seen within the slot, neither dropped nor ended: they are counted as
    /// long as they were seen.
    pub last_seen: u64,
    /// How many went on beyond the slot without a drop.
    pub went_on: u64,
    /// The length of the slot, in minutes.
    pub slot_minutes: u64,
    /// The share of calls whose first drop came by so many minutes from connection.
    pub dropped: Vec<ByMinute>,
    /// Drops per call, the second and third of a call among them, by so many minutes from connection; a call that ended
    /// has no further ones.
    pub drops_per_call: Vec<ByMinute>,
    /// Drops of a call that goes on for so many minutes.
    pub drops_going_on: Vec<ByMinute>,
    /// Of a slot, the mean minutes from the first drop on.
    pub lost_minutes: Figure,
    /// Drops, the second and third of a call among them.
    pub drops: Option<u64>,
    /// The share of drops from which the person was back within so many minutes.
    pub restored: Vec<ByMinute>,
    /// The seconds within which half of all drops were restored.
    pub median_restored_s: Figure,
    /// Connected hours for each drop.
    pub hours_between_drops: Figure,
    /// The nominal coverage of the limits.
    pub level: f64,
    /// The platform less the reference.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub against: Option<Against>,
}

/// A share by a minute.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ByMinute {
    /// By which.
    pub minutes: u64,
    /// The share.
    #[serde(flatten)]
    pub figure: Figure,
}

/// The times of a platform held against those of the reference.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Against {
    /// The reference.
    pub reference: String,
    /// The share of calls that have dropped by the end of the slot, platform less reference.
    pub dropped: Contrast,
    /// Drops per call by the end of the slot, the second and third of a call among them, platform less reference.
    pub drops_per_call: Contrast,
    /// The minutes lost of a slot, platform less reference.
    pub lost_minutes: Contrast,
    /// Gray's test of the whole course of drops up to the end of the slot.
    pub gray: Gray,
}

/// A difference and what it amounts to.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Contrast {
    /// The difference.
    #[serde(flatten)]
    pub figure: Figure,
    /// What it amounts to.
    pub verdict: Verdict,
}

/// Gray's test that two platforms do not differ in the share of calls that drop; it takes consultations as
/// independent.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Gray {
    /// The test, where there is one.
    #[serde(flatten)]
    pub test: Option<Test>,
    /// Why there is none, in words.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// Its name.
    pub method: &'static str,
}

impl Design {
    /// The request of the pass that counts drops and connected time, cluster by cluster.
    #[must_use]
    pub fn failures<'a>(&'a self, ask: &'a Ask, parameters: &'a Parameters) -> Question<'a> {
        let slot = |measure| Slot { measure, role: None, parts: Vec::new() };
        let slots = [&DROPS_PER_100H, &RECOVERED_60S].map(slot).to_vec();
        Question { slots, ..self.look(ask, (&ask.by, None), parameters) }
    }

    /// The request of the pass that counts times, once it is known how many clusters there are.
    #[must_use]
    pub fn times<'a>(
        &'a self,
        ask: &'a Ask,
        failures: &BTreeMap<Arm, Cell>,
        parameters: &'a Parameters,
    ) -> Projection<'a> {
        let clusters: BTreeSet<&String> = failures.values().flat_map(|cell| cell.clusters.keys()).collect();
        let question = Question { slots: Vec::new(), ..self.look(ask, (&ask.by, None), parameters) };
        Projection { question, bucketed: clusters.len() > BUCKETS }
    }
}

/// Reads the times of every arm, from the counts of [`Design::failures`] and of [`Design::times`].
#[must_use]
pub fn times(
    ask: &Ask,
    design: &Design,
    arms: &Surveyeds,
    failures: &BTreeMap<Arm, Cell>,
    counted: &BTreeMap<Arm, ArmTimes>,
) -> Vec<Times> {
    let platforms = survey::platforms(arms);
    let none = ArmTimes::default();
    // Groups stand in the same places in all arms, so that one can be left out of two at once.
    let groups: BTreeSet<&String> = counted.values().flat_map(|times| times.groups.keys()).collect();
    let seen: Vec<Seen<'_>> = failures
        .iter()
        .map(|(arm, cell)| {
            let times = counted.get(arm).unwrap_or(&none);
            Seen::of((ask, design), (arm, cell, times), platforms.get(&arm.platform), &groups)
        })
        .collect();
    let reference = |one: &Seen<'_>| {
        let is_with = |other: &&Seen<'_>| {
            (&other.arm.by, other.arm.one_sided) == (&one.arm.by, one.arm.one_sided)
                && Some(&other.arm.platform) == design.reference.as_ref()
        };
        seen.iter().find(is_with).filter(|other| other.arm.platform != one.arm.platform)
    };
    seen.iter()
        .map(|one| Times { against: reference(one).map(|other| one.against(other)), ..one.read() })
        .collect()
}

/// One arm with everything that is known of it.
struct Seen<'a> {
    ask: &'a Ask,
    design: &'a Design,
    arm: &'a Arm,
    surveyed: Option<&'a Surveyed>,
    times: &'a ArmTimes,
    /// Its exits, or why there are none.
    groups: Result<Groups, Reason>,
    /// Its drops and ends, or why there are none.
    repeated: Result<recurrences::Groups, Reason>,
    /// Why its feed cannot tell, if it cannot.
    blind: Option<String>,
    per_100h: Row,
    recovered: Row,
}

impl<'a> Seen<'a> {
    fn of(
        (ask, design): (&'a Ask, &'a Design),
        (arm, cell, times): (&'a Arm, &Cell, &'a ArmTimes),
        surveyed: Option<&'a Surveyed>,
        groups: &BTreeSet<&String>,
    ) -> Self {
        let none = GroupTimes::default();
        let parts = || groups.iter().map(|name| times.groups.get(*name).unwrap_or(&none));
        let repeated = repeated::groups(parts());
        let groups =
            parts().map(exits).collect::<Result<Vec<_>, _>>().and_then(|parts| Groups::new(CAUSES, parts));
        let missing = NEEDS.missing(surveyed.map(Surveyed::seen).unwrap_or_default());
        let blind = (!missing.is_empty()).then(|| {
            let some = groups.as_ref().is_ok_and(|groups| groups.all().n() > 0);
            let few = "fewer than half of its consultations were watched by a source that can tell";
            format!("{} {missing}", if some { few } else { "the feed cannot tell" })
        });
        let read = |i, measure| {
            let slot = Slot { measure, role: None, parts: Vec::new() };
            row::read(ask, design, &slot, i, arm, cell, surveyed)
        };
        let [per_100h, recovered] = [read(0, &DROPS_PER_100H), read(1, &RECOVERED_60S)];
        Self { ask, design, arm, surveyed, times, groups, repeated, blind, per_100h, recovered }
    }

    fn read(&self) -> Times {
        let at = |of: Exit, within: bool| -> u64 {
            let all = self.times.groups.values().flat_map(GroupTimes::exits);
            all.filter(|(second, exit, _)| *exit == of && (*second <= SLOT_S) == within)
                .map(|(.., count)| count)
                .sum()
        };
        let by_minute = |minutes: u64| ByMinute {
            minutes,
            figure: self.figure(self.quantity(Quantity::Incidence, minutes * 60_000)),
        };
        Times {
            by: self.per_100h.by.clone(),
            platform: self.arm.platform.clone(),
            one_sided: self.arm.one_sided,
            calls: self.groups.as_ref().map_or(0, |groups| groups.all().n()),
            unmeasured: self.times.unmeasured,
            last_seen: at(Exit::LastSeen, true),
            went_on: at(Exit::LastSeen, false),
            slot_minutes: SLOT_S / 60,
            dropped: MINUTES.map(by_minute).to_vec(),
            drops_per_call: self.repeated(Mean::Began),
            drops_going_on: self.repeated(Mean::AtRisk),
            lost_minutes: self.figure(minutes(self.quantity(Quantity::LostMs, SLOT_MS))),
            drops: self.recovered.n,
            restored: self.restored(),
            median_restored_s: self.median(),
            hours_between_drops: inverse(&self.per_100h),
            level: self.ask.level,
            against: None,
        }
    }

    /// The figure of an estimate, unless the feed cannot tell.
    fn figure(&self, estimate: Estimate) -> Figure {
        match &self.blind {
            Some(why) => {
                Figure { reason: Some(why.clone()), ..Figure::under(Status::NotMeasured(FEED), "none") }
            }
            None => estimate.into(),
        }
    }

    fn quantity(&self, quantity: Quantity, tau_ms: u64) -> Estimate {
        let level = self.ask.level;
        match &self.groups {
            Err(why) => Estimate::not_estimable("none", level, *why),
            Ok(groups) if self.design.cluster.is_some() => {
                clustered::of_groups(groups, quantity, DROP, tau_ms, level)
            }
            Ok(groups) => match quantity {
                Quantity::Incidence => aalen_johansen::incidence(groups.all(), DROP, tau_ms, level),
                Quantity::LostMs => lost_time::restricted(groups.all(), DROP, tau_ms, level),
            },
        }
    }

    fn restored(&self) -> Vec<ByMinute> {
        let first = ByMinute { minutes: 1, figure: of_row(&self.recovered) };
        if !self.recovered.can_be_told() {
            let later = ByMinute { minutes: BACK_WITHIN, figure: first.figure.clone() };
            return vec![first, later];
        }
        let tally = |returns: &[(u64, u64)]| -> cluster::Tally {
            let within = returns.iter().filter(|(second, _)| *second <= BACK_WITHIN * 60);
            (returns.iter().map(|(_, count)| count).sum(), within.map(|(_, count)| count).sum()).into()
        };
        let groups: Vec<cluster::Tally> = self
            .times
            .groups
            .values()
            .map(|group| tally(&group.returns()))
            .filter(|tally| tally.n > 0)
            .collect();
        let estimate = if self.design.cluster.is_some() {
            cluster::proportion(&groups, PLANNING_ICC, self.ask.level)
        } else {
            let sum = |of: fn(&cluster::Tally) -> u64| groups.iter().map(of).sum::<u64>() as f64;
            proportion::wilson(sum(|tally| tally.x), sum(|tally| tally.n), self.ask.level)
        };
        vec![first, ByMinute { minutes: BACK_WITHIN, figure: estimate.into() }]
    }

    /// The median of all drops, those that were never restored behind all others.
    fn median(&self) -> Figure {
        if !self.recovered.can_be_told() {
            return of_row(&self.recovered);
        }
        let groups: Vec<Vec<(u64, u64)>> =
            self.times.groups.values().map(GroupTimes::returns).filter(|drops| !drops.is_empty()).collect();
        let estimate = if self.design.cluster.is_some() {
            quantile::woodruff(&groups, 0.5, PLANNING_ICC, self.ask.level)
        } else {
            let mut all: BTreeMap<u64, u64> = BTreeMap::new();
            groups.iter().flatten().for_each(|(second, count)| *all.entry(*second).or_default() += count);
            quantile::quantile(all.iter().map(|(second, count)| (*second, *count)), 0.5, self.ask.level)
        };
        within_the_slot(estimate).into()
    }

    fn against(&self, with: &Self) -> Against {
        let unlike = self.unlike(with);
        let contrast = |quantity, scale: fn(Estimate) -> Estimate| {
            let estimate = match &unlike {
                Some(_) => Estimate::absent("none", self.ask.level, Status::NotMeasured(FEED)),
                None => scale(self.difference(with, quantity)),
            };
            let verdict = verdict(Better::Lower, &estimate);
            let figure = Figure::from(estimate);
            Contrast { figure: Figure { reason: unlike.clone().or(figure.reason), ..figure }, verdict }
        };
        Against {
            reference: with.arm.platform.clone(),
            dropped: contrast(Quantity::Incidence, |estimate| estimate),
            drops_per_call: self.repeated_against(with, unlike.as_ref()),
            lost_minutes: contrast(Quantity::LostMs, minutes),
            gray: self.gray(with, unlike.as_ref()),
        }
    }

    fn difference(&self, with: &Self, quantity: Quantity) -> Estimate {
        let level = self.ask.level;
        let (Ok(mine), Ok(theirs)) = (&self.groups, &with.groups) else {
            return Estimate::not_estimable("none", level, Reason::TooLarge);
        };
        if self.design.cluster.is_some() {
            return clustered::difference([mine, theirs], quantity, DROP, SLOT_MS, level);
        }
        let [one, other] = [self, with].map(|arm| arm.quantity(quantity, SLOT_MS));
        let events = one.events.unwrap_or(0.0) + other.events.unwrap_or(0.0);
        let estimate = difference::of_estimates(&one, &other);
        if estimate.value.is_some() && events < FEWEST_EVENTS as f64 {
            return estimate.with_status(Status::InsufficientEvidence(Reason::FewEvents));
        }
        estimate
    }

    fn gray(&self, with: &Self, unlike: Option<&String>) -> Gray {
        let test = match (&self.groups, &with.groups) {
            (Ok(mine), Ok(theirs)) => gray::gray(&[mine.all().clone(), theirs.all().clone()], DROP),
            _ => Err(Reason::TooLarge),
        };
        let test = match unlike {
            Some(why) => Err(why.clone()),
            None => test.map_err(|why| why.to_string()),
        };
        Gray { reason: test.as_ref().err().cloned(), test: test.ok(), method: GRAY }
    }

    /// Why two arms must not be compared: what one feed cannot tell makes its calls seem to go on.
    fn unlike(&self, with: &Self) -> Option<String> {
        let blind = [self, with].into_iter().find_map(|arm| Some((&arm.arm.platform, arm.blind.as_ref()?)));
        if let Some((platform, why)) = blind {
            return Some(format!("{platform}: {why}"));
        }
        (!alike(NEEDS.changed_by, self.surveyed?, with.surveyed?)).then(|| {
            let kinds: Vec<&str> = NEEDS.changed_by.iter().map(event::Kind::name).collect();
            format!("the feed of one of them cannot tell {}, which changes the answer", kinds.join(" or "))
        })
    }
}

/// The exits of a group, in milliseconds.
fn exits(group: &GroupTimes) -> Result<Exits, Reason> {
    let end = |exit: Exit| match exit {
        Exit::Dropped => End::Cause(DROP),
        Exit::Ended => End::Cause(1),
        Exit::LastSeen => End::Censored,
    };
    Exits::new(CAUSES, group.exits().map(|(second, exit, count)| (second * 1_000, end(exit), count)))
}

/// An estimate in milliseconds, in minutes.
fn minutes(estimate: Estimate) -> Estimate {
    let minutes = |ms: Option<f64>| ms.map(|ms| ms / 60_000.0);
    let Estimate { value, lo, hi, se, .. } = estimate;
    Estimate { value: minutes(value), lo: minutes(lo), hi: minutes(hi), se: minutes(se), ..estimate }
}

/// A median whose value, or whose limit, was not reached within the slot has none.
fn within_the_slot(estimate: Estimate) -> Estimate {
    let within = |second: Option<f64>| second.filter(|second| *second <= SLOT_S as f64);
    let (value, lo, hi) = (within(estimate.value), within(estimate.lo), within(estimate.hi));
    let status = match (estimate.value, value, estimate.hi != hi) {
        (Some(_), None, _) => estimate.status.max(Status::Boundary(Reason::NotReached)),
        (_, _, true) => estimate.status.max(Status::Boundary(Reason::BeyondData)),
        _ => estimate.status,
    };
    Estimate { value, lo, hi, status, ..estimate }
}

/// Hours for each drop, of drops in a hundred hours.
fn inverse(per_100h: &Row) -> Figure {
    let hours = |drops: Option<f64>| drops.filter(|drops| *drops > 0.0).map(|drops| 100.0 / drops);
    let Figure { value, lo, hi, .. } = of_row(per_100h);
    Figure { value: hours(value), lo: hours(hi), hi: hours(lo), ..of_row(per_100h) }
}

fn of_row(row: &Row) -> Figure {
    let Row { status, value, lo, hi, method, .. } = *row;
    Figure { status, reason: row.reason.clone(), value, lo, hi, method }
}

#[cfg(test)]
mod tests;
