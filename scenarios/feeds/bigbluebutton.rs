//! BigBlueButton: the callbacks of bbb-webhooks.
//!
//! Each callback is a form with `event` (a JSON text), `timestamp` (when it was sent) and `domain`; an event
//! is `{"data":{"id":"user-joined","attributes":{"meeting":...,"user":...},"event":{"ts":...}}}`. Forms and
//! bare events are read. The consultation is the internal meeting id, which is of one session; the external
//! id may be used again, and is taken only where a mapping says `consultation = "external-meeting-id"`. A
//! participant is the external user id that the application gave, else the internal one, which is another
//! after every return. Moderators are read as clinicians. An event's own `ts` is its time; with meeting, user
//! and name it is the duplicate key. `user-left` is sometimes missing and never says why: drops cannot be
//! told, and no departure is made up.

mod signature;

#[cfg(test)]
mod tests;

pub(crate) use signature::BigBlueButtonChecksum;

use std::borrow::Cow;
use std::io::BufRead;

use event::{Context, Declaration, Dimension, Event, Kind, KindSet, Payload, Role, Time};
use memchr::memmem;
use serde_json::Value;

use crate::document::Document;
use crate::epoch::{self, Unit};
use crate::frame::begins_json;
use crate::signature::Scheme;
use crate::tale::{self, Tale, Told};
use crate::text::{quoted, shown};
use crate::{Feed, FeedError, Refusal, Rule, Settings, Sink, declare, form, identity, naming};

/// The feed of BigBlueButton webhooks.
#[derive(Debug, Clone, Copy)]
pub struct BigBlueButton;

/// The level of the dimension platform.
const PLATFORM: &str = "bigbluebutton";

const OBSERVED: KindSet = KindSet::of(&[Kind::Joined, Kind::Rejoined]);
const INFERRED: KindSet = KindSet::of(&[Kind::Left, Kind::Completed]);

impl Feed for BigBlueButton {
    fn name(&self) -> &'static str {
        "bigbluebutton"
    }

    fn title(&self) -> &'static str {
        "BigBlueButton webhooks"
    }

    fn about(&self) -> &'static str {
        "The callbacks of bbb-webhooks: as they were posted, one form (domain=...&event=...&timestamp=...) a \
         line, or their events as JSON. Hooks have to be registered without getRaw. They tell who came and \
         went, without a reason: a connection that was lost reads like leaving, so that drops are not told, \
         and some departures are not told at all. The consultation is the internal meeting id, or the \
         external one by --map with consultation = \"external-meeting-id\". Moderators are read as clinicians; the role of the others \
         is what the settings say."
    }

    fn capabilities(&self, _: &Settings) -> Option<Declaration> {
        Some(declaration())
    }

    fn caveats(&self) -> &'static [(Kind, &'static str)] {
        CAVEATS
    }

    fn rules(&self) -> &'static [Rule] {
        RULES
    }

    fn scheme(&self) -> Option<&'static dyn Scheme> {
        Some(&BigBlueButtonChecksum)
    }

    fn recognises(&self, head: &[u8]) -> bool {
        // Hyphens are not encoded in a form, and quotes are.
        let has = |part: &[u8]| memmem::find(head, part).is_some();
        let form = has(b"event=%5B") || has(b"event=%7B") || has(b"event=[") || has(b"event={");
        (form || begins_json(head)) && (has(b"internal-meeting-id") || has(b"bbb-apps-akka"))
    }

    fn read(&self, input: &mut dyn BufRead, settings: &Settings, sink: Sink<'_>) -> Result<(), FeedError> {
        let naming = naming::chosen(settings, ["internal-meeting-id", "external-meeting-id"])?;
        tale::read_parsed(input, settings, sink, form::parse, &mut |document| {
            tell(document, naming, settings)
        })
    }
}

fn declaration() -> Declaration {
    let told = declare::declaration(BigBlueButton.name(), OBSERVED, INFERRED);
    Declaration { platform: Some(PLATFORM.to_owned()), ..told }
}

/// What is counted of a callback with an empty list.
const NO_EVENT: &str = "a callback without an event";

/// What a callback tells, or an event out of one.
fn tell(document: &Document<'_>, naming: &str, settings: &Settings) -> Result<Tale, Refusal> {
    let domain = document.name("domain")?;
    let of = |event: &Document<'_>| told(event, domain.as_deref(), naming, settings);
    let told = if let Some(text) = document.text("event") {
        // The places of refusals are then those within the event's own JSON.
        let value: Value = serde_json::from_str(text)
            .map_err(|error| Refusal::at("/event", format!("/event is no JSON: {error}")))?;
        match &value {
            Value::Array(several) if several.is_empty() => vec![Told::Skipped(NO_EVENT.into())],
            Value::Array(several) => {
                several.iter().flat_map(|value| each(&Document::new(value), &of)).collect()
            }
            one => of(&Document::new(one))?,
        }
    } else if let Some(several) = document.list("event") {
        if several.is_empty() {
            vec![Told::Skipped(NO_EVENT.into())]
        } else {
            several.iter().flat_map(|event| each(event, &of)).collect()
        }
    } else {
        match document.object("event") {
            Some(event) => of(&event)?,
            None => of(document)?,
        }
    };
    Ok(Tale { told, declaration: declaration() })
}

/// What one event of several tells; a refusal costs that one alone.
fn each(event: &Document<'_>, of: &dyn Fn(&Document<'_>) -> Result<Vec<Told>, Refusal>) -> Vec<Told> {
    of(event).unwrap_or_else(|refusal| vec![Told::Refused(refusal, event.json())])
}

fn told(
    document: &Document<'_>,
    domain: Option<&str>,
    naming: &str,
    settings: &Settings,
) -> Result<Vec<Told>, Refusal> {
    let Some(data) = document.object("data") else {
        let why = if document.has("envelope") || document.has("core") {
            "this is a raw message: register the hook without getRaw"
        } else {
            "this is no event of a BigBlueButton webhook: write the callback as it was posted"
        };
        return Err(document.missing("data", why));
    };
    let name = data.text("id").ok_or_else(|| data.missing("id", "it says what happened"))?;
    if !matches!(name, "user-joined" | "user-left" | "meeting-ended") {
        return Ok(vec![Told::Skipped(untaken(name))]);
    }
    let hook = Hook { data, domain, naming, settings };
    match name {
        "user-joined" => hook.joined(),
        "user-left" => hook.of_user(Payload::Left { reason: None }),
        _ => hook.ended(),
    }
}

/// One event.
struct Hook<'a> {
    data: Document<'a>,
    domain: Option<&'a str>,
    /// Which id of the meeting names the consultation.
    naming: &'a str,
    settings: &'a Settings,
}

impl Hook<'_> {
    fn joined(&self) -> Result<Vec<Told>, Refusal> {
        let mut context = Context::default().with(Dimension::Platform, PLATFORM);
        let (name, role) = self.user()?;
        if role == Some(Role::Clinician) {
            context.set(Dimension::Clinician, name);
        }
        self.of_user(Payload::Joined { context: Some(context) })
    }

    fn of_user(&self, payload: Payload) -> Result<Vec<Told>, Refusal> {
        let (name, role) = self.user()?;
        let event = self.event(payload, &self.part("user")?.name("internal-user-id")?.unwrap_or_default())?;
        Ok(vec![Told::Event(Event { participant: Some(name), role, ..event })])
    }

    fn ended(&self) -> Result<Vec<Told>, Refusal> {
        Ok(vec![Told::Event(self.event(Payload::Completed, "")?)])
    }

    fn event(&self, payload: Payload, connection: &str) -> Result<Event, Refusal> {
        let at = self.time()?;
        let meeting = match (self.part("meeting")?.name(self.naming)?, &self.settings.consultation) {
            (Some(name), _) => name,
            (None, Some(name)) => name.clone(),
            (None, None) => {
                let why = "it names the meeting, and so the consultation";
                return Err(self.part("meeting")?.missing(self.naming, why));
            }
        };
        let source = match (&self.settings.source, self.domain) {
            (Some(source), _) => source.clone(),
            (None, Some(domain)) => format!("urn:bigbluebutton:{domain}"),
            (None, None) => "urn:bigbluebutton:webhook".to_owned(),
        };
        let at_ms = at.ms().to_string();
        let id = identity::derive(["bigbluebutton", &meeting, payload.kind().name(), connection, &at_ms]);
        Ok(Event::new(source, id, meeting, at, payload))
    }

    /// Who it was, and the part they play: moderators are the clinicians.
    fn user(&self) -> Result<(String, Option<Role>), Refusal> {
        let user = self.part("user")?;
        let name = match user.name("external-user-id")? {
            Some(name) => Some(name),
            None => user.name("internal-user-id")?,
        };
        let why = "a user needs an external-user-id or an internal-user-id";
        let name = name.ok_or_else(|| user.missing("external-user-id", why))?;
        let role = match user.text("role") {
            Some("MODERATOR") => Some(Role::Clinician),
            Some(_) => Some(self.settings.others.unwrap_or(Role::Unknown)),
            // Departures mostly do not say; the arrival has said it.
            None => None,
        };
        Ok((name, role))
    }

    fn part(&self, name: &str) -> Result<Document<'_>, Refusal> {
        let attributes = self.data.object("attributes");
        let attributes =
            attributes.ok_or_else(|| self.data.missing("attributes", "they say who and where"))?;
        attributes.object(name).ok_or_else(|| attributes.missing(name, "it belongs to the event"))
    }

    fn time(&self) -> Result<Time, Refusal> {
        let event = self.data.object("event");
        let event = event.ok_or_else(|| self.data.missing("event", "its ts says when"))?;
        let at = epoch::moment(&event, "ts", Unit::Milliseconds)?;
        at.ok_or_else(|| event.missing("ts", "it says when, in milliseconds since 1970"))
    }
}

/// Why an event of that name becomes none of ours.
fn untaken(name: &str) -> Cow<'static, str> {
    let is_it = |theirs: &str| match theirs.strip_suffix('*') {
        Some(beginning) => name.starts_with(beginning),
        None => theirs == name,
    };
    match RULES.iter().find(|rule| rule.ours.is_none() && rule.theirs.split(", ").any(is_it)) {
        Some(rule) => format!("{}: {}", shown(name), rule.why).into(),
        None => format!("event {}: it tells nothing that this feed reads", shown(&quoted(name))).into(),
    }
}

const CAVEATS: &[(Kind, &str)] = &[
    (
        Kind::Left,
        "a connection that was lost is told like leaving, and some departures are not told: then the stay goes on to the next arrival or the end",
    ),
    (Kind::Completed, "the meeting ended, which is also said some minutes after everybody was cut off"),
];

const RULES: &[Rule] = &[
    Rule {
        theirs: "user-joined",
        ours: Some(Kind::Joined),
        why: "a return is told as another one; they are in the meeting, though sound may come later",
    },
    Rule {
        theirs: "user-left",
        ours: Some(Kind::Left),
        why: "inferred: no reason is told, of going on purpose or of a lost connection",
    },
    Rule { theirs: "meeting-ended", ours: Some(Kind::Completed), why: "inferred" },
    Rule {
        theirs: "meeting-created",
        ours: None,
        why: "a meeting that began is no event of a consultation: who joined is",
    },
    Rule {
        theirs: "user-audio-*, user-cam-*",
        ours: None,
        why: "sound or picture that is switched off on purpose reads like one that was lost",
    },
    Rule {
        theirs: "user-presenter-*, user-emoji-changed, user-raise-hand-changed",
        ours: None,
        why: "what people do in a meeting is no arrival and no departure",
    },
    Rule {
        theirs: "meeting-recording-*, meeting-screenshare-*, meeting-presentation-*, rap-*",
        ours: None,
        why: "what is shown or recorded is no part of a consultation's reliability",
    },
    Rule {
        theirs: "chat-*, pad-content, poll-*, transcript-updated",
        ours: None,
        why: "what people say or write is not taken",
    },
];
