//! Outages, as commissioners ask of them: the one that was planted is found where it was, and nothing else; what a bad
//! day takes under each policy; and the same bytes whatever the order and the threads.

use std::path::Path;

use serde_json::Value;

use crate::command::{folder, prepared, run, run_on};

/// A store with a recorded scenario in it.
fn replayed(name: &str) -> tempfile::TempDir {
    let dir = folder();
    run(dir.path(), ["replay", name, "-q"]).ok();
    dir
}

fn found(dir: &Path, more: &[&str]) -> Value {
    run(dir, [&["outages", "--json"], more].concat()).json()
}

#[test]
fn the_outage_that_was_planted_is_found_at_its_place() {
    let dir = replayed("outage");
    let found = found(dir.path(), &[]);
    let outages = found["outages"].as_array().unwrap();
    let [outage] = &outages[..] else { panic!("{outages:?}") };
    assert_eq!((&outage["platform"], &outage["from"]), (&"birch".into(), &"2026-03-11T12:00:00Z".into()));
    assert_eq!((&outage["to"], &outage["p"]), (&"2026-03-11T18:00:00Z".into(), &0.001.into()));

    // Counted again from the rows.
    let rows = run(dir.path(), ["outcomes", "--json"]).ok();
    let [mut mine, mut others] = [[0_u64; 2]; 2];
    for row in rows.lines().map(|line| serde_json::from_str::<Value>(line).unwrap()) {
        let began = row["began_at"].as_str().unwrap_or_default();
        if row["attempted"] == true && ("2026-03-11T12:00".."2026-03-11T18:00").contains(&began) {
            let lost = row["drops"].as_u64() > row["recovered_drops"].as_u64();
            let failed = row["connected"] == false || lost;
            let sum = if row["context"]["platform"] == "birch" { &mut mine } else { &mut others };
            *sum = [sum[0] + 1, sum[1] + u64::from(failed)];
        }
    }
    let counts = |names: [&str; 2]| names.map(|name| outage[name].as_u64().unwrap());
    assert_eq!(counts(["attempted", "failed"]), mine);
    assert_eq!(counts(["others_attempted", "others_failed"]), others);
    assert!(outage["expected"].as_f64().unwrap() < 5.0, "{outage}");
    assert!(counts(["organisations", "affected"])[1] >= 15, "{outage}");

    let text = run(dir.path(), ["outages"]).ok();
    for words in [
        "One outage was found.",
        "birch, 2026-03-11 from 12:00 to 18:00 UTC",
        "on the other platforms",
        "in 5 of 100 logs without an outage one is found.",
        "What would have been noticed",
    ] {
        let unwrapped = text.split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(unwrapped.contains(words), "{words}: {text}");
    }
    assert!(text.lines().all(|line| line.chars().count() <= 100), "{text}");
}

#[test]
fn where_there_is_no_outage_it_is_said_what_would_have_been_one() {
    let dir = replayed("range-by-service");
    let found = found(dir.path(), &[]);
    assert_eq!(found["outages"], serde_json::json!([]));
    assert!(found["spans"].as_u64().unwrap() > 1_000, "{}", found["spans"]);
    let noticed = found["platforms"][0]["noticed"].as_array().unwrap();
    assert!(noticed.iter().any(|noticed| noticed["failures"].is_u64()), "{noticed:?}");
    let text = run(dir.path(), ["outages"]).ok();
    assert!(text.starts_with("No outage was found.\n"), "{text}");
    assert!(text.contains("alder: of ") && text.contains("or more"), "{text}");
}

/// The same events in the opposite order, with other numbers of threads, and again.
#[test]
fn what_is_found_depends_on_the_events_alone() {
    let dir = replayed("outage");
    run(dir.path(), ["log", "export", "-q", "-o", "all.ndjson"]).ok();
    let events = std::fs::read_to_string(dir.path().join("all.ndjson")).unwrap();
    let mut lines: Vec<&str> = events.lines().collect();
    lines.reverse();
    let other = folder();
    run_on(other.path(), lines.join("\n").as_bytes(), ["ingest", "-q", "-"]).ok();
    let asked = ["outages", "--json"];
    let wanted = run(dir.path(), asked).ok();
    for threads in ["1", "3"] {
        for dir in [dir.path(), other.path()] {
            assert_eq!(run(dir, [&asked[..], &["--threads", threads]].concat()).ok(), wanted);
        }
    }
}

#[test]
fn one_platform_is_held_against_itself_and_the_text_says_so() {
    let dir = replayed("outage");
    let found = found(dir.path(), &["--where", "platform=birch"]);
    assert_eq!(found["outages"].as_array().unwrap().len(), 1);
    assert_eq!(found["outages"][0]["others_attempted"], 0);
    let text = run(dir.path(), ["outages", "--where", "platform=birch"]).ok();
    // However the lines break.
    let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(text.contains("birch is held against itself alone"), "{text}");
    assert!(text.contains("nobody can tell whether it was the platform"), "{text}");
}

#[test]
fn what_cannot_be_seen_is_not_measured_and_nothing_is_not_looked_at() {
    let dir = replayed("blind-feed");
    let found = found(dir.path(), &[]);
    let reasons: Vec<&str> = found["platforms"]
        .as_array()
        .unwrap()
        .iter()
        .filter_map(|platform| platform["reason"].as_str())
        .collect();
    assert!(reasons.iter().any(|reason| reason.contains("which takes joined, dropped, and ")), "{reasons:?}");
    let text = run(dir.path(), ["outages"]).ok();
    assert!(text.contains("Not looked at"), "{text}");

    let one = replayed("outage");
    let text = run(one.path(), ["outages", "--where", "organisation=trust-01"]).ok();
    assert!(text.starts_with("An outage could be seen on no platform.\n"), "{text}");
    assert!(text.contains("it was used by one organisation"), "{text}");

    let none = folder();
    run_on(none.path(), b"", ["ingest", "-q", "-"]).ok();
    let found = self::found(none.path(), &[]);
    assert_eq!((&found["outages"], &found["threshold"]), (&serde_json::json!([]), &Value::Null));
    let text = run(none.path(), ["outages"]).ok();
    assert!(text.starts_with("There are no consultations in which an outage could be seen"), "{text}");
}

#[test]
fn every_form_has_the_outages_and_mistakes_are_told() {
    let dir = replayed("outage");
    let csv = run(dir.path(), ["outages", "--format", "csv"]);
    assert!(csv.err.contains("--json has all of it"), "{}", csv.err);
    assert!(
        csv.out.starts_with("platform,from,to,organisations,affected,attempted,failed,expected,"),
        "{}",
        csv.out
    );
    assert_eq!(csv.out.lines().count(), 2);
    let rows = run(dir.path(), ["outages", "--format", "ndjson"]).ok();
    let row: Value = serde_json::from_str(&rows).unwrap();
    assert_eq!(row, found(dir.path(), &[])["outages"][0]);
    assert!(run(dir.path(), ["outages", "--format", "md"]).ok().starts_with("| platform | from | to |"));
    let dir = prepared();
    assert!(
        run(dir.path(), ["outages", "--where", "servic=x"]).fails(2).contains("did you mean \"service\"")
    );
    let nobody = run(dir.path(), ["outages", "--where", "service=cardiolgy"]);
    assert!(nobody.err.contains("did you mean \"cardiology\""), "{}", nobody.err);
    assert!(nobody.ok().contains("No consultation passes --where"));
}

#[test]
fn a_bad_day_takes_more_where_everything_is_on_the_platform_that_fails() {
    let dir = replayed("outage");
    let decided = run(dir.path(), ["decide", "--json"]).json();
    let concentration = &decided["concentration"];
    let policies = concentration["policies"].as_array().unwrap();
    let single = |name: &str| {
        let wanted = serde_json::json!([name]);
        policies.iter().find(|policy| policy["platforms"] == wanted).unwrap()
    };
    let number = |policy: &Value, name: &str| policy[name].as_f64().unwrap();
    let (alder, birch) = (single("alder"), single("birch"));
    assert_eq!(birch["worst_day"], "2026-03-11");
    assert!(number(birch, "worst") > 50.0 && number(alder, "worst") < 20.0, "{policies:?}");
    assert!(number(birch, "shortfall") > 1.5 * number(birch, "shortfall_by_chance"), "{birch}");
    assert!(number(birch, "p") <= 0.05 && number(alder, "p") > 0.05, "{policies:?}");
    for policy in policies.iter().filter(|policy| policy["platforms"].as_array().unwrap().len() > 1) {
        assert!(number(policy, "worst") < number(birch, "worst"), "{policy}");
    }
    // Of all days but Saturdays and Sundays.
    assert_eq!((&concentration["days"], &concentration["days_unknown"]), (&15.into(), &0.into()));
    let text = run(dir.path(), ["decide"]).ok();
    assert!(text.contains("What a bad day would take"), "{text}");
    assert!(text.contains("birch for all") && text.contains("(2026-03-11)"), "{text}");
    // By undisturbed consultations alder is the best in any case; by drops it is birch.
    assert_eq!(concentration["pulls_apart"], Value::Null);
    let by_drops = run(dir.path(), ["decide", "--measure", "any_drop"]).ok();
    assert!(by_drops.contains("average and bad days point different ways"), "{by_drops}");
    // A feed that cannot tell failures shows no bad day.
    let blind = replayed("blind-feed");
    let decided = run(blind.path(), ["decide", "--json"]).json();
    let reason = decided["concentration"]["reason"].as_str().unwrap();
    assert!(reason.contains("sources can tell of fewer than half"), "{reason}");
}
