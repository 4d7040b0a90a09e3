//! Both feeds on events of the shapes that Amazon documents.

use event::Role;
use proptest::prelude::*;

use crate::trial::{by, changed, declared, items, keeps_secret, keys, refused, told};
use crate::{ChimeClient, ChimeEventBridge, Feed, Item, Settings};

fn bridge(kind: &str, detail: &str) -> String {
    format!(
        r#"{{"version":"0","id":"ev-1","source":"aws.chime","account":"111122223333","region":"eu-west-2","detail-type":"Chime Meeting State Change","time":"2026-03-01T09:00:03Z","resources":[],"detail":{{"version":"0","eventType":"chime:{kind}","timestamp":1772355603120,"meetingId":"m-1"{detail}}}}}"#
    )
}

const WHO: &str =
    r#","attendeeId":"a-1","externalUserId":"u-1","networkType":"Voip","mediaRegion":"eu-west-2""#;

fn check_bridge(kind: &str, detail: &str, expected: &[&str]) {
    assert_eq!(told(&ChimeEventBridge, &bridge(kind, detail), &Settings::default()), expected, "{kind}");
}

#[test]
fn attendees_come_go_and_are_cut_off() {
    check_bridge(
        "AttendeeJoined",
        WHO,
        &[r#"m-1 2026-03-01T09:00:03.120Z joined {"participant":"u-1","context":{"platform":"chime"}}"#],
    );
    check_bridge("AttendeeLeft", WHO, &[r#"m-1 2026-03-01T09:00:03.120Z left {"participant":"u-1"}"#]);
    check_bridge("AttendeeDropped", WHO, &[r#"m-1 2026-03-01T09:00:03.120Z dropped {"participant":"u-1"}"#]);
    check_bridge(
        "MeetingEnded",
        r#","externalMeetingId":"clinic""#,
        &["m-1 2026-03-01T09:00:03.120Z completed {}"],
    );
}

/// Chime marks nobody: the clinician would be a patient, too.
#[test]
fn a_role_for_the_others_is_refused() {
    let others = Settings { others: Some(Role::Patient), ..Settings::default() };
    for feed in [&ChimeEventBridge as &dyn Feed, &ChimeClient] {
        assert_eq!(
            refused(feed, &others),
            "the setting `others` cannot be used: Chime does not mark who the clinician is: --others would make everybody a patient; leave it out, and any two people are the two sides"
        );
    }
}

/// On EventBridge only the meeting's own events hold the name that the application gave.
#[test]
fn a_mapping_takes_the_name_that_the_application_gave_where_there_is_one() {
    let event = r#"{"name":"meetingEnded","attributes":{"meetingId":"m-1","externalMeetingId":"clinic-7","attendeeId":"a-1","timestampMs":1772355603120,"meetingStatus":"Left"}}"#;
    let left = r#"2026-03-01T09:00:03.120Z left {"participant":"a-1"}"#;
    assert_eq!(told(&ChimeClient, event, &Settings::default()), [format!("m-1 {left}")]);
    assert_eq!(told(&ChimeClient, event, &by("externalMeetingId")), [format!("clinic-7 {left}")]);
    assert_eq!(
        refused(&ChimeEventBridge, &by("externalMeetingId")),
        "the setting `map` cannot be used: there is nothing to map: the consultation is meetingId (events of attendees do not hold externalMeetingId); leave the mapping out"
    );
}

#[test]
fn what_becomes_no_event_is_counted_with_a_reason() {
    let cases = [
        ("MeetingStarted", "a meeting that began is no event of a consultation: who joined is"),
        (
            "AttendeeAuthorized",
            "a device may take the attendee over, which is no arrival: AttendeeJoined tells that",
        ),
        ("AttendeeAdded", "a name on the list of the meeting: who came and went is told by other events"),
        ("AttendeeVideoStopped", "a camera switched on or off says nothing of a picture that was lost"),
        ("AttendeeContentDropped", "content that is shared is no participant"),
    ];
    for (kind, why) in cases {
        check_bridge(kind, WHO, &[&format!("skipped: {kind}: {why}")]);
    }
    check_bridge(
        "AttendeeTeleported",
        WHO,
        &[r#"skipped: "AttendeeTeleported": it tells nothing that this feed reads"#],
    );
    check_bridge(
        "AttendeeJoined",
        r##","attendeeId":"a-1#content","externalUserId":"u-1""##,
        &["skipped: content that is shared is no participant"],
    );
    check_bridge(
        "AttendeeLeft",
        r#","attendeeId":"a-1","networkType":"Phone""#,
        &[
            r#"m-1 2026-03-01T09:00:03.120Z left {"participant":"a-1"}"#,
            "skipped: an attendee by another network than Voip: whether video was given up is not told",
        ],
    );
    let pipeline = bridge("MediaPipelineDeleted", "").replace("Meeting State", "Media Pipeline State");
    assert_eq!(
        told(&ChimeEventBridge, &pipeline, &Settings::default()),
        [r#"skipped: "Chime Media Pipeline State Change": it tells nothing that this feed reads"#]
    );
}

/// Applications write `id#name`: what stands behind is a name.
#[test]
fn the_name_behind_an_external_user_id_is_cut_off() {
    check_bridge(
        "AttendeeDropped",
        r##","attendeeId":"a-1","externalUserId":"1f2e#Jill Chill""##,
        &[r#"m-1 2026-03-01T09:00:03.120Z dropped {"participant":"1f2e"}"#],
    );
    check_bridge(
        "AttendeeDropped",
        r##","attendeeId":"a-1","externalUserId":"#Jill""##,
        &[r#"m-1 2026-03-01T09:00:03.120Z dropped {"participant":"a-1"}"#],
    );
    let joined = bridge("AttendeeJoined", r##","attendeeId":"a-1","externalUserId":"1f2e#SECRET""##);
    keeps_secret(&ChimeEventBridge, &joined, "SECRET");
    let started = client(
        "meetingStartSucceeded",
        r##","externalUserId":"1f2e#SECRET","deviceName":"SECRET","meetingErrorMessage":"SECRET""##,
    );
    keeps_secret(&ChimeClient, &started, "SECRET");
}

#[test]
fn an_event_delivered_twice_is_one_event_and_others_are_not() {
    let one = bridge("AttendeeDropped", WHO);
    let other = one.replace("ev-1", "ev-2");
    let found = keys(&ChimeEventBridge, &format!("{one}\n{one}\n{other}\n"));
    assert_eq!(found[0], ("urn:chime:111122223333".to_owned(), "ev-1".to_owned()));
    assert_eq!((found.len(), found[0] == found[1], found[0] == found[2]), (3, true, false));
    assert_eq!(declared(&ChimeEventBridge, &format!("{one}\n{other}")), ["urn:chime:111122223333"]);
    let nameless = one.replace(r#""id":"ev-1","#, "");
    let later = nameless.replace("603120", "603121");
    let found = keys(&ChimeEventBridge, &format!("{nameless}\n{nameless}\n{later}\n"));
    assert_eq!((found[0] == found[1], found[0] == found[2]), (true, false));
}

/// The documentation's timestamp is a placeholder that lies in 1970: a real time beside it says when.
#[test]
fn a_placeholder_for_the_time_is_no_time() {
    let placeholder = bridge("AttendeeLeft", WHO).replace("1772355603120", "12344566754");
    assert_eq!(
        told(&ChimeEventBridge, &placeholder, &Settings::default()),
        [r#"m-1 2026-03-01T09:00:03Z left {"participant":"u-1"}"#]
    );
    let both = placeholder.replace("2026-03-01T09:00:03Z", "yyyy-mm-ddThh:mm:ssZ");
    assert_eq!(
        told(&ChimeEventBridge, &both, &Settings::default()),
        [
            "rejected: /detail/timestamp is 12344566754; it should be milliseconds since 1970, such as 1772355603120"
        ]
    );
}

#[test]
fn the_published_examples_are_refused_with_place_and_remedy() {
    let missing_comma = "{\n  \"source\": \"aws.chime\",\n  \"detail-type\": \"Chime Meeting State Change\",\n  \"resources\": []\n  \"detail\": {\n    \"eventType\": \"chime:AttendeeLeft\"\n  }\n}\n";
    let trailing_comma = "{\n  \"source\": \"aws.chime\",\n  \"detail-type\": \"x\",\n}\n";
    let comment = "{\n  \"source\": \"aws.chime\", // ours\n  \"detail-type\": \"x\"\n}\n";
    for (text, place) in [
        (missing_comma, "line 5 column 3"),
        (trailing_comma, "line 4 column 1"),
        (comment, "line 2 column 26"),
    ] {
        let found = items(&ChimeEventBridge, text.as_bytes(), &Settings::default());
        let [Item::Rejected(rejected)] = found.as_slice() else { panic!("{found:?}") };
        assert_eq!(rejected.line, 1);
        assert!(rejected.reason.contains(place), "{}", rejected.reason);
        assert!(rejected.reason.contains("members are parted by one comma"), "{}", rejected.reason);
        assert_eq!(crate::detect(text.as_bytes()).map(Feed::name), Some("chime-eventbridge"));
    }
}

#[test]
fn wrong_events_are_told_what_is_missing() {
    let bridged = |input: &str| told(&ChimeEventBridge, input, &Settings::default());
    assert_eq!(
        bridged("{}"),
        [
            "rejected: /detail-type is missing; this is no EventBridge event: each is an object with source, detail-type and detail; what a queue or a topic wrapped has to be unwrapped"
        ]
    );
    assert_eq!(
        bridged(r#"{"detail-type":"Chime Meeting State Change"}"#),
        ["rejected: /detail is missing; it holds the change"]
    );
    assert_eq!(
        bridged(r#"{"detail-type":"Chime Meeting State Change","detail":{}}"#),
        ["rejected: /detail/eventType is missing; it says what happened, as chime:AttendeeJoined"]
    );
    assert_eq!(
        bridged(&bridge("AttendeeLeft", "")),
        ["rejected: /detail/attendeeId is missing; an attendee needs one of externalUserId, attendeeId"]
    );
    assert_eq!(
        bridged(&bridge("AttendeeLeft", WHO).replace(r#""meetingId":"m-1","#, "")),
        ["rejected: /detail/meetingId is missing; it names the meeting: send the event as Chime wrote it"]
    );
    let named = Settings { consultation: Some("c-1".into()), ..Settings::default() };
    let nameless = bridge("AttendeeLeft", WHO).replace(r#""meetingId":"m-1","#, "");
    assert!(told(&ChimeEventBridge, &nameless, &named)[0].starts_with("c-1 "));
    let clients = |input: &str| told(&ChimeClient, input, &Settings::default());
    assert_eq!(
        clients(r#"{"attributes":{}}"#),
        [
            "rejected: /name is missing; this is no event of a Chime client: each is an object with name and attributes"
        ]
    );
    assert_eq!(
        clients(r#"{"name":"meetingReconnected","attributes":{"meetingId":"m","attendeeId":"a"}}"#),
        ["rejected: /attributes/timestampMs is missing; it says when, in milliseconds since 1970"]
    );
    assert_eq!(
        clients(
            r#"{"name":"meetingReconnected","attributes":{"timestampMs":1772355603,"meetingId":"m","attendeeId":"a"}}"#
        ),
        [
            "rejected: /attributes/timestampMs is 1772355603; it should be milliseconds since 1970, such as 1772355603120"
        ]
    );
}

fn client(name: &str, attributes: &str) -> String {
    format!(
        r#"{{"name":"{name}","attributes":{{"meetingId":"m-1","attendeeId":"a-1","timestampMs":1772355603120,"sdkName":"amazon-chime-sdk-js"{attributes}}}}}"#
    )
}

fn check_client(name: &str, attributes: &str, expected: &[&str]) {
    assert_eq!(told(&ChimeClient, &client(name, attributes), &Settings::default()), expected, "{name}");
}

#[test]
fn a_client_tells_attempts_failures_and_arrivals() {
    check_client(
        "meetingStartRequested",
        "",
        &[r#"m-1 2026-03-01T09:00:03.120Z join_attempted {"participant":"a-1"}"#],
    );
    check_client(
        "meetingStartSucceeded",
        r#","externalUserId":"u-1","osName":"iOS","deviceName":"Apple iPhone","browserName":"Mobile Safari","sdkVersion":"3.1.0","meetingStartDurationMs":1120.0"#,
        &[
            r#"m-1 2026-03-01T09:00:02Z join_attempted {"participant":"u-1"}"#,
            r#"m-1 2026-03-01T09:00:03.120Z joined {"participant":"u-1","context":{"platform":"chime","platform_version":"3.1.0","device":"phone","browser":"Mobile Safari"}}"#,
        ],
    );
    check_client(
        "meetingStartFailed",
        r#","meetingStatus":"TaskFailed","meetingErrorMessage":"no ice candidates were gathered""#,
        &[r#"m-1 2026-03-01T09:00:03.120Z join_failed {"participant":"a-1","reason":"task_failed"}"#],
    );
}

#[test]
fn a_client_tells_drops_returns_and_lost_sound() {
    check_client(
        "signalingDropped",
        "",
        &[r#"m-1 2026-03-01T09:00:03.120Z dropped {"participant":"a-1","reason":"signalling"}"#],
    );
    check_client(
        "meetingReconnected",
        "",
        &[r#"m-1 2026-03-01T09:00:03.120Z rejoined {"participant":"a-1"}"#],
    );
    check_client(
        "receivingAudioDropped",
        "",
        &[r#"m-1 2026-03-01T09:00:03.120Z audio_lost {"participant":"a-1","direction":"receiving"}"#],
    );
    check_client(
        "sendingAudioFailed",
        "",
        &[r#"m-1 2026-03-01T09:00:03.120Z audio_lost {"participant":"a-1","direction":"sending"}"#],
    );
    check_client(
        "sendingAudioRecovered",
        "",
        &[r#"m-1 2026-03-01T09:00:03.120Z audio_restored {"participant":"a-1","direction":"sending"}"#],
    );
}

#[test]
fn how_a_client_ended_is_told_by_its_status() {
    let at = "m-1 2026-03-01T09:00:03.120Z";
    let status = |status: &str| format!(r#","meetingStatus":"{status}""#);
    check_client("meetingEnded", &status("Left"), &[&format!(r#"{at} left {{"participant":"a-1"}}"#)]);
    check_client("meetingEnded", "", &[&format!(r#"{at} left {{"participant":"a-1"}}"#)]);
    check_client("meetingEnded", &status("MeetingEnded"), &[&format!("{at} completed {{}}")]);
    check_client("meetingEnded", &status("AudioCallEnded"), &[&format!("{at} completed {{}}")]);
    check_client(
        "meetingEnded",
        &status("SomethingNew"),
        &[&format!(r#"{at} left {{"participant":"a-1","reason":"something_new"}}"#)],
    );
    check_client(
        "meetingFailed",
        &status("TaskFailed"),
        &[&format!(r#"{at} dropped {{"participant":"a-1","reason":"task_failed"}}"#)],
    );
    check_client(
        "meetingFailed",
        &status("Jill hung up"),
        &[
            &format!(r#"{at} dropped {{"participant":"a-1","reason":"unrecognised"}}"#),
            "skipped: a reason that is no code is not kept: it may hold a name",
        ],
    );
    check_client(
        "meetingFailed",
        &status("AudioAttendeeRemoved"),
        &[&format!(r#"{at} left {{"participant":"a-1","reason":"audio_attendee_removed"}}"#)],
    );
    check_client(
        "meetingFailed",
        &status("AudioJoinedFromAnotherDevice"),
        &["skipped: another device of the same person took over: they are still in"],
    );
    check_client(
        "videoInputFailed",
        "",
        &[
            "skipped: videoInputFailed: a device that could not be chosen: whether they went on with another is not told",
        ],
    );
    check_client(
        "appStateChanged",
        "",
        &["skipped: appStateChanged: the state of the application says nothing of the connection"],
    );
    check_client(
        "meetingTeleported",
        "",
        &[r#"skipped: "meetingTeleported": it tells nothing that this feed reads"#],
    );
}

/// iOS and Android have no event for a drop: read without its length, none of them would ever drop.
#[test]
fn telephones_tell_a_drop_by_how_long_the_return_took() {
    check_client(
        "meetingReconnected",
        r#","sdkName":"amazon-chime-sdk-ios","meetingReconnectDurationMs":3120"#,
        &[
            r#"m-1 2026-03-01T09:00:00Z dropped {"participant":"a-1","reason":"reconnecting"}"#,
            r#"m-1 2026-03-01T09:00:03.120Z rejoined {"participant":"a-1"}"#,
        ],
    );
    check_client(
        "meetingReconnected",
        r#","meetingReconnectDurationMs":0"#,
        &[r#"m-1 2026-03-01T09:00:03.120Z rejoined {"participant":"a-1"}"#],
    );
    check_client(
        "meetingEnded",
        r#","meetingStatus":"OK""#,
        &[r#"m-1 2026-03-01T09:00:03.120Z left {"participant":"a-1"}"#],
    );
}

/// What happens while the connection is down reaches nobody until a later event brings the history.
#[test]
fn the_history_brings_what_was_never_handed_on() {
    let history = r#","meetingStartDurationMs":900,"meetingHistory":[{"name":"meetingStartRequested","timestampMs":1772355600000},{"name":"audioInputSelected","timestampMs":1772355600100},{"name":"meetingFailed","timestampMs":1772355600200},{"name":"signalingDropped","timestampMs":1772355601000},{"name":"meetingReconnected","timestampMs":1772355603120}]"#;
    let dropped = r#"m-1 2026-03-01T09:00:01Z dropped {"participant":"a-1","reason":"signalling"}"#;
    check_client(
        "meetingReconnected",
        history,
        &[
            r#"m-1 2026-03-01T09:00:00Z join_attempted {"participant":"a-1"}"#,
            dropped,
            r#"m-1 2026-03-01T09:00:03.120Z rejoined {"participant":"a-1"}"#,
        ],
    );
    let own = client("signalingDropped", "").replace("1772355603120", "1772355601000");
    assert_eq!(told(&ChimeClient, &own, &Settings::default()), [dropped]);
    let repeated = keys(&ChimeClient, &client("meetingReconnected", history));
    assert_eq!(keys(&ChimeClient, &own)[0], repeated[1]);
    // An attempt that the history tells is not concluded from its length again.
    assert_eq!(told(&ChimeClient, &client("meetingStartSucceeded", history), &Settings::default()).len(), 4);
    let torn = history.replace("1772355601000", "\"soon\"");
    let found = told(&ChimeClient, &client("meetingReconnected", &torn), &Settings::default());
    assert_eq!(found.len(), 3);
    assert!(
        found[1].starts_with("rejected: /attributes/meetingHistory/3/timestampMs is \"soon\""),
        "{found:?}"
    );
}

#[test]
fn attributes_may_stand_beside_the_name() {
    let flat =
        r#"{"name":"meetingReconnected","meetingId":"m-1","attendeeId":"a-1","timestampMs":1772355603120}"#;
    assert_eq!(
        told(&ChimeClient, flat, &Settings::default()),
        [r#"m-1 2026-03-01T09:00:03.120Z rejoined {"participant":"a-1"}"#]
    );
    assert_eq!(crate::detect(flat.as_bytes()).map(Feed::name), Some("chime-client"));
    assert_eq!(declared(&ChimeClient, flat), ["urn:chime:client"]);
}

#[test]
fn the_two_are_told_apart() {
    let named = |input: &str| crate::detect(input.as_bytes()).map(Feed::name);
    assert_eq!(named(&bridge("AttendeeLeft", WHO)), Some("chime-eventbridge"));
    assert_eq!(named(&client("signalingDropped", "")), Some("chime-client"));
}

proptest! {
    #[test]
    fn events_with_a_few_bytes_changed_are_read_or_refused(
        changes in proptest::collection::vec((any::<proptest::sample::Index>(), any::<u8>()), 1..5),
    ) {
        let history = r#","meetingStatus":"Left","meetingHistory":[{"name":"signalingDropped","timestampMs":1772355601000}]"#;
        for (feed, text) in [
            (&ChimeEventBridge as &dyn Feed, bridge("AttendeeDropped", WHO)),
            (&ChimeClient, client("meetingEnded", history)),
            (&ChimeClient, client("meetingStartSucceeded", r#","meetingStartDurationMs":12.5"#)),
        ] {
            let bytes = changed(&text, &changes);
            let found = items(feed, &bytes, &Settings::default());
            prop_assert!(!found.is_empty());
            prop_assert_eq!(found, items(feed, &bytes, &Settings::default()));
        }
    }
}
