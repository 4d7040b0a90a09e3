//! The command line of whoever must answer for a log two years later: verify, back up, repair, redact.

use std::fs;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::Stdio;

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::command::{Ran, copy, folder, program, run, run_on};

/// A folder with a store of 400 consultations of a synthetic clinic.
fn kept() -> TempDir {
    let dir = folder();
    run(dir.path(), ["synth", "clinic", "-o", "clinic.ndjson", "-q"]).ok();
    run(dir.path(), ["ingest", "clinic.ndjson", "-q"]).ok();
    dir
}

fn ask<'a>(dir: &TempDir, line: &'a str) -> Ran {
    run(dir.path(), line.split(' ').collect::<Vec<&'a str>>())
}

fn names(document: &Value) -> Vec<&str> {
    document.as_object().unwrap().keys().map(String::as_str).collect()
}

/// Fills the hot value of the first block with zeros, wherever it lies in the file.
fn damage(store: &Path) {
    let path = store.join("sled").join("db");
    let mut bytes = fs::read(&path).unwrap();
    let places: Vec<usize> = bytes
        .windows(16)
        .enumerate()
        .filter(|(_, window)| window.starts_with(b"EFH1") && window[8..] == 1_u64.to_le_bytes())
        .map(|(at, _)| at)
        .collect();
    assert!(!places.is_empty());
    places.iter().for_each(|at| bytes[at + 50..at + 200].fill(0));
    fs::write(&path, bytes).unwrap();
}

#[test]
fn verify_tells_how_the_store_opened_and_its_commitment() {
    let dir = kept();
    let document = ask(&dir, "log verify --json").json();
    let wanted = ["schema", "sound", "opening", "position", "commitment", "events", "blocks", "findings"];
    let mut told = names(&document);
    told.sort_unstable_by_key(|name| wanted.iter().position(|known| known == name));
    assert_eq!(told, wanted);
    assert_eq!((&document["sound"], &document["opening"]), (&json!(true), &json!("healthy")));
    let head = ask(&dir, "log head").ok();
    assert_eq!(head.trim(), format!("3426:{}", document["commitment"].as_str().unwrap()));
    assert!(ask(&dir, "log verify").ok().contains(head.trim()));
}

#[test]
fn a_backup_is_restored_and_never_over_a_store() {
    let dir = kept();
    ask(&dir, "log backup -o monday.backup").ok();
    let told = ask(&dir, "log restore monday.backup --store copy.store").ok();
    assert!(told.contains("copy.store restored: 3,426 events"), "{told}");
    assert_eq!(ask(&dir, "log export -q").out, ask(&dir, "log export -q --store copy.store").out);
    assert_eq!(ask(&dir, "log head").out, ask(&dir, "log head --store copy.store").out);
    let refused = ask(&dir, "log restore monday.backup").fails(2);
    assert!(refused.contains("is there already; restore into a folder that is new"), "{refused}");
    // Through a pipe as well, and packed.
    let bytes = fs::read(dir.path().join("monday.backup")).unwrap();
    run_on(dir.path(), &bytes, ["log", "restore", "-", "--store", "piped.store"]).ok();
    ask(&dir, "log backup -o packed.zst").ok();
    ask(&dir, "log restore packed.zst --store unpacked.store").ok();
    fs::write(dir.path().join("cut.backup"), &bytes[..bytes.len() / 2]).unwrap();
    let refused = ask(&dir, "log restore cut.backup --store cut.store").fails(5);
    assert!(refused.contains("it ends too early; nothing was restored"), "{refused}");
    let refused = ask(&dir, "log restore clinic.ndjson --store cut.store").fails(5);
    assert!(refused.contains("does not begin as one"), "{refused}");
    assert!(!dir.path().join("cut.store").exists());
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let mode = fs::metadata(dir.path().join("monday.backup")).unwrap().permissions().mode();
        assert_eq!(mode & 0o077, 0, "it holds the keys of the salts");
    }
}

/// From the first wrong exit code to a store that is whole again but for the damaged block.
#[test]
fn damage_is_told_repaired_and_what_can_be_read_goes_in_again() {
    let dir = kept();
    // A second block, which the damage to the first leaves readable.
    let more = fs::read_to_string(dir.path().join("clinic.ndjson")).unwrap().replace("urn:synth", "urn:more");
    fs::write(dir.path().join("more.ndjson"), more).unwrap();
    ask(&dir, "ingest more.ndjson -q").ok();
    damage(&dir.path().join("evenfield.store"));
    for line in ["compare", "log export", "ingest clinic.ndjson"] {
        let told = ask(&dir, line).fails(5);
        assert!(told.contains("damaged at position 1") && told.contains("log repair"), "{told}");
    }
    let verified = ask(&dir, "log verify --json");
    let document = verified.json();
    assert_eq!(
        (verified.code, &document["sound"], &document["opening"]),
        (5, &json!(false), &json!("damaged"))
    );
    assert!(document["findings"].as_array().unwrap().len() >= 2, "{document}");

    let plan = ask(&dir, "log repair");
    assert_eq!(plan.code, 5);
    assert!(
        plan.out.contains("0 events would be kept") && plan.err.contains("--yes"),
        "{}{}",
        plan.out,
        plan.err
    );
    let copied = folder();
    copy(dir.path(), copied.path());
    let told = ask(&copied, "log repair --yes").ok();
    let next = told.split_once("\nnext:\n").map(|(_, next)| next.to_owned());
    let next = next.unwrap_or_else(|| panic!("nothing is said to be next: {told}"));
    for line in next.lines().filter_map(|line| line.trim().strip_prefix("evenfield ")) {
        ask(&copied, line.split("  ").next().unwrap()).ok();
    }
    assert!(next.contains("  evenfield ingest ") && next.contains("  evenfield log verify"), "{next}");
    let repaired = ask(&dir, "log repair --yes --json").json();
    assert_eq!(
        (&repaired["done"], &repaired["position"], &repaired["lost"]),
        (&json!(true), &json!(0), &json!(6852))
    );
    let readable = repaired["readable_after"].as_u64().unwrap();
    assert!(readable >= 2756, "the second block and what follows it: {readable}");
    let file = repaired["readable_file"].as_str().unwrap();
    assert_eq!(fs::read_to_string(dir.path().join(file)).unwrap().lines().count() as u64, readable);
    ask(&dir, &format!("ingest -q {file}")).ok();
    let document = ask(&dir, "log verify --json").json();
    assert_eq!((&document["sound"], &document["events"]), (&json!(true), &json!(readable)));
    assert!(ask(&dir, "log repair").ok().starts_with("nothing to repair"));
}

/// The database writes everything more than once: damage to an old copy costs nothing, and is told all the same.
#[test]
fn damage_that_costs_no_event_is_mended_and_told_once() {
    let dir = kept();
    let whole = ask(&dir, "log export -q").out;
    let path = dir.path().join("evenfield.store").join("sled").join("db");
    let mut bytes = fs::read(&path).unwrap();
    // The header of the database's first message: nothing of ours lies there.
    bytes[21] ^= 0x10;
    fs::write(&path, bytes).unwrap();
    let told = ask(&dir, "log export");
    assert_eq!((told.code, told.out), (0, whole));
    assert!(told.err.contains("no event is lost") && told.err.contains("damaged.0"), "{}", told.err);
    assert!(!ask(&dir, "log export").err.contains("damaged"));
}

#[test]
fn a_redacted_consultation_is_gone_from_every_answer() {
    let dir = kept();
    let traced = ask(&dir, "log trace c-000390 --json").ok();
    let positions: Vec<u64> = traced
        .lines()
        .map(|line| serde_json::from_str::<Value>(line).unwrap()["position"].as_u64().unwrap())
        .collect();
    let head = ask(&dir, "log head").ok();
    let asked = ask(&dir, "log redact c-000390").ok();
    assert!(asked.contains("11 events would be destroyed for ever") && asked.contains("--yes"), "{asked}");
    assert_eq!(ask(&dir, "log head").ok(), head, "nothing was done yet");
    let ran = run(dir.path(), ["log", "redact", "c-000390", "--reason", "asked for", "--yes", "--json"]);
    let document = ran.json();
    let mut told: Vec<u64> = serde_json::from_value(document["positions"].clone()).unwrap();
    told.sort_unstable();
    let mut wanted = positions.clone();
    wanted.sort_unstable();
    assert_eq!((told, &document["position"]), (wanted, &json!(3427)));

    assert!(ask(&dir, "log trace c-000390").fails(4).contains("there is no consultation"));
    assert!(!ask(&dir, "log export -q").ok().contains("c-000390"));
    assert!(!ask(&dir, "outcomes --json").ok().contains("c-000390"));
    assert!(ask(&dir, &format!("log show {}", positions[0])).ok().contains("was redacted"));
    assert!(ask(&dir, "log show 3427").ok().contains("was redacted (asked for)"));
    assert!(ask(&dir, "log stats").ok().contains("redacted"));
    ask(&dir, "log verify").ok();
    // What was published before still holds, and the destroyed event can be shown to have stood there.
    let proof = run(dir.path(), ["log", "prove", &positions[0].to_string(), "--at", "3426"]).ok();
    let checked =
        run_on(dir.path(), proof.as_bytes(), ["log", "check-proof", "-", "--head", head.trim()]).ok();
    assert!(checked.contains("content was destroyed"), "{checked}");
    // It does not come back with the file it came from.
    let again = ask(&dir, "ingest clinic.ndjson");
    assert!(again.err.contains("11 did not go in") && again.out.contains("was redacted"), "{}", again.out);
    assert!(ask(&dir, "log redact nobody").fails(4).contains("there is no consultation"));
}

#[test]
fn positions_and_times_of_receipt_are_kept_on_request() {
    let dir = kept();
    ask(&dir, "log export --positions -q -o placed.ndjson").ok();
    ask(&dir, "ingest -q --store copy.store --keep-positions placed.ndjson").ok();
    for position in ["1", "77", "3426"] {
        let shown = |store| run(dir.path(), ["--store", store, "log", "show", position, "--json"]).ok();
        assert_eq!(shown("evenfield.store"), shown("copy.store"));
    }
    assert_eq!(ask(&dir, "log export -q").out, ask(&dir, "log export -q --store copy.store").out);
    let refused = ask(&dir, "ingest -q --store copy.store --keep-positions placed.ndjson").fails(4);
    assert!(refused.contains("line 1: it stood at position 1, and 3427 is next"), "{refused}");
    let refused = ask(&dir, "ingest -q --store other.store --keep-positions clinic.ndjson").fails(4);
    assert!(refused.contains("evenfieldposition is missing"), "{refused}");
    // Up to the line that does not fit everything goes in, and is counted.
    let placed = fs::read_to_string(dir.path().join("placed.ndjson")).unwrap();
    let lines: Vec<&str> =
        placed.lines().enumerate().filter(|(i, _)| *i != 9).map(|(_, line)| line).collect();
    fs::write(dir.path().join("gap.ndjson"), lines.join("\n")).unwrap();
    let refused = ask(&dir, "ingest --store gap.store --keep-positions gap.ndjson");
    assert!(refused.err.contains("it stood at position 11, and 10 is next"), "{}", refused.err);
    assert!(refused.out.contains("9 appended"), "{}", refused.out);
}

#[test]
fn tail_shows_the_newest_and_follows_without_holding_the_store() {
    let dir = kept();
    let last = ask(&dir, "log tail -n 3").ok();
    let positions: Vec<&str> = last.lines().map(|line| line.split_whitespace().next().unwrap()).collect();
    assert_eq!(positions, ["3424", "3425", "3426"]);
    let mut follower = program(dir.path())
        .args(["log", "tail", "-n", "1", "-f", "--json"])
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(follower.stdout.take().unwrap()).lines();
    let mut next =
        || serde_json::from_str::<Value>(&lines.next().unwrap().unwrap()).unwrap()["position"].clone();
    assert_eq!(next(), json!(3426));
    let clinic = fs::read_to_string(dir.path().join("clinic.ndjson")).unwrap();
    for (round, line) in clinic.lines().take(2).enumerate() {
        let event = line.replace("urn:synth", "urn:later");
        run_on(dir.path(), event.as_bytes(), ["ingest", "-q", "-"]).ok();
        assert_eq!(next(), json!(3427 + round));
    }
    follower.kill().unwrap();
    follower.wait().unwrap();
}

#[test]
fn sealing_by_hand_says_what_it_did() {
    let dir = kept();
    let document = ask(&dir, "log seal --json").json();
    assert_eq!((&document["schema"], &document["merged"]), (&json!("evenfield.seal/1"), &json!(0)));
    assert!(ask(&dir, "log seal").ok().contains("the log has 1 block"));
}
