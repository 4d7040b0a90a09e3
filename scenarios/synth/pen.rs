//! The pen: beats of a story written down as events, by the source that saw them.
//!
//! It knows what the source can tell, who the people are and how events are named. A context is
//! written once per consultation, on the first event that can carry it.

use std::collections::BTreeMap;

use event::{Capability, Context, Declaration, Event, Extra, Kind, Payload, Time};

use crate::mess::UNKNOWN_KIND;
use crate::story::{Beat, Who};
use crate::visit::Visit;
use crate::world::World;

/// Writes the events of one visit, numbered in the order in which they are written.
pub(crate) struct Pen<'a> {
    world: &'a World,
    visit: &'a Visit,
    consultation: String,
    patient: String,
    clinician: String,
    context: Option<Context>,
    written: usize,
}

impl<'a> Pen<'a> {
    pub(crate) fn new(world: &'a World, visit: &'a Visit) -> Self {
        Self {
            world,
            visit,
            consultation: visit.consultation(),
            patient: format!("p-{:06}", visit.index),
            clinician: format!("k-{}", visit.clinician),
            context: Some(visit.context(world)),
            written: 0,
        }
    }

    /// Writes what is known ahead: that the visit was booked, and that it was called off.
    pub(crate) fn notices(&mut self) -> Vec<Event> {
        let Some(booked) = self.visit.booked else { return Vec::new() };
        let scheduled = Payload::Scheduled { booked_start: Some(self.visit.start), context: None };
        let cancelled = self.visit.cancelled.map(|at| {
            let by = if at.ms() % 3 == 0 { "organisation" } else { "patient" };
            (at, Payload::Cancelled { by: Some(by.to_owned()), reason: None })
        });
        [(booked, scheduled)]
            .into_iter()
            .chain(cancelled)
            .filter_map(|(at, payload)| self.write(Beat { at, who: None, payload }))
            .collect()
    }

    /// Writes a beat, if the source can tell it.
    pub(crate) fn write(&mut self, beat: Beat) -> Option<Event> {
        let kind = beat.payload.kind();
        if kind != Kind::Unknown && !self.world.told[self.visit.platform].has(kind) {
            return None;
        }
        self.written += 1;
        let payload = self.with_context(beat.payload);
        let organisation = self.visit.organisation(self.world);
        let mut event = Event::new(
            organisation.sources[self.visit.platform].as_str(),
            format!("e-{:06}-{}", self.visit.index, self.written),
            self.consultation.as_str(),
            beat.at.plus(organisation.skew_ms[self.visit.platform]),
            payload,
        );
        if kind == Kind::Unknown {
            event.extra = Some(Box::new(unknown_data()));
        }
        Some(match beat.who {
            Some(Who::Patient) => event.by(self.patient.as_str(), Who::Patient.role()),
            Some(Who::Clinician) => event.by(self.clinician.as_str(), Who::Clinician.role()),
            None => event,
        })
    }

    fn with_context(&mut self, payload: Payload) -> Payload {
        match payload {
            Payload::Joined { context: None } => Payload::Joined { context: self.context.take() },
            Payload::Scheduled { booked_start, context: None } => {
                Payload::Scheduled { booked_start, context: self.context.take() }
            }
            other => other,
        }
    }
}

/// What every source of the world declares that it can see, at `at`.
pub(crate) fn declarations(world: &World, at: Time) -> Vec<Event> {
    let mut declared = Vec::new();
    for organisation in &world.organisations {
        let shares = &world.cohorts[organisation.cohort].shares;
        for (platform, source) in organisation.sources.iter().enumerate() {
            if organisation.shares[platform].min(shares[platform]) > 0.0 {
                let payload = Payload::RecordingDeclared(declaration(world, platform));
                declared.push(Event::new(source.as_str(), "e-declared", source.as_str(), at, payload));
            }
        }
    }
    declared
}

fn declaration(world: &World, platform: usize) -> Declaration {
    let planned = &world.plan.platforms[platform];
    let capability = |kind: Kind| match planned.inferred.iter().any(|name| name == kind.name()) {
        true => Capability::Inferred,
        false => Capability::Observed,
    };
    let capabilities: BTreeMap<String, Capability> = Kind::ALL
        .into_iter()
        .filter(|kind| world.told[platform].has(*kind))
        .map(|kind| (kind.name().to_owned(), capability(kind)))
        .collect();
    Declaration {
        feed: Some("synth".to_owned()),
        platform: Some(planned.name.clone()),
        capabilities,
        sides: None,
        drop_delay_ms: None,
    }
}

fn unknown_data() -> Extra {
    debug_assert!(Kind::from_name(UNKNOWN_KIND).is_none(), "the unknown kind has become known");
    let data = BTreeMap::from([("hand".to_owned(), "\"left\"".to_owned())]);
    Extra { attributes: BTreeMap::new(), data }
}
