//! Zoom: webhooks, and the documents of its dashboard and past meetings.
//!
//! Two feeds, since they see different things: [`ZoomWebhook`] and [`ZoomDashboard`]. What they share is
//! here: who a participant is, what a leave reason means, and how an id follows from what Zoom calls
//! things. Names, addresses and telephone numbers of people never become part of an event; what Zoom
//! calls accounts does, and gets a pseudonym from the engine.

#[cfg(test)]
mod attendance;
mod breakout;
mod dashboard;
mod departure;
mod meeting;
mod person;
mod signature;
mod webhook;

#[cfg(test)]
mod tests;

pub use dashboard::ZoomDashboard;
pub use webhook::ZoomWebhook;

pub(crate) use signature::ZoomSignature;

/// What can name the consultation: the one meeting, or the number that it was booked under.
const NAMES: [&str; 2] = ["uuid", "id"];

/// The level of the dimension platform.
const PLATFORM: &str = "zoom";
