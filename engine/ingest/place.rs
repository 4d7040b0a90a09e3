//! Events that keep the positions they had in another log.
//!
//! `log export --positions` tells with each event where it stands and when it was received. Read into a
//! store in that order they take the same places again; the first that cannot ends the ingest, since
//! whatever came after it would stand elsewhere.

use event::{Event, Time};

use super::IngestError;
use super::Report;
use crate::export::{POSITION, RECEIVED};
use crate::log::{Fate, Log, Position};

/// Why an event cannot take its position.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PlaceError {
    /// It does not say where it stood, or when it was received.
    #[error(
        "line {line}: {name} is missing or no {what}; export with `log export --positions`, or ingest \
         without --keep-positions"
    )]
    Untold {
        /// The line.
        line: u64,
        /// The attribute.
        name: &'static str,
        /// What it should be.
        what: &'static str,
    },
    /// Another position is next.
    #[error(
        "line {line}: it stood at position {told}, and {next} is next; keep positions in a new store, from \
         the first event on. Where contents were redacted positions are left out: then restore a backup, or \
         ingest without --keep-positions"
    )]
    Elsewhere {
        /// The line.
        line: u64,
        /// Where it stood.
        told: Position,
        /// What is next.
        next: Position,
    },
    /// The log did not take it.
    #[error(
        "line {line}: the event is not new, or cannot be kept, and events after it may stand elsewhere now; begin \
         again in a new store, with an export as it was written"
    )]
    NotTaken {
        /// The line.
        line: u64,
    },
}

/// Appends events at the positions that they tell.
pub(super) fn append(
    log: &Log,
    lines: &[u64],
    events: Vec<Event>,
    report: &mut Report,
) -> Result<(), IngestError> {
    let (mut taken, mut received, mut fault) = (Vec::new(), Vec::new(), None);
    let mut next = log.head().next();
    for (line, mut event) in lines.iter().zip(events) {
        match place(*line, &mut event, next) {
            Ok(time) => {
                taken.push(event);
                received.push(time);
                next = next.next();
            }
            Err(error) => {
                fault = Some(error);
                break;
            }
        }
    }
    // What came before the fault goes in, and the report says so.
    let receipt = log.append_received(taken, &received)?;
    let mut not_taken = None;
    for (fate, line) in receipt.fates.iter().zip(lines) {
        match fate {
            Fate::New(position) => report.append(*position),
            _ => {
                not_taken.get_or_insert(*line);
            }
        }
    }
    if let Some(line) = not_taken {
        return Err(PlaceError::NotTaken { line }.into());
    }
    fault.map_or(Ok(()), |fault| Err(fault.into()))
}

/// Takes off an event what it tells of its place; when it was received.
fn place(line: u64, event: &mut Event, next: Position) -> Result<Time, PlaceError> {
    let untold = |name, what| PlaceError::Untold { line, name, what };
    let mut take = |name| {
        let text = event.extra.as_mut()?.attributes.remove(name)?;
        serde_json::from_str::<String>(&text).ok()
    };
    let told = take(POSITION).and_then(|text| text.parse().ok()).map(Position);
    let told = told.ok_or_else(|| untold(POSITION, "position"))?;
    let received = take(RECEIVED).and_then(|text| text.parse().ok());
    let received = received.ok_or_else(|| untold(RECEIVED, "time"))?;
    if event.extra.as_ref().is_some_and(|extra| extra.attributes.is_empty() && extra.data.is_empty()) {
        event.extra = None;
    }
    if told != next {
        return Err(PlaceError::Elsewhere { line, told, next });
    }
    Ok(received)
}
