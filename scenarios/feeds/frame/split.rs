//! One JSON value after another, each handed on as soon as it ends.
//!
//! No more is held than one value and what was read with its end. Whether bytes come in small pieces or
//! large ones makes no difference to what is handed on.

use std::io::{BufRead, ErrorKind};

use memchr::{memchr, memchr_iter, memchr2_iter, memrchr};

use super::scan::{Broken, Scan, Step};
use super::{Frame, KEPT_OF_LONG};
use crate::{FeedError, Refusal};

/// Consumed bytes that are let go of together.
const SPENT: usize = 1 << 18;

/// The values of an input.
pub(super) struct Values<'a> {
    input: &'a mut dyn BufRead,
    limit: usize,
    /// What was read and not let go of; what was handed on lies before `at`.
    text: Vec<u8>,
    at: usize,
    /// The line of `at`, from 1.
    line: u64,
    /// How far that line is indented, and whether only blanks stand before `at`.
    indent: usize,
    at_start: bool,
    /// The line of the outermost array, if one is open.
    array: Option<u64>,
    /// Whether its next element was announced by a comma.
    comma: bool,
    /// The first line of a value that does not end well.
    shown: Vec<u8>,
    begun: bool,
}

impl<'a> Values<'a> {
    pub(super) fn new(input: &'a mut dyn BufRead, limit: usize) -> Self {
        let (text, shown) = (Vec::new(), Vec::new());
        Self {
            input,
            limit,
            text,
            at: 0,
            line: 1,
            indent: 0,
            at_start: true,
            array: None,
            comma: true,
            shown,
            begun: false,
        }
    }

    /// The next value.
    pub(super) fn next(&mut self) -> Result<Option<Frame<'_>>, FeedError> {
        if !self.begun {
            self.begun = true;
            self.skip_mark()?;
        }
        // What is left is moved: no more than what is let go of, or a long rest is moved again and again.
        if self.at >= SPENT && self.at >= self.text.len() / 2 {
            self.text.drain(..self.at);
            self.at = 0;
        }
        loop {
            let Some(byte) = self.skip_between()? else { return Ok(self.array_is_open()) };
            match (byte, self.array) {
                (b'[', Some(_)) if !self.comma => {
                    // The comma is missing since the end of the array before it is.
                    return Ok(self.array_is_open());
                }
                (b'[', None) => (self.array, self.comma) = (Some(self.line), true),
                (b']', Some(_)) => self.array = None,
                (b'{' | b'[', _) | (b'"', Some(_)) => return self.value().map(Some),
                (_, Some(_)) => return self.word().map(Some),
                (_, None) => return self.whole_line(0).map(Some),
            }
            self.step(1);
        }
    }

    /// That the outermost array is not closed, if it is so.
    fn array_is_open(&mut self) -> Option<Frame<'static>> {
        self.array.take()?;
        let reason = "the array that the document begins with is not closed; the end of the file is missing";
        Some(Frame { line: self.line, text: b"", broken: Some(Refusal::whole(reason)) })
    }

    /// Reads on; whether there was more.
    fn fill(&mut self) -> Result<bool, FeedError> {
        loop {
            let available = match self.input.fill_buf() {
                Ok(available) => available,
                Err(error) if error.kind() == ErrorKind::Interrupted => continue,
                Err(error) => return Err(error.into()),
            };
            let count = available.len();
            self.text.extend_from_slice(available);
            self.input.consume(count);
            return Ok(count > 0);
        }
    }

    fn rest(&self) -> &[u8] {
        &self.text[self.at..]
    }

    /// The byte so far behind, if there is one.
    fn peek(&mut self, ahead: usize) -> Result<Option<u8>, FeedError> {
        while self.text.len() <= self.at + ahead {
            if !self.fill()? {
                return Ok(None);
            }
        }
        Ok(Some(self.text[self.at + ahead]))
    }

    /// Moves past a byte order mark.
    fn skip_mark(&mut self) -> Result<(), FeedError> {
        const MARK: &[u8] = b"\xef\xbb\xbf";
        self.peek(MARK.len() - 1)?;
        if self.text.starts_with(MARK) {
            self.at = MARK.len();
        }
        Ok(())
    }

    /// Moves past so many bytes, and keeps the line and its beginning.
    fn step(&mut self, count: usize) {
        let passed = &self.text[self.at..self.at + count];
        let lines = memchr_iter(b'\n', passed).count();
        if lines > 0 {
            self.line += lines as u64;
            (self.indent, self.at_start) = (0, true);
        }
        let tail = &passed[memrchr(b'\n', passed).map_or(0, |at| at + 1)..];
        if self.at_start {
            let blanks = indent_of(tail);
            self.indent += blanks;
            self.at_start = blanks == tail.len();
        }
        self.at += count;
    }

    /// Moves past white space and commas; the byte that follows, if one does.
    fn skip_between(&mut self) -> Result<Option<u8>, FeedError> {
        loop {
            let between = |byte: &u8| byte.is_ascii_whitespace() || *byte == b',';
            let count = self.rest().iter().position(|byte| !between(byte));
            let skipped = &self.text[self.at..self.at + count.unwrap_or(self.text.len() - self.at)];
            self.comma |= skipped.contains(&b',');
            let length = skipped.len();
            self.step(length);
            if count.is_some() {
                return Ok(Some(self.text[self.at]));
            }
            self.text.clear();
            self.at = 0;
            if !self.fill()? {
                return Ok(None);
            }
        }
    }

    /// The value that begins with a bracket or a quote.
    fn value(&mut self) -> Result<Frame<'_>, FeedError> {
        self.comma = false;
        if let Some(length) = self.plain_line() {
            return Ok(self.hand(length));
        }
        let mut scan = Scan::new(self.indent);
        loop {
            let end = self.text.len().min(self.at + self.limit);
            match scan.step(&self.text[self.at..end]) {
                Step::Done if self.array.is_some() => return Ok(self.hand(scan.at)),
                Step::Done => return self.stands_alone(scan.at),
                Step::Broken(broken) => return self.broken(broken, scan.at),
                Step::More if end < self.text.len() && self.holds_an_object(end) => {
                    return self.broken(Broken::Unclosed, scan.at);
                }
                Step::More if end < self.text.len() => return self.too_long(scan),
                Step::More if !self.fill()? => return self.broken(Broken::Unclosed, scan.at),
                Step::More => {}
            }
        }
    }

    /// Whether a line before `end` begins an object no further in than the value that goes on there, which
    /// then was cut off rather than that long.
    fn holds_an_object(&self, end: usize) -> bool {
        let text = &self.text[self.at..end];
        memchr_iter(b'\n', text).any(|at| {
            let line = &text[at + 1..];
            let blanks = indent_of(&line[..line.len().min(self.indent + 1)]);
            blanks <= self.indent && line.get(blanks) == Some(&b'{')
        })
    }

    /// The length of a line that is one value, as lines mostly are, without looking into it: it ends with a
    /// brace, and the next line begins with one, which is possible within no value.
    fn plain_line(&self) -> Option<usize> {
        let rest = self.rest();
        let end = memchr(b'\n', rest).filter(|end| rest.get(end + 1) == Some(&b'{'))?;
        let line = rest[..end].trim_ascii_end();
        let is_plain = self.array.is_none() && line.starts_with(b"{") && line.ends_with(b"}");
        if !is_plain || line.len() > self.limit {
            return None;
        }
        let several = memchr2_iter(b'}', b']', line).any(|at| {
            let behind = line[at + 1..].iter().find(|byte| !matches!(byte, b' ' | b'\t' | b'\r' | b','));
            matches!(behind, Some(b'{' | b'['))
        });
        (!several).then_some(line.len())
    }

    /// Hands on so many bytes as a value.
    fn hand(&mut self, length: usize) -> Frame<'_> {
        let (line, from) = (self.line, self.at);
        self.step(length);
        Frame { line, text: &self.text[from..from + length], broken: None }
    }

    /// A value of so many bytes outside of any array: what stands behind it on its line must be a value too,
    /// or all of it is for the parser to refuse.
    fn stands_alone(&mut self, length: usize) -> Result<Frame<'_>, FeedError> {
        let mut ahead = length;
        loop {
            match self.peek(ahead)? {
                Some(b' ' | b'\t' | b'\r' | b',') if ahead <= self.limit => ahead += 1,
                None | Some(b'\n' | b'{' | b'[' | b' ' | b'\t' | b'\r' | b',') => {
                    return Ok(self.hand(length));
                }
                Some(_) => return self.whole_line(length),
            }
        }
    }

    /// The bytes up to the end of the line that ends at least so far behind, whatever they are.
    fn whole_line(&mut self, least: usize) -> Result<Frame<'_>, FeedError> {
        let mut seen = least;
        let end = loop {
            if let Some(end) = memchr(b'\n', &self.text[self.at + seen..]) {
                break seen + end;
            }
            seen = self.text.len() - self.at;
            if seen > self.limit || !self.fill()? {
                break seen;
            }
        };
        let length = self.rest()[..end].trim_ascii_end().len();
        if length <= self.limit {
            return Ok(self.hand(length));
        }
        let line = self.line;
        self.show_first_line();
        let length = self.skip_line()?;
        let limit = self.limit;
        let reason = format!("the line has {length} bytes; at most {limit} are read: write one event a line");
        Ok(Frame { line, text: &self.shown, broken: Some(Refusal::whole(reason)) })
    }

    /// A number, a word, or whatever stands where an element of an array should.
    fn word(&mut self) -> Result<Frame<'_>, FeedError> {
        self.comma = false;
        let mut length = 1;
        while length < self.limit {
            match self.peek(length)? {
                None | Some(b',' | b']' | b'}' | b'\n') => break,
                Some(_) => length += 1,
            }
        }
        Ok(self.hand(length))
    }

    /// The first line of a value that does not end well; reading goes on with the next line that begins an
    /// object no further in. Outside of an array nothing but the line is lost where the line is at fault.
    fn broken(&mut self, broken: Broken, fault: usize) -> Result<Frame<'_>, FeedError> {
        let (line, indent) = (self.line, self.indent);
        let looked_at = &self.rest()[..fault.min(self.text.len() - self.at)];
        let behind_line = memchr(b'\n', looked_at).map(|end| &looked_at[end..]);
        let has_gone_on = behind_line.is_some_and(|behind| !behind.trim_ascii().is_empty());
        let line_is_at_fault = behind_line.is_none();
        while memchr(b'\n', self.rest()).is_none() && self.text.len() - self.at <= self.limit {
            if !self.fill()? {
                break;
            }
        }
        self.show_first_line();
        if line_is_at_fault && self.array.is_none() {
            self.skip_line()?;
        } else {
            self.skip_to_object(indent)?;
        }
        // Of a single line the parser says better what is wrong, and where.
        let parser_tells = !has_gone_on && (self.array.is_none() || broken != Broken::TooDeep);
        let refusal = (!parser_tells).then(|| Refusal::whole(broken.reason()));
        Ok(Frame { line, text: &self.shown, broken: refusal })
    }

    /// A value of more bytes than may be held: what it was begun with is shown, and the rest passed over.
    fn too_long(&mut self, mut scan: Scan) -> Result<Frame<'_>, FeedError> {
        let (line, indent, limit) = (self.line, self.indent, self.limit);
        self.show_first_line();
        let mut length = 0;
        loop {
            let seen = scan.at.min(self.text.len() - self.at);
            length += seen;
            scan.at -= seen;
            self.step(seen);
            self.text.drain(..self.at);
            self.at = 0;
            if self.text.is_empty() && !self.fill()? {
                break;
            }
            match scan.step(&self.text) {
                Step::More => {}
                Step::Done => {
                    length += scan.at;
                    self.step(scan.at);
                    break;
                }
                Step::Broken(_) => {
                    self.skip_to_object(indent)?;
                    break;
                }
            }
        }
        let reason = format!(
            "the value has more than {limit} bytes ({length} were passed over): split it into smaller ones"
        );
        Ok(Frame { line, text: &self.shown, broken: Some(Refusal::whole(reason)) })
    }

    /// Keeps the line that `at` is on, as far as it was read, to be shown.
    fn show_first_line(&mut self) {
        let rest = &self.text[self.at..self.text.len().min(self.at + self.limit + 1)];
        let first = rest[..memchr(b'\n', rest).unwrap_or(rest.len())].trim_ascii_end();
        let kept = if first.len() > self.limit { KEPT_OF_LONG.min(self.limit + 1) } else { first.len() };
        self.shown.clear();
        self.shown.extend_from_slice(&first[..kept]);
    }

    /// Moves to the end of the line; how many bytes that is.
    fn skip_line(&mut self) -> Result<usize, FeedError> {
        let mut length = 0;
        loop {
            let end = memchr(b'\n', self.rest());
            let count = end.map_or(self.text.len() - self.at, |end| end + 1);
            self.step(count);
            length += count;
            if end.is_some() {
                return Ok(length);
            }
            self.text.clear();
            self.at = 0;
            if !self.fill()? {
                return Ok(length);
            }
        }
    }

    /// Moves to the next line that begins an object no further in than `indent`.
    fn skip_to_object(&mut self, indent: usize) -> Result<(), FeedError> {
        loop {
            self.skip_line()?;
            let mut blanks = 0;
            let first = loop {
                match self.peek(blanks)? {
                    Some(b' ' | b'\t') if blanks <= indent => blanks += 1,
                    first => break first,
                }
            };
            if first.is_none() || (first == Some(b'{') && blanks <= indent) {
                return Ok(());
            }
        }
    }
}

fn indent_of(line: &[u8]) -> usize {
    line.iter().take_while(|byte| matches!(byte, b' ' | b'\t')).count()
}
