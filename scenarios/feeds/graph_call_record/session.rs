//! One session: somebody's stay in a call, how it began, how it ended, and what they thought of it.

use event::{Context, Dimension, Payload, Role, Time};

use super::PLATFORM;
use super::person::{Endpoint, Person};
use super::record::Record;
use crate::Refusal;
use crate::document::Document;
use crate::reason::kept;
use crate::stay::{Overlaps, Stay, WITHIN};
use crate::tale::Told;
use crate::text::{quoted, shown};

/// Parts of a reason that say that people did not want the call, or did not hear it.
const EXPECTED: [&str; 7] = ["cancel", "declin", "reject", "busy", "noanswer", "notanswered", "hangup"];

/// What was read of one session.
pub(super) struct Session<'a> {
    key: String,
    parties: Vec<Party<'a>>,
    began: Time,
    ended: Option<Time>,
    fate: Fate,
    /// Its parts, which may tell what people thought.
    segments: Vec<Document<'a>>,
    notes: Vec<Told>,
}

/// What an element of the list of sessions is.
pub(super) enum Read<'a> {
    Session(Session<'a>),
    /// Nobody was in it, or it was a test; with the notes that say so.
    Nobody(Vec<Told>),
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
    context: Context,
}

impl<'a> Session<'a> {
    pub(super) fn read(session: &Document<'a>, record: &Record<'_>) -> Result<Read<'a>, Refusal> {
        let key = session.required_name("id", "it names the session")?;
        if session.flag("isTest") == Some(true) {
            let note = "session: isTest: a test call is no consultation";
            return Ok(Read::Nobody(vec![Told::Skipped(note.into())]));
        }
        let mut notes = Vec::new();
        let parties = parties(session, record, &key, &mut notes)?;
        if parties.is_empty() {
            notes.push(Told::Skipped("a session of the service's own: nobody is at either end".into()));
            return Ok(Read::Nobody(notes));
        }
        let why = "it says when somebody came";
        let began = session.time("startDateTime")?.ok_or_else(|| session.missing("startDateTime", why))?;
        let ended = session.time("endDateTime")?;
        let fate = fate(session, record, &parties, &mut notes)?;
        let segments = session.list("segments").unwrap_or_default();
        Ok(Read::Session(Self { key, parties, began, ended, fate, segments, notes }))
    }

    /// The stays that it is: one of each party, where it was set up.
    pub(super) fn stays(&self) -> Vec<Stay<String>> {
        let parties = self.parties.iter().filter(|_| self.was_set_up());
        let stay = |party: &Party<'_>| Stay {
            person: party.person.name.clone(),
            connection: format!("{}/{}", self.key, party.side),
            came: self.began,
            went: self.ended,
        };
        parties.map(stay).collect()
    }

    /// When it ended, and whether it did so without a failure; `None` where nobody was in the call.
    pub(super) fn end(&self) -> Option<(Time, bool)> {
        self.ended.filter(|_| self.was_set_up()).map(|at| (at, matches!(self.fate, Fate::Ended)))
    }

    fn was_set_up(&self) -> bool {
        matches!(self.fate, Fate::Dropped(_) | Fate::Ended)
    }

    /// What it tells; its stays stand among those of the record from `first` on.
    pub(super) fn tell(self, record: &Record<'_>, overlaps: &Overlaps, first: usize) -> Vec<Told> {
        let mut told = Vec::new();
        for (at, party) in self.parties.iter().enumerate() {
            match &self.fate {
                Fate::HungUp => {}
                Fate::Failed(reason) if at == 0 => {
                    let payload = Payload::JoinFailed { reason: reason.clone() };
                    told.push(self.event(record, party, payload, self.began));
                }
                Fate::Failed(_) => {}
                Fate::Dropped(_) | Fate::Ended => {
                    if !overlaps.begins_within(first + at) {
                        told.extend(self.arrival(record, party));
                    }
                    if !overlaps.ends_within(first + at) {
                        told.extend(self.departure(record, party, at > 0));
                    }
                    if overlaps.hide(first + at) {
                        told.push(Told::Skipped(WITHIN.into()));
                    }
                }
            }
            self.rating(record, party, &mut told);
        }
        self.notes.into_iter().chain(told).collect()
    }

    fn arrival(&self, record: &Record<'_>, party: &Party<'_>) -> Vec<Told> {
        let joined = Payload::Joined { context: Some(party.context.clone()) };
        let mut told = vec![self.event(record, party, joined, self.began)];
        if party.person.phone && record.video_since.is_some_and(|since| since < self.began) {
            let converted = Payload::Converted { to: Some("phone".to_owned()) };
            told.push(self.event(record, party, converted, self.began));
        }
        told
    }

    /// Whose connection it was that failed is told once, of the first.
    fn departure(&self, record: &Record<'_>, party: &Party<'_>, second: bool) -> Option<Told> {
        let payload = match &self.fate {
            Fate::Dropped(reason) if !second => Payload::Dropped { reason: reason.clone() },
            _ => Payload::Left { reason: None },
        };
        self.ended.map(|at| self.event(record, party, payload, at))
    }

    /// What one side thought; each side is asked by itself.
    fn rating(&self, record: &Record<'_>, party: &Party<'_>, told: &mut Vec<Told>) {
        let of_segment = || self.segments.iter().find_map(|one| one.object(party.side)?.object("feedback"));
        let Some(feedback) = party.told.object("feedback").or_else(of_segment) else { return };
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
            let at = self.ended.unwrap_or(self.began);
            told.push(self.event(record, party, Payload::Rated { scale: 5, value }, at));
        }
        if feedback.text("text").is_some() {
            told.push(Told::Skipped("free text: the comment on a rating is refused".into()));
        }
        if feedback.object("tokens").is_some_and(|tokens| tokens.has_true()) {
            told.push(Told::Skipped("the troubles ticked beside a rating have no place in an event".into()));
        }
    }

    fn event(&self, record: &Record<'_>, party: &Party<'_>, payload: Payload, at: Time) -> Told {
        let key = format!("{}/{}", self.key, party.side);
        let name = party.person.name.as_str();
        Told::Event(record.event(&key, payload, at, Some((name, record.role(name)))))
    }
}

fn parties<'a>(
    session: &Document<'a>,
    record: &Record<'_>,
    key: &str,
    notes: &mut Vec<Told>,
) -> Result<Vec<Party<'a>>, Refusal> {
    let mut parties = Vec::new();
    for side in ["caller", "callee"] {
        let endpoint = session.object(side);
        match Endpoint::of(endpoint.as_ref(), &[&record.name, key, side])? {
            Endpoint::Person(person) => {
                let Some(told) = endpoint else { continue };
                let context = context(session, record, &told, &person.name, side)?;
                parties.push(Party { side, person, told, context });
            }
            Endpoint::Program => {
                notes.push(Told::Skipped("a program at an end of a session is no participant".into()))
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
    let reason = failure.text("reason");
    match failure.text("stage") {
        Some("callSetup") => {
            let plain = reason.unwrap_or_default().to_lowercase().replace([' ', '-', '_'], "");
            let expected = EXPECTED.iter().any(|part| plain.contains(part));
            if expected || parties.iter().any(|party| party.person.phone) {
                let note = "callSetup, to a telephone or hung up: hanging up before an answer is no failure to get in";
                told.push(Told::Skipped(note.into()));
                return Ok(Fate::HungUp);
            }
            Ok(Fate::Failed(kept_of(reason, told)))
        }
        Some("midcall") => Ok(Fate::Dropped(kept_of(reason, told))),
        stage => {
            let stage = shown(&quoted(stage.unwrap_or_default()));
            let note = format!("failureInfo.stage {stage}: what failed is not known; read as a plain end");
            told.push(Told::Skipped(note.into()));
            Ok(Fate::Ended)
        }
    }
}

/// The reason as a code; a sentence is not kept, and that is counted.
fn kept_of(reason: Option<&str>, told: &mut Vec<Told>) -> Option<String> {
    let (code, note) = kept(reason?);
    told.extend(note);
    Some(code)
}

/// The circumstances: of the organizer that they are the clinician, of the others what they joined with.
fn context(
    session: &Document<'_>,
    record: &Record<'_>,
    party: &Document<'_>,
    name: &str,
    side: &str,
) -> Result<Context, Refusal> {
    let mut context = Context::default().with(Dimension::Platform, PLATFORM);
    if let Some(organizer) = &record.organizer {
        context.set(Dimension::Clinician, organizer.as_str());
    }
    if record.role(name) == Role::Clinician {
        return Ok(context);
    }
    if let Some(agent) = party.object("userAgent") {
        if let Some(level) = agent.text("platform").and_then(device) {
            context.set(Dimension::Device, level);
        }
        if let Some(version) = agent.name("applicationVersion")? {
            context.set(Dimension::PlatformVersion, version);
        }
    }
    if let Some(level) = network(session, side) {
        context.set(Dimension::Network, level);
    }
    Ok(context)
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
