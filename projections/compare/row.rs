//! One row of a comparison: a measure of one platform, with its counts, its interval and its limits of
//! meaning.

use std::collections::BTreeMap;

use event::{Dimension, KindSet, Role};
use serde::{Serialize, Serializer};

use super::ask::{Ask, Design, missing};
use super::tally::{counts, histogram, of_sums, sums, tallies, unclustered, voices, whole};
use crate::cells::{Arm, Cell, Slot, Tally};
use crate::measure::Fold;
use crate::sketch::{Breakdown, Counts, Histogram, Sums, Voices};
use crate::stats::cluster::{self, PLANNING_ICC};
use crate::stats::ratio::Numerator;
use crate::stats::{Estimate, Reason, Status, mean, proportion, quantile, scale};
use crate::survey::Surveyed;
use crate::usability::questionnaires::SUS;

/// The quantiles that are told of durations.
const QUANTILES: [f64; 3] = [0.50, 0.90, 0.95];

/// A measure of one platform.
///
/// Numbers that are not there are null, and `status` says why.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Row {
    /// The measure.
    pub measure: &'static str,
    /// The levels of the dimensions asked for.
    pub by: BTreeMap<&'static str, String>,
    /// The platform.
    pub platform: String,
    /// Whose, for a measure that is read by role.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub role: Option<Role>,
    /// Whether its rows see one side only: never compared with two-sided ones.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub one_sided: bool,
    /// `ok`, or why the numbers are missing or not to be relied on.
    #[serde(serialize_with = "status_name")]
    pub status: Status,
    /// The status in words, where it is not `ok`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// The numerator, of a measure that counts.
    pub x: Option<u64>,
    /// The denominator.
    pub n: Option<u64>,
    /// The value, in the measure's unit.
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
    /// How many clusters there were.
    pub clusters: Option<u64>,
    /// The design effect by which the sample was discounted.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub deff: Option<f64>,
    /// The share of the denominator without a level of the clustering dimension, taken as one cluster.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub unclustered_share: Option<f64>,
    /// Attempted consultations whose sources cannot see what is measured.
    pub unmeasured: u64,
    /// Kinds it rests on that the platform's sources only infer: a caveat that travels with the numbers.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub inferred: Vec<&'static str>,
    /// The parts of a composite that were counted.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub components: Option<Vec<&'static str>>,
    /// The grades of the SUS curve that its limits allow.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub grade: Option<String>,
    /// Quantiles of durations, in milliseconds.
    #[serde(flatten, skip_serializing_if = "Option::is_none")]
    pub quantiles: Option<Quantiles>,
    /// How many were asked and answered.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub response: Option<Response>,
    /// What the numerator is made up of.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub breakdown: BTreeMap<String, u64>,
    /// How often each answer was given, as `value/scale`.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub distribution: BTreeMap<String, u64>,
    /// Cautions.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub notes: Vec<&'static str>,
    /// What the sources lack, where it is not measured.
    #[serde(skip)]
    pub missing: String,
    /// The levels of its arm, in the order in which they were asked for.
    #[serde(skip)]
    pub(super) levels: Vec<String>,
    /// The estimate behind the numbers.
    #[serde(skip)]
    pub(super) estimate: Option<Estimate>,
}

/// Quantiles with their limits, in milliseconds.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
#[expect(missing_docs, reason = "the names say which quantile and which limit")]
pub struct Quantiles {
    pub p50: Option<u64>,
    pub p50_lo: Option<u64>,
    pub p50_hi: Option<u64>,
    pub p90: Option<u64>,
    pub p90_lo: Option<u64>,
    pub p90_hi: Option<u64>,
    pub p95: Option<u64>,
    pub p95_lo: Option<u64>,
    pub p95_hi: Option<u64>,
}

/// How many people answered of those who could.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Response {
    /// Answers.
    pub answered: u64,
    /// Invitations; null where nobody counted them.
    pub invited: Option<u64>,
    /// What the rate is a share of: `invited`, or `attempted` where nobody counted invitations.
    pub of: &'static str,
    /// Answers over invitations, or answering consultations over attempted ones; null without any.
    pub rate: Option<f64>,
}

/// Reads one slot of one arm.
pub(super) fn read(
    ask: &Ask,
    design: &Design,
    slot: &Slot,
    i: usize,
    arm: &Arm,
    cell: &Cell,
    surveyed: Option<&Surveyed>,
) -> Row {
    let mut row = Row::empty(ask, design, slot, arm);
    let [seen, inferred] = surveyed.map(|known| [known.seen(), known.inferred()]).unwrap_or_default();
    let rests_on =
        slot.parts.iter().fold(slot.measure.needs.kinds(), |kinds, part| kinds.or(part.needs.kinds()));
    row.inferred = rests_on.and(inferred).iter().map(event::Kind::name).collect();
    row.unmeasured = cell.unmeasured.0.get(i).copied().unwrap_or(0);
    let tallies = tallies(cell, i);
    if let Some(reason) = row.blindness(slot, seen, &tallies, surveyed) {
        row.status = Status::NotMeasured(Reason::Stated("the feed cannot tell"));
        row.reason = Some(reason);
        return row;
    }
    row.estimate(ask, design, slot, &tallies);
    row
}

/// Reads one slot of a cell, whatever its feed can tell.
pub(super) fn of_cell(ask: &Ask, design: &Design, slot: &Slot, i: usize, arm: &Arm, cell: &Cell) -> Row {
    let mut row = Row::empty(ask, design, slot, arm);
    row.estimate(ask, design, slot, &tallies(cell, i));
    row
}

impl Row {
    /// Whether it is of this slot.
    pub(super) fn is_of(&self, slot: &Slot) -> bool {
        self.measure == slot.measure.name && self.role == slot.role
    }

    /// Whether its feed could tell.
    pub(super) fn can_be_told(&self) -> bool {
        !matches!(self.status, Status::NotMeasured(_))
    }

    /// Whether an arm is of the same platform and levels, told apart further.
    pub(super) fn is_part(&self, arm: &Arm) -> bool {
        self.platform == arm.platform
            && self.one_sided == arm.one_sided
            && self.by.len() <= arm.by.len()
            && self.levels.iter().eq(&arm.by[..self.levels.len()])
    }

    fn estimate(&mut self, ask: &Ask, design: &Design, slot: &Slot, tallies: &[(&str, &Tally)]) {
        let (row, clustered) = (self, design.cluster.is_some());
        row.unclustered_share = unclustered(design, tallies);
        let estimate = match slot.measure.fold {
            Fold::Share(_) | Fold::Composite(..) => row.share(tallies, clustered, ask.level),
            Fold::Breakdown(_) => row.broken_down(tallies, clustered, ask.level),
            Fold::PerTime(_, factor) => row.per_time(tallies, clustered, ask.level, factor),
            Fold::FreeOf(_) => row.free_of(tallies, clustered, ask.level),
            Fold::Durations(_) => row.durations(tallies, clustered, ask.level),
            Fold::Opinion(_) => row.opinion(tallies, clustered, ask.level),
            Fold::Score(_, bounds) => row.score(tallies, clustered, ask.level, bounds),
        };
        row.settle(estimate, clustered);
    }

    fn empty(ask: &Ask, design: &Design, slot: &Slot, arm: &Arm) -> Self {
        Self {
            measure: slot.measure.name,
            by: ask.by.iter().map(|dimension: &Dimension| dimension.name()).zip(arm.by.clone()).collect(),
            levels: arm.by.clone(),
            platform: arm.platform.clone(),
            role: slot.role,
            one_sided: arm.one_sided,
            status: Status::Ok,
            reason: None,
            x: None,
            n: None,
            value: None,
            lo: None,
            hi: None,
            level: ask.level,
            method: "none",
            cluster: design.cluster_name(),
            clusters: None,
            deff: None,
            unclustered_share: None,
            unmeasured: 0,
            inferred: Vec::new(),
            components: matches!(slot.measure.fold, Fold::Composite(..))
                .then(|| slot.parts.iter().map(|part| part.name).collect()),
            grade: None,
            quantiles: None,
            response: None,
            breakdown: BTreeMap::new(),
            distribution: BTreeMap::new(),
            notes: Vec::new(),
            missing: String::new(),
            estimate: None,
        }
    }

    /// Whether the row belongs into an output: a further role of which nothing was ever heard does not.
    pub(super) fn says_something(&self, slot: &Slot) -> bool {
        self.role.is_none()
            || self.role.as_ref() == slot.measure.roles.first()
            || self.n.is_some_and(|n| n > 0)
    }

    /// Why the feed of this platform cannot show what is measured, if it cannot.
    ///
    /// Below half of the consultations watched it is not measured, whatever the others show. What people
    /// said is measured by having been said.
    fn blindness(
        &mut self,
        slot: &Slot,
        seen: KindSet,
        tallies: &[(&str, &Tally)],
        surveyed: Option<&Surveyed>,
    ) -> Option<String> {
        let said = matches!(slot.measure.fold, Fold::Opinion(_) | Fold::Score(..));
        self.missing = missing(slot, seen);
        if self.missing.is_empty() || said && tallies.iter().any(|(_, tally)| counts(tally).n > 0) {
            return None;
        }
        let missing = &self.missing;
        let some = surveyed.is_some_and(|known| known.attempted > self.unmeasured) && !said;
        Some(if some && !tallies.is_empty() {
            format!("fewer than half of its consultations were watched by a source that can tell {missing}")
        } else {
            format!("the feed cannot tell {missing}")
        })
    }

    fn share(&mut self, tallies: &[(&str, &Tally)], clustered: bool, level: f64) -> Estimate {
        let total: Counts = whole(tallies, |tally| Some(counts(tally)));
        (self.x, self.n) = (Some(total.x), Some(total.n));
        if clustered {
            let clusters: Vec<cluster::Tally> =
                tallies.iter().map(|(_, tally)| counts(tally)).map(|c| (c.n, c.x).into()).collect();
            cluster::proportion(&clusters, PLANNING_ICC, level)
        } else {
            proportion::wilson(total.x as f64, total.n as f64, level)
        }
    }

    fn broken_down(&mut self, tallies: &[(&str, &Tally)], clustered: bool, level: f64) -> Estimate {
        let total: Breakdown = whole(tallies, |tally| match tally {
            Tally::Breakdown(breakdown) => Some(breakdown.clone()),
            _ => None,
        });
        self.breakdown = total.parts;
        self.share(tallies, clustered, level)
    }

    fn per_time(&mut self, tallies: &[(&str, &Tally)], clustered: bool, level: f64, factor: f64) -> Estimate {
        let total: Sums = whole(tallies, sums);
        (self.x, self.n) = (u64::try_from(total.a).ok(), Some(total.n));
        let estimate = of_sums(tallies, &total, clustered, Numerator::Count, level);
        map(estimate, |rate| rate * factor)
    }

    fn free_of(&mut self, tallies: &[(&str, &Tally)], clustered: bool, level: f64) -> Estimate {
        let total: Sums = whole(tallies, sums);
        self.n = Some(total.n);
        let estimate = of_sums(tallies, &total, clustered, Numerator::Amount, level);
        map(estimate, |lost| (1.0 - lost).clamp(0.0, 1.0))
    }

    fn durations(&mut self, tallies: &[(&str, &Tally)], clustered: bool, level: f64) -> Estimate {
        let total: Histogram = whole(tallies, histogram);
        self.n = Some(total.n());
        let clusters: Vec<Vec<(u64, u64)>> =
            tallies.iter().filter_map(|(_, tally)| histogram(tally)).map(|h| h.iter().collect()).collect();
        let values: Vec<(u64, u64)> = total.iter().collect();
        let [p50, p90, p95] = QUANTILES.map(|q| {
            if clustered {
                quantile::woodruff(&clusters, q, PLANNING_ICC, level)
            } else {
                quantile::quantile(values.iter().copied(), q, level)
            }
        });
        let ms = |value: Option<f64>| value.map(|ms| ms as u64);
        self.quantiles = Some(Quantiles {
            p50: ms(p50.value),
            p50_lo: ms(p50.lo),
            p50_hi: ms(p50.hi),
            p90: ms(p90.value),
            p90_lo: ms(p90.lo),
            p90_hi: ms(p90.hi),
            p95: ms(p95.value),
            p95_lo: ms(p95.lo),
            p95_hi: ms(p95.hi),
        });
        p50
    }

    fn opinion(&mut self, tallies: &[(&str, &Tally)], clustered: bool, level: f64) -> Estimate {
        self.heard(&whole(tallies, voices));
        let answering: Vec<(&str, &Tally)> =
            tallies.iter().copied().filter(|(_, tally)| counts(tally).n > 0).collect();
        self.share(&answering, clustered, level)
    }

    fn score(
        &mut self,
        tallies: &[(&str, &Tally)],
        clustered: bool,
        level: f64,
        [least, most]: [f64; 2],
    ) -> Estimate {
        let total: Voices = whole(tallies, voices);
        self.heard(&total);
        self.n = Some(total.amounts.n);
        // Scores are kept in millionths of a point.
        let scale = mean::Scale { step: 0.000_001, floor: least, ceiling: most };
        if clustered {
            let clusters: Vec<mean::Scores> = tallies
                .iter()
                .filter_map(|(_, tally)| sums(tally))
                .filter(|sums| sums.n > 0)
                .map(|sums| mean::Scores { n: sums.n, sum: sums.a })
                .collect();
            mean::of_clusters(&clusters, scale, level)
        } else {
            let Sums { n, a, aa, .. } = total.amounts;
            mean::mean(&mean::Moments { n, sum: a, squares: aa }, scale, level)
        }
    }

    fn heard(&mut self, voices: &Voices) {
        let answered = voices.favourable.n;
        let (invited, of) =
            if voices.invited > 0 { (Some(voices.invited), "invited") } else { (None, "attempted") };
        let rate = match invited {
            Some(invited) => Some(answered as f64 / invited as f64),
            None if voices.attempted > 0 => Some(voices.answering as f64 / voices.attempted as f64),
            None => None,
        };
        self.response = Some(Response { answered, invited, of, rate });
        self.distribution = voices
            .levels
            .iter()
            .filter(|(scale, _)| **scale > 0)
            .flat_map(|(scale, values)| values.iter().map(move |(value, n)| (format!("{value}/{scale}"), *n)))
            .collect();
    }

    fn settle(&mut self, estimate: Estimate, clustered: bool) {
        (self.value, self.lo, self.hi) = (estimate.value, estimate.lo, estimate.hi);
        if self.measure == SUS.name {
            self.grade = scale::grades(&estimate).map(|grades| grades.to_string());
        }
        (self.method, self.deff) = (estimate.method, estimate.deff);
        self.clusters = if clustered { estimate.clusters } else { None };
        self.status = estimate.status;
        self.reason = estimate.status.reason().map(|reason| reason.to_string());
        self.notes = estimate.flags.iter().map(|flag| flag.words()).collect();
        if !clustered && self.n.is_some_and(|n| n > 0) {
            self.notes.push("no replication: consultations are taken as independent");
        }
        self.estimate = Some(estimate);
    }
}

/// The estimate of a monotone function of what was estimated.
fn map(mut estimate: Estimate, of: impl Fn(f64) -> f64) -> Estimate {
    estimate.value = estimate.value.map(&of);
    let (lo, hi) = (estimate.lo.map(&of), estimate.hi.map(&of));
    let falling = of(1.0) < of(0.0);
    (estimate.lo, estimate.hi) = if falling { (hi, lo) } else { (lo, hi) };
    estimate.se = estimate.se.map(|se| (of(se) - of(0.0)).abs());
    estimate
}

/// The name of a status in machine output.
pub(super) fn status_name<S: Serializer>(status: &Status, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(match status {
        Status::Ok => "ok",
        Status::Boundary(_) => "boundary",
        Status::InsufficientEvidence(_) => "insufficient_evidence",
        Status::Suppressed => "suppressed",
        Status::NotEstimable(_) => "not_estimable",
        Status::NotMeasured(_) => "not_measured",
    })
}
