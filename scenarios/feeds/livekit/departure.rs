//! What a disconnect reason means.
//!
//! LiveKit writes the reason as the name of a number, or as the number, and leaves it out when it is
//! unknown; servers from before there were reasons leave it out always. Both are counted, since a source
//! without reasons would look free of drops. Reasons that came after this table are kept as codes and read
//! as a plain departure.

use event::Payload;
use serde_json::Value;

use crate::reason::{UNRECOGNISED, code};

/// How a connection ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Departure {
    /// On purpose: theirs, somebody else's or the application's.
    Left,
    /// No reason was told.
    Untold,
    /// Without intent.
    Dropped,
    /// They had not got in.
    NeverIn,
    /// Another connection of the same person goes on.
    GoesOn,
    /// A telephone that nobody answered.
    NotReached,
    /// The reason is none that is known.
    Unrecognised,
}

use Departure::{Dropped, GoesOn, Left, NeverIn, NotReached, Untold};

/// The reasons, by their numbers.
const REASONS: [(&str, Departure); 17] = [
    ("UNKNOWN_REASON", Untold),
    ("CLIENT_INITIATED", Left),
    ("DUPLICATE_IDENTITY", GoesOn),
    ("SERVER_SHUTDOWN", Dropped),
    ("PARTICIPANT_REMOVED", Left),
    ("ROOM_DELETED", Left),
    ("STATE_MISMATCH", Dropped),
    ("JOIN_FAILURE", NeverIn),
    ("MIGRATION", GoesOn),
    ("SIGNAL_CLOSE", Dropped),
    ("ROOM_CLOSED", Left),
    ("USER_UNAVAILABLE", NotReached),
    ("USER_REJECTED", NotReached),
    ("SIP_TRUNK_FAILURE", NeverIn),
    ("CONNECTION_TIMEOUT", Dropped),
    ("MEDIA_FAILURE", Dropped),
    ("AGENT_ERROR", Dropped),
];

impl Departure {
    /// What `reason` means, and its code.
    pub(super) fn of(reason: Option<&Value>) -> (Self, String) {
        let known = match reason {
            None | Some(Value::Null) => REASONS.first(),
            Some(Value::String(text)) => REASONS.iter().find(|(name, _)| name == text),
            Some(other) => {
                other.as_u64().and_then(|number| usize::try_from(number).ok()).and_then(|at| REASONS.get(at))
            }
        };
        if let Some((name, departure)) = known {
            return (*departure, name.to_ascii_lowercase());
        }
        let kept = match reason {
            Some(Value::String(text)) => code(text),
            Some(Value::Number(number)) => code(&number.to_string()),
            _ => None,
        };
        (Self::Unrecognised, kept.unwrap_or_else(|| UNRECOGNISED.to_owned()))
    }

    /// The payload it becomes, with the reason, if it is an event.
    pub(super) fn payload(self, reason: String) -> Option<Payload> {
        match self {
            Self::Left if reason == "client_initiated" => Some(Payload::Left { reason: None }),
            Self::Left | Self::Untold | Self::Unrecognised => Some(Payload::Left { reason: Some(reason) }),
            Self::Dropped => Some(Payload::Dropped { reason: Some(reason) }),
            Self::NeverIn => Some(Payload::JoinFailed { reason: Some(reason) }),
            Self::GoesOn | Self::NotReached => None,
        }
    }

    /// What is said of it when it is counted beside the events.
    pub(super) fn note(self) -> Option<&'static str> {
        match self {
            Self::GoesOn => Some(
                "DUPLICATE_IDENTITY, MIGRATION: another connection of the same person goes on, which is no departure",
            ),
            Self::NotReached => {
                Some("USER_UNAVAILABLE, USER_REJECTED: a telephone that was not answered brought nobody in")
            }
            Self::Untold => Some(
                "no disconnect reason, or UNKNOWN_REASON, is read as a plain departure: a server that tells none tells no drop",
            ),
            Self::Unrecognised => {
                Some("a disconnect reason that is not known is kept as a code and read as a plain departure")
            }
            Self::Left | Self::Dropped | Self::NeverIn => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reasons_are_known_by_name_and_by_number() {
        let of = |json: &str| Departure::of(Some(&serde_json::from_str(json).unwrap()));
        assert_eq!(of("9"), (Dropped, "signal_close".into()));
        for (number, (name, departure)) in REASONS.iter().enumerate() {
            let expected = (*departure, name.to_ascii_lowercase());
            assert_eq!(of(&number.to_string()), expected);
            assert_eq!(of(&format!("\"{name}\"")), expected);
        }
        assert_eq!(Departure::of(None), (Untold, "unknown_reason".into()));
        assert_eq!(of("null"), (Untold, "unknown_reason".into()));
        assert_eq!(of("17"), (Departure::Unrecognised, "17".into()));
        assert_eq!(of("\"NEW_REASON\""), (Departure::Unrecognised, "new_reason".into()));
        assert_eq!(of("\"Jill left\""), (Departure::Unrecognised, "unrecognised".into()));
        assert_eq!(of("-1"), (Departure::Unrecognised, "_1".into()));
        assert_eq!(of("[]"), (Departure::Unrecognised, "unrecognised".into()));
    }
}
