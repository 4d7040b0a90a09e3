//! Why a summary cannot be made, read or merged; each message says what to do.

use std::io;
use std::path::{Path, PathBuf};

/// Why a summary cannot be made, read or merged.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SummaryError {
    /// A file could not be read or written.
    #[error("could not {doing} {}: {source}", path.display())]
    Io {
        /// What was attempted.
        doing: &'static str,
        /// On what.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// A key would take the place of what is there.
    #[error(
        "{} is there already and is not written over: who lost a key cannot sign as before; name another file, or move \
         that one away",
        path.display()
    )]
    Exists {
        /// The file.
        path: PathBuf,
    },
    /// The file holds no key that can sign.
    #[error("{} holds no key to sign with: {what}; name another file, or make one with `evenfield keys new FILE`", path.display())]
    NoKey {
        /// The file.
        path: PathBuf,
        /// What it holds.
        what: &'static str,
    },
    /// Whoever gets the store would get the key.
    #[error(
        "the key {} lies within the store {}, and whoever gets the store could sign for you; name a file outside it \
         with --key",
        path.display(),
        store.display()
    )]
    Within {
        /// The key.
        path: PathBuf,
        /// The store.
        store: PathBuf,
    },
    /// The store has no name that the key could be named after.
    #[error("{} has no place beside it for a key; name a file for it with --key", store.display())]
    NoPlace {
        /// The store.
        store: PathBuf,
    },
    /// A line of a list of trusted keys is none.
    #[error("{}, line {line}: {what}; write one public key a line, as `evenfield keys show` does, and its owner's name", path.display())]
    NoTrust {
        /// The list.
        path: PathBuf,
        /// The line, from 1.
        line: usize,
        /// What is wrong with it.
        what: &'static str,
    },
    /// The file is no summary that can be read.
    #[error("{}: {what}; ask its maker for the file as `evenfield summary make` wrote it", path.display())]
    Unread {
        /// The file.
        path: PathBuf,
        /// What is wrong, and where.
        what: String,
    },
    /// The signature is not that of the key over what is there.
    #[error(
        "{}: its signature does not hold: it was altered after {signer} signed it, or damaged on its way; ask its maker \
         for it again",
        path.display()
    )]
    Altered {
        /// The file.
        path: PathBuf,
        /// Whose signature it should be.
        signer: String,
    },
    /// Nobody trusts who signed.
    #[error(
        "{}: signed by {signer}, which is not in {}; ask its maker by another way whether that is their key, and add it \
         to the list if so",
        path.display(),
        trust.display()
    )]
    Untrusted {
        /// The file.
        path: PathBuf,
        /// Who signed.
        signer: String,
        /// The list.
        trust: PathBuf,
    },
    /// The summaries do not hold what a decision rests on.
    #[error(
        "{}: it was made to compare, and what a decision rests on is not in it; make all summaries with --for decide",
        path.display()
    )]
    NoDecision {
        /// The first file.
        path: PathBuf,
    },
    /// A report tells a comparison and a decision of the same consultations, and of one log there is but one of them.
    #[error(
        "{}: of its log, up to the same event, there is no summary of the other kind; make one to compare and one with \
         --for decide of every log before anything is added to it",
        path.display()
    )]
    OneKind {
        /// The file.
        path: PathBuf,
    },
    /// Two summaries do not fit each other.
    #[error("{} and {} cannot be merged: {what}", one.display(), other.display())]
    Apart {
        /// A file.
        one: PathBuf,
        /// Another.
        other: PathBuf,
        /// In what they differ, and what to do.
        what: String,
    },
}

impl SummaryError {
    /// For `map_err`: the file system refused to do something on `path`.
    pub(super) fn io(doing: &'static str, path: &Path) -> impl FnOnce(io::Error) -> Self {
        move |source| Self::Io { doing, path: path.to_owned(), source }
    }
}
