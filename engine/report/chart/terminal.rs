//! The same charts in lines of text, for a terminal: shapes and words, no colours.

use std::fmt::Write;

use super::rows::label;
use super::scale::Scale;
use super::{ChartSpec, palette};

/// How wide the field of marks is, and how high that of a plane.
const WIDE: usize = 60;
const HIGH: usize = 12;

/// A specification in lines of text.
#[must_use]
pub fn terminal(spec: &ChartSpec) -> String {
    let mut text = format!("{}\n{}\n", spec.title, spec.subtitle);
    match spec.kind.has_rows() {
        true => rows(&mut text, spec),
        false => plane(&mut text, spec),
    }
    text
}

fn rows(text: &mut String, spec: &ChartSpec) {
    let unit = spec.values.unit;
    let scale = Scale::new(spec.reach(), [0.0, (WIDE - 1) as f64], unit);
    let at = |value: f64| scale.at(value).round().clamp(0.0, (WIDE - 1) as f64) as usize;
    for (series, point) in spec.points() {
        let name = label(series, point);
        let Some(value) = point.value else {
            let _ =
                writeln!(text, "  {name}: {}", if point.note.is_empty() { "no value" } else { &point.note });
            continue;
        };
        let mut line = vec![' '; WIDE];
        if let Some([lo, hi]) = point.limits {
            line[at(lo)..=at(hi).max(at(lo))].fill('─');
            (line[at(lo)], line[at(hi)]) = ('├', '┤');
        }
        if let Some(further) = point.further {
            line[at(further)] = '○';
        }
        line[at(value)] = palette::letter(series.style);
        let mut told = unit.show(value);
        if let Some([lo, hi]) = point.limits {
            let _ = write!(told, " ({} to {})", unit.show(lo), unit.show(hi));
        }
        if let Some(further) = point.further {
            let _ = write!(told, ", {} {}", spec.further.to_lowercase(), unit.show(further));
        }
        let _ = writeln!(text, "  {name}: {told}\n  │{}", line.iter().collect::<String>().trim_end());
    }
    let ends: Vec<String> = scale.ticks().map(|tick| unit.tick(tick, scale.step())).collect();
    let (first, last) = (ends.first().cloned().unwrap_or_default(), ends.last().cloned().unwrap_or_default());
    let room = WIDE.saturating_sub(first.chars().count() + last.chars().count());
    let _ = writeln!(text, "  └{}\n   {first}{}{last}", "─".repeat(WIDE), " ".repeat(room));
}

fn plane(text: &mut String, spec: &ChartSpec) {
    let up = Scale::new(spec.reach(), [(HIGH - 1) as f64, 0.0], spec.values.unit);
    let across = Scale::new(spec.width(), [0.0, (WIDE - 1) as f64], spec.across.unit);
    let cell = |scale: &Scale, value: f64, most: usize| {
        scale.at(value).round().clamp(0.0, (most - 1) as f64) as usize
    };
    let mut field = vec![vec![' '; WIDE]; HIGH];
    for (value, _) in &spec.marked {
        field[cell(&up, *value, HIGH)].fill('┄');
    }
    for series in &spec.series {
        let mark = if series.is_line { '·' } else { palette::letter(series.style) };
        for (at, value) in series.points.iter().filter_map(|point| Some((point.at?, point.value?))) {
            field[cell(&up, value, HIGH)][cell(&across, at, WIDE)] = mark;
        }
    }
    let ticks: Vec<(usize, String)> =
        up.ticks().map(|tick| (cell(&up, tick, HIGH), spec.values.unit.tick(tick, up.step()))).collect();
    for (row, line) in field.iter().enumerate() {
        let tick = ticks.iter().find(|(at, _)| *at == row).map_or("", |(_, tick)| tick);
        let _ = writeln!(text, "  {tick:>8} │{}", line.iter().collect::<String>().trim_end());
    }
    let _ = writeln!(text, "  {:>8} └{}", "", "─".repeat(WIDE));
    let _ = writeln!(text, "  {:>8}  {}", "", ends(spec, &across));
    let _ = writeln!(text, "  {:>8}  {}", "", spec.across.title);
    for series in spec.series.iter().filter(|series| !series.name.is_empty()) {
        let mark = if series.is_line { '·' } else { palette::letter(series.style) };
        let _ = writeln!(text, "  {mark} {}", series.name);
    }
}

/// What the first and the last place below a plane are called, each where it lies: by their points, such as a day, or by
/// the ticks.
fn ends(spec: &ChartSpec, across: &Scale) -> String {
    let named = || spec.points().filter_map(|(_, point)| Some((point.at?, point.label.clone())));
    let ticks = || across.ticks().map(|tick| (tick, spec.across.unit.tick(tick, across.step())));
    let all: Vec<(f64, String)> =
        if spec.kind.names_places() { named().collect() } else { ticks().collect() };
    let first = all.iter().min_by(|a, b| a.0.total_cmp(&b.0));
    let last = all.iter().max_by(|a, b| a.0.total_cmp(&b.0));
    let mut line = String::new();
    let last = last.filter(|last| first.is_some_and(|first| first.0 < last.0));
    for (place, word) in first.into_iter().chain(last) {
        let begin =
            (across.at(*place).round().max(0.0) as usize).min(WIDE.saturating_sub(word.chars().count()));
        let room = begin.saturating_sub(line.chars().count());
        line.push_str(&" ".repeat(room));
        line.push_str(word);
    }
    line
}
