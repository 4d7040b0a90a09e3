//! What was frozen is opened for ever: stores of every format that was, as they were left then.

use std::fs;
use std::path::{Path, PathBuf};

use crate::command::{folder, run, run_on};

/// The fixtures of a format.
fn fixtures(format: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures").join(format)
}

/// Copies a folder, and unpacks what is compressed in it.
fn unpack(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let path = entry.unwrap().path();
        let target = to.join(path.file_name().unwrap());
        if path.is_dir() {
            unpack(&path, &target);
        } else if path.extension().is_some_and(|extension| extension == "zst") {
            fs::write(target.with_extension(""), read(&path)).unwrap();
        } else {
            fs::copy(&path, &target).unwrap();
        }
    }
}

/// What a compressed file holds.
fn read(path: &Path) -> Vec<u8> {
    zstd::stream::decode_all(fs::File::open(path).unwrap()).unwrap()
}

#[test]
fn a_store_of_the_first_format_opens_and_says_what_it_said() {
    let (dir, fixtures) = (folder(), fixtures("log-v1"));
    unpack(&fixtures.join("store"), &dir.path().join("evenfield.store"));
    let said = run(dir.path(), ["log", "verify"]).ok();
    let commitment = "20315:29c69619ed2e40961aa8996469c9ac291fbf141c5c4d8c529121f364367439a1";
    assert!(said.starts_with("sound: 20,301 events in 12 blocks, up to position 20315"), "{said}");
    assert!(said.contains(commitment), "{said}");
    let exported = run(dir.path(), ["log", "export", "--positions"]).ok();
    assert!(exported.into_bytes() == read(&fixtures.join("expected.ndjson.zst")), "its events are others");
    let totals = run(dir.path(), ["totals", "--by", "service", "--json"]).ok();
    assert_eq!(totals, fs::read_to_string(fixtures.join("totals.json")).unwrap());

    // It goes on: what is there is known, what is new goes in.
    let again = run(dir.path(), ["replay", "too-thin-to-say"]);
    assert!(again.err.contains("0 appended"), "{}", again.err);
    again.ok();
    let more = run(dir.path(), ["synth", "clinic", "--consultations", "5", "--seed", "77", "-q"]).ok();
    let more = more.replace("\"e-", "\"new-");
    run_on(dir.path(), more.as_bytes(), ["ingest", "-q", "-"]).ok();
    assert!(run(dir.path(), ["log", "verify"]).ok().starts_with("sound"));
}
