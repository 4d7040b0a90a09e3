//! What a data set says of itself: in each file, and in the manifest beside them.
//!
//! All hashes are SHA-256, which every language and most databases have at hand, so that whoever reads the files can
//! check them. What a file says is in the manifest once more: either can be held against the other, and both against
//! the rows.

use std::io;

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::super::column::{Shape, sharded};
use crate::log::Head;

/// What the manifest and the files say that they are.
pub(crate) const SCHEMA: &str = "evenfield.dataset/1";
/// The name under which a file says what it is.
pub(crate) const FILE_KEY: &str = "evenfield.file";
/// The most files that consultations may be divided into.
pub const MOST_SHARDS: u32 = 4_096;

/// What is to be known of a data set.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Manifest {
    /// `evenfield.dataset/1`.
    pub schema: String,
    /// A digest of the columns, 64 hexadecimal digits: the same where they are the same.
    pub fingerprint: String,
    /// The position of the log up to which events were taken.
    pub position: u64,
    /// The commitment of the log to all events up to there, 64 hexadecimal digits.
    pub commitment: String,
    /// Into how many files consultations are divided.
    pub shards: u32,
    /// The events of all files.
    pub events: u64,
    /// The consultations of all files.
    pub consultations: u64,
    /// The files: those of consultations by number, then that of the sources.
    pub files: Vec<FileNote>,
}

/// What is to be known of one file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FileNote {
    /// Its name.
    pub name: String,
    /// Its rows.
    pub events: u64,
    /// Its consultations; what sources declare belongs to none.
    pub consultations: u64,
    /// Its length.
    pub bytes: u64,
    /// The sum over its rows that does not depend on their order, 16 hexadecimal digits.
    pub checksum: String,
    /// The digest of its bytes, 64 hexadecimal digits.
    pub sha256: String,
}

/// What a file says of itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Said {
    /// A digest of the columns.
    pub(crate) fingerprint: String,
    /// The position of the log up to which events were taken.
    pub(crate) position: u64,
    /// The commitment of the log to all events up to there.
    pub(crate) commitment: String,
    /// Into how many files consultations are divided.
    pub(crate) shards: u32,
    /// Which of them this is; as many as there are for that of the sources.
    pub(crate) file: u32,
    /// Its rows.
    pub(crate) events: u64,
    /// Its consultations.
    pub(crate) consultations: u64,
    /// The sum over its rows.
    pub(crate) checksum: String,
}

/// What rows add up to, in any order.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Tally {
    events: u64,
    beginnings: u64,
    checksum: u64,
}

impl Tally {
    /// Adds the row of that number within a consultation.
    pub(crate) fn add(&mut self, consultation: &str, seq: u64) {
        self.events += 1;
        self.beginnings += u64::from(seq == 0);
        self.checksum = self.checksum.wrapping_add(hash(&format!("{consultation}#{seq}")));
    }
}

impl Manifest {
    /// The manifest of these files, of a log at a head.
    pub(super) fn of(head: &Head, shards: u32, files: Vec<FileNote>) -> Self {
        Self {
            schema: SCHEMA.to_owned(),
            fingerprint: fingerprint(),
            position: head.position.0,
            commitment: head.commitment_digits(),
            shards,
            events: files.iter().map(|file| file.events).sum(),
            consultations: files.iter().map(|file| file.consultations).sum(),
            files,
        }
    }

    /// The manifest as it is written.
    pub(super) fn document(&self) -> io::Result<Vec<u8>> {
        let mut document = serde_json::to_vec_pretty(self)?;
        document.push(b'\n');
        Ok(document)
    }
}

impl Said {
    /// What the file of that number says before its rows are known.
    pub(super) fn begin(head: &Head, shards: u32, file: u32) -> Self {
        Self {
            fingerprint: fingerprint(),
            position: head.position.0,
            commitment: head.commitment_digits(),
            shards,
            file,
            events: 0,
            consultations: 0,
            checksum: String::new(),
        }
    }

    /// Says what rows add up to.
    pub(crate) fn tell(&mut self, tally: &Tally) {
        self.events = tally.events;
        self.consultations = if self.is_of_sources() { 0 } else { tally.beginnings };
        self.checksum = format!("{:016x}", tally.checksum);
    }

    /// Whether it holds what sources declare, and no consultation.
    pub(crate) fn is_of_sources(&self) -> bool {
        self.file == self.shards
    }
}

impl FileNote {
    pub(super) fn of(name: String, said: &Said, bytes: u64, digest: &[u8]) -> Self {
        let checksum = said.checksum.clone();
        Self {
            name,
            events: said.events,
            consultations: said.consultations,
            bytes,
            checksum,
            sha256: hex(digest),
        }
    }
}

/// The names of the files: those of consultations by number, then that of the sources.
pub(crate) fn names(shards: u32) -> impl Iterator<Item = String> {
    (0..shards).map(|shard| format!("events-{shard:05}.parquet")).chain(["sources.parquet".to_owned()])
}

/// The file that a consultation belongs in: the same on every machine, whatever else is in the log.
pub(crate) fn shard_of(consultation: &str, shards: u32) -> u32 {
    let shard = hash(consultation) % u64::from(shards.max(1));
    u32::try_from(shard).unwrap_or_default()
}

/// A digest of names, order and types of the columns.
pub(crate) fn fingerprint() -> String {
    let mut text = format!("{SCHEMA}\n");
    for column in sharded() {
        let shape = match column.shape {
            Shape::Text => "text",
            Shape::Time => "timestamp_ms_utc",
            Shape::Position => "int64",
            Shape::Small => "int32",
            Shape::Real => "double",
            Shape::Flag => "boolean",
        };
        let null = if column.is_full { "" } else { " or null" };
        text.push_str(&format!("{} {shape}{null}\n", column.name));
    }
    hex(&Sha256::digest(text.as_bytes()))
}

/// The first eight bytes of the digest of a text as a number, the highest first.
fn hash(text: &str) -> u64 {
    let digest = Sha256::digest(text.as_bytes());
    digest.iter().take(8).fold(0, |number, byte| number << 8 | u64::from(*byte))
}

/// Bytes as hexadecimal digits.
pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
