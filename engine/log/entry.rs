//! What the list of blocks says of each: enough to find, to check and to merge it.
//!
//! ```text
//! value  magic "EFB1", CRC-32C of the rest, u64 first, u32 events, u32 bytes hot, u32 bytes cold,
//!        u32 bit 0 sealed, bit 1 declares, u64 bytes written so far, 32 bytes commitment after its last event
//! ```

use super::block::Encoded;
use super::column::Reader;
use super::commitment::Hash;
use super::error::Damage;
use super::{Position, frame};

/// What the list of blocks says of one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Entry {
    pub(super) first: Position,
    pub(super) events: u32,
    pub(super) hot_bytes: u32,
    pub(super) cold_bytes: u32,
    pub(super) sealed: bool,
    /// Whether some source declares in it what it can see.
    pub(super) declares: bool,
    /// Bytes of values written for these events so far.
    pub(super) written: u64,
    /// The commitment after its last event.
    pub(super) root: Hash,
}

impl Entry {
    /// The entry of a block.
    pub(super) fn of(block: &Encoded) -> Self {
        let (hot_bytes, cold_bytes) = (block.values.hot.len() as u32, block.values.cold.len() as u32);
        let Encoded { first, count, sealed, declares, written, root, .. } = *block;
        Self { first, events: count, hot_bytes, cold_bytes, sealed, declares, written, root }
    }

    pub(super) fn bytes(self) -> Vec<u8> {
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

    pub(super) const MAGIC: &[u8; 4] = b"EFB1";
    /// How long the value is.
    pub(super) const BYTES: usize = 8 + 8 + 16 + 8 + 32;

    pub(super) fn read(bytes: &[u8]) -> Result<Self, Damage> {
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
    pub(super) fn last(&self) -> Position {
        Position(self.first.0 + u64::from(self.events) - 1)
    }
}
