//! `evenfield log head`, `prove` and `check-proof`: what is published of a log, and what can be shown to
//! those who do not have it.
//!
//! A proof is a document for a third party. It carries the event twice: as the bytes that are committed
//! to, and readable beside them; a check holds the one against the other. Whoever wrote it may be
//! anybody, so it is read up to a limit, and what it says is told without anything a terminal would obey.

use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use super::choose::no_file;
use super::draft::is_same_file;
use super::store::position;
use super::{Failure, Out, Shared};
use crate::ingest;
use crate::log::{Content, Head, Log, Position, Proof, Proven};
use crate::report;

/// The largest proof that is read: one of the largest event has less than half of it.
const PROOF_BYTES: usize = 1 << 20;

/// Write a proof that the event at a position is in the log, for those who do not have the log. It shows
/// that event and no other.
#[derive(clap::Args)]
#[command(after_help = "Examples:\n  \
    evenfield log prove 17 -o proof.json\n  \
    evenfield log prove 17 --at 1000 | evenfield log check-proof -")]
pub(in crate::cli) struct Prove {
    /// Positions begin at 1
    #[arg(value_parser = position)]
    position: u64,
    /// The position of the head to which it leads, such as one that was published [default: the last]
    #[arg(long, value_name = "POSITION", value_parser = position)]
    at: Option<u64>,
}

/// Check a proof that `evenfield log prove` has written. No store is needed; exit code 5 says that it
/// does not hold or leads to another head, 4 that it is no proof.
#[derive(clap::Args)]
#[command(after_help = "Examples:\n  evenfield log prove 17 | evenfield log check-proof -")]
pub(in crate::cli) struct CheckProof {
    /// The proof, packed with zstd or not; `-` for standard input
    file: PathBuf,
    /// The head that was published, as `evenfield log head` prints it
    #[arg(long, value_name = "POSITION:COMMITMENT")]
    head: Option<Head>,
}

#[derive(Serialize)]
struct ShownHead {
    schema: &'static str,
    store: String,
    #[serde(flatten)]
    head: Head,
}

pub(super) fn head(log: &Log, shared: &Shared, out: &mut Out) -> Result<(), Failure> {
    let head = log.commitment()?;
    if !shared.is_json() {
        return out.line(&head.to_string());
    }
    out.document(&ShownHead { schema: "evenfield.head/1", store: log.store_id(), head })
}

/// A proof with its event in a form that can be read.
#[derive(Serialize)]
struct Document<'a> {
    #[serde(flatten)]
    proof: &'a Proof,
    event: Option<Box<RawValue>>,
}

pub(super) fn prove(args: &Prove, log: &Log, shared: &Shared, out: &mut Out) -> Result<(), Failure> {
    let proof = log.prove(Position(args.position), args.at.map(Position))?;
    let event = readable(&proof.check()?)?;
    out.document(&Document { proof: &proof, event })?;
    shared.note(&format!("position {} is proven under the head {}", args.position, proof.head()));
    Ok(())
}

/// The event that was proven, if it is one.
fn readable(proven: &Proven) -> Result<Option<Box<RawValue>>, Failure> {
    let Content::Event(event) = &proven.content else { return Ok(None) };
    let text = RawValue::from_string(feeds::cloudevents::line(event));
    text.map(Some).map_err(|error| Failure::Input(format!("the event that is proven is no JSON: {error}")))
}

#[derive(Serialize)]
struct Checked {
    schema: &'static str,
    holds: bool,
    /// Whether the head is the one that was given: without that it proves nothing.
    head_compared: bool,
    head: Head,
    position: u64,
    recorded_at: Option<String>,
    content: &'static str,
    event: Option<Box<RawValue>>,
}

pub(super) fn check(args: &CheckProof, shared: &Shared, out: &mut Out) -> Result<(), Failure> {
    let output = shared.output.as_deref().filter(|path| path.as_os_str() != "-");
    if output.is_some_and(|path| is_same_file(path, &args.file)) {
        let file = args.file.display();
        return Err(Failure::Usage(format!("--output is the proof {file} itself; name another file")));
    }
    let (proof, shown) = read(&args.file)?;
    let proven = proof.check()?;
    if let Some(given) = args.head.filter(|given| *given != proven.head) {
        return Err(Failure::Integrity(elsewhere(&proven, given)));
    }
    let event = readable(&proven)?;
    compare(&proven, event.as_deref(), shown.as_deref())?;
    if !shared.is_json() {
        return tell(&proven, event.as_deref(), args.head.is_some(), out);
    }
    out.document(&Checked {
        schema: "evenfield.proof_check/1",
        holds: true,
        head_compared: args.head.is_some(),
        head: proven.head,
        position: proven.position.0,
        recorded_at: proven.recorded_at.map(|time| time.to_string()),
        content: match proven.content {
            Content::Event(_) => "event",
            Content::Redaction { .. } => "redaction",
            Content::Destroyed => "destroyed",
        },
        event,
    })
}

/// That a proof which holds leads to another head than the one that was given.
fn elsewhere(proven: &Proven, given: Head) -> String {
    let Proven { position, head, .. } = proven;
    let what = if head.position == given.position {
        "it is a proof of another log, or of one that was altered".to_owned()
    } else {
        format!("ask for one under the head given: `log prove {position} --at {}`", given.position)
    };
    format!("the proof leads to the head {head}, and {given} was given; {what}")
}

/// The proof in a file, and the event that is shown beside it.
fn read(file: &Path) -> Result<(Proof, Option<Box<RawValue>>), Failure> {
    #[derive(Deserialize)]
    struct Beside {
        event: Option<Box<RawValue>>,
    }
    let bytes = bytes_of(file)?;
    if bytes.len() > PROOF_BYTES {
        let most = report::grouped(PROOF_BYTES as u64);
        return Err(Failure::Input(format!(
            "{} is no proof: it is larger than {most} bytes",
            file.display()
        )));
    }
    let no_proof = |error: serde_json::Error| {
        let name = file.display();
        Failure::Input(format!("{name} is no proof: {error}; take a document that `log prove` has written"))
    };
    let proof = serde_json::from_slice(&bytes).map_err(no_proof)?;
    let Beside { event } = serde_json::from_slice(&bytes).map_err(no_proof)?;
    Ok((proof, event))
}

/// The beginning of a file, one byte more than a proof may have.
fn bytes_of(file: &Path) -> Result<Vec<u8>, Failure> {
    let input: Box<dyn Read + Send> = if file.as_os_str() == "-" {
        Box::new(io::stdin())
    } else {
        Box::new(File::open(file).map_err(|error| no_file(file, &error))?)
    };
    let head = ingest::Head::of(input).map_err(|error| no_file(file, &error))?;
    let mut bytes = Vec::new();
    let read = head.whole().take(PROOF_BYTES as u64 + 1).read_to_end(&mut bytes);
    read.map_err(|error| no_file(file, &error))?;
    Ok(bytes)
}

/// Holds the event that is shown beside a proof, if any is, against the one that is proven.
fn compare(proven: &Proven, event: Option<&RawValue>, shown: Option<&RawValue>) -> Result<(), Failure> {
    let Some(shown) = shown else { return Ok(()) };
    let is_proven = match &proven.content {
        Content::Event(proven) => {
            event.is_some_and(|event| event.get() == shown.get())
                || feeds::cloudevents::read_line(shown.get().as_bytes()).is_ok_and(|read| read == **proven)
        }
        Content::Redaction { .. } | Content::Destroyed => false,
    };
    if is_proven {
        return Ok(());
    }
    let what = match &proven.content {
        Content::Event(_) => "it shows another event than its leaf_content says",
        Content::Redaction { .. } => "it shows an event where the log's own record stood",
        Content::Destroyed => "it shows an event, and nothing is proven of what was destroyed",
    };
    Err(Failure::Integrity(format!("the proof does not hold: {what}; believe nothing of it")))
}

fn tell(proven: &Proven, event: Option<&RawValue>, is_compared: bool, out: &mut Out) -> Result<(), Failure> {
    let Proven { position, head, recorded_at, content } = proven;
    let what = match content {
        Content::Event(event) => format!("event {} of {}", plain(&event.id), plain(&event.source)),
        Content::Redaction { positions, reason } => {
            let reason = reason.as_deref().map(|told| format!(" ({})", plain(told))).unwrap_or_default();
            let positions: Vec<String> = positions.iter().map(Position::to_string).collect();
            format!("the record that what stood at {} was destroyed{reason}", positions.join(", "))
        }
        Content::Destroyed => "something whose content was destroyed".to_owned(),
    };
    out.line(&format!(
        "{what} stood at position {} of a log whose {} had the commitment {}",
        position,
        report::counted(head.position.0, "event"),
        head.commitment_digits()
    ))?;
    if let Some(time) = recorded_at {
        out.line(&format!("  recorded at {time}"))?;
    }
    if let Some(event) = event {
        out.line(&format!("  {}", plain(event.get())))?;
    }
    if *content == Content::Destroyed {
        out.line("  nothing is proven of what it said")?;
    }
    if is_compared {
        return out.line("the head is the one that was given");
    }
    out.line(&format!(
        "NOT COMPARED: this is worth no more than its head, which anybody can make up; compare it with one\n\
         that was published elsewhere, or name that one with --head:\n  {head}"
    ))
}

/// A text of anybody's, without what a terminal would obey.
fn plain(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    for c in text.chars() {
        if c.is_control() { plain.extend(c.escape_unicode()) } else { plain.push(c) }
    }
    plain
}
