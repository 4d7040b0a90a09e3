//! `evenfield log repair`: a damaged store is written anew, as far as its events can be proven.

use std::fs;
use std::path::PathBuf;

use serde::Serialize;

use super::draft::{Draft, Readers};
use super::{Failure, Out, Shared, progress};
use crate::cli::config::Origin;
use crate::cli::out::unwritable;
use crate::log::{Log, LogError, Mode, Repair};
use crate::report;

/// Write a damaged store anew, as far as its events can be proven. Without --yes it only says what it
/// would do. The store as it was is kept aside, and what can be read behind the last provable event is
/// written to a file, to be ingested again.
#[derive(clap::Args)]
#[command(after_help = "Examples:\n  evenfield log repair\n  evenfield log repair --yes")]
pub(in crate::cli) struct Args {
    /// Do it
    #[arg(long)]
    yes: bool,
}

#[derive(Serialize)]
struct Told {
    schema: &'static str,
    needed: bool,
    done: bool,
    faults: Vec<String>,
    position: u64,
    /// Acknowledged events that would not be there; null when nobody can tell.
    lost: Option<u64>,
    readable_after: u64,
    readable_file: Option<PathBuf>,
    aside: Option<PathBuf>,
}

pub(super) fn run(args: &Args, shared: &Shared, out: &mut Out) -> Result<(), Failure> {
    let plan = progress::during(shared, "searching", "bytes", |watch| {
        let mut before = 0;
        Repair::plan(&shared.store, &mut |done, _| {
            watch.advance(done.saturating_sub(before));
            before = done;
        })
    })?;
    let mut faults = plan.faults().to_vec();
    let plan = match faults.is_empty() {
        true => match try_opening(plan, shared)? {
            (plan, None) => plan,
            (plan, Some(fault)) => {
                faults.push(fault);
                plan
            }
        },
        false => plan,
    };
    let mut readable_after = 0;
    plan.readable_after(&mut |_| readable_after += 1)?;
    let mut told = Told {
        schema: "evenfield.repair/1",
        needed: !faults.is_empty(),
        done: false,
        position: plan.head().0,
        lost: plan.lost(),
        readable_after,
        readable_file: None,
        aside: None,
        faults,
    };
    if args.yes && told.needed {
        apply(plan, &mut told, shared)?;
    }
    tell(&told, shared, out)
}

/// What the files do not show may show when the store is opened, which is tried last.
fn try_opening(plan: Repair, shared: &Shared) -> Result<(Repair, Option<String>), Failure> {
    drop(plan);
    let fault = match Log::open(&shared.store, Mode::Existing) {
        Ok(_) => None,
        Err(
            error @ (LogError::Damaged { .. }
            | LogError::RolledBack { .. }
            | LogError::Unwitnessed { .. }
            | LogError::Broken { .. }),
        ) => Some(error.to_string()),
        Err(error) => return Err(error.into()),
    };
    Ok((Repair::plan(&shared.store, &mut |_, _| {})?, fault))
}

fn apply(plan: Repair, told: &mut Told, shared: &Shared) -> Result<(), Failure> {
    let name = format!("after-{}.ndjson", told.position);
    let draft = shared.store.join(&name);
    if told.readable_after > 0 {
        write_readable(&plan, &draft)?;
        told.readable_file = Some(draft.clone());
    }
    let repaired = plan.apply().map_err(|error| match &told.readable_file {
        Some(file) => Failure::Integrity(format!("{error} (what can be read is in {})", file.display())),
        None => error.into(),
    })?;
    told.done = true;
    if let (Some(aside), Some(file)) = (&repaired.aside, &mut told.readable_file) {
        let kept = aside.join(&name);
        fs::rename(&draft, &kept).map_err(|error| unwritable(&kept, &error))?;
        *file = kept;
    }
    told.aside = repaired.aside;
    Ok(())
}

/// Writes what can be read behind the last provable event.
fn write_readable(plan: &Repair, path: &std::path::Path) -> Result<(), Failure> {
    let failed = |error: std::io::Error| unwritable(path, &error);
    let mut file = std::io::BufWriter::new(Draft::begin(path, Readers::OwnerAlone).map_err(failed)?);
    let (mut line, mut result) = (Vec::new(), Ok(()));
    plan.readable_after(&mut |stored| {
        line.clear();
        crate::export::line(&stored, false, &mut line);
        if result.is_ok() {
            result = std::io::Write::write_all(&mut file, &line);
        }
    })?;
    result.map_err(failed)?;
    let draft = file.into_inner().map_err(std::io::IntoInnerError::into_error).map_err(failed)?;
    draft.keep().map_err(failed)
}

fn tell(told: &Told, shared: &Shared, out: &mut Out) -> Result<(), Failure> {
    if shared.is_json() {
        out.document(told)?;
    } else if !told.needed {
        out.line(&format!("nothing to repair: {}", report::counted(told.position, "event")))?;
    } else {
        tell_text(told, shared, out)?;
    }
    if told.done || !told.needed {
        return Ok(());
    }
    Err(Failure::Integrity(format!(
        "nothing was done yet; say `log repair --yes` to write {} anew",
        shared.store.display()
    )))
}

fn tell_text(told: &Told, shared: &Shared, out: &mut Out) -> Result<(), Failure> {
    for fault in &told.faults {
        out.line(&format!("damage: {fault}"))?;
    }
    let kept = if told.done { "kept" } else { "would be kept" };
    let lost = match told.lost {
        Some(0) => "nothing that was acknowledged is missing".to_owned(),
        Some(lost) => format!("{} more were acknowledged", report::counted(lost, "event")),
        None => "nobody can tell whether there were more".to_owned(),
    };
    out.line(&format!("{} {kept}, all proven; {lost}", report::counted(told.position, "event")))?;
    if told.readable_after > 0 {
        let events = report::counted(told.readable_after, "event");
        out.line(&match &told.readable_file {
            Some(file) => format!("{events} behind them could be read, and are in {}", file.display()),
            None => format!("{events} behind them can be read and would be written to a file"),
        })?;
    }
    if let Some(aside) = &told.aside {
        out.line(&format!("the store as it was is in {}", aside.display()))?;
    }
    if told.done { tell_next(told, shared, out) } else { Ok(()) }
}

/// What is left to do once the store is written anew, one command a line.
fn tell_next(told: &Told, shared: &Shared, out: &mut Out) -> Result<(), Failure> {
    let store = match shared.origins.of("store", None) {
        Origin::Default => String::new(),
        _ => format!(" --store {}", shared.store.display()),
    };
    out.line("\nnext:")?;
    if let Some(file) = &told.readable_file {
        out.line(&format!("  evenfield ingest{store} {}  takes in what could be read", file.display()))?;
    }
    out.line(&format!("  evenfield log verify{store}  shows that all of it holds"))?;
    if told.lost != Some(0) {
        out.line("  ingest again whatever recordings you have of what is missing: what is there already changes nothing")?;
    }
    match &told.aside {
        Some(aside) => out.line(&format!("  {} can go when nothing more is wanted of it", aside.display())),
        None => Ok(()),
    }
}
