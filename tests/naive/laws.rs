//! What the oracle must keep whatever it reads: a guard against faults of its own.

use std::collections::BTreeMap;

use event::{Event, Kind};
use proptest::prelude::*;
use serde_json::Value;

use super::{messy, outcomes};

const GRACE_MS: i64 = 15_000;

proptest! {
    #[test]
    fn the_order_and_the_number_of_arrivals_do_not_matter(events in messy::conflicting_episodes()) {
        let mut turned: Vec<Event> = events.iter().rev().cloned().collect();
        turned.extend(events.iter().take(5).cloned());
        prop_assert_eq!(outcomes(&events, GRACE_MS, None), outcomes(&turned, GRACE_MS, None));
    }

    #[test]
    fn the_numbers_of_a_row_fit_each_other((events, until) in messy::episodes_until()) {
        for (name, row) in outcomes(&events, GRACE_MS, until) {
            prop_assert!(row["ending"] == "in_progress" || fits(&row), "{}: {}", name, row);
        }
    }

    #[test]
    fn every_consultation_has_one_row(events in messy::episodes()) {
        let of_consultations = events.iter().filter(|event| event.kind() != Kind::RecordingDeclared);
        let names: BTreeMap<&str, ()> = of_consultations.map(|event| (event.consultation.as_str(), ())).collect();
        let rows = outcomes(&events, GRACE_MS, None);
        prop_assert_eq!(rows.keys().collect::<Vec<_>>(), names.keys().collect::<Vec<_>>());
    }
}

/// What holds in every row, by what its fields mean.
fn fits(row: &Value) -> bool {
    let number = |name: &str| row[name].as_i64().unwrap_or_default();
    let is = |name: &str| row[name] == true;
    let never_negative = row
        .as_object()
        .is_some_and(|row| row.values().all(|value| value.as_i64() >= Some(0) || !value.is_number()));
    never_negative
        && (is("attempted") || !is("connected"))
        && (is("connected") || !is("first_try"))
        && (is("first_try") || !is("undisturbed"))
        && is("connected") != row["connect_ms"].is_null()
        && (number("drops") > 0) != row["first_drop_ms"].is_null()
        && number("recovered_60s") <= number("recovered_drops")
        && number("recovered_drops") <= number("drops")
        && number("audio_lost_ms") <= number("connected_ms").min(number("interrupted_ms"))
        && number("video_lost_ms") <= number("connected_ms")
        && number("interrupted_ms") <= number("connected_ms") + number("down_ms")
}
