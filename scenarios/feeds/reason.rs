//! Reasons as vendors tell them, kept as codes, and reasons why something told becomes no event.
//!
//! A vendor's reason is kept when it is a code: a word out of a list, in letters and digits. What looks
//! written by somebody may hold a name; it is not kept. Nothing here says what a reason means: that is
//! for the feed of the vendor.

use crate::Rule;
use crate::tale::Told;
use crate::text::{quoted, shown};

/// The longest code, in bytes.
const LONGEST: usize = 64;

/// What is kept of a reason that is no code.
pub(crate) const UNRECOGNISED: &str = "unrecognised";

/// What is counted of it.
pub(crate) const NOT_KEPT: &str = "a reason that is no code is not kept: it may hold a name";

/// The reason as a code in small letters, words joined by underscores; `None` when it is no code.
pub(crate) fn code(text: &str) -> Option<String> {
    let is_code = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-');
    if text.is_empty() || text.len() > LONGEST || !text.bytes().all(is_code) {
        return None;
    }
    let mut code = String::with_capacity(text.len() + 8);
    let mut after_small = false;
    for c in text.chars() {
        if c.is_ascii_uppercase() && after_small {
            code.push('_');
        }
        after_small = c.is_ascii_lowercase() || c.is_ascii_digit();
        code.push(if c == '-' { '_' } else { c.to_ascii_lowercase() });
    }
    Some(code)
}

/// As [`code`], with the note that a reason that is no code was not kept.
pub(crate) fn kept(text: &str) -> (String, Option<Told>) {
    match code(text) {
        Some(code) => (code, None),
        None => (UNRECOGNISED.to_owned(), Some(Told::Skipped(NOT_KEPT.into()))),
    }
}

/// Something called `name` that becomes no event, with the reason that `rules` give.
pub(crate) fn untaken(rules: &[Rule], name: &str) -> Told {
    let is_named = |rule: &&Rule| rule.ours.is_none() && rule.theirs.split(", ").any(|theirs| theirs == name);
    Told::Skipped(match rules.iter().find(is_named) {
        Some(rule) => format!("{name}: {}", rule.why).into(),
        None => format!("{}: it tells nothing that this feed reads", shown(&quoted(name))).into(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_kept_and_sentences_are_not() {
        let codes = [
            ("SIGNAL_CLOSE", "signal_close"),
            ("AudioJoinedFromAnotherDevice", "audio_joined_from_another_device"),
            ("unrecoverable_error", "unrecoverable_error"),
            ("some-reason", "some_reason"),
            ("ICEFailed", "icefailed"),
        ];
        for (text, expected) in codes {
            assert_eq!(code(text).as_deref(), Some(expected));
        }
        for text in ["", "Jill left", "a.b@example.com", &"x".repeat(65)] {
            assert_eq!(code(text), None, "{text}");
        }
    }
}
