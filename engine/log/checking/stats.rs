//! What a log holds, counted.

use std::collections::BTreeMap;

use event::Kind;

use crate::log::care::redact;
use crate::log::database::store::Store;
use crate::log::reading::read::{self, Span};
use crate::log::{LogError, Position};

/// Counts and sizes of a log up to its head.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct Stats {
    /// The last position.
    pub head: Position,
    /// How many events there are.
    pub events: u64,
    /// How many blocks they lie in.
    pub blocks: u64,
    /// Bytes of what a replay reads.
    pub hot_bytes: u64,
    /// Bytes of what only a full read reads.
    pub cold_bytes: u64,
    /// Bytes of the index of ids.
    pub index_bytes: u64,
    /// Bytes of the database's files.
    pub disk_bytes: u64,
    /// Bytes of hot and cold values that were written for these events so far: sealing writes again.
    pub written_bytes: u64,
    /// Positions whose content was redacted.
    pub redacted: u64,
    /// Events of each kind.
    pub kinds: BTreeMap<Kind, u64>,
    /// Events of each source.
    pub sources: BTreeMap<String, u64>,
}

/// Counts the log up to `head`.
pub(in crate::log) fn count(store: &Store, head: Position) -> Result<Stats, LogError> {
    let mut stats = Stats { head, events: head.0, ..Stats::default() };
    let span = Span::of(.., head);
    for entry in read::entries(store, span) {
        let entry = entry?;
        stats.blocks += 1;
        stats.hot_bytes += u64::from(entry.hot_bytes);
        stats.cold_bytes += u64::from(entry.cold_bytes);
        stats.written_bytes += entry.written;
    }
    for block in read::brief_blocks(store, span) {
        let block = block?;
        let mut sources = vec![0; block.sources.len()];
        for brief in &block.events {
            *stats.kinds.entry(brief.kind).or_default() += 1;
            sources[brief.source as usize] += 1;
        }
        for (source, events) in block.sources.iter().zip(sources) {
            *stats.sources.entry(source.to_owned()).or_default() += events;
        }
    }
    let redactions = redact::list(store, Span::of(.., head))?;
    stats.redacted = redactions.iter().map(|redaction| redaction.positions.len() as u64).sum();
    stats.events -= stats.redacted + redactions.len() as u64;
    stats.index_bytes = store.index_bytes()?;
    stats.disk_bytes = store.disk_bytes()?;
    Ok(stats)
}
