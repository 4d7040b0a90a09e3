//! A plan and a seed to the events of consultations that never happened, with the truth beside them.
//!
//! ```text
//! plan -> world -> visit -> story -> (mess) -> pen -> stream of events
//!            \-> truth                          story -> course
//! ```
//!
//! Real recordings show what a report says; only planted ones show whether it is right. Everything here
//! is pure: the same plan and seed give the same bytes on any machine, and each consultation's story
//! depends on its own index alone. This is not a model of any real platform.

mod calendar;
mod course;
mod dice;
#[cfg(test)]
mod golden;
mod knob;
#[cfg(test)]
mod laws;
mod length;
mod mess;
mod pen;
mod plan;
#[cfg(test)]
mod recorded;
mod story;
mod stream;
mod truth;
mod visit;
mod world;

pub use course::{Course, Ending, Planned};
pub use knob::{Effects, Knob};
pub use plan::{
    Allocation, Booking, Clustering, Feedback, Group, Learning, Level, MOST_LEVELS, MOST_PLATFORMS, Mess,
    Opening, Outage, Plan, PlanError, Platform, Recording, Tilt,
};
pub use stream::Synth;
pub use truth::{Planted, Rates, Truth};
