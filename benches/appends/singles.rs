//! Single appends: each writer appends an event, waits until it is durable, and appends the next.

use std::path::Path;
use std::time::{Duration, Instant};

use event::Event;

use crate::bulk::{ask_again, folder_bytes};
use crate::contender::{Contender, Store};
use crate::measured::{Measured, Question, cpu_ms, percentiles};
use crate::recording;

/// More events a second than anybody has appended so far.
const EVENTS_A_SECOND: usize = 80_000;

/// Single appends by `writers` threads for so many seconds.
pub(crate) fn measure(contender: Contender, writers: usize, seconds: usize, folder: &Path) -> Measured {
    let events = recording::events(seconds * EVENTS_A_SECOND);
    let first = events[0].clone();
    let mut shares: Vec<Vec<Event>> = (0..writers).map(|_| Vec::new()).collect();
    for (number, event) in events.into_iter().enumerate() {
        shares[number % writers].push(event);
    }
    let store = contender.create(folder);
    let (begun, cpu) = (Instant::now(), cpu_ms());
    let until = begun + Duration::from_secs(seconds as u64);
    let waits = std::thread::scope(|scope| {
        let write = |share| scope.spawn(|| write(&*store, share, until));
        let threads: Vec<_> = shares.into_iter().map(write).collect();
        threads.into_iter().flat_map(|thread| thread.join().expect("a writer")).collect::<Vec<_>>()
    });
    let taken = begun.elapsed();
    let cpu_ms = cpu_ms().zip(cpu).map(|(after, before)| after - before);
    if !contender.is_grouped() {
        ask_again(&*store, vec![first]);
    }
    let begun = Instant::now();
    drop(store);
    let (closing, events) = (begun.elapsed(), waits.len());
    assert_eq!(contender.count(folder), events, "not all are there");
    let [p50_ms, p99_ms, longest_ms] = percentiles(waits);
    Measured {
        contender: contender.name().to_owned(),
        question: Question::Singles { writers },
        round: 0,
        events,
        seconds: taken.as_secs_f64(),
        p50_ms,
        p99_ms,
        longest_ms,
        cpu_ms,
        closing_ms: closing.as_secs_f64() * 1e3,
        bytes: folder_bytes(folder),
    }
}

/// One writer: how long each of its appends took.
fn write(store: &dyn Store, share: Vec<Event>, until: Instant) -> Vec<Duration> {
    let mut writer = store.writer();
    let mut waits = Vec::with_capacity(share.len());
    for event in share {
        let begun = Instant::now();
        if begun >= until {
            break;
        }
        assert_eq!(writer.append(vec![event]), 1, "no two events have one name");
        waits.push(begun.elapsed());
    }
    waits
}
