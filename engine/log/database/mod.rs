//! The database below the log, made harmless: looked at before it may open, written to by one thread, asked for bytes.
//!
//! The only place that names sled. It keeps what it is given; what the bytes mean is said in `block`.

pub(in crate::log) mod keys;
pub(in crate::log) mod preflight;
pub(in crate::log) mod store;
pub(in crate::log) mod worker;
