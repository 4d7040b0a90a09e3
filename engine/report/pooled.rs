//! Shares over several rounded summaries, for people.

use std::fmt::Write;

use projections::catalog;

use super::{grouped, layout};
use crate::summary::{Pooled, PooledRow};

/// Shares over several logs: between which limits each lies, with chance besides, what was shown, and what hides it.
#[must_use]
pub fn pooled(pooled: &Pooled) -> String {
    let mut text = String::new();
    let logs = if pooled.logs == 1 { "1 log".to_owned() } else { format!("{} logs", pooled.logs) };
    let _ =
        writeln!(text, "{logs}, each rounded apart (policy {}), up to {}", pooled.policy.name, pooled.until);
    layout::wrapped(
        &mut text,
        "",
        &format!(
            "The exact share of all lies between the first limits, whatever was rounded or hidden; those in brackets allow for \
             chance besides ({:.0} %).",
            100.0 * pooled.level
        ),
    );
    for stratum in pooled.rows.chunk_by(|a, b| a.by == b.by) {
        if !stratum[0].by.is_empty() {
            let levels = stratum[0].by.iter().map(|(dimension, level)| format!("{dimension} {level}"));
            layout::heading(&mut text, &levels.collect::<Vec<_>>().join(", "));
        }
        for block in stratum.chunk_by(|a, b| (a.measure, a.role) == (b.measure, b.role)) {
            measure(&mut text, block);
        }
    }
    ends(&mut text, pooled);
    text
}

fn measure(text: &mut String, block: &[PooledRow]) {
    let says_something = |row: &&PooledRow| !["not_measured", "no_observations"].contains(&row.status);
    let rows: Vec<&PooledRow> = block.iter().filter(says_something).collect();
    let Some((first, measure)) = rows.first().and_then(|row| Some((row, catalog::measure(row.measure)?)))
    else {
        return;
    };
    let role = match first.role {
        Some(role) if measure.roles.len() > 1 => format!(" ({role}s)"),
        _ => String::new(),
    };
    let _ = writeln!(text, "\n{}{role}, of {}", measure.title, measure.of);
    if let Some(components) = &first.components {
        let parts = components.join(", ").replace('_', " ");
        let _ = writeln!(text, "  as far as every feed can tell: {parts}");
    }
    let lines: Vec<[String; 4]> = rows.iter().map(|row| line(row)).collect();
    layout::columns(text, &lines);
}

fn line(row: &PooledRow) -> [String; 4] {
    let sides = if row.one_sided { " (one side)" } else { "" };
    let limits = match (row.lo, row.hi) {
        (Some(lo), Some(hi)) => format!("{} {}", between(lo, hi), chance(row)),
        _ => format!("not told: {}", row.reason.unwrap_or("it is hidden")),
    };
    let counts = match (row.x, row.n) {
        (Some(x), Some(n)) => {
            let of_some = if row.hidden > 0 { " where shown" } else { "" };
            format!("{} of {}{of_some}", grouped(x), grouped(n))
        }
        _ => String::new(),
    };
    [format!("{}{sides}", row.platform), limits.trim_end().to_owned(), counts, lacks(row)]
}

fn between(lo: f64, hi: f64) -> String {
    format!("{:.1} to {:.1} %", 100.0 * lo, 100.0 * hi)
}

fn chance(row: &PooledRow) -> String {
    match (row.chance_lo, row.chance_hi) {
        (Some(lo), Some(hi)) => format!("({:.1} to {:.1})", 100.0 * lo, 100.0 * hi),
        _ => String::new(),
    }
}

/// What is not in it.
fn lacks(row: &PooledRow) -> String {
    let mut lacks = Vec::new();
    if row.hidden > 0 && row.hidden == row.logs {
        lacks.push("hidden in every log".to_owned());
    } else if row.hidden > 0 {
        let most = row.affected_at_most.map_or(100.0, |share| 100.0 * share);
        lacks.push(format!(
            "hidden in {} of {} logs, with at most {most:.1} % of consultations",
            row.hidden, row.logs
        ));
    }
    if row.blind > 0 {
        let logs = if row.blind == 1 { "1 log".to_owned() } else { format!("{} logs", row.blind) };
        lacks.push(format!("{logs} cannot tell"));
    }
    lacks.join("; ")
}

/// What nobody can tell, and what must be known.
fn ends(text: &mut String, pooled: &Pooled) {
    let mut blind: Vec<&str> = Vec::new();
    for block in pooled.rows.chunk_by(|a, b| a.measure == b.measure && a.by == b.by) {
        if block.iter().all(|row| row.status == "not_measured") && !blind.contains(&block[0].measure) {
            blind.push(block[0].measure);
        }
    }
    if pooled.rows.is_empty() {
        text.push_str("\nThere are no consultations of a month that is over.\n");
    }
    if !blind.is_empty() {
        layout::wrapped(text, "\nNot measured by any feed here: ", &blind.join(", "));
    }
    if !pooled.left_out.is_empty() {
        layout::wrapped(text, "\nNot told under this policy: ", &pooled.left_out.join(", "));
    }
    text.push('\n');
    pooled.notes.iter().for_each(|note| layout::wrapped(text, "! ", note));
}
