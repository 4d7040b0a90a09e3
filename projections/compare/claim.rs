//! The claim behind a difference: a name that stays the same as evidence grows, and words by template.

use std::collections::BTreeMap;
use std::fmt::Write;

use super::ask::{Ask, ClusterChoice};
use super::difference::{Difference, Verdict};
use super::row::Row;
use crate::catalog;
use crate::cells::Slot;
use crate::measure::{Fold, Measure};
use crate::parameters::Parameters;

/// The version of the rule that makes a difference and its verdict.
const RULE: &str = "difference/1";

/// The name of the claim that `platform` differs from `reference`.
///
/// It depends on the question alone: rule, measure, role, platforms, levels, filter, clustering, level and
/// the parameters of the reading other than the instant.
#[must_use]
pub fn claim_id(
    ask: &Ask,
    slot: &Slot,
    platform: &str,
    reference: &str,
    by: &BTreeMap<&'static str, String>,
    parameters: &Parameters,
) -> String {
    let mut hasher = blake3::Hasher::new();
    let mut tell = |text: &str| {
        hasher.update(&(text.len() as u64).to_le_bytes());
        hasher.update(text.as_bytes());
    };
    for text in [RULE, slot.measure.name, slot.role.map_or("", event::Role::name), platform, reference] {
        tell(text);
    }
    for (dimension, level) in by {
        tell(dimension);
        tell(level);
    }
    for (dimension, levels) in ask.filter.iter() {
        tell(dimension.name());
        levels.iter().for_each(|level| tell(level));
    }
    tell(match ask.cluster {
        ClusterChoice::Auto => "auto",
        ClusterChoice::None => "none",
        ClusterChoice::By(dimension) => dimension.name(),
    });
    for number in [parameters.grace_ms, parameters.interrupted_max_ms, parameters.interrupted_max_permille] {
        tell(&number.to_string());
    }
    tell(&ask.level.to_string());
    let digest = hasher.finalize().to_hex();
    format!("c-{}", &digest[..12])
}

/// A difference in words, by a fixed template with a graded verb.
#[must_use]
pub fn words(difference: &Difference, row: &Row, reference: &Row) -> String {
    let Some(measure) = catalog::measure(difference.measure) else { return String::new() };
    let (platform, other) = (&difference.platform, &difference.reference);
    let mut text = match difference.verdict {
        Verdict::Better => format!("{platform} is better than {other}"),
        Verdict::Worse => format!("{platform} is worse than {other}"),
        Verdict::Higher => format!("{platform} is higher than {other}"),
        Verdict::Lower => format!("{platform} is lower than {other}"),
        Verdict::NoClearDifference => format!("No clear difference between {platform} and {other}"),
        Verdict::InsufficientEvidence => format!("The evidence is too thin to tell {platform} from {other}"),
        Verdict::NotComparable => format!("{platform} and {other} cannot be compared"),
    };
    for (dimension, level) in &difference.by {
        let _ = write!(text, ", {dimension} {level}");
    }
    let _ = write!(text, ": {}", measure.title.to_lowercase());
    let role = difference.role.filter(|_| measure.roles.len() > 1);
    if let Some(role) = role {
        let _ = write!(text, " ({role}s)");
    }
    if let (Some(mine), Some(theirs)) = (value(row), value(reference)) {
        let _ = write!(text, " {} against {}", show(measure, mine), show(measure, theirs));
    }
    if let (Some(value), Some(lo), Some(hi)) = (difference.value, difference.lo, difference.hi) {
        let level = difference.level * 100.0;
        let [value, lo, hi] = [value, lo, hi].map(|number| show_difference(measure, number));
        let _ = write!(text, "; difference {value} ({level:.0} % interval {lo} to {hi})");
    }
    text
}

fn value(row: &Row) -> Option<f64> {
    row.value
}

/// A value in the words of its measure.
#[must_use]
pub fn show(measure: &Measure, value: f64) -> String {
    match measure.fold {
        Fold::Share(_) | Fold::Composite(..) | Fold::Opinion(_) => format!("{:.1} %", value * 100.0),
        Fold::FreeOf(_) => format!("{:.2} %", value * 100.0),
        Fold::PerTime(..) | Fold::Score(..) => format!("{value:.1}"),
        Fold::Durations(_) => format!("{:.1} s", value / 1_000.0),
    }
}

/// A difference in the words of its measure, with its sign.
#[must_use]
pub fn show_difference(measure: &Measure, value: f64) -> String {
    let text = match measure.fold {
        Fold::Share(_) | Fold::Composite(..) | Fold::Opinion(_) => format!("{:+.1} points", value * 100.0),
        Fold::FreeOf(_) => format!("{:+.2} points", value * 100.0),
        Fold::PerTime(..) | Fold::Score(..) => format!("{value:+.1}"),
        Fold::Durations(_) => format!("{:+.1} s", value / 1_000.0),
    };
    // A true minus sign reads as one.
    text.replace('-', "\u{2212}")
}
