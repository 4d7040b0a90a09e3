//! `evenfield totals`: plain counts, sums and quantiles.

use event::Dimension;

use super::failure::Failure;
use super::ground::Ground;
use super::grouped::Grouped;
use super::known::Known;
use super::out::Out;
use super::store::SheetArgs;
use super::{Shared, shown};
use crate::replay::{Totals, totals};

/// Plain counts, sums and quantiles of every platform, to be held against any other tool: nothing is
/// weighed, and what only some feeds can tell is counted where they can; what none can tell is not there.
/// To compare, use `evenfield compare`.
#[derive(clap::Args)]
#[command(after_help = "Examples:\n  \
    evenfield totals\n  \
    evenfield totals --by service --json\n  \
    evenfield totals --where appointment=follow_up --format csv")]
pub(super) struct Args {
    #[command(flatten)]
    grouped: Grouped,
    #[command(flatten)]
    reading: SheetArgs,
}

pub(super) fn run(args: &Args, shared: &Shared, out: &mut Out) -> Result<(), Failure> {
    let (totals, _ground) = args.answer(shared)?;
    shown::show(totals, shared, out)
}

impl Args {
    /// The totals, and what they rest on: a store stays open until the answer is written.
    pub(super) fn answer(&self, shared: &Shared) -> Result<(Totals, Ground), Failure> {
        let (by, filter) = self.grouped.asked()?;
        let ground = Ground::of(shared)?;
        let wanted: Vec<Dimension> =
            by.iter().copied().chain(filter.iter().map(|(dimension, _)| dimension)).collect();
        let sheet = ground.sheet(shared, &self.reading, &wanted)?;
        sheet.note_unknown_levels(&filter, shared);
        Ok((totals(&sheet, &by, &filter, shared.threads()), ground))
    }
}
