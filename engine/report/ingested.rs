//! What became of an input, in words.

use std::collections::BTreeMap;
use std::fmt::Write;

use super::grouped;
use crate::ingest::Report;

/// Rejections told one by one; the rest are summed up by reason.
const TOLD: usize = 20;

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
        grouped(report.rejected.len() as u64)
    );
    match report.positions {
        Some((first, last)) => {
            let _ = writeln!(text, "; positions {} to {}", grouped(first), grouped(last));
        }
        None => text.push('\n'),
    }
    for (reason, count) in &report.skipped {
        let _ = writeln!(text, "  left out {}: {reason}", grouped(*count));
    }
    for rejection in report.rejected.iter().take(TOLD) {
        let _ = writeln!(text, "  line {}: {}", rejection.line, rejection.reason);
    }
    let mut rest: BTreeMap<&str, u64> = BTreeMap::new();
    for rejection in report.rejected.iter().skip(TOLD) {
        *rest.entry(&rejection.reason).or_default() += 1;
    }
    for (reason, count) in rest {
        let _ = writeln!(text, "  and {} more: {reason}", grouped(count));
    }
    if report.interrupted {
        text.push_str("  interrupted: what is counted above is in the log; ingest again to go on\n");
    }
    text
}
