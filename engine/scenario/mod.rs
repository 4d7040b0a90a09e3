//! The library of recorded scenarios: each an example for evaluators and a test of the whole.
//!
//! A scenario is a folder with `scenario.toml` (the question, where the events come from, what was
//! planted, what must be found) and `events.ndjson.zst`. Those that come with the program are embedded
//! in it; others are read from a path. Replaying a scenario must reach its expected findings.

mod card;
mod embedded;
mod finding;

pub use card::{Card, Expect, Finding};
pub use finding::{Checked, check};

use std::borrow::Cow;
use std::io;
use std::path::{Path, PathBuf};

/// A recorded scenario.
#[derive(Debug, Clone)]
pub struct Scenario {
    /// The name of its folder.
    pub name: String,
    /// What it is about.
    pub card: Card,
    /// Its events: CloudEvents NDJSON, packed with zstd or not.
    pub events: Cow<'static, [u8]>,
}

/// Why a scenario cannot be had.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ScenarioError {
    /// A file of it could not be read.
    #[error("could not read {}: {source}", path.display())]
    Io {
        /// Which file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// Its card makes no sense.
    #[error("{place}: {what}")]
    Card {
        /// Which card.
        place: String,
        /// What is wrong with it, with the line.
        what: String,
    },
}

impl Scenario {
    /// The names of the scenarios that come with the program.
    pub fn names() -> impl Iterator<Item = &'static str> {
        embedded::SCENARIOS.iter().map(|(name, ..)| *name)
    }

    /// The scenario of that name that comes with the program, if there is one.
    ///
    /// # Errors
    /// When its card makes no sense, which a test rules out.
    pub fn recorded(name: &str) -> Result<Option<Self>, ScenarioError> {
        let found = embedded::SCENARIOS.iter().find(|(known, ..)| *known == name);
        found
            .map(|(name, card, events)| {
                let card = Card::parse(&format!("{name}/scenario.toml"), card)?;
                Ok(Self { name: (*name).to_owned(), card, events: Cow::Borrowed(events) })
            })
            .transpose()
    }

    /// The scenario in a folder.
    ///
    /// # Errors
    /// When a file of it cannot be read or its card makes no sense.
    pub fn open(folder: &Path) -> Result<Self, ScenarioError> {
        let read = |path: PathBuf| std::fs::read(&path).map_err(|source| ScenarioError::Io { path, source });
        let path = folder.join("scenario.toml");
        let text = String::from_utf8_lossy(&read(path.clone())?).into_owned();
        let card = Card::parse(&path.display().to_string(), &text)?;
        let packed = folder.join("events.ndjson.zst");
        let events = read(if packed.exists() { packed } else { folder.join("events.ndjson") })?;
        let name = folder.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        Ok(Self { name, card, events: Cow::Owned(events) })
    }
}
