//! Mergeable summaries in integers. They know no events and no statistics.

mod breakdown;
mod counts;
mod histogram;
mod sums;
mod voices;

pub use breakdown::Breakdown;
pub use counts::Counts;
pub use histogram::Histogram;
pub use sums::Sums;
pub use voices::{Voice, Voices};
