//! `evenfield summary merge`: summaries checked, merged, and compared or decided by as if there were one log.

use std::path::PathBuf;

use projections::compare::{Ask, Decided};
use projections::disclosure::Policy;
use projections::profiles::Profiles;
use projections::stats::decision::policy::Rule;
use serde::Serialize;

use super::super::compare::{level, margin};
use super::super::decide::{Declared, Price, Ruled, no_share};
use super::super::failure::Failure;
use super::super::out::Out;
use super::super::{Shared, progress, shown};
use super::files::{Files, Trust};
use super::{pooled, report};
use crate::replay;
use crate::report::counted;
use crate::summary::{self, Manifest, Merged, Sharing};

/// Check summaries, merge them, and compare, decide or report as if there were one log.
#[derive(clap::Args)]
#[command(after_help = "Examples:\n  \
    evenfield summary merge trust-one.summary trust-two.summary\n  \
    evenfield summary merge trust-one.summary trust-two.summary --compare\n  \
    evenfield summary merge trust-one.summary trust-two.summary --trust trusted.keys --compare --json\n  \
    evenfield summary merge one-decides.summary two-decides.summary --decide --delta 0.02\n  \
    evenfield summary merge trust-one.summary trust-two.summary --report -o both.html\n\n\
    Without --compare, --decide or --report it tells what was merged. The answer is that of one log which\n\
    holds everything: its position is the number of events in all logs. Where summaries were asked or read\n\
    otherwise, or count the same log or source twice, they are refused with the names of both files (exit\n\
    code 6). A report compares by summaries made to compare, and tells a verdict where those made --for decide\n\
    are given as well.\n\
    Of summaries under the policy rounded it tells between which limits each share of all logs lies.")]
pub(in super::super) struct Args {
    /// Summaries, as `summary make` wrote them, in any order
    #[arg(value_name = "FILE", required = true)]
    files: Vec<PathBuf>,
    /// Compare the platforms over all of them
    #[arg(long)]
    pub(super) compare: bool,
    /// One platform for all, or a range: decide over all of them, which were made --for decide
    #[arg(long, conflicts_with = "compare")]
    pub(super) decide: bool,
    /// Write a report over all of them: one HTML file, as `report build --policy internal` writes of a store
    #[arg(long, conflicts_with_all = ["compare", "decide"])]
    pub(super) report: bool,
    /// The title of the report
    #[arg(long, value_name = "TEXT", requires = "report")]
    pub(super) title: Option<String>,
    /// Take only summaries signed by these: a list of public keys, one a line, each with its owner's name
    #[arg(long, value_name = "FILE")]
    trust: Option<PathBuf>,
    /// Take one source in several logs: no consultation is in two of them
    #[arg(long)]
    shared_sources: bool,
    /// The platform differences are taken from [default: the one with most consultations]
    #[arg(long, value_name = "PLATFORM")]
    pub(super) reference: Option<String>,
    /// The difference that matters, as a share [default: 0.01]
    #[arg(long, value_name = "SHARE", value_parser = margin)]
    delta: Option<f64>,
    /// What each platform beyond the first costs, in the same unit, or two bounds of it [default: 0]
    #[arg(long, value_name = "SHARE[..SHARE]")]
    price: Option<Price>,
    /// What platforms can do and cost, and what services need: a TOML file, as for `evenfield decide`
    #[arg(long = "platforms", value_name = "FILE")]
    pub(super) profiles: Option<PathBuf>,
    /// The coverage of limits, and how sure a verdict must be [default: 0.95]
    #[arg(long, value_name = "SHARE", value_parser = level)]
    pub(super) level: Option<f64>,
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
    args.sensible()?;
    let trust = Trust::load(args.trust.as_deref())?;
    let declared = args.profiles.as_deref().map(Declared::read).transpose()?;
    let files = Files::of(&args.files)?;
    if files.policy != Policy::Internal {
        return pooled::run(args, &files, &trust, shared, out);
    }
    if shared.policy != Policy::Internal {
        return Err(Failure::Usage(format!(
            "these summaries hold exact counts, which the policy {} does not show; ask --policy internal for use inside (it \
             may be set by EVENFIELD_POLICY)",
            shared.policy.name()
        )));
    }
    if args.report {
        return report::run(args, (&files, &trust), declared, shared, out);
    }
    let merged = progress::reasoning(shared, "merging", || args.merged(&files, &trust))??;
    trust.note(merged.parts().iter().map(|(_, manifest)| manifest.signer), shared);
    merged.notes().iter().for_each(|note| shared.note(note));
    if args.decide {
        let (decided, _) = args.decided(merged, declared, shared)?;
        return shown::show(decided, shared, out);
    }
    if !args.compare {
        shared.text_or_json()?;
        return tell(&merged, &trust, shared, out);
    }
    let ask = Ask {
        reference: args.reference.clone(),
        level: args.level.unwrap_or(merged.ask().level),
        ..merged.ask().clone()
    };
    shown::show(progress::reasoning(shared, "comparing", || merged.compare(&ask))??, shared, out)
}

impl Args {
    /// Refuses what is asked of an answer that nobody asks for.
    fn sensible(&self) -> Result<(), Failure> {
        let of_decision = [
            ("--delta", self.delta.is_some()),
            ("--price", self.price.is_some()),
            ("--platforms", self.profiles.is_some()),
        ];
        let decides = self.decide || self.report;
        let of_decision =
            of_decision.into_iter().map(|(name, is_said)| (name, is_said, decides, "--decide or --report"));
        let of_comparison = ("--reference", self.reference.is_some(), self.compare, "--compare");
        let of_all =
            ("--level", self.level.is_some(), self.compare || decides, "--compare, --decide or --report");
        let mut options = of_decision.chain([of_comparison, of_all]);
        match options.find(|(_, is_said, is_answered, _)| *is_said && !is_answered) {
            None => Ok(()),
            Some((name, .., needs)) => Err(Failure::Usage(format!("{name} needs {needs}"))),
        }
    }

    /// Whether one source may stand in several logs.
    pub(super) fn sharing(&self) -> Sharing {
        if self.shared_sources { Sharing::Vouched } else { Sharing::Refused }
    }

    fn merged(&self, files: &Files<'_>, trust: &Trust) -> Result<Merged, Failure> {
        let mut merged: Option<Merged> = None;
        files.each(|path, bytes| {
            let opened = summary::open(path, bytes)?;
            trust.check(path, opened.manifest.signer)?;
            match &mut merged {
                Some(merged) => merged.add(path, opened, self.sharing())?,
                None => merged = Some(Merged::of(path, opened)),
            }
            Ok(())
        })?;
        merged.ok_or_else(|| Failure::Usage("name a summary to merge".to_owned()))
    }

    /// What a decision is asked with.
    pub(super) fn ruled(&self) -> Ruled {
        let usual = Ruled::default();
        Ruled {
            delta: self.delta.unwrap_or(usual.delta),
            price: self.price.unwrap_or(usual.price),
            level: self.level.unwrap_or(usual.level),
        }
    }

    /// The decision over all logs, and what was declared of the platforms.
    pub(super) fn decided(
        &self,
        merged: Merged,
        declared: Option<Declared<'_>>,
        shared: &Shared,
    ) -> Result<(Decided, Option<Profiles>), Failure> {
        let ruled = self.ruled();
        let deciding = merged.into_deciding()?;
        let ask = deciding.ask();
        let decide = |rule: &Rule, beside: &replay::Declared<'_>| deciding.decide(ruled.level, rule, beside);
        let (decided, profiles) = ruled.decided((ask, declared), &deciding, shared, decide)?;
        let decided =
            decided.ok_or_else(|| no_share(ask.measures.first().map_or("that", |measure| measure.name)))?;
        Ok((decided, profiles))
    }
}

/// Tells what was merged.
fn tell(merged: &Merged, trust: &Trust, shared: &Shared, out: &mut Out) -> Result<(), Failure> {
    let owner = |manifest: &Manifest| trust.owner(manifest.signer);
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
    out.line(
        "To compare the platforms over them, say --compare; to decide, --decide; for a report, --report.",
    )
}
