//! `evenfield log`: looking into the log and looking after it, one file a verb or a pair of them.

mod backup;
mod export;
mod proof;
mod redact;
mod repair;
mod seal;
mod show;
mod stats;
mod tail;
mod verify;

use super::failure::Failure;
use super::out::{Out, Stream};
use super::{Shared, Tells, choose, draft, progress, store};

/// Look into the log, and look after it.
#[derive(clap::Subcommand)]
pub(super) enum Verb {
    /// Check every block, every event and the commitment; exit code 5 on damage
    #[command(after_help = "Examples:\n  \
        evenfield log verify\n  \
        evenfield log verify --json\n\n\
        What is damaged is told with its place and what to do; `evenfield log repair` says what it would save.")]
    Verify,
    /// Events and bytes, by kind and by source
    #[command(after_help = "Examples:\n  \
        evenfield log stats\n  \
        evenfield log stats --json")]
    Stats,
    /// Write every event as CloudEvents NDJSON: the way out
    Export(export::Args),
    /// Show the event at a position
    Show(show::Show),
    /// Show all events of one consultation, in the order in which they happened
    Trace(show::Trace),
    /// Show the newest events, and those that come
    Tail(tail::Args),
    /// Print the head: the last position and the commitment to all events, to be published
    #[command(after_help = "Examples:\n  \
        evenfield log head\n  \
        evenfield log head -o head.txt\n\n\
        Whoever has a head of yesterday can tell whether the log of today goes on from it: publish it where you\n\
        cannot take it back.")]
    Head,
    /// Write a proof that the event at a position is in the log, for those who do not have the log
    Prove(proof::Prove),
    /// Check a proof; no store is needed, and exit code 5 says that it does not hold
    CheckProof(proof::CheckProof),
    /// Write a backup, while events go on arriving
    Backup(backup::Backup),
    /// Make a store of a backup, once all of it has been checked
    Restore(backup::Restore),
    /// Write a damaged store anew, as far as its events can be proven
    Repair(repair::Args),
    /// Destroy what is known of one consultation, for ever
    Redact(redact::Args),
    /// Put small blocks together now; this happens by itself while events arrive
    #[command(after_help = "Examples:\n  \
        evenfield log seal\n\n\
        Events stay where they are and say what they said: the file gets smaller, and reading faster.")]
    Seal,
}

impl Verb {
    /// What it tells of consultations, and what it is called.
    pub(super) fn tells(&self) -> (Tells, &'static str) {
        match self {
            Self::Stats => (Tells::Rows, "log stats"),
            Self::Export(_) => (Tells::Rows, "log export"),
            Self::Show(_) => (Tells::Rows, "log show"),
            Self::Trace(_) => (Tells::Rows, "log trace"),
            Self::Tail(_) => (Tells::Rows, "log tail"),
            Self::Prove(_) => (Tells::Rows, "log prove"),
            Self::Backup(_) => (Tells::Rows, "log backup"),
            Self::Redact(_) => (Tells::Rows, "log redact"),
            Self::Verify => (Tells::Nothing, "log verify"),
            Self::Head => (Tells::Nothing, "log head"),
            Self::CheckProof(_) => (Tells::Nothing, "log check-proof"),
            Self::Restore(_) => (Tells::Nothing, "log restore"),
            Self::Repair(_) => (Tells::Nothing, "log repair"),
            Self::Seal => (Tells::Nothing, "log seal"),
        }
    }
}

pub(super) fn run(verb: &Verb, shared: &Shared, out: &mut Out) -> Result<(), Failure> {
    shared.text_or_json()?;
    match verb {
        Verb::Verify => verify::run(shared, out),
        Verb::Stats => stats::run(&store::open(shared)?, shared, out),
        Verb::Export(args) => export::run(args, &store::open(shared)?, shared, out),
        Verb::Show(args) => show::show(args, &store::open(shared)?, shared, out),
        Verb::Trace(args) => show::trace(args, &store::open(shared)?, shared, out),
        Verb::Tail(args) => tail::run(args, shared, out),
        Verb::Head => proof::head(&store::open(shared)?, shared, out),
        Verb::Prove(args) => proof::prove(args, &store::open(shared)?, shared, out),
        Verb::CheckProof(args) => proof::check(args, shared, out),
        Verb::Backup(args) => backup::backup(args, &store::open(shared)?, shared, out),
        Verb::Restore(args) => backup::restore(args, shared, out),
        Verb::Repair(args) => repair::run(args, shared, out),
        Verb::Redact(args) => redact::run(args, shared, out),
        Verb::Seal => seal::run(&store::open(shared)?, shared, out),
    }
}
