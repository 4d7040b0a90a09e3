//! What a bad day would take under each policy: one platform for all, and the ranges of a decision.
//!
//! Averages hide that with one platform its outage takes everything. So each policy that is weighed is laid over the days
//! that were: what failed beyond the usual on the platforms that it uses is taken for all that it would send to them. A
//! day is one of UTC. Every platform that may be used everywhere is a policy, and so is every range of the frontier.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use super::decide::Decided;
use super::outages::{Looked, series};
use crate::period::Period;
use crate::stats::outages::QUARTERS_A_DAY;
use crate::stats::outages::concentration::{Days, FEWEST, losses};
use crate::windows::Seen;

/// What policies lose on bad days, in failed consultations beyond the usual.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Concentration {
    /// Why nothing can be said, if nothing can.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// On how many days.
    pub days: u64,
    /// Days that are left out, since some policy would use a platform of which too little was seen then.
    pub days_unknown: u64,
    /// Policy by policy.
    pub policies: Vec<Laid>,
    /// The place of the policy with the best average share, and of the one that loses least on the worst days, where they
    /// are not the same and the former loses more than chance would make it.
    pub pulls_apart: Option<[usize; 2]>,
}

/// A policy laid over the days that were.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Laid {
    /// Its platforms.
    pub platforms: Vec<String>,
    /// Its expected share of the measure that is decided by.
    pub value: f64,
    /// How many more fail than usual on an average day.
    pub mean: f64,
    /// On the worst day.
    pub worst: f64,
    /// Which that was.
    pub worst_day: String,
    /// The mean of the worst days, one in twenty.
    pub shortfall: f64,
    /// What that would be if organisations had had their bad days independently.
    pub shortfall_by_chance: Option<f64>,
    /// The share of logs rearranged so, this one among them, in which it is as large.
    pub p: f64,
}

/// Lays the policies of a decision over the days that were counted by organisation and by stratum; nothing where there is
/// no policy.
#[must_use]
pub fn concentration(decided: &Decided, by_organisation: &Seen, by_stratum: &Seen) -> Option<Concentration> {
    let policies = Policies::of(decided)?;
    let looked = Looked::all(by_organisation);
    let is_measured =
        |name: &&String| looked.iter().any(|looked| looked.platform == **name && looked.is_measured());
    if let Some(blind) = policies.platforms.iter().find(|name| !is_measured(name)) {
        return Some(Concentration::none(&format!(
            "sources can tell of fewer than half of the attempted consultations on {blind} whether they failed"
        )));
    }
    let (organisations, series) = series(by_organisation, &policies.platforms);
    let days = Days::new(policies.platforms.len(), organisations, &series);
    let (loads, outside) = policies.loads(by_stratum, &days);
    let excess = days.excess();
    let Some(lost) = losses(&loads, &excess, &policies.uses) else {
        return Some(Concentration::none(&format!(
            "on no day {FEWEST} consultations or more were told of every platform that the policies would use"
        )));
    };
    let chances = days.by_chance(&loads, &policies.uses, &lost);
    let laid = |place: usize| {
        let (loss, chance) = (lost.policies[place], chances[place]);
        Laid {
            platforms: policies.sets[place].clone(),
            value: policies.value(decided, place),
            mean: loss.mean,
            worst: loss.worst,
            worst_day: Period::Day.level(days.first() + loss.worst_day as i32),
            shortfall: loss.shortfall,
            shortfall_by_chance: chance.shortfall,
            p: chance.p,
        }
    };
    let laid: Vec<Laid> = (0..policies.sets.len()).map(laid).collect();
    Some(Concentration {
        reason: None,
        days: lost.days as u64,
        days_unknown: lost.unknown as u64 + outside,
        pulls_apart: pulls_apart(&laid),
        policies: laid,
    })
}

impl Concentration {
    fn none(why: &str) -> Self {
        Self {
            reason: Some(why.to_owned()),
            days: 0,
            days_unknown: 0,
            policies: Vec::new(),
            pulls_apart: None,
        }
    }
}

/// The best on average and the best on bad days, where they differ by more than chance.
fn pulls_apart(laid: &[Laid]) -> Option<[usize; 2]> {
    let first = |better: fn(&Laid, &Laid) -> bool| {
        (1..laid.len()).fold(0, |best, place| if better(&laid[place], &laid[best]) { place } else { best })
    };
    let average = first(|one, other| one.value > other.value);
    let bad_days = first(|one, other| one.shortfall < other.shortfall);
    (average != bad_days && laid[average].p <= 0.05).then_some([average, bad_days])
}

/// The policies of a decision, by numbers for platforms and strata.
struct Policies {
    platforms: Vec<String>,
    strata: Vec<String>,
    sets: Vec<Vec<String>>,
    uses: Vec<Vec<usize>>,
}

impl Policies {
    fn of(decided: &Decided) -> Option<Self> {
        // Where needs leave no platform to some policy, there is nothing to hold the others against.
        let everywhere =
            |stratum: &&String| decided.frontier.iter().all(|step| step.uses.contains_key(*stratum));
        let strata: Vec<String> = decided.frontier.first()?.uses.keys().filter(everywhere).cloned().collect();
        let ranges = decided.frontier.iter().filter(|step| step.platforms.len() > 1);
        let singles = decided.best_single.keys().map(|name| {
            let uses: BTreeMap<&String, &String> = strata.iter().map(|stratum| (stratum, name)).collect();
            (vec![name.clone()], uses)
        });
        let ranges = ranges.map(|step| (step.platforms.clone(), step.uses.iter().collect()));
        let (sets, uses): (Vec<Vec<String>>, Vec<BTreeMap<&String, &String>>) = singles.chain(ranges).unzip();
        let platforms: BTreeSet<String> = sets.iter().flatten().cloned().collect();
        let platforms: Vec<String> = platforms.into_iter().collect();
        let number = |name: &String| platforms.binary_search(name).unwrap_or_default();
        let of_strata = |uses: &BTreeMap<&String, &String>| {
            strata.iter().filter_map(|stratum| uses.get(stratum)).map(|name| number(name)).collect()
        };
        let uses = uses.iter().map(of_strata).collect();
        Some(Self { strata, sets, uses, platforms })
    }

    /// Attempted consultations by stratum and day, and how many further days have some.
    fn loads(&self, by_stratum: &Seen, days: &Days) -> (Vec<Vec<u64>>, u64) {
        let mut loads = vec![vec![0; days.count()]; self.strata.len()];
        let mut outside = BTreeSet::new();
        for (stratum, course) in self.platforms.iter().filter_map(|name| by_stratum.get(name)).flatten() {
            let name = if stratum.0.is_empty() { "all".to_owned() } else { stratum.0.join(", ") };
            let Ok(place) = self.strata.binary_search(&name) else { continue };
            for (number, window) in &course.windows {
                let day = number.div_euclid(QUARTERS_A_DAY as i32);
                match usize::try_from(day - days.first()).ok().and_then(|day| loads[place].get_mut(day)) {
                    Some(load) => *load += u64::from(window.attempted),
                    None => {
                        outside.insert(day);
                    }
                }
            }
        }
        (loads, outside.len() as u64)
    }

    /// The share that is expected of a policy, strata weighing by their consultations.
    fn value(&self, decided: &Decided, policy: usize) -> f64 {
        let mut sums = (0.0, 0.0);
        for (stratum, platform) in self.strata.iter().zip(&self.uses[policy]) {
            let cells = || decided.cells.iter().filter(|cell| cell.stratum == *stratum);
            let weight: u64 = cells().map(|cell| cell.n).sum();
            let used = cells().find(|cell| cell.platform == self.platforms[*platform]);
            sums.0 += weight as f64 * used.map_or(0.0, |cell| cell.expected);
            sums.1 += weight as f64;
        }
        sums.0 / sums.1
    }
}
