//! What practice amounts to, for people: a line of stages, and the clinicians held against themselves.

use std::fmt::Write;

use projections::catalog;
use projections::compare::{Comparison, Learning, Stage, show, show_change};
use projections::measure::Measure;

use super::layout::{arm, heading, verdict_word};
use super::{counted, grouped};

/// Every measure by practice, platform after platform.
pub(super) fn learned(text: &mut String, comparison: &Comparison) {
    if comparison.learning.is_empty() {
        return;
    }
    heading(text, "With practice, by the clinician's nth consultation on the platform");
    for block in comparison.learning.chunk_by(|a, b| a.subject.asks_as(&b.subject)) {
        let Some(measure) = catalog::measure(block[0].subject.measure) else { continue };
        let _ = writeln!(text, "{}", measure.title);
        for learning in block {
            let stages: Vec<String> = learning.bins.iter().map(|stage| shown(measure, stage)).collect();
            let who = counted(learning.clinicians, "clinician");
            let _ = writeln!(text, "  {}, {who}: {}", arm(&learning.subject), stages.join(", "));
            let _ = writeln!(text, "    {}", within(measure, learning));
            if let Some(doubling) = doubling(learning) {
                let _ = writeln!(text, "    {doubling}");
            }
            if learning.not_recorded > 0 {
                let lost = counted(learning.not_recorded, "consultation");
                let _ = writeln!(text, "    {lost} without a clinician or a beginning are not in it");
            }
        }
    }
    text.push_str(
        "  who stops early is missing in later stages: only the comparison of clinicians with themselves tells of learning\n",
    );
}

fn shown(measure: &Measure, stage: &Stage) -> String {
    let place = match stage.to {
        Some(to) if to == stage.from => ordinal(to),
        Some(to) => format!("{} to {}", ordinal(stage.from), ordinal(to)),
        None => format!("{} on", ordinal(stage.from)),
    };
    let value = stage.figure.value.map(|value| show(measure, value)).unwrap_or_default();
    format!("{place} {value} of {}", grouped(stage.n))
}

fn ordinal(number: u64) -> String {
    let suffix = match (number % 10, number % 100) {
        (_, 11..=13) => "th",
        (1, _) => "st",
        (2, _) => "nd",
        (3, _) => "rd",
        _ => "th",
    };
    format!("{number}{suffix}")
}

/// The same clinicians later against earlier.
fn within(measure: &Measure, learning: &Learning) -> String {
    if learning.with_both == 0 {
        return "nobody has come to a sixth consultation: no clinician can be held against themselves"
            .to_owned();
    }
    let who = counted(learning.with_both, "clinician");
    let figure = &learning.within;
    let word = verdict_word(learning.verdict).replace('_', " ");
    match (show_change(measure, [figure.value, figure.lo, figure.hi]), &figure.reason) {
        (Some(change), None) => format!("6th to 20th against the first five of {who}: {change}: {word}"),
        (Some(change), Some(reason)) => {
            format!("6th to 20th against the first five of {who}: {change}: {word}, {reason}")
        }
        (None, Some(reason)) => format!("6th to 20th against the first five: {word}, {reason}"),
        (None, None) => format!("6th to 20th against the first five: {word}"),
    }
}

/// How the odds change with each doubling, over all clinicians.
fn doubling(learning: &Learning) -> Option<String> {
    let figure = &learning.per_doubling;
    let (value, lo, hi) = (figure.value?, figure.lo?, figure.hi?);
    Some(format!(
        "over all of them the odds are {value:.2} times as high with each doubling ({lo:.2} to {hi:.2})"
    ))
}

#[cfg(test)]
mod tests {
    use super::ordinal;

    #[test]
    fn places_are_told_as_people_say_them() {
        let told = [1, 2, 3, 4, 10, 11, 12, 13, 20, 21, 22, 51, 111, 112].map(ordinal).join(" ");
        assert_eq!(told, "1st 2nd 3rd 4th 10th 11th 12th 13th 20th 21st 22nd 51st 111th 112th");
    }
}
