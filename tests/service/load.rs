//! Many at a time: nobody is answered wrongly, nothing that was acknowledged is lost, also when the service is killed.
//!
//! Few and short by default; with `EVENFIELD_CASES` of 5 or more 200 readers and 64 writers for a minute.

use std::collections::BTreeSet;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use serde_json::Value;

use super::http::{Service, token};
use super::{NDJSON, event, recorded};
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
    let writer = token(dir.path(), "writer", "record");
    let service = Service::start(dir.path(), "--allow-ingest --rate 100000");
    let (readers, writers, seconds) = size();
    let end = Instant::now() + Duration::from_secs(seconds);
    let times = Mutex::new(Vec::new());
    let written = AtomicU64::new(0);
    let memory = Mutex::new(Vec::new());
    std::thread::scope(|scope| {
        let (service_seen, memory) = (&service, &memory);
        scope.spawn(move || {
            for _ in 0..3 {
                std::thread::sleep(Duration::from_secs(seconds) / 4);
                memory.lock().unwrap().extend(service_seen.memory_kib());
            }
        });
        for place in 0..writers {
            let (service, writer, written) = (&service, &writer, &written);
            scope.spawn(move || {
                let mut number = place << 32;
                while Instant::now() < end {
                    let body: Vec<String> = (0..10).map(|one| event(number + one)).collect();
                    let receipt =
                        service.post("/v1/events", writer, NDJSON, body.join("\n").as_bytes()).is(201).json();
                    assert_eq!(receipt["appended"], 10, "{receipt}");
                    written.fetch_add(10, Ordering::Relaxed);
                    number += 10;
                }
            });
        }
        for place in 0..readers {
            let (service, times) = (&service, &times);
            let path = [
                "/v1/projections/totals",
                "/v1/comparisons?measure=undisturbed",
                "/healthz",
                "/v1/events?limit=10",
            ][place as usize % 4];
            scope.spawn(move || {
                let mut took = Vec::new();
                while Instant::now() < end {
                    let begun = Instant::now();
                    service.get(path).is(200);
                    took.push(begun.elapsed());
                }
                times.lock().unwrap().extend(took);
            });
        }
    });
    let mut times = times.into_inner().unwrap();
    times.sort();
    let p99 = times[times.len() * 99 / 100];
    let written = written.into_inner();
    let memory = memory.into_inner().unwrap();
    println!(
        "{} answers, 99 in 100 within {} ms, the slowest {} ms; {written} events; {memory:?} KiB a quarter each",
        times.len(),
        p99.as_millis(),
        times[times.len() - 1].as_millis()
    );
    if let [first, .., last] = memory[..] {
        assert!(last < 2 * first + (64 << 10), "{memory:?} KiB: it grows with every request");
    }
    assert_eq!(service.end(), 0);
    let names = names(dir.path());
    let ours = names.iter().filter(|name| name.starts_with("e-")).count() as u64;
    assert!(ours >= written && written > 0 && !times.is_empty());
    run(dir.path(), ["log", "verify", "-q"]).ok();
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
