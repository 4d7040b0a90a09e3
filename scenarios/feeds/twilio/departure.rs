//! Why a stay ended, by what Video Insights says of it: an error code, an end reason, both, or neither.
//!
//! The error code decides where there is one, since Twilio documents what each means. End reasons are
//! codes of Twilio's own, of which only some are published: those that speak of a connection that failed
//! are read as drops, all others as leaving, and either way the code is kept.

use event::Payload;

/// Error codes and what they mean.
const CODES: &[(std::ops::RangeInclusive<i64>, Departure)] = &[
    (53000..=53006, Departure::Dropped("signaling")),
    (53118..=53118, Departure::Left("room_completed")),
    (53205..=53205, Departure::Left("duplicate_identity")),
    (53216..=53216, Departure::Left("session_length_exceeded")),
    (53400..=53409, Departure::Dropped("media")),
];

/// Parts of end reasons that speak of a connection that failed.
const FAILED: &[&str] = &["signaling", "media_", "connection_", "ice_", "network", "_lost"];

#[derive(Clone, Copy)]
enum Departure {
    /// Without intent.
    Dropped(&'static str),
    /// On purpose, or by the application's doing.
    Left(&'static str),
}

/// What an end of a stay becomes.
pub(super) fn payload(end_reason: Option<String>, error_code: Option<i64>) -> Payload {
    let known = error_code.and_then(|code| CODES.iter().find(|(codes, _)| codes.contains(&code)));
    if let Some((_, departure)) = known {
        return match departure {
            Departure::Dropped(reason) => Payload::Dropped { reason: Some((*reason).to_owned()) },
            Departure::Left(reason) => Payload::Left { reason: Some((*reason).to_owned()) },
        };
    }
    let has_failed = end_reason.as_deref().is_some_and(|reason| {
        let reason = reason.to_ascii_lowercase();
        FAILED.iter().any(|part| reason.contains(part))
    });
    let reason = end_reason.or_else(|| error_code.map(|code| format!("error_{code}")));
    if has_failed { Payload::Dropped { reason } } else { Payload::Left { reason } }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_error_code_decides_and_unknown_reasons_are_kept() {
        let shown = |reason: Option<&str>, code| match payload(reason.map(str::to_owned), code) {
            Payload::Dropped { reason } => format!("dropped {}", reason.unwrap_or_default()),
            Payload::Left { reason } => format!("left {}", reason.unwrap_or_default()),
            other => panic!("{other:?}"),
        };
        assert_eq!(shown(None, None), "left ");
        assert_eq!(shown(Some("disconnected_via_api"), None), "left disconnected_via_api");
        assert_eq!(shown(Some("signaling_connection_timeout"), None), "dropped signaling_connection_timeout");
        assert_eq!(shown(Some("disconnected_via_api"), Some(53001)), "dropped signaling");
        assert_eq!(shown(None, Some(53405)), "dropped media");
        assert_eq!(shown(Some("media_connection_error"), Some(53205)), "left duplicate_identity");
        assert_eq!(shown(Some("levitated"), Some(53999)), "left levitated");
        assert_eq!(shown(None, Some(53999)), "left error_53999");
    }
}
