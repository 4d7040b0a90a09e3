//! `evenfield log redact`: what is known of one consultation is destroyed, for ever.

use std::path::PathBuf;

use serde::Serialize;

use super::show::missing;
use super::{Failure, Out, Shared, progress, store};
use crate::log::{self, Redacted};
use crate::report;

/// Destroy what is known of one consultation, for ever. The store is written anew without it; its
/// positions stay and the commitment still holds. Without --yes it only says what it would do.
#[derive(clap::Args)]
#[command(after_help = "Examples:\n  \
    evenfield log redact c-000001\n  \
    evenfield log redact c-000001 --reason asked-for --yes")]
pub(in crate::cli) struct Args {
    /// The consultation
    consultation: String,
    /// Why, kept in the log for ever: name nobody
    #[arg(long, value_name = "TEXT", value_parser = short)]
    reason: Option<String>,
    /// Do it
    #[arg(long)]
    yes: bool,
}

/// The longest reason, in bytes.
const REASON_BYTES: usize = 1000;

fn short(text: &str) -> Result<String, String> {
    match text.len() <= REASON_BYTES {
        true => Ok(text.to_owned()),
        false => Err(format!("it has {} bytes, and {REASON_BYTES} are allowed", text.len())),
    }
}

#[derive(Serialize)]
struct Told {
    schema: &'static str,
    done: bool,
    positions: Vec<u64>,
    /// Where the log tells of it.
    position: Option<u64>,
    kept_aside: Vec<PathBuf>,
}

pub(super) fn run(args: &Args, shared: &Shared, out: &mut Out) -> Result<(), Failure> {
    let positions = store::open(shared)?.positions_of(&args.consultation)?;
    if positions.is_empty() {
        return Err(missing(&args.consultation, shared));
    }
    if !args.yes {
        let positions = positions.iter().map(|position| position.0).collect();
        let told = Told {
            schema: "evenfield.redaction/1",
            done: false,
            positions,
            position: None,
            kept_aside: vec![],
        };
        return tell(&told, shared, out);
    }
    let redacted = progress::during(shared, "writing anew", "events", |watch| {
        let mut before = 0;
        let progress = &mut |done: u64, _| {
            watch.advance(done.saturating_sub(before));
            before = done;
        };
        log::redact(&shared.store, &args.consultation, args.reason.as_deref(), store::now(), progress)
    })?;
    let Some(Redacted { positions, head, kept_aside, .. }) = redacted else {
        return Err(missing(&args.consultation, shared));
    };
    let positions = positions.into_iter().map(|position| position.0).collect();
    let position = Some(head.0);
    tell(&Told { schema: "evenfield.redaction/1", done: true, positions, position, kept_aside }, shared, out)
}

fn tell(told: &Told, shared: &Shared, out: &mut Out) -> Result<(), Failure> {
    if shared.is_json() {
        return out.document(told);
    }
    let events = report::counted(told.positions.len() as u64, "event");
    let positions: Vec<String> = told.positions.iter().map(u64::to_string).collect();
    let positions = positions.join(", ");
    if !told.done {
        return out
            .line(&format!("{events} would be destroyed for ever, at {positions}; say --yes to do it"));
    }
    out.line(&format!("{events} destroyed for ever, at {positions}"))?;
    out.line("Out of reach of this, and yours to see to:")?;
    out.line("  backups and exports made before; files that were ingested, and what was rejected of them;")?;
    out.line("  copies that the file system or the disk may keep of what was erased.")?;
    for aside in &told.kept_aside {
        out.line(&format!("  {}, which a repair kept aside: delete it", aside.display()))?;
    }
    Ok(())
}
