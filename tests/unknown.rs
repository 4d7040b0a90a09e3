//! What the vocabulary does not know is kept to the byte, whatever way it goes through the program.

use std::fs;
use std::path::Path;

use engine::log::{Log, Mode, restore};
use event::{Event, Payload, Time};

use crate::command::{folder, run};

/// A kind nobody knows, a known kind in a newer version, and a known one with more than it should have.
const STRANGE: &str = r#"{"specversion":"1.0","id":"u-1","source":"urn:example:trust-a","type":"evenfield.consultation.teleported.v3","subject":"c-1","time":"2022-03-01T09:00:00Z","traceparent":"00-ab-cd-01","data":{"participant":"p-1","role":"patient","deep":{"é":[1,2.50,null,{"x":"\n"}]},"to":"a ward"}}
{"specversion":"1.0","id":"u-2","source":"urn:example:trust-a","type":"evenfield.consultation.teleported.v3","subject":"c-1","time":"2022-03-01T09:00:01Z","data":{"participant":7,"role":["patient"]}}
{"specversion":"1.0","id":"u-3","source":"urn:example:trust-a","type":"evenfield.consultation.rated.v9","subject":"c-1","time":"2022-03-01T09:01:00Z","dataschema":"urn:example:rated:9","data":{"role":"patient","scale":5,"value":"four"}}
{"specversion":"1.0","id":"u-4","source":"urn:example:trust-a","type":"evenfield.consultation.joined.v0","subject":"c-1","time":"2022-03-01T09:02:00Z","data":{}}
{"specversion":"1.0","id":"u-5","source":"urn:example:trust-a","type":"evenfield.consultation.dropped.v1","subject":"c-1","time":"2022-03-01T09:03:00Z","partitionkey":"1","sampledrate":3,"data":{"participant":"p-1","role":"robot","reason":"network","jitter_ms":12.0}}
"#;

fn exported(dir: &Path, store: &str) -> String {
    let all = run(dir, ["log", "export", "--store", store]).ok();
    all.lines().filter(|line| !line.contains("\"filler-")).map(|line| format!("{line}\n")).collect()
}

fn ingested(dir: &Path, text: &str, store: &str) {
    let file = dir.join(format!("{store}.ndjson"));
    fs::write(&file, text).unwrap();
    run(dir, ["ingest", "--store", store, file.to_str().unwrap()]).ok();
}

#[test]
fn what_is_unknown_is_exported_as_it_was_ingested() {
    let dir = folder();
    ingested(dir.path(), STRANGE, "a.store");
    let first = exported(dir.path(), "a.store");
    assert_eq!(first, STRANGE);
    ingested(dir.path(), &first, "b.store");
    assert_eq!(exported(dir.path(), "b.store"), first);
}

/// A unit of events in small blocks, so that sealing has something to put together.
fn log_in_small_blocks(store: &Path) -> Log {
    let log = Log::open(store, Mode::Create).unwrap();
    let filler = |number| {
        Event::new(
            "urn:example:b",
            format!("filler-{number}"),
            "c-2",
            Time::from_ms(number),
            Payload::Waiting,
        )
    };
    let mut strange = STRANGE
        .lines()
        .map(|line| feeds::cloudevents::read_line(line.as_bytes()).unwrap())
        .collect::<Vec<_>>();
    strange.reverse();
    for batch in 0..66_i64 {
        let mut events: Vec<Event> = (batch * 64..(batch + 1) * 64).map(filler).collect();
        if batch % 8 == 3 {
            events.extend(strange.pop());
        }
        log.append_blocking(events, Time::from_ms(5)).unwrap();
    }
    assert!(strange.is_empty());
    log
}

#[test]
fn what_is_unknown_survives_sealing_backup_and_restoring() {
    let dir = folder();
    let log = log_in_small_blocks(&dir.path().join("a.store"));
    let blocks = log.first_positions().unwrap().len();
    log.seal(&mut |_| {}).unwrap();
    // Part of it may have been sealed in the background.
    let sealed = log.first_positions().unwrap().len();
    assert!(sealed < 66 && sealed <= blocks, "{blocks} blocks became {sealed}");
    let mut stream = Vec::new();
    log.backup(&mut stream, &mut |_, _| true).unwrap();
    drop(log);
    assert_eq!(exported(dir.path(), "a.store"), STRANGE);
    restore(&mut stream.as_slice(), &dir.path().join("b.store"), &mut |_, _| true).unwrap();
    assert_eq!(exported(dir.path(), "b.store"), STRANGE);
    ingested(dir.path(), &exported(dir.path(), "b.store"), "c.store");
    assert_eq!(exported(dir.path(), "c.store"), STRANGE);
}
