//! The columns of the table of events: what each is named, what it holds, and how an event tells it.
//!
//! One row is one event. What an event of a kind cannot tell is null in its row, and what the vocabulary
//! does not name is JSON text in `extra`, so that nothing of an event is left out: `ingest` reads rows again.

use std::borrow::Cow;
use std::collections::BTreeMap;

use event::{Dimension, Extra, Kind, Payload};

use crate::log::Stored;

/// What a column holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shape {
    /// Text.
    Text,
    /// An instant, in milliseconds since 1970.
    Time,
    /// A number that only grows.
    Position,
    /// A small whole number.
    Small,
    /// A number.
    Real,
    /// Yes or no.
    Flag,
}

/// One event on its way into a file.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Row {
    /// The event.
    pub(super) stored: Stored,
    /// Its number within the consultation, where consultations are written whole.
    pub(super) seq: u64,
}

/// What an event tells in a column.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Cell<'a> {
    /// A text.
    Text(Cow<'a, str>),
    /// Any whole number.
    Whole(i64),
    /// A number.
    Real(f64),
    /// Yes or no.
    Flag(bool),
}

/// One column.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Column {
    /// Its name.
    pub(crate) name: &'static str,
    /// What it holds.
    pub(crate) shape: Shape,
    /// Whether every event tells it.
    pub(crate) is_full: bool,
    tell: Tell,
}

#[derive(Debug, Clone, Copy)]
enum Tell {
    Field(fn(&Stored) -> Option<Cell<'_>>),
    Level(Dimension),
    Seq,
}

impl Column {
    /// What the event of `row` tells in this column.
    pub(super) fn cell<'a>(&self, row: &'a Row) -> Option<Cell<'a>> {
        match self.tell {
            Tell::Field(tell) => tell(&row.stored),
            Tell::Level(dimension) => row.stored.event.payload.context()?.get(dimension).map(text),
            Tell::Seq => i64::try_from(row.seq).ok().map(Cell::Whole),
        }
    }
}

/// The columns of a file that holds whole consultations, in order.
pub(crate) fn sharded() -> Vec<Column> {
    let mut columns = columns();
    let behind = columns.iter().position(|column| column.name == "consultation").map_or(0, |at| at + 1);
    columns.insert(behind, Column { name: "seq", shape: Shape::Position, is_full: true, tell: Tell::Seq });
    columns
}

/// The columns of a file that holds events in the order of the log, in order.
pub(crate) fn columns() -> Vec<Column> {
    let levels = Dimension::ALL.into_iter().map(|dimension| Column {
        name: dimension.name(),
        shape: Shape::Text,
        is_full: false,
        tell: Tell::Level(dimension),
    });
    envelope().into_iter().chain(levels).chain(told()).collect()
}

const fn full(name: &'static str, shape: Shape, tell: fn(&Stored) -> Option<Cell<'_>>) -> Column {
    Column { name, shape, is_full: true, tell: Tell::Field(tell) }
}

const fn sparse(name: &'static str, shape: Shape, tell: fn(&Stored) -> Option<Cell<'_>>) -> Column {
    Column { name, shape, is_full: false, tell: Tell::Field(tell) }
}

/// What stands around every event.
fn envelope() -> [Column; 11] {
    [
        full("position", Shape::Position, |stored| i64::try_from(stored.position.0).ok().map(Cell::Whole)),
        full("recorded_at", Shape::Time, |stored| Some(Cell::Whole(stored.recorded_at.ms()))),
        full("source", Shape::Text, |stored| Some(text(&stored.event.source))),
        full("id", Shape::Text, |stored| Some(text(&stored.event.id))),
        full("consultation", Shape::Text, |stored| Some(text(&stored.event.consultation))),
        sparse("participant", Shape::Text, |stored| stored.event.participant.as_deref().map(text)),
        sparse("role", Shape::Text, |stored| stored.event.role.map(|role| text(role.name()))),
        full("at", Shape::Time, |stored| Some(Cell::Whole(stored.event.at.ms()))),
        full("kind", Shape::Text, |stored| Some(text(kind(&stored.event.payload)))),
        full("version", Shape::Small, |stored| Some(Cell::Whole(version(&stored.event.payload)))),
        // A context without a level is not the same as none.
        full("context_told", Shape::Flag, |stored| {
            Some(Cell::Flag(stored.event.payload.context().is_some()))
        }),
    ]
}

/// What single kinds tell.
fn told() -> [Column; 15] {
    [
        sparse("booked_start", Shape::Time, |stored| match stored.event.payload {
            Payload::Scheduled { booked_start, .. } => booked_start.map(|start| Cell::Whole(start.ms())),
            _ => None,
        }),
        sparse("cancelled_by", Shape::Text, |stored| match &stored.event.payload {
            Payload::Cancelled { by, .. } => by.as_deref().map(text),
            _ => None,
        }),
        sparse("reason", Shape::Text, |stored| reason(&stored.event.payload).map(text)),
        sparse("direction", Shape::Text, |stored| direction(&stored.event.payload).map(text)),
        sparse("topic", Shape::Text, |stored| match &stored.event.payload {
            Payload::HelpRequested { topic } => topic.as_deref().map(text),
            _ => None,
        }),
        sparse("converted_to", Shape::Text, |stored| match &stored.event.payload {
            Payload::Converted { to } => to.as_deref().map(text),
            _ => None,
        }),
        sparse("stage", Shape::Text, |stored| match &stored.event.payload {
            Payload::Abandoned { stage } => stage.as_deref().map(text),
            _ => None,
        }),
        sparse("instrument", Shape::Text, |stored| match &stored.event.payload {
            Payload::FeedbackInvited { instrument } => instrument.as_deref().map(text),
            Payload::Questionnaire { instrument, .. } => Some(text(instrument)),
            _ => None,
        }),
        sparse("scale", Shape::Small, |stored| match stored.event.payload {
            Payload::Rated { scale, .. } => Some(Cell::Whole(scale.into())),
            _ => None,
        }),
        sparse("value", Shape::Small, |stored| match stored.event.payload {
            Payload::Rated { value, .. } => Some(Cell::Whole(value.into())),
            _ => None,
        }),
        sparse("answers", Shape::Text, |stored| match &stored.event.payload {
            Payload::Questionnaire { answers, .. } if !answers.is_empty() => {
                serde_json::to_string(answers).ok().map(|json| Cell::Text(json.into()))
            }
            _ => None,
        }),
        sparse("score", Shape::Real, |stored| match stored.event.payload {
            Payload::Questionnaire { score, .. } => score.map(Cell::Real),
            _ => None,
        }),
        sparse("answer", Shape::Text, |stored| match stored.event.payload {
            Payload::Adequacy { answer } => Some(text(answer.name())),
            _ => None,
        }),
        sparse("declaration", Shape::Text, |stored| declaration(stored).map(|json| Cell::Text(json.into()))),
        sparse("extra", Shape::Text, |stored| {
            stored.event.extra.as_deref().map(|extra| Cell::Text(unnamed(extra).into()))
        }),
    ]
}

fn text(text: &str) -> Cell<'_> {
    Cell::Text(text.into())
}

/// The kind, as it was told if the vocabulary does not know it.
fn kind(payload: &Payload) -> &str {
    match payload {
        Payload::Unknown { kind, .. } => kind,
        known => known.kind().name(),
    }
}

fn version(payload: &Payload) -> i64 {
    match payload {
        Payload::Unknown { version, .. } => (*version).into(),
        _ => 1,
    }
}

fn reason(payload: &Payload) -> Option<&str> {
    match payload {
        Payload::Cancelled { reason, .. }
        | Payload::JoinFailed { reason }
        | Payload::Dropped { reason }
        | Payload::Left { reason } => reason.as_deref(),
        _ => None,
    }
}

fn direction(payload: &Payload) -> Option<&str> {
    match payload {
        Payload::AudioRestored { direction }
        | Payload::VideoRestored { direction }
        | Payload::AudioLost { direction }
        | Payload::VideoLost { direction } => direction.as_deref(),
        _ => None,
    }
}

/// What a source declared, as the data of its event on the wire.
fn declaration(stored: &Stored) -> Option<String> {
    if stored.event.kind() != Kind::RecordingDeclared {
        return None;
    }
    let mut event = stored.event.clone();
    event.extra = None;
    let mut line = Vec::new();
    feeds::cloudevents::write_line(&event, &mut line);
    let line: serde_json::Value = serde_json::from_slice(&line).ok()?;
    Some(line.get("data")?.to_string())
}

/// What the vocabulary does not name, as one JSON object; its values are JSON texts already.
fn unnamed(extra: &Extra) -> String {
    format!("{{\"attributes\":{},\"data\":{}}}", object(&extra.attributes), object(&extra.data))
}

fn object(members: &BTreeMap<String, String>) -> String {
    let members: Vec<String> = members
        .iter()
        .map(|(name, value)| format!("{}:{value}", serde_json::Value::from(name.as_str())))
        .collect();
    format!("{{{}}}", members.join(","))
}
