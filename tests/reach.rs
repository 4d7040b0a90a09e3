//! Does it reach everybody? What `reach` tells is counted again from the rows of `outcomes`.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use serde_json::Value;

use crate::command::{folder, line, prepared, run, run_on};

/// A document of the project.
fn document(name: &str) -> String {
    fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(name)).unwrap()
}

/// The scenario in which platforms fail those who have least, with its population beside it.
fn inequality() -> tempfile::TempDir {
    let dir = folder();
    run(dir.path(), ["replay", "digital-inequality", "-q"]).ok();
    let name = "populations/digital-inequality.csv";
    fs::create_dir(dir.path().join("populations")).unwrap();
    fs::write(dir.path().join(name), document(&format!("scenarios/{name}"))).unwrap();
    dir
}

const ASKED: [&str; 3] = ["reach", "--population", "populations/digital-inequality.csv"];

fn near(found: &Value, expected: f64) {
    let found = found.as_f64().unwrap_or_else(|| panic!("a number was expected, not {found}"));
    assert!((found - expected).abs() < 1e-9, "{found} is not {expected}");
}

/// By platform (none: all together) and quintile: consultations, attempted, connected, completed.
fn counted(dir: &Path) -> BTreeMap<(Option<String>, String), [u64; 4]> {
    let mut counts: BTreeMap<_, [u64; 4]> = BTreeMap::new();
    for row in run(dir, ["outcomes", "--json"]).ok().lines() {
        let row: Value = serde_json::from_str(row).unwrap();
        if row["ending"] == "in_progress" {
            continue;
        }
        let quintile = row["context"]["deprivation_quintile"].to_string();
        let [attempted, connected] = ["attempted", "connected"].map(|field| row[field] == true);
        let steps = [true, attempted, connected, connected && row["ending"] == "completed"];
        for platform in [None, Some(row["context"]["platform"].as_str().unwrap().to_owned())] {
            let count = counts.entry((platform, quintile.clone())).or_default();
            count.iter_mut().zip(steps).for_each(|(count, step)| *count += u64::from(step));
        }
    }
    counts
}

#[test]
fn every_number_is_that_of_the_rows_of_outcomes() {
    let dir = inequality();
    let counts = counted(dir.path());
    let documents: Vec<String> = ["1", "3"]
        .map(|threads| run(dir.path(), [&ASKED[..], &["--json", "--threads", threads]].concat()).ok())
        .to_vec();
    assert_eq!(documents[0], documents[1]);
    assert_eq!(run(dir.path(), [&ASKED[..], &["--json", "--fresh"]].concat()).ok(), documents[0]);
    let found: Value = serde_json::from_str(&documents[0]).unwrap();
    assert_eq!((&found["schema"], &found["cluster"]), (&"evenfield.reach/1".into(), &"organisation".into()));
    let parts = found["parts"].as_array().unwrap();
    assert_eq!(parts.len(), 3, "all together, and two platforms");
    for part in parts {
        let platform = part["platform"].as_str().map(str::to_owned);
        let of = |quintile: &str| counts[&(platform.clone(), quintile.to_owned())];
        let total = |step: usize| (1..=5).map(|quintile| of(&quintile.to_string())[step]).sum::<u64>();
        assert_eq!((&part["people"], &part["consultations"]), (&230_000.into(), &total(0).into()));
        for group in part["groups"].as_array().unwrap() {
            let [all, attempted, connected, completed] = of(group["group"].as_str().unwrap());
            assert_eq!(group["consultations"]["n"], all);
            assert_eq!(group["attempted"], attempted);
            assert_eq!(group["not_measured"], 0);
            assert_eq!(group["connected"], connected);
            assert_eq!(group["completed"]["n"], completed);
            near(&group["completion"]["value"], completed as f64 / attempted as f64);
            for (used, n, all) in [("consultations", all, total(0)), ("completed", completed, total(3))] {
                let (used, share) = (&group[used], n as f64 / all as f64);
                near(&used["share"]["value"], share);
                near(&used["representation"]["value"], share / 0.2);
                near(&used["per_1000"]["value"], n as f64 / 46.0);
                for figure in ["share", "representation", "per_1000"] {
                    let [lo, value, hi] =
                        ["lo", "value", "hi"].map(|end| used[figure][end].as_f64().unwrap());
                    assert!(0.0 < lo && lo < value && value < hi, "{figure}: {used}");
                }
            }
        }
    }
    // The plan gives more consultations on older phones to the most deprived, and so more consultations.
    let slope = |part: &Value| part["slopes"]["consultations"]["slope_index"]["hi"].as_f64().unwrap();
    assert!(parts.iter().all(|part| slope(part) < 0.0), "{parts:?}");
}

#[test]
fn every_method_that_is_named_can_be_looked_up() {
    fn methods(value: &Value, found: &mut BTreeSet<String>) {
        match value {
            Value::Object(fields) => fields.iter().for_each(|(name, value)| match value.as_str() {
                Some(method) if name == "method" => drop(found.insert(method.to_owned())),
                _ => methods(value, found),
            }),
            Value::Array(values) => values.iter().for_each(|value| methods(value, found)),
            _ => {}
        }
    }
    let dir = inequality();
    let mut named = BTreeSet::new();
    methods(&run(dir.path(), [&ASKED[..], &["--json"]].concat()).json(), &mut named);
    let one = [&ASKED[..], &["--json", "--where", "organisation=trust-01"]].concat();
    methods(&run(dir.path(), one).json(), &mut named);
    let listed = run(dir.path(), ["methods", "--json"]).json();
    let listed: BTreeSet<&str> =
        listed["methods"].as_array().unwrap().iter().map(|method| method["name"].as_str().unwrap()).collect();
    let wanted = ["garwood", "sii_linear", "rii_linear", "wilson_rao_scott_t"];
    assert!(wanted.iter().all(|name| named.contains(*name)), "{named:?}");
    assert!(named.iter().all(|name| name == "none" || listed.contains(name.as_str())), "{named:?}");
}

#[test]
fn the_example_of_the_scenarios_runs_and_says_what_it_is() {
    let dir = inequality();
    let fresh = folder();
    fs::rename(dir.path().join("populations"), fresh.path().join("populations")).unwrap();
    let text = document("scenarios/README.md");
    let block = text.split("```sh\n").nth(1).unwrap().split("```").next().unwrap();
    let commands: Vec<&str> = block.lines().collect();
    assert_eq!(commands.len(), 2, "{commands:?}");
    let told: Vec<String> = commands.iter().map(|command| line(fresh.path(), command).ok()).collect();
    for words in [
        "Whom video reaches, by deprivation quintile: against 230,000 people",
        "all platforms: 4,600 consultations",
        "alder: ",
        "from the most to the least deprived: \u{2212}",
        "A count of consultations is not a count of people",
        "those of shares take account of organisations",
    ] {
        assert!(told[1].contains(words), "{words}: {}", told[1]);
    }
    assert!(told[1].lines().all(|line| line.chars().count() <= 110), "{}", told[1]);
    let population = document("scenarios/populations/digital-inequality.csv");
    assert!(population.starts_with("# A synthetic population, invented for the scenario"), "{population}");
}

/// One call of each age band, and one of nobody's.
fn calls() -> String {
    let mut text = String::new();
    for (number, age) in ["18-64", "18-64", "65-74", ""].iter().enumerate() {
        let age = if age.is_empty() { String::new() } else { format!(",\"age_band\":\"{age}\"") };
        for (kind, minute, role) in
            [("joined", 0, "patient"), ("joined", 1, "clinician"), ("completed", 9, "clinician")]
        {
            text += &format!(
                "{{\"specversion\":\"1.0\",\"id\":\"{number}-{minute}\",\"source\":\"urn:example:a\",\
                 \"type\":\"evenfield.consultation.{kind}.v1\",\"subject\":\"c-{number}\",\
                 \"time\":\"2026-03-02T1{number}:{minute:02}:00Z\",\"data\":{{\"participant\":\"{role}-{number}\",\
                 \"role\":\"{role}\",\"context\":{{\"platform\":\"alder\"{age}}}}}}}\n"
            );
        }
    }
    text
}

#[test]
fn nobody_is_dropped_in_silence() {
    let dir = folder();
    run_on(dir.path(), calls().as_bytes(), ["ingest", "-q", "-"]).ok();
    let population = "\u{feff}dimension;level;people\r\nage_band;18-64;3000\r\nage_band;75-plus;1000\r\n";
    fs::write(dir.path().join("ages.csv"), population).unwrap();
    let found = run(dir.path(), ["reach", "--population", "ages.csv", "--json"]).json();
    let part = &found["parts"][1];
    assert_eq!((&part["platform"], &part["consultations"]), (&"alder".into(), &4.into()));
    assert_eq!((&part["counted"], &part["not_recorded"]), (&2.into(), &1.into()));
    assert_eq!(part["not_in_population"], serde_json::json!({"65-74": 1}));
    assert!(part["slopes"].is_null(), "ages have no order of deprivation");
    let oldest = &part["groups"][1]["consultations"];
    assert_eq!((&oldest["n"], &oldest["per_1000"]["value"]), (&0.into(), &0.0.into()));
    near(&oldest["per_1000"]["hi"], 3.688_879_454_113_936);
    let text = run(dir.path(), ["reach", "--population", "ages.csv"]).ok();
    for words in [
        "against 4,000 people",
        "of 1 consultation (25.0 %) no age band is recorded",
        "consultations of groups that the file lacks: 65-74 (1)",
        "0.00 (0.00 to 3.69)",
    ] {
        assert!(text.contains(words), "{words}: {text}");
    }
    assert!(!text.contains("all platforms"), "one platform is all of them: {text}");
    let csv = run(dir.path(), ["reach", "--population", "ages.csv", "--format", "csv"]);
    assert!(csv.err.contains("--json has all of it"), "{}", csv.err);
    assert!(csv.ok().starts_with("dimension,platform,group,people,people_share,consultations,"));

    // What nobody wrote down is not zero.
    fs::write(dir.path().join("fifths.csv"), "dimension,level,people\ndeprivation_quintile,1,500\n").unwrap();
    let unmeasured = run(dir.path(), ["reach", "--population", "fifths.csv"]);
    assert!(unmeasured.err.contains("nobody recorded deprivation_quintile here"), "{}", unmeasured.err);
    let text = unmeasured.ok();
    assert!(text.contains("the group is recorded for fewer than half of the consultations"), "{text}");
    assert!(!text.contains("per 1,000 people"), "no rate is shown: {text}");
}

#[test]
fn a_file_that_is_no_population_is_refused_with_what_to_do() {
    let dir = prepared();
    let refused = |text: &str, words: &[&str]| {
        fs::write(dir.path().join("bad.csv"), text).unwrap();
        let told = run(dir.path(), ["reach", "--population", "bad.csv"]).fails(4);
        assert!(told.contains("bad.csv: "), "{told}");
        assert!(words.iter().all(|word| told.contains(word)), "{told}");
    };
    refused("", &["there is no group in it; write the header dimension,level,people"]);
    refused("dimension,level,peple\n", &["line 1: there is no column \"peple\"; did you mean \"people\"?"]);
    refused(
        "dimension,level,people\nnetwork,mobile,-3\nnetwork,wifi,99999999999999\nnetwork,mobile,5\n\
         netwrok,a,1\nnetwork,mobile,6\n",
        &[
            "line 2: \"-3\" is no number of people; write a whole number",
            "line 3: 99999999999999 people are more than there are",
            "line 5: there is no dimension \"netwrok\"; did you mean \"network\"?",
            "line 6: network \"mobile\" stands in the file twice",
        ],
    );
    let missing = run(dir.path(), ["reach", "--population", "populaton.csv"]).fails(4);
    assert!(missing.contains("did you mean") && missing.contains("population.csv"), "{missing}");
    assert!(run(dir.path(), ["reach"]).fails(2).contains("--population"));
    let asked = ["reach", "--population", "population.csv"];
    let both = run(dir.path(), [&asked[..], &["--where", "network=mobile"]].concat()).fails(2);
    assert!(both.contains("--where leaves out levels of network"), "{both}");
    let typo = run(dir.path(), [&asked[..], &["--where", "servic=x"]].concat()).fails(2);
    assert!(typo.contains("did you mean \"service\""), "{typo}");
    let nobody = run(dir.path(), [&asked[..], &["--where", "service=cardiolgy"]].concat());
    assert!(nobody.err.contains("did you mean \"cardiology\""), "{}", nobody.err);
    assert!(nobody.ok().contains("No consultation passes --where"));

    let empty = folder();
    run_on(empty.path(), b"", ["ingest", "-q", "-"]).ok();
    fs::copy(dir.path().join("population.csv"), empty.path().join("population.csv")).unwrap();
    let text = run(empty.path(), asked).ok();
    assert!(text.contains("There are no consultations that reach anybody"), "{text}");
}
