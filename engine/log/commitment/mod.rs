//! The commitment: one hash that stands for every event up to a position, in order, unaltered.
//!
//! Events are the leaves of a Merkle tree that only grows, as in Certificate Transparency (RFC 9162,
//! section 2.1, with BLAKE3 for SHA-256); its complete subtrees are the peaks of a Merkle mountain range.
//! Events are hashed, not blocks, so that merging blocks changes nothing. Each leaf is salted: who knows
//! the commitment alone can test no guess, and an event whose salt is gone is out of reach for ever,
//! while its leaf stays and the commitment with it.
//!
//! ```text
//! leaf      BLAKE3(0x00, salt, the event's canonical bytes: see `raw`)
//! node      BLAKE3(0x01, left, right)
//! root      of n leaves: split at the largest power of two below n, as RFC 9162 does
//! ```

pub(in crate::log) mod digits;
pub(in crate::log) mod head;
mod salts;
mod tree;

pub(super) use salts::{Node, Salts};
pub(super) use tree::{Frontier, path, root_of_path};

/// A BLAKE3 hash.
pub(super) type Hash = [u8; 32];

/// How many levels of the tree a *unit* has: 4,096 events, whose common node the log keeps.
pub(super) const UNIT_HEIGHT: u32 = 12;
/// The events of a unit.
pub(super) const UNIT_EVENTS: u64 = 1 << UNIT_HEIGHT;

/// The leaf of what `content` says, under `salt`.
pub(super) fn leaf(salt: &Hash, content: &[u8]) -> Hash {
    let mut bytes = Vec::with_capacity(1 + salt.len() + content.len());
    begin_leaf(salt, &mut bytes);
    bytes.extend_from_slice(content);
    end_leaf(&bytes)
}

/// Begins the bytes of a leaf in `out`, which is empty; what follows is the content.
pub(super) fn begin_leaf(salt: &Hash, out: &mut Vec<u8>) {
    out.push(0);
    out.extend_from_slice(salt);
}

/// The leaf of bytes that were begun so. One piece is hashed faster than three.
pub(super) fn end_leaf(bytes: &[u8]) -> Hash {
    *blake3::hash(bytes).as_bytes()
}

/// Bytes as hexadecimal digits, two each.
pub(crate) fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write;
    bytes.iter().fold(String::with_capacity(2 * bytes.len()), |mut text, byte| {
        // Writing to a text does not fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}

/// The bytes that hexadecimal digits tell.
pub(crate) fn unhex(text: &str) -> Option<Vec<u8>> {
    let digit = |byte: u8| (byte as char).to_digit(16).map(|digit| digit as u8);
    let (pairs, rest) = text.as_bytes().as_chunks::<2>();
    if !rest.is_empty() {
        return None;
    }
    pairs.iter().map(|[high, low]| Some(digit(*high)? << 4 | digit(*low)?)).collect()
}
