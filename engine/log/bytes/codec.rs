//! The only place that knows how a record becomes bytes.
//!
//! Records are plain structs, encoded by bincode 1.3 with variable-length integers. Bytes left over
//! are refused, and so is anything that claims to be larger than a part of a block, or than its caller
//! says. Nothing is decoded here that has not passed a checksum; even so no bytes make it panic or
//! allocate much.

use bincode::Options;
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::log::error::Damage;
use crate::log::limits::PART_BYTES;

fn options(limit: u64) -> impl Options {
    bincode::DefaultOptions::new().with_limit(limit)
}

/// The bytes of a record, which are at most so many.
pub(crate) fn encode<R: Serialize>(record: &R, limit: u64) -> Result<Vec<u8>, Damage> {
    let bytes = options(limit).serialize(record);
    bytes.map_err(|error| Damage::new(format!("a record does not encode: {error}")))
}

/// The record that `bytes`, all of them and at most so many, hold.
pub(crate) fn decode<R: DeserializeOwned>(bytes: &[u8], limit: u64) -> Result<R, Damage> {
    let record = options(limit).deserialize(bytes);
    record.map_err(|error| Damage::new(format!("a record does not decode: {error}")))
}

/// Appends `record` to `out`.
pub(in crate::log) fn write<R: Serialize>(out: &mut Vec<u8>, record: &R) -> Result<(), Damage> {
    options(PART_BYTES as u64)
        .serialize_into(out, record)
        .map_err(|error| Damage::new(format!("a record does not encode: {error}")))
}

/// The record that `bytes`, all of them, hold.
pub(in crate::log) fn read<R: DeserializeOwned>(bytes: &[u8]) -> Result<R, Damage> {
    decode(bytes, PART_BYTES as u64)
}
