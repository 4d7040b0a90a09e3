//! What a meeting session tells, out of the answer to a request for one or for many.
//!
//! The session's id is the consultation. Daily rounds its times to about 15 seconds and writes down only
//! those who stayed for 10: what was shorter does not exist here. A session that is going on has no end,
//! and the durations in it are those so far.

use event::{Payload, Time};

use super::{Meeting, Origin, Person, joined};
use crate::document::Document;
use crate::epoch::{Unit, duration_ms, moment};
use crate::stay::{Overlaps, Stay, WITHIN};
use crate::tale::Told;
use crate::{Refusal, Settings, side};

/// What is told by one answer.
pub(super) fn tell(document: &Document<'_>, naming: &str, settings: &Settings) -> Result<Vec<Told>, Refusal> {
    if let Some(reason) = side::refusal(settings, "a Daily session") {
        return Err(Refusal::whole(reason));
    }
    if let Some(sessions) = document.list("data") {
        if sessions.is_empty() {
            return Ok(vec![Told::Skipped("an answer without a session".into())]);
        }
        let told = |session: &Document<'_>| collected(session, of_session(session, naming, settings));
        return Ok(sessions.iter().flat_map(told).collect());
    }
    if document.has("error") {
        let why = "this is an error that Daily answered, not a session: ask again";
        return Err(document.missing("start_time", why));
    }
    of_session(document, naming, settings)
}

/// What was told, or the refusal beside the JSON it is of.
fn collected(of: &Document<'_>, told: Result<Vec<Told>, Refusal>) -> Vec<Told> {
    told.unwrap_or_else(|refusal| vec![Told::Refused(refusal, of.json())])
}

fn of_session(session: &Document<'_>, naming: &str, settings: &Settings) -> Result<Vec<Told>, Refusal> {
    let why = "this is neither a Daily webhook nor a meeting session with start_time and participants";
    let start = moment(session, "start_time", Unit::Seconds)?;
    let start = start.ok_or_else(|| session.missing("start_time", why))?;
    let name = session.name(naming)?.or_else(|| settings.consultation.clone());
    let name = name.ok_or_else(|| session.missing(naming, "it names the session"))?;
    let meeting = Meeting { source: Origin::Sessions.source(settings), name };
    let is_over = session.flag("ongoing") != Some(true);
    let participants = session.list("participants").unwrap_or_default();
    let mut told = attendance(&participants, &meeting, is_over);
    told.push(end(session, &meeting, start, is_over)?);
    Ok(told)
}

/// Who came and went; a participant that cannot be read costs that one alone.
fn attendance(participants: &[Document<'_>], meeting: &Meeting, is_over: bool) -> Vec<Told> {
    let mut told = Vec::new();
    let mut stays = Vec::new();
    for participant in participants {
        match stay(participant, is_over) {
            Ok(stay) => stays.push(stay),
            Err(refusal) => told.push(Told::Refused(refusal, participant.json())),
        }
    }
    let overlaps = Overlaps::among(&stays);
    for (at, stay) in stays.into_iter().enumerate() {
        // Who owns the room is not told.
        let person = Person { name: stay.person, role: None, connection: stay.connection };
        let event = |payload, at| Told::Event(meeting.event(payload, at, Some(&person)));
        if !overlaps.begins_within(at) {
            told.push(event(joined(), stay.came));
        }
        if let Some(went) = stay.went.filter(|_| !overlaps.ends_within(at)) {
            told.push(event(Payload::Left { reason: None }, went));
        }
        if overlaps.hide(at) {
            told.push(Told::Skipped(WITHIN.into()));
        }
    }
    told
}

/// One connection of somebody.
fn stay(told: &Document<'_>, is_over: bool) -> Result<Stay<String>, Refusal> {
    let connection = told.required_name("participant_id", "it names the connection")?;
    let person = told.name("user_id")?.unwrap_or_else(|| connection.clone());
    let came = moment(told, "join_time", Unit::Seconds)?;
    let came = came.ok_or_else(|| told.missing("join_time", "it says when they came"))?;
    let went = duration_ms(told, "duration")?.filter(|_| is_over).map(|stayed| came.plus(stayed));
    Ok(Stay { person, connection, came, went })
}

/// The end of the session, if it has one.
fn end(session: &Document<'_>, meeting: &Meeting, start: Time, is_over: bool) -> Result<Told, Refusal> {
    match duration_ms(session, "duration")?.filter(|_| is_over) {
        Some(lasted) => Ok(Told::Event(meeting.event(Payload::Completed, start.plus(lasted), None))),
        None => Ok(Told::Skipped("a session that has not ended".into())),
    }
}
