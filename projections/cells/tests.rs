//! Rows of one setting, gathered and poured, held to the same rows counted one by one.

use std::sync::Arc;

use event::{Context, KindSet, Time};

use super::*;
use crate::catalog;
use crate::outcome::RowSight;

/// More durations than wait at a time are sorted in on the way.
#[test]
fn what_is_gathered_is_what_is_counted_however_many_rows_there_are() {
    let (filter, parameters) = (Filter::default(), Parameters::as_of(Time::default()));
    let measures = ["waiting_ms", "audio_lost_ms", "connection_success"];
    let slot = |name: &str| Slot { measure: catalog::measure(name).unwrap(), role: None, parts: Vec::new() };
    let question = Question {
        slots: measures.map(slot).into(),
        by: &[],
        period: None,
        filter: &filter,
        cluster: None,
        parameters: &parameters,
        modalities: Modalities::Video,
    };
    let sight = RowSight { sees: KindSet::EVERY, ..RowSight::default() };
    let mut row = Outcome::empty("", Arc::new(Context::default()), sight);
    let (mut state, mut tray) = (BTreeMap::new(), Tray::default());
    for number in 0..2 * WAITING as i64 + 7 {
        row.attempted = number % 5 > 0;
        row.waiting_ms = (number % 3 > 0).then_some(number * 7_919 % 60_000);
        row.audio_lost_ms = (number % 11 - 9).max(0);
        question.add(&row, &mut state);
        question.gather(&row, &mut tray);
    }
    let mut poured = BTreeMap::new();
    question.pour(&row, tray, &mut poured);
    assert_eq!(poured, state);
}
