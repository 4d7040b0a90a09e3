//! Shares of events in clusters, and their differences, by the estimators of a comparison's rows.

use projections::stats::cluster::{self, PLANNING_ICC, Tally};
use projections::stats::contrast::{self, Pair};
use projections::stats::{LEVEL_95, difference, proportion};

use super::case::{Case, Counted, Trial, claimed};
use super::chance::{Chance, Urn, size};

const CLUSTERS: [u64; 6] = [4, 6, 10, 12, 30, 100];
const ICCS: [f64; 4] = [0.0, 0.02, 0.05, 0.1];

/// One share: of each cluster's consultations some have the event, and clusters have their luck.
pub(super) fn one() -> Vec<Case> {
    let mut cases = Vec::new();
    for share in [0.03, 0.1, 0.5, 0.9] {
        for icc in ICCS {
            for clusters in CLUSTERS {
                cases.push(Case {
                    part: "One share",
                    design: format!("share {share}"),
                    clusters: Some(clusters),
                    icc: Some(icc),
                    truth: share,
                    estimator: cluster::WILSON_RAO_SCOTT_T,
                    beside: Some(proportion::WILSON),
                    counted: Counted::Coverage,
                    target: claimed(clusters, icc),
                    draw: Box::new(move |chance| {
                        let one = |_| Urn::new(share, icc).tally(size(chance), 1.0, chance);
                        let tallies: Vec<Tally> = (0..clusters).map(one).collect();
                        let estimate = cluster::proportion(&tallies, PLANNING_ICC, LEVEL_95);
                        let Tally { n, x } = total(&tallies);
                        let naive = proportion::wilson(x as f64, n as f64, LEVEL_95);
                        (Trial::of(&estimate, share, 1.0), Some(Trial::of(&naive, share, 1.0)))
                    }),
                });
            }
        }
    }
    cases
}

/// How clusters and platforms go together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Layout {
    /// The platform was chosen by the cluster.
    Apart,
    /// Every cluster uses both, and its luck is the same on both.
    Together,
    /// Every cluster uses both, and has its luck with each.
    Crossed,
}

impl Layout {
    /// The layout in words.
    pub(super) fn words(self) -> &'static str {
        match self {
            Self::Apart => "each cluster has one platform",
            Self::Together => "clusters have both, one luck",
            Self::Crossed => "clusters have both, luck by platform",
        }
    }
}

/// The difference of two shares; the second is the first times a ratio.
pub(super) fn two() -> Vec<Case> {
    let mut cases = Vec::new();
    for layout in [Layout::Apart, Layout::Together, Layout::Crossed] {
        for (share, ratio) in [(0.03, 1.0), (0.1, 1.0), (0.1, 0.6), (0.5, 1.0)] {
            for icc in ICCS {
                for clusters in CLUSTERS {
                    cases.push(difference_of(layout, share, ratio, icc, clusters));
                }
            }
        }
    }
    cases
}

fn difference_of(layout: Layout, share: f64, ratio: f64, icc: f64, clusters: u64) -> Case {
    let truth = share * (1.0 - ratio);
    let second = share * ratio;
    Case {
        part: "Difference of two shares",
        design: format!("{}, {share} and {second:.2}", layout.words()),
        clusters: Some(clusters),
        icc: Some(icc),
        truth,
        estimator: "contrast::difference",
        beside: Some(difference::NEWCOMBE),
        counted: Counted::Coverage,
        target: claimed(clusters, icc),
        draw: Box::new(move |chance| {
            let mut pairs: Vec<Pair> = Vec::new();
            for _ in 0..clusters {
                pairs.extend(drawn(layout, share, ratio, icc, chance));
            }
            let estimate = contrast::difference(&pairs, PLANNING_ICC, LEVEL_95);
            let (a, b) =
                (total(pairs.iter().map(|pair| &pair.first)), total(pairs.iter().map(|pair| &pair.second)));
            let naive = difference::newcombe(a.x, a.n, b.x, b.n, LEVEL_95);
            (Trial::of(&estimate, truth, 1.0), Some(Trial::of(&naive, truth, 1.0)))
        }),
    }
}

/// One cluster that has both platforms, or one of each that has one.
fn drawn(layout: Layout, share: f64, ratio: f64, icc: f64, chance: &mut Chance) -> Vec<Pair> {
    let mut urn = Urn::new(share, icc);
    let first = urn.tally(size(chance), 1.0, chance);
    if layout != Layout::Together {
        urn = Urn::new(share, icc);
    }
    let second = urn.tally(size(chance), ratio, chance);
    match layout {
        Layout::Apart => {
            vec![Pair { first, ..Pair::default() }, Pair { second, ..Pair::default() }]
        }
        Layout::Together | Layout::Crossed => vec![Pair { first, second }],
    }
}

/// All clusters together.
fn total<'a>(tallies: impl IntoIterator<Item = &'a Tally>) -> Tally {
    tallies.into_iter().fold(Tally::default(), |sum, one| Tally { n: sum.n + one.n, x: sum.x + one.x })
}
