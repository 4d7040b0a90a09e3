//! Summaries under the policy `rounded`: nothing leaves that a rounded comparison would not show, and of what is merged
//! the exact share lies between the limits that are told, always.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::LazyLock;

use engine::log::Log;
use engine::replay::{Request, Sheet, Watch, compare, sheet};
use engine::summary::{
    MergedRounded, Pooled, PooledRow, Sharing, SummaryError, manifest_of_shown, open, open_rounded,
    policy_of, seal_shown,
};
use event::{Dimension, Event};
use projections::catalog;
use projections::compare::{Ask, ClusterChoice, Comparison, Row};
use projections::disclosure::{Earlier, Policy, Shown};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::{Index, select};
use serde_json::Value;

use super::{
    CLINIC, WANTED, by_organisation, damaged, damages, dealt, key, logged, number, numbers, parts, signed,
    split,
};
use crate::command::{UNTIL, folder, run};
use crate::laws::{planned, recordings};
use crate::oracle::cases;

fn sheet_of(log: &Log) -> Sheet {
    let request = Request { until: Some(UNTIL.parse().unwrap()), ..Request::default() };
    sheet(log, &request, &WANTED, &Watch::default()).unwrap()
}

/// The bytes of the rounded summary of these events, and the exact comparison; nothing where they cannot be compared.
fn summed(events: &[Event], ask: &Ask) -> Option<(Vec<u8>, Comparison)> {
    let (_dir, log) = logged(events);
    let sheet = sheet_of(&log);
    let exact = compare(&sheet, ask, 2).ok()?;
    let answer = Shown::of(exact.clone(), Policy::Rounded, &Earlier::default()).unwrap();
    let key = key();
    let manifest = manifest_of_shown(&log, &sheet, ask, key.public()).unwrap();
    Some((seal_shown(&manifest, &answer, &key).unwrap(), exact))
}

fn merged(summaries: &[Vec<u8>], sharing: Sharing) -> Result<MergedRounded, SummaryError> {
    let path = |number: usize| PathBuf::from(format!("{number}.summary"));
    let opened = |number: usize| open_rounded(&path(number), &summaries[number]);
    let mut merged = MergedRounded::of(&path(0), opened(0)?);
    for number in 1..summaries.len() {
        merged.add(&path(number), opened(number)?, sharing)?;
    }
    Ok(merged)
}

/// Of what a row is.
type Key = (String, Vec<String>, String, Option<String>, bool);

fn key_of(row: &PooledRow) -> Key {
    let by = row.by.values().cloned().collect();
    (row.measure.to_owned(), by, row.platform.clone(), row.role.map(str::to_owned), row.one_sided)
}

fn key_of_exact(row: &Row) -> Key {
    let by = row.by.values().cloned().collect();
    let role = row.role.map(|role| role.name().to_owned());
    (row.measure.to_owned(), by, row.platform.clone(), role, row.one_sided)
}

/// What each log counted of what a row is, where its feeds can tell.
fn exact<'a>(comparisons: &'a [Comparison], row: &PooledRow) -> Vec<&'a Row> {
    let is = |known: &&Row| key_of_exact(known) == key_of(row) && known.n.is_some();
    comparisons.iter().filter_map(|one| one.rows.iter().find(is)).collect()
}

/// Holds every number that is told of several logs against what each of them counted.
fn holds(
    pooled: &Pooled,
    comparisons: &[Comparison],
    whole: Option<&Comparison>,
) -> Result<(), TestCaseError> {
    for row in &pooled.rows {
        let rows = exact(comparisons, row);
        prop_assert_eq!(row.logs, rows.len() as u64, "{:?}", row);
        let sum = |of: fn(&Row) -> Option<u64>| rows.iter().filter_map(|row| of(row)).sum::<u64>();
        let (x, n) = (sum(|row| row.x), sum(|row| row.n));
        if let (Some(lo), Some(hi)) = (row.lo, row.hi) {
            let share = x as f64 / n as f64;
            prop_assert!(n > 0 && lo <= share && share <= hi, "{} {:?}", share, row);
            prop_assert!(row.value.is_none_or(|value| lo <= value && value <= hi), "{:?}", row);
            if let (Some(least), Some(most)) = (row.chance_lo, row.chance_hi) {
                prop_assert!(least <= lo && hi <= most, "{:?}", row);
            }
            // One log of everything counts the same, unless it can tell what one of them cannot, or counts other parts.
            let one = whole.and_then(|whole| whole.rows.iter().find(|one| key_of_exact(one) == key_of(row)));
            let blind = comparisons.iter().flat_map(|one| &one.rows);
            let mut blind = blind
                .filter(|one| key_of_exact(one) == key_of(row) && (one.n.is_none() || one.unmeasured > 0));
            if let Some(one) = one.filter(|one| one.n.is_some() && blind.next().is_none())
                && rows.iter().all(|row| row.components == one.components)
            {
                prop_assert_eq!((one.x, one.n), (Some(x), Some(n)), "{:?}", row);
            }
        }
        match row.status {
            "told" => prop_assert!(row.hidden == 0 && row.value.is_some() && n > 0, "{:?}", row),
            "partly_told" | "not_told" => {
                prop_assert!(row.hidden > 0 && row.value.is_none() && n > 0, "{:?}", row)
            }
            "no_observations" => prop_assert!(n == 0 && row.hidden == 0, "{:?}", row),
            "not_measured" => prop_assert!(rows.is_empty() && row.blind > 0, "{:?}", row),
            "not_alike" => prop_assert!(rows.windows(2).any(|two| two[0].components != two[1].components)),
            other => prop_assert!(false, "{}", other),
        }
        if !["told", "partly_told", "no_observations"].contains(&row.status) {
            prop_assert!([row.x, row.n].iter().all(Option::is_none) && row.lo.is_none(), "{:?}", row);
        }
        // What is hidden is never told as nothing.
        let nothing = row.status != "no_observations"
            && (row.n == Some(0) || row.hi.is_some_and(|hi| x > 0 && hi <= 0.0));
        prop_assert!(!nothing, "{:?}", row);
    }
    let told: BTreeMap<Key, &PooledRow> = pooled.rows.iter().map(|row| (key_of(row), row)).collect();
    let of_shares = |row: &&Row| !pooled.left_out.contains(&row.measure);
    for row in comparisons.iter().flat_map(|one| &one.rows).filter(of_shares) {
        prop_assert!(told.contains_key(&key_of_exact(row)), "{:?}", row);
    }
    Ok(())
}

fn asks() -> impl Strategy<Value = Ask> {
    let clusters =
        select(vec![ClusterChoice::Auto, ClusterChoice::None, ClusterChoice::By(Dimension::Service)]);
    let by =
        select(vec![vec![], vec![Dimension::Service], vec![Dimension::Network, Dimension::Organisation]]);
    let measures = select(vec![vec![], vec!["undisturbed", "any_drop", "connect_ms"]]);
    (clusters, by, measures).prop_map(|(cluster, by, measures)| Ask {
        measures: measures.into_iter().filter_map(catalog::measure).collect(),
        by,
        cluster,
        ..Ask::default()
    })
}

proptest! {
    #![proptest_config(cases(24))]

    #[test]
    fn the_exact_share_of_all_logs_lies_between_what_is_told(
        messy in prop_oneof![Just(Vec::new()), recordings().prop_map(|(events, _)| events)],
        (logs, seed) in (1..5_usize, any::<u64>()),
        ask in asks(),
    ) {
        let events: Vec<Event> = CLINIC.iter().chain(&messy).cloned().collect();
        let split = split(&events, logs, |event| number(&event.consultation, seed));
        let all: Option<Vec<_>> = split.iter().map(|part| summed(part, &ask)).collect();
        // A measure that was asked for by name is refused where a feed cannot tell.
        let Some(all) = all else { return Ok(()) };
        let (mut summaries, comparisons): (Vec<Vec<u8>>, Vec<Comparison>) = all.into_iter().unzip();
        let one = merged(&summaries, Sharing::Vouched).unwrap().pooled(0.95);
        summaries.reverse();
        prop_assert_eq!(&one, &merged(&summaries, Sharing::Vouched).unwrap().pooled(0.95), "order shows");
        let (_dir, log) = logged(&events);
        holds(&one, &comparisons, compare(&sheet_of(&log), &ask, 2).ok().filter(|_| messy.is_empty()).as_ref())?;
    }

    /// A file that was damaged or cut is told, whatever is left of it.
    #[test]
    fn damage_is_told(damage in damages()) {
        let bytes = damaged(&SEALED, &damage);
        let _ = policy_of(&bytes);
        match open_rounded(Path::new("x.summary"), &bytes) {
            Ok(_) => prop_assert_eq!(&bytes, &*SEALED),
            Err(error) => prop_assert!(error.to_string().contains("x.summary"), "{error}"),
        }
    }

    /// Whoever signs can sign what no answer tells: it is refused, or it merges; nothing ends otherwise.
    #[test]
    fn a_signed_number_that_cannot_be_is_refused_or_merges(
        picks in vec((any::<Index>(), select(vec![0_u64, 5, 10, 995, 999_999_999_995, u64::MAX])), 1..6),
    ) {
        let (manifest, mut answer) = parts(&SEALED);
        let mut places = Vec::new();
        numbers(&answer["rows"], "/rows".to_owned(), &mut places);
        for (pick, number) in &picks {
            *answer.pointer_mut(&places[pick.index(places.len())]).unwrap() = (*number).into();
        }
        match open_rounded(Path::new("x.summary"), &signed(&manifest, &answer)) {
            Ok(opened) => drop(MergedRounded::of(Path::new("x.summary"), opened).pooled(0.95)),
            Err(error) => prop_assert!(error.to_string().contains("x.summary"), "{error}"),
        }
    }
}

/// The rounded summary of a small clinic.
static SEALED: LazyLock<Vec<u8>> =
    LazyLock::new(|| summed(&planned("clinic", 120), &Ask::default()).unwrap().0);

#[test]
fn what_is_signed_and_no_answer_tells_is_refused_with_its_place() {
    let (manifest, answer) = parts(&SEALED);
    let refused = |manifest: &Value, answer: &Value| {
        open_rounded(Path::new("x.summary"), &signed(manifest, answer)).map(|_| ()).unwrap_err().to_string()
    };
    assert!(open_rounded(Path::new("x"), &signed(&manifest, &answer)).is_ok());
    let shown = |row: &Value| row["x"].as_u64().is_some_and(|x| x > 0) && row["components"].is_null();
    let rows = answer["rows"].as_array().unwrap();
    let place = rows.iter().position(|row| shown(row) && row["role"].is_null()).unwrap();
    let with = |name: &str, value: Value| {
        let mut answer = answer.clone();
        answer["rows"][place][name] = value;
        answer
    };
    for (answer, what) in [
        (with("x", 3.into()), "as the policy does not tell one"),
        (with("x", 13.into()), "as the policy does not tell one"),
        (with("n", 10.into()), "no share"),
        (with("n", Value::Null), "no share"),
        (with("hidden", serde_json::json!({"x": "hidden"})), "as the policy does not tell one"),
        (with("measure", "x".into()), "no measure"),
        (with("role", "patient".into()), "role"),
        (with("by", serde_json::json!({"service": "a"})), "a level for each dimension"),
        (with("components", serde_json::json!(["first_try"])), "of which parts"),
        (with("platform", Value::Null), "line 2, column"),
    ] {
        let error = refused(&manifest, &answer);
        assert!(error.contains(what) && error.contains("x.summary"), "{what}: {error}");
        assert!(what.starts_with("line") || error.contains(&format!("row {}", place + 1)), "{error}");
    }
    let mut twice = answer.clone();
    let row = rows[place].clone();
    twice["rows"].as_array_mut().unwrap().push(row);
    assert!(refused(&manifest, &twice).contains("told twice"));
    let mut other = answer.clone();
    other["policy"]["name"] = "internal".into();
    assert!(refused(&manifest, &other).contains("no comparison under the policy rounded"));
    let mut exact = manifest.clone();
    exact["consultations"] = 120.into();
    assert!(refused(&exact, &answer).contains("unknown field"));
    // Neither kind is taken for the other.
    assert!(open(Path::new("x.summary"), &SEALED).is_err());
    assert!(open_rounded(Path::new("x.summary"), &super::SEALED).is_err());
    assert_eq!(
        [&SEALED, &super::SEALED].map(|bytes| policy_of(bytes)),
        [Some(Policy::Rounded), Some(Policy::Internal)]
    );
}

#[test]
fn rounded_summaries_that_do_not_fit_are_refused_with_both_names() {
    let events = planned("clinic", 40);
    let of = |ask: &Ask| summed(&events, ask).unwrap().0;
    let refused = |one: &[u8], other: &[u8]| {
        merged(&[one.to_vec(), other.to_vec()], Sharing::Refused).map(|_| ()).unwrap_err().to_string()
    };
    let plain = of(&Ask::default());
    assert!(refused(&plain, &plain).contains("of one log"));
    assert!(refused(&plain, &of(&Ask::default())).contains("--shared-sources"));
    let by = of(&Ask { by: vec![Dimension::Network], ..Ask::default() });
    let error = refused(&plain, &by);
    assert!(error.contains("no --by, the other with --by network") && error.contains("1.summary"), "{error}");
    // The same log, though it has grown.
    let (_dir, log) = logged(&events[..events.len() / 2]);
    let sum = || {
        let sheet = sheet_of(&log);
        let answer = compare(&sheet, &Ask::default(), 1).unwrap();
        let answer = Shown::of(answer, Policy::Rounded, &Earlier::default()).unwrap();
        let key = key();
        let manifest = manifest_of_shown(&log, &sheet, &Ask::default(), key.public()).unwrap();
        seal_shown(&manifest, &answer, &key).unwrap()
    };
    let before = sum();
    log.append_blocking(events[events.len() / 2..].to_vec(), event::Time::default()).unwrap();
    assert!(refused(&before, &sum()).contains("of one log"));
}

/// Every number of a document with its path.
fn all_numbers(value: &Value) -> Vec<String> {
    let mut found = Vec::new();
    numbers(value, String::new(), &mut found);
    found
}

/// What leaves is the rounded comparison itself, and a manifest without a number that depends on a consultation.
#[test]
fn nothing_leaves_that_a_rounded_comparison_would_not_show() {
    let dir = folder();
    run(dir.path(), ["replay", "range-by-service", "-q"]).ok();
    for options in [&[][..], &["--by", "service"], &["--measure", "undisturbed", "--by", "service"]] {
        let make = ["summary", "make", "--policy", "rounded", "-q", "-o", "a.summary"];
        run(dir.path(), [&make, options].concat()).ok();
        let compare = ["compare", "--policy", "rounded", "--json"];
        let shown = run(dir.path(), [&compare, options].concat()).json();
        let bytes = fs::read(dir.path().join("a.summary")).unwrap();
        let (manifest, answer) = parts(&bytes);
        assert_eq!(answer, shown);
        let known = [
            "/parameters/grace_ms",
            "/parameters/interrupted_max_ms",
            "/parameters/interrupted_max_permille",
            "/policy_version",
        ];
        assert_eq!(all_numbers(&manifest), known);
        let text = String::from_utf8(bytes).unwrap();
        for name in ["trust-01", "trust-05", "\"k-1", "clinician_rating\",\"trust"] {
            assert!(!text.contains(name), "{name}");
        }
        let names =
            ["asked", "log", "parameters", "policy", "policy_version", "reading", "signer", "sources"];
        let mut known: Vec<&String> = manifest.as_object().unwrap().keys().collect();
        known.sort_unstable();
        assert_eq!(known, names);
        assert_eq!(manifest["log"].as_object().unwrap().keys().collect::<Vec<_>>(), ["begins", "head"]);
    }
    // What is given away is recorded, and holds the next answer to it.
    let make = ["summary", "make", "--policy", "rounded", "--release", "-o", "a.summary"];
    let made = run(dir.path(), make);
    assert!(!made.err.contains("--release"), "{}", made.err);
    let (_, answer) = parts(&fs::read(dir.path().join("a.summary")).unwrap());
    assert_eq!(answer["policy"]["release"], 1);
    let looked = run(dir.path(), ["summary", "make", "--policy", "rounded", "-o", "b.summary"]);
    assert!(looked.err.contains("make it with --release before it is given away"), "{}", looked.err);
    let refused =
        |more: &[&str]| run(dir.path(), [&["summary", "make", "-o", "c.summary"], more].concat()).fails(2);
    assert!(refused(&["--policy", "rounded", "--for", "decide"]).contains("leave --for decide out"));
    assert!(
        refused(&["--policy", "rounded", "--by", "clinician"]).contains("each of its levels is a person")
    );
    assert!(refused(&["--policy", "rounded", "--where", "service=a"]).contains("picked"));
    assert!(refused(&["--policy", "rounded", "--until", "2026-03-15T00:00:00Z"]).contains("closed periods"));
    assert!(refused(&["--policy", "secondary"]).contains("ask --policy rounded"));
    assert!(refused(&["--release"]).contains("--release needs --policy rounded"));
}

/// As people run it: three organisations' parts of a recorded scenario.
#[test]
fn recorded_organisations_are_told_between_limits() {
    let dir = folder();
    // The end of a month that is over, as every log has it.
    let until = "2026-05-01T00:00:00Z";
    let rounded =
        ["--policy", "rounded", "--until", until, "--measure", "undisturbed,terminal_failure,connect_ms"];
    let names = dealt(dir.path(), "range-by-service", &rounded, (3, &|event| by_organisation(event, 5)));
    let files: Vec<&str> = names.iter().map(String::as_str).collect();
    let merge = |more: &[&str]| run(dir.path(), [&["summary", "merge"], more, &files[..]].concat());
    let found = merge(&["--compare", "--json"]).json();
    let exact = run(dir.path(), ["compare", "--json", "--until", until]).json();
    assert_eq!((&found["schema"], &found["logs"]), (&"evenfield.pooled/1".into(), &3.into()));
    assert_eq!(found["left_out"], serde_json::json!(["connect_ms"]));
    for row in found["rows"].as_array().unwrap() {
        let is = |one: &&Value| ["measure", "platform"].iter().all(|name| one[*name] == row[*name]);
        let one = exact["rows"].as_array().unwrap().iter().find(is).unwrap();
        let [share, lo, hi] = [&one["value"], &row["lo"], &row["hi"]]
            .map(|number| number.as_f64().unwrap_or_else(|| panic!("{row} {one}")));
        assert!(lo <= share && share <= hi && hi - lo < 0.05, "{row} {one}");
    }
    let text = merge(&["--compare", "-q", "--level", "0.9"]).ok();
    assert!(text.contains("chance besides (90 %)"), "{text}");
    assert!(text.contains("Not told under this policy: connect_ms"), "{text}");
    assert!(merge(&["-q"]).ok().contains("rounded, up to 2026-05-01"));
    assert!(merge(&["--decide"]).fails(6).contains("rests on exact counts"));
    assert!(merge(&["--compare", "--reference", "alder"]).fails(6).contains("differences"));
    assert!(merge(&["--compare", "--release"]).fails(2).contains("makes nothing that could be released"));
    // Exact summaries and rounded ones do not merge, and exact ones are not shown under a policy that hides.
    let make = [
        "summary",
        "make",
        "-q",
        "--until",
        until,
        "--measure",
        rounded[5],
        "--store",
        "0.store",
        "-o",
        "exact.summary",
    ];
    run(dir.path(), make).ok();
    let mixed = run(dir.path(), ["summary", "merge", files[1], "exact.summary"]).fails(6);
    assert!(mixed.contains("under the policy rounded, the other under the policy internal"), "{mixed}");
    let hiding = run(dir.path(), ["summary", "merge", "exact.summary", "--policy", "rounded"]).fails(2);
    assert!(hiding.contains("--policy internal"), "{hiding}");
}
