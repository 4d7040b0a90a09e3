//! The names of events whose content was destroyed, hashed, so that they are known if they come again.
//!
//! Whoever destroys a consultation does not want it back with the next import of the same file. What is
//! kept is a keyed hash of source and id for each event, which says nothing to who does not know both.
//!
//! ```text
//! value  magic "EFR1", CRC-32C of the rest, u32 n, n times: u64 position, 16 bytes hash of the name
//! ```

use std::collections::HashMap;

use super::home::StoreId;
use crate::log::Position;
use crate::log::bytes::column::Reader;
use crate::log::bytes::frame;
use crate::log::error::Damage;

pub(in crate::log) const MAGIC: &[u8; 4] = b"EFR1";
/// How many names lie in one value.
pub(in crate::log) const NAMES_A_VALUE: usize = 3000;
const NAME_BYTES: usize = 24;

/// A keyed hash of the name of an event.
pub(in crate::log) type Name = [u8; 16];

/// Where events of those names stood.
#[derive(Debug, Default)]
pub(in crate::log) struct Gone {
    key: [u8; 32],
    names: HashMap<Name, Position>,
}

impl Gone {
    /// Nothing is gone yet from the store `id`.
    pub(in crate::log) fn of(id: StoreId) -> Self {
        Self {
            key: blake3::derive_key("evenfield log 1: names of destroyed events", &id),
            names: HashMap::new(),
        }
    }

    /// What `values` say is gone from the store `id`.
    pub(in crate::log) fn read(id: StoreId, values: &[Vec<u8>]) -> Result<Self, Damage> {
        let mut gone = Self::of(id);
        for value in values {
            let mut from = Reader::new(frame::magic_checked(MAGIC, value)?);
            for _ in 0..from.count(NAMES_A_VALUE)? {
                let (position, name) = (Position(from.u64()?), from.array()?);
                gone.names.insert(name, position);
            }
            from.end()?;
        }
        Ok(gone)
    }

    /// The hash of a name.
    pub(in crate::log) fn name(&self, source: &str, id: &str) -> Name {
        let mut hasher = blake3::Hasher::new_keyed(&self.key);
        hasher.update(&(source.len() as u64).to_le_bytes()).update(source.as_bytes()).update(id.as_bytes());
        let mut name = Name::default();
        hasher.finalize_xof().fill(&mut name);
        name
    }

    /// Where the event of that name stood, if its content was destroyed.
    pub(in crate::log) fn position(&self, source: &str, id: &str) -> Option<Position> {
        if self.names.is_empty() {
            return None;
        }
        self.names.get(&self.name(source, id)).copied()
    }
}

/// The values that hold these names.
pub(in crate::log) fn values(names: &[(Position, Name)]) -> Vec<Vec<u8>> {
    let value = |names: &[(Position, Name)]| {
        let mut bytes = (names.len() as u32).to_le_bytes().to_vec();
        for (position, name) in names {
            bytes.extend(position.0.to_le_bytes());
            bytes.extend_from_slice(name);
        }
        frame::with_magic(MAGIC, &bytes)
    };
    names.chunks(NAMES_A_VALUE).map(value).collect()
}

/// The value that `rest` begins with, if it is whole.
pub(in crate::log) fn value_in(rest: &[u8]) -> Option<&[u8]> {
    let count = u32::from_le_bytes(*rest.get(8..)?.first_chunk()?) as usize;
    let value = rest.get(..12 + count.min(NAMES_A_VALUE) * NAME_BYTES)?;
    frame::magic_checked(MAGIC, value).ok().map(|_| value)
}
