//! Daily: its webhooks, and the meeting sessions that its REST API answers with.
//!
//! One feed, [`Daily`], of two sources: webhooks also tell who waits. The room is the consultation of a
//! webhook, since those of people name no meeting; a session is one of its own. A participant is the user id
//! of their meeting token; without one it is the id of the connection, another after every return. Owners
//! are read as clinicians. Neither source says why somebody went, so that a lost connection reads like a
//! departure: drops cannot be told.

mod sessions;
mod signature;
mod webhook;

#[cfg(test)]
mod tests;

pub(crate) use signature::DailySignature;

use std::io::BufRead;

use event::{Context, Declaration, Dimension, Event, Kind, KindSet, Payload, Role, Time};
use memchr::memmem;

use crate::document::Document;
use crate::frame::begins_json;
use crate::signature::Scheme;
use crate::tale::{self, Tale};
use crate::{Feed, FeedError, Refusal, Rule, Settings, Sink, declare, identity, naming};

/// The feed of Daily webhooks and meeting sessions.
#[derive(Debug, Clone, Copy)]
pub struct Daily;

/// The level of the dimension platform.
const PLATFORM: &str = "daily";

const OBSERVED: KindSet = KindSet::of(&[Kind::Waiting, Kind::Joined]);
/// Sessions do not tell who waits.
const OBSERVED_IN_SESSIONS: KindSet = KindSet::of(&[Kind::Joined]);
const INFERRED: KindSet = KindSet::of(&[Kind::Rejoined, Kind::Left, Kind::Completed]);

impl Feed for Daily {
    fn name(&self) -> &'static str {
        "daily"
    }

    fn title(&self) -> &'static str {
        "Daily webhooks and meeting sessions"
    }

    fn about(&self) -> &'static str {
        "The bodies of webhooks that Daily sends, one a line or in an array, or the answers to requests for \
         /meetings. They tell who waited, came and went, but not why: who was cut off reads like somebody \
         who left. They cannot tell who failed to get in, nor when sound or picture was lost. Webhooks of \
         people name the room and not the meeting, so that all that is held in one room is one consultation: \
         give each a room of its own. Sessions name the meeting (id), or the room by --map with \
         consultation = \"room\", and round to about 15 seconds. Read one of the two: both would make two \
         consultations of one, or tell each arrival twice. Owners are read as clinicians; the role of the others \
         is what the settings say. Sessions do not tell who owns the room: any two people are the two sides."
    }

    fn capabilities(&self, _: &Settings) -> Option<Declaration> {
        Some(declaration(Origin::Webhook))
    }

    fn caveats(&self) -> &'static [(Kind, &'static str)] {
        CAVEATS
    }

    fn rules(&self) -> &'static [Rule] {
        RULES
    }

    fn scheme(&self) -> Option<&'static dyn Scheme> {
        Some(&DailySignature)
    }

    fn recognises(&self, head: &[u8]) -> bool {
        let has = |part: &[u8]| memmem::find(head, part).is_some();
        let kinds: [&[u8]; 3] = [b"\"participant.", b"\"meeting.", b"\"waiting-participant."];
        let others: [&[u8]; 4] = [b"\"recording.", b"\"transcript.", b"\"dial", b"\"streaming."];
        let is_hook = has(b"\"event_ts\"") && has(b"\"type\"") && !has(b"\"event\"");
        let is_session = has(b"\"max_participants\"") && has(b"\"start_time\"") && has(b"\"duration\"");
        begins_json(head) && ((is_hook && kinds.into_iter().chain(others).any(has)) || is_session)
    }

    fn read(&self, input: &mut dyn BufRead, settings: &Settings, sink: Sink<'_>) -> Result<(), FeedError> {
        let naming = naming::chosen(settings, ["id", "room"])?;
        tale::read(input, settings, sink, |document, settings| tell(document, naming, settings))
    }
}

/// Where a document is from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Origin {
    Webhook,
    Sessions,
}

impl Origin {
    /// The source of its events. The two see different things: one source could not declare both.
    fn source(self, settings: &Settings) -> String {
        match (self, &settings.source) {
            (Self::Webhook, Some(source)) => source.clone(),
            (Self::Webhook, None) => "urn:daily:webhook".to_owned(),
            (Self::Sessions, Some(source)) => format!("{source}/sessions"),
            (Self::Sessions, None) => "urn:daily:sessions".to_owned(),
        }
    }
}

fn declaration(origin: Origin) -> Declaration {
    let observed = match origin {
        Origin::Webhook => OBSERVED,
        Origin::Sessions => OBSERVED_IN_SESSIONS,
    };
    let told = declare::declaration(Daily.name(), observed, INFERRED);
    Declaration { platform: Some(PLATFORM.to_owned()), ..told }
}

fn tell(document: &Document<'_>, naming: &str, settings: &Settings) -> Result<Tale, Refusal> {
    if document.has("type") {
        let told = webhook::tell(document, settings)?;
        return Ok(Tale { told, declaration: declaration(Origin::Webhook) });
    }
    if document.has("test") {
        let note = "test: Daily tested the address of the webhook";
        let told = vec![tale::Told::Skipped(note.into())];
        return Ok(Tale { told, declaration: declaration(Origin::Webhook) });
    }
    let told = sessions::tell(document, naming, settings)?;
    Ok(Tale { told, declaration: declaration(Origin::Sessions) })
}

/// Somebody in a meeting.
struct Person {
    /// What Daily calls them, the most lasting name there is.
    name: String,
    /// The part they play, where it is told whether they own the room.
    role: Option<Role>,
    /// The connection, which is another after every return.
    connection: String,
}

/// The meeting that a document tells of.
struct Meeting {
    source: String,
    name: String,
}

impl Meeting {
    /// Something that happened in it. Daily's own ids hold those of people: the id follows from the
    /// meeting, the person, the connection and the moment.
    fn event(&self, payload: Payload, at: Time, person: Option<&Person>) -> Event {
        let (who, connection) = person.map_or(("", ""), |person| (&person.name, &person.connection));
        let at_ms = at.ms().to_string();
        let id = identity::derive(["daily", &self.name, payload.kind().name(), who, connection, &at_ms]);
        let event = Event::new(&self.source, id, &self.name, at, payload);
        let (participant, role) =
            person.map_or((None, None), |person| (Some(person.name.clone()), person.role));
        Event { participant, role, ..event }
    }
}

fn joined() -> Payload {
    Payload::Joined { context: Some(Context::default().with(Dimension::Platform, PLATFORM)) }
}

const CAVEATS: &[(Kind, &str)] = &[
    (Kind::Rejoined, "told only of those whose meeting token gives a user id: others are somebody new"),
    (
        Kind::Left,
        "who was cut off reads like somebody who left: Daily gives no reason; of webhooks also an old connection that ends after the person is back, or on a second device",
    ),
    (
        Kind::Completed,
        "the meeting ended since the last one was gone, up to 20 seconds before; also when everybody was cut off",
    ),
];

const RULES: &[Rule] = &[
    Rule {
        theirs: "participant.joined",
        ours: Some(Kind::Joined),
        why: "at joined_at, not when the webhook was sent; a return is told as another one; with the platform",
    },
    Rule {
        theirs: "participant.left",
        ours: Some(Kind::Left),
        why: "at joined_at and the duration later; no reason is told, so none is a drop; each connection by itself",
    },
    Rule {
        theirs: "waiting-participant.joined",
        ours: Some(Kind::Waiting),
        why: "knocked, and waits to be let in",
    },
    Rule { theirs: "meeting.ended", ours: Some(Kind::Completed), why: "inferred, at its end_ts" },
    Rule {
        theirs: "participants of a session",
        ours: Some(Kind::Joined),
        why: "at join_time; and as left the duration later, unless the session is going on; stays of one person that overlap are one",
    },
    Rule {
        theirs: "a session that is over",
        ours: Some(Kind::Completed),
        why: "inferred, at start_time and the duration later",
    },
    Rule {
        theirs: "meeting.started",
        ours: None,
        why: "a meeting that began is no event of a consultation: who joined is",
    },
    Rule {
        theirs: "waiting-participant.left",
        ours: None,
        why: "whether they gave up or were turned away is not told",
    },
    Rule {
        theirs: "dialout.connected, dialout.answered, dialout.stopped, dialout.warning, dialout.error, dialin.ready, dialin.connected, dialin.stopped, dialin.warning, dialin.error",
        ours: None,
        why: "a telephone in the meeting: whether video was given up is not told",
    },
    Rule {
        theirs: "recording.started, recording.ready-to-download, recording.error, transcript.started, transcript.ready-to-download, transcript.error, streaming.started, streaming.updated, streaming.ended, streaming.error, batch-processor.job-finished, batch-processor.error",
        ours: None,
        why: "a recording or a transcript is no event of a consultation",
    },
];
