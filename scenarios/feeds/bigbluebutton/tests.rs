//! The feed on callbacks of the shapes that bbb-webhooks posts.

use event::{Capability, Kind, Role};
use proptest::prelude::*;

use crate::trial::{events, items, says_what_it_does, told, twice_is_once};
use crate::{BigBlueButton, Feed, Item, Settings};

const AT: u64 = 1_708_381_130_000;

fn event(id: &str, user: &str, ts: u64) -> String {
    let user = if user.is_empty() { String::new() } else { format!(r#","user":{{{user}}}"#) };
    format!(
        r#"{{"data":{{"type":"event","id":"{id}","attributes":{{"meeting":{{"internal-meeting-id":"m-1","external-meeting-id":"Dr Ada","name":"Dr Ada"}}{user}}},"event":{{"ts":{ts}}}}}}}"#
    )
}

const MODERATOR: &str = r#""internal-user-id":"w_1","external-user-id":"dr-1","name":"SECRET","role":"MODERATOR","presenter":false,"guest":false,"ip-address":"SECRET""#;
const VIEWER: &str = r#""internal-user-id":"w_2","external-user-id":"","name":"SECRET","role":"VIEWER""#;

/// The body as it is posted.
fn posted(event: &str) -> String {
    let encoded: String = format!("[{event}]")
        .bytes()
        .map(|byte| match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'*' => {
                char::from(byte).to_string()
            }
            b' ' => "+".to_owned(),
            byte => format!("%{byte:02X}"),
        })
        .collect();
    format!("domain=bbb.example.org&event={encoded}&timestamp=1708381133700")
}

fn read(input: &str) -> Vec<String> {
    told(&BigBlueButton, input, &Settings::default())
}

#[test]
fn callbacks_tell_who_came_who_went_and_the_end() {
    let input = [
        posted(&event("meeting-created", "", 1_708_381_130_000)),
        posted(&event("user-joined", MODERATOR, 1_708_381_133_689)),
        posted(&event("user-joined", VIEWER, 1_708_381_137_694)),
        posted(&event("user-audio-muted", VIEWER, 1_708_381_139_000)),
        posted(&event(
            "user-left",
            r#""internal-user-id":"w_2","external-user-id":"w_2""#,
            1_708_381_153_713,
        )),
        posted(&event("meeting-ended", "", 1_708_381_155_717)),
        posted(&event("levitated", "", AT)),
    ];
    assert_eq!(
        read(&input.join("\n")),
        [
            "skipped: meeting-created: a meeting that began is no event of a consultation: who joined is",
            r#"m-1 2024-02-19T22:18:53.689Z joined {"participant":"dr-1","role":"clinician","context":{"platform":"bigbluebutton","clinician":"dr-1"}}"#,
            r#"m-1 2024-02-19T22:18:57.694Z joined {"participant":"w_2","role":"unknown","context":{"platform":"bigbluebutton"}}"#,
            "skipped: user-audio-muted: sound or picture that is switched off on purpose reads like one that was lost",
            r#"m-1 2024-02-19T22:19:13.713Z left {"participant":"w_2"}"#,
            "m-1 2024-02-19T22:19:15.717Z completed {}",
            r#"skipped: event "levitated": it tells nothing that this feed reads"#,
        ]
    );
}

#[test]
fn a_callback_with_an_empty_list_is_counted() {
    for empty in [posted(""), r#"{"event":[]}"#.to_owned()] {
        assert_eq!(read(&empty), ["skipped: a callback without an event"], "{empty}");
    }
}

#[test]
fn the_others_are_what_the_settings_say() {
    let settings = Settings { others: Some(Role::Patient), ..Settings::default() };
    let found = events(&BigBlueButton, &event("user-joined", VIEWER, AT), &settings);
    assert_eq!(found[1].role, Some(Role::Patient));
    let found = events(&BigBlueButton, &event("user-joined", MODERATOR, AT), &settings);
    assert_eq!(found[1].role, Some(Role::Clinician));
}

/// Without their departure, a return is a second arrival of the same person; nobody is made up to leave.
#[test]
fn a_departure_that_is_missing_is_not_made_up() {
    let again = MODERATOR.replace("w_1", "w_9");
    let input = [
        event("user-joined", MODERATOR, AT),
        event("user-joined", &again, AT + 1000),
        event("meeting-ended", "", AT + 2000),
    ];
    let found = events(&BigBlueButton, &input.join("\n"), &Settings::default());
    let told: Vec<_> = found[1..].iter().map(|event| (event.kind(), event.participant.as_deref())).collect();
    assert_eq!(told, [(Kind::Joined, Some("dr-1")), (Kind::Joined, Some("dr-1")), (Kind::Completed, None)]);
}

#[test]
fn forms_objects_and_bare_events_are_one_event() {
    let one = event("user-joined", MODERATOR, AT);
    let settings = Settings { source: Some("urn:example:bbb".into()), ..Settings::default() };
    let of = |input: &str| events(&BigBlueButton, input, &settings)[1].clone();
    assert_eq!(of(&posted(&one)), of(&one));
    assert_eq!(of(&format!(r#"{{"domain":"d","event":[{one}],"timestamp":5}}"#)), of(&one));
    assert_eq!(of(&format!(r#"{{"domain":"d","event":{one},"timestamp":5}}"#)), of(&one));
    assert_eq!(of(&format!("[{one}]")), of(&one));
    let by = Some("consultation = \"external-meeting-id\"".to_owned());
    let external = Settings { mapping: by, ..Settings::default() };
    assert_eq!(events(&BigBlueButton, &one, &external)[1].consultation, "Dr Ada");
    let named = events(&BigBlueButton, &posted(&one), &Settings::default());
    assert_eq!(named[1].source, "urn:bigbluebutton:bbb.example.org");
}

#[test]
fn wrong_callbacks_are_told_what_is_missing() {
    let cases = [
        (
            r#"{"envelope":{"name":"UserLeftMeetingEvtMsg"},"core":{}}"#.to_owned(),
            "rejected: /data is missing; this is a raw message: register the hook without getRaw",
        ),
        (
            "{}".to_owned(),
            "rejected: /data is missing; this is no event of a BigBlueButton webhook: write the callback as it was posted",
        ),
        (r#"{"data":{}}"#.to_owned(), "rejected: /data/id is missing; it says what happened"),
        (event("user-left", "", AT), "rejected: /data/attributes/user is missing; it belongs to the event"),
        (
            event("user-left", r#""name":"SECRET""#, AT),
            "rejected: /data/attributes/user/external-user-id is missing; a user needs an external-user-id or an internal-user-id",
        ),
        (
            event("meeting-ended", "", AT).replace(&AT.to_string(), "\"now\""),
            "rejected: /data/event/ts is \"now\"; it should be milliseconds since 1970, such as 1772355603120",
        ),
        (
            // Seconds are not taken for a time in 1970.
            event("meeting-ended", "", AT / 1000),
            "rejected: /data/event/ts is 1708381130; it should be milliseconds since 1970, such as 1772355603120",
        ),
        (
            event("meeting-ended", "", AT).replace("\"internal-meeting-id\":\"m-1\",", ""),
            "rejected: /data/attributes/meeting/internal-meeting-id is missing; it names the meeting, and so the consultation",
        ),
        (
            "domain=d&event=%7B&timestamp=1".to_owned(),
            "rejected: /event is no JSON: EOF while parsing an object at line 1 column 1",
        ),
    ];
    for (input, expected) in cases {
        assert_eq!(read(&input), [expected], "{input}");
    }
    let several = format!(r#"{{"event":[{{}},{}]}}"#, event("meeting-ended", "", AT));
    assert_eq!(read(&several)[1], "m-1 2024-02-19T22:18:50Z completed {}");
}

#[test]
fn what_is_read_twice_is_one_event_and_names_nobody() {
    let joined = posted(&event("user-joined", MODERATOR, AT));
    twice_is_once(&BigBlueButton, &joined);
    for event in events(&BigBlueButton, &joined, &Settings::default()) {
        let line = crate::cloudevents::line(&event);
        assert!(!line.contains("SECRET") && !line.contains("Dr Ada"), "{line}");
    }
}

#[test]
fn the_format_is_recognised_and_says_what_it_does() {
    let named = |input: &str| crate::detect(input.as_bytes()).map(Feed::name);
    let one = event("user-joined", MODERATOR, AT);
    for input in
        [one.clone(), posted(&one), format!("[{one}]"), r#"{"core":{"sender":"bbb-apps-akka"}}"#.into()]
    {
        assert_eq!(named(&input), Some("bigbluebutton"), "{input}");
    }
    assert_eq!(named("internal-meeting-id,user\n"), Some("csv"));
    says_what_it_does(&BigBlueButton);
    let declared = BigBlueButton.capabilities(&Settings::default()).unwrap();
    assert_eq!(declared.capability(Kind::Dropped), Capability::Unobservable);
}

proptest! {
    #[test]
    fn callbacks_with_a_few_bytes_changed_are_read_or_refused(
        changes in proptest::collection::vec((any::<proptest::sample::Index>(), any::<u8>()), 1..5),
        bytes in proptest::collection::vec(any::<u8>(), 0..100),
    ) {
        let joined = event("user-joined", MODERATOR, AT);
        for text in [posted(&joined), joined] {
            let mut mutated = text.into_bytes();
            for (index, byte) in &changes {
                let at = index.index(mutated.len());
                mutated[at] = *byte;
            }
            prop_assert!(!items(&BigBlueButton, &mutated, &Settings::default()).is_empty());
        }
        let refused = items(&BigBlueButton, &bytes, &Settings::default());
        prop_assert!(refused.iter().all(|item| matches!(item, Item::Rejected(_))));
    }
}
