//! How complete the evidence is, in words and as rows.

use std::fmt::Write;

use projections::quality::{Evidence, KindSeen, Row, Share};

use super::layout::wrapped;
use super::table::Form;
use super::{counted, grouped};

/// The evidence for people: a block for each platform and part, then what to do.
pub(super) fn quality(evidence: &Evidence) -> String {
    if evidence.rows.is_empty() {
        let what = if evidence.filter.is_empty() {
            "There are no consultations to look at: `evenfield ingest FILE` takes some in."
        } else {
            "No consultation passes --where: ask for other levels, or for fewer of them."
        };
        return format!("{what}\n");
    }
    let mut text = format!("How complete the evidence is, as of {}\n", evidence.parameters.until);
    for row in &evidence.rows {
        block(&mut text, row);
    }
    if !evidence.undeclared_sources.is_empty() {
        let names = evidence.undeclared_sources.join(", ");
        text.push('\n');
        wrapped(&mut text, "", &format!("Sources that never declared what they can see: {names}"));
    }
    text.push_str("\nWhat to do\n----------\n");
    if evidence.notes.is_empty() {
        text.push_str("Nothing lacks in one consultation of twenty or more, on any platform.\n");
    }
    for note in &evidence.notes {
        wrapped(&mut text, "- ", note);
    }
    text
}

fn block(text: &mut String, row: &Row) {
    let name = name(row);
    let _ = writeln!(text, "\n{name}\n{}", "-".repeat(name.chars().count()));
    let lines = [
        ("consultations that are over", grouped(row.consultations)),
        ("still going on, not counted", grouped(row.in_progress)),
        ("by phone or in person, not counted", grouped(row.other_modalities)),
        ("how it ended not seen", told(row.end_not_seen)),
        ("contradictory or unknown events", told(row.contradictory)),
        ("seen from one side only", told(row.one_sided)),
        ("by sources that declared nothing", told(row.undeclared)),
    ];
    for (what, number) in lines {
        let _ = writeln!(text, "  {what:<36}{number:>9}");
    }
    for (kind, anomaly) in &row.anomalies {
        let (times, consultations) = (anomaly.times, counted(anomaly.consultations, "consultation"));
        let kind = kind.replace('_', " ");
        let _ = writeln!(text, "    {kind}: {} in {consultations}", counted(times, "time"));
    }
    if row.consultations > 0 {
        recorded(text, row);
        seen(text, row);
    }
}

/// Which circumstances lack, the most frequent first.
fn recorded(text: &mut String, row: &Row) {
    let mut partly: Vec<_> = row
        .not_recorded
        .iter()
        .filter(|one| one.lacking.n > 0 && one.lacking.n < row.consultations)
        .collect();
    partly.sort_by_key(|one| std::cmp::Reverse(one.lacking.n));
    let partly: Vec<String> =
        partly.iter().map(|one| format!("{} {}", one.dimension, percent(one.lacking))).collect();
    let of = |wanted: u64| -> Vec<String> {
        let these = row.not_recorded.iter().filter(|one| one.lacking.n == wanted);
        these.map(|one| one.dimension.to_owned()).collect()
    };
    listed(text, "always recorded", &of(0));
    listed(text, "not recorded for", &partly);
    listed(text, "never recorded", &of(row.consultations));
}

/// What the sources show; a share where it does not hold of all.
fn seen(text: &mut String, row: &Row) {
    let of = |count: fn(&KindSeen) -> u64| -> Vec<String> {
        let some = row.kinds.iter().filter(|kind| count(kind) > 0);
        some.map(|kind| match count(kind) {
            all if all == row.consultations => kind.kind.to_owned(),
            part => {
                format!("{} {}", kind.kind, percent(Share { n: part, share: share(part, row.consultations) }))
            }
        })
        .collect()
    };
    listed(text, "sources observe", &of(|kind| kind.observed));
    listed(text, "sources infer", &of(|kind| kind.inferred));
    listed(text, "sources cannot tell", &of(|kind| kind.cannot_tell));
    listed(text, "never declared, never sent", &of(|kind| kind.undeclared));
}

/// A part of all, from 0 to 1; both are in the machine's answer.
fn share(part: u64, all: u64) -> Option<f64> {
    (all > 0).then(|| part as f64 / all as f64)
}

fn listed(text: &mut String, what: &str, names: &[String]) {
    if !names.is_empty() {
        wrapped(text, "  ", &format!("{what}: {}", names.join(", ")));
    }
}

fn told(share: Share) -> String {
    format!("{:>9}  {:>7}", grouped(share.n), percent(share))
}

fn percent(share: Share) -> String {
    share.share.map_or_else(|| "-".to_owned(), |share| format!("{:.1} %", share * 100.0))
}

/// A platform, or a part of it.
fn name(row: &Row) -> String {
    let levels: Vec<&str> = row.by.values().flatten().map(String::as_str).collect();
    if levels.is_empty() { row.platform.clone() } else { format!("{}: {}", row.platform, levels.join(", ")) }
}

/// The evidence in a form that programs read: a row for each platform and part.
pub(super) fn quality_rows(evidence: &Evidence, form: Form) -> String {
    let numbers = [
        "consultations",
        "in_progress",
        "other_modalities",
        "end_not_seen",
        "contradictory",
        "one_sided",
        "undeclared",
    ];
    let dimensions = evidence.rows.first().map_or(&[][..], |row| &row.not_recorded[..]);
    let lacking: Vec<String> =
        dimensions.iter().map(|one| format!("{}_not_recorded", one.dimension)).collect();
    let names: Vec<&str> = std::iter::once("platform")
        .chain(evidence.by.iter().copied())
        .chain(numbers)
        .chain(lacking.iter().map(String::as_str))
        .collect();
    let mut text = form.head(&names) + "\n";
    for row in &evidence.rows {
        let level = |name: &&str| row.by.get(name).cloned().flatten().unwrap_or_default();
        let numbers = [
            row.consultations,
            row.in_progress,
            row.other_modalities,
            row.end_not_seen.n,
            row.contradictory.n,
            row.one_sided.n,
            row.undeclared.n,
        ];
        let lacking = row.not_recorded.iter().map(|one| one.lacking.n);
        let cells: Vec<String> = std::iter::once(row.platform.clone())
            .chain(evidence.by.iter().map(level))
            .chain(numbers.into_iter().chain(lacking).map(|number| number.to_string()))
            .collect();
        text.push_str(&form.row(cells.iter().map(String::as_str)));
        text.push('\n');
    }
    text
}
