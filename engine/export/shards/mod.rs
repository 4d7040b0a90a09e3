//! The events of a log as a Parquet data set: whole consultations in so many files, and a manifest beside them.
//!
//! One pass over the log sorts the events by file, consultation and position, in bounded memory; then one file
//! after the other is written in a folder of its own, which takes its place when everything is durable. `README.md`
//! beside this file describes files, columns and manifest for those who read them with other programs;
//! `ingest::dataset` checks and reads them. What is written depends on the log and the number of files alone.

mod manifest;
mod run;
mod sort;

pub(crate) use manifest::{FILE_KEY, SCHEMA, Said, Tally, fingerprint, hex, names, shard_of};
pub use manifest::{FileNote, MOST_SHARDS, Manifest};

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use event::Kind;
use sha2::{Digest, Sha256};
use tempfile::TempDir;

use super::column::{Row, sharded};
use super::parquet::file::{EventFile, GROUP_EVENTS, Order};
use super::parquet::{ExportError, look};
use crate::ingest::MANIFEST;
use crate::log::{Head, Log, Position, Stored};
use crate::replay::Watch;
use sort::{Sorted, Sorter};

/// Roughly how much memory events may take that wait to be sorted, in bytes.
const MEMORY_BYTES: usize = 256 << 20;

/// How a data set is written.
#[derive(Debug, Clone, Copy)]
pub struct Plan {
    /// Into how many files consultations are divided, from 1 to [`MOST_SHARDS`].
    pub shards: u32,
    /// The last event that is taken.
    pub to: Position,
    /// Roughly how much memory events may take that wait to be sorted, in bytes.
    pub memory_bytes: usize,
    /// The most events of a row group.
    pub group_events: usize,
}

impl Plan {
    /// So many files of the events up to `to`, in the usual memory.
    #[must_use]
    pub fn of(shards: u32, to: Position) -> Self {
        Self { shards, to, memory_bytes: MEMORY_BYTES, group_events: GROUP_EVENTS }
    }
}

/// A data set on its way: its events are sorted. Nobody sees it until it is written, and where that fails or never
/// happens nothing of it stays.
pub struct Draft<'a> {
    log: &'a Log,
    folder: TempDir,
    place: PathBuf,
    plan: Plan,
    head: Head,
    sorted: Sorted,
}

impl<'a> Draft<'a> {
    /// Sorts the events of `log` for a data set that is to stand at `place`, which must be new or an empty folder.
    ///
    /// # Errors
    ///
    /// When something stands there, the log cannot be read, the disk has no room, or the watch says stop.
    pub fn sort(log: &'a Log, place: &Path, plan: Plan, watch: &Watch) -> Result<Self, ExportError> {
        check_place(place)?;
        let head = log.head_at(plan.to)?;
        let parent = place.parent().filter(|parent| !parent.as_os_str().is_empty());
        let parent = parent.unwrap_or(Path::new("."));
        fs::create_dir_all(parent).map_err(folder("make the folder", parent))?;
        let mut draft = tempfile::Builder::new();
        draft.prefix(".evenfield-").suffix(".part");
        #[cfg(unix)]
        draft.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o777));
        let draft = draft.tempdir_in(parent).map_err(folder("make a folder in", parent))?;
        let mut sorter = Sorter::new(draft.path(), plan.memory_bytes);
        for (done, stored) in (1..).zip(log.events(Position::FIRST..=plan.to)) {
            let stored = stored?;
            sorter.push(file_of(&stored, plan.shards), stored, watch)?;
            look(done, watch)?;
        }
        let sorted = sorter.sorted(watch)?;
        Ok(Self { log, folder: draft, place: place.to_owned(), plan, head, sorted })
    }

    /// Writes the files and the manifest, and puts them in their place.
    ///
    /// # Errors
    ///
    /// When a file cannot be written, something stands in its place by now, or the watch says stop.
    pub fn write(self, watch: &Watch) -> Result<Manifest, ExportError> {
        let Self { log, folder: draft, place, plan, head, sorted } = self;
        let mut rows = Rows { log, sorted, next: None, done: 0 };
        let mut files = Vec::new();
        for (number, name) in (0..).zip(names(plan.shards)) {
            let said = Said::begin(&head, plan.shards, number);
            files.push(write_file(&draft.path().join(&name), name, (plan, said), &mut rows, watch)?);
        }
        let manifest = Manifest::of(&head, plan.shards, files);
        let path = draft.path().join(MANIFEST);
        let written = File::create(&path).and_then(|mut file| {
            file.write_all(&manifest.document()?)?;
            file.sync_all()
        });
        written.map_err(folder("write", &path))?;
        put(draft, &place)?;
        Ok(manifest)
    }
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

/// The number of the file that an event belongs in: that of its consultation, or the last for what a source declares,
/// which belongs to no consultation.
fn file_of(stored: &Stored, shards: u32) -> u32 {
    match stored.event.kind() {
        Kind::RecordingDeclared => shards,
        _ => shard_of(&stored.event.consultation, shards),
    }
}

/// The sorted events, file by file.
struct Rows<'a> {
    log: &'a Log,
    sorted: Sorted,
    /// The first event of a later file, with that file's number.
    next: Option<(u32, Stored)>,
    done: u64,
}

impl Rows<'_> {
    /// The next event of the file of that number, if it has one more.
    fn of_file(&mut self, number: u32, watch: &Watch) -> Result<Option<Stored>, ExportError> {
        if self.next.is_none() {
            self.next = self.sorted.next(self.log)?;
        }
        let next = self.next.take_if(|(file, _)| *file == number);
        if next.is_some() {
            self.done += 1;
            look(self.done, watch)?;
        }
        Ok(next.map(|(_, stored)| stored))
    }
}

/// Writes one file, and tells what it holds.
fn write_file(
    path: &Path,
    name: String,
    (plan, mut said): (Plan, Said),
    rows: &mut Rows<'_>,
    watch: &Watch,
) -> Result<FileNote, ExportError> {
    let to =
        Digested { to: File::create(path).map_err(folder("write", path))?, digest: Sha256::new(), bytes: 0 };
    let order = Order { columns: sharded(), schema: SCHEMA, group_events: plan.group_events };
    let mut file = EventFile::begin(to, order)?;
    let (mut tally, mut before, mut seq) = (Tally::default(), None, 0);
    while let Some(stored) = rows.of_file(said.file, watch)? {
        seq = if before.as_ref() == Some(&stored.event.consultation) { seq + 1 } else { 0 };
        tally.add(&stored.event.consultation, seq);
        if seq == 0 {
            before = Some(stored.event.consultation.clone());
        }
        file.push(Row { stored, seq })?;
    }
    said.tell(&tally);
    let document = serde_json::to_string(&said).map_err(io::Error::from).map_err(ExportError::Write)?;
    let Digested { to, digest, bytes } = file.finish(Some((FILE_KEY, document)))?;
    to.sync_all().map_err(folder("write", path))?;
    Ok(FileNote::of(name, &said, bytes, &digest.finalize()))
}

/// Puts a folder in its place, readable for whoever may read new folders of this user.
fn put(draft: TempDir, place: &Path) -> Result<(), ExportError> {
    check_place(place)?;
    // An empty folder may stand there.
    let _ = fs::remove_dir(place);
    fs::rename(draft.path(), place).map_err(folder("put the data set in place at", place))?;
    // It is no longer where it was made, and nothing of it is to be removed.
    drop(draft.keep());
    Ok(())
}

fn folder<'a>(doing: &'static str, path: &'a Path) -> impl FnOnce(io::Error) -> ExportError + use<'a> {
    move |source| ExportError::Folder { doing, path: path.to_owned(), source }
}

/// A file, with the digest of what was written to it.
struct Digested {
    to: File,
    digest: Sha256,
    bytes: u64,
}

impl Write for Digested {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.to.write(bytes)?;
        self.digest.update(&bytes[..written]);
        self.bytes += written as u64;
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.to.flush()
    }
}
