//! Whom video reaches, in words and as rows.

use std::fmt::Write;

use projections::compare::{Figure, Group, Reach, ReachPart};

use super::layout::wrapped;
use super::table::Form;
use super::{counted, grouped};

/// Whom video reaches, for people: a table for each dimension and platform.
pub(super) fn reach(reach: &Reach) -> String {
    if reach.parts.iter().all(|part| part.consultations == 0) {
        let what = if reach.filter.is_empty() {
            "There are no consultations that reach anybody: `evenfield ingest FILE` takes some in."
        } else {
            "No consultation passes --where: ask for other levels, or for fewer of them."
        };
        return format!("{what}\n");
    }
    let mut text = String::new();
    for parts in reach.parts.chunk_by(|a, b| a.dimension == b.dimension) {
        let title = format!(
            "Whom video reaches, by {}: against {} people",
            parts[0].dimension.replace('_', " "),
            grouped(parts[0].people)
        );
        let gap = if text.is_empty() { "" } else { "\n" };
        let _ = writeln!(text, "{gap}{title}\n{}", "=".repeat(title.chars().count()));
        // One platform is all of them.
        let shown = if parts.len() == 2 { &parts[1..] } else { parts };
        shown.iter().for_each(|part| table(&mut text, part));
    }
    foot(&mut text, reach);
    text
}

/// What was held, or completed, against people.
const USED: [&str; 5] = ["group", "people", "consultations", "per 1,000 people", "representation"];
/// How far it came, and what was completed against people.
const COMPLETED: [&str; 7] =
    ["group", "attempted", "connected", "completed", "of attempted", "per 1,000 people", "representation"];

fn table(text: &mut String, part: &ReachPart) {
    let name = part.platform.as_deref().unwrap_or("all platforms");
    let _ = writeln!(text, "\n{name}: {}", counted(part.consultations, "consultation"));
    let numbers = |figures: fn(&Group) -> [&Figure; 2]| {
        part.groups.iter().flat_map(figures).any(|figure| figure.value.is_some())
    };
    if numbers(|group| [&group.consultations.share, &group.consultations.per_1000]) {
        let lines = part.groups.iter().map(used).collect::<Vec<_>>();
        columns(text, USED, &lines);
        let lines = part.groups.iter().map(completed).collect::<Vec<_>>();
        text.push('\n');
        columns(text, COMPLETED, &lines);
    }
    lost(text, part);
    slopes(text, part);
}

/// Columns below each other: the first to the left, numbers to the right.
fn columns<const N: usize>(text: &mut String, head: [&str; N], lines: &[[String; N]]) {
    let head = head.map(str::to_owned);
    let all = || std::iter::once(&head).chain(lines);
    let width = |column: usize| all().map(|line| line[column].chars().count()).max().unwrap_or(0);
    let widths: [usize; N] = std::array::from_fn(width);
    for line in all() {
        let mut shown = String::new();
        for (place, (cell, width)) in line.iter().zip(widths).enumerate() {
            match place {
                0 => shown.push_str(&format!("  {cell:<width$}")),
                _ => shown.push_str(&format!("  {cell:>width$}")),
            }
        }
        let _ = writeln!(text, "{}", shown.trim_end());
    }
}

fn used(group: &Group) -> [String; 5] {
    let used = &group.consultations;
    [
        group.group.clone(),
        format!("{} ({})", grouped(group.people), percent(Some(group.people_share))),
        format!("{} ({})", grouped(used.n), percent(used.share.value)),
        limits(&used.per_1000),
        limits(&used.representation),
    ]
}

fn completed(group: &Group) -> [String; 7] {
    let completed = &group.completed;
    [
        group.group.clone(),
        grouped(group.attempted),
        grouped(group.connected),
        format!("{} ({})", grouped(completed.n), percent(completed.share.value)),
        percent(group.completion.value),
        limits(&completed.per_1000),
        limits(&completed.representation),
    ]
}

/// A figure with its limits, as short as two digits behind the point are.
fn limits(figure: &Figure) -> String {
    let number = |number: f64| format!("{number:.2}").replace('-', "\u{2212}");
    match (figure.value, figure.lo, figure.hi) {
        (Some(value), Some(lo), Some(hi)) => {
            format!("{} ({} to {})", number(value), number(lo), number(hi))
        }
        (Some(value), ..) => format!("{} (no limits)", number(value)),
        (None, ..) => "-".to_owned(),
    }
}

fn percent(share: Option<f64>) -> String {
    share.map_or_else(|| "-".to_owned(), |share| format!("{:.1} %", share * 100.0))
}

/// What is in no group, and what is not measured.
fn lost(text: &mut String, part: &ReachPart) {
    for reason in reasons(part) {
        wrapped(text, "  ", &format!("what is not shown could not be had: {reason}"));
    }
    if part.not_recorded > 0 {
        let share = percent(Some(part.not_recorded as f64 / part.consultations.max(1) as f64));
        let (many, what) = (counted(part.not_recorded, "consultation"), part.dimension.replace('_', " "));
        // Where it is most of them no rate is shown.
        let rates =
            if part.not_recorded * 2 > part.consultations { "" } else { ", and rates are too low for it" };
        wrapped(
            text,
            "  ",
            &format!("of {many} ({share}) no {what} is recorded: they are in no group{rates}"),
        );
    }
    if !part.not_in_population.is_empty() {
        let levels: Vec<String> =
            part.not_in_population.iter().map(|(level, n)| format!("{level} ({})", grouped(*n))).collect();
        wrapped(text, "  ", &format!("consultations of groups that the file lacks: {}", levels.join(", ")));
    }
    let not_measured: u64 = part.groups.iter().map(|group| group.not_measured).sum();
    if not_measured > 0 {
        let many = counted(not_measured, "attempted consultation");
        wrapped(
            text,
            "  ",
            &format!("of {many} no source can tell whether it was completed: not counted as completed"),
        );
    }
}

/// Why numbers are missing, each reason once.
fn reasons(part: &ReachPart) -> Vec<&str> {
    let figures = part.groups.iter().flat_map(|group| {
        [&group.consultations, &group.completed].into_iter().flat_map(|used| [&used.share, &used.per_1000])
    });
    let missing = figures.filter(|figure| figure.value.is_none());
    let mut reasons: Vec<&str> = missing.filter_map(|figure| figure.reason.as_deref()).collect();
    reasons.sort_unstable();
    reasons.dedup();
    reasons
}

fn is_told(part: &ReachPart, reason: &str) -> bool {
    reasons(part).contains(&reason)
}

fn slopes(text: &mut String, part: &ReachPart) {
    let Some(slopes) = &part.slopes else { return };
    for (what, indices) in [("consultations", &slopes.consultations), ("completed", &slopes.completed)] {
        let slope = &indices.slope_index;
        match (slope.value, &slope.reason) {
            (Some(_), _) => wrapped(
                text,
                "  ",
                &format!(
                    "{what} per 1,000 people, from the most to the least deprived: {}; as a ratio {}",
                    limits(slope),
                    limits(&indices.relative_index)
                ),
            ),
            // Why nothing is measured was said already.
            (None, Some(reason)) if !is_told(part, reason) => {
                wrapped(text, "  ", &format!("{what}: no slope over deprivation, {reason}"));
            }
            (None, _) => {}
        }
    }
}

fn foot(text: &mut String, reach: &Reach) {
    text.push('\n');
    wrapped(
        text,
        "",
        "In brackets behind a count stands its share of all groups. Representation is the share of consultations over the share of people: below 1 a group has fewer than \
         its people, above 1 more.",
    );
    let clusters = match reach.cluster {
        "none" => "consultations are taken as independent",
        _ => {
            "those of shares take account of organisations, those of rates take consultations as independent"
        }
    };
    let level = reach.level * 100.0;
    wrapped(text, "", &format!("Limits cover {level} %; {clusters}."));
    for caution in reach.cautions {
        let mut letters = caution.chars();
        let first: String = letters.next().into_iter().flat_map(char::to_uppercase).collect();
        wrapped(text, "", &format!("{first}{}.", letters.as_str()));
    }
    for (number, what) in
        [(reach.in_progress, "still going on"), (reach.other_modalities, "by phone or in person")]
    {
        if number > 0 {
            let _ = writeln!(text, "{} {what}, counted nowhere above.", counted(number, "consultation"));
        }
    }
}

/// Whom video reaches, in a form that programs read: a row for each group.
pub(super) fn reach_rows(reach: &Reach, form: Form) -> String {
    let figures = ["share", "representation", "per_1000"];
    let mut names: Vec<String> =
        ["dimension", "platform", "group", "people", "people_share"].map(str::to_owned).to_vec();
    for used in ["consultations", "completed"] {
        names.push(used.to_owned());
        names.extend(
            figures.iter().flat_map(|figure| ["", "_lo", "_hi"].map(|end| format!("{used}_{figure}{end}"))),
        );
    }
    names.extend(["attempted", "not_measured", "connected"].map(str::to_owned));
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let mut text = form.head(&names) + "\n";
    for part in &reach.parts {
        for group in &part.groups {
            text.push_str(&form.row(cells(part, group).iter().map(String::as_str)));
            text.push('\n');
        }
    }
    text
}

fn cells(part: &ReachPart, group: &Group) -> Vec<String> {
    let number = |number: Option<f64>| number.map(|number| number.to_string()).unwrap_or_default();
    let mut cells = vec![
        part.dimension.to_owned(),
        part.platform.clone().unwrap_or_default(),
        group.group.clone(),
        group.people.to_string(),
        group.people_share.to_string(),
    ];
    for used in [&group.consultations, &group.completed] {
        cells.push(used.n.to_string());
        for figure in [&used.share, &used.representation, &used.per_1000] {
            cells.extend([figure.value, figure.lo, figure.hi].map(number));
        }
    }
    cells.extend([group.attempted, group.not_measured, group.connected].map(|number| number.to_string()));
    cells
}
