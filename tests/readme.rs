//! What the README says, done: every command it shows is run, every event it shows is taken in.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use crate::cli::serves;
use crate::command::{folder, line, prepared, run};

/// A document of the project.
fn document(name: &str) -> String {
    fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(name)).unwrap()
}

/// The lines of the fenced blocks of one language.
fn blocks<'a>(text: &'a str, language: &str) -> Vec<&'a str> {
    let fence = format!("```{language}\n");
    text.split(&fence).skip(1).flat_map(|rest| rest.split("```").next().unwrap_or("").lines()).collect()
}

#[test]
fn every_command_of_the_readme_runs() {
    let readme = document("README.md");
    let mut ran = Vec::new();
    let dir = prepared();
    for shown in blocks(&readme, "sh") {
        let command = shown.split(" # ").next().unwrap_or(shown).trim();
        let command = command.replace("cargo run --release -- ", "evenfield ");
        // The tests are running; a comment alone is no command.
        if command == "cargo test" || command.starts_with('#') || command.is_empty() {
            continue;
        }
        if command == "evenfield serve" {
            serves(dir.path(), &command);
            continue;
        }
        let told = line(dir.path(), &command);
        assert_eq!(told.code, 0, "{shown}: {}", told.err);
        assert!(!told.out.is_empty() || command.contains(" -o "), "{shown} says nothing");
        ran.push(command);
    }
    assert!(ran.len() >= 10, "{ran:?}");
    assert!(ran.iter().any(|command| command == "evenfield demo"), "{ran:?}");
    let shown = line(dir.path(), "evenfield compare zoom attend-anywhere --measure connection_success").ok();
    assert!(shown.contains("zoom  ") && shown.contains("attend-anywhere  "), "{shown}");
}

#[test]
fn every_event_of_the_readme_goes_in() {
    let dir = folder();
    let readme = document("README.md");
    let events = blocks(&readme, "json");
    assert!(events.len() >= 2);
    fs::write(dir.path().join("events.ndjson"), events.join("\n")).unwrap();
    let report = run(dir.path(), ["ingest", "--allow-future", "--json", "events.ndjson"]).json();
    assert_eq!(report["appended"], events.len(), "{report}");
    // They are written as an export writes them.
    assert_eq!(run(dir.path(), ["log", "export"]).ok().trim_end(), events.join("\n"));
}

#[test]
fn what_the_readme_names_is_there() {
    for name in ["README.md", "ARCHITECTURE.md", "scenarios/README.md", "engine/service/README.md"] {
        let text = document(name);
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join(name);
        for rest in text.split("](").skip(1) {
            let target = rest.split(')').next().unwrap();
            let there = target.starts_with("https://") || folder.with_file_name(target).exists();
            assert!(there, "{name} names {target}");
        }
    }
}

#[test]
fn every_kind_and_dimension_is_told_in_the_vocabulary() {
    let text = document("scenarios/README.md");
    let known = event::Kind::ALL.into_iter().filter(|kind| *kind != event::Kind::Unknown);
    for name in known.map(event::Kind::name).chain(event::Dimension::ALL.map(event::Dimension::name)) {
        assert!(text.contains(&format!("`{name}`")), "{name} is not told");
    }
}

/// A sheet with every column that the mapping names, and one row with something in each.
#[test]
fn the_mapping_of_the_vocabulary_reads_a_spreadsheet() {
    let dir = folder();
    let vocabulary = document("scenarios/README.md");
    let mapping = blocks(&vocabulary, "toml").join("\n");
    let told: toml::Table = mapping.parse().unwrap();
    let events = told["event"].as_array().unwrap();
    let mut cells: BTreeMap<&str, String> = BTreeMap::new();
    for table in events.iter().chain([&told["columns"]]).map(|table| table.as_table().unwrap()) {
        for (field, column) in table.iter().filter(|(field, _)| *field != "kind") {
            let Some(column) = column.as_str() else { continue };
            let cell =
                if field == "at" { format!("02/03/2022 09:{:02}", cells.len()) } else { "x".to_owned() };
            cells.insert(column, cell);
        }
    }
    let row = |cells: Vec<&str>| cells.join(",");
    let names = row(cells.keys().copied().collect());
    let sheet = format!("{names}\n{}\n", row(cells.values().map(String::as_str).collect()));
    fs::write(dir.path().join("columns.toml"), &mapping).unwrap();
    fs::write(dir.path().join("sheet.csv"), &sheet).unwrap();
    let ran = run(dir.path(), ["ingest", "--feed", "csv", "--map", "columns.toml", "sheet.csv", "--json"]);
    let mut report = ran.json();
    let kinds = report["feeds"]["csv"].take();
    assert_eq!(
        kinds.as_object().unwrap().values().filter_map(serde_json::Value::as_u64).sum::<u64>(),
        events.len() as u64 + 1
    );
    report.as_object_mut().unwrap().remove("feeds");
    // What the sheet can tell is declared besides.
    let all = serde_json::json!({
        "read": events.len() + 1, "appended": events.len() + 1, "duplicates": 0, "rejected": [],
        "positions": [1, events.len() + 1],
    });
    assert_eq!(report, all, "{sheet}{}", ran.err);
}
