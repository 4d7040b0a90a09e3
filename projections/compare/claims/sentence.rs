//! Claims in words, by fixed templates with graded verbs; no free prose.

use std::fmt::Write;

use super::Rule;
use crate::catalog;
use crate::compare::course::Course;
use crate::compare::difference::{Grade, Verdict};
use crate::compare::figure::Figure;
use crate::compare::gap::Slope;
use crate::compare::spread::Spread;
use crate::compare::subject::Subject;
use crate::compare::times::{Contrast, Times};
use crate::compare::words::{compared, graded, show, show_change};
use crate::stats::control_chart::rules::Signal;

/// A difference to be put into words.
pub(super) struct Sentence<'a> {
    pub(super) subject: &'a Subject,
    pub(super) verdict: Verdict,
    /// What is compared, and with what.
    pub(super) pair: (&'a str, &'a str),
    pub(super) figure: &'a Figure,
    /// What must be known besides.
    pub(super) more: &'a str,
    /// How sure it may be.
    pub(super) grade: Grade,
}

impl<'a> Sentence<'a> {
    pub(super) fn of(
        subject: &'a Subject,
        verdict: Verdict,
        pair: (&'a str, &'a str),
        figure: &'a Figure,
    ) -> Self {
        Self { subject, verdict, pair, figure, more: "", grade: Grade::Is }
    }
}

/// A difference in words.
pub(super) fn sentence(told: &Sentence<'_>) -> String {
    let mut text = graded(told.grade, told.verdict, told.pair);
    for more in [told.more, &levels(told.subject)].into_iter().filter(|more| !more.is_empty()) {
        let _ = write!(text, ", {more}");
    }
    let _ = write!(text, ": {}", title(told.subject));
    let change = catalog::measure(told.subject.measure)
        .and_then(|measure| show_change(measure, [told.figure.value, told.figure.lo, told.figure.hi]));
    let _ = match (change, &told.figure.reason) {
        (Some(change), _) => write!(text, "; difference {change}"),
        (None, Some(reason)) => write!(text, "; {reason}"),
        (None, None) => Ok(()),
    };
    text
}

/// The same where it begins with words: those of a platform's name stay as they are.
pub(super) fn sentence_begun(told: &Sentence<'_>) -> String {
    let text = sentence(told);
    let mut letters = text.chars();
    letters.next().map(|first| first.to_uppercase().chain(letters).collect()).unwrap_or_default()
}

/// How a measure changes over groups that have an order.
pub(super) fn slope(slope: &Slope, verdict: Verdict) -> String {
    let what = match verdict {
        Verdict::Higher => "a rise",
        Verdict::Lower => "a fall",
        Verdict::NoClearDifference => "no clear change",
        _ => "too little evidence of a change",
    };
    let mut text = format!("On {}", arm(&slope.subject));
    let _ = write!(text, ", {}: {what} from the most to the least deprived", title(&slope.subject));
    let Figure { value, lo, hi, .. } = slope.slope_index;
    let change =
        catalog::measure(slope.subject.measure).and_then(|measure| show_change(measure, [value, lo, hi]));
    text + &change.map(|change| format!("; by {change}")).unwrap_or_default()
}

/// How much units differ.
pub(super) fn spread(spread: &Spread, verdict: Verdict) -> String {
    let unit = spread.dimension.replace('_', " ");
    let what = match verdict {
        Verdict::Higher => format!("a difference from {unit} to {unit}"),
        Verdict::NoClearDifference | Verdict::Lower => {
            format!("no clear difference from {unit} to {unit}")
        }
        _ => format!("too little evidence of a difference from {unit} to {unit}"),
    };
    let mut text = format!("On {}, {}: {what}", arm(&spread.subject), title(&spread.subject));
    if let (Some(typical), Some(measure)) = (spread.typical.value, catalog::measure(spread.subject.measure)) {
        let _ = write!(text, "; typically {}", show(measure, typical));
    }
    let Figure { value, lo, hi, .. } = spread.median_odds_ratio;
    if let (Some(value), Some(lo), Some(hi)) = (value, lo, hi) {
        let _ = write!(text, ", median odds ratio {value:.2} ({lo:.2} to {hi:.2})");
    }
    text
}

/// What the latest whole period says, with its name.
pub(super) fn course(course: &Course) -> (&'static str, String) {
    let (verdict, what) = match course.latest {
        None => ("insufficient_evidence", "there are too few periods to say what stands out"),
        Some(Signal::CommonCause) => ("common_cause", "the latest shows nothing that stands out"),
        Some(Signal::Improvement) => ("improvement", "the latest shows an improvement that stands out"),
        Some(Signal::Concern) => ("concern", "the latest shows a concern that stands out"),
        Some(Signal::Change) => ("change", "the latest shows a change that stands out"),
    };
    let on = arm(&course.subject);
    (verdict, format!("On {on}, {} by {}: {what}", title(&course.subject), course.period))
}

/// How soon or how often calls drop, against the reference.
pub(super) fn times(rule: Rule, (times, reference): (&Times, &str), contrast: &Contrast) -> String {
    let slot = times.slot_minutes;
    let (what, unit, factor): (String, &str, f64) = match rule {
        Rule::DroppedBySlot => (format!("calls that drop within {slot} min"), " points", 100.0),
        Rule::DropsPerCall => (format!("drops in 100 calls within {slot} min"), "", 100.0),
        _ => (format!("minutes of a slot of {slot} lost to drops"), " min", 1.0),
    };
    let mut text = compared(contrast.verdict, &times.platform, reference);
    times.by.iter().for_each(|(dimension, level)| {
        let _ = write!(text, ", {dimension} {level}");
    });
    let _ = write!(text, ": {what}");
    let Figure { value, lo, hi, reason, .. } = &contrast.figure;
    let _ = match (value, lo, hi, reason) {
        (Some(value), Some(lo), Some(hi), _) => {
            let [value, lo, hi] =
                [value, lo, hi].map(|x| format!("{:+.2}", x * factor).replace('-', "\u{2212}"));
            write!(text, "; difference {value}{unit} ({lo} to {hi})")
        }
        (.., Some(reason)) => write!(text, "; {reason}"),
        _ => Ok(()),
    };
    text
}

fn title(subject: &Subject) -> String {
    let Some(measure) = catalog::measure(subject.measure) else { return subject.measure.to_owned() };
    let mut text = measure.within_sentence();
    if let Some(role) = subject.role.filter(|_| measure.roles.len() > 1) {
        let _ = write!(text, " ({role}s)");
    }
    text
}

fn arm(subject: &Subject) -> String {
    match levels(subject) {
        none if none.is_empty() => subject.platform.clone(),
        levels => format!("{}, {levels}", subject.platform),
    }
}

fn levels(subject: &Subject) -> String {
    let levels = subject.by.iter().map(|(dimension, level)| format!("{dimension} {level}"));
    levels.collect::<Vec<_>>().join(", ")
}
