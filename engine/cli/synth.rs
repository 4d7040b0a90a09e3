//! `evenfield synth`: synthetic recordings with planted truth.

use std::path::Path;

use synth::{Plan, Synth};

use super::Shared;
use super::choose::{no_file, unknown};
use super::failure::Failure;
use super::out::Out;

/// Make a synthetic recording from a seed and a plan: the same plan and seed give the same events on any
/// machine.
#[derive(clap::Args)]
#[command(after_help = "Examples:\n  \
    evenfield synth clinic | head -3\n  \
    evenfield synth national --consultations 300000 -o events.ndjson\n  \
    evenfield synth clinic --truth")]
pub(super) struct Args {
    /// The name of a plan, or a file with one
    plan: String,
    /// Another seed than the plan's
    #[arg(long)]
    seed: Option<u64>,
    /// Another number of consultations than the plan's
    #[arg(long, value_name = "N")]
    consultations: Option<u64>,
    /// Show the planted truth instead of the events
    #[arg(long)]
    truth: bool,
}

pub(super) fn run(args: &Args, shared: &Shared, out: &mut Out) -> Result<(), Failure> {
    let mut plan = plan(&args.plan)?;
    plan.seed = args.seed.unwrap_or(plan.seed);
    plan.consultations = args.consultations.unwrap_or(plan.consultations);
    if args.truth {
        return out.document(&plan.truth());
    }
    let watch = super::progress::watch();
    let mut line = Vec::new();
    for event in Synth::new(&plan) {
        line.clear();
        feeds::cloudevents::write_line(&event, &mut line);
        out.bytes(&line)?;
        if watch.stopped() {
            return Err(Failure::Interrupted);
        }
    }
    shared.note(&format!("{}: {} consultations, seed {}", args.plan, plan.consultations, plan.seed));
    Ok(())
}

/// The plan of that name or in that file.
pub(super) fn plan(name: &str) -> Result<Plan, Failure> {
    if Plan::names().any(|known| known == name) {
        return Plan::named(name).map_err(|error| Failure::Other(error.to_string()));
    }
    let path = Path::new(name);
    let looks_like_a_path = name.contains(['/', '.']);
    let text = std::fs::read_to_string(path).map_err(|error| {
        if looks_like_a_path {
            no_file(path, &error)
        } else {
            Failure::Usage(unknown("plan", name, Plan::names()))
        }
    })?;
    Plan::parse(&text).map_err(|error| Failure::Input(format!("{name}: {error}")))
}
