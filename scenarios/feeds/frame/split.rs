//! Where one JSON value ends and the next begins, by brackets and quotes alone.
//!
//! Nothing is validated here: that is for whoever parses the value. A value is broken off when its
//! brackets do not close, nest too deeply, or when a line ends within a text, which JSON forbids.

use std::ops::ControlFlow;

use super::Frame;
use crate::{FeedError, Refusal};

/// How deeply values may nest.
const DEEPEST: usize = 128;

/// Hands the values of `text`, which begins on `first_line`, to `each`.
pub(crate) fn values(
    text: &[u8],
    first_line: u64,
    each: &mut dyn FnMut(Frame<'_>) -> ControlFlow<()>,
) -> Result<(), FeedError> {
    let mut cursor = Cursor { text, at: 0, line: first_line };
    let mut within_array = false;
    while let Some(byte) = cursor.skip_between() {
        match byte {
            b'[' if !within_array => {
                within_array = true;
                cursor.at += 1;
            }
            b']' if within_array => {
                within_array = false;
                cursor.at += 1;
            }
            _ => {
                let line = cursor.line;
                let (text, broken) = cursor.value();
                if each(Frame { line, text, broken }).is_break() {
                    return Ok(());
                }
            }
        }
    }
    if within_array {
        let reason = "the array that the document begins with is not closed; the end of the file is missing";
        let _ = each(Frame { line: cursor.line, text: b"", broken: Some(Refusal::whole(reason)) });
    }
    Ok(())
}

/// Whether the value that `line` begins goes on after it.
pub(crate) fn is_open(line: &[u8]) -> bool {
    matches!(end_of_value(line.trim_ascii_start()), Err(Broken::Unclosed))
}

/// Whether `second` looks like the next line of the value begun on `first`, rather than a new value.
pub(crate) fn continues(first: &[u8], second: &[u8]) -> bool {
    !second.starts_with(b"{") || first.trim_ascii_end().last().is_some_and(|byte| matches!(byte, b'[' | b':'))
}

struct Cursor<'a> {
    text: &'a [u8],
    at: usize,
    line: u64,
}

impl<'a> Cursor<'a> {
    /// Moves past white space and commas; the byte that follows, if one does.
    fn skip_between(&mut self) -> Option<u8> {
        loop {
            match *self.text.get(self.at)? {
                b'\n' => self.line += 1,
                b' ' | b'\t' | b'\r' | b',' => {}
                byte => return Some(byte),
            }
            self.at += 1;
        }
    }

    /// Moves past one value, or past the broken beginning of one.
    fn value(&mut self) -> (&'a [u8], Option<Refusal>) {
        let rest = &self.text[self.at..];
        let (length, broken) = match end_of_value(rest) {
            Ok(length) => (length, None),
            Err(broken) => (self.resume_after_broken(), Some(Refusal::whole(broken.reason()))),
        };
        let text = &rest[..length];
        self.at += length;
        self.line += text.iter().filter(|byte| **byte == b'\n').count() as u64;
        // What is shown of a broken value is its first line.
        let shown =
            if broken.is_some() { text.split(|byte| *byte == b'\n').next().unwrap_or(text) } else { text };
        (shown, broken)
    }

    /// The bytes up to the next line that begins an object no further in than this one.
    fn resume_after_broken(&self) -> usize {
        let start = self.text[..self.at].iter().rposition(|byte| *byte == b'\n').map_or(0, |at| at + 1);
        let indent = indent_of(&self.text[start..]);
        let rest = &self.text[self.at..];
        let mut at = 0;
        while let Some(end) = rest[at..].iter().position(|byte| *byte == b'\n') {
            at += end + 1;
            let line = &rest[at..];
            if indent_of(line) <= indent && line.trim_ascii_start().starts_with(b"{") {
                return at;
            }
        }
        rest.len()
    }
}

fn indent_of(line: &[u8]) -> usize {
    line.iter().take_while(|byte| matches!(byte, b' ' | b'\t')).count()
}

#[derive(Debug)]
enum Broken {
    Unclosed,
    LineEndInText,
    Unopened,
    TooDeep,
}

impl Broken {
    fn reason(&self) -> &'static str {
        match self {
            Self::Unclosed => "a bracket that opens here is not closed; the rest of the value is missing",
            Self::LineEndInText => {
                "a text is not closed before the end of its line; write line breaks as \\n"
            }
            Self::Unopened => "a bracket is closed that was not opened",
            Self::TooDeep => "the value nests more than 128 levels deep",
        }
    }
}

/// The length of the value that `text` begins with.
fn end_of_value(text: &[u8]) -> Result<usize, Broken> {
    let (mut depth, mut at) = (0_usize, 0);
    while let Some(byte) = text.get(at) {
        match byte {
            b'"' => at = end_of_text(text, at)?,
            b'{' | b'[' => depth += 1,
            b'}' | b']' => depth = depth.checked_sub(1).ok_or(Broken::Unopened)?,
            _ if depth == 0 => return Ok(end_of_word(text)),
            _ => {}
        }
        at += 1;
        if depth == 0 {
            return Ok(at);
        }
        if depth > DEEPEST {
            return Err(Broken::TooDeep);
        }
    }
    Err(Broken::Unclosed)
}

/// The position of the quote that closes the text opened at `at`.
fn end_of_text(text: &[u8], at: usize) -> Result<usize, Broken> {
    let mut at = at + 1;
    loop {
        match text.get(at) {
            Some(b'"') => return Ok(at),
            Some(b'\\') => at += 2,
            Some(b'\n') => return Err(Broken::LineEndInText),
            Some(_) => at += 1,
            None => return Err(Broken::LineEndInText),
        }
    }
}

/// The length of a number, a word, or whatever stands where a value should.
fn end_of_word(text: &[u8]) -> usize {
    text.iter().position(|byte| matches!(byte, b',' | b']' | b'}' | b'\n')).unwrap_or(text.len()).max(1)
}
