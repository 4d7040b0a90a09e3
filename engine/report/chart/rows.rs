//! Charts with a row for each point: the label above, the mark below it, one axis of values at the foot.

use super::scale::Scale;
use super::svg::{Anchor, Drawing, WIDTH, short};
use super::{ChartSpec, Kind, Point, Series, palette};

/// How high a row is, and where in it label and mark lie.
const ROW: f64 = 44.0;
const LABEL: f64 = 16.0;
const MARK: f64 = 31.0;
/// Where values lie.
const ENDS: [f64; 2] = [22.0, WIDTH - 24.0];
/// What the axis takes.
const FOOT: f64 = 44.0;
/// Letters of a label that find room.
const LETTERS: usize = 34;

/// Draws it; how high it is.
pub(super) fn draw(drawing: &mut Drawing, spec: &ChartSpec) -> f64 {
    let scale = Scale::new(spec.reach(), ENDS, spec.values.unit);
    let count = spec.points().count() as f64;
    let head = if spec.marked.is_empty() { 0.0 } else { 18.0 };
    let foot = head + count * ROW;
    axis(drawing, spec, &scale, [head, foot]);
    for (place, (series, point)) in spec.points().enumerate() {
        row(drawing, spec, &scale, (series, point), head + place as f64 * ROW);
    }
    foot + FOOT
}

fn axis(drawing: &mut Drawing, spec: &ChartSpec, scale: &Scale, [head, foot]: [f64; 2]) {
    for tick in scale.ticks() {
        let x = scale.at(tick);
        drawing.line([x, head], [x, foot], "grid");
        drawing.words([x, foot + 16.0], Anchor::Middle, "tick", &spec.values.unit.tick(tick, scale.step()));
    }
    drawing.line([ENDS[0], foot], [ENDS[1], foot], "axis");
    for (value, word) in &spec.marked {
        let x = scale.at(*value);
        drawing.line([x, head], [x, foot], "marked");
        let anchor = if x > WIDTH / 2.0 { Anchor::End } else { Anchor::Start };
        drawing.words([x, 12.0], anchor, "tick", word);
    }
    drawing.words([0.0, foot + 36.0], Anchor::Start, "tick", &short(&spec.values.title, 60));
}

fn row(drawing: &mut Drawing, spec: &ChartSpec, scale: &Scale, (series, point): (&Series, &Point), top: f64) {
    let (unit, y) = (spec.values.unit, top + MARK);
    drawing.words([0.0, top + LABEL], Anchor::Start, "label over", &short(&label(series, point), LETTERS));
    let Some(value) = point.value else {
        let why = if point.note.is_empty() { "no value" } else { &point.note };
        drawing.words([0.0, y + 4.0], Anchor::Start, "tick", &short(why, 56));
        return;
    };
    let told = match point.further {
        Some(further) => format!("{} \u{2192} {}", unit.show(value), unit.show(further)),
        None => unit.show(value),
    };
    drawing.words([WIDTH, top + LABEL], Anchor::End, "value over", &told);
    let class = palette::class(series.style);
    if spec.kind == Kind::Stages {
        let from = scale.at(0.0);
        drawing.bar([from, y - 7.0], [scale.at(value) - from, 14.0], &format!("bar {class}"));
    }
    if let Some(further) = point.further {
        drawing.line([scale.at(value), y], [scale.at(further), y], &format!("thin {class}"));
    }
    if let Some([lo, hi]) = point.limits {
        let (lo, hi) = (scale.at(lo), scale.at(hi));
        drawing.line([lo, y], [hi, y], &format!("limits {class}"));
        for end in [lo, hi] {
            drawing.line([end, y - 5.0], [end, y + 5.0], &format!("limits {class}"));
        }
    }
    if let Some(further) = point.further {
        drawing.mark([scale.at(further), y], series.style, "hollow");
    }
    drawing.mark([scale.at(value), y], series.style, "mark");
}

/// What a row is called: its point, and its series where that is something else.
pub(super) fn label(series: &Series, point: &Point) -> String {
    match (point.label.is_empty(), series.name.is_empty()) {
        (true, _) => series.name.clone(),
        (false, true) => point.label.clone(),
        (false, false) => format!("{}: {}", series.name, point.label),
    }
}
