//! Whom other priorities would favour: how often each platform comes out first on several measures, where nobody has
//! said how they weigh against each other.

use std::collections::BTreeMap;

use serde::Serialize;

use super::super::{Comparison, Row};
use crate::measure::{Better, Fold, Measure};
use crate::reliability::{connection, drops, endings, undisturbed};
use crate::stats::decision::acceptability::{self, Acceptability, Value};
use crate::stats::estimate::critical;
use crate::survey::{self, Surveyed, Surveyeds};
use crate::usability::{adequacy, help, ratings};

/// Draws of what the values may be.
const DRAWS: u64 = 400;
/// How many measures are weighed.
const CRITERIA: usize = 3;

/// The measures that stand for different concerns, the more telling first; the measure that is decided by goes before.
static CONCERNS: [&Measure; 8] = [
    &undisturbed::UNDISTURBED,
    &connection::CONNECTION_SUCCESS,
    &ratings::PATIENT_RATING,
    &help::HELP_REQUESTED,
    &ratings::CLINICIAN_RATING,
    &adequacy::ADEQUACY,
    &drops::ANY_DROP,
    &endings::COMPLETED_ON_VIDEO,
];

/// How platforms fare over all priorities.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Priorities {
    /// The measures that are weighed; of one where less is better, the rest to one.
    pub criteria: Vec<&'static str>,
    /// Every platform.
    pub platforms: Vec<Favoured>,
    /// Why there is nothing to tell, where there is not.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

/// How one platform fares.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Favoured {
    /// The platform.
    pub platform: String,
    /// Its value on each measure.
    pub values: Vec<f64>,
    /// The share of priorities that put it first.
    pub first: f64,
    /// The share of priorities that put it first, second, and so on.
    pub ranks: Vec<f64>,
    /// The mean of the priorities that put it first, by measure; nothing where none does.
    pub central_weights: Option<BTreeMap<&'static str, f64>>,
}

/// The measures that could be weighed against `decided`: those of which the sources of every platform can tell.
#[must_use]
pub fn concerns(decided: &'static Measure, arms: &Surveyeds) -> Vec<&'static Measure> {
    let platforms = survey::platforms(arms);
    let compared: Vec<&Surveyed> = platforms
        .iter()
        .filter(|(name, known)| *name != event::NOT_RECORDED && known.attempted > 0)
        .map(|(_, known)| known)
        .collect();
    let can_be_told = |measure: &&'static Measure| compared.iter().all(|known| known.observes(measure.needs));
    let is_decided = |measure: &&'static Measure| std::ptr::eq(*measure, decided);
    let every = every_concern(decided).into_iter();
    every.filter(|measure| is_decided(measure) || can_be_told(measure)).collect()
}

/// The same if every source could tell of everything.
pub(in crate::compare) fn every_concern(decided: &'static Measure) -> Vec<&'static Measure> {
    let others = CONCERNS.into_iter().filter(|measure| !std::ptr::eq(*measure, decided));
    std::iter::once(decided).chain(others).collect()
}

/// How the platforms of a comparison of such measures fare.
pub(super) fn priorities(
    concerns: &[&'static Measure],
    comparison: &Comparison,
    platforms: &[String],
) -> Priorities {
    let of = |measure: &&'static Measure| -> Option<(&'static Measure, Vec<Value>)> {
        let value = |platform: &String| {
            let theirs =
                |row: &&Row| row.measure == measure.name && row.platform == *platform && !row.one_sided;
            value(measure, comparison.rows.iter().find(theirs)?)
        };
        Some((measure, platforms.iter().map(value).collect::<Option<_>>()?))
    };
    let known: Vec<(&'static Measure, Vec<Value>)> = concerns.iter().filter_map(of).take(CRITERIA).collect();
    let criteria: Vec<&'static str> = known.iter().map(|(measure, _)| measure.name).collect();
    let none = |why: &str| Priorities {
        criteria: criteria.clone(),
        platforms: Vec::new(),
        reason: Some(why.to_owned()),
    };
    let [(_, one), (_, two), (_, three)] = &known[..] else {
        return none("fewer than three measures are told of every platform");
    };
    let options: Vec<[Value; 3]> =
        (0..platforms.len()).map(|place| [one[place], two[place], three[place]]).collect();
    let found = match acceptability::over_values(&options, DRAWS) {
        Ok(found) => found,
        Err(why) => return none(why.words()),
    };
    let favoured = |((platform, option), found): ((&String, &[Value; 3]), Acceptability)| Favoured {
        platform: platform.clone(),
        values: option.iter().map(|value| value.mean).collect(),
        first: found.ranks[0],
        ranks: found.ranks,
        central_weights: found.central_weights.map(|weights| criteria.iter().copied().zip(weights).collect()),
    };
    let platforms = platforms.iter().zip(&options).zip(found).map(favoured).collect();
    Priorities { criteria, platforms, reason: None }
}

/// The value of a row between 0 and 1, more being better, with its standard error; nothing where it is no share, or has
/// no limits.
fn value(measure: &Measure, row: &Row) -> Option<Value> {
    let is_share =
        matches!(measure.fold, Fold::Share(_) | Fold::Breakdown(_) | Fold::Composite(..) | Fold::Opinion(_));
    let (value, lo, hi) = (row.value?, row.lo?, row.hi?);
    let mean = if measure.better == Better::Lower { 1.0 - value } else { value };
    let se = (hi - lo) / 2.0 / critical(row.level)?;
    is_share.then_some(Value { mean, se })
}
