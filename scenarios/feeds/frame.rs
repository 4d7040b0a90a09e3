//! Bytes to lines, and bytes to JSON values, with bounded memory and the line of each.
//!
//! JSON comes as one value a line, as an array of values, or as values spread over several lines; which
//! of these it is shows on its first lines. A value that does not end well is cut at its first line and
//! reading goes on with the next line that can begin one, so that one bad line never loses a recording.

mod split;

use std::io::{BufRead, Read};
use std::ops::ControlFlow;

use crate::{DOCUMENT_LIMIT, FeedError, Refusal};

/// A piece of the input: the line that it begins on, its bytes, and what is wrong with them if they are
/// not one whole value.
pub(crate) struct Frame<'a> {
    pub(crate) line: u64,
    pub(crate) text: &'a [u8],
    pub(crate) broken: Option<Refusal>,
}

/// How much of a line that is too long is kept to be shown.
const KEPT_OF_LONG: usize = 4096;

/// Hands every JSON value to `each`, the elements of an outermost array one by one.
pub(crate) fn json_values(
    input: &mut dyn BufRead,
    limit: usize,
    each: &mut dyn FnMut(Frame<'_>) -> ControlFlow<()>,
) -> Result<(), FeedError> {
    values_within(input, limit, DOCUMENT_LIMIT, each)
}

/// [`json_values`] of a document that has at most `most` bytes, where it has to be read whole.
fn values_within(
    input: &mut dyn BufRead,
    limit: usize,
    most: usize,
    each: &mut dyn FnMut(Frame<'_>) -> ControlFlow<()>,
) -> Result<(), FeedError> {
    let mut reader = LineReader::new(input, limit);
    if reader.skip_blank()? == Some(b'[') {
        let line = reader.line + 1;
        return whole(reader, line, Vec::new(), most, each);
    }
    let (mut first, mut second) = (Vec::new(), Vec::new());
    let Some(broken) = reader.next_line(&mut first)? else { return Ok(()) };
    let line = reader.line;
    if broken.is_none() && split::is_open(&first) {
        let Some(broken) = reader.next_line(&mut second)? else { return split::values(&first, line, each) };
        if broken.is_none() && split::continues(&first, &second) {
            let gap = usize::try_from(reader.line - line).unwrap_or(usize::MAX);
            // Blank lines cost nothing to send, and a packed file can have any number of them.
            if gap > most.saturating_sub(first.len() + second.len()) {
                return Err(FeedError::TooLarge { limit: most });
            }
            first.extend(std::iter::repeat_n(b'\n', gap));
            first.append(&mut second);
            first.push(b'\n');
            return whole(reader, line, first, most, each);
        }
        if each(Frame { line, text: &first, broken: None }).is_break()
            || one(Frame { line: reader.line, text: &second, broken }, each)?.is_break()
        {
            return Ok(());
        }
    } else if one(Frame { line, text: &first, broken }, each)?.is_break() {
        return Ok(());
    }
    while let Some(broken) = reader.next_line(&mut first)? {
        if one(Frame { line: reader.line, text: &first, broken }, each)?.is_break() {
            break;
        }
    }
    Ok(())
}

/// One line of one value, or of a whole array of them.
fn one(
    frame: Frame<'_>,
    each: &mut dyn FnMut(Frame<'_>) -> ControlFlow<()>,
) -> Result<ControlFlow<()>, FeedError> {
    if frame.broken.is_some() || !frame.text.trim_ascii_start().starts_with(b"[") {
        return Ok(each(frame));
    }
    let mut flow = ControlFlow::Continue(());
    split::values(frame.text, frame.line, &mut |frame| {
        flow = each(frame);
        flow
    })?;
    Ok(flow)
}

/// The rest of the input, read whole after its first `text`, split into values.
fn whole(
    reader: LineReader<'_>,
    line: u64,
    mut text: Vec<u8>,
    most: usize,
    each: &mut dyn FnMut(Frame<'_>) -> ControlFlow<()>,
) -> Result<(), FeedError> {
    let room = (most + 1).saturating_sub(text.len()) as u64;
    reader.input.take(room).read_to_end(&mut text)?;
    if text.len() > most {
        return Err(FeedError::TooLarge { limit: most });
    }
    split::values(&text, line, each)
}

/// Reads lines of bounded length and counts them.
pub(crate) struct LineReader<'a> {
    input: &'a mut dyn BufRead,
    limit: usize,
    /// The line that was read last, from 1.
    pub(crate) line: u64,
}

impl<'a> LineReader<'a> {
    pub(crate) fn new(input: &'a mut dyn BufRead, limit: usize) -> Self {
        Self { input, limit, line: 0 }
    }

    /// Moves past a byte order mark and white space; the byte that follows, if one does.
    fn skip_blank(&mut self) -> Result<Option<u8>, FeedError> {
        let mut mark = b"\xef\xbb\xbf".as_slice();
        loop {
            let byte = match self.input.fill_buf() {
                Ok(available) => available.first().copied(),
                Err(error) if error.kind() == std::io::ErrorKind::Interrupted => continue,
                Err(error) => return Err(error.into()),
            };
            match byte {
                Some(byte) if mark.first() == Some(&byte) => mark = &mark[1..],
                Some(byte) if byte.is_ascii_whitespace() => self.line += u64::from(byte == b'\n'),
                byte => return Ok(byte),
            }
            self.input.consume(1);
        }
    }

    /// The next line that is not blank into `text`; `None` at the end, `Some(Some(why))` when too long.
    fn next_line(&mut self, text: &mut Vec<u8>) -> Result<Option<Option<Refusal>>, FeedError> {
        loop {
            match self.any_line(text)? {
                None => return Ok(None),
                Some(Some(refusal)) => return Ok(Some(Some(refusal))),
                Some(None) => {}
            }
            if !text.trim_ascii().is_empty() {
                return Ok(Some(None));
            }
        }
    }

    /// As [`Self::next_line`], but blank lines too.
    pub(crate) fn any_line(&mut self, text: &mut Vec<u8>) -> Result<Option<Option<Refusal>>, FeedError> {
        text.clear();
        let length = self.read_line(text)?;
        if length == 0 {
            return Ok(None);
        }
        self.line += 1;
        if self.line == 1 && text.starts_with(b"\xef\xbb\xbf") {
            text.drain(..3);
        }
        while text.last().is_some_and(|byte| matches!(byte, b'\n' | b'\r')) {
            text.pop();
        }
        if length > self.limit {
            text.truncate(KEPT_OF_LONG);
            let limit = self.limit;
            let reason =
                format!("the line has {length} bytes; at most {limit} are read: write one event a line");
            return Ok(Some(Some(Refusal::whole(reason))));
        }
        Ok(Some(None))
    }

    /// Reads to the next line break, keeping at most `limit` bytes; the length of the whole line.
    fn read_line(&mut self, text: &mut Vec<u8>) -> std::io::Result<usize> {
        let mut length = 0;
        loop {
            let available = match self.input.fill_buf() {
                Ok(available) => available,
                Err(error) if error.kind() == std::io::ErrorKind::Interrupted => continue,
                Err(error) => return Err(error),
            };
            let end = memchr::memchr(b'\n', available);
            let used = end.map_or(available.len(), |end| end + 1);
            let kept = used.min((self.limit + 1).saturating_sub(text.len()));
            text.extend_from_slice(&available[..kept]);
            self.input.consume(used);
            length += used;
            if end.is_some() || used == 0 {
                return Ok(length);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What `json_values` makes of an input: "line:text", broken ones with a question mark.
    fn check(input: &str, expected: &[&str]) {
        let mut seen = Vec::new();
        json_values(&mut input.as_bytes(), 200, &mut |frame| {
            let mark = if frame.broken.is_some() { "?" } else { "" };
            seen.push(format!("{}{mark}:{}", frame.line, String::from_utf8_lossy(frame.text)));
            ControlFlow::Continue(())
        })
        .unwrap();
        assert_eq!(seen, expected, "{input}");
    }

    #[test]
    fn one_value_a_line_with_blank_lines_and_a_byte_order_mark() {
        check("\u{feff}{\"a\":1}\r\n\n{\"b\":2}", &["1:{\"a\":1}", "3:{\"b\":2}"]);
        check("", &[]);
        check("\n \n", &[]);
        check("nonsense\n{}\n", &["1:nonsense", "2:{}"]);
    }

    #[test]
    fn the_elements_of_an_array_one_by_one() {
        check("[{\"a\":[1]},{}]", &["1:{\"a\":[1]}", "1:{}"]);
        check("[\n{\"a\":1},\n\n{\"b\":\"]\\\"[\"}\n]\n", &["2:{\"a\":1}", "4:{\"b\":\"]\\\"[\"}"]);
        check("{}\n[{},{}]\n", &["1:{}", "2:{}", "2:{}"]);
    }

    #[test]
    fn values_over_several_lines_one_after_the_other() {
        check("{\n \"a\": 1\n}\n\n{\n\"b\":2}\n", &["1:{\n \"a\": 1\n}", "5:{\n\"b\":2}"]);
    }

    #[test]
    fn a_torn_line_costs_that_line_alone() {
        check("{\"a\":\n{\"b\":2}\n{\"c\":3}", &["1?:{\"a\":", "2:{\"b\":2}", "3:{\"c\":3}"]);
        check("{\"a\":1,\n{\"b\":2}", &["1:{\"a\":1,", "2:{\"b\":2}"]);
        check("{\"a\":\"x\n{\"b\":2}", &["1:{\"a\":\"x", "2:{\"b\":2}"]);
        check("[{\"a\":\"x\n},\n{\"b\":2}", &["1?:{\"a\":\"x", "3:{\"b\":2}", "3?:"]);
    }

    #[test]
    fn a_line_that_is_too_long_is_broken_and_reading_goes_on() {
        let input = format!("{{}}\n{}\n{{}}", "x".repeat(9000));
        let long = format!("2?:{}", "x".repeat(201));
        check(&input, &["1:{}", &long, "3:{}"]);
    }

    #[test]
    fn blank_lines_within_a_value_count_towards_the_largest_document() {
        let read = |blank: usize, most| {
            let (blank, mut values) = ("\n".repeat(blank), 0);
            let input = format!("{{\"a\":\n{blank}1}}\n");
            let read = values_within(&mut input.as_bytes(), 200, most, &mut |_| {
                values += 1;
                ControlFlow::Continue(())
            });
            (read.is_ok(), values)
        };
        assert_eq!(read(1000, 2000), (true, 1));
        assert_eq!(read(3000, 2000), (false, 0));
    }
}
