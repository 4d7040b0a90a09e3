//! No message shows what names a person, however wrong it is: messages are printed, kept and passed on,
//! while only the rejected lines themselves are kept apart.
//!
//! What a feed makes of values that are right is no matter here: that is for the tests of the feed.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::laws::DOCUMENTS;
use crate::trial::items;
use crate::{ALL, Feed, Item, Settings};

const SECRET: &str = "SECRET";

/// Documents of the feeds that the laws have none of.
const MORE: [&str; 3] = [
    r#"{"participants":[{"id":"a","user_id":"1","participant_user_id":"b","user_name":"n","join_time":"2026-03-01T09:00:03Z","leave_time":"2026-03-01T09:20:03Z","meeting_uuid":"m"}],"page_count":1}"#,
    r#"["identity",null,{"meetingUniqueId":"m","deviceId":"d","endpointId":"e","userId":"u"},1772355603120]"#,
    r#"["connectionInfo",null,{"userId":"u","deviceId":"d"},1772355603120]"#,
];

/// Members that name a person, in whichever format.
const PERSONS: &[&str] = &[
    "participant",
    "attendeeId",
    "externalUserId",
    "identity",
    "id",
    "userId",
    "user_id",
    "user_name",
    "participant_id",
    "participant_user_id",
    "participant_uuid",
    "host_id",
    "session_id",
    "deviceId",
    "endpointId",
    "ParticipantIdentity",
    "ParticipantSid",
    "participant_identity",
    "participant_sid",
    "internal-user-id",
    "external-user-id",
    "data",
];

/// The document with one value in the place of each that names a person, one at a time.
fn with_wrong(value: &Value, wrong: &Value) -> Vec<Value> {
    let mut all = Vec::new();
    match value {
        Value::Object(members) => {
            for (name, inner) in members {
                let mut put = |inner: Value| {
                    let mut members = members.clone();
                    members.insert(name.clone(), inner);
                    all.push(Value::Object(members));
                };
                // BigBlueButton calls the name of what happened an id.
                if PERSONS.contains(&name.as_str()) && inner.is_string() && inner != "user-left" {
                    put(wrong.clone());
                }
                with_wrong(inner, wrong).into_iter().for_each(put);
            }
        }
        Value::Array(elements) => {
            for (at, inner) in elements.iter().enumerate() {
                for inner in with_wrong(inner, wrong) {
                    let mut elements = elements.clone();
                    elements[at] = inner;
                    all.push(Value::Array(elements));
                }
            }
        }
        _ => {}
    }
    all
}

/// How many lines are refused; no message says the secret.
fn refused(feed: &dyn Feed, input: &str) -> usize {
    assert!(input.contains(SECRET), "{input}");
    let mut count = 0;
    for item in items(feed, input.as_bytes(), &Settings::default()) {
        let message = match item {
            Item::Event { .. } => continue,
            Item::Rejected(rejected) => {
                count += 1;
                rejected.reason + &rejected.place.unwrap_or_default()
            }
            Item::Skipped { reason, .. } => reason.into_owned(),
        };
        assert!(!message.contains(SECRET), "{}: {message} of {input}", feed.name());
    }
    count
}

#[test]
fn no_message_says_who_it_was() {
    let wrongs = [
        json!("SECRET\tX"),
        json!([SECRET]),
        json!({ "a": SECRET }),
        json!("SECRET@"),
        json!(SECRET.repeat(200)),
    ];
    let mut counts: BTreeMap<&str, usize> = ALL.iter().map(|feed| (feed.name(), 0)).collect();
    for document in DOCUMENTS.iter().chain(&MORE) {
        let feed = crate::detect(document.as_bytes()).unwrap_or_else(|| panic!("{document}"));
        let value: Value = serde_json::from_str(document).unwrap();
        for wrong in &wrongs {
            for wrong in with_wrong(&value, wrong) {
                // Half of a pair of escapes is no character.
                let text = wrong.to_string().replace("SECRET@", "SECRET\\ud800");
                *counts.get_mut(feed.name()).unwrap() += refused(feed, &text);
            }
        }
    }
    let form = "StatusCallbackEvent=participant-connected&RoomSid=RM1&AccountSid=AC1&Timestamp=2026-03-01T09:00:03Z&ParticipantIdentity=SECRET";
    for wrong in ["%09", "%zz", "%FF"] {
        assert_eq!(refused(crate::by_name("twilio-callback").unwrap(), &format!("{form}{wrong}")), 1);
    }
    let table = "consultation,kind,at,participant\nc,joined,2026-03-01T09:00:03Z,\"SECRET\u{7}\"\n";
    *counts.get_mut("csv").unwrap() += refused(crate::by_name("csv").unwrap(), table);
    assert!(counts.values().all(|count| *count > 0), "{counts:?}");
}
