//! The database below the log, made harmless. Nothing else names it.
//!
//! What it is known to do, and what is done about it: its flush reaches no disk, so the file is synced
//! through a handle of our own; values above some 120 KiB move into unsynced files, so segments are
//! large and values small; left-over drafts of snapshots keep it from opening, so they are removed; it
//! may panic on damage, so panics are caught and told as errors; it never syncs its settings nor the name
//! of its snapshot, and zeroes free segments whenever it opens, so all that is made durable after opening:
//! while the log is read already, and before anything is written to it.
//!
//! ```text
//! tree "blocks"   'b' + first position   what is known of a block, see `entry`
//!                 'c' + first position   cold value
//!                 'h' + first position   hot value
//!                 'k' + number           keys of the salts, see `keys`
//!                 'n' + number           the node of a complete unit, see `commitment`
//!                 'r' + number           names of destroyed events, see `remains`
//! tree "index"    what is derived: see `index` and `levels`
//!
//! node   magic "EFN1", CRC-32C of the rest, u64 unit, 32 bytes
//! ```
//!
//! Numbers in keys are big-endian, so that keys sort by them; in values they are little-endian. Every
//! value says itself what it is and where it belongs: what is left of a database can be read without it.

use std::fs::{self, File};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use super::keys::Keys;
use super::worker::Worker;
use crate::log::block::Encoded;
use crate::log::block::entry::Entry;
use crate::log::bytes::column::Reader;
use crate::log::bytes::frame;
use crate::log::commitment::{Hash, UNIT_EVENTS};
use crate::log::error::Damage;
use crate::log::folder::disk;
use crate::log::{LogError, Position};

/// Large, so that no value ever moves into a file of its own; fixed for the life of a database.
pub(in crate::log) const SEGMENT_BYTES: usize = 8 << 20;
const CACHE_BYTES: u64 = 64 << 20;
/// How often and for how long a dying instance in this process is waited for.
const REOPEN_PAUSES: u32 = 200;
const REOPEN_PAUSE: Duration = Duration::from_millis(10);

/// A value of the database.
pub(in crate::log) type Value = sled::IVec;

/// Key and value of the index.
pub(in crate::log) type Pair = (Vec<u8>, Vec<u8>);

/// The open database.
#[derive(Debug)]
pub(in crate::log) struct Store {
    dir: PathBuf,
    db: sled::Db,
    blocks: sled::Tree,
    index: sled::Tree,
    file: File,
    worker: Worker,
    /// Why what opening has written could not be made durable; then nothing is built on it.
    unsettled: Arc<OnceLock<String>>,
}

/// What a key stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub(in crate::log) enum Key {
    /// Its entry in the list.
    Entry = b'b',
    /// Its cold value.
    Cold = b'c',
    /// Its hot value.
    Hot = b'h',
    /// Keys of the salts, by number.
    Keys = b'k',
    /// The node of a unit, by number.
    Unit = b'n',
    /// Names of events whose content was destroyed, by number.
    Remains = b'r',
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
    pub(in crate::log) fn open(dir: &Path) -> Result<Self, LogError> {
        clear_drafts(dir).map_err(LogError::io("clear left-overs", dir))?;
        let db = open_patiently(dir)?;
        let tree = |name: &str| guard(dir, "open its trees", || db.open_tree(name));
        let (blocks, index) = (tree("blocks")?, tree("index")?);
        let path = dir.join("db");
        let file = File::open(&path).map_err(LogError::io("open the file", &path))?;
        let worker = Worker::start().map_err(LogError::io("start the writing of", dir))?;
        let (dir, unsettled) = (dir.to_owned(), Arc::default());
        let store = Self { dir, db, blocks, index, file, worker, unsettled };
        store.flush()?;
        store.settle()?;
        Ok(store)
    }

    /// Begins to make durable what opening has repaired or created. Nothing is built on it before that:
    /// whatever is written comes after it.
    fn settle(&self) -> Result<(), LogError> {
        let (dir, path) = (self.dir.clone(), self.dir.join("db"));
        let file = self.file.try_clone().map_err(LogError::io("open the file", &path))?;
        let unsettled = Arc::clone(&self.unsettled);
        self.worker.begin(move || {
            // The snapshot's name first: what it does not need is zeroed in the file.
            if let Err(error) = sync_settings(&dir).and_then(|()| disk::sync_file(&file, &path)) {
                let _ = unsettled.set(error.to_string());
            }
        });
        Ok(())
    }

    /// Returns once what opening has written is durable.
    pub(in crate::log) fn settled(&self) -> Result<(), LogError> {
        self.work("be opened", || Ok(()))
    }

    /// Writes a block, all of it or nothing.
    pub(in crate::log) fn put_block(&self, block: &Encoded) -> Result<(), LogError> {
        self.edit_blocks(&[], std::slice::from_ref(block), &[])
    }

    /// Writes `new` blocks in the place of `old` ones and the entries that were `marked`, all or nothing.
    pub(in crate::log) fn edit_blocks(
        &self,
        old: &[Entry],
        new: &[Encoded],
        marked: &[Entry],
    ) -> Result<(), LogError> {
        let mut batch = sled::Batch::default();
        for entry in old {
            for key in [Key::Cold, Key::Hot, Key::Entry] {
                batch.remove(&key.of(entry.first));
            }
        }
        for block in new {
            batch.insert(&Key::Cold.of(block.first), block.values.cold.as_slice());
            batch.insert(&Key::Hot.of(block.first), block.values.hot.as_slice());
            batch.insert(&Key::Entry.of(block.first), Entry::of(block).bytes().as_slice());
            for (unit, node) in &block.units {
                batch.insert(&Key::Unit.of(Position(*unit)), unit_bytes(*unit, node).as_slice());
            }
        }
        for entry in marked {
            batch.insert(&Key::Entry.of(entry.first), entry.bytes().as_slice());
        }
        let blocks = self.blocks.clone();
        self.work("write a block", move || blocks.apply_batch(batch))
    }

    /// Removes every block that begins at `from` or later, the last one first.
    pub(in crate::log) fn cut_blocks(&self, from: Position) -> Result<(), LogError> {
        let firsts: Vec<Position> = [Key::Entry, Key::Cold, Key::Hot]
            .into_iter()
            .flat_map(|key| self.scan(key, from).map(|pair| pair.map(|(first, _)| first)))
            .collect::<Result<_, _>>()?;
        let mut batch = sled::Batch::default();
        for first in firsts {
            [Key::Cold, Key::Hot, Key::Entry].iter().for_each(|key| batch.remove(&key.of(first)));
        }
        let units = from.0.saturating_sub(1) / UNIT_EVENTS;
        for pair in self.scan(Key::Unit, Position(units)) {
            batch.remove(&Key::Unit.of(pair?.0));
        }
        let blocks = self.blocks.clone();
        self.work("cut blocks off", move || blocks.apply_batch(batch))
    }

    /// Writes which store this is and the keys of its salts.
    pub(in crate::log) fn put_keys(&self, keys: &Keys) -> Result<(), LogError> {
        let mut batch = sled::Batch::default();
        for (number, value) in keys.values().into_iter().enumerate() {
            batch.insert(&Key::Keys.of(Position(number as u64)), value);
        }
        let blocks = self.blocks.clone();
        self.work("write its keys", move || blocks.apply_batch(batch))
    }

    /// Which store this is and the keys of its salts; none in a database that holds nothing.
    pub(in crate::log) fn keys(&self) -> Result<Option<Keys>, LogError> {
        let values = self.scan(Key::Keys, Position::START).map(|pair| Ok(pair?.1.to_vec()));
        let values = values.collect::<Result<Vec<_>, LogError>>()?;
        if values.is_empty() {
            return Ok(None);
        }
        Keys::read(&values).map(Some).map_err(LogError::damaged(Position::FIRST))
    }

    /// Adds names of events whose content was destroyed.
    pub(in crate::log) fn put_remains(&self, values: &[Vec<u8>]) -> Result<(), LogError> {
        let known = self.scan(Key::Remains, Position::START).count();
        let mut batch = sled::Batch::default();
        for (number, value) in values.iter().enumerate() {
            batch.insert(&Key::Remains.of(Position((known + number) as u64)), value.as_slice());
        }
        let blocks = self.blocks.clone();
        self.work("write what remains", move || blocks.apply_batch(batch))
    }

    /// Names of events whose content was destroyed, as they were written.
    pub(in crate::log) fn remains(&self) -> Result<Vec<Vec<u8>>, LogError> {
        self.scan(Key::Remains, Position::START).map(|pair| Ok(pair?.1.to_vec())).collect()
    }

    /// The nodes of the first `count` units, as far as they are there and sound.
    pub(in crate::log) fn units(&self, count: u64) -> Result<Vec<Hash>, LogError> {
        let mut nodes = Vec::new();
        for pair in self.scan(Key::Unit, Position::START) {
            let (unit, value) = pair?;
            let is_next = unit.0 == nodes.len() as u64 && unit.0 < count;
            match read_unit(&value).filter(|(told, _)| is_next && *told == unit.0) {
                Some((_, node)) => nodes.push(node),
                None => break,
            }
        }
        Ok(nodes)
    }

    /// Writes the node of a unit.
    pub(in crate::log) fn put_unit(&self, unit: u64, node: &Hash) -> Result<(), LogError> {
        let (key, value) = (Key::Unit.of(Position(unit)), unit_bytes(unit, node));
        let blocks = self.blocks.clone();
        self.work("write a node", move || blocks.insert(key, value)).map(drop)
    }

    /// Hands what was written to the file, and waits until that is done.
    pub(in crate::log) fn flush(&self) -> Result<(), LogError> {
        let db = self.db.clone();
        self.work("flush", move || db.flush()).map(drop)
    }

    /// Makes what was flushed durable.
    pub(in crate::log) fn sync(&self) -> Result<(), LogError> {
        self.flush()?;
        disk::sync_file(&self.file, &self.dir.join("db"))
    }

    /// A value of the block that begins at `first`.
    pub(in crate::log) fn get(&self, key: Key, first: Position) -> Result<Option<Value>, LogError> {
        self.guard("read a block", || self.blocks.get(key.of(first)))
    }

    /// Values of blocks that begin at `from` or later, in order.
    pub(in crate::log) fn scan(
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
    pub(in crate::log) fn entries(
        &self,
        from: Position,
    ) -> impl Iterator<Item = Result<Entry, LogError>> + use<'_> {
        self.scan(Key::Entry, from).map(|pair| {
            let (first, value) = pair?;
            entry(first, &value)
        })
    }

    /// The entry of the block that holds `position` or, where there is none, the last one before it.
    pub(in crate::log) fn entry_at(&self, position: Position) -> Result<Option<Entry>, LogError> {
        let range = Key::Entry.of(Position::START)..=Key::Entry.of(position);
        let Some((key, value)) =
            self.guard("find a block", || self.blocks.range(range).next_back().transpose())?
        else {
            return Ok(None);
        };
        entry(self.position(&key)?, &value).map(Some)
    }

    /// Writes and removes keys of the index, all or nothing.
    pub(in crate::log) fn edit_index(&self, puts: Vec<Pair>, removes: Vec<Vec<u8>>) -> Result<(), LogError> {
        let mut batch = sled::Batch::default();
        removes.into_iter().for_each(|key| batch.remove(key));
        puts.into_iter().for_each(|(key, value)| batch.insert(key, value));
        let index = self.index.clone();
        self.work("write the index", move || index.apply_batch(batch))
    }

    /// A value of the index.
    pub(in crate::log) fn get_index(&self, key: &[u8]) -> Result<Option<Value>, LogError> {
        self.guard("read the index", || self.index.get(key))
    }

    /// The first pair of the index whose key is `from` or after it.
    pub(in crate::log) fn first_index(&self, from: &[u8]) -> Result<Option<(Value, Value)>, LogError> {
        self.guard("read the index", || self.index.range(from..).next().transpose())
    }

    /// Empties the index.
    pub(in crate::log) fn clear_index(&self) -> Result<(), LogError> {
        let index = self.index.clone();
        self.work("clear the index", move || index.clear())
    }

    /// The bytes of all values of the index.
    pub(in crate::log) fn index_bytes(&self) -> Result<u64, LogError> {
        let sum = || self.index.iter().try_fold(0, |sum, pair| Ok(sum + pair?.1.len() as u64));
        self.guard("measure the index", sum)
    }

    /// Files into which the database has moved values; there must be none.
    pub(in crate::log) fn blobs(&self) -> Result<Vec<PathBuf>, LogError> {
        let dir = self.dir.join("blobs");
        let list = || fs::read_dir(&dir)?.map(|entry| Ok(entry?.path())).collect::<std::io::Result<_>>();
        list().map_err(LogError::io("read the folder", &dir))
    }

    /// The bytes that the database takes on the disk.
    pub(in crate::log) fn disk_bytes(&self) -> Result<u64, LogError> {
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

    /// Has the database write something.
    fn work<T: Send + 'static>(
        &self,
        doing: &'static str,
        call: impl FnOnce() -> sled::Result<T> + Send + 'static,
    ) -> Result<T, LogError> {
        let (dir, unsettled) = (self.dir.clone(), Arc::clone(&self.unsettled));
        let job = move || match unsettled.get() {
            Some(reason) => Err(LogError::ReadOnly { reason: reason.clone() }),
            None => guard(&dir, doing, call),
        };
        self.worker.call(job).unwrap_or_else(|| {
            let what =
                "it does not answer any more; see whether the disk is full or failing, and open it again";
            Err(LogError::Database { dir: self.dir.clone(), doing, what: what.to_owned() })
        })
    }

    fn guard<T>(&self, doing: &'static str, call: impl FnOnce() -> sled::Result<T>) -> Result<T, LogError> {
        guard(&self.dir, doing, call)
    }
}

/// Makes durable what opening writes beside the file: its settings, and the name of its snapshot.
fn sync_settings(dir: &Path) -> Result<(), LogError> {
    let path = dir.join("conf");
    let conf = File::open(&path).map_err(LogError::io("open the file", &path))?;
    disk::sync_file(&conf, &path)?;
    disk::sync_folder(dir)
}

/// The entry under the key of `first`.
fn entry(first: Position, value: &[u8]) -> Result<Entry, LogError> {
    let read = Entry::read(value).and_then(|entry| match entry.first == first {
        true => Ok(entry),
        false => Err(Damage::new(format!("its entry is that of the block at {}", entry.first))),
    });
    read.map_err(LogError::damaged(first))
}

const UNIT_MAGIC: &[u8; 4] = b"EFN1";

fn unit_bytes(unit: u64, node: &Hash) -> Vec<u8> {
    frame::with_magic(UNIT_MAGIC, &[unit.to_le_bytes().as_slice(), node].concat())
}

fn read_unit(bytes: &[u8]) -> Option<(u64, Hash)> {
    let mut from = Reader::new(frame::magic_checked(UNIT_MAGIC, bytes).ok()?);
    let unit = (from.u64().ok()?, from.hash().ok()?);
    from.end().ok().map(|()| unit)
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

#[cfg(test)]
mod tests {
    use super::*;

    /// What opening has zeroed may come back with a power cut as long as it is not durable.
    #[test]
    fn nothing_is_built_on_what_could_not_be_made_durable() {
        let dir = tempfile::tempdir().unwrap();
        let store = Store::open(dir.path()).unwrap();
        store.settled().unwrap();
        store.put_unit(0, &[1; 32]).unwrap();
        store.unsettled.set("the disk is gone".to_owned()).unwrap();
        for refused in [store.settled(), store.put_unit(1, &[2; 32]), store.sync(), store.clear_index()] {
            let refused = refused.unwrap_err();
            assert!(matches!(&refused, LogError::ReadOnly { reason } if reason == "the disk is gone"));
        }
        assert_eq!(store.units(2).unwrap(), [[1; 32]], "it is read all the same");
    }
}
