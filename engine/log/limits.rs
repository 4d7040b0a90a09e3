//! How large anything may be.
//!
//! Limits on everything that comes in are what lets a decoder refuse absurd counts before it
//! allocates, and what keeps every value far below the size at which the database would move it to a
//! file of its own, written without being synced.

use event::{Event, Payload};

use super::raw::Raw;

/// The longest source, id, consultation or participant, in bytes.
pub const NAME_BYTES: usize = 1 << 10;
/// The largest event, all its texts together, in bytes.
pub const EVENT_BYTES: usize = 64 << 10;
/// The most events of one block.
pub const BLOCK_EVENTS: usize = 4096;

/// The largest value given to the database.
pub(super) const VALUE_BYTES: usize = 96 << 10;
/// The largest part of a block before it is compressed.
pub(super) const PART_BYTES: usize = 4 << 20;
/// The most entries of a table within a block: every level of every event's context.
pub(super) const TABLE_ENTRIES: usize = BLOCK_EVENTS * event::Dimension::ALL.len();

/// Why an event is too large to be kept, if it is.
pub(super) fn refusal(event: &Event) -> Option<String> {
    let names = [
        ("source", Some(&event.source)),
        ("id", Some(&event.id)),
        ("consultation", Some(&event.consultation)),
        ("participant", event.participant.as_ref()),
    ];
    for (field, name) in names {
        let length = name.map_or(0, String::len);
        if length > NAME_BYTES {
            return Some(format!("its {field} has {length} bytes, and {NAME_BYTES} are allowed"));
        }
    }
    if matches!(&event.payload, Payload::Questionnaire { score: Some(score), .. } if !score.is_finite()) {
        return Some("its score is not a finite number".to_owned());
    }
    let size = size(event);
    (size > EVENT_BYTES).then(|| format!("it has {size} bytes, and {EVENT_BYTES} are allowed"))
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
pub(super) fn size(event: &Event) -> usize {
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

    #[test]
    fn an_event_that_fits_is_not_refused() {
        assert_eq!(refusal(&event(&"x".repeat(1024), Payload::Completed)), None);
        assert_eq!(refusal(&event("e-1", Payload::Dropped { reason: Some("x".repeat(60_000)) })), None);
    }

    #[test]
    fn a_refusal_names_the_field_and_its_size() {
        let reason = refusal(&event(&"x".repeat(1025), Payload::Completed)).unwrap();
        assert_eq!(reason, "its id has 1025 bytes, and 1024 are allowed");
        let reason = refusal(&event("e-1", Payload::Dropped { reason: Some("x".repeat(65_536)) })).unwrap();
        assert!(reason.starts_with("it has 65555 bytes"), "{reason}");
    }

    #[test]
    fn a_score_that_is_no_number_is_refused() {
        let payload =
            Payload::Questionnaire { instrument: "x".into(), answers: vec![], score: Some(f64::NAN) };
        assert!(refusal(&event("e-1", payload)).is_some());
    }
}
