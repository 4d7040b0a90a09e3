//! Is the evidence complete? What `quality` tells is counted again from the rows of `outcomes`.

use std::collections::BTreeMap;
use std::path::Path;

use serde_json::Value;

use crate::command::{folder, prepared, run, run_on};

fn rows(dir: &Path) -> Vec<Value> {
    run(dir, ["outcomes", "--json"]).ok().lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// A store in which much lacks: a recording with oddities, an event of a source that declared nothing, and
/// a consultation that is not over.
fn incomplete() -> tempfile::TempDir {
    let dir = folder();
    run(dir.path(), ["replay", "messy-feed", "-q"]).ok();
    let mut text = String::new();
    for (call, minutes) in [("stray-1", [0, 1]), ("stray-2", [2, 3])] {
        for (role, minute) in ["patient", "clinician"].into_iter().zip(minutes) {
            text += &format!(
                "{{\"specversion\":\"1.0\",\"id\":\"{call}-{role}\",\"source\":\"urn:example:stray\",\
                 \"type\":\"evenfield.consultation.joined.v1\",\"subject\":\"{call}\",\
                 \"time\":\"2026-03-05T09:{minute:02}:00Z\",\"data\":{{\"participant\":\"{role}-{call}\",\
                 \"role\":\"{role}\",\"context\":{{\"platform\":\"cedar\",\"network\":\"wifi\"}}}}}}\n"
            );
        }
    }
    run_on(dir.path(), text.as_bytes(), ["ingest", "-q", "-"]).ok();
    dir
}

#[test]
fn every_count_is_that_of_the_rows_of_outcomes() {
    let dir = incomplete();
    let mut groups: BTreeMap<(String, Option<String>), Vec<Value>> = BTreeMap::new();
    for row in rows(dir.path()) {
        let level = |name: &str| row["context"][name].as_str().unwrap_or("not recorded").to_owned();
        let (platform, service) = (level("platform"), level("service"));
        groups.entry((platform.clone(), None)).or_default().push(row.clone());
        groups.entry((platform, Some(service))).or_default().push(row);
    }
    let mut documents = Vec::new();
    for threads in ["1", "2", "5"] {
        let asked = ["quality", "--by", "service", "--json", "--threads", threads];
        documents.push(run(dir.path(), asked).ok());
    }
    assert!(documents.iter().all(|document| *document == documents[0]), "on any number of threads");
    let found: Value = serde_json::from_str(&documents[0]).unwrap();
    assert_eq!(found["schema"], "evenfield.quality/1");
    assert_eq!(found["undeclared_sources"], serde_json::json!(["urn:example:stray"]));
    let told = found["rows"].as_array().unwrap();
    assert_eq!(told.len(), groups.len());
    let (mut odd, mut open) = (0, 0);
    for (row, ((platform, service), rows)) in told.iter().zip(&groups) {
        assert_eq!(
            (row["platform"].as_str(), row["service"].as_str()),
            (Some(&**platform), service.as_deref())
        );
        let closed: Vec<&Value> = rows.iter().filter(|row| row["ending"] != "in_progress").collect();
        let count = |holds: &dyn Fn(&Value) -> bool| closed.iter().filter(|row| holds(row)).count() as u64;
        assert_eq!(row["consultations"], closed.len(), "{platform} {service:?}");
        assert_eq!(row["in_progress"], rows.len() - closed.len(), "{platform} {service:?}");
        assert_eq!(row["end_not_seen"]["n"], count(&|row| row["ending"] == "end_not_seen"));
        assert_eq!(row["one_sided"]["n"], count(&|row| row["one_sided"] == true));
        assert_eq!(row["undeclared"]["n"], count(&|row| row["undeclared"] == true));
        let contradictory = count(&|row| !row["anomalies"].as_object().unwrap().is_empty());
        assert_eq!(row["contradictory"]["n"], contradictory);
        for (kind, anomaly) in row["anomalies"].as_object().unwrap() {
            assert_eq!(anomaly["consultations"], count(&|row| !row["anomalies"][kind].is_null()), "{kind}");
            let times: u64 = closed.iter().filter_map(|row| row["anomalies"][kind].as_u64()).sum();
            assert_eq!(anomaly["times"], times, "{kind}");
        }
        for lacking in row["not_recorded"].as_array().unwrap() {
            let name = lacking["dimension"].as_str().unwrap();
            let n = count(&|row| row["context"][name].is_null());
            assert_eq!(lacking["n"], n, "{name}");
            let share = lacking["share"].as_f64().unwrap_or(0.0);
            assert!((share * closed.len() as f64 - n as f64).abs() < 1e-9, "{lacking}");
        }
        odd += contradictory;
        open += rows.len() - closed.len();
    }
    assert!(odd > 0 && open > 0, "there is something to count");
}

#[test]
fn people_are_told_what_lacks_and_what_to_do() {
    let dir = incomplete();
    let text = run(dir.path(), ["quality"]).ok();
    for words in [
        "cedar\n-----",
        "by sources that declared nothing            2  100.0 %",
        "nothing tells how 100.0 % of cedar ended",
        "network is not recorded for 100.0 % of alder",
        "the sources of cedar do not show",
        "Sources that never declared what they can see: urn:example:stray",
        "never declared, never sent: scheduled,",
        "nobody recorded platform_version,",
    ] {
        assert!(text.contains(words), "{words}: {text}");
    }
    assert!(text.lines().all(|line| line.chars().count() <= 100), "{text}");
    let alder = run(dir.path(), ["quality", "--where", "platform=alder"]).ok();
    assert!(alder.contains("alder\n-----") && !alder.contains("cedar\n"), "{alder}");
}

/// What no feed of a platform can tell is the blind feed's story.
#[test]
fn a_feed_that_cannot_tell_drops_is_named() {
    let dir = folder();
    run(dir.path(), ["replay", "blind-feed", "-q"]).ok();
    let found = run(dir.path(), ["quality", "--json"]).json();
    let notes: Vec<&str> =
        found["notes"].as_array().unwrap().iter().map(|note| note.as_str().unwrap()).collect();
    assert!(notes.iter().any(|note| note.contains("birch do not show rejoined, dropped")), "{notes:?}");
    for row in found["rows"].as_array().unwrap() {
        let dropped = row["kinds"].as_array().unwrap().iter().find(|kind| kind["kind"] == "dropped").unwrap();
        let field = if row["platform"] == "birch" { "cannot_tell" } else { "observed" };
        assert_eq!(dropped[field], row["consultations"], "{dropped}");
    }
}

#[test]
fn quality_comes_in_every_form() {
    let dir = prepared();
    let csv = run(dir.path(), ["quality", "--by", "service", "--format", "csv"]);
    assert!(csv.err.contains("--json has all of it"), "{}", csv.err);
    let csv = csv.ok();
    assert!(
        csv.starts_with("platform,service,consultations,in_progress,other_modalities,end_not_seen,"),
        "{csv}"
    );
    let cells: Vec<usize> = csv.lines().map(|line| line.split(',').count()).collect();
    assert!(cells.len() > 4 && cells.iter().all(|count| *count == cells[0]), "{csv}");
    let lines = run(dir.path(), ["quality", "--format", "ndjson"]).ok();
    assert_eq!(lines.lines().count(), 2, "{lines}");
    assert!(run(dir.path(), ["quality", "--format", "md"]).ok().contains("| --- |"));
}

#[test]
fn what_cannot_be_asked_is_refused_with_what_to_do() {
    let dir = prepared();
    assert!(run(dir.path(), ["quality", "--by", "netwrok"]).fails(2).contains("did you mean \"network\""));
    assert!(run(dir.path(), ["quality", "--by", "platform"]).fails(2).contains("name other dimensions"));
    assert!(
        run(dir.path(), ["quality", "--where", "servic=x"]).fails(2).contains("did you mean \"service\"")
    );
    let nobody = run(dir.path(), ["quality", "--where", "service=astrology"]).ok();
    assert!(nobody.contains("No consultation passes --where"), "{nobody}");
    let empty = folder();
    run_on(empty.path(), b"", ["ingest", "-q", "-"]).ok();
    let text = run(empty.path(), ["quality"]).ok();
    assert!(text.contains("There are no consultations to look at"), "{text}");
    assert_eq!(run(empty.path(), ["quality", "--json"]).json()["rows"], serde_json::json!([]));
    assert!(run(folder().path(), ["quality"]).fails(4).contains("ingest"));
}
