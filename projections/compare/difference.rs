//! The difference of a platform from the reference, with its interval and what it amounts to.

use std::collections::{BTreeMap, BTreeSet};

use event::Role;
use serde::Serialize;

use super::Compared;
use super::adjusted::{Adjusted, adjusted};
use super::ask::{Ask, Design, alike};
use super::claims::{Rule, claim_id};
use super::figure::Figure;
use super::row::status_name;
use super::subject::Subject;
use super::tally::{counts, tallies, voices, whole};
use super::watch::Watch;
use crate::cells::{Cell, Slot};
use crate::measure::{Better, Fold};
use crate::parameters::Parameters;
use crate::stats::cluster::PLANNING_ICC;
use crate::stats::contrast::{self, Pair};
use crate::stats::estimate::FEWEST_EVENTS;
use crate::stats::{Estimate, Reason, Status, difference, ordinal};
use crate::survey::Surveyed;

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
    /// Whether both see one side only.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub one_sided: bool,
    /// `ok`, or why the numbers are missing or not to be relied on.
    #[serde(serialize_with = "status_name")]
    pub status: Status,
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
    /// The share of consultations in months in which both platforms were used, where it is so small that this is a
    /// difference of before and after.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub concurrent_share: Option<f64>,
    /// The name of the claim, the same for the same question as evidence grows.
    pub claim: String,
    /// Of what people said, the odds that an answer on the platform is the better of two, ties split; answers
    /// are taken as independent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub win_odds: Option<Figure>,
    /// The same for whoever looks often or at much, where it was asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub watch: Option<Watch>,
    /// The same among like consultations, where it was asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub adjusted: Option<Adjusted>,
    /// Cautions.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub notes: Vec<&'static str>,
}

/// How a difference is adjusted, and for what.
fn how(ask: &Ask) -> Vec<(&'static str, &'static str)> {
    let adjusted = ask.adjust.iter().map(|dimension| ("adjust", dimension.name()));
    adjusted.chain([("method", ask.adjustment.name())]).collect()
}

impl Difference {
    /// How sure its sentence may be.
    pub(super) fn grade(&self) -> Grade {
        self.concurrent_share.map_or(Grade::Is, |_| Grade::Appears)
    }
}

/// How sure a sentence may be of what it says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Grade {
    /// The two were there at the same time.
    Is,
    /// The same of several things, as grammar has it.
    Are,
    /// One was there before the other.
    Appears,
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

impl Verdict {
    /// Its name in machine output.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Better => "better",
            Self::Worse => "worse",
            Self::Higher => "higher",
            Self::Lower => "lower",
            Self::NoClearDifference => "no_clear_difference",
            Self::InsufficientEvidence => "insufficient_evidence",
            Self::NotComparable => "not_comparable",
        }
    }
}

/// The differences of the arms of one slot and stratum from the reference's.
pub(super) fn from_reference(
    ask: &Ask,
    design: &Design,
    i: usize,
    reference: &str,
    arms: &[Compared<'_>],
    parameters: &Parameters,
) -> Vec<Difference> {
    let slot = &design.slots[i];
    let others = arms.iter().filter(|one| one.arm.platform != reference && one.row.says_something(slot));
    others
        .filter_map(|one| {
            // One-sided rows are never compared with two-sided ones.
            let is_with = |other: &&Compared<'_>| {
                other.arm.platform == reference && other.arm.one_sided == one.arm.one_sided
            };
            let with = arms.iter().find(is_with)?;
            let subject = Subject::from(&one.row);
            let claim = |rule, how: &[(&str, &str)]| {
                let further = [&[("reference", reference)], how].concat();
                claim_id(rule, ask, parameters, (&subject, one.arm.one_sided), &further)
            };
            let (estimate, reason, adjusted) = match unlike(slot, one, with) {
                Some((status, reason)) => (Estimate::absent("none", ask.level, status), Some(reason), None),
                None => {
                    let adjusted = adjusted(ask, design, i, [one, with], claim(Rule::Adjusted, &how(ask)));
                    (contrast(ask, design, i, one, with), None, adjusted)
                }
            };
            Some(Difference {
                measure: slot.measure.name,
                by: one.row.by.clone(),
                platform: one.row.platform.clone(),
                reference: reference.to_owned(),
                role: slot.role,
                one_sided: one.arm.one_sided,
                status: estimate.status,
                reason: reason.or_else(|| estimate.status.reason().map(|reason| reason.to_string())),
                value: estimate.value,
                lo: estimate.lo,
                hi: estimate.hi,
                level: ask.level,
                method: estimate.method,
                cluster: design.cluster_name(),
                clusters: if design.cluster.is_some() { estimate.clusters } else { None },
                verdict: verdict(slot.measure.better, &estimate),
                concurrent_share: None,
                claim: claim(Rule::Difference, &[]),
                watch: Watch::of(ask, design, slot, [one, with], &estimate),
                win_odds: win_odds(one, with, i, ask.level),
                adjusted,
                notes: estimate.flags.iter().map(|flag| flag.words()).collect(),
            })
        })
        .collect()
}

/// The odds that an answer in one arm is better than one in the other: of answers on one common scale.
fn win_odds(one: &Compared<'_>, with: &Compared<'_>, i: usize, level: f64) -> Option<Figure> {
    let heard = |arm: &Compared<'_>| whole(&tallies(arm.cell, i), voices).levels;
    let (mine, theirs) = (heard(one), heard(with));
    let mut common = mine.iter().filter_map(|(scale, answers)| Some((answers, theirs.get(scale)?)));
    let (mine, theirs) = common.next().filter(|_| common.next().is_none())?;
    let counts =
        |answers: &BTreeMap<u64, u64>| answers.iter().map(|(value, n)| (*value, *n)).collect::<Vec<_>>();
    Some(ordinal::win_odds(&counts(mine), &counts(theirs), level).into())
}

/// One of the two cannot tell what the other can.
const UNLIKE: Status = Status::NotMeasured(Reason::Stated("one platform cannot tell what the other can"));
/// Neither of the two can tell it.
const NEITHER: Status = Status::NotMeasured(Reason::Stated("neither platform can tell it"));

/// Why two arms must not be compared on a measure: what one feed cannot tell makes it look better. The status says it
/// without counts and without what is seen, the text in full.
fn unlike(slot: &Slot, one: &Compared<'_>, with: &Compared<'_>) -> Option<(Status, String)> {
    let is_blind = |arm: &&&Compared<'_>| matches!(arm.row.status, Status::NotMeasured(_));
    let why =
        |arm: &Compared<'_>| arm.row.reason.clone().unwrap_or_else(|| "its feed cannot tell".to_owned());
    match [one, with].iter().filter(is_blind).copied().collect::<Vec<_>>()[..] {
        [mine, theirs] if why(mine) == why(theirs) => {
            return Some((NEITHER, format!("on both: {}", why(mine))));
        }
        [mine, theirs] => {
            let both = [mine, theirs].map(|arm| format!("{}: {}", arm.arm.platform, why(arm)));
            return Some((NEITHER, both.join("; ")));
        }
        [blind] => return Some((UNLIKE, format!("{}: {}", blind.arm.platform, why(blind)))),
        _ => {}
    }
    seen_otherwise(slot, one, with).map(|reason| (UNLIKE, reason))
}

/// Why two arms that both tell a measure do not tell it of the same consultations, or not in the same way.
fn seen_otherwise(slot: &Slot, one: &Compared<'_>, with: &Compared<'_>) -> Option<String> {
    let (a, b) = (one.surveyed?, with.surveyed?);
    let measure = slot.measure;
    let tries = |surveyed: &Surveyed| measure.alike.is_empty() || surveyed.seen().has_any(measure.alike);
    match (tries(a), tries(b)) {
        (true, true) | (false, false) => {}
        (a_sees, _) => {
            let blind = if a_sees { with } else { one };
            return Some(format!(
                "the feed of {} cannot tell failed attempts, so that of its consultations only those that got in are seen",
                blind.arm.platform
            ));
        }
    }
    (!alike(measure.needs.changed_by, a, b)).then(|| {
        let kinds: Vec<&str> = measure.needs.changed_by.iter().map(event::Kind::name).collect();
        format!("the feed of one of them cannot tell {}, which changes the answer", kinds.join(" or "))
    })
}

/// One arm less another, as the clusters allow, with what it lacks to decide on.
pub(super) fn contrast(
    ask: &Ask,
    design: &Design,
    i: usize,
    one: &Compared<'_>,
    with: &Compared<'_>,
) -> Estimate {
    weighed(estimate(ask, design, i, one, with), design, i, one, with)
}

fn estimate(ask: &Ask, design: &Design, i: usize, one: &Compared<'_>, with: &Compared<'_>) -> Estimate {
    let (Some(mine), Some(theirs)) = (&one.row.estimate, &with.row.estimate) else {
        return Estimate::not_estimable("none", ask.level, Reason::NoData);
    };
    if is_counted(&design.slots[i]) {
        let count = |number: Option<u64>| number.unwrap_or(0);
        return match design.cluster {
            Some(_) => contrast::difference(&pairs(one.cell, with.cell, i), PLANNING_ICC, ask.level),
            None => difference::newcombe(
                count(one.row.x),
                count(one.row.n),
                count(with.row.x),
                count(with.row.n),
                ask.level,
            ),
        };
    }
    let mut estimate = difference::of_estimates(mine, theirs);
    estimate.clusters = mine.clusters.zip(theirs.clusters).map(|_| pairs_used(one.cell, with.cell, i));
    estimate
}

/// Whether a slot counts so many of so many.
pub(super) fn is_counted(slot: &Slot) -> bool {
    matches!(slot.measure.fold, Fold::Share(_) | Fold::Breakdown(_) | Fold::Composite(..) | Fold::Opinion(_))
}

/// The estimate with what it lacks to decide on: replication in each arm, and enough that happened.
/// Differences of counts have been weighed where they were estimated.
fn weighed(
    estimate: Estimate,
    design: &Design,
    i: usize,
    one: &Compared<'_>,
    with: &Compared<'_>,
) -> Estimate {
    let slot = &design.slots[i];
    if is_counted(slot) || estimate.value.is_none() {
        return estimate;
    }
    let lone = |arm: &Compared<'_>| arm.row.clusters.is_some_and(|clusters| clusters < 2);
    if design.cluster.is_some() && (lone(one) || lone(with)) {
        return estimate.with_status(Status::InsufficientEvidence(Reason::OneCluster));
    }
    let count = |number: Option<u64>| number.unwrap_or(0);
    let few = match slot.measure.fold {
        Fold::PerTime(..) => count(one.row.x) + count(with.row.x) < FEWEST_EVENTS,
        _ => count(one.row.n).min(count(with.row.n)) < FEWEST_EVENTS,
    };
    if few { estimate.with_status(Status::InsufficientEvidence(Reason::FewEvents)) } else { estimate }
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
fn pairs_used(mine: &Cell, theirs: &Cell, i: usize) -> u64 {
    let names = |cell| tallies(cell, i).into_iter().map(|(name, _)| name);
    names(mine).chain(names(theirs)).collect::<BTreeSet<_>>().len() as u64
}

/// What an interval amounts to.
pub(super) fn verdict(better: Better, estimate: &Estimate) -> Verdict {
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
