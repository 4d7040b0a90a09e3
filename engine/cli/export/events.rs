//! `evenfield export parquet`: every event as one row.

use super::super::Shared;
use super::super::failure::Failure;
use super::super::out::Out;

/// Write every event as one row of a Parquet file, in order of position: the envelope, one column per
/// dimension of the context as that event told it, and what its kind tells. Instants are milliseconds since
/// 1970 in UTC; answers, declarations and what the vocabulary does not name are JSON texts.
#[derive(clap::Args)]
#[cfg_attr(
    feature = "parquet",
    command(after_help = "Examples:\n  \
    evenfield export parquet -o events.parquet\n  \
    evenfield export parquet --from 1001 -o new.parquet")
)]
#[cfg_attr(
    not(feature = "parquet"),
    command(after_help = "This build cannot do it: build with --features parquet, as in\n  \
    cargo install --path . --features parquet")
)]
pub(in super::super) struct Parquet {
    /// Only from this position
    #[arg(long, value_name = "POSITION", default_value_t = 1)]
    from: u64,
    /// Only up to this position
    #[arg(long, value_name = "POSITION")]
    to: Option<u64>,
}

#[cfg(feature = "parquet")]
pub(super) fn run(args: &Parquet, shared: &Shared, out: &mut Out) -> Result<(), Failure> {
    use std::io::{self, IsTerminal};

    use super::super::out::Stream;
    use super::super::{progress, store};
    use crate::log::Position;
    use crate::{export, report};

    if out.is_standard() && io::stdout().is_terminal() {
        let what =
            "a Parquet file is nothing to look at: name a file with -o, or pipe it to where it is read";
        return Err(Failure::Usage(what.to_owned()));
    }
    let log = store::open(shared)?;
    let last = args.to.map_or(log.head(), Position);
    let written = progress::during(shared, "writing", "events", |watch| {
        export::parquet::write(log.events(Position(args.from)..=last), Stream(out), watch)
    })?;
    shared.note(&format!("{} exported", report::counted(written, "event")));
    Ok(())
}

#[cfg(not(feature = "parquet"))]
pub(super) fn run(args: &Parquet, _: &Shared, _: &mut Out) -> Result<(), Failure> {
    let Parquet { from: _, to: _ } = args;
    let what = "this evenfield was built without Parquet: build with --features parquet, as in \
                `cargo install --path . --features parquet`";
    Err(Failure::Usage(what.to_owned()))
}
