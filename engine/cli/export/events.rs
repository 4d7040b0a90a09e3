//! `evenfield export parquet`: every event as one row, in one file or in a data set of many, which can be kept current.

use std::path::PathBuf;

use super::super::Shared;
use super::super::failure::Failure;
use super::super::out::Out;

/// Which events, and into how many files.
#[derive(clap::Args)]
#[cfg_attr(
    feature = "parquet",
    command(after_help = "Examples:\n  \
    evenfield export parquet -o events.parquet\n  \
    evenfield export parquet --from 1001 -o new.parquet\n  \
    evenfield export parquet --shards 8 consultations\n  \
    evenfield export parquet --shards 8 lake --append\n\n\
    With --append what came since becomes further files, for cron; with --follow that goes on by\n\
    itself, and the store is held only while something is appended. `evenfield serve\n\
    --export-parquet` does it within a service.")
)]
#[cfg_attr(
    not(feature = "parquet"),
    command(after_help = "This build cannot do it: build with --features parquet, as in\n  \
    cargo install --path . --features parquet")
)]
pub(in super::super) struct Parquet {
    /// The folder for --shards, which must be new or empty, or a data set of this store for --append and --follow
    #[arg(value_name = "DIR", requires = "shards")]
    folder: Option<PathBuf>,
    /// Divide consultations into so many shards, by a hash of their names
    #[arg(long, value_name = "N", requires = "folder", conflicts_with = "from")]
    #[arg(value_parser = clap::value_parser!(u32).range(1..=4096))]
    shards: Option<u32>,
    /// Append what is new to the data set that is there, or make it
    #[arg(long, requires = "shards")]
    append: bool,
    /// Append what is new, and go on with what comes, until interrupted
    #[arg(long, requires = "shards", conflicts_with_all = ["append", "to"])]
    follow: bool,
    /// Append what came after so many seconds, or once it fills a row group [default: 900]
    #[arg(long, value_name = "SECONDS", requires = "follow")]
    #[arg(value_parser = clap::value_parser!(u32).range(1..=86_400))]
    every: Option<u32>,
    /// Only from this position
    #[arg(long, value_name = "POSITION", default_value_t = 1)]
    from: u64,
    /// Only up to this position
    #[arg(long, value_name = "POSITION")]
    to: Option<u64>,
}

#[cfg(feature = "parquet")]
pub(super) fn run(args: &Parquet, shared: &Shared, out: &mut Out) -> Result<(), Failure> {
    match (args.shards, &args.folder) {
        (Some(shards), Some(folder)) if args.follow => {
            check_output(folder, shared, out)?;
            let every = args.every.unwrap_or(super::follow::EVERY_SECONDS);
            super::follow::follow((shards, folder), every, shared, out)
        }
        (Some(shards), Some(folder)) => data_set(args, (shards, folder), shared, out),
        _ => one_file(args, shared, out),
    }
}

#[cfg(feature = "parquet")]
fn one_file(args: &Parquet, shared: &Shared, out: &mut Out) -> Result<(), Failure> {
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

#[cfg(feature = "parquet")]
fn data_set(
    args: &Parquet,
    (shards, folder): (u32, &std::path::Path),
    shared: &Shared,
    out: &mut Out,
) -> Result<(), Failure> {
    use super::super::{progress, store};
    use super::follow;
    use crate::export::shards::{Draft, Plan};
    use crate::log::Position;
    use crate::report;

    check_output(folder, shared, out)?;
    let log = store::open(shared)?;
    let plan = Plan::of(shards, args.to.map_or(log.head(), Position));
    if args.append {
        let kept = follow::append(&log, folder, plan, shared)?;
        return if shared.is_json() { out.document(&kept.manifest) } else { Ok(()) };
    }
    let draft =
        progress::during(shared, "sorting", "events", |watch| Draft::sort(&log, folder, plan, watch))?;
    let manifest = progress::during(shared, "writing", "events", |watch| draft.write(watch))?;
    shared.note(&format!(
        "{} of {} in {}: {}",
        report::counted(manifest.events, "event"),
        report::counted(manifest.consultations, "consultation"),
        report::counted(manifest.files.len() as u64, "file"),
        folder.display()
    ));
    if shared.is_json() { out.document(&manifest) } else { Ok(()) }
}

/// A folder is no file.
#[cfg(feature = "parquet")]
fn check_output(folder: &std::path::Path, shared: &Shared, out: &Out) -> Result<(), Failure> {
    if out.is_standard() || shared.is_json() {
        return Ok(());
    }
    let what = format!("--shards writes a folder, {}, and no file: leave -o out", folder.display());
    Err(Failure::Usage(what))
}

#[cfg(not(feature = "parquet"))]
pub(super) fn run(args: &Parquet, _: &Shared, _: &mut Out) -> Result<(), Failure> {
    let Parquet { folder: _, shards: _, append: _, follow: _, every: _, from: _, to: _ } = args;
    let what = "this evenfield was built without Parquet: build with --features parquet, as in \
                `cargo install --path . --features parquet`";
    Err(Failure::Usage(what.to_owned()))
}
