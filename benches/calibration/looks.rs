//! A hundred looks at two platforms that are alike: how often a difference is seen that is not there.
//!
//! Observations arrive fifty to an arm between looks. Fixed limits are for one look; a sequence is for all of them.

use projections::stats::cluster::{PLANNING_ICC, Tally};
use projections::stats::contrast::{self, Pair};
use projections::stats::sequential::{
    ASYMPTOTIC_SEQUENCE, BETA_MIXTURE, Errors, JEFFREYS, Look, beta_mixture, confidence_sequence,
};
use projections::stats::{Estimate, LEVEL_95, difference, proportion};

use super::case::{Case, Counted, MOST_ALARMS, Trial};
use super::chance::{Chance, Urn};
use super::shares::Layout;

const LOOKS: u64 = 100;
/// Observations of each arm between two looks.
const STEP: u64 = 50;
/// Observations of both arms at the last look.
const ALL: u64 = 2 * STEP * LOOKS;

/// Every case of looking again and again.
pub(super) fn all() -> Vec<Case> {
    let mut cases = Vec::new();
    for share in [0.03, 0.1, 0.5] {
        for planned in [ALL, ALL / 10] {
            cases.push(independent(share, planned));
        }
        cases.push(one_share(share));
    }
    for layout in [Layout::Apart, Layout::Together, Layout::Crossed] {
        for icc in [0.0, 0.05] {
            cases.extend([10, 30, 100].map(|clusters| clustered(layout, icc, clusters)));
        }
    }
    cases
}

fn case(
    design: String,
    (clusters, icc, truth): (Option<u64>, Option<f64>, f64),
    (estimator, beside): (&'static str, &'static str),
    draw: impl Fn(&mut Chance) -> (Trial, Option<Trial>) + Send + Sync + 'static,
) -> Case {
    Case {
        part: "A hundred looks",
        design,
        clusters,
        icc,
        truth,
        estimator,
        beside: Some(beside),
        counted: Counted::FalseAlarms,
        target: Some(MOST_ALARMS),
        draw: Box::new(draw),
    }
}

/// Whether there are limits, and they exclude the truth.
fn excludes(estimate: &Estimate, truth: f64) -> bool {
    (estimate.lo.is_some() || estimate.hi.is_some()) && !estimate.contains(truth)
}

/// What has been seen of an arm, rarer of events and non-events.
fn rarer(arm: Tally) -> u64 {
    arm.x.min(arm.n - arm.x)
}

fn independent(share: f64, planned: u64) -> Case {
    let design = format!("no difference of {share}, independent, {planned} planned");
    let named = (ASYMPTOTIC_SEQUENCE, difference::NEWCOMBE);
    case(design, (None, None, 0.0), named, move |chance| {
        let (mut a, mut b) = (Tally::default(), Tally::default());
        let (mut always, mut fixed) = (false, false);
        for _ in 0..LOOKS {
            for arm in [&mut a, &mut b] {
                let seen = Urn::new(share, 0.0).tally(STEP, 1.0, chance);
                (arm.n, arm.x) = (arm.n + seen.n, arm.x + seen.x);
            }
            let estimate = difference::newcombe(a.x, a.n, b.x, b.n, LEVEL_95);
            fixed |= excludes(&estimate, 0.0);
            always |= excludes(&sequence(&estimate, Errors::OfObservations, [a, b], planned), 0.0);
        }
        (Trial::alarm(always), Some(Trial::alarm(fixed)))
    })
}

/// The limits for all looks, from the estimate of one.
fn sequence(estimate: &Estimate, errors: Errors, [a, b]: [Tally; 2], planned: u64) -> Estimate {
    let look = Look {
        difference: estimate.value.unwrap_or(f64::NAN),
        se: estimate.se.unwrap_or(f64::NAN),
        errors,
        n: a.n + b.n,
        fewest_events: rarer(a).min(rarer(b)),
    };
    confidence_sequence(&look, planned, LEVEL_95)
}

fn one_share(share: f64) -> Case {
    let named = (BETA_MIXTURE, proportion::WILSON);
    case(format!("one share of {share}, independent"), (None, None, share), named, move |chance| {
        let (mut arm, mut always, mut fixed) = (Tally::default(), false, false);
        for _ in 0..LOOKS {
            let seen = Urn::new(share, 0.0).tally(STEP, 1.0, chance);
            (arm.n, arm.x) = (arm.n + seen.n, arm.x + seen.x);
            fixed |= excludes(&proportion::wilson(arm.x as f64, arm.n as f64, LEVEL_95), share);
            always |= excludes(&beta_mixture(arm.x, arm.n, JEFFREYS, LEVEL_95), share);
        }
        (Trial::alarm(always), Some(Trial::alarm(fixed)))
    })
}

fn clustered(layout: Layout, icc: f64, clusters: u64) -> Case {
    let share = 0.1;
    let design = format!("no difference of {share}, {}", layout.words());
    let named = ("asymptotic_confidence_sequence over clusters", "contrast::difference");
    case(design, (Some(clusters), Some(icc), 0.0), named, move |chance| {
        let urns = || (0..clusters).map(|_| Urn::new(share, icc)).collect::<Vec<_>>();
        let (mut first, mut second) = (urns(), urns());
        let mut arms = vec![[Tally::default(); 2]; clusters as usize];
        let (mut always, mut fixed) = (false, false);
        for _ in 0..LOOKS {
            for _ in 0..STEP {
                for side in [0, 1] {
                    let place = chance.between(0, clusters - 1) as usize;
                    let own = if side == 0 || layout == Layout::Together { &mut first } else { &mut second };
                    let seen = own[place].tally(1, 1.0, chance);
                    let arm = &mut arms[place][side];
                    (arm.n, arm.x) = (arm.n + 1, arm.x + seen.x);
                }
            }
            let estimate = contrast::difference(&pairs(layout, &arms), PLANNING_ICC, LEVEL_95);
            let total = |side: usize| {
                arms.iter().fold(Tally::default(), |sum, arm| Tally {
                    n: sum.n + arm[side].n,
                    x: sum.x + arm[side].x,
                })
            };
            fixed |= excludes(&estimate, 0.0);
            let errors = Errors::OfClusters { df: estimate.df.unwrap_or(clusters as f64 - 1.0) };
            let look = sequence(&estimate, errors, [total(0), total(1)], ALL);
            always |= excludes(&look, 0.0);
        }
        (Trial::alarm(always), Some(Trial::alarm(fixed)))
    })
}

fn pairs(layout: Layout, arms: &[[Tally; 2]]) -> Vec<Pair> {
    if layout != Layout::Apart {
        return arms.iter().map(|[first, second]| Pair { first: *first, second: *second }).collect();
    }
    let alone = |[first, second]: &[Tally; 2]| {
        [Pair { first: *first, ..Pair::default() }, Pair { second: *second, ..Pair::default() }]
    };
    arms.iter().flat_map(alone).collect()
}
