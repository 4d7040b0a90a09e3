//! Callbacks of the shapes that Vonage documents.

use event::{Kind, Role};
use proptest::prelude::*;

use super::Vonage;
use crate::trial::{items, told};
use crate::{Feed, Item, Settings};

fn read(input: &str) -> Vec<String> {
    told(&Vonage, input, &Settings::default())
}

/// A callback, half a minute after its connection was made.
fn callback(name: &str, more: &str) -> String {
    format!(
        r#"{{"sessionId":"1_MX4","projectId":"123456","event":"{name}","timestamp":1470257718143{more}}}"#
    )
}

fn connection(data: &str) -> String {
    format!(r#","connection":{{"id":"c-1","createdAt":1470257688143,"data":"{data}"}}"#)
}

#[test]
fn connections_are_arrivals_and_departures() {
    assert_eq!(
        read(&callback("connectionCreated", &connection("TOKENDATA"))),
        [
            r#"1_MX4 2016-08-03T20:54:48.143Z joined {"participant":"c-1","role":"unknown","context":{"platform":"vonage"}}"#
        ]
    );
    let gone = |reason: &str| {
        let told = format!(r#",{reason}"x":1{}"#, connection("TOKENDATA"));
        read(&callback("connectionDestroyed", &told)).join("\n")
    };
    let at = "1_MX4 2016-08-03T20:55:18.143Z";
    let who = r#"{"participant":"c-1","role":"unknown""#;
    assert_eq!(gone(r#""reason":"clientDisconnected","#), format!("{at} left {who}}}"));
    assert_eq!(gone(""), format!("{at} left {who}}}"));
    for (reason, code) in [("forceDisconnected", "force_disconnected"), ("somethingNew", "something_new")] {
        let told = format!(r#""reason":"{reason}","#);
        assert_eq!(gone(&told), format!(r#"{at} left {who},"reason":"{code}"}}"#));
    }
    assert_eq!(
        gone(r#""reason":"networkDisconnected","#),
        format!(r#"{at} dropped {who},"reason":"network_disconnected"}}"#)
    );
    assert_eq!(
        gone(r#""reason":"Internal server failure","#),
        format!(r#"{at} dropped {who},"reason":"internal_server_failure"}}"#)
    );
    // What somebody wrote may hold a name.
    assert_eq!(
        gone(r#""reason":"SECRET was sent away","#),
        format!(
            "{at} left {who},\"reason\":\"unrecognised\"}}\n\
             skipped: a reason that is no code is not kept: it may hold a name"
        )
    );
    assert_eq!(read(&callback("sessionDestroyed", "")), [format!("{at} completed {{}}")]);
    for reason in ["\"Internal server failure\"", "\"ambiguous\"", "7"] {
        assert_eq!(
            read(&callback("sessionDestroyed", &format!(",\"reason\":{reason}"))),
            [
                "skipped: sessionDestroyed with a reason: the session was cut short or failed: no consultation was completed by that"
            ]
        );
    }
}

#[test]
fn the_data_of_a_connection_names_the_user_and_the_role() {
    let of = |data: &str| {
        let told = read(&callback("connectionCreated", &connection(&data.replace('"', "\\\""))));
        told[0].split_once("joined ").unwrap().1.split(",\"context").next().unwrap().to_owned()
    };
    assert_eq!(
        of(r#"{"userId":"u-7","role":"Doctor","name":"SECRET"}"#),
        r#"{"participant":"u-7","role":"clinician""#
    );
    assert_eq!(of(r#"{"uid":7,"role":"patient"}"#), r#"{"participant":"7","role":"patient""#);
    assert_eq!(of(r#"{"name":"SECRET","role":"publisher"}"#), r#"{"participant":"c-1","role":"unknown""#);
    assert_eq!(of("name=SECRET"), r#"{"participant":"c-1","role":"unknown""#);
    assert_eq!(of("7"), r#"{"participant":"c-1","role":"unknown""#);
    for address in ["SECRET@example.com", "+44 7700 900123"] {
        let told = of(&format!(r#"{{"userId":"{address}"}}"#));
        assert!(told.starts_with(r#"{"participant":"b3-"#), "{told}");
    }
    // The data may be left out when the connection is gone.
    let data = r#"{\"userId\":\"u-7\",\"role\":\"patient\"}"#;
    let both = [
        callback("connectionCreated", &connection(data)),
        callback("connectionDestroyed", &format!(r#","reason":"networkDisconnected"{}"#, connection(""))),
    ];
    let told = read(&both.join("\n"));
    assert!(told[1].contains(r#"dropped {"participant":"u-7","role":"patient""#), "{told:?}");
    let settings = Settings { others: Some(Role::Patient), ..Settings::default() };
    let told = crate::trial::told(&Vonage, &callback("connectionCreated", &connection("")), &settings);
    assert!(told[0].contains(r#""role":"patient""#), "{told:?}");
}

#[test]
fn what_is_no_event_is_counted_with_a_reason() {
    let streams = "a stream that ends is muted, stopped or left; mediaStopped is told of shared screens alone: no loss can be read from it";
    let stream = r#","reason":"mediaStopped","stream":{"id":"s","videoType":"screen","name":"SECRET"}"#;
    assert_eq!(read(&callback("streamDestroyed", stream)), [format!("skipped: streamDestroyed: {streams}")]);
    assert_eq!(read(&callback("streamCreated", stream)), [format!("skipped: streamCreated: {streams}")]);
    assert_eq!(
        read(&callback("sessionCreated", "")),
        ["skipped: sessionCreated: who connected is told by itself"]
    );
    assert_eq!(
        read(&callback("callDestroyed", "")),
        [
            "skipped: callDestroyed: a telephone or room system that was called in; it connects like everybody else"
        ]
    );
    assert_eq!(
        read(r#"{"id":"a","status":"failed","sessionId":"1","projectId":1,"outputMode":"composed"}"#),
        ["skipped: archive: the state of a recording or broadcast is no event of a consultation"]
    );
    assert_eq!(
        read(&callback("somethingNew", "")),
        [r#"skipped: callback "somethingNew": it tells nothing that this feed reads"#]
    );
}

#[test]
fn wrong_callbacks_are_told_what_is_missing() {
    assert_eq!(
        read("{}"),
        [
            "rejected: /event is missing; this is no callback of Vonage session monitoring: each is an object with sessionId, event and timestamp"
        ]
    );
    assert_eq!(
        read(&callback("connectionCreated", "")),
        ["rejected: /connection is missing; it says who it was"]
    );
    assert_eq!(
        read(&callback("connectionCreated", r#","connection":{}"#)),
        ["rejected: /connection/id is missing; it names the connection"]
    );
    assert_eq!(
        read(&callback("sessionDestroyed", "").replace("1470257718143", "\"noon\"")),
        [r#"rejected: /timestamp is "noon"; it should be milliseconds since 1970, such as 1772355603120"#]
    );
    assert_eq!(
        read(&callback("sessionDestroyed", "").replace("\"timestamp\":1470257718143", "\"a\":1")),
        ["rejected: /timestamp is missing; it says when, in milliseconds since 1970"]
    );
    assert_eq!(
        read(&callback("sessionDestroyed", "").replace("\"sessionId\":\"1_MX4\"", "\"a\":1")),
        ["rejected: /sessionId is missing; it names the session"]
    );
    // Seconds are not taken for a time in 1970.
    assert_eq!(
        read(&callback("sessionDestroyed", "").replace("1470257718143", "1470257718")),
        ["rejected: /timestamp is 1470257718; it should be milliseconds since 1970, such as 1772355603120"]
    );
}

#[test]
fn a_callback_that_is_sent_again_is_one_event() {
    let one = callback("connectionDestroyed", &connection("x"));
    let found = items(&Vonage, format!("[{one},{one}]").as_bytes(), &Settings::default());
    assert_eq!(found.len(), 3);
    let Item::Event { event, .. } = &found[0] else { panic!() };
    assert_eq!((event.kind(), event.source.as_str()), (Kind::RecordingDeclared, "urn:vonage:123456"));
    assert_eq!(found[1], found[2]);
    let application = one.replace("\"projectId\":\"123456\"", "\"applicationId\":\"a-b\"");
    let Item::Event { event, .. } = &items(&Vonage, application.as_bytes(), &Settings::default())[1] else {
        panic!()
    };
    assert_eq!(event.source, "urn:vonage:a-b");
}

#[test]
fn callbacks_are_recognised_by_what_they_hold() {
    let recognised = |head: &str| crate::detect(head.as_bytes()).map(Feed::name);
    assert_eq!(recognised(&callback("streamCreated", "")), Some("vonage"));
    assert_ne!(recognised(r#"{"event":"connectionCreated"}"#), Some("vonage"));
    let quoted = format!("a line of a log: {}", callback("streamCreated", ""));
    assert_ne!(recognised(&quoted), Some("vonage"));
    assert_eq!(recognised(r#"{"event":"meeting.ended","payload":{"sessionId":1}}"#), Some("zoom-webhook"));
}

#[test]
fn a_departure_that_does_not_say_whose_it_is_needs_the_arrival() {
    let created = callback("connectionCreated", &connection(r#"{\"userId\":\"u-7\"}"#));
    let destroyed = callback("connectionDestroyed", r#","connection":{"id":"c-1"}"#);
    let refused = "rejected: /connection/data is missing, and no callback says who made the connection; read it together with the connectionCreated of c-1";
    assert_eq!(read(&destroyed), [refused]);
    // The same id in another session is another connection.
    let elsewhere = created.replace("1_MX4", "2_MX4");
    assert_eq!(read(&format!("{elsewhere}\n{destroyed}"))[1..], [refused]);
    let found = items(&Vonage, format!("{{}}\n{destroyed}").as_bytes(), &Settings::default());
    let Some(Item::Rejected(rejected)) = found.last() else { panic!() };
    assert_eq!((rejected.line, rejected.place.as_deref()), (2, Some("/connection/data")));
    assert_eq!(rejected.text, destroyed.as_bytes());
    // In whatever order, and with the line that tells it.
    let found = items(&Vonage, format!("{destroyed}\n{created}").as_bytes(), &Settings::default());
    let Some(Item::Event { line: 1, event }) = found.last() else { panic!("{found:?}") };
    assert_eq!((event.kind(), event.participant.as_deref()), (Kind::Left, Some("u-7")));
    // Sent again it is the same event.
    let again =
        items(&Vonage, format!("{created}\n{destroyed}\n{destroyed}").as_bytes(), &Settings::default());
    assert_eq!(again.len(), 4);
    // Its own data are enough, and without any of both the connection is the person.
    let own = callback("connectionDestroyed", &connection(r#"{\"userId\":\"u-7\"}"#));
    assert!(read(&own)[0].contains(r#"left {"participant":"u-7""#));
    let bare = created.replace(r#"{\"userId\":\"u-7\"}"#, "");
    for both in [format!("{bare}\n{destroyed}"), format!("{destroyed}\n{bare}")] {
        assert!(read(&both)[1].contains(r#"left {"participant":"c-1""#));
    }
}

#[test]
fn no_more_than_a_bounded_number_of_departures_waits() {
    let of = |n: u32| callback("connectionDestroyed", &format!(r#","connection":{{"id":"c-{n}"}}"#));
    let input: String = (0..10_002).map(|n| of(n) + "\n").collect();
    let found = items(&Vonage, input.as_bytes(), &Settings::default());
    assert_eq!(found.len(), 10_002);
    let line = |item: &Item| match item {
        Item::Rejected(rejected) => rejected.line,
        item => panic!("{item:?}"),
    };
    // Those beyond the bound are refused at once.
    assert_eq!(found[..3].iter().map(line).collect::<Vec<_>>(), [10_001, 10_002, 1]);
}

/// What some sessions send: who is who is said in full, by the arrival alone, or not at all.
fn callbacks() -> Vec<String> {
    let mut all = Vec::new();
    for session in ["1_A", "2_B"] {
        for (id, came, went) in [
            ("c-1", r#","data":"{\"userId\":\"u-1\",\"role\":\"patient\"}""#, ""),
            ("c-2", r#","data":"{\"userId\":\"u-2\"}""#, r#","data":"{\"userId\":\"u-2\"}""#),
            ("c-3", "", ""),
            ("c-4", r#","data":"some words""#, r#","data":"""#),
        ] {
            let told = |name, data, ms| {
                let connection = format!(r#","connection":{{"id":"{id}"{data}}}"#);
                callback(name, &connection).replace("1_MX4", session).replace("8143", ms)
            };
            all.push(told("connectionCreated", came, "8143"));
            all.push(told("connectionDestroyed", went, "9143"));
            all.push(told("connectionDestroyed", went, "9143"));
        }
        all.push(callback("connectionDestroyed", r#","connection":{"id":"c-5"}"#).replace("1_MX4", session));
        all.push(callback("sessionDestroyed", "").replace("1_MX4", session));
    }
    all
}

proptest! {
    #[test]
    fn the_order_of_callbacks_makes_no_difference(shuffled in Just(callbacks()).prop_shuffle()) {
        let told = |callbacks: &[String]| {
            let mut told: Vec<_> = items(&Vonage, callbacks.join("\n").as_bytes(), &Settings::default())
                .into_iter()
                .map(|item| match item {
                    Item::Event { event, .. } => crate::cloudevents::line(&event),
                    Item::Rejected(rejected) => rejected.reason,
                    Item::Skipped { reason, .. } => reason.into_owned(),
                })
                .collect();
            told.sort();
            told
        };
        prop_assert_eq!(told(&shuffled), told(&callbacks()));
    }

    #[test]
    fn callbacks_with_a_few_bytes_changed_are_read_or_refused(
        changes in proptest::collection::vec((any::<proptest::sample::Index>(), any::<u8>()), 1..6),
    ) {
        let mut bytes = callback("connectionDestroyed", &connection("{\\\"id\\\":3}")).into_bytes();
        for (index, byte) in &changes {
            let at = index.index(bytes.len());
            bytes[at] = *byte;
        }
        prop_assert!(!items(&Vonage, &bytes, &Settings::default()).is_empty());
    }
}
