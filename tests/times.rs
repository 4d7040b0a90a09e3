//! Times to a drop and back as their readers take them: recounted from the rows of `outcomes`, call by call, by the
//! plainest way there is.

use std::path::Path;

use serde_json::Value;

use crate::command::{folder, run, run_on};

/// A store with a recorded scenario in it.
fn replayed(name: &str) -> tempfile::TempDir {
    let dir = folder();
    run(dir.path(), ["replay", name, "-q"]).ok();
    dir
}

fn rows(dir: &Path) -> Vec<Value> {
    run(dir, ["outcomes", "--json"]).ok().lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

fn times(dir: &Path, further: &[&str]) -> Vec<Value> {
    let asked = ["compare", "--measure", "any_drop", "--times", "--json"];
    let found = run(dir, [&asked[..], further].concat()).json();
    found["times"].as_array().unwrap().clone()
}

fn near(found: &Value, expected: f64) {
    let found = found.as_f64().unwrap_or_else(|| panic!("a number was expected, not {found}"));
    assert!((found - expected).abs() <= 1e-9 * expected.abs().max(1.0), "{found} is not {expected}");
}

/// What became of a call: in which second, and whether it dropped, ended, or was last seen.
#[derive(Clone, Copy, PartialEq)]
enum End {
    Dropped,
    Ended,
    LastSeen,
}

fn call(row: &Value) -> (u64, End) {
    let ms = |name: &str| row[name].as_u64().unwrap();
    match row["first_drop_ms"].as_u64() {
        Some(at) => (at.div_ceil(1_000), End::Dropped),
        None => {
            let at = (ms("connected_ms") + ms("down_ms")).div_ceil(1_000);
            (at, if row["ending"] == "end_not_seen" { End::LastSeen } else { End::Ended })
        }
    }
}

/// The share that has dropped after each second of half an hour, by looking at every call anew in every second.
fn dropped(calls: &[(u64, End)]) -> Vec<f64> {
    let (mut left, mut share, mut course) = (1.0, 0.0, Vec::new());
    for second in 0..=1_800 {
        let at_risk = calls.iter().filter(|(at, _)| *at >= second).count() as f64;
        let now = |end| calls.iter().filter(|call| **call == (second, end)).count() as f64;
        let (drops, ends) = (now(End::Dropped), now(End::Ended));
        if drops + ends > 0.0 {
            share += left * drops / at_risk;
            left *= 1.0 - (drops + ends) / at_risk;
        }
        course.push(share);
    }
    course
}

/// Of each call, in whole seconds: when it ended, whether anything is known to have ended it, and its drops.
type Course = (u64, bool, Vec<u64>);

fn course(row: &Value) -> Course {
    let ms = |name: &str| row[name].as_u64().unwrap();
    let drops: Vec<i64> =
        row["drop_times"].as_array().unwrap().iter().map(|drop| milliseconds(&drop["at"]).unwrap()).collect();
    let second = |at: &i64| ((at - drops[0]) as u64 + ms("first_drop_ms")).div_ceil(1_000);
    let end = (ms("connected_ms") + ms("down_ms")).div_ceil(1_000);
    (end, row["ending"] != "end_not_seen", drops.iter().map(second).collect())
}

/// Drops per call by a second, by looking at every call anew in every second: of those that go on, and of all.
fn drops_by(calls: &[Course], last: u64) -> [f64; 2] {
    let (mut left, mut sums) = (1.0, [0.0; 2]);
    for second in 0..=last {
        let at_risk = calls.iter().filter(|call| call.0 >= second).count() as f64;
        let drops = calls.iter().flat_map(|call| &call.2).filter(|at| **at == second).count() as f64;
        if at_risk > 0.0 {
            sums = [sums[0] + drops / at_risk, sums[1] + left * drops / at_risk];
            left *= 1.0 - calls.iter().filter(|call| call.0 == second && call.1).count() as f64 / at_risk;
        }
    }
    sums
}

fn milliseconds(time: &Value) -> Option<i64> {
    Some(time.as_str()?.parse::<jiff::Timestamp>().unwrap().as_millisecond())
}

/// How long each drop lasted that was restored, and the number of all.
fn returns(rows: &[&Value]) -> (Vec<i64>, usize) {
    let drops: Vec<&Value> = rows.iter().flat_map(|row| row["drop_times"].as_array().unwrap()).collect();
    let lasted = |drop: &&Value| Some(milliseconds(&drop["over_at"])? - milliseconds(&drop["at"]).unwrap());
    let mut lasted: Vec<i64> = drops.iter().filter_map(lasted).collect();
    lasted.sort_unstable();
    (lasted, drops.len())
}

/// The scenario has calls of which nobody saw the end.
#[test]
fn times_are_those_of_the_rows() {
    let dir = replayed("messy-feed");
    let rows = rows(dir.path());
    let found = times(dir.path(), &[]);
    for further in [["--threads", "1"], ["--threads", "3"], ["--cluster", "none"]] {
        let again = times(dir.path(), &further);
        assert!(further[0] == "--cluster" || again == found);
        assert_eq!(again.len(), 2);
        for told in &again {
            of_one_platform(told, &rows);
        }
        against_the_reference(&again);
    }
}

fn of_one_platform(told: &Value, rows: &[Value]) {
    let of_it = |row: &&Value| row["context"]["platform"] == told["platform"] && row["connected"] == true;
    let rows: Vec<&Value> = rows.iter().filter(of_it).collect();
    let calls: Vec<(u64, End)> = rows.iter().map(|row| call(row)).collect();
    let unseen = calls.iter().filter(|(at, end)| *end == End::LastSeen && *at <= 1_800).count();
    assert!(unseen > 20, "nothing would be censored");
    assert_eq!((&told["calls"], &told["last_seen"]), (&calls.len().into(), &unseen.into()));
    assert_eq!((&told["unmeasured"], &told["slot_minutes"]), (&0.into(), &30.into()));

    let course = dropped(&calls);
    for at in told["dropped"].as_array().unwrap() {
        let share = course[at["minutes"].as_u64().unwrap() as usize * 60];
        near(&at["value"], share);
        assert!(at["lo"].as_f64().unwrap() < share && share < at["hi"].as_f64().unwrap(), "{at}");
    }
    let courses: Vec<Course> = rows.iter().map(|row| self::course(row)).collect();
    assert!(courses.iter().any(|call| call.2.len() > 1), "nobody drops twice");
    for place in 0..4 {
        let at = |name: &str| told[name][place].clone();
        let minutes = at("drops_per_call")["minutes"].as_u64().unwrap();
        let [going_on, all] = drops_by(&courses, minutes * 60);
        near(&at("drops_per_call")["value"], all);
        near(&at("drops_going_on")["value"], going_on);
    }
    // The share holds for a second each; in minutes.
    near(&told["lost_minutes"]["value"], course[..1_800].iter().sum::<f64>() / 60.0);

    let (lasted, drops) = returns(&rows);
    assert_eq!(told["drops"], drops);
    for at in told["restored"].as_array().unwrap() {
        let within = at["minutes"].as_i64().unwrap() * 60_000;
        near(&at["value"], lasted.iter().filter(|ms| **ms <= within).count() as f64 / drops as f64);
    }
    assert!(lasted.len() < drops, "nothing would be lost for good");
    let median = lasted[drops.div_ceil(2) - 1] as u64;
    assert_eq!(told["median_restored_s"]["value"], median.div_ceil(1_000) as f64);

    let connected_ms: u64 = rows.iter().map(|row| row["connected_ms"].as_u64().unwrap()).sum();
    near(&told["hours_between_drops"]["value"], connected_ms as f64 / 3_600_000.0 / drops as f64);
}

fn against_the_reference(times: &[Value]) {
    let (against, reference): (Vec<&Value>, Vec<&Value>) =
        times.iter().partition(|told| told["against"].is_object());
    let ([one], [other]) = (&against[..], &reference[..]) else { panic!("one of two is the reference") };
    assert_eq!(one["against"]["reference"], other["platform"]);
    let less = |of: fn(&Value) -> &Value| of(one).as_f64().unwrap() - of(other).as_f64().unwrap();
    near(&one["against"]["dropped"]["value"], less(|told| &told["dropped"][3]["value"]));
    near(&one["against"]["drops_per_call"]["value"], less(|told| &told["drops_per_call"][3]["value"]));
    near(&one["against"]["lost_minutes"]["value"], less(|told| &told["lost_minutes"]["value"]));
    assert!(one["against"]["gray"]["p"].as_f64().unwrap() < 0.05, "{}", one["against"]);
    assert_eq!(one["against"]["dropped"]["verdict"], "better");
}

#[test]
fn parts_are_told_apart_and_held_against_their_like() {
    let dir = replayed("platform-or-infrastructure-wifi");
    let parts = times(dir.path(), &["--by", "network", "--cluster", "none"]);
    let whole = times(dir.path(), &["--cluster", "none"]);
    for told in &whole {
        let theirs: Vec<&Value> = parts.iter().filter(|part| part["platform"] == told["platform"]).collect();
        assert!(theirs.len() > 1, "{parts:?}");
        let sum = |name: &str| theirs.iter().map(|part| part[name].as_u64().unwrap()).sum::<u64>();
        for name in ["calls", "last_seen", "went_on", "drops"] {
            assert_eq!(told[name], sum(name), "{name}");
        }
        let held = theirs.iter().filter(|part| part["against"].is_object()).count();
        assert_eq!(held, if told["against"].is_object() { theirs.len() } else { 0 });
    }
}

#[test]
fn people_read_it_with_units_limits_and_what_it_takes_for_granted() {
    let dir = replayed("platform-or-infrastructure-wifi");
    let asked = ["compare", "--measure", "any_drop", "--times"];
    let text = run(dir.path(), asked).ok();
    for said in [
        "How soon calls drop, and how soon people are back",
        "connected calls; ",
        "  dropped by 5 min ",
        "  drops in 100 calls by 5 min ",
        "  where they go on so long, by 5 min ",
        "  lost to drops of a slot of 30 min: ",
        "  back within 1 min ",
        " connected hours (",
        "Gray's test of the course of drops: p ",
        "it takes consultations as independent",
    ] {
        assert!(text.contains(said), "{said:?} is not in {text}");
    }
    assert!(text.lines().all(|line| line.chars().count() <= 150), "{text}");
    let plain = run(dir.path(), [&asked[..], &["--format", "plain"]].concat());
    assert!(plain.err.contains("--json has all of it"), "{}", plain.err);
    let lines = run(dir.path(), [&asked[..], &["--format", "ndjson"]].concat()).ok();
    assert_eq!(lines.lines().filter(|line| line.contains("\"lost_minutes\"")).count(), 2);
    let without = run(dir.path(), ["compare", "--measure", "any_drop", "--json"]).json();
    assert!(without.get("times").is_none(), "nobody asked for times");
}

#[test]
fn what_a_feed_cannot_tell_is_not_called_none() {
    let dir = replayed("blind-feed");
    let text = run(dir.path(), ["compare", "--times"]).ok();
    let mut lines = text.lines().skip_while(|line| !line.starts_with("birch: 0 connected calls; "));
    assert!(lines.next().unwrap().ends_with(" more not measured"), "{text}");
    assert_eq!(lines.next(), Some("  the feed cannot tell dropped"), "{text}");
    let found = run(dir.path(), ["compare", "--times", "--json"]).json();
    let birch = found["times"].as_array().unwrap().iter().find(|told| told["platform"] == "birch").unwrap();
    for figure in [&birch["dropped"][0], &birch["restored"][1], &birch["hours_between_drops"]] {
        assert_eq!((&figure["status"], &figure["value"]), (&"not_measured".into(), &Value::Null));
    }
    assert_eq!(birch["against"]["dropped"]["verdict"], "not_comparable");
}

#[test]
fn of_an_empty_store_there_are_no_times() {
    let dir = folder();
    run_on(dir.path(), b"", ["ingest", "-q", "-"]).ok();
    let found = run(dir.path(), ["compare", "--times", "--json"]).json();
    assert!(found.get("times").is_none(), "{found}");
}
