//! A data set that is kept current: by a command that appends and ends, by one that goes on, or within a service.
//!
//! A store belongs to one process at a time. Who follows does not hold it: the witness beside the database tells when
//! there is more, and the store is opened for as long as it takes to append that. While another process has it, that is
//! said once, and looked again.

use std::path::Path;
use std::time::{Duration, Instant};

use super::super::failure::Failure;
use super::super::out::Out;
use super::super::{Shared, progress, store};
use crate::export::shards::{Kept, Pace, Plan, keep};
use crate::log::{self, Log, LogError, Mode, Position};
use crate::report::counted;

/// How often is looked whether there is more.
pub(in super::super) const LOOK: Duration = Duration::from_millis(250);
/// After how long what came is appended, unless told otherwise: files cost whoever reads them.
pub(in super::super) const EVERY_SECONDS: u32 = 900;

/// Appends what is new once, and tells what that was.
pub(super) fn append(log: &Log, folder: &Path, plan: Plan, shared: &Shared) -> Result<Kept, Failure> {
    let kept = current(log, folder, plan, shared)?;
    if kept.added.is_empty() {
        let position = kept.manifest.position;
        shared.note(&format!("nothing is new: {} goes to position {position}", folder.display()));
    }
    Ok(kept)
}

/// Makes a data set current, and tells what became of it.
fn current(log: &Log, folder: &Path, plan: Plan, shared: &Shared) -> Result<Kept, Failure> {
    let kept = progress::during(shared, "appending", "events", |watch| keep(log, folder, plan, watch))?;
    told(&kept, folder).iter().for_each(|line| shared.note(line));
    Ok(kept)
}

/// What became of a data set, line by line.
pub(in super::super) fn told(kept: &Kept, folder: &Path) -> Vec<String> {
    let mut lines = Vec::new();
    let folder = folder.display();
    if !kept.cleared.is_empty() {
        let names: Vec<_> = kept.cleared.iter().filter_map(|path| path.file_name()).collect();
        let names: Vec<_> = names.iter().map(|name| name.to_string_lossy()).collect();
        let names = names.join(", ");
        lines.push(format!("cleared away what an append that was cut short had left in {folder}: {names}"));
    }
    let begin = kept.manifest.generations.len() - kept.added.len();
    for (number, taken) in (begin..).zip(&kept.added) {
        let files = kept.manifest.files.iter().filter(|file| file.generation as usize == number);
        let (mut count, mut consultations) = (0, 0);
        for file in files {
            count += 1;
            consultations += file.consultations;
        }
        let (events, files) = (counted(taken.events, "event"), counted(count, "file"));
        lines.push(match number {
            0 => format!("{events} of {} in {files}: {folder}", counted(consultations, "consultation")),
            _ => format!(
                "{events} up to position {}, with {}, in {files}: generation {number} of {folder}",
                taken.to,
                counted(consultations, "new consultation")
            ),
        });
    }
    lines
}

/// Appends what is new and what comes, until somebody interrupts.
pub(super) fn follow(
    (shards, folder): (u32, &Path),
    every: u32,
    shared: &Shared,
    out: &mut Out,
) -> Result<(), Failure> {
    let watch = progress::watch();
    let mut pace = Pace::new(Duration::from_secs(u64::from(every)));
    let mut is_waiting = false;
    while !watch.stopped() {
        let seen = log::seen_head(&shared.store)?;
        if pace.is_due(seen, Instant::now()) {
            match open(shared)? {
                Some(log) => {
                    is_waiting = false;
                    let head = once(&log, (shards, folder), shared, out)?;
                    pace.seen(head, Instant::now());
                }
                None if is_waiting => {}
                None => {
                    is_waiting = true;
                    let store = shared.store.display();
                    shared.note(&format!("waiting for {store}, which another process has open"));
                }
            }
        }
        std::thread::sleep(LOOK);
    }
    Err(Failure::Interrupted)
}

/// The store, unless another process has it. An interrupt ends this at once: a store that was about to be opened is one
/// that can be opened.
fn open(shared: &Shared) -> Result<Option<Log>, Failure> {
    match progress::reasoning(shared, "opening the store", || Log::open(&shared.store, Mode::Existing))? {
        Ok(log) => {
            store::tell_opening(&log, shared);
            Ok(Some(log))
        }
        Err(LogError::InUse { .. }) => Ok(None),
        Err(error) => Err(error.into()),
    }
}

/// Appends what there is by now, tells it, and says how far that goes.
fn once(
    log: &Log,
    (shards, folder): (u32, &Path),
    shared: &Shared,
    out: &mut Out,
) -> Result<Position, Failure> {
    let head = log.head();
    let kept = current(log, folder, Plan::of(shards, head), shared)?;
    if shared.is_json() {
        kept.added.iter().try_for_each(|taken| out.row(taken))?;
        out.flush()?;
    }
    Ok(head)
}
