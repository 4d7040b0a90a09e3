//! JaaS, Jitsi as a service by 8x8: its webhooks.
//!
//! One feed, [`JaasWebhook`]. The meeting's session is the consultation: the name of a room (`fqn`) is used
//! again. A participant is the user id of their token (`data.id`), which lasts; else the id of the
//! connection. Moderators are read as clinicians.

mod signature;
mod webhook;

#[cfg(test)]
mod tests;

pub use webhook::JaasWebhook;

pub(crate) use signature::JaasSignature;

/// The level of the dimension platform.
const PLATFORM: &str = "jaas";
