//! One call record: its sessions, and how it ended.

use std::collections::BTreeSet;

use event::{Event, Payload, Role, Time};

use super::person::{organizer, tenant};
use super::session::{Read, Session};
use crate::document::Document;
use crate::stay::{Overlaps, Stay};
use crate::tale::Told;
use crate::{Refusal, Settings, identity};

/// A record, as far as its sessions need to know it.
pub(super) struct Record<'a> {
    pub(super) settings: &'a Settings,
    source: String,
    pub(super) name: String,
    pub(super) organizer: Option<String>,
    pub(super) between_two: bool,
    /// When the first session began, of a call with a picture.
    pub(super) video_since: Option<Time>,
}

/// What stands in a list that `context` describes.
pub(super) fn tell_within(
    one: &Document<'_>,
    context: &str,
    naming: &str,
    settings: &Settings,
) -> Result<Vec<Told>, Refusal> {
    let kind = one.text("@odata.type").unwrap_or_default();
    if one.has("subscriptionId") || one.has("changeType") {
        return skipped("changeNotification: it names a record and does not hold it: get the record");
    }
    if kind.contains("LogRow") || context.contains("LogRow") || one.has("calleeNumber") {
        return skipped(
            "pstnCallLogRow, directRoutingLogRow: the bill of a telephone call is no video consultation",
        );
    }
    if !one.has("sessions") && (one.has("caller") || one.has("callee")) {
        let why = "this is a session without its record, so that neither who was the organizer nor whose stay \
                   went on is told: write one document with all pages of its sessions (the record by \
                   $expand=sessions($expand=segments), the sessions of each sessions@odata.nextLink added to its list)";
        return Err(one.missing("sessions", why));
    }
    tell(one, naming, settings)
}

/// What one record tells.
pub(super) fn tell(document: &Document<'_>, naming: &str, settings: &Settings) -> Result<Vec<Told>, Refusal> {
    if let Some(error) = document.object("error") {
        let why = "this is an error that Graph answered, not a record: ask again";
        return Err(error.missing("id", why));
    }
    let name = named(document, naming, settings)?;
    let Some(sessions) = document.list("sessions") else {
        if !document.has("modalities") && !document.has("startDateTime") {
            return Err(document.missing("sessions", "this is no callRecord of Microsoft Graph"));
        }
        return without_sessions(document, name, settings);
    };
    let mut record = Record::new(document, name, settings)?;
    record.video_since = video_since(document, &sessions)?;
    let read: Vec<_> = sessions.iter().map(|session| (session, Session::read(session, &record))).collect();
    let kept = || {
        read.iter().filter_map(|(_, read)| match read {
            Ok(Read::Session(session)) => Some(session),
            _ => None,
        })
    };
    let stays: Vec<Stay<String>> = kept().flat_map(Session::stays).collect();
    let last = kept().filter_map(Session::end).max();
    let people: BTreeSet<String> = stays.iter().map(|stay| stay.person.clone()).collect();
    let mut told = of_sessions(read, &record, &Overlaps::among(&stays));
    let is_whole = !document.has("sessions@odata.nextLink");
    if let Some((at, went_well)) = last {
        let at = document.time("endDateTime")?.unwrap_or(at);
        if went_well && people.len() > 1 && is_whole {
            told.push(Told::Event(record.event("", Payload::Completed, at, None)));
        }
    }
    if !is_whole {
        let note = "one page of the sessions of a record, so that its end is not told: write one document with \
                    all pages of its sessions, those of each sessions@odata.nextLink added to its list, and \
                    without the nextLink";
        told.push(Told::Skipped(note.into()));
    }
    if told.is_empty() {
        told.push(Told::Skipped("a record of a call with no sessions".into()));
    }
    Ok(told)
}

/// What the call is named by: the record's id, or what else the mapping chose.
fn named(document: &Document<'_>, naming: &str, settings: &Settings) -> Result<String, Refusal> {
    let why = "it names the call record: this is no callRecord of Microsoft Graph without it";
    let id = document.required_name("id", why)?;
    if naming == "id" {
        return Ok(id);
    }
    let why = "calls between two have none: name the consultation, or read them without the mapping";
    let name = document.name(naming)?.or_else(|| settings.consultation.clone());
    name.ok_or_else(|| document.missing(naming, why))
}

/// What each session tells; a refusal costs that one alone.
fn of_sessions(
    read: Vec<(&Document<'_>, Result<Read<'_>, Refusal>)>,
    record: &Record<'_>,
    overlaps: &Overlaps,
) -> Vec<Told> {
    let mut told = Vec::new();
    let mut first = 0;
    for (document, session) in read {
        match session {
            Ok(Read::Session(session)) => {
                let count = session.stays().len();
                told.extend(session.tell(record, overlaps, first));
                first += count;
            }
            Ok(Read::Nobody(notes)) => told.extend(notes),
            Err(refusal) => told.push(Told::Refused(refusal, document.json())),
        }
    }
    told
}

/// A record whose sessions were not asked for: only that a call between two lasted no time can be told.
fn without_sessions(
    document: &Document<'_>,
    name: String,
    settings: &Settings,
) -> Result<Vec<Told>, Refusal> {
    let record = Record::new(document, name, settings)?;
    let (began, ended) = (document.time("startDateTime")?, document.time("endDateTime")?);
    match (began, &record.organizer) {
        (Some(at), Some(organizer)) if record.between_two && began == ended => {
            let payload = Payload::JoinFailed { reason: Some("zero_length".to_owned()) };
            let role = record.role(organizer);
            Ok(vec![Told::Event(record.event("", payload, at, Some((organizer, role))))])
        }
        _ => skipped(
            "a record without its sessions: who came and went is not told; get it with $expand=sessions($expand=segments)",
        ),
    }
}

/// When the first session began, if the call had a picture.
fn video_since(record: &Document<'_>, sessions: &[Document<'_>]) -> Result<Option<Time>, Refusal> {
    if !record.texts("modalities").any(|modality| modality == "video") {
        return Ok(None);
    }
    let mut since = record.time("startDateTime")?;
    for session in sessions {
        // A time that is none is refused where its session is read.
        if let Ok(Some(at)) = session.time("startDateTime") {
            since = Some(since.map_or(at, |since| since.min(at)));
        }
    }
    Ok(since)
}

impl<'a> Record<'a> {
    fn new(document: &Document<'_>, name: String, settings: &'a Settings) -> Result<Self, Refusal> {
        let source = match (&settings.source, tenant(document)?) {
            (Some(source), _) => source.clone(),
            (None, Some(tenant)) => format!("urn:microsoft-graph:{tenant}"),
            (None, None) => "urn:microsoft-graph".to_owned(),
        };
        Ok(Self {
            settings,
            source,
            name,
            organizer: organizer(document)?,
            between_two: document.text("type") == Some("peerToPeer"),
            video_since: None,
        })
    }

    /// The role of a person: the organizer is the clinician.
    pub(super) fn role(&self, person: &str) -> Role {
        if self.organizer.as_deref() == Some(person) {
            return Role::Clinician;
        }
        self.settings.others.unwrap_or(Role::Unknown)
    }

    /// Something that happened in the call; `key` says where in the record it stands.
    pub(super) fn event(&self, key: &str, payload: Payload, at: Time, who: Option<(&str, Role)>) -> Event {
        let person = who.map_or("", |(person, _)| person);
        let at_ms = at.ms().to_string();
        let id = identity::derive(["graph", &self.name, key, payload.kind().name(), person, &at_ms]);
        let event = Event::new(&self.source, id, &self.name, at, payload);
        match who {
            Some((person, role)) => event.by(person, role),
            None => event,
        }
    }
}

fn skipped(reason: &'static str) -> Result<Vec<Told>, Refusal> {
    Ok(vec![Told::Skipped(reason.into())])
}
