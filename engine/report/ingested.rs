//! What became of an input, in words.

use std::collections::BTreeMap;
use std::fmt::Write;

use event::{Capability, Kind};
use feeds::Settings;

use super::alike::wording;
use super::grouped;
use super::ingestible::Tells;
use crate::ingest::{Rejection, Report, Unread};

/// Rejections told one by one; the rest are summed up by reason.
const TOLD: usize = 20;
/// Reasons told of the rest, the most frequent first.
const REASONS: usize = 20;

/// The report of an ingest.
#[must_use]
pub fn ingested(report: &Report) -> String {
    let mut text = String::new();
    let _ = write!(
        text,
        "{} read: {} appended, {} there already, {} rejected",
        grouped(report.read),
        grouped(report.appended),
        grouped(report.duplicates),
        grouped(report.rejections())
    );
    let _ = match report.positions {
        Some((first, last)) if first == last => writeln!(text, "; position {first}"),
        Some((first, last)) => writeln!(text, "; positions {first} to {last}"),
        None => writeln!(text),
    };
    tell_left_out(report, &mut text);
    for Rejection { file, line, reason } in report.rejected.iter().take(TOLD) {
        let file = file.as_ref().map(|file| format!("{file}, ")).unwrap_or_default();
        let _ = writeln!(text, "  {file}line {line}: {reason}");
    }
    tell_rest(report, &mut text);
    tell_sources(report, &mut text);
    if report.interrupted {
        text.push_str("  interrupted: what is counted above is in the log; ingest again to go on\n");
    }
    text
}

/// What was left out on purpose, the most frequent reasons first.
fn tell_left_out(report: &Report, text: &mut String) {
    let mut reasons: Vec<(&String, u64)> =
        report.skipped.iter().map(|(reason, count)| (reason, *count)).collect();
    reasons.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
    for (reason, count) in reasons.iter().take(REASONS) {
        let _ = writeln!(text, "  left out {}: {reason}", grouped(*count));
    }
    let untold: u64 = reasons.iter().skip(REASONS).map(|(_, count)| count).sum();
    if untold > 0 {
        let _ = writeln!(text, "  left out {} for other reasons", grouped(untold));
    }
}

/// What went in, feed by feed, what of it is not known here, what no source of it can tell, and how to go on.
fn tell_sources(report: &Report, text: &mut String) {
    for Unread { file, reason } in &report.unread {
        let _ = writeln!(text, "  {file}: {reason}");
    }
    for (reason, count) in &report.left_out {
        let _ = writeln!(text, "  not read, {} in folders: {reason}", grouped(*count));
    }
    for (feed, kinds) in &report.feeds {
        let counts: Vec<String> =
            kinds.iter().map(|(kind, count)| format!("{} {kind}", grouped(*count))).collect();
        let _ = writeln!(text, "  {feed}: {}", counts.join(", "));
        let unknown: u64 =
            kinds.iter().filter(|(kind, _)| Kind::from_name(kind).is_none()).map(|(_, count)| count).sum();
        if unknown > 0 {
            let _ = writeln!(
                text,
                "    {} of kinds that are not known here: kept with all they say, and counted in no measure",
                grouped(unknown)
            );
        }
        let blind = blind(feed, report);
        if !blind.is_empty() && !matches!(*feed, "csv" | "cloudevents") {
            let _ = writeln!(
                text,
                "    it cannot tell: {}; what needs them is \"not measured\" there, not zero",
                blind.join(", ")
            );
        }
    }
    tell_unknown_fields(report, text);
    let _ = match &report.kept_rejects {
        _ if report.rejections() == 0 => Ok(()),
        None => writeln!(
            text,
            "  to mend what was rejected: keep it with --reject FILE, correct it, and ingest that file"
        ),
        Some(file) => {
            writeln!(text, "  what was rejected is in {}: correct it, and ingest that file", file.display())
        }
    };
    if !report.feeds.is_empty() {
        text.push_str("next: evenfield compare (or evenfield quality: how complete the evidence is)\n");
    }
}

/// What events say besides what is known, the most frequent first.
fn tell_unknown_fields(report: &Report, text: &mut String) {
    let mut fields: Vec<(&String, u64)> =
        report.unknown_fields.iter().map(|(name, count)| (name, *count)).collect();
    fields.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
    let more = if fields.len() > TOLD { ", and others" } else { "" };
    let told: Vec<String> =
        fields.iter().take(TOLD).map(|(name, count)| format!("{} {name:?}", grouped(*count))).collect();
    if !told.is_empty() {
        let _ = writeln!(
            text,
            "  fields that are not known here, or have no value that is, kept and not read: {}{more}",
            told.join(", ")
        );
    }
}

/// Kinds that the sources of a feed cannot tell, as they declared it here, or as the feed says where they did before.
fn blind(feed: &str, report: &Report) -> Vec<&'static str> {
    if let Some(able) = report.declared.get(feed) {
        let is_blind = |(kind, able): &(&Kind, &Capability)| {
            **able == Capability::Unobservable && !matches!(kind, Kind::RecordingDeclared | Kind::Unknown)
        };
        return able.iter().filter(is_blind).map(|(kind, _)| kind.name()).collect();
    }
    let tells = feeds::by_name(feed).map(|feed| Tells::of(feed, &Settings::default()));
    tells.map(|tells| tells.unobservable).unwrap_or_default()
}

/// The rejections that are not told one by one: those that are alike together.
fn tell_rest(report: &Report, text: &mut String) {
    let mut rest: BTreeMap<String, (&str, u64)> = BTreeMap::new();
    let unlisted = report.rejected.iter().skip(TOLD).map(|rejection| (&rejection.reason, 1));
    for (reason, count) in unlisted.chain(report.rejected_more.iter().map(|(reason, count)| (reason, *count)))
    {
        rest.entry(wording(reason)).or_insert((reason, 0)).1 += count;
    }
    let mut rest: Vec<(&str, u64)> = rest.into_values().collect();
    rest.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
    for (reason, count) in rest.iter().take(REASONS) {
        let _ = match count {
            1 => writeln!(text, "  and 1 more: {reason}"),
            count => writeln!(text, "  and {} more, such as: {reason}", grouped(*count)),
        };
    }
    let untold: u64 = rest.iter().skip(REASONS).map(|(_, count)| count).sum();
    if untold > 0 {
        let _ = writeln!(text, "  and {} more for other reasons", grouped(untold));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rejection(line: u64, reason: String) -> Rejection {
        Rejection { file: None, line, reason }
    }

    #[test]
    fn many_rejections_are_told_by_their_most_frequent_reasons() {
        let mut report = Report { read: 5_000_010, positions: Some((3, 3)), ..Report::default() };
        report.rejected.extend((1..=20).map(|line| rejection(line, "torn".into())));
        let word = |line: u64| format!("no {}", "x".repeat(line as usize));
        report.rejected.extend((21..=70).map(|line| rejection(line, word(line))));
        report.rejected_more.insert(word(30), 5_000_000);
        let text = ingested(&report.of_file("a.ndjson"));
        let lines: Vec<&str> = text.lines().collect();
        assert_eq!(lines.len(), 1 + TOLD + REASONS + 2, "{text}");
        assert!(lines[0].ends_with("5,000,070 rejected; position 3"), "{text}");
        let most = format!("  and 5,000,001 more, such as: {}", word(30));
        assert_eq!((lines[1], lines[21]), ("  a.ndjson, line 1: torn", most.as_str()));
        assert_eq!(lines[41], "  and 30 more for other reasons");
    }

    #[test]
    fn a_thousand_cells_that_are_wrong_alike_are_told_in_one_line() {
        let cell = |line: u64| rejection(line, format!("In is \"{line} o'clock\"; write it so"));
        let report = Report { rejected: (1..=1_000).map(cell).collect(), ..Report::default() };
        let text = ingested(&report);
        assert!(text.contains("  and 980 more, such as: In is \"21 o'clock\"; write it so\n"), "{text}");
    }
}
