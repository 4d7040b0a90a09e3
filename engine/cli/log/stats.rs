//! `evenfield log stats`: how many events of what, and how many bytes they take.

use std::collections::BTreeMap;

use serde::Serialize;

use super::{Failure, Out, Shared};
use crate::log::Log;
use crate::report;

#[derive(Serialize)]
struct Statistics<'a> {
    schema: &'static str,
    position: u64,
    events: u64,
    blocks: u64,
    hot_bytes: u64,
    cold_bytes: u64,
    index_bytes: u64,
    disk_bytes: u64,
    written_bytes: u64,
    redacted: u64,
    kinds: BTreeMap<&'static str, u64>,
    sources: &'a BTreeMap<String, u64>,
}

pub(super) fn run(log: &Log, shared: &Shared, out: &mut Out) -> Result<(), Failure> {
    let stats = log.stats()?;
    let kinds: BTreeMap<&'static str, u64> =
        stats.kinds.iter().map(|(kind, count)| (kind.name(), *count)).collect();
    if shared.is_json() {
        return out.document(&Statistics {
            schema: "evenfield.stats/1",
            position: stats.head.0,
            events: stats.events,
            blocks: stats.blocks,
            hot_bytes: stats.hot_bytes,
            cold_bytes: stats.cold_bytes,
            index_bytes: stats.index_bytes,
            disk_bytes: stats.disk_bytes,
            written_bytes: stats.written_bytes,
            redacted: stats.redacted,
            kinds,
            sources: &stats.sources,
        });
    }
    let each = |bytes: u64| bytes as f64 / stats.events.max(1) as f64;
    out.line(&format!(
        "{} in {}",
        report::counted(stats.events, "event"),
        report::counted(stats.blocks, "block")
    ))?;
    for (what, bytes) in [
        ("what a replay reads", stats.hot_bytes),
        ("names, reasons, extras", stats.cold_bytes),
        ("index of names", stats.index_bytes),
        ("files on disk", stats.disk_bytes),
    ] {
        out.line(&format!(
            "  {what:<24}{:>16} bytes {:>8.1} per event",
            report::grouped(bytes),
            each(bytes)
        ))?;
    }
    let kept = (stats.hot_bytes + stats.cold_bytes).max(1);
    let amplification = stats.written_bytes as f64 / kept as f64;
    out.line(&format!("  {:<24}{amplification:>16.1} times what is kept, by sealing", "written so far"))?;
    if stats.redacted > 0 {
        out.line(&format!("  {:<24}{:>16}", "redacted", report::grouped(stats.redacted)))?;
    }
    out.line("\nBy kind")?;
    for (kind, count) in &kinds {
        out.line(&format!("  {kind:<24}{:>16}", report::grouped(*count)))?;
    }
    out.line("\nBy source")?;
    let width = stats.sources.keys().map(|source| source.chars().count()).max().unwrap_or(0).max(24);
    stats.sources.iter().try_for_each(|(source, count)| {
        out.line(&format!("  {source:<width$}{:>16}", report::grouped(*count)))
    })
}
