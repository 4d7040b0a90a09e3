//! Every format into events, without a log behind it, against parsing the same bytes alone.
//!
//! One entry a format in [`FORMATS`]: how so many records of it are made, and what parsing them alone is. Most are
//! the fixtures of the feeds over and over, each time of another consultation: what is left out among what is read,
//! as vendors send it.

use std::hint::black_box;
use std::ops::ControlFlow;

use criterion::Criterion;
use feeds::{Item, Records, Settings};

use crate::recording;

/// A format, and what an importer of it could reach if events cost nothing.
struct Format {
    /// The feed, and behind a comma which form of it.
    name: &'static str,
    /// Makes records, about so many.
    make: fn(usize) -> Vec<u8>,
    /// Parses them alone; how many there were.
    parse: fn(&[u8]) -> usize,
}

/// Makes records of a fixture that tells of the consultation `$named`.
macro_rules! again {
    ($file:literal, $named:literal) => {
        |count| again(include_str!(concat!("../tests/fixtures/feeds/", $file)), $named, count)
    };
}

const FORMATS: &[Format] = &[
    Format { name: "cloudevents", make: cloudevents, parse: json_lines },
    Format {
        name: "chime-eventbridge",
        make: again!("chime-eventbridge.ndjson", "m-0001"),
        parse: json_lines,
    },
    Format { name: "chime-client", make: again!("chime-client.ndjson", "m-0002"), parse: json_lines },
    Format { name: "livekit-webhook", make: again!("livekit-webhook.ndjson", "RM_0003"), parse: json_lines },
    Format { name: "jaas-webhook", make: again!("jaas-webhook.ndjson", "s-0004"), parse: json_lines },
    Format { name: "daily", make: again!("daily.ndjson", "room-0005"), parse: json_lines },
    Format { name: "twilio-callback, forms", make: again!("twilio-callback.forms", "RM0007"), parse: forms },
    Format {
        name: "twilio-callback, JSON",
        make: again!("twilio-callback.ndjson", "RM0008"),
        parse: json_lines,
    },
    Format { name: "twilio-insights", make: again!("twilio-insights.ndjson", "RM0009"), parse: json_lines },
    Format { name: "bigbluebutton", make: again!("bigbluebutton.forms", "m-0010"), parse: forms },
    Format { name: "vonage", make: again!("vonage.ndjson", "1_MX0011"), parse: json_lines },
    Format {
        name: "graph-call-record",
        make: again!("graph-call-record.ndjson", "r-0012"),
        parse: json_lines,
    },
    Format { name: "fhir-encounter", make: again!("fhir-encounter.ndjson", "enc-001"), parse: json_lines },
    Format { name: "rtcstats", make: samples, parse: json_lines },
    Format { name: "zoom-webhook", make: zoom_webhooks, parse: json_lines },
    Format { name: "zoom-dashboard", make: zoom_meetings, parse: json_lines },
    Format { name: "csv", make: rows, parse: csv_records },
];

/// Elements are records: lines of JSON, or rows.
pub(crate) fn bench(c: &mut Criterion) {
    let wanted = recording::events().len();
    for format in FORMATS {
        let feed = format.name.split(',').next().and_then(feeds::by_name).expect("a feed of that name");
        let input = (format.make)(wanted);
        let records = (format.parse)(&input);
        let settings = Settings::default();
        let mut group = recording::group(c, "import", records as u64);
        group.bench_function(format.name, |bencher| {
            bencher.iter(|| {
                let mut read = 0;
                let mut sink = |item| {
                    match item {
                        Item::Event { .. } | Item::Skipped { .. } => read += 1,
                        Item::Rejected(rejected) => panic!("{}: {rejected:?}", format.name),
                    }
                    ControlFlow::Continue(())
                };
                feed.read(&mut input.as_slice(), &settings, &mut sink).expect("readable input");
                assert!(read >= records, "{}: {read} items of {records} records", format.name);
            });
        });
        group.bench_function(format!("{}, parsed alone", format.name), |bencher| {
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

/// Bodies of forms, one a line, of which some have a field that holds JSON.
fn forms(input: &[u8]) -> usize {
    let lines = input.split(|byte| *byte == b'\n').filter(|line| !line.is_empty());
    let parse = |line: &[u8]| {
        for field in line.split(|byte| *byte == b'&') {
            let text = decoded(field);
            if let Some(json) = text.strip_prefix(b"event=") {
                black_box(serde_json::from_slice::<serde_json::Value>(json).expect("a field of JSON"));
            }
            black_box(text);
        }
    };
    lines.map(parse).count()
}

fn decoded(field: &[u8]) -> Vec<u8> {
    let mut text = Vec::with_capacity(field.len());
    let mut rest = field;
    while let Some((first, behind)) = rest.split_first() {
        rest = behind;
        match first {
            b'+' => text.push(b' '),
            b'%' => {
                let (digits, behind) = behind.split_at(2);
                let digits = std::str::from_utf8(digits).expect("two digits");
                text.push(u8::from_str_radix(digits, 16).expect("hexadecimal digits"));
                rest = behind;
            }
            byte => text.push(*byte),
        }
    }
    text
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

/// The records of a fixture over and over, each time of another consultation than the one that is `named`; as many
/// bytes as so many records of half a kilobyte have, since some formats tell much in one.
fn again(fixture: &str, named: &str, count: usize) -> Vec<u8> {
    assert!(fixture.contains(named), "{named} is not in the fixture");
    let times = (count * 512).div_ceil(fixture.len());
    (0..times).flat_map(|time| fixture.replace(named, &format!("{named}{time}")).into_bytes()).collect()
}

/// One client, sampled every second: what came, and now and then nothing.
fn samples(count: usize) -> Vec<u8> {
    let start = 1_648_000_000_000_i64;
    let begin = format!(
        "[\"identity\",null,{{\"deviceId\":\"d\",\"meetingUniqueId\":\"m\"}},{start}]\n\
         [\"create\",\"PC_0\",{{}},{start}]\n[\"ontrack\",\"PC_0\",\"audio\",{start}]\n\
         [\"onconnectionstatechange\",\"PC_0\",\"connected\",{start}]\n"
    );
    let sample = |number: usize| {
        let (came, lost) = (50 * (number - number / 100), 50 * (number / 100));
        let rtp = |kind: &str| {
            serde_json::json!({
                "type": "inbound-rtp", "kind": kind, "packetsReceived": came, "packetsLost": lost,
                "totalSamplesReceived": 48_000 * number, "concealedSamples": 480 * lost, "silentConcealedSamples": 0,
                "jitter": 0.01, "bytesReceived": 100 * came,
            })
        };
        let reports = serde_json::json!({
            "A": rtp("audio"), "V": rtp("video"), "T": { "type": "transport", "bytesReceived": 200 * came },
        });
        format!("[\"getstats\",\"PC_0\",{reports},{}]", start + 1000 * (number as i64 + 1))
    };
    [begin.into_bytes(), lines(count, sample)].concat()
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
