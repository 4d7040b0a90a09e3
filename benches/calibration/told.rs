//! What was found, for people: a short table of what is claimed, and one line for each case.

use std::fmt::Write;

use super::case::{Counted, Found, Share, Verdict};

/// The parts in their order, with how many of their targets were met and what was furthest from one.
pub(super) fn summary(found: &[Found]) -> String {
    let mut text =
        "| part | with a target | met | missed | furthest from its target |\n|---|---:|---:|---:|---|\n"
            .to_owned();
    for part in found.chunk_by(|a, b| a.part == b.part) {
        let asked: Vec<&Found> = part.iter().filter(|one| one.target.is_some()).collect();
        let missed = asked.iter().filter(|one| !is_met(one.verdict)).count();
        let worst = asked.iter().min_by(|a, b| spare(a).total_cmp(&spare(b)));
        let worst = worst.map_or_else(
            || "no target".to_owned(),
            |one| format!("{}: {}, asked {}", place(one), percent(one.main.share), percent(one.target)),
        );
        let _ = writeln!(
            text,
            "| {} | {} | {} | {missed} | {worst} |",
            part[0].part,
            asked.len(),
            asked.len() - missed
        );
    }
    text
}

fn is_met(verdict: Verdict) -> bool {
    matches!(verdict, Verdict::Met | Verdict::MetByAHair)
}

/// How far a share is on the good side of its target.
fn spare(found: &Found) -> f64 {
    match (found.main.share, found.target, found.counted) {
        (Some(share), Some(target), Counted::Coverage) => share - target,
        (Some(share), Some(target), Counted::FalseAlarms) => target - share,
        _ => f64::NEG_INFINITY,
    }
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
    let counted = match part[0].counted {
        Counted::Coverage => "holds the truth",
        Counted::FalseAlarms => "false alarms",
    };
    let mut text = format!(
        "\n### {}\n\n| design | clusters | ICC | truth | estimator | {counted} | width | no limits | beside it | target |\n\
         |---|---:|---:|---:|---|---|---:|---:|---|---|\n",
        part[0].part
    );
    for one in part {
        let beside = one
            .beside
            .as_ref()
            .map_or_else(String::new, |share| format!("{}: {}", share.estimator, percent(share.share)));
        let _ = writeln!(
            text,
            "| {} | {} | {} | {} | {} | {} | {} | {} | {beside} | {} |",
            one.design,
            one.clusters.map_or_else(String::new, |clusters| clusters.to_string()),
            one.icc.map_or_else(String::new, |icc| icc.to_string()),
            digits(one.truth),
            one.main.estimator,
            between(&one.main),
            one.main.width.map_or_else(String::new, digits),
            if one.main.without > 0.0 { percent(Some(one.main.without)) } else { String::new() },
            verdict(one),
        );
    }
    text
}

/// A share with the limits that the replicates allow.
fn between(share: &Share) -> String {
    format!("{} ({} to {})", percent(share.share), points(share.lo), points(share.hi))
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
        size if size == 0.0 => "0".to_owned(),
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
