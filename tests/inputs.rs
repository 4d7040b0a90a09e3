//! The way in: packed files, folders, arrays, values one after another; several sources of one consultation.
//!
//! Whatever way events come, and in whatever order of files, what is read of them is the same to the byte.

use std::fs;
use std::io::Write;
use std::path::Path;

use serde_json::{Value, json};

use crate::command::{COLUMNS, EXAMPLE, HOOKS, PERSONAL, SHEET, files, folder, line, run, run_on};

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut packing = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    packing.write_all(bytes).unwrap();
    packing.finish().unwrap()
}

fn outcomes(dir: &Path, store: &str) -> String {
    run(dir, ["--store", store, "outcomes", "--json"]).ok()
}

#[test]
fn whatever_way_events_come_they_are_the_same() {
    let dir = folder();
    let values: Vec<Value> = EXAMPLE.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let pretty: Vec<String> =
        values.iter().map(|value| serde_json::to_string_pretty(value).unwrap()).collect();
    let (first, rest) = EXAMPLE.split_at(EXAMPLE.find('\n').unwrap() + 1);
    let zstd = |text: &str| zstd::encode_all(text.as_bytes(), 1).unwrap();
    let ways = [
        EXAMPLE.as_bytes().to_vec(),
        gzip(EXAMPLE.as_bytes()),
        [gzip(first.as_bytes()), gzip(rest.as_bytes())].concat(),
        [zstd(first), zstd(rest)].concat(),
        json!(values).to_string().into_bytes(),
        serde_json::to_vec_pretty(&values).unwrap(),
        pretty.join("\n").into_bytes(),
        EXAMPLE.replace('\n', " ").into_bytes(),
        format!("{first}{}", rest.lines().collect::<Vec<_>>().join(",")).into_bytes(),
    ];
    for (number, bytes) in ways.iter().enumerate() {
        let store = format!("{number}.store");
        let report = run_on(dir.path(), bytes, ["--store", &store, "ingest", "--json", "-"]).json();
        assert_eq!((&report["appended"], &report["rejected"]), (&json!(5), &json!([])), "way {number}");
        assert_eq!(outcomes(dir.path(), &store), outcomes(dir.path(), "0.store"), "way {number}");
    }
}

#[test]
fn a_packed_file_that_is_damaged_is_told_with_what_went_in_before() {
    let dir = folder();
    let many: String = (0..20_000_u64)
        .map(|number| {
            let person = number.wrapping_mul(0x9E37_79B9_7F4A_7C15);
            EXAMPLE
                .lines()
                .next()
                .unwrap()
                .replace("e-1", &format!("e-{number}"))
                .replace("p-17", &person.to_string())
                + "\n"
        })
        .collect();
    for (name, whole) in
        [("x.gz", gzip(many.as_bytes())), ("x.zst", zstd::encode_all(many.as_bytes(), 1).unwrap())]
    {
        let store = format!("{name}.store");
        fs::write(dir.path().join(name), &whole[..whole.len() * 2 / 3]).unwrap();
        let ran = run(dir.path(), ["--store", &store, "ingest", "--json", name]);
        let went_in = ran.json()["appended"].as_u64().unwrap();
        assert!((1000..20_000).contains(&went_in), "{name}: {went_in}");
        let told = ran.fails(4);
        assert!(told.contains("damaged or cut off") && told.contains("get the file again"), "{told}");
        fs::write(dir.path().join(name), &whole).unwrap();
        let report = run(dir.path(), ["--store", &store, "ingest", "--json", name]).json();
        assert_eq!((&report["duplicates"], &report["appended"]), (&json!(went_in), &json!(20_000 - went_in)));
    }
}

#[test]
fn a_folder_goes_in_file_by_file_and_what_nothing_recognises_keeps_out_no_other() {
    let dir = folder();
    let at = |name: &str| dir.path().join(name);
    fs::create_dir_all(at("in/deep")).unwrap();
    fs::write(at("in/b.ndjson.gz"), gzip(HOOKS.as_bytes())).unwrap();
    fs::write(at("in/deep/a.ndjson"), EXAMPLE).unwrap();
    fs::write(at("in/letter.txt"), "Dear colleague\n").unwrap();
    fs::write(at("in/.draft"), "x").unwrap();
    let args = ["--store", "in/x.store", "ingest", "in", "--json"];
    let ran = run(dir.path(), args);
    let report = ran.json();
    let feeds: Vec<&String> = report["feeds"].as_object().unwrap().keys().collect();
    assert_eq!(feeds, ["cloudevents", "zoom-webhook"]);
    assert_eq!(report["unread"][0]["file"], "in/letter.txt");
    assert!(
        report["unread"][0]["reason"].as_str().unwrap().contains("say which it is with --feed"),
        "{report}"
    );
    assert!(ran.fails(4).contains("1 file could not be read"));
    // The store and its keys are no input, though they lie in the folder.
    let sum_up = ["--store", "in/x.store", "summary", "make", "-o", "x.summary"];
    assert!(run(dir.path(), sum_up).fails(0).contains("so name one for all"));
    let again = run(dir.path(), args).json();
    assert_eq!(
        (&again["appended"], &again["duplicates"], &again["read"]),
        (&json!(0), &report["read"], &report["read"])
    );
    assert_eq!(
        again["left_out"],
        json!({"hidden": 1, "the key of pseudonyms": 1, "the key that signs": 1, "the store": 1})
    );
}

/// The booking knows the circumstances of a consultation of which Zoom tells what happened.
const BOOKINGS: &str = "consultation,kind,at,service,network
uL5aP==,scheduled,2022-03-23T12:00:00Z,cardiology,mobile
";

#[test]
fn sources_of_one_consultation_join_up_in_any_order() {
    for pseudonyms in [&[][..], &["--pseudonymise-consultations"]] {
        let dir = folder();
        fs::write(dir.path().join("hooks.ndjson"), HOOKS).unwrap();
        fs::write(dir.path().join("bookings.csv"), BOOKINGS).unwrap();
        let half = HOOKS.split_inclusive('\n').take(3).collect::<String>();
        fs::write(dir.path().join("half.ndjson"), &half).unwrap();
        let orders = [
            ["bookings.csv", "half.ndjson", "hooks.ndjson"],
            ["hooks.ndjson", "half.ndjson", "bookings.csv"],
            ["half.ndjson", "bookings.csv", "hooks.ndjson"],
        ];
        let told: Vec<String> = orders
            .iter()
            .enumerate()
            .map(|(number, files)| {
                let store = format!("{number}.store");
                for file in files {
                    let args = [
                        &["--store", &store, "ingest", "--key", "one.key", "--others", "patient"],
                        pseudonyms,
                    ];
                    run(dir.path(), [args.concat(), vec![file]].concat()).ok();
                }
                outcomes(dir.path(), &store)
            })
            .collect();
        assert!(told.iter().all(|one| *one == told[0]), "{told:?}");
        let row: Value = serde_json::from_str(&told[0]).unwrap();
        assert_eq!((&row["drops"], &row["context"]["service"]), (&json!(1), &json!("cardiology")), "{row}");
        assert_eq!(
            (&row["context"]["platform"], &row["context"]["network"]),
            (&json!("zoom"), &json!("mobile"))
        );
        assert_eq!(row["consultation"].as_str().unwrap().starts_with("cn1-"), !pseudonyms.is_empty());
    }
}

#[test]
fn a_file_is_explained_without_a_store_and_nobody_is_named() {
    let dir = folder();
    let torn = format!("{HOOKS}{}\n", &HOOKS[..90]);
    fs::write(dir.path().join("hooks.ndjson"), &torn).unwrap();
    let ran = run(dir.path(), ["feed", "explain", "--others", "patient", "hooks.ndjson"]);
    for personal in PERSONAL {
        assert!(!ran.out.contains(personal), "{personal}: {}", ran.out);
    }
    for wanted in [
        "line 1: recording_declared  urn:zoom:trust-a",
        "line 3: dropped  uL5aP==  2022-03-23T12:40:00Z  patient",
        "line 6: left out: free text: the comment on a rating is refused",
        "line 7: rejected: it is no JSON",
        "7 events, 1 rejected, 1 left out; nothing was imported",
        "with care, dropped: told by the wording",
        "cannot tell: ",
    ] {
        assert!(ran.out.contains(wanted), "{wanted}: {}", ran.out);
    }
    assert!(ran.fails(4).contains("1 would not go in"));
    assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 1, "something was written");
    // What is explained is what goes in.
    let told = run(dir.path(), ["feed", "explain", "--json", "hooks.ndjson"]);
    let rows: Vec<Value> = told.out.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let (summary, rows) = rows.split_last().unwrap();
    let report = run(dir.path(), ["ingest", "--json", "hooks.ndjson"]).json();
    assert_eq!(summary["summary"]["kinds"], report["feeds"]["zoom-webhook"]);
    assert_eq!(summary["summary"]["left_out"], report["skipped"]);
    assert_eq!(json!(rows.iter().filter(|row| row.get("kind").is_some()).count()), report["appended"]);
    assert!(rows.iter().all(|row| row["line"].as_u64().is_some()), "{rows:?}");
}

#[test]
fn a_spreadsheet_is_explained_by_its_mapping_and_head_has_seen_enough() {
    let dir = folder();
    fs::write(dir.path().join("sheet.csv"), SHEET).unwrap();
    fs::write(dir.path().join("columns.toml"), COLUMNS).unwrap();
    fs::write(dir.path().join("many.ndjson"), EXAMPLE.repeat(20_000)).unwrap();
    let told = run(dir.path(), ["feed", "explain", "--map", "columns.toml", "sheet.csv"]).ok();
    assert!(told.contains("line 2: joined  7  2022-03-02T09:02:00Z") && !told.contains("943"), "{told}");
    let ran = line(dir.path(), "evenfield feed explain many.ndjson | head -2");
    assert_eq!((ran.code, ran.out.lines().count()), (0, 2), "{}", ran.err);
    assert!(!ran.err.contains("panicked"), "{}", ran.err);
    let told = run(dir.path(), ["feed", "explain", "sheet.csv"]).fails(4);
    assert!(told.contains("--map"), "{told}");
    let told = run(dir.path(), ["feed", "explain", "many.ndjson", "--policy", "rounded"]).fails(2);
    assert!(told.contains("one by one"), "{told}");
}

/// A mapping that was written for a table reads it, once somebody has said how its times are written.
#[test]
fn a_mapping_guessed_from_a_spreadsheet_takes_it_in() {
    let dir = folder();
    fs::write(dir.path().join("sheet.csv"), SHEET).unwrap();
    let told = run(dir.path(), ["feed", "template", "sheet.csv", "-o", "mapping.toml"]).ok();
    assert_eq!(told, "");
    let mapping = fs::read_to_string(dir.path().join("mapping.toml")).unwrap();
    assert!(!mapping.contains("943") && !mapping.contains("cardiology"), "{mapping}");
    let ingest = || run(dir.path(), ["ingest", "--feed", "csv", "--map", "mapping.toml", "sheet.csv"]);
    let told = ingest();
    assert!(told.out.contains("time_format"), "{}", told.out);
    told.fails(4);
    let checked = mapping.replace("# zone", "zone").replace("# time_format = \"%d", "time_format = \"%d");
    fs::write(dir.path().join("mapping.toml"), checked).unwrap();
    let told = ingest().ok();
    assert!(told.contains("csv: 1 abandoned, 2 joined, 1 recording_declared"), "{told}");
    let rows = run(dir.path(), ["outcomes", "--json", "--consultation", "8"]).json();
    assert_eq!((&rows["consultation"], &rows["ending"]), (&json!("8"), &json!("abandoned")));
}

#[test]
fn what_is_no_table_or_tells_nothing_of_itself_gets_no_mapping_but_what_to_do() {
    let dir = folder();
    for (input, wanted) in [
        (HOOKS, "is no table but Zoom webhooks: it needs no mapping of columns"),
        ("Dear colleague\n", "save a spreadsheet as CSV first"),
        ("PK\u{3}\u{4}\u{14}\0,,,", "save a spreadsheet as CSV first"),
        ("", "there is no header"),
        ("shape,colour\nround,red\n", "no column tells by its name what it holds: \"shape\", \"colour\""),
    ] {
        let told = run_on(dir.path(), input.as_bytes(), ["feed", "template", "-"]).fails(4);
        assert!(told.contains(wanted), "{told}");
    }
}

#[test]
fn an_ingest_ends_with_what_came_in_what_cannot_be_told_and_what_to_do() {
    let dir = folder();
    let strange = EXAMPLE.replace("joined.v1", "levitated.v2").replace(r#""to":"#, r#""ward":3,"to":"#);
    let told = run_on(dir.path(), format!("{strange}{}\n", &EXAMPLE[..90]).as_bytes(), ["ingest", "-"]).out;
    for wanted in [
        "  cloudevents: 1 converted, 1 dropped, 1 levitated.v2, 1 questionnaire, 1 rated",
        "1 of kinds that are not known here: kept",
        "fields that are not known here, or have no value that is, kept and not read: 1 \"ward\"",
        "line 6: it is no JSON",
        "keep it with --reject FILE",
        "next: evenfield compare",
    ] {
        assert!(told.contains(wanted), "{wanted}: {told}");
    }
    let told = run_on(dir.path(), HOOKS.as_bytes(), ["ingest", "-"]).ok();
    assert!(told.contains("it cannot tell: ") && told.contains("audio_lost"), "{told}");
    let hidden =
        run_on(dir.path(), HOOKS.as_bytes(), ["--store", "y", "ingest", "--policy", "rounded", "-"]).ok();
    assert!(!hidden.contains("1 dropped"), "{hidden}");
}

/// What Zoom's webhooks only infer, and what they cannot tell, is said wherever figures rest on it.
#[test]
fn what_is_inferred_or_cannot_be_told_is_said_in_every_answer() {
    let dir = folder();
    run_on(dir.path(), HOOKS.as_bytes(), ["ingest", "--others", "patient", "-"]).ok();
    let compared = run(dir.path(), ["compare"]).ok();
    for wanted in [
        "zoom ~",
        "only inferred by its feed (~); drops may be more than are told; `evenfield feed show NAME` tells from what",
        "Not measured by any feed here: first_try_join",
    ] {
        assert!(compared.contains(wanted), "{wanted}: {compared}");
    }
    let document = run(dir.path(), ["compare", "--json"]).json();
    let row = |measure: &str| {
        let rows = document["rows"].as_array().unwrap();
        rows.iter()
            .find(|row| row["measure"] == measure)
            .unwrap_or_else(|| panic!("{measure}: {rows:?}"))
            .clone()
    };
    assert_eq!(row("any_drop")["inferred"], json!(["dropped"]));
    assert_eq!(row("audio_availability")["status"], "not_measured", "{}", row("audio_availability"));
    let note = &document["platforms"][0];
    assert!(
        note["inferred"].to_string().contains("dropped")
            && note["unobserved"].to_string().contains("audio_lost")
    );
    let table = run(dir.path(), ["compare", "--format", "csv"]).ok();
    let ends =
        |name: &str| table.lines().find(|line| line.starts_with(&format!("{name},"))).unwrap().to_owned();
    assert!(table.lines().next().unwrap().ends_with(",verdict,inferred"), "{table}");
    assert!(ends("any_drop").ends_with(",dropped"), "{table}");
    assert!(ends("audio_availability").contains(",not_measured,"), "{table}");
    let quality = run(dir.path(), ["quality"]).ok();
    assert!(quality.contains("sources infer: ") && quality.contains("sources cannot tell: "), "{quality}");
    assert!(
        run(dir.path(), ["totals"])
            .ok()
            .contains("What only some sources of a platform can tell is counted where they can")
    );
}

/// The documents of one feed do not all see the same: what is said of a file is what its own source declares.
#[test]
fn what_a_source_can_tell_is_what_it_declares_and_not_the_best_of_its_feed() {
    let dir = folder();
    let row = r#"{"id":"u-1","user_id":"16778240","name":"x","join_time":"2022-03-01T10:00:00Z","leave_time":"2022-03-01T10:10:00Z"}"#;
    std::fs::write(dir.path().join("past.json"), format!("{{\"participants\":[{row}]}}")).unwrap();
    let asked = ["--feed", "zoom-dashboard", "--consultation", "c-1", "past.json"];
    let told = run(dir.path(), [&["feed", "explain", "--json"][..], &asked].concat()).ok();
    let summary: Value = serde_json::from_str(told.lines().last().unwrap()).unwrap();
    let blind = &summary["summary"]["feeds"]["zoom-dashboard"]["unobservable"];
    assert!(blind.as_array().unwrap().contains(&"dropped".into()), "{summary}");
    let told = run(dir.path(), [&["ingest"][..], &asked].concat()).ok();
    let cannot = told.lines().find(|line| line.contains("it cannot tell")).unwrap();
    assert!(cannot.contains("dropped"), "{told}");
}

/// The consultations that `tests/fixtures/feeds` tells of, by feed: how long both sides were connected, drops
/// (and how many with a return), blips, losses of sound, ratings, and the ending.
const FIXTURES: [(&str, &[&str]); 16] = [
    ("twilio-insights", &["RM0009 840 s, drops 1 (1), blips 0, sound 0, ratings 0, completed"]),
    ("cloudevents", &["c-0001 0 s, drops 0 (0), blips 0, sound 0, ratings 1, converted_phone"]),
    ("rtcstats", &["m-0018 579 s, drops 1 (1), blips 1, sound 2, ratings 0, end_not_seen"]),
    ("chime-eventbridge", &["m-0001 840 s, drops 1 (1), blips 0, sound 0, ratings 0, completed"]),
    ("chime-client", &["m-0002 840 s, drops 1 (1), blips 0, sound 1, ratings 0, completed"]),
    ("livekit-webhook", &["RM_0003 839 s, drops 1 (1), blips 0, sound 0, ratings 0, completed"]),
    ("jaas-webhook", &["s-0004 740 s, drops 1 (1), blips 0, sound 0, ratings 1, converted_phone"]),
    (
        "twilio-callback",
        &[
            "RM0007 840 s, drops 0 (0), blips 0, sound 0, ratings 0, completed",
            "RM0008 840 s, drops 0 (0), blips 0, sound 0, ratings 0, completed",
        ],
    ),
    ("bigbluebutton", &["m-0010 840 s, drops 0 (0), blips 0, sound 0, ratings 0, completed"]),
    (
        "daily",
        &[
            "mt-0006 870 s, drops 0 (0), blips 0, sound 0, ratings 0, completed",
            "room-0005 840 s, drops 0 (0), blips 0, sound 0, ratings 0, completed",
        ],
    ),
    (
        "graph-call-record",
        &[
            "r-0012 839 s, drops 1 (1), blips 0, sound 0, ratings 1, completed",
            "r-0013 0 s, drops 0 (0), blips 0, sound 0, ratings 0, other_side_absent",
        ],
    ),
    ("vonage", &["1_MX0011 840 s, drops 1 (1), blips 0, sound 0, ratings 0, completed"]),
    ("zoom-webhook", &["uL5aP== 930 s, drops 1 (1), blips 0, sound 0, ratings 1, completed"]),
    (
        "fhir-encounter",
        &[
            "c-0014 0 s, drops 0 (0), blips 0, sound 0, ratings 0, no_show",
            "c-0015 0 s, drops 0 (0), blips 0, sound 0, ratings 0, cancelled",
            "c-0016 0 s, drops 0 (0), blips 0, sound 0, ratings 0, no_show",
        ],
    ),
    (
        "zoom-dashboard",
        &[
            "932@2022-03-01T10:15:14Z 40 s, drops 1 (0), blips 0, sound 0, ratings 0, end_not_seen",
            "m== 0 s, drops 0 (0), blips 0, sound 0, ratings 1, end_not_seen",
            "n== 0 s, drops 0 (0), blips 0, sound 0, ratings 0, completed",
        ],
    ),
    (
        "csv",
        &[
            r#"c "2" 0 s, drops 0 (0), blips 0, sound 0, ratings 0, completed"#,
            "c-1 247 s, drops 1 (0), blips 0, sound 0, ratings 1, converted_phone",
        ],
    ),
];

/// What names the consultation in the encounters of the fixture.
const ENCOUNTERS: &str = "consultation = \"https://video.example/meetings\"\nplatform = \"zoom\"\n";

/// The row of a consultation, as [`FIXTURES`] tells it.
fn told(row: &str) -> String {
    let row: Value = serde_json::from_str(row).unwrap();
    format!(
        "{} {} s, drops {} ({}), blips {}, sound {}, ratings {}, {}",
        row["consultation"].as_str().unwrap(),
        row["connected_ms"].as_i64().unwrap() / 1000,
        row["drops"],
        row["recovered_drops"],
        row["blips"],
        row["audio_losses"],
        row["ratings"].as_array().unwrap().len(),
        row["ending"].as_str().unwrap()
    )
}

/// The sum of counts by name.
fn sum(counts: &Value) -> u64 {
    counts.as_object().unwrap().values().map(|count| count.as_u64().unwrap()).sum()
}

#[test]
fn every_feed_goes_from_its_files_to_the_outcome() {
    let fixtures = files(&Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/feeds"));
    let is_of =
        |path: &Path, feed: &str| path.file_name().unwrap().to_str().unwrap().split('.').next() == Some(feed);
    for path in &fixtures {
        assert!(FIXTURES.iter().any(|(feed, _)| is_of(path, feed)), "{} is of no feed", path.display());
    }
    assert_eq!(
        FIXTURES.map(|(feed, _)| feed),
        *feeds::ALL.iter().map(|feed| feed.name()).collect::<Vec<_>>()
    );
    for (feed, consultations) in FIXTURES {
        let dir = folder();
        let mapping = dir.path().join("encounters.toml");
        fs::write(&mapping, ENCOUNTERS).unwrap();
        let mapping = ["--map", mapping.to_str().unwrap()];
        let mapping = if feed == "fhir-encounter" { &mapping[..] } else { &[] };
        for path in fixtures.iter().filter(|path| is_of(path, feed)) {
            goes_in(dir.path(), path.to_str().unwrap(), feed, mapping);
        }
        let rows = run(dir.path(), ["outcomes", "--json", "--until", "2022-04-01T00:00:00Z"]).ok();
        assert_eq!(rows.lines().map(told).collect::<Vec<_>>(), *consultations, "{feed}");
    }
}

/// `file` is recognised, goes in without a rejection, once; `feed explain` has told the same of it.
fn goes_in(dir: &Path, file: &str, feed: &str, mapping: &[&str]) {
    let ingest = || run(dir, [&["ingest", "--json", "--feed", "auto", file], mapping].concat());
    let first = ingest();
    let report = first.json();
    first.ok();
    assert_eq!(report["feeds"].as_object().unwrap().keys().collect::<Vec<_>>(), [feed], "{file}");
    assert!(report["appended"].as_u64().unwrap() > 1, "{file}: {report}");
    let again = ingest().json();
    assert_eq!((&again["appended"], &again["duplicates"]), (&json!(0), &report["read"]), "{file}");
    let explained = run(dir, [&["feed", "explain", "--json", file], mapping].concat()).ok();
    let last: Value = serde_json::from_str(explained.lines().last().unwrap()).unwrap();
    let (summary, kinds) = (&last["summary"], &report["feeds"][feed]);
    // A file may tell an event twice: a Chime client tells with each event what came before.
    assert_eq!(sum(&summary["kinds"]), report["read"].as_u64().unwrap(), "{file}");
    if report["duplicates"] == 0 {
        assert_eq!(summary["kinds"], *kinds, "{file}");
    }
    for (kind, count) in kinds.as_object().unwrap() {
        assert!(summary["kinds"][kind].as_u64() >= count.as_u64(), "{file}: {kind}");
    }
    assert_eq!(summary["rejected"], json!({}), "{file}");
    assert_eq!(summary["left_out"], report.get("skipped").cloned().unwrap_or(json!({})), "{file}");
}
