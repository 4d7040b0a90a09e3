//! What may be shown, as somebody tries to get at the rest: planted small counts are looked for in every answer
//! in every form, consultations are asked for one by one, and answers are held against earlier ones.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::fs;
use std::path::Path;

use calamine::{Reader, Xlsx, open_workbook};
use serde_json::Value;

use crate::command::{Ran, folder, parts, program, run, run_on};

/// So many consultations on a platform, in a service, by a group of people, of which so many were cut off.
struct Planted(&'static str, &'static str, &'static str, u64, u64);

/// Of all of them together and in each service, small counts, and large ones that lie beside a multiple of 5.
const PLANTED: [Planted; 8] = [
    Planted("alder", "cardiology", "mobile", 121, 2),
    Planted("alder", "cardiology", "home-wifi", 16, 1),
    Planted("alder", "dermatology", "mobile", 6, 0),
    Planted("alder", "physiotherapy", "home-wifi", 83, 11),
    Planted("birch", "cardiology", "mobile", 141, 7),
    Planted("birch", "dermatology", "home-wifi", 52, 12),
    Planted("birch", "physiotherapy", "mobile", 3, 0),
    Planted("birch", "rheumatology", "home-wifi", 91, 16),
];

/// Counts that must be found nowhere: those of few people, and exact ones.
const SECRETS: [f64; 16] =
    [3.0, 6.0, 7.0, 11.0, 12.0, 14.0, 16.0, 52.0, 83.0, 91.0, 134.0, 137.0, 141.0, 226.0, 287.0, 513.0];

/// One consultation of a month, as events.
fn consultation(text: &mut String, number: usize, month: u32, planted: &Planted, is_cut_off: bool) {
    let Planted(platform, service, network, ..) = planted;
    let subject = format!("c-{month}-{platform}-{service}-{network}-{number}");
    let (day, organisation) = (1 + number % 28, number % 4);
    let mut event = |id: &str, kind: &str, minute: u32, data: &str| {
        let _ = writeln!(
            text,
            r#"{{"specversion":"1.0","id":"{subject}-{id}","source":"urn:example:{platform}","type":"evenfield.consultation.{kind}.v1","subject":"{subject}","time":"2022-{month:02}-{day:02}T10:{minute:02}:00Z","data":{data}}}"#
        );
    };
    let context = format!(
        r#"{{"platform":"{platform}","organisation":"trust-{organisation}","service":"{service}","network":"{network}","clinician":"k-{organisation}"}}"#
    );
    event("1", "joined", 0, &format!(r#"{{"participant":"p","role":"patient","context":{context}}}"#));
    event("2", "joined", 0, r#"{"participant":"k","role":"clinician"}"#);
    if is_cut_off {
        event("3", "dropped", 5, r#"{"participant":"p","role":"patient","reason":"network"}"#);
        event("4", "joined", 8, r#"{"participant":"p","role":"patient"}"#);
    }
    event("5", "completed", 20, "{}");
}

/// The consultations of a month, `more` of the first kind besides.
fn month(month: u32, more: u64) -> String {
    month_of(month, more, &PLANTED)
}

fn month_of(month: u32, more: u64, planted: &[Planted]) -> String {
    let mut text = String::new();
    for (place, planted) in planted.iter().enumerate() {
        let all = planted.3 + if place == 0 { more } else { 0 };
        for number in 0..all {
            let is_cut_off = number >= all - planted.4;
            consultation(&mut text, number as usize, month, planted, is_cut_off);
        }
    }
    text
}

const POPULATION: &str = "dimension,level,people\nnetwork,home-wifi,90000\nnetwork,mobile,60000\n";

/// A store with what was planted, in March 2022.
fn store() -> tempfile::TempDir {
    let dir = folder();
    run_on(dir.path(), month(3, 0).as_bytes(), ["ingest", "-q", "-"]).ok();
    fs::write(dir.path().join("population.csv"), POPULATION).unwrap();
    dir
}

/// Every answer there is.
const ANSWERS: [&str; 9] = [
    "totals",
    "totals --by service",
    "totals --by service,network",
    "quality --by service",
    "compare",
    "compare --by service --cluster none",
    "compare --by network --measure undisturbed,any_drop,drops_per_100h",
    "decide",
    "reach --population population.csv",
];

const FORMATS: [&str; 6] = ["table", "plain", "json", "ndjson", "csv", "md"];

fn asked(dir: &Path, answer: &str, more: &[&str]) -> Ran {
    let args: Vec<&str> = answer.split(' ').chain(more.iter().copied()).collect();
    run(dir, args)
}

/// What an answer says besides which policy it was made under and up to when.
fn said(text: &str) -> String {
    let mut text = text.split_whitespace().collect::<Vec<_>>().join(" ");
    for known in [
        "counts from 1 to 7 are hidden ([c])",
        "rounded to the nearest 5",
        "2022-04-01T00:00:00Z",
        "version 1",
        "\"version\": 1,",
        "hidden: fewer than 8, or others of fewer than 8 would follow from it",
        "hidden: others, of fewer than 8, would follow from it",
        "hidden: fewer than 8",
        "fewer than 10 events or 10 non-events",
        "evenfield.",
        "three times counts three times",
    ] {
        text = text.replace(known, " ");
    }
    text
}

/// Every number in a text, with its digits behind the point; names that have digits in them are none.
fn numbers(text: &str, format: &str) -> Vec<(f64, usize)> {
    let in_number = |c: char| c.is_ascii_alphanumeric() || ".-_/".contains(c);
    let mut without = String::new();
    let letters: Vec<char> = text.chars().collect();
    for (place, letter) in letters.iter().enumerate() {
        let digit = |at: Option<usize>| at.and_then(|at| letters.get(at)).is_some_and(char::is_ascii_digit);
        // The comma of thousands has three digits behind it, in texts for people.
        let thousands = format == "table"
            && *letter == ','
            && digit(place.checked_sub(1))
            && (1..=3).all(|more| digit(Some(place + more)))
            && !digit(Some(place + 4));
        if !thousands {
            without.push(*letter);
        }
    }
    without
        .split(|c: char| !in_number(c))
        .filter_map(|word| {
            let word = word.trim_end_matches('.');
            Some((word.parse::<f64>().ok()?, word.split_once('.').map_or(0, |(_, digits)| digits.len())))
        })
        .collect()
}

#[test]
fn numbers_are_found_in_a_text() {
    let found = numbers("x 1,268 of 0.9333 \"n\":7, k-4 | 12,", "table");
    assert_eq!(found, [(1268.0, 0), (0.9333, 4), (7.0, 0), (12.0, 0)]);
}

/// What must not be found is there where nothing is hidden: else the test would be looking for nothing.
#[test]
fn what_is_planted_is_found_where_nothing_is_hidden() {
    let dir = store();
    let answers = ANSWERS.map(|answer| asked(dir.path(), answer, &["--json"]).ok()).concat();
    let found: Vec<f64> = numbers(&answers, "json").into_iter().map(|(number, _)| number).collect();
    let missing: Vec<&f64> = SECRETS.iter().filter(|secret| !found.contains(secret)).collect();
    assert!(missing.is_empty(), "{missing:?}");
    assert!(numbers(&answers, "json").iter().any(|(_, digits)| *digits > 6));
}

/// The release number is the one small number that is told; it is looked for by its words.
#[test]
fn no_answer_tells_a_planted_count_in_any_form() {
    let dir = store();
    for answer in ANSWERS {
        for format in FORMATS {
            let ran = asked(dir.path(), answer, &["--policy", "rounded", "--format", format]);
            let text = said(&format!("{}\n{}", ran.err, ran.out));
            ran.ok();
            for (number, digits) in numbers(&text, format) {
                // The size of the best range, one platform or two, is no count of people.
                let size = answer == "decide" && number == 2.0;
                assert!(size || !SECRETS.contains(&number), "{answer} --format {format}: {number} in {text}");
                assert!(digits <= 3, "{answer} --format {format}: {number} in {text}");
                let whole = number.abs() > 1.0 && digits == 0 && !size;
                assert!(!whole || number % 5.0 == 0.0, "{answer} --format {format}: {number} in {text}");
            }
        }
    }
}

/// Exact totals are shown under the other policy, small counts and what would tell them are not.
/// Every data set there is.
const DATASETS: [&str; 6] = [
    "totals --by service,network",
    "quality --by service",
    "comparison --by service --cluster none",
    "comparison --by network --measure undisturbed,any_drop,drops_per_100h",
    "decision",
    "reach --population population.csv",
];

/// The cells of every table of a workbook, a line a cell, without those that say what columns mean.
fn cells_of_a_workbook(path: &Path) -> String {
    let mut book: Xlsx<_> = open_workbook(path).unwrap();
    let about = ["Cover", "Contents", "Notes", "Columns", "Definitions", "Methods"];
    let sheets = book.sheet_names().into_iter().filter(|name| !about.contains(&name.as_str()));
    let mut text = String::new();
    for sheet in sheets.collect::<Vec<_>>() {
        let range = book.worksheet_range(&sheet).unwrap();
        for cell in range.rows().skip(4).flatten() {
            let _ = writeln!(text, "{cell}");
        }
    }
    text
}

/// What somebody finds who unpacks a file and reads its raw parts: the cells as they are stored.
fn stored_numbers(path: &Path) -> Vec<f64> {
    let mut found = Vec::new();
    for (_, text) in parts(path).iter().filter(|(name, _)| name.starts_with("xl/worksheets/sheet")) {
        // A cell of words holds the place of its words, which is no number of anything.
        for cell in text.split("<c ").skip(1).filter(|cell| !cell.contains("t=\"s\"")) {
            let value = cell.split_once("<v>").and_then(|(_, rest)| rest.split_once("</v>"));
            found.extend(value.and_then(|(value, _)| value.parse::<f64>().ok()));
        }
    }
    found
}

#[test]
fn no_data_set_tells_a_planted_count_in_any_form() {
    let dir = store();
    for asked in DATASETS {
        let mut hidden = 0;
        for form in ["csv", "json", "ndjson", "zip", "xlsx"] {
            let file = format!("set.{form}");
            let args = ["export"].into_iter().chain(asked.split(' '));
            run(dir.path(), args.chain(["--policy", "rounded", "-q", "-o", &file]).collect::<Vec<_>>()).ok();
            let path = dir.path().join(&file);
            let text = match form {
                "xlsx" => cells_of_a_workbook(&path),
                "zip" => {
                    let parts = parts(&path).into_iter().filter(|(name, _)| name.ends_with(".csv"));
                    parts.map(|(_, text)| text).collect()
                }
                "json" => {
                    let set: Value = serde_json::from_slice(&fs::read(&path).unwrap()).unwrap();
                    let answer = set["metadata"]["answer"].as_object().unwrap();
                    let told: Vec<&str> = answer.keys().map(String::as_str).collect();
                    let known = ["schema", "position", "until", "reference", "by"];
                    assert!(told.iter().all(|name| known.contains(name)), "{told:?}");
                    assert!(answer.get("position").is_none_or(Value::is_null), "{asked}");
                    set["tables"].to_string()
                }
                _ => fs::read_to_string(&path).unwrap(),
            };
            let text = said(&text);
            hidden += text.matches("[c]").count();
            let stored = if form == "xlsx" { stored_numbers(&path) } else { Vec::new() };
            let told = numbers(&text, form).into_iter().chain(stored.into_iter().map(|number| (number, 0)));
            for (number, digits) in told {
                let size = asked == "decision" && number == 2.0;
                assert!(size || !SECRETS.contains(&number), "{asked} as {form}: {number} in {text}");
                assert!(digits <= 3, "{asked} as {form}: {number} in {text}");
            }
        }
        // Nothing small is hidden of groups that are all large.
        assert!(hidden > 0 || asked.starts_with("reach"), "{asked} hides nothing");
    }
}

#[test]
fn exact_totals_do_not_tell_what_is_hidden() {
    let dir = store();
    for answer in
        ANSWERS.iter().filter(|answer| answer.starts_with("totals") || answer.starts_with("quality"))
    {
        for format in FORMATS {
            let ran = asked(dir.path(), answer, &["--policy", "secondary", "--format", format]);
            for (number, digits) in numbers(&said(&ran.ok()), format) {
                let is_few = digits == 0 && (1.0..8.0).contains(&number);
                assert!(!is_few, "{answer} --format {format}: {number}");
            }
        }
    }
    let found = asked(dir.path(), "totals --by service", &["--policy", "secondary", "--json"]).json();
    for platform in ["alder", "birch"] {
        let rows: Vec<&Value> =
            found["rows"].as_array().unwrap().iter().filter(|row| row["platform"] == platform).collect();
        for count in ["consultations", "undisturbed", "completed"] {
            let (wholes, parts): (Vec<&Value>, Vec<&Value>) =
                rows.iter().partition(|row| row["service"].is_null());
            let hidden = parts.iter().filter(|row| row[count].is_null()).count();
            assert!(wholes[0][count].is_null() || hidden != 1, "{platform} {count}: {found}");
        }
    }
    for answer in ["compare", "decide"] {
        let told = asked(dir.path(), answer, &["--policy", "secondary"]).fails(2);
        assert!(told.contains("ask --policy rounded, or `evenfield totals` for exact totals"), "{told}");
    }
}

/// Everything that is told follows from the counts as they are told.
#[test]
fn shares_and_differences_follow_from_rounded_counts() {
    let dir = store();
    let rounded = asked(dir.path(), "compare --by service", &["--policy", "rounded", "--json"]).json();
    let exact = asked(dir.path(), "compare --by service", &["--json"]).json();
    let key = |row: &Value| {
        ["measure", "by", "platform", "role"].map(|name| row.get(name).unwrap_or(&Value::Null).to_string())
    };
    let rows = |found: &Value| -> BTreeMap<[String; 4], Value> {
        found["rows"].as_array().unwrap().iter().map(|row| (key(row), row.clone())).collect()
    };
    let (told, known) = (rows(&rounded), rows(&exact));
    assert_eq!(told.keys().collect::<Vec<_>>(), known.keys().collect::<Vec<_>>());
    let near = |count: u64| (count + 2) / 5 * 5;
    let mut hidden = 0;
    for (key, row) in &told {
        let exact = &known[key];
        for name in ["x", "n"] {
            match (row[name].as_u64(), exact[name].as_u64()) {
                (Some(told), Some(exact)) => {
                    assert!(!(1..8).contains(&exact) && told == near(exact), "{row} {exact}");
                }
                (None, Some(exact)) if row["hidden"][name].is_string() => {
                    hidden += 1;
                    let small = (1..8).contains(&exact);
                    match row["hidden"][name].as_str().unwrap() {
                        "hidden: fewer than 8" => assert!(small, "{row} {exact}"),
                        why => assert!(why.contains("would follow from it"), "{row} {exact}"),
                    }
                    assert!(row["value"].is_null() && row["status"] == "suppressed", "{row}");
                }
                _ => {}
            }
        }
        if let (Some(value), Some(x), Some(n)) = (row["value"].as_f64(), row["x"].as_f64(), row["n"].as_f64())
        {
            assert!((value - x / n).abs() <= 0.000_501, "{row}");
            assert!(row["lo"].as_f64().unwrap() <= value && value <= row["hi"].as_f64().unwrap());
        }
    }
    assert!(hidden > 5, "{hidden}");
    for one in rounded["differences"].as_array().unwrap().iter().filter(|one| one["value"].is_f64()) {
        let row = |platform: &str| {
            let key = [&one["measure"], &one["by"], &one[platform], &one["role"]].map(Value::to_string);
            told[&key]["value"].as_f64().unwrap()
        };
        let gap = row("platform") - row("reference");
        assert!((one["value"].as_f64().unwrap() - gap).abs() <= 0.001_501, "{one}");
    }
    assert_eq!((&rounded["position"], &rounded["policy"]["name"]), (&Value::Null, &"rounded".into()));
}

/// A verdict is the word that it is inside, and nothing of what it rests on but rounded cells.
#[test]
fn a_decision_tells_its_verdict() {
    let dir = store();
    let inside = asked(dir.path(), "decide", &["--json"]).json();
    let shown = asked(dir.path(), "decide", &["--json", "--policy", "rounded"]).json();
    assert_eq!((&shown["verdict"], &shown["platforms"]), (&inside["verdict"], &inside["platforms"]));
    for name in
        ["gain", "best_single", "all_alike", "range_gains", "turning_price", "perfect_information", "n"]
    {
        assert!(shown.get(name).is_none(), "{name}: {shown}");
    }
    assert!(shown["cells"].as_array().unwrap().iter().any(|cell| cell["x"].is_null()), "{shown}");
}

/// What of a report people read: without its drawings, its style and what is saved from it.
fn read(html: &str) -> String {
    let mut text = String::new();
    let mut rest = html.split_once("<body>").unwrap().1;
    while let Some((before, after)) = rest.split_once('<') {
        text.push_str(before);
        text.push(' ');
        let end = if after.starts_with("svg") { "</svg>" } else { ">" };
        rest = after.split_once(end).unwrap().1;
    }
    text.replace("&#39;", "'")
}

#[test]
fn a_report_tells_no_planted_count() {
    let dir = store();
    run(dir.path(), ["report", "build", "-q", "-o", "inside.html", "--policy", "internal"]).ok();
    run(dir.path(), ["report", "build", "-q", "-o", "report.html"]).ok();
    let [inside, report] =
        ["inside.html", "report.html"].map(|name| fs::read_to_string(dir.path().join(name)).unwrap());
    let counts = |html: &str| -> Vec<f64> {
        let cells = html.split("data-count>").skip(1).map(|rest| rest.split('<').next().unwrap().to_owned());
        cells.filter_map(|cell| cell.replace(',', "").parse().ok()).collect()
    };
    let found = counts(&inside);
    assert!([3.0, 6.0, 52.0, 141.0].iter().all(|secret| found.contains(secret)), "{found:?}");
    let told = counts(&report);
    assert!(told.len() > 20 && report.contains("data-count>[c]<"), "{told:?}");
    assert!(told.iter().all(|count| *count == 0.0 || (*count >= 8.0 && count % 5.0 == 0.0)), "{told:?}");
    // What can be pictured is so many of 10, 100 or 1,000, and no count.
    let words: Vec<String> = read(&report).split_whitespace().map(str::to_owned).collect();
    let text: Vec<&str> =
        words.windows(2).filter(|pair| pair[1] != "in").map(|pair| pair[1].as_str()).collect();
    for (number, digits) in numbers(&text.join(" "), "table") {
        assert!(digits > 0 || number < 50.0 || !SECRETS.contains(&number), "{number}");
    }
    let told = run(dir.path(), ["report", "build", "--where", "service=cardiology"]).fails(2);
    assert!(told.contains("ask --by service"), "{told}");
    let told = run(dir.path(), ["report", "build", "--as-of", "10"]).fails(2);
    assert!(told.contains("policy rounded"), "{told}");
    let told = run(dir.path(), ["report", "build", "--policy", "secondary"]).fails(2);
    assert!(told.contains("policy secondary"), "{told}");
}

/// Whatever of a log is hidden, it makes no difference to a single byte: not in a word, nor in where a mark lies.
#[test]
fn a_report_does_not_depend_on_what_it_hides() {
    let mut other = PLANTED;
    other[2].3 = 5;
    other[6].3 = 2;
    let reports = [PLANTED, other].map(|planted| {
        let dir = folder();
        run_on(dir.path(), month_of(3, 0, &planted).as_bytes(), ["ingest", "-q", "-"]).ok();
        run(dir.path(), ["report", "build", "-q", "-o", "report.html", "--cluster", "none"]).ok();
        let html = fs::read_to_string(dir.path().join("report.html")).unwrap();
        let digits = html.split("commitment&quot;:&quot;").nth(1).unwrap().split('&').next().unwrap();
        html.replace(digits, "")
    });
    let lines = reports.each_ref().map(|report| report.lines().collect::<Vec<_>>());
    for (one, other) in lines[0].iter().zip(&lines[1]) {
        assert_eq!(one, other);
    }
    assert_eq!(reports[0].len(), reports[1].len());
}

/// Whoever asks for consultations one by one, or picks some of them out, is told why not.
#[test]
fn what_would_tell_of_single_people_is_refused() {
    let dir = store();
    let gates = "[[gate]]\nmeasure = \"undisturbed\"\nat_least = 0.5\n";
    std::fs::write(dir.path().join("gates.toml"), gates).unwrap();
    for (args, why) in [
        ("outcomes", "one by one"),
        ("log show 1", "one by one"),
        ("log trace c-1", "one by one"),
        ("log tail", "one by one"),
        ("log export", "one by one"),
        ("log stats", "counts them exactly"),
        ("log backup -o x.backup", "one by one"),
        ("export parquet -o x.parquet", "one by one"),
        ("diff --from 1", "counts them exactly"),
        ("explain c-0123456789ab", "counts them exactly"),
        ("outages", "counts them exactly"),
        ("compare --as-of 10", "two of them may differ by a few people"),
        ("quality --as-of 10", "two of them may differ by a few people"),
        ("compare --gate gates.toml", "gates are judged on exact numbers"),
        ("demo", "--policy internal"),
        ("scenario ls", "--policy internal"),
        ("compare --where service=cardiology", "ask --by service, which shows every level"),
        ("totals --where network=mobile", "ask --by network"),
        ("quality --where network=mobile", "ask --by network"),
        ("reach --population population.csv --where service=cardiology", "ask --by service"),
        ("decide --where network=mobile", "ask --by network"),
        ("compare --by clinician", "each of its levels is a person"),
        ("totals --by service,clinician", "each of its levels is a person"),
        ("totals --grace-ms 20000", "--grace-ms cannot be chosen"),
        ("compare --until 2022-03-15T00:00:00Z", "such as 2022-03-01T00:00:00Z"),
        ("quality --until 2022-03-15T00:00:00Z", "closed periods of a fixed calendar"),
        ("totals --until 9999-01-01T00:00:00Z", "the last month that is over ends at"),
        ("compare --adjust network", "its figures rest on exact counts of small groups"),
        ("compare --gaps network", "a closer look"),
        ("compare --across organisation", "a closer look"),
        ("compare --over month", "a closer look"),
        ("compare --learning", "a closer look"),
        ("compare --watch", "a closer look"),
        ("compare --times", "a closer look"),
    ] {
        let ran = asked(dir.path(), args, &["--policy", "rounded"]);
        assert_eq!(ran.out, "", "{args}");
        let told = ran.fails(2);
        assert!(told.contains(why) && told.contains("policy rounded"), "{args}: {told}");
    }
    let by_environment =
        program(dir.path()).env("EVENFIELD_POLICY", "rounded").arg("outcomes").output().unwrap();
    assert_eq!((by_environment.status.code(), by_environment.stdout.len()), (Some(2), 0));
    let told = run(dir.path(), ["totals", "--policy", "roundd"]).fails(2);
    assert!(told.contains("did you mean \"rounded\"?"), "{told}");
}

/// Keeping the log goes on under any policy: what tells nothing of consultations is not refused.
#[test]
fn what_tells_nothing_is_done_under_any_policy() {
    let dir = store();
    for args in ["log verify", "log head", "log seal", "feed ls", "methods", "synth clinic --consultations 3"]
    {
        asked(dir.path(), args, &["--policy", "rounded"]).ok();
    }
    let told = run_on(dir.path(), b"", ["ingest", "-q", "--policy", "rounded", "-"]);
    assert_eq!(told.code, 0, "{}", told.err);
    for (args, why) in [
        ("totals --release", "what hides nothing is not to be given away"),
        ("outcomes --release", "makes nothing that could be released"),
        ("log head --policy rounded --release", "makes nothing that could be released"),
    ] {
        let told = asked(dir.path(), args, &[]).fails(2);
        assert!(told.contains(why), "{args}: {told}");
    }
}

#[test]
fn every_document_says_under_which_policy_it_was_made() {
    let dir = store();
    for answer in ANSWERS {
        for policy in ["internal", "rounded"] {
            let found = asked(dir.path(), answer, &["--policy", policy, "--json"]).json();
            assert_eq!(found["policy"]["name"], policy, "{answer}");
            assert_eq!((&found["policy"]["version"], found["policy"].get("release")), (&1.into(), None));
        }
    }
}

/// Consultations of months that are over, and of no other.
#[test]
fn a_view_is_about_closed_months() {
    let dir = store();
    run_on(dir.path(), month(4, 30).as_bytes(), ["ingest", "-q", "-"]).ok();
    let outcomes = run(dir.path(), ["outcomes", "--json"]).ok();
    let began: Vec<String> = outcomes
        .lines()
        .map(|line| serde_json::from_str::<Value>(line).unwrap())
        .filter(|row| row["context"]["platform"] == "birch")
        .map(|row| row["began_at"].as_str().unwrap().to_owned())
        .collect();
    for until in ["2022-03-01T00:00:00Z", "2022-04-01T00:00:00Z", "2022-05-01T00:00:00Z"] {
        let wanted = began.iter().filter(|at| at.as_str() < until).count() as u64;
        for (answer, more) in [("totals", &["--fresh"][..]), ("totals", &[]), ("quality", &[])] {
            let more = [&["--policy", "rounded", "--json", "--until", until], more].concat();
            let found = asked(dir.path(), answer, &more).json();
            let rows = found["rows"].as_array().unwrap();
            let told = rows.iter().find(|row| row["platform"] == "birch");
            let told = told.map_or(0, |row| row["consultations"].as_u64().unwrap());
            assert_eq!(told, (wanted + 2) / 5 * 5, "{answer} {until}");
        }
    }
    let text = asked(dir.path(), "totals --until 2022-03-01T00:00:00Z", &["--policy", "rounded"]).ok();
    assert!(text.contains("There are no consultations of a month that is over."), "{text}");
}

#[test]
fn of_an_empty_store_it_is_said_that_there_is_nothing() {
    let dir = folder();
    run_on(dir.path(), b"", ["ingest", "-q", "-"]).ok();
    for answer in ["totals", "compare", "quality", "decide"] {
        let text = asked(dir.path(), answer, &["--policy", "rounded"]).ok();
        assert!(text.contains("There are no consultations of a month that is over."), "{answer}: {text}");
    }
}

#[test]
fn the_same_events_are_shown_alike() {
    let dir = store();
    let mut lines: Vec<String> = month(3, 0).lines().map(str::to_owned).collect();
    lines.reverse();
    let other = folder();
    run_on(other.path(), lines.join("\n").as_bytes(), ["ingest", "-q", "-"]).ok();
    for answer in ["totals --by service", "compare --by network", "decide"] {
        let args = ["--policy", "rounded", "--json"];
        let wanted = asked(dir.path(), answer, &args).ok();
        for (dir, threads) in [(dir.path(), "1"), (other.path(), "3")] {
            assert_eq!(asked(dir, answer, &[&args[..], &["--threads", threads]].concat()).ok(), wanted);
        }
    }
}

/// Told how many consultations there are of one platform, and in the first service on it.
fn told(found: &Value) -> [Option<u64>; 2] {
    let rows = found["rows"].as_array().unwrap();
    [Value::Null, "cardiology".into()].map(|service| {
        let row = rows.iter().find(|row| row["platform"] == "alder" && row["service"] == service);
        row.unwrap()["consultations"].as_u64()
    })
}

/// The story: a view is given away; three consultations arrive late; the next view would tell that they did.
#[test]
fn a_few_that_came_since_the_last_release_are_not_told() {
    for (policy, first, many) in [("rounded", [225, 135], [240, 150]), ("secondary", [226, 137], [241, 152])]
    {
        let dir = store();
        let asked = |more: &[&str]| {
            let args = [&["--policy", policy, "--json"], more].concat();
            asked(dir.path(), "totals --by service", &args)
        };
        let glance = asked(&[]).json();
        let release = asked(&["--release"]).json();
        assert_eq!((&release["policy"]["release"], glance["policy"].get("release")), (&1.into(), None));
        let first = first.map(Some);
        assert!(policy == "secondary" || told(&release) == first, "{release}");
        assert_eq!(release["rows"], glance["rows"]);
        // The same answer may be given away again.
        assert_eq!(asked(&["--release"]).json()["rows"], release["rows"]);
        run_on(dir.path(), month(3, 3).as_bytes(), ["ingest", "-q", "-"]).ok();
        let ran = asked(&[]);
        if ran.code == 0 {
            assert_eq!(told(&ran.json()), [None, None], "{}", ran.out);
        } else {
            assert!(ran.fails(2).contains("was released of this store before"));
        }
        // Fifteen are many enough.
        run_on(dir.path(), month(3, 15).as_bytes(), ["ingest", "-q", "-"]).ok();
        let ran = asked(&[]);
        if policy == "rounded" {
            assert_eq!(told(&ran.json()), many.map(Some), "{}", ran.out);
        }
    }
}

/// A whole is given away, then its parts: both together must tell no more than either.
#[test]
fn parts_are_checked_against_a_whole_that_was_released() {
    let dir = store();
    let alone = asked(dir.path(), "totals --by service", &["--policy", "secondary", "--json"]).json();
    asked(dir.path(), "totals", &["--policy", "secondary", "--release"]).ok();
    let after = asked(dir.path(), "totals --by service", &["--policy", "secondary", "--json"]);
    if after.code == 0 {
        let rows = after.json()["rows"].as_array().unwrap().clone();
        let shown = |rows: &[Value]| -> usize {
            rows.iter()
                .map(|row| row.as_object().unwrap().values().filter(|cell| cell.is_u64()).count())
                .sum()
        };
        assert!(shown(&rows) <= shown(alone["rows"].as_array().unwrap()));
    } else {
        after.fails(2);
    }
}

#[test]
fn the_ledger_stays_with_the_store_and_is_not_altered_unseen() {
    let dir = store();
    asked(dir.path(), "totals --by service", &["--policy", "rounded", "--release", "-q"]).ok();
    let told = asked(dir.path(), "totals", &["--policy", "secondary"]).fails(2);
    assert!(told.contains("release 1 of this store was made under the policy rounded"), "{told}");
    let store = dir.path().join("evenfield.store");
    let ledger = store.join("RELEASES");
    let text = fs::read_to_string(&ledger).unwrap();
    assert!(text.contains("\"exact\":137") && text.lines().count() == 2, "{text}");
    run(dir.path(), ["log", "verify"]).ok();
    fs::remove_dir_all(store.join("derived")).unwrap_or_default();
    let text_shown = asked(dir.path(), "totals", &["--policy", "rounded", "--release"]).ok();
    assert!(text_shown.contains("Release 2 of this store."), "{text_shown}");
    fs::write(&ledger, text.replace("\"exact\":137", "\"exact\":187")).unwrap();
    let told = asked(dir.path(), "totals", &["--policy", "rounded"]).fails(5);
    assert!(told.contains("line 2 of") && told.contains("put the file back from a copy"), "{told}");
    // Inside, nothing depends on it.
    asked(dir.path(), "totals", &[]).ok();
}

/// Of 18, 18 and 1 in all the third is told by the others and the whole, whichever measures they stand under.
#[test]
fn what_another_measure_told_of_the_same_consultations_is_held_against_it() {
    let dir = folder();
    let mut text = String::new();
    for (service, count) in [("a", 18), ("b", 18), ("c", 1)] {
        for number in 0..count {
            consultation(&mut text, number, 3, &Planted("alder", service, "mobile", 0, 0), false);
        }
    }
    run_on(dir.path(), text.as_bytes(), ["ingest", "-q", "-"]).ok();
    let shown = |measure: &str, more: &[&str]| {
        let asked = ["compare", "--measure", measure, "--policy", "rounded", "--release", "--json"];
        let found = run(dir.path(), [&asked[..], more].concat()).json();
        let rows = found["rows"].as_array().unwrap().iter();
        rows.filter(|row| row["n"].as_u64().is_some()).count()
    };
    assert_eq!(shown("undisturbed", &[]), 1);
    assert!(shown("completed_on_video", &["--by", "service"]) < 2, "the third can only be one");
}

#[test]
fn a_verdict_is_not_asked_for_until_it_tells_what_it_rests_on() {
    let dir = store();
    for fine in [["--price", "0.0704"], ["--delta", "0.011"], ["--level", "0.951"]] {
        let told = run(dir.path(), [&["decide", "--policy", "rounded"][..], &fine].concat()).fails(2);
        assert!(told.contains("are whole hundredths under the policy rounded"), "{told}");
    }
    run(dir.path(), ["decide", "--policy", "rounded", "--price", "0.07", "--delta", "0.02"]).ok();
}
