//! `evenfield summary`: several organisations compare, and none shares its events.

mod files;
mod make;
mod merge;
mod pooled;
mod report;
mod rounded;

use super::failure::Failure;
use super::out::Out;
use super::{Shared, Tells};

/// Compare over several organisations' logs, of which no event is shared.
#[derive(clap::Subcommand)]
pub(super) enum Verb {
    /// Count what a comparison needs of this store, and sign it
    Make(make::Args),
    /// Check summaries, merge them, and compare, decide or report as if there were one log
    Merge(merge::Args),
}

impl Verb {
    /// What it tells, and what it is called.
    pub(super) fn tells(&self) -> (Tells, &'static str) {
        match self {
            // Under a policy that hides it holds a reading; what hides nothing is exact.
            Self::Make(_) => (Tells::Reading, "summary make"),
            // It reads no store, and looks itself at what the summaries hold.
            Self::Merge(_) => (Tells::Nothing, "summary merge"),
        }
    }
}

pub(super) fn run(verb: &Verb, shared: &Shared, out: &mut Out) -> Result<(), Failure> {
    match verb {
        Verb::Make(args) => make::run(args, shared, out),
        Verb::Merge(args) => merge::run(args, shared, out),
    }
}
