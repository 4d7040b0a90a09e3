//! Rows into the cells of the full question: every measure, by platform and service, clustered.

use criterion::Criterion;
use engine::replay::Rows;
use event::Dimension;
use projections::compare::Ask;

use crate::recording;

/// Elements are consultations.
pub(crate) fn bench(c: &mut Criterion) {
    let (_dir, log) = recording::store(&recording::events());
    let table = recording::rows(&log, 2);
    let ask = Ask { by: vec![Dimension::Service], ..Ask::default() };
    let design = ask.design(&table.fold(&ask.survey(), 1)).expect("platforms to compare");
    let question = design.question(&ask, &table.parameters);
    let mut group = recording::group(c, "fold", table.rows.len() as u64);
    for (threads, name) in [(1, "1 thread"), (2, "2 threads")] {
        group.bench_function(name, |bencher| bencher.iter(|| table.fold(&question, threads)));
    }
    group.finish();
}
