//! What can go wrong with a log, in words for the person who has to act.
//!
//! Every message says what was attempted, on what, and what to do. [`Damage`] is the small error of
//! the decoders, which know bytes but no positions; the log adds the position and the remedy.

use std::io;
use std::path::{Path, PathBuf};

use crate::log::{Position, limits};

/// Why the log could not be opened, read or written.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LogError {
    /// No store where one must be.
    #[error("there is no store at {}; check the path, or ingest into it to make one", dir.display())]
    Missing {
        /// Where it was looked for.
        dir: PathBuf,
    },
    /// Something that is no store stands where one should be made.
    #[error("{} is not a store: {found}; name a folder that is new, empty or a store", dir.display())]
    NotAStore {
        /// What was opened.
        dir: PathBuf,
        /// What stands there instead.
        found: String,
    },
    /// What was asked for lies before the first or after the last event.
    #[error("there is no position {position} in a log that ends at {head}; {}", within(*head))]
    NoPosition {
        /// What was asked for.
        position: Position,
        /// The last position there is, or was at the head that was named.
        head: Position,
    },
    /// Another process holds the store.
    #[error("the store {} is in use by {holder}; stop it, or read a copy", dir.display())]
    InUse {
        /// The store.
        dir: PathBuf,
        /// Who holds it, such as `process 1234 (evenfield)`.
        holder: String,
    },
    /// Written in a format that this program does not read.
    #[error(
        "the store {} says {found:?} and this program reads {known:?}; use the program that wrote it to export it",
        dir.display()
    )]
    Format {
        /// The store.
        dir: PathBuf,
        /// The line it carries.
        found: String,
        /// The line it should carry.
        known: &'static str,
    },
    /// The file system refused.
    #[error("could not {doing} ({}): {source}; check that the disk has room and the folder may be written", path.display())]
    Io {
        /// What was attempted, as a verb and its object.
        doing: &'static str,
        /// On what.
        path: PathBuf,
        /// What the file system said.
        source: io::Error,
    },
    /// The database failed.
    #[error("the database of {} failed to {doing}: {what}", dir.display())]
    Database {
        /// The store.
        dir: PathBuf,
        /// What was attempted, as a verb.
        doing: &'static str,
        /// What it said, and what to do.
        what: String,
    },
    /// The log ends before what was acknowledged.
    #[error(
        "the log {} has rolled back by {lost} events: position {} was acknowledged, and {head} is the last that is there; \
         restore a backup, or see with `log repair` what is left of the others in its files",
        dir.display(), head.0 + lost
    )]
    RolledBack {
        /// The store.
        dir: PathBuf,
        /// The last position that is there.
        head: Position,
        /// How many events more there were.
        lost: u64,
    },
    /// What says how far events were acknowledged is not to be believed.
    #[error(
        "nobody can tell whether the log {} is whole: {what}; `log verify` checks what is there, and \
         `log repair` then makes a new witness of it",
        dir.display()
    )]
    Unwitnessed {
        /// The store.
        dir: PathBuf,
        /// What is wrong with the witness.
        what: String,
    },
    /// It cannot be opened at all.
    #[error(
        "the log {} is damaged and cannot be opened: {what}; `log repair` reads what is left in its files, \
         or restore a backup",
        dir.display()
    )]
    Broken {
        /// The store.
        dir: PathBuf,
        /// What is wrong.
        what: String,
    },
    /// Stored bytes do not say what they must.
    #[error(
        "the log is damaged at position {position}: {what}; `log verify` lists all damage, `log repair` saves what it can, \
         or restore a backup"
    )]
    Damaged {
        /// The first position that is affected.
        position: Position,
        /// What is wrong there.
        what: String,
    },
    /// The index of ids, which is derived, does not hold together.
    #[error("the index of ids is damaged: {what}; append again, and it is made anew")]
    Index {
        /// What is wrong with it.
        what: String,
    },
    /// More at once than one append takes; nothing of it was added.
    #[error(
        "could not append {events} events of {bytes} bytes at once: one append takes {} events and {} bytes; \
         nothing of it was added, so send it in parts",
        limits::BATCH_EVENTS,
        limits::BATCH_BYTES
    )]
    TooLarge {
        /// How many events there were.
        events: usize,
        /// How large they were together.
        bytes: usize,
    },
    /// An earlier write failed, and nothing may be added after it.
    #[error(
        "the log takes no more events because an earlier write failed ({reason}); mend the cause and open it again"
    )]
    ReadOnly {
        /// The earlier failure.
        reason: String,
    },
}

impl LogError {
    /// For `map_err`: the file system refused to do something on `path`.
    pub(super) fn io(doing: &'static str, path: &Path) -> impl FnOnce(io::Error) -> Self {
        move |source| Self::Io { doing, path: path.to_owned(), source }
    }

    /// For `map_err`: the bytes of the block at `position` are damaged.
    pub(super) fn damaged(position: Position) -> impl FnOnce(Damage) -> Self {
        move |damage| Self::Damaged { position, what: damage.0 }
    }
}

/// Which positions there are up to `head`.
fn within(head: Position) -> String {
    match head {
        Position::START => "it holds no event yet".to_owned(),
        head => format!("name one from 1 to {head}"),
    }
}

/// What is wrong with some bytes.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub(crate) struct Damage(pub(super) String);

impl Damage {
    /// Damage in these words.
    pub(crate) fn new(what: impl Into<String>) -> Self {
        Self(what.into())
    }
}
