//! A store into rows: the hot half of every block read, every consultation read once.

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
}
