//! The command line as its users meet it: help, names, exit codes, pipes and files.

use std::fs::{self, File};
use std::io::{BufRead, BufReader, Read, Write};
use std::path::Path;
use std::process::Stdio;
use std::time::{Duration, Instant};

use serde_json::Value;
use tempfile::TempDir;

use crate::command::{Ran, copy, files, folder, line, prepared, program, run, run_on};

/// Every command that can be given, such as `log verify`, found from help to help.
pub(crate) fn verbs(dir: &Path, above: &[&str]) -> Vec<Vec<String>> {
    let help = run(dir, [above, &["--help"]].concat()).ok();
    let listed = help.split_once("Commands:\n").map_or("", |(_, rest)| rest);
    let names = listed.lines().take_while(|line| line.starts_with("  ")).filter_map(|line| {
        let name = line.split_whitespace().next()?;
        line.strip_prefix("  ")?.starts_with(name).then_some(name)
    });
    let mut found = vec![above.iter().map(|&word| word.to_owned()).collect()];
    for name in names {
        found.extend(verbs(dir, &[above, &[name]].concat()));
    }
    found
}

fn help(dir: &Path, verb: &[String]) -> String {
    let words: Vec<&str> = verb.iter().map(String::as_str).chain(["--help"]).collect();
    run(dir, words).ok()
}

/// A store of six consultations on each of two platforms, whose sources declare that they see `seen` of
/// these kinds: joined, completed, dropped.
fn seeing(seen: [(&str, [bool; 3]); 2]) -> TempDir {
    let dir = folder();
    let mut text = String::new();
    for (platform, seen) in seen {
        let source = format!("urn:example:{platform}");
        let mut event = |id: &str, kind: &str, subject: &str, second: u32, data: &str| {
            text.push_str(&format!(
                "{{\"specversion\":\"1.0\",\"id\":\"{id}\",\"source\":\"{source}\",\
                 \"type\":\"evenfield.consultation.{kind}.v1\",\"subject\":\"{subject}\",\
                 \"time\":\"2022-03-01T09:00:{second:02}Z\",\"data\":{data}}}\n"
            ));
        };
        let [joined, completed, dropped] = seen.map(|seen| if seen { "observed" } else { "unobservable" });
        let sees = format!(
            "{{\"platform\":\"{platform}\",\"capabilities\":{{\"joined\":\"{joined}\",\
             \"completed\":\"{completed}\",\"dropped\":\"{dropped}\"}}}}"
        );
        event("d", "recording_declared", &source, 0, &sees);
        for number in 0..6 {
            let name = format!("{platform}-{number}");
            let who = |role: &str| {
                format!(
                    "{{\"participant\":\"{role}-{number}\",\"role\":\"{role}\",\
                     \"context\":{{\"platform\":\"{platform}\"}}}}"
                )
            };
            event(&format!("p{number}"), "joined", &name, 1, &who("patient"));
            event(&format!("c{number}"), "joined", &name, 2, &who("clinician"));
            event(&format!("l{number}"), "left", &name, 58, &who("patient"));
            if seen[1] {
                event(&format!("e{number}"), "completed", &name, 59, "{}");
            }
        }
    }
    fs::write(dir.path().join("two.ndjson"), text).unwrap();
    run(dir.path(), ["ingest", "two.ndjson"]).ok();
    dir
}

#[test]
fn every_verb_has_help_that_tells_what_it_does() {
    let dir = folder();
    let found = verbs(dir.path(), &[]);
    assert!(found.len() > 15, "{found:?}");
    for verb in found {
        let help = help(dir.path(), &verb);
        assert!(help.contains("Usage: evenfield"), "{help}");
        assert!(help.lines().all(|line| line.chars().count() <= 100), "{verb:?} is wider than 100: {help}");
    }
    let version = run(dir.path(), ["--version"]).ok();
    assert!(version.starts_with("evenfield ") && version.lines().count() == 1, "{version}");
}

#[test]
fn every_example_in_help_runs() {
    let dir = prepared();
    let mut examples = Vec::new();
    for verb in verbs(dir.path(), &[]) {
        let help = help(dir.path(), &verb);
        let told = help.split_once("Examples:\n").map_or("", |(_, rest)| rest);
        examples.extend(
            told.lines().take_while(|line| line.starts_with("  ")).map(|line| line.trim().to_owned()),
        );
    }
    assert!(examples.len() > 10, "{examples:?}");
    for example in examples {
        // What one example writes is not there for the next.
        let scratch = folder();
        copy(dir.path(), scratch.path());
        if example.starts_with("evenfield serve") {
            serves(scratch.path(), &example);
            continue;
        }
        let ran = line(scratch.path(), &example);
        assert_eq!(ran.code, 0, "{example}: {}", ran.err);
        assert!(!ran.err.contains("evenfield:"), "{example}: {}", ran.err);
    }
}

/// A service that is started as an example says, but for the port, which may be taken here; it answers until it is
/// asked to end.
pub(crate) fn serves(dir: &Path, example: &str) {
    let args: Vec<&str> = example.split_whitespace().skip(1).collect();
    let bind = args.iter().position(|arg| *arg == "--bind");
    let kept = args
        .iter()
        .enumerate()
        .filter(|(place, _)| bind.is_none_or(|bind| ![bind, bind + 1].contains(place)));
    let mut process =
        program(dir).args(kept.map(|(_, arg)| arg)).args(["--bind", "127.0.0.1:0"]).spawn().unwrap();
    let mut address = String::new();
    BufReader::new(process.stdout.take().unwrap()).read_line(&mut address).unwrap();
    assert!(address.starts_with("http://127.0.0.1:"), "{example}: {address}");
    let pid = process.id().to_string();
    assert!(std::process::Command::new("kill").args(["-INT", &pid]).status().unwrap().success());
    assert!(process.wait().unwrap().success(), "{example}");
}

#[test]
fn flags_work_before_and_after_the_verb() {
    let dir = prepared();
    let shown = run(dir.path(), ["log", "stats", "--json", "--store", "evenfield.store"]).ok();
    for args in [
        ["--json", "--store", "evenfield.store", "log", "stats"],
        ["log", "--json", "stats", "--store", "evenfield.store"],
        ["--store", "evenfield.store", "log", "stats", "--json"],
    ] {
        assert_eq!(run(dir.path(), args).ok(), shown, "{args:?}");
    }
    let elsewhere = program(dir.path())
        .args(["log", "stats", "--json"])
        .env("EVENFIELD_STORE", dir.path().join("evenfield.store"))
        .current_dir(std::env::temp_dir())
        .output()
        .unwrap();
    assert_eq!(String::from_utf8(elsewhere.stdout).unwrap(), shown);
}

#[test]
fn answers_for_machines_are_one_document_each() {
    let dir = prepared();
    for args in [
        "demo --json",
        "compare --json",
        "compare --format json --by service",
        "replay --dry-run too-thin-to-say --json",
        "scenario ls --json",
        "scenario show messy-feed --json",
        "synth clinic --truth",
        "synth clinic --truth --json",
        "ingest events.ndjson --json",
        "log verify --json",
        "log stats --json",
        "log show 1 --json",
        "log head --json",
        "log prove 1",
        "feed ls --json",
        "feed show zoom-webhook --json",
        "feed template sheet.csv --json",
        "methods --json",
    ] {
        let ran = run(dir.path(), args.split(' ').collect::<Vec<_>>());
        let document = ran.json();
        assert!(document.is_object() || document.is_array(), "{args}: {document}");
        ran.ok();
    }
}

#[test]
fn a_check_of_scenarios_answers_machines_too() {
    let ran = run(folder().path(), ["scenario", "check", "too-thin-to-say", "--json"]);
    assert!(ran.json().is_object(), "{}", ran.out);
}

#[test]
fn rows_for_machines_are_one_object_a_line() {
    let dir = prepared();
    for args in [
        "outcomes --json",
        "outcomes --format ndjson",
        "compare --format ndjson",
        "log export",
        "log trace c-000001 --json",
        "synth clinic",
        "scenario show too-thin-to-say --events",
    ] {
        let out = run(dir.path(), args.split(' ').collect::<Vec<_>>()).ok();
        assert!(out.lines().count() > 2, "{args}");
        for line in out.lines() {
            assert!(serde_json::from_str::<Value>(line).is_ok_and(|row| row.is_object()), "{args}: {line}");
        }
    }
}

#[test]
fn a_name_mistyped_is_told_with_the_nearest() {
    let dir = prepared();
    for (args, code, nearest) in [
        ("compre", 2, "compare"),
        ("log verfy", 2, "verify"),
        ("compare --frmat json", 2, "--format"),
        ("compare --format jsn", 2, "json"),
        ("compare --measure undisturbd", 2, "undisturbed"),
        ("compare --measure undisturbed,any_dropp", 2, "any_drop"),
        ("compare --by servce", 2, "service"),
        ("compare --where servce=cardiology", 2, "service"),
        ("compare --cluster clincian", 2, "clinician"),
        ("compare zom", 2, "zoom"),
        ("compare --reference attend-anywere", 2, "attend-anywhere"),
        ("ingest --feed zoom-webhok hooks.ndjson", 2, "zoom-webhook"),
        ("ingest --others pateint hooks.ndjson", 2, "patient"),
        ("feed show cloudevent", 2, "cloudevents"),
        ("feed template sheets.csv", 4, "sheet.csv"),
        ("feed template hooks.ndjson", 4, "needs no mapping of columns"),
        ("replay mesy-feed", 2, "messy-feed"),
        ("scenario show mesy-feed", 2, "messy-feed"),
        ("scenario check mesy-feed", 2, "messy-feed"),
        ("synth clinc", 2, "clinic"),
        ("ingest event.ndjson", 4, "events.ndjson"),
        ("ingest --feed csv --map colums.toml sheet.csv", 4, "columns.toml"),
        ("synth ./colums.toml", 4, "columns.toml"),
    ] {
        let message = run(dir.path(), args.split(' ').collect::<Vec<_>>()).fails(code);
        let wrong = args.split([' ', '=', ',']).find(|word| message.contains(*word));
        assert!(wrong.is_some() && message.contains(nearest), "{args}: {message}");
    }
}

#[test]
fn a_level_or_time_that_cannot_be_is_told_with_what_to_write() {
    let dir = prepared();
    for (args, remedy) in [
        ("compare --where service", "dimension=level"),
        ("compare --where deprivation_quintile=9", "from 1 to 5"),
        ("compare --level 95", "such as 0.95"),
        ("compare --until yesterday", "2026-03-01T09:00:03.120Z"),
        ("compare --threads 0", "1..=1024"),
        ("ingest", "<FILE>"),
    ] {
        let message = run(dir.path(), args.split(' ').collect::<Vec<_>>()).fails(2);
        assert!(message.contains(remedy), "{args}: {message}");
    }
}

#[test]
fn a_missing_store_says_what_to_do_next() {
    let dir = folder();
    for verb in ["compare", "outcomes", "log verify", "log stats", "log export", "log show 1", "log trace c"]
    {
        let args: Vec<&str> = ["--store", "nowhere.store"].into_iter().chain(verb.split(' ')).collect();
        let message = run(dir.path(), args).fails(4);
        assert!(message.contains("nowhere.store") && message.contains("ingest"), "{verb}: {message}");
    }
    assert!(files(dir.path()).is_empty(), "looking for a store made one");
}

#[test]
fn what_is_no_store_is_left_alone() {
    let dir = folder();
    fs::write(dir.path().join("notes.txt"), "mine").unwrap();
    fs::write(dir.path().join("one.ndjson"), crate::command::EXAMPLE).unwrap();
    for (store, found) in [("notes.txt", "it is no folder"), (".", "it holds")] {
        for verb in [["compare"].as_slice(), &["ingest", "one.ndjson"]] {
            let message = run(dir.path(), [&["--store", store], verb].concat()).fails(4);
            assert!(message.contains("not a store") && message.contains(found), "{message}");
        }
    }
    assert_eq!(files(dir.path()).len(), 2);
}

#[test]
fn an_empty_store_is_answered_in_words_and_rows_alike() {
    let dir = folder();
    run(dir.path(), ["ingest", "-"]).ok();
    let shown = run(dir.path(), ["compare"]).ok();
    assert!(shown.contains("no consultations") && shown.contains("evenfield ingest"), "{shown}");
    let compared = run(dir.path(), ["compare", "--json"]).json();
    assert_eq!((&compared["rows"], &compared["consultations"]), (&Value::Array(vec![]), &0.into()));
    for (args, lines) in [("outcomes --json", 0), ("outcomes --format csv", 1), ("compare --format csv", 1)] {
        let out = run(dir.path(), args.split(' ').collect::<Vec<_>>()).ok();
        assert_eq!(out.lines().count(), lines, "{args}: {out}");
    }
    assert_eq!(run(dir.path(), ["log", "export"]).ok(), "");
    assert!(run(dir.path(), ["log", "verify"]).ok().starts_with("sound: 0 events"));
    assert!(!run(dir.path(), ["log", "stats"]).ok().contains("NaN"));
}

#[test]
fn an_empty_store_is_no_mistyped_platform() {
    let dir = folder();
    run(dir.path(), ["ingest", "-"]).ok();
    let told = run(dir.path(), ["compare", "zoom"]).ok();
    assert!(told.contains("There are no consultations"), "{told}");
}

#[test]
fn an_empty_input_is_told_as_empty() {
    let dir = folder();
    fs::write(dir.path().join("nothing.ndjson"), "").unwrap();
    for (args, name) in [(["ingest", "nothing.ndjson"], "nothing.ndjson: empty"), (["ingest", "-"], "empty")]
    {
        let ran = run(dir.path(), args);
        assert!(ran.err.contains(name), "{}", ran.err);
        assert!(ran.ok().starts_with("0 read"));
    }
}

#[test]
fn lines_that_are_rejected_make_exit_code_4_and_the_good_ones_go_in() {
    let dir = folder();
    let input = format!("{}no event\n", crate::command::EXAMPLE);
    let ran = run_on(dir.path(), input.as_bytes(), ["ingest", "-"]);
    assert!(ran.err.contains("1 did not go in, of 6 read"), "{}", ran.err);
    assert!(ran.fails(4).contains("read as cloudevents"));
    assert_eq!(run(dir.path(), ["log", "export"]).ok(), crate::command::EXAMPLE);
}

#[test]
fn what_one_feed_cannot_see_is_refused_by_name_and_told_otherwise() {
    let dir = seeing([("alder", [true, true, true]), ("birch", [true, true, false])]);
    let message = run(dir.path(), ["compare", "--measure", "any_drop"]).fails(6);
    assert!(
        message.contains("any_drop") && message.contains("birch") && message.contains("dropped"),
        "{message}"
    );
    assert!(message.contains("ask without --measure"), "{message}");
    let ran = run(dir.path(), ["compare", "--json"]);
    let rows = ran.json()["rows"].as_array().unwrap().clone();
    let row = |platform: &str| {
        let found = rows.iter().find(|row| row["measure"] == "any_drop" && row["platform"] == platform);
        found.unwrap().clone()
    };
    assert_eq!(
        (&row("alder")["status"], &row("alder")["n"]),
        (&"boundary".into(), &6.into()),
        "{}",
        row("alder")
    );
    let blind = row("birch");
    assert_eq!(blind["status"], "not_measured");
    for number in ["x", "n", "value", "lo", "hi"] {
        assert!(blind[number].is_null(), "not measured is not zero: {blind}");
    }
    assert!(blind["reason"].as_str().is_some_and(|reason| reason.contains("dropped")), "{blind}");
    let shown = run(dir.path(), ["compare"]).ok();
    assert!(shown.contains("not measured"), "{shown}");
    // What both can tell is compared: nobody may lose by seeing more.
    run(dir.path(), ["compare", "--measure", "undisturbed"]).ok();
    run(dir.path(), ["compare", "alder", "--measure", "any_drop"]).ok();
}

/// Put together from no part at all, everything would be perfect.
#[test]
fn a_composite_of_which_no_part_is_seen_by_all_is_not_measured() {
    let dir = seeing([("alder", [true, false, true]), ("birch", [true, true, false])]);
    let document = run(dir.path(), ["compare", "--until", "2022-04-01T00:00:00Z", "--json"]).json();
    for measure in ["undisturbed", "terminal_failure"] {
        let rows = document["rows"].as_array().unwrap().iter().filter(|row| row["measure"] == measure);
        for row in rows {
            assert!(row["status"] == "not_measured" && row["value"].is_null(), "{row}");
        }
    }
}

/// Whether damage was either without effect or told with what to do.
#[track_caller]
fn whole_or_told(what: &str, ran: &Ran, whole: &str) {
    assert!(!ran.err.contains("panicked"), "{what}: {}", ran.err);
    if ran.code == 0 {
        assert_eq!(ran.out, whole, "{what}: another answer, and exit code 0");
    } else {
        assert_eq!(ran.code, 5, "{what}: {}", ran.err);
        let told = ran.err.contains("damaged") || ran.err.contains("rolled back");
        assert!(told && ran.err.contains("backup"), "{what}: {}", ran.err);
    }
}

/// Flips a byte here and there in what the database has written, and asks for the answer each time.
fn damage(store: &Path) {
    let dir = folder();
    let written = fs::read(store.join("sled/db")).unwrap();
    let used = written.iter().rposition(|byte| *byte != 0).unwrap();
    let asked = [["log", "verify"].as_slice(), &["outcomes"], &["log", "export"]];
    let ask = |args: &[&str]| run(dir.path(), [&["--quiet", "--store", "x.store"], args].concat());
    copy(store, &dir.path().join("x.store"));
    let whole = asked.map(|args| ask(args).ok());
    let mut told = 0;
    for place in (100..used).step_by(used / 7) {
        for (args, whole) in asked.iter().zip(&whole) {
            fs::remove_dir_all(dir.path().join("x.store")).unwrap();
            copy(store, &dir.path().join("x.store"));
            let mut bytes = written.clone();
            bytes[place] ^= 0x10;
            fs::write(dir.path().join("x.store/sled/db"), bytes).unwrap();
            let ran = ask(args);
            whole_or_told(&format!("byte {place} of {used}, {args:?}"), &ran, whole);
            told += usize::from(ran.code != 0);
        }
    }
    assert!(told > 0, "no damage was ever told");
}

#[test]
fn damage_to_a_store_is_told_and_never_answered_with_less() {
    let dir = prepared();
    // Opened again, so that nothing of it is the newest.
    run(dir.path(), ["log", "verify"]).ok();
    damage(&dir.path().join("evenfield.store"));
}

/// The database takes damage at its end for a write that was cut short, and forgets it without a word.
#[test]
fn damage_to_what_was_written_last_is_told_as_well() {
    let dir = folder();
    fs::write(dir.path().join("one.ndjson"), crate::command::EXAMPLE).unwrap();
    run(dir.path(), ["ingest", "one.ndjson"]).ok();
    damage(&dir.path().join("evenfield.store"));
}

#[test]
fn nobody_reading_any_further_is_no_error() {
    let dir = prepared();
    for args in [
        "outcomes",
        "outcomes --json",
        "compare",
        "compare --json",
        "log export",
        "synth clinic --consultations 20000",
        "demo",
        "methods",
        "scenario show messy-feed --events",
        "--help",
    ] {
        // Without a word of how far it is, which long work says beside the answer.
        let ran = line(dir.path(), &format!("evenfield {args} -q | head -1"));
        assert_eq!((ran.code, ran.out.lines().count()), (0, 1), "{args}: {}", ran.err);
        assert_eq!(ran.err, "", "{args}");
    }
}

#[test]
fn a_second_process_is_told_which_one_holds_the_store() {
    let dir = folder();
    run(dir.path(), ["ingest", "-"]).ok();
    let mut first = program(dir.path())
        .args(["ingest", "--feed", "cloudevents", "-"])
        .stdin(Stdio::piped())
        .spawn()
        .unwrap();
    let mut input = first.stdin.take().unwrap();
    let holder = format!("process {} (", first.id());
    let lock = dir.path().join("evenfield.store/LOCK");
    while !fs::read_to_string(&lock).is_ok_and(|text| text.contains(&holder)) {
        assert!(first.try_wait().unwrap().is_none(), "it ended before it held the store");
        std::thread::yield_now();
    }
    for verb in [["log", "stats"].as_slice(), &["compare"], &["ingest", "-"]] {
        let message = run(dir.path(), verb).fails(1);
        assert!(message.contains("in use by") && message.contains(&holder), "{message}");
        assert!(message.contains("stop it"), "{message}");
    }
    input.write_all(crate::command::EXAMPLE.as_bytes()).unwrap();
    drop(input);
    assert!(first.wait().unwrap().success());
    assert!(run(dir.path(), ["log", "stats"]).ok().starts_with("5 events"));
}

#[test]
fn notes_go_beside_the_data() {
    let dir = prepared();
    let ran = run(dir.path(), ["log", "export"]);
    assert_eq!((ran.err.as_str(), ran.out.lines().count()), ("2,581 events exported\n", 2_581));
    let ran = run(dir.path(), ["synth", "clinic"]);
    assert!(ran.err.contains("seed") && ran.out.lines().all(|line| line.starts_with('{')), "{}", ran.err);
    let ran = run(dir.path(), ["ingest", "events.ndjson", "--json"]);
    assert!(ran.json().is_object() && ran.err.contains("read as cloudevents"), "{}", ran.err);
    let ran = run(dir.path(), ["replay", "--dry-run", "too-thin-to-say", "--json"]);
    assert!(ran.json().is_object() && ran.err.contains("815 appended"), "{}", ran.err);
    for args in ["log export", "synth clinic", "ingest events.ndjson", "replay --dry-run too-thin-to-say"] {
        let args: Vec<&str> = args.split(' ').chain(["--quiet"]).collect();
        let ran = run(dir.path(), &args);
        assert_eq!((ran.code, ran.err.as_str()), (0, ""), "{args:?}");
    }
    // What goes wrong never mixes with data.
    let ran = run(dir.path(), ["compare", "--measure", "undisturbd"]);
    assert_eq!((ran.code, ran.out.as_str()), (2, ""));
}

#[test]
fn an_answer_can_go_to_a_file_packed_or_not() {
    let dir = prepared();
    let exported = run(dir.path(), ["log", "export"]).ok();
    assert_eq!(run(dir.path(), ["log", "export", "-o", "all.ndjson"]).ok(), "");
    assert_eq!(run(dir.path(), ["log", "export", "--output", "all.ndjson.zst"]).ok(), "");
    assert_eq!(run(dir.path(), ["log", "export", "-o", "-"]).ok(), exported);
    assert_eq!(fs::read_to_string(dir.path().join("all.ndjson")).unwrap(), exported);
    let packed = fs::read(dir.path().join("all.ndjson.zst")).unwrap();
    assert!(packed.len() < exported.len() / 10, "{} of {}", packed.len(), exported.len());
    assert_eq!(zstd::decode_all(packed.as_slice()).unwrap(), exported.as_bytes());
    for file in ["all.ndjson", "all.ndjson.zst"] {
        let report = run(dir.path(), ["--store", "other.store", "ingest", "--json", file]).json();
        assert_eq!(report["read"], 2_581, "{file}: {report}");
    }
    for place in ["no-such-folder/x", "."] {
        let message = run(dir.path(), ["compare", "-o", place]).fails(1);
        assert!(message.contains("could not write") && message.contains(place), "{message}");
    }
}

/// An answer that never came must not cost the one that was there, nor an input its events.
#[test]
fn a_command_that_is_refused_leaves_files_as_they_are() {
    let dir = prepared();
    let before = fs::read(dir.path().join("events.ndjson")).unwrap();
    for args in [
        "compare --measure undisturbd -o events.ndjson",
        "compare --store no.store -o events.ndjson",
        "synth clinc -o events.ndjson",
        "ingest events.ndjson --feed nonsense --reject events.ndjson",
    ] {
        let ran = run(dir.path(), args.split(' ').collect::<Vec<_>>());
        assert_ne!(ran.code, 0, "{args}");
        assert!(fs::read(dir.path().join("events.ndjson")).unwrap() == before, "{args}");
    }
}

#[test]
fn an_input_is_never_written_over() {
    for flag in ["--reject", "--output"] {
        let dir = prepared();
        let before = fs::read(dir.path().join("events.ndjson")).unwrap();
        run(dir.path(), ["--store", "x.store", "ingest", "events.ndjson", flag, "events.ndjson"]);
        assert!(fs::read(dir.path().join("events.ndjson")).unwrap() == before, "{flag}");
    }
}

#[test]
fn comparisons_come_as_csv_markdown_and_tabs() {
    let dir = prepared();
    let rows = run(dir.path(), ["compare", "--json"]).json()["rows"].as_array().unwrap().len();
    let csv = run(dir.path(), ["compare", "--by", "service", "--format", "csv"]).ok();
    assert!(csv.starts_with("measure,service,platform,"), "{csv}");
    let csv = run(dir.path(), ["compare", "--format", "csv"]).ok();
    assert_eq!(csv.lines().count(), rows + 1);
    let commas = |line: &str| line.matches(',').count();
    assert!(csv.lines().all(|line| commas(line) == commas(csv.lines().next().unwrap())), "{csv}");
    let plain = run(dir.path(), ["compare", "--format", "plain"]).ok();
    assert_eq!(plain.replace('\t', ","), csv);
    let md = run(dir.path(), ["compare", "--format", "md"]).ok();
    assert_eq!(md.lines().count(), rows + 2);
    let bars = |line: &str| line.matches('|').count();
    assert!(md.lines().all(|line| bars(line) == commas(&csv[..csv.find('\n').unwrap()]) + 2), "{md}");
}

#[test]
fn outcomes_come_as_csv_and_tabs() {
    let dir = prepared();
    let csv = run(dir.path(), ["outcomes", "--format", "csv"]).ok();
    assert!(csv.starts_with("consultation,platform,organisation,"), "{csv}");
    assert_eq!(csv.lines().count(), 301);
    let plain = run(dir.path(), ["outcomes", "--format", "plain"]).ok();
    assert_eq!(plain.replace('\t', ","), csv);
}

#[test]
fn outcomes_come_as_markdown() {
    let md = run(prepared().path(), ["outcomes", "--format", "md"]).ok();
    assert!(md.lines().count() > 301 && md.lines().all(|line| line.starts_with('|')), "{md:.300}");
}

/// A form that a verb does not have is refused rather than passed over.
#[test]
fn no_form_is_passed_over_in_silence() {
    let dir = prepared();
    let mut silent = Vec::new();
    for args in ["methods", "scenario ls", "feed ls", "log stats", "replay --dry-run too-thin-to-say"] {
        let table = run(dir.path(), args.split(' ').collect::<Vec<_>>()).ok();
        let ran = run(dir.path(), args.split(' ').chain(["--format", "csv"]).collect::<Vec<_>>());
        if ran.code == 0 && ran.out == table {
            silent.push(args);
        }
    }
    assert!(silent.is_empty(), "the same as without --format csv, exit code 0: {silent:?}");
}

#[test]
fn standard_input_is_read_packed_or_not() {
    let dir = folder();
    let events = run(dir.path(), ["synth", "clinic", "--consultations", "20"]).ok();
    let packed = zstd::encode_all(events.as_bytes(), 3).unwrap();
    for (store, input) in [("plain.store", events.as_bytes()), ("packed.store", &packed)] {
        let ran = run_on(dir.path(), input, ["ingest", "--store", store, "-"]);
        assert!(ran.err.contains("read as cloudevents"), "{}", ran.err);
        ran.ok();
        assert_eq!(run(dir.path(), ["log", "export", "--store", store]).ok(), events);
    }
}

#[cfg(unix)]
#[test]
fn an_interrupt_ends_long_work_with_130() {
    let dir = folder();
    let mut child =
        program(dir.path()).args(["synth", "national", "--consultations", "3000000"]).spawn().unwrap();
    let mut events = BufReader::new(child.stdout.take().unwrap());
    // Once it writes, it listens as well.
    events.read_line(&mut String::new()).unwrap();
    let begun = Instant::now();
    let signalled = std::process::Command::new("kill").args(["-INT", &child.id().to_string()]).status();
    assert!(signalled.unwrap().success());
    std::io::copy(&mut events, &mut std::io::sink()).unwrap();
    let ended = child.wait().unwrap();
    let mut message = String::new();
    child.stderr.take().unwrap().read_to_string(&mut message).unwrap();
    assert_eq!((ended.code(), message.as_str()), (Some(130), "evenfield: interrupted\n"));
    assert!(begun.elapsed() < Duration::from_secs(5), "{:?}", begun.elapsed());
}

/// What was acknowledged before an interrupt is in the store, and ingesting again goes on.
#[cfg(unix)]
#[test]
fn an_interrupted_ingest_keeps_what_it_counted() {
    let dir = folder();
    let events = run(dir.path(), ["synth", "clinic", "--consultations", "3000"]).ok();
    fs::write(dir.path().join("events.ndjson"), &events).unwrap();
    let mut child = program(dir.path())
        .args(["ingest", "--json", "--feed", "cloudevents", "-"])
        .stdin(Stdio::piped())
        .stdout(File::create(dir.path().join("report.json")).unwrap())
        .spawn()
        .unwrap();
    let mut input = child.stdin.take().unwrap();
    // Half of it, and the pipe stays open: it is reading when the interrupt comes.
    input.write_all(&events.as_bytes()[..events.len() / 2]).unwrap();
    let signalled = std::process::Command::new("kill").args(["-INT", &child.id().to_string()]).status();
    assert!(signalled.unwrap().success());
    // Whether the rest is still taken is up to it.
    let _ = input.write_all(&events.as_bytes()[events.len() / 2..]);
    drop(input);
    assert_eq!(child.wait().unwrap().code(), Some(130));
    let report: Value = serde_json::from_reader(File::open(dir.path().join("report.json")).unwrap()).unwrap();
    assert_eq!(report["interrupted"], true, "{report}");
    let kept = run(dir.path(), ["log", "export"]).ok();
    assert_eq!(Value::from(kept.lines().count()), report["appended"]);
    assert!(events.starts_with(&kept));
    run(dir.path(), ["ingest", "events.ndjson"]).ok();
    assert_eq!(run(dir.path(), ["log", "export"]).ok(), events);
}
