//! An event at the time at which it is read, and what the sources declared of themselves.
//!
//! A source that tells of a drop only after a while has its drops moved back by that while, before
//! anything is put in order. Everything after this file knows moments only.

use std::collections::BTreeMap;

use event::{Declaration, Event, Kind, Payload, Sides};

/// Kinds that bring somebody in or take them away.
pub(super) const COMING: [Kind; 2] = [Kind::Joined, Kind::Rejoined];
/// See [`COMING`].
pub(super) const GOING: [Kind; 2] = [Kind::Dropped, Kind::Left];
/// Kinds that show that somebody tried to get in.
pub(super) const ATTEMPTS: [Kind; 5] =
    [Kind::JoinAttempted, Kind::Waiting, Kind::Joined, Kind::Rejoined, Kind::JoinFailed];
/// Kinds that end a consultation.
pub(super) const TERMINAL: [Kind; 3] = [Kind::Converted, Kind::Abandoned, Kind::Completed];

/// An event and the millisecond at which it is read.
#[derive(Clone, Copy)]
pub(super) struct Moment<'a> {
    /// What happened.
    pub(super) event: &'a Event,
    /// When, after its source's delay of drops was taken off.
    pub(super) at: i64,
}

impl<'a> Moment<'a> {
    /// The moments of one consultation by (`at`, kind rank, `source`, `id`).
    pub(super) fn in_order(events: &[&'a Event], declared: &Declarations<'_>) -> Vec<Self> {
        let mut moments: Vec<Self> =
            events.iter().map(|event| Self { event, at: declared.read_at(event) }).collect();
        moments
            .sort_by_key(|moment| (moment.at, moment.event.kind(), &moment.event.source, &moment.event.id));
        moments
    }

    /// What kind of thing happened.
    pub(super) fn kind(&self) -> Kind {
        self.event.kind()
    }

    /// Whether its kind is one of `kinds`.
    pub(super) fn is(&self, kinds: &[Kind]) -> bool {
        kinds.contains(&self.kind())
    }

    /// The person it happened to.
    pub(super) fn person(&self) -> Option<&'a str> {
        self.event.participant.as_deref()
    }
}

/// The last declaration of every source that made one.
pub(super) struct Declarations<'a>(BTreeMap<&'a str, &'a Declaration>);

impl<'a> Declarations<'a> {
    /// What was declared among `events`: of several declarations of a source the last one holds, throughout.
    pub(super) fn of(events: &[&'a Event]) -> Self {
        let mut ordered = events.to_vec();
        ordered.sort_by_key(|event| (event.at, &event.source, &event.id));
        let declared = ordered.into_iter().filter_map(|event| match &event.payload {
            Payload::RecordingDeclared(declaration) => Some((event.consultation.as_str(), declaration)),
            _ => None,
        });
        Self(declared.collect())
    }

    /// The platform of a source's consultations.
    pub(super) fn platform(&self, source: &str) -> Option<&'a str> {
        self.0.get(source).and_then(|declaration| declaration.platform.as_deref())
    }

    /// Which sides the sources of a consultation see together.
    ///
    /// Only those count that tell of people coming, going, trying, hearing and seeing: a booking
    /// system or a survey beside a feed of one side sees no sides at all. When there is nothing of
    /// that kind, all sources count.
    pub(super) fn sides(&self, moments: &[Moment<'_>]) -> Sides {
        let telling: Vec<&Moment<'_>> =
            moments.iter().filter(|moment| tells_of_people(moment.kind())).collect();
        let heard = if telling.is_empty() { moments.iter().collect() } else { telling };
        let mut seen = heard.iter().map(|moment| self.sides_of(&moment.event.source));
        let first = seen.next().unwrap_or_default();
        if seen.all(|sides| sides == first) { first } else { Sides::Both }
    }

    fn sides_of(&self, source: &str) -> Sides {
        self.0.get(source).and_then(|declaration| declaration.sides).unwrap_or_default()
    }

    fn read_at(&self, event: &Event) -> i64 {
        let delay = self.0.get(event.source.as_str()).and_then(|declaration| declaration.drop_delay_ms);
        match delay {
            Some(delay_ms) if event.kind() == Kind::Dropped => event.at.plus(-i64::from(delay_ms)).ms(),
            _ => event.at.ms(),
        }
    }
}

fn tells_of_people(kind: Kind) -> bool {
    (Kind::JoinAttempted..=Kind::VideoLost).contains(&kind) || GOING.contains(&kind)
}
