//! The feed on webhooks of the shapes that 8x8 documents.

use event::Role;
use proptest::prelude::*;

use crate::trial::{by, changed, declared, items, keeps_secret, keys, refused, told};
use crate::{Feed, JaasWebhook, Settings};

fn hook(name: &str, data: &str) -> String {
    format!(
        r#"{{"idempotencyKey":"k-1","customerId":"cust","appId":"vpaas-magic-cookie-cust","eventType":"{name}","sessionId":"s-1","timestamp":1772355603120,"fqn":"vpaas-magic-cookie-cust/clinic","data":{{{data}}}}}"#
    )
}

fn person(more: &str) -> String {
    format!(
        r#""moderator":"false","name":"Jill","email":"j@example.com","id":"u-1","participantJid":"p-1@8x8.vc","participantId":"p-1"{more}"#
    )
}

fn check(name: &str, data: &str, expected: &[&str]) {
    assert_eq!(told(&JaasWebhook, &hook(name, data), &Settings::default()), expected, "{name} {data}");
}

const AT: &str = "s-1 2026-03-01T09:00:03.120Z";

/// The documentation writes the boolean as a text.
#[test]
fn moderators_are_clinicians_and_the_others_what_the_settings_say() {
    let role = |moderator: &str, settings: &Settings| {
        let data = person("").replace("\"false\"", moderator);
        told(&JaasWebhook, &hook("PARTICIPANT_JOINED", &data), settings).remove(0)
    };
    let joined =
        |role: &str| format!(r#"{AT} joined {{"participant":"u-1"{role},"context":{{"platform":"jaas"}}}}"#);
    let none = Settings::default();
    for moderator in ["true", "\"true\""] {
        assert_eq!(role(moderator, &none), joined(r#","role":"clinician""#));
    }
    for moderator in ["false", "\"false\""] {
        assert_eq!(role(moderator, &none), joined(r#","role":"unknown""#));
    }
    assert_eq!(role("null", &none), joined(""));
    assert_eq!(
        role("\"maybe\"", &none),
        r#"rejected: /data/moderator is "maybe"; it should be true or false"#
    );
    let patients = Settings { others: Some(Role::Patient), ..Settings::default() };
    assert_eq!(role("false", &patients), joined(r#","role":"patient""#));
    assert_eq!(role("true", &patients), joined(r#","role":"clinician""#));
}

#[test]
fn a_mapping_takes_the_name_of_the_room() {
    let ended = hook("ROOM_DESTROYED", "");
    let end = "2026-03-01T09:00:03.120Z completed {}";
    assert_eq!(told(&JaasWebhook, &ended, &by("fqn")), [format!("vpaas-magic-cookie-cust/clinic {end}")]);
    assert_eq!(
        told(&JaasWebhook, &ended.replace("\"fqn\"", "\"f\""), &by("fqn")),
        ["rejected: /fqn is missing; it names the room of the meeting: send the webhook as JaaS wrote it"]
    );
    assert!(refused(&JaasWebhook, &by("room")).contains("write \"sessionId\" or \"fqn\""));
}

#[test]
fn leaving_is_told_by_its_reason() {
    let left = |reason: &str| person(&format!(r#","disconnectReason":"{reason}""#));
    let who = r#""participant":"u-1","role":"unknown""#;
    check("PARTICIPANT_LEFT", &left("left"), &[&format!("{AT} left {{{who}}}")]);
    check("PARTICIPANT_LEFT", &person(""), &[&format!("{AT} left {{{who}}}")]);
    check("PARTICIPANT_LEFT", &left("kicked"), &[&format!(r#"{AT} left {{{who},"reason":"kicked"}}"#)]);
    check("PARTICIPANT_LEFT", &left("timed_out"), &[&format!(r#"{AT} left {{{who},"reason":"timed_out"}}"#)]);
    for reason in ["unknown", "unrecoverable_error"] {
        let expected = format!(r#"{AT} dropped {{{who},"reason":"{reason}"}}"#);
        check("PARTICIPANT_LEFT", &left(reason), &[&expected]);
    }
    check(
        "PARTICIPANT_LEFT",
        &left("switch_room"),
        &["skipped: switch_room: a move to or from a breakout room is no departure"],
    );
    check(
        "PARTICIPANT_LEFT",
        &left("Jill went home"),
        &[
            &format!(r#"{AT} left {{{who},"reason":"unrecognised"}}"#),
            "skipped: a reason that is no code is not kept: it may hold a name",
        ],
    );
}

#[test]
fn the_lobby_the_telephone_and_the_end() {
    check(
        "PARTICIPANT_JOINED_LOBBY",
        &person(""),
        &[&format!(r#"{AT} waiting {{"participant":"u-1","role":"unknown"}}"#)],
    );
    check(
        "PARTICIPANT_LEFT_LOBBY",
        &person(r#","disconnectReason":"kicked""#),
        &["skipped: PARTICIPANT_LEFT_LOBBY: whether into the meeting, away or turned away is not told"],
    );
    let phone = r#""direction":"in","nick":"40364630871 (+40364630871)","participantJid":"p-2@8x8.vc","participantId":"p-2""#;
    check(
        "DIAL_IN_STARTED",
        phone,
        &[&format!(r#"{AT} joined {{"participant":"p-2","context":{{"platform":"jaas"}}}}"#)],
    );
    check("DIAL_IN_ENDED", phone, &[&format!(r#"{AT} left {{"participant":"p-2"}}"#)]);
    check("DIAL_OUT_STARTED", phone, &[&format!(r#"{AT} converted {{"to":"phone"}}"#)]);
    check(
        "DIAL_OUT_ENDED",
        phone,
        &["skipped: DIAL_OUT_ENDED: the consultation had moved to the telephone by then"],
    );
    check(
        "SIP_CALL_IN_STARTED",
        r#""sipAddress":"sip:jill@example.com","participantJid":"p-3@8x8.vc""#,
        &[&format!(r#"{AT} joined {{"participant":"p-3@8x8.vc","context":{{"platform":"jaas"}}}}"#)],
    );
    check("ROOM_DESTROYED", r#""conference":"clinic""#, &[&format!("{AT} completed {{}}")]);
    check(
        "ROOM_DESTROYED",
        r#""conference":"clinic","isBreakout":true"#,
        &["skipped: a breakout room that closed ends no consultation"],
    );
}

#[test]
fn feedback_is_one_to_five_or_none() {
    check(
        "FEEDBACK",
        r#""rating":5,"userId":"u-1""#,
        &[&format!(r#"{AT} rated {{"participant":"u-1","scale":5,"value":5}}"#)],
    );
    check(
        "FEEDBACK",
        r#""rating":1,"comments":"Dr A was late""#,
        &[
            &format!(r#"{AT} rated {{"scale":5,"value":1}}"#),
            "skipped: free text: the comment on a rating is refused",
        ],
    );
    check(
        "FEEDBACK",
        r#""rating":-1,"comments":"no"#.replace("no", "no\"").as_str(),
        &[
            "skipped: feedback without a rating (-1)",
            "skipped: free text: the comment on a rating is refused",
        ],
    );
    check(
        "FEEDBACK",
        r#""rating":9"#,
        &["rejected: /data/rating is 9; it should be 1 to 5, or -1 where none was given"],
    );
}

#[test]
fn other_webhooks_are_counted_also_where_their_data_is_a_list() {
    let usage = hook("USAGE", "").replace("\"data\":{}", "\"data\":[{\"deviceId\":\"d\"}]");
    assert_eq!(
        told(&JaasWebhook, &usage, &Settings::default()),
        ["skipped: USAGE: neither who came nor how well it went"]
    );
    check(
        "RTCSTATS_UPLOADED",
        "",
        &[
            "skipped: RTCSTATS_UPLOADED: the statistics lie elsewhere; what is there tells when sound was lost",
        ],
    );
    check("SOMETHING_NEW", "", &[r#"skipped: "SOMETHING_NEW": it tells nothing that this feed reads"#]);
}

#[test]
fn wrong_webhooks_are_told_what_is_missing() {
    let found = |input: &str| told(&JaasWebhook, input, &Settings::default());
    assert_eq!(
        found("{}"),
        [
            "rejected: /eventType is missing; this is no JaaS webhook: each is an object with eventType, sessionId, timestamp and data"
        ]
    );
    let left = hook("PARTICIPANT_LEFT", &person(""));
    assert_eq!(
        found(&left.replace(r#""sessionId":"s-1","#, "")),
        [
            "rejected: /sessionId is missing; it names the session of the meeting: send the webhook as JaaS wrote it"
        ]
    );
    assert_eq!(
        found(&left.replace(r#""timestamp":1772355603120,"#, "")),
        ["rejected: /timestamp is missing; it says when, in milliseconds since 1970"]
    );
    assert_eq!(
        found(&left.replace("1772355603120", "1772355603")),
        ["rejected: /timestamp is 1772355603; it should be milliseconds since 1970, such as 1772355603120"]
    );
    assert_eq!(
        found(&hook("PARTICIPANT_LEFT", "")),
        ["rejected: /data/id is missing; a participant needs one of id, participantId, participantJid"]
    );
    assert_eq!(
        found(&left.replace("\"data\"", "\"date\"")),
        ["rejected: /data is missing; it says what happened"]
    );
}

/// Delivery is unordered and repeated: the key and the timestamp are the truth.
#[test]
fn a_webhook_delivered_twice_is_one_event() {
    let one = hook("PARTICIPANT_JOINED", &person(""));
    let found = keys(&JaasWebhook, &format!("{one}\n{one}\n"));
    let key = ("urn:jaas:cust".to_owned(), "k-1".to_owned());
    assert_eq!(found, [key.clone(), key]);
    assert_eq!(declared(&JaasWebhook, &format!("{one}\n{one}\n")), ["urn:jaas:cust"]);
    let nameless = one.replace(r#""idempotencyKey":"k-1","#, "");
    let later = nameless.replace("603120", "603121");
    let found = keys(&JaasWebhook, &format!("{nameless}\n{nameless}\n{later}\n"));
    assert_eq!((found[0] == found[1], found[0] == found[2]), (true, false));
}

#[test]
fn no_name_address_or_number_of_a_person_is_in_an_event() {
    let data =
        person(r#","nick":"SECRET","avatar":"SECRET","sipAddress":"SECRET","comments":"SECRET","rating":4"#)
            .replace("Jill", "SECRET")
            .replace("j@example.com", "SECRET");
    let names = ["PARTICIPANT_JOINED", "PARTICIPANT_LEFT", "DIAL_IN_STARTED", "DIAL_OUT_STARTED", "FEEDBACK"];
    let all: Vec<_> = names.iter().map(|name| hook(name, &data)).collect();
    keeps_secret(&JaasWebhook, &all.join("\n"), "SECRET");
}

#[test]
fn the_format_is_recognised() {
    assert_eq!(crate::detect(hook("ROOM_CREATED", "").as_bytes()).map(Feed::name), Some("jaas-webhook"));
}

proptest! {
    #[test]
    fn webhooks_with_a_few_bytes_changed_are_read_or_refused(
        changes in proptest::collection::vec((any::<proptest::sample::Index>(), any::<u8>()), 1..5),
    ) {
        for (name, more) in [("PARTICIPANT_LEFT", r#","disconnectReason":"unknown""#), ("FEEDBACK", r#","rating":3"#)] {
            let bytes = changed(&hook(name, &person(more)), &changes);
            let found = items(&JaasWebhook, &bytes, &Settings::default());
            prop_assert!(!found.is_empty());
            prop_assert_eq!(found, items(&JaasWebhook, &bytes, &Settings::default()));
        }
    }
}
