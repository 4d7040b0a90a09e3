//! Do people get in, stay in, and hear each other? One question per file.

pub mod audio;
pub mod connection;
pub mod drops;
pub mod endings;
pub mod failures;
pub mod undisturbed;
