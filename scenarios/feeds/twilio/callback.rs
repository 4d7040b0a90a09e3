//! The feed of status callbacks that Twilio posts while a room is held.

use std::io::BufRead;

use event::{Declaration, Kind, KindSet, Payload};
use memchr::memmem;

use super::{END, PLATFORM, Seen, TwilioSignature, joined};
use crate::document::Document;
use crate::frame::begins_json;
use crate::signature::Scheme;
use crate::tale::{self, Tale, Told};
use crate::text::{quoted, shown};
use crate::{Feed, FeedError, Refusal, Rule, Settings, Sink, declare, form, naming, side};

/// The feed of Twilio Video status callbacks.
#[derive(Debug, Clone, Copy)]
pub struct TwilioCallback;

const OBSERVED: KindSet = KindSet::of(&[Kind::Joined, Kind::Rejoined]);
const INFERRED: KindSet = KindSet::of(&[Kind::Left, Kind::Completed]);

impl Feed for TwilioCallback {
    fn name(&self) -> &'static str {
        "twilio-callback"
    }

    fn title(&self) -> &'static str {
        "Twilio Video status callbacks"
    }

    fn about(&self) -> &'static str {
        "The bodies of status callbacks that Twilio posts while rooms are held: as they were posted, one \
         form (AccountSid=...&RoomSid=...) a line, or as JSON objects of the same names. They tell who came \
         and went, without a reason: a connection that was lost reads like leaving, so that drops are not \
         told; Video Insights tells them. Events are ordered by their Timestamp; SequenceNumber is no true \
         order. The consultation is RoomSid, or RoomName by --map with consultation = \"RoomName\". Nobody is \
         marked as the clinician: any two participants make the two sides."
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
        Some(&TwilioSignature)
    }

    fn recognises(&self, head: &[u8]) -> bool {
        let has = |part: &[u8]| memmem::find(head, part).is_some();
        let form = has(b"StatusCallbackEvent=") && has(b"RoomSid=");
        form || begins_json(head) && has(b"\"StatusCallbackEvent\"") && has(b"\"RoomSid\"")
    }

    fn read(&self, input: &mut dyn BufRead, settings: &Settings, sink: Sink<'_>) -> Result<(), FeedError> {
        side::refuse_others(settings, "Twilio")?;
        let naming = naming::chosen(settings, ["RoomSid", "RoomName"])?;
        tale::read_parsed(input, settings, sink, form::parse, &mut |document| {
            tell(document, naming, settings)
        })
    }
}

fn declaration() -> Declaration {
    let told = declare::declaration(TwilioCallback.name(), OBSERVED, INFERRED);
    Declaration { platform: Some(PLATFORM.to_owned()), ..told }
}

fn tell(document: &Document<'_>, naming: &str, settings: &Settings) -> Result<Tale, Refusal> {
    let Some(name) = document.text("StatusCallbackEvent") else {
        return Err(document.missing(
            "StatusCallbackEvent",
            "this is no status callback of a Twilio room: write its body as it was posted",
        ));
    };
    let payload = match name {
        "participant-connected" => joined(),
        "participant-disconnected" => Payload::Left { reason: None },
        "room-ended" => Payload::Completed,
        name => return Ok(tale(Told::Skipped(untaken(name)))),
    };
    Ok(tale(Told::Event(happened(document, naming, settings, payload)?)))
}

fn tale(told: Told) -> Tale {
    Tale { told: vec![told], declaration: declaration() }
}

fn happened(
    document: &Document<'_>,
    naming: &str,
    settings: &Settings,
    payload: Payload,
) -> Result<event::Event, Refusal> {
    let room = match (document.name(naming)?, &settings.consultation) {
        (Some(room), _) => room,
        (None, Some(name)) => name.clone(),
        (None, None) => return Err(document.missing(naming, "it names the room, and so the consultation")),
    };
    let source = match (&settings.source, document.name("AccountSid")?) {
        (Some(source), _) => source.clone(),
        (None, Some(account)) => format!("urn:twilio:{account}:callbacks"),
        (None, None) => "urn:twilio:callbacks".to_owned(),
    };
    let at = document
        .time("Timestamp")?
        .ok_or_else(|| document.missing("Timestamp", "it says when; SequenceNumber tells no time"))?;
    let is_of_room = payload == Payload::Completed;
    let who = if is_of_room { None } else { Some(participant(document)?) };
    let who = who.as_ref().map(|(identity, connection)| (identity.as_str(), connection.as_str()));
    Ok(Seen { source: &source, room: &room, who }.event(payload, at))
}

/// Who it was: their identity, and the sid of the connection.
fn participant(document: &Document<'_>) -> Result<(String, String), Refusal> {
    let (identity, sid) = (document.name("ParticipantIdentity")?, document.name("ParticipantSid")?);
    let why = "a participant needs a ParticipantIdentity or a ParticipantSid";
    let name = identity.or_else(|| sid.clone());
    let name = name.ok_or_else(|| document.missing("ParticipantIdentity", why))?;
    Ok((name.clone(), sid.unwrap_or(name)))
}

/// Why a callback of that name becomes no event.
fn untaken(name: &str) -> std::borrow::Cow<'static, str> {
    let is_it = |rule: &&Rule| rule.ours.is_none() && rule.theirs.split(", ").any(|theirs| theirs == name);
    match RULES.iter().find(is_it) {
        Some(rule) => format!("{name}: {}", rule.why).into(),
        None => format!("callback {}: it tells nothing that this feed reads", shown(&quoted(name))).into(),
    }
}

const CAVEATS: &[(Kind, &str)] = &[
    (
        Kind::Left,
        "a connection that was lost is told like leaving: who was dropped is among those who left; an old connection that ends after the next began reads like leaving, too",
    ),
    (Kind::Completed, END),
];

const RULES: &[Rule] = &[
    Rule {
        theirs: "participant-connected",
        ours: Some(Kind::Joined),
        why: "a return is told as another one, with another ParticipantSid",
    },
    Rule {
        theirs: "participant-disconnected",
        ours: Some(Kind::Left),
        why: "no reason is told, of going on purpose or of a lost connection",
    },
    Rule { theirs: "room-ended", ours: Some(Kind::Completed), why: "inferred" },
    Rule {
        theirs: "room-created",
        ours: None,
        why: "a room that began is no event of a consultation: who joined is",
    },
    Rule {
        theirs: "track-added, track-removed, track-enabled, track-disabled",
        ours: None,
        why: "a track that is added, removed or muted on purpose reads like one that was lost",
    },
    Rule {
        theirs: "recording-started, recording-completed, recording-failed",
        ours: None,
        why: "a recording is no part of a consultation's reliability",
    },
    Rule {
        theirs: "composition-enqueued, composition-hook-failed, composition-started, composition-available, composition-progress, composition-failed",
        ours: None,
        why: "a composition is made from recordings afterwards",
    },
];
