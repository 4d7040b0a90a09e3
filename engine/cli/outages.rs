//! `evenfield outages`: did a platform fail at several organisations at once?

use event::Dimension;

use super::compare;
use super::failure::Failure;
use super::ground::Ground;
use super::known::{Known, WHERE};
use super::out::Out;
use super::progress;
use super::store::SheetArgs;
use super::{Format, Shared};
use crate::replay::outages;
use crate::report;

/// Whether a platform failed at several organisations at once while the others did not: from when to when, how many
/// consultations that took, and what the other platforms did meanwhile. Where nothing is found it says what would have
/// been noticed.
///
/// A consultation failed if it never connected, or if somebody's connection was lost for good. The trouble of one
/// organisation is no outage, however bad it is, and neither is what all platforms share.
#[derive(clap::Args)]
#[command(after_help = "Examples:\n  \
    evenfield outages\n  \
    evenfield outages --where service=cardiology --json\n\n\
    In one of 20 logs without an outage one is found. What bad days would take with one platform for all, and with a\n\
    range, is in `evenfield decide`.")]
pub(super) struct Args {
    #[arg(long = "where", value_name = "DIMENSION=LEVEL,...", help = WHERE)]
    filter: Vec<String>,
    #[command(flatten)]
    reading: SheetArgs,
}

pub(super) fn run(args: &Args, shared: &Shared, out: &mut Out) -> Result<(), Failure> {
    let filter = compare::filter(&args.filter)?;
    let ground = Ground::of(shared)?;
    let filtered = filter.iter().map(|(dimension, _)| dimension);
    let wanted: Vec<Dimension> = filtered.chain([Dimension::Organisation]).collect();
    let sheet = ground.sheet(shared, &args.reading, &wanted)?;
    sheet.note_unknown_levels(&filter, shared);
    let outages =
        progress::reasoning(shared, "looking for outages", || outages(&sheet, &filter, shared.threads()))?;
    if matches!(shared.format(), Format::Plain | Format::Csv | Format::Md) {
        shared.note(
            "what was looked at, and what would have been noticed, is not in this form; --json has all of it",
        );
    }
    match shared.format() {
        Format::Json => out.document(&outages),
        Format::Ndjson => outages.outages.iter().try_for_each(|outage| out.row(outage)),
        Format::Table => out.text(&report::outages(&outages)),
        Format::Plain => out.text(&report::outages_rows(&outages, report::Form::Plain)),
        Format::Csv => out.text(&report::outages_rows(&outages, report::Form::Csv)),
        Format::Md => out.text(&report::outages_rows(&outages, report::Form::Markdown)),
    }
}
