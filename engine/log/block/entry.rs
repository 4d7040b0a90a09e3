//! What the list of blocks says of each: enough to find, to check and to merge it.
//!
//! ```text
//! value  magic "EFB1", CRC-32C of the rest, u64 first, u32 events, u32 bytes hot, u32 bytes cold,
//!        u32 bit 0 sealed, bit 1 declares, u64 bytes written so far, 32 bytes commitment after its last event
//! ```

use super::Encoded;
use crate::log::Position;
use crate::log::bytes::column::Reader;
use crate::log::bytes::frame;
use crate::log::commitment::Hash;
use crate::log::error::Damage;

/// What the list of blocks says of one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::log) struct Entry {
    pub(in crate::log) first: Position,
    pub(in crate::log) events: u32,
    pub(in crate::log) hot_bytes: u32,
    pub(in crate::log) cold_bytes: u32,
    pub(in crate::log) sealed: bool,
    /// Whether some source declares in it what it can see.
    pub(in crate::log) declares: bool,
    /// Bytes of values written for these events so far.
    pub(in crate::log) written: u64,
    /// The commitment after its last event.
    pub(in crate::log) root: Hash,
}

impl Entry {
    /// The entry of a block.
    pub(in crate::log) fn of(block: &Encoded) -> Self {
        let (hot_bytes, cold_bytes) = (block.values.hot.len() as u32, block.values.cold.len() as u32);
        let Encoded { first, count, sealed, declares, written, root, .. } = *block;
        Self { first, events: count, hot_bytes, cold_bytes, sealed, declares, written, root }
    }

    pub(in crate::log) fn bytes(self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(Self::BYTES);
        bytes.extend(self.first.0.to_le_bytes());
        let flags = u32::from(self.sealed) | u32::from(self.declares) << 1;
        for number in [self.events, self.hot_bytes, self.cold_bytes, flags] {
            bytes.extend(number.to_le_bytes());
        }
        bytes.extend(self.written.to_le_bytes());
        bytes.extend_from_slice(&self.root);
        frame::with_magic(Self::MAGIC, &bytes)
    }

    pub(in crate::log) const MAGIC: &[u8; 4] = b"EFB1";
    /// How long the value is.
    pub(in crate::log) const BYTES: usize = 8 + 8 + 16 + 8 + 32;

    pub(in crate::log) fn read(bytes: &[u8]) -> Result<Self, Damage> {
        let mut from = Reader::new(frame::magic_checked(Self::MAGIC, bytes)?);
        let first = Position(from.u64()?);
        let (events, hot_bytes, cold_bytes, flags) = (from.u32()?, from.u32()?, from.u32()?, from.u32()?);
        let (written, root) = (from.u64()?, from.hash()?);
        from.end()?;
        if events == 0 || first.0.checked_add(events.into()).is_none() {
            return Err(Damage::new(format!("its entry claims {events} events from position {first}")));
        }
        let (sealed, declares) = (flags & 1 == 1, flags & 2 == 2);
        Ok(Self { first, events, hot_bytes, cold_bytes, sealed, declares, written, root })
    }

    /// The position of the last event.
    pub(in crate::log) fn last(&self) -> Position {
        Position(self.first.0 + u64::from(self.events) - 1)
    }
}
