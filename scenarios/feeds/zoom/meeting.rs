//! One meeting: the consultation that events belong to, and the ids that follow from it.

use event::{Event, Payload, Time};

use super::person::Person;
use crate::identity;

/// The meeting that a document tells of.
pub(super) struct Meeting {
    /// The source of its events.
    pub(super) source: String,
    /// Its name: of this one meeting, not of a series.
    pub(super) name: String,
}

impl Meeting {
    /// Something that happened in it. Its id follows from what Zoom calls the meeting, the person and the
    /// connection, so that a webhook delivered twice is one event.
    pub(super) fn event(&self, payload: Payload, at: Time, person: Option<&Person>) -> Event {
        let (who, connection) = person.map_or(("", ""), |person| (&person.name, &person.connection));
        let at_ms = at.ms().to_string();
        let id = identity::derive(["zoom", &self.name, payload.kind().name(), who, connection, &at_ms]);
        let event = Event::new(&self.source, id, &self.name, at, payload);
        let (participant, role) =
            person.map_or((None, None), |person| (Some(person.name.clone()), person.role));
        Event { participant, role, ..event }
    }
}
