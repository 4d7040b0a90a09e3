//! The feed of the meeting events of Amazon Chime SDK clients.
//!
//! An application hands on what its event observer receives: a name, and attributes. The clients keep a
//! history of all states with every event, and what happens while the connection is down is often told by
//! the history of a later event alone. Therefore the states of the history are read too; they have the ids
//! of the events they repeat. States that end something are not: only their own events tell the reason.
//! Browsers tell a drop by an event; iOS and Android by how long the return from it took. The duplicate key
//! is meeting, attendee, name and millisecond.

use std::io::BufRead;

use event::{Context, Declaration, Dimension, Kind, KindSet, Payload, Time};
use memchr::memmem;

use super::{NAMES, PLATFORM, Told as Meeting};
use crate::document::Document;
use crate::epoch::{Unit, moment};
use crate::frame::begins_json;
use crate::reason::{kept, untaken};
use crate::tale::{self, Tale, Told};
use crate::{Feed, FeedError, Refusal, Rule, Settings, Sink, declare, identity, naming, side};

/// The feed of the meeting events of Amazon Chime SDK clients.
#[derive(Debug, Clone, Copy)]
pub struct ChimeClient;

const OBSERVED: KindSet = KindSet::of(&[
    Kind::JoinAttempted,
    Kind::JoinFailed,
    Kind::Joined,
    Kind::Rejoined,
    Kind::Dropped,
    Kind::Left,
    Kind::AudioLost,
]);
const INFERRED: KindSet = KindSet::of(&[Kind::AudioRestored, Kind::Completed]);

impl Feed for ChimeClient {
    fn name(&self) -> &'static str {
        "chime-client"
    }

    fn title(&self) -> &'static str {
        "Amazon Chime SDK client events"
    }

    fn about(&self) -> &'static str {
        "What the event observer of an application with the Amazon Chime SDK receives, as the objects \
         {name, attributes}, one a line or in an array. They tell attempts to get in, failures, drops, \
         returns and lost sound by the clock of the device, for those people whose application hands them \
         on. They cannot tell when the picture was lost, nor when sound that is received came back. \
         Nobody is marked as the clinician: any two people are the two sides. The consultation is meetingId, \
         or externalMeetingId by --map with consultation = \"externalMeetingId\", where the application gives \
         each meeting one of its own."
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

    fn recognises(&self, head: &[u8]) -> bool {
        let has = |part: &[u8]| memmem::find(head, part).is_some();
        let is_of_chime = has(b"\"amazon-chime-sdk") || (has(b"\"attendeeId\"") && has(b"\"meetingId\""));
        begins_json(head) && has(b"\"name\"") && has(b"\"timestampMs\"") && is_of_chime
    }

    fn read(&self, input: &mut dyn BufRead, settings: &Settings, sink: Sink<'_>) -> Result<(), FeedError> {
        side::refuse_others(settings, "Chime")?;
        let naming = naming::chosen(settings, NAMES)?;
        tale::read_callbacks(input, settings, sink, |document, settings| tell(document, naming, settings))
    }
}

fn declaration() -> Declaration {
    let told = declare::declaration(ChimeClient.name(), OBSERVED, INFERRED);
    Declaration { platform: Some(PLATFORM.to_owned()), ..told }
}

fn tell(document: &Document<'_>, naming: &'static str, settings: &Settings) -> Result<Tale, Refusal> {
    let Some(name) = document.text("name") else {
        let why = "this is no event of a Chime client: each is an object with name and attributes";
        return Err(document.missing("name", why));
    };
    let attributes = document.object("attributes").unwrap_or_else(|| document.clone());
    let source = settings.source.clone().unwrap_or_else(|| "urn:chime:client".to_owned());
    let meeting = Meeting { ids: attributes.clone(), naming, source, settings };
    let told = Client { attributes, meeting, name }.tell()?;
    Ok(Tale { told, declaration: declaration() })
}

/// One event of a client.
struct Client<'a> {
    attributes: Document<'a>,
    meeting: Meeting<'a>,
    name: &'a str,
}

impl Client<'_> {
    fn tell(&self) -> Result<Vec<Told>, Refusal> {
        let mut told = self.history()?;
        match self.name {
            "meetingStartSucceeded" => told.extend(self.attempted()?),
            "meetingReconnected" => told.extend(self.dropped_before()?),
            "meetingStartFailed" => told.extend(self.start_failed()?),
            "meetingEnded" => told.extend(self.ended()?),
            "meetingFailed" => told.extend(self.failed()?),
            _ => {}
        }
        match self.state(self.name) {
            Some(payload) => told.push(self.event(self.name, self.at(&self.attributes)?, payload)?),
            None if ENDS.contains(&self.name) => {}
            None => told.push(untaken(RULES, self.name)),
        }
        Ok(told)
    }

    /// What a state is that says all by its name.
    fn state(&self, name: &str) -> Option<Payload> {
        let direction = |direction: &str| Some(direction.to_owned());
        Some(match name {
            "meetingStartRequested" => Payload::JoinAttempted,
            "meetingStartSucceeded" => Payload::Joined { context: Some(self.context()) },
            "meetingReconnected" => Payload::Rejoined,
            "signalingDropped" => Payload::Dropped { reason: Some("signalling".to_owned()) },
            "receivingAudioDropped" => Payload::AudioLost { direction: direction("receiving") },
            "sendingAudioFailed" => Payload::AudioLost { direction: direction("sending") },
            "sendingAudioRecovered" => Payload::AudioRestored { direction: direction("sending") },
            _ => return None,
        })
    }

    /// What happened before, as far as its names say all.
    fn history(&self) -> Result<Vec<Told>, Refusal> {
        let mut told = Vec::new();
        for state in self.attributes.list("meetingHistory").unwrap_or_default() {
            let Some(name) = state.text("name") else { continue };
            let Some(payload) = self.state(name) else { continue };
            match self.at(&state) {
                // The history ends with the event that it comes with.
                Ok(at) if name == self.name && self.at(&self.attributes)? == at => {}
                Ok(at) => told.push(self.event(name, at, payload)?),
                Err(refusal) => told.push(Told::Refused(refusal, state.json())),
            }
        }
        Ok(told)
    }

    /// When getting in was asked for, where only its length is told.
    fn attempted(&self) -> Result<Option<Told>, Refusal> {
        let states = self.attributes.list("meetingHistory").unwrap_or_default();
        if states.iter().any(|state| state.text("name") == Some("meetingStartRequested")) {
            return Ok(None);
        }
        let Some(at) = self.before("meetingStartDurationMs")? else { return Ok(None) };
        self.event("meetingStartRequested", at, Payload::JoinAttempted).map(Some)
    }

    /// The drop before a return: telephones and tablets tell it by its length alone.
    fn dropped_before(&self) -> Result<Option<Told>, Refusal> {
        let Some(at) = self.before("meetingReconnectDurationMs")? else { return Ok(None) };
        let payload = Payload::Dropped { reason: Some("reconnecting".to_owned()) };
        self.event("reconnecting", at, payload).map(Some)
    }

    /// The moment that lies a duration before the event.
    fn before(&self, duration: &str) -> Result<Option<Time>, Refusal> {
        let ms = self.attributes.number(duration).filter(|ms| (1.0..86_400_000.0).contains(ms));
        ms.map(|ms| Ok(self.at(&self.attributes)?.plus(-(ms as i64)))).transpose()
    }

    fn start_failed(&self) -> Result<Vec<Told>, Refusal> {
        let (reason, note) = self.status();
        let payload = Payload::JoinFailed { reason };
        let event = self.event(self.name, self.at(&self.attributes)?, payload)?;
        Ok([event].into_iter().chain(note).collect())
    }

    /// The end for this client: it left, or the meeting was ended for all.
    fn ended(&self) -> Result<Vec<Told>, Refusal> {
        let at = self.at(&self.attributes)?;
        let (reason, note) = self.status();
        let event = match reason.as_deref() {
            Some("meeting_ended" | "audio_call_ended") => {
                let id = self.id(self.name, at)?;
                Told::Event(self.meeting.of_meeting(id, at, Payload::Completed)?)
            }
            None | Some("left" | "ok") => self.event(self.name, at, Payload::Left { reason: None })?,
            Some(_) => self.event(self.name, at, Payload::Left { reason })?,
        };
        Ok([event].into_iter().chain(note).collect())
    }

    fn failed(&self) -> Result<Vec<Told>, Refusal> {
        let at = self.at(&self.attributes)?;
        let (reason, note) = self.status();
        let event = match reason.as_deref() {
            Some("audio_joined_from_another_device") => {
                let note = "another device of the same person took over: they are still in";
                return Ok(vec![Told::Skipped(note.into())]);
            }
            Some("audio_attendee_removed") => self.event(self.name, at, Payload::Left { reason })?,
            _ => self.event(self.name, at, Payload::Dropped { reason })?,
        };
        Ok([event].into_iter().chain(note).collect())
    }

    /// The status code as a reason; the message beside it is a sentence and is not kept.
    fn status(&self) -> (Option<String>, Option<Told>) {
        match self.attributes.text("meetingStatus").map(kept) {
            Some((reason, note)) => (Some(reason), note),
            None => (None, None),
        }
    }

    fn event(&self, name: &str, at: Time, payload: Payload) -> Result<Told, Refusal> {
        let id = self.id(name, at)?;
        Ok(Told::Event(self.meeting.of_attendee(id, at, payload)?))
    }

    fn id(&self, name: &str, at: Time) -> Result<String, Refusal> {
        let attendee = self.attributes.name("attendeeId")?.unwrap_or_default();
        let who = self.meeting.attendee()?;
        let (meeting, at) = (self.meeting.meeting()?, at.ms().to_string());
        Ok(identity::derive(["chime-client", &meeting, &attendee, &who, name, &at]))
    }

    fn at(&self, told: &Document<'_>) -> Result<Time, Refusal> {
        let at = moment(told, "timestampMs", Unit::Milliseconds)?;
        at.ok_or_else(|| told.missing("timestampMs", "it says when, in milliseconds since 1970"))
    }

    fn context(&self) -> Context {
        let mut context = Context::default().with(Dimension::Platform, PLATFORM);
        if let Some(device) = device(&self.attributes) {
            context.set(Dimension::Device, device);
        }
        for (name, dimension) in
            [("browserName", Dimension::Browser), ("sdkVersion", Dimension::PlatformVersion)]
        {
            if let Ok(Some(level)) = self.attributes.name(name) {
                context.set(dimension, level);
            }
        }
        context
    }
}

/// What somebody joined with: the SDK tells the system, and mostly the model.
fn device(told: &Document<'_>) -> Option<&'static str> {
    let model = told.text("deviceName").unwrap_or_default().to_lowercase();
    if model.contains("ipad") || model.contains("tablet") {
        return Some("tablet");
    }
    if model.contains("iphone") {
        return Some("phone");
    }
    match told.text("osName")?.to_lowercase().as_str() {
        "windows" | "mac os" | "macos" | "linux" | "ubuntu" | "chromium os" | "chrome os" => Some("computer"),
        "ios" | "android" => Some("phone_or_tablet"),
        _ => None,
    }
}

/// Events that end something, and whose reason only they tell.
const ENDS: [&str; 3] = ["meetingStartFailed", "meetingEnded", "meetingFailed"];

const CAVEATS: &[(Kind, &str)] = &[
    (
        Kind::AudioRestored,
        "told of sound that is sent; sound that is received counts as lost to the next drop, departure or end: too long",
    ),
    (
        Kind::Completed,
        "the meeting was ended for all, by the application or by Chime after long inactivity; one that everybody left tells no completion",
    ),
];

const RULES: &[Rule] = &[
    Rule {
        theirs: "meetingStartRequested",
        ours: Some(Kind::JoinAttempted),
        why: "also meetingStartDurationMs before meetingStartSucceeded, where no history tells it",
    },
    Rule {
        theirs: "meetingStartSucceeded",
        ours: Some(Kind::Joined),
        why: "with the platform and its version, device and browser",
    },
    Rule {
        theirs: "meetingStartFailed",
        ours: Some(Kind::JoinFailed),
        why: "the meetingStatus is the reason, as task_failed",
    },
    Rule {
        theirs: "meetingReconnected",
        ours: Some(Kind::Rejoined),
        why: "back after a drop, or after media that stalled without one",
    },
    Rule {
        theirs: "signalingDropped",
        ours: Some(Kind::Dropped),
        why: "reason signalling; told by browsers",
    },
    Rule {
        theirs: "meetingReconnected with meetingReconnectDurationMs",
        ours: Some(Kind::Dropped),
        why: "that long before, reason reconnecting; told by iOS and Android, which tell it by no event of its own",
    },
    Rule {
        theirs: "meetingFailed",
        ours: Some(Kind::Dropped),
        why: "the meetingStatus is the reason; not where another device took over (AudioJoinedFromAnotherDevice)",
    },
    Rule {
        theirs: "meetingFailed with AudioAttendeeRemoved",
        ours: Some(Kind::Left),
        why: "removed on purpose",
    },
    Rule { theirs: "meetingEnded", ours: Some(Kind::Left), why: "the meetingStatus is Left, OK, or none" },
    Rule {
        theirs: "meetingEnded with MeetingEnded",
        ours: Some(Kind::Completed),
        why: "inferred: the meeting was ended for all",
    },
    Rule {
        theirs: "receivingAudioDropped, sendingAudioFailed",
        ours: Some(Kind::AudioLost),
        why: "with the direction: receiving, sending",
    },
    Rule { theirs: "sendingAudioRecovered", ours: Some(Kind::AudioRestored), why: "direction sending" },
    Rule {
        theirs: "attributes.meetingHistory",
        ours: None,
        why: "its states are read as events, but for those that end something: only their own events tell why",
    },
    Rule {
        theirs: "attendeePresenceReceived, selfAttendeePresent",
        ours: None,
        why: "the start of the meeting tells the same",
    },
    Rule {
        theirs: "audioInputSelected, audioInputUnselected, videoInputSelected, videoInputUnselected",
        ours: None,
        why: "a microphone or camera that was chosen is no loss",
    },
    Rule {
        theirs: "videoClientSignalingOpened, videoClientSignalingDropped, videoClientIceGatheringCompleted",
        ours: None,
        why: "whether a picture was shown, and so lost, is not told",
    },
    Rule {
        theirs: "contentShareStartRequested, contentShareStarted, contentShareStopped, contentShareFailed, contentShareSignalingOpened, contentShareSignalingDropped, contentShareIceGatheringCompleted",
        ours: None,
        why: "content that is shared is no participant",
    },
    Rule {
        theirs: "appStateChanged, appMemoryLow, networkConnectionTypeChanged, voiceFocusEnabled, voiceFocusDisabled, voiceFocusEnableFailed, voiceFocusDisableFailed, videoCaptureSessionInterruptionBegan, videoCaptureSessionInterruptionEnded, backgroundFilterConfigSelected, signalingCloseCode, signalingCloseReason, signalingCloseWasClean",
        ours: None,
        why: "the state of the application says nothing of the connection",
    },
    Rule {
        theirs: "audioInputFailed, videoInputFailed, deviceLabelTriggerFailed",
        ours: None,
        why: "a device that could not be chosen: whether they went on with another is not told",
    },
];
