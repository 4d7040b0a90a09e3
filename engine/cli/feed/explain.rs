//! `evenfield feed explain`: what would be imported, line by line, without importing.
//!
//! No store is opened and no key is needed, since of people nothing but their role is told. What is rejected for one
//! reason in many lines is told once, and counted below. With --json every line has its object, and the last one is
//! the summary.

use std::collections::BTreeMap;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

use event::{Event, Payload, Time};
use feeds::{Feed, Item, Rejected, Settings};
use serde::Serialize;

use super::super::failure::Failure;
use super::super::inputs::Inputs;
use super::super::out::Out;
use super::super::reading::{self, FeedArgs};
use super::super::{Shared, parquet, store};
use crate::ingest::{from_the_future, kind_of};
use crate::report;

/// Reasons and kinds that are counted apart; all others are counted together.
const COUNTED: usize = 1_000;

/// Tell line by line what would be imported of a file: each event with its kind, consultation and time, what
/// would be rejected and what would be left out, and why. What is rejected for the same reason is told at its first
/// line, and counted at the end. Nothing is imported, and nobody is named.
#[derive(clap::Args)]
#[command(after_help = "Examples:\n  \
    evenfield feed explain events.ndjson\n  \
    evenfield feed explain --others patient hooks.ndjson | head -5\n  \
    evenfield feed explain --map columns.toml sheet.csv --json")]
pub(in crate::cli) struct Args {
    /// Files to look at, packed with gzip or zstd or not; folders; `-` for standard input
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,
    #[command(flatten)]
    reading: FeedArgs,
}

/// One thing that was read, where, and what becomes of it.
#[derive(Serialize)]
struct Row<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    file: Option<&'a str>,
    line: u64,
    #[serde(flatten)]
    fate: Fate<'a>,
}

#[derive(Serialize)]
#[serde(untagged)]
enum Fate<'a> {
    Event {
        kind: &'a str,
        consultation: &'a str,
        time: Time,
        #[serde(skip_serializing_if = "Option::is_none")]
        role: Option<&'static str>,
    },
    Rejected {
        rejected: &'a str,
        #[serde(skip_serializing_if = "Option::is_none")]
        place: Option<&'a str>,
    },
    LeftOut {
        left_out: &'a str,
    },
}

pub(super) fn run(args: &Args, shared: &Shared, out: &mut Out) -> Result<(), Failure> {
    args.reading.named()?;
    let mut others = vec![(shared.store.clone(), "the store")];
    others.extend(args.reading.map.clone().map(|path| (path, "the column mapping")));
    let mut inputs = Inputs::of(&args.files, &others)?;
    inputs.note_empty(shared);
    parquet::take_datasets(&mut inputs, shared)?;
    let explaining = Explaining {
        settings: args.reading.settings()?,
        received: (!args.reading.allow_future).then(store::now),
        args,
        shared,
        out,
        file: None,
        feed: None,
        summary: report::Ingestible { left_out_files: inputs.left_out, ..report::Ingestible::default() },
        failure: None,
    };
    explaining.all(&inputs.files, inputs.of_folder)
}

/// Files on their way to be explained.
struct Explaining<'a> {
    args: &'a Args,
    shared: &'a Shared,
    settings: Settings,
    /// Now, unless later events are taken.
    received: Option<Time>,
    out: &'a mut Out,
    /// The file that is read, where there are several.
    file: Option<String>,
    /// The feed that reads it.
    feed: Option<&'static dyn Feed>,
    summary: report::Ingestible,
    failure: Option<Failure>,
}

impl Explaining<'_> {
    fn all(mut self, files: &[PathBuf], of_folder: bool) -> Result<(), Failure> {
        let mut unread = Ok(());
        for file in files {
            self.file = (files.len() > 1 || of_folder).then(|| file.to_string_lossy().into_owned());
            match self.one(file) {
                Err(Failure::Input(reason)) if of_folder => {
                    self.shared.note(&format!("{}: {reason}", file.display()));
                    unread = Err(Failure::Input("not every file could be read".to_owned()));
                }
                Err(failure @ Failure::Input(_)) => {
                    // What was read before is summed up all the same.
                    unread = Err(failure);
                    break;
                }
                result => result?,
            }
        }
        // What could not be read at all has no sum.
        if unread.is_err() && self.summary.feeds.is_empty() {
            return unread;
        }
        if self.shared.is_json() {
            self.out.row(&BTreeMap::from([("summary", &self.summary)]))?;
        } else {
            self.out.text(&report::ingestible(&self.summary))?;
        }
        unread?;
        match self.summary.rejections() {
            0 => Ok(()),
            bad => Err(Failure::Input(format!("{} would not go in", report::grouped(bad)))),
        }
    }

    fn one(&mut self, file: &Path) -> Result<(), Failure> {
        let head = reading::open(file)?;
        let Some(feed) = self.args.reading.feed_of(file, &head, self.shared)? else { return Ok(()) };
        self.summary.read_by(feed, &self.settings);
        self.feed = Some(feed);
        let (mut whole, settings) = (head.whole(), self.settings.clone());
        let read = feed.read(&mut whole, &settings, &mut |item| match self.take(item) {
            Ok(()) => ControlFlow::Continue(()),
            Err(failure) => {
                self.failure = Some(failure);
                ControlFlow::Break(())
            }
        });
        match self.failure.take() {
            Some(failure) => Err(failure),
            None => read.map_err(|error| Failure::from(crate::ingest::IngestError::from(error))),
        }
    }

    fn take(&mut self, item: Item) -> Result<(), Failure> {
        match item {
            Item::Event { line, event } => {
                match self.received.and_then(|received| from_the_future(&event, received)) {
                    Some(reason) => self.rejected(line, None, &reason),
                    None => self.event(line, &event),
                }
            }
            Item::Rejected(Rejected { line, place, reason, .. }) => {
                self.rejected(line, place.as_deref(), &reason)
            }
            Item::Skipped { line, reason } => {
                count(&mut self.summary.left_out, &reason);
                self.tell(line, Fate::LeftOut { left_out: &reason })
            }
        }
    }

    fn event(&mut self, line: u64, event: &Event) -> Result<(), Failure> {
        let kind = kind_of(event);
        count(&mut self.summary.kinds, &kind);
        if let (Payload::RecordingDeclared(told), Some(feed)) = (&event.payload, self.feed) {
            self.summary.declares(feed, &self.settings, told);
        }
        let role = event.role.map(event::Role::name);
        let fate = Fate::Event { kind: &kind, consultation: &event.consultation, time: event.at, role };
        self.tell(line, fate)
    }

    fn rejected(&mut self, line: u64, place: Option<&str>, reason: &str) -> Result<(), Failure> {
        count(&mut self.summary.rejected, reason);
        let is_first = self.summary.rejected_alike.count(self.file.as_deref(), line, place, reason);
        if is_first || self.shared.is_json() {
            return self.tell(line, Fate::Rejected { rejected: reason, place });
        }
        Ok(())
    }

    fn tell(&mut self, line: u64, fate: Fate<'_>) -> Result<(), Failure> {
        let row = Row { file: self.file.as_deref(), line, fate };
        if self.shared.is_json() {
            return self.out.row(&row);
        }
        let file = row.file.map(|file| format!("{file}, ")).unwrap_or_default();
        let text = match row.fate {
            Fate::Event { kind, consultation, time, role } => {
                format!("{kind}  {consultation}  {time}  {}", role.unwrap_or("-"))
            }
            Fate::Rejected { rejected, place } => format!("rejected: {}", report::rejected(place, rejected)),
            Fate::LeftOut { left_out } => format!("left out: {left_out}"),
        };
        self.out.line(&format!("{file}line {line}: {text}"))
    }
}

/// Counts one more of that name, be it among all others.
fn count(counts: &mut BTreeMap<String, u64>, name: &str) {
    if let Some(count) = counts.get_mut(name) {
        *count += 1;
    } else {
        let name = if counts.len() < COUNTED { name } else { "others" };
        *counts.entry(name.to_owned()).or_default() += 1;
    }
}
