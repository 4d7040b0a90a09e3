//! The feed on webhooks and sessions of the shapes that Daily documents.

use event::{Kind, Role};
use proptest::prelude::*;

use crate::cloudevents::line;
use crate::trial::{by, changed, declared, items, keeps_secret, keys, refused, told};
use crate::{Daily, Feed, Item, Settings};

fn hook(name: &str, payload: &str) -> String {
    format!(
        r#"{{"version":"1.0.0","type":"{name}","id":"ptcpt-s-1-1772355700","payload":{{{payload}}},"event_ts":1772355700.5}}"#
    )
}

fn person(more: &str) -> String {
    format!(
        r#""room":"clinic-7","user_id":"u-1","user_name":"Jill","session_id":"s-1","joined_at":1772355603.12,"owner":false,"networkQualityState":"bad","permissions":{{"hasPresence":true}}{more}"#
    )
}

fn check(name: &str, payload: &str, expected: &[&str]) {
    assert_eq!(told(&Daily, &hook(name, payload), &Settings::default()), expected, "{name} {payload}");
}

/// `event_ts` is when the webhook was sent, which is later.
#[test]
fn people_came_at_joined_at_and_went_the_duration_later() {
    check(
        "participant.joined",
        &person(""),
        &[
            r#"clinic-7 2026-03-01T09:00:03.120Z joined {"participant":"u-1","role":"unknown","context":{"platform":"daily"}}"#,
        ],
    );
    check(
        "participant.left",
        &person(r#","duration":11.419"#),
        &[r#"clinic-7 2026-03-01T09:00:14.539Z left {"participant":"u-1","role":"unknown"}"#],
    );
    check(
        "waiting-participant.joined",
        &person(""),
        &[r#"clinic-7 2026-03-01T09:00:03.120Z waiting {"participant":"u-1","role":"unknown"}"#],
    );
    check(
        "meeting.ended",
        r#""room":"clinic-7","meeting_id":"m-1","start_ts":1772355600,"end_ts":1772356200.25"#,
        &["clinic-7 2026-03-01T09:10:00.250Z completed {}"],
    );
}

#[test]
fn owners_are_clinicians_and_a_guest_without_a_user_id_is_a_connection() {
    let role = |owner: &str, settings: &Settings| {
        let payload = person("").replace("\"owner\":false", owner);
        told(&Daily, &hook("waiting-participant.joined", &payload), settings).remove(0)
    };
    let patients = Settings { others: Some(Role::Patient), ..Settings::default() };
    assert!(role(r#""owner":true"#, &patients).ends_with(r#"{"participant":"u-1","role":"clinician"}"#));
    assert!(role(r#""owner":false"#, &patients).ends_with(r#"{"participant":"u-1","role":"patient"}"#));
    assert!(role(r#""owner":null"#, &Settings::default()).ends_with(r#"{"participant":"u-1"}"#));
    let guest = person("").replace("\"u-1\"", "null");
    let found = told(&Daily, &hook("participant.joined", &guest), &Settings::default());
    assert!(found[0].contains(r#""participant":"s-1""#), "{found:?}");
}

#[test]
fn other_webhooks_and_tests_are_counted() {
    check(
        "meeting.started",
        "",
        &["skipped: meeting.started: a meeting that began is no event of a consultation: who joined is"],
    );
    check(
        "waiting-participant.left",
        &person(""),
        &["skipped: waiting-participant.left: whether they gave up or were turned away is not told"],
    );
    check(
        "dialout.answered",
        "",
        &["skipped: dialout.answered: a telephone in the meeting: whether video was given up is not told"],
    );
    check(
        "meeting.forgotten",
        "",
        &[r#"skipped: "meeting.forgotten": it tells nothing that this feed reads"#],
    );
    assert_eq!(
        told(&Daily, r#"{"test":"test"}"#, &Settings::default()),
        ["skipped: test: Daily tested the address of the webhook"]
    );
}

const SESSIONS: &str = r#"{"total_count":2,"data":[
 {"id":"m-1","room":"clinic-7","start_time":1772355600,"duration":600,"ongoing":false,"max_participants":2,"participants":[
  {"user_id":"u-1","user_name":"Jill","participant_id":"s-1","join_time":1772355600,"duration":590},
  {"user_id":null,"user_name":null,"participant_id":"s-2","join_time":1772355615,"duration":585}]},
 {"id":"m-2","room":"clinic-8","start_time":1772355600,"duration":60,"ongoing":true,"max_participants":1,"participants":[
  {"user_id":"u-3","user_name":"Q","participant_id":"s-3","join_time":1772355600,"duration":60}]}]}"#;

#[test]
fn sessions_tell_arrivals_departures_and_the_end() {
    let joined = |who: &str| format!(r#"joined {{"participant":"{who}","context":{{"platform":"daily"}}}}"#);
    assert_eq!(
        told(&Daily, SESSIONS, &Settings::default()),
        [
            format!("m-1 2026-03-01T09:00:00Z {}", joined("u-1")),
            r#"m-1 2026-03-01T09:09:50Z left {"participant":"u-1"}"#.to_owned(),
            format!("m-1 2026-03-01T09:00:15Z {}", joined("s-2")),
            r#"m-1 2026-03-01T09:10:00Z left {"participant":"s-2"}"#.to_owned(),
            "m-1 2026-03-01T09:10:00Z completed {}".to_owned(),
            format!("m-2 2026-03-01T09:00:00Z {}", joined("u-3")),
            "skipped: a session that has not ended".to_owned(),
        ]
    );
    let one = r#"{"id":"m-9","start_time":1772355600,"duration":5,"ongoing":false,"max_participants":0,"participants":[{"join_time":1}]}"#;
    assert_eq!(
        told(&Daily, one, &Settings::default()),
        [
            "rejected: /participants/0/participant_id is missing; it names the connection",
            "m-9 2026-03-01T09:00:05Z completed {}",
        ]
    );
}

/// The old connection is given up after the new one is there: nobody left at nine past.
#[test]
fn an_old_connection_that_ends_takes_nobody_away_who_is_back() {
    let within = SESSIONS.replace("\"user_id\":null", "\"user_id\":\"u-1\"");
    let found = told(&Daily, &within, &Settings::default());
    let note = "skipped: a stay that overlaps another of the same person: they came with the first and went with the last";
    assert_eq!(
        found[..5],
        [
            r#"m-1 2026-03-01T09:00:00Z joined {"participant":"u-1","context":{"platform":"daily"}}"#,
            note,
            r#"m-1 2026-03-01T09:10:00Z left {"participant":"u-1"}"#,
            note,
            "m-1 2026-03-01T09:10:00Z completed {}",
        ]
    );
}

/// A booking knows the room; a webhook has no other name.
#[test]
fn a_mapping_takes_the_room_of_a_session() {
    let found = told(&Daily, SESSIONS, &by("room"));
    assert!(found[..5].iter().all(|told| told.starts_with("clinic-7 ")), "{found:?}");
    let hook = hook("participant.joined", &person(""));
    assert_eq!(told(&Daily, &hook, &by("room")), told(&Daily, &hook, &Settings::default()));
    assert!(refused(&Daily, &by("name")).contains("write \"id\" or \"room\""));
}

/// Webhooks tell who owns the room, and sessions do not.
#[test]
fn a_role_for_the_others_is_refused_of_sessions() {
    let others = Settings { others: Some(Role::Patient), ..Settings::default() };
    assert_eq!(
        told(&Daily, SESSIONS, &others),
        [
            "rejected: a Daily session does not mark who the clinician is: --others would make everybody a patient; leave it out, and any two people are the two sides"
        ]
    );
}

#[test]
fn an_answer_without_a_session_is_counted() {
    let none = r#"{"total_count":0,"data":[]}"#;
    assert_eq!(told(&Daily, none, &Settings::default()), ["skipped: an answer without a session"]);
}

/// Declared as one with the webhooks, sessions would look as if nobody ever waited.
#[test]
fn sessions_are_a_source_of_their_own_that_does_not_tell_who_waits() {
    let declaration = |input: &str| {
        let found = items(&Daily, input.as_bytes(), &Settings::default());
        let Some(Item::Event { event, .. }) = found.first() else { panic!("{found:?}") };
        assert_eq!(event.kind(), Kind::RecordingDeclared);
        (event.source.clone(), line(event))
    };
    let (source, text) = declaration(SESSIONS);
    assert_eq!(source, "urn:daily:sessions");
    assert!(text.contains(r#""waiting":"unobservable""#) && text.contains(r#""dropped":"unobservable""#));
    let (source, text) = declaration(&hook("participant.joined", &person("")));
    assert_eq!(source, "urn:daily:webhook");
    assert!(text.contains(r#""waiting":"observed""#) && text.contains(r#""left":"inferred""#), "{text}");
}

#[test]
fn wrong_documents_are_told_what_is_missing() {
    let found = |input: &str| told(&Daily, input, &Settings::default());
    assert_eq!(
        found("{}"),
        [
            "rejected: /start_time is missing; this is neither a Daily webhook nor a meeting session with start_time and participants"
        ]
    );
    assert_eq!(
        found(r#"{"error":"not-found"}"#),
        ["rejected: /start_time is missing; this is an error that Daily answered, not a session: ask again"]
    );
    assert_eq!(
        found(r#"{"type":"participant.left"}"#),
        ["rejected: /payload is missing; it says what happened"]
    );
    assert_eq!(
        found(r#"{"type":5}"#),
        [
            "rejected: /type is missing; this is neither a Daily webhook nor a session: each webhook is an object with type and payload"
        ]
    );
    let left = |payload: &str| found(&hook("participant.left", payload));
    assert_eq!(
        left(&person("")),
        [
            "rejected: /payload/duration is missing; how long they were there, after joined_at, says when they left"
        ]
    );
    assert_eq!(
        left(&person(r#","duration":-1"#)),
        ["rejected: /payload/duration is -1; it should be a number of seconds, such as 11.419"]
    );
    assert_eq!(
        left(r#""duration":1"#),
        ["rejected: /payload/user_id is missing; a participant needs one of user_id, session_id"]
    );
    assert_eq!(
        left(r#""duration":1,"user_id":"u""#),
        ["rejected: /payload/joined_at is missing; it says when they came, in seconds since 1970"]
    );
    assert_eq!(
        found(&hook("meeting.ended", r#""end_ts":1772356200"#)),
        ["rejected: /payload/room is missing; it names the room: send the webhook as Daily wrote it"]
    );
    assert_eq!(
        found(&hook("meeting.ended", r#""room":"r","end_ts":1772356200000"#)),
        [
            "rejected: /payload/end_ts is 1772356200000; it should be seconds since 1970, such as 1772355603.12"
        ]
    );
}

/// Daily's own ids hold the id of the connection, which may be all that names a person.
#[test]
fn a_webhook_delivered_twice_is_one_event_whose_id_names_nobody() {
    let one = hook("participant.joined", &person(""));
    let resent =
        one.replace("1772355700.5", "1772355799.5").replace("ptcpt-s-1-1772355700", "ptcpt-s-1-1772355799");
    let found = keys(&Daily, &format!("{one}\n{resent}\n"));
    assert_eq!(found[0], found[1]);
    assert!(found[0].1.starts_with("b3-"), "{found:?}");
    assert_eq!(
        declared(&Daily, &format!("{one}\n{}", SESSIONS.replace('\n', " "))),
        ["urn:daily:webhook", "urn:daily:sessions"]
    );
    let sessions = keys(&Daily, SESSIONS);
    assert_eq!(sessions, keys(&Daily, SESSIONS));
    let different: std::collections::BTreeSet<_> = sessions.iter().collect();
    assert_eq!(different.len(), sessions.len());
}

#[test]
fn no_name_of_a_person_is_in_an_event() {
    let hooks =
        [hook("participant.joined", &person("")), hook("participant.left", &person(r#","duration":1"#))];
    keeps_secret(&Daily, &hooks.join("\n").replace("Jill", "SECRET"), "SECRET");
    keeps_secret(&Daily, &SESSIONS.replace("Jill", "SECRET").replace("\"Q\"", "\"SECRET\""), "SECRET");
}

#[test]
fn the_format_is_recognised() {
    for input in [hook("participant.joined", &person("")), hook("recording.started", ""), SESSIONS.to_owned()]
    {
        assert_eq!(crate::detect(input.as_bytes()).map(Feed::name), Some("daily"), "{input}");
    }
}

proptest! {
    #[test]
    fn documents_with_a_few_bytes_changed_are_read_or_refused(
        changes in proptest::collection::vec((any::<proptest::sample::Index>(), any::<u8>()), 1..5),
    ) {
        let hooks = hook("participant.left", &person(r#","duration":11.419"#));
        for text in [hooks.as_str(), SESSIONS] {
            let bytes = changed(text, &changes);
            let found = items(&Daily, &bytes, &Settings::default());
            prop_assert!(!found.is_empty());
            prop_assert_eq!(found, items(&Daily, &bytes, &Settings::default()));
        }
    }
}
