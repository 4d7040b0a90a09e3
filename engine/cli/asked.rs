//! The questions that were asked of a store, by the claims they led to.
//!
//! A claim is named by its question, and its name does not tell the question. So every comparison and decision leaves
//! what it was asked beside the checkpoint, and `evenfield explain` finds the way back from the name alone. What is
//! kept is derived: without it a claim is explained by whoever asks again with the same options.
//!
//! ```text
//! derived/questions   one question a line, the newest last: {"verb":"compare",...,"claims":["c-..."]}
//! ```

use std::fs;
use std::io::{self, ErrorKind, Write};
use std::path::{Path, PathBuf};

use projections::compare::Claim;
use serde::{Deserialize, Serialize};

use super::Shared;
use super::draft::{Draft, Readers};
use super::{compare, decide};
use crate::log::Log;

const NAME: &str = "questions";
/// How many questions are kept.
const MOST: usize = 256;
/// How many bytes of them are read and kept.
const MOST_BYTES: usize = 4 << 20;

/// What was asked, with every option that the names of claims depend on.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "verb", rename_all = "snake_case")]
pub(super) enum Question {
    /// A comparison.
    Compare(compare::Asked),
    /// A decision.
    Decide(decide::Asked),
}

/// A question with the claims that it led to.
#[derive(Serialize, Deserialize)]
struct Line {
    #[serde(flatten)]
    question: Question,
    claims: Vec<String>,
}

/// Keeps a question; whoever asked is told where that cannot be done.
pub(super) fn keep<'a>(
    question: Question,
    claims: impl IntoIterator<Item = &'a Claim>,
    log: &Log,
    shared: &Shared,
) {
    let claims: Vec<String> = claims.into_iter().map(|claim| claim.claim.clone()).collect();
    if claims.is_empty() {
        return;
    }
    let path = place(log);
    if let Err(why) = add(Line { question, claims }, &path) {
        shared.note(&format!(
            "what was asked could not be kept in {} ({why}): `evenfield explain` will need these options again",
            path.display()
        ));
    }
}

/// The newest question that led to a claim of this name.
pub(super) fn question(claim: &str, log: &Log) -> Option<Question> {
    let lines = read(&place(log)).ok()?;
    let led = lines.into_iter().rev().find(|line| line.claims.iter().any(|name| name == claim));
    led.map(|line| line.question)
}

/// The names of every claim that a question that is kept led to.
pub(super) fn names(log: &Log) -> Vec<String> {
    read(&place(log)).unwrap_or_default().into_iter().flat_map(|line| line.claims).collect()
}

/// How many questions are kept in the folder `derived` of a log.
pub(super) fn kept_in(derived: &Path) -> io::Result<usize> {
    read(&derived.join(NAME)).map(|lines| lines.len())
}

fn place(log: &Log) -> PathBuf {
    log.derived().join(NAME)
}

fn add(new: Line, path: &Path) -> io::Result<()> {
    let mut lines = read(path)?;
    // The same question may claim more than it did when there was less evidence.
    let is_there =
        lines.last().is_some_and(|line| line.question == new.question && line.claims == new.claims);
    if is_there {
        return Ok(());
    }
    lines.retain(|line| line.question != new.question);
    lines.push(new);
    let texts: Vec<String> = lines.iter().map(serde_json::to_string).collect::<Result<_, _>>()?;
    let mut bytes = 0;
    let newest = texts.iter().rev().take(MOST).take_while(|text| {
        bytes += text.len() + 1;
        bytes <= MOST_BYTES
    });
    let kept = newest.count();
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder)?;
    }
    let mut draft = Draft::begin(path, Readers::OwnerAlone)?;
    for text in &texts[texts.len() - kept..] {
        writeln!(draft, "{text}")?;
    }
    draft.keep()
}

/// Every question that is kept; lines of another version are left out, for they can be asked again.
fn read(path: &Path) -> io::Result<Vec<Line>> {
    let bytes = match fs::metadata(path) {
        Ok(about) if about.len() <= MOST_BYTES as u64 => fs::read(path)?,
        Ok(_) => Vec::new(),
        Err(error) if error.kind() == ErrorKind::NotFound => Vec::new(),
        Err(error) => return Err(error),
    };
    let lines = bytes.split(|byte| *byte == b'\n').filter_map(|line| serde_json::from_slice(line).ok());
    Ok(lines.collect())
}
