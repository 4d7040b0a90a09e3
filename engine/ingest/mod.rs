//! Ingest: bytes of any feed become events in the log.
//!
//! One thread reads and parses, the other appends; what is acknowledged is on disk. Good lines go in,
//! bad ones are handed out one by one with place and reason, and the counts of the report add up to
//! what was read. People of vendor feeds are pseudonymised on the way, before anything else looks at an
//! event: whatever becomes of it, nobody can be known from it.

#[cfg(feature = "parquet")]
pub mod dataset;
mod fingerprint;
mod input;
mod key;
#[cfg(feature = "parquet")]
mod parquet;
mod place;
mod report;

pub use input::{Head, is_dataset, is_parquet, sniff};
pub use key::{Key, KeyError};
pub(crate) use key::{beside, resolved};
#[cfg(feature = "parquet")]
pub use parquet::{Lines, Told, event_by_line, event_of};
pub use place::PlaceError;
pub use report::{Rejection, Report, Unread, kind_of};

use std::io::BufRead;
use std::ops::ControlFlow;
use std::path::Path;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};

use event::{Event, Time};
use feeds::pseudonym::{Scope, pseudonymise};
use feeds::{Feed, FeedError, Item, Rejected, Settings};

use crate::log::{self, Fate, Log, LogError, Receipt};
use crate::replay::Watch;

/// Events handed to the log at once.
const BATCH: usize = 4_096;
/// Their bytes: once there are so many, no more join them. Far below what the log takes at once, since one line
/// can be larger than an event may be.
const BATCH_BYTES: usize = 8 << 20;
/// Batches that may wait for the log.
const WAITING: usize = 4;
/// An event this long after its receipt has a wrong clock.
pub const FUTURE_MS: i64 = 24 * 3_600_000;

/// How to ingest.
pub struct Order<'a> {
    /// The format.
    pub feed: &'static dyn Feed,
    /// What the feed is told.
    pub settings: &'a Settings,
    /// The pseudonyms of people; none for native events, which are taken as given.
    pub pseudonyms: Option<Pseudonyms<'a>>,
    /// When the events are received.
    pub received: Time,
    /// Whether events may lie more than a day after their receipt.
    pub allow_future: bool,
    /// Whether every event must take the position that it tells, received when it tells.
    pub keep_positions: bool,
}

/// Who gets pseudonyms, and by which key.
#[derive(Clone, Copy)]
pub struct Pseudonyms<'a> {
    /// The key.
    pub key: &'a Key,
    /// Whose names are replaced.
    pub scope: Scope,
    /// The folder of the store, where the fingerprint of the key is left.
    pub store: &'a Path,
}

/// Why an ingest did not finish.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum IngestError {
    /// The input could not be read.
    #[error(transparent)]
    Feed(#[from] FeedError),
    /// The log could not be written.
    #[error(transparent)]
    Log(#[from] LogError),
    /// The store could not be told which key it depends on.
    #[error(transparent)]
    Key(#[from] KeyError),
    /// An event cannot take the position that it tells.
    #[error(transparent)]
    Place(#[from] PlaceError),
}

/// What the reading thread hands over.
enum Handed {
    Events(Vec<(u64, Event)>),
    Rejected(Rejected),
    Skipped(String),
}

/// Reads `input` into the log; `reject` is handed every line that did not go in.
///
/// # Errors
/// When the input cannot be read or the log cannot be written; what was acknowledged before stays, and
/// the report so far comes with the error.
pub fn ingest(
    log: &Log,
    input: &mut (dyn BufRead + Send),
    order: &Order<'_>,
    watch: &Watch,
    reject: &mut dyn FnMut(&Rejected),
) -> (Report, Result<(), IngestError>) {
    let mut report = Report::default();
    let (sender, receiver) = sync_channel(WAITING);
    let result = std::thread::scope(|scope| {
        let reader = scope.spawn(move || read(input, order, watch, &sender));
        let appended = append(log, receiver, order, watch, &mut report, reject);
        let read = reader.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic));
        appended?;
        read.map_err(IngestError::from)
    });
    report.interrupted = watch.stopped();
    (report, result)
}

/// Parses, pseudonymises, checks clocks, and hands over in batches.
fn read(
    input: &mut (dyn BufRead + Send),
    order: &Order<'_>,
    watch: &Watch,
    sender: &SyncSender<Handed>,
) -> Result<(), FeedError> {
    let (mut batch, mut bytes) = (Vec::with_capacity(BATCH), 0);
    // A closed channel means that the log has failed; its error is told over there.
    let hand = |handed| match sender.send(handed) {
        Ok(()) if !watch.stopped() => ControlFlow::Continue(()),
        _ => ControlFlow::Break(()),
    };
    let read = order.feed.read(input, order.settings, &mut |item| match item {
        Item::Event { line, mut event } => {
            if let Some(Pseudonyms { key, scope, .. }) = order.pseudonyms {
                pseudonymise(&mut event, key.bytes(), scope);
            }
            let ahead = if order.allow_future { None } else { from_the_future(&event, order.received) };
            if let Some(reason) = ahead {
                return hand(Handed::Rejected(rejected(line, &event, reason)));
            }
            bytes += log::size(&event);
            batch.push((line, event));
            if batch.len() < BATCH && bytes < BATCH_BYTES {
                return ControlFlow::Continue(());
            }
            bytes = 0;
            hand(Handed::Events(std::mem::replace(&mut batch, Vec::with_capacity(BATCH))))
        }
        Item::Rejected(rejected) => hand(Handed::Rejected(rejected)),
        Item::Skipped { reason, .. } => hand(Handed::Skipped(reason.into_owned())),
    });
    // Where the input breaks off, what came before goes in all the same.
    if !batch.is_empty() && !watch.stopped() {
        let _ = hand(Handed::Events(batch));
    }
    read
}

/// Why an event whose clock is wrong does not go in, if it is.
#[must_use]
pub fn from_the_future(event: &Event, received: Time) -> Option<String> {
    (event.at.since(received) > FUTURE_MS).then(|| {
        format!(
            "time {} lies more than 24 h after it was received, at {received}; mend the clock, or allow it with \
             --allow-future",
            event.at
        )
    })
}

/// An event that was read and does not go in: what is kept of it is native, and its people have pseudonyms.
fn rejected(line: u64, event: &Event, reason: String) -> Rejected {
    let mut text = Vec::new();
    feeds::cloudevents::write_line(event, &mut text);
    text.pop();
    Rejected { line, place: None, reason, text }
}

/// Appends what is handed over and keeps the counts; the fingerprint of the key goes before the first event.
fn append(
    log: &Log,
    receiver: Receiver<Handed>,
    order: &Order<'_>,
    watch: &Watch,
    report: &mut Report,
    reject: &mut dyn FnMut(&Rejected),
) -> Result<(), IngestError> {
    let mut unsigned = order.pseudonyms;
    for handed in receiver {
        match handed {
            Handed::Rejected(rejected) => {
                report.reject(rejected.line, rejected.place.as_deref(), &rejected.reason);
                reject(&rejected);
            }
            Handed::Skipped(reason) => report.skip(reason),
            Handed::Events(batch) => {
                let (lines, events): (Vec<u64>, Vec<Event>) = batch.into_iter().unzip();
                watch.advance(events.len() as u64);
                if let Some(Pseudonyms { key, store, .. }) = unsigned.take() {
                    fingerprint::leave(key, store)?;
                }
                if order.keep_positions {
                    place::append(log, &lines, events, report)?;
                    continue;
                }
                let kept = events.clone();
                let receipt = log.append_blocking(events, order.received)?;
                settle(&receipt, &lines, &kept, order.feed.name(), report, reject);
            }
        }
    }
    Ok(())
}

fn settle(
    receipt: &Receipt,
    lines: &[u64],
    events: &[Event],
    feed: &'static str,
    report: &mut Report,
    reject: &mut dyn FnMut(&Rejected),
) {
    for ((fate, line), event) in receipt.fates.iter().zip(lines).zip(events) {
        let reason = match fate {
            Fate::New(position) => {
                report.append(*position);
                report.count(feed, event);
                continue;
            }
            Fate::Duplicate(_) => {
                report.duplicate();
                continue;
            }
            Fate::Conflict { position, differs } => format!(
                "source {:?} has another event {:?} already, at position {position}, with other {differs}; \
                 give this one an id of its own",
                event.source, event.id
            ),
            Fate::Refused(reason) => reason.clone(),
        };
        let rejected = rejected(*line, event, reason);
        report.reject(rejected.line, None, &rejected.reason);
        reject(&rejected);
    }
}
