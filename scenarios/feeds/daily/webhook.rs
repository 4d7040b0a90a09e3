//! What a Daily webhook tells.
//!
//! `event_ts` is when the webhook was sent and is read by nobody: people came at `joined_at` and went the
//! duration later. Delivered twice, a webhook gives the same event both times.

use event::{Payload, Role, Time};

use super::{Meeting, Origin, Person, RULES, joined};
use crate::document::Document;
use crate::epoch::{Unit, duration_ms, moment};
use crate::reason::untaken;
use crate::tale::Told;
use crate::{Refusal, Settings};

/// What is told by one webhook.
pub(super) fn tell(document: &Document<'_>, settings: &Settings) -> Result<Vec<Told>, Refusal> {
    let why =
        "this is neither a Daily webhook nor a session: each webhook is an object with type and payload";
    let name = document.text("type").ok_or_else(|| document.missing("type", why))?;
    let payload =
        || document.object("payload").ok_or_else(|| document.missing("payload", "it says what happened"));
    match name {
        "participant.joined" => Hook { told: payload()?, settings }.came(joined()),
        "waiting-participant.joined" => Hook { told: payload()?, settings }.came(Payload::Waiting),
        "participant.left" => Hook { told: payload()?, settings }.left(),
        "meeting.ended" => Hook { told: payload()?, settings }.ended(),
        name => Ok(vec![untaken(RULES, name)]),
    }
}

/// The payload of one webhook.
struct Hook<'a> {
    told: Document<'a>,
    settings: &'a Settings,
}

impl Hook<'_> {
    fn came(&self, payload: Payload) -> Result<Vec<Told>, Refusal> {
        let person = self.person()?;
        Ok(vec![Told::Event(self.meeting()?.event(payload, self.joined_at()?, Some(&person)))])
    }

    fn left(&self) -> Result<Vec<Told>, Refusal> {
        let why = "how long they were there, after joined_at, says when they left";
        let stayed =
            duration_ms(&self.told, "duration")?.ok_or_else(|| self.told.missing("duration", why))?;
        let (person, at) = (self.person()?, self.joined_at()?.plus(stayed));
        let payload = Payload::Left { reason: None };
        Ok(vec![Told::Event(self.meeting()?.event(payload, at, Some(&person)))])
    }

    fn ended(&self) -> Result<Vec<Told>, Refusal> {
        let at = moment(&self.told, "end_ts", Unit::Seconds)?;
        let at = at.ok_or_else(|| self.told.missing("end_ts", "it says when the meeting ended"))?;
        Ok(vec![Told::Event(self.meeting()?.event(Payload::Completed, at, None))])
    }

    /// The room: of people only that is told.
    fn meeting(&self) -> Result<Meeting, Refusal> {
        let name = self.told.name("room")?.or_else(|| self.settings.consultation.clone());
        let why = "it names the room: send the webhook as Daily wrote it";
        let name = name.ok_or_else(|| self.told.missing("room", why))?;
        Ok(Meeting { source: Origin::Webhook.source(self.settings), name })
    }

    fn person(&self) -> Result<Person, Refusal> {
        let connection = self.told.name("session_id")?.unwrap_or_default();
        let named = Some(connection.clone()).filter(|name| !name.is_empty());
        let why = "a participant needs one of user_id, session_id";
        let name = self.told.name("user_id")?.or(named).ok_or_else(|| self.told.missing("user_id", why))?;
        let role = match self.told.flag("owner") {
            Some(true) => Some(Role::Clinician),
            Some(false) => Some(self.settings.others.unwrap_or(Role::Unknown)),
            None => self.settings.others,
        };
        Ok(Person { name, role, connection })
    }

    fn joined_at(&self) -> Result<Time, Refusal> {
        let at = moment(&self.told, "joined_at", Unit::Seconds)?;
        at.ok_or_else(|| self.told.missing("joined_at", "it says when they came, in seconds since 1970"))
    }
}
