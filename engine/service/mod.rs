//! The service: the same answers over HTTP, events as they happen, and a page that keeps itself up to date.
//!
//! It takes a bound listener, a store that is open and a future that ends it; it reads no arguments and no files of
//! its own but tokens. What it tells is what the command line would, under one policy for all who ask: whoever needs
//! another view starts another service on a copy. Answers come through a port ([`Answers`]), so that nothing here
//! knows a measure.
//!
//! ```text
//! asked        the port: a question, its answer, and limits;  shelf: answers that hold are given again
//! routes       what can be asked for where, by whom;  openapi: the same for programs and people
//! connection   from a socket to a request and its end;  guard: who may;  token: roles, kept as hashes
//! readings     questions and the live page;  events, hook: events in and out, room: for their bodies;  stream: as they come
//! client       whoever sends events to a service
//! health       is it well, and how much it does;  meters;  problem: what went wrong
//! ```

mod asked;
mod client;
mod connection;
mod events;
mod guard;
mod health;
mod hook;
mod meters;
mod openapi;
mod problem;
mod query;
mod readings;
mod room;
mod routes;
mod shelf;
mod stream;
mod token;

pub use asked::{Answers, Asked, Choice, Form, Limits, Reading, Refusal};
pub use client::{Client, ClientError, Taken};
pub use connection::serve;
pub use hook::{Hook, Hooks};
pub use readings::SCRIPT_PATH;
pub use token::{Role, Token, TokenError, Tokens};

use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use projections::disclosure::Policy;
use tokio::sync::watch;

use crate::log::Log;
use guard::Rates;
use meters::Meters;
use room::Room;
use shelf::Shelf;

/// Bytes of what comes to a hook at once: the most that a feed reads of one body.
const DELIVERY_BYTES: usize = 4 << 20;
/// Bytes of all that comes to hooks at a time.
const DELIVERIES_BYTES: usize = 32 << 20;

/// How long it may take to come, from whoever knows the address of a hook.
const DELIVERY_TIME: Duration = Duration::from_secs(5);

/// What a service serves, and to whom.
pub struct Offer {
    /// The store.
    pub log: Arc<Log>,
    /// Who answers.
    pub answers: Arc<dyn Answers>,
    /// What may be shown.
    pub policy: Policy,
    /// Whether events may be appended.
    pub recording: Recording,
    /// What vendors send by themselves.
    pub hooks: Arc<Hooks>,
    /// Who may read.
    pub readers: Readers,
    /// Who has which role.
    pub tokens: Tokens,
    /// Names that the service is called by; none: any.
    pub hosts: Vec<String>,
    /// What requests may take.
    pub limits: Limits,
}

/// Who may read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Readers {
    /// Whoever reaches it.
    Anyone,
    /// Whoever has a token that allows it.
    Tokens,
}

/// Whether events may be appended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Recording {
    /// By whoever has a token that allows it.
    Tokens,
    /// By nobody.
    Nobody,
}

/// A running service.
struct Service {
    offer: Offer,
    shelf: Arc<Shelf>,
    rates: Rates,
    meters: Meters,
    /// For bodies of those who may record.
    bodies: Room,
    /// For what comes to hooks, from whoever knows their addresses.
    deliveries: Room,
    /// Whether an append failed, after which none can succeed.
    broken: AtomicBool,
    closing: watch::Receiver<bool>,
}

impl Service {
    fn new(offer: Offer, closing: watch::Receiver<bool>) -> Self {
        // Sooner than the request as a whole, so that it is said what was too slow.
        let body_time = offer.limits.time * 9 / 10;
        Self {
            shelf: Arc::new(Shelf::new(Arc::clone(&offer.log), Arc::clone(&offer.answers), &offer.limits)),
            rates: Rates::new(offer.limits.rate),
            meters: Meters::default(),
            bodies: Room::new(offer.limits.bodies_bytes, offer.limits.body_bytes, body_time),
            deliveries: Room::new(DELIVERIES_BYTES, DELIVERY_BYTES, DELIVERY_TIME.min(body_time)),
            broken: AtomicBool::new(false),
            closing,
            offer,
        }
    }
}
