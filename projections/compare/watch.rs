//! For whoever looks often, or at much, or found too little: what that does to a difference of shares.
//!
//! A 95 % interval is meant for one look at one difference. Looked at every week it excludes zero sooner or
//! later, and of twenty differences it excludes zero in one without any cause. So beside it stand limits that
//! hold at every look, p-values corrected for how many differences were looked at, and how many further
//! consultations it would take to find a difference that would matter. None of it changes the verdict, which
//! is that of the interval.

use serde::Serialize;

use super::Compared;
use super::ask::{Ask, Design};
use super::difference::{Difference, is_counted};
use super::figure::Figure;
use crate::cells::Slot;
use crate::stats::estimate::{Estimate, FEWEST_EVENTS};
use crate::stats::multiplicity::{benjamini_hochberg, holm};
use crate::stats::sample_size::Plan;
use crate::stats::sequential::{self, Errors, Look};
use crate::stats::special::{normal, student};

/// The probability with which a difference of the margin is to be found.
const POWER: f64 = 0.8;

/// A difference of shares as whoever looks often or at much must see it.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Watch {
    /// The difference with limits that hold at every look. With clusters they rest on an analogy, and say so.
    pub always: Figure,
    /// Consultations of both platforms at which these limits are narrowest.
    pub planned: u64,
    /// The p-value that holds at every look.
    pub always_p: Option<f64>,
    /// The p-value of a single look at this difference alone; nothing below ten events in either arm.
    pub p: Option<f64>,
    /// Corrected by Holm for the differences of this measure and role.
    pub p_holm: Option<f64>,
    /// How many those are.
    pub of_measure: usize,
    /// Corrected by Benjamini and Hochberg for all differences of the comparison that have a p-value.
    pub p_benjamini_hochberg: Option<f64>,
    /// How many those are.
    pub of_all: usize,
    /// The smallest difference of shares that would matter.
    pub margin: f64,
    /// Consultations still needed on the platform and on the reference to find a difference of the margin in four
    /// of five cases, in clusters like those that were seen; zero where there are enough.
    pub further: Option<[u64; 2]>,
}

/// What the interval of a difference rests on.
struct Error {
    se: f64,
    /// Of Student's distribution; none where it is the normal one.
    df: Option<f64>,
    over: Errors,
}

impl Watch {
    /// What watching makes of a difference; nothing where it was not asked for, or no shares are compared.
    pub(super) fn of(
        ask: &Ask,
        design: &Design,
        slot: &Slot,
        [one, with]: [&Compared<'_>; 2],
        difference: &Estimate,
    ) -> Option<Self> {
        let watching = ask.watch.filter(|_| is_counted(slot))?;
        let (mine, theirs) = (Arm::of(one)?, Arm::of(with)?);
        let value = difference.value?;
        let error = error(design, difference, [&mine, &theirs])?;
        let look = Look {
            difference: value,
            se: error.se,
            errors: error.over,
            n: mine.n + theirs.n,
            fewest_events: mine.rarer().min(theirs.rarer()),
        };
        let always = sequential::confidence_sequence(&look, watching.planned, ask.level);
        Some(Self {
            always: bounded(always).into(),
            planned: watching.planned,
            always_p: sequential::always_valid_p(&look, watching.planned, ask.level),
            p: p_value(value, &error).filter(|_| look.fewest_events >= FEWEST_EVENTS),
            p_holm: None,
            of_measure: 0,
            p_benjamini_hochberg: None,
            of_all: 0,
            margin: watching.margin,
            further: further(watching.margin, ask.level, &error, [&mine, &theirs]),
        })
    }
}

/// Fills in the p-values that are corrected for the other differences of a comparison.
pub(super) fn correct(differences: &mut [Difference]) {
    let p_values = |differences: &[&mut Difference]| -> Vec<Option<f64>> {
        differences.iter().map(|difference| difference.watch.as_ref().and_then(|watch| watch.p)).collect()
    };
    let mut all: Vec<&mut Difference> = differences.iter_mut().collect();
    let p = p_values(&all);
    let of_all = p.iter().flatten().count();
    for (difference, p) in all.iter_mut().zip(benjamini_hochberg(&p)) {
        let Some(watch) = &mut difference.watch else { continue };
        (watch.p_benjamini_hochberg, watch.of_all) = (p, of_all);
    }
    // A comparison has the differences of a measure in each of its strata, and they are one family.
    all.sort_by_key(|difference| (difference.measure, difference.role));
    for family in all.chunk_by_mut(|a, b| (a.measure, a.role) == (b.measure, b.role)) {
        let p = p_values(family);
        let of_measure = p.iter().flatten().count();
        for (difference, p) in family.iter_mut().zip(holm(&p)) {
            let Some(watch) = &mut difference.watch else { continue };
            (watch.p_holm, watch.of_measure) = (p, of_measure);
        }
    }
}

/// The counts of one arm.
struct Arm {
    n: u64,
    x: u64,
    /// How many times wider the clusters make its variance; none without clusters.
    deff: Option<f64>,
    df: Option<f64>,
}

impl Arm {
    fn of(arm: &Compared<'_>) -> Option<Self> {
        let estimate = arm.row.estimate.as_ref()?;
        let (n, x) = (arm.row.n.filter(|n| *n > 0)?, arm.row.x?);
        Some(Self { n, x, deff: estimate.deff, df: estimate.df })
    }

    fn share(&self) -> f64 {
        self.x as f64 / self.n as f64
    }

    /// Events, or non-events where those are rarer.
    fn rarer(&self) -> u64 {
        self.x.min(self.n - self.x)
    }

    /// The variance of its share if every consultation were on its own.
    fn variance_alone(&self) -> f64 {
        self.share() * (1.0 - self.share()) / self.n as f64
    }

    fn variance(&self) -> f64 {
        self.variance_alone() * self.deff.unwrap_or(1.0)
    }
}

/// The standard error of a difference: its own where clusters used both platforms, else that of both arms.
fn error(design: &Design, difference: &Estimate, [mine, theirs]: [&Arm; 2]) -> Option<Error> {
    if design.cluster.is_none() {
        let se = (mine.variance() + theirs.variance()).sqrt();
        return Some(Error { se, df: None, over: Errors::OfObservations }).filter(|error| error.se > 0.0);
    }
    let apart = || {
        let df = mine.df.zip(theirs.df).map(|(mine, theirs)| mine.min(theirs))?;
        Some(((mine.variance() + theirs.variance()).sqrt(), df))
    };
    let (se, df) = difference.se.zip(difference.df).or_else(apart)?;
    Some(Error { se, df: Some(df), over: Errors::OfClusters { df } })
        .filter(|error| error.se > 0.0 && df >= 1.0)
}

/// The two-sided p-value of one look.
fn p_value(value: f64, error: &Error) -> Option<f64> {
    let statistic = (value / error.se).abs();
    let tail = match error.df {
        Some(df) => student::upper(statistic, df),
        None => normal::upper(statistic),
    };
    Some((2.0 * tail).min(1.0)).filter(|p| p.is_finite())
}

/// Consultations still needed on both platforms to find a difference of the margin from the reference's share.
fn further(margin: f64, level: f64, error: &Error, [mine, theirs]: [&Arm; 2]) -> Option<[u64; 2]> {
    let reference = theirs.share();
    // Towards the middle, where shares vary more: it is never too few.
    let other = if reference < 0.5 { reference + margin } else { reference - margin };
    let independent = mine.variance_alone() + theirs.variance_alone();
    let deff = (error.se * error.se / independent).max(1.0);
    Plan { first: other, second: reference, power: POWER, deff, level }.further([mine.n, theirs.n])
}

/// The limits cut to what differences of shares can be.
fn bounded(mut estimate: Estimate) -> Estimate {
    estimate.lo = estimate.lo.map(|lo| lo.max(-1.0));
    estimate.hi = estimate.hi.map(|hi| hi.min(1.0));
    estimate
}
