//! The reading against a naive second implementation, on episodes as messy as they come.

use std::collections::BTreeMap;

use event::{Event, Time};
use projections::episode::gather;
use projections::parameters::Parameters;
use projections::reading::{Reading, read};
use projections::source::Sources;
use proptest::prelude::*;
use serde_json::Value;

use crate::naive;

/// The rows of these events by the reading, as JSON.
pub(crate) fn rows(events: &[Event], until: Option<Time>) -> BTreeMap<String, Value> {
    let mut sources = Sources::default();
    let mut consultations: BTreeMap<&str, Vec<&Event>> = BTreeMap::new();
    for event in events {
        sources.sent(&event.source, event::KindSet::NONE.with(event.kind()));
        match &event.payload {
            event::Payload::RecordingDeclared(declaration) => {
                let key = (event.at, event.source.clone(), event.id.clone());
                sources.declared(&event.consultation, key, declaration.clone());
            }
            _ => consultations.entry(&event.consultation).or_default().push(event),
        }
    }
    let names: Vec<&str> = sources.names().collect();
    let sights: Vec<_> = names.iter().map(|name| sources.sight(name)).collect();
    let newest = events.iter().map(|event| event.at).max().unwrap_or_default();
    let parameters = Parameters::as_of(until.unwrap_or(newest));
    let mut rows = BTreeMap::new();
    for (consultation, events) in consultations {
        let number = |source: &str| names.binary_search(&source).unwrap() as u32;
        let episode = gather(events, number, &sights);
        let row = match read(consultation, &episode, &sights, &parameters) {
            Reading::Closed(row) => serde_json::to_value(&row).unwrap(),
            Reading::Open(open) => serde_json::to_value(&open).unwrap(),
        };
        rows.insert(consultation.to_owned(), row);
    }
    rows
}

/// How many cases a law is tried on: many in a soak, few in an ordinary run.
pub(crate) fn cases(few: u32) -> ProptestConfig {
    let factor = std::env::var("EVENFIELD_CASES").ok().and_then(|text| text.parse().ok()).unwrap_or(1);
    ProptestConfig { cases: few * factor, failure_persistence: None, ..ProptestConfig::default() }
}

/// Events as short lines, for a failure one can read.
fn story(events: &[Event]) -> String {
    let mut events: Vec<&Event> = events.iter().collect();
    events.sort_by_key(|event| (event.at, event.kind()));
    let first = events.first().map_or(0, |event| event.at.ms());
    let line = |event: &&Event| {
        let who = event.participant.as_deref().unwrap_or("-");
        let ms = event.at.ms() - first;
        format!("{ms:>10} {} {who} {:?} {} {}", event.consultation, event.role, event.source, event.kind())
    };
    events.iter().map(line).collect::<Vec<_>>().join("\n")
}

/// Scores are kept in millionths; the naive reading has all digits of a mean.
fn scores_agree(ours: &Value, theirs: &Value) -> bool {
    let split = |scores: &Value| -> Vec<(String, String, f64)> {
        let text = |score: &Value, field: &str| score[field].as_str().unwrap().to_owned();
        let scores = scores.as_array().unwrap();
        scores
            .iter()
            .map(|s| (text(s, "role"), text(s, "instrument"), s["value"].as_f64().unwrap()))
            .collect()
    };
    let (ours, theirs) = (split(ours), split(theirs));
    ours.len() == theirs.len()
        && ours.iter().zip(&theirs).all(|(a, b)| (&a.0, &a.1) == (&b.0, &b.1) && (a.2 - b.2).abs() < 1e-6)
}

proptest! {
    #![proptest_config(cases(3_000))]

    #[test]
    fn the_reading_agrees_with_the_naive_one((events, until) in naive::messy::episodes_until()) {
        let ours = rows(&events, until);
        let theirs = naive::outcomes(&events, 15_000, until);
        prop_assert_eq!(ours.keys().collect::<Vec<_>>(), theirs.keys().collect::<Vec<_>>());
        for (consultation, expected) in &theirs {
            for (field, value) in expected.as_object().unwrap().iter().filter(|(field, _)| *field != "anomalies") {
                let same = match field.as_str() {
                    "scores" => scores_agree(&ours[consultation][field], value),
                    _ => ours[consultation][field] == *value,
                };
                let ours = &ours[consultation][field];
                prop_assert!(same, "{field} of {consultation}: {ours} instead of {value}\n{}", story(&events));
            }
        }
    }
}
