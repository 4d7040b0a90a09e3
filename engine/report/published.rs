//! What a policy leaves of a reading, as a text and as rows: every reading alike.

use std::fmt::Write;

use projections::disclosure::{Line, Part, Published, Value};

use super::table::Form;
use super::{grouped, layout};

/// How what is hidden is shown.
const HIDDEN: &str = "[c]";
/// Columns that people need not read.
const FOR_MACHINES: [&str; 9] =
    ["one_sided", "components", "level", "method", "cluster", "claim", "shares", "reason", "reference"];

/// For people: under which policy, what is said of the whole, the lines, and what must be known.
pub(super) fn text(published: &Published) -> String {
    let mut text = String::new();
    let policy = &published.policy;
    layout::wrapped(
        &mut text,
        "",
        &format!("Policy {}, version {}: {}.", policy.name, policy.version, policy.words),
    );
    match policy.release {
        Some(number) => {
            let _ = writeln!(text, "Release {number} of this store.");
        }
        None => layout::wrapped(
            &mut text,
            "",
            "To be looked at, not to be given away: it is not in the ledger of releases, and --release records it.",
        ),
    }
    for (name, value) in &published.head {
        let value = cell(value, true);
        if !value.is_empty() {
            let _ = writeln!(text, "{}: {value}", name.replace('_', " "));
        }
    }
    for part in published.parts.iter().filter(|part| !part.lines.is_empty()) {
        lines(&mut text, part);
    }
    if published.parts.iter().all(|part| part.lines.is_empty()) {
        text.push_str("\nThere are no consultations of a month that is over.\n");
    }
    text.push('\n');
    published.notes.iter().for_each(|note| layout::wrapped(&mut text, "! ", note));
    text
}

fn lines(text: &mut String, part: &Part) {
    layout::heading(text, part.name);
    let (names, rows) = flat(&part.lines, true);
    let kept: Vec<usize> = (0..names.len())
        .filter(|column| !FOR_MACHINES.contains(&names[*column].as_str()))
        .filter(|column| rows.iter().any(|row| !row[*column].is_empty()))
        .collect();
    let head = kept.iter().map(|column| names[*column].replace('_', " ")).collect();
    let pick = |row: &Vec<String>| kept.iter().map(|column| row[*column].clone()).collect();
    let all: Vec<Vec<String>> = std::iter::once(head).chain(rows.iter().map(pick)).collect();
    let width = |column: usize| all.iter().map(|row| row[column].chars().count()).max().unwrap_or(0);
    let widths: Vec<usize> = (0..kept.len()).map(width).collect();
    for row in &all {
        let cells = row.iter().zip(&widths).map(|(cell, width)| format!("{cell:<width$}"));
        let _ = writeln!(text, "{}", cells.collect::<Vec<_>>().join("  ").trim_end());
    }
}

/// With one row a line: the first part.
pub(super) fn rows(published: &Published, form: Form) -> String {
    let none = Vec::new();
    let lines = published.parts.first().map_or(&none, |part| &part.lines);
    let (names, rows) = flat(lines, false);
    let mut text = form.head(&names.iter().map(String::as_str).collect::<Vec<_>>()) + "\n";
    for row in rows {
        text += &(form.row(row.iter().map(String::as_str)) + "\n");
    }
    text
}

/// Columns and rows: levels get a column each, and what has no place in a cell none.
fn flat(lines: &[Line], for_people: bool) -> (Vec<String>, Vec<Vec<String>>) {
    let columns = |line: &Line| -> Vec<(String, String)> {
        let mut columns = Vec::new();
        for (name, value) in line {
            match value {
                Value::Named(levels) if *name == "by" => columns.extend(
                    levels.iter().map(|(name, level)| (name.clone(), level.clone().unwrap_or_default())),
                ),
                Value::Shares(_) => {}
                value => columns.push(((*name).to_owned(), cell(value, for_people))),
            }
        }
        columns
    };
    let all: Vec<Vec<(String, String)>> = lines.iter().map(columns).collect();
    let names = all.first().map(|row| row.iter().map(|(name, _)| name.clone()).collect());
    let rows = all.into_iter().map(|row| row.into_iter().map(|(_, cell)| cell).collect());
    (names.unwrap_or_default(), rows.collect())
}

fn cell(value: &Value, for_people: bool) -> String {
    match value {
        Value::Nothing | Value::Shares(_) => String::new(),
        Value::Hidden(_) => HIDDEN.to_owned(),
        Value::Text(text) if for_people => text.replace('_', " "),
        Value::Text(text) => text.clone(),
        Value::Whole(number) if for_people => grouped(*number),
        Value::Whole(number) => number.to_string(),
        Value::Real(number) => number.to_string(),
        Value::Flag(flag) => flag.to_string(),
        Value::Texts(texts) => texts.join(", "),
        Value::Named(named) => {
            let of = |(name, text): &(String, Option<String>)| match text {
                Some(text) => format!("{name}: {text}"),
                None => name.clone(),
            };
            named.iter().map(of).collect::<Vec<_>>().join("; ")
        }
    }
}
