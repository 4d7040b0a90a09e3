//! A fold on its way: what it is, who made it, and which rows it is of.
//!
//! The engine in between checks none of this. So every state names its projection, the version of everything that made it,
//! the shard, and what its rows add up to; whoever takes it compares with what was asked and with the manifest.

use engine::export::shards::{Tally, fingerprint};
use serde::{Deserialize, Serialize};

/// What a fold makes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Projection {
    /// What is told of sources.
    Heard,
    /// Rows of consultations.
    Part,
}

/// A fold of one shard.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Envelope {
    /// What it is.
    pub projection: Projection,
    /// What made it.
    pub version: String,
    /// The shard; none where there were no rows.
    pub shard: Option<u32>,
    /// What the rows add up to.
    pub tally: Tally,
    /// What was made of them.
    #[serde(skip)]
    pub body: Vec<u8>,
}

/// What tells this way of reading, counting and writing from others: only those who have the same work together.
#[must_use]
pub fn version() -> String {
    format!("{}/{}/{}", env!("CARGO_PKG_VERSION"), engine::summary::reading(), fingerprint())
}

impl Envelope {
    /// As bytes: a line of JSON, and behind it what was made.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn bytes(&self) -> Result<Vec<u8>, String> {
        let mut bytes = serde_json::to_vec(self).map_err(|error| error.to_string())?;
        bytes.push(b'\n');
        bytes.extend(&self.body);
        Ok(bytes)
    }

    /// What bytes hold, if it is a fold of this kind by somebody of this version.
    ///
    /// # Errors
    /// Why it is not taken.
    pub fn open(bytes: &[u8], projection: Projection) -> Result<Self, String> {
        let none = || "a worker sent what is no fold".to_owned();
        let end = bytes.iter().position(|byte| *byte == b'\n').ok_or_else(none)?;
        let head: Self = serde_json::from_slice(&bytes[..end]).map_err(|_| none())?;
        let envelope = Self { body: bytes[end + 1..].to_vec(), ..head };
        if envelope.version != version() {
            return Err(format!(
                "a worker folded as another version does ({}, and this is {}); update it",
                envelope.version,
                version()
            ));
        }
        if envelope.projection != projection {
            return Err(format!(
                "a worker sent {:?} where {projection:?} was asked for",
                envelope.projection
            ));
        }
        Ok(envelope)
    }
}
