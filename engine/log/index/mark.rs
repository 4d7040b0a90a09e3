//! Marks: what the index keeps of the name of an event.
//!
//! A mark is keyed, so that nobody who may send events can choose ids that crowd one page. Forty-eight
//! bits are few enough to keep and so many that among a hundred million events a new one seems known
//! once in three million times; what it seems to be is then read and found to be another.

use std::collections::HashMap;
use std::hash::{BuildHasher, Hasher, RandomState};

use super::LoadError;
use crate::log::block::Block;
use crate::log::bytes::frame;
use crate::log::database::store::Store;
use crate::log::error::Damage;
use crate::log::{LogError, Position};

const KEY: &[u8] = b"s";
/// Sources are few; a flood of them must not fill the memory.
const REMEMBERED_SOURCES: usize = 1024;

/// The top 48 bits of a hash, in the low bits of a number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(in super::super) struct Mark(pub(super) u64);

impl Mark {
    pub(super) const BITS: u32 = 48;
}

/// Makes marks.
#[derive(Debug, Clone)]
pub(super) struct Marker {
    key: [u8; 32],
    sources: HashMap<String, [u8; 32]>,
    last: Option<(String, [u8; 32])>,
}

impl Marker {
    /// With the key that the index was made with.
    pub(super) fn load(store: &Store) -> Result<Self, LoadError> {
        let value = store.get_index(KEY)?.ok_or_else(|| Damage::new("it has no key"))?;
        let key = frame::checked(&value)?.try_into().map_err(|_| Damage::new("its key is short"))?;
        Ok(Self::with(key))
    }

    /// With a new key, which is written.
    pub(super) fn make(store: &Store) -> Result<Self, LogError> {
        let mut key = [0; 32];
        for part in key.chunks_exact_mut(8) {
            part.copy_from_slice(&RandomState::new().build_hasher().finish().to_le_bytes());
        }
        store.edit_index(vec![(KEY.to_vec(), frame::with_checksum(&key))], Vec::new())?;
        Ok(Self::with(key))
    }

    fn with(key: [u8; 32]) -> Self {
        Self { key, sources: HashMap::new(), last: None }
    }

    /// The mark of an event of this name: the hash of its id under the hash of its source.
    pub(super) fn mark(&mut self, source: &str, id: &str) -> Mark {
        let hash = blake3::keyed_hash(&self.source_key(source), id.as_bytes());
        let (head, _) = hash.as_bytes().split_first_chunk::<8>().unwrap_or((&[0; 8], &[]));
        Mark(u64::from_le_bytes(*head) >> (u64::BITS - Mark::BITS))
    }

    /// The mark of what has no name at `position`: what was destroyed, and the log's own records.
    pub(super) fn nameless(position: Position) -> Mark {
        let spread = position.0.wrapping_mul(0x9e37_79b9_7f4a_7c15);
        Mark((spread ^ spread >> 29) >> (u64::BITS - Mark::BITS))
    }

    /// The mark of the event of that number in `block`, or of what else stands there.
    pub(super) fn mark_in(&mut self, block: &Block, number: usize) -> Mark {
        if !block.is_event(number) {
            return Self::nameless(block.first().plus(number as u64));
        }
        let (source, id) = block.name(number);
        self.mark(source, id)
    }

    fn source_key(&mut self, source: &str) -> [u8; 32] {
        if let Some((_, key)) = self.last.as_ref().filter(|(last, _)| last == source) {
            return *key;
        }
        if self.sources.len() >= REMEMBERED_SOURCES {
            self.sources.clear();
        }
        let key = *self
            .sources
            .entry(source.to_owned())
            .or_insert_with(|| *blake3::keyed_hash(&self.key, source.as_bytes()).as_bytes());
        self.last = Some((source.to_owned(), key));
        key
    }
}
