//! The feed of JaaS webhooks.
//!
//! They come in no order and more than once: `timestamp`, in milliseconds, is the truth and
//! `idempotencyKey` the duplicate key. `moderator` is a boolean, or the text of one. Telephones bear their
//! number as a nickname, which is never read.

use std::io::BufRead;

use event::{Context, Declaration, Dimension, Event, Kind, KindSet, Payload, Role, Time};
use memchr::memmem;
use serde_json::Value;

use super::{JaasSignature, PLATFORM};
use crate::document::Document;
use crate::epoch::{Unit, moment};
use crate::frame::begins_json;
use crate::reason::{kept, untaken};
use crate::signature::Scheme;
use crate::tale::{self, Tale, Told};
use crate::{Feed, FeedError, Refusal, Rule, Settings, Sink, declare, identity, naming};

/// The feed of JaaS webhooks.
#[derive(Debug, Clone, Copy)]
pub struct JaasWebhook;

const OBSERVED: KindSet =
    KindSet::of(&[Kind::Waiting, Kind::Joined, Kind::Rejoined, Kind::Dropped, Kind::Left, Kind::Rated]);
const INFERRED: KindSet = KindSet::of(&[Kind::Completed, Kind::Converted]);

impl Feed for JaasWebhook {
    fn name(&self) -> &'static str {
        "jaas-webhook"
    }

    fn title(&self) -> &'static str {
        "JaaS (8x8 Jitsi) webhooks"
    }

    fn about(&self) -> &'static str {
        "The bodies of webhooks that Jitsi as a service sends, one a line or in an array, in any order. \
         They tell who waited in the lobby, came, went or was cut off, to the millisecond, and what people \
         gave as a rating. They cannot tell who tried and failed to get in, nor when sound or picture was \
         lost. Moderators are read as clinicians; the role of the others is what the settings say. Who has \
         no user id in their token is somebody else after every return. The consultation is sessionId, or the \
         room's name by --map with consultation = \"fqn\", where each consultation has a room of its own."
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
        Some(&JaasSignature)
    }

    fn recognises(&self, head: &[u8]) -> bool {
        let has = |part: &[u8]| memmem::find(head, part).is_some();
        let is_named = has(b"\"fqn\"") || has(b"\"sessionId\"");
        begins_json(head) && has(b"\"eventType\"") && has(b"\"idempotencyKey\"") && is_named
    }

    fn read(&self, input: &mut dyn BufRead, settings: &Settings, sink: Sink<'_>) -> Result<(), FeedError> {
        let naming = naming::chosen(settings, ["sessionId", "fqn"])?;
        tale::read_callbacks(input, settings, sink, |document, settings| tell(document, naming, settings))
    }
}

fn declaration() -> Declaration {
    let told = declare::declaration(JaasWebhook.name(), OBSERVED, INFERRED);
    Declaration { platform: Some(PLATFORM.to_owned()), ..told }
}

fn tell(document: &Document<'_>, naming: &str, settings: &Settings) -> Result<Tale, Refusal> {
    let Some(name) = document.text("eventType") else {
        let why = "this is no JaaS webhook: each is an object with eventType, sessionId, timestamp and data";
        return Err(document.missing("eventType", why));
    };
    let told = Hook { document, naming, settings, name }.tell()?;
    Ok(Tale { told, declaration: declaration() })
}

/// One webhook.
struct Hook<'a> {
    document: &'a Document<'a>,
    /// Which name of the meeting names the consultation.
    naming: &'a str,
    settings: &'a Settings,
    name: &'a str,
}

impl Hook<'_> {
    fn tell(&self) -> Result<Vec<Told>, Refusal> {
        match self.name {
            "PARTICIPANT_JOINED" => self.joined(self.role()?),
            "DIAL_IN_STARTED" | "SIP_CALL_IN_STARTED" | "SIP_CALL_OUT_STARTED" => self.joined(self.other()),
            "PARTICIPANT_LEFT" => self.left(),
            "DIAL_IN_ENDED" | "SIP_CALL_IN_ENDED" | "SIP_CALL_OUT_ENDED" => {
                self.of_participant(self.other(), Payload::Left { reason: None })
            }
            "PARTICIPANT_JOINED_LOBBY" => self.of_participant(self.role()?, Payload::Waiting),
            "FEEDBACK" => self.rated(),
            "DIAL_OUT_STARTED" => self.of_meeting(Payload::Converted { to: Some("phone".to_owned()) }),
            "ROOM_DESTROYED" if self.is_breakout() => {
                Ok(vec![Told::Skipped("a breakout room that closed ends no consultation".into())])
            }
            "ROOM_DESTROYED" => self.of_meeting(Payload::Completed),
            name => Ok(vec![untaken(RULES, name)]),
        }
    }

    fn joined(&self, role: Option<Role>) -> Result<Vec<Told>, Refusal> {
        let context = Context::default().with(Dimension::Platform, PLATFORM);
        self.of_participant(role, Payload::Joined { context: Some(context) })
    }

    fn left(&self) -> Result<Vec<Told>, Refusal> {
        let reason = self.data()?.text("disconnectReason");
        let (payload, note) = match reason {
            None | Some("left") => (Payload::Left { reason: None }, None),
            Some("switch_room") => {
                let note = "switch_room: a move to or from a breakout room is no departure";
                return Ok(vec![Told::Skipped(note.into())]);
            }
            Some("unknown" | "unrecoverable_error") => {
                (Payload::Dropped { reason: reason.map(str::to_owned) }, None)
            }
            Some(other) => {
                let (reason, note) = kept(other);
                (Payload::Left { reason: Some(reason) }, note)
            }
        };
        let mut told = self.of_participant(self.role()?, payload)?;
        told.extend(note);
        Ok(told)
    }

    fn rated(&self) -> Result<Vec<Told>, Refusal> {
        let data = self.data()?;
        let given = data.value("rating").and_then(Value::as_i64);
        let mut told = match given {
            Some(-1) => vec![Told::Skipped("feedback without a rating (-1)".into())],
            Some(value @ 1..=5) => {
                let event = self.event(Payload::Rated { scale: 5, value: value as u8 })?;
                vec![Told::Event(Event { participant: data.name("userId")?, role: None, ..event })]
            }
            _ => return Err(data.wrong("rating", "1 to 5, or -1 where none was given")),
        };
        if data.text("comments").is_some() {
            told.push(Told::Skipped("free text: the comment on a rating is refused".into()));
        }
        Ok(told)
    }

    fn of_meeting(&self, payload: Payload) -> Result<Vec<Told>, Refusal> {
        Ok(vec![Told::Event(self.event(payload)?)])
    }

    fn of_participant(&self, role: Option<Role>, payload: Payload) -> Result<Vec<Told>, Refusal> {
        let participant = Some(self.participant()?);
        Ok(vec![Told::Event(Event { participant, role, ..self.event(payload)? })])
    }

    fn event(&self, payload: Payload) -> Result<Event, Refusal> {
        let at = self.at()?;
        Ok(Event::new(self.source()?, self.id(at)?, self.meeting()?, at, payload))
    }

    /// The key that JaaS gave, else an id that follows from what the webhook says.
    fn id(&self, at: Time) -> Result<String, Refusal> {
        if let Some(key) = self.document.name("idempotencyKey")? {
            return Ok(key);
        }
        let data = self.document.object("data");
        let of = |name| data.as_ref().map_or(Ok(None), |data| data.name(name)).map(Option::unwrap_or_default);
        let (who, connection) = (of("id")?, of("participantJid")?);
        let (meeting, at) = (self.meeting()?, at.ms().to_string());
        Ok(identity::derive(["jaas", &meeting, self.name, &who, &connection, &at]))
    }

    fn at(&self) -> Result<Time, Refusal> {
        let at = moment(self.document, "timestamp", Unit::Milliseconds)?;
        at.ok_or_else(|| self.document.missing("timestamp", "it says when, in milliseconds since 1970"))
    }

    fn source(&self) -> Result<String, Refusal> {
        if let Some(source) = &self.settings.source {
            return Ok(source.clone());
        }
        let customer = self.document.name("customerId")?;
        Ok(customer.map_or_else(|| "urn:jaas:webhook".to_owned(), |customer| format!("urn:jaas:{customer}")))
    }

    /// The session of the meeting, to which its breakout rooms belong; or the name of the room.
    fn meeting(&self) -> Result<String, Refusal> {
        let name = self.document.name(self.naming)?.or_else(|| self.settings.consultation.clone());
        let why = match self.naming {
            "sessionId" => "it names the session of the meeting: send the webhook as JaaS wrote it",
            _ => "it names the room of the meeting: send the webhook as JaaS wrote it",
        };
        name.ok_or_else(|| self.document.missing(self.naming, why))
    }

    fn data(&self) -> Result<Document<'_>, Refusal> {
        self.document.object("data").ok_or_else(|| self.document.missing("data", "it says what happened"))
    }

    /// The user of the token, else the connection.
    fn participant(&self) -> Result<String, Refusal> {
        let data = self.data()?;
        for name in ["id", "participantId", "participantJid"] {
            if let Some(participant) = data.name(name)? {
                return Ok(participant);
            }
        }
        Err(data.missing("id", "a participant needs one of id, participantId, participantJid"))
    }

    /// The role of a participant, as far as the webhook says whether they moderate.
    fn role(&self) -> Result<Option<Role>, Refusal> {
        let data = self.data()?;
        match data.value("moderator") {
            None | Some(Value::Null) => Ok(self.other()),
            Some(Value::Bool(true)) => Ok(Some(Role::Clinician)),
            Some(Value::Bool(false)) => Ok(Some(self.other().unwrap_or(Role::Unknown))),
            Some(Value::String(text)) if text == "true" => Ok(Some(Role::Clinician)),
            Some(Value::String(text)) if text == "false" => Ok(Some(self.other().unwrap_or(Role::Unknown))),
            Some(_) => Err(data.wrong("moderator", "true or false")),
        }
    }

    /// The role of those of whom it is not known that they moderate.
    fn other(&self) -> Option<Role> {
        self.settings.others
    }

    fn is_breakout(&self) -> bool {
        let data = self.document.object("data");
        data.and_then(|data| data.flag("isBreakout")).unwrap_or(false)
    }
}

const CAVEATS: &[(Kind, &str)] = &[
    (
        Kind::Completed,
        "the room was destroyed, which JaaS does when the last one is gone, also when everybody was cut off",
    ),
    (
        Kind::Converted,
        "somebody was called into the meeting by telephone and answered; the picture may have gone on",
    ),
];

const RULES: &[Rule] = &[
    Rule {
        theirs: "PARTICIPANT_JOINED",
        ours: Some(Kind::Joined),
        why: "a return, also to a breakout room, is told as another one; with the platform",
    },
    Rule {
        theirs: "DIAL_IN_STARTED, SIP_CALL_IN_STARTED, SIP_CALL_OUT_STARTED",
        ours: Some(Kind::Joined),
        why: "somebody by telephone or room system; the number is not kept",
    },
    Rule {
        theirs: "PARTICIPANT_LEFT",
        ours: Some(Kind::Left),
        why: "disconnectReason left, kicked, none, or one that is not known, which is kept as a code; each connection by itself, so that an old one that ends after the person is back reads like leaving",
    },
    Rule {
        theirs: "DIAL_IN_ENDED, SIP_CALL_IN_ENDED, SIP_CALL_OUT_ENDED",
        ours: Some(Kind::Left),
        why: "no reason is told",
    },
    Rule {
        theirs: "PARTICIPANT_LEFT, cut off",
        ours: Some(Kind::Dropped),
        why: "disconnectReason unknown, which is trouble with the connection, or unrecoverable_error; also of an old connection when the person is already back",
    },
    Rule { theirs: "PARTICIPANT_JOINED_LOBBY", ours: Some(Kind::Waiting), why: "in the lobby" },
    Rule {
        theirs: "FEEDBACK",
        ours: Some(Kind::Rated),
        why: "1 to 5 of 5 levels; -1 is no rating; the comment is refused",
    },
    Rule {
        theirs: "DIAL_OUT_STARTED",
        ours: Some(Kind::Converted),
        why: "somebody answered a call by telephone into the meeting: to phone, inferred",
    },
    Rule { theirs: "ROOM_DESTROYED", ours: Some(Kind::Completed), why: "inferred; not of a breakout room" },
    Rule {
        theirs: "PARTICIPANT_LEFT with switch_room",
        ours: None,
        why: "a move to or from a breakout room is no departure",
    },
    Rule {
        theirs: "PARTICIPANT_LEFT_LOBBY",
        ours: None,
        why: "whether into the meeting, away or turned away is not told",
    },
    Rule { theirs: "DIAL_OUT_ENDED", ours: None, why: "the consultation had moved to the telephone by then" },
    Rule {
        theirs: "ROOM_CREATED",
        ours: None,
        why: "a room that opened is no event of a consultation: who joined is",
    },
    Rule { theirs: "ROLE_CHANGED", ours: None, why: "whoever joined as a moderator is the clinician" },
    Rule {
        theirs: "RTCSTATS_UPLOADED",
        ours: None,
        why: "the statistics lie elsewhere; what is there tells when sound was lost",
    },
    Rule {
        theirs: "RECORDING_STARTED, RECORDING_ENDED, RECORDING_UPLOADED, LIVE_STREAM_STARTED, LIVE_STREAM_ENDED, VIDEO_SEGMENT_UPLOADED, SCREEN_SHARING_HISTORY",
        ours: None,
        why: "a recording or a stream is no event of a consultation",
    },
    Rule {
        theirs: "TRANSCRIPTION_STARTED, TRANSCRIPTION_ENDED, TRANSCRIPTION_UPLOADED, TRANSCRIPTION_CHUNK_RECEIVED, CHAT_UPLOADED, DOCUMENT_ADDED, DOCUMENT_DELETED",
        ours: None,
        why: "what people said or wrote is not read",
    },
    Rule {
        theirs: "POLL_CREATED, POLL_ANSWER, REACTIONS, AGGREGATED_REACTIONS, SPEAKER_STATS, USAGE, SETTINGS_PROVISIONING",
        ours: None,
        why: "neither who came nor how well it went",
    },
];
