//! `evenfield diff`: what two readings of one store claim otherwise.

use projections::compare::changes;

use super::compare::{AskArgs, known_platforms, recorded};
use super::failure::Failure;
use super::known::Known;
use super::out::Out;
use super::progress;
use super::store::{self, AsOf, ReadingArgs};
use super::{Format, Shared};
use crate::log::{Log, Position};
use crate::replay::{Request, compare, sheet, wanted};
use crate::report::{self, Differing};

/// Show what changed between two moments of the store, claim by claim: what turned, moved, appeared or went.
#[derive(clap::Args)]
#[command(after_help = "Examples:\n  \
    evenfield diff --from 1200\n  \
    evenfield diff --from 2026-03-31T00:00:00Z --measure undisturbed --by service --json\n\n\
    A time means what had been taken in by then. The same claim has the same name at both moments.")]
pub(super) struct Args {
    /// Platforms to compare; none: all of them
    #[arg(value_name = "PLATFORM")]
    platforms: Vec<String>,
    /// The earlier moment: a position, or a time
    #[arg(long, value_name = "POSITION|TIME")]
    from: AsOf,
    #[command(flatten)]
    ask: AskArgs,
    #[command(flatten)]
    reading: ReadingArgs,
}

pub(super) fn run(args: &Args, shared: &Shared, out: &mut Out) -> Result<(), Failure> {
    let ask = args.ask.ask(&args.platforms)?;
    let log = store::opened(shared)?;
    let to = args.reading.request(shared, &log)?;
    let from = args.from.position(&log)?;
    earlier(&log, from, &to)?;
    let after = store::sheet_of(shared, &log, &to, &wanted(&ask))?;
    known_platforms(&after, &args.platforms, ask.reference.as_deref())?;
    after.note_unknown_levels(&ask.filter, shared);
    recorded(&after, &ask)?;
    let after = progress::reasoning(shared, "comparing", || compare(&after, &ask, shared.threads()))??;
    let then = Request { as_of: Some(from), ..to };
    let before =
        progress::during(shared, "replaying", "events", |watch| sheet(&log, &then, &wanted(&ask), watch))?;
    // The reference is that of the later moment, or the same names would speak of other things.
    let then = projections::compare::Ask { reference: after.reference.clone(), ..ask.clone() };
    let before = match before.position {
        Position::START => Vec::new(),
        _ => match progress::reasoning(shared, "comparing", || compare(&before, &then, shared.threads()))? {
            Ok(before) => before.claims,
            Err(why) => {
                shared.note(&format!("nothing was claimed at position {from}: {why}"));
                Vec::new()
            }
        },
    };
    let (changes, same) = changes(&before, &after.claims);
    let differing = Differing { schema: "evenfield.diff/1", from: from.0, to: after.position, same, changes };
    match shared.format() {
        Format::Json => out.document(&differing),
        Format::Ndjson => differing.changes.iter().try_for_each(|change| out.row(change)),
        Format::Table => out.text(&report::differing(&differing)),
        Format::Plain => out.text(&report::differing_rows(&differing, report::Form::Plain)),
        Format::Csv => out.text(&report::differing_rows(&differing, report::Form::Csv)),
        Format::Md => out.text(&report::differing_rows(&differing, report::Form::Markdown)),
    }
}

/// Refuses two moments in the wrong order.
fn earlier(log: &Log, from: Position, to: &Request) -> Result<(), Failure> {
    let to = to.head(log);
    if from <= to {
        return Ok(());
    }
    Err(Failure::Usage(format!(
        "position {from} comes after {to}: --from is the earlier moment, --as-of the later one"
    )))
}
