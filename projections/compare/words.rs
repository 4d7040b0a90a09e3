//! Rows and differences in words, by fixed templates with graded verbs; no free prose.

use std::fmt::Write;

use super::difference::{Difference, Grade, Verdict};
use super::row::Row;
use crate::catalog;
use crate::measure::{Fold, Measure};

/// A difference in words, by a fixed template with a graded verb.
#[must_use]
pub fn words(difference: &Difference, row: &Row, reference: &Row) -> String {
    let Some(measure) = catalog::measure(difference.measure) else { return String::new() };
    let (platform, other) = (&difference.platform, &difference.reference);
    let mut text = graded(difference.grade(), difference.verdict, (platform, other));
    for (dimension, level) in &difference.by {
        let _ = write!(text, ", {dimension} {level}");
    }
    let _ = write!(text, ": {}", measure.within_sentence());
    let role = difference.role.filter(|_| measure.roles.len() > 1);
    if let Some(role) = role {
        let _ = write!(text, " ({role}s)");
    }
    let figures = figures(difference, row, reference);
    let _ = match &difference.reason {
        Some(reason) if figures.is_empty() => write!(text, "; {reason}"),
        _ => write!(text, " {figures}"),
    };
    text
}

/// What a verdict says of two platforms, as far as it may.
pub(super) fn graded(grade: Grade, verdict: Verdict, (one, other): (&str, &str)) -> String {
    match (grade, verdict) {
        (Grade::Is, _) => compared(verdict, one, other),
        (Grade::Are, _) => held("are", verdict, one, other),
        (Grade::Appears, Verdict::Better) => format!("Before and after, {one} appears better than {other}"),
        (Grade::Appears, Verdict::Worse) => format!("Before and after, {one} appears worse than {other}"),
        (Grade::Appears, Verdict::Higher) => format!("Before and after, {one} appears higher than {other}"),
        (Grade::Appears, Verdict::Lower) => format!("Before and after, {one} appears lower than {other}"),
        (Grade::Appears, _) => compared(verdict, one, other),
    }
}

/// What a verdict says of one thing and another.
#[must_use]
pub(super) fn compared(verdict: Verdict, one: &str, other: &str) -> String {
    held("is", verdict, one, other)
}

/// The same with the verb that agrees with the first.
fn held(is: &str, verdict: Verdict, one: &str, other: &str) -> String {
    match verdict {
        Verdict::Better => format!("{one} {is} better than {other}"),
        Verdict::Worse => format!("{one} {is} worse than {other}"),
        Verdict::Higher => format!("{one} {is} higher than {other}"),
        Verdict::Lower => format!("{one} {is} lower than {other}"),
        Verdict::NoClearDifference => format!("No clear difference between {one} and {other}"),
        Verdict::InsufficientEvidence => format!("The evidence is too thin to tell {one} from {other}"),
        Verdict::NotComparable => format!("{one} and {other} cannot be compared"),
    }
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
        Fold::Share(_) | Fold::Breakdown(_) | Fold::Composite(..) | Fold::Opinion(_) => {
            format!("{:.1} %", value * 100.0)
        }
        Fold::FreeOf(_) => format!("{:.2} %", value * 100.0),
        Fold::PerTime(..) | Fold::Score(..) => format!("{value:.1}"),
        Fold::Durations(_) => format!("{:.1} s", value / 1_000.0),
    }
}

/// A difference with its interval in the words of its measure, if it has both.
#[must_use]
pub fn show_difference(measure: &Measure, difference: &Difference) -> Option<String> {
    show_change(measure, [difference.value, difference.lo, difference.hi])
}

/// A change of a value, its lower and its upper limit in the words of its measure, if all are there.
#[must_use]
pub fn show_change(measure: &Measure, [value, lo, hi]: [Option<f64>; 3]) -> Option<String> {
    let (unit, number) = change(measure);
    let shown = |x: Option<f64>| Some(number(x?));
    let (value, lo, hi) = (shown(value)?, shown(lo)?, shown(hi)?);
    // A true minus sign reads as one.
    Some(format!("{value}{unit} ({lo} to {hi})").replace('-', "\u{2212}"))
}

/// One change of a value in the words of its measure.
#[must_use]
pub fn show_step(measure: &Measure, step: f64) -> String {
    let (unit, number) = change(measure);
    format!("{}{unit}", number(step)).replace('-', "\u{2212}")
}

/// In what a change of a measure is told, and how.
fn change(measure: &Measure) -> (&'static str, fn(f64) -> String) {
    match measure.fold {
        Fold::Share(_) | Fold::Breakdown(_) | Fold::Composite(..) | Fold::Opinion(_) => {
            (" points", |x| format!("{:+.1}", x * 100.0))
        }
        Fold::FreeOf(_) => (" points", |x| format!("{:+.2}", x * 100.0)),
        Fold::PerTime(..) | Fold::Score(..) => ("", |x| format!("{x:+.1}")),
        Fold::Durations(_) => (" s", |x| format!("{:+.1}", x / 1_000.0)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_verb_agrees_with_what_is_held_up() {
        let told = |grade, one| graded(grade, Verdict::Worse, (one, "others"));
        assert_eq!(told(Grade::Is, "alder"), "alder is worse than others");
        assert_eq!(told(Grade::Are, "later consultations"), "later consultations are worse than others");
        assert_eq!(told(Grade::Appears, "alder"), "Before and after, alder appears worse than others");
    }
}
