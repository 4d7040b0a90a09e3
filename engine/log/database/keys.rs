//! Which store a database belongs to, and the keys of its salts.
//!
//! ```text
//! value  magic "EFK1", CRC-32C of the rest, 16 bytes store, u32 number, u32 of how many,
//!        u32 n, n times: u8 depth, u64 prefix, 32 bytes key
//! ```
//!
//! One value does until much was redacted; then there are several, and all of them belong together.

use std::path::Path;

use crate::log::bytes::column::Reader;
use crate::log::bytes::frame;
use crate::log::commitment::{Node, Salts};
use crate::log::error::Damage;
use crate::log::folder::home::StoreId;
use crate::log::{LogError, Position};

/// How many keys of salts lie in one value: 82 KB.
const NODES_A_VALUE: usize = 2000;

/// The store that a database belongs to, and the keys of its salts.
#[derive(Debug, Clone)]
pub(in crate::log) struct Keys {
    pub(in crate::log) id: StoreId,
    pub(in crate::log) salts: Salts,
}

impl Keys {
    /// The name and the key of a new store in `dir`.
    pub(in crate::log) fn draw(dir: &Path) -> Result<Self, LogError> {
        Ok(Self { id: draw(dir)?, salts: Salts::new(draw(dir)?) })
    }

    /// Draws new keys for the positions after `head`: what stood there is lost, and its salts were perhaps told.
    pub(in crate::log) fn renew_after(&mut self, head: Position, dir: &Path) -> Result<(), LogError> {
        self.salts.renew_after(head, &mut || draw(dir))
    }

    pub(in crate::log) const MAGIC: &[u8; 4] = b"EFK1";
    /// Where a value says which of them it is, and how many keys it has.
    const NUMBER_AT: usize = 24;
    const COUNT_AT: usize = 32;
    const HEAD_BYTES: usize = 36;
    const KEY_BYTES: usize = 41;

    /// The value that `rest` begins with, if it is whole.
    pub(in crate::log) fn value_in(rest: &[u8]) -> Option<&[u8]> {
        let count = u32::from_le_bytes(*rest.get(Self::COUNT_AT..)?.first_chunk()?) as usize;
        let value = rest.get(..Self::HEAD_BYTES + count.min(NODES_A_VALUE) * Self::KEY_BYTES)?;
        frame::magic_checked(Self::MAGIC, value).ok().map(|_| value)
    }

    /// Which value of them this is.
    pub(in crate::log) fn number_of(value: &[u8]) -> u32 {
        let number = value.get(Self::NUMBER_AT..).and_then(|rest| rest.first_chunk());
        number.map_or(0, |number| u32::from_le_bytes(*number))
    }

    /// The values that hold them.
    pub(in crate::log) fn values(&self) -> Vec<Vec<u8>> {
        let nodes = self.salts.nodes();
        let count = nodes.len().div_ceil(NODES_A_VALUE).max(1);
        let value = |number: usize| {
            let begin = number * NODES_A_VALUE;
            let nodes = &nodes[begin..nodes.len().min(begin + NODES_A_VALUE)];
            let mut bytes = self.id.to_vec();
            for number in [number, count, nodes.len()] {
                bytes.extend((number as u32).to_le_bytes());
            }
            for node in nodes {
                bytes.push(node.depth);
                bytes.extend(node.prefix.to_le_bytes());
                bytes.extend_from_slice(&node.key);
            }
            frame::with_magic(Self::MAGIC, &bytes)
        };
        (0..count).map(value).collect()
    }

    /// The keys that `values`, in order, hold.
    pub(in crate::log) fn read(values: &[Vec<u8>]) -> Result<Self, Damage> {
        let (mut id, mut nodes) = (None, Vec::new());
        for (number, value) in values.iter().enumerate() {
            let mut from = Reader::new(frame::magic_checked(Self::MAGIC, value)?);
            let of: StoreId = from.array()?;
            let (told, count) = (from.u32()? as usize, from.u32()? as usize);
            if *id.get_or_insert(of) != of || (told, count) != (number, values.len()) {
                return Err(Damage::new("the keys of the salts are not those of one store, or not all"));
            }
            for _ in 0..from.count(NODES_A_VALUE)? {
                let (depth, prefix, key) = (from.u8()?, from.u64()?, from.hash()?);
                nodes.push(Node::new(depth, prefix, key)?);
            }
            from.end()?;
        }
        let id = id.ok_or_else(|| Damage::new("the keys of the salts are missing"))?;
        Ok(Self { id, salts: Salts::from_nodes(nodes) })
    }
}

/// Bytes that nobody can guess, for the store in `dir`.
fn draw<const N: usize>(dir: &Path) -> Result<[u8; N], LogError> {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes).map_err(std::io::Error::from).map_err(LogError::io("draw a key for", dir))?;
    Ok(bytes)
}
