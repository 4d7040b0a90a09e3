//! Backups: a log at a head as one stream, and a store from such a stream.
//!
//! A backup is taken while events arrive; sealing waits, so that blocks stay as they are. It carries the
//! keys of the salts, so that the restored log has the commitment of the one it was taken from. Restoring
//! checks everything (every frame, every event, the commitment after every block and at the end) in a
//! folder of its own, and puts it in place only then.
//!
//! ```text
//! "evenfield backup 1\n", then frames: u8 tag, u32 length, payload, u32 CRC-32C of tag, length, payload
//!     m  manifest, JSON: see [`Manifest`]          first
//!     f  the fingerprint of the key of pseudonyms, if the store has one
//!     k  a value of keys: see `keys`
//!     b  a block: its entry (72 bytes), its hot and its cold value
//!     z  u64 blocks, u64 events, 32 bytes BLAKE3 of everything before this frame    last
//! ```

use std::fs;
use std::io::{self, Read, Write};
use std::path::Path;

use serde::{Deserialize, Serialize};

use super::rebuild::Builder;
use crate::log::block::entry::Entry;
use crate::log::block::{Block, Values};
use crate::log::bytes::column::Reader;
use crate::log::commitment::{hex, unhex};
use crate::log::database::keys::Keys;
use crate::log::database::store::Store;
use crate::log::error::Damage;
use crate::log::folder::home::{Home, StoreId};
use crate::log::limits::VALUE_BYTES;
use crate::log::reading::read::{self, Span};
use crate::log::{LogError, Mode, Position};

const MAGIC: &[u8] = b"evenfield backup 1\n";
const FRAME_BYTES: usize = 2 * VALUE_BYTES + 1024;
/// The most values of keys, of 82 KB each: those of some two hundred thousand redacted events.
const KEY_VALUES: usize = 4096;
const SCHEMA: &str = "evenfield.backup/1";

/// What a backup says of itself, before anything else.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Manifest {
    /// `evenfield.backup/1`.
    pub schema: String,
    /// The store it was taken from: 32 hexadecimal digits.
    pub store: String,
    /// The last position in it.
    pub position: u64,
    /// The commitment of all events up to there: 64 hexadecimal digits.
    pub commitment: String,
}

/// Why a backup could not be written or restored.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BackupError {
    /// The store could not be read or written.
    #[error(transparent)]
    Log(#[from] LogError),
    /// The stream could not be read or written.
    #[error("could not {doing} the backup: {source}")]
    Io {
        /// What was attempted.
        doing: &'static str,
        /// What the system said.
        source: io::Error,
    },
    /// It is no backup, or not all of one, or not as it was written.
    #[error("the backup does not hold: {0}; nothing was restored, use another backup")]
    Unfit(String),
    /// Something stands where the store should be put.
    #[error("{0} is there already; restore into a folder that is new or empty")]
    Occupied(String),
    /// It was asked to stop.
    #[error("interrupted")]
    Interrupted,
}

impl From<Damage> for BackupError {
    fn from(damage: Damage) -> Self {
        Self::Unfit(damage.0)
    }
}

/// Asked between blocks whether to go on; told how many events of how many are done.
pub type Progress<'a> = &'a mut dyn FnMut(u64, u64) -> bool;

/// Writes frames and hashes them.
struct Frames<'a> {
    out: &'a mut dyn Write,
    hasher: blake3::Hasher,
}

impl Frames<'_> {
    fn bytes(&mut self, bytes: &[u8]) -> Result<(), BackupError> {
        self.hasher.update(bytes);
        self.out.write_all(bytes).map_err(|source| BackupError::Io { doing: "write", source })
    }

    fn frame(&mut self, tag: u8, parts: &[&[u8]]) -> Result<(), BackupError> {
        let length: usize = parts.iter().map(|part| part.len()).sum();
        let mut frame = Vec::with_capacity(length + 9);
        frame.push(tag);
        frame.extend((length as u32).to_le_bytes());
        parts.iter().for_each(|part| frame.extend_from_slice(part));
        frame.extend(crc32c::crc32c(&frame).to_le_bytes());
        self.bytes(&frame)
    }
}

/// Writes what `store` holds up to the manifest's position; the caller keeps blocks as they are.
pub(in crate::log) fn write(
    (store, fingerprint): (&Store, Option<Vec<u8>>),
    manifest: &Manifest,
    out: &mut dyn Write,
    progress: Progress<'_>,
) -> Result<(), BackupError> {
    let mut frames = Frames { out, hasher: blake3::Hasher::new() };
    frames.bytes(MAGIC)?;
    let text = serde_json::to_vec(manifest).map_err(|error| BackupError::Unfit(error.to_string()))?;
    frames.frame(b'm', &[&text])?;
    if let Some(fingerprint) = fingerprint {
        frames.frame(b'f', &[&fingerprint])?;
    }
    for value in store.keys()?.map(|keys| keys.values()).unwrap_or_default() {
        frames.frame(b'k', &[&value])?;
    }
    let (mut blocks, mut events) = (0_u64, 0_u64);
    let head = Position(manifest.position);
    for block in read::values(store, Span::of(.., head)) {
        let (entry, values) = block?;
        frames.frame(b'b', &[&entry.bytes(), &values.hot, &values.cold])?;
        (blocks, events) = (blocks + 1, events + u64::from(entry.events));
        if !progress(events, head.0) {
            return Err(BackupError::Interrupted);
        }
    }
    let digest = *frames.hasher.clone().finalize().as_bytes();
    frames.frame(b'z', &[&blocks.to_le_bytes(), &events.to_le_bytes(), &digest])?;
    frames.out.flush().map_err(|source| BackupError::Io { doing: "write", source })
}

impl Manifest {
    /// What is to be said of the store `id` at a head.
    pub(in crate::log) fn of(id: StoreId, position: Position, commitment: &[u8]) -> Self {
        let (store, commitment) = (hex(&id), hex(commitment));
        Self { schema: SCHEMA.to_owned(), store, position: position.0, commitment }
    }
}

/// A stream of frames.
struct Source<'a> {
    from: &'a mut dyn Read,
    hasher: blake3::Hasher,
    frame: Vec<u8>,
}

impl Source<'_> {
    fn fill(&mut self, bytes: &mut [u8]) -> Result<(), BackupError> {
        self.from.read_exact(bytes).map_err(|source| match source.kind() {
            io::ErrorKind::UnexpectedEof => BackupError::Unfit("it ends too early".to_owned()),
            _ => BackupError::Io { doing: "read", source },
        })
    }

    /// The next frame: its tag, and its payload in `self.frame`; none is longer than it may be.
    fn next(&mut self) -> Result<u8, BackupError> {
        let mut head = [0; 5];
        self.fill(&mut head)?;
        let [tag, length @ ..] = head;
        let length = u32::from_le_bytes(length) as usize;
        if length > FRAME_BYTES {
            return Err(BackupError::Unfit(format!("a frame claims {length} bytes")));
        }
        let mut frame = std::mem::take(&mut self.frame);
        frame.clear();
        frame.extend_from_slice(&head);
        frame.resize(5 + length, 0);
        self.fill(&mut frame[5..])?;
        let mut crc = [0; 4];
        self.fill(&mut crc)?;
        if u32::from_le_bytes(crc) != crc32c::crc32c(&frame) {
            return Err(BackupError::Unfit("the checksum of a frame does not hold".to_owned()));
        }
        if tag != b'z' {
            self.hasher.update(&frame).update(&crc);
        }
        frame.drain(..5);
        self.frame = frame;
        Ok(tag)
    }
}

/// The manifest of a backup, and the stream behind it.
fn begin(from: &mut dyn Read) -> Result<(Manifest, Source<'_>), BackupError> {
    let mut source = Source { from, hasher: blake3::Hasher::new(), frame: Vec::new() };
    let mut magic = [0; MAGIC.len()];
    source.fill(&mut magic)?;
    if magic != MAGIC {
        return Err(BackupError::Unfit("it does not begin as one, or is of another format".to_owned()));
    }
    source.hasher.update(&magic);
    if source.next()? != b'm' {
        return Err(BackupError::Unfit("it has no manifest".to_owned()));
    }
    let manifest: Manifest = serde_json::from_slice(&source.frame)
        .map_err(|error| BackupError::Unfit(format!("its manifest cannot be read: {error}")))?;
    if manifest.schema != SCHEMA {
        return Err(BackupError::Unfit(format!("its manifest says {:?}", manifest.schema)));
    }
    Ok((manifest, source))
}

/// Makes the store `dir`, which must be new or empty, of the backup that `from` gives.
///
/// # Errors
///
/// When something stands there, the backup does not hold, or the store cannot be written: then `dir` is
/// as it was.
pub fn restore(from: &mut dyn Read, dir: &Path, progress: Progress<'_>) -> Result<Manifest, BackupError> {
    if fs::read_dir(dir).is_ok_and(|mut entries| entries.next().is_some()) || dir.is_file() {
        return Err(BackupError::Occupied(dir.display().to_string()));
    }
    let (manifest, source) = begin(from)?;
    let parent = dir.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    fs::create_dir_all(parent).map_err(LogError::io("make the folder", parent))?;
    let draft = tempfile::Builder::new().prefix(".restoring-").tempdir_in(parent);
    let draft = draft.map_err(LogError::io("make a folder in", parent))?;
    let place = draft.path().join("store");
    fill(&place, &manifest, source, progress)?;
    let put = || {
        // An empty folder may stand there.
        let _ = fs::remove_dir(dir);
        fs::rename(&place, dir)
    };
    put().map_err(LogError::io("put the restored store in place", dir))?;
    crate::log::folder::disk::sync_folder(parent)?;
    Ok(manifest)
}

/// Makes a store in `place` of a stream, and checks that it is what the manifest says.
fn fill(
    place: &Path,
    manifest: &Manifest,
    mut source: Source<'_>,
    progress: Progress<'_>,
) -> Result<(), BackupError> {
    let (mut keys, mut fingerprint) = (Vec::new(), None);
    let mut tag = source.next()?;
    while tag == b'k' || tag == b'f' {
        if keys.len() >= KEY_VALUES {
            return Err(BackupError::Unfit("it has more keys than a store".to_owned()));
        }
        match tag {
            b'k' => keys.push(source.frame.clone()),
            _ => fingerprint = Some(source.frame.clone()),
        }
        tag = source.next()?;
    }
    let mut keys = Keys::read(&keys)?;
    let id = keys.id;
    if unhex(&manifest.store).as_deref() != Some(&id) {
        return Err(BackupError::Unfit("its keys are those of another store".to_owned()));
    }
    let mut home = Home::lock(place, Mode::Create)?;
    // What comes after is another log's business: its salts were perhaps told.
    keys.renew_after(Position(manifest.position), place)?;
    if let Some(fingerprint) = fingerprint {
        home.leave_fingerprint(&fingerprint)?;
    }
    let mut builder = Builder::begin(&home.database(), keys)?;
    let mut blocks = 0_u64;
    while tag == b'b' {
        take_block(&mut builder, &source.frame)?;
        blocks += 1;
        if !progress(builder.head().0, manifest.position) {
            return Err(BackupError::Interrupted);
        }
        tag = source.next()?;
    }
    if tag != b'z' {
        return Err(BackupError::Unfit("it holds a frame of an unknown kind".to_owned()));
    }
    check_end(&source, blocks, &builder, manifest)?;
    builder.finish(&home.witness())?;
    Ok(home.complete(id)?)
}

fn take_block(builder: &mut Builder, frame: &[u8]) -> Result<(), BackupError> {
    let mut from = Reader::new(frame);
    let entry = Entry::read(from.take(Entry::BYTES)?)?;
    let hot = from.take(entry.hot_bytes as usize)?.to_vec();
    let cold = from.take(entry.cold_bytes as usize)?.to_vec();
    from.end()?;
    let block = Block::decode(&hot, &cold)?;
    for number in 0..block.len() {
        block.stored(number)?;
    }
    builder.take(&block, Values { hot, cold }, entry.sealed)?;
    if (entry.first, entry.events as usize, entry.root) != (block.first(), block.len(), builder.root()) {
        let what = format!("the commitment does not hold at position {}", entry.first);
        return Err(BackupError::Unfit(what));
    }
    Ok(())
}

fn check_end(
    source: &Source<'_>,
    blocks: u64,
    builder: &Builder,
    manifest: &Manifest,
) -> Result<(), BackupError> {
    let mut from = Reader::new(&source.frame);
    let told = (from.u64()?, from.u64()?, from.hash()?);
    from.end()?;
    let digest = *source.hasher.finalize().as_bytes();
    if told != (blocks, builder.head().0, digest) {
        return Err(BackupError::Unfit("it is not as it was written, or not all of it".to_owned()));
    }
    let position = (manifest.position, manifest.commitment.clone());
    if position != (builder.head().0, hex(&builder.root())) {
        return Err(BackupError::Unfit("its commitment is not that of its manifest".to_owned()));
    }
    Ok(())
}
