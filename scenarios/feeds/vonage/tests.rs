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
        let told = format!(r#",{reason}"x":1{}"#, connection(""));
        read(&callback("connectionDestroyed", &told)).remove(0)
    };
    let at = "1_MX4 2016-08-03T20:55:18.143Z";
    let who = r#"{"participant":"c-1","role":"unknown""#;
    assert_eq!(gone(r#""reason":"clientDisconnected","#), format!("{at} left {who}}}"));
    assert_eq!(gone(""), format!("{at} left {who}}}"));
    for reason in ["forceDisconnected", "somethingNew"] {
        let told = format!(r#""reason":"{reason}","#);
        assert_eq!(gone(&told), format!(r#"{at} left {who},"reason":"{reason}"}}"#));
    }
    assert_eq!(
        gone(r#""reason":"networkDisconnected","#),
        format!(r#"{at} dropped {who},"reason":"networkDisconnected"}}"#)
    );
    assert_eq!(read(&callback("sessionDestroyed", "")), [format!("{at} completed {{}}")]);
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
        [r#"rejected: /timestamp is "noon"; it should be milliseconds since 1970"#]
    );
    assert_eq!(
        read(&callback("sessionDestroyed", "").replace("\"timestamp\":1470257718143", "\"a\":1")),
        ["rejected: /timestamp is missing; it says when, in milliseconds since 1970"]
    );
    assert_eq!(
        read(&callback("sessionDestroyed", "").replace("\"sessionId\":\"1_MX4\"", "\"a\":1")),
        ["rejected: /sessionId is missing; it names the session"]
    );
    assert!(
        read(&callback("connectionDestroyed", &format!(r#","reason":"\u0007"{}"#, connection(""))))[0]
            .contains("write it without control characters")
    );
}

#[test]
fn a_callback_that_is_sent_again_is_one_event() {
    let one = callback("connectionDestroyed", &connection(""));
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
    assert_eq!(recognised(r#"{"event":"meeting.ended","payload":{"sessionId":1}}"#), Some("zoom-webhook"));
}

proptest! {
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
