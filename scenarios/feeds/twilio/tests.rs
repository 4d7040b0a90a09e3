//! Both feeds on bodies and resources of the shapes that Twilio sends and answers.

use event::{Capability, Kind, Role};
use proptest::prelude::*;

use crate::trial::{events, items, refused, says_what_it_does, told, twice_is_once};
use crate::{Feed, Item, Settings, TwilioCallback, TwilioInsights};

fn form(event: &str, rest: &str) -> String {
    format!(
        "RoomStatus=in-progress&RoomType=group&RoomSid=RM1&RoomName=Dr+Ada+with+Tom&SequenceNumber=7&StatusCallbackEvent={event}&Timestamp=2026-03-01T09%3A00%3A03.120Z&AccountSid=AC1{rest}"
    )
}

const GUEST: &str = "&ParticipantStatus=connected&ParticipantIdentity=p%2B1&ParticipantSid=PA1";

fn callback(input: &str) -> Vec<String> {
    told(&TwilioCallback, input, &Settings::default())
}

#[test]
fn callbacks_tell_who_came_who_went_and_the_end() {
    let input = [
        form("room-created", ""),
        form("participant-connected", GUEST),
        form("track-disabled", "&TrackKind=audio"),
        form("participant-disconnected", "&ParticipantSid=PA2&ParticipantDuration=60"),
        form("room-ended", "&RoomDuration=90"),
        form("levitated", ""),
    ];
    assert_eq!(
        callback(&input.join("\n")),
        [
            "skipped: room-created: a room that began is no event of a consultation: who joined is",
            r#"RM1 2026-03-01T09:00:03.120Z joined {"participant":"p+1","context":{"platform":"twilio"}}"#,
            "skipped: track-disabled: a track that is added, removed or muted on purpose reads like one that was lost",
            r#"RM1 2026-03-01T09:00:03.120Z left {"participant":"PA2"}"#,
            "RM1 2026-03-01T09:00:03.120Z completed {}",
            r#"skipped: callback "levitated": it tells nothing that this feed reads"#,
        ]
    );
}

#[test]
fn a_form_and_the_object_it_was_parsed_into_are_one_event() {
    let json = r#"{"StatusCallbackEvent":"participant-connected","RoomSid":"RM1","AccountSid":"AC1","Timestamp":"2026-03-01T09:00:03.120Z","ParticipantIdentity":"p+1","ParticipantSid":"PA1","SequenceNumber":7}"#;
    let both = format!("{}\n{json}\n", form("participant-connected", GUEST));
    let found = events(&TwilioCallback, &both, &Settings::default());
    assert_eq!((found.len(), &found[1]), (3, &found[2]));
    assert_eq!(found[0].kind(), Kind::RecordingDeclared);
    assert_eq!(found[1].source, "urn:twilio:AC1:callbacks");
}

/// The order of delivery and the sequence number say nothing: what an event tells is its own time.
#[test]
fn a_sequence_number_is_no_part_of_an_event() {
    let one = form("participant-connected", GUEST);
    let renumbered = one.replace("SequenceNumber=7", "SequenceNumber=2");
    let of = |input: &str| events(&TwilioCallback, input, &Settings::default());
    assert_eq!(of(&one), of(&renumbered));
}

#[test]
fn wrong_callbacks_are_told_what_is_missing() {
    let cases = [
        (
            "a=1",
            "rejected: /StatusCallbackEvent is missing; this is no status callback of a Twilio room: write its body as it was posted",
        ),
        (
            "StatusCallbackEvent=room-ended&Timestamp=2026-03-01T09:00:00Z",
            "rejected: /RoomSid is missing; it names the room, and so the consultation",
        ),
        (
            "StatusCallbackEvent=room-ended&RoomSid=RM1",
            "rejected: /Timestamp is missing; it says when; SequenceNumber tells no time",
        ),
        (
            "StatusCallbackEvent=room-ended&RoomSid=RM1&Timestamp=soon",
            r#"rejected: /Timestamp is "soon"; it should be a time such as "2022-03-01T10:15:14Z""#,
        ),
        (
            "StatusCallbackEvent=participant-connected&RoomSid=RM1&Timestamp=2026-03-01T09:00:00Z",
            "rejected: /ParticipantIdentity is missing; a participant needs a ParticipantIdentity or a ParticipantSid",
        ),
        (
            "StatusCallbackEvent=%zz",
            "rejected: the value of \"StatusCallbackEvent\" is not percent-encoded UTF-8; write the body as it was posted",
        ),
    ];
    for (input, expected) in cases {
        assert_eq!(callback(input), [expected], "{input}");
    }
    let good = form("room-ended", "");
    assert_eq!(callback(&format!("nonsense\n{good}\n")).len(), 2);
}

const PARTICIPANT: &str = r#"{"participant_sid":"PA1","participant_identity":"p-1","join_time":"2026-03-01T09:00:03Z","leave_time":"2026-03-01T09:10:00Z","duration_sec":597,"account_sid":"AC1","room_sid":"RM1","status":"completed","codecs":["VP8"],"end_reason":"disconnected_via_api","error_code":null,"error_code_url":"","media_region":"ie1","url":"https://insights.twilio.com/v1/Video/Rooms/RM1/Participants/PA1"}"#;

const ROOM: &str = r#"{"account_sid":"AC1","room_sid":"RM1","room_name":"Dr Ada with Tom","create_time":"2026-03-01T09:00:00Z","end_time":"2026-03-01T09:15:00Z","room_type":"group","room_status":"completed","end_reason":"timeout","processing_state":"complete"}"#;

fn insights(input: &str) -> Vec<String> {
    told(&TwilioInsights, input, &Settings::default())
}

#[test]
fn insights_tell_stays_and_whose_connection_was_lost() {
    assert_eq!(
        insights(PARTICIPANT),
        [
            r#"RM1 2026-03-01T09:00:03Z joined {"participant":"p-1","context":{"platform":"twilio"}}"#,
            r#"RM1 2026-03-01T09:10:00Z left {"participant":"p-1","reason":"disconnected_via_api"}"#,
        ]
    );
    let lost = PARTICIPANT.replace("\"error_code\":null", "\"error_code\":53001");
    assert_eq!(
        insights(&lost)[1],
        r#"RM1 2026-03-01T09:10:00Z dropped {"participant":"p-1","reason":"signaling"}"#
    );
    let strange = PARTICIPANT.replace("disconnected_via_api", "levitated");
    assert!(insights(&strange)[1].contains(r#"left {"participant":"p-1","reason":"levitated"}"#));
    assert_eq!(insights(ROOM), ["RM1 2026-03-01T09:15:00Z completed {}"]);
}

#[test]
fn pages_and_event_streams_tell_the_same_resources() {
    let page = format!(
        r#"{{"meta":{{"key":"participants"}},"participants":[{PARTICIPANT},{{"participant_sid":"PA2"}}]}}"#
    );
    let found = insights(&page);
    assert_eq!(found[..2], insights(PARTICIPANT));
    assert_eq!(
        found[2..],
        ["rejected: /participants/1/room_sid is missing; it names the room, and so the consultation"]
    );
    assert_eq!(insights(&format!(r#"{{"meta":{{"key":"rooms"}},"rooms":[{ROOM}]}}"#)), insights(ROOM));
    let stream = format!(
        r#"{{"specversion":"1.0","type":"com.twilio.video.insights.participant-summary.complete","source":"AB1","id":"NO1","data":{PARTICIPANT}}}"#
    );
    assert_eq!(insights(&stream), insights(PARTICIPANT));
}

const WITHIN: &str = "skipped: a stay that overlaps another of the same person: they came with the first and went with the last";

/// Twilio gives a lost connection up after the next one of the same identity is there.
#[test]
fn an_old_connection_on_a_page_takes_nobody_away_who_is_back() {
    let lost = PARTICIPANT.replace("\"error_code\":null", "\"error_code\":53001");
    let back = PARTICIPANT
        .replace("PA1", "PA2")
        .replace("09:00:03Z", "09:05:00Z")
        .replace("\"2026-03-01T09:10:00Z\"", "\"2026-03-01T09:40:00Z\"");
    let found = |rows: [&str; 2]| insights(&format!(r#"{{"participants":[{}]}}"#, rows.join(",")));
    let joined = r#"RM1 2026-03-01T09:00:03Z joined {"participant":"p-1","context":{"platform":"twilio"}}"#;
    let left = r#"RM1 2026-03-01T09:40:00Z left {"participant":"p-1","reason":"disconnected_via_api"}"#;
    assert_eq!(found([&lost, &back]), [joined, WITHIN, left, WITHIN]);
    assert_eq!(found([&back, &lost]), [left, WITHIN, joined, WITHIN]);
    // In another room they are there a second time.
    let elsewhere = found([&lost, &back.replace("RM1", "RM2")]);
    assert_eq!(elsewhere.iter().filter(|told| told.contains(" joined ")).count(), 2);
}

#[test]
fn a_duplicate_identity_is_another_connection_that_goes_on() {
    let taken_over = PARTICIPANT.replace("\"error_code\":null", "\"error_code\":53205");
    let found = insights(&taken_over);
    assert!(found[0].contains(" joined "), "{found:?}");
    assert_eq!(
        found[1..],
        [
            "skipped: duplicate identity: another connection of the same person took over and goes on, which is no departure"
        ]
    );
}

#[test]
fn an_end_reason_that_is_a_sentence_is_not_kept() {
    let found = insights(&PARTICIPANT.replace("disconnected_via_api", "SECRET was removed"));
    assert_eq!(
        found[1..],
        [
            r#"RM1 2026-03-01T09:10:00Z left {"participant":"p-1","reason":"unrecognised"}"#,
            "skipped: a reason that is no code is not kept: it may hold a name",
        ]
    );
}

#[test]
fn an_empty_page_is_counted() {
    for page in [r#"{"meta":{},"participants":[]}"#, r#"{"meta":{},"rooms":[]}"#] {
        assert_eq!(insights(page), ["skipped: a page without a resource"]);
    }
}

#[test]
fn what_goes_on_and_what_is_wrong_is_said() {
    let open = PARTICIPANT.replace("\"2026-03-01T09:10:00Z\"", "null");
    assert_eq!(insights(&open)[1], "skipped: a participant who has not left yet: ask again for the end");
    assert_eq!(
        insights(&ROOM.replace("\"2026-03-01T09:15:00Z\"", "null")),
        ["skipped: a room that has not ended"]
    );
    let cases = [
        (
            PARTICIPANT.replace("\"2026-03-01T09:00:03Z\"", "null"),
            "rejected: /join_time is missing; it says when they joined",
        ),
        (
            PARTICIPANT.replace("\"error_code\":null", "\"error_code\":\"much\""),
            "rejected: /error_code is \"much\"; it should be a number such as 53001, or null",
        ),
        (
            r#"{"code":20404,"message":"not found"}"#.to_owned(),
            "rejected: /participant_sid is missing; this is an error that Twilio answered, not a resource: ask again",
        ),
        (
            "{}".to_owned(),
            "rejected: /participant_sid is missing; this is neither a room nor a participant of Twilio Video Insights",
        ),
    ];
    for (input, expected) in cases {
        assert_eq!(insights(&input), [expected], "{input}");
    }
}

#[test]
fn a_mapping_takes_the_name_that_the_room_was_booked_under() {
    let by =
        |name: &str| Settings { mapping: Some(format!("consultation = \"{name}\"")), ..Settings::default() };
    let connected = form("participant-connected", GUEST);
    let found = events(&TwilioCallback, &connected, &by("RoomName"));
    assert_eq!(found[1].consultation, "Dr Ada with Tom");
    assert_eq!(events(&TwilioInsights, ROOM, &by("room_name"))[1].consultation, "Dr Ada with Tom");
    let mut sink = |_| std::ops::ControlFlow::Continue(());
    let refused = TwilioInsights.read(&mut ROOM.as_bytes(), &by("RoomName"), &mut sink).unwrap_err();
    assert!(refused.to_string().contains("write \"room_sid\" or \"room_name\""), "{refused}");
}

/// Twilio marks nobody: the clinician would be a patient, too.
#[test]
fn a_role_for_the_others_is_refused() {
    let others = Settings { others: Some(Role::Patient), ..Settings::default() };
    for feed in [&TwilioCallback as &dyn Feed, &TwilioInsights] {
        let why = refused(feed, &others);
        assert!(why.contains("Twilio does not mark who the clinician is"), "{why}");
    }
}

#[test]
fn what_is_read_twice_is_one_event() {
    twice_is_once(&TwilioCallback, &form("participant-connected", GUEST));
    twice_is_once(&TwilioInsights, PARTICIPANT);
}

#[test]
fn room_names_are_in_no_event_unless_they_are_asked_for() {
    let inputs = [
        (&TwilioCallback as &dyn Feed, form("participant-connected", GUEST)),
        (&TwilioInsights, ROOM.to_owned()),
    ];
    for (feed, input) in inputs {
        for event in events(feed, &input, &Settings::default()) {
            assert!(!crate::cloudevents::line(&event).contains("Ada"), "{event:?}");
        }
    }
}

#[test]
fn formats_are_told_apart_and_say_what_they_do() {
    let named = |input: &str| crate::detect(input.as_bytes()).map(Feed::name);
    assert_eq!(named(&form("room-ended", "")), Some("twilio-callback"));
    assert_eq!(named(r#"{"StatusCallbackEvent":"room-ended","RoomSid":"RM1"}"#), Some("twilio-callback"));
    assert_eq!(named("StatusCallbackEvent,RoomSid\n"), Some("csv"));
    for input in [PARTICIPANT, ROOM, &format!(r#"{{"participants":[{PARTICIPANT}]}}"#)] {
        assert_eq!(named(input), Some("twilio-insights"), "{input}");
    }
    let native = r#"{"specversion":"1.0","id":"e-1","data":{"room_sid":"RM1","participant_sid":"PA1"}}"#;
    assert_eq!(named(native), Some("cloudevents"));
    says_what_it_does(&TwilioCallback);
    says_what_it_does(&TwilioInsights);
    let callbacks = TwilioCallback.capabilities(&Settings::default()).unwrap();
    assert_eq!(callbacks.capability(Kind::Dropped), Capability::Unobservable);
}

proptest! {
    #[test]
    fn bodies_with_a_few_bytes_changed_are_read_or_refused(
        changes in proptest::collection::vec((any::<proptest::sample::Index>(), any::<u8>()), 1..5),
        bytes in proptest::collection::vec(any::<u8>(), 0..100),
    ) {
        let connected = form("participant-connected", GUEST);
        let cases = [(&TwilioCallback as &dyn Feed, connected.as_str()), (&TwilioInsights, PARTICIPANT), (&TwilioInsights, ROOM)];
        for (feed, text) in cases {
            let mut mutated = text.as_bytes().to_vec();
            for (index, byte) in &changes {
                let at = index.index(mutated.len());
                mutated[at] = *byte;
            }
            prop_assert!(!items(feed, &mutated, &Settings::default()).is_empty());
            let refused = items(feed, &bytes, &Settings::default());
            prop_assert!(refused.iter().all(|item| matches!(item, Item::Rejected(_))));
        }
    }
}
