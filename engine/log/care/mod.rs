//! Looking after a store: opening it with care or looking without opening, backups, what is left of a damaged one, and
//! contents that are destroyed for ever.

pub(in crate::log) mod backup;
pub(in crate::log) mod look;
pub(in crate::log) mod opening;
pub(in crate::log) mod rebuild;
pub(in crate::log) mod redact;
pub(in crate::log) mod repair;
pub(in crate::log) mod salvage;
