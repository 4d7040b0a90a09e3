//! How large anything may be.
//!
//! Limits on everything that comes in are what lets a decoder refuse absurd counts before it
//! allocates, and what keeps every value far below the size at which the database would move it to a
//! file of its own, written without being synced. A user meets these, and ARCHITECTURE.md tells them
//! too; `tests/tidy.rs` holds both lists to the constants:
//!
//! ```text
//! NAME_BYTES               1,024  bytes of a source, id, consultation or participant; the first three not empty
//! LEVEL_BYTES                256  bytes of a level of a context
//! EXTRA_FIELDS             1,024  attributes and data fields of an event that the vocabulary does not name
//! EVENT_BYTES             65,536  bytes of an event, all its texts together
//! BATCH_EVENTS            65,536  events of one append
//! BATCH_BYTES         67,108,864  bytes of one append
//! BLOCK_EVENTS             4,096  events of a block
//! LEVELS                  65,536  levels of each dimension in one log
//! CLINICIANS           1,048,576  levels of `clinician` in one log
//! MOST_CONSULTATIONS  20,000,000  consultations of one replay by name; a caller may set it
//! MOST_ROWS          100,000,000  consultations of one replay into numbers; a caller may set it
//! ```
//!
//! An event beyond a limit is refused with the reason, and those around it go in; an append beyond one
//! fails as a whole, and nothing of it goes in; a replay ends with an error, and the log stays as it is.

use event::{Context, Dimension, Event, Payload};

use crate::log::LogError;
use crate::log::block::raw::Raw;

/// The longest source, id, consultation or participant, in bytes.
pub const NAME_BYTES: usize = 1 << 10;
/// The longest level of a context, in bytes.
pub const LEVEL_BYTES: usize = 256;
/// The most attributes and data fields of an event that the vocabulary does not name.
pub const EXTRA_FIELDS: usize = 1 << 10;
/// The largest event, all its texts together, in bytes.
pub const EVENT_BYTES: usize = 64 << 10;
/// The most events of one append.
pub const BATCH_EVENTS: usize = 1 << 16;
/// The most bytes of one append, counted as those of an event.
pub const BATCH_BYTES: usize = 64 << 20;
/// The most events of one block.
pub const BLOCK_EVENTS: usize = 4096;
/// The most levels of each dimension in one log, but for `clinician`.
pub const LEVELS: usize = 1 << 16;
/// The most levels of `clinician` in one log.
pub const CLINICIANS: usize = 1 << 20;

/// The largest value given to the database.
pub(super) const VALUE_BYTES: usize = 96 << 10;
/// The largest part of a block before it is compressed.
pub(super) const PART_BYTES: usize = 4 << 20;
/// The most entries of a table within a block: every level of every event's context.
pub(super) const TABLE_ENTRIES: usize = BLOCK_EVENTS * Dimension::ALL.len();

/// Why an event cannot be kept, whatever the log holds, if it cannot.
pub(super) fn refusal(event: &Event) -> Option<String> {
    let size = size(event);
    name_refusal(event)
        .or_else(|| event.payload.context().and_then(level_refusal))
        .or_else(|| extra_refusal(event))
        .or_else(|| score_refusal(&event.payload))
        .or_else(|| {
            (size > EVENT_BYTES).then(|| format!("it has {size} bytes, and {EVENT_BYTES} are allowed"))
        })
}

fn name_refusal(event: &Event) -> Option<String> {
    let must = [("source", &event.source), ("id", &event.id), ("consultation", &event.consultation)];
    // What has no name cannot be told from others; two without one would be taken for the same.
    if let Some((field, _)) = must.iter().find(|(_, name)| name.is_empty()) {
        return Some(format!("its {field} is empty; give it one"));
    }
    let names = must.into_iter().chain(event.participant.as_ref().map(|name| ("participant", name)));
    let mut long = names.filter(|(_, name)| name.len() > NAME_BYTES);
    let (field, name) = long.next()?;
    Some(format!("its {field} has {} bytes, and {NAME_BYTES} are allowed", name.len()))
}

fn level_refusal(context: &Context) -> Option<String> {
    let (dimension, level) = context.iter().find(|(_, level)| level.len() > LEVEL_BYTES)?;
    let bytes = level.len();
    Some(format!("its {dimension} has {bytes} bytes, and {LEVEL_BYTES} are allowed for a level of a context"))
}

fn extra_refusal(event: &Event) -> Option<String> {
    let fields = event.extra.as_ref().map_or(0, |extra| extra.attributes.len() + extra.data.len());
    let many = || format!("it has {fields} fields without a meaning here, and {EXTRA_FIELDS} are allowed");
    (fields > EXTRA_FIELDS).then(many)
}

fn score_refusal(payload: &Payload) -> Option<String> {
    let odd = matches!(payload, Payload::Questionnaire { score: Some(score), .. } if !score.is_finite());
    odd.then(|| "its score is not a finite number".to_owned())
}

/// The bytes of `events`, unless they are more than one append takes.
pub(super) fn batch_bytes(events: &[Event]) -> Result<usize, LogError> {
    let bytes = events.iter().map(size).sum();
    if events.len() <= BATCH_EVENTS && bytes <= BATCH_BYTES {
        return Ok(bytes);
    }
    Err(LogError::TooLarge { events: events.len(), bytes })
}

/// The bytes of everything an event holds, as it is kept.
pub(super) fn raw_size(event: &Raw<'_>) -> usize {
    let context = event.context.map_or(0, |context| context.iter().map(|(_, level)| level.len() + 8).sum());
    event.source.len()
        + event.id.len()
        + event.consultation.len()
        + event.participant.map_or(0, str::len)
        + event.record.len()
        + event.extra.len()
        + context
}

/// The bytes of everything an event holds, with a little for each part that needs a length.
pub(crate) fn size(event: &Event) -> usize {
    let names = event.source.len()
        + event.id.len()
        + event.consultation.len()
        + event.participant.as_ref().map_or(0, String::len);
    let extra = event.extra.as_ref().map_or(0, |extra| {
        extra.attributes.iter().chain(&extra.data).map(|(name, value)| name.len() + value.len() + 8).sum()
    });
    names + extra + payload_size(&event.payload)
}

fn payload_size(payload: &Payload) -> usize {
    let text = |text: &Option<String>| text.as_ref().map_or(0, String::len);
    match payload {
        Payload::Scheduled { context, .. } | Payload::Joined { context } => {
            context.as_ref().map_or(0, |context| context.iter().map(|(_, level)| level.len() + 8).sum())
        }
        Payload::Cancelled { by, reason } => text(by) + text(reason),
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
        | Payload::FeedbackInvited { instrument: told } => text(told),
        Payload::Questionnaire { instrument, answers, .. } => instrument.len() + answers.len() * 2,
        Payload::RecordingDeclared(declared) => {
            text(&declared.feed)
                + text(&declared.platform)
                + declared.capabilities.keys().map(|kind| kind.len() + 8).sum::<usize>()
        }
        Payload::Unknown { kind, .. } => kind.len(),
        Payload::JoinAttempted
        | Payload::Waiting
        | Payload::Rejoined
        | Payload::Completed
        | Payload::Rated { .. }
        | Payload::Adequacy { .. } => 0,
    }
}

#[cfg(test)]
mod tests {
    use event::Time;

    use super::*;

    fn event(id: &str, payload: Payload) -> Event {
        Event::new("urn:example:a", id, "c-1", Time::default(), payload)
    }

    fn joined(dimension: Dimension, bytes: usize) -> Event {
        let context = Some(Context::default().with(dimension, "x".repeat(bytes)));
        event("e-1", Payload::Joined { context })
    }

    fn with_extra(fields: usize) -> Event {
        let mut extra = event::Extra::default();
        let pair = |number: usize| (format!("x{number}"), "1".to_owned());
        extra.attributes = (0..fields / 2).map(pair).collect();
        extra.data = (fields / 2..fields).map(pair).collect();
        Event { extra: Some(Box::new(extra)), ..event("e-1", Payload::Completed) }
    }

    #[test]
    fn an_event_that_fits_is_not_refused() {
        assert_eq!(refusal(&event(&"x".repeat(1024), Payload::Completed)), None);
        let exactly = EVENT_BYTES - size(&event("e-1", Payload::Completed));
        assert_eq!(refusal(&event("e-1", Payload::Dropped { reason: Some("x".repeat(exactly)) })), None);
        assert_eq!(refusal(&joined(Dimension::Service, LEVEL_BYTES)), None);
        assert_eq!(refusal(&with_extra(EXTRA_FIELDS)), None);
    }

    #[test]
    fn a_refusal_names_the_field_and_its_size() {
        let reason = refusal(&event(&"x".repeat(1025), Payload::Completed)).unwrap();
        assert_eq!(reason, "its id has 1025 bytes, and 1024 are allowed");
        let reason = refusal(&event("e-1", Payload::Dropped { reason: Some("x".repeat(65_536)) })).unwrap();
        assert!(reason.starts_with("it has 65555 bytes"), "{reason}");
        let reason = refusal(&joined(Dimension::Service, LEVEL_BYTES + 1)).unwrap();
        assert_eq!(reason, "its service has 257 bytes, and 256 are allowed for a level of a context");
        let reason = refusal(&with_extra(EXTRA_FIELDS + 1)).unwrap();
        assert_eq!(reason, "it has 1025 fields without a meaning here, and 1024 are allowed");
    }

    #[test]
    fn what_has_no_name_is_refused() {
        let whole = event("e-1", Payload::Completed);
        let without = |strip: fn(&mut Event) -> &mut String| {
            let mut event = whole.clone();
            strip(&mut event).clear();
            refusal(&event).unwrap()
        };
        assert_eq!(without(|event| &mut event.source), "its source is empty; give it one");
        assert_eq!(without(|event| &mut event.id), "its id is empty; give it one");
        assert_eq!(without(|event| &mut event.consultation), "its consultation is empty; give it one");
    }

    #[test]
    fn a_batch_is_measured_in_events_and_in_bytes() {
        let small = event("e-1", Payload::Completed);
        assert!(batch_bytes(&vec![small.clone(); BATCH_EVENTS]).is_ok());
        let error = batch_bytes(&vec![small; BATCH_EVENTS + 1]).unwrap_err().to_string();
        assert!(error.contains("65537 events") && error.contains("in parts"), "{error}");

        let rest = EVENT_BYTES - size(&event("e-1", Payload::Completed));
        let large = event("e-1", Payload::Dropped { reason: Some("x".repeat(rest)) });
        let mut events = vec![large; BATCH_BYTES / EVENT_BYTES];
        assert!(batch_bytes(&events).is_ok());
        events[0].id.push('x');
        let error = batch_bytes(&events).unwrap_err().to_string();
        assert!(error.contains("67108865 bytes"), "{error}");
    }

    #[test]
    fn a_score_that_is_no_number_is_refused() {
        let payload =
            Payload::Questionnaire { instrument: "x".into(), answers: vec![], score: Some(f64::NAN) };
        assert!(refusal(&event("e-1", payload)).is_some());
    }
}
