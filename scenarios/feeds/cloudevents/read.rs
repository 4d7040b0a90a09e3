//! One CloudEvents object to one event: the envelope.

use std::borrow::Cow;

use event::{Event, Extra, Kind, Payload, Role, Time};

use super::{TYPE, data};
use crate::Refusal;
use crate::member::{Members, compact};

const TYPE_EXAMPLE: &str = "a type such as \"evenfield.consultation.joined.v1\"";
const TIME_EXAMPLE: &str = "a time such as \"2026-03-01T09:00:03.120Z\"";

/// The event that one CloudEvents object tells, given as JSON text.
///
/// ```
/// let line = br#"{"specversion":"1.0","id":"e-2","source":"urn:example:trust-a","type":"evenfield.consultation.dropped.v1","subject":"c-0001","time":"2026-03-01T09:04:10Z","data":{"participant":"p-17","role":"patient","reason":"network"}}"#;
/// let event = feeds::cloudevents::read_line(line)?;
/// assert_eq!(event.kind(), event::Kind::Dropped);
/// assert_eq!(feeds::cloudevents::line(&event).as_bytes(), line);
/// # Ok::<(), feeds::Refusal>(())
/// ```
///
/// # Errors
/// When it is no JSON object, lacks a field, or a field is not what it should be; the refusal names the
/// field, its value and what to write.
pub fn read_line(line: &[u8]) -> Result<Event, Refusal> {
    let text = std::str::from_utf8(line).map_err(|error| {
        Refusal::whole(format!("byte {} is no UTF-8; write the file in UTF-8", error.valid_up_to() + 1))
    })?;
    let mut envelope = Members::parse(text, "")?;
    specversion(&mut envelope)?;
    let (name, version) = kind(&mut envelope)?;
    let known = Kind::from_name(&name).filter(|_| version == 1);
    let id = envelope.required_text("id", "a name that is unique within the source")?.into_owned();
    let source =
        envelope.required_text("source", "who recorded it, such as \"urn:example:trust-a\"")?.into_owned();
    let consultation = match envelope.text("subject")? {
        Some(subject) if !subject.is_empty() => subject.into_owned(),
        // The subject of a declaration is its source.
        None if known == Some(Kind::RecordingDeclared) => source.clone(),
        _ => return Err(envelope.missing("subject", "the name of the consultation")),
    };
    let at: Option<Time> = envelope.parsed("time", TIME_EXAMPLE)?;
    let at = at.ok_or_else(|| envelope.missing("time", TIME_EXAMPLE))?;
    let mut members = content(&mut envelope)?;

    let mut extra = Extra::default();
    let (participant, role) = match known {
        Some(_) => person(&mut members, &mut extra)?,
        None => person_of_unknown(&mut members, &mut extra)?,
    };
    let payload = match known {
        Some(kind) => data::payload(kind, &mut members, &mut extra)?,
        None => Payload::Unknown { kind: name.into_owned(), version },
    };
    keep(members, "data", &mut extra.data)?;
    keep(envelope, "", &mut extra.attributes)?;
    let extra = (extra != Extra::default()).then(|| Box::new(extra));
    Ok(Event { source, id, consultation, at, participant, role, payload, extra })
}

fn specversion(envelope: &mut Members<'_>) -> Result<(), Refusal> {
    const WANT: &str = "\"1.0\": every event is one CloudEvents 1.0 object";
    match envelope.peek("specversion") {
        Some("\"1.0\"") => {
            envelope.raw("specversion").map(drop).ok_or_else(|| envelope.missing("specversion", WANT))
        }
        Some(other) => Err(envelope.wrong("specversion", other, WANT)),
        None => Err(envelope.missing("specversion", WANT)),
    }
}

/// The name of the kind and its version.
fn kind<'a>(envelope: &mut Members<'a>) -> Result<(Cow<'a, str>, u16), Refusal> {
    let full = envelope.required_text("type", TYPE_EXAMPLE)?;
    let wrong = |want: &str| envelope.wrong("type", &crate::text::quoted(&full), want);
    let Some(named) = full.strip_prefix(TYPE) else {
        return Err(wrong(&format!("{TYPE_EXAMPLE}, or leave events of other types out")));
    };
    let split = named.rsplit_once(".v").filter(|(name, _)| !name.is_empty());
    let Some((name, digits)) = split else {
        return Err(wrong(&format!("its version behind it, such as \"{TYPE}{named}.v1\"")));
    };
    // Only the digits as they would be written again: "01" and "+1" are none.
    let version = digits.parse().ok().filter(|version: &u16| version.to_string() == digits);
    let Some(version) = version else {
        return Err(wrong(&format!("a version from 0 to 65535 behind .v, such as \"{TYPE}{name}.v1\"")));
    };
    let from = TYPE.len();
    let name = match &full {
        Cow::Borrowed(full) => Cow::Borrowed(&full[from..from + name.len()]),
        Cow::Owned(_) => Cow::Owned(name.to_owned()),
    };
    Ok((name, version))
}

/// The members of the data.
fn content<'a>(envelope: &mut Members<'a>) -> Result<Members<'a>, Refusal> {
    if let Some(value) = envelope.peek("datacontenttype") {
        let media = value.trim_matches('"').split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
        if value != "null" && media != "application/json" && !media.ends_with("+json") {
            return Err(envelope.wrong(
                "datacontenttype",
                value,
                "\"application/json\", and the data as an object",
            ));
        }
    }
    if let Some(value) = envelope.peek("data_base64").filter(|value| *value != "null") {
        return Err(envelope.wrong("data_base64", value, "the data as an object, named data"));
    }
    Ok(envelope.object("data", "data.")?.unwrap_or_else(|| Members::none("data.")))
}

fn person(members: &mut Members<'_>, extra: &mut Extra) -> Result<(Option<String>, Option<Role>), Refusal> {
    let participant = members.text("participant")?.map(Cow::into_owned);
    if participant.as_deref() == Some("") {
        return Err(members.wrong("participant", "\"\"", "the name of the person, or leave it out"));
    }
    let written = members.peek("role").unwrap_or_default();
    let Some(name) = members.text("role")? else { return Ok((participant, None)) };
    let role = Role::from_name(&name).unwrap_or_else(|| {
        extra.data.insert("role".to_owned(), written.to_owned());
        Role::Unknown
    });
    Ok((participant, Some(role)))
}

/// As [`person`], but what has another shape than expected stays among the data: of a kind that is not
/// known nobody can say what its members are.
fn person_of_unknown(
    members: &mut Members<'_>,
    extra: &mut Extra,
) -> Result<(Option<String>, Option<Role>), Refusal> {
    let is_text = |value: &str| value.starts_with('"') && value != "\"\"";
    let mut hide = |name: &str, members: &mut Members<'_>| -> Result<(), Refusal> {
        match members.peek(name) {
            Some(value) if !is_text(value) && value != "null" => {
                extra.data.insert(name.to_owned(), compact(value)?);
                members.raw(name);
                Ok(())
            }
            _ => Ok(()),
        }
    };
    hide("participant", members)?;
    hide("role", members)?;
    person(members, extra)
}

/// Keeps what nobody has taken.
fn keep(
    members: Members<'_>,
    within: &str,
    kept: &mut std::collections::BTreeMap<String, String>,
) -> Result<(), Refusal> {
    for (name, value) in members.rest() {
        let value = compact(value)
            .map_err(|refusal| Refusal { place: Some(format!("{within}/{name}")), ..refusal })?;
        kept.insert(name.into_owned(), value);
    }
    Ok(())
}
