//! Every event as one row of a Parquet file, in the order of the log.
//!
//! For programs that want one file and no more. `shards` writes whole consultations, in as many files as are
//! wanted; both have the columns of `column`, written by `file`.

pub(crate) mod file;
pub(crate) mod rows;
pub(super) mod table;

use std::io::{self, Write};
use std::path::PathBuf;

use parquet::errors::ParquetError;

use super::column::{Row, columns};
use crate::log::{LogError, Position, Stored};
use crate::replay::Watch;
use file::{EventFile, GROUP_EVENTS, Order};

/// How often progress is told and an interrupt looked for, in events.
pub(super) const LOOK_EVENTS: u64 = 4_096;
/// What a file says its columns are.
pub(crate) const SCHEMA: &str = "evenfield.events/1";

/// Why events could not be written as Parquet.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ExportError {
    /// The log cannot be read.
    #[error(transparent)]
    Log(#[from] LogError),
    /// The file cannot be written.
    #[error("could not write the Parquet file: {0}")]
    Write(#[source] io::Error),
    /// The library refuses what it was given.
    #[error("could not make a Parquet file of the events: {0}")]
    Format(#[source] ParquetError),
    /// Something stands where the data set should be put.
    #[error("{} is there already; export into a folder that is new or empty, or append to a data set with --append", .0.display())]
    Occupied(PathBuf),
    /// The file system refused.
    #[error("could not {doing} {}: {source}", path.display())]
    Folder {
        /// What was attempted.
        doing: &'static str,
        /// On what.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The data set that stands there is not as it was written.
    #[error("{} does not hold: {reason}; nothing was appended: export into another folder, which is whole", path.display())]
    Unfit {
        /// The manifest or the file.
        path: PathBuf,
        /// What is wrong.
        reason: String,
    },
    /// The data set that stands there is of another log, or of one that was longer.
    #[error("{} is no data set of this log: {reason}; name the store it was made of, or export into another folder", path.display())]
    OfAnotherLog {
        /// The data set.
        path: PathBuf,
        /// Where they differ.
        reason: String,
    },
    /// The data set that stands there is divided otherwise.
    #[error("{} has {found} shards, and not {wanted}: append to it with --shards {found}, or export into another folder", path.display())]
    OtherShards {
        /// The data set.
        path: PathBuf,
        /// How many it has.
        found: u32,
        /// How many it should have.
        wanted: u32,
    },
    /// The data set that stands there holds what was destroyed since in the log.
    #[error(
        "{} holds what was destroyed: position {told} of the log tells of {events} redacted since, the first at {first};          delete that folder and what was copied of it, and export anew",
        path.display()
    )]
    Redacted {
        /// The data set.
        path: PathBuf,
        /// Where the log tells of it.
        told: Position,
        /// How many events, in words.
        events: String,
        /// Where the first of them stood.
        first: Position,
    },
    /// The data set that stands there has as many files as it may have.
    #[error("{} has {files} files, and may have {most}: export into another folder, which has fewer, and larger ones", path.display())]
    Full {
        /// The data set.
        path: PathBuf,
        /// How many it has.
        files: usize,
        /// How many it may have.
        most: usize,
    },
    /// It was asked to stop.
    #[error("interrupted")]
    Interrupted,
}

impl From<ParquetError> for ExportError {
    fn from(error: ParquetError) -> Self {
        match error {
            ParquetError::External(source) => match source.downcast::<io::Error>() {
                Ok(error) => Self::Write(*error),
                Err(source) => Self::Format(ParquetError::External(source)),
            },
            error => Self::Format(error),
        }
    }
}

/// Writes `events` to `to` as one Parquet file and answers how many there were.
///
/// # Errors
///
/// When the log cannot be read, `to` cannot be written, or the watch says stop; what was written until then
/// is no Parquet file.
pub fn write(
    events: impl Iterator<Item = Result<Stored, LogError>>,
    to: impl Write + Send,
    watch: &Watch,
) -> Result<u64, ExportError> {
    let order = Order { columns: columns(), schema: SCHEMA, group_events: GROUP_EVENTS };
    let mut file = EventFile::begin(to, order)?;
    let mut written = 0;
    for stored in events {
        file.push(Row { stored: stored?, seq: 0 })?;
        written += 1;
        look(written, watch)?;
    }
    file.finish(None)?;
    watch.advance(written % LOOK_EVENTS);
    Ok(written)
}

/// Tells now and then how far the work is, and ends it if that is asked for.
pub(super) fn look(done: u64, watch: &Watch) -> Result<(), ExportError> {
    if done.is_multiple_of(LOOK_EVENTS) {
        watch.advance(LOOK_EVENTS);
        if watch.stopped() {
            return Err(ExportError::Interrupted);
        }
    }
    Ok(())
}
