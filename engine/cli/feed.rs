//! `evenfield feed`: the formats that can be read.

mod explain;
mod template;

use std::collections::BTreeMap;

use event::Kind;
use feeds::{Feed, Settings};
use serde::Serialize;

use super::choose::choose;
use super::failure::Failure;
use super::out::Out;
use super::{Shared, Tells};

/// Look at the formats that can be read.
#[derive(clap::Subcommand)]
pub(super) enum Verb {
    /// List the feeds and what each can tell
    #[command(after_help = "Examples:\n  \
        evenfield feed ls\n  \
        evenfield feed ls --json")]
    Ls,
    /// Explain one feed: how its words become events, and what to be careful about
    #[command(after_help = "Examples:\n  \
        evenfield feed show zoom-webhook\n  \
        evenfield feed show csv")]
    Show {
        /// The feed
        name: String,
    },
    /// Tell line by line what would be imported of a file, and what would not and why
    Explain(explain::Args),
    /// Write a mapping for a spreadsheet, guessed from its header, to be checked and then used
    Template(template::Args),
}

impl Verb {
    /// What it tells, and what it is called.
    pub(super) fn tells(&self) -> (Tells, &'static str) {
        match self {
            Self::Ls => (Tells::Nothing, "feed ls"),
            Self::Show { .. } => (Tells::Nothing, "feed show"),
            Self::Explain(_) => (Tells::Rows, "feed explain"),
            Self::Template(_) => (Tells::Nothing, "feed template"),
        }
    }
}

#[derive(Serialize)]
struct Document {
    schema: &'static str,
    feeds: Vec<Note>,
}

#[derive(Serialize)]
struct Note {
    name: &'static str,
    title: &'static str,
    capabilities: BTreeMap<&'static str, &'static str>,
}

/// Everything that a feed says of itself.
#[derive(Serialize)]
struct Whole {
    schema: &'static str,
    #[serde(flatten)]
    note: Note,
    about: &'static str,
    rules: Vec<Mapped>,
    caveats: BTreeMap<&'static str, &'static str>,
}

/// What the format calls something, the kind that it becomes, if it does, and why so.
#[derive(Serialize)]
struct Mapped {
    theirs: &'static str,
    ours: Option<&'static str>,
    why: &'static str,
}

impl Whole {
    fn of(feed: &dyn Feed) -> Self {
        let mapped = |rule: &feeds::Rule| Mapped {
            theirs: rule.theirs,
            ours: rule.ours.map(Kind::name),
            why: rule.why,
        };
        Self {
            schema: "evenfield.feed/1",
            note: note(feed),
            about: feed.about(),
            rules: feed.rules().iter().map(mapped).collect(),
            caveats: feed.caveats().iter().map(|(kind, caveat)| (kind.name(), *caveat)).collect(),
        }
    }
}

pub(super) fn run(verb: &Verb, shared: &Shared, out: &mut Out) -> Result<(), Failure> {
    shared.text_or_json()?;
    match verb {
        Verb::Ls => list(shared, out),
        Verb::Show { name } => {
            let names = feeds::ALL.iter().map(|feed| feed.name());
            show(choose("feed", name, feeds::by_name(name), names)?, shared, out)
        }
        Verb::Explain(args) => explain::run(args, shared, out),
        Verb::Template(args) => template::run(args, shared, out),
    }
}

fn note(feed: &dyn Feed) -> Note {
    let declared = feed.capabilities(&Settings::default());
    let kinds = Kind::ALL.into_iter().filter(|kind| !matches!(kind, Kind::RecordingDeclared | Kind::Unknown));
    // A native feed says itself what it sees; its format can carry every kind.
    let capability = |kind: Kind| declared.as_ref().map_or("observed", |told| told.capability(kind).name());
    Note {
        name: feed.name(),
        title: feed.title(),
        capabilities: kinds.map(|kind| (kind.name(), capability(kind))).collect(),
    }
}

fn list(shared: &Shared, out: &mut Out) -> Result<(), Failure> {
    let mut notes: Vec<Note> = feeds::ALL.iter().map(|feed| note(*feed)).collect();
    notes.sort_by_key(|note| note.name);
    if shared.is_json() {
        return out.document(&Document { schema: "evenfield.feeds/1", feeds: notes });
    }
    for note in &notes {
        out.line(&format!("{}\n    {}", note.name, note.title))?;
        for word in ["observed", "inferred", "unobservable"] {
            let kinds: Vec<&str> =
                note.capabilities.iter().filter(|(_, told)| **told == word).map(|(kind, _)| *kind).collect();
            if !kinds.is_empty() {
                out.line(&format!("    {word}: {}", kinds.join(", ")))?;
            }
        }
    }
    Ok(())
}

fn show(feed: &dyn Feed, shared: &Shared, out: &mut Out) -> Result<(), Failure> {
    if shared.is_json() {
        return out.document(&Whole::of(feed));
    }
    out.line(&format!("{}: {}\n\n{}\n", feed.name(), feed.title(), feed.about()))?;
    // Where the input declares itself, it also says what its records are.
    let otherwise = match feed.capabilities(&Settings::default()) {
        Some(_) => "left out",
        None => "as it says",
    };
    for rule in feed.rules() {
        let ours = rule.ours.map_or(otherwise, Kind::name);
        out.line(&format!("{}\n    {ours}: {}", rule.theirs, rule.why))?;
    }
    for (kind, caveat) in feed.caveats() {
        out.line(&format!("\nWith care, {kind}: {caveat}"))?;
    }
    Ok(())
}
