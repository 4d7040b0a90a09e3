//! The fields that a mapping can fill: ours, by name.

use event::Dimension;

/// Fields that every event may have, in the order in which they are told.
const COMMON: &[&str] = &["id", "source", "consultation", "kind", "at", "participant", "role"];

/// Fields that events of some kind have.
const OF_KINDS: &[&str] = &[
    "booked_start",
    "by",
    "reason",
    "direction",
    "topic",
    "to",
    "stage",
    "instrument",
    "scale",
    "value",
    "answers",
    "score",
    "answer",
];

/// The field of that name, if there is one.
pub(super) fn named(name: &str) -> Option<&'static str> {
    let known = COMMON.iter().chain(OF_KINDS).copied();
    known.chain(Dimension::ALL.map(Dimension::name)).find(|known| *known == name)
}

/// Every field, for a message.
pub(super) fn all() -> String {
    let known = COMMON.iter().chain(OF_KINDS).copied();
    known.chain(Dimension::ALL.map(Dimension::name)).collect::<Vec<_>>().join(", ")
}
