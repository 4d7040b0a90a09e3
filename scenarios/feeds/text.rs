//! Which texts may be part of an event: bounded, without control characters.
//!
//! CloudEvents forbids control characters in its strings; here they would also reach terminals and
//! spreadsheets. Every feed checks names, ids and codes by the same rule.

use std::fmt::Display;

use crate::Refusal;

/// The longest name, id or code, in bytes.
pub(crate) const TEXT_LIMIT: usize = 1024;

/// Refuses a text that may not be part of an event; `name` and `place` say which it is. The text itself is
/// not shown: it may name a person.
pub(crate) fn check(text: &str, name: &dyn Display, place: impl FnOnce() -> String) -> Result<(), Refusal> {
    if text.len() > TEXT_LIMIT {
        let reason = format!("{name} has {} bytes; write at most {TEXT_LIMIT}", text.len());
        return Err(Refusal::at(place(), reason));
    }
    if has_control(text) {
        let (length, at) = (text.chars().count(), text.chars().take_while(|c| !c.is_control()).count() + 1);
        let reason = format!(
            "{name} has a control character, number {at} of {length} characters; write it without control \
             characters (line breaks, tabs, escapes)"
        );
        return Err(Refusal::at(place(), reason));
    }
    Ok(())
}

/// As [`check`], and the text may not be empty.
pub(crate) fn check_named(text: &str, name: &dyn Display, place: impl Fn() -> String) -> Result<(), Refusal> {
    if text.is_empty() {
        return Err(Refusal::at(place(), format!("{name} is empty; write a text that is not")));
    }
    check(text, name, place)
}

/// Whether a character is among those that CloudEvents forbids.
fn has_control(text: &str) -> bool {
    // Plain printable ASCII, by far the most frequent, is settled without decoding.
    text.bytes().fold(false, |seen, byte| seen | !(0x20..0x7f).contains(&byte))
        && text.chars().any(char::is_control)
}

/// The text as a string of JSON and of TOML alike: JSON lets a delete character stand, TOML does not.
pub(crate) fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string().replace('\u{7f}', "\\u007f")
}

/// A value as a message shows it: one line, not too long.
pub(crate) fn shown(value: &str) -> String {
    const LONGEST: usize = 60;
    let flat: String =
        value.chars().map(|c| if c.is_control() { ' ' } else { c }).take(LONGEST + 1).collect();
    if flat.chars().count() <= LONGEST { flat } else { flat.chars().take(LONGEST).chain(['…']).collect() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn control_characters_and_long_texts_are_refused_with_the_name() {
        let refusal = |text: &str| check(text, &"id", || "/id".into()).unwrap_err().reason;
        let escape = "id has a control character, number 2 of 6 characters; write it without control";
        assert!(refusal("a\u{1b}[31m").starts_with(escape));
        assert!(refusal("a\u{85}").contains("control"));
        assert_eq!(refusal(&"x".repeat(1025)), "id has 1025 bytes; write at most 1024");
        assert!(check("Ærø, ひ", &"id", || "/id".into()).is_ok());
    }
}
