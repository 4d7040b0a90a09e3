//! `evenfield log export`: every event as CloudEvents NDJSON, the way out of the store.

use super::{Failure, Out, Shared, progress};
use crate::export;
use crate::log::{Log, Position};
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
        export::line(&stored, args.positions, &mut line);
        out.bytes(&line)?;
        written += 1;
        if watch.stopped() {
            return Err(Failure::Interrupted);
        }
    }
    shared.note(&format!("{} exported", report::counted(written, "event")));
    Ok(())
}
