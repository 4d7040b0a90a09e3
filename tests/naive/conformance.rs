//! The oracle itself is held to published readings, where they lie beside the project.
//!
//! `EVENFIELD_CONFORMANCE` names the folder of `episodes.ndjson` and `outcomes.ndjson`; without it
//! the usual place is tried, and without files there is nothing to hold. The conversion from JSON
//! is a small one of its own, so that a fault of the feed cannot hide a fault of the reading.

use std::path::PathBuf;

use event::{Answer, Context, Dimension, Event, Payload, Role, Time};
use serde_json::Value;

use super::outcomes;

const GRACE_MS: i64 = 15_000;

#[test]
fn the_naive_reading_agrees_with_the_published_one_in_every_field_given() {
    let Some((episodes, expected)) = files() else {
        eprintln!("skipped: no conformance files; set EVENFIELD_CONFORMANCE to their folder");
        return;
    };
    let events: Vec<Event> = objects(&episodes).iter().map(event).collect();
    let read = outcomes(&events, GRACE_MS, None);
    let expected = objects(&expected);
    let mut wrong = Vec::new();
    for row in &expected {
        let name = text(row, "consultation").expect("an expected outcome names its consultation");
        let ours = read.get(&name).expect("every consultation has an outcome");
        for (field, value) in row.as_object().expect("an expected outcome is an object") {
            if ours.get(field) != Some(value) {
                wrong.push(format!("{name}: {field} is {:?}, expected {value}", ours.get(field)));
            }
        }
    }
    assert!(wrong.is_empty(), "{} fields differ:\n{}", wrong.len(), wrong.join("\n"));
    assert_eq!(read.len(), expected.len());
}

fn files() -> Option<(String, String)> {
    let folder = std::env::var_os("EVENFIELD_CONFORMANCE").map_or_else(
        || PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../shared/data/conformance"),
        PathBuf::from,
    );
    let read = |name: &str| std::fs::read_to_string(folder.join(name)).ok();
    Some((read("episodes.ndjson")?, read("outcomes.ndjson")?))
}

fn objects(lines: &str) -> Vec<Value> {
    lines.lines().map(|line| serde_json::from_str(line).expect("a line is a JSON object")).collect()
}

fn event(line: &Value) -> Event {
    let told = |name: &str| text(line, name).expect("an event has its envelope");
    let data = &line["data"];
    let at: Time = told("time").parse().expect("a time is RFC 3339");
    let mut event = Event::new(told("source"), told("id"), told("subject"), at, payload(&told("type"), data));
    event.participant = text(data, "participant");
    event.role = text(data, "role").and_then(|role| Role::from_name(&role));
    event
}

fn payload(kind: &str, data: &Value) -> Payload {
    let word = |name: &str| text(data, name);
    let name = kind.strip_prefix("evenfield.consultation.").and_then(|name| name.strip_suffix(".v1"));
    match name.unwrap_or(kind) {
        "scheduled" => Payload::Scheduled {
            booked_start: word("booked_start").map(|at| at.parse().expect("a time is RFC 3339")),
            context: context(data),
        },
        "cancelled" => Payload::Cancelled { by: word("by"), reason: word("reason") },
        "join_attempted" => Payload::JoinAttempted,
        "waiting" => Payload::Waiting,
        "join_failed" => Payload::JoinFailed { reason: word("reason") },
        "joined" => Payload::Joined { context: context(data) },
        "rejoined" => Payload::Rejoined,
        "audio_restored" => Payload::AudioRestored { direction: word("direction") },
        "video_restored" => Payload::VideoRestored { direction: word("direction") },
        "audio_lost" => Payload::AudioLost { direction: word("direction") },
        "video_lost" => Payload::VideoLost { direction: word("direction") },
        "help_requested" => Payload::HelpRequested { topic: word("topic") },
        "dropped" => Payload::Dropped { reason: word("reason") },
        "left" => Payload::Left { reason: word("reason") },
        "converted" => Payload::Converted { to: word("to") },
        "abandoned" => Payload::Abandoned { stage: word("stage") },
        "completed" => Payload::Completed,
        "feedback_invited" => Payload::FeedbackInvited { instrument: word("instrument") },
        "rated" => Payload::Rated { scale: small(&data["scale"]), value: small(&data["value"]) },
        "questionnaire" => Payload::Questionnaire {
            instrument: word("instrument").unwrap_or_default(),
            answers: answers(&data["answers"]),
            score: data["score"].as_f64(),
        },
        "adequacy" => Payload::Adequacy {
            answer: word("answer")
                .and_then(|answer| Answer::from_name(&answer))
                .expect("an answer is yes, no or partly"),
        },
        other => Payload::Unknown { kind: other.to_owned(), version: 1 },
    }
}

fn context(data: &Value) -> Option<Context> {
    let told = data["context"].as_object()?;
    let levels = told.iter().filter_map(|(name, level)| {
        let level = level.as_str().map_or_else(|| level.to_string(), str::to_owned);
        Some((Dimension::from_name(name)?, level))
    });
    Some(levels.collect())
}

fn answers(told: &Value) -> Vec<Option<u8>> {
    let one = |answer: &Value| (!answer.is_null()).then(|| small(answer));
    told.as_array().map(|answers| answers.iter().map(one).collect()).unwrap_or_default()
}

fn small(number: &Value) -> u8 {
    number.as_u64().and_then(|number| u8::try_from(number).ok()).expect("a small whole number")
}

fn text(object: &Value, name: &str) -> Option<String> {
    object[name].as_str().map(str::to_owned)
}
