//! How well are the limits calibrated? Truths are planted, consultations drawn, and it is counted how often the
//! limits that users get hold the truth.
//!
//! Clusters have 10 to 80 consultations and their own luck. A case is claimed to hold where there are 10 clusters
//! or more (in each arm, where arms do not share them) and the correlation within them is 0.05 or less: there 95 %
//! limits are to hold the truth in 92 of 100, and limits for a hundred looks are to raise false alarms in 5 of
//! 100 at most. Elsewhere it is told as it is. What is drawn depends on seed, case and number of the replicate
//! alone. Then decisions are made on planted tables. Last, the recorded scenarios are held against what was planted in them.
//!
//!     cargo bench --bench calibration                                  # tables; about two minutes on two cores
//!     cargo bench --bench calibration -- --raw raw.jsonl               # and every figure, a case a line
//!     cargo bench --bench calibration -- --json                        # the same lines, and no tables
//!     cargo bench --bench calibration -- --only adjusted               # the parts whose titles say so
//!     EVENFIELD_CASES=10000 cargo bench --bench calibration            # so many replicates of each case

#![expect(clippy::print_stdout, reason = "its figures are its output")]

mod adjusted;
mod case;
mod chance;
mod decisions;
mod looks;
mod scenarios;
mod shares;
mod sums;
mod told;
mod units;

use std::fmt::Write;
use std::process::ExitCode;
use std::time::Instant;

use case::{Case, Found};
use decisions::{Decisions, Said};
use scenarios::Scenario;
use serde::Serialize;

/// Replicates of each case, unless `EVENFIELD_CASES` says otherwise.
const REPLICATES: u64 = 2_000;

fn main() -> ExitCode {
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(why) => {
            println!("{why}");
            ExitCode::FAILURE
        }
    }
}

fn run() -> Result<(), String> {
    let (only, raw) = (asked("--only"), asked("--raw"));
    let json = std::env::args().any(|arg| arg == "--json");
    let replicates = replicates()?;
    let wanted =
        |title: &str| only.as_ref().is_none_or(|only| title.to_lowercase().contains(&only.to_lowercase()));
    let cases: Vec<Case> = all().into_iter().filter(|case| wanted(case.part)).collect();
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    let begun = Instant::now();
    let found = case::run(&cases, replicates, threads);
    let asked: Vec<Decisions> = if wanted(decisions::TITLE) { decisions::all() } else { Vec::new() };
    // Each is a fit of a model to a whole table.
    let said = decisions::run(&asked, (replicates / 10).max(1), threads);
    let seconds = begun.elapsed().as_secs_f64();
    let scenarios =
        if wanted(SCENARIOS) { scenarios::checked(env!("CARGO_BIN_EXE_evenfield"))? } else { Vec::new() };
    if cases.is_empty() && scenarios.is_empty() && said.is_empty() {
        return Err(format!("no part is called so; the parts are: {}", titles().join(", ")));
    }
    let lines = lines(&found, &said, &scenarios)?;
    if let Some(path) = raw {
        std::fs::write(&path, &lines).map_err(|error| format!("{path} could not be written: {error}"))?;
    }
    if json {
        print!("{lines}");
        return Ok(());
    }
    println!(
        "Seed {}, {replicates} replicates of each of {} cases and a tenth as many of {} decisions, in {seconds:.0} s with \
         {threads} threads.\n",
        chance::SEED,
        cases.len(),
        asked.len()
    );
    print!("{}{}", told::summary(&found), told::tables(&found));
    if !said.is_empty() {
        print!("{}", decisions::table(&said));
    }
    if !scenarios.is_empty() {
        print!("{}", scenarios::table(&scenarios));
    }
    Ok(())
}

/// The title of the part that the program itself is asked for.
const SCENARIOS: &str = "Recorded scenarios";

/// Every case, part by part.
fn all() -> Vec<Case> {
    let parts =
        [shares::one(), shares::two(), sums::all(), adjusted::all(), looks::all(), units::random_effects()];
    let mut cases: Vec<Case> =
        parts.into_iter().flatten().chain(units::many_tests()).chain(units::charts()).collect();
    let titles: Vec<&str> = cases.iter().map(|case| case.part).collect();
    let rank = |part: &str| titles.iter().position(|title| *title == part);
    // What belongs to one part stands together.
    cases.sort_by_key(|case| rank(case.part));
    cases
}

fn titles() -> Vec<&'static str> {
    let mut titles: Vec<&str> = all().iter().map(|case| case.part).collect();
    titles.dedup();
    titles.extend([decisions::TITLE, SCENARIOS]);
    titles
}

/// The value behind an option, if it was given.
fn asked(option: &str) -> Option<String> {
    std::env::args().skip_while(|arg| arg != option).nth(1)
}

fn replicates() -> Result<u64, String> {
    let Ok(asked) = std::env::var("EVENFIELD_CASES") else { return Ok(REPLICATES) };
    asked.parse().ok().filter(|replicates| *replicates > 0).ok_or_else(|| {
        format!("EVENFIELD_CASES is {asked:?}; give the number of replicates, such as {REPLICATES}")
    })
}

/// One line of the record.
#[derive(Serialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
enum Line<'a> {
    Seed { seed: u64 },
    Case(&'a Found),
    Decision(&'a Said),
    Scenario(&'a Scenario),
}

fn lines(found: &[Found], said: &[Said], scenarios: &[Scenario]) -> Result<String, String> {
    let first = std::iter::once(Line::Seed { seed: chance::SEED });
    let all = first
        .chain(found.iter().map(Line::Case))
        .chain(said.iter().map(Line::Decision))
        .chain(scenarios.iter().map(Line::Scenario));
    let mut text = String::new();
    for line in all {
        let line = serde_json::to_string(&line).map_err(|error| error.to_string())?;
        let _ = writeln!(text, "{line}");
    }
    Ok(text)
}
