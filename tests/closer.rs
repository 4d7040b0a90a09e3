//! A closer look as commissioners take it: like with like, who is left out, how much organisations differ,
//! what stands out over time. The numbers are held against the rows of `outcomes`, counted again by hand.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use serde_json::Value;

use crate::command::{folder, prepared, run, run_on};

/// A store with a recorded scenario in it.
fn replayed(name: &str) -> tempfile::TempDir {
    let dir = folder();
    run(dir.path(), ["replay", name, "-q"]).ok();
    dir
}

fn rows(dir: &Path) -> Vec<Value> {
    run(dir, ["outcomes", "--json"]).ok().lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

fn level<'a>(row: &'a Value, dimension: &str) -> &'a str {
    row["context"][dimension].as_str().unwrap_or("not recorded")
}

/// Completed on video, of attempted: by key, the numerator and the denominator.
fn completed<K: Ord>(rows: &[Value], key: impl Fn(&Value) -> K) -> BTreeMap<K, [f64; 2]> {
    let mut counts: BTreeMap<K, [f64; 2]> = BTreeMap::new();
    for row in rows.iter().filter(|row| row["attempted"] == true) {
        let [x, n] = counts.entry(key(row)).or_default();
        *n += 1.0;
        *x += f64::from(u8::from(row["connected"] == true && row["ending"] == "completed"));
    }
    counts
}

fn near(found: &Value, expected: f64) {
    let found = found.as_f64().unwrap_or_else(|| panic!("a number was expected, not {found}"));
    assert!((found - expected).abs() < 1e-12, "{found} is not {expected}");
}

/// The scenario is Simpson's paradox: alder looks better for being used where the Wi-Fi is good.
#[test]
fn a_platform_that_only_looks_better_is_seen_through() {
    let dir = replayed("platform-or-infrastructure-wifi");
    for method in ["mantel_haenszel", "standardised", "logistic"] {
        let asked =
            ["compare", "--measure", "undisturbed", "--adjust", "network", "--method", method, "--json"];
        let found = run(dir.path(), asked).json();
        let difference = &found["differences"][0];
        assert_eq!((&difference["platform"], &difference["verdict"]), (&"alder".into(), &"better".into()));
        let adjusted = &difference["adjusted"];
        assert_eq!((&adjusted["adjustment"], &adjusted["verdict"]), (&method.into(), &"worse".into()));
        assert_eq!(adjusted["by"], serde_json::json!(["network"]));
        assert_ne!(difference["claim"], adjusted["claim"], "another question, another name");
        let effect = |name: &str| adjusted[name]["value"].as_f64().unwrap();
        near(&difference["value"], effect("platform_effect") + effect("mix_effect"));
        assert!(effect("mix_effect") > 0.1 && effect("platform_effect") < 0.0, "{adjusted}");
        assert!(adjusted["e_value"]["value"].as_f64().unwrap() > 1.0);
    }
    let text = run(dir.path(), ["compare", "--measure", "undisturbed", "--adjust", "network"]).ok();
    let mut lines = text.lines().skip_while(|line| !line.contains("alike in network"));
    assert!(lines.next().unwrap().ends_with(": worse"), "{text}");
    assert!(lines.next().unwrap().contains("points are where it is used and"), "{text}");
}

/// Mantel and Haenszel by hand, from one row a consultation.
#[test]
fn an_adjusted_difference_is_that_of_the_rows() {
    let dir = prepared();
    let strata = completed(&rows(dir.path()), |row| {
        ([level(row, "network"), level(row, "service")].map(str::to_owned), level(row, "platform").to_owned())
    });
    let levels: BTreeSet<[String; 2]> = strata.keys().map(|(levels, _)| levels.clone()).collect();
    let (mut above, mut below, mut lost, mut all) = (0.0, 0.0, 0.0, 0.0);
    for level in levels {
        let arm = |name: &str| strata.get(&(level.clone(), name.to_owned())).copied().unwrap_or_default();
        let ([x1, n1], [x0, n0]) = (arm("zoom"), arm("attend-anywhere"));
        all += n1 + n0;
        if n1 > 0.0 && n0 > 0.0 {
            above += (x1 * n0 - x0 * n1) / (n1 + n0);
            below += n1 * n0 / (n1 + n0);
        } else {
            lost += n1 + n0;
        }
    }
    let asked = ["compare", "--measure", "completed_on_video", "--adjust", "network,service", "--json"];
    for threads in ["1", "3"] {
        let found = run(dir.path(), [&asked[..], &["--threads", threads]].concat()).json();
        let difference = &found["differences"][0];
        assert_eq!(
            (&difference["platform"], &difference["reference"]),
            (&"zoom".into(), &"attend-anywhere".into())
        );
        near(&difference["adjusted"]["value"], above / below);
        near(&difference["adjusted"]["lost_share"], lost / all);
    }
}

#[test]
fn gaps_units_and_periods_are_those_of_the_rows() {
    let dir = prepared();
    let rows = rows(dir.path());
    let asked =
        ["compare", "--measure", "completed_on_video", "--gaps", "network", "--across", "organisation"];
    let found = run(dir.path(), [&asked[..], &["--over", "day", "--json"]].concat()).json();
    let platform = |row: &Value| level(row, "platform").to_owned();

    let groups = completed(&rows, |row| (platform(row), level(row, "network").to_owned()));
    let gaps = found["gaps"].as_array().unwrap();
    assert!(gaps.len() >= 2, "{gaps:?}");
    for gap in gaps {
        let share = |name: &Value| {
            let key = (gap["platform"].as_str().unwrap().to_owned(), name.as_str().unwrap().to_owned());
            groups[&key][0] / groups[&key][1]
        };
        near(&gap["value"], share(&gap["group"]) - share(&gap["than"]));
    }
    let than: BTreeSet<&str> = gaps.iter().map(|gap| gap["than"].as_str().unwrap()).collect();
    assert_eq!(than.len(), 1, "all are compared with one group, on every platform");

    let units = completed(&rows, |row| (platform(row), level(row, "organisation").to_owned()));
    let mut told = 0;
    for spread in found["spreads"].as_array().unwrap() {
        for unit in spread["units"].as_array().unwrap() {
            let key =
                (spread["platform"].as_str().unwrap().to_owned(), unit["unit"].as_str().unwrap().to_owned());
            let counts = [&unit["x"], &unit["n"]].map(|count| count.as_f64().unwrap());
            assert_eq!(counts, units[&key], "{key:?}");
            told += 1;
        }
    }
    assert_eq!(told, units.len());

    let days = completed(&rows, |row| (platform(row), row["began_at"].as_str().unwrap()[..10].to_owned()));
    let mut told = 0;
    for course in found["courses"].as_array().unwrap() {
        for point in course["points"].as_array().unwrap().iter().filter(|point| point["n"].as_u64() > Some(0))
        {
            let key = (
                course["platform"].as_str().unwrap().to_owned(),
                point["period"].as_str().unwrap().to_owned(),
            );
            assert_eq!(
                [&point["x"], &point["n"]].map(|count| count.as_f64().unwrap()),
                days[&key],
                "{key:?}"
            );
            told += 1;
        }
    }
    assert_eq!(told, days.len());
}

/// The last period is not over when the newest event is in it, and so it is charted by nobody.
#[test]
fn a_period_that_is_not_over_takes_no_part() {
    let dir = prepared();
    let found = run(dir.path(), ["compare", "--measure", "undisturbed", "--over", "day", "--json"]).json();
    let until = found["parameters"]["until"].as_str().unwrap()[..10].to_owned();
    for course in found["courses"].as_array().unwrap() {
        assert_eq!(course["rules"], "making-data-count/2023");
        for point in course["points"].as_array().unwrap() {
            assert_eq!(point["partial"] == true, point["period"].as_str().unwrap() >= &until[..], "{point}");
        }
    }
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
    let dir = replayed("digital-inequality");
    let mut named = BTreeSet::new();
    for cluster in ["auto", "none"] {
        for method in ["mantel_haenszel", "standardised", "logistic"] {
            let asked = [
                "compare",
                "--adjust",
                "network",
                "--gaps",
                "deprivation_quintile",
                "--over",
                "week",
                "--learning",
                "--switch",
                "organisation",
                "--watch",
                "--times",
                "--json",
            ];
            let further = ["--across", "organisation", "--cluster", cluster, "--method", method];
            methods(&run(dir.path(), [&asked[..], &further].concat()).json(), &mut named);
        }
    }
    let listed = run(dir.path(), ["methods", "--json"]).json();
    let listed: BTreeSet<&str> =
        listed["methods"].as_array().unwrap().iter().map(|method| method["name"].as_str().unwrap()).collect();
    assert!(named.len() > 20, "{named:?}");
    let unknown: Vec<&String> =
        named.iter().filter(|name| *name != "none" && !listed.contains(name.as_str())).collect();
    assert!(unknown.is_empty(), "{unknown:?}");
}

#[test]
fn who_is_left_out_is_found_though_averages_hide_it() {
    let dir = replayed("digital-inequality");
    let text =
        run(dir.path(), ["compare", "--measure", "undisturbed", "--gaps", "deprivation_quintile"]).ok();
    assert!(text.contains("Who is left out, by deprivation quintile"), "{text}");
    assert!(text.contains("from the most to the least deprived"), "{text}");
    let found =
        run(dir.path(), ["compare", "--measure", "undisturbed", "--gaps", "deprivation_quintile", "--json"]);
    let found = found.json();
    let slope = |platform: &str| {
        let slopes = found["slopes"].as_array().unwrap();
        slopes.iter().find(|slope| slope["platform"] == platform).unwrap()["slope_index"].clone()
    };
    // On birch the most deprived fare worse; alder treats all much alike.
    assert!(slope("birch")["lo"].as_f64().unwrap() > 0.0, "{}", slope("birch"));
    assert!(slope("birch")["value"].as_f64() > slope("alder")["value"].as_f64());
}

#[test]
fn what_cannot_be_looked_at_is_refused_with_what_to_do() {
    let dir = replayed("platform-or-infrastructure-wifi");
    let refused = |args: &[&str]| run(dir.path(), [&["compare"], args].concat()).fails(2);
    let text = refused(&["--adjust", "netwrok"]);
    assert!(text.contains("did you mean \"network\""), "{text}");
    let text = refused(&["--adjust", "network", "--method", "mantel"]);
    assert!(text.contains("mantel_haenszel"), "{text}");
    let text = refused(&["--gaps", "deprivation_quintile"]);
    assert!(
        text.contains("nobody recorded deprivation_quintile here: there is nothing to find gaps in"),
        "{text}"
    );
    let text = refused(&["--by", "network", "--adjust", "network"]);
    assert!(text.contains("network is in --by already"), "{text}");
    let text = refused(&["--across", "platform"]);
    assert!(text.contains("platforms are what is compared"), "{text}");
    let text = refused(&["--over", "fortnight"]);
    assert!(text.contains("day, week, month"), "{text}");
    assert!(refused(&["--method", "logistic"]).contains("--adjust"));
}

/// One platform fails everywhere for an afternoon: the chart of days shows when, and on which.
#[test]
fn an_outage_stands_out_on_its_day_and_its_platform() {
    let dir = replayed("outage");
    let found =
        run(dir.path(), ["compare", "--measure", "connection_success", "--over", "day", "--json"]).json();
    let mut told = Vec::new();
    for course in found["courses"].as_array().unwrap() {
        let points = course["points"].as_array().unwrap().iter().filter(|point| !point["rules"].is_null());
        told.extend(points.map(|point| {
            [&course["platform"], &point["period"], &point["signal"]]
                .map(|text| text.as_str().unwrap().to_owned())
        }));
    }
    assert_eq!(told, [["birch", "2026-03-11", "concern"]]);
}

/// A consultation of the year 1 among those of today: days between them are neither made nor charted.
#[test]
fn a_wrong_clock_does_not_make_a_chart_of_a_million_days() {
    let dir = folder();
    let mut text = String::new();
    for (number, day) in ["0001-01-02", "2026-03-02", "2026-03-03", "2026-03-04"].iter().enumerate() {
        for (kind, time, role) in [
            ("joined", "09:00", "patient"),
            ("joined", "09:01", "clinician"),
            ("completed", "09:20", "clinician"),
        ] {
            text += &format!(
                "{{\"specversion\":\"1.0\",\"id\":\"{number}-{time}\",\"source\":\"urn:example:a\",\
                 \"type\":\"evenfield.consultation.{kind}.v1\",\"subject\":\"c-{number}\",\
                 \"time\":\"{day}T{time}:00Z\",\"data\":{{\"participant\":\"{role}-{number}\",\"role\":\"{role}\",\
                 \"context\":{{\"platform\":\"alder\"}}}}}}\n"
            );
        }
    }
    run_on(dir.path(), text.as_bytes(), ["ingest", "-q", "-"]).ok();
    let found =
        run(dir.path(), ["compare", "--measure", "completed_on_video", "--over", "day", "--json"]).json();
    let course = &found["courses"][0];
    assert_eq!((&course["earlier"], course["points"].as_array().unwrap().len()), (&1.into(), 4_000));
    let table = run(dir.path(), ["compare", "--measure", "completed_on_video", "--over", "day"]).ok();
    assert!(table.contains("1 day before those are too far back for a chart"), "{table}");
}

#[test]
fn a_form_without_room_for_a_closer_look_says_so_and_lines_have_all_of_it() {
    let dir = prepared();
    let asked = ["compare", "--measure", "undisturbed", "--gaps", "network", "--over", "week", "--format"];
    let csv = run(dir.path(), [&asked[..], &["csv"]].concat());
    assert!(csv.err.contains("--json has all of it"), "{}", csv.err);
    let lines = run(dir.path(), [&asked[..], &["ndjson"]].concat()).ok();
    assert!(lines.contains("\"than\"") && lines.contains("\"making-data-count/2023\""), "{lines}");
}

#[test]
fn of_an_empty_store_it_is_said_that_it_is_empty() {
    let dir = folder();
    run_on(dir.path(), b"", ["ingest", "-q", "-"]).ok();
    let text = run(dir.path(), ["compare", "--adjust", "network", "--gaps", "device", "--over", "week"]).ok();
    assert!(text.contains("There are no consultations to compare"), "{text}");
}
