//! `evenfield quality`: how complete the evidence is.

use projections::quality::Evidence;

use super::failure::Failure;
use super::ground::Ground;
use super::grouped::Grouped;
use super::known::Known;
use super::out::Out;
use super::store::{self, ReadingArgs};
use super::{Shared, shown};
use crate::replay::quality;

/// How complete the evidence is, platform by platform: how many consultations ended in a way that nothing
/// tells, in how many the events contradict each other, which circumstances are not recorded, and what the
/// sources can tell. Ask this before you read a comparison.
#[derive(clap::Args)]
#[command(after_help = "Examples:\n  \
    evenfield quality\n  \
    evenfield quality --by organisation --json\n  \
    evenfield quality --where service=cardiology --format csv\n\n\
    Late events and clocks that run wrong are told by `evenfield log stats`.")]
pub(super) struct Args {
    #[command(flatten)]
    grouped: Grouped,
    #[command(flatten)]
    reading: ReadingArgs,
}

pub(super) fn run(args: &Args, shared: &Shared, out: &mut Out) -> Result<(), Failure> {
    let (evidence, _ground) = args.answer(shared)?;
    shown::show(evidence, shared, out)
}

impl Args {
    /// The evidence, and the store that it is of, which stays open until the answer is written.
    pub(super) fn answer(&self, shared: &Shared) -> Result<(Evidence, Ground), Failure> {
        let (by, filter) = self.grouped.asked()?;
        let log = store::opened(shared)?;
        let table = store::rows(shared, &log, &self.reading)?;
        table.note_unknown_levels(&filter, shared);
        Ok((quality(&table, &by, &filter, shared.threads()), Ground::Log(log)))
    }
}
