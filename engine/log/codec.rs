//! The only place that knows how a record becomes bytes.
//!
//! Records are plain structs, encoded by bincode 1.3 with variable-length integers. Bytes left over
//! are refused, and so is anything that claims to be larger than a part of a block. Nothing is decoded
//! here that has not passed its block's checksum; even so no bytes make it panic or allocate much.

use bincode::Options;
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::error::Damage;
use super::limits::PART_BYTES;

fn options() -> impl Options {
    bincode::DefaultOptions::new().with_limit(PART_BYTES as u64)
}

/// Appends `record` to `out`.
pub(super) fn write<R: Serialize>(out: &mut Vec<u8>, record: &R) -> Result<(), Damage> {
    options()
        .serialize_into(out, record)
        .map_err(|error| Damage::new(format!("a record does not encode: {error}")))
}

/// The record that `bytes`, all of them, hold.
pub(super) fn read<R: DeserializeOwned>(bytes: &[u8]) -> Result<R, Damage> {
    options().deserialize(bytes).map_err(|error| Damage::new(format!("a record does not decode: {error}")))
}
