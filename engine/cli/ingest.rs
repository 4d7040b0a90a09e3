//! `evenfield ingest`: any feed into the store.

use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};

use event::Role;
use feeds::pseudonym::Scope;
use feeds::{Feed, FreeText, Rejected, Settings};

use super::Shared;
use super::choose::{choose, no_file};
use super::draft::is_same_file;
use super::failure::Failure;
use super::out::Out;
use super::rejects::Rejects;
use super::{progress, store};
use crate::ingest::{Head, Key, Order, Pseudonyms, Report, ingest, sniff};
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
    /// Write the lines that were rejected to a file, to be mended and read again
    #[arg(long, value_name = "FILE")]
    reject: Option<PathBuf>,
    /// What columns are (CSV), or what names the consultation and what codes mean (other feeds), as TOML
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
    /// Give every event the position that `log export --positions` has told, in a new store
    #[arg(long)]
    keep_positions: bool,
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
    // Everything that can be refused is refused before a store is made or a file is written.
    args.check_outputs(shared)?;
    let settings = args.settings()?;
    for file in args.files.iter().filter(|file| !is_standard(file)) {
        File::open(file).map_err(|error| no_file(file, &error))?;
    }
    if args.key().is_some() {
        args.place_of_key(shared)?;
    }
    let rejects = args.reject.as_deref().map(Rejects::new).transpose()?;
    let log = store::open_or_make(shared)?;
    let mut ingest = Ingest { args, shared, feed, settings, log, rejects, total: Report::default() };
    let result = ingest.all();
    let kept = match (ingest.rejects, &result) {
        (None, _) => Ok(()),
        (Some(rejects), Ok(())) => rejects.close(shared),
        (Some(rejects), Err(_)) => rejects.close_after_failure(shared),
    };
    // What went in is told whatever else went wrong.
    let shown = show(&ingest.total, shared, out);
    result.and(kept).and(shown)?;
    verdict(&ingest.total)
}

fn verdict(total: &Report) -> Result<(), Failure> {
    match (total.interrupted, total.rejections()) {
        (true, _) => Err(Failure::Interrupted),
        (false, 0) => Ok(()),
        (false, bad) => Err(Failure::Input(format!(
            "{} did not go in, of {} read",
            crate::report::grouped(bad),
            crate::report::grouped(total.read)
        ))),
    }
}

fn is_standard(file: &Path) -> bool {
    file.as_os_str() == "-"
}

/// Files on their way into a store.
struct Ingest<'a> {
    args: &'a Args,
    shared: &'a Shared,
    feed: Option<&'static dyn Feed>,
    settings: Settings,
    log: Log,
    rejects: Option<Rejects>,
    total: Report,
}

impl Ingest<'_> {
    /// Takes one file after the other, until one cannot be read or somebody interrupts.
    fn all(&mut self) -> Result<(), Failure> {
        for file in &self.args.files {
            let (report, result) = self.one(file)?;
            let several = self.args.files.len() > 1;
            self.total.absorb(if several { report.of_file(&file.to_string_lossy()) } else { report });
            result?;
            if self.total.interrupted {
                break;
            }
        }
        Ok(())
    }

    /// Takes one file; the report says how far that went.
    fn one(&mut self, file: &Path) -> Result<(Report, Result<(), Failure>), Failure> {
        let input: Box<dyn io::Read + Send> = if is_standard(file) {
            Box::new(io::stdin())
        } else {
            Box::new(File::open(file).map_err(|error| no_file(file, &error))?)
        };
        let head = Head::of(input).map_err(|error| no_file(file, &error))?;
        let Some(feed) = self.feed_of(file, &head)? else { return Ok((Report::default(), Ok(()))) };
        let key = if feed.name() == "cloudevents" { None } else { Some(self.args.load_key(self.shared)?) };
        let scope =
            if self.args.pseudonymise_consultations { Scope::PeopleAndConsultations } else { Scope::People };
        let order = Order {
            feed,
            settings: &self.settings,
            pseudonyms: key.as_ref().map(|key| Pseudonyms { key, scope, store: &self.shared.store }),
            received: store::now(),
            allow_future: self.args.allow_future,
            keep_positions: self.args.keep_positions,
        };
        let header = if feed.name() == "csv" { head.header().to_vec() } else { Vec::new() };
        let mut written = Ok(());
        let mut reject = |rejected: &Rejected| {
            if let (Some(rejects), Ok(())) = (&mut self.rejects, &written) {
                written = rejects.write(rejected, feed, &header);
            }
        };
        let mut whole = head.whole();
        let (report, result) = progress::during(self.shared, "ingesting", "events", |watch| {
            ingest(&self.log, &mut whole, &order, watch, &mut reject)
        });
        Ok((report, result.map_err(Failure::from).and(written)))
    }

    /// The feed that reads `file`; none if there is nothing to read.
    fn feed_of(&self, file: &Path, head: &Head<'_>) -> Result<Option<&'static dyn Feed>, Failure> {
        if self.feed.is_some() {
            return Ok(self.feed);
        }
        if head.bytes().iter().all(u8::is_ascii_whitespace) {
            self.shared.note(&format!("{}: empty, there is nothing to read", file.display()));
            return Ok(None);
        }
        let feed = sniff(head).ok_or_else(|| unrecognised(file))?;
        self.shared.note(&format!("{}: read as {} ({})", file.display(), feed.name(), feed.title()));
        Ok(Some(feed))
    }
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

    /// Refuses to write over a file that is read, or two answers into one file.
    fn check_outputs(&self, shared: &Shared) -> Result<(), Failure> {
        let output = shared.output.as_deref().filter(|path| !is_standard(path));
        let beside = self.reject.as_deref().map(Rejects::beside);
        let outputs =
            [("--reject", self.reject.as_deref()), ("--reject", beside.as_deref()), ("--output", output)];
        let outputs = outputs.into_iter().filter_map(|(name, path)| Some((name, path?)));
        let key = self.place_of_key(shared).ok();
        let mut taken: Vec<(String, &Path)> = Vec::new();
        for file in &self.files {
            let path = if is_standard(file) { Path::new("/dev/stdin") } else { file };
            taken.push((format!("the input {}", file.display()), path));
        }
        taken.extend(self.map.as_deref().map(|path| (format!("--map {}", path.display()), path)));
        taken.extend(key.as_deref().map(|path| (format!("the key {}", path.display()), path)));
        for (name, path) in outputs {
            let told = format!("{name} {}", path.display());
            if let Some((other, _)) = taken.iter().find(|(_, other)| is_same_file(path, other)) {
                return Err(Failure::Usage(format!(
                    "{told} and {other} are the same file; name another file with {name}"
                )));
            }
            taken.push((told, path));
        }
        Ok(())
    }

    fn key(&self) -> Option<&Path> {
        self.key.as_deref().filter(|path| !path.as_os_str().is_empty())
    }

    fn place_of_key(&self, shared: &Shared) -> Result<PathBuf, Failure> {
        Ok(Key::place(self.key(), &shared.store)?)
    }

    fn load_key(&self, shared: &Shared) -> Result<Key, Failure> {
        let path = self.place_of_key(shared)?;
        let (key, made) = Key::load_or_make(&path, &shared.store)?;
        if made {
            shared.note(&format!(
                "made the key of pseudonyms {}: keep it, and keep it away from whoever gets the store",
                path.display()
            ));
        }
        Ok(key)
    }
}

fn show(report: &Report, shared: &Shared, out: &mut Out) -> Result<(), Failure> {
    if shared.is_json() { out.document(report) } else { out.text(&crate::report::ingested(report)) }
}
