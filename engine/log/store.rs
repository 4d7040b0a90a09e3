//! The database below the log, made harmless. Nothing else names it.
//!
//! What it is known to do, and what is done about it: its flush reaches no disk, so the file is synced
//! through a handle of our own; values above some 120 KiB move into unsynced files, so segments are
//! large and values small; left-over drafts of snapshots keep it from opening, so they are removed; it
//! may panic on damage, so panics are caught and told as errors.
//!
//! ```text
//! tree "blocks"   'b' + first position   entry: u32 events, u32 bytes hot, u32 bytes cold, CRC-32
//!                 'c' + first position   cold value
//!                 'h' + first position   hot value
//! tree "index"    see `index`
//! ```
//!
//! Positions in keys are big-endian, so that keys sort by them.

use std::fs::{self, File};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::block::Encoded;
use super::column::Reader;
use super::error::Damage;
use super::{LogError, Position};

/// Large, so that no value ever moves into a file of its own; fixed for the life of a database.
const SEGMENT_BYTES: usize = 8 << 20;
const CACHE_BYTES: u64 = 64 << 20;
/// How often and for how long a dying instance in this process is waited for.
const REOPEN_PAUSES: u32 = 200;
const REOPEN_PAUSE: Duration = Duration::from_millis(10);

/// A value of the database.
pub(super) type Value = sled::IVec;

/// Key and value of the index.
pub(super) type Pair = (Vec<u8>, Vec<u8>);

/// The open database.
#[derive(Debug)]
pub(super) struct Store {
    dir: PathBuf,
    db: sled::Db,
    blocks: sled::Tree,
    index: sled::Tree,
    file: File,
}

/// What the list of blocks says of one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Entry {
    pub(super) first: Position,
    pub(super) events: u32,
    pub(super) hot_bytes: u32,
    pub(super) cold_bytes: u32,
}

/// Which of a block's keys.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub(super) enum Key {
    /// Its entry in the list.
    Entry = b'b',
    /// Its cold value.
    Cold = b'c',
    /// Its hot value.
    Hot = b'h',
}

impl Key {
    fn of(self, first: Position) -> [u8; 9] {
        let mut key = [self as u8; 9];
        key[1..].copy_from_slice(&first.0.to_be_bytes());
        key
    }
}

impl Store {
    /// Opens or makes the database in `dir`, which nobody else has open.
    pub(super) fn open(dir: &Path) -> Result<Self, LogError> {
        clear_drafts(dir).map_err(LogError::io("clear left-overs", dir))?;
        let db = open_patiently(dir)?;
        let tree = |name: &str| guard(dir, "open its trees", || db.open_tree(name));
        let (blocks, index) = (tree("blocks")?, tree("index")?);
        let path = dir.join("db");
        let file = File::open(&path).map_err(LogError::io("open the file", &path))?;
        let store = Self { dir: dir.to_owned(), db, blocks, index, file };
        // What opening has repaired or created is written; nothing is built on it before it is durable.
        store.sync()?;
        Ok(store)
    }

    /// Writes a block, all of it or nothing.
    pub(super) fn put_block(&self, block: &Encoded) -> Result<(), LogError> {
        let mut batch = sled::Batch::default();
        batch.insert(&Key::Cold.of(block.first), block.cold.as_slice());
        batch.insert(&Key::Hot.of(block.first), block.hot.as_slice());
        batch.insert(&Key::Entry.of(block.first), Entry::of(block).bytes().as_slice());
        self.guard("write a block", || self.blocks.apply_batch(batch))
    }

    /// Hands what was written to the file, and waits until that is done.
    pub(super) fn flush(&self) -> Result<(), LogError> {
        self.guard("flush", || self.db.flush()).map(drop)
    }

    /// Makes what was flushed durable.
    pub(super) fn sync(&self) -> Result<(), LogError> {
        self.flush()?;
        self.file.sync_data().map_err(LogError::io("make the file durable", &self.dir.join("db")))
    }

    /// A value of the block that begins at `first`.
    pub(super) fn get(&self, key: Key, first: Position) -> Result<Option<Value>, LogError> {
        self.guard("read a block", || self.blocks.get(key.of(first)))
    }

    /// Values of blocks that begin at `from` or later, in order.
    pub(super) fn scan(
        &self,
        key: Key,
        from: Position,
    ) -> impl Iterator<Item = Result<(Position, Value), LogError>> + use<'_> {
        let range = key.of(from)..=key.of(Position(u64::MAX));
        let mut pairs = self.blocks.range(range);
        let mut failed = false;
        std::iter::from_fn(move || {
            if failed {
                return None;
            }
            let pair = self.guard("read blocks", || pairs.next().transpose()).transpose()?;
            failed = pair.is_err();
            Some(pair.and_then(|(key, value)| Ok((self.position(&key)?, value))))
        })
    }

    /// The list of blocks from the one that begins at `from`.
    pub(super) fn entries(&self, from: Position) -> impl Iterator<Item = Result<Entry, LogError>> + use<'_> {
        self.scan(Key::Entry, from).map(|pair| {
            let (first, value) = pair?;
            Entry::read(first, &value).map_err(LogError::damaged(first))
        })
    }

    /// The entry of the block that holds `position` or, where there is none, the last one before it.
    pub(super) fn entry_at(&self, position: Position) -> Result<Option<Entry>, LogError> {
        let range = Key::Entry.of(Position::START)..=Key::Entry.of(position);
        let Some((key, value)) =
            self.guard("find a block", || self.blocks.range(range).next_back().transpose())?
        else {
            return Ok(None);
        };
        let first = self.position(&key)?;
        Entry::read(first, &value).map(Some).map_err(LogError::damaged(first))
    }

    /// Writes and removes keys of the index, all or nothing.
    pub(super) fn edit_index(&self, puts: Vec<Pair>, removes: Vec<Vec<u8>>) -> Result<(), LogError> {
        let mut batch = sled::Batch::default();
        removes.into_iter().for_each(|key| batch.remove(key));
        puts.into_iter().for_each(|(key, value)| batch.insert(key, value));
        self.guard("write the index", || self.index.apply_batch(batch))
    }

    /// A value of the index.
    pub(super) fn get_index(&self, key: &[u8]) -> Result<Option<Value>, LogError> {
        self.guard("read the index", || self.index.get(key))
    }

    /// The first pair of the index whose key is `from` or after it.
    pub(super) fn first_index(&self, from: &[u8]) -> Result<Option<(Value, Value)>, LogError> {
        self.guard("read the index", || self.index.range(from..).next().transpose())
    }

    /// Empties the index.
    pub(super) fn clear_index(&self) -> Result<(), LogError> {
        self.guard("clear the index", || self.index.clear())
    }

    /// The bytes of all values of the index.
    pub(super) fn index_bytes(&self) -> Result<u64, LogError> {
        let sum = || self.index.iter().try_fold(0, |sum, pair| Ok(sum + pair?.1.len() as u64));
        self.guard("measure the index", sum)
    }

    /// Files into which the database has moved values; there must be none.
    pub(super) fn blobs(&self) -> Result<Vec<PathBuf>, LogError> {
        let dir = self.dir.join("blobs");
        let list = || fs::read_dir(&dir)?.map(|entry| Ok(entry?.path())).collect::<std::io::Result<_>>();
        list().map_err(LogError::io("read the folder", &dir))
    }

    /// The bytes that the database takes on the disk.
    pub(super) fn disk_bytes(&self) -> Result<u64, LogError> {
        let sum = || {
            fs::read_dir(&self.dir)?.try_fold(0, |sum, entry| {
                let about = entry?.metadata()?;
                Ok(if about.is_file() { sum + about.len() } else { sum })
            })
        };
        sum().map_err(LogError::io("measure the folder", &self.dir))
    }

    fn position(&self, key: &[u8]) -> Result<Position, LogError> {
        let bytes = key.get(1..).and_then(|bytes| bytes.try_into().ok());
        bytes.map(|bytes| Position(u64::from_be_bytes(bytes))).ok_or_else(|| LogError::Database {
            dir: self.dir.clone(),
            doing: "read blocks",
            what: "a key of another length than keys have; restore a backup".to_owned(),
        })
    }

    fn guard<T>(&self, doing: &'static str, call: impl FnOnce() -> sled::Result<T>) -> Result<T, LogError> {
        guard(&self.dir, doing, call)
    }
}

impl Entry {
    fn of(block: &Encoded) -> Self {
        let (hot_bytes, cold_bytes) = (block.hot.len() as u32, block.cold.len() as u32);
        Self { first: block.first, events: block.count, hot_bytes, cold_bytes }
    }

    fn bytes(self) -> [u8; 16] {
        let mut bytes = [0; 16];
        bytes[..4].copy_from_slice(&self.events.to_le_bytes());
        bytes[4..8].copy_from_slice(&self.hot_bytes.to_le_bytes());
        bytes[8..12].copy_from_slice(&self.cold_bytes.to_le_bytes());
        let crc = crc32fast::hash(&bytes[..12]);
        bytes[12..].copy_from_slice(&crc.to_le_bytes());
        bytes
    }

    fn read(first: Position, bytes: &[u8]) -> Result<Self, Damage> {
        let mut from = Reader::new(bytes);
        let (events, hot_bytes, cold_bytes) = (from.u32()?, from.u32()?, from.u32()?);
        let crc = from.u32()?;
        from.end()?;
        if crc != crc32fast::hash(&bytes[..12]) || events == 0 || first.0.checked_add(events.into()).is_none()
        {
            return Err(Damage::new("the checksum of its entry in the list of blocks does not hold"));
        }
        Ok(Self { first, events, hot_bytes, cold_bytes })
    }

    /// The position of the last event.
    pub(super) fn last(&self) -> Position {
        Position(self.first.0 + u64::from(self.events) - 1)
    }
}

/// Removes drafts of snapshots that a crash has left; the database would refuse to open.
fn clear_drafts(dir: &Path) -> std::io::Result<()> {
    if !dir.exists() {
        return Ok(());
    }
    for entry in fs::read_dir(dir)? {
        let entry = entry?;
        let name = entry.file_name();
        let name = name.to_string_lossy();
        if name.starts_with("snap.") && name.ends_with(".generating") {
            fs::remove_file(entry.path())?;
        }
    }
    Ok(())
}

/// Opens the database, waiting for one of this process that is still closing.
///
/// Our own lock is held, so nobody else can have it; but a closed database lets go of its file only
/// when its last thread does.
fn open_patiently(dir: &Path) -> Result<sled::Db, LogError> {
    let config = sled::Config::new()
        .path(dir)
        .segment_size(SEGMENT_BYTES)
        .cache_capacity(CACHE_BYTES)
        .flush_every_ms(None);
    for _ in 0..REOPEN_PAUSES {
        match guard(dir, "open", || config.open()) {
            Err(LogError::Database { what, .. }) if what.contains("could not acquire lock") => {
                std::thread::sleep(REOPEN_PAUSE);
            }
            opened => return opened,
        }
    }
    guard(dir, "open", || config.open())
}

/// Calls the database and tells its errors and its panics in words.
fn guard<T>(dir: &Path, doing: &'static str, call: impl FnOnce() -> sled::Result<T>) -> Result<T, LogError> {
    let what = match catch_unwind(AssertUnwindSafe(call)) {
        Ok(Ok(value)) => return Ok(value),
        Ok(Err(sled::Error::Io(source))) if source.kind() != std::io::ErrorKind::Other => {
            // The database hands on copies whose text is for programmers; their kind has a better one.
            let source = if source.raw_os_error().is_some() { source } else { source.kind().into() };
            return Err(LogError::Io { doing, path: dir.to_owned(), source });
        }
        Ok(Err(sled::Error::Corruption { .. })) => {
            "it finds its files damaged; restore a backup, and keep this folder for repair".to_owned()
        }
        Ok(Err(error)) => error.to_string(),
        Err(panic) => {
            let text = panic.downcast_ref::<String>().map(String::as_str);
            let text = text.or_else(|| panic.downcast_ref::<&str>().copied()).unwrap_or("no words");
            format!(
                "it gave up ({text}); if it does so again, restore a backup, and keep this folder for repair"
            )
        }
    };
    Err(LogError::Database { dir: dir.to_owned(), doing, what })
}
