//! Why a stay ended, by what Video Insights says of it: an error code, an end reason, both, or neither.
//!
//! The error code decides where there is one, since Twilio documents what each means. End reasons are
//! codes of Twilio's own, of which only some are published: those that speak of a connection that failed
//! are read as drops, all others as leaving, and either way the code is kept. What is no code but a
//! sentence may hold a name and is not kept.

use event::Payload;

use crate::reason::{self, UNRECOGNISED};

/// Why somebody whose identity came in again did not leave.
pub(super) const TAKEN_OVER: &str =
    "duplicate identity: another connection of the same person took over and goes on, which is no departure";

/// How a stay ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Departure {
    /// Without intent.
    Dropped(String),
    /// On purpose, or by the application's doing.
    Left(Option<String>),
    /// Another connection of the same person goes on.
    TakenOver,
}

/// Parts of end reasons that speak of a connection that failed.
const FAILED: &[&str] = &["signaling", "media_", "connection_", "ice_", "network", "_lost"];

impl Departure {
    pub(super) fn of(end_reason: Option<&str>, error_code: Option<i64>) -> Self {
        match error_code {
            Some(53000..=53006) => return Self::Dropped("signaling".to_owned()),
            Some(53118) => return Self::Left(Some("room_completed".to_owned())),
            Some(53205) => return Self::TakenOver,
            Some(53216) => return Self::Left(Some("session_length_exceeded".to_owned())),
            Some(53400..=53409) => return Self::Dropped("media".to_owned()),
            _ => {}
        }
        let Some(text) = end_reason else {
            return Self::Left(error_code.map(|code| format!("error_{code}")));
        };
        let (kept, _) = reason::kept(text);
        let words = text.to_ascii_lowercase().replace([' ', '-'], "_");
        if FAILED.iter().any(|part| words.contains(part)) {
            Self::Dropped(kept)
        } else {
            Self::Left(Some(kept))
        }
    }

    /// The payload it becomes, if it is an event.
    pub(super) fn payload(&self) -> Option<Payload> {
        match self {
            Self::Dropped(reason) => Some(Payload::Dropped { reason: Some(reason.clone()) }),
            Self::Left(reason) => Some(Payload::Left { reason: reason.clone() }),
            Self::TakenOver => None,
        }
    }

    /// What is counted beside it.
    pub(super) fn note(&self) -> Option<&'static str> {
        match self {
            Self::TakenOver => Some(TAKEN_OVER),
            Self::Dropped(reason) | Self::Left(Some(reason)) if reason == UNRECOGNISED => {
                Some(reason::NOT_KEPT)
            }
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_error_code_decides_and_unknown_codes_are_kept() {
        let shown = |reason: Option<&str>, code| match Departure::of(reason, code) {
            Departure::Dropped(reason) => format!("dropped {reason}"),
            Departure::Left(reason) => format!("left {}", reason.unwrap_or_default()),
            Departure::TakenOver => "taken over".to_owned(),
        };
        assert_eq!(shown(None, None), "left ");
        assert_eq!(shown(Some("disconnected_via_api"), None), "left disconnected_via_api");
        assert_eq!(shown(Some("signaling_connection_timeout"), None), "dropped signaling_connection_timeout");
        assert_eq!(shown(Some("disconnected_via_api"), Some(53001)), "dropped signaling");
        assert_eq!(shown(None, Some(53405)), "dropped media");
        assert_eq!(shown(Some("media_connection_error"), Some(53205)), "taken over");
        assert_eq!(shown(Some("levitated"), Some(53999)), "left levitated");
        assert_eq!(shown(None, Some(53999)), "left error_53999");
        // A sentence tells whether a connection failed, and is not kept.
        assert_eq!(shown(Some("The connection of Ada was lost"), None), "dropped unrecognised");
        assert_eq!(shown(Some("Ada hung up"), None), "left unrecognised");
    }
}
