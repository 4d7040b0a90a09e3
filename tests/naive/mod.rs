//! A second reading of consultations, naive on purpose: the oracle for the real one.
//!
//! It follows the eleven rules of the episode sentence by sentence and shares nothing with the
//! implementation it checks but the vocabulary. All events of a consultation lie on the table at
//! once; every person's story becomes a list of intervals on the timeline; every measure is found
//! by asking, between each two neighbouring marks of that timeline, whether it holds there. It is
//! slow, it knows no stream, no checkpoint and no arrival, and it should be changed only when a
//! rule is.

mod cast;
#[cfg(test)]
mod conformance;
mod ending;
mod feedback;
#[cfg(test)]
mod laws;
pub(crate) mod messy;
mod moment;
mod reading;
mod story;
mod timeline;

use std::collections::BTreeMap;

use event::{Event, Time};
use serde_json::Value;

use moment::{Declarations, Moment};
use reading::Parameters;

/// The outcome of every consultation in `events`, by its name, as the contract for machines has it.
///
/// `until` defaults to the newest `at`. A consultation in progress has no more than its ending.
pub(crate) fn outcomes(events: &[Event], grace_ms: i64, until: Option<Time>) -> BTreeMap<String, Value> {
    let (kept, conflicts) = once(events);
    let declared = Declarations::of(&kept);
    let newest = kept.iter().map(|event| event.at).max().unwrap_or_default();
    let parameters = Parameters { grace_ms, until_ms: until.unwrap_or(newest).ms() };
    consultations(&kept)
        .into_iter()
        .map(|(name, told)| {
            let moments = Moment::in_order(&told, &declared);
            let conflicting = told.iter().filter(|event| conflicts.contains(&name_of(event))).count();
            (name.to_owned(), reading::outcome(name, &moments, conflicting, &declared, parameters))
        })
        .collect()
}

/// Each (`source`, `id`) once, and those that were told in unlike ways.
///
/// Of unlike events of one name the one that is read first stays, whichever arrived first.
fn once(events: &[Event]) -> (Vec<&Event>, Vec<(&str, &str)>) {
    let mut by_name: BTreeMap<(&str, &str), Vec<&Event>> = BTreeMap::new();
    for event in events {
        by_name.entry(name_of(event)).or_default().push(event);
    }
    let unlike = by_name.iter().filter(|(_, told)| told.iter().any(|event| *event != told[0]));
    let conflicts = unlike.map(|(name, _)| *name).collect();
    let kept = by_name.values().map(|told| {
        let first = told.iter().min_by_key(|event| (event.at, event.kind(), format!("{event:?}")));
        *first.expect("a name is there because an event bears it")
    });
    (kept.collect(), conflicts)
}

fn name_of(event: &Event) -> (&str, &str) {
    (&event.source, &event.id)
}

/// The events of each consultation; declarations belong to none.
fn consultations<'a>(kept: &[&'a Event]) -> BTreeMap<&'a str, Vec<&'a Event>> {
    let mut by_consultation: BTreeMap<&str, Vec<&Event>> = BTreeMap::new();
    for event in kept.iter().filter(|event| event.kind() != event::Kind::RecordingDeclared) {
        by_consultation.entry(&event.consultation).or_default().push(event);
    }
    by_consultation
}
