//! Rounded summaries, merged: between which limits each share lies.

use serde::Serialize;

use super::super::failure::Failure;
use super::super::out::Out;
use super::super::{Format, Shared, progress};
use super::files::{Files, Trust};
use super::merge::Args;
use crate::report;
use crate::summary::{self, MergedRounded, RoundedManifest, Sharing};

/// What was merged.
#[derive(Serialize)]
struct Told<'a> {
    schema: &'static str,
    summaries: Vec<One<'a>>,
}

#[derive(Serialize)]
struct One<'a> {
    file: String,
    /// The owner of the key, where it is trusted.
    signer: Option<String>,
    manifest: &'a RoundedManifest,
}

/// Checks rounded summaries, merges them, and tells between which limits their shares lie.
pub(super) fn run(
    args: &Args,
    files: &Files<'_>,
    trust: &Trust,
    shared: &Shared,
    out: &mut Out,
) -> Result<(), Failure> {
    refuse(args)?;
    shared.text_or_json()?;
    let merged = progress::reasoning(shared, "merging", || merged(files, trust, args.sharing()))??;
    trust.note(merged.parts().iter().map(|(_, manifest)| manifest.signer), shared);
    if !args.compare {
        return tell(&merged, trust, shared, out);
    }
    let pooled = merged.pooled(args.level.unwrap_or(0.95));
    match shared.format() {
        Format::Json | Format::Ndjson => out.document(&pooled),
        _ => out.text(&report::pooled(&pooled)),
    }
}

/// Refuses what cannot be had of rounded counts.
fn refuse(args: &Args) -> Result<(), Failure> {
    let why = match () {
        () if args.decide => {
            "--decide rests on exact counts by organisation, which rounded summaries do not hold; make all summaries with \
             --policy internal --for decide, for those who may see such numbers"
        }
        () if args.report => {
            "--report tells differences and a verdict, which rest on counts that rounded summaries do not hold; ask --compare \
             for the limits of each share, or make all summaries with --policy internal, for those who may see such numbers"
        }
        () if args.reference.is_some() => {
            "--reference is for differences, which are not told of rounded summaries, since they would rest on what is \
             hidden; leave it out, or make all summaries with --policy internal"
        }
        () => return Ok(()),
    };
    Err(Failure::NotComparable(why.to_owned()))
}

fn merged(files: &Files<'_>, trust: &Trust, sharing: Sharing) -> Result<MergedRounded, Failure> {
    let mut merged: Option<MergedRounded> = None;
    files.each(|path, bytes| {
        let opened = summary::open_rounded(path, bytes)?;
        trust.check(path, opened.manifest.signer)?;
        match &mut merged {
            Some(merged) => merged.add(path, opened, sharing)?,
            None => merged = Some(MergedRounded::of(path, opened)),
        }
        Ok(())
    })?;
    merged.ok_or_else(|| Failure::Usage("name a summary to merge".to_owned()))
}

/// Tells what was merged.
fn tell(merged: &MergedRounded, trust: &Trust, shared: &Shared, out: &mut Out) -> Result<(), Failure> {
    if shared.is_json() {
        let summaries = merged.parts().iter().map(|(path, manifest)| One {
            file: path.display().to_string(),
            signer: trust.owner(manifest.signer),
            manifest,
        });
        let summaries = summaries.collect();
        return out.document(&Told { schema: "evenfield.merged_rounded/1", summaries });
    }
    for (path, manifest) in merged.parts() {
        out.line(&format!("{}: rounded, up to {}", path.display(), manifest.parameters.until))?;
        let signer = trust.owner(manifest.signer).filter(|name| !name.is_empty());
        let signer = signer.map_or_else(String::new, |name| format!(" ({name})"));
        out.line(&format!("  signed by {}{signer}", manifest.signer))?;
    }
    out.line("To see between which limits their shares lie, say --compare.")
}
