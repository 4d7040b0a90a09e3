//! Amazon Chime SDK: the events of its meetings on EventBridge, and those of its clients.
//!
//! Two feeds, since they see different things: [`ChimeEventBridge`] and [`ChimeClient`]. What they share
//! is here: which meeting is told of, who an attendee is, and the source of the events. The meeting is
//! the consultation. An attendee is known by the external user id, which the application gives and which
//! lasts; else by the attendee id. Applications write `id#name` into the external user id: the name never
//! becomes part of an event. Chime marks nobody as the host, so that any two people are the two sides.

mod client;
mod eventbridge;

#[cfg(test)]
mod tests;

pub use client::ChimeClient;
pub use eventbridge::ChimeEventBridge;

use event::{Event, Payload, Time};

use crate::document::Document;
use crate::{Refusal, Settings};

/// What names a meeting: Chime, and the application that began it.
const NAMES: [&str; 2] = ["meetingId", "externalMeetingId"];

/// The level of the dimension platform.
const PLATFORM: &str = "chime";

/// The attendee that shares a screen has the id of the person with this behind it.
const CONTENT: &str = "#content";

/// What one document tells of: a meeting, and somebody in it.
struct Told<'a> {
    /// Where the ids stand.
    ids: Document<'a>,
    /// Which name of the meeting names the consultation.
    naming: &'static str,
    /// The source of the events.
    source: String,
    settings: &'a Settings,
}

impl Told<'_> {
    /// An event of the meeting, with nobody in it.
    fn of_meeting(&self, id: String, at: Time, payload: Payload) -> Result<Event, Refusal> {
        Ok(Event::new(&self.source, id, self.meeting()?, at, payload))
    }

    /// An event of the attendee.
    fn of_attendee(&self, id: String, at: Time, payload: Payload) -> Result<Event, Refusal> {
        let event = self.of_meeting(id, at, payload)?;
        Ok(Event { participant: Some(self.attendee()?), ..event })
    }

    /// The meeting, which is the consultation.
    fn meeting(&self) -> Result<String, Refusal> {
        match (self.ids.name(self.naming)?, &self.settings.consultation) {
            (Some(meeting), _) => Ok(meeting),
            (None, Some(name)) => Ok(name.clone()),
            (None, None) => {
                Err(self.ids.missing(self.naming, "it names the meeting: send the event as Chime wrote it"))
            }
        }
    }

    /// The person, without the name that may stand behind the id.
    fn attendee(&self) -> Result<String, Refusal> {
        if let Some(user) = self.ids.name("externalUserId")? {
            let id = user.split('#').next().unwrap_or_default();
            if !id.is_empty() {
                return Ok(id.to_owned());
            }
        }
        self.ids.required_name("attendeeId", "an attendee needs one of externalUserId, attendeeId")
    }

    /// Whether it is the content that somebody shares, and not the person.
    fn is_content(&self) -> bool {
        self.ids.text("attendeeId").is_some_and(|id| id.ends_with(CONTENT))
    }
}
