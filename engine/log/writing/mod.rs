//! Writing to the log: one task decides what is new, makes blocks of it, and says so when it would survive a power cut.

pub(in crate::log) mod admit;
pub(in crate::log) mod grow;
pub(in crate::log) mod levels;
pub(in crate::log) mod receipt;
pub(in crate::log) mod seal;
pub(in crate::log) mod writer;
