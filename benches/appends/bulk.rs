//! Bulk appends: one writer, batch after batch, each durable before the next.

use std::path::Path;
use std::time::Instant;

use event::Event;

use crate::contender::{Contender, Store};
use crate::measured::{Measured, Question, cpu_ms, percentiles};
use crate::recording;

/// Appends of `batch` events each, until there are `count`.
pub(crate) fn measure(contender: Contender, batch: usize, count: usize, folder: &Path) -> Measured {
    let mut events = recording::events(count).into_iter();
    let first: Vec<Event> = events.as_slice().iter().take(batch).cloned().collect();
    let batches: Vec<Vec<Event>> = std::iter::from_fn(|| {
        let batch: Vec<Event> = events.by_ref().take(batch).collect();
        (!batch.is_empty()).then_some(batch)
    })
    .collect();
    let store = contender.create(folder);
    let mut waits = Vec::with_capacity(batches.len());
    let (begun, cpu) = (Instant::now(), cpu_ms());
    {
        let mut writer = store.writer();
        for batch in batches {
            let (begun, size) = (Instant::now(), batch.len());
            assert_eq!(writer.append(batch), size, "no two events have one name");
            waits.push(begun.elapsed());
        }
    }
    let taken = begun.elapsed();
    let cpu_ms = cpu_ms().zip(cpu).map(|(after, before)| after - before);
    ask_again(&*store, first);
    let begun = Instant::now();
    drop(store);
    let (closing, [p50_ms, p99_ms, longest_ms]) = (begun.elapsed(), percentiles(waits));
    let bytes = folder_bytes(folder);
    assert_eq!(contender.count(folder), count, "not all are there");
    Measured {
        contender: contender.name().to_owned(),
        question: Question::Bulk { batch },
        round: 0,
        events: count,
        seconds: taken.as_secs_f64(),
        p50_ms,
        p99_ms,
        longest_ms,
        cpu_ms,
        closing_ms: closing.as_secs_f64() * 1e3,
        bytes,
    }
}

/// Appends what is there already: nobody may take it again.
pub(crate) fn ask_again(store: &dyn Store, events: Vec<Event>) {
    assert_eq!(store.writer().append(events), 0, "duplicates were taken");
}

/// The bytes of all files below a folder, as they are allocated on the disk.
pub(crate) fn folder_bytes(folder: &Path) -> u64 {
    let size = |entry: std::io::Result<std::fs::DirEntry>| {
        let entry = entry.expect("an entry");
        let about = entry.metadata().expect("what it is");
        if about.is_dir() { folder_bytes(&entry.path()) } else { allocated(&about) }
    };
    std::fs::read_dir(folder).expect("a folder").map(size).sum()
}

/// A file that was made longer in advance does not take what was not written to.
#[cfg(unix)]
fn allocated(about: &std::fs::Metadata) -> u64 {
    std::os::unix::fs::MetadataExt::blocks(about) * 512
}

#[cfg(not(unix))]
fn allocated(about: &std::fs::Metadata) -> u64 {
    about.len()
}
