//! `evenfield demo`: the main job on the recorded scenarios, without set-up.

use std::io::Write;
use std::path::{Path, PathBuf};

use serde::Serialize;

use projections::compare::Comparison;

use super::draft::{Draft, Readers};
use super::failure::Failure;
use super::out::{Out, unwritable};
use super::{Shared, progress, replay, scenario, store};
use crate::report;
use crate::scenario::{Checked, Scenario};

/// Replay the recorded scenarios into temporary stores; for each the question, the comparison with
/// intervals, and the finding in words.
#[derive(clap::Args)]
#[command(after_help = "Examples:\n  \
    evenfield demo\n  \
    evenfield demo --report demo.html\n\n\
    No store is made or read. `evenfield replay NAME` puts a scenario into a store of yours, to go on from.")]
pub(super) struct Args {
    /// Write the report of one of them to a file as well, with nothing hidden, to be opened in a browser
    #[arg(long, value_name = "FILE")]
    report: Option<PathBuf>,
}

#[derive(Serialize)]
struct Document<'a> {
    schema: &'static str,
    scenarios: Vec<Told<'a>>,
}

#[derive(Serialize)]
struct Told<'a> {
    name: &'a str,
    title: &'a str,
    question: &'a str,
    findings: Vec<Shown<'a>>,
}

#[derive(Serialize)]
struct Shown<'a> {
    words: &'a str,
    found: bool,
    comparison: &'a Comparison,
}

pub(super) fn run(args: &Args, shared: &Shared, out: &mut Out) -> Result<(), Failure> {
    shared.text_or_json()?;
    if let Some(path) = &args.report {
        Draft::check(path).map_err(|error| unwritable(path, &error))?;
    }
    let scenarios = scenario::all()?;
    let mut wrong = Vec::new();
    let mut told = Vec::new();
    for (place, scenario) in (1..).zip(&scenarios) {
        let name = format!("replaying {}", scenario.name);
        let replayed = progress::during(shared, &name, "events", |watch| {
            scenario::replayed(scenario, shared.threads(), watch)
        })?;
        wrong.extend(
            replayed
                .checked
                .iter()
                .filter(|checked| !checked.holds)
                .map(|checked| checked.finding.words.clone()),
        );
        if shared.is_json() {
            told.push((scenario, replayed.checked));
        } else {
            tell(place, scenario, &replayed, out)?;
        }
    }
    if shared.is_json() {
        out.document(&document(&told))?;
    } else {
        out.text(NEXT)?;
    }
    if let Some(path) = &args.report {
        write_report(path, shared)?;
    }
    match wrong.first() {
        None => Ok(()),
        Some(first) => Err(Failure::Other(format!("an expected finding was not reached: {first}"))),
    }
}

/// Writes what commissioners would read of one recording, from a store that does not stay.
fn write_report(path: &Path, shared: &Shared) -> Result<(), Failure> {
    let dir = replay::temporary()?;
    let own = Shared { store: dir.path().join("store"), ..shared.clone() };
    let name = format!("appending {REPORTED}");
    progress::during(&own, &name, "events", |watch| {
        scenario::append(&scenario::find(REPORTED)?, &store::open_or_make(&own)?, watch)
    })?;
    let html = super::report::of_everything(path, &own)?;
    let written = Draft::begin(path, Readers::AsUsual).and_then(|mut draft| {
        draft.write_all(html.as_bytes())?;
        draft.keep()
    });
    written.map_err(|error| unwritable(path, &error))?;
    shared.note(&format!("the report of {REPORTED} is in {}: open it in a browser", path.display()));
    Ok(())
}

fn tell(
    place: usize,
    scenario: &Scenario,
    replayed: &scenario::Replayed,
    out: &mut Out,
) -> Result<(), Failure> {
    let card = &scenario.card;
    let title = format!("{place}. {}", card.title);
    out.line(&format!("{title}\n{}\n{}\n", "=".repeat(title.chars().count()), card.question))?;
    out.line(&format!(
        "{} {} events of {} consultations",
        report::grouped(replayed.report.read),
        if card.synthetic { "synthetic" } else { "real" },
        report::grouped((replayed.table.rows.len() + replayed.table.open.len()) as u64),
    ))?;
    if let Some(first) = replayed.checked.first() {
        out.line(&format!("{}\n", report::intervals(&first.comparison)))?;
        out.line(&report::evidence(&first.comparison))?;
    }
    for checked in replayed.checked.iter().take(SHOWN) {
        let mark = if checked.holds { "Found    " } else { "NOT FOUND" };
        out.line(&format!("{mark}  {}", checked.finding.words))?;
        if let Some(difference) = &checked.difference {
            out.line(&format!("           {}", report::figures(&checked.comparison, difference)))?;
        }
    }
    let rest = replayed.checked.iter().skip(SHOWN);
    match (rest.len(), rest.filter(|checked| !checked.holds).count()) {
        (0, _) => {}
        (more, wrong) => out.line(&format!(
            "and {more} more, {}: evenfield scenario check {}",
            if wrong == 0 { "all found".to_owned() } else { format!("{wrong} NOT FOUND") },
            scenario.name
        ))?,
    }
    out.line("")
}

fn document<'a>(told: &'a [(&'a Scenario, Vec<Checked>)]) -> Document<'a> {
    let shown = |checked: &'a Checked| Shown {
        words: &checked.finding.words,
        found: checked.holds,
        comparison: &checked.comparison,
    };
    let scenarios = told.iter().map(|(scenario, checked)| Told {
        name: &scenario.name,
        title: &scenario.card.title,
        question: &scenario.card.question,
        findings: checked.iter().map(shown).collect(),
    });
    Document { schema: "evenfield.demo/1", scenarios: scenarios.collect() }
}

/// The recording of which there is a report: the question that the program is for.
const REPORTED: &str = "range-by-service";

/// Findings told one by one; the rest are counted.
const SHOWN: usize = 4;

const NEXT: &str = "\
What to try next
================
  evenfield demo --report report.html             one of them as a page for commissioners, to open in a browser
  evenfield scenario ls                          the recordings behind this
  evenfield replay range-by-service --by service  one of them in full, in a store that stays
  evenfield ingest your-events.ndjson             your own recordings
  evenfield compare --by service                  platforms, measure by measure
  evenfield report build -o report.html           one page for commissioners, to open and to print
  evenfield outcomes --json | head -1             one row per consultation
  evenfield methods                               what is measured, and how
";
