//! A case: a planted truth, what is drawn from it, and how often the limits hold it.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};

use projections::stats::proportion::wilson;
use projections::stats::{Estimate, LEVEL_95};
use serde::Serialize;

use super::chance::Chance;

/// The coverage that is asked of 95 % limits in the claimed region.
const LEAST_COVERAGE: f64 = 0.92;
/// The share of false alarms that is allowed.
pub(super) const MOST_ALARMS: f64 = 0.05;
/// The region of the claim: at least so many clusters, in each arm.
const CLAIMED_CLUSTERS: u64 = 10;
/// The region of the claim: at most so much correlation within clusters.
const CLAIMED_ICC: f64 = 0.05;

/// What is counted over replicates.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Counted {
    /// Limits that hold the truth; replicates without limits do not count.
    Coverage,
    /// Replicates in which something was found although nothing was there.
    FalseAlarms,
}

/// What one replicate gave.
#[derive(Debug, Clone, Copy)]
pub(super) struct Trial {
    /// Whether what is counted happened; nothing where there were no limits to hold the truth.
    pub(super) counted: Option<bool>,
    /// Whether the truth lies above the upper limit.
    pub(super) is_above: bool,
    /// The distance between the limits, where there are two.
    pub(super) width: Option<f64>,
    /// Whether the limits may be read as they stand.
    pub(super) stands: bool,
}

impl Trial {
    /// Whether an estimate's limits hold the truth, in units of which one of the estimate's is `factor`.
    pub(super) fn of(estimate: &Estimate, truth: f64, factor: f64) -> Self {
        let has_limits = estimate.lo.is_some() || estimate.hi.is_some();
        Self {
            counted: has_limits.then(|| estimate.contains(truth / factor)),
            is_above: estimate.hi.is_some_and(|hi| truth / factor > hi),
            width: estimate.half_width().map(|half| 2.0 * half * factor),
            stands: estimate.stands(),
        }
    }

    /// A replicate that raised an alarm, or none.
    pub(super) fn alarm(raised: bool) -> Self {
        Self { counted: Some(raised), is_above: false, width: None, stands: true }
    }
}

/// What is drawn in one replicate: the estimator that users get, and what stands beside it for contrast.
type Draw = Box<dyn Fn(&mut Chance) -> (Trial, Option<Trial>) + Send + Sync>;

/// A planted truth and an estimator.
pub(super) struct Case {
    /// What is estimated: the title of its table.
    pub(super) part: &'static str,
    /// The design, in words.
    pub(super) design: String,
    /// Clusters, of each arm where arms do not share them.
    pub(super) clusters: Option<u64>,
    /// The correlation within them.
    pub(super) icc: Option<f64>,
    /// What is to be found.
    pub(super) truth: f64,
    /// The estimator.
    pub(super) estimator: &'static str,
    /// What stands beside it.
    pub(super) beside: Option<&'static str>,
    /// What is counted.
    pub(super) counted: Counted,
    /// What is asked of it: at least this coverage, at most this share of alarms.
    pub(super) target: Option<f64>,
    /// One replicate.
    pub(super) draw: Draw,
}

/// The coverage that is claimed for so many clusters of such correlation, if any is.
pub(super) fn claimed(clusters: u64, icc: f64) -> Option<f64> {
    (clusters >= CLAIMED_CLUSTERS && icc <= CLAIMED_ICC).then_some(LEAST_COVERAGE)
}

/// What became of an estimator over all replicates.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(super) struct Share {
    /// Its name.
    pub(super) estimator: &'static str,
    /// Replicates that count.
    pub(super) n: u64,
    /// Those in which it happened.
    pub(super) x: u64,
    /// Their share; nothing where none counts.
    pub(super) share: Option<f64>,
    /// The limits that the number of replicates allows, 95 %, lower.
    pub(super) lo: Option<f64>,
    /// The same, upper.
    pub(super) hi: Option<f64>,
    /// Those in which the truth lies above the limits: of what does not hold it, the rest lies below.
    pub(super) above: u64,
    /// The mean distance between limits, over the replicates that have two.
    pub(super) width: Option<f64>,
    /// The share of replicates without limits.
    pub(super) without: f64,
    /// The share of replicates whose limits are given as insufficient evidence.
    pub(super) insufficient: f64,
}

impl Share {
    fn of(estimator: &'static str, trials: &[Trial]) -> Self {
        let all = trials.len() as f64;
        let counted: Vec<bool> = trials.iter().filter_map(|trial| trial.counted).collect();
        let (n, x) = (counted.len() as u64, counted.iter().filter(|held| **held).count() as u64);
        let widths: Vec<f64> = trials.iter().filter_map(|trial| trial.width).collect();
        let chance = wilson(x as f64, n as f64, LEVEL_95);
        let weak = trials.iter().filter(|trial| trial.counted.is_some() && !trial.stands).count();
        Self {
            estimator,
            n,
            x,
            share: chance.value,
            lo: chance.lo,
            hi: chance.hi,
            above: trials.iter().filter(|trial| trial.is_above).count() as u64,
            width: (!widths.is_empty()).then(|| widths.iter().sum::<f64>() / widths.len() as f64),
            without: (all - n as f64) / all,
            insufficient: weak as f64 / all,
        }
    }
}

/// What a share is, held against what is asked of it.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
#[serde(tag = "kind", content = "by", rename_all = "snake_case")]
pub(super) enum Verdict {
    /// Nothing is asked.
    NoTarget,
    /// It is reached, and chance cannot have made the difference.
    Met,
    /// It is reached, by less than the replicates can tell.
    MetByAHair,
    /// It is missed by so much, which the replicates cannot tell from nothing.
    MissedByAHair(f64),
    /// It is missed by so much.
    Missed(f64),
    /// There was not one replicate to tell by.
    Unknown,
}

impl Verdict {
    /// The verdict on a share between its limits.
    pub(super) fn on(counted: Counted, target: Option<f64>, share: &Share) -> Self {
        let Some(target) = target else { return Self::NoTarget };
        let (Some(value), Some(lo), Some(hi)) = (share.share, share.lo, share.hi) else {
            return Self::Unknown;
        };
        // How far it is on the good side, at its value and at the end that is worse and better.
        let (spare, worst, best) = match counted {
            Counted::Coverage => (value - target, lo - target, hi - target),
            Counted::FalseAlarms => (target - value, target - hi, target - lo),
        };
        match (spare >= 0.0, worst >= 0.0, best >= 0.0) {
            (true, true, _) => Self::Met,
            (true, false, _) => Self::MetByAHair,
            (false, _, true) => Self::MissedByAHair(-spare),
            (false, _, false) => Self::Missed(-spare),
        }
    }
}

/// A case with what was found: one line of the record.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(super) struct Found {
    pub(super) part: &'static str,
    pub(super) design: String,
    pub(super) clusters: Option<u64>,
    pub(super) icc: Option<f64>,
    pub(super) truth: f64,
    pub(super) counted: Counted,
    pub(super) replicates: u64,
    pub(super) main: Share,
    pub(super) beside: Option<Share>,
    pub(super) target: Option<f64>,
    pub(super) verdict: Verdict,
}

impl Case {
    /// Its name, which keys what is drawn.
    pub(super) fn label(&self) -> String {
        format!("{}|{}|{:?}|{:?}|{}", self.part, self.design, self.clusters, self.icc, self.estimator)
    }

    /// What is found in so many replicates.
    pub(super) fn run(&self, replicates: u64) -> Found {
        let label = self.label();
        let drawn: Vec<(Trial, Option<Trial>)> =
            (0..replicates).map(|number| (self.draw)(&mut Chance::of(&label, number))).collect();
        let mains: Vec<Trial> = drawn.iter().map(|(main, _)| *main).collect();
        let besides: Vec<Trial> = drawn.iter().filter_map(|(_, beside)| *beside).collect();
        let main = Share::of(self.estimator, &mains);
        Found {
            part: self.part,
            design: self.design.clone(),
            clusters: self.clusters,
            icc: self.icc,
            truth: self.truth,
            counted: self.counted,
            replicates,
            verdict: Verdict::on(self.counted, self.target, &main),
            main,
            beside: self.beside.map(|estimator| Share::of(estimator, &besides)),
            target: self.target,
        }
    }
}

/// All cases, each by whichever thread is free, in the order given.
pub(super) fn run(cases: &[Case], replicates: u64, threads: usize) -> Vec<Found> {
    let (next, found) = (AtomicUsize::new(0), Mutex::new(vec![None; cases.len()]));
    std::thread::scope(|scope| {
        for _ in 0..threads.max(1) {
            scope.spawn(|| {
                while let Some((place, case)) = {
                    let place = next.fetch_add(1, Ordering::Relaxed);
                    cases.get(place).map(|case| (place, case))
                } {
                    let one = case.run(replicates);
                    found.lock().unwrap_or_else(PoisonError::into_inner)[place] = Some(one);
                }
            });
        }
    });
    let found = found.into_inner().unwrap_or_else(PoisonError::into_inner);
    found.into_iter().flatten().collect()
}
