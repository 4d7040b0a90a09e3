//! `evenfield log backup` and `restore`: the whole log as one file, and back.

use std::fs::File;
use std::io::{self, IsTerminal, Read};
use std::path::{Path, PathBuf};

use super::choose::no_file;
use super::{Failure, Out, Shared, Stream, progress};
use crate::ingest;
use crate::log::{self, BackupError, Log, Manifest};
use crate::report;

/// Write a backup of all events up to now, while events go on arriving. It holds what the store holds,
/// keys included: keep it as safe.
#[derive(clap::Args)]
#[command(after_help = "Examples:\n  \
    evenfield log backup -o monday.backup\n  \
    evenfield log restore monday.backup --store copy.store")]
pub(in crate::cli) struct Backup {}

/// Make a store of a backup. It is put in place once all of it has been checked, and never over a store.
#[derive(clap::Args)]
#[command(after_help = "Examples:\n  evenfield log restore monday.backup --store copy.store")]
pub(in crate::cli) struct Restore {
    /// The backup; `-` for standard input
    file: PathBuf,
}

pub(super) fn backup(_: &Backup, log: &Log, shared: &Shared, out: &mut Out) -> Result<(), Failure> {
    if out.is_standard() && io::stdout().is_terminal() {
        let what = "a backup is nothing to look at: name a file with -o, or pipe it to where it is kept";
        return Err(Failure::Usage(what.to_owned()));
    }
    out.for_owner_alone();
    let manifest = progress::during(shared, "writing", "events", |watch| {
        let mut before = 0;
        log.backup(&mut Stream(out), &mut |done, _| {
            watch.advance(done.saturating_sub(before));
            before = done;
            !watch.stopped()
        })
    })?;
    shared.note(&format!("backup of {}", told(&manifest)));
    Ok(())
}

pub(super) fn restore(args: &Restore, shared: &Shared, out: &mut Out) -> Result<(), Failure> {
    let mut input = open(&args.file)?;
    let manifest = progress::during(shared, "restoring", "events", |watch| {
        let mut before = 0;
        log::restore(&mut input, &shared.store, &mut |done, _| {
            watch.advance(done.saturating_sub(before));
            before = done;
            !watch.stopped()
        })
    })?;
    if shared.is_json() {
        return out.document(&manifest);
    }
    out.line(&format!("{} restored: {}", shared.store.display(), told(&manifest)))
}

/// A file, packed or not.
fn open(file: &Path) -> Result<impl Read + Send + use<>, Failure> {
    let input: Box<dyn Read + Send> = if file.as_os_str() == "-" {
        Box::new(io::stdin())
    } else {
        Box::new(File::open(file).map_err(|error| no_file(file, &error))?)
    };
    Ok(ingest::Head::of(input).map_err(|error| no_file(file, &error))?.whole())
}

fn told(manifest: &Manifest) -> String {
    let events = report::counted(manifest.position, "event");
    format!("{events}, {}:{}", manifest.position, manifest.commitment)
}

impl From<BackupError> for Failure {
    fn from(error: BackupError) -> Self {
        match error {
            BackupError::Log(error) => error.into(),
            BackupError::Io { source, .. } if source.kind() == io::ErrorKind::BrokenPipe => Self::Quiet,
            BackupError::Unfit(_) => Self::Integrity(error.to_string()),
            BackupError::Occupied(_) => Self::Usage(error.to_string()),
            BackupError::Interrupted => Self::Interrupted,
            _ => Self::Other(error.to_string()),
        }
    }
}
