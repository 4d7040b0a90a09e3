//! The events of a log as a Parquet data set: whole consultations in so many shards, and a manifest beside them.
//!
//! One pass over the log sorts the events by shard, consultation and position, in bounded memory; then one file
//! after the other is written in a folder of its own, which takes its place when everything is durable. Later events
//! are appended by [`keep`], as a further generation of files. `README.md` beside this file describes files, columns
//! and manifest for those who read them with other programs; `ingest::dataset` checks and reads them. What is written
//! depends on the log, the number of shards, and the positions at which generations end alone.

mod append;
mod generation;
mod history;
mod manifest;
mod pace;
mod run;
mod sort;

pub use super::column::Shape;
pub(crate) use append::is_later;
pub use append::{Kept, check, keep};
pub(crate) use manifest::{FILE_KEY, SCHEMA, Said};
pub use manifest::{FileNote, Generation, MOST_SHARDS, Manifest, Tally, fingerprint, shard_of};
pub use pace::Pace;

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use tempfile::TempDir;

use super::column::sharded;
use super::parquet::ExportError;
use super::parquet::file::GROUP_EVENTS;
use crate::export::MANIFEST;
use crate::log::{Log, Position};
use crate::replay::Watch;
use generation::Part;
use manifest::MOST_FILES;

/// Roughly how much memory events may take that wait to be sorted, in bytes.
const MEMORY_BYTES: usize = 256 << 20;
/// The most positions of a generation that is appended: so many names of consultations may have to be held.
const GENERATION_EVENTS: u64 = 1 << 22;

/// The columns of a data set, in order: what each is named, and what it holds.
pub fn columns() -> impl Iterator<Item = (&'static str, Shape)> {
    sharded().into_iter().map(|column| (column.name, column.shape))
}

/// How a data set is written.
#[derive(Debug, Clone, Copy)]
pub struct Plan {
    /// Into how many shards consultations are divided, from 1 to [`MOST_SHARDS`].
    pub shards: u32,
    /// The last event that is taken.
    pub to: Position,
    /// Roughly how much memory events may take that wait to be sorted, in bytes.
    pub memory_bytes: usize,
    /// The most events of a row group.
    pub group_events: usize,
    /// The most positions of a generation that is appended; what is more becomes several.
    pub generation_events: u64,
    /// The most files of a data set that is appended to.
    pub most_files: usize,
}

impl Plan {
    /// So many shards of the events up to `to`, in the usual memory.
    #[must_use]
    pub fn of(shards: u32, to: Position) -> Self {
        Self {
            shards,
            to,
            memory_bytes: MEMORY_BYTES,
            group_events: GROUP_EVENTS,
            generation_events: GENERATION_EVENTS,
            most_files: MOST_FILES,
        }
    }
}

/// A data set on its way: its events are sorted. Nobody sees it until it is written, and where that fails or never
/// happens nothing of it stays.
pub struct Draft<'a> {
    folder: TempDir,
    place: PathBuf,
    part: Part<'a>,
}

impl<'a> Draft<'a> {
    /// Sorts the events of `log` for a data set that is to stand at `place`, which must be new or an empty folder.
    ///
    /// # Errors
    ///
    /// When something stands there, the log cannot be read, the disk has no room, or the watch says stop.
    pub fn sort(log: &'a Log, place: &Path, plan: Plan, watch: &Watch) -> Result<Self, ExportError> {
        check_place(place)?;
        let parent = place.parent().filter(|parent| !parent.as_os_str().is_empty());
        let parent = parent.unwrap_or(Path::new("."));
        fs::create_dir_all(parent).map_err(folder("make the folder", parent))?;
        let draft = draft_in(parent)?;
        let part = Part::first(log, plan, draft.path(), watch)?;
        Ok(Self { folder: draft, place: place.to_owned(), part })
    }

    /// Writes the files and the manifest, and puts them in their place.
    ///
    /// # Errors
    ///
    /// When a file cannot be written, something stands in its place by now, or the watch says stop.
    pub fn write(self, watch: &Watch) -> Result<Manifest, ExportError> {
        let Self { folder: draft, place, part } = self;
        let shards = part.shards();
        let (taken, files) = part.write(draft.path(), watch)?;
        let manifest = Manifest::begin(shards, taken, files);
        write_manifest(&manifest, &draft.path().join(MANIFEST))?;
        put(draft, &place)?;
        Ok(manifest)
    }
}

/// A hidden folder, gone with what is in it unless it is kept.
fn draft_in(parent: &Path) -> Result<TempDir, ExportError> {
    let mut draft = tempfile::Builder::new();
    draft.prefix(DRAFT.0).suffix(DRAFT.1);
    #[cfg(unix)]
    draft.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o777));
    draft.tempdir_in(parent).map_err(folder("make a folder in", parent))
}

/// How the name of a hidden folder begins and ends.
const DRAFT: (&str, &str) = (".evenfield-", ".part");

/// Writes a manifest, durable when this returns.
fn write_manifest(manifest: &Manifest, path: &Path) -> Result<(), ExportError> {
    let written = File::create(path).and_then(|mut file| {
        file.write_all(&manifest.document()?)?;
        file.sync_all()
    });
    written.map_err(folder("write", path))
}

/// Refuses to write where something stands.
fn check_place(place: &Path) -> Result<(), ExportError> {
    match fs::read_dir(place).map(|mut entries| entries.next().is_none()) {
        Ok(true) => Ok(()),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        Ok(false) => Err(ExportError::Occupied(place.to_owned())),
        Err(error) if error.kind() == io::ErrorKind::NotADirectory => {
            Err(ExportError::Occupied(place.to_owned()))
        }
        Err(error) => Err(folder("read the folder", place)(error)),
    }
}

/// Puts a folder in its place, readable for whoever may read new folders of this user.
fn put(draft: TempDir, place: &Path) -> Result<(), ExportError> {
    check_place(place)?;
    // An empty folder may stand there.
    let _ = fs::remove_dir(place);
    fs::rename(draft.path(), place).map_err(folder("put the data set in place at", place))?;
    // It is no longer where it was made, and nothing of it is to be removed.
    drop(draft.keep());
    sync_folder(place.parent().unwrap_or(Path::new("")))
}

/// Makes what a folder holds by name durable.
fn sync_folder(path: &Path) -> Result<(), ExportError> {
    let path = if path.as_os_str().is_empty() { Path::new(".") } else { path };
    File::open(path).and_then(|opened| opened.sync_all()).map_err(folder("make durable the folder", path))
}

fn folder<'a>(doing: &'static str, path: &'a Path) -> impl FnOnce(io::Error) -> ExportError + use<'a> {
    move |source| ExportError::Folder { doing, path: path.to_owned(), source }
}
