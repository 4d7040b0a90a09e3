//! How fast a store is on this machine: opened, read, replayed, compared and appended to, round by round.
//!
//! The store is opened and read as every command does it, and nothing is appended to it: appends go into a
//! temporary store with events of its own. Other things run on the machine as well, so all rounds are
//! kept, stages take turns, and a difference no larger than that between rounds is called noise.
//! Against other programs this says nothing.

use std::io;
use std::path::Path;
use std::time::Instant;

use event::{Event, Time};
use projections::compare::Ask;
use serde::{Deserialize, Serialize};
use tempfile::TempDir;

use crate::log::{Log, LogError, Mode, Stored};
use crate::replay::{ReplayError, Request, Watch, compare, replay};

/// The schema of what is measured, as a document.
pub const SCHEMA: &str = "evenfield.bench/1";
/// How many events are appended in a round, if there are as many.
const APPENDED: usize = 100_000;
/// How many events one append has.
const GROUP: usize = 4096;
/// How often a long read looks whether it should stop.
const LOOK_EVERY: u64 = 4096;

/// How to measure.
#[derive(Debug, Clone, Copy)]
pub struct Plan<'a> {
    /// The store.
    pub store: &'a Path,
    /// The question that is answered.
    pub ask: &'a Ask,
    /// How often each stage is done, once at least.
    pub rounds: usize,
    /// Threads for replaying and comparing.
    pub threads: usize,
}

/// What was measured.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Bench {
    /// [`SCHEMA`].
    pub schema: String,
    /// The version of the program.
    pub version: String,
    /// The last position of the store.
    pub position: u64,
    /// How many events it has.
    pub events: u64,
    /// How many consultations a replay found.
    pub consultations: u64,
    /// Threads for replaying and comparing.
    pub threads: usize,
    /// How often each stage was done.
    pub rounds: usize,
    /// What an append has waited for.
    pub durability: String,
    /// The stages, in the order in which they were done.
    pub stages: Vec<Measured>,
}

/// One stage.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Measured {
    /// Its name: `look`, `open`, `read`, `replay`, `compare` or `append`.
    pub stage: String,
    /// How many events each round was about, where it was about events.
    pub events: Option<u64>,
    /// How many bytes of values each round has read, where that can be told.
    pub bytes: Option<u64>,
    /// How long each round took, in their order.
    pub seconds: Vec<f64>,
    /// The middle one, or the mean of the middle two.
    pub median_seconds: f64,
    /// Events by the median.
    pub events_per_second: Option<f64>,
    /// Millions of bytes by the median.
    pub megabytes_per_second: Option<f64>,
}

/// The median of some rounds and how far they lie apart.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Spread {
    /// The middle one.
    pub median: f64,
    /// The shortest.
    pub least: f64,
    /// The longest.
    pub most: f64,
}

/// How a stage has changed.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Change {
    /// Its name.
    pub stage: String,
    /// How many times as fast it is now as it was before.
    pub ratio: f64,
    /// Seconds before; by the million events where it is about events.
    pub before: Spread,
    /// Seconds now, likewise.
    pub now: Spread,
    /// Whether they lie no further apart than the rounds of one of them do among themselves; with one round
    /// alone that cannot be told, and they do.
    pub is_noise: bool,
}

/// Why nothing was measured.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BenchError {
    /// There is nothing in the store.
    #[error(
        "the store holds no events, so there is nothing to measure; ingest some, or make some with `evenfield synth`"
    )]
    Empty,
    /// A store could not be opened, read or written.
    #[error(transparent)]
    Log(#[from] LogError),
    /// The store could not be replayed.
    #[error(transparent)]
    Replay(#[from] ReplayError),
    /// There was no room for the temporary store.
    #[error("could not make a temporary folder for appends: {0}; check that the disk has room")]
    Scratch(#[source] io::Error),
    /// It was asked to stop.
    #[error("interrupted")]
    Interrupted,
}

/// Measures the store of `plan`, which is open as `log` and is closed and opened again for each round.
///
/// # Errors
/// When the store is empty or cannot be read, the temporary one cannot be written, or the watch says stop.
pub fn measure(log: Log, plan: &Plan<'_>, watch: &Watch) -> Result<Bench, BenchError> {
    let stored = log.events(..).take(APPENDED).collect::<Result<Vec<Stored>, _>>()?;
    if stored.is_empty() {
        return Err(BenchError::Empty);
    }
    let stats = log.stats()?;
    let position = log.head().0;
    drop(log);
    let mut rounds = Rounds::default();
    for _ in 0..plan.rounds.max(1) {
        rounds.read(plan, watch)?;
        rounds.append.push(append(&stored, plan.store, watch)?);
    }
    let kept = Some(stats.hot_bytes + stats.cold_bytes);
    let all = Some(stats.events);
    let stages = [
        ("look", None, None, rounds.look),
        ("open", None, None, rounds.open),
        ("read", all, kept, rounds.read),
        ("replay", all, None, rounds.replay),
        ("compare", None, None, rounds.compare),
        ("append", Some(stored.len() as u64), None, rounds.append),
    ];
    let done = stages.into_iter().filter(|(.., seconds)| !seconds.is_empty());
    Ok(Bench {
        schema: SCHEMA.to_owned(),
        version: env!("CARGO_PKG_VERSION").to_owned(),
        position,
        events: stats.events,
        consultations: rounds.consultations,
        threads: plan.threads,
        rounds: plan.rounds.max(1),
        durability: format!("every {GROUP} events are synced (fdatasync) before the next"),
        stages: done
            .map(|(stage, events, bytes, seconds)| Measured::of(stage, events, bytes, seconds))
            .collect(),
    })
}

/// What each stage took so far, in seconds.
#[derive(Default)]
struct Rounds {
    consultations: u64,
    look: Vec<f64>,
    open: Vec<f64>,
    read: Vec<f64>,
    replay: Vec<f64>,
    /// Empty where what is there cannot be compared.
    compare: Vec<f64>,
    append: Vec<f64>,
}

impl Rounds {
    /// Does once what reads the store.
    fn read(&mut self, plan: &Plan<'_>, watch: &Watch) -> Result<(), BenchError> {
        let log = Log::open(plan.store, Mode::Existing)?;
        let time = log.opening_time();
        self.look.push(time.looking.as_secs_f64());
        self.open.push(time.rest.as_secs_f64());
        let begun = Instant::now();
        read_all(&log, watch)?;
        self.read.push(begun.elapsed().as_secs_f64());
        let request = Request { threads: Some(plan.threads), ..Request::default() };
        let begun = Instant::now();
        let table = replay(&log, &request, watch)?;
        self.replay.push(begun.elapsed().as_secs_f64());
        self.consultations = (table.rows.len() + table.open.len()) as u64;
        let begun = Instant::now();
        if compare(&table, plan.ask, plan.threads).is_ok() {
            self.compare.push(begun.elapsed().as_secs_f64());
        }
        Ok(())
    }
}

/// Reads every event: each block is fetched, checked and taken apart.
fn read_all(log: &Log, watch: &Watch) -> Result<(), BenchError> {
    let mut count = 0;
    for stored in log.events(..) {
        stored?;
        count += 1;
        if count % LOOK_EVERY == 0 {
            go_on(watch, LOOK_EVERY)?;
        }
    }
    go_on(watch, count % LOOK_EVERY)
}

/// Appends events to a store of their own, and tells how long it took until the last was acknowledged.
fn append(stored: &[Stored], store: &Path, watch: &Watch) -> Result<f64, BenchError> {
    let scratch = scratch(store).map_err(BenchError::Scratch)?;
    let log = Log::open(&scratch.path().join("store"), Mode::Create)?;
    let group = |group: &[Stored]| -> (Vec<Event>, Vec<Time>) {
        group.iter().map(|stored| (stored.event.clone(), stored.recorded_at)).unzip()
    };
    let groups: Vec<_> = stored.chunks(GROUP).map(group).collect();
    let begun = Instant::now();
    for (events, received) in groups {
        let count = events.len() as u64;
        log.append_received(events, &received)?;
        go_on(watch, count)?;
    }
    Ok(begun.elapsed().as_secs_f64())
}

/// A temporary folder on the disk of the store, or wherever there may be one.
fn scratch(store: &Path) -> io::Result<TempDir> {
    let beside = store.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let mut builder = tempfile::Builder::new();
    builder.prefix(".evenfield-bench-");
    builder.tempdir_in(beside).or_else(|_| builder.tempdir())
}

fn go_on(watch: &Watch, done: u64) -> Result<(), BenchError> {
    watch.advance(done);
    if watch.stopped() { Err(BenchError::Interrupted) } else { Ok(()) }
}

impl Measured {
    fn of(stage: &str, events: Option<u64>, bytes: Option<u64>, seconds: Vec<f64>) -> Self {
        let median_seconds = Spread::of(&seconds, 1.0).median;
        let by_second = |count: u64| count as f64 / median_seconds.max(f64::MIN_POSITIVE);
        Self {
            stage: stage.to_owned(),
            events,
            bytes,
            median_seconds,
            events_per_second: events.map(by_second),
            megabytes_per_second: bytes.map(|bytes| by_second(bytes) / 1e6),
            seconds,
        }
    }

    /// Its rounds in seconds.
    #[must_use]
    pub fn spread(&self) -> Spread {
        Spread::of(&self.seconds, 1.0)
    }

    /// Its rounds by the million events, where it is about events.
    fn by_million(&self) -> Spread {
        Spread::of(&self.seconds, self.events.map_or(1.0, |events| events.max(1) as f64 / 1e6))
    }
}

impl Spread {
    /// Of these rounds, each by so many units; of none, zero.
    fn of(seconds: &[f64], units: f64) -> Self {
        let mut sorted: Vec<f64> = seconds.iter().map(|seconds| seconds / units).collect();
        sorted.sort_unstable_by(f64::total_cmp);
        let at = |at: usize| sorted.get(at).copied().unwrap_or_default();
        let median = (at(sorted.len() / 2) + at(sorted.len().saturating_sub(1) / 2)) / 2.0;
        Self { median, least: at(0), most: at(sorted.len().saturating_sub(1)) }
    }

    fn width(self) -> f64 {
        self.most - self.least
    }

    /// How far apart they lie; less than nothing where they overlap.
    fn gap(self, other: Self) -> f64 {
        (self.least - other.most).max(other.least - self.most)
    }
}

/// How each stage that both have has changed from `before` to `now`.
#[must_use]
pub fn changes(before: &Bench, now: &Bench) -> Vec<Change> {
    let change = |measured: &Measured| {
        let old = before.stages.iter().find(|old| old.stage == measured.stage)?;
        let is_single = old.seconds.len().min(measured.seconds.len()) < 2;
        let (before, now) = (old.by_million(), measured.by_million());
        Some(Change {
            stage: measured.stage.clone(),
            ratio: before.median / now.median.max(f64::MIN_POSITIVE),
            before,
            now,
            is_noise: is_single || before.gap(now) <= before.width().max(now.width()),
        })
    };
    now.stages.iter().filter_map(change).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bench(seconds: &[f64], events: Option<u64>) -> Bench {
        Bench {
            schema: SCHEMA.to_owned(),
            version: String::new(),
            position: 1,
            events: 1,
            consultations: 1,
            threads: 1,
            rounds: seconds.len(),
            durability: String::new(),
            stages: vec![Measured::of("read", events, Some(3_000_000), seconds.to_vec())],
        }
    }

    #[test]
    fn a_stage_is_told_by_the_median_of_its_rounds() {
        let Measured { median_seconds, events_per_second, megabytes_per_second, .. } =
            bench(&[4.0, 1.0, 2.0], Some(10)).stages.remove(0);
        assert_eq!((median_seconds, events_per_second, megabytes_per_second), (2.0, Some(5.0), Some(1.5)));
        assert_eq!(Spread::of(&[4.0, 1.0, 2.0, 3.0], 2.0), Spread { median: 1.25, least: 0.5, most: 2.0 });
        assert_eq!(Spread::of(&[], 1.0).median, 0.0);
    }

    #[test]
    fn a_change_is_noise_where_it_is_no_larger_than_that_between_rounds() {
        let before = bench(&[4.0, 4.4, 3.8], Some(10));
        let ratio = |now: &[f64], events| {
            let change = changes(&before, &bench(now, Some(events))).remove(0);
            (format!("{:.6}", change.ratio), change.is_noise)
        };
        assert_eq!(ratio(&[2.0, 2.1, 1.9], 10), ("2.000000".into(), false));
        assert_eq!(ratio(&[4.0, 3.0, 5.0], 10), ("1.000000".into(), true));
        assert_eq!(ratio(&[5.0, 5.0, 5.0], 10), ("0.800000".into(), true));
        assert_eq!(ratio(&[5.1, 5.0, 5.1], 10), ("0.784314".into(), true));
        assert_eq!(ratio(&[5.2, 5.1, 5.2], 10), ("0.769231".into(), false));
        assert_eq!(ratio(&[8.0, 8.2, 7.9], 10), ("0.500000".into(), false));
        assert_eq!(ratio(&[8.0], 10), ("0.500000".into(), true), "one round tells nothing of noise");
        // Of ten times the events in ten times the time nothing has changed.
        assert_eq!(ratio(&[40.0, 42.0, 39.0], 100), ("1.000000".into(), true));
        let none = Bench { stages: Vec::new(), ..before.clone() };
        assert_eq!(changes(&none, &before), []);
    }
}
