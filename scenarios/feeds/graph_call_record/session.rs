//! One session: somebody's stay in a call, how it began, how it ended, and what they thought of it.

use event::{Context, Dimension, Payload, Role, Time};

use super::PLATFORM;
use super::person::{Endpoint, Person};
use super::record::Record;
use crate::Refusal;
use crate::document::Document;
use crate::tale::Told;
use crate::text::{check, quoted, shown};

/// Parts of a reason that say that people did not want the call, or did not hear it.
const EXPECTED: [&str; 7] = ["cancel", "declin", "reject", "busy", "noanswer", "notanswered", "hangup"];

/// What was read of one session.
pub(super) struct Session {
    pub(super) told: Vec<Told>,
    /// When it ended, and whether it did so without a failure; `None` where nobody was in the call.
    pub(super) ended: Option<(Time, bool)>,
    /// Who was in the call.
    pub(super) people: Vec<String>,
}

/// What became of a session.
enum Fate {
    /// It was not set up.
    Failed(Option<String>),
    /// It was not set up, and need not have been: somebody hung up.
    HungUp,
    /// It broke off.
    Dropped(Option<String>),
    /// Nothing is told against it.
    Ended,
}

/// Somebody in a session: `caller` or `callee`.
struct Party<'a> {
    side: &'static str,
    person: Person,
    told: Document<'a>,
}

impl Session {
    pub(super) fn read(session: &Document<'_>, record: &Record<'_>) -> Result<Self, Refusal> {
        let key = session.required_name("id", "it names the session")?;
        if session.flag("isTest") == Some(true) {
            let told = vec![Told::Skipped("session: isTest: a test call is no consultation".into())];
            return Ok(Self { told, ended: None, people: Vec::new() });
        }
        let mut told = Vec::new();
        let parties = parties(session, record, &key, &mut told)?;
        if parties.is_empty() {
            told.push(Told::Skipped("a session of the service's own: nobody is at either end".into()));
            return Ok(Self { told, ended: None, people: Vec::new() });
        }
        let why = "it says when somebody came";
        let began = session.time("startDateTime")?.ok_or_else(|| session.missing("startDateTime", why))?;
        let ended = session.time("endDateTime")?;
        let fate = fate(session, record, &parties, &mut told)?;
        let stay = Stay { session, record, key: &key, began, ended, fate: &fate };
        for (at, party) in parties.iter().enumerate() {
            told.extend(stay.of(party, at > 0)?);
            rating(party, &stay, &mut told)?;
        }
        let connected = matches!(fate, Fate::Dropped(_) | Fate::Ended);
        let ended = ended.filter(|_| connected).map(|at| (at, matches!(fate, Fate::Ended)));
        let people = parties.into_iter().filter(|_| connected).map(|party| party.person.name).collect();
        Ok(Self { told, ended, people })
    }
}

fn parties<'a>(
    session: &Document<'a>,
    record: &Record<'_>,
    key: &str,
    told: &mut Vec<Told>,
) -> Result<Vec<Party<'a>>, Refusal> {
    let mut parties = Vec::new();
    for side in ["caller", "callee"] {
        let endpoint = session.object(side);
        match Endpoint::of(endpoint.as_ref(), &[&record.name, key, side])? {
            Endpoint::Person(person) => parties.extend(endpoint.map(|told| Party { side, person, told })),
            Endpoint::Program => {
                told.push(Told::Skipped("a program at an end of a session is no participant".into()))
            }
            Endpoint::Service => {}
        }
    }
    Ok(parties)
}

/// What became of the session, by its failure or else that of a segment.
fn fate(
    session: &Document<'_>,
    record: &Record<'_>,
    parties: &[Party<'_>],
    told: &mut Vec<Told>,
) -> Result<Fate, Refusal> {
    let segments = session.list("segments").unwrap_or_default();
    let failure =
        session.object("failureInfo").or_else(|| segments.iter().find_map(|one| one.object("failureInfo")));
    let Some(failure) = failure else {
        let no_time =
            session.has("endDateTime") && session.time("startDateTime")? == session.time("endDateTime")?;
        return Ok(if record.between_two && no_time {
            Fate::Failed(Some("zero_length".to_owned()))
        } else {
            Fate::Ended
        });
    };
    let reason = failure.text("reason").map(str::to_owned);
    if let Some(reason) = &reason {
        check(reason, &"the reason of a failure", || "/failureInfo/reason".into())?;
    }
    match failure.text("stage") {
        Some("callSetup") => {
            let plain = reason.as_deref().unwrap_or_default().to_lowercase().replace([' ', '-', '_'], "");
            let expected = EXPECTED.iter().any(|part| plain.contains(part));
            if expected || parties.iter().any(|party| party.person.phone) {
                let note = "callSetup, to a telephone or hung up: hanging up before an answer is no failure to get in";
                told.push(Told::Skipped(note.into()));
                return Ok(Fate::HungUp);
            }
            Ok(Fate::Failed(reason))
        }
        Some("midcall") => Ok(Fate::Dropped(reason)),
        stage => {
            let stage = shown(&quoted(stage.unwrap_or_default()));
            let note = format!("failureInfo.stage {stage}: what failed is not known; read as a plain end");
            told.push(Told::Skipped(note.into()));
            Ok(Fate::Ended)
        }
    }
}

/// A session and what became of it.
struct Stay<'a> {
    session: &'a Document<'a>,
    record: &'a Record<'a>,
    key: &'a str,
    began: Time,
    ended: Option<Time>,
    fate: &'a Fate,
}

impl Stay<'_> {
    /// What happened to one party; whose connection it was that failed is told once, of the first.
    fn of(&self, party: &Party<'_>, second: bool) -> Result<Vec<Told>, Refusal> {
        let event = |payload, at| self.event(party, payload, at);
        let joined = |context| Payload::Joined { context: Some(context) };
        Ok(match self.fate {
            Fate::HungUp => Vec::new(),
            Fate::Failed(_) if second => Vec::new(),
            Fate::Failed(reason) => vec![event(Payload::JoinFailed { reason: reason.clone() }, self.began)],
            Fate::Dropped(_) | Fate::Ended => {
                let mut told = vec![event(joined(self.context(party)?), self.began)];
                let later = self.record.video_since.is_some_and(|since| since < self.began);
                if party.person.phone && later {
                    told.push(event(Payload::Converted { to: Some("phone".to_owned()) }, self.began));
                }
                let end = match self.fate {
                    Fate::Dropped(reason) if !second => Payload::Dropped { reason: reason.clone() },
                    _ => Payload::Left { reason: None },
                };
                told.extend(self.ended.map(|at| event(end, at)));
                told
            }
        })
    }

    fn event(&self, party: &Party<'_>, payload: Payload, at: Time) -> Told {
        let key = format!("{}/{}", self.key, party.side);
        let name = party.person.name.as_str();
        Told::Event(self.record.event(&key, payload, at, Some((name, self.record.role(name)))))
    }

    /// The circumstances: of the organizer that they are the clinician, of the others what they joined with.
    fn context(&self, party: &Party<'_>) -> Result<Context, Refusal> {
        let mut context = Context::default().with(Dimension::Platform, PLATFORM);
        if let Some(organizer) = &self.record.organizer {
            context.set(Dimension::Clinician, organizer.as_str());
        }
        if self.record.role(&party.person.name) == Role::Clinician {
            return Ok(context);
        }
        if let Some(agent) = party.told.object("userAgent") {
            if let Some(level) = agent.text("platform").and_then(device) {
                context.set(Dimension::Device, level);
            }
            if let Some(version) = agent.name("applicationVersion")? {
                context.set(Dimension::PlatformVersion, version);
            }
        }
        if let Some(level) = network(self.session, party.side) {
            context.set(Dimension::Network, level);
        }
        Ok(context)
    }
}

/// What one side thought; each side is asked by itself.
fn rating(party: &Party<'_>, stay: &Stay<'_>, told: &mut Vec<Told>) -> Result<(), Refusal> {
    let segments = stay.session.list("segments").unwrap_or_default();
    let of_segment = || segments.iter().find_map(|one| one.object(party.side)?.object("feedback"));
    let Some(feedback) = party.told.object("feedback").or_else(of_segment) else { return Ok(()) };
    let value = match feedback.text("rating") {
        None | Some("notRated") => None,
        Some("bad") => Some(1),
        Some("poor") => Some(2),
        Some("fair") => Some(3),
        Some("good") => Some(4),
        Some("excellent") => Some(5),
        Some(other) => {
            let other = shown(&quoted(other));
            told.push(Told::Skipped(format!("rating {other}: what it is worth is not known").into()));
            None
        }
    };
    if let Some(value) = value {
        let at = stay.ended.unwrap_or(stay.began);
        told.push(stay.event(party, Payload::Rated { scale: 5, value }, at));
    }
    if feedback.text("text").is_some() {
        told.push(Told::Skipped("free text: the comment on a rating is refused".into()));
    }
    if feedback.object("tokens").is_some_and(|tokens| tokens.has_true()) {
        told.push(Told::Skipped("the troubles ticked beside a rating have no place in an event".into()));
    }
    Ok(())
}

fn device(platform: &str) -> Option<&'static str> {
    match platform {
        "windows" | "macOS" | "linux" => Some("computer"),
        "iOS" | "android" => Some("phone_or_tablet"),
        "ipPhone" => Some("telephone"),
        "roomSystem" | "surfaceHub" => Some("room_system"),
        _ => None,
    }
}

/// How a side was connected, as the first medium of the first segment tells it.
fn network(session: &Document<'_>, side: &str) -> Option<&'static str> {
    let name = if side == "caller" { "callerNetwork" } else { "calleeNetwork" };
    let media = session.list("segments")?.into_iter().flat_map(|one| one.list("media").unwrap_or_default());
    media.filter_map(|medium| medium.object(name)).find_map(|told| match told.text("connectionType")? {
        "wired" => Some("wired"),
        "wifi" => Some("wifi"),
        "mobile" => Some("mobile"),
        _ => None,
    })
}
