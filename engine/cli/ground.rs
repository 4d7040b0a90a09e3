//! What an answer rests on: the log of a store, or rows that were read elsewhere.
//!
//! Where events do not lie in a store on this machine, whoever can read them hands over the sheet of them, and every
//! answer that rests on a sheet alone is made, shown and worded by the same code.

use std::ffi::OsString;
use std::process::ExitCode;
use std::sync::Arc;

use event::Dimension;
use projections::compare::Claim;

use super::asked::{self, Question};
use super::failure::Failure;
use super::store::{self, SheetArgs};
use super::{Shared, Verb, begin, progress, report};
use crate::log::{Log, Position};
use crate::replay::{Request, Sheet, Watch};

/// Rows that are read elsewhere.
pub trait Elsewhere: Send + Sync {
    /// The sheet of a request, with the levels of the dimensions `wanted`; its work is noted by the watch.
    ///
    /// # Errors
    /// When it cannot be had.
    fn sheet(&self, request: &Request, wanted: &[Dimension], watch: &Watch) -> Result<Sheet, Unread>;

    /// The commitment to all events that are read, 64 hexadecimal digits.
    fn commitment(&self) -> String;
}

/// Why there is no sheet, by what the exit code must tell.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Unread {
    /// It was asked to stop.
    #[error("interrupted")]
    Interrupted,
    /// What was to be read is not as it should be.
    #[error("{0}")]
    Input(String),
    /// Something else went wrong.
    #[error("{0}")]
    Other(String),
}

impl From<Unread> for Failure {
    fn from(unread: Unread) -> Self {
        match unread {
            Unread::Interrupted => Self::Interrupted,
            Unread::Input(text) => Self::Input(text),
            Unread::Other(text) => Self::Other(text),
        }
    }
}

/// Runs a command line on rows that are read elsewhere: the verbs that answer from a sheet alone.
#[must_use]
pub fn run_elsewhere(
    arguments: impl IntoIterator<Item = OsString>,
    elsewhere: Arc<dyn Elsewhere>,
) -> ExitCode {
    begin(arguments.into_iter().collect(), Some(elsewhere))
}

/// Refuses what is not answered from rows that are read elsewhere.
pub(super) fn answered(verb: &Verb, shared: &Shared) -> Result<(), Failure> {
    if shared.elsewhere.is_none() {
        return Ok(());
    }
    let is_answered = matches!(
        verb,
        Verb::Compare(_)
            | Verb::Decide(_)
            | Verb::Totals(_)
            | Verb::Reach(_)
            | Verb::Outages(_)
            | Verb::Report(report::Verb::Build(_) | report::Verb::Show(_))
    );
    if !is_answered {
        let (_, name) = verb.tells();
        return Err(Failure::Usage(format!(
            "`{name}` needs the log itself, with names and events: ask evenfield where the store is. From a data set are \
             answered compare, decide, totals, reach, outages, report build and report show"
        )));
    }
    if shared.release {
        return Err(Failure::Usage(
            "what is released is recorded in a store, and a data set has none: release where the store is"
                .to_owned(),
        ));
    }
    Ok(())
}

/// What an answer rests on.
pub(super) enum Ground {
    /// A log, which stays open.
    Log(Arc<Log>),
    /// Rows that are read elsewhere.
    Elsewhere(Arc<dyn Elsewhere>),
}

impl Ground {
    /// What the verb was told to read.
    pub(super) fn of(shared: &Shared) -> Result<Self, Failure> {
        match &shared.elsewhere {
            Some(elsewhere) => Ok(Self::Elsewhere(Arc::clone(elsewhere))),
            None => store::opened(shared).map(Self::Log),
        }
    }

    /// The sheet with the levels of the dimensions `wanted`; under a policy that hides, that of months that are over.
    pub(super) fn sheet(
        &self,
        shared: &Shared,
        args: &SheetArgs,
        wanted: &[Dimension],
    ) -> Result<Sheet, Failure> {
        let elsewhere = match self {
            Self::Log(log) => return store::sheet(shared, log, args, wanted),
            Self::Elsewhere(elsewhere) => elsewhere,
        };
        let request = args.request_elsewhere(shared)?;
        store::under_policy(shared, request, |request| {
            let read = |watch: &Watch| elsewhere.sheet(request, wanted, watch);
            Ok(progress::during(shared, "reading", "events", read)?)
        })
    }

    /// The commitment to the events up to `position`.
    pub(super) fn commitment(&self, position: Position) -> Result<String, Failure> {
        match self {
            Self::Log(log) => Ok(log.head_at(position)?.commitment_digits()),
            Self::Elsewhere(elsewhere) => Ok(elsewhere.commitment()),
        }
    }

    /// Keeps a question, where there is a store to keep it in.
    pub(super) fn keep<'a>(
        &self,
        question: Question,
        claims: impl IntoIterator<Item = &'a Claim>,
        shared: &Shared,
    ) {
        if let Self::Log(log) = self {
            asked::keep(question, claims, log, shared);
        }
    }
}
