//! CloudEvents NDJSON into events, without a log behind it.

use std::hint::black_box;
use std::ops::ControlFlow;

use criterion::Criterion;
use feeds::{Item, Settings};

use crate::recording;

/// Elements are events.
pub(crate) fn bench(c: &mut Criterion) {
    let events = recording::events();
    let lines = recording::lines(&events);
    let feed = feeds::by_name("cloudevents").expect("the native feed");
    let mut group = recording::group(c, "import", events.len() as u64);
    group.bench_function("cloudevents ndjson", |bencher| {
        bencher.iter(|| {
            let mut read = 0_u64;
            let mut sink = |item| {
                read += u64::from(matches!(item, Item::Event { .. }));
                ControlFlow::Continue(())
            };
            feed.read(&mut lines.as_slice(), &Settings::default(), &mut sink).expect("readable lines");
            assert_eq!(read, events.len() as u64);
        });
    });
    // The yardstick of the same run: what an importer could reach if events cost nothing.
    group.bench_function("the same lines by serde_json alone", |bencher| {
        bencher.iter(|| {
            let lines = lines.split(|byte| *byte == b'\n').filter(|line| !line.is_empty());
            let parse = |line| serde_json::from_slice::<serde_json::Value>(line).expect("a line of JSON");
            assert_eq!(lines.map(parse).map(black_box).count(), events.len());
        });
    });
    group.finish();
}
