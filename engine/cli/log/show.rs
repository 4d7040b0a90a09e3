//! `evenfield log show` and `trace`: single events, and those of one consultation.

use serde::Serialize;

use super::store::position;
use super::{Failure, Out, Shared};
use crate::log::{Content, Log, Position, Stored};

/// Show the event at a position.
#[derive(clap::Args)]
#[command(after_help = "Examples:\n  \
    evenfield log show 1\n  \
    evenfield log show 1200 --json")]
pub(in crate::cli) struct Show {
    /// Positions begin at 1
    #[arg(value_parser = position)]
    position: u64,
}

/// Show all events of one consultation, in the order in which they happened.
#[derive(clap::Args)]
#[command(after_help = "Examples:\n  \
    evenfield log trace c-000001\n\n\
    `evenfield outcomes` lists consultations by name, and `evenfield explain` those of a claim.")]
pub(in crate::cli) struct Trace {
    /// The consultation
    consultation: String,
}

#[derive(Serialize)]
struct Shown<'a> {
    position: u64,
    recorded_at: String,
    event: &'a serde_json::value::RawValue,
}

/// What stands where no event does.
#[derive(Serialize)]
struct Other<'a> {
    position: u64,
    content: &'static str,
    positions: Option<Vec<u64>>,
    reason: Option<&'a str>,
}

pub(super) fn show(args: &Show, log: &Log, shared: &Shared, out: &mut Out) -> Result<(), Failure> {
    let position = Position(args.position);
    if let Some(stored) = log.events(position..=position).next() {
        return tell(&stored?, shared, out);
    }
    let (content, positions, reason) = match log.content(position)? {
        Content::Redaction { positions, reason } => {
            ("redaction", Some(positions.iter().map(|position| position.0).collect()), reason)
        }
        _ => ("redacted", None, None),
    };
    let other = Other { position: position.0, content, positions, reason: reason.as_deref() };
    if shared.is_json() {
        return out.row(&other);
    }
    out.line(&match &other.positions {
        None => format!("{position:>10}  its content was redacted: `log redact` has destroyed it for ever"),
        Some(positions) => {
            let positions: Vec<String> = positions.iter().map(u64::to_string).collect();
            let reason = reason.map(|reason| format!(" ({reason})")).unwrap_or_default();
            format!("{position:>10}  what stood at {} was redacted{reason}", positions.join(", "))
        }
    })
}

pub(super) fn trace(args: &Trace, log: &Log, shared: &Shared, out: &mut Out) -> Result<(), Failure> {
    let positions = log.positions_of(&args.consultation)?;
    if positions.is_empty() {
        return Err(missing(&args.consultation, shared));
    }
    let mut events = Vec::new();
    for position in positions {
        for stored in log.events(position..=position) {
            events.push(stored?);
        }
    }
    events.sort_by(|a, b| {
        let key = |stored: &Stored| (stored.event.at, stored.event.kind());
        key(a).cmp(&key(b)).then_with(|| (&a.event.source, &a.event.id).cmp(&(&b.event.source, &b.event.id)))
    });
    events.iter().try_for_each(|stored| tell(stored, shared, out))
}

/// That there is no such consultation.
pub(super) fn missing(consultation: &str, shared: &Shared) -> Failure {
    let store = shared.store.display();
    Failure::Input(format!(
        "there is no consultation {consultation:?} in {store}; `evenfield outcomes` lists them"
    ))
}

/// Shows an event with its place.
pub(super) fn tell(stored: &Stored, shared: &Shared, out: &mut Out) -> Result<(), Failure> {
    let line = feeds::cloudevents::line(&stored.event);
    if !shared.is_json() {
        return out.line(&format!("{:>10}  {}  {line}", stored.position.0, stored.event.at));
    }
    let event = serde_json::value::RawValue::from_string(line)
        .map_err(|error| Failure::Other(format!("position {}: {error}", stored.position)))?;
    let recorded_at = stored.recorded_at.to_string();
    out.row(&Shown { position: stored.position.0, recorded_at, event: &event })
}
