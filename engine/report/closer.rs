//! A closer look for people: what is left of a difference when like is compared with like, who is left
//! out, how much organisations differ, and what stands out over time.

use std::fmt::Write;

use projections::catalog;
use projections::compare::{Adjusted, Comparison, Course, Figure, Gap, Slope, Spread, show, show_change};
use projections::measure::Measure;
use projections::stats::variation::funnel::Position;

use super::layout::{arm, columns, heading, verdict_word};
use super::learned::learned;
use super::moved::moved;
use super::times::times;
use super::watched::watched;
use super::{counted, grouped};

/// Everything that was looked for beside the comparison.
pub(super) fn closer(comparison: &Comparison) -> String {
    let mut text = String::new();
    for gaps in comparison.gaps.chunk_by(|a, b| a.dimension == b.dimension) {
        let slopes = comparison.slopes.iter().filter(|slope| slope.dimension == gaps[0].dimension);
        who_is_left_out(&mut text, gaps, &slopes.collect::<Vec<_>>());
    }
    spreads(&mut text, &comparison.spreads);
    courses(&mut text, &comparison.courses);
    learned(&mut text, comparison);
    moved(&mut text, comparison);
    watched(&mut text, comparison);
    times(&mut text, &comparison.times);
    text
}

fn who_is_left_out(text: &mut String, gaps: &[Gap], slopes: &[&Slope]) {
    heading(text, &format!("Who is left out, by {}", gaps[0].dimension.replace('_', " ")));
    for block in gaps.chunk_by(|a, b| a.subject.asks_as(&b.subject)) {
        let Some(measure) = catalog::measure(block[0].subject.measure) else { continue };
        let _ = writeln!(text, "{}", measure.title);
        let mut lines: Vec<[String; 3]> = block.iter().map(|gap| gap_line(measure, gap)).collect();
        let theirs = slopes.iter().filter(|slope| slope.subject.asks_as(&block[0].subject));
        lines.extend(theirs.filter_map(|slope| slope_line(measure, slope)));
        columns(text, &lines);
    }
}

fn gap_line(measure: &Measure, gap: &Gap) -> [String; 3] {
    let value =
        |value: Option<f64>| value.map_or_else(|| "no value".to_owned(), |value| show(measure, value));
    let [group, than] = gap.values.map(value);
    let change = show_change(measure, [gap.figure.value, gap.figure.lo, gap.figure.hi]);
    let word = verdict_word(gap.verdict).replace('_', " ");
    let word = match (&change, &gap.figure.reason) {
        (Some(change), None) => format!("{change}: {word}"),
        (Some(change), Some(reason)) => format!("{change}: {word}, {reason}"),
        (None, Some(reason)) => format!("{word}, {reason}"),
        (None, None) => word,
    };
    [
        format!("{}: {}", arm(&gap.subject), gap.group),
        format!("{group} against {than} with {}", gap.than),
        word,
    ]
}

fn slope_line(measure: &Measure, slope: &Slope) -> Option<[String; 3]> {
    let Figure { value, lo, hi, .. } = slope.slope_index;
    let ratio = &slope.relative_index;
    let ratio = match (ratio.value, ratio.lo, ratio.hi) {
        (Some(value), Some(lo), Some(hi)) => format!("; ratio {value:.2} ({lo:.2} to {hi:.2})"),
        _ => String::new(),
    };
    Some([
        arm(&slope.subject),
        "from the most to the least deprived".to_owned(),
        format!("{}{ratio}", show_change(measure, [value, lo, hi])?),
    ])
}

fn spreads(text: &mut String, spreads: &[Spread]) {
    let Some(first) = spreads.first() else { return };
    heading(text, &format!("How much they differ by {}", first.dimension.replace('_', " ")));
    for block in spreads.chunk_by(|a, b| a.subject.asks_as(&b.subject)) {
        let Some(measure) = catalog::measure(block[0].subject.measure) else { continue };
        let _ = writeln!(text, "{}", measure.title);
        for spread in block {
            let _ = writeln!(text, "  {}: {}", arm(&spread.subject), variation(measure, spread));
            for (where_, units) in outside(spread) {
                let _ = writeln!(text, "    {where_}: {}", units.join(", "));
            }
        }
    }
    text.push_str("  outside its limits a unit is worth a look, and no more: its patients, its network and its way of\n  recording differ too\n");
}

fn variation(measure: &Measure, spread: &Spread) -> String {
    let units = counted(spread.units.len() as u64, "unit");
    let mut text = match (spread.typical.value, spread.prediction.lo, spread.prediction.hi) {
        (Some(typical), Some(lo), Some(hi)) => format!(
            "{} typically, a further one {} to {}; {units}",
            show(measure, typical),
            show(measure, lo),
            show(measure, hi)
        ),
        (Some(typical), ..) => {
            format!("{} typically; {units}, too few to say of a further one", show(measure, typical))
        }
        (None, ..) => match spread.typical.status.reason() {
            Some(reason) => format!("{units}: {reason}"),
            None => units,
        },
    };
    if let (Some(ratio), Some(i_squared)) = (spread.median_odds_ratio.value, spread.i_squared) {
        let _ = write!(
            text,
            "; median odds ratio {ratio:.2}, {:.0} % of the variation is not chance",
            i_squared * 100.0
        );
    }
    if spread.not_recorded > 0 {
        let _ = write!(text, "; {} not recorded", grouped(spread.not_recorded));
    }
    text
}

/// The units outside the limits at 99.8 % that allow for the usual variation, lower ones first.
fn outside(spread: &Spread) -> Vec<(&'static str, Vec<String>)> {
    let at = |position: Position| -> Vec<String> {
        let there = spread.units.iter().filter(|unit| unit.as_usual[1] == position);
        there.map(|unit| format!("{} ({} of {})", unit.unit, grouped(unit.x), grouped(unit.n))).collect()
    };
    let found = [("below what is usual", at(Position::Below)), ("above what is usual", at(Position::Above))];
    found.into_iter().filter(|(_, units)| !units.is_empty()).collect()
}

fn courses(text: &mut String, courses: &[Course]) {
    let Some(first) = courses.first() else { return };
    heading(text, &format!("What stands out by {} (rules {})", first.period, first.rules));
    for block in courses.chunk_by(|a, b| a.subject.asks_as(&b.subject)) {
        let Some(measure) = catalog::measure(block[0].subject.measure) else { continue };
        let _ = writeln!(text, "{}", measure.title);
        for course in block {
            let _ = writeln!(text, "  {}: {}", arm(&course.subject), steadiness(measure, course));
            for point in course.points.iter().filter(|point| !point.rules.is_empty()) {
                let value = point.value.map(|value| show(measure, value)).unwrap_or_default();
                let _ = writeln!(
                    text,
                    "    {} {value}: {}; {}",
                    point.period,
                    point.signal.words(),
                    point.rules.join(", ")
                );
            }
        }
    }
}

fn steadiness(measure: &Measure, course: &Course) -> String {
    let periods = course.points.iter().filter(|point| !point.partial && point.value.is_some()).count() as u64;
    let mut text = counted(periods, course.period);
    match (course.centre.value, course.centre.lo, course.centre.hi) {
        (Some(mean), Some(lo), Some(hi)) => {
            let [mean, lo, hi] = [mean, lo, hi].map(|value| show(measure, value));
            let _ = write!(text, ", {mean} on average, process limits {lo} to {hi}");
        }
        _ => {
            let why = course.centre.status.reason().map_or("no limits", |reason| reason.words());
            let _ = write!(text, ", no process limits: {why}");
        }
    }
    if course.earlier > 0 {
        let _ = write!(
            text,
            "; {} before those are too far back for a chart",
            counted(course.earlier as u64, course.period)
        );
    }
    if course.centre.value.is_some() && course.points.iter().all(|point| point.rules.is_empty()) {
        text.push_str("; nothing stands out");
    }
    text
}

/// What is left of a difference among like consultations, and what of the crude one is where they are used,
/// each in a line.
pub(super) fn adjusted(measure: &Measure, adjusted: &Adjusted) -> Vec<String> {
    let by = adjusted.by.join(", ").replace('_', " ");
    let word = verdict_word(adjusted.verdict).replace('_', " ");
    let mut first =
        match show_change(measure, [adjusted.figure.value, adjusted.figure.lo, adjusted.figure.hi]) {
            Some(change) => format!("alike in {by}: {change}: {word}"),
            None => format!("alike in {by}: {word}"),
        };
    if let Some(reason) = &adjusted.figure.reason {
        let _ = write!(first, ", {reason}");
    }
    let mut lines = vec![first];
    let points = |figure: &Figure| Some(format!("{:+.1}", figure.value? * 100.0).replace('-', "\u{2212}"));
    if let (Some(platform), Some(mix)) = (points(&adjusted.platform_effect), points(&adjusted.mix_effect)) {
        lines.push(format!(
            "of the whole difference {mix} points are where it is used and {platform} the platform"
        ));
    }
    if adjusted.lost_share > 0.0 {
        let lost = adjusted.lost_share * 100.0;
        lines.push(format!("{lost:.1} % of consultations have nothing like them on the other platform"));
    }
    lines
}
