//! One call record: its sessions, and how it ended.

use std::collections::BTreeSet;

use event::{Event, Payload, Role, Time};

use super::person::{organizer, tenant};
use super::session::Session;
use crate::document::Document;
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
        // A list of the sessions of one record.
        let within = context.split("callRecords('").nth(1).and_then(|rest| rest.split('\'').next());
        let name = within.map(str::to_owned).or_else(|| settings.consultation.clone());
        let why = "it is a session and the list does not name its record: get the record with \
                   $expand=sessions($expand=segments), or name the consultation";
        let name = name.ok_or_else(|| one.missing("sessions", why))?;
        crate::text::check_named(&name, &"the id of the record", || "/@odata.context".into())?;
        let record = Record::new(one, name, settings)?;
        return Session::read(one, &record).map(|session| session.told);
    }
    tell(one, settings)
}

/// What one record tells.
pub(super) fn tell(document: &Document<'_>, settings: &Settings) -> Result<Vec<Told>, Refusal> {
    if let Some(error) = document.object("error") {
        let why = "this is an error that Graph answered, not a record: ask again";
        return Err(error.missing("id", why));
    }
    let why = "it names the call record: this is no callRecord of Microsoft Graph without it";
    let name = document.required_name("id", why)?;
    let Some(sessions) = document.list("sessions") else {
        if !document.has("modalities") && !document.has("startDateTime") {
            return Err(document.missing("sessions", "this is no callRecord of Microsoft Graph"));
        }
        return without_sessions(document, name, settings);
    };
    let mut record = Record::new(document, name, settings)?;
    record.video_since = video_since(document, &sessions)?;
    let mut told = Vec::new();
    let mut last: Option<(Time, bool)> = None;
    let mut people = BTreeSet::new();
    for session in &sessions {
        match Session::read(session, &record) {
            Ok(session) => {
                told.extend(session.told);
                last = last.max(session.ended);
                people.extend(session.people);
            }
            Err(refusal) => told.push(Told::Refused(refusal, session.json())),
        }
    }
    if let Some((at, went_well)) = last {
        let at = document.time("endDateTime")?.unwrap_or(at);
        if went_well && people.len() > 1 {
            told.push(Told::Event(record.event("", Payload::Completed, at, None)));
        }
    }
    if document.has("sessions@odata.nextLink") {
        told.push(Told::Skipped(
            "one page of the sessions of a record: get the others by their nextLink".into(),
        ));
    }
    if told.is_empty() {
        told.push(Told::Skipped("a record of a call with no sessions".into()));
    }
    Ok(told)
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
        let id = identity::derive(["graph", &self.name, key, payload.kind().name(), person]);
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
