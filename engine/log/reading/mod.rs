//! Reading the log: ranges of it, what is there and then what comes, and what its commitment was at earlier positions.

pub(in crate::log) mod past;
pub(in crate::log) mod read;
pub(in crate::log) mod recall;
pub(in crate::log) mod subscription;
