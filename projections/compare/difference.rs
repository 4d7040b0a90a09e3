//! The difference of a platform from the reference, with its interval and what it amounts to.

use std::collections::{BTreeMap, BTreeSet};

use event::Role;
use serde::Serialize;

use super::ask::{Ask, Design};
use super::claim::claim_id;
use super::row::{Row, status_name};
use super::tally::{counts, tallies};
use crate::cells::{Arm, Cell, Slot};
use crate::measure::{Better, Fold};
use crate::parameters::Parameters;
use crate::stats::cluster::PLANNING_ICC;
use crate::stats::contrast::{self, Pair};
use crate::stats::{Estimate, difference};

/// A platform's value less the reference's.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Difference {
    /// The measure; of durations the median.
    pub measure: &'static str,
    /// The levels of the dimensions asked for.
    pub by: BTreeMap<&'static str, String>,
    /// The platform.
    pub platform: String,
    /// What it is compared with.
    pub reference: String,
    /// Whose, for a measure that is read by role.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub role: Option<Role>,
    /// `ok`, or why the numbers are missing or not to be relied on.
    pub status: &'static str,
    /// The status in words, where it is not `ok`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// Platform less reference, in the measure's unit.
    pub value: Option<f64>,
    /// The lower limit.
    pub lo: Option<f64>,
    /// The upper limit.
    pub hi: Option<f64>,
    /// The nominal coverage of the limits.
    pub level: f64,
    /// The estimator.
    pub method: &'static str,
    /// By which dimension rows were clustered.
    pub cluster: &'static str,
    /// How many clusters both arms together have.
    pub clusters: Option<u64>,
    /// What it amounts to.
    pub verdict: Verdict,
    /// The name of the claim, the same for the same question as evidence grows.
    pub claim: String,
    /// Cautions.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub notes: Vec<&'static str>,
}

/// What a difference amounts to, by its interval alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// The interval lies on the better side of no difference.
    Better,
    /// The interval lies on the worse side.
    Worse,
    /// The interval lies above, of a measure that is neither better nor worse.
    Higher,
    /// The interval lies below, of such a measure.
    Lower,
    /// The interval holds no difference.
    NoClearDifference,
    /// Too few events to say.
    InsufficientEvidence,
    /// There is nothing to compare.
    NotComparable,
}

/// The differences of the arms of one slot and stratum from the reference's.
pub(super) fn from_reference(
    ask: &Ask,
    design: &Design,
    i: usize,
    reference: &str,
    arms: &[(&Arm, Row)],
    cells: &BTreeMap<Arm, Cell>,
    parameters: &Parameters,
) -> Vec<Difference> {
    let slot = &design.slots[i];
    let mut differences = Vec::new();
    for (arm, row) in arms.iter().filter(|(arm, row)| arm.platform != reference && row.says_something()) {
        // One-sided rows are never compared with two-sided ones.
        let with =
            arms.iter().find(|(other, _)| other.platform == reference && other.one_sided == arm.one_sided);
        let Some((against, with)) = with else { continue };
        let estimate = estimate(ask, design, i, (arm, row), (against, with), cells);
        let comparable = [row, with].iter().all(|row| row.status != "not_measured");
        differences.push(Difference {
            measure: slot.measure.name,
            by: row.by.clone(),
            platform: row.platform.clone(),
            reference: reference.to_owned(),
            role: slot.role,
            status: if comparable { status_name(&estimate.status) } else { "not_measured" },
            reason: if comparable {
                estimate.status.reason().map(|reason| reason.to_string())
            } else {
                Some("the feed of one of the platforms cannot tell what it needs".to_owned())
            },
            value: estimate.value,
            lo: estimate.lo,
            hi: estimate.hi,
            level: ask.level,
            method: estimate.method,
            cluster: design.cluster_name(),
            clusters: if design.cluster.is_some() { estimate.clusters } else { None },
            verdict: verdict(slot.measure.better, &estimate),
            claim: claim_id(ask, slot, &row.platform, reference, &row.by, parameters),
            notes: estimate.flags.iter().map(|flag| flag.words()).collect(),
        });
    }
    differences
}

fn estimate(
    ask: &Ask,
    design: &Design,
    i: usize,
    (arm, row): (&Arm, &Row),
    (against, with): (&Arm, &Row),
    cells: &BTreeMap<Arm, Cell>,
) -> Estimate {
    let counted = |slot: &Slot| {
        matches!(
            slot.measure.fold,
            Fold::Share(_) | Fold::Breakdown(_) | Fold::Composite(..) | Fold::Opinion(_)
        )
    };
    if row.estimate.is_none() || with.estimate.is_none() {
        return Estimate::not_estimable("none", ask.level, crate::stats::Reason::NoData);
    }
    if counted(&design.slots[i]) {
        return match (design.cluster, cells.get(arm), cells.get(against)) {
            (Some(_), Some(mine), Some(theirs)) => {
                contrast::difference(&pairs(mine, theirs, i), PLANNING_ICC, ask.level)
            }
            _ => difference::newcombe(
                row.x.unwrap_or(0),
                row.n.unwrap_or(0),
                with.x.unwrap_or(0),
                with.n.unwrap_or(0),
                ask.level,
            ),
        };
    }
    match (&row.estimate, &with.estimate) {
        (Some(mine), Some(theirs)) => {
            let mut estimate = difference::of_estimates(mine, theirs);
            estimate.clusters = mine.clusters.zip(theirs.clusters).map(|_| used(cells, arm, against, i));
            estimate
        }
        _ => Estimate::not_estimable("none", ask.level, crate::stats::Reason::NoData),
    }
}

/// The counts of each cluster on both arms, in the order of the clusters.
fn pairs(mine: &Cell, theirs: &Cell, i: usize) -> Vec<Pair> {
    let mut pairs: BTreeMap<&str, Pair> = BTreeMap::new();
    for (cluster, tally) in tallies(mine, i) {
        let counts = counts(tally);
        pairs.entry(cluster).or_default().first = (counts.n, counts.x).into();
    }
    for (cluster, tally) in tallies(theirs, i) {
        let counts = counts(tally);
        pairs.entry(cluster).or_default().second = (counts.n, counts.x).into();
    }
    pairs.into_values().collect()
}

/// How many clusters either arm has.
fn used(cells: &BTreeMap<Arm, Cell>, arm: &Arm, against: &Arm, i: usize) -> u64 {
    let names =
        |arm: &Arm| cells.get(arm).into_iter().flat_map(|cell| tallies(cell, i)).map(|(name, _)| name);
    names(arm).chain(names(against)).collect::<BTreeSet<_>>().len() as u64
}

fn verdict(better: Better, estimate: &Estimate) -> Verdict {
    use crate::stats::Status;
    match (estimate.status, estimate.lo, estimate.hi) {
        (Status::InsufficientEvidence(_), ..) => Verdict::InsufficientEvidence,
        (_, Some(lo), _) if lo > 0.0 => match better {
            Better::Higher => Verdict::Better,
            Better::Lower => Verdict::Worse,
            Better::Neither => Verdict::Higher,
        },
        (_, _, Some(hi)) if hi < 0.0 => match better {
            Better::Higher => Verdict::Worse,
            Better::Lower => Verdict::Better,
            Better::Neither => Verdict::Lower,
        },
        (_, Some(_), Some(_)) => Verdict::NoClearDifference,
        _ => Verdict::NotComparable,
    }
}
