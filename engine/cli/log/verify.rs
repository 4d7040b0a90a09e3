//! `evenfield log verify`: whether the log is what was written, and if not, what is.

use event::Dimension;
use serde::Serialize;

use super::{Failure, Out, Shared, progress, store};
use crate::cli::failure::refused;
use crate::log::{Finding, Log, LogError, Mode, Opening, Repair, Verdict, Weight};
use crate::replay::{self, ReplayError, Request};
use crate::report;

#[derive(Serialize)]
struct Verified {
    schema: &'static str,
    sound: bool,
    /// How the store opened: healthy, torn, rewritten, rolled_back, damaged, unwitnessed or broken.
    opening: &'static str,
    /// The last position that is there, or that can be proven.
    position: u64,
    commitment: Option<String>,
    events: u64,
    blocks: u64,
    findings: Vec<Told>,
}

#[derive(Serialize)]
struct Told {
    weight: &'static str,
    position: Option<u64>,
    what: String,
    remedy: String,
}

pub(super) fn run(shared: &Shared, out: &mut Out) -> Result<(), Failure> {
    match Log::open(&shared.store, Mode::Existing) {
        Ok(log) => verify(&log, shared, out),
        Err(error) => match opening_of(&error) {
            Some(opening) => examine(&error, opening, shared, out),
            None => Err(error.into()),
        },
    }
}

/// The word for why a damaged store does not open; none when that is no damage.
fn opening_of(error: &LogError) -> Option<&'static str> {
    Some(match error {
        LogError::RolledBack { .. } => "rolled_back",
        LogError::Damaged { .. } => "damaged",
        LogError::Unwitnessed { .. } => "unwitnessed",
        LogError::Broken { .. } => "broken",
        _ => return None,
    })
}

fn verify(log: &Log, shared: &Shared, out: &mut Out) -> Result<(), Failure> {
    let verdict = progress::during(shared, "verifying", "events", |watch| {
        let mut before = 0;
        log.verify(&mut |done, _| {
            watch.advance(done.saturating_sub(before));
            before = done;
        })
    });
    let opening = match log.opening() {
        Opening::Torn { .. } => "torn",
        Opening::Rewritten { .. } => "rewritten",
        _ => "healthy",
    };
    store::tell_opening(log, shared);
    let sound = verdict.is_sound();
    // What cannot be read has no commitment to tell.
    let commitment = if sound { Some(log.commitment()?.commitment_digits()) } else { None };
    let Verdict { head, events, blocks, ref findings, .. } = verdict;
    let mut findings: Vec<Told> = findings.iter().map(told).collect();
    if sound {
        findings.extend(checkpoint(log, shared)?);
    }
    let schema = "evenfield.verify/1";
    let position = head.0;
    tell(&Verified { schema, sound, opening, position, commitment, events, blocks, findings }, shared, out)
}

/// Holds the checkpoint, if there is one, against reading every event; one that does not hold goes.
fn checkpoint(log: &Log, shared: &Shared) -> Result<Option<Told>, Failure> {
    let request = Request { threads: Some(shared.threads()), ..Request::default() };
    let Some(kept) = replay::checkpoint(log, &request) else { return Ok(None) };
    let position = kept.position.0;
    let holds = progress::during(shared, "reading anew for the checkpoint", "events", |watch| {
        let (kept, _) = kept.refresh(log, &request, watch)?;
        let anew = replay::sheet(log, &request, &Dimension::ALL, watch)?;
        let threads = shared.threads();
        Ok::<bool, ReplayError>(kept.essence(threads) == anew.essence(threads))
    })?;
    if holds {
        return Ok(None);
    }
    replay::forget(log)
        .map_err(|error| Failure::Other(refused("remove the checkpoint in", &log.derived(), &error)))?;
    Ok(Some(Told {
        weight: "note",
        position: Some(position),
        what: "the checkpoint did not say what reading every event says; it was removed".to_owned(),
        remedy: "ask again what was asked since it was made: answers may have been wrong".to_owned(),
    }))
}

fn told(finding: &Finding) -> Told {
    Told {
        weight: if finding.weight == Weight::Damage { "damage" } else { "note" },
        position: finding.position.map(|position| position.0),
        what: finding.what.clone(),
        remedy: finding.remedy.to_owned(),
    }
}

/// Tells of a store that does not open what its files still tell.
fn examine(error: &LogError, opening: &'static str, shared: &Shared, out: &mut Out) -> Result<(), Failure> {
    let plan = progress::during(shared, "searching", "bytes", |watch| {
        let mut before = 0;
        Repair::plan(&shared.store, &mut |done, _| {
            watch.advance(done.saturating_sub(before));
            before = done;
        })
    })?;
    let mut readable = 0_u64;
    plan.readable_after(&mut |_| readable += 1)?;
    let remedy = "`log repair` keeps what can be proven, or restore a backup".to_owned();
    let damage = |what: String| Told { weight: "damage", position: None, what, remedy: remedy.clone() };
    let mut findings = vec![damage(error.to_string())];
    let is_new = |fault: &&String| !error.to_string().contains(fault.as_str());
    findings.extend(plan.faults().iter().filter(is_new).map(|fault| damage(fault.clone())));
    if readable > 0 {
        findings.push(Told {
            weight: "note",
            position: Some(plan.head().next().0),
            what: format!("{} behind it can still be read", report::counted(readable, "event")),
            remedy: "`log repair` writes them to a file, to be ingested again".to_owned(),
        });
    }
    let (schema, position) = ("evenfield.verify/1", plan.head().0);
    let (sound, commitment, events, blocks) = (false, None, position, plan.blocks());
    tell(&Verified { schema, sound, opening, position, commitment, events, blocks, findings }, shared, out)
}

fn tell(verified: &Verified, shared: &Shared, out: &mut Out) -> Result<(), Failure> {
    if shared.is_json() {
        out.document(verified)?;
    } else {
        out.line(&format!(
            "{}: {} in {}, up to position {}",
            if verified.sound { "sound" } else { "DAMAGED" },
            report::counted(verified.events, "event"),
            report::counted(verified.blocks, "block"),
            verified.position
        ))?;
        if let Some(commitment) = &verified.commitment {
            out.line(&format!("  commitment {}:{commitment}", verified.position))?;
        }
        for Told { weight, position, what, remedy } in &verified.findings {
            let place = position.map(|position| format!(" at position {position}")).unwrap_or_default();
            out.line(&format!("  {weight}{place}: {what}\n    {remedy}"))?;
        }
    }
    if verified.sound {
        return Ok(());
    }
    Err(Failure::Integrity(format!(
        "{} is damaged; see above what to do: repair it, or restore a backup",
        shared.store.display()
    )))
}
