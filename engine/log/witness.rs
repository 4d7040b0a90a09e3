//! The witness of what was acknowledged, outside the database.
//!
//! The database may roll a damaged tail back without a word. So the head is written down beside it, after
//! it is durable and before it is published: a log that opens shorter than its witness says so. Two slots
//! are written in turn, so that one torn by a crash leaves the other.
//!
//! ```text
//! slot (16 bytes, twice)   u64 head   u32 CRC-32 of the head   u32 zero      little-endian
//! ```

use std::fs::{File, OpenOptions};
use std::io::{Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use super::{LogError, Position, home};

const SLOT: usize = 16;

/// The open witness.
#[derive(Debug)]
pub(super) struct Witness {
    path: PathBuf,
    file: File,
    /// The slot to be written next.
    next: u64,
}

impl Witness {
    /// Opens or makes the witness in the folder of a store, and tells the highest head it has seen.
    pub(super) fn open(dir: &Path) -> Result<(Self, Position), LogError> {
        let path = dir.join(home::WITNESS);
        let open = || -> std::io::Result<(File, Vec<u8>)> {
            let is_new = !path.exists();
            let mut file =
                OpenOptions::new().read(true).write(true).create(true).truncate(false).open(&path)?;
            let mut bytes = Vec::new();
            (&mut file).take(2 * SLOT as u64).read_to_end(&mut bytes)?;
            if is_new {
                File::open(dir)?.sync_all()?;
            }
            Ok((file, bytes))
        };
        let (file, bytes) = open().map_err(LogError::io("open the witness", &path))?;
        let seen = bytes.chunks_exact(SLOT).map(read_slot).enumerate().max_by_key(|(_, head)| *head);
        let (slot, head) = seen.unwrap_or((1, None));
        Ok((Self { path, file, next: 1 - slot as u64 }, head.unwrap_or(Position::START)))
    }

    /// Writes a head down, durably.
    pub(super) fn note(&mut self, head: Position) -> Result<(), LogError> {
        let mut slot = [0; SLOT];
        slot[..8].copy_from_slice(&head.0.to_le_bytes());
        slot[8..12].copy_from_slice(&crc32fast::hash(&head.0.to_le_bytes()).to_le_bytes());
        let place = SeekFrom::Start(self.next * SLOT as u64);
        let mut write = || {
            self.file.seek(place)?;
            self.file.write_all(&slot)?;
            self.file.sync_data()
        };
        write().map_err(LogError::io("write", &self.path))?;
        self.next = 1 - self.next;
        Ok(())
    }
}

/// The head in a slot, if it is whole.
fn read_slot(slot: &[u8]) -> Option<Position> {
    let (head, rest) = slot.split_first_chunk::<8>()?;
    let crc = rest.first_chunk::<4>()?;
    (crc32fast::hash(head) == u32::from_le_bytes(*crc)).then(|| Position(u64::from_le_bytes(*head)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_highest_head_is_remembered_and_a_torn_slot_leaves_the_other() {
        let dir = tempfile::tempdir().unwrap();
        let (mut witness, head) = Witness::open(dir.path()).unwrap();
        assert_eq!(head, Position::START);
        for head in [3, 7, 12] {
            witness.note(Position(head)).unwrap();
        }
        assert_eq!(Witness::open(dir.path()).unwrap().1, Position(12));
        let path = dir.path().join("WITNESS");
        let mut bytes = std::fs::read(&path).unwrap();
        bytes[3] ^= 0xff;
        std::fs::write(&path, &bytes).unwrap();
        let (mut witness, head) = Witness::open(dir.path()).unwrap();
        assert_eq!(head, Position(7));
        witness.note(Position(20)).unwrap();
        assert_eq!(Witness::open(dir.path()).unwrap().1, Position(20));
    }
}
