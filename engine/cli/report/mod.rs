//! `evenfield report`: one offline file for commissioners, and what can be done with such a file.

mod build;
mod checks;
mod findings;

use std::path::{Path, PathBuf};

use super::failure::Failure;
use super::out::Out;
use super::{Shared, Tells};

/// Write a report for commissioners, check one, and hold two against each other.
#[derive(clap::Subcommand)]
pub(super) enum Verb {
    /// Write the report: one HTML file without scripts that asks for nothing from elsewhere
    #[command(after_help = "Examples:\n  \
        evenfield report build -o report.html\n  \
        evenfield report build --policy internal --by service -o inside.html\n  \
        evenfield report build zoom attend-anywhere --delta 0.02 -o two.html\n\n\
        The policy is rounded unless another is asked for; a closer look (gaps, courses, organisations, practice) is in a\n\
        report only where nothing is hidden. The same log, position and options give the same bytes.")]
    Build(build::Args),
    /// Show the same report in the terminal
    #[command(after_help = "Examples:\n  evenfield report show\n  evenfield report show --policy internal")]
    Show(build::Args),
    /// Look at a report as whoever receives it would; exit code 4 where something is wrong
    #[command(after_help = "Examples:\n  \
        evenfield report check monday.html\n  \
        evenfield report check monday.html --json\n\n\
        It asks whether the file fetches or runs anything, whether its own policy on content holds, whether its structure\n\
        serves those who cannot see it, and whether it tells a count that its policy hides.")]
    Check {
        /// The file
        #[arg(value_name = "FILE")]
        file: PathBuf,
    },
    /// Build a report again from the store and compare it byte by byte; exit code 4 where it differs
    #[command(after_help = "Examples:\n  evenfield report verify monday.html")]
    Verify {
        /// The file
        #[arg(value_name = "FILE")]
        file: PathBuf,
    },
    /// What two reports claim otherwise
    #[command(after_help = "Examples:\n  evenfield report diff monday.html tuesday.html\n  \
        evenfield report diff monday.html tuesday.html --json")]
    Diff {
        /// The earlier report
        #[arg(value_name = "FILE")]
        before: PathBuf,
        /// The later one
        #[arg(value_name = "FILE")]
        after: PathBuf,
    },
}

impl Verb {
    /// What it tells, and what it is called.
    pub(super) fn tells(&self) -> (Tells, &'static str) {
        match self {
            Self::Build(_) => (Tells::Reading, "report build"),
            Self::Show(_) => (Tells::Reading, "report show"),
            Self::Check { .. } => (Tells::Nothing, "report check"),
            // What it says of the store is whether a file that is there already follows from it.
            Self::Verify { .. } => (Tells::Nothing, "report verify"),
            Self::Diff { .. } => (Tells::Nothing, "report diff"),
        }
    }
}

pub(super) use build::live;
pub(super) use findings::picked;

/// The report of everything in the store, with nothing hidden; what is wrong is told of the file at `path`.
pub(super) fn of_everything(path: &Path, shared: &Shared) -> Result<String, Failure> {
    let options = ["--policy", "internal"].map(str::to_owned);
    let (args, own) = checks::asked_again(path, &options, shared)?;
    Ok(crate::report::html(&build::made(&args, &own)?))
}

pub(super) fn run(verb: &Verb, shared: &Shared, out: &mut Out) -> Result<(), Failure> {
    match verb {
        Verb::Build(args) => build::build(args, shared, out),
        Verb::Show(args) => build::show(args, shared, out),
        Verb::Check { file } => checks::check(file, shared, out),
        Verb::Verify { file } => checks::verify(file, shared, out),
        Verb::Diff { before, after } => checks::diff([before, after], shared, out),
    }
}
