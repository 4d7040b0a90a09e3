//! A data set that is kept current: what is new in the log becomes one more generation of files.
//!
//! A data set that stands there is of this log when the log, at the position that the manifest tells, has the commitment
//! that it tells. New files are written in a hidden folder within it, made durable, and moved to their names; the manifest
//! that names them takes the place of the old one last. Whatever a crash leaves is not named by the manifest that is
//! there: it is cleared away before anything is appended, and told. Only a log that is open is appended from, and only
//! one process can have it open, so that no two of them append at a time.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use super::super::parquet::ExportError;
use super::generation::Part;
use super::manifest::{Generation, Manifest, generation_of};
use super::{DRAFT, Draft, Plan, check_place, draft_in, folder, sync_folder, write_manifest};
use crate::export::MANIFEST;
use crate::log::{Log, Position};
use crate::replay::Watch;

/// A data set that is current.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Kept {
    /// What is to be known of it.
    pub manifest: Manifest,
    /// What was added, the oldest first; nothing where nothing was new.
    pub added: Vec<Generation>,
    /// Files and folders that a crash had left in it, and that are gone.
    pub cleared: Vec<PathBuf>,
}

/// Writes the events of `log` up to where the plan ends as a data set at `place`, or appends those that are new to the
/// data set that is there.
///
/// # Errors
///
/// When something else stands there, or a data set that is damaged, of another log, of another number of shards, or
/// holds what was destroyed since; when the log cannot be read, the disk has no room, or the watch says stop. What
/// stands there is then as it was, or has some of the generations that are new.
pub fn keep(log: &Log, place: &Path, plan: Plan, watch: &Watch) -> Result<Kept, ExportError> {
    if !place.join(MANIFEST).exists() {
        let manifest = Draft::sort(log, place, plan, watch)?.write(watch)?;
        let added = manifest.generations.clone();
        return Ok(Kept { manifest, added, cleared: Vec::new() });
    }
    let mut set = Standing::open(place)?;
    set.check_log(log, plan.shards)?;
    let cleared = set.clear()?;
    let mut added = Vec::new();
    while let Some(taken) = set.append(log, plan, watch)? {
        added.push(taken);
    }
    Ok(Kept { manifest: set.manifest, added, cleared })
}

/// Refuses a place at which [`keep`] could not keep a data set of `log` with so many shards; writes nothing.
///
/// # Errors
///
/// As those of [`keep`] that concern what stands there.
pub fn check(log: &Log, place: &Path, shards: u32) -> Result<(), ExportError> {
    if !place.join(MANIFEST).exists() {
        return check_place(place);
    }
    Standing::open(place)?.check_log(log, shards)
}

/// A data set that is there.
struct Standing {
    place: PathBuf,
    manifest: Manifest,
}

impl Standing {
    /// The data set at `place`, of which every file is there in its length.
    fn open(place: &Path) -> Result<Self, ExportError> {
        let path = place.join(MANIFEST);
        let manifest = Manifest::read(&path).map_err(|reason| ExportError::Unfit { path, reason })?;
        for note in &manifest.files {
            let path = place.join(&note.name);
            let reason = match fs::metadata(&path) {
                Ok(about) if about.len() == note.bytes => continue,
                Ok(about) => format!("it has {} bytes, and {MANIFEST} says {}", about.len(), note.bytes),
                Err(error) => error.to_string(),
            };
            return Err(ExportError::Unfit { path, reason });
        }
        Ok(Self { place: place.to_owned(), manifest })
    }

    /// That it is of this log, divided as is wanted, and holds nothing that was destroyed since.
    fn check_log(&self, log: &Log, shards: u32) -> Result<(), ExportError> {
        let Manifest { position, commitment, shards: found, .. } = &self.manifest;
        let position = Position(*position);
        let path = || self.place.clone();
        let other = |reason| ExportError::OfAnotherLog { path: path(), reason };
        if position > log.head() {
            return Err(other(format!("it goes to position {position}, and the log to {}", log.head())));
        }
        let here = log.head_at(position)?.commitment_digits();
        if here != *commitment {
            return Err(other(format!(
                "at position {position} its commitment is {commitment}, and that of the log {here}"
            )));
        }
        if *found != shards {
            return Err(ExportError::OtherShards { path: path(), found: *found, wanted: shards });
        }
        for redaction in log.redactions(position)? {
            let held = redaction.positions.iter().filter(|held| **held <= position);
            let events = match held.clone().count() {
                1 => "1 event".to_owned(),
                more => format!("{more} events"),
            };
            if let Some(first) = held.min() {
                let told = redaction.position;
                return Err(ExportError::Redacted { path: path(), told, events, first: *first });
            }
        }
        Ok(())
    }

    /// Removes what a crash has left: hidden folders of drafts, and files of generations that the manifest does not
    /// have.
    fn clear(&self) -> Result<Vec<PathBuf>, ExportError> {
        let read = folder("read the folder", &self.place);
        let entries = fs::read_dir(&self.place).and_then(Iterator::collect::<io::Result<Vec<_>>>);
        let mut cleared = Vec::new();
        for entry in entries.map_err(read)? {
            let (path, name) = (entry.path(), entry.file_name());
            let name = name.to_string_lossy();
            let is_draft = name.starts_with(DRAFT.0) && name.ends_with(DRAFT.1);
            let removed = if is_draft && path.is_dir() {
                fs::remove_dir_all(&path)
            } else if is_later(&name, &self.manifest) {
                fs::remove_file(&path)
            } else {
                continue;
            };
            removed.map_err(folder("clear away", &path))?;
            cleared.push(path);
        }
        cleared.sort();
        Ok(cleared)
    }

    /// Appends what is new, or as much of it as a generation takes.
    fn append(&mut self, log: &Log, plan: Plan, watch: &Watch) -> Result<Option<Generation>, ExportError> {
        let from = Position(self.manifest.position).next();
        let mut to = self.manifest.position;
        while to < plan.to.0 {
            if watch.stopped() {
                return Err(ExportError::Interrupted);
            }
            to = to.saturating_add(plan.generation_events.max(1)).min(plan.to.0);
            let draft = draft_in(&self.place)?;
            let number = u32::try_from(self.manifest.generations.len()).unwrap_or(u32::MAX);
            let plan = Plan { to: Position(to), ..plan };
            let mut part = Part::sort(log, plan, (number, from), draft.path(), watch)?;
            // Entries of the log's own are no rows: who looks on sees whether events come behind them.
            if part.taken().events == 0 {
                continue;
            }
            let files = self.manifest.files.len() + part.files();
            if files > plan.most_files {
                let (path, most) = (self.place.clone(), plan.most_files);
                return Err(ExportError::Full { path, files: self.manifest.files.len(), most });
            }
            part.continue_from(&self.place, &self.manifest, watch)?;
            let (taken, files) = part.write(draft.path(), watch)?;
            let manifest = self.manifest.clone().grown(taken.clone(), files);
            self.put(draft.path(), number, &manifest)?;
            self.manifest = manifest;
            return Ok(Some(taken));
        }
        Ok(None)
    }

    /// Moves the files of a generation, which are durable, to their names, and then the manifest that names them.
    fn put(&self, draft: &Path, number: u32, manifest: &Manifest) -> Result<(), ExportError> {
        write_manifest(manifest, &draft.join(MANIFEST))?;
        let names = manifest.files.iter().filter(|file| file.generation == number).map(|file| &file.name);
        for name in names {
            let place = self.place.join(name);
            fs::rename(draft.join(name), &place).map_err(folder("put a file in place at", &place))?;
        }
        sync_folder(&self.place)?;
        let place = self.place.join(MANIFEST);
        fs::rename(draft.join(MANIFEST), &place).map_err(folder("put the manifest in place at", &place))?;
        sync_folder(&self.place)
    }
}

/// Whether a file of that name is of a generation behind those of a manifest.
pub(crate) fn is_later(name: &str, manifest: &Manifest) -> bool {
    generation_of(name).is_some_and(|generation| generation as usize >= manifest.generations.len())
}
