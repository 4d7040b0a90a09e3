//! Who a participant is: the person, not the connection, and the part they play.

use event::Role;

use crate::document::Document;
use crate::{Refusal, Settings};

/// Somebody in a meeting.
pub(super) struct Person {
    /// What Zoom calls them, the most lasting name there is.
    pub(super) name: String,
    /// The part they play, as far as the host is known.
    pub(super) role: Option<Role>,
    /// The connection, which is another after every return.
    pub(super) connection: String,
}

impl Person {
    /// The participant that `told` describes; `None` when it bears no name at all.
    pub(super) fn of(told: &Document<'_>, role: Option<Role>) -> Result<Option<Self>, Refusal> {
        let connection = told.name("user_id")?.unwrap_or_default();
        let name = match account(told)? {
            Some(account) => Some(account),
            // Guests have no account. `participant_uuid` mostly stays when they return.
            None => match told.name("participant_uuid")? {
                Some(name) => Some(name),
                None => match told.name("registrant_id")? {
                    Some(name) => Some(name),
                    None => told.name("customer_key")?,
                },
            },
        };
        let name = name.or_else(|| Some(connection.clone()).filter(|name| !name.is_empty()));
        Ok(name.map(|name| Self { name, role, connection }))
    }

    /// As [`Person::of`], refused when there is no name.
    pub(super) fn required(told: &Document<'_>, role: Option<Role>) -> Result<Self, Refusal> {
        let why = "a participant needs one of participant_user_id, id, participant_uuid, registrant_id, customer_key, user_id";
        Self::of(told, role)?.ok_or_else(|| told.missing("participant_uuid", why))
    }
}

/// The account of a participant; guests have none.
pub(super) fn account(told: &Document<'_>) -> Result<Option<String>, Refusal> {
    match told.name("participant_user_id")? {
        Some(account) => Ok(Some(account)),
        None => told.name("id"),
    }
}

/// The role of somebody of whom it is known whether they are the host. The host is the clinician; of the
/// others it is known only when somebody says so.
pub(super) fn role(is_host: bool, settings: &Settings) -> Role {
    if is_host { Role::Clinician } else { settings.others.unwrap_or(Role::Unknown) }
}
