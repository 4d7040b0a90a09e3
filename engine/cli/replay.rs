//! `evenfield replay`: recorded scenarios into the store, or into a running service at the speed at which they happened.

mod paced;
mod sent;

use super::failure::{Failure, refused};
use super::out::Out;
use super::store::{self, SheetArgs};
use super::{Shared, progress, scenario};
use crate::ingest::Report;
use crate::log::Log;
use crate::replay::{compare, wanted};
use crate::report;
use crate::scenario::Scenario;
use paced::{Speed, To};

/// Append recorded scenarios to the store and show what they tell. Appending the same scenario again
/// changes nothing.
#[derive(clap::Args)]
#[command(after_help = "Examples:\n  \
    evenfield replay messy-feed\n  \
    evenfield replay --dry-run ./my-scenario\n  \
    evenfield replay range-by-service --speed 1000000x\n\n\
    Into a running service: evenfield replay NAME --speed 600x --to http://127.0.0.1:8080, with a token of\n\
    `evenfield token new` in EVENFIELD_TOKEN. Interrupt it (Ctrl-C) to end it; the same again goes on.")]
pub(super) struct Args {
    /// Names from `evenfield scenario ls`, or folders
    #[arg(required = true, value_name = "SCENARIO")]
    scenarios: Vec<String>,
    /// Use a temporary store and leave the real one alone
    #[arg(long)]
    dry_run: bool,
    /// How fast: max, or so many times as fast as it happened, such as 60x
    #[arg(long, value_name = "max|Nx", default_value = "max")]
    speed: Speed,
    /// Send the events to a running service instead
    #[arg(long, value_name = "URL", conflicts_with = "dry_run")]
    to: Option<String>,
    /// The token for it
    #[arg(long, value_name = "TOKEN", env = "EVENFIELD_TOKEN", hide_env_values = true, requires = "to")]
    token: Option<String>,
    #[command(flatten)]
    reading: SheetArgs,
    #[command(flatten)]
    ask: super::compare::AskArgs,
}

pub(super) fn run(args: &Args, shared: &Shared, out: &mut Out) -> Result<(), Failure> {
    let ask = args.ask.ask(&[])?;
    let scenarios: Vec<_> =
        args.scenarios.iter().map(|name| scenario::find(name)).collect::<Result<_, _>>()?;
    if let Some(url) = &args.to {
        return sent::sent(url, (args.token.as_deref(), args.speed), &scenarios, shared, out);
    }
    let temporary = if args.dry_run { Some(temporary()?) } else { None };
    let mut shared = shared.clone();
    if let Some(dir) = &temporary {
        shared.store = dir.path().join("store");
    }
    let log = store::open_or_make(&shared)?;
    let mut total = match args.speed {
        Speed::Most => appended(&scenarios, &log, &shared)?,
        speed => {
            let (report, result) = paced::at_speed(&scenarios, speed, To::Store(&log), &shared)?;
            // What went in is told whatever else went wrong.
            result.inspect_err(|_| shared.note(report::ingested(&report).trim_end()))?;
            report
        }
    };
    // What a recording holds its card tells.
    total.feeds.clear();
    shared.note(report::ingested(&total).trim_end());
    let sheet = store::sheet(&shared, &log, &args.reading, &wanted(&ask))?;
    super::compare::recorded(&sheet, &ask)?;
    let comparison = compare(&sheet, &ask, shared.threads())?;
    super::shown::show(comparison, &shared, out)?;
    rejections(&total)
}

/// Appends recordings as they were recorded.
fn appended(scenarios: &[Scenario], log: &Log, shared: &Shared) -> Result<Report, Failure> {
    let mut total = Report::default();
    for scenario in scenarios {
        let name = format!("appending {}", scenario.name);
        total.absorb(progress::during(shared, &name, "events", |watch| {
            scenario::append(scenario, log, watch)
        })?);
    }
    Ok(total)
}

fn rejections(report: &Report) -> Result<(), Failure> {
    match report.rejections() {
        0 => Ok(()),
        bad => Err(Failure::Input(format!("{} did not go in", report::counted(bad, "line")))),
    }
}

/// A folder that goes with the command.
pub(super) fn temporary() -> Result<tempfile::TempDir, Failure> {
    let made = tempfile::Builder::new().prefix("evenfield-").tempdir();
    made.map_err(|error| Failure::Other(refused("make a folder in", &std::env::temp_dir(), &error)))
}
