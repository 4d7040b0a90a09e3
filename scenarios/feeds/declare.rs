//! What a feed can tell, said once for every source it names.
//!
//! The declaration is an event like any other. It has to be the same event whichever file of a source is
//! read first, so its time is the beginning of time as computers count it, not that of any file, and its
//! id follows from what it says.

use std::collections::{BTreeMap, BTreeSet};

use event::{Capability, Declaration, Event, Kind, KindSet, Payload, Time};

use crate::{cloudevents, identity};

/// How many sources are remembered; beyond that a declaration may come twice, as the same event.
const REMEMBERED: usize = 10_000;

/// The sources that have been declared.
#[derive(Default)]
pub(crate) struct Declared {
    sources: BTreeSet<String>,
}

impl Declared {
    /// The event that declares `source`, unless this has given it before.
    pub(crate) fn once(&mut self, source: &str, declaration: &Declaration) -> Option<Event> {
        if self.sources.contains(source) {
            return None;
        }
        if self.sources.len() == REMEMBERED {
            self.sources.clear();
        }
        self.sources.insert(source.to_owned());
        let payload = Payload::RecordingDeclared(declaration.clone());
        Some(identified(Event::new(source, "", source, Time::from_ms(0), payload)))
    }
}

/// The event, with the id that follows from all it says.
pub(crate) fn identified(event: Event) -> Event {
    let id = identity::derive([cloudevents::line(&event).as_str()]);
    Event { id, ..event }
}

/// The declaration of a feed that tells these kinds and no other.
pub(crate) fn declaration(feed: &str, observed: KindSet, inferred: KindSet) -> Declaration {
    let of = |kind| match kind {
        kind if observed.has(kind) => Capability::Observed,
        kind if inferred.has(kind) => Capability::Inferred,
        _ => Capability::Unobservable,
    };
    let told = Kind::ALL.into_iter().filter(|kind| !matches!(kind, Kind::RecordingDeclared | Kind::Unknown));
    let capabilities: BTreeMap<_, _> = told.map(|kind| (kind.name().to_owned(), of(kind))).collect();
    Declaration { feed: Some(feed.to_owned()), capabilities, ..Declaration::default() }
}
