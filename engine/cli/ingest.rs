//! `evenfield ingest`: any feed into the store.

use std::fs::File;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use event::Role;
use feeds::pseudonym::Scope;
use feeds::{Feed, FreeText, Settings};

use super::Shared;
use super::choose::{choose, no_file};
use super::failure::Failure;
use super::out::Out;
use super::{progress, store};
use crate::ingest::{Head, Key, Order, Report, ingest, sniff};
use crate::log::Log;

/// Read events of any feed into the store. Lines that are wrong are rejected one by one; the good ones
/// go in. Ingesting the same file again changes nothing.
#[derive(clap::Args)]
#[command(after_help = "Examples:\n  \
    evenfield ingest events.ndjson\n  \
    evenfield ingest --feed zoom-webhook --others patient hooks.ndjson\n  \
    evenfield ingest --feed csv --map columns.toml sheet.csv --reject bad.csv\n  \
    evenfield log export | evenfield ingest --store copy.store -")]
pub(super) struct Args {
    /// Files to read, packed with zstd or not; `-` for standard input
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,
    /// The format; `auto` looks at the beginning of the file
    #[arg(long, value_name = "NAME", default_value = "auto")]
    feed: String,
    /// Write the lines that were rejected to a file
    #[arg(long, value_name = "FILE")]
    reject: Option<PathBuf>,
    /// The column mapping of a CSV file, as TOML
    #[arg(long, value_name = "FILE")]
    map: Option<PathBuf>,
    /// The source of every event, instead of the one the feed would name
    #[arg(long, value_name = "URI")]
    source: Option<String>,
    /// The consultation of a document that names none
    #[arg(long, value_name = "ID")]
    consultation: Option<String>,
    /// The role of people whom the format does not mark as the clinician
    #[arg(long, value_name = "ROLE", value_parser = role)]
    others: Option<Role>,
    /// The key of pseudonyms for people of vendor feeds [default: the store's path with .key]
    #[arg(long, value_name = "FILE", env = "EVENFIELD_KEY")]
    key: Option<PathBuf>,
    /// Pseudonymise consultations too
    #[arg(long)]
    pseudonymise_consultations: bool,
    /// Take free text, such as comments
    #[arg(long)]
    allow_free_text: bool,
    /// Take events that lie more than a day after now
    #[arg(long)]
    allow_future: bool,
}

fn role(text: &str) -> Result<Role, String> {
    let names = Role::ALL.map(Role::name);
    Role::from_name(text).ok_or_else(|| super::choose::unknown("role", text, names))
}

pub(super) fn run(args: &Args, shared: &Shared, out: &mut Out) -> Result<(), Failure> {
    let feed = match args.feed.as_str() {
        "auto" => None,
        name => {
            let names = feeds::ALL.iter().map(|feed| feed.name());
            Some(choose("feed", name, feeds::by_name(name), names)?)
        }
    };
    let settings = args.settings()?;
    // Everything that can be refused is refused before a store is made.
    for file in args.files.iter().filter(|file| file.as_os_str() != "-") {
        File::open(file).map_err(|error| no_file(file, &error))?;
    }
    let mut rejects = args.reject.as_deref().map(Rejects::create).transpose()?;
    let log = store::open_or_make(shared)?;
    let mut total = Report::default();
    for file in &args.files {
        let (report, result) = one(args, shared, feed, &settings, &log, file, rejects.as_mut())?;
        total.absorb(report);
        if let Err(failure) = result {
            show(&total, shared, out)?;
            return Err(failure);
        }
    }
    if let Some(rejects) = rejects {
        rejects.close()?;
    }
    show(&total, shared, out)?;
    match (total.interrupted, total.rejected.len()) {
        (true, _) => Err(Failure::Interrupted),
        (false, 0) => Ok(()),
        (false, bad) => Err(Failure::Input(format!(
            "{} of {} lines did not go in",
            crate::report::grouped(bad as u64),
            crate::report::grouped(total.read)
        ))),
    }
}

type Ended = (Report, Result<(), Failure>);

fn one(
    args: &Args,
    shared: &Shared,
    feed: Option<&'static dyn Feed>,
    settings: &Settings,
    log: &Log,
    file: &Path,
    rejects: Option<&mut Rejects>,
) -> Result<Ended, Failure> {
    let input: Box<dyn io::Read + Send> = if file.as_os_str() == "-" {
        Box::new(io::stdin())
    } else {
        Box::new(File::open(file).map_err(|error| no_file(file, &error))?)
    };
    let head = Head::of(input).map_err(|error| no_file(file, &error))?;
    let feed = match feed {
        Some(feed) => feed,
        None if head.bytes().iter().all(u8::is_ascii_whitespace) => {
            shared.note(&format!("{}: empty, there is nothing to read", file.display()));
            return Ok((Report::default(), Ok(())));
        }
        None => {
            let feed = sniff(&head).ok_or_else(|| unrecognised(file))?;
            shared.note(&format!("{}: read as {} ({})", file.display(), feed.name(), feed.title()));
            feed
        }
    };
    let key = if feed.name() == "cloudevents" { None } else { Some(args.load_key(shared)?) };
    let scope = if args.pseudonymise_consultations { Scope::PeopleAndConsultations } else { Scope::People };
    let order = Order {
        feed,
        settings,
        pseudonyms: key.as_ref().map(|key| (key, scope)),
        received: store::now(),
        allow_future: args.allow_future,
    };
    let mut failed = None;
    let mut rejects = rejects;
    let mut reject = |rejected: &feeds::Rejected| {
        if let Some(rejects) = rejects.as_deref_mut()
            && let Err(failure) = rejects.write(&rejected.text)
        {
            failed.get_or_insert(failure);
        }
    };
    let mut whole = head.whole();
    let (report, result) = progress::during(shared, "ingesting", "events", |watch| {
        ingest(log, &mut whole, &order, watch, &mut reject)
    });
    Ok((report, failed.map_or(Ok(()), Err).and(result.map_err(Failure::from))))
}

fn unrecognised(file: &Path) -> Failure {
    let names: Vec<&str> = feeds::ALL.iter().map(|feed| feed.name()).collect();
    Failure::Input(format!(
        "{} looks like none of the formats that are known; say which it is with --feed: {}",
        file.display(),
        names.join(", ")
    ))
}

impl Args {
    fn settings(&self) -> Result<Settings, Failure> {
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

    fn load_key(&self, shared: &Shared) -> Result<Key, Failure> {
        let path = self.key.clone().unwrap_or_else(|| {
            let mut name = shared.store.clone().into_os_string();
            name.push(".key");
            PathBuf::from(name)
        });
        let (key, made) = Key::load_or_make(&path)?;
        if made {
            shared.note(&format!(
                "made the key of pseudonyms {}: keep it, and keep it away from whoever gets the store",
                path.display()
            ));
        }
        Ok(key)
    }
}

/// The file of rejected lines.
struct Rejects {
    path: PathBuf,
    file: io::BufWriter<File>,
}

impl Rejects {
    fn create(path: &Path) -> Result<Self, Failure> {
        match File::create(path) {
            Ok(file) => Ok(Self { path: path.to_owned(), file: io::BufWriter::new(file) }),
            Err(error) => Err(Failure::Other(format!("could not write {}: {error}", path.display()))),
        }
    }

    fn write(&mut self, line: &[u8]) -> Result<(), Failure> {
        let written = self.file.write_all(line).and_then(|()| self.file.write_all(b"\n"));
        written.map_err(|error| Failure::Other(format!("could not write {}: {error}", self.path.display())))
    }

    fn close(mut self) -> Result<(), Failure> {
        let flushed = self.file.flush();
        flushed.map_err(|error| Failure::Other(format!("could not write {}: {error}", self.path.display())))
    }
}

fn show(report: &Report, shared: &Shared, out: &mut Out) -> Result<(), Failure> {
    if shared.is_json() { out.document(report) } else { out.text(&crate::report::ingested(report)) }
}
