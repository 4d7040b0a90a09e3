//! Like compared with like: a difference adjusted for what platforms are used for.
//!
//! A platform that is used where the network is poor looks worse than it is. Within strata of the same
//! circumstances the platforms are compared, and the strata are brought together in a named way. Beside it
//! the crude difference is taken apart: how much of it is the platform, how much where it is used. Nothing
//! can be adjusted for that nobody recorded; the E-value says how strong that would have to be.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use super::Compared;
use super::ask::{Adjustment, Ask, Design};
use super::difference::{Verdict, is_counted, verdict};
use super::figure::Figure;
use super::strata::Parts;
use super::tally::{counts, tallies};
use crate::buckets::{BUCKETS, bucket};
use crate::sketch::Counts;
use crate::stats::case_mix::clustered::clustered;
use crate::stats::case_mix::e_value::{self, EValue};
use crate::stats::case_mix::logistic::Cell;
use crate::stats::case_mix::standardised::{self, Standard};
use crate::stats::case_mix::{
    Stratum, common_support, g_computation, homogeneity, kitagawa, lost_share, mantel_haenszel,
};
use crate::stats::estimate::Estimate;
use crate::stats::jackknife::Scale;
use crate::stats::test_statistic::Test;

/// A stratum in which either platform has fewer consultations supports a comparison but thinly.
const SUPPORTED: u64 = 5;

/// A difference of shares within strata, brought together.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Adjusted {
    /// By what strata are told apart.
    pub by: Vec<&'static str>,
    /// How they are brought together.
    pub adjustment: &'static str,
    /// Platform less reference, among like consultations.
    #[serde(flatten)]
    pub figure: Figure,
    /// What it amounts to.
    pub verdict: Verdict,
    /// The ratio of the shares among like consultations.
    pub ratio: Figure,
    /// The part of the crude difference that lies within strata: the platform.
    pub platform_effect: Figure,
    /// The part that lies in what the platforms are used for.
    pub mix_effect: Figure,
    /// Strata that either platform was used in.
    pub strata: usize,
    /// The share of consultations in strata that only one platform was used in: in no adjusted number.
    pub lost_share: f64,
    /// The share of consultations in strata where each platform has at least five.
    pub supported_share: Option<f64>,
    /// Whether the odds ratio differs between strata (Breslow and Day's test, as corrected by Tarone).
    pub homogeneity: Option<Test>,
    /// How strong something unrecorded would have to be to explain the ratio away.
    pub e_value: Option<EValue>,
    /// The name of the claim.
    pub claim: String,
    /// Cautions.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub notes: Vec<&'static str>,
}

/// The difference of two arms within strata; none where nothing is adjusted for, or no shares are compared.
pub(super) fn adjusted(
    ask: &Ask,
    design: &Design,
    i: usize,
    [one, with]: [&Compared<'_>; 2],
    claim: String,
) -> Option<Adjusted> {
    if ask.adjust.is_empty() || !is_counted(&design.slots[i]) {
        return None;
    }
    let strata = Strata::of(one.parts, with.parts, i);
    let is_clustered = design.cluster.is_some();
    let difference = strata.difference(ask.adjustment, is_clustered, ask.level);
    let ratio = strata.ratio(ask.adjustment, is_clustered, ask.level);
    let [platform_effect, mix_effect] = strata.effects(is_clustered, ask.level);
    Some(Adjusted {
        by: ask.adjust.iter().map(|dimension| dimension.name()).collect(),
        adjustment: ask.adjustment.name(),
        verdict: verdict(design.slots[i].measure.better, &difference),
        e_value: e_value::of_estimate(&ratio),
        ratio: ratio.into(),
        platform_effect: platform_effect.into(),
        mix_effect: mix_effect.into(),
        strata: strata.levels.len(),
        lost_share: lost_share(&strata.all),
        supported_share: common_support(&strata.all, SUPPORTED),
        homogeneity: homogeneity::tarone(&strata.all),
        claim,
        notes: difference.flags.iter().map(|flag| flag.words()).collect(),
        figure: difference.into(),
    })
}

/// Both arms by stratum, as a whole and by group of clusters.
struct Strata<'a> {
    levels: Vec<&'a [String]>,
    all: Vec<Stratum>,
    groups: Vec<Vec<Stratum>>,
}

impl<'a> Strata<'a> {
    fn of(one: &Parts<'a>, with: &Parts<'a>, i: usize) -> Self {
        let levels: BTreeSet<&[String]> = one.by_level.keys().chain(with.by_level.keys()).copied().collect();
        let levels: Vec<&[String]> = levels.into_iter().collect();
        let mut by_cluster: BTreeMap<&str, Vec<Stratum>> = BTreeMap::new();
        for (place, level) in levels.iter().enumerate() {
            for (arm, is_first) in [(one, true), (with, false)] {
                let Some(cell) = arm.by_level.get(level) else { continue };
                for (cluster, tally) in tallies(cell, i) {
                    let strata =
                        by_cluster.entry(cluster).or_insert_with(|| vec![Stratum::default(); levels.len()]);
                    let Counts { n, x } = counts(tally);
                    let stratum = &mut strata[place];
                    let side = if is_first { &mut stratum.first } else { &mut stratum.second };
                    (side.n, side.x) = (side.n + n, side.x + x);
                }
            }
        }
        let all =
            (0..levels.len()).map(|place| sum(by_cluster.values().map(|strata| strata[place]))).collect();
        Self { levels, all, groups: grouped(by_cluster) }
    }

    fn difference(&self, adjustment: Adjustment, is_clustered: bool, level: f64) -> Estimate {
        if is_clustered {
            return clustered(&self.groups, Scale::Difference, level, |strata| match adjustment {
                Adjustment::MantelHaenszel => mantel_haenszel::risk_difference_value(strata),
                Adjustment::Standardised => standardised::difference_value(strata, Standard::Pooled),
                Adjustment::Logistic => g_computation::difference_value(&self.cells(strata), 0, 1, 0),
            });
        }
        match adjustment {
            Adjustment::MantelHaenszel => mantel_haenszel::risk_difference(&self.all, level),
            Adjustment::Standardised => {
                standardised::standardise(&self.all, Standard::Pooled, level).difference
            }
            Adjustment::Logistic => {
                g_computation::contrast(&self.cells(&self.all), 0, 1, 0, level).difference
            }
        }
    }

    fn ratio(&self, adjustment: Adjustment, is_clustered: bool, level: f64) -> Estimate {
        if is_clustered {
            return clustered(&self.groups, Scale::Log, level, |strata| match adjustment {
                Adjustment::MantelHaenszel => mantel_haenszel::risk_ratio_value(strata),
                Adjustment::Standardised => standardised::ratio_value(strata, Standard::Pooled),
                Adjustment::Logistic => {
                    g_computation::contrast(&self.cells(strata), 0, 1, 0, level).ratio.value
                }
            });
        }
        match adjustment {
            Adjustment::MantelHaenszel => mantel_haenszel::risk_ratio(&self.all, level),
            Adjustment::Standardised => standardised::standardise(&self.all, Standard::Pooled, level).ratio,
            Adjustment::Logistic => g_computation::contrast(&self.cells(&self.all), 0, 1, 0, level).ratio,
        }
    }

    /// What of the crude difference is the platform, and what is where it is used.
    fn effects(&self, is_clustered: bool, level: f64) -> [Estimate; 2] {
        if is_clustered {
            let part = |value: fn(&[Stratum]) -> Option<f64>| {
                clustered(&self.groups, Scale::Difference, level, value)
            };
            return [part(kitagawa::rate_effect_value), part(kitagawa::mix_effect_value)];
        }
        match kitagawa::decompose(&self.all, level) {
            Ok(parts) => [parts.rate, parts.mix],
            Err(why) => [(); 2].map(|()| Estimate::not_estimable(kitagawa::KITAGAWA, level, why)),
        }
    }

    /// A cell for each arm in each stratum: 1 for the first arm, then the level of each dimension by number.
    fn cells(&self, strata: &[Stratum]) -> Vec<Cell> {
        let dimensions = self.levels.first().map_or(0, |levels| levels.len());
        let numbers: Vec<BTreeMap<&str, u32>> = (0..dimensions)
            .map(|place| {
                let names: BTreeSet<&str> = self.levels.iter().map(|levels| levels[place].as_str()).collect();
                names.into_iter().zip(0..).collect()
            })
            .collect();
        let cell = |arm: u32, levels: &[String], n: u64, x: u64| {
            let further = levels.iter().zip(&numbers).map(|(level, numbers)| numbers[level.as_str()]);
            Cell { levels: std::iter::once(arm).chain(further).collect(), n, x }
        };
        let both = |(levels, stratum): (&&[String], &Stratum)| {
            [(1, stratum.first), (0, stratum.second)].map(|(arm, tally)| cell(arm, levels, tally.n, tally.x))
        };
        self.levels.iter().zip(strata).flat_map(both).collect()
    }
}

/// The clusters one by one, or brought together by a hash of their names where there are many.
fn grouped(by_cluster: BTreeMap<&str, Vec<Stratum>>) -> Vec<Vec<Stratum>> {
    if by_cluster.len() <= BUCKETS {
        return by_cluster.into_values().collect();
    }
    let mut groups: Vec<Vec<Stratum>> = vec![Vec::new(); BUCKETS];
    for (cluster, strata) in by_cluster {
        let group = &mut groups[bucket(cluster)];
        group.resize(strata.len(), Stratum::default());
        for (all, own) in group.iter_mut().zip(strata) {
            *all = sum([*all, own].into_iter());
        }
    }
    groups
}

fn sum(strata: impl Iterator<Item = Stratum>) -> Stratum {
    strata.fold(Stratum::default(), |mut sum, stratum| {
        (sum.first.n, sum.first.x) = (sum.first.n + stratum.first.n, sum.first.x + stratum.first.x);
        (sum.second.n, sum.second.x) = (sum.second.n + stratum.second.n, sum.second.x + stratum.second.x);
        sum
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn strata(number: u64) -> Vec<Stratum> {
        vec![Stratum::from((number + 2, number, 3, 1)), Stratum::from((1, 1, number + 1, number))]
    }

    #[test]
    fn few_clusters_are_left_out_one_by_one_and_many_share_groups_without_a_loss() {
        for (clusters, groups) in [(3, 3), (64, 64), (500, 64)] {
            let names: Vec<String> = (0..clusters).map(|number| format!("k-{number}")).collect();
            let by_cluster: BTreeMap<&str, Vec<Stratum>> =
                names.iter().map(String::as_str).zip((0..).map(strata)).collect();
            let all = |place: usize, groups: &[Vec<Stratum>]| {
                sum(groups.iter().filter_map(|strata| strata.get(place).copied()))
            };
            let apart: Vec<Vec<Stratum>> = by_cluster.values().cloned().collect();
            let together = grouped(by_cluster);
            assert_eq!(together.len(), groups);
            for place in [0, 1] {
                assert_eq!(all(place, &together), all(place, &apart));
            }
            assert!(together.iter().filter(|strata| !strata.is_empty()).count() > groups / 2);
        }
    }
}
