//! The feed on webhooks of the shapes that LiveKit documents.

use event::Role;
use proptest::prelude::*;

use crate::trial::{by, changed, declared, items, keeps_secret, keys, refused, told};
use crate::{Feed, LiveKitWebhook, Settings};

fn hook(name: &str, more: &str) -> String {
    format!(
        r#"{{"event":"{name}","room":{{"sid":"RM_1","name":"clinic","creationTime":"1772355600"}},"id":"EV_1","createdAt":"1772355604"{more}}}"#
    )
}

fn participant(more: &str) -> String {
    format!(
        r#","participant":{{"sid":"PA_1","identity":"u-1","state":"ACTIVE","joinedAt":"1772355603","joinedAtMs":"1772355603120","name":"Jill"{more}}}"#
    )
}

fn check(name: &str, more: &str, expected: &[&str]) {
    assert_eq!(told(&LiveKitWebhook, &hook(name, more), &Settings::default()), expected, "{name} {more}");
}

fn check_left(reason: &str, expected: &[&str]) {
    check("participant_left", &participant(&format!(r#","disconnectReason":{reason}"#)), expected);
}

#[test]
fn arrivals_are_told_to_the_millisecond_and_ends_to_the_second() {
    check(
        "participant_joined",
        &participant(""),
        &[r#"RM_1 2026-03-01T09:00:03.120Z joined {"participant":"u-1","context":{"platform":"livekit"}}"#],
    );
    let coarse = participant("").replace(r#","joinedAtMs":"1772355603120""#, "");
    let joined =
        |at: &str| format!(r#"RM_1 {at} joined {{"participant":"u-1","context":{{"platform":"livekit"}}}}"#);
    check("participant_joined", &coarse, &[&joined("2026-03-01T09:00:03Z")]);
    let none = coarse.replace(r#","joinedAt":"1772355603""#, "");
    check("participant_joined", &none, &[&joined("2026-03-01T09:00:04Z")]);
    check("room_finished", "", &["RM_1 2026-03-01T09:00:04Z completed {}"]);
    let numbers = hook("participant_joined", &participant(""))
        .replace("\"1772355603120\"", "1772355603120")
        .replace("\"1772355604\"", "1772355604");
    assert_eq!(told(&LiveKitWebhook, &numbers, &Settings::default()), [joined("2026-03-01T09:00:03.120Z")]);
}

/// LiveKit marks nobody: the clinician would be a patient, too.
#[test]
fn a_role_for_the_others_is_refused() {
    let others = Settings { others: Some(Role::Patient), ..Settings::default() };
    assert_eq!(
        refused(&LiveKitWebhook, &others),
        "the setting `others` cannot be used: LiveKit does not mark who the clinician is: --others would make everybody a patient; leave it out, and any two people are the two sides"
    );
}

#[test]
fn a_mapping_takes_the_name_of_the_room() {
    let ended = hook("room_finished", "");
    assert_eq!(told(&LiveKitWebhook, &ended, &by("name")), ["clinic 2026-03-01T09:00:04Z completed {}"]);
    assert_eq!(
        told(&LiveKitWebhook, &ended.replace("\"clinic\"", "null"), &by("name")),
        ["rejected: /room/name is missing; it names the room: send the webhook as LiveKit wrote it"]
    );
    assert!(refused(&LiveKitWebhook, &by("fqn")).contains("write \"sid\" or \"name\""));
}

#[test]
fn why_somebody_went_is_told_by_the_reason() {
    let at = "RM_1 2026-03-01T09:00:04Z";
    check_left(r#""CLIENT_INITIATED""#, &[&format!(r#"{at} left {{"participant":"u-1"}}"#)]);
    check_left("1", &[&format!(r#"{at} left {{"participant":"u-1"}}"#)]);
    for reason in ["PARTICIPANT_REMOVED", "ROOM_DELETED", "ROOM_CLOSED"] {
        let code = reason.to_lowercase();
        check_left(
            &format!("\"{reason}\""),
            &[&format!(r#"{at} left {{"participant":"u-1","reason":"{code}"}}"#)],
        );
    }
    for reason in ["SIGNAL_CLOSE", "CONNECTION_TIMEOUT", "MEDIA_FAILURE", "STATE_MISMATCH", "SERVER_SHUTDOWN"]
    {
        let code = reason.to_lowercase();
        check_left(
            &format!("\"{reason}\""),
            &[&format!(r#"{at} dropped {{"participant":"u-1","reason":"{code}"}}"#)],
        );
    }
    for reason in ["JOIN_FAILURE", "SIP_TRUNK_FAILURE"] {
        let code = reason.to_lowercase();
        check_left(
            &format!("\"{reason}\""),
            &[&format!(r#"{at} join_failed {{"participant":"u-1","reason":"{code}"}}"#)],
        );
    }
    // What is unknown is left out of the JSON; old servers leave it out always and would look free of drops.
    let untold = [
        &format!(r#"{at} left {{"participant":"u-1","reason":"unknown_reason"}}"#),
        "skipped: no disconnect reason, or UNKNOWN_REASON, is read as a plain departure: a server that tells none tells no drop",
    ];
    check("participant_left", &participant(""), &untold);
    check_left("\"UNKNOWN_REASON\"", &untold);
    check_left("0", &untold);
    check_left(
        r#""BRAND_NEW""#,
        &[
            &format!(r#"{at} left {{"participant":"u-1","reason":"brand_new"}}"#),
            "skipped: a disconnect reason that is not known is kept as a code and read as a plain departure",
        ],
    );
}

/// The new connection of the same person stands already: a departure would take them away.
#[test]
fn a_connection_that_another_took_over_is_no_departure() {
    let goes_on = "skipped: DUPLICATE_IDENTITY, MIGRATION: another connection of the same person goes on, which is no departure";
    for reason in ["\"DUPLICATE_IDENTITY\"", "\"MIGRATION\"", "2", "8"] {
        check_left(reason, &[goes_on]);
        let more = participant(&format!(r#","disconnectReason":{reason}"#));
        check("participant_connection_aborted", &more, &[goes_on]);
    }
    check_left(
        "\"USER_REJECTED\"",
        &["skipped: USER_UNAVAILABLE, USER_REJECTED: a telephone that was not answered brought nobody in"],
    );
}

#[test]
fn a_connection_that_was_aborted_is_a_failure_to_get_in_and_no_departure() {
    for (reason, code) in [
        ("", "unknown_reason"),
        (r#","disconnectReason":"CLIENT_INITIATED""#, "client_initiated"),
        (r#","disconnectReason":"JOIN_FAILURE""#, "join_failure"),
    ] {
        check(
            "participant_connection_aborted",
            &participant(reason),
            &[&format!(r#"RM_1 2026-03-01T09:00:04Z join_failed {{"participant":"u-1","reason":"{code}"}}"#)],
        );
    }
}

/// The second in which a webhook was made is cut off: it may lie before the arrival.
#[test]
fn nobody_goes_before_they_came() {
    let at_once = hook("participant_left", &participant(r#","disconnectReason":"SIGNAL_CLOSE""#))
        .replace("\"createdAt\":\"1772355604\"", "\"createdAt\":\"1772355603\"");
    assert_eq!(
        told(&LiveKitWebhook, &at_once, &Settings::default()),
        [r#"RM_1 2026-03-01T09:00:03.120Z dropped {"participant":"u-1","reason":"signal_close"}"#]
    );
}

#[test]
fn programs_streams_and_hidden_participants_are_nobody() {
    let cases = [
        (r#","kind":"EGRESS""#, "a stream into or out of the room (INGRESS, EGRESS) is nobody"),
        (r#","kind":1"#, "a stream into or out of the room (INGRESS, EGRESS) is nobody"),
        (r#","kind":"AGENT""#, "a program in the room (AGENT) is nobody"),
        (r#","permission":{"hidden":true}"#, "a participant who is hidden, a recorder or an agent is nobody"),
        (
            r#","permission":{"recorder":true}"#,
            "a participant who is hidden, a recorder or an agent is nobody",
        ),
    ];
    for (more, why) in cases {
        for name in ["participant_joined", "participant_left", "participant_connection_aborted"] {
            check(name, &participant(more), &[&format!("skipped: {why}")]);
        }
    }
    for more in [r#","kind":"SIP""#, r#","kind":"STANDARD""#, r#","permission":{"hidden":false}"#] {
        let found =
            told(&LiveKitWebhook, &hook("participant_joined", &participant(more)), &Settings::default());
        assert!(found[0].contains(" joined "), "{found:?}");
    }
}

#[test]
fn other_webhooks_and_lost_ones_are_counted() {
    check(
        "track_unpublished",
        &participant(""),
        &[
            "skipped: track_unpublished: a track that is offered or withdrawn says nothing of sound or picture that was lost",
        ],
    );
    check(
        "egress_ended",
        "",
        &["skipped: egress_ended: a recording or a stream is no event of a consultation"],
    );
    check("room_exploded", "", &[r#"skipped: "room_exploded": it tells nothing that this feed reads"#]);
    let lost = "skipped: numDropped: LiveKit lost webhooks before this one";
    check("room_finished", r#","numDropped":3"#, &["RM_1 2026-03-01T09:00:04Z completed {}", lost]);
    check("room_finished", r#","numDropped":0"#, &["RM_1 2026-03-01T09:00:04Z completed {}"]);
}

#[test]
fn wrong_webhooks_are_told_what_is_missing() {
    let found = |input: &str| told(&LiveKitWebhook, input, &Settings::default());
    assert_eq!(
        found("{}"),
        ["rejected: /event is missing; this is no LiveKit webhook: each is an object with event and id"]
    );
    assert_eq!(
        found(&hook("participant_left", "")),
        ["rejected: /participant is missing; it says who it was"]
    );
    assert_eq!(
        found(&hook("participant_left", &participant("")).replace(r#""identity":"u-1","#, "")),
        ["rejected: /participant/identity is missing; it says who it was"]
    );
    let roomless = hook("room_finished", "").replace(r#""sid":"RM_1","#, "");
    assert_eq!(
        found(&roomless),
        [
            "rejected: /room/sid is missing; it names the session of the room: send the webhook as LiveKit wrote it"
        ]
    );
    let named = Settings { consultation: Some("c-1".into()), ..Settings::default() };
    assert_eq!(told(&LiveKitWebhook, &roomless, &named), ["c-1 2026-03-01T09:00:04Z completed {}"]);
    assert_eq!(
        found(&hook("room_finished", "").replace("1772355604", "1772355604000")),
        [
            r#"rejected: /createdAt is "1772355604000"; it should be seconds since 1970, such as 1772355603.12"#
        ]
    );
    assert_eq!(
        found(&hook("room_finished", "").replace(r#""createdAt":"1772355604""#, r#""a":1"#)),
        ["rejected: /createdAt is missing; it says when, in seconds since 1970"]
    );
}

#[test]
fn a_webhook_delivered_twice_is_one_event() {
    let one = hook("participant_joined", &participant(""));
    let found = keys(&LiveKitWebhook, &format!("{one}\n{one}\n"));
    let key = ("urn:livekit:webhook".to_owned(), "EV_1".to_owned());
    assert_eq!(found, [key.clone(), key]);
    assert_eq!(declared(&LiveKitWebhook, &format!("{one}\n{one}\n")), ["urn:livekit:webhook"]);
    let nameless = one.replace(r#""id":"EV_1","#, "");
    let again = nameless.replace("PA_1", "PA_2");
    let found = keys(&LiveKitWebhook, &format!("{nameless}\n{nameless}\n{again}\n"));
    assert_eq!((found[0] == found[1], found[0] == found[2]), (true, false));
}

#[test]
fn no_name_or_metadata_of_a_person_is_in_an_event() {
    let more = r#","metadata":"SECRET","attributes":{"email":"SECRET"}"#;
    let joined = hook("participant_joined", &participant(more).replace("Jill", "SECRET"));
    keeps_secret(&LiveKitWebhook, &joined, "SECRET");
    let left = joined.replace("participant_joined", "participant_left");
    keeps_secret(&LiveKitWebhook, &left, "SECRET");
}

#[test]
fn the_format_is_recognised() {
    for name in ["room_started", "participant_connection_aborted", "ingress_ended"] {
        assert_eq!(crate::detect(hook(name, "").as_bytes()).map(Feed::name), Some("livekit-webhook"));
    }
}

proptest! {
    #[test]
    fn webhooks_with_a_few_bytes_changed_are_read_or_refused(
        changes in proptest::collection::vec((any::<proptest::sample::Index>(), any::<u8>()), 1..5),
    ) {
        for name in ["participant_joined", "participant_left", "participant_connection_aborted"] {
            let more = participant(r#","disconnectReason":"SIGNAL_CLOSE","kind":0,"permission":{"hidden":false}"#);
            let bytes = changed(&hook(name, &more), &changes);
            let found = items(&LiveKitWebhook, &bytes, &Settings::default());
            prop_assert!(!found.is_empty());
            prop_assert_eq!(found, items(&LiveKitWebhook, &bytes, &Settings::default()));
        }
    }
}
