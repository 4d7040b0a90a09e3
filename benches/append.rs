//! Decoded events into a new store: encoding, the check for duplicates, and a real sync per batch.

use criterion::{BatchSize, Criterion};
use engine::log::{Log, Mode};

use crate::recording;

/// Elements are events; every batch of 4,096 is durable before the next.
pub(crate) fn bench(c: &mut Criterion) {
    let events = recording::events();
    let mut group = recording::group(c, "append", events.len() as u64);
    group.bench_function("durable, batches of 4096", |bencher| {
        let fresh = || {
            let dir = tempfile::tempdir().expect("a temporary folder");
            let log = Log::open(&dir.path().join("store"), Mode::Create).expect("a new store");
            (dir, log, events.clone())
        };
        let work = |(dir, log, events): (tempfile::TempDir, Log, Vec<_>)| {
            recording::append(&log, events);
            (dir, log)
        };
        bencher.iter_batched(fresh, work, BatchSize::PerIteration);
    });
    group.finish();
}
