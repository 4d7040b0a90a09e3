//! The vocabulary: one thing that was seen to happen in one consultation.
//!
//! Everything else in the house speaks in these words. Feeds and generators make events, the log
//! keeps them, the reading turns the events of one consultation into one outcome. The crate knows no
//! wire format, no clock and no file; how an event looks as CloudEvents JSON is told in `feeds`.

mod capability;
mod context;
mod kind;
mod payload;
mod role;
mod time;

pub use capability::{Capability, Declaration, Sides};
pub use context::{Context, Dimension, NOT_RECORDED, Shape};
pub use kind::{Kind, KindSet};
pub use payload::{Answer, Payload, Target};
pub use role::Role;
pub use time::{Time, TimeError};

use std::collections::BTreeMap;

/// One thing that was seen to happen in one consultation.
///
/// (`source`, `id`) names it: two events with the same pair are the same event, as in CloudEvents.
///
/// ```
/// use event::{Event, Payload, Role, Time};
/// let at: Time = "2026-03-01T09:04:10Z".parse()?;
/// let dropped = Event::new("urn:example:trust-a", "e-2", "c-0001", at, Payload::Dropped { reason: None })
///     .by("p-17", Role::Patient);
/// assert_eq!(dropped.kind(), event::Kind::Dropped);
/// # Ok::<(), event::TimeError>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct Event {
    /// Who recorded it: a URI reference, unique to the recorder.
    pub source: String,
    /// Its name, unique within the source.
    pub id: String,
    /// The consultation it belongs to; for a declaration the source that is declared.
    pub consultation: String,
    /// When it happened, by its own clock.
    pub at: Time,
    /// The stable person (not the connection) it happened to.
    pub participant: Option<String>,
    /// The part that person plays.
    pub role: Option<Role>,
    /// What happened.
    pub payload: Payload,
    /// What came with it that this vocabulary does not name.
    pub extra: Option<Box<Extra>>,
}

/// Attributes and data fields that the vocabulary does not name, kept so that an export loses nothing.
///
/// Values are compact JSON texts: this crate carries them, it does not read them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Extra {
    /// Extension attributes of the envelope.
    pub attributes: BTreeMap<String, String>,
    /// Unnamed members of the data.
    pub data: BTreeMap<String, String>,
}

impl Event {
    /// An event with no participant.
    pub fn new(
        source: impl Into<String>,
        id: impl Into<String>,
        consultation: impl Into<String>,
        at: Time,
        payload: Payload,
    ) -> Self {
        let (source, id, consultation) = (source.into(), id.into(), consultation.into());
        Self { source, id, consultation, at, participant: None, role: None, payload, extra: None }
    }

    /// The same event, happening to `participant` in the part of `role`.
    #[must_use]
    pub fn by(mut self, participant: impl Into<String>, role: Role) -> Self {
        self.participant = Some(participant.into());
        self.role = Some(role);
        self
    }

    /// The kind of thing that happened.
    #[must_use]
    pub fn kind(&self) -> Kind {
        self.payload.kind()
    }

    /// The role, `unknown` when none was told.
    #[must_use]
    pub fn role_or_unknown(&self) -> Role {
        self.role.unwrap_or(Role::Unknown)
    }
}
