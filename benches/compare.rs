//! Rows into the whole comparison: both passes, every estimate and difference.

use criterion::Criterion;
use engine::replay::compare;
use event::Dimension;
use projections::compare::Ask;

use crate::recording;

/// Elements are consultations.
pub(crate) fn bench(c: &mut Criterion) {
    let (_dir, log) = recording::store(&recording::events());
    let table = recording::rows(&log, 2);
    let by_service = Ask { by: vec![Dimension::Service], ..Ask::default() };
    let mut group = recording::group(c, "compare", table.rows.len() as u64);
    for (ask, name) in [(Ask::default(), "platforms"), (by_service, "platforms by service")] {
        group.bench_function(name, |bencher| {
            bencher.iter(|| compare(&table, &ask, 2).expect("platforms to compare"));
        });
    }
    group.finish();
}
