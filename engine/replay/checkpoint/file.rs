//! The file of a checkpoint: sections, and at its end where each of them lies.
//!
//! ```text
//! 8 bytes     magic "EFPOINT" and the format's version, the digit 1
//! ...         sections, each with its length and CRC-32C in the index
//! ...         the index, a section itself
//! 8 + 4 + 4   where the index begins, its length, its CRC-32C
//! 4           CRC-32C of these three
//! 8           the magic again
//! ```
//!
//! It is written beside its place and renamed into it, and is not made durable: whatever a power cut
//! leaves of it, its checksums tell, and what does not hold is made anew from the log.

use std::fs::File;
use std::io::{BufWriter, Error, ErrorKind, Read, Result, Seek, SeekFrom, Write};
use std::path::Path;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::log::bytes::codec;

const MAGIC: &[u8; 8] = b"EFPOINT1";
const TRAILER_BYTES: u64 = 8 + 4 + 4 + 4 + 8;
/// The longest section: a chunk of rows none of which is plain, with room to spare.
const SECTION_BYTES: u32 = 1 << 29;

/// Where a section lies.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
pub(super) struct Section {
    at: u64,
    length: u32,
    crc: u32,
}

/// Sections while they are written.
pub(super) struct Sections<W> {
    to: W,
    at: u64,
}

/// A file to write sections into.
pub(super) fn create(path: &Path) -> Result<Sections<BufWriter<File>>> {
    Sections::begin(BufWriter::with_capacity(1 << 20, File::create(path)?))
}

impl<W: Write> Sections<W> {
    pub(super) fn begin(mut to: W) -> Result<Self> {
        to.write_all(MAGIC)?;
        Ok(Self { to, at: MAGIC.len() as u64 })
    }

    /// Writes a section.
    pub(super) fn put(&mut self, bytes: &[u8]) -> Result<Section> {
        let length = u32::try_from(bytes.len()).ok().filter(|length| *length <= SECTION_BYTES);
        let length = length.ok_or_else(|| invalid("a section is too long"))?;
        self.to.write_all(bytes)?;
        let section = Section { at: self.at, length, crc: crc32c::crc32c(bytes) };
        self.at += u64::from(length);
        Ok(section)
    }

    /// Writes the index and what tells of it, and gives back where all of it went.
    pub(super) fn close(mut self, index: &impl Serialize) -> Result<W> {
        let Section { at, length, crc } = self.put(&encode(index)?)?;
        let mut trailer = at.to_le_bytes().to_vec();
        trailer.extend(length.to_le_bytes());
        trailer.extend(crc.to_le_bytes());
        trailer.extend(crc32c::crc32c(&trailer).to_le_bytes());
        trailer.extend(MAGIC);
        self.to.write_all(&trailer)?;
        self.to.flush()?;
        Ok(self.to)
    }
}

/// The index of sections.
pub(super) fn index<I: DeserializeOwned>(file: &mut (impl Read + Seek)) -> Result<I> {
    let length = file.seek(SeekFrom::End(0))?;
    let from = length.checked_sub(TRAILER_BYTES).ok_or_else(|| invalid("it is too short"))?;
    file.seek(SeekFrom::Start(from))?;
    let mut trailer = [0; TRAILER_BYTES as usize];
    file.read_exact(&mut trailer)?;
    let number = |from: usize| {
        let bytes = trailer[from..].first_chunk().copied().unwrap_or_default();
        u32::from_le_bytes(bytes)
    };
    if trailer[20..] != *MAGIC || number(16) != crc32c::crc32c(&trailer[..16]) {
        return Err(invalid("it does not end as one"));
    }
    let at = trailer.first_chunk().copied().map_or(0, u64::from_le_bytes);
    let section = Section { at, length: number(8), crc: number(12) };
    if section.at.checked_add(section.length.into()) != Some(from) {
        return Err(invalid("its index does not lie at its end"));
    }
    let mut bytes = Vec::new();
    get(file, section, &mut bytes)?;
    decode(&bytes)
}

/// Reads a section in the place of what `bytes` holds.
pub(super) fn get(file: &mut (impl Read + Seek), section: Section, bytes: &mut Vec<u8>) -> Result<()> {
    if section.length > SECTION_BYTES {
        return Err(invalid("a section is too long"));
    }
    bytes.resize(section.length as usize, 0);
    file.seek(SeekFrom::Start(section.at))?;
    file.read_exact(bytes)?;
    match crc32c::crc32c(bytes) == section.crc {
        true => Ok(()),
        false => Err(invalid("the checksum of a section does not hold")),
    }
}

/// The bytes of a record.
pub(in crate::replay) fn encode(record: &impl Serialize) -> Result<Vec<u8>> {
    codec::encode(record, SECTION_BYTES.into()).map_err(|damage| invalid(&damage.to_string()))
}

/// The record that `bytes`, all of them, hold.
pub(super) fn decode<R: DeserializeOwned>(bytes: &[u8]) -> Result<R> {
    codec::decode(bytes, SECTION_BYTES.into()).map_err(|damage| invalid(&damage.to_string()))
}

/// That something of a file is not as it should be.
pub(super) fn invalid(what: &str) -> Error {
    Error::new(ErrorKind::InvalidData, what)
}
