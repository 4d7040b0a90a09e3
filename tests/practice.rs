//! Practice, moves and watching as commissioners ask for them, counted again by hand from the rows of `outcomes`.

use std::collections::BTreeMap;
use std::path::Path;

use serde_json::Value;

use crate::command::{folder, prepared, run, run_on};

fn rows(dir: &Path) -> Vec<Value> {
    run(dir, ["outcomes", "--json"]).ok().lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

fn near(found: &Value, expected: f64) {
    let found = found.as_f64().unwrap_or_else(|| panic!("a number was expected, not {found}"));
    assert!((found - expected).abs() < 1e-12, "{found} is not {expected}");
}

fn text(value: &Value) -> String {
    value.as_str().unwrap().to_owned()
}

const BINS: [(u64, u64); 7] = [(1, 1), (2, 2), (3, 4), (5, 10), (11, 20), (21, 50), (51, u64::MAX)];

/// The consultations of each clinician on each platform, in the order in which they began: whether undisturbed.
fn tracks(rows: &[Value]) -> BTreeMap<(String, String), Vec<bool>> {
    let mut tracks: BTreeMap<(String, String), Vec<(String, bool)>> = BTreeMap::new();
    for row in rows.iter().filter(|row| row["attempted"] == true) {
        let key = (text(&row["context"]["platform"]), text(&row["context"]["clinician"]));
        tracks.entry(key).or_default().push((text(&row["began_at"]), row["undisturbed"] == true));
    }
    let ordered = |mut track: Vec<(String, bool)>| {
        track.sort();
        assert!(track.windows(2).all(|pair| pair[0].0 < pair[1].0), "no two begin at one instant here");
        track.into_iter().map(|(_, undisturbed)| undisturbed).collect()
    };
    tracks.into_iter().map(|(key, track)| (key, ordered(track))).collect()
}

#[test]
fn practice_is_counted_clinician_by_clinician_in_the_order_of_time() {
    let dir = folder();
    run(dir.path(), ["replay", "training-and-support", "-q"]).ok();
    let tracks = tracks(&rows(dir.path()));
    let asked = ["compare", "--measure", "undisturbed", "--learning"];
    let found = run(dir.path(), [&asked[..], &["--json"]].concat()).json();
    let learning = found["learning"].as_array().unwrap();
    assert_eq!(learning.len(), 2);
    for platform in learning {
        let name = text(&platform["platform"]);
        let theirs: Vec<&Vec<bool>> =
            tracks.iter().filter(|((of, _), _)| *of == name).map(|(_, track)| track).collect();
        assert_eq!(platform["clinicians"], theirs.len());
        let mut bins = [[0_u64; 3]; BINS.len()];
        let (mut above, mut below, mut with_both) = (0.0, 0.0, 0);
        for track in theirs {
            for (place, undisturbed) in (1..).zip(track) {
                let bin = BINS.iter().position(|(from, to)| (*from..=*to).contains(&place)).unwrap();
                bins[bin][0] += 1;
                bins[bin][1] += u64::from(*undisturbed);
                bins[bin][2] += place;
            }
            let count = |part: &[bool]| [part.iter().filter(|held| **held).count() as f64, part.len() as f64];
            let ([x0, n0], [x1, n1]) = (
                count(&track[..track.len().min(5)]),
                count(track.get(5..track.len().min(20)).unwrap_or(&[])),
            );
            if n1 > 0.0 {
                above += (x1 * n0 - x0 * n1) / (n1 + n0);
                below += n1 * n0 / (n1 + n0);
                with_both += 1;
            }
        }
        let told: Vec<[u64; 2]> = bins.iter().filter(|[n, ..]| *n > 0).map(|[n, x, _]| [*n, *x]).collect();
        let stages = platform["bins"].as_array().unwrap();
        let seen: Vec<[u64; 2]> =
            stages.iter().map(|bin| [&bin["n"], &bin["x"]].map(|count| count.as_u64().unwrap())).collect();
        assert_eq!(seen, told);
        for (stage, [n, _, places]) in stages.iter().zip(bins.iter().filter(|[n, ..]| *n > 0)) {
            near(&stage["mean"], *places as f64 / *n as f64);
        }
        near(&platform["within"]["value"], above / below);
        assert_eq!(platform["with_both"], with_both);
    }
    let table = run(dir.path(), asked).ok();
    assert!(table.contains("6th to 20th against the first five of 112 clinicians"), "{table}");
}

/// One consultation: both join, and it is completed or given up.
fn consultation(name: &str, (organisation, platform): (&str, &str), day: &str, completed: bool) -> String {
    let ending = if completed { "completed" } else { "abandoned" };
    let mut text = String::new();
    for (kind, time, role) in
        [("joined", "09:00", "patient"), ("joined", "09:01", "clinician"), (ending, "09:20", "clinician")]
    {
        text += &format!(
            "{{\"specversion\":\"1.0\",\"id\":\"{name}-{role}-{time}\",\"source\":\"urn:example:a\",\
             \"type\":\"evenfield.consultation.{kind}.v1\",\"subject\":\"{name}\",\"time\":\"{day}T{time}:00Z\",\
             \"data\":{{\"participant\":\"{role}-{name}\",\"role\":\"{role}\",\"context\":{{\
             \"platform\":\"{platform}\",\"organisation\":\"{organisation}\"}}}}}}\n"
        );
    }
    text
}

/// Six organisations move in March and six stay. Of 20 a month 16 are completed before and 19 after where they
/// move, 15 before and 16 after where they stay, give or take one: by hand 15 points less 5.
#[test]
fn what_changed_where_organisations_moved_is_told_less_what_changed_where_they_stayed() {
    let dir = folder();
    let mut events = String::new();
    for organisation in 0..12_usize {
        let moves = organisation < 6;
        for month in 1..=4_usize {
            let after = month >= 3;
            let completed = match (moves, after) {
                (true, false) => 16,
                (true, true) => 18 + organisation % 3,
                (false, false) => 15,
                (false, true) => 15 + organisation % 3,
            };
            let platform = if moves && after { "birch" } else { "alder" };
            for number in 0..20 {
                events += &consultation(
                    &format!("{organisation}-{month}-{number}"),
                    (&format!("org-{organisation:02}"), platform),
                    &format!("2026-{month:02}-{:02}", number + 1),
                    number < completed,
                );
            }
        }
    }
    // One that used both all the time neither moved nor stayed.
    for month in 1..=4 {
        for (number, platform) in [(21, "alder"), (22, "birch"), (23, "birch"), (24, "alder")] {
            let day = format!("2026-{month:02}-{number}");
            let both = if month % 2 == 0 && number == 24 { "birch" } else { platform };
            let both = if month % 2 == 1 && number == 23 { "alder" } else { both };
            events += &consultation(&format!("both-{month}-{number}"), ("org-99", both), &day, true);
        }
    }
    run_on(dir.path(), events.as_bytes(), ["ingest", "-q", "-"]).ok();
    let asked = ["compare", "--measure", "completed_on_video", "--switch", "organisation"];
    let found = run(dir.path(), [&asked[..], &["--json"]].concat()).json();
    let moves = found["moves"].as_array().unwrap();
    assert_eq!(moves.len(), 1);
    let moved = &moves[0];
    assert_eq!(moved["design"], "concurrent_control");
    assert_eq!(
        [&moved["switched"], &moved["stayed"], &moved["mixed"]].map(Value::as_u64),
        [6, 6, 1].map(Some)
    );
    near(&moved["value"], 0.10);
    assert_eq!((&moved["verdict"], &moved["from"]), (&"better".into(), &"alder".into()));
    let since: Vec<i64> =
        moved["by_period"].as_array().unwrap().iter().map(|since| since["since"].as_i64().unwrap()).collect();
    assert_eq!(since, [-2, 0, 1]);
    near(&moved["by_period"][0]["value"], 0.0);
    let table = run(dir.path(), asked).ok();
    assert!(table.contains("Moves from alder, by organisation and month"), "{table}");
    assert!(
        table.contains("6 organisations moved, 6 organisations stayed meanwhile; 1 organisation used both"),
        "{table}"
    );
    // Nobody moved the other way.
    let back = run(dir.path(), [&asked[..], &["--reference", "birch"]].concat()).ok();
    assert!(back.contains("0 organisations moved"), "{back}");
}

#[test]
fn p_values_are_corrected_for_all_differences_and_limits_for_every_look_are_wider() {
    let dir = prepared();
    let asked = ["compare", "--by", "service", "--watch"];
    let found = run(dir.path(), [&asked[..], &["--json"]].concat()).json();
    let watched: Vec<&Value> =
        found["differences"].as_array().unwrap().iter().filter(|one| !one["watch"].is_null()).collect();
    assert!(watched.len() > 10, "{}", watched.len());
    let p = |one: &Value| one["watch"]["p"].as_f64();
    let family = |one: &Value| (text(&one["measure"]), one["role"].clone());
    for one in &watched {
        let watch = &one["watch"];
        if let (Some(always), Some(lo)) = (watch["always"]["lo"].as_f64(), one["lo"].as_f64()) {
            assert!(always <= lo && watch["always"]["hi"].as_f64() >= one["hi"].as_f64(), "{one}");
        }
        let Some(own) = p(one) else {
            assert!(watch["p_holm"].is_null() && watch["p_benjamini_hochberg"].is_null());
            continue;
        };
        // By the definitions, without an order of ranks.
        let of_measure: Vec<f64> = watched
            .iter()
            .filter(|other| family(other) == family(one))
            .filter_map(|other| p(other))
            .collect();
        let of_all: Vec<f64> = watched.iter().filter_map(|other| p(other)).collect();
        let rank = |of: &[f64], p: f64| of.iter().filter(|other| **other <= p).count() as f64;
        let below = |of: &[f64], p: f64| of.iter().filter(|other| **other < p).count() as f64;
        let n = of_measure.len() as f64;
        let holm = of_measure.iter().filter(|other| **other <= own).map(|p| p * (n - below(&of_measure, *p)));
        near(&watch["p_holm"], holm.fold(0.0, f64::max).min(1.0));
        let all = of_all.len() as f64;
        let bh = of_all.iter().filter(|other| **other >= own).map(|p| p * all / rank(&of_all, *p));
        near(&watch["p_benjamini_hochberg"], bh.fold(1.0, f64::min));
        assert_eq!(
            [&watch["of_measure"], &watch["of_all"]].map(Value::as_u64),
            [n, all].map(|n| Some(n as u64))
        );
    }
}

#[test]
fn a_smaller_difference_needs_more_consultations() {
    let dir = folder();
    run(dir.path(), ["replay", "too-thin-to-say", "-q"]).ok();
    let needed = |margin: &str| -> Vec<u64> {
        let asked = ["compare", "--measure", "undisturbed", "--watch", "--margin", margin, "--json"];
        let found = run(dir.path(), asked).json();
        let further = found["differences"][0]["watch"]["further"].clone();
        further.as_array().unwrap().iter().map(|count| count.as_u64().unwrap()).collect()
    };
    let (large, small) = (needed("0.3"), needed("0.02"));
    assert!(large.iter().sum::<u64>() < small.iter().sum::<u64>(), "{large:?} {small:?}");
    assert!(small.iter().all(|count| *count > 1_000), "{small:?}");
    let table = run(dir.path(), ["compare", "--measure", "undisturbed", "--watch"]).ok();
    assert!(table.contains("at every look") && table.contains("needs about"), "{table}");
}

#[test]
fn what_cannot_be_followed_is_refused_with_what_to_do() {
    let dir = folder();
    run_on(
        dir.path(),
        consultation("one", ("org-1", "alder"), "2026-03-02", true).as_bytes(),
        ["ingest", "-q", "-"],
    )
    .ok();
    let refused = |args: &[&str]| run(dir.path(), [&["compare"], args].concat()).fails(2);
    let text = refused(&["--learning"]);
    assert!(
        text.contains("nobody recorded clinician here: there is nothing to follow with practice"),
        "{text}"
    );
    let text = refused(&["--switch", "region"]);
    assert!(text.contains("nobody recorded region here: there is nothing to find moves of"), "{text}");
    let text = refused(&["--switch", "organisaton"]);
    assert!(text.contains("did you mean \"organisation\""), "{text}");
    assert!(refused(&["--margin", "0.05"]).contains("--watch"));
    assert!(refused(&["--watch", "--margin", "2"]).contains("such as 0.02 for 2 points"));
}
