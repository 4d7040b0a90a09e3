//! A store into rows by name, and into a sheet of numbers: every consultation read once.
//!
//! `limit` is what a sheet cannot be faster than: every hot block read, checked and taken apart; `in
//! memory` is a sheet of blocks that are taken apart already. `going on` is what a sheet that is there saves.

use criterion::{BatchSize, Criterion};
use engine::log::Log;
use engine::replay::{Decoded, Sheet, Watch, checkpoint, keep, sheet, totals};
use event::{Dimension, Event};
use projections::filter::Filter;

use crate::recording;

/// Elements are events.
pub(crate) fn bench(c: &mut Criterion) {
    let events = recording::events();
    let (_dir, log) = recording::store(&events);
    let mut group = recording::group(c, "replay", events.len() as u64);
    for (threads, name) in [(1, "1 thread"), (2, "2 threads")] {
        group.bench_function(name, |bencher| bencher.iter(|| recording::rows(&log, threads)));
    }
    group.finish();
    let mut group = recording::group(c, "sheet", events.len() as u64);
    for (threads, name) in [(1, "1 thread"), (2, "2 threads")] {
        group.bench_function(name, |bencher| bencher.iter(|| recording::sheet(&log, threads)));
    }
    let decoded = Decoded::read(&log, &[Dimension::Service]).expect("every block");
    for (threads, name) in [(1, "in memory, 1 thread"), (2, "in memory, 2 threads")] {
        let request = recording::request(threads);
        let sheet = || decoded.sheet(&request, &Watch::default()).expect("a replay");
        assert_eq!(sheet().essence(threads), recording::sheet(&log, threads).essence(threads));
        group.bench_function(name, |bencher| bencher.iter(sheet));
    }
    drop(decoded);
    group.bench_function("limit, 1 thread", |bencher| bencher.iter(|| recording::blocks(&log)));
    group.finish();
    going_on(c, &events);
}

/// What a sheet that is there saves: one event in a hundred comes behind it, or another question.
fn going_on(c: &mut Criterion, events: &[Event]) {
    let (_dir, log) = recording::store(&events[..events.len() - events.len() / 100]);
    let (request, watch) = (recording::request(2), Watch::default());
    let all = |log: &Log| sheet(log, &request, &Dimension::ALL, &watch).expect("a replay");
    keep(&log, &request, &all(&log), &watch).expect("a checkpoint");
    recording::append(&log, events[events.len() - events.len() / 100..].to_vec());
    let mut group = recording::group(c, "going on", events.len() as u64);
    let found = || checkpoint(&log, &request).expect("the checkpoint");
    let refreshed = || found().refresh(&log, &request, &watch).expect("a refresh").0;
    let whole = all(&log);
    assert_eq!(refreshed().essence(2), whole.essence(2));
    group.bench_function("whole, 2 threads", |bencher| bencher.iter(|| all(&log)));
    group.bench_function("checkpoint, 2 threads", |bencher| bencher.iter(found));
    group.bench_function("refresh, 2 threads", |bencher| {
        let refresh = |sheet: Sheet| sheet.refresh(&log, &request, &watch).expect("a refresh");
        bencher.iter_batched(found, refresh, BatchSize::PerIteration);
    });
    let by = [Dimension::Network, Dimension::AgeBand];
    let mut filter = Filter::default();
    filter.add("appointment=follow_up").expect("a filter");
    group.bench_function("another question, 2 threads", |bencher| {
        bencher.iter(|| totals(&whole, &by, &filter, 2));
    });
    group.finish();
}
