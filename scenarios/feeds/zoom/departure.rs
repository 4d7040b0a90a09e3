//! What a leave reason means.
//!
//! Zoom documents a dozen sentences, and sends others: with the person's name before, with `<br>Reason:`
//! or `Reason :` between, in any combination. Therefore parts of sentences are looked for, the more
//! telling ones first, after the name is gone. Reconnections within a second read like a plain leave:
//! what is found to be a drop here is a lower bound.

use event::Payload;

/// How somebody left.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Departure {
    /// On purpose, theirs or the host's; with a code for the reason, if one was told.
    Left(Option<&'static str>),
    /// Without intent.
    Dropped(&'static str),
    /// To a breakout room or back: still in the consultation.
    Moved,
    /// From the waiting room: they were not in yet.
    NotIn,
    /// The sentence is none that is known.
    Unrecognised,
}

/// Parts of sentences and what they mean; the first that occurs decides.
const PARTS: &[(&str, Departure)] = &[
    ("breakout room", Departure::Moved),
    ("waiting room", Departure::NotIn),
    ("host ended the meeting", Departure::Left(Some("host_ended"))),
    ("host closed the meeting", Departure::Left(Some("host_ended"))),
    ("host started a new meeting", Departure::Left(Some("host_started_another"))),
    ("removed by host", Departure::Left(Some("removed_by_host"))),
    ("host did not join", Departure::Left(Some("host_did_not_join"))),
    ("free meeting minutes", Departure::Dropped("time_limit")),
    ("network connection error", Departure::Dropped("network")),
    ("network error", Departure::Dropped("network")),
    ("connection error", Departure::Dropped("network")),
    ("client close", Departure::Dropped("client_close")),
    ("got disconnected", Departure::Dropped("disconnected")),
    ("unknown reason", Departure::Left(Some("unknown"))),
    ("left the meeting", Departure::Left(None)),
];

impl Departure {
    /// What `reason` means, given by somebody whom Zoom calls `name`.
    pub(super) fn of(reason: Option<&str>, name: Option<&str>) -> Self {
        let Some(reason) = reason else { return Self::Left(None) };
        // A device may well be called "Waiting Room 2".
        let sentence = name.and_then(|name| reason.strip_prefix(name)).unwrap_or(reason).to_lowercase();
        let known = PARTS.iter().find(|(part, _)| sentence.contains(part));
        known.map_or(Self::Unrecognised, |(_, departure)| *departure)
    }

    /// The payload it becomes, if it is an event.
    pub(super) fn payload(self) -> Option<Payload> {
        let left = |reason: Option<&str>| Some(Payload::Left { reason: reason.map(str::to_owned) });
        match self {
            Self::Left(reason) => left(reason),
            Self::Dropped(reason) => Some(Payload::Dropped { reason: Some(reason.to_owned()) }),
            Self::Unrecognised => left(Some("unrecognised")),
            Self::Moved | Self::NotIn => None,
        }
    }

    /// What is said of it when it is counted beside the events.
    pub(super) fn note(self) -> Option<&'static str> {
        match self {
            Self::Moved => Some("a move to or from a breakout room is no departure"),
            Self::NotIn => Some("a departure from the waiting room: they were not in the consultation"),
            Self::Unrecognised => Some(
                "a leave reason that is not known is read as a plain leave; its text, which may hold a name, is not kept",
            ),
            Self::Left(_) | Self::Dropped(_) => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Departure::{Dropped, Left, Moved, NotIn, Unrecognised};
    use super::*;

    #[test]
    fn the_documented_sentences_and_those_that_are_really_sent() {
        let cases = [
            ("Jill Chill left the meeting.<br>Reason: Host ended the meeting.", Left(Some("host_ended"))),
            ("left the meeting. Reason : left the meeting", Left(None)),
            ("left the meeting. Reason : left the meeting to join breakout room", Moved),
            ("left the meeting. Reason : left the meeting leave breakout room to join main meeting", Moved),
            ("got disconnected from the meeting. Reason : Client Close.", Dropped("client_close")),
            (
                "Jill Chill got disconnected from the meeting.<br>Reason: Network connection error. ",
                Dropped("network"),
            ),
            ("Jill Chill got disconnected from the meeting.", Dropped("disconnected")),
            (
                "Jill got disconnected from the meeting. Reason: Host closed the meeting.",
                Left(Some("host_ended")),
            ),
            ("Host started a new meeting.", Left(Some("host_started_another"))),
            ("Exceeded free meeting minutes limit.", Dropped("time_limit")),
            ("Leave waiting room.", NotIn),
            ("Removed by host from waiting room.", NotIn),
            ("Removed by host.", Left(Some("removed_by_host"))),
            ("Host did not join.", Left(Some("host_did_not_join"))),
            ("Unknown reason.", Left(Some("unknown"))),
            ("Jill Chill hat das Meeting verlassen.", Unrecognised),
        ];
        for (sentence, expected) in cases {
            assert_eq!(Departure::of(Some(sentence), Some("Jill Chill")), expected, "{sentence}");
        }
        assert_eq!(Departure::of(None, None), Left(None));
    }

    #[test]
    fn the_name_of_a_person_or_device_is_no_reason() {
        let name = "Waiting Room 2";
        assert_eq!(Departure::of(Some("Waiting Room 2 left the meeting."), Some(name)), Left(None));
    }
}
