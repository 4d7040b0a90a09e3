//! `evenfield doctor`: everything that somebody could stumble over, and what to do about it.
//!
//! It looks, and changes nothing: the store is not opened, for opening may mend, and keys are read but never shown. Each
//! finding is a line that says what is well, what is worth knowing, or what is wrong.

mod secrets;
mod store;
mod surroundings;

use std::fmt::Display;
use std::path::PathBuf;

use serde::Serialize;

use super::failure::Failure;
use super::out::Out;
use super::{Shared, config};
use crate::report;

/// Look at the store, its keys and its surroundings, and tell what is well and what to do where it is not. Nothing is
/// written or mended, and no key is shown.
#[derive(clap::Args)]
#[command(after_help = "Examples:\n  \
    evenfield doctor\n  \
    evenfield doctor --json\n\n\
    Exit codes: 0 nothing is wrong, though there may be something to know; 1 something is wrong; 5 the log is damaged.")]
pub(super) struct Args {
    /// The key of pseudonyms for people of vendor feeds [default: the store's path with .key]
    #[arg(long, value_name = "FILE", env = "EVENFIELD_KEY")]
    key: Option<PathBuf>,
}

/// What is told of one thing.
#[derive(Serialize)]
struct Finding {
    about: &'static str,
    state: State,
    what: String,
    /// What to do, where there is something.
    remedy: Option<String>,
}

/// How it is.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
enum State {
    /// As it should be.
    Well,
    /// Worth knowing.
    Note,
    /// To be mended.
    Wrong,
    /// The log itself is damaged.
    Damaged,
}

#[derive(Serialize)]
struct Document<'a> {
    schema: &'static str,
    /// The worst of what was found.
    state: State,
    findings: &'a [Finding],
}

impl Finding {
    /// As it should be.
    fn well(about: &'static str, what: impl Into<String>) -> Self {
        Self { about, state: State::Well, what: what.into(), remedy: None }
    }

    /// Anything else, with what to do.
    fn of(about: &'static str, state: State, what: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self { about, state, what: what.into(), remedy: Some(remedy.into()) }
    }

    /// What an error says, which ends with what to do.
    fn told(about: &'static str, state: State, error: &impl Display) -> Self {
        let text = error.to_string();
        match text.split_once("; ") {
            Some((what, remedy)) => Self::of(about, state, what, remedy),
            None => Self { about, state, what: text, remedy: None },
        }
    }
}

pub(super) fn run(args: &Args, shared: &Shared, out: &mut Out) -> Result<(), Failure> {
    shared.text_or_json()?;
    let mut findings = Vec::new();
    let looked = store::store(shared, &mut findings)?;
    findings.extend(secrets::secrets(args.key.as_deref(), shared));
    findings.extend(looked.iter().flat_map(store::derived));
    let settings = config::settings(shared, args.key.as_deref());
    findings.extend(surroundings::surroundings(looked.as_ref(), &settings, shared));
    show(&findings, shared, out)
}

fn show(findings: &[Finding], shared: &Shared, out: &mut Out) -> Result<(), Failure> {
    let state = findings.iter().map(|finding| finding.state).max().unwrap_or(State::Well);
    if shared.is_json() {
        out.document(&Document { schema: "evenfield.doctor/1", state, findings })?;
    } else {
        for Finding { about, state, what, remedy } in findings {
            let state = match state {
                State::Well => "well",
                State::Note => "note",
                State::Wrong => "WRONG",
                State::Damaged => "DAMAGED",
            };
            out.line(&format!("{state:7}  {about:11}  {what}"))?;
            if let Some(remedy) = remedy {
                out.line(&format!("{:22}> {remedy}", ""))?;
            }
        }
    }
    let wrong = findings.iter().filter(|finding| finding.state >= State::Wrong).count() as u64;
    let are = if wrong == 1 { "is" } else { "are" };
    let told = format!("{} {are} wrong; see above what to do", report::counted(wrong, "thing"));
    match state {
        State::Well | State::Note => Ok(()),
        State::Wrong => Err(Failure::Other(told)),
        State::Damaged => Err(Failure::Integrity(told)),
    }
}
