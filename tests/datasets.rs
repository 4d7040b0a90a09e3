//! Readings as data sets: every form is read back by somebody else's reader, and held against the contract and
//! against the others.

#[cfg(feature = "parquet")]
use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::fs::{self, File};
use std::path::Path;

use calamine::{Data, Reader, Xlsx, open_workbook};
use engine::export::{Cell, Column, Kind, Table, csv as csv_form};
use proptest::prelude::*;
use serde_json::Value;

use crate::command::{folder, parts, prepared, run, run_on};
use crate::oracle::cases;

/// Data sets with everything that they can have, as they are asked for.
const RICH: [&str; 7] = [
    "comparison --adjust network --gaps network --across organisation --over week --learning --switch \
     organisation --watch --times",
    "comparison --by network --measure undisturbed,connect_ms,sus,terminal_failure",
    "totals --by network",
    "decision --platforms platforms.toml",
    "quality --by organisation",
    "reach --population population.csv",
    "outcomes",
];

fn export(dir: &Path, asked: &str, file: &str) {
    let args: Vec<&str> =
        ["export"].into_iter().chain(asked.split_whitespace()).chain(["-q", "-o", file]).collect();
    run(dir, args).ok();
}

fn json(dir: &Path, file: &str) -> Value {
    serde_json::from_slice(&fs::read(dir.join(file)).unwrap()).unwrap()
}

/// The columns of every table, in order, as the metadata tell them.
fn columns(dataset: &Value) -> Vec<(String, Vec<(String, String)>)> {
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let tables = dataset["metadata"]["tables"].as_array().unwrap().iter();
    let of = |table: &Value| {
        let columns = table["columns"].as_array().unwrap().iter();
        columns.map(|column| (text(&column["name"]), text(&column["title"]))).collect()
    };
    tables.map(|table| (text(&table["name"]), of(table))).collect()
}

/// What a form of texts shows of a value in a row.
fn shown(row: &Value, name: &str) -> String {
    match &row[name] {
        Value::Null => {
            row["marks"][name].as_str().unwrap_or_else(|| panic!("no mark of {name}: {row}")).to_owned()
        }
        Value::String(text) => text.clone(),
        Value::Number(number) => number.as_f64().unwrap().to_string(),
        other => other.to_string(),
    }
}

/// A cell of a workbook as the same text.
fn read(cell: Option<&Data>) -> String {
    match cell {
        None | Some(Data::Empty) => String::new(),
        Some(Data::String(text)) => text.clone(),
        Some(Data::Float(number)) => number.to_string(),
        Some(Data::Int(number)) => number.to_string(),
        Some(Data::Bool(flag)) => flag.to_string(),
        Some(Data::DateTime(at)) => {
            let ms = ((at.as_f64() - 25_569.0) * 86_400_000.0).round();
            event::Time::from_ms(ms as i64).to_string()
        }
        Some(other) => panic!("{other:?}"),
    }
}

/// Whether two texts are the same, or the same number: readers of JSON may miss its last bit.
fn alike(one: &str, other: &str) -> bool {
    match (one.parse::<f64>(), other.parse::<f64>()) {
        _ if one == other => true,
        (Ok(one), Ok(other)) => (one - other).abs() <= 1e-14 * one.abs(),
        _ => false,
    }
}

#[test]
fn every_form_of_a_data_set_says_the_same() {
    let dir = prepared();
    let mut compared = 0;
    for asked in RICH {
        export(dir.path(), asked, "set.json");
        export(dir.path(), asked, "set.xlsx");
        export(dir.path(), asked, "set.zip");
        export(dir.path(), asked, "set.ndjson");
        let set = json(dir.path(), "set.json");
        let mut book: Xlsx<_> = open_workbook(dir.path().join("set.xlsx")).unwrap();
        let archive = parts(&dir.path().join("set.zip"));
        let lines = fs::read_to_string(dir.path().join("set.ndjson")).unwrap();
        let mut lines = lines.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
        for (name, columns) in columns(&set) {
            let rows = set["tables"][&name].as_array().unwrap();
            let sheet: String = name.chars().take(31).collect();
            let sheet = book.worksheet_range(&sheet).unwrap();
            let heads: Vec<String> = (0..columns.len()).map(|column| read(sheet.get((3, column)))).collect();
            assert_eq!(
                heads,
                columns.iter().map(|(_, title)| title.clone()).collect::<Vec<_>>(),
                "{asked}: {name}"
            );
            let mut reader = csv::Reader::from_reader(archive[&format!("{name}.csv")].as_bytes());
            let names: Vec<String> = reader.headers().unwrap().iter().map(str::to_owned).collect();
            assert_eq!(names, columns.iter().map(|(name, _)| name.clone()).collect::<Vec<_>>());
            let records: Vec<csv::StringRecord> = reader.records().map(Result::unwrap).collect();
            assert_eq!(records.len(), rows.len(), "{asked}: {name}");
            for (place, (row, record)) in rows.iter().zip(&records).enumerate() {
                let line = lines.next().unwrap();
                assert_eq!(line["table"], name);
                for (column, (field, _)) in columns.iter().enumerate() {
                    let wanted = shown(row, field);
                    for (form, cell) in
                        [("xlsx", &read(sheet.get((place + 4, column)))[..]), ("csv", &record[column])]
                    {
                        let same = alike(cell, &wanted);
                        assert!(same, "{asked}: {name}, row {place}, {field}, {form}: {cell} for {wanted}");
                    }
                    assert_eq!(line[field], row[field], "{asked}: {name}, row {place}, {field}, ndjson");
                    compared += 1;
                }
            }
        }
        assert!(lines.next().is_none(), "{asked}");
    }
    assert!(compared > 20_000, "{compared}");
}

/// Every number and word of the contract's rows, by the way to it.
fn leaves(value: &Value, way: &str, found: &mut Vec<(String, Value)>) {
    match value {
        Value::Object(members) => members.iter().for_each(|(name, value)| {
            let deeper = match (way, name.as_str()) {
                (_, "by" | "context") => way.to_owned(),
                ("", name) => name.to_owned(),
                (way, name) => format!("{way}_{name}"),
            };
            leaves(value, &deeper, found);
        }),
        Value::Array(_) | Value::Null => {}
        leaf => found.push((way.to_owned(), leaf.clone())),
    }
}

/// Whatever a row of the contract says in single values stands in the row of the data set, under the same name.
#[test]
fn a_data_set_has_all_that_the_contract_has() {
    let dir = prepared();
    let mut found = 0;
    for (asked, answer, lists) in [
        (RICH[0], "compare", &[("rows", "measures"), ("differences", "differences"), ("gaps", "gaps")][..]),
        (RICH[0], "compare", &[("spreads", "spreads"), ("learning", "learning"), ("claims", "claims")]),
        (RICH[1], "compare", &[("rows", "measures"), ("differences", "differences")]),
        (RICH[2], "totals", &[("rows", "totals")]),
        (RICH[3], "decide", &[("cells", "cells"), ("gates", "gates")]),
        (RICH[4], "quality", &[("rows", "quality")]),
    ] {
        let (_, options) = asked.split_once(' ').unwrap();
        let args: Vec<&str> =
            [answer].into_iter().chain(options.split_whitespace()).chain(["--json", "-q"]).collect();
        let contract = run(dir.path(), args).json();
        export(dir.path(), asked, "set.json");
        let set = json(dir.path(), "set.json");
        assert_eq!(set["metadata"]["answer"]["position"], contract["position"]);
        assert_eq!(set["metadata"]["answer"]["parameters"], contract["parameters"]);
        for (list, table) in lists {
            let (rows, told) = (contract[list].as_array().unwrap(), set["tables"][table].as_array().unwrap());
            assert_eq!(rows.len(), told.len(), "{asked}: {list}");
            for (row, told) in rows.iter().zip(told) {
                let mut wanted = Vec::new();
                // Maps whose names are data are tables of their own.
                let mut row = row.clone();
                for map in ["breakdown", "distribution", "numbers", "anomalies"] {
                    row.as_object_mut().unwrap().remove(map);
                }
                leaves(&row, "", &mut wanted);
                for (name, value) in wanted.iter().map(|(name, value)| (name.trim_start_matches('_'), value))
                {
                    let same = match (value.as_f64(), told[name].as_f64()) {
                        (Some(wanted), Some(told)) => wanted.to_bits() == told.to_bits(),
                        _ => told[name] == *value,
                    };
                    assert!(same, "{asked}: {list}: {name} is {value} and told as {}", told[name]);
                    found += 1;
                }
            }
        }
    }
    assert!(found > 3_000, "{found}");
}

#[test]
fn every_column_says_what_it_means() {
    let dir = prepared();
    let mut names = BTreeSet::new();
    for asked in RICH {
        export(dir.path(), asked, "set.json");
        let set = json(dir.path(), "set.json");
        for table in set["metadata"]["tables"].as_array().unwrap() {
            for column in table["columns"].as_array().unwrap() {
                let name = format!("{}.{}", table["name"], column["name"]);
                assert_ne!(column["means"], "", "{asked}: {name} is defined nowhere");
                names.insert(name);
            }
        }
        let methods = set["metadata"]["methods"].as_array().unwrap();
        assert!(methods.iter().all(|method| method["source"] != ""), "{asked}");
    }
    assert!(names.len() > 300, "{}", names.len());
}

#[test]
fn the_same_answer_has_the_same_bytes() {
    let dir = prepared();
    for asked in ["comparison", "outcomes", "totals --policy rounded"] {
        for form in ["csv", "xlsx", "json", "ndjson", "zip"] {
            let [one, other] = ["one", "other"].map(|name| format!("{name}.{form}"));
            export(dir.path(), asked, &one);
            export(dir.path(), asked, &other);
            let [one, other] = [one, other].map(|name| fs::read(dir.path().join(name)).unwrap());
            assert!(one == other && !one.is_empty(), "{asked} as {form}");
        }
    }
    // A workbook says that it was made at the instant up to which was read.
    export(dir.path(), "totals --until 2022-04-01T00:00:00Z", "made.xlsx");
    let core = &parts(&dir.path().join("made.xlsx"))["docProps/core.xml"];
    assert!(core.contains("2022-04-01T00:00:00Z"), "{core}");
}

#[test]
fn a_workbook_is_laid_out_for_everybody() {
    let dir = prepared();
    export(dir.path(), "comparison", "book.xlsx");
    let mut book: Xlsx<_> = open_workbook(dir.path().join("book.xlsx")).unwrap();
    let sheets = book.sheet_names();
    assert_eq!(sheets[..6], ["Cover", "Contents", "Notes", "Columns", "Definitions", "Methods"]);
    let notes = book.worksheet_range("Notes").unwrap();
    for mark in ["[c]", "[x]", "[z]", "[low]"] {
        assert!(notes.rows().any(|row| row[0] == Data::String(mark.to_owned())), "{mark}");
    }
    let contents = book.worksheet_range("Contents").unwrap();
    let listed: Vec<String> = contents.rows().skip(4).map(|row| read(row.first())).collect();
    assert_eq!(listed, sheets[2..]);
    for sheet in &sheets {
        let range = book.worksheet_range(sheet).unwrap();
        assert_eq!(range.start(), Some((0, 0)), "{sheet} begins in the first cell");
    }
    let parts = parts(&dir.path().join("book.xlsx"));
    let marked = parts.keys().filter(|name| name.starts_with("xl/tables/")).count();
    // All but the cover.
    assert_eq!(marked, sheets.len() - 1);
    assert!(parts.values().all(|part| !part.contains("mergeCell") && !part.contains("hidden=\"1\"")));
}

const HOSTILE: [&str; 6] = [
    "=cmd|' /C calc'!A0",
    "@SUM(1+1)*cmd",
    "+1-1",
    "-2+3",
    "=HYPERLINK(\"http://example.org\",\"a, b\")",
    "[c]",
];

/// A recording whose platforms and services bear names that a spreadsheet would run.
fn hostile(dir: &Path) {
    let mut text = String::new();
    for (platform, name) in HOSTILE.iter().enumerate() {
        for number in 0..12 {
            let subject = format!("c-{platform}-{number}");
            let context =
                serde_json::json!({"platform": name, "service": HOSTILE[number % 6], "organisation": "=1"});
            for (id, kind, minute, data) in [
                (
                    "a",
                    "joined",
                    0,
                    serde_json::json!({"participant": "p", "role": "patient", "context": context}),
                ),
                ("b", "joined", 1, serde_json::json!({"participant": "k", "role": "clinician"})),
                ("c", "completed", 9, serde_json::json!({})),
            ] {
                let event = serde_json::json!({
                    "specversion": "1.0", "id": format!("{subject}-{id}"), "source": "urn:example:hostile",
                    "type": format!("evenfield.consultation.{kind}.v1"), "subject": subject,
                    "time": format!("2022-03-01T09:{minute:02}:00Z"), "data": data,
                });
                text.push_str(&format!("{event}\n"));
            }
        }
    }
    run_on(dir, text.as_bytes(), ["ingest", "-q", "-"]).ok();
}

#[test]
fn names_that_a_spreadsheet_would_run_are_words() {
    let dir = folder();
    hostile(dir.path());
    for asked in ["totals --by service", "outcomes", "comparison --measure undisturbed --by service"] {
        export(dir.path(), asked, "set.csv");
        export(dir.path(), asked, "set.xlsx");
        let mut reader = csv::Reader::from_path(dir.path().join("set.csv")).unwrap();
        let names: Vec<String> = reader.headers().unwrap().iter().map(str::to_owned).collect();
        let column = |name: &str| names.iter().position(|known| known == name).unwrap();
        let (platform, service) = (column("platform"), column("service"));
        let mut seen = BTreeSet::new();
        for record in reader.records().map(Result::unwrap) {
            for cell in &record {
                let runs = cell.starts_with(['=', '+', '@', '\t'])
                    || cell.starts_with('-') && cell.parse::<f64>().is_err();
                assert!(!runs, "{asked}: {cell}");
            }
            let named = record[platform].strip_prefix('\'').unwrap_or_else(|| panic!("{record:?}"));
            seen.insert(named.to_owned());
            assert!(record[service].starts_with('\'') || &record[service] == "[z]", "{record:?}");
        }
        assert_eq!(seen, HOSTILE.map(str::to_owned).into(), "{asked}");
        let mut book: Xlsx<_> = open_workbook(dir.path().join("set.xlsx")).unwrap();
        let last = book.sheet_names().pop().unwrap();
        assert!(book.worksheet_formula(&last).unwrap().is_empty(), "{asked}");
        for part in parts(&dir.path().join("set.xlsx")).values() {
            assert!(!part.contains("<f>") && !part.contains("<f "), "{asked}: {part}");
        }
    }
}

proptest! {
    #![proptest_config(cases(200))]

    /// Whatever the words, they come back as they were, and begin nothing that a spreadsheet would run.
    #[test]
    fn words_come_back_from_csv_as_they_were(words in proptest::collection::vec(any::<String>(), 1..20)) {
        let column = |name: &str| Column {
            name: name.to_owned(), title: String::new(), unit: None, kind: Kind::Text, means: String::new(),
        };
        let table = Table {
            name: "t".to_owned(), title: String::new(), subtitle: String::new(),
            columns: vec![column("one"), column("other")],
            rows: words.iter().map(|word| vec![Cell::Text(word.clone()), Cell::Text(format!("={word}"))]).collect(),
        };
        let mut bytes = Vec::new();
        csv_form::write(&table, &mut bytes).unwrap();
        let mut reader = csv::Reader::from_reader(bytes.as_slice());
        let records: Vec<csv::StringRecord> = reader.records().map(Result::unwrap).collect();
        prop_assert_eq!(records.len(), words.len());
        for (record, word) in records.iter().zip(&words) {
            prop_assert!(&record[0] == word || record[0].strip_prefix('\'') == Some(word), "{:?}", record);
            prop_assert!(!record[0].starts_with(['=', '+', '-', '@', '\t', '\r', '\n']));
            prop_assert_eq!(&record[1], format!("'={word}"));
        }
    }
}

#[test]
fn the_ending_tells_the_form_and_a_wrong_one_is_told_with_the_nearest() {
    let dir = prepared();
    let fails = |args: &str| run(dir.path(), args.split(' ').collect::<Vec<_>>()).fails(2);
    let told = fails("export totals -o totals.xslx");
    assert!(told.contains("no form of data sets \"xslx\"; did you mean \"xlsx\"?"), "{told}");
    let told = fails("export totals -o totals");
    assert!(told.contains("tells no form") && told.contains(".parquet"), "{told}");
    let told = fails("export totals --format md");
    assert!(told.contains("not written as md"), "{told}");
    let told = fails("export comparison --table diferences");
    assert!(told.contains("did you mean \"differences\"?"), "{told}");
    let told = fails("compare --format xlsx");
    assert!(told.contains("evenfield export comparison -o comparison.xlsx"), "{told}");
    assert!(!dir.path().join("totals.xslx").exists() && !dir.path().join("totals").exists());
    // The form that is named goes before the ending, and a packed file is packed.
    run(dir.path(), ["export", "totals", "--format", "json", "-q", "-o", "totals.csv"]).ok();
    assert_eq!(json(dir.path(), "totals.csv")["metadata"]["name"], "totals");
    run(dir.path(), ["export", "totals", "-q", "-o", "packed.csv.zst"]).ok();
    let packed = zstd::decode_all(File::open(dir.path().join("packed.csv.zst")).unwrap()).unwrap();
    assert_eq!(String::from_utf8(packed).unwrap(), run(dir.path(), ["export", "totals"]).ok());
    assert!(dir.path().join("packed.csv.metadata.json").exists());
}

#[test]
fn what_a_form_has_no_place_for_is_told_or_lies_beside_it() {
    let dir = prepared();
    let ran = run(dir.path(), ["export", "comparison", "-o", "comparison.csv"]);
    assert!(ran.err.contains("csv holds one table, measures; there are also differences"), "{}", ran.err);
    assert_eq!(ran.ok(), "");
    let beside = json(dir.path(), "comparison.csv.metadata.json");
    assert_eq!(beside["schema"], "evenfield.dataset/1");
    assert_eq!(beside["policy"]["name"], "internal");
    assert_eq!(beside["commitment"].as_str().unwrap().len(), 64);
    assert!(beside["licence"].is_null());
    let columns = beside["tables"][0]["columns"].as_array().unwrap();
    let text = fs::read_to_string(dir.path().join("comparison.csv")).unwrap();
    let names: Vec<&str> = columns.iter().map(|column| column["name"].as_str().unwrap()).collect();
    assert_eq!(text.lines().next().unwrap(), names.join(","));
    // On standard output nothing lies beside.
    let out = run(dir.path(), ["export", "comparison", "--table", "claims", "-q"]).ok();
    assert!(out.starts_with("claim,rule,measure"), "{out}");
}

/// Of a few consultations values are shown, and marked.
#[test]
fn values_that_rest_on_too_little_are_marked_beside_the_value() {
    let dir = folder();
    run(dir.path(), ["synth", "clinic", "--consultations", "60", "-o", "few.ndjson"]).ok();
    run(dir.path(), ["ingest", "-q", "few.ndjson"]).ok();
    export(dir.path(), "comparison", "set.json");
    let set = json(dir.path(), "set.json");
    let rows = |table: &str| set["tables"][table].as_array().unwrap().clone();
    let mut seen = [0, 0];
    for row in rows("differences") {
        let is_low = ["insufficient_evidence", "not_estimable"].contains(&row["status"].as_str().unwrap());
        let is_low = is_low && row["value"].is_number();
        assert_eq!(row["value_mark"], if is_low { "[low]" } else { "" }, "{row}");
        seen[usize::from(is_low)] += 1;
    }
    assert!(seen.iter().all(|seen| *seen > 2), "{seen:?}");
    let mark = |measure: &str| {
        let row = rows("measures").into_iter().find(|row| row["measure"] == measure).unwrap();
        assert!(row["value"].is_number() && row["x"].as_u64() <= row["n"].as_u64(), "{row}");
        let [x, n] = ["x", "n"].map(|name| row[name].as_u64().unwrap());
        (x.min(n - x) < 10, row["value_mark"] == "[low]")
    };
    // Nearly all connected: there are hardly any that did not.
    assert_eq!(mark("connection_success"), (true, true));
    assert_eq!(mark("terminal_failure"), (true, true));
}

#[test]
fn consultations_one_by_one_are_for_those_inside() {
    let dir = prepared();
    let told = run(dir.path(), ["export", "outcomes", "--policy", "rounded", "-o", "o.csv"]).fails(2);
    assert!(told.contains("`evenfield export outcomes` tells of consultations"), "{told}");
    assert!(!dir.path().join("o.csv").exists());
    run(dir.path(), ["export", "totals", "--policy", "rounded", "--release", "-q", "-o", "given.zip"]).ok();
    let metadata: Value =
        serde_json::from_str(&parts(&dir.path().join("given.zip"))["metadata.json"]).unwrap();
    assert_eq!(metadata["policy"]["release"], 1);
    let told = run(dir.path(), ["export", "totals", "--release"]).fails(2);
    assert!(told.contains("--release needs --policy rounded"), "{told}");
}

#[cfg(feature = "parquet")]
#[test]
fn a_table_comes_back_from_parquet() {
    use parquet::file::reader::{FileReader, SerializedFileReader};
    use parquet::record::Field;

    let dir = prepared();
    for asked in
        ["comparison", "comparison --table differences", "outcomes", "totals --policy rounded --by service"]
    {
        export(dir.path(), asked, "set.parquet");
        export(dir.path(), asked, "set.json");
        let set = json(dir.path(), "set.json");
        let (name, columns) = columns(&set).into_iter().next().unwrap();
        let rows = set["tables"][&name].as_array().unwrap();
        let reader = SerializedFileReader::new(File::open(dir.path().join("set.parquet")).unwrap()).unwrap();
        let said = reader.metadata().file_metadata().key_value_metadata().unwrap();
        let metadata = said.iter().find(|one| one.key == "evenfield.metadata").unwrap();
        let metadata: Value = serde_json::from_str(metadata.value.as_ref().unwrap()).unwrap();
        assert_eq!(metadata, set["metadata"], "{asked}");
        let found: Vec<_> = reader.get_row_iter(None).unwrap().map(Result::unwrap).collect();
        assert_eq!(found.len(), rows.len());
        for (row, found) in rows.iter().zip(found) {
            let found: BTreeMap<String, Field> = found.into_columns().into_iter().collect();
            for (field, _) in &columns {
                let cell = match &found[field] {
                    Field::Null => Value::Null,
                    Field::Str(text) => text.as_str().into(),
                    Field::Long(number) => (*number).into(),
                    Field::Double(number) => (*number).into(),
                    Field::Bool(flag) => (*flag).into(),
                    Field::TimestampMillis(ms) => event::Time::from_ms(*ms).to_string().into(),
                    other => panic!("{other}"),
                };
                assert_eq!(cell, row[field], "{asked}: {field}");
                let marks = match &found["marks"] {
                    Field::Str(marks) => marks.as_str(),
                    _ => "",
                };
                if let Some(mark) = row["marks"][field].as_str() {
                    assert!(
                        marks.split("; ").any(|one| one == format!("{field} {mark}")),
                        "{field}: {marks}"
                    );
                }
            }
        }
    }
}

#[cfg(not(feature = "parquet"))]
#[test]
fn without_parquet_a_data_set_says_how_to_get_it() {
    let dir = prepared();
    let told = run(dir.path(), ["export", "totals", "-o", "totals.parquet"]).fails(2);
    assert!(told.contains("--features parquet"), "{told}");
}
