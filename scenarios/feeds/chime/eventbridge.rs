//! The feed of Amazon Chime SDK meeting events on EventBridge.
//!
//! EventBridge delivers at least once and in no order: its `id` is the duplicate key, the detail's
//! `timestamp` in milliseconds says when. The examples in Amazon's documentation are no JSON (a comma is
//! missing after `resources`, the time is a placeholder): they are refused with the line and column.

use std::io::BufRead;

use event::{Context, Declaration, Dimension, Kind, KindSet, Payload, Time};
use memchr::memmem;

use super::{NAMES, PLATFORM, Told as Meeting};
use crate::document::Document;
use crate::epoch::{Unit, moment};
use crate::frame::begins_json;
use crate::reason::untaken;
use crate::signature::{Scheme, SharedSecret};
use crate::tale::{self, Tale, Told};
use crate::{Feed, FeedError, Refusal, Rule, Settings, Sink, declare, identity, naming, side};

/// The feed of Amazon Chime SDK meeting events on EventBridge.
#[derive(Debug, Clone, Copy)]
pub struct ChimeEventBridge;

const OBSERVED: KindSet = KindSet::of(&[Kind::Joined, Kind::Rejoined, Kind::Dropped, Kind::Left]);
const INFERRED: KindSet = KindSet::of(&[Kind::Completed]);

/// What the detail of a meeting's event is called.
const MEETING: &str = "Chime Meeting State Change";

impl Feed for ChimeEventBridge {
    fn name(&self) -> &'static str {
        "chime-eventbridge"
    }

    fn title(&self) -> &'static str {
        "Amazon Chime SDK meeting events on EventBridge"
    }

    fn about(&self) -> &'static str {
        "The events that Amazon Chime sends to EventBridge while meetings are held, one a line or in an \
         array. They tell who came, went and was cut off, to the millisecond; a connection counts as cut \
         off after 10 to 15 seconds of silence. They cannot tell who tried and failed to get in, nor when \
         sound or picture was lost. Nobody is marked as the clinician: any two people are the \
         two sides. An external user id of the form id#name is \
         cut before the name."
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
        Some(&SharedSecret)
    }

    fn recognises(&self, head: &[u8]) -> bool {
        let has = |part: &[u8]| memmem::find(head, part).is_some();
        begins_json(head) && has(b"\"aws.chime\"") && has(b"\"detail-type\"")
    }

    fn read(&self, input: &mut dyn BufRead, settings: &Settings, sink: Sink<'_>) -> Result<(), FeedError> {
        side::refuse_others(settings, "Chime")?;
        naming::only(settings, NAMES[0], "events of attendees do not hold externalMeetingId")?;
        tale::read_callbacks(input, settings, sink, tell)
    }
}

fn declaration() -> Declaration {
    let told = declare::declaration(ChimeEventBridge.name(), OBSERVED, INFERRED);
    Declaration { platform: Some(PLATFORM.to_owned()), ..told }
}

fn tell(document: &Document<'_>, settings: &Settings) -> Result<Tale, Refusal> {
    let told = match document.text("detail-type") {
        None => return Err(document.missing("detail-type", WHAT)),
        Some(MEETING) => Change::of(document, settings)?.tell()?,
        Some(other) => vec![untaken(RULES, other)],
    };
    Ok(Tale { told, declaration: declaration() })
}

const WHAT: &str = "this is no EventBridge event: each is an object with source, detail-type and detail; \
                    what a queue or a topic wrapped has to be unwrapped";

/// One change of a meeting.
struct Change<'a> {
    event: &'a Document<'a>,
    detail: Document<'a>,
    settings: &'a Settings,
    /// What happened, without the prefix that all of them have.
    kind: &'a str,
}

impl<'a> Change<'a> {
    fn of(event: &'a Document<'a>, settings: &'a Settings) -> Result<Self, Refusal> {
        let detail = event.object("detail").ok_or_else(|| event.missing("detail", "it holds the change"))?;
        let kind = detail
            .text("eventType")
            .ok_or_else(|| detail.missing("eventType", "it says what happened, as chime:AttendeeJoined"))?;
        let kind = kind.strip_prefix("chime:").unwrap_or(kind);
        Ok(Self { event, detail, settings, kind })
    }

    fn tell(&self) -> Result<Vec<Told>, Refusal> {
        let payload = match self.kind {
            "AttendeeJoined" => Payload::Joined { context: Some(context()) },
            "AttendeeLeft" => Payload::Left { reason: None },
            "AttendeeDropped" => Payload::Dropped { reason: None },
            "MeetingEnded" => Payload::Completed,
            name => return Ok(vec![untaken(RULES, name)]),
        };
        let meeting = self.meeting()?;
        if meeting.is_content() {
            return Ok(vec![Told::Skipped("content that is shared is no participant".into())]);
        }
        let (id, at) = (self.id()?, self.at()?);
        let event = if matches!(payload, Payload::Completed) {
            meeting.of_meeting(id, at, payload)?
        } else {
            meeting.of_attendee(id, at, payload)?
        };
        let mut told = vec![Told::Event(event)];
        if self.detail.text("networkType").is_some_and(|network| network != "Voip") {
            let note = "an attendee by another network than Voip: whether video was given up is not told";
            told.push(Told::Skipped(note.into()));
        }
        Ok(told)
    }

    fn meeting(&self) -> Result<Meeting<'_>, Refusal> {
        let source = match (&self.settings.source, self.event.name("account")?) {
            (Some(source), _) => source.clone(),
            (None, Some(account)) => format!("urn:chime:{account}"),
            (None, None) => "urn:chime:eventbridge".to_owned(),
        };
        Ok(Meeting { ids: self.detail.clone(), naming: NAMES[0], source, settings: self.settings })
    }

    /// EventBridge names every event; one without a name has one that follows from what it says.
    fn id(&self) -> Result<String, Refusal> {
        if let Some(id) = self.event.name("id")? {
            return Ok(id);
        }
        let told = |name| self.detail.name(name).map(Option::unwrap_or_default);
        let (meeting, attendee, at) = (told("meetingId")?, told("attendeeId")?, self.at()?.ms().to_string());
        Ok(identity::derive(["chime", &meeting, &attendee, self.kind, &at]))
    }

    /// The milliseconds of the detail, else the seconds of the envelope.
    fn at(&self) -> Result<Time, Refusal> {
        let fine = moment(&self.detail, "timestamp", Unit::Milliseconds);
        if let Ok(Some(at)) = fine {
            return Ok(at);
        }
        match (self.event.time("time"), fine) {
            (Ok(Some(at)), _) => Ok(at),
            (_, Err(refusal)) => Err(refusal),
            (Err(refusal), _) => Err(refusal),
            (Ok(None), _) => Err(self.detail.missing("timestamp", "and so is time: one of them says when")),
        }
    }
}

fn context() -> Context {
    Context::default().with(Dimension::Platform, PLATFORM)
}

const CAVEATS: &[(Kind, &str)] = &[(
    Kind::Completed,
    "the meeting ended, which Chime also says when everybody was cut off, when nobody came, and whenever the application deletes the meeting",
)];

const RULES: &[Rule] = &[
    Rule {
        theirs: "chime:AttendeeJoined",
        ours: Some(Kind::Joined),
        why: "a return is told as another one; with the platform",
    },
    Rule { theirs: "chime:AttendeeLeft", ours: Some(Kind::Left), why: "went on purpose" },
    Rule {
        theirs: "chime:AttendeeDropped",
        ours: Some(Kind::Dropped),
        why: "10 to 15 seconds after the last sign of life; another network adapter makes one, and a return",
    },
    Rule { theirs: "chime:MeetingEnded", ours: Some(Kind::Completed), why: "inferred" },
    Rule {
        theirs: "MeetingStarted",
        ours: None,
        why: "a meeting that began is no event of a consultation: who joined is",
    },
    Rule {
        theirs: "AttendeeAuthorized",
        ours: None,
        why: "a device may take the attendee over, which is no arrival: AttendeeJoined tells that",
    },
    Rule {
        theirs: "AttendeeAdded, AttendeeDeleted",
        ours: None,
        why: "a name on the list of the meeting: who came and went is told by other events",
    },
    Rule {
        theirs: "AttendeeVideoStarted, AttendeeVideoStopped",
        ours: None,
        why: "a camera switched on or off says nothing of a picture that was lost",
    },
    Rule {
        theirs: "AttendeeContentJoined, AttendeeContentLeft, AttendeeContentDropped, AttendeeContentVideoStarted, AttendeeContentVideoStopped",
        ours: None,
        why: "content that is shared is no participant",
    },
];
