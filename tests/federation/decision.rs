//! Decisions over several logs: the verdict and every number that one log of everything would give, to the byte.

use std::path::Path;
use std::sync::LazyLock;

use engine::replay::{Declared, Request, Watch, decide, sheet};
use engine::summary::{For, Merged, Sharing, open};
use event::{Dimension, Event, Time};
use projections::catalog;
use projections::compare::{Ask, ClusterChoice};
use projections::filter::Filter;
use projections::stats::decision::policy::Rule;
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::{Index, select};
use serde_json::Value;

use super::{
    CLINIC, WANTED, by_consultation, by_organisation, dealt, logged, merged, number, numbers, parts, signed,
    split, summary_for, without_position,
};
use crate::command::{UNTIL, folder, run};
use crate::laws::planned;
use crate::oracle::cases;

const RULE: Rule = Rule { delta: 0.01, price: 0.002, level: 0.95 };

/// What may be decided by, and whether strata are those that nobody asked for.
fn asks() -> impl Strategy<Value = (Ask, For)> {
    let clusters = select(vec![
        ClusterChoice::Auto,
        ClusterChoice::None,
        ClusterChoice::By(Dimension::Organisation),
        ClusterChoice::By(Dimension::Clinician),
    ]);
    let by = select(vec![
        vec![],
        vec![Dimension::Service],
        vec![Dimension::Modality],
        vec![Dimension::Network, Dimension::Organisation],
    ]);
    let adjust = select(vec![vec![], vec![Dimension::Device], vec![Dimension::AgeBand, Dimension::Device]]);
    let measure = select(vec![
        "undisturbed",
        "terminal_failure",
        "any_drop",
        "patient_rating",
        "first_failure",
        "end_not_seen",
        "completed_on_video",
    ]);
    let filter = select(vec!["", "", "network=mobile,wifi", "modality=video,phone"]);
    (clusters, by, adjust, measure, filter, any::<bool>()).prop_map(
        |(cluster, by, adjust, measure, levels, usual)| {
            let mut filter = Filter::default();
            if !levels.is_empty() {
                filter.add(levels).unwrap();
            }
            let measures = vec![catalog::measure(measure).unwrap()];
            let usual_strata = usual && by == [Dimension::Service];
            let ask = Ask { measures, by, adjust, filter, cluster, ..Ask::default() };
            (ask, For::Decision { usual_strata })
        },
    )
}

fn text(decided: Option<projections::compare::Decided>) -> String {
    serde_json::to_string(&decided.expect("the measure is a share")).unwrap()
}

/// The decision of one log of everything.
fn pooled(events: &[Event], until: Time, ask: &Ask) -> Result<String, String> {
    let (_dir, log) = logged(events);
    let request = Request { until: Some(until), ..Request::default() };
    let sheet = sheet(&log, &request, &WANTED, &Watch::default()).unwrap();
    decide(&sheet, ask, &RULE, &Declared::default(), 2).map(text).map_err(|error| error.to_string())
}

fn decided(merged: Merged) -> Result<String, String> {
    let deciding = merged.into_deciding().unwrap();
    deciding.decide(RULE.level, &RULE, &Declared::default()).map(text).map_err(|error| error.to_string())
}

proptest! {
    #![proptest_config(cases(12))]

    #[test]
    fn any_split_of_consultations_decides_as_one_log(
        (parts, seed) in (1..5_usize, any::<u64>()),
        (ask, purpose) in asks(),
    ) {
        let until: Time = UNTIL.parse().unwrap();
        let split = split(&CLINIC, parts, |event| number(&event.consultation, seed));
        let mut summaries: Vec<Vec<u8>> =
            split.iter().map(|part| summary_for(part, until, (&ask, purpose))).collect();
        let one = decided(merged(&summaries, Sharing::Vouched).unwrap());
        summaries.rotate_left(seed as usize % parts);
        summaries.reverse();
        let other = decided(merged(&summaries, Sharing::Vouched).unwrap());
        prop_assert_eq!(&one, &other, "order shows");
        prop_assert_eq!(without_position(one), without_position(pooled(&CLINIC, until, &ask)));
    }

    #[test]
    fn organisations_decide_as_one_log(parts in 2..5_usize, seed in any::<u64>(), (ask, purpose) in asks()) {
        let until: Time = UNTIL.parse().unwrap();
        let mut split = vec![Vec::new(); parts];
        for event in CLINIC.iter() {
            split[number(event.source.rsplit_once(':').unwrap().0, seed) % parts].push(event.clone());
        }
        let summaries: Vec<Vec<u8>> =
            split.iter().map(|part| summary_for(part, until, (&ask, purpose))).collect();
        let merged = merged(&summaries, Sharing::Refused).unwrap();
        // What it can decide, it can compare, whatever strata are adjusted for.
        let plain = Ask { adjust: Vec::new(), ..ask.clone() };
        prop_assert_eq!(super::compared(&merged, merged.ask()), super::pooled(&CLINIC, until, &plain));
        prop_assert_eq!(decided(merged), pooled(&CLINIC, until, &ask));
    }
}

/// Recorded scenarios, as people run it: by organisation to the byte, by consultation but for the position.
#[test]
fn recorded_scenarios_decide_as_one_log() {
    let asked: [(&str, &[&str], &[&str]); 4] = [
        ("range-by-service", &[], &["--price", "0.002..0.2", "--delta", "0.02"]),
        ("standardise-one-best", &[], &["--level", "0.9"]),
        ("digital-inequality", &["--measure", "connection_success", "--adjust", "network"], &[]),
        ("too-thin-to-say", &["--cluster", "none"], &[]),
    ];
    for (seed, (scenario, make, merge)) in (3..).zip(asked) {
        let dir = folder();
        let of_decision = [&["--for", "decide"], make].concat();
        let parts = 2 + seed as usize % 3;
        let of_consultations = seed % 2 == 0;
        let part = |event: &Value| match of_consultations {
            true => by_consultation(event, seed),
            false => by_organisation(event, seed),
        };
        let names = dealt(dir.path(), scenario, &of_decision, (parts, &part));
        let mut files: Vec<&str> = names.iter().map(String::as_str).collect();
        files.rotate_left(seed as usize % parts);
        let sharing: &[&str] = if of_consultations { &["--shared-sources"] } else { &[] };
        let over = |form: &[&str]| {
            let verb = ["summary", "merge", "-q", "--decide"];
            run(dir.path(), [&verb, form, sharing, merge, &files[..]].concat()).ok()
        };
        let pooled = |form: &[&str]| {
            run(dir.path(), [&["decide", "-q", "--until", UNTIL], form, make, merge].concat()).ok()
        };
        if of_consultations {
            let [one, other] =
                [over(&["--json"]), pooled(&["--json"])].map(|text| without_position(Ok(text)));
            assert_eq!(one, other, "{scenario}");
        } else {
            assert_eq!(over(&["--json"]), pooled(&["--json"]), "{scenario}");
            assert_eq!(over(&[]), pooled(&[]), "{scenario}");
        }
    }
}

/// What is declared of platforms is held against what all logs know, as one log would.
#[test]
fn what_is_declared_counts_over_several_logs() {
    let dir = folder();
    let names =
        dealt(dir.path(), "range-by-service", &["--for", "decide"], (2, &|event| by_organisation(event, 5)));
    let declared = "price_unit = \"GBP\"\n[platforms.alder]\nprice = 1.5\n[platforms.birch]\nprice = 1.0\n\
                    [platforms.birch.functions]\n\
                    captions = { state = \"met\", source = \"handbook\", date = 2026-01-12 }\n\
                    [[needs]]\nfunctions = [\"captions\"]\nwhere = { service = \"dermatology\" }\n";
    for (name, text) in
        [("some.toml", declared.to_owned()), ("no.toml", declared.replace("dermatology", "dermato"))]
    {
        std::fs::write(dir.path().join(name), text).unwrap();
        let files: Vec<&str> = names.iter().map(String::as_str).collect();
        let merge = ["summary", "merge", "-q", "--decide", "--json", "--platforms", name];
        let over = run(dir.path(), [&merge, &files[..]].concat());
        let pooled = run(dir.path(), ["decide", "-q", "--json", "--until", UNTIL, "--platforms", name]);
        assert_eq!((over.code, over.out, over.err), (pooled.code, pooled.out, pooled.err.clone()), "{name}");
        assert_eq!(pooled.code == 0, name == "some.toml", "{}", pooled.err);
    }
}

/// Services are strata only where somebody recorded them, in whichever log.
#[test]
fn strata_that_nobody_recorded_are_none() {
    let dir = folder();
    run(dir.path(), ["synth", "clinic", "--consultations", "80", "-o", "clinic.ndjson"]).ok();
    let text = std::fs::read_to_string(dir.path().join("clinic.ndjson")).unwrap();
    let with = |change: fn(&mut Value)| -> String {
        let changed = |line: &str| {
            let mut event: Value = serde_json::from_str(line).unwrap();
            change(&mut event);
            format!("{event}\n")
        };
        text.lines().map(changed).collect()
    };
    let without = with(|event| {
        if let Some(context) = event["data"].get_mut("context").and_then(Value::as_object_mut) {
            context.remove("service");
        }
    });
    let other = with(|event| {
        for name in ["source", "subject"] {
            event[name] =
                event[name].as_str().unwrap().replace("urn:", "urn:other:").replace("c-", "d-").into();
        }
    });
    for (name, one, both) in [("none", &without, ""), ("some", &without, other.as_str())] {
        let make = |number: &str, text: &str| {
            let (file, store, summary) = (
                format!("{name}{number}.ndjson"),
                format!("{name}{number}.store"),
                format!("{name}{number}.summary"),
            );
            std::fs::write(dir.path().join(&file), text).unwrap();
            run(dir.path(), ["ingest", &file, "--store", &store]).ok();
            let make =
                ["summary", "make", "--for", "decide", "--until", UNTIL, "--store", &store, "-o", &summary];
            run(dir.path(), make).ok();
            run(dir.path(), ["ingest", &file, "--store", &format!("{name}.store")]).ok();
            summary
        };
        let mut summaries = vec![make("1", one)];
        summaries.extend((!both.is_empty()).then(|| make("2", both)));
        let files: Vec<&str> = summaries.iter().map(String::as_str).collect();
        let over =
            run(dir.path(), [&["summary", "merge", "-q", "--decide", "--json"], &files[..]].concat()).ok();
        let store = format!("{name}.store");
        let pooled = run(dir.path(), ["decide", "-q", "--json", "--until", UNTIL, "--store", &store]).ok();
        assert_eq!(over, pooled, "{name}");
        let by: Value = serde_json::from_str(&over).unwrap();
        assert_eq!(by["by"].as_array().unwrap().len(), usize::from(name == "some"));
    }
}

#[test]
fn what_cannot_be_decided_is_told_with_what_to_do() {
    let dir = folder();
    run(dir.path(), ["synth", "clinic", "--consultations", "60", "-o", "clinic.ndjson"]).ok();
    run(dir.path(), ["ingest", "clinic.ndjson"]).ok();
    run(dir.path(), ["summary", "make", "-o", "a.summary"]).ok();
    run(dir.path(), ["summary", "make", "--for", "decide", "-o", "b.summary"]).ok();
    let merge = |more: &[&str]| run(dir.path(), [&["summary", "merge", "-q"], more].concat());
    let refused = merge(&["a.summary", "--decide"]).fails(6);
    assert!(refused.contains("a.summary") && refused.contains("--for decide"), "{refused}");
    let refused = merge(&["a.summary", "b.summary", "--decide"]).fails(6);
    assert!(refused.contains("one was made with no --for, the other with --for decide"), "{refused}");
    for (options, what) in [
        (&["b.summary", "--decide", "--compare"][..], "cannot be used with"),
        (&["b.summary", "--compare", "--delta", "0.1"], "--delta needs --decide or --report"),
        (&["b.summary", "--decide", "--reference", "alder"], "--reference needs --compare"),
        (&["b.summary", "--level", "0.9"], "--level needs --compare, --decide or --report"),
    ] {
        let refused = merge(options).fails(2);
        assert!(refused.contains(what), "{refused}");
    }
    let make =
        |more: &[&str]| run(dir.path(), [&["summary", "make", "-o", "c.summary"], more].concat()).fails(2);
    assert!(make(&["--adjust", "network"]).contains("add --for decide"));
    assert!(make(&["--for", "decide", "--measure", "any_drop,undisturbed"]).contains("one measure"));
    assert!(make(&["--for", "decide", "--measure", "connect_ms"]).contains("no share of consultations"));
    assert!(make(&["--for", "decide", "--by", "network", "--adjust", "network"]).contains("in --by already"));
}

/// A summary of a small clinic, for a decision.
static SEALED: LazyLock<Vec<u8>> = LazyLock::new(|| {
    let ask = Ask {
        measures: vec![catalog::measure("undisturbed").unwrap()],
        by: vec![Dimension::Service],
        adjust: vec![Dimension::Network],
        ..Ask::default()
    };
    summary_for(&planned("clinic", 40), UNTIL.parse().unwrap(), (&ask, For::Decision { usual_strata: true }))
});

proptest! {
    #![proptest_config(cases(24))]

    /// Whoever signs can sign what no rows can give: it is refused, or it decides; nothing ends otherwise.
    #[test]
    fn a_signed_number_that_cannot_be_is_refused_or_decides(
        picks in vec((any::<Index>(), select(vec![0_u64, 1, 2, 7, 999, 999_999_999_999, u64::MAX])), 1..6),
    ) {
        let (manifest, mut states) = parts(&SEALED);
        let mut places = Vec::new();
        numbers(&states["decision"], "/decision".to_owned(), &mut places);
        for (pick, number) in &picks {
            *states.pointer_mut(&places[pick.index(places.len())]).unwrap() = (*number).into();
        }
        match open(Path::new("x.summary"), &signed(&manifest, &states)) {
            Ok(opened) => drop(decided(Merged::of(Path::new("x.summary"), opened))),
            Err(error) => prop_assert!(error.to_string().contains("x.summary"), "{error}"),
        }
    }
}

#[test]
fn what_is_signed_for_a_decision_and_makes_no_sense_is_told_with_its_place() {
    let (manifest, states) = parts(&SEALED);
    assert!(open(Path::new("x"), &signed(&manifest, &states)).is_ok());
    let with = |pointer: &str, value: Value| {
        let mut states = states.clone();
        *states.pointer_mut(pointer).unwrap_or_else(|| panic!("{pointer}")) = value;
        states
    };
    let window = |window: [i64; 4]| Value::from(window.map(Value::from).to_vec());
    let twice = [&states["decision"]["by_stratum"][0]; 2].map(Value::clone);
    for (states, what) in [
        (with("/decision", Value::Null), "something else than it says"),
        (with("/decision/decided", Value::Array(vec![])), "a list for each clustering"),
        (with("/decision/decided/0/0/0", vec!["one"].into()), "a level for each dimension"),
        (with("/decision/weighed/0/0/0", vec!["one"].into()), "a level for each dimension"),
        (with("/decision/grouped", Value::Array(vec![])), "each kind of group"),
        (with("/decision/grouped/1/1/0/3/rows", 0.into()), "none or too large"),
        (with("/decision/by_organisation/0/1", Value::Array(vec![])), "a level for each dimension"),
        (with("/decision/by_organisation/0/2/0", window([1, 1, 2, 0])), "larger than the whole"),
        (with("/decision/by_organisation/0/2/0", window([1, 0, 0, 0])), "no consultations"),
        (with("/decision/by_organisation/0/2/0", window([i64::from(i32::MAX), 1, 1, 0])), "in no year"),
        (with("/decision/by_stratum/0/2/0", window([96, 2, 1, 0])), "more is told than attempts by day"),
        (with("/decision/by_stratum/0/2/0", window([95, 2, 0, 0])), "more is told than attempts by day"),
        (with("/decision/by_stratum", twice.into()), "told twice"),
        (with("/decision/levels/service", Value::Null), "line 2, column"),
        (with("/decision/levels", serde_json::json!({})), "strata are told apart by"),
        (with("/decision/recorded", vec!["device"].into()), "not asked for"),
    ] {
        let error =
            open(Path::new("x.summary"), &signed(&manifest, &states)).map(|_| ()).unwrap_err().to_string();
        assert!(error.contains(what) && error.contains("x.summary"), "{what}: {error}");
    }
}
