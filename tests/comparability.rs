//! What cannot be compared is refused with the reason, and what can only be compared as before and after is called so.

use std::collections::BTreeMap;
use std::path::Path;

use serde_json::Value;
use tempfile::TempDir;

use crate::command::{folder, run, run_on};

/// The events of a recorded scenario by consultation, each a line, with the context of each consultation.
fn recorded(name: &str) -> Vec<(Value, Vec<String>)> {
    let dir = folder();
    run(dir.path(), ["replay", name, "-q"]).ok();
    let mut by_consultation: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for line in run(dir.path(), ["log", "export"]).ok().lines() {
        let event: Value = serde_json::from_str(line).unwrap();
        by_consultation
            .entry(event["subject"].as_str().unwrap().to_owned())
            .or_default()
            .push(line.to_owned());
    }
    let outcomes = run(dir.path(), ["outcomes", "--json"]).ok();
    let rows = outcomes.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
    rows.map(|row| {
        let events = by_consultation.remove(row["consultation"].as_str().unwrap()).unwrap();
        (row, events)
    })
    .collect()
}

/// A store of these consultations, each as `told`; those that are not told are left out.
fn store(consultations: &[(Value, Vec<String>)], told: impl Fn(&Value, &str) -> Option<String>) -> TempDir {
    let dir = folder();
    let lines: Vec<String> = consultations
        .iter()
        .flat_map(|(row, events)| events.iter().filter_map(|event| told(&row["context"], event)))
        .collect();
    run_on(dir.path(), lines.join("\n").as_bytes(), ["ingest", "-", "-q"]).ok();
    dir
}

fn undisturbed(dir: &Path, more: &[&str]) -> Value {
    run(dir, [&["compare", "--measure", "undisturbed", "--json"][..], more].concat()).json()
}

#[test]
fn platforms_that_were_used_one_after_the_other_are_before_and_after() {
    let consultations = recorded("range-by-service");
    let year = consultations[0].0["began_at"].as_str().unwrap()[..4].parse::<u32>().unwrap();
    let (this, before) = (format!("\"{year}-"), format!("\"{}-", year - 1));
    let together = store(&consultations, |_, event| Some(event.to_owned()));
    let apart = store(&consultations, |context, event| {
        Some(if context["platform"] == "alder" { event.replace(&this, &before) } else { event.to_owned() })
    });
    let (together, found) = (undisturbed(together.path(), &[]), undisturbed(apart.path(), &[]));
    let [known, told] = [&together, &found].map(|found| &found["differences"][0]);
    // It is refused nowhere, and the numbers are the same: only what is said of them is less sure.
    assert_eq!((&known["value"], &known["verdict"]), (&told["value"], &told["verdict"]));
    assert_eq!((known.get("concurrent_share"), &told["concurrent_share"]), (None, &0.0.into()));
    let words = |found: &Value| found["claims"][0]["words"].as_str().unwrap().to_owned();
    assert!(words(&together).contains(" is better than ") || words(&together).contains(" is worse than "));
    let said = words(&found);
    assert!(said.starts_with("Before and after, ") && said.contains(" appears "), "{said}");
    assert_eq!(found["claims"][0]["claim"], together["claims"][0]["claim"], "the question is the same");
    let text = run(apart.path(), ["compare", "--measure", "undisturbed"]).ok();
    assert!(
        text.contains("were hardly used in the same months") || text.contains("Before and after"),
        "{text}"
    );
    let decided = run(apart.path(), ["decide", "--json"]).json();
    let notes = decided["notes"].to_string();
    assert!(notes.contains("were hardly used in the same months"), "{notes}");
}

#[test]
fn adjusting_for_what_keeps_platforms_apart_is_refused() {
    let consultations = recorded("range-by-service");
    let apart = store(&consultations, |context, event| {
        let is_used = (context["service"] == "mental-health") == (context["platform"] == "birch");
        is_used.then(|| event.to_owned())
    });
    let refused = run(apart.path(), ["compare", "--adjust", "service"]).fails(6);
    for said in ["alder", "birch", "no consultations that are alike in service", "adjust for less"] {
        assert!(refused.contains(said), "{said}: {refused}");
    }
    // Beside it they can be compared, and so they can where some strata are shared.
    run(apart.path(), ["compare"]).ok();
    let shared = store(&consultations, |context, event| {
        let is_used = context["service"] != "mental-health" || context["platform"] == "birch";
        is_used.then(|| event.to_owned())
    });
    let found = undisturbed(shared.path(), &["--adjust", "service"]);
    let lost = found["differences"][0]["adjusted"]["lost_share"].as_f64().unwrap();
    assert!(0.0 < lost && lost < 1.0, "{lost}");
}

/// Where organisations are too few to tell what consultations share, clinicians do; where nobody named those, nothing.
#[test]
fn what_consultations_share_is_what_there_are_two_or_more_of() {
    let dir = folder();
    let events = run(dir.path(), ["synth", "clinic", "--consultations", "400", "-q"]).ok();
    let clusters = |events: &str, more: &[&str]| {
        let store = folder();
        run_on(store.path(), events.as_bytes(), ["ingest", "-", "-q"]).ok();
        let found = undisturbed(store.path(), more);
        found["rows"].as_array().unwrap().iter().map(|row| row["cluster"].clone()).collect::<Vec<_>>()
    };
    let first = events.split("\"organisation\":\"").nth(1).unwrap().split('"').next().unwrap();
    let one = format!("organisation={first}");
    assert_eq!(clusters(&events, &[]), ["organisation"; 2]);
    assert_eq!(clusters(&events, &["--where", &one]), ["clinician"; 2]);
    let unnamed = events.replace("\"clinician\":\"", "\"was\":\"");
    assert_eq!(clusters(&unnamed, &["--where", &one]), ["none"; 2]);
}

/// A measure that neither feed can tell was said to be told by one of them.
#[test]
fn of_what_neither_can_tell_it_is_not_said_that_one_can() {
    let dir = folder();
    run(dir.path(), ["replay", "range-by-service", "-q"]).ok();
    let of = |found: &Value, part: &str| -> Value {
        let mut all = found[part].as_array().into_iter().flatten();
        all.find(|one| one["measure"] == "help_requested").cloned().unwrap()
    };
    let inside = run(dir.path(), ["compare", "--json"]).json();
    assert_eq!(of(&inside, "differences")["reason"], "on both: the feed cannot tell help_requested");
    let claim = of(&inside, "claims")["words"].as_str().unwrap().to_owned();
    assert!(claim.contains("alder and birch cannot be compared: asked for help; on both: "), "{claim}");
    let rounded = run(dir.path(), ["compare", "--json", "--policy", "rounded"]).json();
    assert_eq!(of(&rounded, "differences")["reason"], "neither platform can tell it");
    run(dir.path(), ["report", "build", "-q", "-o", "report.html"]).ok();
    let report = std::fs::read_to_string(dir.path().join("report.html")).unwrap();
    assert!(report.contains("neither platform can tell it") && !report.contains("what the other can"));
    // Where one of them can, it is said which cannot.
    let blind = folder();
    run(blind.path(), ["replay", "blind-feed", "-q"]).ok();
    let found = run(blind.path(), ["compare", "--json", "--policy", "rounded"]).json();
    let differences = found["differences"].as_array().unwrap();
    let drops = differences.iter().find(|one| one["measure"] == "any_drop").unwrap();
    assert_eq!(drops["reason"], "one platform cannot tell what the other can");
}
