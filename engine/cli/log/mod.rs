//! `evenfield log`: a look into the log.

mod proof;

use std::collections::BTreeMap;

use serde::Serialize;

use super::failure::Failure;
use super::out::Out;
use super::{Shared, choose, draft, progress, store};
use crate::log::{Finding, Log, Position, Stored, Weight};
use crate::report;

/// Look into the log.
#[derive(clap::Subcommand)]
pub(super) enum Verb {
    /// Check every block: checksums, positions, decoding; exit code 5 on damage
    Verify,
    /// Events and bytes, by kind and by source
    Stats,
    /// Write every event as CloudEvents NDJSON: the way out
    Export {
        /// Only from this position
        #[arg(long, value_name = "POSITION", default_value_t = 1)]
        from: u64,
        /// Only up to this position
        #[arg(long, value_name = "POSITION")]
        to: Option<u64>,
    },
    /// Show the event at a position
    Show {
        /// Positions begin at 1
        position: u64,
    },
    /// Show all events of one consultation, in the order in which they happened
    Trace {
        /// The consultation
        consultation: String,
    },
    /// Print the head: the last position and the commitment to all events, to be published
    Head,
    /// Write a proof that the event at a position is in the log, for those who do not have the log
    Prove(proof::Prove),
    /// Check a proof; no store is needed, and exit code 5 says that it does not hold
    CheckProof(proof::CheckProof),
}

#[derive(Serialize)]
struct Shown<'a> {
    position: u64,
    recorded_at: String,
    event: &'a serde_json::value::RawValue,
}

pub(super) fn run(verb: &Verb, shared: &Shared, out: &mut Out) -> Result<(), Failure> {
    shared.text_or_json()?;
    if let Verb::CheckProof(args) = verb {
        return proof::check(args, shared, out);
    }
    let log = store::open(shared)?;
    match verb {
        Verb::Verify => verify(&log, shared, out),
        Verb::Stats => stats(&log, shared, out),
        Verb::Export { from, to } => export(&log, *from, *to, shared, out),
        Verb::Show { position } => show(&log, *position, shared, out),
        Verb::Trace { consultation } => trace(&log, consultation, shared, out),
        Verb::Head => proof::head(&log, shared, out),
        Verb::Prove(args) => proof::prove(args, &log, shared, out),
        // No store is opened for it: see above.
        Verb::CheckProof(_) => Ok(()),
    }
}

#[derive(Serialize)]
struct Verified<'a> {
    schema: &'static str,
    sound: bool,
    position: u64,
    events: u64,
    blocks: u64,
    findings: Vec<Told<'a>>,
}

#[derive(Serialize)]
struct Told<'a> {
    weight: &'static str,
    position: Option<u64>,
    what: &'a str,
    remedy: &'static str,
}

fn verify(log: &Log, shared: &Shared, out: &mut Out) -> Result<(), Failure> {
    let verdict = progress::during(shared, "verifying", "events", |watch| {
        let mut before = 0;
        log.verify(&mut |done, _| {
            watch.advance(done.saturating_sub(before));
            before = done;
        })
    });
    let weight = |finding: &Finding| if finding.weight == Weight::Damage { "damage" } else { "note" };
    if shared.is_json() {
        let told = |finding| Told {
            weight: weight(finding),
            position: finding.position.map(|position| position.0),
            what: &finding.what,
            remedy: finding.remedy,
        };
        out.document(&Verified {
            schema: "evenfield.verify/1",
            sound: verdict.is_sound(),
            position: verdict.head.0,
            events: verdict.events,
            blocks: verdict.blocks,
            findings: verdict.findings.iter().map(told).collect(),
        })?;
    } else {
        let state = if verdict.is_sound() { "sound" } else { "DAMAGED" };
        out.line(&format!(
            "{state}: {} events in {} blocks, up to position {}",
            report::grouped(verdict.events),
            report::grouped(verdict.blocks),
            report::grouped(verdict.head.0)
        ))?;
        for finding in &verdict.findings {
            let place =
                finding.position.map(|position| format!(" at position {position}")).unwrap_or_default();
            out.line(&format!("  {}{place}: {}\n    {}", weight(finding), finding.what, finding.remedy))?;
        }
    }
    if verdict.is_sound() {
        return Ok(());
    }
    Err(Failure::Integrity(format!("{} is damaged; see above what to do", shared.store.display())))
}

#[derive(Serialize)]
struct Statistics<'a> {
    schema: &'static str,
    position: u64,
    events: u64,
    blocks: u64,
    hot_bytes: u64,
    cold_bytes: u64,
    index_bytes: u64,
    disk_bytes: u64,
    kinds: BTreeMap<&'static str, u64>,
    sources: &'a BTreeMap<String, u64>,
}

fn stats(log: &Log, shared: &Shared, out: &mut Out) -> Result<(), Failure> {
    let stats = log.stats()?;
    let kinds: BTreeMap<&'static str, u64> =
        stats.kinds.iter().map(|(kind, count)| (kind.name(), *count)).collect();
    if shared.is_json() {
        return out.document(&Statistics {
            schema: "evenfield.stats/1",
            position: stats.head.0,
            events: stats.events,
            blocks: stats.blocks,
            hot_bytes: stats.hot_bytes,
            cold_bytes: stats.cold_bytes,
            index_bytes: stats.index_bytes,
            disk_bytes: stats.disk_bytes,
            kinds,
            sources: &stats.sources,
        });
    }
    let each = |bytes: u64| bytes as f64 / stats.events.max(1) as f64;
    out.line(&format!(
        "{} events in {} blocks",
        report::grouped(stats.events),
        report::grouped(stats.blocks)
    ))?;
    for (what, bytes) in [
        ("what a replay reads", stats.hot_bytes),
        ("names, reasons, extras", stats.cold_bytes),
        ("index of names", stats.index_bytes),
        ("files on disk", stats.disk_bytes),
    ] {
        out.line(&format!(
            "  {what:<24}{:>16} bytes {:>8.1} per event",
            report::grouped(bytes),
            each(bytes)
        ))?;
    }
    out.line("\nBy kind")?;
    for (kind, count) in &kinds {
        out.line(&format!("  {kind:<24}{:>16}", report::grouped(*count)))?;
    }
    out.line("\nBy source")?;
    let width = stats.sources.keys().map(|source| source.chars().count()).max().unwrap_or(0).max(24);
    stats.sources.iter().try_for_each(|(source, count)| {
        out.line(&format!("  {source:<width$}{:>16}", report::grouped(*count)))
    })
}

fn export(log: &Log, from: u64, to: Option<u64>, shared: &Shared, out: &mut Out) -> Result<(), Failure> {
    let last = to.map_or(log.head(), Position);
    let watch = progress::watch();
    let mut line = Vec::new();
    let mut written = 0;
    for stored in log.events(Position(from)..=last) {
        line.clear();
        feeds::cloudevents::write_line(&stored?.event, &mut line);
        out.bytes(&line)?;
        written += 1;
        if watch.stopped() {
            return Err(Failure::Interrupted);
        }
    }
    shared.note(&format!("{} events exported", report::grouped(written)));
    Ok(())
}

fn show(log: &Log, position: u64, shared: &Shared, out: &mut Out) -> Result<(), Failure> {
    let wanted = Position(position);
    match log.events(wanted..=wanted).next() {
        Some(stored) => tell(&stored?, shared, out),
        None => {
            Err(Failure::Input(format!("there is no position {position}; the log ends at {}", log.head())))
        }
    }
}

fn trace(log: &Log, consultation: &str, shared: &Shared, out: &mut Out) -> Result<(), Failure> {
    let positions = positions_of(log, consultation)?;
    if positions.is_empty() {
        return Err(Failure::Input(format!(
            "there is no consultation {consultation:?} in {}",
            shared.store.display()
        )));
    }
    let mut events = Vec::new();
    for position in positions {
        for stored in log.events(position..=position) {
            events.push(stored?);
        }
    }
    events.sort_by(|a, b| {
        let key = |stored: &Stored| (stored.event.at, stored.event.kind());
        key(a).cmp(&key(b)).then_with(|| (&a.event.source, &a.event.id).cmp(&(&b.event.source, &b.event.id)))
    });
    events.iter().try_for_each(|stored| tell(stored, shared, out))
}

/// Where the events of a consultation stand; only hot columns are read.
fn positions_of(log: &Log, consultation: &str) -> Result<Vec<Position>, Failure> {
    let mut positions = Vec::new();
    for block in log.hot_blocks(..) {
        let block = block?;
        let Some(number) = block.consultations.iter().position(|name| name == consultation) else { continue };
        for (brief, position) in block.events.iter().zip(block.first.0..) {
            if brief.consultation as usize == number {
                positions.push(Position(position));
            }
        }
    }
    Ok(positions)
}

fn tell(stored: &Stored, shared: &Shared, out: &mut Out) -> Result<(), Failure> {
    let line = feeds::cloudevents::line(&stored.event);
    if !shared.is_json() {
        return out.line(&format!("{:>10}  {}  {line}", stored.position.0, stored.event.at));
    }
    let event = serde_json::value::RawValue::from_string(line)
        .map_err(|error| Failure::Other(format!("position {}: {error}", stored.position)))?;
    let recorded_at = stored.recorded_at.to_string();
    out.row(&Shown { position: stored.position.0, recorded_at, event: &event })
}
