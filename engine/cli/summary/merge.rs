//! `evenfield summary merge`: summaries checked, merged, and compared as if there were one log.

use std::path::{Path, PathBuf};

use projections::compare::Ask;
use serde::Serialize;

use super::super::choose::no_file;
use super::super::compare::level;
use super::super::failure::Failure;
use super::super::out::Out;
use super::super::{Shared, progress, shown};
use crate::report::counted;
use crate::summary::{self, Manifest, Merged, Opened, Sharing, SummaryError, Trusted};

/// Check summaries, merge them, and compare as if there were one log.
#[derive(clap::Args)]
#[command(after_help = "Examples:\n  \
    evenfield summary merge trust-one.summary trust-two.summary\n  \
    evenfield summary merge trust-one.summary trust-two.summary --compare\n  \
    evenfield summary merge trust-one.summary trust-two.summary --trust trusted.keys --compare --json\n\n\
    Without --compare it tells what was merged. The comparison is that of one log which holds everything:\n\
    its position is the number of events in all logs. Where summaries were asked or read otherwise, or\n\
    count the same log or source twice, they are refused with the names of both files (exit code 6).")]
pub(in super::super) struct Args {
    /// Summaries, as `summary make` wrote them, in any order
    #[arg(value_name = "FILE", required = true)]
    files: Vec<PathBuf>,
    /// Compare the platforms over all of them
    #[arg(long)]
    compare: bool,
    /// Take only summaries signed by these: a list of public keys, one a line, each with its owner's name
    #[arg(long, value_name = "FILE")]
    trust: Option<PathBuf>,
    /// Take one source in several logs: no consultation is in two of them
    #[arg(long)]
    shared_sources: bool,
    /// The platform differences are taken from [default: the one with most consultations]
    #[arg(long, value_name = "PLATFORM", requires = "compare")]
    reference: Option<String>,
    /// The coverage of intervals
    #[arg(long, value_name = "SHARE", requires = "compare", value_parser = level)]
    level: Option<f64>,
}

/// What was merged.
#[derive(Serialize)]
struct Told<'a> {
    schema: &'static str,
    consultations: u64,
    /// Where it is not what one log of everything would give.
    notes: &'a [String],
    summaries: Vec<One<'a>>,
}

#[derive(Serialize)]
struct One<'a> {
    file: String,
    /// The owner of the key, where it is trusted.
    signer: Option<String>,
    manifest: &'a Manifest,
}

pub(super) fn run(args: &Args, shared: &Shared, out: &mut Out) -> Result<(), Failure> {
    let trusted = args.trust.as_deref().map(|path| Ok((path, Trusted::load(path)?))).transpose();
    let trusted: Option<(&Path, Trusted)> = trusted.map_err(|error: SummaryError| Failure::from(error))?;
    let merged = progress::reasoning(shared, "merging", || args.merged(trusted.as_ref()))??;
    if trusted.is_none() {
        let keys = counted(signers(&merged), "key");
        shared.note(&format!(
            "each signature holds, but whose keys they are was not checked ({keys}): name a list of keys that you trust with \
             --trust"
        ));
    }
    merged.notes().iter().for_each(|note| shared.note(note));
    if !args.compare {
        shared.text_or_json()?;
        return tell(&merged, trusted.as_ref().map(|(_, trusted)| trusted), shared, out);
    }
    let ask = Ask {
        reference: args.reference.clone(),
        level: args.level.unwrap_or(merged.ask().level),
        ..merged.ask().clone()
    };
    shown::show(progress::reasoning(shared, "comparing", || merged.compare(&ask))??, shared, out)
}

impl Args {
    fn merged(&self, trusted: Option<&(&Path, Trusted)>) -> Result<Merged, Failure> {
        let sharing = if self.shared_sources { Sharing::Vouched } else { Sharing::Refused };
        let (first, others) =
            self.files.split_first().ok_or_else(|| Failure::Usage("name a summary to merge".to_owned()))?;
        let mut merged = Merged::of(first, opened(first, trusted)?);
        for path in others {
            merged.add(path, opened(path, trusted)?, sharing)?;
        }
        Ok(merged)
    }
}

/// The summary in a file, whose signature holds, and whose signer is trusted where trust was asked for.
fn opened(path: &Path, trusted: Option<&(&Path, Trusted)>) -> Result<Opened, Failure> {
    let bytes = summary::read(path).map_err(|error| match error {
        SummaryError::Io { source, .. } => no_file(path, &source),
        error => error.into(),
    })?;
    let opened = summary::open(path, &bytes)?;
    let signer = opened.manifest.signer;
    match trusted {
        Some((trust, keys)) if keys.owner(signer).is_none() => Err(SummaryError::Untrusted {
            path: path.to_owned(),
            signer: signer.to_string(),
            trust: (*trust).to_owned(),
        }
        .into()),
        _ => Ok(opened),
    }
}

fn signers(merged: &Merged) -> u64 {
    let keys = merged.parts().iter().map(|(_, manifest)| manifest.signer);
    keys.collect::<std::collections::BTreeSet<_>>().len() as u64
}

/// Tells what was merged.
fn tell(merged: &Merged, trusted: Option<&Trusted>, shared: &Shared, out: &mut Out) -> Result<(), Failure> {
    let owner = |manifest: &Manifest| trusted?.owner(manifest.signer).map(str::to_owned);
    let consultations = merged.parts().iter().map(|(_, manifest)| manifest.consultations).sum();
    if shared.is_json() {
        let summaries = merged.parts().iter().map(|(path, manifest)| One {
            file: path.display().to_string(),
            signer: owner(manifest),
            manifest,
        });
        return out.document(&Told {
            schema: "evenfield.merged/1",
            consultations,
            notes: merged.notes(),
            summaries: summaries.collect(),
        });
    }
    for (path, manifest) in merged.parts() {
        let months = match &manifest.months {
            None => "in no month".to_owned(),
            Some([first, last]) if first == last => format!("in {first}"),
            Some([first, last]) => format!("from {first} to {last}"),
        };
        out.line(&format!(
            "{}: {} {months}",
            path.display(),
            counted(manifest.consultations, "consultation")
        ))?;
        out.line(&format!("  of a log of {}", counted(manifest.log.head.position.0, "event")))?;
        let signer = owner(manifest).filter(|name| !name.is_empty());
        let signer = signer.map_or_else(String::new, |name| format!(" ({name})"));
        out.line(&format!("  signed by {}{signer}", manifest.signer))?;
    }
    let until = merged.parameters().until;
    out.line(&format!("{} in all, as of {until}", counted(consultations, "consultation")))?;
    out.line("To compare the platforms over them, say --compare.")
}
