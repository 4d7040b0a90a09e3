//! `evenfield bench`: how fast this store is on this machine.

use std::fs;
use std::path::{Path, PathBuf};

use serde::Serialize;

use super::compare::AskArgs;
use super::failure::Failure;
use super::out::Out;
use super::{Shared, progress, store};
use crate::bench::{self, Bench, Change, Plan, SCHEMA};
use crate::report;

/// Measure how fast this store is on this machine: opening, reading, replaying, comparing, appending. The
/// store is only read; appends go into a temporary store beside it.
#[derive(clap::Args)]
#[command(after_help = "Examples:\n  \
    evenfield bench\n  \
    evenfield bench --rounds 3 --json\n\n\
    Before a change keep the figures with `bench --json -o before.json`, after it compare\n\
    with `bench --baseline before.json`. Figures of different machines, or of different\n\
    hours of a busy one, say little about a change.")]
pub(super) struct Args {
    /// Figures kept by an earlier `evenfield bench --json`, to tell what has changed since
    #[arg(long, value_name = "FILE")]
    baseline: Option<PathBuf>,
    /// How often each stage is done
    #[arg(long, value_name = "N", default_value = "5", value_parser = clap::value_parser!(u16).range(1..=1000))]
    rounds: u16,
}

/// What was measured, and what of it has changed.
#[derive(Serialize)]
struct Document<'a> {
    #[serde(flatten)]
    bench: &'a Bench,
    #[serde(skip_serializing_if = "Option::is_none")]
    changes: Option<&'a [Change]>,
}

pub(super) fn run(args: &Args, shared: &Shared, out: &mut Out) -> Result<(), Failure> {
    shared.text_or_json()?;
    let baseline = args.baseline.as_deref().map(read).transpose()?;
    let ask = AskArgs::default().ask(&[])?;
    let (rounds, threads) = (usize::from(args.rounds), shared.threads());
    let plan = Plan { store: &shared.store, ask: &ask, rounds, threads };
    let log = store::open(shared)?;
    let bench = progress::during(shared, "measuring", "events", |watch| bench::measure(log, &plan, watch))?;
    let changes = baseline.as_ref().map(|before| bench::changes(before, &bench));
    if shared.is_json() {
        return out.document(&Document { bench: &bench, changes: changes.as_deref() });
    }
    out.text(&report::bench(&bench))?;
    match (&baseline, &changes) {
        (Some(before), Some(changes)) => out.text(&report::bench_changes(changes, before, &bench)),
        _ => Ok(()),
    }
}

/// The figures that were kept in a file.
fn read(path: &Path) -> Result<Bench, Failure> {
    let unfit =
        |what: String| Failure::Input(format!("could not read the baseline {}: {what}", path.display()));
    let text = fs::read_to_string(path).map_err(|error| unfit(error.to_string()))?;
    let wanted = "it is to be what `evenfield bench --json -o FILE` has written";
    let bench: Bench = serde_json::from_str(&text).map_err(|error| unfit(format!("{error}; {wanted}")))?;
    match bench.schema == SCHEMA {
        true => Ok(bench),
        false => Err(unfit(format!("its schema is {:?}, not {SCHEMA:?}; {wanted}", bench.schema))),
    }
}
