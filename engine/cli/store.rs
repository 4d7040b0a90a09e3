//! The store a verb works on, and what most verbs do with it first.

use event::{Dimension, Time};

use super::Shared;
use super::failure::Failure;
use super::progress;
use crate::log::{Log, Mode, Opening};
use crate::replay::{Request, Sheet, Table, kept_sheet, replay};

/// How consultations are read.
#[derive(clap::Args, Clone, Default)]
pub(super) struct ReadingArgs {
    /// As of when consultations are open or closed, such as 2026-03-31T00:00:00Z [default: the newest event]
    #[arg(long, value_name = "TIME")]
    until: Option<Time>,
    /// A gap shorter than this is a blip, any other a drop, in milliseconds [default: 15000]
    #[arg(long, value_name = "MS", value_parser = clap::value_parser!(i64).range(0..=3_600_000))]
    grace_ms: Option<i64>,
}

/// How consultations are read, where a checkpoint may help.
#[derive(clap::Args, Clone, Default)]
pub(super) struct SheetArgs {
    #[command(flatten)]
    reading: ReadingArgs,
    /// Read every event, and neither use nor keep a checkpoint; the answer is the same
    #[arg(long)]
    fresh: bool,
}

impl ReadingArgs {
    /// The request for a replay.
    pub(super) fn request(&self, shared: &Shared) -> Request {
        let threads = Some(shared.threads());
        Request { until: self.until, grace_ms: self.grace_ms, threads, ..Request::default() }
    }
}

/// Opens the store that is there.
pub(super) fn open(shared: &Shared) -> Result<Log, Failure> {
    let log = Log::open(&shared.store, Mode::Existing)?;
    tell_opening(&log, shared);
    Ok(log)
}

/// Opens the store, making it if there is none.
pub(super) fn open_or_make(shared: &Shared) -> Result<Log, Failure> {
    let log = Log::open(&shared.store, Mode::Create)?;
    tell_opening(&log, shared);
    Ok(log)
}

/// Tells what opening had to mend, if it had to.
pub(super) fn tell_opening(log: &Log, shared: &Shared) {
    match log.opening() {
        Opening::Torn { head, what } => shared.note(&format!(
            "a crash had left something half written behind position {head}; it was never acknowledged and \
             was cut off ({what})"
        )),
        Opening::Rewritten { what, aside } => shared.note(&format!(
            "the file of {} was damaged ({what}); no event is lost. It was written anew, and the damaged one \
             is kept in {}: delete that when you need it no more, and have the disk looked at",
            shared.store.display(),
            aside.display()
        )),
        _ => {}
    }
}

/// Replays the store into rows.
pub(super) fn rows(shared: &Shared, log: &Log, reading: &ReadingArgs) -> Result<Table, Failure> {
    let request = reading.request(shared);
    Ok(progress::during(shared, "replaying", "events", |watch| replay(log, &request, watch))?)
}

/// The sheet of the store with the levels of the dimensions `wanted`.
pub(super) fn sheet(
    shared: &Shared,
    log: &Log,
    args: &SheetArgs,
    wanted: &[Dimension],
) -> Result<Sheet, Failure> {
    let request = args.reading.request(shared);
    if args.fresh {
        return Ok(progress::during(shared, "replaying", "events", |watch| {
            crate::replay::sheet(log, &request, wanted, watch)
        })?);
    }
    let kept =
        progress::during(shared, "replaying", "events", |watch| kept_sheet(log, &request, wanted, watch))?;
    if let Some(what) = kept.damaged {
        shared.note(&format!(
            "the checkpoint in {} could not be read ({what}); every event was read instead, and it is made anew",
            log.derived().display()
        ));
    }
    if let Some(why) = kept.unkept {
        shared.note(&format!(
            "the checkpoint could not be kept in {} ({why}); the answer is whole, and the next one has to \
             read every event again",
            log.derived().display()
        ));
    }
    Ok(kept.sheet)
}

/// The instant at which this process runs: the only clock that is read.
pub(super) fn now() -> Time {
    Time::from_ms(jiff::Timestamp::now().as_millisecond())
}
