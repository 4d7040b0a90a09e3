//! `evenfield log tail`: the newest events, and with `-f` those that come.
//!
//! A store belongs to one process at a time. Following does not hold it: the witness beside the database
//! tells when there is more, and the store is opened for as long as it takes to read that.

use std::time::Duration;

use super::show::tell;
use super::{Failure, Out, Shared, progress, store};
use crate::log::{self, Log, LogError, Mode, Position};

/// How often is looked whether there is more.
const LOOK: Duration = Duration::from_millis(250);

/// Show the newest events, and those that come.
#[derive(clap::Args)]
#[command(after_help = "Examples:\n  evenfield log tail\n  evenfield log tail -n 3 --json")]
pub(in crate::cli) struct Args {
    /// How many events, counted from the end
    #[arg(short = 'n', long, value_name = "N", default_value_t = 10)]
    events: u64,
    /// Go on with events that come, until interrupted
    #[arg(short, long)]
    follow: bool,
}

pub(super) fn run(args: &Args, shared: &Shared, out: &mut Out) -> Result<(), Failure> {
    let log = store::open(shared)?;
    let head = log.head();
    let mut next = Position(head.0.saturating_sub(args.events)).next();
    show(&log, &mut next, shared, out)?;
    drop(log);
    if args.follow { follow(next, shared, out) } else { Ok(()) }
}

/// Shows events from `next` to the end, and moves it there.
fn show(log: &Log, next: &mut Position, shared: &Shared, out: &mut Out) -> Result<(), Failure> {
    let head = log.head();
    for stored in log.events(*next..=head) {
        tell(&stored?, shared, out)?;
    }
    *next = (*next).max(head.next());
    out.flush()
}

fn follow(mut next: Position, shared: &Shared, out: &mut Out) -> Result<(), Failure> {
    let watch = progress::watch();
    while !watch.stopped() {
        std::thread::sleep(LOOK);
        if log::seen_head(&shared.store)? < next {
            continue;
        }
        match Log::open(&shared.store, Mode::Existing) {
            Ok(log) => show(&log, &mut next, shared, out)?,
            // Whoever writes has it: there will be another look.
            Err(LogError::InUse { .. }) => {}
            Err(error) => return Err(error.into()),
        }
    }
    Err(Failure::Interrupted)
}
