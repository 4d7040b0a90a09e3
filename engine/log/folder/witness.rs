//! The witness of what was acknowledged, outside the database.
//!
//! The database may roll a damaged tail back without a word. So the head and its commitment are written
//! down beside it, after the events are durable and before they are published: a log that opens shorter
//! than its witness, or with other events, says so. Two slots are written in turn, on pages of their own,
//! so that one torn by a crash leaves the other.
//!
//! ```text
//! slot, at 0 and at 4096 (64 bytes; little-endian)
//!      0    4  magic "EFW1"
//!      4    4  CRC-32C of everything from offset 8 to the end
//!      8   16  the store it belongs to
//!     24    8  head
//!     32   32  the commitment of the events up to the head
//! ```

use std::fs::{File, OpenOptions};
use std::io::{ErrorKind, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use super::disk;
use super::home::StoreId;
use crate::log::bytes::column::Reader;
use crate::log::commitment::Hash;
use crate::log::{LogError, Position};

const MAGIC: &[u8; 4] = b"EFW1";
const SLOT: usize = 64;
const PAGE: u64 = 4096;

/// What was acknowledged last.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::log) struct Seen {
    pub(in crate::log) head: Position,
    pub(in crate::log) root: Hash,
}

impl Seen {
    /// The commitment that the last block's entry must hold; none while there is no block.
    pub(in crate::log) fn wanted(&self) -> Option<&Hash> {
        (self.head > Position::START).then_some(&self.root)
    }
}

/// The open witness.
#[derive(Debug)]
pub(in crate::log) struct Witness {
    path: PathBuf,
    file: File,
    id: StoreId,
    /// The slot to be written next.
    next: u64,
    /// Whether a slot cannot be read: perhaps it was the newer one.
    pub(in crate::log) is_worn: bool,
}

/// Why there is no witness to believe.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::log) enum Mute {
    Missing,
    Unreadable,
    OfAnotherStore,
}

impl Witness {
    /// Makes a witness that has seen `seen`, durable when this returns.
    pub(in crate::log) fn make(path: &Path, id: StoreId, seen: Seen) -> Result<Self, LogError> {
        let make = || {
            let file = OpenOptions::new().read(true).write(true).create(true).truncate(true).open(path)?;
            file.set_len(PAGE + SLOT as u64)?;
            Ok(file)
        };
        let file = make().map_err(LogError::io("make the witness", path))?;
        let mut witness = Self { path: path.to_owned(), file, id, next: 0, is_worn: false };
        witness.note(seen)?;
        disk::sync_folder(path.parent().unwrap_or(Path::new(".")))?;
        Ok(witness)
    }

    /// Opens the witness and tells the highest head that it has seen.
    pub(in crate::log) fn open(path: &Path, id: StoreId) -> Result<Result<(Self, Seen), Mute>, LogError> {
        let mut file = match OpenOptions::new().read(true).write(true).open(path) {
            Ok(file) => file,
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Err(Mute::Missing)),
            Err(error) => return Err(LogError::io("open the witness", path)(error)),
        };
        let mut bytes = Vec::new();
        (&mut file)
            .take(PAGE + SLOT as u64)
            .read_to_end(&mut bytes)
            .map_err(LogError::io("read the witness", path))?;
        let slot = |number: u64| {
            let begin = (number * PAGE) as usize;
            let (of, seen) = read_slot(bytes.get(begin..begin + SLOT)?)?;
            Some((number, of, seen))
        };
        let slots: Vec<_> = [slot(0), slot(1)].into_iter().flatten().collect();
        let is_worn = [0, PAGE as usize].into_iter().any(|begin| {
            let bytes = bytes.get(begin..(begin + SLOT).min(bytes.len())).unwrap_or_default();
            bytes.iter().any(|byte| *byte != 0) && read_slot(bytes).is_none()
        });
        let mute = if slots.is_empty() { Mute::Unreadable } else { Mute::OfAnotherStore };
        let own = slots.into_iter().filter(|(_, of, _)| *of == id);
        Ok(match own.max_by_key(|(_, _, seen)| seen.head) {
            None => Err(mute),
            Some((number, _, seen)) => {
                Ok((Self { path: path.to_owned(), file, id, next: 1 - number, is_worn }, seen))
            }
        })
    }

    /// Whether a witness of whatever store has seen events here.
    pub(in crate::log) fn has_seen_events(path: &Path) -> Result<bool, LogError> {
        match std::fs::read(path) {
            Ok(bytes) => {
                let slots = [0, PAGE as usize].into_iter().filter_map(|begin| bytes.get(begin..begin + SLOT));
                Ok(slots.filter_map(read_slot).any(|(_, seen)| seen.head > Position::START))
            }
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(false),
            Err(error) => Err(LogError::io("read the witness", path)(error)),
        }
    }

    /// Writes down what is seen, durably.
    pub(in crate::log) fn note(&mut self, seen: Seen) -> Result<(), LogError> {
        let mut slot = Vec::with_capacity(SLOT);
        slot.extend_from_slice(MAGIC);
        slot.extend_from_slice(&[0; 4]);
        slot.extend_from_slice(&self.id);
        slot.extend(seen.head.0.to_le_bytes());
        slot.extend_from_slice(&seen.root);
        let crc = crc32c::crc32c(&slot[8..]);
        slot[4..8].copy_from_slice(&crc.to_le_bytes());
        let place = SeekFrom::Start(self.next * PAGE);
        let mut write = || {
            self.file.seek(place)?;
            self.file.write_all(&slot)
        };
        write().map_err(LogError::io("write", &self.path))?;
        disk::sync_file(&self.file, &self.path)?;
        self.next = 1 - self.next;
        Ok(())
    }
}

/// The store and what was seen of it in a slot, if it is whole.
fn read_slot(slot: &[u8]) -> Option<(StoreId, Seen)> {
    let mut from = Reader::new(slot);
    let (magic, crc) = (from.take(4).ok()?, from.u32().ok()?);
    if magic != MAGIC || crc != crc32c::crc32c(&slot[8..]) {
        return None;
    }
    let id = from.take(16).ok()?.try_into().ok()?;
    let head = Position(from.u64().ok()?);
    let root = from.take(32).ok()?.try_into().ok()?;
    Some((id, Seen { head, root }))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seen(head: u64) -> Seen {
        Seen { head: Position(head), root: [head as u8; 32] }
    }

    #[test]
    fn the_highest_head_is_remembered_and_a_torn_slot_leaves_the_other() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("WITNESS");
        let id = [3; 16];
        let mut witness = Witness::make(&path, id, seen(0)).unwrap();
        for head in [3, 7, 12] {
            witness.note(seen(head)).unwrap();
        }
        let open = |id| Witness::open(&path, id).unwrap().map(|(_, seen)| seen);
        assert_eq!(open(id), Ok(seen(12)));
        assert_eq!(open([4; 16]), Err(Mute::OfAnotherStore));
        let mut bytes = std::fs::read(&path).unwrap();
        let newest = bytes.windows(8).position(|window| window == 12_u64.to_le_bytes()).unwrap();
        bytes[newest] ^= 0xff;
        std::fs::write(&path, &bytes).unwrap();
        let (mut witness, older) = Witness::open(&path, id).unwrap().unwrap();
        assert_eq!((older, witness.is_worn), (seen(7), true));
        witness.note(seen(20)).unwrap();
        assert_eq!(open(id), Ok(seen(20)));
        std::fs::write(&path, [1; 5000]).unwrap();
        assert_eq!(open(id), Err(Mute::Unreadable));
        std::fs::remove_file(&path).unwrap();
        assert_eq!(open(id), Err(Mute::Missing));
    }
}
