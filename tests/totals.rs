//! Totals as their users meet them: the numbers are those of the rows of `outcomes`, in every form.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::command::{folder, prepared, run};

/// Nearest-rank quantile.
fn quantile(values: &mut [u64], share: usize, of: usize) -> Option<u64> {
    values.sort_unstable();
    let rank = (values.len() * share).div_ceil(of);
    rank.checked_sub(1).map(|place| values[place])
}

/// Counts, sums and quantiles of one platform, or of one service on it, from rows of `outcomes`.
fn counted(rows: &[&Value]) -> BTreeMap<String, Option<u64>> {
    let is = |row: &&&Value, field: &str| row[field] == true;
    let count = |field: &str| Some(rows.iter().filter(|row| is(row, field)).count() as u64);
    let sum = |field: &str| Some(rows.iter().map(|row| row[field].as_u64().unwrap()).sum());
    let completed = rows.iter().filter(|row| is(row, "connected") && row["ending"] == "completed");
    let mut numbers = BTreeMap::from([
        ("consultations".to_owned(), Some(rows.len() as u64)),
        ("completed".to_owned(), Some(completed.count() as u64)),
    ]);
    for field in ["attempted", "connected", "first_try", "undisturbed"] {
        numbers.insert(field.to_owned(), count(field));
    }
    for field in ["drops", "audio_lost_ms", "connected_ms", "down_ms"] {
        numbers.insert(field.to_owned(), sum(field));
    }
    for field in ["connect_ms", "first_drop_ms"] {
        let mut values: Vec<u64> = rows.iter().filter_map(|row| row[field].as_u64()).collect();
        for (name, share, of) in [("p50", 1, 2), ("p90", 9, 10), ("p95", 19, 20)] {
            numbers.insert(format!("{field}_{name}"), quantile(&mut values, share, of));
        }
    }
    numbers
}

/// The same numbers of a row of totals.
fn told(row: &Value) -> BTreeMap<String, Option<u64>> {
    let plain = ["consultations", "completed", "attempted", "connected", "first_try", "undisturbed"];
    let sums = ["drops", "audio_lost_ms", "connected_ms", "down_ms"];
    let mut numbers: BTreeMap<String, Option<u64>> =
        plain.iter().chain(&sums).map(|field| ((*field).to_owned(), row[*field].as_u64())).collect();
    for field in ["connect_ms", "first_drop_ms"] {
        for name in ["p50", "p90", "p95"] {
            numbers.insert(format!("{field}_{name}"), row[field][name].as_u64());
        }
    }
    numbers
}

#[test]
fn totals_are_those_of_the_rows_of_outcomes() {
    let dir = prepared();
    let outcomes = run(dir.path(), ["outcomes", "--json"]).ok();
    let rows: Vec<Value> = outcomes.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let mut groups: BTreeMap<(String, Option<String>), Vec<&Value>> = BTreeMap::new();
    for row in rows.iter().filter(|row| row["ending"] != "in_progress") {
        let modality = &row["context"]["modality"];
        if modality.is_null() || modality == "video" {
            let level = |name: &str| row["context"][name].as_str().unwrap_or("not recorded").to_owned();
            groups.entry((level("platform"), None)).or_default().push(row);
            groups.entry((level("platform"), Some(level("service")))).or_default().push(row);
        }
    }
    assert!(groups.len() >= 4, "the recording has platforms and services");
    for threads in ["1", "2", "7"] {
        let totals = run(dir.path(), ["totals", "--by", "service", "--json", "--threads", threads]).json();
        let found = totals["rows"].as_array().unwrap();
        assert_eq!(found.len(), groups.len());
        for (row, ((platform, service), rows)) in found.iter().zip(&groups) {
            assert_eq!(
                (row["platform"].as_str(), row["service"].as_str()),
                (Some(&**platform), service.as_deref())
            );
            let mut counted = counted(rows);
            for name in row["not_measured"].as_array().into_iter().flatten() {
                // What nobody could tell was never counted, and is no zero.
                assert_eq!(counted.insert(name.as_str().unwrap().to_owned(), None), Some(Some(0)), "{row}");
            }
            assert_eq!(told(row), counted, "{platform} {service:?}");
            let [lo, hi] = [0, 1].map(|end| row["intervals"]["connected"][end].as_f64().unwrap());
            let share = row["connected"].as_f64().unwrap() / row["attempted"].as_f64().unwrap();
            assert!((lo..=hi).contains(&share) && lo < hi, "{lo} {share} {hi}");
        }
    }
}

/// Totals used to say 0 ms of lost sound of a platform whose feed cannot hear, beside one that heard every second of it.
#[test]
fn what_no_feed_can_tell_is_no_zero() {
    let event = |source: &str, id: u32, kind: &str, more: &str| {
        format!(
            r#"{{"specversion":"1.0","id":"{id}","source":"urn:{source}","type":"evenfield.consultation.{kind}.v1","subject":"{source}-1","time":"2025-10-06T08:0{id}:00Z","data":{{{more}}}}}"#
        )
    };
    let declared = |source: &str, audio: &str| {
        let capability = |kind: &str, told: &str| format!(r#""{kind}":"{told}""#);
        let kinds = ["join_attempted", "joined", "completed", "dropped", "join_failed"];
        let mut told: Vec<String> = kinds.iter().map(|kind| capability(kind, "observed")).collect();
        told.extend(["audio_lost", "audio_restored"].iter().map(|kind| capability(kind, audio)));
        format!(
            r#"{{"specversion":"1.0","id":"d","source":"urn:{source}","type":"evenfield.consultation.recording_declared.v1","subject":"urn:{source}","time":"2025-10-06T07:00:00Z","data":{{"feed":"own","capabilities":{{{}}}}}}}"#,
            told.join(",")
        )
    };
    let call = |source: &str| {
        let who = |role: &str| format!(r#""participant":"{role}","role":"{role}""#);
        let context = format!(r#""context":{{"platform":"{source}","service":"skin"}}"#);
        let joined = |role: &str| format!("{},{context}", who(role));
        [
            event(source, 1, "joined", &joined("patient")),
            event(source, 2, "joined", &joined("clinician")),
            event(source, 9, "completed", &context),
        ]
        .join("\n")
    };
    let dir = folder();
    let lines =
        [declared("deaf", "unobservable"), declared("hears", "observed"), call("deaf"), call("hears")];
    std::fs::write(dir.path().join("two.ndjson"), lines.join("\n")).unwrap();
    run(dir.path(), ["ingest", "-q", "two.ndjson"]).ok();
    for options in [&[][..], &["--by", "service"], &["--where", "service=skin"]] {
        let asked = [&["totals", "--json"], options].concat();
        let totals = run(dir.path(), asked).json();
        for row in totals["rows"].as_array().unwrap() {
            let is_deaf = row["platform"] == "deaf";
            assert_eq!(row["audio_lost_ms"].is_null(), is_deaf, "{row}");
            assert_eq!(row["not_measured"].is_null(), !is_deaf, "{row}");
            assert_eq!((&row["drops"], &row["completed"]), (&Value::from(0), &Value::from(1)), "{row}");
        }
    }
    let table = run(dir.path(), ["totals"]).ok();
    assert!(table.contains("no source there can tell, which is not zero"), "{table}");
    let csv = run(dir.path(), ["totals", "--format", "csv"]).ok();
    assert!(csv.contains("deaf,1,1,1,1,1,1,0,,") && csv.contains("hears,1,1,1,1,1,1,0,0,"), "{csv}");
}

#[test]
fn a_filter_counts_only_what_passes_it() {
    let dir = prepared();
    let all = run(dir.path(), ["totals", "--by", "service", "--json"]).json();
    let part = all["rows"].as_array().unwrap().iter().find(|row| row["service"].is_string()).unwrap();
    let (platform, service) = (part["platform"].as_str().unwrap(), part["service"].as_str().unwrap());
    let filter = format!("service={service}");
    let filtered =
        run(dir.path(), ["totals", "--where", &filter, "--where", &format!("platform={platform}"), "--json"]);
    let filtered = filtered.json();
    let rows = filtered["rows"].as_array().unwrap();
    assert_eq!(rows.len(), 1);
    assert_eq!(told(&rows[0]), told(part));
}

#[test]
fn totals_come_in_every_form_and_say_what_to_do() {
    let dir = prepared();
    let table = run(dir.path(), ["totals", "--by", "service"]).ok();
    assert!(table.contains("consultations") && table.contains("attend-anywhere"), "{table}");
    let csv = run(dir.path(), ["totals", "--by", "service", "--format", "csv"]).ok();
    assert!(csv.starts_with("platform,service,consultations,attempted,"), "{csv}");
    let lines = run(dir.path(), ["totals", "--format", "ndjson"]).ok();
    assert_eq!(lines.lines().count(), 2, "{lines}");
    let wrong = run(dir.path(), ["totals", "--by", "servise"]).fails(2);
    assert!(wrong.contains("service"), "{wrong}");
    assert!(run(dir.path(), ["totals", "--by", "platform"]).fails(2).contains("other dimensions"));
    let empty = folder();
    run(empty.path(), ["ingest", "/dev/null"]);
    let told = run(empty.path(), ["totals"]);
    assert!(told.code != 0 || told.out.contains("nothing to count"), "{}{}", told.out, told.err);
}

/// Sixty thousand calls that are open at a time: more than a replay keeps at hand at first.
#[test]
fn a_dense_log_reads_as_one_that_tells_a_consultation_after_the_other() {
    const CALLS: u32 = 60_000;
    let event = |call: u32, kind: &str, role: &str, second: u32| {
        let (minute, second) = (second / 60, second % 60);
        format!(
            r#"{{"specversion":"1.0","id":"{call}-{kind}-{role}","source":"urn:dense","type":"evenfield.consultation.{kind}.v1","subject":"c-{call}","time":"2025-10-06T{:02}:{:02}:{second:02}Z","data":{{"participant":"{role}-{call}","role":"{role}"}}}}"#,
            8 + minute / 60,
            minute % 60,
        )
    };
    let begin = |call: u32| {
        [event(call, "joined", "patient", call / 100), event(call, "joined", "clinician", call / 100 + 5)]
    };
    let go_on = |call: u32| {
        let at = 3_000 + call / 100;
        let dropped = event(call, "dropped", "patient", at);
        let rejoined = event(call, "rejoined", "patient", at + 40);
        let completed = event(call, "completed", "clinician", at + 60);
        if call.is_multiple_of(10) { vec![dropped, rejoined, completed] } else { vec![completed] }
    };
    let dir = folder();
    let one_by_one: Vec<String> =
        (0..CALLS).flat_map(|call| [begin(call).to_vec(), go_on(call)].concat()).collect();
    let begins = (0..CALLS).flat_map(begin);
    let all_at_once: Vec<String> = begins.chain((0..CALLS).flat_map(go_on)).collect();
    let answers = [("one", one_by_one), ("all", all_at_once)].map(|(name, lines)| {
        let (file, store) = (format!("{name}.ndjson"), format!("{name}.store"));
        std::fs::write(dir.path().join(&file), lines.join("\n")).unwrap();
        run(dir.path(), ["ingest", "-q", "--store", &store, &file]).ok();
        run(dir.path(), ["totals", "--fresh", "--json", "--store", &store]).ok()
    });
    assert_eq!(answers[0], answers[1]);
    let totals: Value = serde_json::from_str(&answers[0]).unwrap();
    let row = &totals["rows"][0];
    assert_eq!(
        [&row["connected"], &row["completed"], &row["drops"]].map(Value::as_u64),
        [60_000, 60_000, 6_000].map(Some),
        "{row}"
    );
}
