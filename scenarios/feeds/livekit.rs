//! LiveKit: the webhooks of its rooms.
//!
//! One feed, [`LiveKitWebhook`]. What a disconnect reason means is in a table of its own, since the rate of
//! failures to get in and that of drops both hang on it. The session of a room (`room.sid`) is the consultation: a
//! name is used again, and taken only where a mapping says so. The identity that the application gave is the
//! participant.

mod departure;
mod signature;
mod webhook;

#[cfg(test)]
mod tests;

pub use webhook::LiveKitWebhook;

pub(crate) use signature::LiveKitToken;

/// The level of the dimension platform.
const PLATFORM: &str = "livekit";
