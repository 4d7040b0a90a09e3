//! `evenfield bench`: what it tells of a store, and that it leaves it alone.

use std::fs;
use std::path::Path;

use serde_json::{Value, json};

use crate::command::{folder, prepared, run};

const STAGES: [&str; 6] = ["look", "open", "read", "replay", "compare", "append"];

/// How many files and folders there are in `dir`.
fn count(dir: &Path) -> usize {
    fs::read_dir(dir).unwrap().count()
}

#[test]
fn every_stage_is_measured_in_every_round() {
    let dir = prepared();
    let before = (run(dir.path(), ["log", "head"]).ok(), count(dir.path()));
    let told = run(dir.path(), ["bench", "--rounds", "3", "--json", "--threads", "2"]).json();
    for (name, value) in [
        ("schema", json!("evenfield.bench/1")),
        ("version", json!(env!("CARGO_PKG_VERSION"))),
        ("consultations", json!(300)),
        ("threads", json!(2)),
        ("rounds", json!(3)),
    ] {
        assert_eq!(told[name], value, "{name}");
    }
    assert_eq!(told["position"], told["events"]);
    assert!(told["durability"].as_str().unwrap().contains("fdatasync") && told["changes"].is_null());
    let stages = told["stages"].as_array().unwrap();
    assert!(stages.iter().map(|stage| stage["stage"].as_str().unwrap()).eq(STAGES), "{stages:?}");
    for stage in stages {
        let mut seconds: Vec<f64> =
            stage["seconds"].as_array().unwrap().iter().map(|time| time.as_f64().unwrap()).collect();
        seconds.sort_by(f64::total_cmp);
        assert_eq!((seconds.len(), &stage["median_seconds"]), (3, &json!(seconds[1])), "{stage}");
        let rate = stage["events"].as_f64().map(|events| (events / seconds[1]).round());
        assert_eq!(stage["events_per_second"].as_f64().map(f64::round), rate);
    }
    assert!(stages[2]["megabytes_per_second"].as_f64().unwrap() > 0.0);
    assert_eq!((run(dir.path(), ["log", "head"]).ok(), count(dir.path())), before, "all is as it was");
}

#[test]
fn a_baseline_tells_what_has_changed_and_what_is_noise() {
    let dir = prepared();
    let kept = dir.path().join("before.json");
    run(dir.path(), ["bench", "--rounds", "2", "--json", "-o", "before.json"]).ok();
    let mut before: Value = serde_json::from_str(&fs::read_to_string(&kept).unwrap()).unwrap();
    for (stage, seconds) in [(2, 30.0), (3, 1e-6)] {
        before["stages"][stage]["seconds"] = json!([seconds, seconds]);
    }
    before["stages"][4]["seconds"] = json!([1e-4, 50.0]);
    before["threads"] = json!(77);
    fs::write(&kept, before.to_string()).unwrap();
    let args = ["bench", "--rounds", "2", "--baseline", "before.json"];
    let told = run(dir.path(), args).ok();
    let line = |name: &str| told.lines().rfind(|line| line.contains(name)).unwrap();
    assert!(line("reading every event").ends_with("  faster"), "{told}");
    assert!(!line("replaying into rows").ends_with("faster"), "{told}");
    assert!(line("comparing the rows").ends_with("  within the noise"), "{told}");
    assert!(told.contains("The baseline is of 77 threads: judge with care."), "{told}");
    let changes = run(dir.path(), [&args[..], &["--json"]].concat()).json()["changes"].clone();
    assert!(changes.as_array().unwrap().iter().map(|change| &change["stage"]).eq(STAGES.iter()));
    assert_eq!((&changes[2]["is_noise"], &changes[4]["is_noise"]), (&json!(false), &json!(true)));
    assert!(changes[2]["ratio"].as_f64().unwrap() > 1.0 && changes[3]["ratio"].as_f64().unwrap() < 1.0);
}

#[test]
fn what_is_no_baseline_is_refused_before_anything_is_measured() {
    let dir = prepared();
    fs::write(dir.path().join("other.json"), run(dir.path(), ["log", "stats", "--json"]).ok()).unwrap();
    for name in ["other.json", "events.ndjson", "missing.json"] {
        let told = run(dir.path(), ["bench", "--baseline", name]).fails(4);
        assert!(told.contains(&format!("could not read the baseline {name}: ")), "{told}");
    }
    run(dir.path(), ["bench", "--rounds", "0"]).fails(2);
    run(dir.path(), ["bench", "--format", "csv"]).fails(2);
}

#[test]
fn where_there_is_nothing_to_measure_it_says_so() {
    let dir = folder();
    let told = run(dir.path(), ["bench"]).fails(4);
    assert!(told.contains("there is no store at ./evenfield.store"), "{told}");
    assert_eq!(count(dir.path()), 0, "none was made");
    fs::write(dir.path().join("none.ndjson"), "").unwrap();
    run(dir.path(), ["ingest", "none.ndjson"]);
    let told = run(dir.path(), ["bench"]).fails(4);
    assert!(told.contains("holds no events") && told.contains("`evenfield synth`"), "{told}");
}

/// One platform alone cannot be compared; everything else can be measured.
#[test]
fn what_cannot_be_compared_is_left_out() {
    let dir = folder();
    let joined = "{\"specversion\":\"1.0\",\"id\":\"e-1\",\"source\":\"a\",\
        \"type\":\"evenfield.consultation.completed.v1\",\"subject\":\"c-1\",\"time\":\"2022-03-01T09:00:00Z\"}\n";
    fs::write(dir.path().join("one.ndjson"), joined).unwrap();
    run(dir.path(), ["ingest", "one.ndjson"]).ok();
    let told = run(dir.path(), ["bench", "--rounds", "1"]).ok();
    assert!(told.starts_with("1 event of 1 consultation, "), "{told}");
    let is_told = told.contains("cannot be compared") || told.contains("comparing the rows");
    assert!(is_told && told.contains("appending"), "{told}");
}
