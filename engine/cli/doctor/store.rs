//! The store: whether it is there, and would open with everything that was acknowledged.

use super::super::failure::Failure;
use super::super::{Shared, asked, progress};
use super::{Finding, State};
use crate::log::{LogError, Look, Position, look, seen_head};
use crate::replay::{WORTHWHILE, checkpoints_in};
use crate::report::{counted, grouped};

/// Looks at the store, without opening it; what is seen of it, where it can be.
pub(super) fn store(shared: &Shared, findings: &mut Vec<Finding>) -> Result<Option<Look>, Failure> {
    let looked = progress::during(shared, "looking", "bytes", |watch| {
        let mut before = 0;
        look(&shared.store, &mut |done, _| {
            watch.advance(done.saturating_sub(before));
            before = done;
        })
    });
    match looked {
        Ok(looked) => {
            findings.push(whole(&looked, shared));
            findings.extend(witness(&looked));
            findings.extend(aside(&looked));
            Ok(Some(looked))
        }
        Err(error) => {
            findings.push(refused(&error, shared));
            Ok(None)
        }
    }
}

/// That everything is there.
fn whole(looked: &Look, shared: &Shared) -> Finding {
    let store = shared.store.display();
    let held = match looked.last_received() {
        Some(received) => format!("{}, the last received {received}", counted(looked.head().0, "event")),
        None if looked.head() == Position::START => "no event yet".to_owned(),
        None => counted(looked.head().0, "event"),
    };
    match looked.faults() {
        [] => Finding::well("store", format!("{store}: {held}; all are those that were committed to")),
        faults => Finding::of(
            "store",
            State::Damaged,
            format!("{store}: {held}; none is lost, but its file is damaged: {}", faults.join("; ")),
            "have the disk looked at; the next command that opens the store writes it anew, and keeps the damaged one",
        ),
    }
}

fn witness(looked: &Look) -> Option<Finding> {
    Some(match looked.is_worn() {
        false => Finding::well("witness", format!("has seen events up to position {}", looked.head())),
        true => Finding::of(
            "witness",
            State::Note,
            "one of its two slots cannot be read, as a crash may leave it; the other is whole",
            "nothing: the next events that come write it again",
        ),
    })
}

/// What earlier repairs have left.
fn aside(looked: &Look) -> Option<Finding> {
    let kept: Vec<String> = looked.kept_aside().iter().map(|path| path.display().to_string()).collect();
    (!kept.is_empty()).then(|| {
        Finding::of(
            "repairs",
            State::Note,
            format!("damaged files that were replaced are kept in {}", kept.join(", ")),
            "remove them when you know why they were damaged",
        )
    })
}

/// Why a store cannot be looked at.
fn refused(error: &LogError, shared: &Shared) -> Finding {
    match error {
        LogError::Missing { dir } => Finding::of(
            "store",
            State::Wrong,
            format!("there is no store at {}", dir.display()),
            "`evenfield init` makes one, and so does `evenfield ingest`; or name another with --store or EVENFIELD_STORE. \
             `evenfield demo` needs none",
        ),
        LogError::InUse { holder, .. } => {
            let seen = seen_head(&shared.store).map(|head| format!(", with {}", counted(head.0, "event")));
            Finding::of(
                "store",
                State::Note,
                format!("{} is in use by {holder}{}", shared.store.display(), seen.unwrap_or_default()),
                "look again when it is not, to be told how it is",
            )
        }
        LogError::RolledBack { .. }
        | LogError::Damaged { .. }
        | LogError::Unwitnessed { .. }
        | LogError::Broken { .. } => Finding::told("store", State::Damaged, error),
        _ => Finding::told("store", State::Wrong, error),
    }
}

/// What was made of the events and can be made anew.
pub(super) fn derived(looked: &Look) -> Vec<Finding> {
    let (derived, head) = (looked.derived(), looked.head());
    let checkpoint = match checkpoints_in(&derived) {
        Err(error) => Finding::of(
            "checkpoint",
            State::Note,
            format!("cannot be read: {error}"),
            "nothing: the next answer reads every event, and makes it anew",
        ),
        Ok(found) if found.is_empty() && head.0 < WORTHWHILE => Finding::well(
            "checkpoint",
            format!("none, which fewer than {} events do not need", grouped(WORTHWHILE)),
        ),
        Ok(found) if found.is_empty() => {
            Finding::well("checkpoint", "none yet: the next answer reads every event, and keeps one")
        }
        Ok(found) => {
            let told = found.iter().map(|(grace_ms, position)| {
                let behind = match head.0.checked_sub(position.0) {
                    Some(0) => "nothing came since".to_owned(),
                    Some(behind) => format!("{} came since", counted(behind, "event")),
                    None => "beyond the log, so that it does not count".to_owned(),
                };
                format!("up to position {position} for --grace-ms {grace_ms} ({behind})")
            });
            Finding::well("checkpoint", told.collect::<Vec<_>>().join(", "))
        }
    };
    let questions = match asked::kept_in(&derived) {
        Ok(0) => {
            Finding::well("questions", "none yet: `evenfield compare` and `evenfield decide` leave some")
        }
        Ok(kept) => {
            let kept = counted(kept as u64, "question");
            Finding::well(
                "questions",
                format!("{kept} kept, from which `evenfield explain` knows its claims"),
            )
        }
        Err(error) => Finding::of(
            "questions",
            State::Note,
            format!("cannot be read: {error}"),
            "nothing: `evenfield explain` asks for the options of a claim again",
        ),
    };
    vec![checkpoint, questions]
}
