//! Where the events of the laws come from, and what a replay of them must give.
//!
//! Found in memory and without a log, by the plain road from events to rows.

use std::collections::{BTreeMap, BTreeSet};

use engine::log::Position;
use engine::replay::{About, Rows, compare};
use event::{Capability, Dimension, Event, Kind, KindSet, Payload, Time};
use projections::compare::{Ask, Comparison};
use projections::coverage::Coverage;
use projections::episode::gather;
use projections::outcome::{InProgress, Outcome};
use projections::parameters::Parameters;
use projections::projection::Projection;
use projections::reading::{Reading, read};
use projections::source::{Sight, Sources};
use proptest::collection::vec;
use proptest::option::weighted;
use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::TestRunner;
use synth::{Plan, Synth};

use crate::naive::messy;

/// The events of a plan that comes with `synth`, of so many consultations.
pub(crate) fn planned(name: &str, consultations: u64) -> Vec<Event> {
    let mut plan = Plan::named(name).unwrap();
    plan.consultations = consultations;
    Synth::new(&plan).collect()
}

/// Several messy recordings as one, of sources that declare to see this and not that, and an `until`.
pub(crate) fn recordings() -> impl Strategy<Value = (Vec<Event>, Option<Time>)> {
    let capability = prop_oneof![
        6 => Just(Capability::Observed),
        1 => Just(Capability::Inferred),
        1 => Just(Capability::Unobservable),
    ];
    let capabilities = vec(vec(weighted(0.8, capability), Kind::ALL.len()), 1..4);
    (vec(messy::episodes_until(), 1..7), capabilities).prop_map(|(recordings, capabilities)| {
        let until = recordings.iter().find_map(|(_, until)| *until);
        let numbered = recordings.into_iter().enumerate();
        let events = numbered.flat_map(|(number, (events, _))| {
            let capabilities = &capabilities;
            events.into_iter().map(move |event| renamed(event, number, capabilities))
        });
        (events.collect(), until)
    })
}

/// The event of the recording of that number; if it declares, then one of these capabilities by kind.
fn renamed(mut event: Event, number: usize, capabilities: &[Vec<Option<Capability>>]) -> Event {
    if let Payload::RecordingDeclared(declaration) = &mut event.payload {
        let told = &capabilities[number % capabilities.len()];
        let named =
            Kind::ALL.into_iter().zip(told).map(|(kind, told)| Some((kind.name().to_owned(), (*told)?)));
        declaration.capabilities = named.flatten().collect();
    } else {
        event.consultation = format!("{number}-{}", event.consultation);
    }
    if let Payload::Scheduled { context: Some(context), .. } | Payload::Joined { context: Some(context) } =
        &mut event.payload
    {
        let organisation = Some(["a", "b", "c"][number % 3]).filter(|_| number != 3);
        organisation.into_iter().for_each(|name| context.set(Dimension::Organisation, name));
        let modality = [None, Some("video"), None, None, Some("phone"), None][number];
        modality.into_iter().for_each(|name| context.set(Dimension::Modality, name));
    }
    event.id = format!("{number}-{}", event.id);
    event
}

/// Some messy recordings, the same at every call: a pool in which nearly everything occurs.
pub(super) fn the_same_recordings(count: usize) -> Vec<Vec<Event>> {
    let mut runner = TestRunner::deterministic();
    (0..count).map(|_| recordings().new_tree(&mut runner).unwrap().current().0).collect()
}

/// What a replay must give, found in memory and without a log.
pub(crate) struct Expected {
    pub(crate) rows: Vec<Outcome>,
    pub(crate) open: Vec<InProgress>,
    parameters: Parameters,
    position: u64,
    pub(super) undeclared: Vec<String>,
}

impl Expected {
    /// Of a replay of `events`.
    pub(crate) fn of(events: &[Event], until: Option<Time>) -> Self {
        let (sources, consultations) = apart(events);
        let names: Vec<&str> = sources.names().collect();
        let sights: Vec<Sight> = names.iter().map(|name| sources.sight(name)).collect();
        let newest = events.iter().map(|event| event.at).max().unwrap_or_default();
        let parameters = Parameters::as_of(until.unwrap_or(newest));
        let (mut rows, mut open, mut coverage) = (Vec::new(), Vec::new(), Coverage::default());
        for (consultation, events) in consultations {
            let episode = gather(events, |source| names.binary_search(&source).unwrap() as u32, &sights);
            match read(consultation, &episode, &sights, &parameters) {
                Reading::Closed(row) => rows.push(*row),
                Reading::Open(one) => open.push(one),
            }
        }
        rows.iter().for_each(|row| coverage.add(row));
        rows.iter_mut().for_each(|row| coverage.apply(row));
        let undeclared = names.iter().zip(&sights).filter(|(_, sight)| !sight.declared);
        let undeclared = undeclared.map(|(name, _)| (*name).to_owned()).collect();
        Self { rows, open, parameters, position: distinct(events).len() as u64, undeclared }
    }

    /// The answer to a question.
    pub(crate) fn compare(&self, ask: &Ask) -> Comparison {
        compare(self, ask, 1).unwrap()
    }
}

impl Rows for Expected {
    fn fold<P>(&self, projection: &P, _: usize) -> P::State
    where
        P: Projection + Sync,
        P::State: Send,
    {
        projection.fold(&self.rows)
    }

    fn about(&self) -> About {
        let in_progress = self.open.len() as u64;
        About { parameters: self.parameters, position: Position(self.position), in_progress }
    }
}

/// What is known of the sources of `events`, and the events of each consultation.
fn apart(events: &[Event]) -> (Sources, BTreeMap<&str, Vec<&Event>>) {
    let mut sources = Sources::default();
    let mut consultations: BTreeMap<&str, Vec<&Event>> = BTreeMap::new();
    for event in events {
        sources.sent(&event.source, KindSet::NONE.with(event.kind()));
        match &event.payload {
            Payload::RecordingDeclared(declaration) => {
                let key = (event.at, event.source.clone(), event.id.clone());
                sources.declared(&event.consultation, key, declaration.clone());
            }
            _ => consultations.entry(&event.consultation).or_default().push(event),
        }
    }
    (sources, consultations)
}

/// The events without those that bear the name of an earlier one.
pub(super) fn distinct(events: &[Event]) -> Vec<Event> {
    let mut names = BTreeSet::new();
    events.iter().filter(|event| names.insert((&event.source, &event.id))).cloned().collect()
}
