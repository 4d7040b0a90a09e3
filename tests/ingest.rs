//! Ingest as its users meet it: what goes in, what does not and why, and what comes out again.
//!
//! Real payloads and published episodes lie beside the project; their tests hold where
//! `EVENFIELD_SAMPLES` and `EVENFIELD_CONFORMANCE` name their folders, and say so where they do not.

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use crate::command::{COLUMNS, HOOKS, PERSONAL, SHEET, files, folder, run, run_on};

fn event(id: &str, kind: &str, time: &str, data: &str) -> String {
    format!(
        r#"{{"specversion":"1.0","id":"{id}","source":"urn:example:trust-a","type":"evenfield.consultation.{kind}.v1","subject":"c-0001","time":"{time}","data":{data}}}"#
    )
}

/// Lines as they come: good ones, and one of every way to be wrong.
struct Messy {
    good: Vec<String>,
    /// Which line, its bytes, and what the reason begins with.
    bad: Vec<(u64, String, &'static str)>,
    text: String,
}

fn messy() -> Messy {
    let joined = event(
        "e-1",
        "joined",
        "2022-03-01T09:00:03.120Z",
        r#"{"participant":"p-17","role":"patient","context":{"platform":"attend-anywhere"}}"#,
    );
    let unknown = event("e-2", "levitated", "2022-03-01T09:01:00Z", r#"{"height":3}"#);
    let completed = event("e-3", "completed", "2022-03-01T09:14:00Z", "{}");
    let cut = joined[..105].to_owned();
    let foreign = joined.replace("evenfield.consultation.joined.v1", "com.example.order");
    let untimed = event("e-4", "dropped", "", "{}").replace(r#""time":"","#, "");
    let future = event("e-5", "completed", "2126-03-01T09:04:10Z", "{}");
    let beyond = event("e-6", "rated", "2022-03-01T10:00:00Z", r#"{"role":"patient","scale":5,"value":7}"#);
    let conflict = joined.replace("09:00:03.120Z", "09:00:04Z");
    let lines =
        [&joined, &cut, &foreign, &joined, &untimed, &unknown, &future, &beyond, "", &conflict, &completed];
    let text = lines.iter().map(|line| format!("{line}\n")).collect();
    let bad = vec![
        (2, cut.clone(), "it is no JSON: EOF while parsing a"),
        (
            3,
            foreign.clone(),
            "/type: type is \"com.example.order\"; write a type such as \"evenfield.consultation.joined.v1\", \
             or leave events of other types out",
        ),
        (5, untimed.clone(), "/time: time is missing; write a time such as \"2026-03-01T09:00:03.120Z\""),
        (7, future.clone(), "time 2126-03-01T09:04:10Z lies more than 24 h after it was received, at 20"),
        (8, beyond.clone(), "/data/value: data.value is 7; write a level from 0 to the scale, which is 5"),
        (
            10,
            conflict.clone(),
            "source \"urn:example:trust-a\" has another event \"e-1\" already, at position 1, with other at; \
             give this one an id of its own",
        ),
    ];
    Messy { good: vec![joined.clone(), unknown.clone(), completed.clone()], bad, text }
}

/// The rejections of a report by line, whatever their order.
fn rejected(report: &Value) -> Vec<(u64, String)> {
    let told = report["rejected"].as_array().unwrap();
    let one = |told: &Value| (told["line"].as_u64().unwrap(), told["reason"].as_str().unwrap().to_owned());
    let mut told: Vec<_> = told.iter().map(one).collect();
    told.sort();
    told
}

#[test]
fn a_messy_file_is_reported_line_by_line_and_the_good_ones_go_in() {
    let (dir, messy) = (folder(), messy());
    fs::write(dir.path().join("messy.ndjson"), &messy.text).unwrap();
    let ran = run(dir.path(), ["ingest", "messy.ndjson", "--json"]);
    let report = ran.json();
    let counts = json!({"read": 10, "appended": 3, "duplicates": 1, "positions": [1, 3]});
    for (name, count) in counts.as_object().unwrap() {
        assert_eq!(&report[name], count, "{name}");
    }
    assert_eq!(report["feeds"], json!({"cloudevents": {"completed": 1, "joined": 1, "levitated.v1": 1}}));
    assert_eq!(report.as_object().unwrap().len(), 6, "{report}");
    let told = rejected(&report);
    assert_eq!(told.len(), messy.bad.len(), "{report}");
    for ((line, reason), (place, _, begins)) in told.iter().zip(&messy.bad) {
        assert!(line == place && reason.starts_with(begins), "line {line}: {reason}");
    }
    assert!(told[3].1.ends_with("; mend the clock, or allow it with --allow-future"), "{}", told[3].1);
    assert!(ran.fails(4).contains("6 did not go in, of 10 read"));
    let exported = run(dir.path(), ["log", "export"]).ok();
    assert_eq!(exported.lines().collect::<Vec<_>>(), messy.good);
    let told = run(dir.path(), ["ingest", "messy.ndjson"]);
    assert!(told.out.starts_with("10 read: 0 appended, 4 there already, 6 rejected\n"), "{}", told.out);
    for (line, _, begins) in &messy.bad {
        assert!(told.out.contains(&format!("line {line}: {begins}")), "{}", told.out);
    }
}

/// Together they are more bytes than the log takes at once; one is larger than an event may be.
#[test]
fn large_events_go_in_however_many_they_are() {
    let dir = folder();
    let line = |number: usize| {
        let note = "x".repeat(if number == 700 { 66_000 } else { 60_000 });
        event(&format!("e-{number}"), "dropped", "2022-03-01T09:00:00Z", &format!(r#"{{"note":"{note}"}}"#))
    };
    let text: String = (1..=1_200).map(|number| line(number) + "\n").collect();
    assert!(text.len() > engine::log::BATCH_BYTES);
    let report = run_on(dir.path(), text.as_bytes(), ["ingest", "--json", "-"]).json();
    assert_eq!((&report["read"], &report["appended"]), (&json!(1_200), &json!(1_199)));
    let [(700, reason)] = &rejected(&report)[..] else { panic!("{}", report["rejected"]) };
    assert!(reason.ends_with("and 65536 are allowed"), "{reason}");
}

#[test]
fn rejections_come_in_the_order_of_their_lines() {
    let ran = run_on(folder().path(), messy().text.as_bytes(), ["ingest", "--json", "-"]);
    let report = ran.json();
    let lines: Vec<u64> =
        report["rejected"].as_array().unwrap().iter().filter_map(|told| told["line"].as_u64()).collect();
    assert!(lines.is_sorted(), "{lines:?}");
}

#[test]
fn rejected_lines_are_kept_to_be_mended_and_taken_in_again() {
    let (dir, messy) = (folder(), messy());
    fs::write(dir.path().join("messy.ndjson"), &messy.text).unwrap();
    run(dir.path(), ["ingest", "messy.ndjson", "--reject", "bad.ndjson"]).fails(4);
    let kept = fs::read_to_string(dir.path().join("bad.ndjson")).unwrap();
    let mut kept: Vec<&str> = kept.lines().collect();
    let mut bad: Vec<&str> = messy.bad.iter().map(|(_, line, _)| line.as_str()).collect();
    kept.sort_unstable();
    bad.sort_unstable();
    assert_eq!(kept, bad);
    // As they are they are rejected again, all of them; one that is mended goes in.
    let again = run(dir.path(), ["ingest", "bad.ndjson", "--json", "--reject", "worse.ndjson"]);
    assert_eq!(again.json()["rejected"].as_array().unwrap().len(), bad.len());
    let mended = bad.join("\n").replace("\"value\":7", "\"value\":4");
    fs::write(dir.path().join("mended.ndjson"), mended).unwrap();
    let mended = run(dir.path(), ["ingest", "mended.ndjson", "--json"]).json();
    assert_eq!((&mended["appended"], &mended["positions"]), (&json!(1), &json!([4, 4])));
    // Nothing rejected, nothing kept.
    fs::write(dir.path().join("good.ndjson"), messy.good.join("\n")).unwrap();
    run(dir.path(), ["ingest", "good.ndjson", "--reject", "none.ndjson"]).ok();
    assert_eq!(fs::read_to_string(dir.path().join("none.ndjson")).unwrap(), "");
}

/// An event that is refused late is kept as the event it is, so that it can be mended and taken in.
#[test]
fn an_event_that_is_refused_late_can_be_mended() {
    let dir = folder();
    let future = event("e-5", "completed", "2126-03-01T09:04:10Z", "{}");
    run_on(dir.path(), future.as_bytes(), ["ingest", "-", "--reject", "bad.ndjson"]).fails(4);
    let kept = fs::read_to_string(dir.path().join("bad.ndjson")).unwrap();
    assert_eq!(kept.trim_end(), future);
    let mended = kept.replace("2126-", "2026-");
    run_on(dir.path(), mended.as_bytes(), ["ingest", "-"]).ok();
}

/// What a vendor's feed refuses late is kept under pseudonyms: taken in again as it is, in the native form,
/// a name would stay in the log for ever.
#[test]
fn nobody_is_named_in_what_a_vendors_feed_refuses_late() {
    let dir = folder();
    let left = HOOKS.lines().nth(2).unwrap().replace("\"leave_time\":\"2022", "\"leave_time\":\"2126");
    run_on(dir.path(), left.as_bytes(), [&ZOOM[..], &["--reject", "bad.ndjson", "-"]].concat()).fails(4);
    let kept = fs::read_to_string(dir.path().join("bad.ndjson")).unwrap();
    assert!(kept.contains("pn1-") && !kept.contains("U-2-pebble"), "{kept}");
    run(dir.path(), ["ingest", "--allow-future", "bad.ndjson"]).ok();
    let exported = run(dir.path(), ["log", "export"]).ok();
    assert!(!exported.contains("U-2-pebble"), "a person is in the store by name");
}

#[test]
fn a_future_event_goes_in_when_it_is_allowed() {
    let dir = folder();
    let future = event("e-5", "completed", "2126-03-01T09:04:10Z", "{}");
    run_on(dir.path(), future.as_bytes(), ["ingest", "-"]).fails(4);
    run_on(dir.path(), future.as_bytes(), ["ingest", "-", "--allow-future"]).ok();
    assert_eq!(run(dir.path(), ["log", "export"]).ok().trim_end(), future);
}

#[test]
fn ingesting_again_changes_nothing() {
    let (dir, messy) = (folder(), messy());
    let first = run_on(dir.path(), messy.text.as_bytes(), ["ingest", "--json", "-"]).json();
    let exported = run(dir.path(), ["log", "export"]).ok();
    let outcomes = run(dir.path(), ["outcomes", "--json"]).ok();
    let again = run_on(dir.path(), messy.text.as_bytes(), ["ingest", "--json", "-"]).json();
    assert_eq!((&again["appended"], &again["duplicates"]), (&json!(0), &json!(4)));
    assert_eq!((&again["positions"], &again["read"]), (&Value::Null, &first["read"]));
    assert_eq!(run(dir.path(), ["log", "export"]).ok(), exported);
    assert_eq!(run(dir.path(), ["outcomes", "--json"]).ok(), outcomes);
    // Only duplicates are no error.
    let again = run_on(dir.path(), exported.as_bytes(), ["ingest", "--json", "-"]);
    assert_eq!((&again.json()["duplicates"], &again.json()["read"]), (&json!(3), &json!(3)));
    again.ok();
}

#[test]
fn an_export_is_the_same_bytes_out_of_every_store_it_went_through() {
    let dir = folder();
    let recorded = run(dir.path(), ["scenario", "show", "messy-feed", "--events"]).ok();
    let exported = |store: &str, input: &str| {
        run_on(dir.path(), input.as_bytes(), ["--store", store, "ingest", "-"]).ok();
        run(dir.path(), ["--store", store, "log", "export"]).ok()
    };
    let once = exported("a.store", &recorded);
    assert!(once.lines().count() > 10_000);
    assert!(exported("b.store", &once) == once, "another export after one more store");
    let outcomes = |store: &str| run(dir.path(), ["--store", store, "outcomes", "--json"]).ok();
    assert!(outcomes("a.store") == outcomes("b.store"), "other outcomes after one more store");
}

#[test]
fn several_files_are_one_report() {
    let (dir, messy) = (folder(), messy());
    fs::write(dir.path().join("a.ndjson"), &messy.good[0]).unwrap();
    fs::write(dir.path().join("b.ndjson"), messy.good[1..].join("\n")).unwrap();
    let report = run(dir.path(), ["ingest", "--json", "a.ndjson", "b.ndjson", "a.ndjson"]).json();
    let kinds = json!({"completed": 1, "joined": 1, "levitated.v1": 1});
    let whole = json!({"read": 4, "appended": 3, "duplicates": 1, "rejected": [], "positions": [1, 3],
        "feeds": {"cloudevents": kinds}});
    assert_eq!(report, whole);
    // One file that is not there keeps all of them out.
    let message = run(dir.path(), ["--store", "c.store", "ingest", "a.ndjson", "c.ndjson"]).fails(4);
    assert!(message.contains("c.ndjson") && !dir.path().join("c.store").exists(), "{message}");
}

const ZOOM: [&str; 5] = ["ingest", "--feed", "zoom-webhook", "--others", "patient"];

#[test]
fn nobody_can_be_known_from_a_store_of_a_vendors_feed() {
    let dir = folder();
    fs::write(dir.path().join("hooks.ndjson"), HOOKS).unwrap();
    fs::write(dir.path().join("sheet.csv"), SHEET).unwrap();
    fs::write(dir.path().join("columns.toml"), COLUMNS).unwrap();
    let ran = run(dir.path(), [&ZOOM[..], &["hooks.ndjson"]].concat());
    assert!(ran.err.contains("made the key of pseudonyms ./evenfield.store.key"), "{}", ran.err);
    ran.ok();
    run(dir.path(), ["ingest", "--feed", "csv", "--map", "columns.toml", "sheet.csv"]).ok();
    let row = run(dir.path(), ["outcomes", "--json", "--consultation", "uL5aP=="]).json();
    assert_eq!(
        (&row["drops"], &row["connected_ms"], &row["down_ms"]),
        (&json!(1), &json!(930_000), &json!(30_000))
    );
    let told = ["log export", "outcomes --json", "outcomes", "log show 2", "log trace uL5aP=="];
    let mut seen: Vec<(String, Vec<u8>)> = told
        .iter()
        .map(|args| {
            let out = run(dir.path(), args.split(' ').collect::<Vec<_>>()).ok();
            ((*args).to_owned(), out.into_bytes())
        })
        .collect();
    let store = dir.path().join("evenfield.store");
    seen.extend(files(&store).into_iter().map(|path| (path.display().to_string(), fs::read(&path).unwrap())));
    assert!(seen.len() > 8);
    for (place, bytes) in seen {
        for personal in PERSONAL.into_iter().chain(["9434765919", "9434765870"]) {
            let found = bytes.windows(personal.len()).any(|window| window == personal.as_bytes());
            assert!(!found, "{personal} is in {place}");
        }
    }
    let key = fs::read_to_string(dir.path().join("evenfield.store.key")).unwrap();
    assert_eq!(key.trim_end().len(), 64);
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let mode = fs::metadata(dir.path().join("evenfield.store.key")).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
    }
}

#[test]
fn one_key_gives_one_pseudonym_and_another_another() {
    let dir = folder();
    let export = |store: &str, key: &str| {
        let args = [&["--store", store][..], &ZOOM, &["--key", key, "-"]].concat();
        run_on(dir.path(), HOOKS.as_bytes(), args).ok();
        run(dir.path(), ["--store", store, "log", "export"]).ok()
    };
    let ours = export("a.store", "ours.key");
    assert_eq!(export("b.store", "ours.key"), ours);
    let theirs = export("c.store", "theirs.key");
    let people = |text: &str| -> Vec<String> {
        let told = text.match_indices("pn1-").map(|(at, _)| text[at..at + 30].to_owned());
        let mut told: Vec<String> = told.collect();
        told.sort();
        told.dedup();
        told
    };
    assert_eq!((people(&ours).len(), people(&theirs).len()), (2, 2));
    assert!(people(&ours).iter().all(|name| !theirs.contains(name)));
    // Ingested again with the same key it is there already.
    let again = run_on(
        dir.path(),
        HOOKS.as_bytes(),
        [&["--store", "a.store"][..], &ZOOM, &["--key", "ours.key", "-", "--json"]].concat(),
    );
    assert_eq!((&again.json()["appended"], &again.json()["positions"]), (&json!(0), &Value::Null));
}

#[test]
fn an_export_of_a_vendors_feed_is_not_hashed_twice() {
    let dir = folder();
    run_on(dir.path(), HOOKS.as_bytes(), [&ZOOM[..], &["--pseudonymise-consultations", "-"]].concat()).ok();
    let exported = run(dir.path(), ["log", "export"]).ok();
    assert!(!exported.contains("uL5aP=="));
    run_on(dir.path(), exported.as_bytes(), ["ingest", "--store", "other.store", "-"]).ok();
    assert_eq!(run(dir.path(), ["log", "export", "--store", "other.store"]).ok(), exported);
    let again = run_on(dir.path(), exported.as_bytes(), ["ingest", "--json", "-"]).json();
    assert_eq!((&again["appended"], &again["duplicates"]), (&json!(0), &again["read"]));
}

/// A record system knows of the booking, the platform of what happened, and both are told of one
/// consultation; also where its name is a pseudonym. A booking that nobody came to stands for itself.
#[test]
fn an_encounter_and_what_a_platform_saw_are_one_consultation() {
    let dir = folder();
    let encounter = |id: &str, meeting: &str, start: &str| {
        json!({
            "resourceType": "Encounter", "id": id, "status": "finished", "class": {"code": "VR"},
            "identifier": [{"system": "https://video.example/meetings", "value": meeting}],
            "serviceType": {"coding": [{"code": "cardiology"}]},
            "period": {"start": start},
        })
    };
    let held = encounter("enc-1", "uL5aP==", "2022-03-23T12:30:00Z");
    let missed = encounter("enc-2", "vM6bQ==", "2022-03-22T12:30:00Z");
    let encounters = format!("{held}\n{missed}\n");
    fs::write(dir.path().join("encounters.ndjson"), encounters).unwrap();
    let mapping = "consultation = \"https://video.example/meetings\"\nplatform = \"zoom\"\n";
    fs::write(dir.path().join("fhir.toml"), mapping).unwrap();
    for (store, more) in [("a.store", &[][..]), ("b.store", &["--pseudonymise-consultations"][..])] {
        let into = |args: &[&'static str]| [&["--store", store][..], args, more].concat();
        run(dir.path(), into(&["ingest", "--map", "fhir.toml", "encounters.ndjson"])).ok();
        run_on(dir.path(), HOOKS.as_bytes(), into(&[&ZOOM[..], &["-"]].concat())).ok();
        let rows = run(dir.path(), ["--store", store, "outcomes", "--format", "ndjson"]).ok();
        let mut rows: Vec<Value> = rows.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        rows.sort_by_key(|row| row["connected"].as_bool());
        let [missed, held] = &rows[..] else { panic!("{rows:?}") };
        assert_eq!(
            (&held["context"]["service"], &held["context"]["platform"], &held["drops"], &held["ending"]),
            (&json!("cardiology"), &json!("zoom"), &json!(1), &json!("completed"))
        );
        assert_eq!((&missed["context"]["platform"], &missed["ending"]), (&json!("zoom"), &json!("no_show")));
    }
}

#[test]
fn a_file_that_holds_no_key_is_left_as_it_is() {
    let dir = folder();
    fs::write(dir.path().join("notes.txt"), "not a key\n").unwrap();
    let args = [&ZOOM[..], &["--key", "notes.txt", "-"]].concat();
    let message = run_on(dir.path(), HOOKS.as_bytes(), args).fails(4);
    assert!(message.contains("notes.txt") && message.contains("64 hexadecimal digits"), "{message}");
    assert_eq!(fs::read_to_string(dir.path().join("notes.txt")).unwrap(), "not a key\n");
}

#[test]
fn a_spreadsheet_without_its_mapping_is_told_what_is_missing() {
    let dir = folder();
    fs::write(dir.path().join("sheet.csv"), SHEET).unwrap();
    let message = run(dir.path(), ["ingest", "sheet.csv"]).fails(4);
    assert!(message.contains("does not name consultation") && message.contains("\"Ref\""), "{message}");
    assert!(message.contains("--map"), "it does not say how to give a mapping: {message}");
}

/// A folder beside the project, if it was named.
fn beside(name: &str) -> Option<PathBuf> {
    let found = std::env::var_os(name).map(PathBuf::from);
    if found.is_none() {
        println!("skipped: {name} names no folder");
    }
    found
}

#[test]
fn samples_of_every_vendor_go_in_or_are_rejected_with_a_reason() {
    let Some(folder) = beside("EVENFIELD_SAMPLES") else { return };
    let samples = files(&folder);
    assert!(samples.len() > 10, "{samples:?}");
    let mut appended = 0;
    for sample in samples {
        appended += take_in(&sample);
    }
    assert!(appended > 0, "no sample went in");
}

/// Takes a sample into a store of its own, and returns how many events it told.
fn take_in(sample: &Path) -> u64 {
    let (dir, path) = (folder(), sample.to_str().unwrap());
    let ran = run(dir.path(), ["ingest", "--json", "--consultation", "c-1", "--allow-future", path]);
    assert!([0, 4].contains(&ran.code) && !ran.err.contains("panicked"), "{path}: {}", ran.err);
    if ran.out.is_empty() {
        assert!(ran.code == 4 && ran.err.contains("--feed"), "{path}: {}", ran.err);
        return 0;
    }
    let report = ran.json();
    for (_, reason) in rejected(&report) {
        assert!(reason.len() > 20, "{path}: {reason}");
    }
    let bad = !report["rejected"].as_array().unwrap().is_empty();
    assert!(ran.code == 0 || bad || ran.err.lines().any(|line| line.len() > 40), "{path}: {}", ran.err);
    run(dir.path(), ["compare"]).ok();
    report["appended"].as_u64().unwrap()
}

#[test]
fn outcomes_are_those_of_the_conformance_episodes_in_every_field_given() {
    let Some(beside) = beside("EVENFIELD_CONFORMANCE") else { return };
    let dir = folder();
    let episodes = beside.join("episodes.ndjson");
    run(dir.path(), ["ingest", "--quiet", episodes.to_str().unwrap()]).ok();
    let rows =
        |text: &str| -> Vec<Value> { text.lines().map(|line| serde_json::from_str(line).unwrap()).collect() };
    let ours = rows(&run(dir.path(), ["outcomes", "--json"]).ok());
    let mut given = rows(&fs::read_to_string(beside.join("outcomes.ndjson")).unwrap());
    given.sort_by(|a, b| a["consultation"].as_str().cmp(&b["consultation"].as_str()));
    assert_eq!(ours.len(), given.len());
    let mut wrong = Vec::new();
    for (ours, given) in ours.iter().zip(&given) {
        for (field, value) in given.as_object().unwrap() {
            if ours.get(field) != Some(value) {
                let found = ours.get(field);
                wrong.push(format!("{}: {field} is {found:?}, given {value}", given["consultation"]));
            }
        }
    }
    assert!(wrong.is_empty(), "{} fields differ:\n{}", wrong.len(), wrong.join("\n"));
    println!("{} of {} agree in every field given", ours.len(), given.len());
}
