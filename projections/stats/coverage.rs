//! How often limits hold the truth, where a few clusters outweigh the rest.
//!
//! Clusters come from Pólya's urn: whatever is drawn returns with one more of its kind, which makes counts
//! beta-binomial with an exact intra-cluster correlation and needs nothing but uniform numbers. Those are
//! seeded, so that the coverage is the same number on every machine.

use super::cluster::{self, PLANNING_ICC, Tally};
use super::contrast::{self, Pair};
use super::mean::{self, Scale, Scores};
use super::ratio::{self, Numerator, Part};
use super::*;

const TRIES: u32 = 1000;
/// The share of events, in each cluster on average.
const SHARE: f64 = 0.1;
const ICC: f64 = 0.05;

/// Knuth's 64-bit linear congruential generator.
struct Lcg(u64);

impl Lcg {
    /// Uniform between 0 and 1, from the upper bits.
    fn uniform(&mut self) -> f64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 11) as f64 / (1_u64 << 53) as f64
    }
}

/// The urn of one cluster.
struct Urn {
    events: f64,
    all: f64,
}

impl Urn {
    fn new() -> Self {
        let all = 1.0 / ICC - 1.0;
        Self { events: SHARE * all, all }
    }

    fn draw(&mut self, n: u64, chance: &mut Lcg) -> Tally {
        let event = |_: &u64| {
            let event = chance.uniform() * self.all < self.events;
            self.events += f64::from(u8::from(event));
            self.all += 1.0;
            event
        };
        Tally { n, x: (0..n).filter(event).count() as u64 }
    }
}

/// Clusters of ten, and a last one.
fn tens_and(last: u64) -> Vec<u64> {
    [vec![10; 11], vec![last]].concat()
}

/// The share of tries in which the limits hold `truth`.
fn coverage(truth: f64, mut try_once: impl FnMut(&mut Lcg) -> Estimate) -> f64 {
    let mut chance = Lcg(20_240_229);
    let held = (0..TRIES).filter(|_| try_once(&mut chance).contains(truth)).count();
    held as f64 / f64::from(TRIES)
}

fn tallies(sizes: &[u64], chance: &mut Lcg) -> Vec<Tally> {
    sizes.iter().map(|n| Urn::new().draw(*n, chance)).collect()
}

#[test]
fn a_share_holds_its_level_beside_a_large_cluster() {
    for last in [10, 50, 200] {
        let sizes = tens_and(last);
        let found =
            coverage(SHARE, |chance| cluster::proportion(&tallies(&sizes, chance), PLANNING_ICC, LEVEL_95));
        assert!(found >= 0.92, "{last}: {found}");
    }
}

#[test]
fn a_difference_holds_its_level_beside_a_large_cluster() {
    for (last, shared) in [(80, true), (80, false), (200, true), (200, false)] {
        let sizes = tens_and(last);
        let found = coverage(0.0, |chance| {
            let mut pair = |n: &u64| {
                let mut urn = Urn::new();
                let first = urn.draw(*n, chance);
                let second = if shared { urn.draw(*n, chance) } else { Urn::new().draw(*n, chance) };
                Pair { first, second }
            };
            let pairs: Vec<Pair> = sizes.iter().map(&mut pair).collect();
            contrast::difference(&pairs, PLANNING_ICC, LEVEL_95)
        });
        assert!(found >= 0.92, "{last}, {shared}: {found}");
    }
}

#[test]
fn sums_and_scores_hold_their_level_beside_a_large_cluster() {
    let scale = Scale { step: 1.0, floor: 0.0, ceiling: 1.0 };
    let sizes = tens_and(200);
    let found = coverage(SHARE, |chance| {
        let part = |tally: &Tally| Part { a: tally.x.into(), t: tally.n.into() };
        let parts: Vec<Part> = tallies(&sizes, chance).iter().map(part).collect();
        ratio::of_clusters(&parts, Numerator::Amount, LEVEL_95)
    });
    assert!(found >= 0.92, "{found}");
    let found = coverage(SHARE, |chance| {
        let scores = |tally: &Tally| Scores { n: tally.n, sum: tally.x.into() };
        let clusters: Vec<Scores> = tallies(&sizes, chance).iter().map(scores).collect();
        mean::of_clusters(&clusters, scale, LEVEL_95)
    });
    assert!(found >= 0.92, "{found}");
}
