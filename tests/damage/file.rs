//! The database's file as it lies on the disk: its segments, their messages, and our values in those.
//!
//! A second reading of the layout that the log's own look at the file knows, for whole files only.

use std::ops::Range;

use memchr::memmem;

const SEGMENT: usize = 8 << 20;
const SEGMENT_HEADER: usize = 20;

/// What a value of ours is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Hot,
    Cold,
    Entry,
    Keys,
    Unit,
}

/// A value of ours; older copies are values as well.
#[derive(Debug, Clone)]
pub(super) struct Value {
    pub(super) kind: Kind,
    /// The position that its block begins at; a number for the others.
    pub(super) first: u64,
    pub(super) bytes: Range<usize>,
}

/// A message of the database.
#[derive(Debug, Clone)]
pub(super) struct Message {
    pub(super) at: usize,
    pub(super) body: Range<usize>,
}

/// Where everything lies, in the order of writing.
#[derive(Debug)]
pub(super) struct Map {
    pub(super) segments: Vec<usize>,
    pub(super) messages: Vec<Message>,
    pub(super) values: Vec<Value>,
}

impl Map {
    pub(super) fn of(bytes: &[u8]) -> Self {
        let begins = (0..bytes.len()).step_by(SEGMENT);
        let mut segments: Vec<usize> =
            begins.filter(|at| bytes[*at..*at + SEGMENT_HEADER].iter().any(|byte| *byte != 0)).collect();
        segments.sort_by_key(|at| i64::MAX ^ i64::from_le_bytes(bytes[at + 4..at + 12].try_into().unwrap()));
        let messages: Vec<Message> = segments
            .iter()
            .flat_map(|begin| messages(bytes, *begin, (begin + SEGMENT).min(bytes.len())))
            .collect();
        let values = messages.iter().flat_map(|message| values(bytes, message)).collect();
        Self { segments, messages, values }
    }

    pub(super) fn of_kind(&self, kind: Kind) -> Vec<&Value> {
        self.values.iter().filter(|value| value.kind == kind).collect()
    }

    /// Where the last message ends.
    pub(super) fn end(&self) -> usize {
        self.messages.last().unwrap().body.end
    }

    /// Makes the checksums of all values and messages hold again.
    pub(super) fn sign(&self, bytes: &mut [u8]) {
        for value in &self.values {
            let value = &mut bytes[value.bytes.clone()];
            let crc = crc32c::crc32c(&value[8..]);
            value[4..8].copy_from_slice(&crc.to_le_bytes());
        }
        for Message { at, body } in &self.messages {
            let crc = sum(bytes, *at, body);
            bytes[*at..at + 4].copy_from_slice(&crc.to_le_bytes());
        }
    }
}

fn sum(bytes: &[u8], at: usize, body: &Range<usize>) -> u32 {
    let mut sum = crc32fast::Hasher::new();
    sum.update(&bytes[body.clone()]);
    sum.update(&bytes[at + 4..body.start]);
    !sum.finalize()
}

/// The messages of the segment from `begin` to `end`, up to the first that does not hold.
fn messages(bytes: &[u8], begin: usize, end: usize) -> Vec<Message> {
    let (mut found, mut at) = (Vec::new(), begin + SEGMENT_HEADER);
    while at + 32 <= end {
        let mut next = at + 5;
        let len = varint(bytes, &mut next);
        for _segment_and_page in 0..2 {
            varint(bytes, &mut next);
        }
        let body = next..next + len as usize;
        let crc = u32::from_le_bytes(bytes[at..at + 4].try_into().unwrap());
        if bytes[at + 4] == 0 || body.end > end || sum(bytes, at, &body) != crc {
            break;
        }
        found.push(Message { at, body: body.clone() });
        at = body.end;
    }
    found
}

/// The number at `at`, which moves behind it.
fn varint(bytes: &[u8], at: &mut usize) -> u64 {
    let first = u64::from(bytes[*at]);
    let more = match first {
        0..=240 => 0,
        241..=248 => 1,
        _ => first as usize - 247,
    };
    let low = &bytes[*at + 1..*at + 1 + more];
    *at += 1 + more;
    match low {
        [] => first,
        [low] => 240 + 256 * (first - 241) + u64::from(*low),
        [high, low] => 2288 + 256 * u64::from(*high) + u64::from(*low),
        _ => low.iter().rev().fold(0, |value, byte| value << 8 | u64::from(*byte)),
    }
}

/// The values in the body of a message.
fn values(bytes: &[u8], message: &Message) -> Vec<Value> {
    let (mut found, mut next) = (Vec::<Value>::new(), 0);
    for offset in memmem::find_iter(&bytes[message.body.clone()], b"EF") {
        let at = message.body.start + offset;
        if at < next {
            continue;
        }
        if let Some(value) = value(&bytes[..message.body.end], at) {
            next = value.bytes.end;
            found.push(value);
        }
    }
    found
}

fn value(bytes: &[u8], at: usize) -> Option<Value> {
    let number = |offset: usize| Some(u32::from_le_bytes(*bytes.get(at + offset..)?.first_chunk()?) as usize);
    let (kind, len) = match bytes.get(at..at + 4)? {
        b"EFH1" => (Kind::Hot, 48 + number(36)? + number(40)?),
        b"EFC1" => (Kind::Cold, 48 + number(36)? + number(40)?),
        b"EFB1" => (Kind::Entry, 72),
        b"EFK1" => (Kind::Keys, 36 + 41 * number(32)?),
        b"EFN1" => (Kind::Unit, 48),
        _ => return None,
    };
    let value = bytes.get(at..at.checked_add(len)?)?;
    if crc32c::crc32c(&value[8..]) != u32::from_le_bytes(*value[4..].first_chunk()?) {
        return None;
    }
    Some(Value { kind, first: u64::from_le_bytes(*value[8..].first_chunk()?), bytes: at..at + len })
}
