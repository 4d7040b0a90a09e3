//! The laws that every feed keeps, asked of all of them: with any bytes, and with documents put together
//! from the words of the formats, which get further in than bytes do.
//!
//! What a format means is no law: that is for the tests of its feed.

use std::collections::BTreeMap;
use std::ops::ControlFlow;

use event::{Capability, Kind, KindSet};
use proptest::prelude::*;
use serde_json::{Map, Value, json};

use crate::trial::changed;
use crate::{ALL, Feed, FeedError, Item, Settings};

/// What `feed` hands out before it has handed out `most`, and how it ended.
fn read(
    feed: &dyn Feed,
    input: &[u8],
    settings: &Settings,
    most: usize,
) -> (Vec<Item>, Result<(), FeedError>) {
    let mut items = Vec::new();
    let mut sink = |item| {
        items.push(item);
        if items.len() < most { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
    };
    let ended = feed.read(&mut &*input, settings, &mut sink);
    (items, ended)
}

fn line_of(item: &Item) -> u64 {
    match item {
        Item::Event { line, .. } | Item::Skipped { line, .. } => *line,
        Item::Rejected(rejected) => rejected.line,
    }
}

/// The laws of reading, held against one input.
fn keeps_the_laws(feed: &dyn Feed, input: &[u8]) {
    let settings = Settings::default();
    let (items, ended) = read(feed, input, &settings, usize::MAX);
    let (again, ended_again) = read(feed, input, &settings, usize::MAX);
    assert_eq!(items, again, "{}", feed.name());
    assert_eq!(ended.is_ok(), ended_again.is_ok(), "{}", feed.name());
    let lines = 1 + input.iter().filter(|byte| **byte == b'\n').count() as u64;
    let mut events = BTreeMap::new();
    for item in &items {
        assert!((1..=lines).contains(&line_of(item)), "{}: {item:?} of {lines} lines", feed.name());
        if let Item::Event { event, .. } = item {
            let key = (event.source.clone(), event.id.clone());
            // Read twice, an event says the same: no reading depends on which came first.
            let first = events.entry(key).or_insert(event);
            assert_eq!(*first, event, "{}", feed.name());
        }
    }
    for most in 1..=items.len().min(5) {
        assert_eq!(
            read(feed, input, &settings, most).0,
            items[..most],
            "{} goes on after a break",
            feed.name()
        );
    }
}

/// One document of each shape, a line each.
pub(crate) const DOCUMENTS: &[&str] = &[
    r#"{"specversion":"1.0","id":"e","source":"urn:a","type":"evenfield.consultation.left.v1","subject":"c","time":"2026-03-01T09:00:03Z","data":{"participant":"p"}}"#,
    r#"{"id":"e","source":"aws.chime","account":"1","detail-type":"Chime Meeting State Change","time":"2026-03-01T09:00:03Z","detail":{"eventType":"chime:AttendeeDropped","timestamp":1772355603120,"meetingId":"m","attendeeId":"a","externalUserId":"u"}}"#,
    r#"{"name":"meetingEnded","attributes":{"meetingId":"m","attendeeId":"a","timestampMs":1772355603120,"meetingStatus":"Left","meetingHistory":[{"name":"meetingStartSucceeded","timestampMs":1772355600000},{"name":"signalingDropped","timestampMs":1772355601000}]}}"#,
    r#"{"event":"participant_left","id":"e","createdAt":"1772355604","numDropped":1,"room":{"sid":"r"},"participant":{"identity":"u","joinedAtMs":"1772355603120","disconnectReason":"SIGNAL_CLOSE"}}"#,
    r#"{"idempotencyKey":"k","eventType":"PARTICIPANT_LEFT","sessionId":"s","timestamp":1772355603120,"customerId":"c","data":{"id":"u","moderator":"true","disconnectReason":"unknown"}}"#,
    r#"{"type":"participant.left","payload":{"room":"r","user_id":"u","session_id":"s","joined_at":1772355603.12,"duration":9.5,"owner":true},"event_ts":1772355700.5}"#,
    r#"{"id":"m","start_time":1772355600,"duration":600,"ongoing":false,"max_participants":1,"participants":[{"user_id":"u","participant_id":"s","join_time":1772355600,"duration":590}]}"#,
    r#"{"StatusCallbackEvent":"participant-connected","RoomSid":"RM1","AccountSid":"AC1","Timestamp":"2026-03-01T09:00:03.120Z","ParticipantIdentity":"p","ParticipantSid":"PA1"}"#,
    r#"{"participant_sid":"PA1","room_sid":"RM1","account_sid":"AC1","participant_identity":"p","join_time":"2026-03-01T09:00:03Z","leave_time":"2026-03-01T09:10:00Z","status":"disconnected","duration_sec":597,"error_code":53001,"end_reason":"disconnected_via_api"}"#,
    r#"{"data":{"type":"event","id":"user-left","attributes":{"meeting":{"internal-meeting-id":"m"},"user":{"internal-user-id":"w","external-user-id":"u","role":"VIEWER"}},"event":{"ts":1772355603120}}}"#,
    r#"{"sessionId":"s","projectId":"1","event":"connectionDestroyed","timestamp":1772355603120,"reason":"networkDisconnected","connection":{"id":"c","createdAt":1772355600000,"data":"u"}}"#,
    r#"{"@odata.context":"https://graph.microsoft.com/v1.0/$metadata#communications/callRecords/$entity","id":"r","version":1,"type":"groupCall","modalities":["audio"],"startDateTime":"2026-03-01T09:00:00Z","endDateTime":"2026-03-01T09:30:00Z","sessions":[{"id":"s","caller":{"identity":{"guest":{"id":"p"}},"userAgent":{"platform":"iOS"}},"callee":{"userAgent":{"platform":"unknown"}},"startDateTime":"2026-03-01T09:00:10Z","endDateTime":"2026-03-01T09:20:00Z","isTest":false,"failureInfo":{"stage":"midcall","reason":"lost"}}]}"#,
    r#"{"resourceType":"Encounter","id":"e","status":"planned","class":{"code":"VR"},"serviceProvider":{"identifier":{"value":"RBA"}},"period":{"start":"2026-03-01T09:00:00Z"}}"#,
    r#"{"event":"meeting.participant_left","event_ts":1772355603120,"payload":{"account_id":"a","object":{"uuid":"m","host_id":"h","participant":{"user_id":"1","participant_uuid":"u","leave_time":"2026-03-01T09:00:03Z","leave_reason":"Network error"}}}}"#,
];

/// Names that stand in the formats, of places and of what happened.
const NAMES: &[&str] = &[
    "event",
    "type",
    "id",
    "payload",
    "object",
    "participant",
    "participants",
    "detail",
    "detail-type",
    "eventType",
    "timestamp",
    "meetingId",
    "attendeeId",
    "externalUserId",
    "name",
    "attributes",
    "timestampMs",
    "meetingStatus",
    "meetingHistory",
    "room",
    "sid",
    "identity",
    "createdAt",
    "joinedAtMs",
    "disconnectReason",
    "numDropped",
    "idempotencyKey",
    "sessionId",
    "data",
    "moderator",
    "rating",
    "userId",
    "joined_at",
    "duration",
    "session_id",
    "user_id",
    "end_ts",
    "start_time",
    "participant_id",
    "join_time",
    "uuid",
    "host_id",
    "user_name",
    "leave_time",
    "leave_reason",
    "event_ts",
    "specversion",
    "source",
    "subject",
    "time",
];

const VALUES: &[&str] = &[
    "participant_joined",
    "participant_left",
    "room_finished",
    "PARTICIPANT_JOINED",
    "PARTICIPANT_LEFT",
    "FEEDBACK",
    "participant.joined",
    "participant.left",
    "meeting.ended",
    "meeting.participant_joined",
    "meeting.participant_left",
    "Chime Meeting State Change",
    "chime:AttendeeDropped",
    "meetingStartSucceeded",
    "meetingEnded",
    "signalingDropped",
    "SIGNAL_CLOSE",
    "unknown",
    "Left",
    "1.0",
    "evenfield.consultation.left.v1",
    "2026-03-01T09:00:03Z",
    "1772355603",
    "1772355603120",
    "u-1",
    "",
];

fn document() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        6 => proptest::sample::select(VALUES).prop_map(|text| json!(text)),
        1 => Just(json!(1_772_355_603)),
        1 => Just(json!(1_772_355_603_120_u64)),
        1 => Just(json!(11.419)),
        1 => any::<i64>().prop_map(|number| json!(number)),
        1 => Just(json!(true)),
        1 => Just(Value::Null),
    ];
    let inner = leaf.prop_recursive(3, 40, 10, |inner| {
        prop_oneof![
            4 => object(inner.clone()),
            1 => proptest::collection::vec(inner, 0..3).prop_map(Value::Array),
        ]
    });
    object(inner)
}

fn object(inner: impl Strategy<Value = Value>) -> impl Strategy<Value = Value> {
    let member = (proptest::sample::select(NAMES).prop_map(str::to_owned), inner);
    proptest::collection::vec(member, 0..12).prop_map(|members| Value::Object(Map::from_iter(members)))
}

proptest! {
    #[test]
    fn any_bytes_keep_the_laws(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        for feed in ALL {
            let _ = feed.recognises(&bytes);
            keeps_the_laws(*feed, &bytes);
        }
    }

    #[test]
    fn documents_keep_the_laws(documents in proptest::collection::vec(document(), 1..4)) {
        let text: String = documents.iter().map(|document| format!("{document}\n")).collect();
        for feed in ALL {
            keeps_the_laws(*feed, text.as_bytes());
        }
    }

    #[test]
    fn documents_with_a_few_bytes_changed_keep_the_laws(
        changes in proptest::collection::vec((any::<proptest::sample::Index>(), any::<u8>()), 0..4),
    ) {
        for document in DOCUMENTS {
            let torn = changed(document, &changes);
            let twice = [torn.as_slice(), b"\n", torn.as_slice()].concat();
            for feed in ALL {
                keeps_the_laws(*feed, &twice);
            }
        }
    }

    /// Counting the items accounts for the whole input.
    #[test]
    fn every_document_gives_an_item(documents in proptest::collection::vec(document(), 1..4)) {
        let text: String = documents.iter().map(|document| format!("{document}\n")).collect();
        for feed in ALL.iter().filter(|feed| feed.name() != "csv") {
            let (items, ended) = read(*feed, text.as_bytes(), &Settings::default(), usize::MAX);
            prop_assert!(ended.is_ok());
            for line in 1..=documents.len() as u64 {
                prop_assert!(items.iter().any(|item| line_of(item) == line), "{} is silent: {}", feed.name(), text);
            }
        }
    }

    #[test]
    fn the_source_that_is_set_is_the_source_of_every_event(document in document()) {
        let settings = Settings { source: Some("urn:example:set".into()), ..Settings::default() };
        // The native form names its source itself.
        for feed in ALL.iter().filter(|feed| feed.name() != "cloudevents") {
            for item in read(*feed, document.to_string().as_bytes(), &settings, usize::MAX).0 {
                let Item::Event { event, .. } = item else { continue };
                prop_assert!(event.source.starts_with("urn:example:set"), "{} {}", feed.name(), event.source);
            }
        }
    }
}

/// A byte order mark changes nothing, and a table that holds payloads is a table.
#[test]
fn json_is_told_from_a_table_that_holds_it() {
    for text in DOCUMENTS {
        let name = crate::detect(text.as_bytes()).unwrap().name();
        let marked = format!("\u{feff}\r\n {text}");
        assert_eq!(crate::detect(marked.as_bytes()).map(Feed::name), Some(name), "{text}");
        let table = format!("consultation,kind,at,payload\n1,joined,2026-03-01T09:00:00Z,\"{text}\"\n");
        assert_eq!(crate::detect(table.as_bytes()).map(Feed::name), Some("csv"), "{text}");
        let quoted = table.replace('\t', " ").replace(text, &text.replace('"', "\"\""));
        assert_eq!(crate::detect(quoted.as_bytes()).map(Feed::name), Some("csv"), "{text}");
    }
}

fn kinds(kinds: impl IntoIterator<Item = Kind>) -> KindSet {
    kinds.into_iter().fold(KindSet::NONE, KindSet::with)
}

/// What a feed says of itself in three places is the same.
#[test]
fn what_is_inferred_has_a_caveat_and_what_is_told_has_a_rule() {
    for feed in ALL {
        let Some(declaration) = feed.capabilities(&Settings::default()) else { continue };
        assert_eq!(declaration.feed.as_deref(), Some(feed.name()));
        let inferred = declaration.kinds(Capability::Inferred);
        assert_eq!(kinds(feed.caveats().iter().map(|(kind, _)| *kind)), inferred, "{}", feed.name());
        let told = kinds(feed.rules().iter().filter_map(|rule| rule.ours));
        for kind in Kind::ALL {
            let is_declared = declaration.capability(kind) != Capability::Unobservable;
            // A return may be told as another arrival, and the end of a loss with its beginning.
            let with = match kind {
                Kind::Rejoined => Some(Kind::Joined),
                Kind::AudioRestored => Some(Kind::AudioLost),
                Kind::VideoRestored => Some(Kind::VideoLost),
                _ => None,
            };
            let is_told = told.has(kind) || (is_declared && with.is_some_and(|with| told.has(with)));
            assert_eq!(is_declared, is_told, "{}: {kind}", feed.name());
        }
    }
}

/// The documents above are events, or the laws would be held against refusals alone.
#[test]
fn every_feed_but_spreadsheets_makes_events_of_one_of_the_documents() {
    let mut silent: Vec<_> = ALL.iter().map(|feed| feed.name()).filter(|name| *name != "csv").collect();
    for text in DOCUMENTS {
        let feed = crate::detect(text.as_bytes()).unwrap();
        let (items, _) = read(feed, text.as_bytes(), &Settings::default(), usize::MAX);
        let tells = |item: &Item| matches!(item, Item::Event { event, .. } if event.kind() != Kind::RecordingDeclared);
        assert!(items.iter().any(tells), "{text} {items:?}");
        assert!(items.iter().all(|item| !matches!(item, Item::Rejected(_))), "{text} {items:?}");
        silent.retain(|name| *name != feed.name());
    }
    // A dump has many lines, and of the documents of its dashboard Zoom's own tests have one each.
    assert_eq!(silent, ["rtcstats", "zoom-dashboard"]);
}
