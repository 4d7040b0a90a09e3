//! A comparison for people: measure by measure, each platform with its counts, interval and verdict.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;

use event::Role;
use projections::catalog;
use projections::compare::{
    Comparison, Difference, Figure, Row, Verdict, figures as told, show, show_difference, words,
};
use projections::measure::{Fold, Measure};
use projections::stats::Status;

use super::closer::{adjusted, closer};
use super::gated::gated;
use super::layout::{heading, verdict_word, wrapped};
use super::table::Form;
use super::{counted, grouped};

/// The whole comparison as a text.
pub(super) fn comparison(comparison: &Comparison) -> String {
    let mut text = headline(comparison);
    if comparison.rows.is_empty() {
        text.push_str(if comparison.position == 0 {
            "There are no consultations to compare. `evenfield ingest FILE` takes some in, \
             `evenfield demo` shows what that looks like.\n"
        } else {
            "No consultation is like that.\n"
        });
        return text;
    }
    let differences = by_arm(comparison);
    // Rows come stratum by stratum.
    for rows in comparison.rows.chunk_by(|a, b| a.by == b.by) {
        let by = &rows[0].by;
        if !by.is_empty() {
            let levels: Vec<String> =
                by.iter().map(|(dimension, level)| format!("{dimension} {level}")).collect();
            let title = levels.join(", ");
            let _ = write!(text, "\n{title}\n{}\n", "=".repeat(title.chars().count()));
        }
        stratum(&mut text, comparison, rows, &differences);
    }
    text.push_str(&closer(comparison));
    text.push_str(&further_claims(comparison));
    gated(&mut text, &comparison.gates);
    text.push_str(&notes(comparison));
    text
}

fn headline(comparison: &Comparison) -> String {
    if comparison.position == 0 {
        return String::new();
    }
    let mut text = format!(
        "{} up to position {}",
        counted(comparison.consultations, "consultation"),
        comparison.position
    );
    if comparison.in_progress > 0 {
        let _ = write!(text, ", {} of all platforms still in progress", grouped(comparison.in_progress));
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
    let level = (row.level * 1e4).round() / 1e2;
    format!("In brackets {level} % intervals, {clustered}; not adjusted for how many are looked at")
}

/// What tells an arm's difference: measure, levels, platform, role and sides.
type Key<'a> = (&'a str, &'a BTreeMap<&'static str, String>, &'a str, Option<Role>, bool);

fn by_arm(comparison: &Comparison) -> BTreeMap<Key<'_>, &Difference> {
    comparison
        .differences
        .iter()
        .map(|one| ((one.measure, &one.by, one.platform.as_str(), one.role, one.one_sided), one))
        .collect()
}

fn stratum(
    text: &mut String,
    comparison: &Comparison,
    rows: &[Row],
    differences: &BTreeMap<Key<'_>, &Difference>,
) {
    let mut blind: Vec<&str> = Vec::new();
    let mut measured_any = false;
    for block in rows.chunk_by(|a, b| (a.measure, a.role) == (b.measure, b.role)) {
        let Some(measure) = catalog::measure(block[0].measure) else { continue };
        let unmeasured = block.iter().filter(|row| matches!(row.status, Status::NotMeasured(_))).count();
        if unmeasured == block.len() {
            blind.push(measure.name);
        } else if block.iter().any(|row| row.n.is_some_and(|n| n > 0)) {
            measured_any = true;
            measured(text, comparison, measure, block, differences);
        }
    }
    if !measured_any {
        text.push_str(
            "\nNone of these consultations was attempted by both sides, so that there is nothing to measure. \
             A feed that sees one\nside only says so by `sides` in its declaration.\n",
        );
    }
    if !blind.is_empty() {
        blind.dedup();
        let _ = writeln!(text, "\nNot measured by any feed here: {}", blind.join(", "));
    }
}

fn measured(
    text: &mut String,
    comparison: &Comparison,
    measure: &Measure,
    block: &[Row],
    differences: &BTreeMap<Key<'_>, &Difference>,
) {
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
    let lines: Vec<[String; 4]> = block
        .iter()
        .map(|row| {
            let key = (row.measure, &row.by, row.platform.as_str(), row.role, row.one_sided);
            line(measure, row, differences.get(&key).copied(), comparison)
        })
        .collect();
    let width = |i: usize| lines.iter().map(|line| line[i].chars().count()).max().unwrap_or(0);
    let widths = [width(0), width(1), width(2)];
    for line in &lines {
        let mut shown = String::from(" ");
        for (cell, width) in line.iter().zip(widths) {
            let _ = write!(shown, " {cell}{}", " ".repeat(width - cell.chars().count() + 1));
        }
        let _ = writeln!(text, "{}", format!("{shown} {}", line[3]).trim_end());
    }
    if !comparison.adjust.is_empty() && !is_share(measure) {
        text.push_str("  not adjusted: only shares are\n");
    }
    for row in block {
        let key = (row.measure, &row.by, row.platform.as_str(), row.role, row.one_sided);
        let one = differences.get(&key).and_then(|difference| difference.adjusted.as_ref());
        for (place, told) in one.map(|one| adjusted(measure, one)).unwrap_or_default().iter().enumerate() {
            let _ = match place {
                0 => writeln!(text, "  {}, {told}", row.platform),
                _ => writeln!(text, "    {told}"),
            };
        }
    }
    for caution in cautions(block) {
        let _ = writeln!(text, "  ! {caution}");
    }
}

/// Whether it counts so many of so many.
fn is_share(measure: &Measure) -> bool {
    matches!(measure.fold, Fold::Share(_) | Fold::Breakdown(_) | Fold::Composite(..) | Fold::Opinion(_))
}

/// What must be known of these rows, each caution once with whom it concerns.
fn cautions(block: &[Row]) -> Vec<String> {
    let mut by_note: BTreeMap<String, Vec<&str>> = BTreeMap::new();
    for row in block {
        // Said for the whole comparison in its heading.
        for note in row.notes.iter().filter(|note| !note.starts_with("no replication: consultations")) {
            by_note.entry((*note).to_owned()).or_default().push(&row.platform);
        }
        if row.unmeasured > 0 && row.n.is_some_and(|n| n > 0) {
            let note =
                format!("{} not measured: no source watched them that can tell", grouped(row.unmeasured));
            by_note.entry(note).or_default().push(&row.platform);
        }
    }
    let all = block.len();
    by_note
        .into_iter()
        .map(|(note, whom)| if whom.len() == all { note } else { format!("{}: {note}", whom.join(", ")) })
        .collect()
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
        let status = if matches!(row.status, Status::NotMeasured(_)) { "not measured" } else { "no value" };
        return [platform, status.to_owned(), String::new(), why.to_owned()];
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
        format!("{counts}{}{}{}", response(row), breakdown(row), grade(row)),
        verdict(measure, row, difference, comparison),
    ]
}

/// How often an answer is the better one, in words.
fn win_odds(odds: &Figure) -> Option<String> {
    let (value, lo, hi) = (odds.value?, odds.lo?, odds.hi?);
    Some(format!("; odds of the better answer {value:.2} ({lo:.2} to {hi:.2})"))
}

fn breakdown(row: &Row) -> String {
    let parts: Vec<String> = row
        .breakdown
        .iter()
        .map(|(part, count)| format!("{} {}", part.replace('_', " "), grouped(*count)))
        .collect();
    if parts.is_empty() { String::new() } else { format!(" ({})", parts.join(", ")) }
}

fn grade(row: &Row) -> String {
    row.grade.as_ref().map_or_else(String::new, |grade| format!(", grade {grade}"))
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
        let is_reference = comparison.reference.as_deref() == Some(&row.platform);
        return if is_reference { "reference".to_owned() } else { String::new() };
    };
    let word = match (difference.verdict, &difference.reason) {
        (Verdict::InsufficientEvidence, Some(reason)) => format!("too thin to say, {reason}"),
        (Verdict::NotComparable, Some(reason)) => format!("not comparable, {reason}"),
        (verdict @ (Verdict::Better | Verdict::Worse | Verdict::Higher | Verdict::Lower), _)
            if difference.concurrent_share.is_some() =>
        {
            format!("appears {}, before and after", verdict_word(verdict))
        }
        (verdict, _) => verdict_word(verdict).replace('_', " "),
    };
    let odds = difference.win_odds.as_ref().and_then(win_odds).unwrap_or_default();
    match show_difference(measure, difference) {
        Some(figures) => format!("{figures}: {word}{odds}  {}", difference.claim),
        None => format!("{word}  {}", difference.claim),
    }
}

/// What was claimed besides differences from the reference, each with its name.
fn further_claims(comparison: &Comparison) -> String {
    let differences: BTreeSet<&str> = comparison.differences.iter().map(|one| one.claim.as_str()).collect();
    let mut further =
        comparison.claims.iter().filter(|claim| !differences.contains(&*claim.claim)).peekable();
    let mut text = String::new();
    if further.peek().is_some() {
        heading(&mut text, "What that amounts to");
        further.for_each(|claim| wrapped(&mut text, &format!("{}  ", claim.claim), &claim.words));
    }
    text
}

/// What must be known besides the figures.
fn notes(comparison: &Comparison) -> String {
    let mut text = String::new();
    for platform in &comparison.platforms {
        if !platform.inferred.is_empty() {
            let kinds = platform.inferred.join(", ").replace('_', " ");
            let bound =
                if platform.inferred.contains(&"dropped") { "; drops may be more than are told" } else { "" };
            let _ = writeln!(
                text,
                "  {}: {kinds} only inferred by its feed (~){bound}; `evenfield feed show NAME` tells from what",
                platform.platform
            );
        }
        if platform.undeclared > 0 {
            let _ = writeln!(
                text,
                "  {}: {} of {} attempted come from sources that never declared what they can see",
                platform.platform,
                grouped(platform.undeclared),
                grouped(platform.attempted)
            );
        }
        if platform.unread_voices > 0 {
            let _ = writeln!(
                text,
                "  {}: {} ratings and answers of people who are neither patients nor clinicians are in no measure",
                platform.platform,
                grouped(platform.unread_voices)
            );
        }
        if platform.other_modalities > 0 {
            let _ = writeln!(
                text,
                "  {}: {} by phone or in person are not counted; --by modality shows them beside video",
                platform.platform,
                grouped(platform.other_modalities)
            );
        }
    }
    for (platform, reference, share) in before_and_after(comparison) {
        let _ = writeln!(
            text,
            "  {platform} and {reference} were hardly used in the same months ({:.0} % of the consultations of one): \
             whatever else changed meanwhile is in their differences",
            share * 100.0
        );
    }
    if let Some((dimension, share)) = unclustered(comparison) {
        let _ =
            writeln!(text, "  {:.0} % have no {dimension} recorded and count as one cluster", share * 100.0);
    }
    if text.is_empty() { text } else { format!("\nTo be known\n{text}") }
}

/// Which platforms are compared as before and after, and how much of one was concurrent.
fn before_and_after(comparison: &Comparison) -> Vec<(&str, &str, f64)> {
    // Of every measure it is the same.
    let pairs: BTreeMap<(&str, &str), f64> = comparison
        .differences
        .iter()
        .filter_map(|one| Some(((one.platform.as_str(), one.reference.as_str()), one.concurrent_share?)))
        .collect();
    pairs.into_iter().map(|((platform, reference), share)| (platform, reference, share)).collect()
}

fn unclustered(comparison: &Comparison) -> Option<(&'static str, f64)> {
    let shares = comparison.rows.iter().filter_map(|row| Some((row.cluster, row.unclustered_share?)));
    shares.max_by(|a, b| a.1.total_cmp(&b.1))
}

/// The figures of a comparison without heading and notes, as evidence under a sentence.
#[must_use]
pub fn evidence(comparison: &Comparison) -> String {
    let mut text = String::new();
    stratum(&mut text, comparison, &comparison.rows, &by_arm(comparison));
    text.trim_start_matches('\n').to_owned()
}

/// The rows of a comparison in a form with one row a line.
pub(super) fn comparison_rows(comparison: &Comparison, form: Form) -> String {
    let mut names = vec!["measure"];
    let dimensions: Vec<&str> =
        comparison.rows.first().map(|row| row.by.keys().copied().collect()).unwrap_or_default();
    names.extend(&dimensions);
    names.extend([
        "platform",
        "one_sided",
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
        "inferred",
    ]);
    let mut text = form.head(&names);
    text.push('\n');
    let differences = by_arm(comparison);
    for row in &comparison.rows {
        let mut cells = vec![row.measure.to_owned()];
        cells.extend(row.by.values().cloned());
        let key = (row.measure, &row.by, row.platform.as_str(), row.role, row.one_sided);
        cells.extend(cells_of(row, differences.get(&key).copied()));
        text.push_str(&form.row(cells.iter().map(String::as_str)));
        text.push('\n');
    }
    text
}

/// The status as machines spell it.
fn status_word(row: &Row) -> String {
    let json = serde_json::to_value(row).unwrap_or_default();
    json["status"].as_str().unwrap_or_default().to_owned()
}

fn cells_of(row: &Row, difference: Option<&Difference>) -> Vec<String> {
    let whole = |number: Option<u64>| number.map(|number| number.to_string()).unwrap_or_default();
    let real = |number: Option<f64>| number.map(|number| number.to_string()).unwrap_or_default();
    let quantiles = row.quantiles;
    let of = |value: fn(&Difference) -> Option<f64>| real(difference.and_then(value));
    vec![
        row.platform.clone(),
        row.one_sided.to_string(),
        row.role.map(|role| role.to_string()).unwrap_or_default(),
        status_word(row),
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
        row.inferred.join(" "),
    ]
}

/// A difference in one sentence; one that was adjusted as it is among like consultations.
#[must_use]
pub fn finding(comparison: &Comparison, difference: &Difference) -> String {
    match among_like(difference) {
        Some(text) => format!("{} against {}, {text}", difference.platform, difference.reference),
        None => rows_of(comparison, difference)
            .map_or_else(String::new, |(mine, theirs)| words(difference, mine, theirs)),
    }
}

/// The figures of a difference alone, or why there are none; of one that was adjusted those among like
/// consultations.
#[must_use]
pub fn figures(comparison: &Comparison, difference: &Difference) -> String {
    let plain = || rows_of(comparison, difference).map(|(mine, theirs)| told(difference, mine, theirs));
    let figures = among_like(difference).or_else(plain).filter(|figures| !figures.is_empty());
    figures.or_else(|| difference.reason.clone()).unwrap_or_default()
}

/// What is left of a difference among like consultations, if it was adjusted.
fn among_like(difference: &Difference) -> Option<String> {
    Some(adjusted(catalog::measure(difference.measure)?, difference.adjusted.as_ref()?).join("; "))
}

/// The row of a difference and that of its reference.
fn rows_of<'a>(comparison: &'a Comparison, difference: &Difference) -> Option<(&'a Row, &'a Row)> {
    let row = |platform: &str| {
        comparison.rows.iter().find(|row| {
            (row.measure, &row.by, row.platform.as_str(), row.role, row.one_sided)
                == (difference.measure, &difference.by, platform, difference.role, difference.one_sided)
        })
    };
    row(&difference.platform).zip(row(&difference.reference))
}
