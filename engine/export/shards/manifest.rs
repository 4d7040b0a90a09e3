//! What a data set says of itself: in each file, and in the manifest beside them.
//!
//! All hashes are SHA-256, which every language and most databases have at hand, so that whoever reads the files can
//! check them. What a file says is in the manifest once more: either can be held against the other, and both against
//! the rows. A data set grows by generations: of each, every file tells how many events all its files hold together.

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::super::column::{Shape, sharded};
use crate::log::hex;

/// What the manifest and the files say that they are.
pub(crate) const SCHEMA: &str = "evenfield.dataset/1";
/// The name under which a file says what it is.
pub(crate) const FILE_KEY: &str = "evenfield.file";
/// The most files that consultations may be divided into.
pub const MOST_SHARDS: u32 = 4_096;
/// The most files of a data set, of all generations: what lists them stays small enough to be read as a whole.
pub(super) const MOST_FILES: usize = 100_000;
/// The largest manifest, in bytes: one of the most files has some 40 million.
const MANIFEST_BYTES: u64 = 64 << 20;

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
    /// Into how many shards consultations are divided.
    pub shards: u32,
    /// The events of all files.
    pub events: u64,
    /// The consultations of all files.
    pub consultations: u64,
    /// How it grew, the oldest first; the last one ends where the data set ends.
    pub generations: Vec<Generation>,
    /// The files, shard by shard, then those of the sources; of one shard the oldest first.
    pub files: Vec<FileNote>,
}

/// What was added at one time.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Generation {
    /// The first position of the log that was looked at: the one behind those of the generation before.
    pub from: u64,
    /// The last one.
    pub to: u64,
    /// The commitment of the log to all events up to there, 64 hexadecimal digits.
    pub commitment: String,
    /// The events of its files.
    pub events: u64,
}

/// What is to be known of one file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FileNote {
    /// Its name.
    pub name: String,
    /// Its shard; as many as there are for what sources declare.
    pub shard: u32,
    /// Its place among the generations, from 0.
    pub generation: u32,
    /// Its rows.
    pub events: u64,
    /// The consultations that begin in it; what sources declare belongs to none.
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
    /// Into how many shards consultations are divided.
    pub(crate) shards: u32,
    /// Which of them this is; as many as there are for what sources declare.
    pub(crate) shard: u32,
    /// Its place among the generations, from 0.
    pub(crate) generation: u32,
    /// What all files of that generation took.
    pub(crate) taken: Generation,
    /// Its rows.
    pub(crate) events: u64,
    /// The consultations that begin in it.
    pub(crate) consultations: u64,
    /// The sum over its rows.
    pub(crate) checksum: String,
}

/// What rows add up to, in any order.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tally {
    events: u64,
    beginnings: u64,
    checksum: u64,
}

impl Tally {
    /// How many rows it is of.
    #[must_use]
    pub fn events(&self) -> u64 {
        self.events
    }

    /// What all these files hold according to their notes; none where a note is no number.
    #[must_use]
    pub fn of<'a>(files: impl IntoIterator<Item = &'a FileNote>) -> Option<Self> {
        let mut sum = Self::default();
        for file in files {
            sum.events = sum.events.checked_add(file.events)?;
            sum.beginnings = sum.beginnings.checked_add(file.consultations)?;
            let checksum = u64::from_str_radix(&file.checksum, 16).ok()?;
            sum.checksum = sum.checksum.wrapping_add(checksum);
        }
        Some(sum)
    }

    /// The same of rows that belong to no consultation, such as what sources declare.
    #[must_use]
    pub fn of_sources(self) -> Self {
        Self { beginnings: 0, ..self }
    }

    /// Adds the row of that number within a consultation.
    pub fn add(&mut self, consultation: &str, seq: u64) {
        self.events += 1;
        self.beginnings += u64::from(seq == 0);
        self.checksum = self.checksum.wrapping_add(hash(&format!("{consultation}#{seq}")));
    }
}

impl Manifest {
    /// The manifest of a data set that consists of one generation.
    pub(super) fn begin(shards: u32, taken: Generation, files: Vec<FileNote>) -> Self {
        let empty = Self {
            schema: SCHEMA.to_owned(),
            fingerprint: fingerprint(),
            position: 0,
            commitment: String::new(),
            shards,
            events: 0,
            consultations: 0,
            generations: Vec::new(),
            files: Vec::new(),
        };
        empty.grown(taken, files)
    }

    /// This with one more generation of these files.
    pub(super) fn grown(mut self, taken: Generation, files: Vec<FileNote>) -> Self {
        self.position = taken.to;
        self.commitment.clone_from(&taken.commitment);
        self.events += taken.events;
        self.consultations += files.iter().map(|file| file.consultations).sum::<u64>();
        self.generations.push(taken);
        self.files.extend(files);
        self.files.sort_by_key(|file| (file.shard, file.generation));
        self
    }

    /// The manifest as it is written.
    pub(super) fn document(&self) -> io::Result<Vec<u8>> {
        let mut document = serde_json::to_vec_pretty(self)?;
        document.push(b'\n');
        Ok(document)
    }

    /// Reads the manifest at `path`; else says what is wrong with it.
    pub(crate) fn read(path: &Path) -> Result<Self, String> {
        let mut text = Vec::new();
        let read = File::open(path).and_then(|file| file.take(MANIFEST_BYTES).read_to_end(&mut text));
        read.map_err(|error| error.to_string())?;
        Self::of(&text)
    }

    /// The manifest that a document is.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn of(document: &[u8]) -> Result<Self, String> {
        let manifest: Self = serde_json::from_slice(document).map_err(|error| error.to_string())?;
        if manifest.schema != SCHEMA || manifest.fingerprint != fingerprint() {
            return Err(format!("its columns are those of {}, and not of this version", manifest.schema));
        }
        manifest.check_files()?;
        manifest.check_generations()?;
        for (what, told, files) in [
            ("events", manifest.events, sum(&manifest.files, |file| file.events)),
            ("consultations", manifest.consultations, sum(&manifest.files, |file| file.consultations)),
        ] {
            if Some(told) != files {
                return Err(format!("its files do not add up to {told} {what}"));
            }
        }
        Ok(manifest)
    }

    /// Every shard has a file of the first generation; others have rows. Each stands once, in order, under its name.
    fn check_files(&self) -> Result<(), String> {
        let Self { shards, files, .. } = self;
        let is_file = |file: &FileNote| {
            (file.generation as usize) < self.generations.len()
                && file.name == name(*shards, file.shard, file.generation)
                && (file.generation == 0 || file.events > 0)
        };
        let first = files.iter().filter(|file| file.generation == 0).map(|file| file.shard);
        let is_whole = (1..=MOST_SHARDS).contains(shards)
            && files.iter().all(is_file)
            && files.is_sorted_by(|file, next| (file.shard, file.generation) < (next.shard, next.generation))
            && first.eq(0..=*shards);
        if is_whole {
            return Ok(());
        }
        let wanted = format!("{shards} files of consultations and that of the sources, and those of later");
        Err(format!("it should name {wanted} generations, each once and in their order"))
    }

    /// Each generation begins where the one before has ended, and holds what its files hold.
    fn check_generations(&self) -> Result<(), String> {
        let mut sums = vec![Some(0_u64); self.generations.len()];
        for file in &self.files {
            let sum = &mut sums[file.generation as usize];
            *sum = sum.and_then(|sum| sum.checked_add(file.events));
        }
        let mut next = 1;
        for (number, (taken, events)) in self.generations.iter().zip(sums).enumerate() {
            if taken.from != next || taken.to < next.saturating_sub(1) {
                return Err(format!(
                    "its generation {number} should begin at position {next}, and is of {} to {}",
                    taken.from, taken.to
                ));
            }
            if events != Some(taken.events) {
                let told = taken.events;
                return Err(format!("the files of its generation {number} do not add up to {told} events"));
            }
            next = taken.to.saturating_add(1);
        }
        let last = self.generations.last().map(|taken| (taken.to, &taken.commitment));
        if last != Some((self.position, &self.commitment)) {
            return Err("position and commitment are not those of its last generation".to_owned());
        }
        Ok(())
    }
}

fn sum(files: &[FileNote], of: fn(&FileNote) -> u64) -> Option<u64> {
    files.iter().map(of).try_fold(0_u64, u64::checked_add)
}

impl Said {
    /// What a file says before its rows are known.
    pub(super) fn begin(shards: u32, shard: u32, (generation, taken): (u32, Generation)) -> Self {
        Self {
            fingerprint: fingerprint(),
            shards,
            shard,
            generation,
            taken,
            events: 0,
            consultations: 0,
            checksum: String::new(),
        }
    }

    /// What the file of that note says, if it is that of the manifest.
    pub(crate) fn of(manifest: &Manifest, note: &FileNote) -> Option<Self> {
        Some(Self {
            fingerprint: manifest.fingerprint.clone(),
            shards: manifest.shards,
            shard: note.shard,
            generation: note.generation,
            taken: manifest.generations.get(note.generation as usize)?.clone(),
            events: note.events,
            consultations: note.consultations,
            checksum: note.checksum.clone(),
        })
    }

    /// Says what rows add up to.
    pub(crate) fn tell(&mut self, tally: &Tally) {
        self.events = tally.events;
        self.consultations = if self.is_of_sources() { 0 } else { tally.beginnings };
        self.checksum = format!("{:016x}", tally.checksum);
    }

    /// Whether it holds what sources declare, and no consultation.
    pub(crate) fn is_of_sources(&self) -> bool {
        self.shard == self.shards
    }
}

impl FileNote {
    pub(super) fn of(said: &Said, bytes: u64, digest: &[u8]) -> Self {
        Self {
            name: name(said.shards, said.shard, said.generation),
            shard: said.shard,
            generation: said.generation,
            events: said.events,
            consultations: said.consultations,
            bytes,
            checksum: said.checksum.clone(),
            sha256: hex(digest),
        }
    }
}

/// The name of a file. That of the first generation has no number of it; one of a later generation sorts behind it.
pub(super) fn name(shards: u32, shard: u32, generation: u32) -> String {
    let of = if shard == shards { "sources".to_owned() } else { format!("events-{shard:05}") };
    if generation == 0 { format!("{of}.parquet") } else { format!("{of}_{generation:06}.parquet") }
}

/// The generation of which a file of that name is, if it is one of a data set.
pub(crate) fn generation_of(name: &str) -> Option<u32> {
    let number = |text: &str, least: usize| {
        let is_one = text.len() >= least && text.bytes().all(|byte| byte.is_ascii_digit());
        if is_one { text.parse::<u32>().ok() } else { None }
    };
    let stem = name.strip_suffix(".parquet")?;
    let (of, generation) = match stem.split_once('_') {
        Some((of, generation)) => (of, number(generation, 6).filter(|generation| *generation > 0)?),
        None => (stem, 0),
    };
    let is_ours = of == "sources" || number(of.strip_prefix("events-")?, 5).is_some();
    is_ours.then_some(generation)
}

/// The shard that a consultation belongs in: the same on every machine, whatever else is in the log.
pub fn shard_of(consultation: &str, shards: u32) -> u32 {
    let shard = hash(consultation) % u64::from(shards.max(1));
    u32::try_from(shard).unwrap_or_default()
}

/// A digest of names, order and types of the columns, 64 hexadecimal digits.
#[must_use]
pub fn fingerprint() -> String {
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
