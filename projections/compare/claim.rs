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
    let _ = write!(text, " {}", figures(difference, row, reference));
    text
}

/// The figures of a difference in words: both values, and the difference with its interval.
#[must_use]
pub fn figures(difference: &Difference, row: &Row, reference: &Row) -> String {
    let Some(measure) = catalog::measure(difference.measure) else { return String::new() };
    let mut text = match (row.value, reference.value) {
        (Some(mine), Some(theirs)) => format!("{} against {}", show(measure, mine), show(measure, theirs)),
        _ => String::new(),
    };
    if let Some(shown) = show_difference(measure, difference) {
        let _ = write!(text, "; difference {shown}");
    }
    text
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

/// A difference with its interval in the words of its measure, if it has both.
#[must_use]
pub fn show_difference(measure: &Measure, difference: &Difference) -> Option<String> {
    let (unit, number): (&str, fn(f64) -> String) = match measure.fold {
        Fold::Share(_) | Fold::Composite(..) | Fold::Opinion(_) => {
            (" points", |x| format!("{:+.1}", x * 100.0))
        }
        Fold::FreeOf(_) => (" points", |x| format!("{:+.2}", x * 100.0)),
        Fold::PerTime(..) | Fold::Score(..) => ("", |x| format!("{x:+.1}")),
        Fold::Durations(_) => (" s", |x| format!("{:+.1}", x / 1_000.0)),
    };
    let shown = |x: Option<f64>| Some(number(x?));
    let (value, lo, hi) = (shown(difference.value)?, shown(difference.lo)?, shown(difference.hi)?);
    // A true minus sign reads as one.
    Some(format!("{value}{unit} ({lo} to {hi})").replace('-', "\u{2212}"))
}
