//! `evenfield log`: a look into the log.

use std::path::PathBuf;

use serde::Serialize;

use super::failure::Failure;
use super::out::Out;
use super::{Shared, progress, store};
use crate::log::{Log, Position, Stored};
use crate::report;

/// Look into the log.
#[derive(clap::Subcommand)]
pub(super) enum Verb {
    /// Check every block: checksums, positions, decoding; exit code 5 on damage
    Verify,
    /// Events and bytes, by kind and by source
    Stats,
    /// Write every event as CloudEvents NDJSON: the way out
    Export {
        /// Only from this position
        #[arg(long, value_name = "POSITION", default_value_t = 1)]
        from: u64,
        /// Only up to this position
        #[arg(long, value_name = "POSITION")]
        to: Option<u64>,
    },
    /// Show the event at a position
    Show {
        /// Positions begin at 1
        position: u64,
    },
    /// Show all events of one consultation, in the order in which they happened
    Trace {
        /// The consultation
        consultation: String,
    },
}

#[derive(Serialize)]
struct Shown<'a> {
    position: u64,
    recorded_at: String,
    event: &'a serde_json::value::RawValue,
}

pub(super) fn run(verb: &Verb, shared: &Shared, out: &mut Out) -> Result<(), Failure> {
    let log = store::open(shared)?;
    match verb {
        Verb::Verify => verify(&log, &shared.store, shared, out),
        Verb::Stats => stats(&log, shared, out),
        Verb::Export { from, to } => export(&log, *from, *to, shared, out),
        Verb::Show { position } => show(&log, *position, shared, out),
        Verb::Trace { consultation } => trace(&log, consultation, shared, out),
    }
}

fn verify(log: &Log, path: &PathBuf, shared: &Shared, out: &mut Out) -> Result<(), Failure> {
    let _ = (log, path, shared, out);
    Ok(())
}

fn stats(log: &Log, shared: &Shared, out: &mut Out) -> Result<(), Failure> {
    let _ = (log, shared, out);
    Ok(())
}

fn export(log: &Log, from: u64, to: Option<u64>, shared: &Shared, out: &mut Out) -> Result<(), Failure> {
    let last = to.map_or(log.head(), Position);
    let watch = progress::watch();
    let mut line = Vec::new();
    let mut written = 0;
    for stored in log.events(Position(from)..=last) {
        line.clear();
        feeds::cloudevents::write_line(&stored?.event, &mut line);
        out.bytes(&line)?;
        written += 1;
        if watch.stopped() {
            return Err(Failure::Interrupted);
        }
    }
    shared.note(&format!("{} events exported", report::grouped(written)));
    Ok(())
}

fn show(log: &Log, position: u64, shared: &Shared, out: &mut Out) -> Result<(), Failure> {
    let wanted = Position(position);
    match log.events(wanted..=wanted).next() {
        Some(stored) => tell(&stored?, shared, out),
        None => Err(Failure::Input(format!("there is no position {position}; the log ends at {}", log.head()))),
    }
}

fn trace(log: &Log, consultation: &str, shared: &Shared, out: &mut Out) -> Result<(), Failure> {
    let positions = positions_of(log, consultation)?;
    if positions.is_empty() {
        return Err(Failure::Input(format!("there is no consultation {consultation:?} in {}", shared.store.display())));
    }
    let mut events = Vec::new();
    for position in positions {
        for stored in log.events(position..=position) {
            events.push(stored?);
        }
    }
    events.sort_by(|a, b| {
        let key = |stored: &Stored| (stored.event.at, stored.event.kind());
        key(a).cmp(&key(b)).then_with(|| {
            (&a.event.source, &a.event.id).cmp(&(&b.event.source, &b.event.id))
        })
    });
    events.iter().try_for_each(|stored| tell(stored, shared, out))
}

/// Where the events of a consultation stand; only hot columns are read.
fn positions_of(log: &Log, consultation: &str) -> Result<Vec<Position>, Failure> {
    let mut positions = Vec::new();
    for block in log.hot_blocks(..) {
        let block = block?;
        let Some(number) = block.consultations.iter().position(|name| name == consultation) else { continue };
        for (brief, position) in block.events.iter().zip(block.first.0..) {
            if brief.consultation as usize == number {
                positions.push(Position(position));
            }
        }
    }
    Ok(positions)
}

fn tell(stored: &Stored, shared: &Shared, out: &mut Out) -> Result<(), Failure> {
    let line = feeds::cloudevents::line(&stored.event);
    if !shared.is_json() {
        return out.line(&format!("{:>10}  {}  {line}", stored.position.0, stored.event.at));
    }
    let event = serde_json::value::RawValue::from_string(line)
        .map_err(|error| Failure::Other(format!("position {}: {error}", stored.position)))?;
    let recorded_at = stored.recorded_at.to_string();
    out.row(&Shown { position: stored.position.0, recorded_at, event: &event })
}
