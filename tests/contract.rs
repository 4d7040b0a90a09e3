//! The contract for machines: names, order and types of what is written as JSON, on numbers that can be
//! reckoned by hand.
//!
//! A name that is told here may be added to, never taken away or changed within a schema number.

use std::collections::BTreeSet;
use std::fmt;
use std::fs;
use std::path::Path;

use serde::Deserialize;
use serde::de::{Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;
use serde_json::{Value, json};

use crate::command::{EXAMPLE, folder, run, run_on};

/// The members of an object in the order in which they are written.
struct Members(Vec<(String, Box<RawValue>)>);

impl<'de> Deserialize<'de> for Members {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Reader;
        impl<'de> Visitor<'de> for Reader {
            type Value = Members;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Members, A::Error> {
                let mut members = Vec::new();
                while let Some(member) = map.next_entry()? {
                    members.push(member);
                }
                Ok(Members(members))
            }
        }
        deserializer.deserialize_map(Reader)
    }
}

impl Members {
    fn of(text: &str) -> Self {
        serde_json::from_str(text).unwrap_or_else(|error| panic!("{error}: {text}"))
    }

    /// The object called `name`.
    fn within(&self, name: &str) -> Self {
        Self::of(self.get(name))
    }

    /// The objects of the list called `name`.
    fn list(&self, name: &str) -> Vec<Self> {
        let list: Vec<Box<RawValue>> = serde_json::from_str(self.get(name)).unwrap();
        list.iter().map(|one| Self::of(one.get())).collect()
    }

    fn get(&self, name: &str) -> &str {
        self.0.iter().find(|(known, _)| known == name).unwrap_or_else(|| panic!("no {name}")).1.get()
    }

    fn value(&self, name: &str) -> Value {
        serde_json::from_str(self.get(name)).unwrap()
    }

    fn names(&self) -> Vec<&str> {
        self.0.iter().map(|(name, _)| name.as_str()).collect()
    }
}

fn event(id: &str, kind: &str, subject: &str, at: &str, data: &str) -> String {
    format!(
        "{{\"specversion\":\"1.0\",\"id\":\"{id}\",\"source\":\"urn:example:trust-a\",\
         \"type\":\"evenfield.consultation.{kind}.v1\",\"subject\":\"{subject}\",\
         \"time\":\"2022-03-01T{at}Z\",\"data\":{data}}}\n"
    )
}

/// What one source declares: it sees everything there is to see.
fn declared() -> String {
    let kinds = event::Kind::ALL.into_iter();
    let seen = kinds.filter(|kind| !matches!(kind, event::Kind::RecordingDeclared | event::Kind::Unknown));
    let seen: Vec<String> = seen.map(|kind| format!("\"{kind}\":\"observed\"")).collect();
    let data = format!("{{\"feed\":\"hand\",\"capabilities\":{{{}}}}}", seen.join(","));
    event("d", "recording_declared", "urn:example:trust-a", "08:00:00", &data)
}

fn rows(dir: &Path) -> String {
    run(dir, ["outcomes", "--json"]).ok()
}

/// A summary is its file: three lines, whose names are what other versions must be able to read.
#[test]
fn a_summary_and_what_was_merged_have_their_fields_in_their_order() {
    let dir = folder();
    forty(dir.path());
    run(dir.path(), ["summary", "make", "--measure", "undisturbed", "-o", "a.summary"]).ok();
    let text = fs::read_to_string(dir.path().join("a.summary")).unwrap();
    let lines: Vec<Members> = text.lines().map(Members::of).collect();
    assert_eq!(lines[0].names(), ["schema", "manifest"]);
    assert_eq!(lines[0].value("schema"), "evenfield.summary/1");
    assert_eq!(lines[1].names(), ["survey", "used", "cells"]);
    assert_eq!(lines[2].names(), ["signature"]);
    let wanted = [
        "reading",
        "asked",
        "parameters",
        "policy",
        "policy_version",
        "months",
        "consultations",
        "in_progress",
        "log",
        "sources",
        "synthetic",
        "places",
        "signer",
    ];
    assert_eq!(lines[0].within("manifest").names(), wanted);
    assert_eq!(lines[0].within("manifest").within("asked").names(), ["measures", "by", "where", "cluster"]);
    run(dir.path(), ["summary", "make", "--for", "decide", "-o", "b.summary"]).ok();
    let text = fs::read_to_string(dir.path().join("b.summary")).unwrap();
    let lines: Vec<Members> = text.lines().map(Members::of).collect();
    let asked = lines[0].within("manifest").within("asked");
    assert_eq!(asked.names(), ["measures", "by", "where", "cluster", "decide"]);
    assert_eq!(asked.within("decide").names(), ["adjust", "usual_strata"]);
    assert_eq!(lines[1].names(), ["survey", "used", "cells", "decision"]);
    let wanted = ["decided", "weighed", "grouped", "by_organisation", "by_stratum", "levels", "recorded"];
    assert_eq!(lines[1].within("decision").names(), wanted);
    rounded_fields(dir.path());
    let merged = Members::of(&run(dir.path(), ["summary", "merge", "a.summary", "--json"]).ok());
    assert_eq!(merged.names(), ["schema", "consultations", "notes", "summaries"]);
    assert_eq!(
        (merged.value("schema"), merged.value("consultations")),
        ("evenfield.merged/1".into(), 40.into())
    );
    let [one] = &merged.list("summaries")[..] else { panic!("one summary was merged") };
    assert_eq!(one.names(), ["file", "signer", "manifest"]);
    let key = Members::of(&run(dir.path(), ["keys", "show", "evenfield.store.signing-key", "--json"]).ok());
    assert_eq!(key.names(), ["schema", "public_key"]);
    assert_eq!(key.value("public_key"), one.within("manifest").value("signer"));
}

/// Of a rounded summary, of what is told of several, and of what was merged.
fn rounded_fields(dir: &Path) {
    run(dir, ["summary", "make", "--policy", "rounded", "--measure", "undisturbed", "-o", "c.summary"]).ok();
    let text = fs::read_to_string(dir.join("c.summary")).unwrap();
    let lines: Vec<Members> = text.lines().map(Members::of).collect();
    let wanted = ["reading", "asked", "parameters", "policy", "policy_version", "log", "sources", "signer"];
    assert_eq!(lines[0].within("manifest").names(), wanted);
    assert_eq!(lines[0].within("manifest").within("log").names(), ["begins", "head"]);
    assert_eq!(lines[1].value("schema"), "evenfield.compare/1");
    let merged = Members::of(&run(dir, ["summary", "merge", "c.summary", "--json"]).ok());
    assert_eq!(merged.names(), ["schema", "summaries"]);
    assert_eq!(merged.value("schema"), "evenfield.merged_rounded/1");
    assert_eq!(merged.list("summaries")[0].names(), ["file", "signer", "manifest"]);
    let pooled = Members::of(&run(dir, ["summary", "merge", "c.summary", "--compare", "--json"]).ok());
    let wanted = ["schema", "policy", "until", "logs", "by", "level", "rows", "left_out", "notes"];
    assert_eq!(pooled.names(), wanted);
    assert_eq!(pooled.value("schema"), "evenfield.pooled/1");
    let wanted = [
        "measure",
        "by",
        "platform",
        "role",
        "one_sided",
        "components",
        "status",
        "logs",
        "hidden",
        "blind",
        "x",
        "n",
        "value",
        "lo",
        "hi",
        "affected_at_most",
        "chance_lo",
        "chance_hi",
        "method",
        "cluster",
        "reason",
    ];
    assert_eq!(pooled.list("rows")[0].names(), wanted);
}

/// The five events that the documentation shows: a patient alone, cut off, moved to the telephone.
#[test]
fn an_outcome_has_its_fields_in_their_order() {
    let dir = folder();
    run_on(dir.path(), EXAMPLE.as_bytes(), ["ingest", "-"]).ok();
    // Items 4 2 5 1 4 2 5 1 4 2: the odd ones less 1 and 5 less the even ones are 34, times 2.5 is 85.
    let wanted = r#"{"consultation":"c-0001","context":{"platform":"attend-anywhere","organisation":"RBA","service":"cardiology","appointment":"follow_up","device":"phone","network":"mobile","deprivation_quintile":2,"age_band":"65-74","first_use":true,"clinician":"k-3"},"attempted":false,"connected":false,"one_sided":false,"first_try":false,"connect_ms":null,"waiting_ms":null,"connected_ms":0,"down_ms":0,"blips":0,"drops":0,"first_drop_ms":null,"recovered_drops":0,"recovered_60s":0,"audio_losses":0,"audio_lost_ms":0,"video_losses":0,"video_lost_ms":0,"interrupted_ms":0,"help_requests":0,"ending":"converted_phone","began_at":"2022-03-01T09:00:03.120Z","ended_at":"2022-03-01T09:06:00Z","undisturbed":false,"side":"patient","ratings":[{"role":"patient","scale":5,"value":4}],"scores":[{"role":"patient","instrument":"SUS","value":85.0}],"adequacy":[],"invitations":[],"join_ms":[],"stage":null,"drop_times":[],"audio_times":[],"video_times":[],"anomalies":{},"undeclared":true}"#;
    assert_eq!(rows(dir.path()), format!("{wanted}\n"));
}

/// Both sides, a loss of sound, a blip and a drop: every number follows from the times beside it.
#[test]
fn the_numbers_of_an_outcome_can_be_reckoned_by_hand() {
    let patient = r#"{"participant":"p-1","role":"patient"}"#;
    let clinician = r#"{"participant":"k-3","role":"clinician"}"#;
    let context = r#"{"participant":"k-3","role":"clinician","context":{"platform":"attend-anywhere","organisation":"RBA"}}"#;
    let told = [
        ("join_attempted", "09:00:00", clinician),
        ("joined", "09:00:04", context),
        ("join_attempted", "09:00:10", patient),
        ("joined", "09:00:20", patient),
        ("audio_lost", "09:03:00", patient),
        ("audio_restored", "09:03:04.200", patient),
        ("dropped", "09:05:00", patient),
        ("rejoined", "09:05:10", patient),
        ("help_requested", "09:06:00", patient),
        ("dropped", "09:07:00", patient),
        ("rejoined", "09:07:40", patient),
        ("completed", "09:10:20", "{}"),
        ("feedback_invited", "09:11:00", patient),
        ("rated", "09:12:00", r#"{"participant":"p-1","role":"patient","scale":5,"value":4}"#),
        ("adequacy", "09:12:00", r#"{"participant":"p-1","role":"patient","answer":"no"}"#),
    ];
    let mut text = declared();
    for (number, (kind, at, data)) in told.iter().enumerate() {
        text.push_str(&event(&number.to_string(), kind, "c-0002", at, data));
    }
    let dir = folder();
    run_on(dir.path(), text.as_bytes(), ["ingest", "-"]).ok();
    let row: Value = serde_json::from_str(&rows(dir.path())).unwrap();
    let wanted = json!({
        "consultation": "c-0002",
        "context": {"platform": "attend-anywhere", "organisation": "RBA"},
        "attempted": true, "connected": true, "one_sided": false, "first_try": true,
        "connect_ms": 10_000, "waiting_ms": 10_000,
        "connected_ms": 560_000, "down_ms": 40_000,
        "blips": 1, "drops": 1, "first_drop_ms": 400_000, "recovered_drops": 1, "recovered_60s": 1,
        "audio_losses": 1, "audio_lost_ms": 4_200, "video_losses": 0, "video_lost_ms": 0,
        "interrupted_ms": 14_200, "help_requests": 1,
        "ending": "completed", "began_at": "2022-03-01T09:00:00Z", "ended_at": "2022-03-01T09:10:20Z", "undisturbed": false, "side": "patient",
        "ratings": [{"role": "patient", "scale": 5, "value": 4}],
        "scores": [],
        "adequacy": [{"role": "patient", "answer": "no"}],
        "invitations": [{"role": "patient", "instrument": null}],
        "join_ms": [{"role": "patient", "ms": 10_000}, {"role": "clinician", "ms": 4_000}],
        "stage": null,
        "drop_times": [{"at": "2022-03-01T09:07:00Z", "over_at": "2022-03-01T09:07:40Z"}],
        "audio_times": [{"at": "2022-03-01T09:03:00Z", "over_at": "2022-03-01T09:03:04.200Z"}],
        "video_times": [], "anomalies": {},
    });
    for (name, value) in wanted.as_object().unwrap() {
        assert_eq!(&row[name], value, "{name}");
    }
    assert_eq!(row.as_object().unwrap().len(), wanted.as_object().unwrap().len(), "{row}");
    // With a longer grace the drop is a blip, and the connection unbroken.
    let patient: Value =
        serde_json::from_str(&run(dir.path(), ["outcomes", "--json", "--grace-ms", "40001"]).ok()).unwrap();
    let numbers = ["blips", "drops", "connected_ms", "interrupted_ms"].map(|name| patient[name].clone());
    assert_eq!(numbers, [json!(2), json!(0), json!(600_000), json!(54_200)]);
}

#[test]
fn a_consultation_in_progress_tells_no_more_than_that() {
    let dir = folder();
    run_on(dir.path(), EXAMPLE.lines().next().unwrap().as_bytes(), ["ingest", "-"]).ok();
    let open = rows(dir.path());
    let row = Members::of(&open);
    assert_eq!(row.names(), ["consultation", "context", "ending"]);
    assert_eq!(row.value("ending"), "in_progress");
    // Four hours later it is over.
    let later = run(dir.path(), ["outcomes", "--json", "--until", "2022-03-01T13:00:03.120Z"]).ok();
    assert_eq!(Members::of(&later).value("ending"), "other_side_absent");
}

/// Twenty consultations on each of two platforms, of which 2 and 9 have a drop of 20 s.
fn forty(dir: &Path) {
    let mut text = declared();
    for (platform, drops) in [("alder", 2), ("birch", 9)] {
        for number in 0..20 {
            let name = format!("{platform}-{number:02}");
            let mut add = |id: &str, kind: &str, at: &str, data: &str| {
                text.push_str(&event(&format!("{name}-{id}"), kind, &name, at, data));
            };
            let who = |role: &str| format!("{{\"participant\":\"{role}\",\"role\":\"{role}\"");
            let (patient, clinician) = (who("patient"), who("clinician"));
            let service = if number % 2 == 0 { "cardiology" } else { "dermatology" };
            let context = format!(",\"context\":{{\"platform\":\"{platform}\",\"service\":\"{service}\"}}}}");
            add("1", "joined", "09:00:00", &(clinician + &context));
            add("2", "join_attempted", "09:00:01", &format!("{patient}}}"));
            add("3", "joined", &format!("09:00:{:02}", 2 + number), &format!("{patient}}}"));
            if number < drops {
                add("4", "dropped", "09:05:00", &format!("{patient}}}"));
                add("5", "rejoined", "09:05:20", &format!("{patient}}}"));
            }
            add("6", "completed", "09:30:00", "{}");
        }
    }
    run_on(dir, text.as_bytes(), ["ingest", "-"]).ok();
}

/// Wilson's limits of `x` in `n` at 95 %.
fn wilson(x: f64, n: f64) -> [f64; 2] {
    const Z: f64 = 1.959_963_984_540_054;
    let (p, zz) = (x / n, Z * Z);
    let half = Z * (p * (1.0 - p) / n + zz / (4.0 * n * n)).sqrt();
    [-1.0, 1.0].map(|side| (p + zz / (2.0 * n) + side * half) / (1.0 + zz / n))
}

#[track_caller]
fn close(found: &Value, wanted: f64) {
    let found = found.as_f64().unwrap();
    assert!((found - wanted).abs() < 1e-12, "{found}, wanted {wanted}");
}

/// The comparison of one measure on [`forty`] consultations.
fn compared(dir: &Path) -> Members {
    forty(dir);
    Members::of(&run(dir, ["compare", "--measure", "any_drop", "--json"]).ok())
}

#[test]
fn a_comparison_tells_first_what_it_rests_on() {
    let dir = folder();
    let document = compared(dir.path());
    let names = "schema position parameters where consultations in_progress reference platforms rows differences claims policy";
    assert_eq!(document.names().join(" "), names);
    // One declaration, four events of every consultation, two more of every drop.
    assert_eq!(document.value("position"), 1 + 40 * 4 + 11 * 2);
    let parameters = document.within("parameters");
    assert_eq!(parameters.names().join(" "), "grace_ms interrupted_max_ms interrupted_max_permille until");
    for (name, value) in [
        ("schema", json!("evenfield.compare/1")),
        ("where", json!({})),
        ("consultations", json!(40)),
        ("in_progress", json!(0)),
        ("reference", json!("alder")),
    ] {
        assert_eq!(document.value(name), value, "{name}");
    }
    assert_eq!(parameters.value("grace_ms"), 15_000);
    assert_eq!(parameters.value("until"), "2022-03-01T09:30:00Z");
    let platforms = document.list("platforms");
    let names =
        "platform consultations attempted undeclared unread_voices other_modalities inferred unobserved";
    assert_eq!((platforms.len(), platforms[0].names().join(" ").as_str()), (2, names));
}

#[test]
fn a_row_of_a_comparison_has_its_fields_in_their_order() {
    let dir = folder();
    let rows = compared(dir.path()).list("rows");
    assert_eq!(rows.len(), 2);
    for (row, (platform, x)) in rows.iter().zip([("alder", 2), ("birch", 9)]) {
        let names =
            "measure by platform status x n value lo hi level method cluster clusters unmeasured notes";
        assert_eq!(row.names().join(" "), names);
        for (name, value) in [
            ("measure", json!("any_drop")),
            ("by", json!({})),
            ("platform", json!(platform)),
            ("status", json!("ok")),
            ("x", json!(x)),
            ("n", json!(20)),
            ("level", json!(0.95)),
            ("method", json!("wilson")),
            ("cluster", json!("none")),
            ("clusters", Value::Null),
            ("unmeasured", json!(0)),
        ] {
            assert_eq!(row.value(name), value, "{name}");
        }
        let [lo, hi] = wilson(f64::from(x), 20.0);
        close(&row.value("value"), f64::from(x) / 20.0);
        close(&row.value("lo"), lo);
        close(&row.value("hi"), hi);
    }
}

#[test]
fn a_difference_has_its_fields_in_their_order() {
    let dir = folder();
    let differences = compared(dir.path()).list("differences");
    assert_eq!(differences.len(), 1);
    let difference = &differences[0];
    let names =
        "measure by platform reference status value lo hi level method cluster clusters verdict claim";
    assert_eq!(difference.names().join(" "), names);
    for (name, value) in [
        ("platform", json!("birch")),
        ("reference", json!("alder")),
        ("status", json!("ok")),
        ("method", json!("newcombe")),
        ("verdict", json!("worse")),
    ] {
        assert_eq!(difference.value(name), value, "{name}");
    }
    // Newcombe's interval is put together from Wilson's of both.
    let ([a_lo, a_hi], [b_lo, b_hi]) = (wilson(2.0, 20.0), wilson(9.0, 20.0));
    close(&difference.value("value"), 0.35);
    close(&difference.value("lo"), 0.35 - ((0.45 - b_lo).powi(2) + (a_hi - 0.1).powi(2)).sqrt());
    close(&difference.value("hi"), 0.35 + ((b_hi - 0.45).powi(2) + (0.1 - a_lo).powi(2)).sqrt());
}

#[test]
fn a_comparison_by_a_dimension_names_its_levels() {
    let dir = folder();
    forty(dir.path());
    let asked =
        ["compare", "--measure", "any_drop", "--by", "service", "--where", "service=cardiology", "--json"];
    let document = run(dir.path(), asked).json();
    assert_eq!(document["where"], json!({"service": ["cardiology"]}));
    assert_eq!((&document["consultations"], &document["rows"][1]["n"]), (&json!(20), &json!(10)));
    for row in document["rows"].as_array().unwrap().iter().chain(document["differences"].as_array().unwrap())
    {
        assert_eq!(row["by"], json!({"service": "cardiology"}));
    }
    // Even numbers only: 0 of the first two, and 0, 2, 4, 6, 8 of the first nine.
    assert_eq!((&document["rows"][0]["x"], &document["rows"][1]["x"]), (&json!(1), &json!(5)));
}

#[test]
fn durations_tell_their_quantiles() {
    let dir = folder();
    forty(dir.path());
    let text = run(dir.path(), ["compare", "alder", "--measure", "connect_ms", "--json"]).ok();
    let document = Members::of(&text);
    let row = &document.list("rows")[0];
    let names = row.names();
    let quantiles: Vec<&str> = names.into_iter().filter(|name| name.starts_with('p')).skip(1).collect();
    let wanted = ["p50", "p50_lo", "p50_hi", "p90", "p90_lo", "p90_hi", "p95", "p95_lo", "p95_hi"];
    assert_eq!(quantiles, wanted);
    // From 1 s to 20 s in steps of one: the tenth, the eighteenth and the nineteenth of twenty.
    let quantiles = ["p50", "p90", "p95"].map(|name| row.value(name));
    assert_eq!(quantiles, [json!(10_000), json!(18_000), json!(19_000)]);
    assert_eq!((row.value("n"), row.value("x")), (json!(20), Value::Null));
}

/// A claim is named by its question: it keeps its name while evidence grows.
#[test]
fn a_claim_keeps_its_name() {
    let dir = folder();
    forty(dir.path());
    let claim = |args: &[&str]| {
        let asked = [&["compare", "--measure", "any_drop", "--json"], args].concat();
        run(dir.path(), asked).json()["differences"][0]["claim"].as_str().unwrap().to_owned()
    };
    let name = claim(&[]);
    assert!(name.starts_with("c-") && name.len() > 5, "{name}");
    let more = event("more", "rated", "alder-00", "09:40:00", r#"{"role":"patient","scale":5,"value":4}"#);
    run_on(dir.path(), more.as_bytes(), ["ingest", "-"]).ok();
    assert_eq!(claim(&[]), name);
    for other in [["--where", "service=cardiology"], ["--level", "0.9"], ["--grace-ms", "10000"]] {
        assert_ne!(claim(&other), name, "{other:?}");
    }
}

#[test]
fn the_report_of_an_ingest_has_its_fields_in_their_order() {
    let dir = folder();
    let input = format!("{EXAMPLE}no event\n");
    let ran = run_on(dir.path(), input.as_bytes(), ["ingest", "-", "--json"]);
    let report = Members::of(&ran.out);
    assert_eq!(report.names(), ["read", "appended", "duplicates", "rejected", "positions", "feeds"]);
    let kinds = json!({"converted": 1, "dropped": 1, "joined": 1, "questionnaire": 1, "rated": 1});
    assert_eq!(report.value("feeds"), json!({"cloudevents": kinds}));
    assert_eq!(
        ["read", "appended", "duplicates"].map(|name| report.value(name)),
        [json!(6), json!(5), json!(0)]
    );
    assert_eq!(report.value("positions"), json!([1, 5]));
    let rejected = report.list("rejected");
    assert_eq!((rejected[0].names(), rejected[0].value("line")), (vec!["line", "reason"], json!(6)));
    assert!(rejected[0].value("reason").is_string());
    fs::write(dir.path().join("again.ndjson"), EXAMPLE).unwrap();
    let again = run(dir.path(), ["ingest", "again.ndjson", "--json"]).json();
    let nothing = json!({"read": 5, "appended": 0, "duplicates": 5, "rejected": [], "positions": null});
    assert_eq!(again, nothing);
}

#[test]
fn methods_and_feeds_have_their_fields() {
    let dir = folder();
    let text = run(dir.path(), ["methods", "--json"]).ok();
    let methods = Members::of(&text).list("methods");
    assert!(methods.len() > 5);
    for method in &methods {
        assert_eq!(method.names(), ["name", "title", "source", "assumes"]);
        assert!(
            method
                .names()
                .iter()
                .all(|name| method.value(name).as_str().is_some_and(|text| !text.is_empty()))
        );
    }
    let text = run(dir.path(), ["feed", "ls", "--json"]).ok();
    let feeds = Members::of(&text).list("feeds");
    let names: Vec<Value> = feeds.iter().map(|feed| feed.value("name")).collect();
    assert_eq!(
        names,
        [
            "bigbluebutton",
            "chime-client",
            "chime-eventbridge",
            "cloudevents",
            "csv",
            "daily",
            "fhir-encounter",
            "graph-call-record",
            "jaas-webhook",
            "livekit-webhook",
            "rtcstats",
            "twilio-callback",
            "twilio-insights",
            "vonage",
            "zoom-dashboard",
            "zoom-webhook",
        ]
        .map(Value::from)
    );
    for feed in &feeds {
        let capabilities = feed.within("capabilities");
        assert_eq!(capabilities.names().len(), event::Kind::ALL.len() - 2);
        for (kind, told) in &capabilities.0 {
            assert!(event::Kind::from_name(kind).is_some(), "{kind}");
            let word: &str = serde_json::from_str(told.get()).unwrap();
            assert!(["observed", "inferred", "unobservable"].contains(&word), "{word}");
        }
    }
    let text = run(dir.path(), ["feed", "show", "livekit-webhook", "--json"]).ok();
    let feed = Members::of(&text);
    assert_eq!(feed.names(), ["schema", "name", "title", "capabilities", "about", "rules", "caveats"]);
    let rules = feed.list("rules");
    assert!(rules.iter().all(|rule| rule.names() == ["theirs", "ours", "why"]));
    let inferred =
        |told: &Value| told.as_object().unwrap().values().filter(|told| **told == "inferred").count();
    assert_eq!(
        feed.value("caveats").as_object().unwrap().len(),
        inferred(&feed.value("capabilities")),
        "each inferred kind has its caveat"
    );
}

/// Every method that a row names is explained, and every measure can be asked for by its name.
#[test]
fn what_is_named_is_explained() {
    let dir = folder();
    forty(dir.path());
    let told = run(dir.path(), ["methods", "--json"]).json();
    let names = |list: &str| -> Vec<Value> {
        told[list].as_array().unwrap().iter().map(|one| one["name"].clone()).collect()
    };
    for cluster in ["none", "service"] {
        let document = run(dir.path(), ["compare", "--json", "--cluster", cluster]).json();
        let rows = document["rows"].as_array().unwrap().iter();
        for row in rows.chain(document["differences"].as_array().unwrap()) {
            assert!(names("measures").contains(&row["measure"]), "{row}");
            assert!(row["method"] == "none" || names("methods").contains(&row["method"]), "{row}");
        }
    }
}

/// Every document says its schema, and whoever reads one finds it in the list of them.
#[test]
fn every_schema_is_in_the_list_and_every_one_of_the_list_is_there() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let (mut folders, mut said) = (vec![root.join("engine"), root.join("projections")], BTreeSet::new());
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|ending| ending == "rs") {
                said.extend(schemas(&fs::read_to_string(path).unwrap(), '"'));
            }
        }
    }
    let list = fs::read_to_string(root.join("engine/report/README.md")).unwrap();
    assert_eq!(said, schemas(&list, '`').collect());
}

/// The schemas that stand between such marks.
fn schemas(text: &str, mark: char) -> impl Iterator<Item = String> {
    let parts = text.split(mark).filter(|part| part.starts_with("evenfield.") && part.ends_with("/1"));
    parts.map(str::to_owned)
}
