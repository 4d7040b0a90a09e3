//! Who a connection is: what the application put into its data, else the connection itself.
//!
//! The data is whatever the application wrote into the client's token: often JSON, often a name. Only ids
//! and roles of JSON are taken. Where a callback leaves the data out, what the connection said when it
//! was made holds, as far as that was read in the same input.

use std::collections::BTreeMap;

use event::Role;
use serde_json::Value;

use crate::document::Document;
use crate::{Refusal, Settings, identity};

/// Members of the data that name the user, the most usual first.
const IDS: [&str; 7] = ["userId", "user_id", "participantId", "participant_id", "uid", "userID", "id"];

/// How many connections are remembered.
const REMEMBERED: usize = 10_000;

/// The connections that said who they are.
#[derive(Default)]
pub(super) struct People {
    known: BTreeMap<String, Person>,
}

/// Somebody in a session.
#[derive(Clone)]
pub(super) struct Person {
    pub(super) name: String,
    pub(super) role: Role,
    pub(super) connection: String,
}

impl People {
    /// Who is at the other end of `connection`.
    pub(super) fn person(
        &mut self,
        connection: &Document<'_>,
        settings: &Settings,
    ) -> Result<Person, Refusal> {
        let id = connection.required_name("id", "it names the connection")?;
        let unknown = settings.others.unwrap_or(Role::Unknown);
        let data = connection.text("data").map(serde_json::from_str::<Value>);
        let Some(Ok(data)) = data.filter(|data| data.as_ref().is_ok_and(Value::is_object)) else {
            let known = self.known.get(&id).cloned();
            return Ok(known.unwrap_or_else(|| Person { name: id.clone(), role: unknown, connection: id }));
        };
        let told = Document::new(&data);
        let mut name = None;
        for member in IDS {
            name = match name {
                Some(name) => Some(name),
                // What is wrong in there is the application's affair, not the callback's.
                None => told.name(member).ok().flatten(),
            };
        }
        let name = name.map_or_else(|| id.clone(), opaque);
        let role = told.text("role").and_then(role).unwrap_or(unknown);
        let person = Person { name, role, connection: id.clone() };
        if self.known.len() == REMEMBERED {
            self.known.clear();
        }
        self.known.insert(id, person.clone());
        Ok(person)
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
