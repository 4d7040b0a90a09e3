//! `evenfield log export`: every event as CloudEvents NDJSON, the way out of the store.

use super::{Failure, Out, Shared, progress};
use crate::ingest;
use crate::log::{Log, Position, Stored};
use crate::report;

/// Write every event as CloudEvents NDJSON: the way out.
#[derive(clap::Args)]
#[command(after_help = "Examples:\n  \
    evenfield log export -o all.ndjson.zst\n  \
    evenfield log export --positions | evenfield ingest --store copy.store --keep-positions -")]
pub(in crate::cli) struct Args {
    /// Only from this position
    #[arg(long, value_name = "POSITION", default_value_t = 1)]
    from: u64,
    /// Only up to this position
    #[arg(long, value_name = "POSITION")]
    to: Option<u64>,
    /// With each event where it stands and when it was received, as attributes of its own
    #[arg(long)]
    positions: bool,
}

pub(super) fn run(args: &Args, log: &Log, shared: &Shared, out: &mut Out) -> Result<(), Failure> {
    let last = args.to.map_or(log.head(), Position);
    let watch = progress::watch();
    let (mut line, mut written) = (Vec::new(), 0);
    for stored in log.events(Position(args.from)..=last) {
        let stored = stored?;
        line.clear();
        write(&stored, args.positions, &mut line);
        out.bytes(&line)?;
        written += 1;
        if watch.stopped() {
            return Err(Failure::Interrupted);
        }
    }
    shared.note(&format!("{} exported", report::counted(written, "event")));
    Ok(())
}

/// Appends the line of an event, with its place and receipt if `positions` are wanted.
pub(super) fn write(stored: &Stored, positions: bool, line: &mut Vec<u8>) {
    if !positions {
        return feeds::cloudevents::write_line(&stored.event, line);
    }
    let mut event = stored.event.clone();
    let attributes = &mut event.extra.get_or_insert_default().attributes;
    attributes.insert(ingest::POSITION.to_owned(), format!("\"{}\"", stored.position));
    attributes.insert(ingest::RECEIVED.to_owned(), format!("\"{}\"", stored.recorded_at));
    feeds::cloudevents::write_line(&event, line);
}
