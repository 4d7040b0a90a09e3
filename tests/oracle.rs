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
pub fn rows(events: &[Event], until: Option<Time>) -> BTreeMap<String, Value> {
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
pub fn cases(few: u32) -> ProptestConfig {
    let factor = std::env::var("EVENFIELD_CASES").ok().and_then(|text| text.parse().ok()).unwrap_or(1);
    ProptestConfig { cases: few * factor, failure_persistence: None, ..ProptestConfig::default() }
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
                prop_assert_eq!(&ours[consultation][field], value, "{} of {}", field, consultation);
            }
        }
    }
}
