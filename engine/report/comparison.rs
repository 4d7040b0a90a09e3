//! A comparison for people: measure by measure, each platform with its counts, interval and verdict.

use std::collections::BTreeMap;
use std::fmt::Write;

use projections::catalog;
use projections::compare::{
    Comparison, Difference, Row, Verdict, figures as told, show, show_difference, words,
};
use projections::measure::{Fold, Measure};

use super::grouped;
use super::table::Form;

/// The whole comparison as a text.
#[must_use]
pub fn comparison(comparison: &Comparison) -> String {
    let mut text = heading(comparison);
    if comparison.rows.is_empty() {
        text.push_str(if comparison.position == 0 {
            "There are no consultations to compare. `evenfield ingest FILE` takes some in, \
             `evenfield demo` shows what that looks like.\n"
        } else {
            "No consultation is like that.\n"
        });
        return text;
    }
    let mut strata: Vec<&BTreeMap<&'static str, String>> =
        comparison.rows.iter().map(|row| &row.by).collect();
    strata.dedup();
    for by in strata {
        if !by.is_empty() {
            let levels: Vec<String> =
                by.iter().map(|(dimension, level)| format!("{dimension} {level}")).collect();
            let title = levels.join(", ");
            let _ = write!(text, "\n{title}\n{}\n", "=".repeat(title.chars().count()));
        }
        stratum(&mut text, comparison, by);
    }
    text.push_str(&notes(comparison));
    text
}

fn heading(comparison: &Comparison) -> String {
    if comparison.position == 0 {
        return String::new();
    }
    let mut text = format!(
        "{} consultations up to position {}",
        grouped(comparison.consultations),
        grouped(comparison.position)
    );
    if comparison.in_progress > 0 {
        let _ = write!(text, ", {} still in progress", grouped(comparison.in_progress));
    }
    let _ = write!(text, ", as of {}", comparison.parameters.until);
    for (dimension, levels) in &comparison.filter {
        let _ = write!(text, "; {dimension} {}", levels.join(" or "));
    }
    text.push('\n');
    if !comparison.rows.is_empty() {
        let _ = writeln!(text, "{}", intervals(comparison));
    }
    text
}

/// What the intervals of a comparison are, in words.
#[must_use]
pub fn intervals(comparison: &Comparison) -> String {
    let Some(row) = comparison.rows.first() else { return String::new() };
    let clustered = match row.cluster {
        "none" => "no replication: consultations are taken as independent".to_owned(),
        dimension => format!("clustered by {dimension}"),
    };
    format!("In brackets {:.0} % intervals, {clustered}", row.level * 100.0)
}

fn stratum(text: &mut String, comparison: &Comparison, by: &BTreeMap<&'static str, String>) {
    let rows: Vec<&Row> = comparison.rows.iter().filter(|row| row.by == *by).collect();
    let mut blind: Vec<(&'static str, Vec<&str>)> = Vec::new();
    let mut i = 0;
    while i < rows.len() {
        let block =
            rows[i..].iter().take_while(|row| (row.measure, row.role) == (rows[i].measure, rows[i].role));
        let block: Vec<&Row> = block.copied().collect();
        i += block.len();
        let Some(measure) = catalog::measure(block[0].measure) else { continue };
        let without: Vec<&str> = block
            .iter()
            .filter(|row| row.status == "not_measured")
            .map(|row| row.platform.as_str())
            .collect();
        if without.len() == block.len() {
            blind.push((measure.name, without));
        } else if block.iter().any(|row| row.n.is_some_and(|n| n > 0)) {
            measured(text, comparison, measure, &block);
        }
    }
    if !blind.is_empty() {
        let names: Vec<&str> = blind.iter().map(|(name, _)| *name).collect();
        let _ = writeln!(text, "\nNot measured by any feed here: {}", names.join(", "));
    }
}

fn measured(text: &mut String, comparison: &Comparison, measure: &Measure, block: &[&Row]) {
    let role = match block[0].role {
        Some(role) if measure.roles.len() > 1 => format!(" ({role}s)"),
        _ => String::new(),
    };
    let _ = write!(text, "\n{}{role}, of {}", measure.title, measure.of);
    if let Some(components) = &block[0].components {
        let _ =
            write!(text, "\n  as far as every feed can tell: {}", components.join(", ").replace('_', " "));
    }
    text.push('\n');
    let lines: Vec<[String; 4]> =
        block.iter().map(|row| line(measure, row, difference(comparison, row), comparison)).collect();
    let width = |i: usize| lines.iter().map(|line| line[i].chars().count()).max().unwrap_or(0);
    let widths = [width(0), width(1), width(2)];
    for line in &lines {
        let mut shown = String::from(" ");
        for (cell, width) in line.iter().zip(widths) {
            let _ = write!(shown, " {cell}{}", " ".repeat(width - cell.chars().count() + 1));
        }
        let _ = writeln!(text, "{}", format!("{shown} {}", line[3]).trim_end());
    }
}

fn difference<'a>(comparison: &'a Comparison, row: &Row) -> Option<&'a Difference> {
    comparison.differences.iter().find(|difference| {
        (difference.measure, &difference.by, &difference.platform, difference.role)
            == (row.measure, &row.by, &row.platform, row.role)
            && !row.one_sided
    })
}

/// Platform, value with interval, counts, and how it differs.
fn line(
    measure: &Measure,
    row: &Row,
    difference: Option<&Difference>,
    comparison: &Comparison,
) -> [String; 4] {
    let one_sided = if row.one_sided { " (one side seen)" } else { "" };
    let inferred = if row.inferred.is_empty() { "" } else { " ~" };
    let platform = format!("{}{one_sided}{inferred}", row.platform);
    let Some(value) = row.value else {
        let why = row.reason.as_deref().unwrap_or("no value");
        return [platform, row.status.replace('_', " "), String::new(), why.to_owned()];
    };
    let mut shown = show(measure, value);
    if let (Some(lo), Some(hi)) = (row.lo, row.hi) {
        let _ = write!(shown, " ({} to {})", bare(measure, lo), bare(measure, hi));
    }
    if let Some(p90) = row.quantiles.and_then(|quantiles| quantiles.p90) {
        let _ = write!(shown, ", 9 in 10 within {}", show(measure, p90 as f64));
    }
    let counts = match (row.x, row.n) {
        (Some(x), Some(n)) if matches!(measure.fold, Fold::PerTime(..)) => {
            format!("{} in {} consultations", grouped(x), grouped(n))
        }
        (Some(x), Some(n)) => format!("{} of {}", grouped(x), grouped(n)),
        (None, Some(n)) => format!("n {}", grouped(n)),
        _ => String::new(),
    };
    [
        platform,
        shown,
        format!("{counts}{}{}", response(row), breakdown(row)),
        verdict(measure, row, difference, comparison),
    ]
}

fn breakdown(row: &Row) -> String {
    let parts: Vec<String> = row
        .breakdown
        .iter()
        .map(|(part, count)| format!("{} {}", part.replace('_', " "), grouped(*count)))
        .collect();
    if parts.is_empty() { String::new() } else { format!(" ({})", parts.join(", ")) }
}

fn response(row: &Row) -> String {
    match row.response.as_ref().and_then(|response| Some((response, response.rate?))) {
        Some((response, rate)) => format!(", {:.0} % of {} answered", rate * 100.0, response.of),
        None => String::new(),
    }
}

fn bare(measure: &Measure, value: f64) -> String {
    show(measure, value).trim_end_matches(" %").trim_end_matches(" s").to_owned()
}

fn verdict(measure: &Measure, row: &Row, difference: Option<&Difference>, comparison: &Comparison) -> String {
    let Some(difference) = difference else {
        let is_reference = comparison.reference.as_deref() == Some(&row.platform) && !row.one_sided;
        return if is_reference { "reference".to_owned() } else { String::new() };
    };
    let word = verdict_word(difference.verdict);
    match show_difference(measure, difference) {
        Some(figures) => format!("{figures}: {word}"),
        None => word.to_owned(),
    }
}

fn verdict_word(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Better => "better",
        Verdict::Worse => "worse",
        Verdict::Higher => "higher",
        Verdict::Lower => "lower",
        Verdict::NoClearDifference => "no clear difference",
        Verdict::InsufficientEvidence => "too few events to say",
        Verdict::NotComparable => "not comparable",
    }
}

/// What must be known besides the figures.
fn notes(comparison: &Comparison) -> String {
    let mut text = String::new();
    for platform in &comparison.platforms {
        if !platform.inferred.is_empty() {
            let kinds = platform.inferred.join(", ").replace('_', " ");
            let _ = writeln!(
                text,
                "  {}: {kinds} only inferred by its feed; drops are a lower bound",
                platform.platform
            );
        }
        if platform.undeclared > 0 {
            let _ = writeln!(
                text,
                "  {}: {} of {} consultations come from sources that never declared what they can see",
                platform.platform,
                grouped(platform.undeclared),
                grouped(platform.consultations)
            );
        }
    }
    if let Some((dimension, share)) = unclustered(comparison) {
        let _ =
            writeln!(text, "  {:.0} % have no {dimension} recorded and count as one cluster", share * 100.0);
    }
    if text.is_empty() { text } else { format!("\nTo be known\n{text}") }
}

fn unclustered(comparison: &Comparison) -> Option<(&'static str, f64)> {
    let shares = comparison.rows.iter().filter_map(|row| Some((row.cluster, row.unclustered_share?)));
    shares.max_by(|a, b| a.1.total_cmp(&b.1))
}

/// The figures of a comparison without heading and notes, as evidence under a sentence.
#[must_use]
pub fn evidence(comparison: &Comparison) -> String {
    let mut text = String::new();
    stratum(&mut text, comparison, &BTreeMap::new());
    text.trim_start_matches('\n').to_owned()
}

/// The rows of a comparison in a form with one row a line.
#[must_use]
pub fn comparison_rows(comparison: &Comparison, form: Form) -> String {
    let mut names = vec!["measure"];
    let dimensions: Vec<&str> =
        comparison.rows.first().map(|row| row.by.keys().copied().collect()).unwrap_or_default();
    names.extend(&dimensions);
    names.extend([
        "platform",
        "role",
        "status",
        "x",
        "n",
        "value",
        "lo",
        "hi",
        "level",
        "method",
        "cluster",
        "clusters",
        "p50",
        "p90",
        "p95",
        "difference",
        "difference_lo",
        "difference_hi",
        "difference_method",
        "verdict",
    ]);
    let mut text = form.head(&names);
    text.push('\n');
    for row in &comparison.rows {
        let mut cells = vec![row.measure.to_owned()];
        cells.extend(row.by.values().cloned());
        cells.extend(cells_of(row, difference(comparison, row)));
        text.push_str(&form.row(cells.iter().map(String::as_str)));
        text.push('\n');
    }
    text
}

fn cells_of(row: &Row, difference: Option<&Difference>) -> Vec<String> {
    let whole = |number: Option<u64>| number.map(|number| number.to_string()).unwrap_or_default();
    let real = |number: Option<f64>| number.map(|number| number.to_string()).unwrap_or_default();
    let quantiles = row.quantiles;
    let of = |value: fn(&Difference) -> Option<f64>| real(difference.and_then(value));
    vec![
        row.platform.clone(),
        row.role.map(|role| role.to_string()).unwrap_or_default(),
        row.status.to_owned(),
        whole(row.x),
        whole(row.n),
        real(row.value),
        real(row.lo),
        real(row.hi),
        row.level.to_string(),
        row.method.to_owned(),
        row.cluster.to_owned(),
        whole(row.clusters),
        whole(quantiles.and_then(|quantiles| quantiles.p50)),
        whole(quantiles.and_then(|quantiles| quantiles.p90)),
        whole(quantiles.and_then(|quantiles| quantiles.p95)),
        of(|difference| difference.value),
        of(|difference| difference.lo),
        of(|difference| difference.hi),
        difference.map(|difference| difference.method.to_owned()).unwrap_or_default(),
        difference.map(|difference| verdict_word(difference.verdict).to_owned()).unwrap_or_default(),
    ]
}

/// A difference in one sentence.
#[must_use]
pub fn finding(comparison: &Comparison, difference: &Difference) -> String {
    rows_of(comparison, difference).map_or_else(String::new, |(mine, theirs)| words(difference, mine, theirs))
}

/// The figures of a difference alone.
#[must_use]
pub fn figures(comparison: &Comparison, difference: &Difference) -> String {
    rows_of(comparison, difference).map_or_else(String::new, |(mine, theirs)| told(difference, mine, theirs))
}

/// The row of a difference and that of its reference.
fn rows_of<'a>(comparison: &'a Comparison, difference: &Difference) -> Option<(&'a Row, &'a Row)> {
    let row = |platform: &str| {
        comparison.rows.iter().find(|row| {
            (row.measure, &row.by, row.platform.as_str(), row.role)
                == (difference.measure, &difference.by, platform, difference.role)
        })
    };
    row(&difference.platform).zip(row(&difference.reference))
}
