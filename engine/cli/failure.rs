//! What ends a command early: the one place where errors become exit codes.

use std::io;
use std::path::Path;
use std::process::ExitCode;

use feeds::FeedError;
use projections::compare::NotComparable;

use super::system::why;
use crate::bench::BenchError;
#[cfg(feature = "parquet")]
use crate::export::parquet::ExportError;
#[cfg(feature = "parquet")]
use crate::ingest::dataset::DatasetError;
use crate::ingest::{IngestError, KeyError};
use crate::log::{LogError, ProofError};
use crate::replay::ReplayError;
use crate::summary::SummaryError;

/// Why a command ended early, by what the exit code must tell.
#[derive(Debug)]
pub(super) enum Failure {
    /// 1: something went wrong.
    Other(String),
    /// 2: it was asked wrongly.
    Usage(String),
    /// 3: a gate is not met.
    Gate(String),
    /// 4: the input is bad, or some of it.
    Input(String),
    /// 5: the log is damaged.
    Integrity(String),
    /// 6: what is asked cannot be compared.
    NotComparable(String),
    /// 130: it was interrupted.
    Interrupted,
    /// 0: nobody reads any further.
    Quiet,
}

impl Failure {
    /// The message, if there is one to tell.
    pub(super) fn message(&self) -> Option<&str> {
        match self {
            Self::Other(text)
            | Self::Usage(text)
            | Self::Gate(text)
            | Self::Input(text)
            | Self::Integrity(text)
            | Self::NotComparable(text) => Some(text),
            Self::Interrupted => Some("interrupted"),
            Self::Quiet => None,
        }
    }

    /// The exit code.
    pub(super) fn code(&self) -> ExitCode {
        ExitCode::from(match self {
            Self::Quiet => 0,
            Self::Other(_) => 1,
            Self::Usage(_) => 2,
            Self::Gate(_) => 3,
            Self::Input(_) => 4,
            Self::Integrity(_) => 5,
            Self::NotComparable(_) => 6,
            Self::Interrupted => 130,
        })
    }
}

/// What helps where the system says nothing that would.
const REMEDY: &str = "; check that the disk has room and the folder may be written";

/// What was attempted, on what, and why it could not be done.
pub(super) fn refused(doing: &str, path: &Path, error: &io::Error) -> String {
    format!("could not {doing} {}: {}", path.display(), why(path, error))
}

impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Self {
        match error.kind() {
            // `| head` has seen enough.
            io::ErrorKind::BrokenPipe => Self::Quiet,
            _ => Self::Other(format!("could not write the output: {}", why(Path::new("."), &error))),
        }
    }
}

impl From<LogError> for Failure {
    fn from(error: LogError) -> Self {
        match error {
            LogError::Damaged { .. }
            | LogError::RolledBack { .. }
            | LogError::Unwitnessed { .. }
            | LogError::Broken { .. } => Self::Integrity(error.to_string()),
            LogError::Io { doing, path, source } => {
                let why = why(&path, &source);
                let remedy = if why.contains("; ") { "" } else { REMEDY };
                Self::Other(format!("could not {doing} ({}): {why}{remedy}", path.display()))
            }
            LogError::Missing { .. } | LogError::NotAStore { .. } | LogError::NoPosition { .. } => {
                Self::Input(error.to_string())
            }
            _ => Self::Other(error.to_string()),
        }
    }
}

impl From<ProofError> for Failure {
    fn from(error: ProofError) -> Self {
        match error {
            ProofError::Fails { .. } => Self::Integrity(error.to_string()),
            ProofError::Unfit { .. } | ProofError::Unread { .. } => Self::Input(error.to_string()),
        }
    }
}

impl From<ReplayError> for Failure {
    fn from(error: ReplayError) -> Self {
        match error {
            ReplayError::Log(error) => error.into(),
            ReplayError::TooMany { .. } => Self::Other(error.to_string()),
            ReplayError::Interrupted => Self::Interrupted,
        }
    }
}

impl From<BenchError> for Failure {
    fn from(error: BenchError) -> Self {
        match error {
            BenchError::Log(error) => error.into(),
            BenchError::Replay(error) => error.into(),
            BenchError::Interrupted => Self::Interrupted,
            BenchError::Empty => Self::Input(error.to_string()),
            BenchError::Scratch(_) => Self::Other(error.to_string()),
        }
    }
}

impl From<IngestError> for Failure {
    fn from(error: IngestError) -> Self {
        match error {
            IngestError::Log(error) => error.into(),
            IngestError::Key(error) => error.into(),
            IngestError::Place(error) => Self::Input(error.to_string()),
            IngestError::Feed(error @ FeedError::Mapping(_)) => Self::Input(format!(
                "{error}; a mapping is a file named by --map, and `evenfield feed template` writes one to begin with"
            )),
            IngestError::Feed(error) => Self::Input(error.to_string()),
        }
    }
}

#[cfg(feature = "parquet")]
impl From<ExportError> for Failure {
    fn from(error: ExportError) -> Self {
        match error {
            ExportError::Log(error) => error.into(),
            ExportError::Write(source) if source.kind() == io::ErrorKind::BrokenPipe => Self::Quiet,
            ExportError::Folder { doing, path, source } => Self::Other(refused(doing, &path, &source)),
            ExportError::Occupied(_) | ExportError::OtherShards { .. } | ExportError::Full { .. } => {
                Self::Usage(error.to_string())
            }
            ExportError::Unfit { .. } | ExportError::OfAnotherLog { .. } | ExportError::Redacted { .. } => {
                Self::Input(error.to_string())
            }
            ExportError::Interrupted => Self::Interrupted,
            _ => Self::Other(error.to_string()),
        }
    }
}

#[cfg(feature = "parquet")]
impl From<DatasetError> for Failure {
    fn from(error: DatasetError) -> Self {
        match error {
            DatasetError::Interrupted => Self::Interrupted,
            _ => Self::Input(error.to_string()),
        }
    }
}

impl From<KeyError> for Failure {
    fn from(error: KeyError) -> Self {
        match error {
            KeyError::Io { doing, path, source } => Self::Input(refused(doing, &path, &source)),
            KeyError::Within { .. } | KeyError::NoPlace { .. } => Self::Usage(error.to_string()),
            _ => Self::Input(error.to_string()),
        }
    }
}

impl From<SummaryError> for Failure {
    fn from(error: SummaryError) -> Self {
        match error {
            SummaryError::Io { doing, path, source } => Self::Input(refused(doing, &path, &source)),
            SummaryError::Altered { .. } => Self::Integrity(error.to_string()),
            SummaryError::Apart { .. } | SummaryError::NoDecision { .. } | SummaryError::OneKind { .. } => {
                Self::NotComparable(error.to_string())
            }
            SummaryError::Within { .. } | SummaryError::NoPlace { .. } => Self::Usage(error.to_string()),
            _ => Self::Input(error.to_string()),
        }
    }
}

impl From<NotComparable> for Failure {
    fn from(error: NotComparable) -> Self {
        match error {
            NotComparable::NoReference(..) => Self::Usage(error.to_string()),
            _ => Self::NotComparable(error.to_string()),
        }
    }
}
