//! A store into rows by name, and into a sheet of numbers: every consultation read once.
//!
//! `limit` is what a sheet cannot be faster than: every hot block read, checked and taken apart.

use criterion::Criterion;

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
    group.bench_function("limit, 1 thread", |bencher| bencher.iter(|| recording::blocks(&log)));
    group.finish();
}
