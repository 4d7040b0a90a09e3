//! The recording that is timed: 30,000 consultations of the plan `national`, from its own seed.
//!
//! The environment variable `EVENFIELD_CONSULTATIONS` says another number.

use std::time::Duration;

use criterion::{BenchmarkGroup, Criterion, Throughput, measurement::WallTime};
use engine::log::{Log, Mode};
use engine::replay::{Request, Sheet, Table, Watch, replay};
use event::{Dimension, Event, Time};
use synth::{Plan, Synth};

/// Consultations of size S.
const CONSULTATIONS: u64 = 30_000;

/// The events of size S, in order of arrival.
pub(crate) fn events() -> Vec<Event> {
    let mut plan = Plan::named("national").expect("the plan comes with the program");
    let asked = std::env::var("EVENFIELD_CONSULTATIONS").ok();
    plan.consultations =
        asked.map_or(CONSULTATIONS, |asked| asked.parse().expect("a number of consultations"));
    Synth::new(&plan).collect()
}

/// The events of size S as NDJSON.
pub(crate) fn lines(events: &[Event]) -> Vec<u8> {
    let mut lines = Vec::new();
    events.iter().for_each(|event| feeds::cloudevents::write_line(event, &mut lines));
    lines
}

/// A store that holds `events` and has passed verification, in a folder that goes with it.
pub(crate) fn store(events: &[Event]) -> (tempfile::TempDir, Log) {
    let dir = tempfile::tempdir().expect("a temporary folder");
    let log = Log::open(&dir.path().join("store"), Mode::Create).expect("a new store");
    append(&log, events.to_vec());
    let verdict = log.verify(&mut |_, _| {});
    assert!(verdict.is_sound() && verdict.events == events.len() as u64, "{:?}", verdict.findings);
    (dir, log)
}

/// Appends `events` in batches, each durable before the next.
pub(crate) fn append(log: &Log, events: Vec<Event>) {
    let mut events = events.into_iter().peekable();
    while events.peek().is_some() {
        let batch: Vec<Event> = events.by_ref().take(4_096).collect();
        log.append_blocking(batch, Time::default()).expect("an append");
    }
}

/// The request for a replay on so many threads.
pub(crate) fn request(threads: usize) -> Request {
    Request { threads: Some(threads), ..Request::default() }
}

/// The rows of a store.
pub(crate) fn rows(log: &Log, threads: usize) -> Table {
    replay(log, &request(threads), &Watch::default()).expect("a replay")
}

/// The sheet of a store.
pub(crate) fn sheet(log: &Log, threads: usize) -> Sheet {
    engine::replay::sheet(log, &request(threads), &[Dimension::Service], &Watch::default()).expect("a replay")
}

/// How many events the hot blocks of a store hold, each block read, checked and taken apart.
pub(crate) fn blocks(log: &Log) -> usize {
    let wanted = [Dimension::Platform, Dimension::Organisation, Dimension::Modality, Dimension::Service];
    let (mut blocks, mut events) = (log.hot_blocks(.., &wanted), 0);
    while let Some((_, meant)) = blocks.next_block().expect("a block") {
        events += meant.len();
    }
    events
}

/// A group of timings over so many elements.
pub(crate) fn group<'a>(c: &'a mut Criterion, name: &str, elements: u64) -> BenchmarkGroup<'a, WallTime> {
    let mut group = c.benchmark_group(name);
    group.throughput(Throughput::Elements(elements)).sample_size(10);
    group.warm_up_time(Duration::from_secs(1)).measurement_time(Duration::from_secs(5));
    group
}
