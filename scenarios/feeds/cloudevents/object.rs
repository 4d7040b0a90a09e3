//! An object of JSON in the making, member by member, for those who write lines without a tree of them in between.

use std::fmt::Display;
use std::io::Write as _;

/// Writes the members of one object after the other, behind its `{`; whoever began it ends it.
pub struct Object<'a> {
    /// What is written to.
    pub into: &'a mut Vec<u8>,
}

impl Object<'_> {
    /// The name of the next member.
    pub fn key(&mut self, name: &str) {
        if self.into.last() != Some(&b'{') {
            self.into.push(b',');
        }
        self.quoted(name);
        self.into.push(b':');
    }

    /// A member whose value is JSON already.
    pub fn member(&mut self, name: &str, json: &str) {
        self.key(name);
        self.into.extend_from_slice(json.as_bytes());
    }

    /// A member that is a text.
    pub fn text(&mut self, name: &str, text: &str) {
        self.key(name);
        self.quoted(text);
    }

    pub(super) fn optional(&mut self, name: &str, text: Option<&str>) {
        if let Some(text) = text {
            self.text(name, text);
        }
    }

    /// A member whose value is shown as JSON has it, such as a number.
    pub(super) fn shown(&mut self, name: &str, value: impl Display) {
        self.key(name);
        // Writing into memory does not fail.
        let _ = write!(self.into, "{value}");
    }

    /// A value whose text needs no escapes, in quotes.
    pub(super) fn shown_text(&mut self, value: impl Display) {
        let _ = write!(self.into, "\"{value}\"");
    }

    pub(super) fn quoted(&mut self, text: &str) {
        let plain = |byte: u8| byte >= 0x20 && byte != b'"' && byte != b'\\';
        if text.bytes().all(plain) {
            self.into.push(b'"');
            self.into.extend_from_slice(text.as_bytes());
            self.into.push(b'"');
        } else {
            let _ = serde_json::to_writer(&mut *self.into, text);
        }
    }
}
