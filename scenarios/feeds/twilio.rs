//! Twilio Video: status callbacks of rooms, and the resources of Video Insights (the Video Log Analyzer).
//!
//! Two feeds, since they see different things: [`TwilioCallback`] is told while a room is held and gives
//! no reasons; [`TwilioInsights`] is asked afterwards and tells why somebody's stay ended. What they share
//! is here. The consultation is the room's sid: a room's name may be used again, and is taken only
//! where a mapping says so (`consultation = "RoomName"`, of Insights `"room_name"`). A participant is the
//! identity that the application chose, else the sid of their connection, which is another after every
//! return. Nobody is marked as the clinician, so that any two participants make the two sides. Identities
//! get a pseudonym from the engine.

mod callback;
mod departure;
mod insights;
mod signature;

#[cfg(test)]
mod tests;

pub use callback::TwilioCallback;
pub use insights::TwilioInsights;

pub(crate) use signature::TwilioSignature;

use event::{Context, Dimension, Event, Payload, Time};

use crate::identity;

/// The level of the dimension platform.
const PLATFORM: &str = "twilio";

/// The caveat of an end that both feeds infer.
const END: &str =
    "the room ended, which Twilio also says some minutes after everybody was cut off or nobody came";

/// Something in a room, as both feeds tell it.
struct Seen<'a> {
    source: &'a str,
    /// The room, by its sid or its name.
    room: &'a str,
    /// The identity of a participant and the sid of their connection.
    who: Option<(&'a str, &'a str)>,
}

impl Seen<'_> {
    /// What happened. Its id follows from the sids, which name one room and one connection, so that a
    /// callback delivered twice is one event.
    fn event(&self, payload: Payload, at: Time) -> Event {
        let at_ms = at.ms().to_string();
        let connection = self.who.map_or("", |(_, connection)| connection);
        let id = identity::derive(["twilio", self.room, payload.kind().name(), connection, &at_ms]);
        let participant = self.who.map(|(identity, _)| identity.to_owned());
        Event { participant, ..Event::new(self.source, id, self.room, at, payload) }
    }
}

/// An arrival.
fn joined() -> Payload {
    Payload::Joined { context: Some(Context::default().with(Dimension::Platform, PLATFORM)) }
}
