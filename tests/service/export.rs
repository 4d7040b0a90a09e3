//! A service that keeps a Parquet data set of its events current.

use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};

use engine::export::shards::Manifest;
use engine::ingest::dataset;
use engine::replay::Watch;
use serde_json::json;

use super::http::{Service, token};
use super::{NDJSON, event, recorded};
use crate::command::{files, run};

/// The manifest, once the data set goes that far.
fn manifest(set: &Path, position: u64) -> Manifest {
    let begun = Instant::now();
    loop {
        let text = fs::read_to_string(set.join("manifest.json")).unwrap_or_default();
        match serde_json::from_str::<Manifest>(&text) {
            Ok(manifest) if manifest.position >= position => return manifest,
            _ => assert!(begun.elapsed() < Duration::from_secs(60), "{position}: {text}"),
        }
        std::thread::sleep(Duration::from_millis(20));
    }
}

#[test]
fn a_data_set_follows_what_is_posted_and_is_whole_when_the_service_has_ended() {
    let dir = recorded();
    let key = token(dir.path(), "ward", "record");
    let before = super::positions(dir.path());
    let args = "--allow-ingest --export-parquet lake --shards 2 --export-every 1";
    let service = Service::start(dir.path(), args);
    let set = dir.path().join("lake");
    assert_eq!(manifest(&set, before).generations.len(), 1);
    for number in 0..3 {
        service.post("/v1/events", &key, NDJSON, format!("{}\n", event(number)).as_bytes()).is(201);
        let manifest = manifest(&set, before + number + 1);
        assert_eq!(manifest.generations.len() as u64, number + 2);
    }
    assert_eq!(service.get("/v1/comparisons").is(200).status, 200);
    assert_eq!(service.end(), 0);
    assert!(files(&set).iter().all(|path| !path.file_name().unwrap().to_string_lossy().starts_with('.')));
    dataset::checked(&set, &Watch::default()).unwrap();
    // The command goes on where the service has ended, and is answered as the store is.
    let append = ["export", "parquet", "--shards", "2", "lake", "--append", "--json"];
    assert_eq!(run(dir.path(), append).json()["position"], json!(before + 3));
    run(dir.path(), ["--store", "copy.store", "ingest", "-q", "lake"]).ok();
    let told = run(dir.path(), ["--store", "copy.store", "compare", "--json"]).ok();
    assert_eq!(told, run(dir.path(), ["compare", "--json"]).ok());
}

#[test]
fn what_cannot_be_kept_current_ends_a_service_before_it_begins() {
    let dir = recorded();
    fs::create_dir(dir.path().join("taken")).unwrap();
    fs::write(dir.path().join("taken/x"), "").unwrap();
    run(dir.path(), ["export", "parquet", "--shards", "3", "lake", "-q"]).ok();
    for (args, why) in [
        ("--export-parquet lake --shards 2", "append to it with --shards 3"),
        ("--export-parquet taken --shards 2", "taken is there already"),
        ("--export-parquet lake", "--shards"),
        ("--shards 2", "--export-parquet"),
        ("--export-parquet lake --shards 3 --export-every 0", "1..=86400"),
        ("--export-parquet lake --shards 3 --policy rounded", "events one by one"),
    ] {
        let args = format!("serve --bind 127.0.0.1:0 {args}");
        let told = run(dir.path(), args.split(' ').collect::<Vec<_>>()).fails(2);
        assert!(told.contains(why), "{args}: {told}");
    }
}

/// What fails while a service runs is told and tried again, and whoever asks does not notice.
#[test]
fn a_data_set_that_is_in_the_way_for_a_while_is_caught_up() {
    let dir = recorded();
    let key = token(dir.path(), "ward", "record");
    let before = super::positions(dir.path());
    let args = "--allow-ingest --export-parquet lake --shards 1 --export-every 1";
    let (service, mut told) = Service::overheard(dir.path(), args);
    let set = dir.path().join("lake");
    manifest(&set, before);
    let text = fs::read(set.join("manifest.json")).unwrap();
    fs::write(set.join("manifest.json"), "{").unwrap();
    service.post("/v1/events", &key, NDJSON, format!("{}\n", event(1)).as_bytes()).is(201);
    let line = told.find(|line| line.contains("could not be kept current")).unwrap();
    assert!(line.contains("manifest.json does not hold"), "{line}");
    assert_eq!(fs::read(set.join("manifest.json")).unwrap(), b"{");
    service.get("/v1/comparisons").is(200);
    fs::write(set.join("manifest.json"), text).unwrap();
    manifest(&set, before + 1);
    assert_eq!(service.end(), 0);
    dataset::checked(&set, &Watch::default()).unwrap();
}
