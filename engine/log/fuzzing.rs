//! A door for those who try to break the decoding of a block; no part of what the engine offers.
//!
//! Blocks are decoded behind checksums that no fuzzer guesses, and whoever uses the engine meets them only
//! through a database, which takes a thousand times as long to make. Hence this: the inside of a block is
//! taken out, changed by whoever wants to, and put back into frames whose checksums hold.
//!
//! ```text
//! the inside   u64 position of the first event, u32 number of events,
//!              u32 length of the hot plain part, u32 length of the hot packed part, not compressed,
//!              the hot plain part, the hot packed part, the cold packed part
//! ```

use crate::log::Position;
use crate::log::block::Block;
use crate::log::block::{hot, raw};
use crate::log::bytes::column::Reader;
use crate::log::bytes::frame::{self, Header, Part};
use crate::log::error::Damage;

/// Reads everything that both values of a block hold, in every way a log does; whether all of it could be.
#[must_use]
pub fn decode(hot: &[u8], cold: &[u8]) -> bool {
    let brief =
        Block::decode(hot, cold).and_then(Block::into_brief).map(|pieces| pieces.for_each(drop)).is_ok();
    let alone = hot::decode(hot).is_ok();
    brief & alone & Block::decode(hot, cold).and_then(|block| read(&block)).is_ok()
}

fn read(block: &Block) -> Result<(), Damage> {
    let mut canonical = Vec::new();
    for number in 0..block.len() {
        block.stored(number)?;
        let raw = block.raw(number)?;
        if raw.remains()?.is_none() {
            canonical.clear();
            raw.write_canonical(&mut canonical);
            raw::read_canonical(&canonical)?;
        }
    }
    Ok(())
}

/// The inside of the block that both values hold, if they are sound.
#[must_use]
pub fn inside(hot: &[u8], cold: &[u8]) -> Option<Vec<u8>> {
    let hot = frame::open(Part::Hot, hot).ok()?;
    let cold = frame::open(Part::Cold, cold).ok()?;
    let mut inside = hot.header.first.0.to_le_bytes().to_vec();
    for number in [hot.header.count, hot.plain.len(), hot.packed.len()] {
        inside.extend((number as u32).to_le_bytes());
    }
    Some([&inside[..], hot.plain, &hot.packed, &cold.packed].concat())
}

/// Both values of the block that has this inside, with checksums that hold, unless it is too large for one.
#[must_use]
pub fn around(inside: &[u8]) -> Option<(Vec<u8>, Vec<u8>)> {
    let mut from = Reader::new(inside);
    let (first, count) = (Position(from.u64().ok()?), from.u32().ok()? as usize);
    let (plain, packed) = (from.u32().ok()? as usize, from.u32().ok()? as usize);
    let header = Header { first, count, min_at: Default::default(), max_at: Default::default() };
    let (plain, rest) = inside[20..].split_at_checked(plain)?;
    let (packed, cold) = rest.split_at_checked(packed)?;
    let close = |part, plain, packed| frame::close(part, &header, plain, packed).ok();
    Some((close(Part::Hot, plain, packed)?, close(Part::Cold, &[], cold)?))
}
