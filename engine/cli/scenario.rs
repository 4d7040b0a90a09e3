//! `evenfield scenario`: the library of recorded scenarios.

use std::io::Read;
use std::path::Path;

use serde::Serialize;

use super::choose::unknown;
use super::failure::{Failure, refused};
use super::out::Out;
use super::{Shared, store};
use crate::ingest::{Head, Order, Rejection, Report, ingest};
use crate::log::{Log, Mode};
use crate::replay::{Request, Table, Watch, replay};
use crate::report;
use crate::scenario::{Checked, Scenario, ScenarioError, check};

/// Look at the library of recorded scenarios.
#[derive(clap::Subcommand)]
pub(super) enum Verb {
    /// List the scenarios
    #[command(after_help = "Examples:\n  evenfield scenario ls")]
    Ls,
    /// Show one scenario: its question, where it comes from, what was planted
    #[command(after_help = "Examples:\n  \
        evenfield scenario show messy-feed\n  \
        evenfield scenario show too-thin-to-say --events | head -5")]
    Show {
        /// A name from the list, or a folder
        name: String,
        /// Write its events instead, as CloudEvents NDJSON
        #[arg(long)]
        events: bool,
    },
    /// Replay scenarios in a temporary store and hold them against their expected findings
    #[command(after_help = "Examples:\n  \
        evenfield scenario check too-thin-to-say\n  \
        evenfield scenario check ./my-scenario\n\n\
        Without a name all that come with the program are checked, which takes some seconds.")]
    Check {
        /// Names from the list, or folders; none: all that come with the program
        names: Vec<String>,
    },
}

#[derive(Serialize)]
struct Library<S> {
    schema: &'static str,
    scenarios: S,
}

#[derive(Serialize)]
struct Listed<'a> {
    name: &'a str,
    title: &'a str,
    question: &'a str,
    synthetic: bool,
}

impl From<ScenarioError> for Failure {
    fn from(error: ScenarioError) -> Self {
        match error {
            ScenarioError::Io { path, source } => Self::Input(refused("read", &path, &source)),
            _ => Self::Input(error.to_string()),
        }
    }
}

pub(super) fn run(verb: &Verb, shared: &Shared, out: &mut Out) -> Result<(), Failure> {
    shared.text_or_json()?;
    match verb {
        Verb::Ls => list(shared, out),
        Verb::Show { name, events: true } => {
            let scenario = find(name)?;
            let mut text = Vec::new();
            let unreadable =
                |error| Failure::Input(format!("{name}: the events could not be unpacked: {error}"));
            Head::of(&*scenario.events)
                .and_then(|head| head.whole().read_to_end(&mut text))
                .map_err(unreadable)?;
            out.bytes(&text)
        }
        Verb::Show { name, events: false } => show(&find(name)?, shared, out),
        Verb::Check { names } => check_all(names, shared, out),
    }
}

/// Every scenario that comes with the program.
pub(super) fn all() -> Result<Vec<Scenario>, Failure> {
    Scenario::names().map(find).collect()
}

/// The scenario of that name, or in that folder.
pub(super) fn find(name: &str) -> Result<Scenario, Failure> {
    if let Some(scenario) = Scenario::recorded(name)? {
        return Ok(scenario);
    }
    let path = Path::new(name);
    if path.is_dir() {
        Ok(Scenario::open(path)?)
    } else {
        Err(Failure::Usage(unknown("scenario", name, Scenario::names())))
    }
}

fn list(shared: &Shared, out: &mut Out) -> Result<(), Failure> {
    let scenarios = all()?;
    if shared.is_json() {
        let listed: Vec<Listed<'_>> = scenarios
            .iter()
            .map(|scenario| Listed {
                name: &scenario.name,
                title: &scenario.card.title,
                question: &scenario.card.question,
                synthetic: scenario.card.synthetic,
            })
            .collect();
        return out.document(&Library { schema: "evenfield.scenarios/1", scenarios: listed });
    }
    let width = scenarios.iter().map(|scenario| scenario.name.len()).max().unwrap_or(0);
    scenarios
        .iter()
        .try_for_each(|scenario| out.line(&format!("{:width$}  {}", scenario.name, scenario.card.title)))
}

fn show(scenario: &Scenario, shared: &Shared, out: &mut Out) -> Result<(), Failure> {
    let card = &scenario.card;
    if shared.is_json() {
        return out.document(card);
    }
    let kind = if card.synthetic { "synthetic" } else { "real" };
    out.line(&format!("{} ({})\n\n{}\n", card.title, scenario.name, card.question))?;
    out.line(&format!("{kind}, {}\n{}", card.period, card.provenance))?;
    if let Some(truth) = &card.truth {
        out.line(&format!("\nPlanted\n{}", indented(truth)))?;
    }
    out.line("\nTo be found")?;
    card.findings.iter().try_for_each(|finding| out.line(&format!("  {}", finding.words)))
}

fn indented(text: &str) -> String {
    text.trim().lines().map(|line| format!("  {}", line.trim_end())).collect::<Vec<_>>().join("\n")
}

/// A scenario in a store of its own.
pub(super) struct Replayed {
    pub(super) table: Table,
    pub(super) report: Report,
    pub(super) checked: Vec<Checked>,
}

/// Replays a scenario in a temporary store.
pub(super) fn replayed(scenario: &Scenario, threads: usize, watch: &Watch) -> Result<Replayed, Failure> {
    let temporary = || tempfile::Builder::new().prefix("evenfield-").tempdir();
    let dir = temporary()
        .map_err(|error| Failure::Other(refused("make a folder in", &std::env::temp_dir(), &error)))?;
    let log = Log::open(&dir.path().join("store"), Mode::Create)?;
    let report = append(scenario, &log, watch)?;
    let request = Request { threads: Some(threads), ..Request::default() };
    let table = replay(&log, &request, watch)?;
    let checked: Result<Vec<_>, _> =
        scenario.card.findings.iter().map(|finding| check(&table, finding, threads)).collect();
    Ok(Replayed { table, report, checked: checked? })
}

/// Appends a scenario's events to a log.
pub(super) fn append(scenario: &Scenario, log: &Log, watch: &Watch) -> Result<Report, Failure> {
    let unreadable =
        |error| Failure::Input(format!("{}: the events could not be unpacked: {error}", scenario.name));
    let head = Head::of(&*scenario.events).map_err(unreadable)?;
    let settings = feeds::Settings::default();
    let native = feeds::by_name("cloudevents");
    let feed = native.ok_or_else(|| Failure::Other("the native feed is missing".to_owned()))?;
    let order = Order {
        feed,
        settings: &settings,
        pseudonyms: None,
        received: store::now(),
        allow_future: true,
        keep_positions: false,
    };
    let (report, result) = ingest(log, &mut head.whole(), &order, watch, &mut |_| {});
    result?;
    if report.interrupted { Err(Failure::Interrupted) } else { Ok(report) }
}

#[derive(Serialize)]
struct Outcome {
    name: String,
    events: u64,
    findings: Vec<Held>,
    rejected: Vec<Rejection>,
}

#[derive(Serialize)]
struct Held {
    words: String,
    found: bool,
    seen: String,
}

impl Outcome {
    fn of(scenario: &Scenario, replayed: Replayed) -> Self {
        let seen = |checked: &Checked| match &checked.difference {
            Some(difference) => report::finding(&checked.comparison, difference),
            None => "there is no such comparison".to_owned(),
        };
        let held = |checked: &Checked| Held {
            words: checked.finding.words.clone(),
            found: checked.holds,
            seen: seen(checked),
        };
        Self {
            name: scenario.name.clone(),
            events: replayed.report.read,
            findings: replayed.checked.iter().map(held).collect(),
            rejected: replayed.report.rejected,
        }
    }

    fn wrong(&self) -> usize {
        self.rejected.len() + self.findings.iter().filter(|held| !held.found).count()
    }

    fn tell(&self, out: &mut Out) -> Result<(), Failure> {
        out.line(&format!("{}: {}", self.name, report::counted(self.events, "event")))?;
        for rejection in &self.rejected {
            out.line(&format!("  WRONG  events line {}: {}", rejection.line, rejection.reason))?;
        }
        self.findings.iter().try_for_each(|held| {
            let mark = if held.found { "found" } else { "WRONG" };
            out.line(&format!("  {mark}  {}\n         {}", held.words, held.seen))
        })
    }
}

fn check_all(names: &[String], shared: &Shared, out: &mut Out) -> Result<(), Failure> {
    let scenarios = if names.is_empty() {
        all()?
    } else {
        names.iter().map(|name| find(name)).collect::<Result<_, _>>()?
    };
    let watch = super::progress::watch();
    let mut outcomes = Vec::new();
    for scenario in &scenarios {
        let outcome = Outcome::of(scenario, replayed(scenario, shared.threads(), &watch)?);
        if !shared.is_json() {
            outcome.tell(out)?;
        }
        outcomes.push(outcome);
    }
    if shared.is_json() {
        out.document(&Library { schema: "evenfield.check/1", scenarios: &outcomes })?;
    }
    match outcomes.iter().map(Outcome::wrong).sum::<usize>() {
        0 => Ok(()),
        wrong => Err(Failure::Input(format!("expected findings not reached, or lines rejected: {wrong}"))),
    }
}
