//! One generation of a data set: the events of a range of positions, sorted, and the files that they become.
//!
//! The first one has a file for every shard and one for what sources declare, be they empty. A later one has files where
//! there are events, and goes on with the numbers of consultations that have events in earlier files: `history` finds
//! them. Its consultations are held by name until then.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::io::{self, Write};
use std::path::Path;

use event::Kind;
use sha2::{Digest, Sha256};

use super::super::column::{Row, sharded};
use super::super::parquet::file::{EventFile, Order};
use super::super::parquet::{ExportError, look};
use super::manifest::{FILE_KEY, FileNote, Generation, Manifest, SCHEMA, Said, Tally, name, shard_of};
use super::sort::{Sorted, Sorter};
use super::{Plan, folder, history};
use crate::log::{Log, Position, Stored};
use crate::replay::Watch;

/// For each consultation the number that its next event has.
pub(super) type Numbers = BTreeMap<String, u64>;

/// The sorted events of a generation.
pub(super) struct Part<'a> {
    log: &'a Log,
    plan: Plan,
    number: u32,
    taken: Generation,
    sorted: Sorted,
    /// The shards whose files are written.
    shards: BTreeSet<u32>,
    /// Of a later generation its consultations, shard by shard.
    names: BTreeMap<u32, Numbers>,
}

impl<'a> Part<'a> {
    /// The first generation: everything up to where the plan ends.
    pub(super) fn first(log: &'a Log, plan: Plan, aside: &Path, watch: &Watch) -> Result<Self, ExportError> {
        let mut part = Self::sort(log, plan, (0, Position::FIRST), aside, watch)?;
        part.shards = (0..=plan.shards).collect();
        part.names.clear();
        Ok(part)
    }

    /// The generation of that number: the events from a position to where the plan ends. What does not fit into memory
    /// is set aside in a folder.
    pub(super) fn sort(
        log: &'a Log,
        plan: Plan,
        (number, from): (u32, Position),
        aside: &Path,
        watch: &Watch,
    ) -> Result<Self, ExportError> {
        let head = log.head_at(plan.to)?;
        let mut sorter = Sorter::new(aside, plan.memory_bytes);
        let (mut shards, mut names, mut events) = (BTreeSet::new(), BTreeMap::new(), 0);
        for stored in log.events(from..=plan.to) {
            let stored = stored?;
            let shard = shard(&stored, plan.shards);
            shards.insert(shard);
            if number > 0 {
                let names: &mut Numbers = names.entry(shard).or_default();
                if !names.contains_key(&stored.event.consultation) {
                    names.insert(stored.event.consultation.clone(), 0);
                }
            }
            sorter.push(shard, stored, watch)?;
            events += 1;
            look(events, watch)?;
        }
        let (from, commitment) = (from.0, head.commitment_digits());
        let taken = Generation { from, to: head.position.0, commitment, events };
        Ok(Self { log, plan, number, taken, sorted: sorter.sorted(watch)?, shards, names })
    }

    /// Into how many shards consultations are divided.
    pub(super) fn shards(&self) -> u32 {
        self.plan.shards
    }

    /// What is taken.
    pub(super) fn taken(&self) -> &Generation {
        &self.taken
    }

    /// How many files it becomes.
    pub(super) fn files(&self) -> usize {
        self.shards.len()
    }

    /// Finds where consultations go on that have events in the data set of that manifest.
    pub(super) fn continue_from(
        &mut self,
        set: &Path,
        manifest: &Manifest,
        watch: &Watch,
    ) -> Result<(), ExportError> {
        for (shard, names) in &mut self.names {
            let files = manifest.files.iter().filter(|file| file.shard == *shard);
            history::number(set, files.rev(), names, watch)?;
        }
        Ok(())
    }

    /// Writes the files into a folder; each is durable when this returns.
    pub(super) fn write(
        self,
        into: &Path,
        watch: &Watch,
    ) -> Result<(Generation, Vec<FileNote>), ExportError> {
        let Self { log, plan, number, taken, sorted, shards, mut names } = self;
        let mut rows = Rows { log, sorted, next: None, done: 0 };
        let mut files = Vec::new();
        for shard in shards {
            let said = Said::begin(plan.shards, shard, (number, taken.clone()));
            let numbers = names.remove(&shard).unwrap_or_default();
            files.push(write_file(into, (plan, said), (&mut rows, numbers), watch)?);
        }
        Ok((taken, files))
    }
}

/// The shard that an event belongs in: that of its consultation, or one behind the last for what a source declares, which
/// belongs to no consultation.
fn shard(stored: &Stored, shards: u32) -> u32 {
    match stored.event.kind() {
        Kind::RecordingDeclared => shards,
        _ => shard_of(&stored.event.consultation, shards),
    }
}

/// The sorted events, shard by shard.
struct Rows<'a> {
    log: &'a Log,
    sorted: Sorted,
    /// The first event of a later shard, with that shard's number.
    next: Option<(u32, Stored)>,
    done: u64,
}

impl Rows<'_> {
    /// The next event of the shard of that number, if it has one more.
    fn of_shard(&mut self, number: u32, watch: &Watch) -> Result<Option<Stored>, ExportError> {
        if self.next.is_none() {
            self.next = self.sorted.next(self.log)?;
        }
        let next = self.next.take_if(|(shard, _)| *shard == number);
        if next.is_some() {
            self.done += 1;
            look(self.done, watch)?;
        }
        Ok(next.map(|(_, stored)| stored))
    }
}

/// Writes one file, and tells what it holds.
fn write_file(
    into: &Path,
    (plan, mut said): (Plan, Said),
    (rows, numbers): (&mut Rows<'_>, Numbers),
    watch: &Watch,
) -> Result<FileNote, ExportError> {
    let path = into.join(name(said.shards, said.shard, said.generation));
    let to = File::create(&path).map_err(folder("write", &path))?;
    let order = Order { columns: sharded(), schema: SCHEMA, group_events: plan.group_events };
    let mut file = EventFile::begin(Digested { to, digest: Sha256::new(), bytes: 0 }, order)?;
    let (mut tally, mut before, mut seq) = (Tally::default(), String::new(), 0);
    while let Some(stored) = rows.of_shard(said.shard, watch)? {
        let consultation = &stored.event.consultation;
        if tally == Tally::default() || before != *consultation {
            before.clone_from(consultation);
            seq = numbers.get(consultation).copied().unwrap_or(0);
        }
        tally.add(consultation, seq);
        file.push(Row { stored, seq })?;
        seq += 1;
    }
    said.tell(&tally);
    let document = serde_json::to_string(&said).map_err(io::Error::from).map_err(ExportError::Write)?;
    let Digested { to, digest, bytes } = file.finish(Some((FILE_KEY, document)))?;
    to.sync_all().map_err(folder("write", &path))?;
    Ok(FileNote::of(&said, bytes, &digest.finalize()))
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
