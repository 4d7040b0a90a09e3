//! `evenfield totals`: plain counts, sums and quantiles.

use event::Dimension;

use super::compare;
use super::failure::Failure;
use super::out::Out;
use super::store::{self, SheetArgs};
use super::{Shared, shown};
use crate::replay::totals;

/// Plain counts, sums and quantiles of every platform, to be held against any other tool: nothing is
/// weighed, and nothing left out for what a feed cannot tell. To compare, use `evenfield compare`.
#[derive(clap::Args)]
#[command(after_help = "Examples:\n  \
    evenfield totals\n  \
    evenfield totals --by service --json\n  \
    evenfield totals --where appointment=follow_up --format csv")]
pub(super) struct Args {
    /// Every platform as a whole, and apart by these dimensions, separated by commas
    #[arg(long, value_name = "DIMENSION,...", value_delimiter = ',')]
    by: Vec<String>,
    /// Only consultations with these levels; may be given more than once
    #[arg(long = "where", value_name = "DIMENSION=LEVEL,...")]
    filter: Vec<String>,
    #[command(flatten)]
    reading: SheetArgs,
}

pub(super) fn run(args: &Args, shared: &Shared, out: &mut Out) -> Result<(), Failure> {
    let (by, filter) = (compare::dimensions(&args.by)?, compare::filter(&args.filter)?);
    if by.contains(&Dimension::Platform) {
        return Err(Failure::Usage("totals are by platform in any case; name other dimensions".to_owned()));
    }
    let log = store::opened(shared)?;
    let wanted: Vec<Dimension> =
        by.iter().copied().chain(filter.iter().map(|(dimension, _)| dimension)).collect();
    let sheet = store::sheet(shared, &log, &args.reading, &wanted)?;
    shown::show(totals(&sheet, &by, &filter, shared.threads()), shared, out)
}
