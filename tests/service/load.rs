//! Many at a time: nobody is answered wrongly, nothing that was acknowledged is lost, also when the service is killed.
//!
//! Few and short by default; with `EVENFIELD_CASES` of 5 or more 200 readers and 64 writers for a minute.

use std::collections::BTreeSet;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use serde_json::Value;

use super::http::{Service, token};
use super::{NDJSON, event, positions, recorded};
use crate::command::run;

/// Readers, writers and seconds.
fn size() -> (u64, u64, u64) {
    let cases = std::env::var("EVENFIELD_CASES").ok().and_then(|cases| cases.parse::<u64>().ok());
    if cases.is_some_and(|cases| cases >= 5) { (200, 64, 60) } else { (24, 8, 3) }
}

/// The names of all events of the log.
fn names(dir: &std::path::Path) -> BTreeSet<String> {
    let lines = run(dir, ["log", "export"]).ok();
    let name = |line: &str| serde_json::from_str::<Value>(line).unwrap()["id"].as_str().unwrap().to_owned();
    lines.lines().map(name).collect()
}

#[test]
fn readers_and_writers_at_once_lose_nothing_and_get_no_error() {
    let dir = recorded();
    let (before, writer) = (positions(dir.path()), token(dir.path(), "writer", "record"));
    let service = Service::start(dir.path(), "--allow-ingest --rate 100000");
    let (readers, writers, seconds) = size();
    let end = Instant::now() + Duration::from_secs(seconds);
    let (written, mut times, memory) = std::thread::scope(|scope| {
        let (service, writer) = (&service, &writer);
        let memory = scope.spawn(move || watched(service, Duration::from_secs(seconds) / 4));
        let writing: Vec<_> =
            (0..writers).map(|place| scope.spawn(move || write(service, writer, place, end))).collect();
        let reading: Vec<_> =
            (0..readers).map(|place| scope.spawn(move || read(service, place, end))).collect();
        let written: u64 = writing.into_iter().map(|one| one.join().unwrap()).sum();
        let times: Vec<Duration> = reading.into_iter().flat_map(|one| one.join().unwrap()).collect();
        (written, times, memory.join().unwrap())
    });
    times.sort();
    println!(
        "{} answers, 99 in 100 within {} ms, the slowest {} ms; {written} events; {memory:?} KiB a quarter each",
        times.len(),
        times[times.len() * 99 / 100].as_millis(),
        times[times.len() - 1].as_millis()
    );
    if let [first, .., last] = memory[..] {
        assert!(last < 2 * first + (64 << 10), "{memory:?} KiB: it grows with every request");
    }
    assert_eq!(service.end(), 0);
    assert!(written > 0);
    assert_eq!(positions(dir.path()), before + written, "everything that was acknowledged, and nothing else");
    run(dir.path(), ["log", "verify", "-q"]).ok();
}

/// Appends ten events at a time until the end; how many.
fn write(service: &Service, writer: &str, place: u64, end: Instant) -> u64 {
    let mut written = 0;
    while Instant::now() < end {
        let body: Vec<String> = (0..10).map(|one| event((place << 32) + written + one)).collect();
        let receipt = service.post("/v1/events", writer, NDJSON, body.join("\n").as_bytes()).is(201).json();
        assert_eq!(receipt["appended"], 10, "{receipt}");
        written += 10;
    }
    written
}

/// Asks until the end; how long each answer took.
fn read(service: &Service, place: u64, end: Instant) -> Vec<Duration> {
    let paths =
        ["/v1/projections/totals", "/v1/comparisons?measure=undisturbed", "/healthz", "/v1/events?limit=10"];
    let path = paths[place as usize % paths.len()];
    let mut times = Vec::new();
    while Instant::now() < end {
        let begun = Instant::now();
        service.get(path).is(200);
        times.push(begun.elapsed());
    }
    times
}

/// How much memory the service has, three times.
fn watched(service: &Service, between: Duration) -> Vec<u64> {
    let look = |_| {
        std::thread::sleep(between);
        service.memory_kib()
    };
    (0..3).filter_map(look).collect()
}

#[test]
fn what_was_acknowledged_is_in_the_log_of_a_service_that_was_killed() {
    let dir = recorded();
    let writer = token(dir.path(), "writer", "record");
    for round in 0..if size().0 > 24 { 20 } else { 3 } {
        let service = Service::start(dir.path(), "--allow-ingest");
        let (dead, acknowledged) = (AtomicBool::new(false), Mutex::new(Vec::new()));
        std::thread::scope(|scope| {
            for place in 0..8_u64 {
                let (writer, dead, acknowledged, at) = (&writer, &dead, &acknowledged, service.at);
                scope.spawn(move || {
                    let mut number = (round << 48) + (place << 32);
                    while !dead.load(Ordering::Relaxed) {
                        let Some(status) = posted(at, writer, &event(number)) else { return };
                        assert_eq!(status, 201);
                        acknowledged.lock().unwrap().push(format!("e-{number}"));
                        number += 1;
                    }
                });
            }
            std::thread::sleep(Duration::from_millis(150 + 120 * round));
            service.kill();
            dead.store(true, Ordering::Relaxed);
        });
        let (acknowledged, names) = (acknowledged.into_inner().unwrap(), names(dir.path()));
        assert!(!acknowledged.is_empty(), "round {round}: nothing was written before it was killed");
        let lost: Vec<&String> = acknowledged.iter().filter(|name| !names.contains(*name)).collect();
        assert!(lost.is_empty(), "round {round}: {lost:?} were acknowledged and are not there");
    }
}

/// The status of a post; none where the service was gone before it answered.
fn posted(at: std::net::SocketAddr, writer: &str, event: &str) -> Option<u16> {
    use std::io::{Read, Write};
    let mut stream = std::net::TcpStream::connect(at).ok()?;
    let head = format!(
        "POST /v1/events HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nAuthorization: Bearer {writer}\r\n\
         Content-Type: {NDJSON}\r\nContent-Length: {}\r\n\r\n{event}",
        event.len()
    );
    stream.write_all(head.as_bytes()).ok()?;
    let mut told = Vec::new();
    stream.read_to_end(&mut told).ok()?;
    let text = String::from_utf8(told).ok()?;
    text.split(' ').nth(1)?.parse().ok()
}
