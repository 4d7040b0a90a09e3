//! `evenfield replay`: recorded scenarios into the store.

use super::failure::Failure;
use super::out::Out;
use super::store::{self, SheetArgs};
use super::{Shared, progress, scenario};
use crate::ingest::Report;
use crate::replay::{compare, wanted};
use crate::report;

/// Append recorded scenarios to the store and show what they tell. Appending the same scenario again
/// changes nothing.
#[derive(clap::Args)]
#[command(
    after_help = "Examples:\n  evenfield replay messy-feed\n  evenfield replay --dry-run ./my-scenario"
)]
pub(super) struct Args {
    /// Names from `evenfield scenario ls`, or folders
    #[arg(required = true, value_name = "SCENARIO")]
    scenarios: Vec<String>,
    /// Use a temporary store and leave the real one alone
    #[arg(long)]
    dry_run: bool,
    #[command(flatten)]
    reading: SheetArgs,
    #[command(flatten)]
    ask: super::compare::AskArgs,
}

pub(super) fn run(args: &Args, shared: &Shared, out: &mut Out) -> Result<(), Failure> {
    let ask = args.ask.ask(&[])?;
    let scenarios: Vec<_> =
        args.scenarios.iter().map(|name| scenario::find(name)).collect::<Result<_, _>>()?;
    let temporary = if args.dry_run { Some(temporary()?) } else { None };
    let mut shared = shared.clone();
    if let Some(dir) = &temporary {
        shared.store = dir.path().join("store");
    }
    let log = store::open_or_make(&shared)?;
    let mut total = Report::default();
    for scenario in &scenarios {
        let name = format!("appending {}", scenario.name);
        total.absorb(progress::during(&shared, &name, "events", |watch| {
            scenario::append(scenario, &log, watch)
        })?);
    }
    // What a recording holds its card tells.
    total.feeds.clear();
    shared.note(report::ingested(&total).trim_end());
    let sheet = store::sheet(&shared, &log, &args.reading, &wanted(&ask))?;
    super::compare::recorded(&sheet, &ask)?;
    let comparison = compare(&sheet, &ask, shared.threads())?;
    super::shown::show(comparison, &shared, out)?;
    match total.rejections() {
        0 => Ok(()),
        bad => Err(Failure::Input(format!("{} did not go in", report::counted(bad, "line")))),
    }
}

fn temporary() -> Result<tempfile::TempDir, Failure> {
    let made = tempfile::Builder::new().prefix("evenfield-").tempdir();
    made.map_err(|error| Failure::Other(format!("could not make a temporary folder: {error}")))
}
