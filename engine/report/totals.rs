//! Totals as tables.

use super::grouped;
use super::table::Form;
use crate::replay::{Totals, TotalsRow};

/// Totals for people: a block for each platform and part.
pub(super) fn totals(totals: &Totals) -> String {
    if totals.rows.is_empty() {
        return "no consultation is over yet, so there is nothing to count: `evenfield ingest FILE` takes some in\n".to_owned();
    }
    let head =
        ["", "consultations", "attempted", "connected", "first try", "undisturbed", "completed", "drops"];
    let mut lines = vec![head.map(str::to_owned).to_vec()];
    for row in &totals.rows {
        let counts = [
            Some(row.consultations),
            Some(row.attempted),
            row.connected,
            row.first_try,
            row.undisturbed,
            row.completed,
            row.drops,
        ];
        lines.push(std::iter::once(name(row)).chain(counts.map(told)).collect());
    }
    let mut text = aligned(&lines);
    text.push('\n');
    let head = [
        "ms",
        "connected",
        "down",
        "audio lost",
        "connect p50",
        "p90",
        "p95",
        "first drop p50",
        "p90",
        "p95",
    ];
    let mut lines = vec![head.map(str::to_owned).to_vec()];
    for row in &totals.rows {
        let sums = [row.connected_ms, row.down_ms, row.audio_lost_ms].map(told);
        let quantiles =
            [&row.connect_ms, &row.first_drop_ms].into_iter().flat_map(|quantiles| quantiles.values());
        let quantiles = quantiles.map(|value| told(value.map(u64::from)));
        lines.push(std::iter::once(name(row)).chain(sums).chain(quantiles).collect());
    }
    text.push_str(&aligned(&lines));
    if totals.rows.iter().any(|row| !row.not_measured.is_empty()) {
        text.push_str("\n- stands for what no source there can tell, which is not zero, and for times of which there is none\n");
    }
    text.push_str(
        "\nWhat only some sources of a platform can tell is counted where they can, so these may not be comparable: \
         `evenfield\nquality` tells what each can tell, and `evenfield compare` compares what all can\n",
    );
    if totals.in_progress > 0 {
        text.push_str(&format!(
            "\n{} still going on as of {} and counted nowhere above\n",
            match totals.in_progress {
                1 => "1 consultation is".to_owned(),
                many => format!("{} consultations are", grouped(many)),
            },
            totals.parameters.until
        ));
    }
    text
}

/// Totals in a form that programs read.
pub(super) fn totals_rows(totals: &Totals, form: Form) -> String {
    let numbers = [
        "consultations",
        "attempted",
        "connected",
        "first_try",
        "undisturbed",
        "completed",
        "drops",
        "audio_lost_ms",
        "connected_ms",
        "down_ms",
    ];
    let quantiles =
        ["connect_ms", "first_drop_ms"].map(|of| ["p50", "p90", "p95"].map(|q| format!("{of}_{q}")));
    let names: Vec<&str> = std::iter::once("platform")
        .chain(totals.by.iter().copied())
        .chain(numbers)
        .chain(quantiles.iter().flatten().map(String::as_str))
        .collect();
    let mut text = form.head(&names) + "\n";
    for row in &totals.rows {
        text.push_str(&form.row(cells(totals, row).iter().map(String::as_str)));
        text.push('\n');
    }
    text
}

fn cells(totals: &Totals, row: &TotalsRow) -> Vec<String> {
    let level = |name: &&str| row.by.get(name).cloned().flatten().unwrap_or_default();
    let numbers = [
        Some(row.consultations),
        Some(row.attempted),
        row.connected,
        row.first_try,
        row.undisturbed,
        row.completed,
        row.drops,
        row.audio_lost_ms,
        row.connected_ms,
        row.down_ms,
    ];
    let quantiles =
        [&row.connect_ms, &row.first_drop_ms].into_iter().flat_map(|quantiles| quantiles.values());
    std::iter::once(row.platform.clone())
        .chain(totals.by.iter().map(level))
        .chain(numbers.map(|number| number.map(|number| number.to_string()).unwrap_or_default()))
        .chain(quantiles.map(|value| value.map(|ms| ms.to_string()).unwrap_or_default()))
        .collect()
}

/// A number; nothing is no zero.
fn told(number: Option<u64>) -> String {
    number.map_or_else(|| "-".to_owned(), grouped)
}

/// A platform, or a part of it, which stands a little to the right.
fn name(row: &TotalsRow) -> String {
    let levels: Vec<&str> = row.by.values().flatten().map(String::as_str).collect();
    if levels.is_empty() { row.platform.clone() } else { format!("  {}", levels.join(", ")) }
}

/// Columns below each other: the first to the left, numbers to the right.
fn aligned(lines: &[Vec<String>]) -> String {
    let columns = lines.first().map_or(0, Vec::len);
    let width = |column: usize| lines.iter().map(|line| line[column].chars().count()).max().unwrap_or(0);
    let widths: Vec<usize> = (0..columns).map(width).collect();
    let mut text = String::new();
    for line in lines {
        for (place, (cell, width)) in line.iter().zip(&widths).enumerate() {
            match place {
                0 => text.push_str(&format!("{cell:<width$}")),
                _ => text.push_str(&format!("  {cell:>width$}")),
            }
        }
        text.truncate(text.trim_end().len());
        text.push('\n');
    }
    text
}
