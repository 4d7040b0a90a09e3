//! What people see, word for word: a change of wording is looked at before it is kept.
//!
//! Everything here follows from seeds and recordings, so nothing is masked. To look at a change and
//! keep it, run `cargo insta review`, or the tests with `INSTA_UPDATE=always`.

use std::path::Path;

use insta::assert_snapshot;

use crate::command::{SHEET, folder, run, run_on};

#[test]
fn the_demo() {
    let dir = folder();
    assert_snapshot!(run(dir.path(), ["demo", "--report", "report.html"]).ok());
    let told = run(dir.path(), ["report", "check", "report.html"]).ok();
    assert!(told.contains("is sound in structure"), "{told}");
    let html = std::fs::read_to_string(dir.path().join("report.html")).unwrap();
    assert!(html.contains("Allow a range: alder for dermatology, minor-illness; birch for mental-health."));
}

/// A small recording in a store.
fn recorded(dir: &Path) {
    run(dir, ["synth", "clinic", "--consultations", "400", "-o", "clinic.ndjson"]).ok();
    run(dir, ["ingest", "clinic.ndjson"]).ok();
}

#[test]
fn a_comparison() {
    let dir = folder();
    recorded(dir.path());
    assert_snapshot!("a_comparison_as_a_table", run(dir.path(), ["compare"]).ok());
    let measures = "undisturbed,connect_ms,drops_per_100h,audio_availability,patient_rating,sus";
    let asked = ["compare", "--measure", measures, "--json"];
    assert_snapshot!("a_comparison_in_json", run(dir.path(), asked).ok());
    let asked = ["compare", "--measure", "undisturbed,any_drop", "--by", "network"];
    assert_snapshot!("a_comparison_by_network", run(dir.path(), asked).ok());
}

/// A text without the commitment, whose salts every store draws for itself.
fn without_commitment(text: &str) -> String {
    let is_digits = |word: &str| word.len() == 64 && word.chars().all(|digit| digit.is_ascii_hexdigit());
    let words = text.split_inclusive(char::is_whitespace);
    let word = |word: &str| match is_digits(word.trim_end()) {
        true => word.replacen(word.trim_end(), "(commitment)", 1),
        false => word.to_owned(),
    };
    words.map(word).collect()
}

#[test]
fn a_report() {
    let dir = folder();
    recorded(dir.path());
    let text = run(dir.path(), ["report", "show", "--policy", "internal", "-q"]).ok();
    // Its middle is charts of what other answers show.
    let head: String = text.split_inclusive('\n').take(150).collect();
    assert_snapshot!("a_report_inside", without_commitment(&head));
    let shown = run(dir.path(), ["report", "show", "-q"]).ok();
    assert_snapshot!("a_report_to_be_given_away", without_commitment(&shown));
}

#[test]
fn a_data_set() {
    let dir = folder();
    recorded(dir.path());
    let asked = ["export", "comparison", "--measure", "undisturbed,connect_ms,sus", "-q"];
    assert_snapshot!("a_data_set_as_csv", run(dir.path(), asked).ok());
    let rounded = ["--policy", "rounded", "--format", "json"];
    let given: Vec<&str> = asked.into_iter().chain(rounded).collect();
    let text = run(dir.path(), given).ok();
    let (before, rest) = text.split_once("\"commitment\": \"").unwrap();
    assert_snapshot!(
        "a_data_set_to_be_given_away",
        format!("{before}\"commitment\": \"(commitment){}", &rest[64..])
    );
}

#[test]
fn outcomes() {
    let dir = folder();
    recorded(dir.path());
    let outcomes = run(dir.path(), ["outcomes"]).ok();
    let head: String = outcomes.split_inclusive('\n').take(12).collect();
    assert_snapshot!(head);
}

#[test]
fn the_library_of_scenarios() {
    let dir = folder();
    let mut text = run(dir.path(), ["scenario", "ls"]).ok();
    text.push_str(&run(dir.path(), ["scenario", "show", "messy-feed"]).ok());
    assert_snapshot!(text);
}

#[test]
fn the_head_of_the_methods() {
    let methods = run(folder().path(), ["methods"]).ok();
    let (measures, methods) = methods.split_once("\nMETHODS\n").unwrap();
    let head = |text: &str, lines| text.lines().take(lines).collect::<Vec<_>>().join("\n");
    let text = format!("{}\n...\n\nMETHODS\n{}", head(measures, 16), head(methods, 13));
    assert_snapshot!(text);
}

#[test]
fn the_feeds() {
    let dir = folder();
    let mut text = run(dir.path(), ["feed", "ls"]).ok();
    text.push('\n');
    text.push_str(&run(dir.path(), ["feed", "show", "zoom-webhook"]).ok());
    assert_snapshot!(text);
}

#[test]
fn a_mapping_for_a_spreadsheet() {
    assert_snapshot!(run_on(folder().path(), SHEET.as_bytes(), ["feed", "template", "-"]).ok());
}

#[test]
fn help() {
    assert_snapshot!(run(folder().path(), ["--help"]).ok());
}
