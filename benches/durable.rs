//! The log in use: single durable appends by one and by many writers, sealing, verification, opening.
//!
//! Criterion gives means; who waits for an answer wants percentiles, and these figures need minutes and
//! millions of events, so they are measured by hand and printed as they are. One event an append, each
//! answered only when it would survive a power cut.
//!
//!     cargo bench --bench durable                     # 20,000 appends a figure, 1 million events
//!     cargo bench --bench durable -- --appends 200000 --events 10000000

#![expect(clippy::print_stdout, reason = "its figures are its output")]

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use engine::log::{Log, Mode, Repair};
use event::{Event, Time};
use synth::{Plan, Synth};
use tokio::runtime::Runtime;

/// Events that are loaded at once.
const BATCH: usize = 4_096;

fn main() {
    let (appends, events) = (asked("--appends", 20_000), asked("--events", 1_000_000));
    let dir = tempfile::tempdir().expect("a temporary folder");
    let runtime = Runtime::new().expect("a runtime");
    for writers in [1, 64] {
        singles(&runtime, &dir.path().join(format!("singles-{writers}")), writers, appends);
    }
    bulk(&dir.path().join("bulk"), events);
}

/// The number behind an option, if it was given.
fn asked(option: &str, usual: usize) -> usize {
    let mut behind = std::env::args().skip_while(|arg| arg != option).skip(1);
    behind.next().and_then(|count| count.parse().ok()).unwrap_or(usual)
}

/// An endless recording.
fn recording(consultations: u64) -> impl Iterator<Item = Event> {
    let mut plan = Plan::named("national").expect("the plan comes with the program");
    plan.consultations = consultations;
    Synth::new(&plan)
}

/// One event an append, by so many writers at once; then the same log before and after it is sealed.
fn singles(runtime: &Runtime, store: &Path, writers: usize, appends: usize) {
    let log = Arc::new(Log::open(store, Mode::Create).expect("a new store"));
    let events: Vec<Event> = recording(appends as u64).take(appends).collect();
    let begun = Instant::now();
    let tasks: Vec<_> = (0..writers)
        .map(|writer| {
            let (log, own) = (Arc::clone(&log), events.iter().skip(writer).step_by(writers).cloned());
            runtime.spawn(write(log, own.collect()))
        })
        .collect();
    let mut waits: Vec<Duration> =
        tasks.into_iter().flat_map(|task| runtime.block_on(task).expect("a writer")).collect();
    let all = begun.elapsed();
    waits.sort_unstable();
    let at = |share: f64| waits[((waits.len() - 1) as f64 * share) as usize].as_secs_f64() * 1e3;
    println!(
        "durable single appends, {writers:>2} writers: {:>8.0} per s, p50 {:.2} ms, p99 {:.2} ms, longest {:.1} ms",
        appends as f64 / all.as_secs_f64(),
        at(0.5),
        at(0.99),
        at(1.0)
    );
    sizes(&log, "  as fed, with what was sealed meanwhile");
    log.seal(&mut |_| {}).expect("sealing");
    sizes(&log, "  sealed");
}

async fn write(log: Arc<Log>, events: Vec<Event>) -> Vec<Duration> {
    let mut waits = Vec::with_capacity(events.len());
    for event in events {
        let begun = Instant::now();
        let receipt = log.append(vec![event], Time::default()).await.expect("an append");
        assert_eq!(receipt.added(), 1);
        waits.push(begun.elapsed());
    }
    waits
}

/// Bytes of values and files per event, and how often values were written.
fn sizes(log: &Log, what: &str) {
    let stats = log.stats().expect("statistics");
    let each = |bytes: u64| bytes as f64 / stats.events as f64;
    let kept = stats.hot_bytes + stats.cold_bytes;
    println!(
        "{what}: {} blocks, {:.1} bytes of values an event, {:.0} of files; written {:.1} times",
        stats.blocks,
        each(kept),
        each(stats.disk_bytes),
        stats.written_bytes as f64 / kept as f64
    );
}

/// A log loaded at once: how fast it is loaded, checked, opened, backed up and looked at for repair.
fn bulk(store: &Path, events: usize) {
    let timed = |what: &str, work: &mut dyn FnMut()| {
        let begun = Instant::now();
        work();
        let seconds = begun.elapsed().as_secs_f64();
        println!("{what}: {seconds:.2} s, {:.2} million events per s", events as f64 / seconds / 1e6);
    };
    let log = Log::open(store, Mode::Create).expect("a new store");
    let mut recording = recording(events as u64).take(events);
    let mut loading = Duration::ZERO;
    loop {
        let batch: Vec<Event> = recording.by_ref().take(BATCH).collect();
        if batch.is_empty() {
            break;
        }
        let begun = Instant::now();
        log.append_blocking(batch, Time::default()).expect("an append");
        loading += begun.elapsed();
    }
    println!("{events} events loaded: {:.2} million per s", events as f64 / loading.as_secs_f64() / 1e6);
    sizes(&log, "  as loaded");
    timed("verify", &mut || assert!(log.verify(&mut |_, _| {}).is_sound()));
    timed("backup into nothing", &mut || {
        log.backup(&mut std::io::sink(), &mut |_, _| true).expect("a backup");
    });
    drop(log);
    timed("open, file looked at before", &mut || drop(Log::open(store, Mode::Existing).expect("opening")));
    timed("plan of a repair", &mut || {
        let plan = Repair::plan(store, &mut |_, _| {}).expect("a plan");
        assert_eq!(plan.lost(), Some(0));
    });
}
