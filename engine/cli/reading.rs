//! How a file of events is read, for every verb that reads one: its format, and what the feed is told.

use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};

use event::Role;
use feeds::{Feed, FreeText, Settings};

use super::Shared;
use super::choose::{choose, no_file, unknown};
use super::failure::Failure;
use super::inputs::is_standard;
use super::parquet;
use crate::ingest::{Head, is_parquet, sniff};

/// How files are read.
#[derive(clap::Args)]
pub(super) struct FeedArgs {
    /// The format; `auto` looks at the beginning of the file
    #[arg(long, value_name = "NAME", default_value = "auto")]
    feed: String,
    /// What columns are (CSV), or what names the consultation and what codes mean (other feeds), as TOML
    #[arg(long, value_name = "FILE")]
    pub(super) map: Option<PathBuf>,
    /// The source of every event, instead of the one the feed would name
    #[arg(long, value_name = "URI")]
    source: Option<String>,
    /// The consultation of a document that names none
    #[arg(long, value_name = "ID")]
    consultation: Option<String>,
    /// The role of people whom the format does not mark as the clinician
    #[arg(long, value_name = "ROLE", value_parser = role)]
    others: Option<Role>,
    /// Take free text, such as comments
    #[arg(long)]
    allow_free_text: bool,
    /// Take events that lie more than a day after now
    #[arg(long)]
    pub(super) allow_future: bool,
}

fn role(text: &str) -> Result<Role, String> {
    let names = Role::ALL.map(Role::name);
    Role::from_name(text).ok_or_else(|| unknown("role", text, names))
}

impl FeedArgs {
    /// The feed that was named, if one was.
    pub(super) fn named(&self) -> Result<Option<&'static dyn Feed>, Failure> {
        match self.feed.as_str() {
            "auto" => Ok(None),
            name => {
                let names = feeds::ALL.iter().map(|feed| feed.name());
                choose("feed", name, feeds::by_name(name), names).map(Some)
            }
        }
    }

    /// The feed that reads `file`; none if there is nothing to read.
    pub(super) fn feed_of(
        &self,
        file: &Path,
        head: &Head<'_>,
        shared: &Shared,
    ) -> Result<Option<&'static dyn Feed>, Failure> {
        if let Some(feed) = self.named()? {
            return Ok(Some(feed));
        }
        if head.bytes().iter().all(u8::is_ascii_whitespace) {
            shared.note(&format!("{}: empty, there is nothing to read", file.display()));
            return Ok(None);
        }
        if is_parquet(head.bytes()) {
            return Err(Failure::Input(format!(
                "{} is a Parquet file, which is read from its end: name the file instead of piping it",
                file.display()
            )));
        }
        let feed = sniff(head).ok_or_else(|| unrecognised(file))?;
        shared.note(&format!("{}: read as {} ({})", file.display(), feed.name(), feed.title()));
        Ok(Some(feed))
    }

    /// What the feed is told.
    pub(super) fn settings(&self) -> Result<Settings, Failure> {
        let mapping = match &self.map {
            Some(path) => Some(std::fs::read_to_string(path).map_err(|error| no_file(path, &error))?),
            None => None,
        };
        Ok(Settings {
            source: self.source.clone(),
            consultation: self.consultation.clone(),
            others: self.others,
            mapping,
            free_text: if self.allow_free_text { FreeText::Allowed } else { FreeText::Refused },
        })
    }
}

/// A file, or standard input, with its beginning at hand.
pub(super) fn open(file: &Path) -> Result<Head<'static>, Failure> {
    let input: Box<dyn io::Read + Send> = if is_standard(file) {
        Box::new(io::stdin())
    } else {
        let mut opened = File::open(file).map_err(|error| no_file(file, &error))?;
        match parquet::begins_here(&mut opened).map_err(|error| no_file(file, &error))? {
            true => parquet::lines(file, opened)?,
            false => Box::new(opened),
        }
    };
    Head::of(input).map_err(|error| no_file(file, &error))
}

fn unrecognised(file: &Path) -> Failure {
    let names: Vec<&str> = feeds::ALL.iter().map(|feed| feed.name()).collect();
    Failure::Input(format!(
        "{} looks like none of the formats that are known; say which it is with --feed: {}",
        file.display(),
        names.join(", ")
    ))
}
