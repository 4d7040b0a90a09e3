//! Dumps of both dialects, line by line, written from what the formats are said to be.

use std::fmt::Write;

use event::{Kind, Role};

use super::RtcStats;
use crate::cloudevents::line;
use crate::trial::items;
use crate::{Feed, Item, Settings};

/// What is read, one line an item: the seconds, the kind and what it tells; steps of setting up left out.
pub(super) fn read(input: &str) -> Vec<String> {
    let shown = |item| match item {
        Item::Event { event, .. } if event.kind() == Kind::RecordingDeclared => None,
        Item::Event { event, .. } => {
            let text = line(&event);
            let data = text.split_once("\"data\":").unwrap().1;
            let data = &data[..data.len() - 1];
            let rest = data.replace(r#""participant":"dev","role":"unknown""#, "").replace("{,", "{");
            Some(format!("{} {} {rest}", event.at.ms() - START, event.kind()))
        }
        Item::Rejected(rejected) => Some(format!("line {} rejected: {}", rejected.line, rejected.reason)),
        Item::Skipped { reason, .. } if reason.starts_with("a step") || reason.starts_with("who") => None,
        Item::Skipped { line, reason } => Some(format!("line {line} skipped: {reason}")),
    };
    items(&RtcStats, input.as_bytes(), &Settings::default()).into_iter().filter_map(shown).collect()
}

const START: i64 = 1_700_000_000_000;

/// A Jitsi dump: head, identity, and entries as (name, connection, value, milliseconds).
pub(super) fn jitsi(entries: &[(&str, &str, &str, i64)]) -> String {
    let mut dump = format!(
        "[\"connectionInfo\",null,{{\"origin\":\"https://meet.example.org\",\"userAgent\":\"x\"}},{}]\n\
         [\"identity\",null,{{\"deviceId\":\"dev\",\"endpointId\":\"e1\",\"displayName\":\"SECRET\",\
         \"meetingUniqueId\":\"m-1\"}},{START}]\n",
        START + 99_999_999
    );
    for (name, connection, value, at) in entries {
        let connection = if connection.is_empty() { "null".into() } else { format!("\"{connection}\"") };
        writeln!(dump, "[\"{name}\",{connection},{value},{}]", START + at).unwrap();
    }
    dump
}

const SFU: &str = r#"{"optional":[{"rtcStatsSFUP2P":false}]}"#;
pub(super) const DIRECT: &str = r#"{"optional":[{"rtcStatsSFUP2P":true}]}"#;

/// A connection through the bridge that is up from 200 ms on.
pub(super) fn call(rest: &[(&str, &str, &str, i64)]) -> String {
    let up = [
        ("create", "PC_0", "{}", 0),
        ("constraints", "PC_0", SFU, 0),
        ("onconnectionstatechange", "PC_0", "\"connecting\"", 100),
        ("onconnectionstatechange", "PC_0", "\"connected\"", 200),
    ];
    jitsi(&[&up, rest].concat())
}

const ENDS: &str = "the dump ends while the client is connected: it does not tell when it left";

const BEGUN: [&str; 2] = ["0 join_attempted {}", r#"200 joined {"context":{"platform":"jitsi"}}"#];

pub(super) fn check(rest: &[(&str, &str, &str, i64)], expected: &[&str]) {
    assert_eq!(read(&call(rest)), [&BEGUN, expected].concat());
}

#[test]
fn a_connection_that_came_up_and_was_closed() {
    check(&[("close", "PC_0", "{}", 9000)], &["9000 left {}"]);
    check(&[("setVideoType", "", "{}", 9000)], &[&format!("line 7 skipped: {ENDS}")]);
}

#[test]
fn a_blip_is_a_drop_and_a_return() {
    check(
        &[
            ("onconnectionstatechange", "PC_0", "\"disconnected\"", 5000),
            ("onconnectionstatechange", "PC_0", "\"connected\"", 5434),
            ("close", "PC_0", "{}", 9000),
        ],
        &[r#"5000 dropped {"reason":"disconnected"}"#, "5434 rejoined {}", "9000 left {}"],
    );
}

#[test]
fn a_failed_connection_is_replaced_by_another_one() {
    check(
        &[
            ("onconnectionstatechange", "PC_0", "\"disconnected\"", 5000),
            ("onconnectionstatechange", "PC_0", "\"failed\"", 7000),
            ("close", "PC_0", "{}", 7001),
            ("create", "PC_1", "{}", 7002),
            ("ontrack", "PC_1", "\"audio\"", 7003),
            ("oniceconnectionstatechange", "PC_1", "\"completed\"", 20_000),
            ("close", "PC_1", "{}", 30_000),
        ],
        &[r#"5000 dropped {"reason":"disconnected"}"#, "20000 rejoined {}", "30000 left {}"],
    );
}

#[test]
fn the_client_is_there_while_any_connection_of_the_call_is_up() {
    check(
        &[
            ("create", "PC_1", "{}", 300),
            ("constraints", "PC_1", DIRECT, 300),
            ("onconnectionstatechange", "PC_1", "\"connected\"", 400),
            ("onconnectionstatechange", "PC_0", "\"failed\"", 5000),
            ("onconnectionstatechange", "PC_1", "\"failed\"", 8000),
            ("create", "PC_0", "{}", 8500),
        ],
        &[r#"8000 dropped {"reason":"failed"}"#],
    );
}

#[test]
fn probes_and_direct_connections_may_fail() {
    let probe = "a connection without sound or picture failed: a probe, not the call";
    let beside = "a connection failed beside the one that carried the call";
    let dump = jitsi(&[
        ("createDataChannel", "", "{\"0\":\"precalltest\"}", 0),
        ("close", "", "{}", 10),
        ("create", "PC_1", "{}", 20),
        ("createDataChannel", "PC_1", "{}", 21),
        ("onconnectionstatechange", "PC_1", "\"failed\"", 30),
        ("create", "PC_2", "{}", 40),
        ("constraints", "PC_2", DIRECT, 40),
        ("onconnectionstatechange", "PC_2", "\"failed\"", 50),
    ]);
    assert_eq!(
        read(&dump),
        [
            "line 4 skipped: a connection without a name, or the channel to the server, was closed"
                .to_owned(),
            format!("line 7 skipped: {probe}"),
            "40 join_attempted {}".to_owned(),
            format!("line 10 skipped: {beside}"),
        ]
    );
}

#[test]
fn getting_in_fails_by_the_connection_or_the_camera() {
    let dump = jitsi(&[
        ("navigator.mediaDevices.getUserMediaOnFailure", "", "\"NotReadableError: Cam of SECRET\"", 10),
        ("create", "PC_0", "{}", 20),
        ("addTrack", "PC_0", "\"audio\"", 21),
        ("onconnectionstatechange", "PC_0", "\"failed\"", 30),
        ("ontrack", "PC_0", "\"audio\"", 31),
        ("create", "PC_1", "{}", 40),
        ("addTransceiver", "PC_1", "\"audio\"", 41),
        ("oniceconnectionstatechange", "PC_1", "\"connected\"", 50),
        ("navigator.mediaDevices.getUserMediaOnFailure", "", "[\"NotFoundError\",\"\"]", 60),
        ("navigator.mediaDevices.getDisplayMediaOnFailure", "", "\"NotAllowedError\"", 61),
        ("close", "PC_1", "{}", 70),
    ]);
    assert_eq!(
        read(&dump),
        [
            r#"10 join_failed {"reason":"NotReadableError"}"#,
            "20 join_attempted {}",
            r#"30 join_failed {"reason":"connection_failed"}"#,
            "40 join_attempted {}",
            r#"50 joined {"context":{"platform":"jitsi"}}"#,
            "line 11 skipped: a camera or microphone that could not be had during the call",
            "line 12 skipped: a screen that was not shared keeps nobody out of the call",
            "70 left {}",
        ]
    );
}

#[test]
fn names_and_counters_may_be_numbers_and_times_differences() {
    let dump = format!(
        "RTCStatsDump\n\
         {{\"origin\":\"https://video.example.org:8443\",\"fileFormat\":3,\"authData\":{{\"user\":\"dev\",\"session\":\"s\",\"conference\":\"m-2\"}}}}\n\
         [39,0,{{}},{START}]\n\
         [99,\"0\",0,-{START}]\n\
         [30,\"0\",\"audio\",\"x-1\",{}]\n\
         [25,\"0\",\"connected\",90]\n\
         [\"g\",\"0\",{{\"7\":{{\"type\":1,\"11\":\"audio\",\"14\":0,\"15\":0}},\"t\":{START}}},900]\n\
         [1,\"0\",{{\"7\":{{\"14\":20,\"15\":300}}}},2000]\n\
         [1,\"0\",{{\"7\":null}},2000]\n\
         [65,null,\"NotAllowedError\",1]\n\
         [\"close\",null,1001,4.5]\n",
        START + 10
    );
    assert_eq!(
        read(&dump),
        [
            "line 2 skipped: the head of a dump: who the client is and which meeting",
            "line 4 rejected: /3 is -1700000000000; it should be milliseconds since 1970, or since the line before after a first such line: an entry is [name, connection or null, value, time in milliseconds]",
            "0 join_attempted {}",
            r#"100 joined {"context":{"platform":"video.example.org"}}"#,
            r#"1000 audio_lost {"direction":"receiving"}"#,
            r#"3000 audio_restored {"direction":"receiving"}"#,
            "line 10 skipped: a camera or microphone that could not be had during the call",
            "line 11 skipped: a connection without a name, or the channel to the server, was closed",
            &format!("line 11 skipped: {ENDS}"),
        ]
    );
    let both = format!("{dump}{dump}");
    let joined = |item: &&Item| matches!(item, Item::Event { event, .. } if event.kind() == Kind::Joined);
    assert_eq!(items(&RtcStats, both.as_bytes(), &Settings::default()).iter().filter(joined).count(), 2);
}

#[test]
fn who_it_is_may_be_told_late_or_from_outside() {
    let entries = call(&[]).lines().skip(2).fold(String::new(), |all, line| all + line + "\n");
    let refused = read(&entries);
    assert_eq!(refused.len(), 3);
    assert!(refused[0].starts_with("line 2 rejected: the dump does not name its meeting"), "{refused:?}");
    let late =
        format!("{entries}[\"identity\",null,{{\"meetingUniqueId\":\"m\",\"userId\":\"dev\"}},{START}]");
    assert_eq!(read(&late)[..2], ["0 join_attempted {}", "200 joined {}"]);
    let room = format!(
        "{entries}[\"identity\",null,{{\"confID\":\"example.org/room\"}},{START}]\n[\"conferenceStartTimestamp\",null,5,{START}]"
    );
    let consultation = |input: &str, settings: &Settings| {
        let events = items(&RtcStats, input.as_bytes(), settings);
        let event = events.iter().rev().find_map(|item| match item {
            Item::Event { event, .. } => Some(event.clone()),
            _ => None,
        });
        event.map(|event| (event.consultation, event.role))
    };
    let told =
        Settings { consultation: Some("c-1".into()), others: Some(Role::Patient), ..Settings::default() };
    assert!(consultation(&room, &Settings::default()).unwrap().0.starts_with("b3-"));
    assert_eq!(consultation(&room, &told), Some(("c-1".into(), Some(Role::Patient))));
    assert_eq!(consultation(&late, &told).unwrap().0, "m");
}

#[test]
fn wrong_lines_are_told_with_what_to_write_and_cost_themselves_alone() {
    let bad = [
        (
            "[\"x\",null,1]",
            "the line has 3 elements; an entry is [name, connection or null, value, time in milliseconds]",
        ),
        (
            "[{},null,1,2]",
            "/0 is {}; it should be a name or the number of one: an entry is [name, connection or null, value, time in milliseconds]",
        ),
        (
            "[\"x\",true,1,2]",
            "/1 is true; it should be the name of a connection: an entry is [name, connection or null, value, time in milliseconds]",
        ),
        (
            "[\"x\",null,1,\"noon\"]",
            "/3 is \"noon\"; it should be a time in milliseconds: an entry is [name, connection or null, value, time in milliseconds]",
        ),
        (
            "[\"x\",null,1,1e300]",
            "/3 is 1e+300; it should be milliseconds since 1970, or since the line before after a first such line: an entry is [name, connection or null, value, time in milliseconds]",
        ),
        ("7", "7 is neither an entry, [name, connection, value, time], nor the head of a dump"),
        (
            "{\"a\":1}",
            "it is an object, not an entry in brackets; a dump in the rtcstats format begins with the line RTCStatsDump",
        ),
    ];
    for (line, reason) in bad {
        let told = read(&format!("{}{line}\n", call(&[])));
        let wrong = format!("line 7 rejected: {reason}");
        assert_eq!(told[2..], [wrong, format!("line 7 skipped: {ENDS}")]);
    }
    assert!(
        read("[\"x\",null,1,2]\n")[0]
            .contains("milliseconds since 1970, or since the line before after a first such line")
    );
    assert!(read("[\"create\",null\n")[0].contains("the line is no JSON"));
    let unknown = read(&call(&[("hand_raised", "", "1", 300)]));
    assert_eq!(unknown[2], "line 7 skipped: entry \"hand_raised\": it tells nothing that this feed reads");
    let server = r#"{"statsSessionId":"s","type":"identity","data":{"displayName":"x"}}"#;
    assert_eq!(
        read(server),
        ["line 1 skipped: record \"identity\" of a server: it is of no client's connection"]
    );
}

#[test]
fn no_name_or_address_is_in_an_event_and_reading_twice_changes_nothing() {
    let dump = call(&[]).replace("https://meet.example.org", "https://192.0.2.7:8080/SECRET");
    let first = items(&RtcStats, dump.as_bytes(), &Settings::default());
    assert_eq!(first, items(&RtcStats, dump.as_bytes(), &Settings::default()));
    for item in &first {
        let Item::Event { event, .. } = item else { continue };
        let text = line(event);
        assert!(!text.contains("SECRET") && !text.contains("192.0.2.7"), "{text}");
    }
    let v3 =
        format!("RTCStatsDump\n{{\"origin\":\"https://192.0.2.7\"}}\n[39,\"0\",0,{START}]\n[22,\"0\",0,1]\n");
    let told = Settings { consultation: Some("c".into()), ..Settings::default() };
    let sources = items(&RtcStats, v3.as_bytes(), &told).into_iter().filter_map(|item| match item {
        Item::Event { event, .. } => Some(event.source),
        _ => None,
    });
    assert_eq!(sources.collect::<Vec<_>>(), ["urn:rtcstats"; 2]);
}

#[test]
fn what_a_patient_joined_with_is_told_when_it_is_a_patient() {
    let agents = [
        (
            "Mozilla/5.0 (iPhone; CPU iPhone OS 17_0 like Mac OS X) Version/17.0 Mobile/15E148 Safari/604.1",
            "phone",
            "safari",
        ),
        ("Mozilla/5.0 (Linux; Android 13; SM-T500) Chrome/118.0.0.0 Safari/537.36", "tablet", "chrome"),
        (
            "Mozilla/5.0 (Windows NT 10.0; Win64; x64) Chrome/117.0.0.0 Safari/537.36 Edg/117.0",
            "computer",
            "edge",
        ),
    ];
    let joined = |agent: &str, others| {
        let dump = call(&[]).replace("\"userAgent\":\"x\"", &format!("\"userAgent\":\"{agent}\""));
        let found = items(&RtcStats, dump.as_bytes(), &Settings { others, ..Settings::default() });
        let context = found.into_iter().find_map(|item| match item {
            Item::Event { event, .. } => event.payload.context().cloned(),
            _ => None,
        });
        context.unwrap()
    };
    for (agent, device, browser) in agents {
        let patient = joined(agent, Some(Role::Patient));
        assert_eq!(patient.get(event::Dimension::Device), Some(device));
        assert_eq!(patient.get(event::Dimension::Browser), Some(browser));
        for others in [None, Some(Role::Clinician)] {
            assert_eq!(joined(agent, others).get(event::Dimension::Device), None);
        }
    }
}

#[test]
fn names_of_any_length_do_not_fill_the_memory() {
    let long = "x".repeat(2000);
    let told = read(&call(&[("ontrack", &long, "0", 300)]));
    assert!(told[2].contains("it should be the name of a connection"), "{told:?}");
    let mut entries: Vec<_> = (0..500_i64).map(|n| (format!("PC_{n}"), n)).collect();
    entries.remove(0);
    let many: Vec<_> = entries.iter().map(|(name, n)| ("create", name.as_str(), "{}", 300 + n)).collect();
    // The connection of the call outlives any number of probes.
    check(&[&many[..], &[("close", "PC_0", "{}", 9000)]].concat(), &["9000 left {}"]);
}

#[test]
fn a_dump_is_recognised_by_its_first_line() {
    let recognised = |head: &str| crate::detect(head.as_bytes()).map(Feed::name);
    assert_eq!(recognised("RTCStatsDump\n{\"fileFormat\":3}\n"), Some("rtcstats"));
    assert_eq!(recognised(&call(&[])), Some("rtcstats"));
    assert_eq!(recognised("{\"statsSessionId\":\"s\"}"), Some("rtcstats"));
    assert_ne!(recognised("[{\"event\":\"create\"}]"), Some("rtcstats"));
}

/// The dump of somebody else in the same meeting.
fn of_another(dump: &str, device: &str, endpoint: &str) -> String {
    dump.replace("\"dev\"", &format!("\"{device}\"")).replace("\"e1\"", &format!("\"{endpoint}\""))
}

/// Who did what, in the order of the lines.
fn doings(input: &str) -> Vec<String> {
    let doing = |item| match item {
        Item::Event { event, .. } if event.kind() != Kind::RecordingDeclared => {
            Some(format!("{} {}", event.participant.as_deref().unwrap_or_default(), event.kind()))
        }
        _ => None,
    };
    items(&RtcStats, input.as_bytes(), &Settings::default()).into_iter().filter_map(doing).collect()
}

#[test]
fn dumps_one_behind_the_other_are_one_client_each() {
    let doctor = call(&[("close", "PC_0", "{}", 9000)]);
    let patient = of_another(&doctor, "pat", "e2");
    let expected =
        ["dev", "pat"].map(|who| ["join_attempted", "joined", "left"].map(|did| format!("{who} {did}")));
    assert_eq!(doings(&format!("{doctor}{patient}")), expected.concat());
    // The same device in another tab is another client, too, and nobody need say who it is.
    let tab = of_another(&doctor, "dev", "e2");
    assert_eq!(doings(&format!("{doctor}{tab}")).len(), 6);
    let silent: String = patient
        .lines()
        .filter(|line| !line.contains("identity"))
        .fold(String::new(), |all, line| all + line + "\n");
    let told = read(&format!("{doctor}{silent}"));
    assert!(told[3].starts_with("line 10 rejected: the dump does not name its meeting"), "{told:?}");
}

#[test]
fn a_socket_that_was_opened_again_goes_on_with_its_client() {
    let first = call(&[]);
    let head: String = first.lines().take(2).fold(String::new(), |all, line| all + line + "\n");
    let close = format!("[\"close\",\"PC_0\",{{}},{}]\n", START + 9000);
    let step = format!("[\"setVideoType\",null,{{}},{}]\n", START + 8000);
    let (info, identity) = head.split_once('\n').unwrap();
    let again = format!("{info}\n{step}{identity}{close}");
    assert_eq!(doings(&format!("{first}{again}")), ["dev join_attempted", "dev joined", "dev left"]);
}

#[test]
fn part_of_a_dump_tells_nothing_that_the_whole_takes_back() {
    let whole = call(&[("setVideoType", "", "{}", 5000), ("close", "PC_0", "{}", 9000)]);
    let ids = |input: &str| -> Vec<String> {
        let id = |item| match item {
            Item::Event { event, .. } => Some(event.id),
            _ => None,
        };
        items(&RtcStats, input.as_bytes(), &Settings::default()).into_iter().filter_map(id).collect()
    };
    let all = ids(&whole);
    for end in whole.match_indices('\n').map(|(at, _)| at + 1) {
        let part = ids(&whole[..end]);
        assert_eq!(part[..], all[..part.len()], "{}", &whole[..end]);
    }
}

#[test]
fn a_line_that_is_refused_moves_no_other_in_time() {
    let dump = |bad: &str, rest: &str| {
        format!(
            "RTCStatsDump\n{{\"authData\":{{\"user\":\"dev\",\"conference\":\"m\"}}}}\n\
             [39,0,{{}},{START}]\n{bad}\n[30,\"0\",\"audio\",\"x\",10]\n[25,\"0\",\"connected\",90]\n{rest}"
        )
    };
    // Its name is wrong, its time is not.
    let told = read(&dump("[{},null,0,1000]", ""));
    assert_eq!(
        told[3..5],
        [
            "1100 joined {}",
            "line 6 skipped: the dump ends while the client is connected: it does not tell when it left"
        ]
    );
    // Nobody knows how long before the next line it was.
    for bad in ["[\"x\",null,0,\"noon\"]", "[\"x\",null", "7", "[]"] {
        let rest = format!("[30,\"0\",\"audio\",\"x\",{}]\n[25,\"0\",\"connected\",90]\n", START + 5000);
        let told = read(&dump(bad, &rest));
        let lost =
            "it should be milliseconds since 1970, since the time of a line before it could not be read";
        assert!(told[2].contains(lost) && told[3].contains(lost), "{told:?}");
        assert_eq!(told[4..6], ["0 join_attempted {}", "5090 joined {}"], "{bad}");
    }
}

#[test]
fn clients_that_nothing_names_are_told_apart_by_how_they_begin() {
    let dump = |name: &str| {
        let lines = call(&[]).lines().skip(2).fold(String::new(), |all, line| all + line + "\n");
        lines.replace("PC_0", name)
    };
    let told = Settings { consultation: Some("c".into()), ..Settings::default() };
    let who = |input: &str| {
        let found = items(&RtcStats, input.as_bytes(), &told);
        found.into_iter().find_map(|item| match item {
            Item::Event { event, .. } => event.participant,
            _ => None,
        })
    };
    assert_ne!(who(&dump("PC_0")), who(&dump("PC_1")));
    assert_eq!(who(&dump("PC_0")), who(&dump("PC_0")));
}

#[test]
fn what_differs_in_its_reason_alone_is_another_event() {
    let failed = |error: &str| {
        let entry = format!("\"{error}\"");
        let dump = jitsi(&[("navigator.mediaDevices.getUserMediaOnFailure", "", &entry, 10)]);
        let Some(Item::Event { event, .. }) = items(&RtcStats, dump.as_bytes(), &Settings::default()).pop()
        else {
            panic!()
        };
        event.id
    };
    assert_ne!(failed("NotFoundError"), failed("NotAllowedError"));
}
