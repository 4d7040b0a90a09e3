//! A row as its event.
//!
//! Most rows tell nothing but what the vocabulary names, and become their event field by field. Any other goes by way of its
//! line, which is read as every line is. Both ways lead to the event that was exported.

use event::{Answer, Context, Dimension, Event, Kind, Payload, Role, Time};
use feeds::Refusal;
use feeds::cloudevents::read_line;

use super::line::{Told, write};

/// The event of a row; where it takes a line, that is written into `line`.
///
/// # Errors
/// What is wrong with the event that the row tells.
pub fn event_of(row: &impl Told, line: &mut Vec<u8>) -> Result<Event, Refusal> {
    plainly(row).map_or_else(|| event_by_line(row, line), Ok)
}

/// The event of a row, by way of its line.
///
/// # Errors
/// What is wrong with the event that the row tells.
pub fn event_by_line(row: &impl Told, line: &mut Vec<u8>) -> Result<Event, Refusal> {
    line.clear();
    write(row, line);
    read_line(line.trim_ascii_end())
}

/// The event of a row that tells nothing out of the common.
fn plainly(row: &impl Told) -> Option<Event> {
    if row.text("extra").is_some() || row.text("declaration").is_some() || row.whole("version") != Some(1) {
        return None;
    }
    let role = match text(row, "role")? {
        Some(name) => Some(Role::from_name(&name)?),
        None => None,
    };
    Some(Event {
        source: text(row, "source")??,
        id: text(row, "id")??,
        consultation: text(row, "consultation")??,
        at: time(row.whole("at")?)?,
        participant: text(row, "participant")?,
        role,
        payload: payload(row, Kind::from_name(&text(row, "kind")??)?)?,
        extra: None,
    })
}

fn payload(row: &impl Told, kind: Kind) -> Option<Payload> {
    let small = |column: &str| row.whole(column).and_then(|number| u8::try_from(number).ok());
    let reason = || text(row, "reason");
    let direction = || text(row, "direction");
    Some(match kind {
        Kind::Scheduled => {
            let booked_start = match row.whole("booked_start") {
                Some(ms) => Some(time(ms)?),
                None => None,
            };
            Payload::Scheduled { booked_start, context: context(row)? }
        }
        Kind::Cancelled => Payload::Cancelled { by: text(row, "cancelled_by")?, reason: reason()? },
        Kind::JoinAttempted => Payload::JoinAttempted,
        Kind::Waiting => Payload::Waiting,
        Kind::JoinFailed => Payload::JoinFailed { reason: reason()? },
        Kind::Joined => Payload::Joined { context: context(row)? },
        Kind::Rejoined => Payload::Rejoined,
        Kind::AudioRestored => Payload::AudioRestored { direction: direction()? },
        Kind::VideoRestored => Payload::VideoRestored { direction: direction()? },
        Kind::AudioLost => Payload::AudioLost { direction: direction()? },
        Kind::VideoLost => Payload::VideoLost { direction: direction()? },
        Kind::HelpRequested => Payload::HelpRequested { topic: text(row, "topic")? },
        Kind::Dropped => Payload::Dropped { reason: reason()? },
        Kind::Left => Payload::Left { reason: reason()? },
        Kind::Converted => Payload::Converted { to: text(row, "converted_to")? },
        Kind::Abandoned => Payload::Abandoned { stage: text(row, "stage")? },
        Kind::Completed => Payload::Completed,
        Kind::FeedbackInvited => Payload::FeedbackInvited { instrument: text(row, "instrument")? },
        Kind::Rated => Payload::Rated { scale: small("scale")?, value: small("value")? },
        Kind::Adequacy => Payload::Adequacy { answer: Answer::from_name(&text(row, "answer")??)? },
        Kind::Questionnaire => Payload::Questionnaire {
            instrument: text(row, "instrument")??,
            answers: match row.text("answers") {
                Some(list) => serde_json::from_slice(list).ok()?,
                None => Vec::new(),
            },
            score: row.real("score"),
        },
        Kind::RecordingDeclared | Kind::Unknown => return None,
    })
}

/// The context, if one is told; none at all where a level is not one that its dimension has.
fn context(row: &impl Told) -> Option<Option<Context>> {
    if row.flag("context_told") != Some(true) {
        return Some(None);
    }
    let mut context = Context::default();
    for dimension in Dimension::ALL {
        if let Some(level) = row.text(dimension.name()) {
            let level = std::str::from_utf8(level).ok().filter(|level| dimension.accepts(level))?;
            context.set(dimension, level);
        }
    }
    Some(Some(context))
}

/// A text, if one is told; none at all where it is none.
fn text(row: &impl Told, column: &str) -> Option<Option<String>> {
    match row.text(column) {
        Some(text) => Some(Some(std::str::from_utf8(text).ok()?.to_owned())),
        None => Some(None),
    }
}

fn time(ms: i64) -> Option<Time> {
    Some(Time::from_ms(ms)).filter(|time| time.ms() == ms)
}
