//! Every format into events, without a log behind it, against parsing the same bytes alone.
//!
//! One entry a format in [`FORMATS`]: how so many records of it are made, and what parsing them alone is.

use std::hint::black_box;
use std::ops::ControlFlow;

use criterion::Criterion;
use feeds::{Item, Records, Settings};

use crate::recording;

/// A format, and what an importer of it could reach if events cost nothing.
struct Format {
    feed: &'static str,
    /// Makes records, about so many.
    make: fn(usize) -> Vec<u8>,
    /// Parses them alone; how many there were.
    parse: fn(&[u8]) -> usize,
}

const FORMATS: &[Format] = &[
    Format { feed: "cloudevents", make: cloudevents, parse: json_lines },
    Format { feed: "zoom-webhook", make: zoom_webhooks, parse: json_lines },
    Format { feed: "zoom-dashboard", make: zoom_meetings, parse: json_lines },
    Format { feed: "csv", make: rows, parse: csv_records },
];

/// Elements are records: lines of JSON, or rows.
pub(crate) fn bench(c: &mut Criterion) {
    let wanted = recording::events().len();
    for format in FORMATS {
        let feed = feeds::by_name(format.feed).expect("a feed of that name");
        let input = (format.make)(wanted);
        let records = (format.parse)(&input);
        let settings = Settings::default();
        let mut group = recording::group(c, "import", records as u64);
        group.bench_function(format.feed, |bencher| {
            bencher.iter(|| {
                let mut read = 0;
                let mut sink = |item| {
                    match item {
                        Item::Event { .. } => read += 1,
                        Item::Rejected(rejected) => panic!("{}: {rejected:?}", format.feed),
                        Item::Skipped { .. } => {}
                    }
                    ControlFlow::Continue(())
                };
                feed.read(&mut input.as_slice(), &settings, &mut sink).expect("readable input");
                assert!(read >= records, "{}: {read} events of {records} records", format.feed);
            });
        });
        group.bench_function(format!("{}, parsed alone", format.feed), |bencher| {
            bencher.iter(|| assert_eq!((format.parse)(&input), records));
        });
        group.finish();
    }
}

fn json_lines(input: &[u8]) -> usize {
    let lines = input.split(|byte| *byte == b'\n').filter(|line| !line.is_empty());
    let parse = |line| serde_json::from_slice::<serde_json::Value>(line).expect("a line of JSON");
    lines.map(parse).map(black_box).count()
}

fn csv_records(mut input: &[u8]) -> usize {
    let mut records = Records::new(&mut input, Some(b','));
    let mut count = 0;
    while let Some(record) = records.next().expect("readable rows") {
        black_box(record);
        count += 1;
    }
    // The first is the header.
    count - 1
}

fn cloudevents(_: usize) -> Vec<u8> {
    recording::lines(&recording::events())
}

/// The time of a record, one a second.
fn time(number: usize) -> String {
    event::Time::from_ms(1_648_000_000_000 + 1000 * number as i64).to_string()
}

fn lines(count: usize, line: impl Fn(usize) -> String) -> Vec<u8> {
    (0..count).flat_map(|number| (line(number) + "\n").into_bytes()).collect()
}

/// Six webhooks a meeting: two come, one is cut off and comes back, both go.
fn zoom_webhooks(count: usize) -> Vec<u8> {
    lines(count, |number| {
        let (meeting, at) = (number / 6, time(number));
        let (name, person, told) = match number % 6 {
            0 => ("joined", "host", "join_time"),
            1 | 3 => ("joined", "guest", "join_time"),
            2 | 4 => ("left", "guest", "leave_time"),
            _ => ("left", "host", "leave_time"),
        };
        let reason = if number % 6 == 2 {
            "P got disconnected from the meeting.<br>Reason: Network connection error."
        } else {
            "P left the meeting."
        };
        serde_json::json!({
            "event": format!("meeting.participant_{name}"), "event_ts": 1_648_000_000_000_i64,
            "payload": { "account_id": "trust-a", "object": {
                "uuid": format!("m-{meeting}=="), "id": 86_431_910_364_i64, "host_id": "host", "topic": "a meeting",
                "participant": {
                    "user_id": "16778240", "user_name": "P", "id": person, "participant_user_id": person,
                    "participant_uuid": format!("{person}-{meeting}"), told: at, "leave_reason": reason,
                    "email": "p@example.org",
                },
            } },
        })
        .to_string()
    })
}

/// Past meetings of two participants, a document each.
fn zoom_meetings(count: usize) -> Vec<u8> {
    lines(count / 4, |number| {
        let person = |name: &str, role: &str| {
            serde_json::json!({
                "id": name, "participant_uuid": format!("{name}-{number}"), "user_id": "16778240", "user_name": "P",
                "role": role, "device": "Windows", "network_type": "Wifi", "version": "5.9.1",
                "join_time": time(1000 * number), "leave_time": time(1000 * number + 900),
                "leave_reason": "P left the meeting.<br>Reason: left the meeting.",
            })
        };
        serde_json::json!({
            "uuid": format!("m-{number}=="), "next_page_token": "", "page_count": 1,
            "participants": [person("host", "host"), person("guest", "participant")],
        })
        .to_string()
    })
}

fn rows(count: usize) -> Vec<u8> {
    let mut text = b"id,consultation,kind,at,role,participant,reason,platform,service\n".to_vec();
    text.extend(lines(count, |number| {
        let kind = ["joined", "dropped", "rejoined", "completed"][number % 4];
        let (reason, at) = (if kind == "dropped" { "network" } else { "" }, time(number));
        format!(
            "{number},c-{},{kind},{at},patient,p-{},{reason},attend-anywhere,cardiology",
            number / 4,
            number / 4
        )
    }));
    text
}
