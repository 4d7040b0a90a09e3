//! What changed where units moved to another platform, for people.

use std::fmt::Write;

use projections::catalog;
use projections::compare::{Comparison, Figure, Moved, show_change};
use projections::measure::Measure;
use projections::stats::switch::Design;

use super::counted;
use super::layout::{arm, heading, verdict_word};

/// Every move from the reference, measure after measure.
pub(super) fn moved(text: &mut String, comparison: &Comparison) {
    let Some(first) = comparison.moves.first() else { return };
    let unit = first.unit.replace('_', " ");
    heading(text, &format!("Moves from {}, by {unit} and {}", first.from, first.period));
    for block in comparison.moves.chunk_by(|a, b| a.subject.asks_as(&b.subject)) {
        let Some(measure) = catalog::measure(block[0].subject.measure) else { continue };
        let _ = writeln!(text, "{}", measure.title);
        for moved in block {
            let _ = writeln!(text, "  to {}: {}", arm(&moved.subject), effect(measure, moved));
            for line in [Some(design(moved)), trend(measure, moved)].into_iter().flatten() {
                let _ = writeln!(text, "    {line}");
            }
        }
    }
}

fn change(measure: &Measure, figure: &Figure) -> Option<String> {
    show_change(measure, [figure.value, figure.lo, figure.hi])
}

fn effect(measure: &Measure, moved: &Moved) -> String {
    let word = verdict_word(moved.verdict).replace('_', " ");
    match (change(measure, &moved.figure), &moved.figure.reason) {
        (Some(change), None) => format!("{change}: {word}"),
        (Some(change), Some(reason)) => format!("{change}: {word}, {reason}"),
        (None, Some(reason)) => format!("{word}, {reason}"),
        (None, None) => word,
    }
}

/// What the comparison rests on.
fn design(moved: &Moved) -> String {
    let units = |count| counted(count, moved.unit);
    let mut text = match moved.design {
        None => format!("{} moved", units(0)),
        Some(Design::ConcurrentControl) => {
            format!("{} moved, {} stayed meanwhile", units(moved.switched), units(moved.stayed))
        }
        Some(Design::BeforeAfter) => format!(
            "{} moved and none stayed: before and after, with whatever else changed then",
            units(moved.switched)
        ),
    };
    if moved.mixed > 0 {
        let _ = write!(text, "; {} used both or went back", units(moved.mixed));
    }
    if moved.left_out > 0 {
        let _ = write!(text, "; {} that moved cannot be used", moved.left_out);
    }
    text
}

/// How they drew apart before, which should be not at all.
fn trend(measure: &Measure, moved: &Moved) -> Option<String> {
    let change = change(measure, &moved.pre_trend)?;
    Some(format!("before the move they drew apart by {change} a {}", moved.period))
}
