//! One callback, and what it tells.

use event::{Context, Dimension, Event, Payload, Time};

use super::departure::departure;
use super::person::{Key, Person};
use super::{PLATFORM, RULES};
use crate::document::Document;
use crate::epoch::{Unit, moment};
use crate::tale::Told;
use crate::text::{quoted, shown};
use crate::{Refusal, Settings, identity};

/// What one callback tells.
pub(super) enum Tidings {
    /// Somebody's connection was made.
    Came(Key, Person, Vec<Told>),
    /// Somebody's connection ended.
    Went(Key, Vec<Told>),
    /// A connection ended whose callback does not say whose it was.
    Unnamed(Key),
    /// Nobody came or went.
    Other(Vec<Told>),
}

/// What `document` tells; a connection that does not say whose it is is that of `known`.
pub(super) fn tell(
    document: &Document<'_>,
    settings: &Settings,
    known: &dyn Fn(&Key) -> Option<Person>,
) -> Result<Tidings, Refusal> {
    let Some(name) = document.text("event") else {
        if document.has("sessionId") && document.has("status") {
            return Ok(Tidings::Other(vec![Told::Skipped(untaken("archive"))]));
        }
        let why = "this is no callback of Vonage session monitoring: each is an object with sessionId, event and timestamp";
        return Err(document.missing("event", why));
    };
    let callback = Callback { document, settings, name };
    match name {
        "connectionCreated" => callback.created(),
        "connectionDestroyed" => callback.destroyed(known),
        "sessionDestroyed" => callback.ended().map(Tidings::Other),
        name => Ok(Tidings::Other(vec![Told::Skipped(untaken(name))])),
    }
}

struct Callback<'a> {
    document: &'a Document<'a>,
    settings: &'a Settings,
    name: &'a str,
}

impl Callback<'_> {
    fn created(&self) -> Result<Tidings, Refusal> {
        let connection = self.connection()?;
        let bare = Person::bare(&connection, self.settings)?;
        let person = Person::told(&connection, self.settings)?.unwrap_or(bare);
        let at = match moment(&connection, "createdAt", Unit::Milliseconds)? {
            Some(at) => at,
            None => self.time()?,
        };
        let context = Context::default().with(Dimension::Platform, PLATFORM);
        let joined = self.event(Payload::Joined { context: Some(context) }, at, Some(&person))?;
        Ok(Tidings::Came((self.session()?, person.connection.clone()), person, vec![joined]))
    }

    fn destroyed(&self, known: &dyn Fn(&Key) -> Option<Person>) -> Result<Tidings, Refusal> {
        let connection = self.connection()?;
        let bare = Person::bare(&connection, self.settings)?;
        let key = (self.session()?, bare.connection.clone());
        let (payload, note) = departure(self.document.text("reason"));
        // Whatever is wrong with the callback is told before it waits for another.
        let time = self.time()?;
        let Some(person) = Person::told(&connection, self.settings)?.or_else(|| known(&key)) else {
            self.event(payload, time, Some(&bare))?;
            return Ok(Tidings::Unnamed(key));
        };
        let mut told = vec![self.event(payload, time, Some(&person))?];
        told.extend(note);
        Ok(Tidings::Went(key, told))
    }

    fn ended(&self) -> Result<Vec<Told>, Refusal> {
        if self.document.has("reason") && self.document.value("reason") != Some(&"".into()) {
            return Ok(vec![Told::Skipped(untaken("sessionDestroyed with a reason"))]);
        }
        Ok(vec![self.event(Payload::Completed, self.time()?, None)?])
    }

    fn session(&self) -> Result<String, Refusal> {
        self.document.required_name("sessionId", "it names the session")
    }

    fn connection(&self) -> Result<Document<'_>, Refusal> {
        let connection = self.document.object("connection");
        connection.ok_or_else(|| self.document.missing("connection", "it says who it was"))
    }

    fn time(&self) -> Result<Time, Refusal> {
        let at = moment(self.document, "timestamp", Unit::Milliseconds)?;
        at.ok_or_else(|| self.document.missing("timestamp", "it says when, in milliseconds since 1970"))
    }

    fn event(&self, payload: Payload, at: Time, person: Option<&Person>) -> Result<Told, Refusal> {
        let session = self.session()?;
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
        Ok(Told::Event(event))
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
