//! Whether the log is what was written: counted, checked from end to end, and proven to those who do not have it.

pub(in crate::log) mod proof;
pub(in crate::log) mod stats;
pub(in crate::log) mod verify;
