//! The outside of every value of a block: a header, a plain part, a compressed part, one checksum.
//!
//! Both values of a block, hot and cold, have the same frame. All numbers are little-endian.
//!
//! ```text
//! offset size
//!      0    4  magic: "EFH" or "EFC" and the format's version, the digit 1
//!      4    4  CRC-32C of everything from offset 8 to the end
//!      8    8  position of the first event
//!     16    4  number of events, 1 to 4,096
//!     20    8  earliest `at`, in ms since 1970
//!     28    8  latest `at`
//!     36    4  p: length of the plain part
//!     40    4  c: length of the compressed part
//!     44    4  length of the compressed part once decompressed, at most 4 MiB
//!     48    p  plain part
//!   48+p    c  compressed part (one zstd frame)
//! ```
//!
//! A frame is taken apart only when its checksum holds and its lengths add up; what lies inside is the
//! business of [`hot`](crate::log::block::hot) and [`cold`](crate::log::block::cold).

use std::cell::RefCell;

use event::Time;
use zstd::bulk::{Compressor, Decompressor};

use super::column::Reader;
use crate::log::Position;
use crate::log::error::Damage;
use crate::log::limits::{BLOCK_EVENTS, PART_BYTES, VALUE_BYTES};

const HEADER_BYTES: usize = 48;
const CHECKED_FROM: usize = 8;
/// Measured: higher levels cost more time than the bytes are worth while events arrive.
const ZSTD_LEVEL: i32 = 1;

/// Which value of a block.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::log) enum Part {
    /// What a replay needs.
    Hot,
    /// What only a full read needs.
    Cold,
}

impl Part {
    /// What its values begin with.
    pub(in crate::log) fn magic(self) -> &'static [u8; 4] {
        match self {
            Self::Hot => b"EFH1",
            Self::Cold => b"EFC1",
        }
    }

    fn name(self) -> &'static str {
        match self {
            Self::Hot => "hot",
            Self::Cold => "cold",
        }
    }
}

/// What the header tells of a block.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(in crate::log) struct Header {
    pub(in crate::log) first: Position,
    pub(in crate::log) count: usize,
    pub(in crate::log) min_at: Time,
    pub(in crate::log) max_at: Time,
}

/// A value taken apart.
#[derive(Debug)]
pub(in crate::log) struct Frame<'a> {
    pub(in crate::log) header: Header,
    pub(in crate::log) plain: &'a [u8],
    pub(in crate::log) packed: Vec<u8>,
}

thread_local! {
    /// A compressor is large and slow to make, and small blocks come by the thousand.
    static COMPRESSOR: RefCell<Option<Compressor<'static>>> = const { RefCell::new(None) };
    static DECOMPRESSOR: RefCell<Option<Decompressor<'static>>> = const { RefCell::new(None) };
}

/// The value that holds these parts.
pub(in crate::log) fn close(
    part: Part,
    header: &Header,
    plain: &[u8],
    packed: &[u8],
) -> Result<Vec<u8>, Damage> {
    if packed.len() > PART_BYTES {
        return Err(Damage::new(format!("a part of {} bytes, where {PART_BYTES} can be read", packed.len())));
    }
    let compressed = compress(packed)?;
    let mut out = Vec::with_capacity(HEADER_BYTES + plain.len() + compressed.len());
    out.extend_from_slice(part.magic());
    out.extend_from_slice(&[0; 4]);
    out.extend(header.first.0.to_le_bytes());
    out.extend((header.count as u32).to_le_bytes());
    out.extend(header.min_at.ms().to_le_bytes());
    out.extend(header.max_at.ms().to_le_bytes());
    for length in [plain.len(), compressed.len(), packed.len()] {
        out.extend((length as u32).to_le_bytes());
    }
    out.extend_from_slice(plain);
    out.extend_from_slice(&compressed);
    let crc = crc32c::crc32c(&out[CHECKED_FROM..]);
    out[4..CHECKED_FROM].copy_from_slice(&crc.to_le_bytes());
    Ok(out)
}

/// The parts that the value `bytes` holds.
pub(in crate::log) fn open(part: Part, bytes: &[u8]) -> Result<Frame<'_>, Damage> {
    let mut from = Reader::new(bytes);
    if from.take(4)? != part.magic() {
        return Err(Damage::new(format!("its {} value does not begin as one", part.name())));
    }
    if from.u32()? != crc32c::crc32c(&bytes[CHECKED_FROM..]) {
        return Err(Damage::new(format!("the checksum of its {} value does not hold", part.name())));
    }
    let first = Position(from.u64()?);
    let count = from.count(BLOCK_EVENTS)?;
    let (min_at, max_at) = (Time::from_ms(from.i64()?), Time::from_ms(from.i64()?));
    let plain = from.count(bytes.len())?;
    let compressed = from.count(bytes.len())?;
    let length = from.count(PART_BYTES)?;
    let plain = from.take(plain)?;
    let packed = decompress(from.take(compressed)?, length)?;
    from.end()?;
    if count == 0 || first < Position::FIRST || first.0.checked_add(count as u64).is_none() {
        return Err(Damage::new(format!("it claims {count} events from position {first}")));
    }
    Ok(Frame { header: Header { first, count, min_at, max_at }, plain, packed })
}

/// The header and the length of the value that `rest` begins with, if it is whole.
pub(in crate::log) fn peek(part: Part, rest: &[u8]) -> Option<(Header, usize)> {
    let mut from = Reader::new(rest.get(36..44)?);
    let bytes = HEADER_BYTES + from.count(VALUE_BYTES).ok()? + from.count(VALUE_BYTES).ok()?;
    let value = rest.get(..bytes)?;
    let crc = u32::from_le_bytes(*value.get(4..)?.first_chunk()?);
    if crc != crc32c::crc32c(&value[CHECKED_FROM..]) {
        return None;
    }
    let mut from = Reader::new(&value[CHECKED_FROM..]);
    let first = Position(from.u64().ok()?);
    let count = from.count(BLOCK_EVENTS).ok()?;
    let (min_at, max_at) = (Time::from_ms(from.i64().ok()?), Time::from_ms(from.i64().ok()?));
    (value.starts_with(part.magic())).then_some((Header { first, count, min_at, max_at }, bytes))
}

/// `payload` with its CRC-32C before it: the frame of what needs no more, as in the index.
pub(in crate::log) fn with_checksum(payload: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(4 + payload.len());
    out.extend(crc32c::crc32c(payload).to_le_bytes());
    out.extend_from_slice(payload);
    out
}

/// What stands behind a CRC-32C that holds.
pub(in crate::log) fn checked(bytes: &[u8]) -> Result<&[u8], Damage> {
    match bytes.split_first_chunk() {
        Some((crc, payload)) if u32::from_le_bytes(*crc) == crc32c::crc32c(payload) => Ok(payload),
        _ => Err(Damage::new("a checksum does not hold")),
    }
}

/// `payload` with its magic and CRC-32C before it: the frame of values that are searched for in damage.
pub(in crate::log) fn with_magic(magic: &[u8; 4], payload: &[u8]) -> Vec<u8> {
    [magic.as_slice(), &with_checksum(payload)].concat()
}

/// What stands behind that magic and a CRC-32C that holds.
pub(in crate::log) fn magic_checked<'a>(magic: &[u8; 4], bytes: &'a [u8]) -> Result<&'a [u8], Damage> {
    bytes.strip_prefix(magic).ok_or_else(|| Damage::new("a value does not begin as one")).and_then(checked)
}

fn compress(bytes: &[u8]) -> Result<Vec<u8>, Damage> {
    let failed = |error| Damage::new(format!("a part does not compress: {error}"));
    COMPRESSOR.with_borrow_mut(|kept| {
        let compressor = match kept {
            Some(compressor) => compressor,
            None => kept.insert(Compressor::new(ZSTD_LEVEL).map_err(failed)?),
        };
        compressor.compress(bytes).map_err(failed)
    })
}

fn decompress(bytes: &[u8], length: usize) -> Result<Vec<u8>, Damage> {
    let failed = |error| Damage::new(format!("a part does not decompress: {error}"));
    let plain = DECOMPRESSOR.with_borrow_mut(|kept| {
        let decompressor = match kept {
            Some(decompressor) => decompressor,
            None => kept.insert(Decompressor::new().map_err(failed)?),
        };
        decompressor.decompress(bytes, length).map_err(failed)
    })?;
    if plain.len() != length {
        return Err(Damage::new(format!("a part of {} bytes where {length} were written", plain.len())));
    }
    Ok(plain)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_bytes_of_a_frame_stay_as_they_are() {
        let (min_at, max_at) = (Time::from_ms(-2), Time::from_ms(1_772_355_600_000));
        let header = Header { first: Position(77), count: 3, min_at, max_at };
        let bytes = close(Part::Cold, &header, &[9, 8], &[]).unwrap();
        #[rustfmt::skip]
        let wanted = [
            b'E', b'F', b'C', b'1',  0xb5, 0x64, 0xec, 0x43,
            77, 0, 0, 0, 0, 0, 0, 0,  3, 0, 0, 0,
            0xfe, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,  0x80, 0x3e, 0xa0, 0xa8, 0x9c, 0x01, 0, 0,
            2, 0, 0, 0,  9, 0, 0, 0,  0, 0, 0, 0,  9, 8,
        ];
        assert_eq!(bytes[..50], wanted);
        let frame = open(Part::Cold, &bytes).unwrap();
        assert_eq!((frame.header, frame.plain, frame.packed), (header, &[9, 8][..], vec![]));
        assert!(open(Part::Hot, &bytes).is_err());
    }
}
