//! The command line: one verb per file, all of one shape.
//!
//! Data goes to standard output, everything else to standard error; errors become exit codes in
//! `failure`, and only there. What a verb shows, `report` has put into words or forms.

mod asked;
mod bench;
mod choose;
mod compare;
mod completions;
mod config;
mod decide;
mod demo;
mod diff;
mod doctor;
mod draft;
mod explain;
mod export;
mod failure;
mod feed;
mod form;
mod gate;
mod ground;
mod grouped;
mod ingest;
mod init;
mod inputs;
mod keys;
mod known;
mod log;
mod man;
mod methods;
mod out;
mod outages;
mod outcomes;
mod parquet;
mod platforms;
mod population;
mod progress;
mod quality;
mod reach;
mod reading;
mod rejects;
mod replay;
mod report;
mod scenario;
mod serve;
mod shown;
mod store;
mod summary;
mod synth;
mod system;
mod token;
mod totals;

use std::ffi::OsString;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;

use clap::{CommandFactory, FromArgMatches, Parser, Subcommand, ValueEnum};

use failure::Failure;
use form::{Format, Written};
pub use ground::{Elsewhere, Unread, run_elsewhere};
use out::{Out, tell};
use projections::disclosure::Policy;

/// Compares video-consultation platforms on reliability and usability, from the events of real
/// consultations.
#[derive(Parser)]
#[command(name = "evenfield", version, about, disable_help_subcommand = true)]
#[command(after_help = "Begin with:  evenfield demo\n\n\
    Exit codes: 0 ok, 1 error, 2 usage, 3 a gate is not met, 4 bad input (also when only some lines were\n\
    rejected), 5 log integrity, 6 not comparable, 130 interrupted.")]
struct Cli {
    #[command(flatten)]
    shared: Shared,
    #[command(subcommand)]
    verb: Verb,
}

impl Cli {
    /// The same, under the policy that was asked for, or the usual one of its verb.
    fn under_its_policy(mut self) -> Self {
        let usual = match &self.verb {
            Verb::Report(report::Verb::Build(_) | report::Verb::Show(_)) => Policy::Rounded,
            _ => Policy::Internal,
        };
        self.shared.policy = self.shared.asked_policy.unwrap_or(usual);
        self
    }
}

/// What every verb understands, before or after its name.
#[derive(clap::Args, Clone)]
#[command(next_help_heading = "Options of every command")]
struct Shared {
    /// The folder of the store
    #[arg(
        long,
        global = true,
        env = "EVENFIELD_STORE",
        value_name = "DIR",
        default_value = "./evenfield.store"
    )]
    store: PathBuf,
    /// One JSON document (NDJSON for rows), for machines; short for --format json
    #[arg(long, global = true)]
    json: bool,
    /// How to write the answer; xlsx, parquet and zip are forms of `export`
    #[arg(long, global = true, value_name = "FORM")]
    format: Option<Written>,
    /// Write the answer to a file (`-` for standard output)
    #[arg(short, long, global = true, value_name = "FILE")]
    output: Option<PathBuf>,
    /// What may be shown: internal (everything), rounded (counts from 1 to 7 hidden, others to the nearest 5) or
    /// secondary (exact totals; small counts hidden, and those that would tell them) [default: internal; of a report
    /// rounded]
    #[arg(id = "policy", long = "policy", global = true, env = "EVENFIELD_POLICY", value_name = "NAME", value_parser = policy)]
    asked_policy: Option<Policy>,
    /// The policy that holds: the one that was asked for, or the usual one of the verb.
    #[arg(skip)]
    policy: Policy,
    /// Record the answer as given away, so that later ones are checked against it; needs --policy rounded or secondary
    #[arg(long, global = true)]
    release: bool,
    /// Threads for a replay
    #[arg(long, global = true, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=1024))]
    threads: Option<u16>,
    /// When to colour: errors and help only, never data
    #[arg(long, global = true, value_name = "WHEN", default_value = "auto")]
    color: clap::ColorChoice,
    /// Say nothing but errors beside the answer
    #[arg(short, long, global = true)]
    quiet: bool,
    /// Where the values of options came from.
    #[arg(skip)]
    origins: config::Origins,
    /// The store, where it is open already.
    #[arg(skip)]
    log: Option<Arc<crate::log::Log>>,
    /// What is read instead of a store.
    #[arg(skip)]
    elsewhere: Option<Arc<dyn Elsewhere>>,
}

impl Shared {
    /// The form of an answer; what only data sets have was refused before.
    fn format(&self) -> Format {
        match self.format.and_then(Written::of_answers) {
            Some(format) => format,
            None if self.json => Format::Json,
            None => Format::Table,
        }
    }

    fn is_json(&self) -> bool {
        matches!(self.format(), Format::Json | Format::Ndjson)
    }

    /// Refuses the forms that an answer which is no table does not have.
    fn text_or_json(&self) -> Result<(), Failure> {
        match self.format() {
            Format::Table | Format::Json | Format::Ndjson => Ok(()),
            _ => Err(Failure::Usage("this answer is no table: it is written as text or with --json".into())),
        }
    }

    /// Refuses every form but the one that a text of its own kind has, such as a script.
    fn text_alone(&self) -> Result<(), Failure> {
        match self.format() {
            Format::Table => Ok(()),
            _ => {
                Err(Failure::Usage("this is a text of its own kind: ask without --json and --format".into()))
            }
        }
    }

    fn threads(&self) -> usize {
        self.threads.map_or_else(
            || std::thread::available_parallelism().map_or(1, std::num::NonZero::get),
            usize::from,
        )
    }

    fn note(&self, text: &str) {
        if !self.quiet {
            tell(text);
        }
    }
}

#[derive(Subcommand)]
enum Verb {
    /// Replay the recorded scenarios and see what they tell: no arguments, no set-up
    Demo(demo::Args),
    /// Make an empty store, and its key of pseudonyms
    Init(init::Args),
    /// Read events of any feed into the store
    Ingest(ingest::Args),
    /// Compare platforms, measure by measure
    Compare(compare::Args),
    /// Standardise or range: one platform for all, or each service its own
    Decide(decide::Args),
    /// What two moments of the store claim otherwise
    Diff(diff::Args),
    /// What stands behind a claim: its rule, its numbers, its consultations and their events
    Explain(explain::Args),
    /// Plain counts, sums and quantiles of every platform
    Totals(totals::Args),
    /// How complete the evidence is: what of each platform was recorded, seen and understood
    Quality(quality::Args),
    /// Whom video reaches: consultations of each group of people, against how many there are
    Reach(reach::Args),
    /// Whether a platform failed at several organisations at once, and what that took
    Outages(outages::Args),
    /// Show one row per consultation, as replayed
    Outcomes(outcomes::Args),
    /// Append recorded scenarios to the store and show what they tell
    Replay(replay::Args),
    /// Write a report for commissioners, check one, and hold two against each other
    #[command(subcommand)]
    Report(report::Verb),
    /// Serve the store over HTTP: a live page, readings, events in and out
    Serve(serve::Args),
    /// Make, list and revoke the tokens of a service
    #[command(subcommand)]
    Token(token::Verb),
    /// Look at the library of recorded scenarios
    #[command(subcommand)]
    Scenario(scenario::Verb),
    /// Make a synthetic recording from a seed and a plan
    Synth(synth::Args),
    /// Compare over several organisations' logs, of which no event is shared
    #[command(subcommand)]
    Summary(summary::Verb),
    /// Make and look at the keys that sign summaries
    #[command(subcommand)]
    Keys(keys::Verb),
    /// Look into the log
    #[command(subcommand)]
    Log(log::Verb),
    /// Measure how fast this store is on this machine
    Bench(bench::Args),
    /// Write data sets for other programs
    #[command(subcommand)]
    Export(export::Verb),
    /// Look at the formats that can be read
    #[command(subcommand)]
    Feed(feed::Verb),
    /// List measures and methods with their sources
    Methods(methods::Args),
    /// Look at the store, its keys and its surroundings, and tell what to mend
    Doctor(doctor::Args),
    /// Show what the program goes by: options, environment, defaults
    #[command(subcommand)]
    Config(config::Verb),
    /// Write a script by which a shell completes commands and options
    Completions(completions::Args),
    /// Write the manual: a page of the program and one of every command
    Man(man::Args),
}

/// The policy of that name.
fn policy(name: &str) -> Result<Policy, String> {
    let names = Policy::ALL.map(Policy::name);
    let found = Policy::ALL.into_iter().find(|policy| policy.name() == name);
    found.ok_or_else(|| choose::unknown("policy", name, names))
}

/// What a verb tells of consultations.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Tells {
    /// Nothing.
    Nothing,
    /// A reading, through the boundary.
    Reading,
    /// Consultations or events one by one, or exact counts of them.
    Rows,
}

impl Verb {
    /// What it tells, and what it is called: whoever adds a verb has to say it here.
    fn tells(&self) -> (Tells, &'static str) {
        match self {
            Self::Compare(_) => (Tells::Reading, "compare"),
            Self::Decide(_) => (Tells::Reading, "decide"),
            Self::Totals(_) => (Tells::Reading, "totals"),
            Self::Quality(_) => (Tells::Reading, "quality"),
            Self::Reach(_) => (Tells::Reading, "reach"),
            Self::Replay(_) => (Tells::Reading, "replay"),
            Self::Demo(_) => (Tells::Rows, "demo"),
            Self::Diff(_) => (Tells::Rows, "diff"),
            Self::Explain(_) => (Tells::Rows, "explain"),
            Self::Outages(_) => (Tells::Rows, "outages"),
            Self::Outcomes(_) => (Tells::Rows, "outcomes"),
            Self::Scenario(_) => (Tells::Rows, "scenario"),
            Self::Export(verb) => verb.tells(),
            Self::Log(verb) => verb.tells(),
            Self::Report(verb) => verb.tells(),
            Self::Summary(verb) => verb.tells(),
            Self::Keys(_) => (Tells::Nothing, "keys"),
            // What it tells goes through the verbs that answer it, under the policy that it is started with.
            Self::Serve(_) => (Tells::Nothing, "serve"),
            Self::Token(_) => (Tells::Nothing, "token"),
            Self::Ingest(_) => (Tells::Nothing, "ingest"),
            Self::Synth(_) => (Tells::Nothing, "synth"),
            Self::Bench(_) => (Tells::Nothing, "bench"),
            Self::Feed(verb) => verb.tells(),
            Self::Methods(_) => (Tells::Nothing, "methods"),
            Self::Init(_) => (Tells::Nothing, "init"),
            Self::Doctor(_) => (Tells::Nothing, "doctor"),
            Self::Config(_) => (Tells::Nothing, "config show"),
            Self::Completions(_) => (Tells::Nothing, "completions"),
            Self::Man(_) => (Tells::Nothing, "man"),
        }
    }
}

/// Refuses what a policy does not show, before anything is read.
fn permitted(verb: &Verb, shared: &Shared) -> Result<(), Failure> {
    let (tells, name) = verb.tells();
    let policy = shared.policy.name();
    let is_export = matches!(verb, Verb::Export(_));
    if let Some(form) = shared.format.filter(|form| form.of_answers().is_none() && !is_export) {
        let form = form.to_possible_value().map(|value| value.get_name().to_owned()).unwrap_or_default();
        return Err(Failure::Usage(format!(
            "`evenfield {name}` is not written as {form}: that is a form of data sets, as in `evenfield export comparison \
             -o comparison.{form}`"
        )));
    }
    match (shared.policy, tells) {
        (Policy::Rounded | Policy::Secondary, Tells::Rows) => Err(Failure::Usage(format!(
            "`evenfield {name}` tells of consultations or events one by one, or counts them exactly, which the policy \
             {policy} does not show; ask --policy internal for use inside (it may be set by EVENFIELD_POLICY)"
        ))),
        (_, Tells::Rows | Tells::Nothing) if shared.release => Err(Failure::Usage(format!(
            "`evenfield {name}` makes nothing that could be released; --release is for compare, decide, totals, quality, \
             reach, data sets of these, report build and summary make"
        ))),
        (Policy::Internal, Tells::Reading) if shared.release => Err(Failure::Usage(
            "what hides nothing is not to be given away: --release needs --policy rounded or --policy secondary"
                .to_owned(),
        )),
        _ => Ok(()),
    }
}

/// Runs the command line of this process.
#[must_use]
pub fn run() -> ExitCode {
    run_from(std::env::args_os())
}

/// Runs a command line, whose first word is the program.
#[must_use]
pub fn run_from(arguments: impl IntoIterator<Item = OsString>) -> ExitCode {
    begin(arguments.into_iter().collect(), None)
}

/// Runs a command line, whose first word is the program, on a store or on what is read instead of one.
fn begin(arguments: Vec<OsString>, elsewhere: Option<Arc<dyn Elsewhere>>) -> ExitCode {
    let arguments = with_help_asked(arguments);
    let command = Cli::command().color(colours(&arguments));
    let matches = command.try_get_matches_from(arguments);
    let parsed = matches.and_then(|matches| Ok((Cli::from_arg_matches(&matches)?, matches)));
    let mut cli = match parsed {
        Ok((mut cli, matches)) => {
            cli.shared.origins = config::Origins::told(&matches);
            cli.under_its_policy()
        }
        Err(error) => {
            let code = if error.use_stderr() { 2 } else { 0 };
            // Help that nobody reads to its end is no error.
            let _ = error.print();
            return ExitCode::from(code);
        }
    };
    cli.shared.elsewhere = elsewhere;
    match dispatch(&cli) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            if let Some(message) = failure.message() {
                tell(&format!("evenfield: {message}"));
            }
            failure.code()
        }
    }
}

/// `evenfield help log verify` as what it means, `evenfield log verify --help`.
fn with_help_asked(mut arguments: Vec<OsString>) -> Vec<OsString> {
    if arguments.get(1).is_some_and(|word| word == "help") {
        arguments.remove(1);
        arguments.push("--help".into());
    }
    arguments
}

/// When help and errors are coloured; looked for before parsing, since errors of parsing are coloured too.
fn colours(args: &[OsString]) -> clap::ColorChoice {
    let told = args.iter().enumerate().find_map(|(i, arg)| match arg.to_str()? {
        "--color" => args.get(i + 1)?.to_str(),
        arg => arg.strip_prefix("--color="),
    });
    told.and_then(|when| clap::ColorChoice::from_str(when, true).ok()).unwrap_or_default()
}

fn dispatch(cli: &Cli) -> Result<(), Failure> {
    let shared = &cli.shared;
    ground::answered(&cli.verb, shared)?;
    permitted(&cli.verb, shared)?;
    // A manual is a folder of pages, which its verb makes itself.
    let output = shared.output.as_deref().filter(|_| !matches!(cli.verb, Verb::Man(_)));
    let mut out = Out::open(output)?;
    match run_verb(&cli.verb, shared, &mut out) {
        Ok(()) => out.close(),
        Err(failure) => {
            // The first failure is the one to tell.
            let _ = out.close_after_failure();
            Err(failure)
        }
    }
}

/// Runs one verb.
fn run_verb(verb: &Verb, shared: &Shared, out: &mut Out) -> Result<(), Failure> {
    match verb {
        Verb::Demo(args) => demo::run(args, shared, out),
        Verb::Init(args) => init::run(args, shared, out),
        Verb::Ingest(args) => ingest::run(args, shared, out),
        Verb::Compare(args) => compare::run(args, shared, out),
        Verb::Decide(args) => decide::run(args, shared, out),
        Verb::Diff(args) => diff::run(args, shared, out),
        Verb::Explain(args) => explain::run(args, shared, out),
        Verb::Totals(args) => totals::run(args, shared, out),
        Verb::Quality(args) => quality::run(args, shared, out),
        Verb::Reach(args) => reach::run(args, shared, out),
        Verb::Outages(args) => outages::run(args, shared, out),
        Verb::Outcomes(args) => outcomes::run(args, shared, out),
        Verb::Replay(args) => replay::run(args, shared, out),
        Verb::Report(verb) => report::run(verb, shared, out),
        Verb::Serve(args) => serve::run(args, shared, out),
        Verb::Token(verb) => token::run(verb, shared, out),
        Verb::Scenario(verb) => scenario::run(verb, shared, out),
        Verb::Synth(args) => synth::run(args, shared, out),
        Verb::Summary(verb) => summary::run(verb, shared, out),
        Verb::Keys(verb) => keys::run(verb, shared, out),
        Verb::Log(verb) => log::run(verb, shared, out),
        Verb::Bench(args) => bench::run(args, shared, out),
        Verb::Export(verb) => export::run(verb, shared, out),
        Verb::Feed(verb) => feed::run(verb, shared, out),
        Verb::Methods(args) => methods::run(args, shared, out),
        Verb::Doctor(args) => doctor::run(args, shared, out),
        Verb::Config(verb) => config::run(verb, shared, out),
        Verb::Completions(args) => completions::run(args, shared, out),
        Verb::Man(args) => man::run(args, shared, out),
    }
}
