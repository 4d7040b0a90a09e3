//! The commands that keep a data set current: what they write, what they say, and how they end.

use std::fs;
use std::io::{BufRead, BufReader, Lines, Read};
use std::path::Path;
use std::process::{Child, ChildStdout};
use std::time::{Duration, Instant};

use engine::export::shards::{Manifest, Pace};
use engine::ingest::dataset;
use engine::log::{Log, Mode, Position};
use engine::replay::Watch;
use event::{Event, Payload, Time};
use serde_json::{Value, json};

use super::follow::{holds, is_same};
use crate::command::{files, folder, prepared, program, run, run_on};

/// A recording and what of it lies behind so many lines.
fn cut(recording: &str, lines: usize) -> (String, String) {
    let place = recording.match_indices('\n').nth(lines - 1).unwrap().0 + 1;
    (recording[..place].to_owned(), recording[place..].to_owned())
}

#[test]
fn what_is_appended_again_and_again_tells_what_one_export_tells() {
    let dir = prepared();
    let recording = run(dir.path(), ["synth", "clinic", "--consultations", "200"]).ok();
    let store = ["--store", "own.store"];
    let own = |args: &[&'static str]| run(dir.path(), [&store[..], args].concat());
    let append = ["export", "parquet", "--shards", "3", "lake", "--append"];
    let mut left = recording.replace("urn:synth", "urn:own");
    let mut said = String::new();
    for lines in [1, 300, 2, 500] {
        let (part, rest) = cut(&left, lines);
        left = rest;
        run_on(dir.path(), part.as_bytes(), ["--store", "own.store", "ingest", "-q", "-"]).ok();
        let ran = own(&append);
        assert_eq!((ran.code, ran.out.as_str()), (0, ""), "{}", ran.err);
        said += &ran.err;
    }
    assert!(said.contains("1 event of ") && said.contains("4 files: lake\n"), "{said}");
    assert!(
        said.contains("500 events up to position 803, with ") && said.contains("generation 3 of lake"),
        "{said}"
    );
    run_on(dir.path(), left.as_bytes(), ["--store", "own.store", "ingest", "-q", "-"]).ok();
    // Up to a position, then to the end, then nothing. What a crash has left is told, and gone.
    let left = [".evenfield-crash.part", "events-00000_000004.parquet"]
        .map(|name| dir.path().join("lake").join(name));
    fs::create_dir(&left[0]).unwrap();
    fs::write(&left[1], "PAR1").unwrap();
    let said = own(&[&append[..], &["--to", "900"]].concat()).err;
    let cleared = "cleared away what an append that was cut short had left in lake: .evenfield-crash.part, \
                   events-00000_000004.parquet\n";
    assert!(said.starts_with(cleared) && !left[0].exists(), "{said}");
    let manifest = own(&[&append[..], &["--json"]].concat()).json();
    assert_eq!(manifest["generations"][4]["to"], json!(900));
    assert_eq!(serde_json::to_value(holds(&dir.path().join("lake"))).unwrap(), manifest);
    assert!(own(&append).err.contains("nothing is new: lake goes to position"), "said");
    assert_eq!(own(&[&append[..], &["-q"]].concat()).err, "");
    own(&["export", "parquet", "--shards", "3", "whole", "-q"]).ok();
    for set in ["lake", "whole"] {
        let copy = format!("{set}.store");
        let report = run(dir.path(), ["--store", &copy, "ingest", "--json", set]).json();
        assert_eq!((&report["appended"], &report["duplicates"]), (&manifest["events"], &json!(0)), "{set}");
        for asked in [&["outcomes", "--json"][..], &["compare", "--json"]] {
            let told = run(dir.path(), [&["--store", &copy], asked].concat()).ok();
            let wanted = run(dir.path(), [&store[..], asked].concat()).ok();
            assert!(told.len() > 100 && told == wanted, "{asked:?} tells something else of {set}");
        }
    }
}

#[test]
fn what_cannot_be_kept_current_is_said() {
    let dir = prepared();
    run(dir.path(), ["export", "parquet", "--shards", "2", "lake", "-q"]).ok();
    let other = run(dir.path(), ["synth", "clinic", "--consultations", "9"]).ok();
    run_on(dir.path(), other.as_bytes(), ["--store", "other.store", "ingest", "-q", "-"]).ok();
    let follow = ["export", "parquet", "--shards", "2", "lake"];
    let harmed = dir.path().join("harmed");
    fs::create_dir(&harmed).unwrap();
    fs::write(harmed.join("manifest.json"), "{}").unwrap();
    for (args, code, why) in [
        (
            &["--store", "other.store", "export", "parquet", "--shards", "2", "lake", "--append"][..],
            4,
            "no data set of this log",
        ),
        (&["export", "parquet", "--shards", "3", "lake", "--append"], 2, "append to it with --shards 2"),
        (
            &["export", "parquet", "--shards", "2", "harmed", "--append"],
            4,
            "harmed/manifest.json does not hold",
        ),
        (
            &["export", "parquet", "--shards", "2", "my-scenario", "--append"],
            2,
            "my-scenario is there already",
        ),
        (&["export", "parquet", "--shards", "2", "lake"], 2, "--append"),
        (&[&follow[..], &["--follow", "--append"]].concat(), 2, "--append"),
        (&[&follow[..], &["--follow", "--to", "9"]].concat(), 2, "--to"),
        (&[&follow[..], &["--follow", "--every", "0"]].concat(), 2, "1..=86400"),
        (&[&follow[..], &["--every", "9"]].concat(), 2, "--follow"),
        (&[&follow[..], &["--follow", "-o", "x"]].concat(), 2, "leave -o out"),
        (&["export", "parquet", "--append"], 2, "--shards"),
        (
            &["--store", "other.store", "export", "parquet", "--shards", "2", "lake", "--follow"],
            4,
            "no data set of",
        ),
        (&["--store", "no.store", "export", "parquet", "--shards", "2", "new", "--follow"], 4, "no.store"),
    ] {
        let told = run(dir.path(), args).fails(code);
        assert!(told.contains(why), "{args:?}: {told}");
    }
    assert!(!dir.path().join("new").exists());
    let name = &run(dir.path(), ["outcomes", "--json"]).ok();
    let name: Value = serde_json::from_str(name.lines().next().unwrap()).unwrap();
    run(dir.path(), ["log", "redact", name["consultation"].as_str().unwrap(), "--yes"]).ok();
    let told = run(dir.path(), [&follow[..], &["--append"]].concat()).fails(4);
    assert!(told.contains("lake holds what was destroyed") && told.contains("export anew"), "{told}");
}

/// A process that follows; killed at the latest when it is dropped.
struct Follower(Child, Lines<BufReader<ChildStdout>>);

impl Follower {
    fn start(dir: &Path) -> Self {
        let args = ["export", "parquet", "--shards", "2", "lake", "--follow", "--every", "1", "--json"];
        let mut process = program(dir).args(args).spawn().unwrap();
        let lines = BufReader::new(process.stdout.take().unwrap()).lines();
        Self(process, lines)
    }

    /// The next generation that it tells of.
    fn next(&mut self) -> Value {
        serde_json::from_str(&self.1.next().unwrap().unwrap()).unwrap()
    }

    /// Interrupts it; its exit code and what it said.
    fn end(mut self) -> (Option<i32>, String) {
        let pid = self.0.id().to_string();
        assert!(std::process::Command::new("kill").args(["-INT", &pid]).status().unwrap().success());
        let mut said = String::new();
        self.0.stderr.take().unwrap().read_to_string(&mut said).unwrap();
        (self.0.wait().unwrap().code(), said)
    }
}

impl Drop for Follower {
    fn drop(&mut self) {
        // It may have ended.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[cfg(unix)]
#[test]
fn who_follows_appends_what_comes_holds_no_store_and_ends_with_130() {
    let dir = prepared();
    let recording = run(dir.path(), ["synth", "clinic", "--consultations", "20"]).ok();
    let mut follower = Follower::start(dir.path());
    let first = follower.next();
    assert_eq!(first["from"], json!(1));
    let mut end = first["to"].as_u64().unwrap();
    for line in recording.lines().take(3) {
        let event = line.replace("urn:synth", "urn:later");
        run_on(dir.path(), event.as_bytes(), ["ingest", "-q", "-"]).ok();
        assert_eq!(follower.next(), {
            end += 1;
            let commitment = run(dir.path(), ["log", "head"]).ok();
            let commitment = commitment.trim().split_once(':').unwrap().1.to_owned();
            json!({ "from": end, "to": end, "commitment": commitment, "events": 1 })
        });
    }
    let begun = Instant::now();
    let (code, said) = follower.end();
    assert!(begun.elapsed() < Duration::from_secs(30), "{:?}", begun.elapsed());
    assert_eq!(code, Some(130), "{said}");
    assert!(said.contains("generation 3 of lake\n") && said.ends_with("evenfield: interrupted\n"), "{said}");
    let manifest = holds(&dir.path().join("lake"));
    assert_eq!((manifest.position, manifest.generations.len()), (end, 4));
}

/// Whoever has the store keeps it; who waits says so, once, and goes on when it is free.
#[cfg(unix)]
#[test]
fn who_follows_waits_for_a_store_that_another_has() {
    let dir = prepared();
    let log = Log::open(&dir.path().join("evenfield.store"), Mode::Existing).unwrap();
    let mut follower = Follower::start(dir.path());
    let mut said = BufReader::new(follower.0.stderr.take().unwrap());
    let mut line = String::new();
    said.read_line(&mut line).unwrap();
    assert_eq!(line, "waiting for ./evenfield.store, which another process has open\n");
    assert!(!dir.path().join("lake").exists());
    drop(log);
    let first = follower.next();
    line.clear();
    said.read_line(&mut line).unwrap();
    assert!(line.contains("in 3 files: lake"), "{line}");
    assert_eq!(holds(&dir.path().join("lake")).position, first["to"].as_u64().unwrap());
    assert_eq!(files(&dir.path().join("lake")).len(), 4);
    // Interrupted while it waits, it ends as well.
    let log = Log::open(&dir.path().join("evenfield.store"), Mode::Existing).unwrap();
    follower.0.stderr = Some(said.into_inner());
    assert_eq!(follower.end().0, Some(130));
    let mut waiting = Follower::start(dir.path());
    let mut said = BufReader::new(waiting.0.stderr.take().unwrap());
    said.read_line(&mut line).unwrap();
    waiting.0.stderr = Some(said.into_inner());
    let begun = Instant::now();
    assert_eq!(waiting.end().0, Some(130));
    assert!(begun.elapsed() < Duration::from_secs(30), "{:?}", begun.elapsed());
    drop(log);
}

/// Wherever it is killed, the data set is as it was or one generation further, is read as that, and goes on.
#[test]
fn a_killed_append_has_not_happened_or_is_whole() {
    let dir = folder();
    let store = dir.path().join("evenfield.store");
    let append = ["export", "parquet", "--shards", "4", "lake", "--append"];
    let grow = |round: u64| {
        let event = |number: u64| {
            let (id, consultation) =
                (format!("e-{round}-{number}"), format!("c-{}", number * (round % 3 + 1)));
            Event::new("urn:example:a", id, consultation, Time::from_ms(9), Payload::Waiting)
        };
        let log = Log::open(&store, Mode::Create).unwrap();
        log.append_blocking((0..400).map(event).collect(), Time::from_ms(9)).unwrap();
        log.head().0
    };
    grow(0);
    let begun = Instant::now();
    run(dir.path(), append).ok();
    let usual = u64::try_from(begun.elapsed().as_micros()).unwrap();
    let (set, mut position, mut dice) = (dir.path().join("lake"), 400, 7_u64);
    for round in 1..=16 {
        let head = grow(round);
        let mut process = program(dir.path()).args(append).spawn().unwrap();
        dice = dice.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        std::thread::sleep(Duration::from_micros(usual / 4 + (dice >> 33) % usual));
        // It may have ended.
        let _ = process.kill();
        process.wait().unwrap();
        let manifest = manifest(&set);
        assert!([position, head].contains(&manifest.position), "{position} {head} {}", manifest.position);
        assert_eq!(manifest.events, manifest.position);
        assert_eq!(dataset::checked(&set, &Watch::default()).unwrap().len(), manifest.files.len());
        position = manifest.position;
    }
    let said = run(dir.path(), append);
    assert_eq!(said.code, 0, "{}", said.err);
    assert_eq!(holds(&set).position, 17 * 400);
    run(dir.path(), ["export", "parquet", "--shards", "4", "whole", "-q"]).ok();
    is_same(&set, &dir.path().join("whole"));
}

fn manifest(set: &Path) -> Manifest {
    serde_json::from_str(&fs::read_to_string(set.join("manifest.json")).unwrap()).unwrap()
}

#[test]
fn a_generation_is_due_when_time_has_passed_or_a_row_group_is_full_and_something_came() {
    let (every, begun) = (Duration::from_secs(900), Instant::now());
    let at = |seconds: u64| begun + Duration::from_secs(seconds);
    let mut pace = Pace::new(every);
    assert!(pace.is_due(Position(0), begun));
    pace.seen(Position(10), begun);
    assert!(!pace.is_due(Position(10), at(100_000)) && !pace.is_due(Position(11), at(899)));
    assert!(pace.is_due(Position(11), at(900)));
    assert!(!pace.is_due(Position(131_081), at(1)) && pace.is_due(Position(131_082), at(1)));
    // What failed is not tried at once, however much waits, and is tried though nothing comes.
    pace.failed(begun);
    assert!(!pace.is_due(Position(1 << 40), at(899)) && pace.is_due(Position(10), at(900)));
}
