//! Byte strings one after the other: the records of a block.
//!
//! ```text
//! u32  number of parts, at most one for each event
//! ...  column of their lengths
//! ...  the parts
//! ```

use super::column::{self, Reader};
use super::texts;
use crate::log::error::Damage;
use crate::log::limits::BLOCK_EVENTS;

/// A numbered list of byte strings.
#[derive(Debug, Default)]
pub(in crate::log) struct Parts {
    ends: Vec<u32>,
    bytes: Vec<u8>,
}

impl Parts {
    pub(in crate::log) fn read(from: &mut Reader<'_>) -> Result<Self, Damage> {
        let count = from.count(BLOCK_EVENTS)?;
        let ends = texts::ends(&column::read(from, count)?)?;
        let bytes = from.take(ends.last().map_or(0, |end| *end as usize))?.to_vec();
        Ok(Self { ends, bytes })
    }

    pub(in crate::log) fn len(&self) -> usize {
        self.ends.len()
    }

    /// The part of that number.
    pub(in crate::log) fn get(&self, number: usize) -> Result<&[u8], Damage> {
        let end =
            self.ends.get(number).ok_or_else(|| Damage::new("fewer records than events that have one"))?;
        let start = number.checked_sub(1).map_or(0, |before| self.ends[before]);
        Ok(&self.bytes[start as usize..*end as usize])
    }
}

/// Parts while they are written.
#[derive(Debug, Default)]
pub(in crate::log) struct Draft {
    lengths: Vec<u64>,
    bytes: Vec<u8>,
}

impl Draft {
    /// Adds a part.
    pub(in crate::log) fn push(&mut self, part: &[u8]) {
        self.lengths.push(part.len() as u64);
        self.bytes.extend_from_slice(part);
    }

    pub(in crate::log) fn write(&self, out: &mut Vec<u8>) {
        out.extend((self.lengths.len() as u32).to_le_bytes());
        column::write(out, &self.lengths);
        out.extend_from_slice(&self.bytes);
    }
}
