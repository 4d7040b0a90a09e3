//! Who an endpoint is, by the id of its identity; never by a name, an address or a number.

use crate::document::Document;
use crate::{Refusal, identity};

/// The identities that are people or what they sit at, in the order in which they are asked.
const PEOPLE: [&str; 8] = [
    "user",
    "guest",
    "acsUser",
    "azureCommunicationServicesUser",
    "spoolUser",
    "encrypted",
    "onPremises",
    "device",
];

/// The identities that are programs: bots, recorders, switchboards.
const PROGRAMS: [&str; 4] =
    ["application", "applicationInstance", "acsApplicationInstance", "spoolApplicationInstance"];

/// What an endpoint is.
pub(super) enum Endpoint {
    Person(Person),
    /// A bot or a switchboard.
    Program,
    /// The service's own side.
    Service,
}

/// Somebody at an endpoint.
pub(super) struct Person {
    pub(super) name: String,
    pub(super) phone: bool,
}

impl Endpoint {
    /// The endpoint that `told` describes, in the session that `session` names.
    pub(super) fn of(told: Option<&Document<'_>>, session: &[&str]) -> Result<Self, Refusal> {
        let Some(told) = told else { return Ok(Self::Service) };
        let Some(identities) = told.object("identity") else {
            return Ok(match associated(told)? {
                Some(name) => Self::Person(Person { name, phone: false }),
                None => Self::Service,
            });
        };
        if let Some(name) = first(&identities, &PEOPLE)? {
            return Ok(Self::Person(Person { name, phone: false }));
        }
        if let Some(number) = identities.object("phone").map(|told| told.name("id")).transpose()?.flatten() {
            let name = identity::derive(["graph phone", &number]);
            return Ok(Self::Person(Person { name, phone: true }));
        }
        if first(&identities, &PROGRAMS)?.is_some() {
            return Ok(Self::Program);
        }
        if let Some(name) = associated(told)? {
            return Ok(Self::Person(Person { name, phone: false }));
        }
        // Somebody was there, and nothing was told of them: they are known by their session.
        let phone = identities.has("phone");
        let name = identity::derive(["graph somebody"].iter().chain(session).copied());
        Ok(Self::Person(Person { name, phone }))
    }
}

/// The id of the organizer, in the old form or the new one.
pub(super) fn organizer(record: &Document<'_>) -> Result<Option<String>, Refusal> {
    if let Some(told) = record.object("organizer_v2") {
        let known = match told.object("identity") {
            Some(identities) => first(&identities, &PEOPLE)?,
            None => None,
        };
        if known.is_some() {
            return Ok(known);
        }
    }
    record.object("organizer").map_or(Ok(None), |identities| first(&identities, &PEOPLE))
}

/// The tenant of the organizer.
pub(super) fn tenant(record: &Document<'_>) -> Result<Option<String>, Refusal> {
    let old = record.object("organizer");
    let new = record.object("organizer_v2").and_then(|told| told.object("identity"));
    for identities in [old, new].into_iter().flatten() {
        for kind in PEOPLE {
            if let Some(tenant) =
                identities.object(kind).map(|told| told.name("tenantId")).transpose()?.flatten()
            {
                return Ok(Some(tenant));
            }
        }
    }
    Ok(None)
}

fn associated(told: &Document<'_>) -> Result<Option<String>, Refusal> {
    Ok(told.object("associatedIdentity").map_or(Ok(None), |known| known.name("id"))?.map(opaque))
}

fn first(identities: &Document<'_>, kinds: &[&str]) -> Result<Option<String>, Refusal> {
    for kind in kinds {
        let Some(known) = identities.object(kind) else { continue };
        if let Some(id) = known.name("id")? {
            return Ok(Some(opaque(id)));
        }
    }
    Ok(None)
}

/// The id, or a name derived from it where it is an address or a telephone number.
fn opaque(id: String) -> String {
    let bare = id.strip_prefix("4:").unwrap_or(&id);
    let number = bare.len() > 3
        && bare.chars().all(|c| c.is_ascii_digit() || matches!(c, '+' | ' ' | '-' | '(' | ')'));
    if number || id.contains('@') { identity::derive(["graph phone", &id]) } else { id }
}
