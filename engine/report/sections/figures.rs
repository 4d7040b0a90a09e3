//! The figures that several sections share: a measure of every platform with its limits, and what such a row says.

use super::super::chart::{Axis, ChartSpec, Kind, Point, Series};
use super::super::page::{Block, Figure};
use super::seen::{Seen, unit};
use super::{Context, grouped, percent, pictured};

/// Points of a platform, in its colour and shape.
pub(super) fn series(context: &Context<'_>, platform: &str, points: Vec<Point>) -> Series {
    Series { name: platform.to_owned(), style: context.compared.style(platform), is_line: false, points }
}

/// A name for links, of letters and hyphens.
pub(super) fn slug(text: &str) -> String {
    let letter =
        |letter: char| if letter.is_ascii_alphanumeric() { letter.to_ascii_lowercase() } else { '-' };
    text.chars().map(letter).collect()
}

/// A forest plot of one measure; what is missing where no platform has it.
pub(super) fn forest(context: &Context<'_>, name: &str) -> Option<Block> {
    let rows: Vec<&Seen> = context.compared.of_measure(name).collect();
    let first = *rows.first()?;
    let measure = first.measure;
    if rows.iter().all(|row| row.value.is_none()) {
        return Some(Block::Missing(format!("{}: {}.", measure.title, why_none(context, first))));
    }
    let point = |row: &Seen| Point {
        value: row.value,
        limits: row.limits,
        n: row.n,
        x: row.x.filter(|_| row.is_share()),
        note: note(row),
        ..Point::default()
    };
    let chart = ChartSpec {
        kind: Kind::Forest,
        name: format!("forest-{}", slug(name)),
        title: message(context, name),
        subtitle: subtitle(context, &rows),
        across: Axis { title: String::new(), unit: unit(measure) },
        values: Axis { title: measure.title.to_owned(), unit: unit(measure) },
        series: rows.iter().map(|row| series(context, &row.platform, vec![point(row)])).collect(),
        marked: Vec::new(),
        further: "",
    };
    let says = says(&rows);
    Some(Block::Figure(Box::new(Figure { chart, says, source: context.source() })))
}

/// Why a row has no value, in words.
pub(super) fn why_none(context: &Context<'_>, row: &Seen) -> String {
    match (row.status.as_str(), &row.reason) {
        ("suppressed", _) => format!("not shown under the policy {}", context.note.name),
        ("not_measured", _) => {
            "not measured, since no feed here can tell it; a feed that sees it would fill this".to_owned()
        }
        (_, Some(reason)) => reason.clone(),
        (_, None) => "there is nothing to measure".to_owned(),
    }
}

fn note(row: &Seen) -> String {
    let reason = match row.value {
        Some(_) if row.status == "ok" => String::new(),
        _ => row.reason.clone().unwrap_or_else(|| row.status.replace('_', " ")),
    };
    match (&row.response, reason.is_empty()) {
        (Some(response), true) => response.clone(),
        (Some(response), false) => format!("{response}; {reason}"),
        (None, _) => reason,
    }
}

/// The message of a measure: what its differences amount to.
pub(super) fn message(context: &Context<'_>, name: &str) -> String {
    let differences = context.compared.differences.iter();
    let of_both = differences.filter(|one| one.measure.name == name && !one.one_sided);
    let sentences: Vec<String> = together(of_both.map(super::seen::Differs::sentence));
    match sentences.len() {
        0 => context
            .compared
            .of_measure(name)
            .next()
            .map(|row| row.measure.title.to_owned())
            .unwrap_or_default(),
        1..=3 => sentences.join("; "),
        _ => {
            let clear = |sentence: &&String| !sentence.starts_with("There is");
            let kept: Vec<&str> = sentences.iter().filter(clear).map(String::as_str).take(3).collect();
            if kept.is_empty() { sentences[0].clone() } else { kept.join("; ") }
        }
    }
}

/// Sentences that say the same of several things, such as of patients and clinicians, as one.
fn together(sentences: impl Iterator<Item = String>) -> Vec<String> {
    let mut all: Vec<String> = Vec::new();
    for sentence in sentences {
        let begin = sentence.split_once(": ").map(|(begin, _)| format!("{begin}: ")).unwrap_or_default();
        match all.last_mut().filter(|last| !begin.is_empty() && last.starts_with(&begin)) {
            Some(last) => last.extend([" and ", &sentence[begin.len()..]]),
            None => all.push(sentence),
        }
    }
    all
}

fn subtitle(context: &Context<'_>, rows: &[&Seen]) -> String {
    let measure = rows[0].measure;
    let n = n_of(rows.iter().copied());
    format!("{}, of {}, with 95 % limits; {}{n}", measure.title, measure.of_what(), context.when())
}

/// How many rows rest on together, as the end of a subtitle; nothing where that is not shown of every one.
pub(super) fn n_of<'a>(rows: impl Iterator<Item = &'a Seen>) -> String {
    let counts: Option<Vec<u64>> = rows.map(|row| row.n).collect();
    let counts = counts.filter(|counts| !counts.is_empty());
    counts.map(|counts| format!("; n = {}", grouped(counts.iter().sum()))).unwrap_or_default()
}

/// What rows say in one paragraph.
pub(super) fn says(rows: &[&Seen]) -> String {
    let valued: Vec<&&Seen> = rows.iter().filter(|row| row.value.is_some()).collect();
    let Some(first) = valued.first() else { return String::new() };
    let shares: Vec<f64> = valued.iter().filter_map(|row| row.share()).collect();
    let pictures = pictured(&shares);
    let told = valued.iter().flat_map(|row| row.value.into_iter().chain(row.limits.into_iter().flatten()));
    let unit = unit(first.measure).of_all(told);
    let one = |(place, row): (usize, &&&Seen)| {
        let shown = row.value.unwrap_or_default();
        let value = shares.get(place).map_or_else(|| unit.show(shown), |share| percent(*share, shown));
        let limits = row
            .limits
            .map(|[lo, hi]| format!(", between {} and {}", unit.show(lo), unit.show(hi)))
            .unwrap_or_default();
        match pictures.get(place) {
            Some(picture) => format!("{}: {picture} ({value}{limits})", row.platform),
            None => format!("{}: {value}{limits}", row.platform),
        }
    };
    let told: Vec<String> = valued.iter().enumerate().map(one).collect();
    format!("{} \u{2013} {}.", sentence_case(&first.measure.within_sentence()), told.join("; "))
}

/// A text as a sentence begins.
pub(super) fn sentence_case(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map(|first| first.to_uppercase().chain(letters).collect()).unwrap_or_default()
}
