//! What a reading depends on besides the events: values that travel with every output.

use event::Time;
use serde::{Deserialize, Serialize};

/// The parameters of the reading of consultations.
///
/// Two outputs can be compared only when these are equal.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Parameters {
    /// A gap shorter than this is a blip, any other a drop, in milliseconds.
    pub grace_ms: i64,
    /// A consultation is undisturbed only if it was interrupted for no longer than this, in milliseconds.
    pub interrupted_max_ms: i64,
    /// And for no more than this share of its connected time, in thousandths.
    pub interrupted_max_permille: i64,
    /// The instant as of which consultations are open or closed.
    pub until: Time,
}

impl Parameters {
    /// The house's thresholds, as of `until`.
    #[must_use]
    pub fn as_of(until: Time) -> Self {
        Self { grace_ms: 15_000, interrupted_max_ms: 10_000, interrupted_max_permille: 10, until }
    }
}
