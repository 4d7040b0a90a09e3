//! Claims as their readers take them: named once, the same by the same evidence, told apart between two moments, and
//! held against gates.

use std::collections::BTreeSet;
use std::path::Path;

use serde_json::Value;

use crate::command::{folder, run};

/// Every closer look at once.
const LOOKS: [&str; 13] = [
    "--adjust",
    "network",
    "--gaps",
    "deprivation_quintile,device",
    "--across",
    "organisation",
    "--over",
    "week",
    "--learning",
    "--times",
    "--switch",
    "organisation",
    "--json",
];

fn replayed(name: &str) -> tempfile::TempDir {
    let dir = folder();
    run(dir.path(), ["replay", name, "-q"]).ok();
    dir
}

fn claims(found: &Value) -> &Vec<Value> {
    found["claims"].as_array().unwrap()
}

fn texts<'a>(claims: &'a [Value], name: &str) -> Vec<&'a str> {
    claims.iter().map(|claim| claim[name].as_str().unwrap()).collect()
}

#[test]
fn every_sentence_has_a_name_of_its_own_and_its_numbers() {
    let dir = replayed("digital-inequality");
    let asked = [&["compare"][..], &LOOKS].concat();
    let found = run(dir.path(), asked.clone()).json();
    let all = claims(&found);
    let names: BTreeSet<&str> = texts(all, "claim").into_iter().collect();
    assert_eq!(names.len(), all.len(), "two claims have one name");
    let rules: BTreeSet<&str> = texts(all, "rule").into_iter().collect();
    let wanted = [
        "adjusted/1",
        "course/1",
        "difference/1",
        "dropped_by_slot/1",
        "drops_per_call/1",
        "gap/1",
        "learning/1",
        "lost_minutes/1",
        "moved/1",
        "slope/1",
        "spread/1",
    ];
    assert_eq!(rules.into_iter().collect::<Vec<_>>(), wanted);
    for claim in all {
        let said = claim["words"].as_str().unwrap();
        assert!(said.len() > 20 && !said.contains("  ") && !said.contains("NaN"), "{claim}");
        if let Some(value) = claim["numbers"].get("value") {
            let [lo, hi] = ["lo", "hi"].map(|limit| claim["numbers"].get(limit).and_then(Value::as_f64));
            let value = value.as_f64().unwrap();
            assert!(lo.is_none_or(|lo| lo <= value) && hi.is_none_or(|hi| value <= hi), "{claim}");
        }
    }
    let differences = found["differences"].as_array().unwrap();
    assert!(texts(differences, "claim").iter().all(|name| names.contains(name)));
    let again = run(dir.path(), [&asked[..], &["--threads", "1", "--fresh"]].concat()).json();
    assert_eq!(claims(&again), all);
}

/// People find the name of every claim where it is made.
#[test]
fn a_text_names_its_claims() {
    let dir = replayed("digital-inequality");
    let looks = ["compare", "--measure", "undisturbed", "--gaps", "device", "--times"];
    let text = run(dir.path(), looks).ok();
    let found = run(dir.path(), [&looks[..], &["--json"]].concat()).json();
    for claim in claims(&found) {
        let name = claim["claim"].as_str().unwrap();
        assert_eq!(text.matches(name).count(), 1, "{name}: {text}");
    }
}

/// A store that gets a scenario in two halves.
fn in_two_halves() -> (tempfile::TempDir, usize) {
    let dir = folder();
    run(dir.path(), ["synth", "clinic", "--consultations", "600", "-q", "-o", "all.ndjson"]).ok();
    let text = std::fs::read_to_string(dir.path().join("all.ndjson")).unwrap();
    let half = text.lines().count() / 2;
    run(dir.path(), ["ingest", "-q", "all.ndjson"]).ok();
    (dir, half)
}

#[test]
fn two_moments_differ_by_their_claims() {
    let (dir, half) = in_two_halves();
    let half = half.to_string();
    let at = |more: &[&str]| run(dir.path(), [&["compare", "--json"][..], more].concat()).json();
    let now = at(&[]);
    let reference = now["reference"].as_str().unwrap();
    let then = at(&["--as-of", &half, "--reference", reference]);
    let found = run(dir.path(), ["diff", "--from", &half, "--json"]).json();
    let changes = found["changes"].as_array().unwrap();
    assert!(!changes.is_empty());
    let hash = |all: &Value, name: &str| {
        claims(all).iter().find(|claim| claim["claim"] == name).map(|claim| claim["value_hash"].clone())
    };
    let mut told = BTreeSet::new();
    for change in changes {
        let claim = if change["after"].is_object() { &change["after"] } else { &change["before"] };
        let name = claim["claim"].as_str().unwrap();
        told.insert(name.to_owned());
        let (was, is) = (hash(&then, name), hash(&now, name));
        let what = match (&was, &is) {
            (None, Some(_)) => "appeared",
            (Some(_), None) => "gone",
            _ if change["before"]["verdict"] != change["after"]["verdict"] => "turned",
            _ => "moved",
        };
        assert_eq!(change["change"], what, "{change}");
        assert_ne!(was, is);
    }
    let same = claims(&now).iter().filter(|claim| !told.contains(claim["claim"].as_str().unwrap()));
    let same: Vec<&Value> = same.collect();
    assert_eq!(found["same"], same.len());
    assert!(same.iter().all(|claim| hash(&then, claim["claim"].as_str().unwrap()).as_ref() == Some(&claim["value_hash"])));

    let text = run(dir.path(), ["diff", "--from", &half]).ok();
    assert!(text.contains("Says the same by other numbers") && text.contains("  was "), "{text}");
    let none = run(dir.path(), ["diff", "--from", &half, "--as-of", &half]).ok();
    assert!(none.lines().count() == 1 && none.ends_with(", 0 otherwise\n"), "{none}");
    let wrong = run(dir.path(), ["diff", "--from", &half, "--as-of", "2"]).fails(2);
    assert!(wrong.contains("comes after 2"), "{wrong}");
}

fn gate(dir: &Path, text: &str) -> crate::command::Ran {
    std::fs::write(dir.join("gates.toml"), text).unwrap();
    run(dir, ["compare", "--gate", "gates.toml", "--json"])
}

#[test]
fn a_gate_is_judged_by_the_limit_and_not_by_the_value() {
    let dir = replayed("platform-or-infrastructure-wifi");
    let found = run(dir.path(), ["compare", "--json"]).json();
    let rows = found["rows"].as_array().unwrap();
    let row = rows.iter().find(|row| row["measure"] == "any_drop" && row["platform"] == "birch").unwrap();
    let [value, hi] = ["value", "hi"].map(|name| row[name].as_f64().unwrap());
    let of = |most: f64| {
        gate(
            dir.path(),
            &format!("[[gate]]\nmeasure = \"any_drop\"\nplatform = \"birch\"\nat_most = {most}\n"),
        )
    };
    let met = of(hi);
    assert_eq!((met.code, &met.json()["gates"][0]["passes"]), (0, &true.into()));
    // Above the value, and not sure to be.
    let missed = of((value + hi) / 2.0);
    assert_eq!((missed.code, &missed.json()["gates"][0]["passes"]), (3, &false.into()));
    assert!(missed.err.contains("1 of 1 gates are not met"), "{}", missed.err);
    // Each platform where none is named, and differences of those that have one.
    let both = gate(dir.path(), "[[gate]]\nmeasure = \"undisturbed\"\nat_least = 0.0\n");
    assert_eq!((both.code, both.json()["gates"].as_array().unwrap().len()), (0, 2));
    let less = "[[gate]]\nmeasure = \"undisturbed\"\nof = \"difference\"\nat_least = -0.9\n";
    let less = gate(dir.path(), less);
    assert_eq!((less.code, less.json()["gates"].as_array().unwrap().len()), (0, 1));
    // A platform that is there and not in this comparison does not pass.
    std::fs::write(
        dir.path().join("gates.toml"),
        "[[gate]]\nmeasure = \"undisturbed\"\nplatform = \"birch\"\nat_least = 0.0\n",
    )
    .unwrap();
    let text = run(dir.path(), ["compare", "alder", "--measure", "undisturbed", "--gate", "gates.toml"]);
    assert_eq!(text.code, 3);
    assert!(
        text.out.contains("Gates: 0 of 1 met") && text.out.contains("no consultation is like that"),
        "{}",
        text.out
    );
}

#[test]
fn a_gate_that_is_none_is_refused_with_what_was_meant() {
    let dir = replayed("too-thin-to-say");
    for (text, said) in [
        ("[[gate]]\nmeasure = \"undisturbd\"\nat_least = 0.5\n", "did you mean \"undisturbed\"?"),
        ("[[gate]]\nmeasure = \"undisturbed\"\n", "either at_least or at_most"),
        (
            "[[gate]]\nmeasure = \"undisturbed\"\nat_least = 0.5\nat_most = 0.6\n",
            "either at_least or at_most",
        ),
        ("[[gate]]\nmeasure = \"undisturbed\"\nat_leest = 0.5\n", "at_leest"),
        ("[[gate]]\nmeasure = \"undisturbed\"\nat_least = nan\n", "is no threshold"),
        (
            "[[gate]]\nmeasure = \"undisturbed\"\nat_least = 0.5\nwhere = { servise = \"x\" }\n",
            "did you mean \"service\"?",
        ),
        (
            "[[gate]]\nmeasure = \"patient_rating\"\nrole = \"clinician\"\nat_least = 0.5\n",
            "role of patient_rating",
        ),
        (
            "[[gate]]\nmeasure = \"undisturbed\"\nplatform = \"aldr\"\nat_least = 0.5\n",
            "gate 1: there is no platform \"aldr\"; did you mean \"alder\"?",
        ),
        (
            "[[gate]]\nmeasure = \"undisturbed\"\nat_least = 0.5\nwhere = { service = \"dermatology\" }\n",
            "service is not told apart: add it to --by",
        ),
        ("gate = []\n", "has no [[gate]]"),
        ("[[gate\n", "could not read"),
    ] {
        let refused = gate(dir.path(), text).fails(4);
        assert!(refused.contains(said), "{text}: {refused}");
    }
    let missing = run(dir.path(), ["compare", "--gate", "gate.toml"]).fails(4);
    assert!(missing.contains("gates.toml?"), "{missing}");
}

/// From a sentence to the event: what is shown is what was counted, and it is in the log where it is said to be.
#[test]
fn a_claim_can_be_followed_down_to_the_event() {
    let dir = replayed("messy-feed");
    let asked = ["--measure", "undisturbed,patient_rating,connect_ms,drops_per_100h,terminal_failure"];
    let found = run(dir.path(), [&["compare", "--json"][..], &asked].concat()).json();
    for claim in claims(&found) {
        let name = claim["claim"].as_str().unwrap();
        let explained =
            run(dir.path(), [&["explain", name, "--show", "1", "--json"][..], &asked].concat()).json();
        assert_eq!((&explained["words"], &explained["value_hash"]), (&claim["words"], &claim["value_hash"]));
        let evidence = explained["evidence"].as_array().unwrap();
        let sum = |platform: &Value, what: &str| -> Option<u64> {
            let theirs = evidence.iter().filter(|one| one["platform"] == *platform);
            theirs.map(|one| one.get(what).and_then(Value::as_u64)).sum()
        };
        for (platform, place) in
            [(&claim["platform"], ["n", "x"]), (&claim["than"], ["reference_n", "reference_x"])]
        {
            let number = |name: &str| claim["numbers"].get(name).and_then(Value::as_f64);
            assert_eq!(sum(platform, "n").map(|n| n as f64), number(place[0]), "{claim}");
            if let Some(x) = sum(platform, "x") {
                assert_eq!(Some(x as f64), number(place[1]), "{claim}");
            }
        }
        let events = explained["events"].as_array().unwrap();
        assert!(!events.is_empty(), "{name}");
        for event in events.iter().take(3) {
            let position = event["position"].to_string();
            let stored = run(dir.path(), ["log", "show", &position, "--json"]).json();
            assert_eq!(
                (&stored["event"]["id"], &stored["event"]["source"]),
                (&event["id"], &event["source"])
            );
        }
    }
    let name = claims(&found)[0]["claim"].as_str().unwrap();
    let text = run(dir.path(), [&["explain", name][..], &asked].concat()).ok();
    // Its numbers were told as they are kept, without a word of what they are: "hi 0.08771929824561403".
    let told = text.split("Its numbers").nth(1).unwrap().split("hash of").next().unwrap();
    assert!(told.contains("its upper limit") && told.contains(" points"), "{told}");
    assert!(told.split_whitespace().all(|word| word.len() < 16 || !word.contains('.')), "{told}");
    for said in
        ["The rule, difference/1", "Its numbers, at position", "Its consultations", "down to the event"]
    {
        assert!(text.contains(said), "{said}: {text}");
    }
    let refused = run(dir.path(), ["explain", "c-000000000000"]).fails(2);
    assert!(refused.contains("nothing that was asked of this store led to a claim"), "{refused}");
}

/// Whoever holds a report has the names of its claims and not the options of whoever made it.
#[test]
fn a_claim_is_explained_by_its_name_alone() {
    let dir = replayed("range-by-service");
    let asked = ["compare", "--by", "service", "--measure", "undisturbed", "--level", "0.9", "--json"];
    let found = run(dir.path(), asked).json();
    let claim = &claims(&found)[0];
    let decided = run(dir.path(), ["decide", "--delta", "0.02", "--json"]).json();
    let usual = run(dir.path(), ["decide", "--json"]).json();
    let grace = run(dir.path(), ["compare", "--grace-ms", "1000", "--json"]).json();
    let explained = |claim: &Value| {
        let name = claim["claim"].as_str().unwrap();
        let explained = run(dir.path(), ["explain", name, "--json"]).json();
        assert_eq!((&explained["words"], &explained["value_hash"]), (&claim["words"], &claim["value_hash"]));
        explained
    };
    explained(claim);
    explained(&claims(&grace)[0]);
    explained(&usual["claim"]);
    // A verdict rests on the consultations of every platform in every stratum.
    let verdict = explained(&decided["claim"]);
    let evidence = verdict["evidence"].as_array().unwrap();
    let counted = |platform: &str, stratum: &str| {
        let theirs = evidence.iter().filter(|one| one["platform"] == platform && one["by"][0] == stratum);
        let sum = |what: &str| theirs.clone().map(|one| one[what].as_u64().unwrap()).sum::<u64>();
        (sum("n"), sum("x"))
    };
    for cell in decided["cells"].as_array().unwrap() {
        let of = |name: &str| cell[name].as_str().unwrap();
        let seen = (cell["n"].as_u64().unwrap(), cell["x"].as_u64().unwrap());
        assert_eq!(counted(of("platform"), of("stratum")), seen, "{cell}");
    }
    assert!(!verdict["events"].as_array().unwrap().is_empty());
    // What was asked can be asked again: without it the usual questions are left.
    for entry in std::fs::read_dir(dir.path().join("evenfield.store").join("derived")).unwrap() {
        let path = entry.unwrap().path();
        if path.ends_with("questions") {
            std::fs::write(&path, b"no question\n{\"verb\":\"compare\"}\n\xff").unwrap();
        }
    }
    explained(&usual["claim"]);
    let refused = run(dir.path(), ["explain", claim["claim"].as_str().unwrap()]).fails(2);
    assert!(refused.contains("ask `evenfield compare` or `decide` again"), "{refused}");
}

#[test]
fn a_verdict_is_a_claim_that_keeps_its_name() {
    let dir = replayed("range-by-service");
    let claim =
        |more: &[&str]| run(dir.path(), [&["decide", "--json"][..], more].concat()).json()["claim"].clone();
    let now = claim(&[]);
    assert_eq!((&now["rule"], &now["verdict"]), (&"verdict/1".into(), &"range".into()));
    assert!(
        now["words"].as_str().unwrap().starts_with("A range of platforms is better than one for all"),
        "{now}"
    );
    let then = claim(&["--as-of", "2000"]);
    assert_eq!(then["claim"], now["claim"]);
    assert_ne!(then["value_hash"], now["value_hash"]);
    assert_eq!(claim(&["--threads", "1", "--fresh"]), now);
    for other in [["--delta", "0.02"], ["--price", "0.01"], ["--level", "0.9"], ["--by", "organisation"]] {
        assert_ne!(claim(&other)["claim"], now["claim"], "{other:?}");
    }
    let text = run(dir.path(), ["decide"]).ok();
    assert!(text.contains(now["claim"].as_str().unwrap()), "{text}");
}

/// Times are about calls that drop, whatever they were asked for beside.
#[test]
fn a_claim_about_times_has_its_consultations_whatever_was_measured() {
    let dir = replayed("digital-inequality");
    let asked = ["--measure", "undisturbed", "--times"];
    let found = run(dir.path(), [&["compare", "--json"][..], &asked].concat()).json();
    let claim = claims(&found).iter().find(|claim| claim["rule"] == "drops_per_call/1").unwrap();
    let name = claim["claim"].as_str().unwrap();
    let explained = run(dir.path(), [&["explain", name, "--json"][..], &asked].concat()).json();
    assert_eq!(explained["words"], claim["words"]);
    assert!(explained["evidence"].as_array().unwrap().len() > 1_000);
}
