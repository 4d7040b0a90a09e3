//! An event as the key-value stores keep it: all of its fields, in one serde form, by bincode.
//!
//! It is written straight from the event, with nothing copied on the way. What a kind tells beyond its
//! context is a *detail*; SQLite keeps the details in the same form and everything else in columns.

use std::collections::BTreeMap;

use event::{Answer, Capability, Context, Event, Extra, Payload, Sides};
use serde::Serialize;

use crate::recording::RECEIVED_MS;

/// An event with its context apart.
#[derive(Debug, Serialize)]
struct Row<'a> {
    source: &'a str,
    id: &'a str,
    consultation: &'a str,
    at_ms: i64,
    received_ms: i64,
    participant: Option<&'a str>,
    role: Option<u8>,
    kind: u8,
    context: Option<Vec<(u8, &'a str)>>,
    detail: Detail<'a>,
    attributes: Option<&'a BTreeMap<String, String>>,
    data: Option<&'a BTreeMap<String, String>>,
}

/// What an event of its kind tells beyond its context.
#[derive(Debug, Serialize)]
enum Detail<'a> {
    Nothing,
    Text(Option<&'a str>),
    Cancelled(Option<&'a str>, Option<&'a str>),
    Booked(Option<i64>),
    Rated(u8, u8),
    Questionnaire(&'a str, &'a [Option<u8>], Option<f64>),
    Adequacy(Answer),
    Declared(Option<&'a str>, Option<&'a str>, &'a BTreeMap<String, Capability>, Option<Sides>, Option<u32>),
    Unknown(&'a str, u16),
}

/// Appends the whole event to `out`.
pub(crate) fn write(event: &Event, out: &mut Vec<u8>) {
    let extra: Option<&Extra> = event.extra.as_deref();
    let row = Row {
        source: &event.source,
        id: &event.id,
        consultation: &event.consultation,
        at_ms: event.at.ms(),
        received_ms: RECEIVED_MS,
        participant: event.participant.as_deref(),
        role: role(event),
        kind: event.kind() as u8,
        context: event.payload.context().map(levels),
        detail: Detail::of(&event.payload),
        attributes: extra.map(|extra| &extra.attributes),
        data: extra.map(|extra| &extra.data),
    };
    bincode::serialize_into(out, &row).expect("an event fits into memory");
}

/// The levels of a context, each under the number of its dimension.
fn levels(context: &Context) -> Vec<(u8, &str)> {
    context.iter().map(|(dimension, level)| (dimension as u8, level)).collect()
}

/// Appends what the event's kind tells beyond its context to `out`.
pub(crate) fn write_detail(event: &Event, out: &mut Vec<u8>) {
    bincode::serialize_into(out, &Detail::of(&event.payload)).expect("a detail fits into memory");
}

/// Appends what came with the event that has no name.
pub(crate) fn write_extra(extra: &Extra, out: &mut Vec<u8>) {
    bincode::serialize_into(out, &(&extra.attributes, &extra.data)).expect("it fits into memory");
}

/// The name by which duplicates are known.
pub(crate) fn name(event: &Event, out: &mut Vec<u8>) {
    out.extend_from_slice(event.source.as_bytes());
    out.push(0);
    out.extend_from_slice(event.id.as_bytes());
}

/// The number of an event's role.
pub(crate) fn role(event: &Event) -> Option<u8> {
    event.role.map(|role| role as u8)
}

impl<'a> Detail<'a> {
    fn of(payload: &'a Payload) -> Self {
        match payload {
            Payload::Scheduled { booked_start, .. } => Self::Booked(booked_start.map(|time| time.ms())),
            Payload::Cancelled { by, reason } => Self::Cancelled(by.as_deref(), reason.as_deref()),
            Payload::JoinFailed { reason: told }
            | Payload::AudioRestored { direction: told }
            | Payload::VideoRestored { direction: told }
            | Payload::AudioLost { direction: told }
            | Payload::VideoLost { direction: told }
            | Payload::HelpRequested { topic: told }
            | Payload::Dropped { reason: told }
            | Payload::Left { reason: told }
            | Payload::Converted { to: told }
            | Payload::Abandoned { stage: told }
            | Payload::FeedbackInvited { instrument: told } => Self::Text(told.as_deref()),
            Payload::Rated { scale, value } => Self::Rated(*scale, *value),
            Payload::Questionnaire { instrument, answers, score } => {
                Self::Questionnaire(instrument, answers, *score)
            }
            Payload::Adequacy { answer } => Self::Adequacy(*answer),
            Payload::RecordingDeclared(told) => Self::Declared(
                told.feed.as_deref(),
                told.platform.as_deref(),
                &told.capabilities,
                told.sides,
                told.drop_delay_ms,
            ),
            Payload::Unknown { kind, version } => Self::Unknown(kind, *version),
            Payload::JoinAttempted
            | Payload::Waiting
            | Payload::Joined { .. }
            | Payload::Rejoined
            | Payload::Completed => Self::Nothing,
        }
    }
}
