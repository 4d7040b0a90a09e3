//! Charts in a plane: values by time, size, practice or number, with a legend of names and shapes above.

use super::scale::Scale;
use super::svg::{Anchor, Drawing, WIDTH, short};
use super::{ChartSpec, Kind, Series, palette};

/// Where the plane lies.
const LEFT: f64 = 54.0;
const RIGHT: f64 = WIDTH - 14.0;
const HIGH: f64 = 190.0;
/// What a line of the legend takes, and the axis below.
const LEGEND: f64 = 20.0;
const FOOT: f64 = 44.0;
/// How wide a letter below the plane is, at most.
const LETTER: f64 = 6.6;
/// Points of one series that leave room for marks of full size.
const ROOMY: usize = 40;
/// How far platforms stand apart that share a place.
const APART: f64 = 7.0;

/// Draws it; how high it is.
pub(super) fn draw(drawing: &mut Drawing, spec: &ChartSpec) -> f64 {
    let named: Vec<&Series> = spec.series.iter().filter(|series| !series.name.is_empty()).collect();
    let top = legend(drawing, &named) + 26.0;
    let foot = top + HIGH;
    let up = Scale::new(spec.reach(), [foot, top], spec.values.unit);
    let across = Scale::new(spec.width(), [LEFT + 6.0, RIGHT - 6.0], spec.across.unit);
    drawing.words([0.0, top - 12.0], Anchor::Start, "tick", &short(&spec.values.title, 60));
    for tick in up.ticks() {
        let y = up.at(tick);
        drawing.line([LEFT, y], [RIGHT, y], "grid");
        drawing.words([LEFT - 6.0, y + 4.0], Anchor::End, "tick", &spec.values.unit.tick(tick, up.step()));
    }
    drawing.line([LEFT, foot], [RIGHT, foot], "axis");
    below(drawing, spec, &across, foot);
    for (value, _) in &spec.marked {
        drawing.line([LEFT, up.at(*value)], [RIGHT, up.at(*value)], "marked");
    }
    spec.series.iter().for_each(|series| one(drawing, spec, series, [&across, &up]));
    // Above what is drawn, so that no mark hides a word.
    for (value, word) in &spec.marked {
        drawing.words([RIGHT, up.at(*value) - 4.0], Anchor::End, "tick over", word);
    }
    foot + FOOT
}

/// The names with their shapes, one a line.
fn legend(drawing: &mut Drawing, named: &[&Series]) -> f64 {
    for (line, series) in named.iter().enumerate() {
        let y = 12.0 + line as f64 * LEGEND;
        match series.is_line {
            true => drawing.line([0.0, y], [20.0, y], "limit"),
            false => drawing.mark([10.0, y], series.style, "mark"),
        }
        drawing.words([28.0, y + 4.0], Anchor::Start, "label", &short(&series.name, 44));
    }
    named.len() as f64 * LEGEND
}

/// The ticks of the other axis: labels of points where they have some, numbers otherwise.
fn below(drawing: &mut Drawing, spec: &ChartSpec, across: &Scale, foot: f64) {
    let labelled = spec.kind.names_places();
    if labelled {
        let points = spec.series.iter().find(|series| !series.is_line).map_or(&[][..], |one| &one.points);
        let mut free = 0.0;
        for (at, label) in points.iter().filter_map(|point| Some((point.at?, short(&point.label, 12)))) {
            let (x, wide) = (across.at(at), LETTER * label.chars().count() as f64);
            let begin = (x - wide / 2.0).clamp(LEFT - 10.0, WIDTH - wide);
            if begin >= free {
                drawing.words([begin, foot + 16.0], Anchor::Start, "tick", &label);
                free = begin + wide + 4.0;
            }
        }
    } else {
        for tick in across.ticks() {
            let words = spec.across.unit.tick(tick, across.step());
            drawing.words([across.at(tick), foot + 16.0], Anchor::Middle, "tick", &words);
        }
    }
    drawing.words([RIGHT, foot + 36.0], Anchor::End, "tick", &short(&spec.across.title, 60));
}

fn one(drawing: &mut Drawing, spec: &ChartSpec, series: &Series, [across, up]: [&Scale; 2]) {
    let class = palette::class(series.style);
    let placed = series.points.iter().filter_map(|point| Some((point, point.at?, point.value?)));
    let aside = if spec.kind == Kind::Learning { APART * series.style.min(5) as f64 } else { 0.0 };
    let place = |(point, at, value)| (point, [across.at(at) + aside, up.at(value)]);
    let placed: Vec<(&super::Point, [f64; 2])> = placed.map(place).collect();
    let size = if placed.len() > ROOMY { "small" } else { "mark" };
    let course: Vec<[f64; 2]> = placed.iter().map(|(_, place)| *place).collect();
    if series.is_line {
        return drawing.course(&course, "limit");
    }
    if spec.kind == Kind::Incidence {
        let side = |which: usize| {
            placed.iter().filter_map(move |(point, [x, _])| Some([*x, up.at(point.limits?[which])]))
        };
        let band: Vec<[f64; 2]> = side(0).chain(side(1).collect::<Vec<_>>().into_iter().rev()).collect();
        if band.len() > 2 {
            drawing.area(&band, &format!("band {class}"));
        }
    }
    if spec.kind.is_joined() {
        drawing.course(&course, &format!("course {class}"));
    }
    for (point, place) in &placed {
        if let Some([lo, hi]) = point.limits.filter(|_| spec.kind != Kind::Incidence) {
            drawing.line([place[0], up.at(lo)], [place[0], up.at(hi)], &format!("limits {class}"));
        }
        if point.stands_out {
            drawing.mark(*place, series.style, "ring");
        }
        drawing.mark(*place, series.style, size);
    }
}
