//! Processes on loopback: workers, those who ask them, and what can go wrong between them.

#![expect(clippy::unwrap_used, reason = "tests may fail loudly")]

mod damage;
mod lies;
mod same;
mod stage;
mod trouble;
