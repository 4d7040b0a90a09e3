//! A sheet that is made in parts says what one of a log says, however consultations are dealt out to the parts.

use std::collections::BTreeMap;

use engine::log::{Log, Mode, Position};
use engine::replay::{Heard, Part, PartError, Request, Sheet, Watch, sheet, together};
use event::{Dimension, Event, Payload, Time};
use projections::kept::KeptOutcome;
use proptest::prelude::*;

use super::{Expected, compared, distinct, in_another_order, planned, says_the_same};
use crate::command::folder;
use crate::oracle::cases;

/// The parts of these events, of which consultation `n` in order is in part `deal(n)`, and what was heard of each.
fn dealt(events: &[Event], parts: usize, deal: impl Fn(usize) -> usize) -> (Heard, Vec<Vec<u8>>) {
    let mut consultations: BTreeMap<&str, Vec<Event>> = BTreeMap::new();
    let mut heard: Vec<Heard> = vec![Heard::default(); parts + 1];
    for event in events {
        if matches!(event.payload, Payload::RecordingDeclared(_)) {
            heard[parts].event(event);
            continue;
        }
        consultations.entry(&event.consultation).or_default().push(event.clone());
    }
    let mut of_part: Vec<Vec<&Vec<Event>>> = vec![Vec::new(); parts];
    for (number, events) in consultations.values().enumerate() {
        let part = deal(number) % parts;
        of_part[part].push(events);
        events.iter().for_each(|event| heard[part].event(event));
    }
    // What was heard arrives in no order, and as bytes.
    let heard = heard.into_iter().rev().fold(Heard::default(), |mut all, one| {
        all.merge(serde_json::from_str(&serde_json::to_string(&one).unwrap()).unwrap());
        all
    });
    let parts = of_part.into_iter().map(|consultations| {
        let mut part = Part::new(&heard, None).unwrap();
        consultations.iter().for_each(|events| part.read(events).unwrap());
        assert_eq!(part.consultations(), consultations.len() as u64);
        part.bytes().unwrap()
    });
    let parts = parts.collect();
    (heard, parts)
}

/// Every row that counts, with all that is kept of it, in an order that tells nothing.
fn rows(sheet: &Sheet) -> Vec<String> {
    let mut rows = Vec::new();
    for gists in sheet.parts() {
        gists.each(|row| rows.push(serde_json::to_string(&KeptOutcome::from(row).in_order()).unwrap()));
    }
    rows.sort();
    rows
}

/// Parts that are put together are the sheet of a log of the same events.
fn are_one(events: &[Event], until: Option<Time>, parts: usize, deal: impl Fn(usize) -> usize) {
    let (heard, mut parts) = dealt(events, parts, deal);
    parts.reverse();
    let dir = folder();
    let log = Log::open(&dir.path().join("laws.store"), Mode::Create).unwrap();
    log.append_blocking(events.to_vec(), Time::default()).unwrap();
    let (request, watch) = (Request { until, threads: Some(2), ..Request::default() }, Watch::default());
    let of_log = sheet(&log, &request, &Dimension::ALL, &watch).unwrap();
    let of_parts = together(&parts, &heard, (&request, log.head()), &Dimension::ALL, &watch).unwrap();
    assert_eq!(rows(&of_parts), rows(&of_log));
    assert_eq!(of_parts.position, of_log.position);
    assert_eq!(of_parts.open, of_log.open);
    let expected = Expected::of(events, until);
    let comparisons = compared(|ask| expected.compare(ask));
    says_the_same(&of_parts, &expected, &comparisons, "in parts");
}

proptest! {
    #![proptest_config(cases(20))]

    #[test]
    fn consultations_that_are_read_in_parts_say_the_same(
        ((events, until), _) in in_another_order(),
        parts in 1_usize..6,
        salt in 1_usize..1_000,
    ) {
        are_one(&distinct(&events), until, parts, |number| number * salt + number / 3);
    }
}

#[test]
fn a_clinic_that_is_read_in_parts_says_the_same() {
    are_one(&planned("clinic", 1_500), None, 3, |number| number * 7);
    are_one(&planned("national", 1_500), None, 4, |number| number / 400);
}

/// Calls of two are most of what there is: if they took the room of others, data of a nation would not fit.
#[test]
fn nearly_all_rows_of_a_part_are_gists() {
    let events = planned("national", 1_500);
    let (_, parts) = dealt(&events, 1, |_| 0);
    let each = parts[0].len() as f64 / 1_500.0;
    assert!(each < 40.0, "{each:.1} bytes a consultation");
}

/// Nobody who sends bytes can make more of them than an error.
#[test]
fn bytes_that_are_no_part_are_refused() {
    let (heard, parts) = dealt(&planned("clinic", 60), 1, |_| 0);
    let request = Request { threads: Some(1), ..Request::default() };
    let read = |bytes: Vec<u8>| {
        together(&[bytes], &heard, (&request, Position(1)), &Dimension::ALL, &Watch::default()).map(drop)
    };
    read(parts[0].clone()).unwrap();
    for cut in (0..parts[0].len()).step_by(37) {
        let error = read(parts[0][..cut].to_vec()).unwrap_err();
        assert!(matches!(error, PartError::Damaged(_)), "{cut}: {error}");
    }
    for place in (0..parts[0].len()).step_by(11) {
        let mut bytes = parts[0].clone();
        bytes[place] ^= 0x10;
        // Packing has bits that tell nothing; what comes of the others is an error and no panic.
        let _ = read(bytes);
    }
}

#[test]
fn a_source_that_nobody_heard_of_is_refused_by_name() {
    let events = planned("clinic", 5);
    let mut part = Part::new(&Heard::default(), None).unwrap();
    let error = part.read(&events[1..2]).unwrap_err();
    assert!(error.to_string().contains(&events[1].source), "{error}");
}
