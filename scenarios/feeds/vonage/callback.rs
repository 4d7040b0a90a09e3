//! One callback, and what it tells.

use event::{Context, Dimension, Event, Payload, Time};

use super::person::{People, Person};
use super::{PLATFORM, RULES};
use crate::document::Document;
use crate::tale::Told;
use crate::text::{check, quoted, shown};
use crate::{Refusal, Settings, identity};

/// What `document` tells.
pub(super) fn tell(
    document: &Document<'_>,
    settings: &Settings,
    people: &mut People,
) -> Result<Vec<Told>, Refusal> {
    let Some(name) = document.text("event") else {
        if document.has("sessionId") && document.has("status") {
            return Ok(vec![Told::Skipped(untaken("archive"))]);
        }
        let why = "this is no callback of Vonage session monitoring: each is an object with sessionId, event and timestamp";
        return Err(document.missing("event", why));
    };
    let callback = Callback { document, settings, name };
    match name {
        "connectionCreated" => callback.created(people),
        "connectionDestroyed" => callback.destroyed(people),
        "sessionDestroyed" => callback.ended(),
        name => Ok(vec![Told::Skipped(untaken(name))]),
    }
}

struct Callback<'a> {
    document: &'a Document<'a>,
    settings: &'a Settings,
    name: &'a str,
}

impl Callback<'_> {
    fn created(&self, people: &mut People) -> Result<Vec<Told>, Refusal> {
        let connection = self.connection()?;
        let person = people.person(&connection, self.settings)?;
        let at = match connection.stamp("createdAt")? {
            Some(at) => at,
            None => self.time()?,
        };
        let context = Context::default().with(Dimension::Platform, PLATFORM);
        self.event(Payload::Joined { context: Some(context) }, at, Some(&person))
    }

    fn destroyed(&self, people: &mut People) -> Result<Vec<Told>, Refusal> {
        let person = people.person(&self.connection()?, self.settings)?;
        let reason = self.document.text("reason");
        if let Some(reason) = reason {
            check(reason, &"/reason", || "/reason".into())?;
        }
        let payload = match reason {
            Some("networkDisconnected") => Payload::Dropped { reason: reason.map(str::to_owned) },
            Some("clientDisconnected") => Payload::Left { reason: None },
            reason => Payload::Left { reason: reason.map(str::to_owned) },
        };
        self.event(payload, self.time()?, Some(&person))
    }

    fn ended(&self) -> Result<Vec<Told>, Refusal> {
        self.event(Payload::Completed, self.time()?, None)
    }

    fn connection(&self) -> Result<Document<'_>, Refusal> {
        let connection = self.document.object("connection");
        connection.ok_or_else(|| self.document.missing("connection", "it says who it was"))
    }

    fn time(&self) -> Result<Time, Refusal> {
        let at = self.document.stamp("timestamp")?;
        at.ok_or_else(|| self.document.missing("timestamp", "it says when, in milliseconds since 1970"))
    }

    fn event(&self, payload: Payload, at: Time, person: Option<&Person>) -> Result<Vec<Told>, Refusal> {
        let session = self.document.required_name("sessionId", "it names the session")?;
        let project = match self.document.name("projectId")? {
            Some(project) => Some(project),
            None => self.document.name("applicationId")?,
        };
        let source = match (&self.settings.source, project) {
            (Some(source), _) => source.clone(),
            (None, Some(project)) => format!("urn:vonage:{project}"),
            (None, None) => "urn:vonage".to_owned(),
        };
        let connection = person.map_or("", |person| &person.connection);
        let id = identity::derive(["vonage", &session, self.name, connection, &at.ms().to_string()]);
        let event = Event::new(source, id, session, at, payload);
        let event = match person {
            Some(person) => event.by(&person.name, person.role),
            None => event,
        };
        Ok(vec![Told::Event(event)])
    }
}

/// Why a callback of that name becomes no event.
fn untaken(name: &str) -> std::borrow::Cow<'static, str> {
    let named = |theirs: &str| theirs.split(", ").any(|theirs| theirs == name);
    match RULES.iter().find(|rule| rule.ours.is_none() && named(rule.theirs)) {
        Some(rule) => format!("{name}: {}", rule.why).into(),
        None => format!("callback {}: it tells nothing that this feed reads", shown(&quoted(name))).into(),
    }
}
