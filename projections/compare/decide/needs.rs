//! What is needed where, which platform is shown to meet it, and which is kept out for the lack of it.

use std::collections::{BTreeMap, BTreeSet};

use event::Dimension;
use serde::Serialize;

use super::step::Step;
use super::table::{Table, named};
use crate::profiles::{Profiles, State, Statement};

/// A need, and what is said of every platform.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Needed {
    /// Which function.
    pub function: String,
    /// In words.
    pub words: String,
    /// Of which consultations, by level of a dimension; of all, where there is none.
    #[serde(rename = "where")]
    pub of: BTreeMap<&'static str, String>,
    /// By platform: what is said, and who says so.
    pub platforms: BTreeMap<String, Statement>,
}

/// A platform that may not be used in a stratum.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Barred {
    /// The stratum.
    pub stratum: String,
    /// The platform.
    pub platform: String,
    /// What it is not shown to do.
    pub lacks: Vec<String>,
}

/// What a platform costs.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Priced {
    /// The unit, as it was declared.
    pub unit: String,
    /// By platform: what a consultation costs, between these bounds.
    pub platforms: BTreeMap<String, [f64; 2]>,
    /// The platform that costs least at the lower bounds and at the higher ones, of those that may be the one for all.
    pub cheapest: Option<String>,
    /// What each consultation costs more with the range than with the best single platform, at the lower bounds and at
    /// the higher ones; below zero where it costs less.
    pub range: Option<[f64; 2]>,
    /// The same for each good consultation that is gained; null where none is.
    pub per_gained: Option<[f64; 2]>,
}

impl Priced {
    /// What the range costs over the best single platform.
    pub(super) fn held_against(&mut self, [single, range]: [&Step; 2], singles: &BTreeMap<String, f64>) {
        let cheapest = |end: usize| {
            let able = self.platforms.iter().filter(|(name, _)| singles.contains_key(*name));
            able.min_by(|a, b| a.1[end].total_cmp(&b.1[end])).map(|(name, _)| name.clone())
        };
        self.cheapest = cheapest(0).filter(|name| cheapest(1).as_ref() == Some(name));
        let (Some(one), Some(more)) = (single.price, range.price) else { return };
        let gained = range.value - single.value;
        let costs = [more[0] - one[0], more[1] - one[1]];
        self.range = Some(costs);
        self.per_gained = (gained > 0.0).then(|| costs.map(|cost| cost / gained));
    }
}

/// What of the needs of a stratum a platform is not shown to meet.
fn lacks(profiles: &Profiles, by: &[Dimension], levels: &[String], platform: &str) -> BTreeSet<String> {
    let unmet = profiles
        .needs_of(by, levels)
        .filter(|need| profiles.statement(platform, &need.function).state != State::Met);
    unmet.map(|need| need.function.clone()).collect()
}

/// Whether needs keep a platform out of a stratum.
pub(super) fn barred(
    profiles: Option<&Profiles>,
    by: &[Dimension],
    levels: &[String],
    platform: &str,
) -> bool {
    profiles.is_some_and(|profiles| !lacks(profiles, by, levels, platform).is_empty())
}

impl Table {
    /// Every platform that was seen, whether or not it may be used anywhere.
    fn every(&self) -> Vec<&String> {
        let mut all: Vec<&String> = self.platforms.iter().chain(&self.nowhere).collect();
        all.sort_unstable();
        all
    }

    /// The needs of the strata here, and what is said of the platforms.
    pub(super) fn needed(&self, profiles: &Profiles, by: &[Dimension]) -> Vec<Needed> {
        let here = profiles.needs.iter().filter(|need| {
            self.levels.iter().any(|levels| profiles.needs_of(by, levels).any(|other| other == *need))
        });
        let needed = here.map(|need| Needed {
            function: need.function.clone(),
            words: profiles.functions.get(&need.function).cloned().unwrap_or_default(),
            of: need.of.iter().map(|(dimension, level)| (dimension.name(), level.clone())).collect(),
            platforms: self
                .every()
                .into_iter()
                .map(|platform| (platform.clone(), profiles.statement(platform, &need.function)))
                .collect(),
        });
        needed.collect()
    }

    /// Which platform is kept out of which stratum.
    pub(super) fn barred(&self, profiles: &Profiles, by: &[Dimension]) -> Vec<Barred> {
        let mut barred = Vec::new();
        for levels in &self.levels {
            for platform in self.every() {
                let lacks: Vec<String> = lacks(profiles, by, levels, platform).into_iter().collect();
                if !lacks.is_empty() {
                    barred.push(Barred { stratum: named(levels), platform: platform.clone(), lacks });
                }
            }
        }
        barred
    }

    /// Strata in which no platform that was seen may be used.
    pub(super) fn unserved(&self) -> Vec<String> {
        let admissible = self.evidence.admissible();
        let none = self.strata.iter().zip(&admissible).filter(|(_, there)| !there.contains(&true));
        none.map(|(name, _)| name.clone()).collect()
    }

    /// What the platforms cost, where that was declared.
    pub(super) fn priced(&self, profiles: &Profiles) -> Option<Priced> {
        let prices = self.every().into_iter().filter_map(|name| Some((name.clone(), profiles.price(name)?)));
        let platforms: BTreeMap<String, [f64; 2]> = prices.collect();
        let unit = profiles.price_unit.clone()?;
        (!platforms.is_empty()).then_some(Priced {
            unit,
            platforms,
            cheapest: None,
            range: None,
            per_gained: None,
        })
    }
}
