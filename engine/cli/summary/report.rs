//! A report over several logs: the page that `report build --policy internal` makes of a store, of what summaries tell.
//!
//! A comparison of everything and a decision by strata are two questions, and so two summaries of each log. What takes a
//! further look at consultations is not in it, and it says so where it would stand.

use projections::compare::Ask;

use super::super::decide::Declared;
use super::super::failure::Failure;
use super::super::out::Out;
use super::super::{Format, Shared, progress, report, shown};
use super::files::{Files, Trust};
use super::merge::Args;
use crate::report::{About, Asked, Findings, Synthetic, html, page, spoken};
use crate::summary::{self, For, Manifest, Merged, Opened, Sharing};

/// Summaries of the two kinds, each merged.
#[derive(Default)]
struct Kinds {
    compares: Option<Merged>,
    decides: Option<Merged>,
}

pub(super) fn run(
    args: &Args,
    (files, trust): (&Files<'_>, &Trust),
    declared: Option<Declared<'_>>,
    shared: &Shared,
    out: &mut Out,
) -> Result<(), Failure> {
    if shared.format() != Format::Table {
        return Err(Failure::Usage(
            "a report is one HTML file; the numbers behind it in other forms are those of --compare and --decide".to_owned(),
        ));
    }
    let Kinds { compares, decides } = progress::reasoning(shared, "merging", || kinds(args, files, trust))??;
    let compares = compares.ok_or_else(|| {
        Failure::NotComparable(
            "a report compares all measures, and these summaries were made for a decision by one; give those made to compare \
             (`evenfield summary make`) as well"
                .to_owned(),
        )
    })?;
    if let Some(by) = compares.ask().by.first() {
        return Err(Failure::NotComparable(format!(
            "a report compares whole platforms, and these summaries compare them by {}; make them without --by",
            by.name()
        )));
    }
    if let Some(decides) = &decides {
        compares.beside(decides)?;
    }
    let both = [Some(&compares), decides.as_ref()];
    trust.note(both.iter().flatten().flat_map(|merged| merged.parts()).map(|(_, one)| one.signer), shared);
    compares.notes().iter().for_each(|note| shared.note(note));
    let mut about = about(args, &compares);
    let ask = Ask { level: args.ruled().level, ..compares.ask().clone() };
    let comparison = progress::reasoning(shared, "comparing", || compares.compare(&ask))??;
    let decided = match (decides, declared) {
        (Some(decides), declared) => {
            let (decided, profiles) = args.decided(decides, declared, shared)?;
            about.profiles = profiles;
            Ok(decided)
        }
        (None, None) => Err("it takes summaries made with --for decide, of the same logs, beside these"),
        (None, Some(_)) => {
            return Err(Failure::Usage(
                "what platforms can do is held against what a decision needs: give summaries made with --for decide as well"
                    .to_owned(),
            ));
        }
    };
    let mut together = shown::Together::begin(shared)?;
    let comparison = together.show(comparison)?;
    let decided = match decided {
        Ok(decided) => together.show(decided).map_err(|why| why.to_string()),
        Err(why) => Err(why.to_owned()),
    };
    together.end()?;
    if !shared.quiet {
        out.once_written(|path| {
            let path = path.display();
            format!(
                "{path} is written; `evenfield report check {path}` looks at it as whoever receives it would"
            )
        });
    }
    out.text(&html(&page(&Findings { about, comparison, closer: None, decided })))
}

/// The summaries, each merged with those of its kind.
fn kinds(args: &Args, files: &Files<'_>, trust: &Trust) -> Result<Kinds, Failure> {
    let mut kinds = Kinds::default();
    files.each(|path, bytes| {
        let opened: Opened = summary::open(path, bytes)?;
        trust.check(path, opened.manifest.signer)?;
        let kind = match opened.purpose {
            For::Comparison => &mut kinds.compares,
            For::Decision { .. } => &mut kinds.decides,
        };
        match kind {
            Some(merged) => merged.add(path, opened, args.sharing())?,
            None => *kind = Some(Merged::of(path, opened)),
        }
        Ok(())
    })?;
    Ok(kinds)
}

/// Where the report comes from. Nothing of it depends on the order of the files, or on their names.
fn about(args: &Args, merged: &Merged) -> About {
    let manifests = || merged.parts().iter().map(|(_, manifest)| manifest);
    let months = || manifests().filter_map(|manifest| manifest.months.as_ref());
    let first = months().map(|[first, _]| first.clone()).min();
    let last = months().map(|[_, last]| last.clone()).max();
    let sum = |of: fn(&Manifest) -> u64| manifests().map(of).fold(0, u64::saturating_add);
    let mut logs: Vec<(u64, String)> =
        manifests().map(|manifest| (manifest.log.head.position.0, manifest.log.head.to_string())).collect();
    logs.sort();
    let vouched = (args.sharing() == Sharing::Vouched).then(|| "--shared-sources".to_owned());
    let rule: Vec<String> = args.ruled().words(args.profiles.as_deref()).into_iter().chain(vouched).collect();
    let title = args.title.iter().flat_map(|title| ["--title".to_owned(), title.clone()]);
    About {
        title: args.title.clone(),
        asked: Asked {
            schema: "evenfield.report/1".to_owned(),
            policy: "internal".to_owned(),
            options: rule.iter().cloned().chain(title).collect(),
            position: None,
            commitment: None,
            logs: logs.into_iter().map(|(_, head)| head).collect(),
        },
        until: merged.parameters().until,
        months: first.zip(last).map(|(first, last)| [first, last]),
        organisations: merged.organisations(),
        synthetic: Synthetic::of(sum(|one| one.synthetic), sum(|one| one.sources.len() as u64)),
        filter: report::picked(&merged.ask().filter),
        explain: String::new(),
        decide: spoken(&rule),
        profiles: None,
        looked_at: Vec::new(),
        services: Vec::new(),
        see_apart: !merged.notes().is_empty(),
    }
}
