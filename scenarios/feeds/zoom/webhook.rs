//! The feed of Zoom webhooks.

use std::io::BufRead;

use event::{Context, Declaration, Dimension, Kind, KindSet, Payload, Role, Time};
use memchr::memmem;

use super::departure::Departure;
use super::meeting::Meeting;
use super::person::{Person, account, role};
use super::{NAMES, PLATFORM, ZoomSignature};
use crate::document::Document;
use crate::epoch::{self, Unit};
use crate::frame::begins_json;
use crate::signature::Scheme;
use crate::tale::{self, Tale, Told};
use crate::text::{quoted, shown};
use crate::{Feed, FeedError, Refusal, Rule, Settings, Sink, declare, naming};

/// The feed of Zoom webhooks.
#[derive(Debug, Clone, Copy)]
pub struct ZoomWebhook;

const OBSERVED: KindSet =
    KindSet::of(&[Kind::Waiting, Kind::Joined, Kind::Rejoined, Kind::Left, Kind::Rated]);
const INFERRED: KindSet = KindSet::of(&[Kind::Dropped, Kind::Completed, Kind::Converted]);

impl Feed for ZoomWebhook {
    fn name(&self) -> &'static str {
        "zoom-webhook"
    }

    fn title(&self) -> &'static str {
        "Zoom webhooks"
    }

    fn about(&self) -> &'static str {
        "The bodies of webhooks that Zoom sends while meetings are held, one a line or in an array. They \
         tell who came and went, to the second. They cannot tell who tried and failed to get in, nor \
         when sound or picture was lost: quality comes as averages over a minute, alerts without an end. \
         The host is read as the clinician; the role of the others is what the settings say. The \
         consultation is the meeting's uuid, or its number by --map with consultation = \"id\", where each \
         consultation is booked under a number of its own."
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
        Some(&ZoomSignature)
    }

    fn recognises(&self, head: &[u8]) -> bool {
        let known = [b"\"meeting.".as_slice(), b"\"endpoint.url_validation\"", b"\"account_id\""];
        let has = |part: &[u8]| memmem::find(head, part).is_some();
        begins_json(head) && has(b"\"event\"") && has(b"\"payload\"") && known.into_iter().any(has)
    }

    fn read(&self, input: &mut dyn BufRead, settings: &Settings, sink: Sink<'_>) -> Result<(), FeedError> {
        let naming = naming::chosen(settings, NAMES)?;
        tale::read_callbacks(input, settings, sink, |document, settings| tell(document, naming, settings))
    }
}

fn declaration() -> Declaration {
    let told = declare::declaration(ZoomWebhook.name(), OBSERVED, INFERRED);
    Declaration { platform: Some(PLATFORM.to_owned()), ..told }
}

fn tell(document: &Document<'_>, naming: &str, settings: &Settings) -> Result<Tale, Refusal> {
    let Some(name) = document.text("event") else {
        return Err(document.missing(
            "event",
            "this is no Zoom webhook: each is an object with event, event_ts and payload",
        ));
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
            "meeting.participant_joined" => self.joined(),
            "meeting.participant_left" => self.left(),
            "meeting.participant_joined_waiting_room"
            | "meeting.participant_put_in_waiting_room"
            | "meeting.participant_jbh_waiting" => self.waiting(),
            "meeting.participant_left_breakout_room" => self.left_breakout_room(),
            "meeting.participant_feedback" => self.rated(),
            "meeting.participant_phone_callout_accepted" => {
                self.of_meeting(Payload::Converted { to: Some("phone".to_owned()) }, None)
            }
            "meeting.ended" => self.of_meeting(Payload::Completed, Some("end_time")),
            name => Ok(vec![Told::Skipped(untaken(name))]),
        }
    }

    fn joined(&self) -> Result<Vec<Told>, Refusal> {
        let (meeting, told) = (self.meeting()?, self.participant()?);
        let mut context = Context::default().with(Dimension::Platform, PLATFORM);
        if let Some(host) = self.object()?.name("host_id")? {
            context.set(Dimension::Clinician, host);
        }
        let at = self.time(&told, "join_time")?;
        let person = Person::required(&told, self.role(&told)?)?;
        Ok(vec![Told::Event(meeting.event(Payload::Joined { context: Some(context) }, at, Some(&person)))])
    }

    fn left(&self) -> Result<Vec<Told>, Refusal> {
        let told = self.participant()?;
        self.departed(&told, Departure::of(told.text("leave_reason"), told.text("user_name")))
    }

    /// Going back to the main room reads like leaving: only a connection that was lost is told here.
    fn left_breakout_room(&self) -> Result<Vec<Told>, Refusal> {
        let told = self.participant()?;
        match Departure::of(told.text("leave_reason"), told.text("user_name")) {
            dropped @ Departure::Dropped(_) => self.departed(&told, dropped),
            _ => self.departed(&told, Departure::Moved),
        }
    }

    fn departed(&self, told: &Document<'_>, departure: Departure) -> Result<Vec<Told>, Refusal> {
        let mut tale = Vec::new();
        if let Some(payload) = departure.payload() {
            let (meeting, at) = (self.meeting()?, self.time(told, "leave_time")?);
            let person = Person::required(told, self.role(told)?)?;
            tale.push(Told::Event(meeting.event(payload, at, Some(&person))));
        }
        tale.extend(departure.note().map(|note| Told::Skipped(note.into())));
        Ok(tale)
    }

    fn waiting(&self) -> Result<Vec<Told>, Refusal> {
        let (meeting, told) = (self.meeting()?, self.participant()?);
        let at = self.time(&told, "date_time")?;
        let person = Person::required(&told, self.role(&told)?)?;
        Ok(vec![Told::Event(meeting.event(Payload::Waiting, at, Some(&person)))])
    }

    fn rated(&self) -> Result<Vec<Told>, Refusal> {
        let (meeting, told) = (self.meeting()?, self.participant()?);
        let why = "feedback says whether the participant was satisfied";
        let feedback = told.object("feedback").ok_or_else(|| told.missing("feedback", why))?;
        let satisfied = feedback
            .flag("satisfied")
            .ok_or_else(|| feedback.missing("satisfied", "it should be true or false"))?;
        let person = Person::of(&told, self.role(&told)?)?;
        let at = self.time(&told, "date_time")?;
        let payload = Payload::Rated { scale: 2, value: 1 + u8::from(satisfied) };
        let mut tale = vec![Told::Event(meeting.event(payload, at, person.as_ref()))];
        if feedback.text("comments").is_some() {
            tale.push(Told::Skipped("free text: the comment on a rating is refused".into()));
        }
        if feedback.has("rating_quality") {
            tale.push(Told::Skipped("rating_quality is not read: satisfied tells the rating".into()));
        }
        if feedback.list("feedback_details").is_some_and(|details| !details.is_empty()) {
            tale.push(Told::Skipped("the troubles ticked beside a rating have no place in an event".into()));
        }
        Ok(tale)
    }

    fn of_meeting(&self, payload: Payload, time: Option<&str>) -> Result<Vec<Told>, Refusal> {
        let (meeting, object) = (self.meeting()?, self.object()?);
        let at = self.time(&object, time.unwrap_or("date_time"))?;
        Ok(vec![Told::Event(meeting.event(payload, at, None))])
    }

    fn meeting(&self) -> Result<Meeting, Refusal> {
        let payload = self
            .document
            .object("payload")
            .ok_or_else(|| self.document.missing("payload", "it holds the meeting"))?;
        let object = self.object()?;
        let name = match (object.name(self.naming)?, &self.settings.consultation) {
            (Some(uuid), _) => uuid,
            (None, Some(name)) => name.clone(),
            (None, None) => {
                return Err(
                    object.missing(self.naming, "it names the meeting: send the webhook as Zoom wrote it")
                );
            }
        };
        let source = match (&self.settings.source, payload.name("account_id")?) {
            (Some(source), _) => source.clone(),
            (None, Some(account)) => format!("urn:zoom:{account}"),
            (None, None) => "urn:zoom:webhook".to_owned(),
        };
        Ok(Meeting { source, name })
    }

    fn object(&self) -> Result<Document<'_>, Refusal> {
        let object = self.document.object("payload").and_then(|payload| payload.object("object"));
        object.ok_or_else(|| self.document.missing("payload/object", "it holds the meeting"))
    }

    fn participant(&self) -> Result<Document<'_>, Refusal> {
        let object = self.object()?;
        object.object("participant").ok_or_else(|| object.missing("participant", "it says who it was"))
    }

    /// The time that `told` gives, else that of the webhook.
    fn time(&self, told: &Document<'_>, name: &str) -> Result<Time, Refusal> {
        if let Some(at) = told.time(name)? {
            return Ok(at);
        }
        epoch::moment(self.document, "event_ts", Unit::Milliseconds)?
            .ok_or_else(|| told.missing(name, "and so is event_ts: one of them says when"))
    }

    /// The role of a participant, where the webhook names the host.
    fn role(&self, told: &Document<'_>) -> Result<Option<Role>, Refusal> {
        let Some(host) = self.object()?.name("host_id")? else { return Ok(None) };
        let is_host = account(told)?.is_some_and(|account| account == host);
        Ok(Some(role(is_host, self.settings)))
    }
}

/// Why a webhook of that name becomes no event.
fn untaken(name: &str) -> std::borrow::Cow<'static, str> {
    match RULES
        .iter()
        .find(|rule| rule.ours.is_none() && rule.theirs.split(", ").any(|theirs| theirs == name))
    {
        Some(rule) => format!("{name}: {}", rule.why).into(),
        None => format!("webhook {}: it tells nothing that this feed reads", shown(&quoted(name))).into(),
    }
}

const CAVEATS: &[(Kind, &str)] = &[
    (
        Kind::Dropped,
        "told by the wording of leave reasons; a reconnection within a second reads like a plain leave: a lower bound",
    ),
    (Kind::Completed, "the meeting ended, which Zoom also says when everybody was cut off or nobody came"),
    (
        Kind::Converted,
        "somebody was called into the meeting by telephone and answered; the picture may have gone on",
    ),
];

const RULES: &[Rule] = &[
    Rule {
        theirs: "meeting.participant_joined",
        ours: Some(Kind::Joined),
        why: "a return is told as another one; with the platform, and the host as clinician",
    },
    Rule {
        theirs: "meeting.participant_left",
        ours: Some(Kind::Left),
        why: "the leave reason says left, removed, or ended by the host",
    },
    Rule {
        theirs: "meeting.participant_left, disconnected",
        ours: Some(Kind::Dropped),
        why: "the leave reason says disconnected, network connection error, client close, or out of free minutes",
    },
    Rule {
        theirs: "meeting.participant_joined_waiting_room, meeting.participant_put_in_waiting_room, meeting.participant_jbh_waiting",
        ours: Some(Kind::Waiting),
        why: "in the waiting room, or before the host has come",
    },
    Rule {
        theirs: "meeting.participant_left_breakout_room, disconnected",
        ours: Some(Kind::Dropped),
        why: "the leave reason says that the connection was lost",
    },
    Rule {
        theirs: "meeting.participant_feedback",
        ours: Some(Kind::Rated),
        why: "satisfied is level 2 of 2, not satisfied level 1; the comment is refused",
    },
    Rule {
        theirs: "meeting.participant_phone_callout_accepted",
        ours: Some(Kind::Converted),
        why: "somebody answered a call by telephone into the meeting: to phone, inferred",
    },
    Rule { theirs: "meeting.ended", ours: Some(Kind::Completed), why: "inferred, at its end_time" },
    Rule {
        theirs: "meeting.started",
        ours: None,
        why: "a meeting that began is no event of a consultation: who joined is",
    },
    Rule {
        theirs: "meeting.participant_admitted, meeting.participant_jbh_joined",
        ours: None,
        why: "the joined webhook tells the same",
    },
    Rule {
        theirs: "meeting.participant_left_waiting_room, meeting.participant_jbh_waiting_left",
        ours: None,
        why: "whether into the meeting or away is not told",
    },
    Rule {
        theirs: "meeting.participant_joined_breakout_room, meeting.participant_bind, meeting.participant_role_changed",
        ours: None,
        why: "no arrival and no departure",
    },
    Rule {
        theirs: "meeting.participant_room_system_callout_ringing, meeting.participant_room_system_callout_accepted, meeting.participant_room_system_callout_missed, meeting.participant_room_system_callout_rejected, meeting.participant_room_system_callout_failed",
        ours: None,
        why: "a room with its own equipment was called: who joined is told apart, and nobody moved to the telephone",
    },
    Rule {
        theirs: "meeting.participant_data, meeting.participant_data_summary, meeting.participant_data_connection_established",
        ours: None,
        why: "measurements of a stream say nothing of when sound was lost and came back",
    },
    Rule {
        theirs: "meeting.device_tested",
        ours: None,
        why: "a test of camera and microphone is no attempt to join",
    },
    Rule {
        theirs: "meeting.participant_phone_callout_ringing, meeting.participant_phone_callout_missed, meeting.participant_phone_callout_rejected",
        ours: None,
        why: "a call that was not answered moved nobody to the telephone",
    },
    Rule {
        theirs: "meeting.participant_qos, meeting.participant_qos_summary",
        ours: None,
        why: "averages over a minute say nothing of when sound was lost and came back",
    },
    Rule {
        theirs: "meeting.alert",
        ours: None,
        why: "an alert names neither the participant nor an end: no loss can be read from it",
    },
    Rule {
        theirs: "meeting.created, meeting.updated, meeting.deleted",
        ours: None,
        why: "a planned meeting has another uuid than the one that is held; take bookings from the booking system",
    },
    Rule { theirs: "endpoint.url_validation", ours: None, why: "Zoom tested the address of the webhook" },
];
