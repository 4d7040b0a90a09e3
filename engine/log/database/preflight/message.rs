//! The messages of a segment, as they are written one behind the other.

use super::SEGMENT_BYTES;

/// Where less is left of a segment, no message begins.
pub(super) const MESSAGE_ROOM: usize = 32;
/// Its body says how far the batch that it begins goes.
pub(super) const BATCH: u8 = 3;
/// Fills the rest of a segment.
pub(super) const CAP: u8 = 2;
const LAST_KIND: u8 = 11;
/// How many bytes are summed at most in the search for messages behind a break.
const SEARCH_BYTES: usize = 4 * SEGMENT_BYTES;

/// What may be a message, taken apart.
struct Parts<'a> {
    crc: u32,
    kind: u8,
    number: u64,
    /// The rest of the header, which is summed after the body.
    header: &'a [u8],
    body: &'a [u8],
}

/// A message that holds its checksum.
pub(super) struct Message<'a> {
    pub(super) kind: u8,
    pub(super) body: &'a [u8],
    /// Where the next one begins.
    pub(super) end: usize,
}

impl<'a> Message<'a> {
    /// The message at `at` in the segment with this number, or what keeps those bytes from being one.
    pub(super) fn read(segment: &'a [u8], at: usize, number: u64) -> Result<Self, &'static str> {
        let Parts { crc, kind, number: own_number, header, body } =
            Self::split(segment, at).ok_or("is cut short")?;
        if !(1..=LAST_KIND).contains(&kind) {
            return Err("is none");
        }
        if own_number != number {
            return Err("is of another segment");
        }
        let mut sum = crc32fast::Hasher::new();
        sum.update(body);
        sum.update(header);
        if sum.finalize() != !crc {
            return Err("does not hold its checksum");
        }
        Ok(Self { kind, body, end: at + 4 + header.len() + body.len() })
    }

    fn split(segment: &'a [u8], at: usize) -> Option<Parts<'a>> {
        let (crc, rest) = segment.get(at..)?.split_first_chunk()?;
        let (kind, fields) = rest.split_first()?;
        let (len, fields) = varint(fields)?;
        let (number, fields) = varint(fields)?;
        let (_page, body) = varint(fields)?;
        let header = &rest[..rest.len() - body.len()];
        let body = body.get(..usize::try_from(len).ok()?)?;
        Some(Parts { crc: u32::from_le_bytes(*crc), kind: *kind, number, header, body })
    }
}

/// A number of one to nine bytes, and what follows it.
pub(super) fn varint(bytes: &[u8]) -> Option<(u64, &[u8])> {
    let (&first, rest) = bytes.split_first()?;
    let more = match first {
        0..=240 => 0,
        241..=248 => 1,
        249.. => usize::from(first) - 247,
    };
    let (more, rest) = rest.split_at_checked(more)?;
    let first = u64::from(first);
    let value = match *more {
        [] => first,
        [low] => 240 + 256 * (first - 241) + u64::from(low),
        [high, low] => 2288 + 256 * u64::from(high) + u64::from(low),
        _ => more.iter().rev().fold(0, |value, byte| value << 8 | u64::from(*byte)),
    };
    Some((value, rest))
}

/// Whether messages of this segment follow behind `at`, where there is none; if that is too much work, yes.
pub(super) fn goes_on(segment: &[u8], at: usize, number: u64) -> bool {
    if is_zero(segment.get(at..).unwrap_or_default()) {
        return false;
    }
    let mut work = SEARCH_BYTES;
    for at in at..segment.len() {
        let Some(Parts { kind, number: own_number, body, .. }) = Message::split(segment, at) else {
            continue;
        };
        if !(1..=LAST_KIND).contains(&kind) || own_number != number {
            continue;
        }
        match work.checked_sub(body.len()) {
            Some(left) if Message::read(segment, at, number).is_err() => work = left,
            _ => return true,
        }
    }
    false
}

pub(super) fn is_zero(bytes: &[u8]) -> bool {
    bytes.chunks(4096).all(|chunk| chunk.iter().fold(0, |all, byte| all | byte) == 0)
}
