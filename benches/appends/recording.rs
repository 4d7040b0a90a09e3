//! The events that everybody appends: the plan `national` with its own seed.

use event::Event;
use synth::{Plan, Synth};

/// When they are received, all of them, in milliseconds since 1970.
pub(crate) const RECEIVED_MS: i64 = 1_800_000_000_000;

/// The first so many events, no two of one name.
pub(crate) fn events(count: usize) -> Vec<Event> {
    let mut plan = Plan::named("national").expect("the plan comes with the program");
    // Each has some three events; that many are always enough.
    plan.consultations = count as u64;
    let events: Vec<Event> = Synth::new(&plan).take(count).collect();
    assert_eq!(events.len(), count, "the plan ends too soon");
    events
}
