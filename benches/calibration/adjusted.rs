//! Adjusted differences where platforms are used under unlike circumstances: the effect is planted, and the crude
//! difference shows another one.
//!
//! Four in ten consultations have a poor network, on which both platforms fail more often, and the first platform
//! is used there far more than the second. A stratum's share of events is the luck of the cluster times what the
//! stratum keeps of it, so that the planted shares hold exactly; the correlation within clusters is that of the
//! stratum with the most events, and lower in the others.

use projections::stats::case_mix::clustered::clustered;
use projections::stats::case_mix::standardised::{self, Standard};
use projections::stats::case_mix::{Stratum, g_computation, mantel_haenszel};
use projections::stats::cluster::PLANNING_ICC;
use projections::stats::contrast::{self, Pair};
use projections::stats::jackknife::Scale;
use projections::stats::{Estimate, LEVEL_95};

use super::case::{Case, Counted, Trial, claimed};
use super::chance::{Chance, Urn, size};

/// Shares of events on the second platform: on a good network, and on a poor one.
const SECOND: [f64; 2] = [0.08, 0.25];
/// The same on the first, where its effect is 3 points less in both strata.
const THREE_POINTS: [f64; 2] = [0.05, 0.22];
/// The share of events that an urn has: what a stratum has less is not kept.
const MOST: f64 = 0.25;
/// The ratio of odds that the first platform has in both strata of the other world.
const ODDS: f64 = 0.6;

/// How the strata are brought together.
#[derive(Debug, Clone, Copy)]
enum Joined {
    MantelHaenszel,
    Standardised,
    Logistic,
}

/// Who chooses the platform.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Layout {
    /// Each consultation has its own, on a poor network more often the first.
    Within,
    /// Each cluster has one; those of the first are where networks are poor.
    Apart,
}

/// Every case of adjustment.
pub(super) fn all() -> Vec<Case> {
    let mut cases = Vec::new();
    for joined in [Joined::MantelHaenszel, Joined::Standardised, Joined::Logistic] {
        for layout in [Layout::Within, Layout::Apart] {
            for icc in [0.0, 0.05, 0.1] {
                for clusters in [6, 10, 12, 30, 60] {
                    cases.push(of(joined, layout, icc, clusters));
                }
            }
        }
    }
    cases
}

impl Joined {
    fn name(self) -> &'static str {
        match self {
            Self::MantelHaenszel => "clustered mantel_haenszel",
            Self::Standardised => "clustered standardised",
            Self::Logistic => "clustered logistic",
        }
    }

    /// The first platform's shares of events: each estimator in the world whose effect it estimates.
    fn first(self) -> [f64; 2] {
        match self {
            Self::MantelHaenszel => THREE_POINTS,
            Self::Standardised | Self::Logistic => SECOND.map(|share| {
                let odds = ODDS * share / (1.0 - share);
                odds / (1.0 + odds)
            }),
        }
    }

    fn estimate(self, groups: &[Vec<Stratum>]) -> Estimate {
        clustered(groups, Scale::Difference, LEVEL_95, |strata| match self {
            Self::MantelHaenszel => mantel_haenszel::risk_difference_value(strata),
            Self::Standardised => standardised::difference_value(strata, Standard::Pooled),
            Self::Logistic => g_computation::standardised_difference_value(strata),
        })
    }
}

impl Layout {
    fn words(self) -> &'static str {
        match self {
            Self::Within => "clusters have both platforms",
            Self::Apart => "each cluster has one platform",
        }
    }

    /// The share of consultations on a poor network, of all of them.
    fn poor(self) -> f64 {
        match self {
            Self::Within => 0.4,
            Self::Apart => 0.5,
        }
    }

    /// A consultation's network and platform; the latter is told where the cluster has one.
    fn consultation(self, own: bool, chance: &mut Chance) -> (usize, bool) {
        match self {
            Self::Within => {
                let poor = chance.happens(self.poor());
                (usize::from(poor), chance.happens(if poor { 0.7 } else { 0.3 }))
            }
            Self::Apart => (usize::from(chance.happens(if own { 0.7 } else { 0.3 })), own),
        }
    }
}

fn of(joined: Joined, layout: Layout, icc: f64, clusters: u64) -> Case {
    let first = joined.first();
    let poor = layout.poor();
    let truth = (1.0 - poor) * (first[0] - SECOND[0]) + poor * (first[1] - SECOND[1]);
    // Clusters of one platform each are so many of either.
    let groups = if layout == Layout::Apart { 2 * clusters } else { clusters };
    Case {
        part: "Adjusted difference",
        design: format!("{}, {}", joined.name(), layout.words()),
        clusters: Some(clusters),
        icc: Some(icc),
        truth,
        estimator: joined.name(),
        beside: Some("crude difference"),
        counted: Counted::Coverage,
        target: claimed(clusters, icc),
        draw: Box::new(move |chance| {
            let groups: Vec<Vec<Stratum>> =
                (0..groups).map(|number| drawn(layout, first, icc, number % 2 == 0, chance)).collect();
            let pairs: Vec<Pair> = groups.iter().map(|strata| crude(strata)).collect();
            let crude = contrast::difference(&pairs, PLANNING_ICC, LEVEL_95);
            let adjusted = joined.estimate(&groups);
            (Trial::of(&adjusted, truth, 1.0), Some(Trial::of(&crude, truth, 1.0)))
        }),
    }
}

/// The strata of one cluster, which has its own luck.
fn drawn(layout: Layout, first: [f64; 2], icc: f64, own: bool, chance: &mut Chance) -> Vec<Stratum> {
    let mut strata = vec![Stratum::default(); 2];
    let mut urn = Urn::new(MOST, icc);
    for _ in 0..size(chance) {
        let (network, is_first) = layout.consultation(own, chance);
        let share = if is_first { first[network] } else { SECOND[network] };
        let event = urn.tally(1, share / MOST, chance);
        let stratum = &mut strata[network];
        let side = if is_first { &mut stratum.first } else { &mut stratum.second };
        (side.n, side.x) = (side.n + 1, side.x + event.x);
    }
    strata
}

/// A cluster's strata taken together, as if circumstances were alike.
fn crude(strata: &[Stratum]) -> Pair {
    strata.iter().fold(Pair::default(), |mut pair, stratum| {
        for (sum, own) in [(&mut pair.first, stratum.first), (&mut pair.second, stratum.second)] {
            (sum.n, sum.x) = (sum.n + own.n, sum.x + own.x);
        }
        pair
    })
}
