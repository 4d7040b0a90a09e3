//! Standardise or range, as commissioners ask it: the verdict that was planted, the numbers of the rows, and the same
//! bytes whatever the order and the threads.

use std::collections::BTreeMap;
use std::path::Path;

use serde_json::Value;

use crate::command::{folder, prepared, run, run_on};

/// A store with a recorded scenario in it.
fn replayed(name: &str) -> tempfile::TempDir {
    let dir = folder();
    run(dir.path(), ["replay", name, "-q"]).ok();
    dir
}

fn decided(dir: &Path, more: &[&str]) -> Value {
    run(dir, [&["decide", "--json"], more].concat()).json()
}

#[test]
fn the_best_platform_differs_by_service_and_a_range_is_the_verdict() {
    let dir = replayed("range-by-service");
    let found = decided(dir.path(), &[]);
    assert_eq!((&found["verdict"], &found["by"]), (&"range".into(), &serde_json::json!(["service"])));
    let range = &found["frontier"][1];
    let uses =
        serde_json::json!({"dermatology": "alder", "mental-health": "birch", "minor-illness": "alder"});
    assert_eq!(range["uses"], uses);
    // The truth that was planted: 82.5 % with alder for all, 89.6 % with what is best in each service.
    let gain: Vec<f64> =
        found["gain"].as_array().unwrap().iter().map(|gain| gain.as_f64().unwrap()).collect();
    assert!(gain[1] < 0.071 && 0.071 < gain[2], "{gain:?}");
    let text = run(dir.path(), ["decide"]).ok();
    assert!(
        text.starts_with("Allow a range: alder for dermatology, minor-illness; birch for mental-health."),
        "{text}"
    );
    assert!(text.contains("It would turn if each further platform cost more than"), "{text}");
    let unwrapped = text.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(unwrapped.contains("by service, sharing their luck by organisation; limits hold 95 %"), "{text}");
    let alone = run(dir.path(), ["decide", "--cluster", "none", "--where", "service=mental-health"]).ok();
    assert!(alone.contains("each on its own"), "{alone}");
    // At such a price it is none.
    let dear = decided(dir.path(), &["--price", "0.2"]);
    assert_eq!((&dear["verdict"], &dear["margin"]), (&"standardise".into(), &0.2.into()));
}

/// What was chosen by some organisations is valued by the others, and what is found there is what was planted.
#[test]
fn a_range_is_held_against_consultations_that_did_not_choose_it() {
    let dir = replayed("range-by-service");
    let found = decided(dir.path(), &[]);
    let held_out = &found["held_out"];
    let gain: Vec<f64> =
        held_out["gain"].as_array().unwrap().iter().map(|gain| gain.as_f64().unwrap()).collect();
    assert!(gain[1] < 0.071 && 0.071 < gain[2] && gain[1] < gain[0] && gain[0] < gain[2], "{gain:?}");
    assert_eq!((&held_out["folds"], &held_out["covered"]), (&5.into(), &1.0.into()));
    let text = run(dir.path(), ["decide"]).ok();
    assert!(text.contains("On consultations that had no say in choosing it"), "{text}");
    // Without organisations there is nobody to hold out.
    let alone = decided(dir.path(), &["--cluster", "none"]);
    assert_eq!(alone.get("held_out"), None);
}

/// A price is seldom known: the verdict is that of the higher bound, and it is said whether the lower one changes it.
#[test]
fn a_price_may_lie_between_two_bounds() {
    let dir = replayed("range-by-service");
    let found = decided(dir.path(), &["--price", "0.005..0.2"]);
    assert_eq!((&found["verdict"], &found["price"]), (&"standardise".into(), &0.2.into()));
    assert_eq!(found["cheapest"], serde_json::json!({"price": 0.005, "verdict": "range"}));
    assert_eq!(found["verdict"], decided(dir.path(), &["--price", "0.2"])["verdict"]);
    let text = run(dir.path(), ["decide", "--price", "0.005..0.2"]).ok();
    let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(text.contains("if it costs 5, it is to allow a range"), "{text}");
    let same = run(dir.path(), ["decide", "--price", "0.001..0.0025"]).ok();
    let same = same.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(same.contains("It is the same whether a further platform costs 1 or 2.5 in 1,000"), "{same}");
    for wrong in ["0.2..0.1", "0.1..", "..", "0.1..x"] {
        let refused = run(dir.path(), ["decide", "--price", wrong]).fails(2);
        assert!(refused.contains("0.002..0.008"), "{refused}");
    }
}

/// The range is still gained where one platform may not be the one for all.
#[test]
fn what_services_need_keeps_platforms_out_and_is_shown_with_its_evidence() {
    let dir = replayed("range-by-service");
    let file = concat!(env!("CARGO_MANIFEST_DIR"), "/scenarios/platforms/range-by-service.toml");
    let found = decided(dir.path(), &["--platforms", file]);
    assert_eq!(found["verdict"], "range");
    let barred =
        serde_json::json!([{"stratum": "mental-health", "platform": "alder", "lacks": ["group_calls"]}]);
    assert_eq!(found["barred"], barred);
    assert_eq!(found["best_single"], serde_json::json!({"birch": 1.0}));
    assert_eq!(found["frontier"][0]["platforms"], serde_json::json!(["birch"]));
    // 72.9 % with birch for all was planted, and 89.6 % with what is best in each service.
    let gain: Vec<f64> =
        found["gain"].as_array().unwrap().iter().map(|gain| gain.as_f64().unwrap()).collect();
    assert!(gain[1] < 0.167 && 0.167 < gain[2], "{gain:?}");
    let needed: Vec<&str> =
        found["needs"].as_array().unwrap().iter().map(|need| need["function"].as_str().unwrap()).collect();
    assert_eq!(needed, ["interpreters", "waiting_room", "group_calls"]);
    let said = &found["needs"][2]["platforms"]["alder"];
    assert_eq!((&said["state"], &said["date"]), (&"not_met".into(), &"2026-01-12".into()));
    // With birch for all each costs 1.6 to 2.1; alder in two services of three makes it cheaper.
    let [low, high] = [0, 1].map(|end| found["prices"]["range"][end].as_f64().unwrap());
    assert!(low < -0.3 && high < low, "{low} {high}");
    let text = run(dir.path(), ["decide", "--platforms", file]).ok();
    let unwrapped = text.split_whitespace().collect::<Vec<_>>().join(" ");
    for told in [
        "calls of more than two, for service mental-health",
        "alder not met invented handbook, section 7, 2026-01-12",
        "alder may not be used in mental-health: group calls",
        "The range costs less",
    ] {
        assert!(unwrapped.contains(told), "{told}: {text}");
    }
}

/// A file with needs, in a folder with the scenario whose best platform differs by service.
fn with_needs(dir: &Path, needs: &str) -> Value {
    let met = |functions: &[&str]| {
        let line =
            |name: &&str| format!("{name} = {{ state = \"met\", source = \"seen\", date = 2026-01-01 }}\n");
        functions.iter().map(line).collect::<String>()
    };
    let (alder, birch) = (met(&["captions"]), met(&["group_calls"]));
    let text = format!("[platforms.alder.functions]\n{alder}[platforms.birch.functions]\n{birch}{needs}");
    std::fs::write(dir.join("needs.toml"), text).unwrap();
    decided(dir, &["--platforms", "needs.toml"])
}

#[test]
fn needs_decide_before_shares_do() {
    let dir = replayed("range-by-service");
    let need = |function: &str, service: &str| {
        format!("[[needs]]\nfunctions = [\"{function}\"]\nwhere = {{ service = \"{service}\" }}\n")
    };
    // The platform that is better in neither of these is the only one to do there.
    let apart = need("group_calls", "dermatology") + &need("captions", "mental-health");
    let found = with_needs(dir.path(), &apart);
    assert_eq!((&found["verdict"], &found["gain"]), (&"range".into(), &Value::Null));
    assert_eq!(found["reason"], "no single platform is shown to meet what is needed everywhere");
    assert_eq!(found["frontier"][0]["uses"]["dermatology"], "birch");
    assert_eq!(found["frontier"][0]["uses"]["mental-health"], "alder");
    // One platform alone may be used, everywhere.
    let found = with_needs(dir.path(), "[[needs]]\nfunctions = [\"group_calls\"]\n");
    assert_eq!(
        (&found["verdict"], &found["platforms"]),
        (&"standardise".into(), &serde_json::json!(["birch"]))
    );
    assert_eq!(found["reason"], "no other platform is shown to meet what is needed, anywhere");
    // A need that nobody meets leaves its service out, and says so.
    let found = with_needs(dir.path(), &need("waiting_room", "dermatology"));
    let left_out =
        "no platform is shown to meet what is needed in dermatology: it is left out of the decision";
    assert!(found["notes"].as_array().unwrap().contains(&left_out.into()), "{}", found["notes"]);
    assert_eq!(found["frontier"][0]["uses"].as_object().unwrap().len(), 2);
    let text = run(dir.path(), ["decide", "--platforms", "needs.toml"]).ok();
    assert!(text.contains("no platform is shown to meet it"), "{text}");
    // And of one that nobody meets anywhere nothing is left to decide.
    let found = with_needs(dir.path(), "[[needs]]\nfunctions = [\"waiting_room\"]\n");
    assert_eq!(found["verdict"], "not_enough_evidence");
    assert_eq!(found["reason"], "no platform is shown to meet what is needed, anywhere");
    let text = run(dir.path(), ["decide", "--platforms", "needs.toml"]).ok();
    assert!(text.starts_with("No platform may be used: none is shown to meet what is needed."), "{text}");
    assert!(text.contains("alder, birch may not be used in dermatology: waiting room"), "{text}");
}

#[test]
fn a_file_of_platforms_is_held_against_what_there_is() {
    let dir = replayed("range-by-service");
    let refused = |text: &str, args: &[&str], code| {
        std::fs::write(dir.path().join("bad.toml"), text).unwrap();
        run(dir.path(), [&["decide", "--platforms", "bad.toml"], args].concat()).fails(code)
    };
    let need = "[[needs]]\nfunctions = [\"captions\"]\n";
    assert!(refused("[platforms.adler]\n", &[], 4).contains("did you mean \"alder\""));
    assert!(refused("[platforms.alder]\nprise = 1\n", &[], 4).contains("platforms.alder: there is no key"));
    let of = format!("{need}where = {{ service = \"dermatologie\" }}\n");
    assert!(refused(&of, &[], 4).contains("did you mean \"dermatology\""));
    let of = format!("{need}where = {{ organisation = \"trust-01\" }}\n");
    assert!(refused(&of, &[], 2).contains("add it to --by"));
    let of = format!("{need}where = {{ region = \"north\" }}\n");
    assert!(refused(&of, &["--by", "region"], 2).contains("nobody recorded it here"));
    let missing = run(dir.path(), ["decide", "--platforms", "bat.toml"]).fails(4);
    assert!(missing.contains("did you mean ./bad.toml?"), "{missing}");
}

#[test]
fn gates_are_shown_and_say_why_nothing_is_said() {
    let dir = replayed("range-by-service");
    let found = decided(dir.path(), &[]);
    let gates = found["gates"].as_array().unwrap();
    assert_eq!(gates.len(), 4 * 2 + 1);
    assert!(gates.iter().all(|gate| gate["passed"] == true), "{gates:?}");
    assert_eq!(found["further"], Value::Null);
    let text = run(dir.path(), ["decide"]).ok();
    assert!(text.contains("Every gate of evidence was passed"), "{text}");
    let few = decided(dir.path(), &["--where", "organisation=trust-01,trust-02,trust-03"]);
    assert_eq!((&few["verdict"], &few["further"]["kind"]), (&"not_enough_evidence".into(), &"units".into()));
    assert!(few["reason"].as_str().unwrap().contains("was seen in 3 organisations, and it takes 10"));
}

/// Compared crudely the platform that is used where the Wi-Fi is bad looks worse, and it is the better one.
#[test]
fn what_platforms_are_used_for_can_be_adjusted_for() {
    let dir = replayed("platform-or-infrastructure-wifi");
    let single = |found: &Value| found["frontier"][0]["platforms"][0].as_str().unwrap().to_owned();
    let (crude, adjusted) = (decided(dir.path(), &[]), decided(dir.path(), &["--adjust", "network"]));
    assert_eq!((single(&crude), single(&adjusted)), ("alder".to_owned(), "birch".to_owned()));
    assert_eq!((&crude["adjust"], &adjusted["adjust"]), (&Value::Null, &serde_json::json!(["network"])));
    assert_eq!(crude["n"], adjusted["n"]);
    for (crude, adjusted) in
        crude["cells"].as_array().unwrap().iter().zip(adjusted["cells"].as_array().unwrap())
    {
        assert_eq!(
            ["stratum", "platform", "x", "n"].map(|name| &crude[name]),
            ["stratum", "platform", "x", "n"].map(|name| &adjusted[name])
        );
    }
    let text = run(dir.path(), ["decide", "--adjust", "network"]).ok();
    assert!(
        text.split_whitespace().collect::<Vec<_>>().join(" ").contains("adjusted for network, and"),
        "{text}"
    );
    assert!(text.contains("Whom other priorities would favour (as they were seen, not adjusted)"), "{text}");
    let both = run(dir.path(), ["decide", "--by", "network", "--adjust", "network"]).fails(2);
    assert!(both.contains("is in --by already"), "{both}");
}

/// Of two platforms that fare best in different fifths of areas more is to be seen before that is sure enough.
#[test]
fn how_many_more_consultations_it_would_take_is_said() {
    let dir = replayed("digital-inequality");
    let asked = ["--by", "deprivation_quintile"];
    let found = decided(dir.path(), &asked);
    assert_eq!(
        (&found["verdict"], &found["further"]["kind"]),
        (&"not_enough_evidence".into(), &"consultations".into())
    );
    let times = found["further"]["times"].as_f64().unwrap();
    let cells = found["cells"].as_array().unwrap();
    let sum: u64 = cells.iter().map(|cell| cell["further"].as_u64().unwrap()).sum();
    assert_eq!(found["further"]["consultations"], sum);
    assert!(times > 1.0 && times <= 64.0 && sum as f64 >= (times - 1.0) * 4_600.0, "{times} {sum}");
    let text = run(dir.path(), [&["decide"], &asked[..]].concat()).ok();
    assert!(text.starts_with("There is not enough evidence to say: it would take about"), "{text}");
    let unwrapped = text.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(unwrapped.contains("more in a cell, if shares stay as they were seen"), "{text}");
}

#[test]
fn what_policies_do_to_the_gap_between_groups_is_told() {
    let dir = replayed("digital-inequality");
    let found = decided(dir.path(), &["--by", "network"]);
    let [deprivation, device] = [0, 1].map(|place| &found["inequality"][place]);
    assert_eq!((&deprivation["group"], &deprivation["than"]), (&"1".into(), &"5".into()));
    assert_eq!(device["group"], "older-phone");
    let single = |inequality: &Value, platform: &str| {
        let policies = inequality["policies"].as_array().unwrap().clone();
        policies.into_iter().find(|policy| policy["platforms"] == serde_json::json!([platform]))
    };
    for inequality in [deprivation, device] {
        for policy in inequality["policies"].as_array().unwrap() {
            let [lo, gap, hi] = ["lo", "value", "hi"].map(|name| policy["gap"][name].as_f64().unwrap());
            assert!(lo < gap && gap < hi && gap < 0.0, "{policy}");
        }
    }
    assert!(["alder", "birch"].iter().any(|name| single(deprivation, name).is_some()));
    let text = run(dir.path(), ["decide", "--by", "network"]).ok();
    assert!(text.contains("deprivation quintile, the most deprived (1) against the least (5)"), "{text}");
    let dir = replayed("range-by-service");
    let found = decided(dir.path(), &[]);
    assert_eq!(found["inequality"][0]["reason"], "nobody recorded deprivation_quintile here");
}

#[test]
fn whom_other_priorities_would_favour_is_told() {
    let dir = replayed("standardise-one-best");
    let found = decided(dir.path(), &[]);
    let priorities = &found["priorities"];
    assert_eq!(
        priorities["criteria"],
        serde_json::json!(["undisturbed", "connection_success", "patient_rating"])
    );
    let platforms = priorities["platforms"].as_array().unwrap();
    let first: Vec<f64> = platforms.iter().map(|platform| platform["first"].as_f64().unwrap()).collect();
    assert!((first.iter().sum::<f64>() - 1.0).abs() < 1e-9, "{first:?}");
    // The one that is best on everything is first however measures are weighed.
    assert!(platforms[0]["platform"] == "alder" && first[0] > 0.99, "{platforms:?}");
    // Nobody was asked in the scenario that is too thin.
    let dir = replayed("too-thin-to-say");
    let text = run(dir.path(), ["decide"]).ok();
    assert!(text.contains("Whom other priorities would favour"), "{text}");
}

#[test]
fn one_platform_that_is_best_everywhere_is_the_one_to_standardise_on() {
    let dir = replayed("standardise-one-best");
    let found = decided(dir.path(), &[]);
    assert_eq!((&found["verdict"], &found["range"]), (&"standardise".into(), &Value::Null));
    let chances = found["best_single"].as_object().unwrap();
    assert!(chances["alder"].as_f64().unwrap() > 0.99);
    assert!((chances.values().map(|chance| chance.as_f64().unwrap()).sum::<f64>() - 1.0).abs() < 1e-12);
    let text = run(dir.path(), ["decide"]).ok();
    assert!(text.starts_with("Standardise on alder."), "{text}");
    // With a difference that nobody could miss all of them are alike.
    let alike = decided(dir.path(), &["--delta", "0.5"]);
    assert_eq!(alike["verdict"], "no_material_difference");
}

#[test]
fn of_too_little_nothing_is_said_but_that() {
    let dir = replayed("too-thin-to-say");
    assert_eq!(decided(dir.path(), &[])["verdict"], "not_enough_evidence");
    let text = run(dir.path(), ["decide"]).ok();
    assert!(
        text.starts_with("There is not enough evidence to say: it would take more organisations"),
        "{text}"
    );
    assert!(text.contains("was seen in 8 organisations, and it takes 10"), "{text}");
    let none = folder();
    run_on(none.path(), b"", ["ingest", "-q", "-"]).ok();
    let found = decided(none.path(), &[]);
    assert_eq!((&found["verdict"], &found["n"]), (&"not_enough_evidence".into(), &0.into()));
    assert_eq!(found["reason"], "there are not two platforms to choose from");
    let text = run(none.path(), ["decide"]).ok();
    assert_eq!(text, "There are no consultations to decide about: `evenfield ingest FILE` takes some in.\n");
}

#[test]
fn cells_are_counted_as_the_rows_are_and_expected_between_their_limits() {
    let dir = replayed("range-by-service");
    let outcomes = run(dir.path(), ["outcomes", "--json"]).ok();
    let mut counts: BTreeMap<[String; 2], [u64; 2]> = BTreeMap::new();
    for row in outcomes.lines().map(|line| serde_json::from_str::<Value>(line).unwrap()) {
        let level = |name: &str| row["context"][name].as_str().unwrap().to_owned();
        let [x, n] = counts.entry([level("service"), level("platform")]).or_default();
        *n += u64::from(row["attempted"] == true);
        *x += u64::from(row["undisturbed"] == true);
    }
    let found = decided(dir.path(), &[]);
    let cells = found["cells"].as_array().unwrap();
    assert_eq!(cells.len(), counts.len());
    for cell in cells {
        let key = ["stratum", "platform"].map(|name| cell[name].as_str().unwrap().to_owned());
        assert_eq!([&cell["x"], &cell["n"]].map(|count| count.as_u64().unwrap()), counts[&key], "{key:?}");
        let [lo, expected, hi] = ["lo", "expected", "hi"].map(|name| cell[name].as_f64().unwrap());
        assert!(lo < expected && expected < hi, "{cell}");
    }
}

/// The same events in the opposite order, with other numbers of threads, and again.
#[test]
fn a_decision_depends_on_the_events_alone() {
    let dir = replayed("range-by-service");
    run(dir.path(), ["log", "export", "-q", "-o", "all.ndjson"]).ok();
    let events = std::fs::read_to_string(dir.path().join("all.ndjson")).unwrap();
    let mut lines: Vec<&str> = events.lines().collect();
    lines.reverse();
    let other = folder();
    run_on(other.path(), lines.join("\n").as_bytes(), ["ingest", "-q", "-"]).ok();
    let asked = ["decide", "--json"];
    let wanted = run(dir.path(), asked).ok();
    for threads in ["1", "3"] {
        for dir in [dir.path(), other.path()] {
            assert_eq!(run(dir, [&asked[..], &["--threads", threads]].concat()).ok(), wanted);
        }
    }
}

#[test]
fn a_measure_of_which_less_is_better_is_turned_round() {
    let dir = replayed("range-by-service");
    let found = decided(dir.path(), &["--measure", "any_drop"]);
    for cell in found["cells"].as_array().unwrap() {
        assert!(cell["seen"].as_f64().unwrap() > 0.5, "a share without a drop: {cell}");
    }
}

#[test]
fn a_platform_that_cannot_tell_is_refused_by_name_as_in_a_comparison() {
    let dir = replayed("blind-feed");
    let failed = run(dir.path(), ["decide", "--measure", "any_drop"]);
    assert_eq!(failed.code, 6, "{}", failed.err);
    assert!(failed.err.contains("cannot tell"), "{}", failed.err);
    // Undisturbed is made of what all can tell.
    assert!(decided(dir.path(), &[])["n"].as_u64().unwrap() > 0);
}

#[test]
fn what_cannot_be_decided_is_refused_with_what_to_do() {
    let dir = prepared();
    let refused = |args: &[&str]| run(dir.path(), [&["decide"], args].concat()).fails(2);
    assert!(refused(&["--measure", "undisturbd"]).contains("did you mean \"undisturbed\""));
    assert!(refused(&["--measure", "drops_per_100h"]).contains("is no share of consultations"));
    assert!(refused(&["--by", "servce"]).contains("did you mean \"service\""));
    assert!(refused(&["zom"]).contains("did you mean \"zoom\""));
    assert!(refused(&["--price", "5"]).contains("such as 0.005"));
    assert!(refused(&["--by", "platform"]).contains("platforms are what is compared"));
    let csv = run(dir.path(), ["decide", "--format", "csv"]);
    assert!(csv.err.contains("--json has all of it"), "{}", csv.err);
    assert!(csv.out.starts_with("stratum,platform,x,n,seen,expected,lo,hi"), "{}", csv.out);
}

/// A single consultation in a service of its own once took the clusters away from all others: every arm, a platform within a
/// stratum, had to have two organisations, and that one had one. The verdict turned to "not enough evidence", because "nobody
/// recorded" what every consultation told. A platform is judged in all its strata together now, and the thin row says for
/// itself that nothing replicates it.
#[test]
fn a_stray_consultation_in_a_stratum_of_its_own_decides_nothing_for_others() {
    let dir = replayed("range-by-service");
    let before = decided(dir.path(), &[]);
    let context = r#"{"platform":"alder","organisation":"trust-01","service":"novel","clinician":"x"}"#;
    let joined = |id: &str, role: &str, data: &str| {
        format!(
            r#"{{"specversion":"1.0","id":"{id}","source":"urn:stray","type":"evenfield.consultation.joined.v1","subject":"stray","time":"2026-01-20T09:0{id}:00Z","data":{{"participant":"{role}","role":"{role}"{data}}}}}"#
        )
    };
    let lines = [joined("1", "patient", &format!(r#","context":{context}"#)), joined("2", "clinician", "")];
    run_on(dir.path(), lines.join("\n").as_bytes(), ["ingest", "-q", "-"]).ok();
    let after = decided(dir.path(), &[]);
    for name in ["verdict", "unit"] {
        assert_eq!(after[name], before[name], "{name}");
    }
    let row = run(dir.path(), ["compare", "--by", "service", "--measure", "undisturbed", "--json"]).json();
    let rows = row["rows"].as_array().unwrap();
    assert!(rows.iter().all(|row| row["cluster"] == "organisation"), "{rows:?}");
    assert!(rows.iter().any(|row| row["by"]["service"] == "novel" && row["clusters"] == 1), "{rows:?}");
}
