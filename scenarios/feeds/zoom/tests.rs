//! Both feeds on documents of the shapes that Zoom sends.

use event::{Kind, Role};
use proptest::prelude::*;

use crate::cloudevents::line;
use crate::trial::{items, told as read};
use crate::{Feed, Item, Settings, ZoomDashboard, ZoomWebhook};

fn hook(name: &str, object: &str) -> String {
    format!(
        r#"{{"event":"{name}","event_ts":1648038809439,"payload":{{"account_id":"acc","object":{{"uuid":"m==","id":86431910364,"host_id":"host",{object}}}}}}}"#
    )
}

fn check(name: &str, object: &str, expected: &[&str]) {
    assert_eq!(read(&ZoomWebhook, &hook(name, object), &Settings::default()), expected, "{name} {object}");
}

#[test]
fn the_host_is_the_clinician_and_the_others_what_the_settings_say() {
    let host = r#""participant":{"user_id":"16","user_name":"Dr A","participant_user_id":"host","id":"host","participant_uuid":"U-1","join_time":"2022-03-23T12:33:26Z","email":"a@example.com"}"#;
    check(
        "meeting.participant_joined",
        host,
        &[
            r#"m== 2022-03-23T12:33:26Z joined {"participant":"host","role":"clinician","context":{"platform":"zoom","clinician":"host"}}"#,
        ],
    );
    let guest = r#""participant":{"user_id":"17","user_name":"P","id":"","participant_user_id":null,"participant_uuid":"U-2","join_time":"2022-03-23T12:33:30Z","phone_number":"86"}"#;
    check(
        "meeting.participant_joined",
        guest,
        &[
            r#"m== 2022-03-23T12:33:30Z joined {"participant":"U-2","role":"unknown","context":{"platform":"zoom","clinician":"host"}}"#,
        ],
    );
    let told = Settings { others: Some(Role::Patient), ..Settings::default() };
    let found = read(&ZoomWebhook, &hook("meeting.participant_joined", guest), &told);
    assert!(found[0].contains(r#""role":"patient""#), "{found:?}");
}

#[test]
fn leaving_is_told_by_its_reason() {
    let left = |reason: &str| {
        format!(
            r#""participant":{{"user_id":"17","user_name":"P Q","participant_uuid":"U-2","leave_time":"2022-03-23T12:40:00Z","leave_reason":"{reason}"}}"#
        )
    };
    check(
        "meeting.participant_left",
        &left("P Q left the meeting.<br>Reason: Host ended the meeting."),
        &[r#"m== 2022-03-23T12:40:00Z left {"participant":"U-2","role":"unknown","reason":"host_ended"}"#],
    );
    check(
        "meeting.participant_left",
        &left("got disconnected from the meeting. Reason : Client Close."),
        &[
            r#"m== 2022-03-23T12:40:00Z dropped {"participant":"U-2","role":"unknown","reason":"client_close"}"#,
        ],
    );
    check(
        "meeting.participant_left",
        &left("left the meeting. Reason : left the meeting to join breakout room"),
        &["skipped: a move to or from a breakout room is no departure"],
    );
    check(
        "meeting.participant_left",
        &left("P Q a quitté"),
        &[
            r#"m== 2022-03-23T12:40:00Z left {"participant":"U-2","role":"unknown","reason":"unrecognised"}"#,
            "skipped: a leave reason that is not known is read as a plain leave; its text, which may hold a name, is not kept",
        ],
    );
    check(
        "meeting.participant_left_breakout_room",
        &left("left the meeting"),
        &["skipped: a move to or from a breakout room is no departure"],
    );
    check(
        "meeting.participant_left_breakout_room",
        &left("Network connection error."),
        &[r#"m== 2022-03-23T12:40:00Z dropped {"participant":"U-2","role":"unknown","reason":"network"}"#],
    );
}

#[test]
fn waiting_feedback_telephone_and_the_end() {
    check(
        "meeting.participant_jbh_waiting",
        r#""participant":{"id":"","user_name":"P","customer_key":"k"}"#,
        &[r#"m== 2022-03-23T12:33:29.439Z waiting {"participant":"k","role":"unknown"}"#],
    );
    check(
        "meeting.participant_joined_waiting_room",
        r#""participant":{"user_id":"17","participant_uuid":"U-2","date_time":"2022-03-23T12:33:26Z"}"#,
        &[r#"m== 2022-03-23T12:33:26Z waiting {"participant":"U-2","role":"unknown"}"#],
    );
    check(
        "meeting.participant_feedback",
        r#""participant":{"participant_uuid":"U-2","feedback":{"satisfied":false,"feedback_details":[{"id":"2","name":"Poor audio quality"}],"comments":"Dr A was late"}}"#,
        &[
            r#"m== 2022-03-23T12:33:29.439Z rated {"participant":"U-2","role":"unknown","scale":2,"value":1}"#,
            "skipped: free text: the comment on a rating is refused",
            "skipped: the troubles ticked beside a rating have no place in an event",
        ],
    );
    check(
        "meeting.participant_phone_callout_accepted",
        r#""participant":{"invitee_name":"P","phone_number":1800000000}"#,
        &[r#"m== 2022-03-23T12:33:29.439Z converted {"to":"phone"}"#],
    );
    check(
        "meeting.participant_phone_callout_ringing",
        r#""participant":{"invitee_name":"P"}"#,
        &[
            "skipped: meeting.participant_phone_callout_ringing: a call that was not answered moved nobody to the telephone",
        ],
    );
    check(
        "meeting.ended",
        r#""end_time":"2022-03-23T12:50:00Z""#,
        &["m== 2022-03-23T12:50:00Z completed {}"],
    );
    check(
        "meeting.started",
        r#""topic":"t""#,
        &["skipped: meeting.started: a meeting that began is no event of a consultation: who joined is"],
    );
    check(
        "meeting.chat_message_sent",
        r#""topic":"t""#,
        &[r#"skipped: webhook "meeting.chat_message_sent": it tells nothing that this feed reads"#],
    );
}

#[test]
fn wrong_webhooks_are_told_what_is_missing() {
    let found = |input: &str| read(&ZoomWebhook, input, &Settings::default());
    assert_eq!(
        found("{}"),
        [
            "rejected: /event is missing; this is no Zoom webhook: each is an object with event, event_ts and payload"
        ]
    );
    assert_eq!(
        found(r#"{"event":"meeting.ended"}"#),
        ["rejected: /payload is missing; it holds the meeting"]
    );
    assert_eq!(
        found(r#"{"event":"meeting.ended","payload":{"object":{"id":3}}}"#),
        [
            "rejected: /payload/object/uuid is missing; it names the meeting: send the webhook as Zoom wrote it"
        ]
    );
    assert_eq!(
        found(r#"{"event":"meeting.ended","payload":{"object":{"uuid":"m","end_time":"soon"}}}"#),
        [
            r#"rejected: /payload/object/end_time is "soon"; it should be a time such as "2022-03-01T10:15:14Z""#
        ]
    );
    assert_eq!(
        found(&hook("meeting.participant_joined", r#""participant":{"user_name":"P"}"#)),
        [
            "rejected: /payload/object/participant/participant_uuid is missing; a participant needs one of participant_user_id, id, participant_uuid, registrant_id, customer_key, user_id"
        ]
    );
    // Seconds are not taken for a time in 1970.
    assert_eq!(
        found(r#"{"event":"meeting.ended","event_ts":1648038809,"payload":{"object":{"uuid":"m"}}}"#),
        ["rejected: /event_ts is 1648038809; it should be milliseconds since 1970, such as 1772355603120"]
    );
    assert_eq!(found("[1]"), ["rejected: a number is no JSON object in braces"]);
}

const DASHBOARD: &str = r#"{"next_page_token":"","total_records":3,"meeting_number":"932","participants":[
 {"id":"host","participant_user_id":"host","user_id":"1","user_name":"Dr A","role":"host","device":"Windows","network_type":"Wired","join_time":"2022-03-01T10:15:14.0000000+00:00","leave_time":"2022-03-01T10:17:35.0000000+00:00","leave_reason":"Host ended the meeting.","email":"a@example.com","total_jointime_cost":3.98},
 {"id":"","user_id":"2","participant_uuid":"U-2","user_name":"P","role":"attendee","device":"iOS","device_name":"iPhone 7","network_type":"Cellular","browser_name":"","version":"5.9","join_time":"2022-03-01T10:15:20Z","leave_time":"2022-03-01T10:16:00Z","leave_reason":"P got disconnected from the meeting.","ip_address":"192.0.2.1"},
 {"id":"","user_id":"3","participant_uuid":"U-3","user_name":"Q","role":"attendee","status":"in_waiting_room","join_time":"2022-03-01T10:15:30Z","leave_time":"2022-03-01T10:16:00Z","leave_reason":"Leave waiting room."}]}"#;

#[test]
fn stays_of_participants_become_arrivals_and_departures() {
    assert_eq!(
        read(&ZoomDashboard, DASHBOARD, &Settings::default()),
        [
            r#"932@2022-03-01T10:15:14Z 2022-03-01T10:15:10.020Z join_attempted {"participant":"host","role":"clinician"}"#,
            r#"932@2022-03-01T10:15:14Z 2022-03-01T10:15:14Z joined {"participant":"host","role":"clinician","context":{"platform":"zoom","clinician":"host"}}"#,
            r#"932@2022-03-01T10:15:14Z 2022-03-01T10:17:35Z left {"participant":"host","role":"clinician","reason":"host_ended"}"#,
            r#"932@2022-03-01T10:15:14Z 2022-03-01T10:15:20Z joined {"participant":"U-2","role":"unknown","context":{"platform":"zoom","platform_version":"5.9","device":"phone","network":"mobile"}}"#,
            r#"932@2022-03-01T10:15:14Z 2022-03-01T10:16:00Z dropped {"participant":"U-2","role":"unknown","reason":"disconnected"}"#,
            r#"932@2022-03-01T10:15:14Z 2022-03-01T10:15:30Z waiting {"participant":"U-3","role":"unknown"}"#,
        ]
    );
}

#[test]
fn a_document_that_names_no_meeting_needs_a_consultation() {
    let past = r#"{"total_records":1,"participants":[{"id":"","name":"Jill","user_id":"27","user_email":"j@example.com","join_time":"2022-03-23T06:58:09Z","leave_time":"2022-03-23T07:02:28Z","duration":259}]}"#;
    assert_eq!(
        read(&ZoomDashboard, past, &Settings::default()),
        [
            r#"rejected: /uuid is missing; the document does not name its meeting: add "uuid" with the meeting's uuid, or name the consultation"#
        ]
    );
    let settings = Settings { consultation: Some("c-1".into()), ..Settings::default() };
    assert_eq!(
        read(&ZoomDashboard, past, &settings),
        [
            r#"c-1 2022-03-23T06:58:09Z joined {"participant":"27","context":{"platform":"zoom"}}"#,
            r#"c-1 2022-03-23T07:02:28Z left {"participant":"27"}"#,
        ]
    );
    let paged = DASHBOARD.replace("\"total_records\":3", "\"total_records\":31");
    assert!(read(&ZoomDashboard, &paged, &Settings::default())[0].contains("one page of several"));
    assert!(
        read(&ZoomDashboard, &paged.replacen('{', "{\"uuid\":\"m==\",", 1), &Settings::default())[0]
            .starts_with("m== ")
    );
}

/// Past meetings tell no reasons: declared as one with the dashboard they would look free of drops.
#[test]
fn past_meetings_are_a_source_of_their_own_that_is_blind_to_drops() {
    let past = r#"{"uuid":"m==","participants":[{"id":"a","join_time":"2022-03-23T06:58:09Z"}]}"#;
    let found = items(&ZoomDashboard, past.as_bytes(), &Settings::default());
    let Item::Event { event, .. } = &found[0] else { panic!("{found:?}") };
    assert_eq!((event.kind(), event.source.as_str()), (Kind::RecordingDeclared, "urn:zoom:past-meetings"));
    assert!(line(event).contains(r#""dropped":"unobservable""#));
}

#[test]
fn satisfaction_becomes_ratings_without_their_comments() {
    let document = r#"{"uuid":"m==","participants":[{"date_time":"2022-01-19T07:34:09.0000000\u002B00:00","email":"u@example.com","quality":"GOOD","user_id":"a","comment":"Meeting got disconnected."},{"date_time":"2022-01-19T07:34:09Z","quality":"FINE"}]}"#;
    assert_eq!(
        read(&ZoomDashboard, document, &Settings::default()),
        [
            r#"m== 2022-01-19T07:34:09Z rated {"participant":"a","scale":2,"value":2}"#,
            "skipped: free text: the comment on a rating is refused",
            r#"rejected: /participants/1/quality is "FINE"; it should be "GOOD" or "NOT GOOD""#,
        ]
    );
}

#[test]
fn meetings_tell_their_end_and_other_documents_are_refused() {
    let found = |input: &str| read(&ZoomDashboard, input, &Settings::default());
    let meeting = r#"{"uuid":"m==","id":5,"start_time":"2022-03-01T10:15:14Z","end_time":"2022-03-01T10:17:35Z","participants":2}"#;
    assert_eq!(found(meeting), ["m== 2022-03-01T10:17:35Z completed {}"]);
    assert_eq!(
        found(&format!(r#"{{"meetings":[{meeting},{{"uuid":"n"}}]}}"#)),
        [
            "m== 2022-03-01T10:17:35Z completed {}",
            "skipped: a meeting without end_time: it goes on, or the list does not tell"
        ]
    );
    assert_eq!(
        found(r#"{"code":3001,"message":"Meeting does not exist"}"#),
        [
            "rejected: /participants is missing; this is an error that Zoom answered, not a document: ask again"
        ]
    );
    assert!(found(r#"{"a":1}"#)[0].contains("neither a meeting nor a list of participants"));
}

/// Who books a meeting knows its number; what is told under it meets what the booking system tells.
#[test]
fn a_mapping_takes_the_number_that_the_meeting_was_booked_under() {
    let settings = Settings { mapping: Some("consultation = \"id\"".into()), ..Settings::default() };
    let ended = hook("meeting.ended", r#""end_time":"2022-03-23T12:50:00Z""#);
    assert_eq!(read(&ZoomWebhook, &ended, &settings), ["86431910364 2022-03-23T12:50:00Z completed {}"]);
    assert!(read(&ZoomDashboard, DASHBOARD, &settings)[0].starts_with("932 "));
    let meeting =
        r#"{"uuid":"m==","id":932,"start_time":"2022-03-01T10:15:14Z","end_time":"2022-03-01T10:17:35Z"}"#;
    assert_eq!(read(&ZoomDashboard, meeting, &settings), ["932 2022-03-01T10:17:35Z completed {}"]);
    let unnamed = DASHBOARD.replace("meeting_number", "m");
    assert_eq!(
        read(&ZoomDashboard, &unnamed, &settings),
        [
            r#"rejected: /meeting_number is missing; the document does not name its meeting: add "meeting_number", or name the consultation"#
        ]
    );
}

/// A report lists a stay for every room; without the reasons a move would read like leaving.
#[test]
fn reports_are_past_meetings_and_a_breakout_room_is_no_departure() {
    let row = |name: &str, came: &str, went: &str, more: &str| {
        format!(
            r#"{{"id":"{name}","name":"SECRET","user_email":"SECRET","registrant_id":"","join_time":"2022-03-23T06:{came}Z","leave_time":"2022-03-23T06:{went}Z","duration":1,"failover":false,"status":"in_meeting"{more}}}"#
        )
    };
    let breakout = r#","bo_mtg_id":"27423744""#;
    let report = format!(
        r#"{{"uuid":"m==","page_count":1,"participants":[{},{},{},{}]}}"#,
        row("a", "00:00", "10:00", ""),
        row("a", "10:04", "20:00", breakout),
        row("a", "20:03", "30:00", ""),
        row("a", "30:05", "40:00", ""),
    );
    assert_eq!(
        read(&ZoomDashboard, &report, &Settings::default()),
        [
            r#"m== 2022-03-23T06:00:00Z joined {"participant":"a","context":{"platform":"zoom"}}"#,
            "skipped: a move to or from a breakout room is no departure",
            "skipped: a move to or from a breakout room is no departure",
            r#"m== 2022-03-23T06:30:00Z left {"participant":"a"}"#,
            r#"m== 2022-03-23T06:30:05Z joined {"participant":"a","context":{"platform":"zoom"}}"#,
            r#"m== 2022-03-23T06:40:00Z left {"participant":"a"}"#,
        ]
    );
    let of = |input: &str| items(&ZoomDashboard, input.as_bytes(), &Settings::default());
    let Item::Event { event, .. } = &of(&report)[0] else { panic!("{report}") };
    assert_eq!(event.source, "urn:zoom:past-meetings");
    let users = r#"{"from":"2022-03-01","meetings":[{"uuid":"m==","start_time":"2022-03-23T06:00:00Z","end_time":"2022-03-23T06:40:00Z","participants_count":1}]}"#;
    let Item::Event { event, .. } = &of(users)[0] else { panic!("{users}") };
    assert_eq!(event.source, "urn:zoom:past-meetings");
}

/// Documents of quality list stays, too, and say nothing of why they ended.
#[test]
fn quality_and_sharing_become_no_stays() {
    let stay = r#""user_id":"2","user_name":"P","device":"Windows","join_time":"2022-03-01T10:15:14Z","leave_time":"2022-03-01T10:17:35Z""#;
    let quality = r#""user_qos":[{"date_time":"2022-03-01T10:16:00Z","audio_input":{"avg_loss":"90%"}}]"#;
    let averages = "skipped: averages over a minute say nothing of when sound was lost and came back";
    for document in [
        format!(r#"{{"uuid":"m==","participants":[{{{stay},{quality}}}]}}"#),
        format!("{{{stay},{quality}}}"),
    ] {
        assert_eq!(read(&ZoomDashboard, &document, &Settings::default()), [averages]);
        assert_eq!(crate::detect(document.as_bytes()).map(Feed::name), Some("zoom-dashboard"));
    }
    let sharing = r#"{"participants":[{"user_id":"2","user_name":"P","details":[{"content":"desktop"}]}]}"#;
    assert_eq!(
        read(&ZoomDashboard, sharing, &Settings::default()),
        ["skipped: what was shared tells of no arrival and no departure"]
    );
}

/// Delivered before the departure that it follows, an arrival keeps its own time: order is by time alone.
#[test]
fn an_arrival_before_its_departure_and_a_new_connection_are_the_same_person() {
    let came = hook(
        "meeting.participant_joined",
        r#""participant":{"user_id":"18","participant_uuid":"U-2","join_time":"2022-03-23T12:40:00Z"}"#,
    );
    let went = hook(
        "meeting.participant_left",
        r#""participant":{"user_id":"17","participant_uuid":"U-2","leave_time":"2022-03-23T12:40:00Z","leave_reason":"left the meeting. Reason : left the meeting"}"#,
    );
    let told = read(&ZoomWebhook, &format!("{came}\n{went}\n"), &Settings::default());
    assert_eq!(
        told,
        [
            r#"m== 2022-03-23T12:40:00Z joined {"participant":"U-2","role":"unknown","context":{"platform":"zoom","clinician":"host"}}"#,
            r#"m== 2022-03-23T12:40:00Z left {"participant":"U-2","role":"unknown"}"#,
        ]
    );
}

#[test]
fn a_webhook_delivered_twice_is_one_event_and_its_source_is_declared_once() {
    let one = hook("meeting.ended", r#""end_time":"2022-03-23T12:50:00Z""#);
    let found = items(&ZoomWebhook, format!("{one}\n{one}\n").as_bytes(), &Settings::default());
    let ids: Vec<_> = found
        .iter()
        .map(|item| match item {
            Item::Event { event, .. } => (event.source.as_str(), event.kind(), event.id.as_str()),
            other => panic!("{other:?}"),
        })
        .collect();
    assert_eq!((ids.len(), ids[1]), (3, ids[2]));
    assert_eq!((ids[0].0, ids[0].1), ("urn:zoom:acc", Kind::RecordingDeclared));
}

#[test]
fn no_name_address_or_number_of_a_person_is_in_an_event() {
    let settings = Settings::default();
    let guest = r#""topic":"Dr A with P","participant":{"user_id":"17","user_name":"SECRET","participant_uuid":"U-2","join_time":"2022-03-23T12:33:30Z","phone_number":"SECRET","email":"SECRET","public_ip":"SECRET"}"#;
    let hooks = hook("meeting.participant_joined", guest);
    let documents = DASHBOARD
        .replace("a@example.com", "SECRET")
        .replace("192.0.2.1", "SECRET")
        .replace("\"P\"", "\"SECRET\"");
    for (feed, input) in [(&ZoomWebhook as &dyn Feed, hooks), (&ZoomDashboard, documents)] {
        for item in items(feed, input.as_bytes(), &settings) {
            let Item::Event { event, .. } = item else { continue };
            assert!(!line(&event).contains("SECRET"), "{event:?}");
        }
    }
}

#[test]
fn formats_are_told_apart_by_their_content() {
    let named = |input: &str| crate::detect(input.as_bytes()).map(Feed::name);
    assert_eq!(named(&hook("meeting.ended", "\"a\":1")), Some("zoom-webhook"));
    assert_eq!(named(DASHBOARD), Some("zoom-dashboard"));
    assert_eq!(named("{\"specversion\":\"1.0\",\"data\":{\"event\":1,\"payload\":2}}"), Some("cloudevents"));
    assert_eq!(named("consultation;kind;at\n"), Some("csv"));
    assert_eq!(named("{\"a\":1}"), None);
    assert_eq!(named(""), None);
    assert!(crate::ALL.iter().all(|feed| crate::by_name(feed.name()).map(Feed::title) == Some(feed.title())));
}

proptest! {
    #[test]
    fn any_bytes_are_read_or_refused(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        for feed in crate::ALL.iter().filter(|feed| feed.name() != "csv") {
            items(*feed, &bytes, &Settings::default());
            let _ = feed.recognises(&bytes);
        }
    }

    #[test]
    fn documents_with_a_few_bytes_changed_are_read_or_refused(
        changes in proptest::collection::vec((any::<proptest::sample::Index>(), any::<u8>()), 1..5),
    ) {
        let guest = r#""participant":{"user_id":"17","participant_uuid":"U-2","join_time":"2022-03-23T12:33:30Z"}"#;
        let hooks = hook("meeting.participant_joined", guest);
        for (feed, text) in [(&ZoomDashboard as &dyn Feed, DASHBOARD), (&ZoomWebhook, hooks.as_str())] {
            let mut bytes = text.as_bytes().to_vec();
            for (index, byte) in &changes {
                let at = index.index(bytes.len());
                bytes[at] = *byte;
            }
            prop_assert!(!items(feed, &bytes, &Settings::default()).is_empty());
        }
    }
}
