//! `evenfield ingest`: any feed into the store.

use std::fs::File;
use std::path::{Path, PathBuf};

use feeds::pseudonym::Scope;
use feeds::{Rejected, Settings};
use projections::disclosure::Policy;

use super::Shared;
use super::choose::no_file;
use super::draft::is_same_file;
use super::failure::Failure;
use super::inputs::{Inputs, is_standard};
use super::out::Out;
use super::parquet;
use super::reading::{self, FeedArgs};
use super::rejects::Rejects;
use super::{progress, store};
use crate::ingest::{Key, Order, Pseudonyms, Report, Unread, ingest};
use crate::log::Log;
use crate::summary::SecretKey;

/// Read events of any feed into the store. Lines that are wrong are rejected one by one; the good ones
/// go in. Ingesting the same file again changes nothing.
#[derive(clap::Args)]
#[command(after_help = "Examples:\n  \
    evenfield ingest events.ndjson\n  \
    evenfield ingest --feed zoom-webhook --others patient hooks.ndjson\n  \
    evenfield ingest --feed csv --map columns.toml sheet.csv --reject bad.csv\n  \
    evenfield log export | evenfield ingest --store copy.store -")]
pub(super) struct Args {
    /// Files to read, packed with gzip or zstd or not, or as `export parquet` writes them; folders, for all files in
    /// them; `-` for standard input
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,
    #[command(flatten)]
    reading: FeedArgs,
    /// Write the lines that were rejected to a file, to be mended and read again
    #[arg(long, value_name = "FILE")]
    reject: Option<PathBuf>,
    /// The key of pseudonyms for people of vendor feeds [default: the store's path with .key]
    #[arg(long, value_name = "FILE", env = "EVENFIELD_KEY")]
    key: Option<PathBuf>,
    /// Pseudonymise consultations too
    #[arg(long)]
    pseudonymise_consultations: bool,
    /// Give every event the position that `log export --positions` has told, in a new store
    #[arg(long)]
    keep_positions: bool,
}

pub(super) fn run(args: &Args, shared: &Shared, out: &mut Out) -> Result<(), Failure> {
    args.reading.named()?;
    let mut inputs = Inputs::of(&args.files, &args.no_inputs(shared))?;
    inputs.note_empty(shared);
    // Everything that can be refused is refused before a store is made or a file is written.
    let settings = args.reading.settings()?;
    // A file of a folder that cannot be read is told when its turn comes, and keeps out no other.
    for file in args.files.iter().filter(|file| !is_standard(file) && !file.is_dir()) {
        File::open(file).map_err(|error| no_file(file, &error))?;
        parquet::check(file, &mut inputs, shared)?;
    }
    parquet::take_datasets(&mut inputs, shared)?;
    args.check_outputs(&inputs.files, shared)?;
    if args.key().is_some() {
        args.place_of_key(shared)?;
    }
    let rejects = args.reject.as_deref().map(Rejects::new).transpose()?;
    let log = store::open_or_make(shared)?;
    let total = Report {
        left_out: std::mem::take(&mut inputs.left_out),
        kept_rejects: args.reject.clone(),
        ..Report::default()
    };
    let mut ingest = Ingest { args, shared, settings, log, rejects, total };
    let result = ingest.all(inputs);
    let kept = match (ingest.rejects, &result) {
        (None, _) => Ok(()),
        (Some(rejects), Ok(())) => rejects.close(shared),
        (Some(rejects), Err(_)) => rejects.close_after_failure(shared),
    };
    // What went in is told whatever else went wrong.
    let shown = show(&mut ingest.total, shared, out);
    result.and(kept).and(shown)?;
    verdict(&ingest.total)
}

fn verdict(total: &Report) -> Result<(), Failure> {
    let unread = match total.unread.len() {
        0 => String::new(),
        1 => "1 file could not be read, or not to its end; ".to_owned(),
        files => format!("{files} files could not be read, or not to their ends; "),
    };
    match (total.interrupted, total.rejections()) {
        (true, _) => Err(Failure::Interrupted),
        (false, 0) if total.unread.is_empty() => Ok(()),
        (false, bad) => Err(Failure::Input(format!(
            "{unread}{} did not go in, of {} read",
            crate::report::grouped(bad),
            crate::report::grouped(total.read)
        ))),
    }
}

/// Files on their way into a store.
struct Ingest<'a> {
    args: &'a Args,
    shared: &'a Shared,
    settings: Settings,
    log: Log,
    rejects: Option<Rejects>,
    total: Report,
}

impl Ingest<'_> {
    /// Takes one file after the other, until somebody interrupts or the store fails. One that cannot be read
    /// is told and keeps out no other of its folder.
    fn all(&mut self, mut inputs: Inputs) -> Result<(), Failure> {
        let (files, of_folder) = (std::mem::take(&mut inputs.files), inputs.of_folder);
        let several = files.len() > 1 || of_folder;
        for file in &files {
            let name = file.to_string_lossy();
            let (report, result) = match self.one(file, &mut inputs) {
                Ok((report, result)) => (report, result),
                Err(failure) => (Report::default(), Err(failure)),
            };
            self.total.absorb(if several { report.of_file(&name) } else { report });
            match result {
                Err(Failure::Input(reason)) if of_folder => {
                    self.total.unread.push(Unread { file: name.into_owned(), reason });
                }
                result => result?,
            }
            if self.total.interrupted {
                break;
            }
        }
        Ok(())
    }

    /// Takes one file; the report says how far that went.
    fn one(&mut self, file: &Path, inputs: &mut Inputs) -> Result<(Report, Result<(), Failure>), Failure> {
        parquet::check(file, inputs, self.shared)?;
        let head = reading::open(file)?;
        let Some(feed) = self.args.reading.feed_of(file, &head, self.shared)? else {
            return Ok((Report::default(), Ok(())));
        };
        let key = if feed.name() == "cloudevents" { None } else { Some(self.args.load_key(self.shared)?) };
        let scope =
            if self.args.pseudonymise_consultations { Scope::PeopleAndConsultations } else { Scope::People };
        let order = Order {
            feed,
            settings: &self.settings,
            pseudonyms: key.as_ref().map(|key| Pseudonyms { key, scope, store: &self.shared.store }),
            received: store::now(),
            allow_future: self.args.reading.allow_future,
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
}

impl Args {
    /// What no folder is read for, and why.
    fn no_inputs(&self, shared: &Shared) -> Vec<(PathBuf, &'static str)> {
        let mut others = vec![(shared.store.clone(), "the store")];
        others.extend(self.place_of_key(shared).ok().map(|path| (path, "the key of pseudonyms")));
        others.extend(SecretKey::place(None, &shared.store).ok().map(|path| (path, "the key that signs")));
        others.extend(self.reading.map.clone().map(|path| (path, "the column mapping")));
        let rejects = self.reject.iter().flat_map(|path| [path.clone(), Rejects::beside(path)]);
        others.extend(rejects.map(|path| (path, "what is rejected")));
        others.extend(shared.output.clone().map(|path| (path, "the answer")));
        others
    }

    /// Refuses to write over a file that is read, or two answers into one file.
    fn check_outputs(&self, files: &[PathBuf], shared: &Shared) -> Result<(), Failure> {
        let output = shared.output.as_deref().filter(|path| !is_standard(path));
        let beside = self.reject.as_deref().map(Rejects::beside);
        let outputs =
            [("--reject", self.reject.as_deref()), ("--reject", beside.as_deref()), ("--output", output)];
        let outputs = outputs.into_iter().filter_map(|(name, path)| Some((name, path?)));
        let key = self.place_of_key(shared).ok();
        let mut taken: Vec<(String, &Path)> = Vec::new();
        for file in files {
            let path = if is_standard(file) { Path::new("/dev/stdin") } else { file };
            taken.push((format!("the input {}", file.display()), path));
        }
        taken.extend(self.reading.map.as_deref().map(|path| (format!("--map {}", path.display()), path)));
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

fn show(report: &mut Report, shared: &Shared, out: &mut Out) -> Result<(), Failure> {
    // Exact counts of what happened are for use inside.
    if shared.policy != Policy::Internal {
        report.feeds.clear();
        report.unknown_fields.clear();
    }
    if shared.is_json() { out.document(report) } else { out.text(&crate::report::ingested(report)) }
}
