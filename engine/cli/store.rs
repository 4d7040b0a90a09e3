//! The store a verb works on, and what most verbs do with it first.

use std::str::FromStr;
use std::sync::Arc;

use event::{Dimension, Time};
use projections::disclosure::{Policy, closed_period, period_end};

use super::Shared;
use super::failure::Failure;
use super::progress;
use crate::log::{Log, LogError, Mode, Opening, Position};
use crate::replay::{Request, Sheet, Table, kept_sheet, replay};

/// How consultations are read.
#[derive(clap::Args, Clone, Default)]
pub(super) struct ReadingArgs {
    /// The store as it was: up to a position, or with what was taken in by a time [default: as it is]
    #[arg(long, value_name = "POSITION|TIME")]
    as_of: Option<AsOf>,
    /// As of when consultations are open or closed, such as 2026-03-31T00:00:00Z [default: the newest event]
    #[arg(long, value_name = "TIME")]
    until: Option<Time>,
    /// A gap shorter than this is a blip, any other a drop, in milliseconds [default: 15000]
    #[arg(long, value_name = "MS", value_parser = clap::value_parser!(i64).range(0..=3_600_000))]
    grace_ms: Option<i64>,
    /// Where the log ended when a report was made that is held against it; no option asks for this.
    #[arg(skip)]
    held_to: Option<Position>,
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

impl SheetArgs {
    /// Whether it was named as of when consultations are open or closed.
    pub(super) fn names_until(&self) -> bool {
        self.reading.until.is_some()
    }

    /// The grace that was asked for.
    pub(super) fn grace_ms(&self) -> Option<i64> {
        self.reading.grace_ms
    }

    /// These, of the log as it was when `position` was its last one, under whatever policy.
    pub(super) fn held_to(&self, position: Position) -> Self {
        Self { reading: ReadingArgs { held_to: Some(position), ..self.reading.clone() }, fresh: self.fresh }
    }

    /// The request for rows that are read elsewhere, of which there is one moment.
    pub(super) fn request_elsewhere(&self, shared: &Shared) -> Result<Request, Failure> {
        let ReadingArgs { as_of, until, grace_ms, .. } = self.reading;
        if as_of.is_some() {
            return Err(Failure::Usage(
                "a data set is of one moment of its log: --as-of is answered where the store is".to_owned(),
            ));
        }
        Ok(Request { until, grace_ms, threads: Some(shared.threads()), ..Request::default() })
    }

    /// These, where a checkpoint may help.
    pub(super) fn kept(reading: ReadingArgs) -> Self {
        Self { reading, fresh: false }
    }
}

/// A place in the history of a store.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum AsOf {
    /// Up to that event.
    Position(Position),
    /// With what was taken in by then.
    Time(Time),
}

impl FromStr for AsOf {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if let Some(number) = digits(text) {
            let position = number.parse().ok().map(Position).filter(|position| *position >= Position::FIRST);
            return position.map(Self::Position).ok_or_else(|| "positions begin at 1".to_owned());
        }
        text.parse()
            .map(Self::Time)
            .map_err(|_| "write a position, such as 1200, or a time, such as 2026-03-31T00:00:00Z".to_owned())
    }
}

/// The digits of a number, where it is one; somebody may have written it as counts are, with thousands apart.
fn digits(text: &str) -> Option<String> {
    let number = text.replace(',', "");
    (!number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit())).then_some(number)
}

/// The position that a text names.
pub(super) fn position(text: &str) -> Result<u64, String> {
    let number = digits(text).and_then(|number| number.parse().ok());
    number.ok_or_else(|| "write the number of an event, such as 1200; positions begin at 1".to_owned())
}

impl AsOf {
    /// The last position that was there then.
    pub(super) fn position(self, log: &Log) -> Result<Position, Failure> {
        match self {
            Self::Position(position) if position > log.head() => {
                Err(LogError::NoPosition { position, head: log.head() }.into())
            }
            Self::Position(position) => Ok(position),
            Self::Time(at) => Ok(log.recorded_by(at)?),
        }
    }
}

impl ReadingArgs {
    /// These, with the grace that another question was asked with unless they name one.
    pub(super) fn with_grace_of(&self, grace_ms: Option<i64>) -> Self {
        Self { grace_ms: self.grace_ms.or(grace_ms), ..self.clone() }
    }

    /// The request for a replay of `log`.
    pub(super) fn request(&self, shared: &Shared, log: &Log) -> Result<Request, Failure> {
        let as_of = match self.held_to {
            Some(position) => Some(position),
            None => self.as_of.map(|as_of| as_of.position(log)).transpose()?,
        };
        let threads = Some(shared.threads());
        Ok(Request { as_of, until: self.until, grace_ms: self.grace_ms, threads, ..Request::default() })
    }
}

/// Opens the store that is there.
pub(super) fn open(shared: &Shared) -> Result<Log, Failure> {
    let log = Log::open(&shared.store, Mode::Existing)?;
    tell_opening(&log, shared);
    Ok(log)
}

/// The store that is there, for a verb that a service answers by: open already, or opened now.
pub(super) fn opened(shared: &Shared) -> Result<Arc<Log>, Failure> {
    shared.log.as_ref().map_or_else(|| open(shared).map(Arc::new), |log| Ok(Arc::clone(log)))
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

/// Replays the store into rows; under a policy that hides, those of months that are over.
pub(super) fn rows(shared: &Shared, log: &Log, reading: &ReadingArgs) -> Result<Table, Failure> {
    let read = |request: &Request| {
        progress::during(shared, "replaying", "events", |watch| replay(log, request, watch))
    };
    let request = reading.request(shared, log)?;
    not_as_it_was(shared, reading)?;
    if shared.policy == Policy::Internal {
        return Ok(read(&request)?);
    }
    let newest = read(&Request { until: None, ..request })?.parameters.until;
    let end = closed(shared, request.until, newest)?;
    let mut table = read(&Request { until: Some(end), ..request })?;
    table.only_begun_before(end);
    Ok(table)
}

/// Refuses to show a store as it was under a policy that hides: two moments that lie close together differ by a few.
fn not_as_it_was(shared: &Shared, reading: &ReadingArgs) -> Result<(), Failure> {
    if shared.policy == Policy::Internal || reading.as_of.is_none() {
        return Ok(());
    }
    Err(Failure::Usage(format!(
        "what a store was at any moment is not shown under the policy {}, for two of them may differ by a few people; \
         --until takes the end of a month that is over",
        shared.policy.name()
    )))
}

/// Up to when is read under a policy that hides, where the newest event is of `newest`: the end of its month, or
/// of the last month that is over.
fn closed(shared: &Shared, asked: Option<Time>, newest: Time) -> Result<Time, Failure> {
    let last = closed_period(now());
    match asked {
        Some(asked) if asked > last => Err(Failure::Usage(format!(
            "{asked} cannot be shown up to under the policy {}: the last month that is over ends at {last}, and rounded \
             views use closed periods of a fixed calendar",
            shared.policy.name()
        ))),
        asked => Ok(asked.unwrap_or_else(|| period_end(newest).min(last))),
    }
}

/// The sheet of the store with the levels of the dimensions `wanted`; under a policy that hides, that of months
/// that are over.
pub(super) fn sheet(
    shared: &Shared,
    log: &Log,
    args: &SheetArgs,
    wanted: &[Dimension],
) -> Result<Sheet, Failure> {
    let request = args.reading.request(shared, log)?;
    not_as_it_was(shared, &args.reading)?;
    under_policy(shared, request, |request| read_sheet(shared, log, (args, request), wanted))
}

/// What `read` makes of a request; under a policy that hides, of months that are over.
pub(super) fn under_policy(
    shared: &Shared,
    request: Request,
    read: impl Fn(&Request) -> Result<Sheet, Failure>,
) -> Result<Sheet, Failure> {
    if shared.policy == Policy::Internal {
        return read(&request);
    }
    let newest = read(&Request { until: None, ..request })?.parameters.until;
    let end = closed(shared, request.until, newest)?;
    let mut sheet = read(&Request { until: Some(end), ..request })?;
    sheet.only_begun_before(end);
    Ok(sheet)
}

/// The sheet of a request, from the checkpoint unless a fresh one was asked for.
fn read_sheet(
    shared: &Shared,
    log: &Log,
    (args, request): (&SheetArgs, &Request),
    wanted: &[Dimension],
) -> Result<Sheet, Failure> {
    if args.fresh {
        return Ok(progress::during(shared, "replaying", "events", |watch| {
            crate::replay::sheet(log, request, wanted, watch)
        })?);
    }
    sheet_of(shared, log, request, wanted)
}

/// The sheet of a request, from the checkpoint where there is one.
pub(super) fn sheet_of(
    shared: &Shared,
    log: &Log,
    request: &Request,
    wanted: &[Dimension],
) -> Result<Sheet, Failure> {
    let kept =
        progress::during(shared, "replaying", "events", |watch| kept_sheet(log, request, wanted, watch))?;
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
