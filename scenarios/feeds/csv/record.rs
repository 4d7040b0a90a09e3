//! Lines to records: quoted cells with line breaks, any delimiter, bounded memory.
//!
//! A quote that does not close would swallow the rest of the file. After as many lines or bytes as no
//! honest cell has, the record is given up at its first line and reading goes on with the second.

use std::collections::VecDeque;
use std::io::BufRead;

use csv_core::{ReadRecordResult, Reader, ReaderBuilder};

use crate::frame::LineReader;
use crate::{FeedError, LINE_LIMIT, Refusal};

/// The bytes that are tried as delimiter.
pub(super) const DELIMITERS: &[u8] = b",;\t|";

/// How many lines a record may span.
const MOST_LINES: usize = 100;

/// One record: the line that it begins on, its bytes, and its cells unless it is broken.
#[derive(Debug)]
pub struct Record {
    /// The line that it begins on, from 1.
    pub line: u64,
    /// Its bytes as they stand there.
    pub text: Vec<u8>,
    /// Its cells, trimmed; none when it is broken.
    pub fields: Vec<String>,
    /// Why it is broken, if it is.
    pub broken: Option<Refusal>,
}

/// Reads one record after the other.
pub struct Records<'a> {
    lines: LineReader<'a>,
    /// Lines that were read for a record that did not end.
    again: VecDeque<Line>,
    delimiter: Option<u8>,
    /// The parser, made with the first record; making it costs more than a record does.
    cells: Option<Cells>,
}

struct Line {
    number: u64,
    text: Vec<u8>,
    broken: Option<Refusal>,
}

impl<'a> Records<'a> {
    /// The records of `input`; the delimiter is that which the first line has most of, unless it is given.
    #[must_use]
    pub fn new(input: &'a mut dyn BufRead, delimiter: Option<u8>) -> Self {
        Self { lines: LineReader::new(input, LINE_LIMIT), again: VecDeque::new(), delimiter, cells: None }
    }

    /// The next record that is not blank.
    ///
    /// # Errors
    /// When the input cannot be read.
    #[expect(clippy::should_implement_trait, reason = "an input that fails ends the reading")]
    pub fn next(&mut self) -> Result<Option<Record>, FeedError> {
        loop {
            let Some(line) = self.line()? else { return Ok(None) };
            if line.broken.is_some() {
                return Ok(Some(Record {
                    line: line.number,
                    text: line.text,
                    fields: vec![],
                    broken: line.broken,
                }));
            }
            if line.text.trim_ascii().is_empty() {
                continue;
            }
            let record = self.record(line)?;
            if record.broken.is_some() || record.fields.iter().any(|field| !field.is_empty()) {
                return Ok(Some(record));
            }
        }
    }

    fn record(&mut self, first: Line) -> Result<Record, FeedError> {
        let delimiter = self.delimiter;
        let made = self.cells.take();
        let mut cells = made.unwrap_or_else(|| Cells::new(delimiter.unwrap_or_else(|| sniff(&first.text))));
        cells.reset();
        let record = self.record_by(&mut cells, first);
        self.cells = Some(cells);
        record
    }

    fn record_by(&mut self, cells: &mut Cells, first: Line) -> Result<Record, FeedError> {
        let (mut text, mut more) = (first.text.clone(), Vec::new());
        let mut ended = cells.feed(&first.text);
        while !ended && more.len() < MOST_LINES && text.len() < LINE_LIMIT {
            let Some(line) = self.line()?.filter(|line| line.broken.is_none()) else { break };
            text.push(b'\n');
            text.extend_from_slice(&line.text);
            ended = cells.feed(&line.text);
            more.push(line);
        }
        let (line, broken) = (first.number, |reason: &str| Some(Refusal::whole(reason)));
        if !ended {
            for line in more.into_iter().rev() {
                self.again.push_front(line);
            }
            let broken = broken(
                "a quote that opens in this row does not close; close it, or write a quote within a cell twice",
            );
            return Ok(Record { line, text: first.text, fields: vec![], broken });
        }
        Ok(match cells.texts() {
            Some(fields) => Record { line, text, fields, broken: None },
            None => {
                let broken = broken("the row is no UTF-8; save the file as \"CSV UTF-8\"");
                Record { line, text, fields: vec![], broken }
            }
        })
    }

    fn line(&mut self) -> Result<Option<Line>, FeedError> {
        if let Some(line) = self.again.pop_front() {
            return Ok(Some(line));
        }
        let mut text = Vec::new();
        let read = self.lines.any_line(&mut text)?;
        Ok(read.map(|broken| Line { number: self.lines.line, text, broken }))
    }
}

/// The delimiter that occurs most often outside quotes.
fn sniff(line: &[u8]) -> u8 {
    let mut within = false;
    let plain: Vec<u8> = line
        .iter()
        .copied()
        .filter(|byte| {
            within ^= *byte == b'"';
            !within
        })
        .collect();
    let count = |delimiter: &u8| plain.iter().filter(|byte| *byte == delimiter).count();
    // Of equally frequent ones the first is taken.
    DELIMITERS.iter().rev().copied().max_by_key(count).unwrap_or(b',')
}

/// The cells of one record, fed line by line.
struct Cells {
    reader: Reader,
    bytes: Vec<u8>,
    ends: Vec<usize>,
    used: usize,
    count: usize,
}

impl Cells {
    fn new(delimiter: u8) -> Self {
        let reader = ReaderBuilder::new().delimiter(delimiter).build();
        Self { reader, bytes: vec![0; 256], ends: vec![0; 32], used: 0, count: 0 }
    }

    fn reset(&mut self) {
        self.reader.reset();
        (self.used, self.count) = (0, 0);
    }

    /// Takes one line; whether the record ends with it.
    fn feed(&mut self, line: &[u8]) -> bool {
        self.feed_bytes(line) || self.feed_bytes(b"\n")
    }

    fn feed_bytes(&mut self, mut input: &[u8]) -> bool {
        while !input.is_empty() {
            let (result, read, written, ended) =
                self.reader.read_record(input, &mut self.bytes[self.used..], &mut self.ends[self.count..]);
            input = &input[read..];
            self.used += written;
            self.count += ended;
            match result {
                ReadRecordResult::OutputFull => self.bytes.resize(self.bytes.len() * 2, 0),
                ReadRecordResult::OutputEndsFull => self.ends.resize(self.ends.len() * 2, 0),
                ReadRecordResult::Record | ReadRecordResult::End => return true,
                ReadRecordResult::InputEmpty => {}
            }
        }
        false
    }

    /// The cells, trimmed; `None` when they are no UTF-8.
    fn texts(&self) -> Option<Vec<String>> {
        let mut from = 0;
        let cell = |end: &usize| {
            let bytes = self.bytes.get(from..*end)?;
            from = *end;
            Some(std::str::from_utf8(bytes).ok()?.trim().to_owned())
        };
        self.ends[..self.count].iter().map(cell).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(input: &str, expected: &[&str]) {
        let mut bytes = input.as_bytes();
        let mut records = Records::new(&mut bytes, None);
        let mut seen = Vec::new();
        while let Some(record) = records.next().unwrap() {
            let mark = if record.broken.is_some() { "?" } else { "" };
            seen.push(format!("{}{mark}:{}", record.line, record.fields.join("/")));
        }
        assert_eq!(seen, expected, "{input}");
    }

    #[test]
    fn delimiters_quotes_and_line_ends_of_every_kind() {
        check("\u{feff}a,b\r\n1, 2 \r\n", &["1:a/b", "2:1/2"]);
        check("a;b,c;d\n\n1;2;3", &["1:a/b,c/d", "3:1/2/3"]);
        check("a\tb\n;\t", &["1:a/b", "2:;/"]);
        check("\"a,b,c\";d\n\"x\"\"y\ny\";2\n3;4", &["1:a,b,c/d", "2:x\"y\ny/2", "4:3/4"]);
        check("a,b\n,\n1,5\" screen\n", &["1:a/b", "3:1/5\" screen"]);
    }

    #[test]
    fn a_quote_that_does_not_close_costs_its_line_alone() {
        check("a,b\n1,\"2\n3,4\n5,6", &["1:a/b", "2?:", "3:3/4", "4:5/6"]);
    }
}
