//! What was found, for people: a short table of what is claimed, and one line for each case.

use std::fmt::Write;

use super::case::{Counted, Found, Share, Verdict};

/// The parts in their order: how many of their targets were met, and what is worst where one is asked and elsewhere.
pub(super) fn summary(found: &[Found]) -> String {
    let mut text =
        "| part | with a target | met | worst of them | worst without |\n|---|---:|---:|---|---|\n"
            .to_owned();
    for part in found.chunk_by(|a, b| a.part == b.part) {
        let (asked, free): (Vec<&Found>, Vec<&Found>) = part.iter().partition(|one| one.target.is_some());
        let met = asked.iter().filter(|one| is_met(one.verdict)).count();
        let _ = writeln!(
            text,
            "| {} | {} | {met} | {} | {} |",
            part[0].part,
            asked.len(),
            worst(&asked),
            worst(&free)
        );
    }
    text
}

/// The case that holds the truth least often, or raises the most alarms, in words.
fn worst(cases: &[&Found]) -> String {
    let goodness = |found: &Found| match (found.main.share, found.counted) {
        (Some(share), Counted::Coverage) => share,
        (Some(share), Counted::FalseAlarms) => -share,
        (None, _) => f64::NEG_INFINITY,
    };
    let worst = cases.iter().min_by(|a, b| goodness(a).total_cmp(&goodness(b)));
    worst.map_or_else(String::new, |one| format!("{}: {}", place(one), percent(one.main.share)))
}

fn is_met(verdict: Verdict) -> bool {
    matches!(verdict, Verdict::Met | Verdict::MetByAHair)
}

/// Where a case lies, in words.
fn place(found: &Found) -> String {
    let clusters = found.clusters.map_or_else(String::new, |clusters| format!(", {clusters} clusters"));
    let icc = found.icc.map_or_else(String::new, |icc| format!(", ICC {icc}"));
    format!("{}{clusters}{icc}", found.design)
}

/// A table for each part.
pub(super) fn tables(found: &[Found]) -> String {
    found.chunk_by(|a, b| a.part == b.part).map(table).collect()
}

fn table(part: &[Found]) -> String {
    let (counted, misses) = match part[0].counted {
        Counted::Coverage => ("holds the truth, %", "truth below, above, %"),
        Counted::FalseAlarms => ("false alarms, %", ""),
    };
    let mut text = format!(
        "\n### {}\n\n| design | clusters | ICC | truth | estimator | {counted} | {misses} | width | no limits | beside it | target |\n\
         |---|---:|---:|---:|---|---|---|---:|---:|---|---|\n",
        part[0].part
    );
    for one in part {
        let beside = one
            .beside
            .as_ref()
            .map_or_else(String::new, |share| format!("{}: {}", share.estimator, percent(share.share)));
        let _ = writeln!(
            text,
            "| {} | {} | {} | {} | {} | {} | {} | {} | {} | {beside} | {} |",
            one.design,
            one.clusters.map_or_else(String::new, |clusters| clusters.to_string()),
            one.icc.map_or_else(String::new, |icc| icc.to_string()),
            digits(one.truth),
            one.main.estimator,
            between(&one.main),
            sides(one),
            one.main.width.map_or_else(String::new, digits),
            if one.main.without > 0.0 { percent(Some(one.main.without)) } else { String::new() },
            verdict(one),
        );
    }
    text
}

/// A share with the limits that the replicates allow.
fn between(share: &Share) -> String {
    format!("{} ({} to {})", points(share.share), points(share.lo), points(share.hi))
}

/// On which side of the limits the truth lies where they do not hold it.
fn sides(found: &Found) -> String {
    let Share { n, x, above, .. } = found.main;
    let of_all = |count: u64| points((n > 0).then(|| count as f64 / n as f64));
    match found.counted {
        Counted::Coverage => format!("{}, {}", of_all(n - x - above), of_all(above)),
        Counted::FalseAlarms => String::new(),
    }
}

fn verdict(found: &Found) -> String {
    let by = |share: f64| format!("{:.1} points", 100.0 * share);
    match found.verdict {
        Verdict::NoTarget => String::new(),
        Verdict::Met => "met".to_owned(),
        Verdict::MetByAHair => "met, within chance".to_owned(),
        Verdict::MissedByAHair(share) => format!("**missed** by {}, within chance", by(share)),
        Verdict::Missed(share) => format!("**missed** by {}", by(share)),
        Verdict::Unknown => "**unknown**: no replicate had limits".to_owned(),
    }
}

/// Three digits that mean something.
fn digits(value: f64) -> String {
    match value.abs() {
        size if size >= 100.0 => format!("{value:.0}"),
        size if size >= 10.0 => format!("{value:.1}"),
        size if size >= 1.0 => format!("{value:.2}"),
        0.0 => "0".to_owned(),
        size if size >= 0.1 => format!("{value:.3}"),
        _ => format!("{value:.4}"),
    }
}

fn points(share: Option<f64>) -> String {
    share.map_or_else(|| "none".to_owned(), |share| format!("{:.1}", 100.0 * share))
}

fn percent(share: Option<f64>) -> String {
    share.map_or_else(|| "none".to_owned(), |share| format!("{:.1} %", 100.0 * share))
}
