//! Bytes to lines, and bytes to JSON values, with bounded memory and the line of each.
//!
//! JSON comes as one value a line, as an array of values, or as values one after another, each on one or
//! over several lines; all of that is read as it comes, and no more than one value is held. A value that
//! does not end well is cut at its first line and reading goes on with the next line that can begin one,
//! so that one bad line never loses a recording.

mod scan;
mod split;

use std::io::BufRead;
use std::ops::ControlFlow;

use crate::{FeedError, Refusal};

/// A piece of the input: the line that it begins on, its bytes, and what is wrong with them if they are
/// not one whole value.
pub(crate) struct Frame<'a> {
    pub(crate) line: u64,
    pub(crate) text: &'a [u8],
    pub(crate) broken: Option<Refusal>,
}

/// How much of a line that is too long is kept to be shown.
const KEPT_OF_LONG: usize = 4096;

/// Whether the beginning of an input could be that of JSON in braces or brackets. A table may hold JSON, too.
pub(crate) fn begins_json(head: &[u8]) -> bool {
    let head = head.strip_prefix(b"\xef\xbb\xbf").unwrap_or(head).trim_ascii_start();
    matches!(head.first(), Some(b'{' | b'['))
}

/// Hands every JSON value to `each`, the elements of an outermost array one by one; a value may have
/// `limit` bytes.
pub(crate) fn json_values(
    input: &mut dyn BufRead,
    limit: usize,
    each: &mut dyn FnMut(Frame<'_>) -> ControlFlow<()>,
) -> Result<(), FeedError> {
    let mut values = split::Values::new(input, limit);
    while let Some(frame) = values.next()? {
        if each(frame).is_break() {
            break;
        }
    }
    Ok(())
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

    /// The next line into `text`; `None` at the end, `Some(Some(why))` when too long.
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
    use std::io::BufReader;

    use super::*;

    /// What `json_values` makes of an input: "line:text", broken ones with a question mark.
    fn values(input: &str, piece: usize) -> Vec<String> {
        let mut seen = Vec::new();
        json_values(&mut BufReader::with_capacity(piece, input.as_bytes()), 200, &mut |frame| {
            let mark = if frame.broken.is_some() { "?" } else { "" };
            seen.push(format!("{}{mark}:{}", frame.line, String::from_utf8_lossy(frame.text)));
            ControlFlow::Continue(())
        })
        .unwrap();
        seen
    }

    /// Whatever the pieces are that the input comes in.
    fn check(input: &str, expected: &[&str]) {
        for piece in [1, 2, 3, 7, 1 << 16] {
            assert_eq!(values(input, piece), expected, "{input} in pieces of {piece}");
        }
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
    fn values_one_after_the_other_on_one_line_or_over_several() {
        check("{\n \"a\": 1\n}\n\n{\n\"b\":2}\n", &["1:{\n \"a\": 1\n}", "5:{\n\"b\":2}"]);
        check(
            "{\"a\":1}{\"b\":[{}]} {\"c\":3},\n{}\n",
            &["1:{\"a\":1}", "1:{\"b\":[{}]}", "1:{\"c\":3}", "2:{}"],
        );
        check(
            "{\"a\":1}\n{\n\"b\":\n{\n}\n}{}\n[{}]",
            &["1:{\"a\":1}", "2:{\n\"b\":\n{\n}\n}", "6:{}", "7:{}"],
        );
        check("{\"a\":\"}{\\\"{\"}\n{\"b\":\"[\"}", &["1:{\"a\":\"}{\\\"{\"}", "2:{\"b\":\"[\"}"]);
        check(
            "{\"list\":[\n{\"a\":1},\n{\"b\":2}\n]}\n{}",
            &["1:{\"list\":[\n{\"a\":1},\n{\"b\":2}\n]}", "5:{}"],
        );
    }

    #[test]
    fn what_stands_behind_a_value_on_its_line_is_not_lost() {
        check("{}}\n{}\n", &["1:{}}", "2:{}"]);
        check("{\"a\":1} x}\n{} y\n{}", &["1:{\"a\":1} x}", "2:{} y", "3:{}"]);
        check("[1,\"x\",{}]}\n{}", &["1:1", "1:\"x\"", "1:{}", "1:}", "2:{}"]);
    }

    #[test]
    fn a_torn_line_costs_that_line_alone() {
        check("{\"a\":\n{\"b\":2}\n{\"c\":3}", &["1?:{\"a\":", "2:{\"b\":2}", "3:{\"c\":3}"]);
        check("{\"a\":1,\n{\"b\":2}", &["1:{\"a\":1,", "2:{\"b\":2}"]);
        check("{\"a\":\"x\n{\"b\":2}", &["1:{\"a\":\"x", "2:{\"b\":2}"]);
        check("{}\n{\"a\":\"x\ny\n{\"b\":2", &["1:{}", "2:{\"a\":\"x", "3:y", "4:{\"b\":2"]);
        check("[{\"a\":\"x\n},\n{\"b\":2}", &["1:{\"a\":\"x", "3:{\"b\":2}", "3?:"]);
        check("[\n{\"a\":[\n{\"b\":2},\n{\"c\":3}\n]\n", &["2?:{\"a\":[", "3:{\"b\":2}", "4:{\"c\":3}"]);
    }

    #[test]
    fn an_array_that_is_not_closed_costs_none_of_the_next() {
        check("[{},{}\n[{}]\n{}", &["1:{}", "1:{}", "2?:", "2:{}", "3:{}"]);
    }

    /// Of a gigabyte no more is held than one value may have.
    #[test]
    fn an_array_longer_than_a_value_may_be_is_read_element_by_element() {
        let array = format!("[{}]", ["{\"a\":1}"; 1000].join(", "));
        assert_eq!(values(&array, 64), ["1:{\"a\":1}"; 1000]);
        let indented = format!("[\n  {}\n]\n{{}}", ["{\n    \"a\": 1\n  }"; 100].join(",\n  "));
        assert_eq!(values(&indented, 64).len(), 101);
    }

    #[test]
    fn a_value_that_is_too_long_is_passed_over_and_reading_goes_on() {
        let long = format!("{{\"a\":[{}{{}}]}}", "{},".repeat(500));
        let shown = format!("1?:{}", &long[..201]);
        check(&format!("[{long},{{}}]\n{{}}"), &[&shown, "1:{}", "2:{}"]);
        check(&format!("{long} {{}}\n{{}}"), &[&shown, "1:{}", "2:{}"]);
        // One that was cut off is not that long: what it seems to hold are the others.
        let torn = format!("[\n{{\"a\":[\n{}", "{\"b\":2},\n".repeat(60));
        let seen = values(&torn, 32);
        assert_eq!((seen.len(), seen[0].as_str(), seen[60].as_str()), (62, "2?:{\"a\":[", "62:{\"b\":2}"));
    }

    /// All of the input is read before it is clear that the value was cut off; what is behind it is moved
    /// seldom, and none of it is lost.
    #[test]
    fn behind_a_value_that_was_cut_off_everything_is_handed_on() {
        let torn = format!("[\n{{\"a\":[\n{}]\n", "{\"b\":2},\n".repeat(100_000));
        let mut seen = Vec::new();
        json_values(&mut torn.as_bytes(), 1 << 21, &mut |frame| {
            seen.push((frame.line, frame.text.len()));
            ControlFlow::Continue(())
        })
        .unwrap();
        assert_eq!(seen.len(), 100_001);
        assert!(seen[1..].iter().zip(3..).all(|(told, line)| *told == (line, 7)), "{:?}", &seen[..3]);
    }

    /// Such a line once took the next with it: the backslash hid the end of its line.
    #[test]
    fn a_backslash_at_the_end_of_a_line_that_breaks_off_costs_none_of_the_next() {
        for bad in ["\"\\", "[\"\\", "{\"a\":\"\\", "[{\"a\\"] {
            for closing in ["\n", "\r\n"] {
                let seen = values(&format!("{bad}{closing}{{\"b\":1}}\n{{}}"), 1 << 16);
                for next in ["2:{\"b\":1}", "3:{}"] {
                    assert!(seen.iter().any(|seen| seen == next), "{bad} {seen:?}");
                }
            }
        }
    }

    #[test]
    fn the_pieces_of_an_input_make_no_difference() {
        let parts =
            ["{", "}", "[", "]", "\n", "\n", ",", ":", "\"", "x", " ", "\x0c", "\\", "{\"a\":1}", "{}\n{}"];
        let mut state = 1_u64;
        for _ in 0..3000 {
            let mut input = String::new();
            for _ in 0..24 {
                state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
                input.push_str(parts[(state >> 33) as usize % parts.len()]);
            }
            let whole = values(&input, 1 << 16);
            for piece in [1, 2, 5] {
                assert_eq!(values(&input, piece), whole, "{input:?} in pieces of {piece}");
            }
        }
    }

    #[test]
    fn a_line_that_is_too_long_is_broken_and_reading_goes_on() {
        let input = format!("{{}}\n{}\n{{}}", "x".repeat(9000));
        let long = format!("2?:{}", "x".repeat(201));
        check(&input, &["1:{}", &long, "3:{}"]);
    }
}
