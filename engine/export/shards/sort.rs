//! Events in the order of the files: by file, consultation and position, in bounded memory.
//!
//! Events wait in memory until they take up what they may; then they are sorted and set aside as a run, in a file that
//! nobody else sees and that is gone with this process. Every [`FAN`] runs become one of the level above, so that only
//! a few are open at a time however large the log is. At the end all runs are read at once, the least event first.
//! Where everything fits nothing is set aside.

use std::mem;
use std::path::{Path, PathBuf};

use super::run::{Merge, Run};
use crate::export::parquet::ExportError;
use crate::log::{self, Log, Stored};
use crate::replay::Watch;

/// So many runs of a level become one of the next.
const FAN: usize = 32;
/// What an event takes up besides its texts, roughly, in bytes.
const EVENT_BYTES: usize = mem::size_of::<(u32, Stored)>() + 64;

/// Events on their way into order.
pub(super) struct Sorter {
    folder: PathBuf,
    memory_bytes: usize,
    held: Vec<(u32, Stored)>,
    held_bytes: usize,
    /// Runs by level; those of a level are of about the same size.
    levels: Vec<Vec<Run>>,
}

/// Events in order, each with the number of its file.
pub(super) enum Sorted {
    /// All of them were held.
    Held(std::vec::IntoIter<(u32, Stored)>),
    /// They were set aside.
    Aside(Box<Merge>),
}

impl Sorter {
    /// Sorts in about so much memory, and in files in `folder`.
    pub(super) fn new(folder: &Path, memory_bytes: usize) -> Self {
        Self { folder: folder.to_owned(), memory_bytes, held: Vec::new(), held_bytes: 0, levels: Vec::new() }
    }

    /// Takes an event of the file of that number.
    pub(super) fn push(&mut self, file: u32, stored: Stored, watch: &Watch) -> Result<(), ExportError> {
        self.held_bytes += log::size(&stored.event) + EVENT_BYTES;
        self.held.push((file, stored));
        if self.held_bytes >= self.memory_bytes {
            self.set_aside(watch)?;
        }
        Ok(())
    }

    /// Everything in order.
    pub(super) fn sorted(mut self, watch: &Watch) -> Result<Sorted, ExportError> {
        if self.levels.is_empty() {
            return Ok(Sorted::Held(in_order(self.held).into_iter()));
        }
        self.set_aside(watch)?;
        let runs = mem::take(&mut self.levels).into_iter().flatten();
        Ok(Sorted::Aside(Box::new(Merge::of(runs.collect())?)))
    }

    /// Makes a run of what is held.
    fn set_aside(&mut self, watch: &Watch) -> Result<(), ExportError> {
        let held = in_order(mem::take(&mut self.held));
        self.held_bytes = 0;
        let mut run = Run::of_events(&self.folder, &held)?;
        drop(held);
        let mut level = 0;
        loop {
            if self.levels.len() == level {
                self.levels.push(Vec::new());
            }
            self.levels[level].push(run);
            if self.levels[level].len() < FAN {
                return Ok(());
            }
            run = Run::of_runs(&self.folder, mem::take(&mut self.levels[level]), watch)?;
            level += 1;
        }
    }
}

fn in_order(mut events: Vec<(u32, Stored)>) -> Vec<(u32, Stored)> {
    fn key((file, stored): &(u32, Stored)) -> (u32, &str, log::Position) {
        (*file, &stored.event.consultation, stored.position)
    }
    events.sort_unstable_by(|a, b| key(a).cmp(&key(b)));
    events
}

impl Sorted {
    /// The next of the events, which are those of `log`.
    pub(super) fn next(&mut self, log: &Log) -> Result<Option<(u32, Stored)>, ExportError> {
        match self {
            Self::Held(events) => Ok(events.next()),
            Self::Aside(merge) => merge.next().map(|framed| framed?.event(log)).transpose(),
        }
    }
}
