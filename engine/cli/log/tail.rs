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
    let head = store::open(shared)?.head();
    let mut next = Position(head.0.saturating_sub(args.events)).next();
    show(shared, &mut next, out)?;
    if args.follow { follow(next, shared, out) } else { Ok(()) }
}

/// Shows events from `next` to the end, and moves it there. What is shown was read before: whoever reads
/// slowly does not hold the store. Whether the end was reached: somebody else may have the store.
fn show(shared: &Shared, next: &mut Position, out: &mut Out) -> Result<bool, Failure> {
    loop {
        let events = match Log::open(&shared.store, Mode::Existing) {
            Ok(log) => log.subscribe(*next).pull()?,
            // Whoever writes has it: there will be another look.
            Err(LogError::InUse { .. }) => return Ok(false),
            Err(error) => return Err(error.into()),
        };
        let Some(last) = events.last() else { return Ok(true) };
        *next = last.position.next();
        events.iter().try_for_each(|stored| tell(stored, shared, out))?;
        out.flush()?;
    }
}

fn follow(mut next: Position, shared: &Shared, out: &mut Out) -> Result<(), Failure> {
    let watch = progress::watch();
    let mut seen = Position::START;
    while !watch.stopped() {
        std::thread::sleep(LOOK);
        let head = log::seen_head(&shared.store)?;
        if head != seen && show(shared, &mut next, out)? {
            seen = head;
        }
    }
    Err(Failure::Interrupted)
}
