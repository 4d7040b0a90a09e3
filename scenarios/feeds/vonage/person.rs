//! Who a connection is: what the application put into its data, else the connection itself.
//!
//! The data is whatever the application wrote into the client's token: often JSON, often a name. Only ids
//! and roles of JSON are taken. Where a callback leaves the data out, what the connection said when it
//! was made holds, in whatever order the two stand in one input; of another input nothing is known.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use event::Role;
use serde_json::Value;

use crate::document::Document;
use crate::{Refusal, Settings, identity};

/// Members of the data that name the user, the most usual first.
const IDS: [&str; 7] = ["userId", "user_id", "participantId", "participant_id", "uid", "userID", "id"];

/// How many connections are remembered that are not gone; of more nothing is known.
const REMEMBERED: usize = 100_000;

/// How many connections are remembered that are gone, since a callback may be sent again.
const GONE: usize = 10_000;

/// A session and a connection of it.
pub(super) type Key = (String, String);

/// The connections that were made.
#[derive(Default)]
pub(super) struct People {
    known: BTreeMap<Key, Person>,
    gone: VecDeque<Key>,
    is_gone: BTreeSet<Key>,
}

/// Somebody in a session.
#[derive(Clone)]
pub(super) struct Person {
    pub(super) name: String,
    pub(super) role: Role,
    pub(super) connection: String,
}

impl People {
    /// Remembers whose connection it is.
    pub(super) fn came(&mut self, key: Key, person: &Person) {
        if self.known.len() < REMEMBERED + GONE {
            self.known.insert(key, person.clone());
        }
    }

    /// Whose connection it was, if it is known that it was made.
    pub(super) fn known(&self, key: &Key) -> Option<&Person> {
        self.known.get(key)
    }

    /// Lets go of a connection, by and by.
    pub(super) fn went(&mut self, key: Key) {
        if self.known.contains_key(&key) && self.is_gone.insert(key.clone()) {
            self.gone.push_back(key);
        }
        if self.gone.len() > GONE
            && let Some(first) = self.gone.pop_front()
        {
            self.is_gone.remove(&first);
            self.known.remove(&first);
        }
    }
}

impl Person {
    /// Who is at the other end, as the data of the connection say; the connection itself where they name
    /// nobody. `None` where there are no data.
    pub(super) fn told(connection: &Document<'_>, settings: &Settings) -> Result<Option<Self>, Refusal> {
        let Some(data) = connection.text("data") else { return Ok(None) };
        let bare = Self::bare(connection, settings)?;
        let data = serde_json::from_str::<Value>(data).unwrap_or_default();
        let told = Document::new(&data);
        // What is wrong in there is the application's affair, not the callback's.
        let name = IDS.into_iter().find_map(|member| told.name(member).ok().flatten());
        let role = told.text("role").and_then(role).unwrap_or(bare.role);
        Ok(Some(Self { name: name.map_or(bare.name, opaque), role, ..bare }))
    }

    /// The connection itself.
    pub(super) fn bare(connection: &Document<'_>, settings: &Settings) -> Result<Self, Refusal> {
        let id = connection.required_name("id", "it names the connection")?;
        Ok(Self { name: id.clone(), role: settings.others.unwrap_or(Role::Unknown), connection: id })
    }
}

/// The id, or a name derived from it where it is an address of mail or a telephone number.
fn opaque(id: String) -> String {
    let number = id.starts_with('+') || id.len() > 8 && id.chars().all(|c| c.is_ascii_digit() || c == ' ');
    if number || id.contains('@') { identity::derive(["vonage person", &id]) } else { id }
}

/// The part somebody plays, as applications call it.
fn role(name: &str) -> Option<Role> {
    match name.to_lowercase().as_str() {
        "patient" => Some(Role::Patient),
        "clinician" | "doctor" | "provider" | "practitioner" => Some(Role::Clinician),
        "carer" | "caregiver" => Some(Role::Carer),
        "interpreter" => Some(Role::Interpreter),
        _ => None,
    }
}
