//! The feed of LiveKit webhooks.
//!
//! Webhooks are written as protocol buffers are in JSON: 64-bit numbers are texts, and what is zero or
//! unknown is left out. `createdAt` has whole seconds and is cut off, so that a departure may seem to come
//! before the arrival in `joinedAtMs`: it is then read at that arrival. `id` is the duplicate key.

use std::io::BufRead;

use event::{Context, Declaration, Dimension, Event, Kind, KindSet, Payload, Time};
use memchr::memmem;

use super::departure::Departure;
use super::{LiveKitToken, PLATFORM};
use crate::document::Document;
use crate::epoch::{Unit, moment};
use crate::frame::begins_json;
use crate::reason::untaken;
use crate::signature::Scheme;
use crate::tale::{self, Tale, Told};
use crate::{Feed, FeedError, Refusal, Rule, Settings, Sink, declare, identity, naming, side};

/// The feed of LiveKit webhooks.
#[derive(Debug, Clone, Copy)]
pub struct LiveKitWebhook;

/// The names of webhooks.
const NAMES: [&str; 12] = [
    "room_started",
    "room_finished",
    "participant_joined",
    "participant_left",
    "participant_connection_aborted",
    "track_published",
    "track_unpublished",
    "egress_started",
    "egress_updated",
    "egress_ended",
    "ingress_started",
    "ingress_ended",
];

const OBSERVED: KindSet =
    KindSet::of(&[Kind::JoinFailed, Kind::Joined, Kind::Rejoined, Kind::Dropped, Kind::Left]);
const INFERRED: KindSet = KindSet::of(&[Kind::Completed]);

impl Feed for LiveKitWebhook {
    fn name(&self) -> &'static str {
        "livekit-webhook"
    }

    fn title(&self) -> &'static str {
        "LiveKit webhooks"
    }

    fn about(&self) -> &'static str {
        "The bodies of webhooks that a LiveKit server sends, one a line or in an array. They tell who came \
         (to the millisecond), who failed to get in, and who went or was cut off and why (to the second; a \
         client that dies is told of after about 15 seconds). They cannot tell when sound or picture was \
         lost: a track that is withdrawn is no loss. A server that tells no disconnect reasons, as old ones, \
         tells no drops: departures without a reason are counted. Nobody is marked as the clinician: any two \
         people are the two sides. The consultation is the session of the room (sid), or the room's name by \
         --map with consultation = \"name\", where each consultation has a room of its own. Webhooks that were lost are \
         noted where LiveKit counts them (numDropped)."
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
        Some(&LiveKitToken)
    }

    fn recognises(&self, head: &[u8]) -> bool {
        let has = |part: &[u8]| memmem::find(head, part).is_some();
        let quoted = |name: &&str| memmem::find(head, format!("\"{name}\"").as_bytes()).is_some();
        let is_known = NAMES.iter().any(quoted);
        begins_json(head) && has(b"\"event\"") && has(b"\"createdAt\"") && is_known
    }

    fn read(&self, input: &mut dyn BufRead, settings: &Settings, sink: Sink<'_>) -> Result<(), FeedError> {
        side::refuse_others(settings, "LiveKit")?;
        let naming = naming::chosen(settings, ["sid", "name"])?;
        tale::read_callbacks(input, settings, sink, |document, settings| tell(document, naming, settings))
    }
}

fn declaration() -> Declaration {
    let told = declare::declaration(LiveKitWebhook.name(), OBSERVED, INFERRED);
    Declaration { platform: Some(PLATFORM.to_owned()), ..told }
}

fn tell(document: &Document<'_>, naming: &str, settings: &Settings) -> Result<Tale, Refusal> {
    let Some(name) = document.text("event") else {
        return Err(
            document.missing("event", "this is no LiveKit webhook: each is an object with event and id")
        );
    };
    let mut told = Hook { document, naming, settings, name }.tell()?;
    if document.name("numDropped")?.is_some_and(|count| count != "0") {
        told.push(Told::Skipped("numDropped: LiveKit lost webhooks before this one".into()));
    }
    Ok(Tale { told, declaration: declaration() })
}

/// One webhook.
struct Hook<'a> {
    document: &'a Document<'a>,
    /// Which name of the room names the consultation.
    naming: &'a str,
    settings: &'a Settings,
    name: &'a str,
}

impl Hook<'_> {
    fn tell(&self) -> Result<Vec<Told>, Refusal> {
        match self.name {
            "participant_joined" => self.joined(),
            "participant_left" => self.left(),
            "participant_connection_aborted" => self.aborted(),
            "room_finished" => Ok(vec![Told::Event(self.event(self.created()?, Payload::Completed)?)]),
            name => Ok(vec![untaken(RULES, name)]),
        }
    }

    fn joined(&self) -> Result<Vec<Told>, Refusal> {
        let told = self.participant()?;
        if let Some(why) = nobody(&told) {
            return Ok(vec![Told::Skipped(why.into())]);
        }
        let at = match arrival(&told)? {
            Some(at) => at,
            None => self.created()?,
        };
        let context = Context::default().with(Dimension::Platform, PLATFORM);
        self.of(&told, at, Payload::Joined { context: Some(context) })
    }

    fn left(&self) -> Result<Vec<Told>, Refusal> {
        let told = self.participant()?;
        if let Some(why) = nobody(&told) {
            return Ok(vec![Told::Skipped(why.into())]);
        }
        let (departure, reason) = Departure::of(told.value("disconnectReason"));
        let mut tale = match departure.payload(reason) {
            Some(payload) => self.of(&told, self.departure(&told)?, payload)?,
            None => Vec::new(),
        };
        tale.extend(departure.note().map(|note| Told::Skipped(note.into())));
        Ok(tale)
    }

    /// The signalling stood and the media never did, whatever the reason; unless another connection of
    /// the same person does.
    fn aborted(&self) -> Result<Vec<Told>, Refusal> {
        let told = self.participant()?;
        if let Some(why) = nobody(&told) {
            return Ok(vec![Told::Skipped(why.into())]);
        }
        let (departure, reason) = Departure::of(told.value("disconnectReason"));
        match departure {
            Departure::GoesOn | Departure::NotReached => {
                Ok(departure.note().map(|note| Told::Skipped(note.into())).into_iter().collect())
            }
            _ => self.of(&told, self.departure(&told)?, Payload::JoinFailed { reason: Some(reason) }),
        }
    }

    /// When somebody went: the second in which the webhook was made, but not before they came.
    fn departure(&self, told: &Document<'_>) -> Result<Time, Refusal> {
        let created = self.created()?;
        let came = arrival(told)?.filter(|came| (0..1000).contains(&came.since(created)));
        Ok(came.unwrap_or(created))
    }

    fn of(&self, told: &Document<'_>, at: Time, payload: Payload) -> Result<Vec<Told>, Refusal> {
        let participant = told.required_name("identity", "it says who it was")?;
        let event = self.event(at, payload)?;
        Ok(vec![Told::Event(Event { participant: Some(participant), ..event })])
    }

    fn event(&self, at: Time, payload: Payload) -> Result<Event, Refusal> {
        let source = self.settings.source.as_deref().unwrap_or("urn:livekit:webhook");
        Ok(Event::new(source, self.id(at)?, self.room()?, at, payload))
    }

    /// The id that LiveKit gave, else one that follows from what the webhook says.
    fn id(&self, at: Time) -> Result<String, Refusal> {
        if let Some(id) = self.document.name("id")? {
            return Ok(id);
        }
        let told = self.document.object("participant");
        let of = |name| told.as_ref().map_or(Ok(None), |told| told.name(name)).map(Option::unwrap_or_default);
        let (identity, connection) = (of("identity")?, of("sid")?);
        let (room, at) = (self.room()?, at.ms().to_string());
        Ok(identity::derive(["livekit", &room, self.name, &identity, &connection, &at]))
    }

    /// The session of the room, or its name.
    fn room(&self) -> Result<String, Refusal> {
        let why = match self.naming {
            "sid" => "it names the session of the room: send the webhook as LiveKit wrote it",
            _ => "it names the room: send the webhook as LiveKit wrote it",
        };
        let room = self.document.object("room");
        let named = room.as_ref().map_or(Ok(None), |room| room.name(self.naming))?;
        let name = named.or_else(|| self.settings.consultation.clone());
        name.ok_or_else(|| match &room {
            Some(room) => room.missing(self.naming, why),
            None => self.document.missing(&format!("room/{}", self.naming), why),
        })
    }

    fn participant(&self) -> Result<Document<'_>, Refusal> {
        let why = "it says who it was";
        self.document.object("participant").ok_or_else(|| self.document.missing("participant", why))
    }

    fn created(&self) -> Result<Time, Refusal> {
        let at = moment(self.document, "createdAt", Unit::Seconds)?;
        at.ok_or_else(|| self.document.missing("createdAt", "it says when, in seconds since 1970"))
    }
}

/// When the connection was made.
fn arrival(told: &Document<'_>) -> Result<Option<Time>, Refusal> {
    match moment(told, "joinedAtMs", Unit::Milliseconds)? {
        Some(at) => Ok(Some(at)),
        None => moment(told, "joinedAt", Unit::Seconds),
    }
}

/// Why a participant is no person in the consultation, if they are none.
fn nobody(told: &Document<'_>) -> Option<&'static str> {
    let kind = match told.value("kind") {
        Some(serde_json::Value::Number(number)) => number.as_u64(),
        Some(serde_json::Value::String(name)) => match name.as_str() {
            "INGRESS" => Some(1),
            "EGRESS" => Some(2),
            "AGENT" => Some(4),
            _ => None,
        },
        _ => None,
    };
    let permission = told.object("permission");
    let may = |what| permission.as_ref().and_then(|told| told.flag(what)) == Some(true);
    match kind {
        Some(1 | 2) => Some("a stream into or out of the room (INGRESS, EGRESS) is nobody"),
        Some(4) => Some("a program in the room (AGENT) is nobody"),
        _ if may("hidden") || may("recorder") || may("agent") => {
            Some("a participant who is hidden, a recorder or an agent is nobody")
        }
        _ => None,
    }
}

const CAVEATS: &[(Kind, &str)] = &[(
    Kind::Completed,
    "the room closed, which LiveKit also does some time after everybody was cut off, and when nobody came",
)];

const RULES: &[Rule] = &[
    Rule {
        theirs: "participant_joined",
        ours: Some(Kind::Joined),
        why: "at joinedAtMs; a return is told as another one; with the platform",
    },
    Rule {
        theirs: "participant_left",
        ours: Some(Kind::Left),
        why: "CLIENT_INITIATED, PARTICIPANT_REMOVED, ROOM_DELETED, ROOM_CLOSED, UNKNOWN_REASON, none, or a reason not known",
    },
    Rule {
        theirs: "participant_left, cut off",
        ours: Some(Kind::Dropped),
        why: "SIGNAL_CLOSE, CONNECTION_TIMEOUT, MEDIA_FAILURE, STATE_MISMATCH; SERVER_SHUTDOWN, which is the platform's; AGENT_ERROR",
    },
    Rule {
        theirs: "participant_left, never in",
        ours: Some(Kind::JoinFailed),
        why: "JOIN_FAILURE, SIP_TRUNK_FAILURE",
    },
    Rule {
        theirs: "participant_connection_aborted",
        ours: Some(Kind::JoinFailed),
        why: "signalled, but never with media, so no departure; this choice decides the rate of failed joins",
    },
    Rule { theirs: "room_finished", ours: Some(Kind::Completed), why: "inferred" },
    Rule {
        theirs: "DUPLICATE_IDENTITY, MIGRATION",
        ours: None,
        why: "another connection of the same person goes on, which is no departure",
    },
    Rule {
        theirs: "USER_UNAVAILABLE, USER_REJECTED",
        ours: None,
        why: "a telephone that was not answered brought nobody in",
    },
    Rule {
        theirs: "participants of kind INGRESS, EGRESS or AGENT, hidden ones and recorders",
        ours: None,
        why: "they are nobody in the consultation",
    },
    Rule {
        theirs: "room_started",
        ours: None,
        why: "a room that opened is no event of a consultation: who joined is",
    },
    Rule {
        theirs: "track_published, track_unpublished",
        ours: None,
        why: "a track that is offered or withdrawn says nothing of sound or picture that was lost",
    },
    Rule {
        theirs: "egress_started, egress_updated, egress_ended, ingress_started, ingress_ended",
        ours: None,
        why: "a recording or a stream is no event of a consultation",
    },
];
