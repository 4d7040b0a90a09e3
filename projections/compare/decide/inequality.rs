//! What each policy would do to the gap between groups of people, and not only to the mean.

use std::collections::BTreeMap;

use event::{Dimension, NOT_RECORDED, Shape};
use serde::Serialize;

use super::super::ask::{Ask, Design};
use super::super::figure::Figure;
use super::super::tally::{counts, tallies};
use super::step::Step;
use super::table::named;
use crate::cells::{Arm, Cell};
use crate::measure::Better;
use crate::stats::cluster::Tally;
use crate::stats::decision::gap::{self, Part};

/// The dimensions between whose groups gaps are looked at.
pub const GROUPED_BY: [Dimension; 2] = [Dimension::DeprivationQuintile, Dimension::Device];
/// A group with less than this share of consultations is not taken for the one that fares worst.
const LEAST_GROUP: f64 = 0.05;

/// What policies would do to a gap.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Inequality {
    /// The groups are the levels of this dimension.
    pub dimension: &'static str,
    /// The group that is looked at: the most deprived, or the one that fares worst now.
    pub group: Option<String>,
    /// The group that it is compared with: the least deprived, or the largest.
    pub than: Option<String>,
    /// Why there is nothing to tell, where there is not.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// Every policy that was looked at.
    pub policies: Vec<Unequal>,
}

/// What one policy would do.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Unequal {
    /// The platforms of the policy.
    pub platforms: Vec<String>,
    /// By group: the share that it may expect; null where it was hardly seen on these platforms.
    pub groups: BTreeMap<String, Option<f64>>,
    /// The share of the group less that of the one that it is compared with.
    pub gap: Figure,
}

/// The counts of one group in one stratum, by platform and unit.
type ByPlatform = BTreeMap<String, BTreeMap<u32, Tally>>;

/// The counts by group and stratum.
struct Groups {
    by_group: BTreeMap<String, BTreeMap<String, ByPlatform>>,
}

impl Inequality {
    /// What there is to tell of a dimension that nobody recorded.
    #[must_use]
    pub fn not_recorded(dimension: Dimension) -> Self {
        let reason = format!("nobody recorded {dimension} here");
        Self {
            dimension: dimension.name(),
            group: None,
            than: None,
            reason: Some(reason),
            policies: Vec::new(),
        }
    }

    /// What each of these policies would do to the gap, by cells whose last level is the group.
    pub(super) fn of(
        ask: &Ask,
        design: &Design,
        i: usize,
        (dimension, cells): (Dimension, &BTreeMap<Arm, Cell>),
        policies: &[Step],
    ) -> Self {
        let groups = Groups::of(ask, design, i, cells);
        let Some((group, than)) = groups.pair(dimension) else {
            return Self {
                reason: Some(format!("there are not two groups by {dimension}")),
                ..Self::not_recorded(dimension)
            };
        };
        let shared = design.cluster.is_some();
        let policies = policies.iter().map(|step| groups.under(step, (&group, &than), shared, ask.level));
        Self {
            dimension: dimension.name(),
            policies: policies.collect(),
            group: Some(group),
            than: Some(than),
            reason: None,
        }
    }
}

impl Groups {
    fn of(ask: &Ask, design: &Design, i: usize, cells: &BTreeMap<Arm, Cell>) -> Self {
        let turned = design.slots[i].measure.better == Better::Lower;
        let mut units: Vec<&str> =
            cells.values().flat_map(|cell| cell.clusters.keys()).map(String::as_str).collect();
        units.sort_unstable();
        units.dedup();
        let mut by_group: BTreeMap<String, BTreeMap<String, ByPlatform>> = BTreeMap::new();
        let of_both = cells.iter().filter(|(arm, _)| !arm.one_sided && arm.platform != NOT_RECORDED);
        for (arm, cell) in of_both {
            let (by, group) = arm.by.split_at(ask.by.len());
            let Some(group) = group.first().filter(|group| *group != NOT_RECORDED) else { continue };
            for (unit, tally) in tallies(cell, i) {
                let counted = counts(tally);
                let x = if turned { counted.n - counted.x } else { counted.x };
                let unit = units.binary_search(&unit).unwrap_or_default() as u32;
                let strata = by_group.entry(group.clone()).or_default();
                let by_unit = strata.entry(named(by)).or_default().entry(arm.platform.clone()).or_default();
                let sum = by_unit.entry(unit).or_default();
                (sum.n, sum.x) = (sum.n + counted.n, sum.x + x);
            }
        }
        Self { by_group }
    }

    /// All that was counted of a group.
    fn total(&self, group: &str) -> Tally {
        let strata = self.by_group.get(group).into_iter().flat_map(BTreeMap::values);
        strata
            .flat_map(BTreeMap::values)
            .flat_map(BTreeMap::values)
            .fold(Tally::default(), |sum, one| (sum.n + one.n, sum.x + one.x).into())
    }

    /// The group that is looked at, and the one that it is compared with.
    fn pair(&self, dimension: Dimension) -> Option<(String, String)> {
        let names = || self.by_group.keys();
        if dimension.shape() == Shape::Quintile {
            let (most, least) = (names().next()?, names().next_back()?);
            return (most != least).then(|| (most.clone(), least.clone()));
        }
        let size = |name: &String| self.total(name).n;
        let than = names().max_by(|a, b| size(a).cmp(&size(b)).then(b.cmp(a)))?;
        let all: u64 = names().map(size).sum();
        let share = |name: &String| {
            let Tally { n, x } = self.total(name);
            x as f64 / n as f64
        };
        let others = names().filter(|name| *name != than && size(name) as f64 >= LEAST_GROUP * all as f64);
        let group = others.filter(|name| size(name) > 0).min_by(|a, b| share(a).total_cmp(&share(b)))?;
        Some((group.clone(), than.clone()))
    }

    /// The parts of a group under a policy.
    fn parts(&self, group: &str, step: &Step) -> Vec<Part> {
        let strata = self.by_group.get(group).into_iter().flatten();
        let part = |(stratum, platforms): (&String, &ByPlatform)| {
            let used = step.uses.get(stratum)?;
            let weight = platforms.values().flat_map(BTreeMap::values).map(|tally| tally.n).sum();
            Some(Part { weight, by_unit: platforms.get(used).cloned().unwrap_or_default() })
        };
        strata.filter_map(part).collect()
    }

    fn under(&self, step: &Step, (group, than): (&String, &String), shared: bool, level: f64) -> Unequal {
        let [one, other] = [group, than].map(|name| self.parts(name, step));
        let gap = gap::gap(&one, &other, shared, level);
        let share = |name: &String| gap::standing(&self.parts(name, step)).map(|standing| standing.share);
        Unequal {
            platforms: step.platforms.clone(),
            groups: self.by_group.keys().map(|name| (name.clone(), share(name))).collect(),
            gap: gap.into(),
        }
    }
}
