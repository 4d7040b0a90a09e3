//! The plan: what a synthetic recording is made of, as a person writes it down in TOML.
//!
//! A plan says who consults whom where on what, how often things go wrong, by how much each
//! circumstance changes that, and what the recorders then lose. It holds no chance: the same plan and
//! seed give the same events to the last byte, and [`Plan::truth`] tells what they should show.
//! Anything unknown or impossible in it is refused, with the place and the way out.

mod cast;
mod check;
mod error;
mod recording;
#[cfg(test)]
mod refused;

pub use cast::{Allocation, Group, Learning, Level, Outage, Platform, Tilt};
pub use error::PlanError;
pub use recording::{Booking, Clustering, Feedback, Mess, Recording};

use std::collections::BTreeMap;

use event::Time;
use serde::Deserialize;

use crate::knob::Knob;
use crate::truth::Truth;

/// The most platforms a plan may have.
pub const MOST_PLATFORMS: usize = 16;
/// The most levels a dimension may have.
pub const MOST_LEVELS: usize = 64;

/// The plans that come with the crate: name and text.
const NAMED: [(&str, &str); 2] =
    [("clinic", include_str!("plans/clinic.toml")), ("national", include_str!("plans/national.toml"))];

/// A recipe for a synthetic recording.
///
/// ```
/// use synth::{Plan, Synth};
/// let plan = Plan::parse(r#"
///     name = "tiny"
///     title = "Two platforms in three clinics"
///     seed = 7
///     start = "2026-03-02"
///     days = 5
///     consultations = 100
///     platforms = [{ name = "alder" }, { name = "birch", effects = { drop = 1.0 } }]
///     organisations = [{ prefix = "clinic", count = 3 }]
/// "#)?;
/// assert!(Synth::new(&plan).count() > 300);
/// # Ok::<(), synth::PlanError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Plan {
    /// Short name: lower-case letters, digits and hyphens.
    pub name: String,
    /// What the recording is, in a line.
    pub title: String,
    /// What all chance follows from.
    pub seed: u64,
    /// The first day, as `2026-03-02`.
    pub start: String,
    /// How many days from the first to the last.
    pub days: u32,
    /// How many consultations, including those that are called off.
    pub consultations: u64,
    /// When consultations start.
    #[serde(default)]
    pub opening: Opening,
    /// How many are booked ahead, and how far.
    #[serde(default)]
    pub booking: Booking,
    /// What every consultation starts from, in natural units; knobs not named have their usual value.
    #[serde(default)]
    pub base: BTreeMap<Knob, f64>,
    /// The platforms.
    pub platforms: Vec<Platform>,
    /// The organisations, in groups of like ones.
    pub organisations: Vec<Group>,
    /// The levels of each further dimension, by the dimension's name on the wire.
    #[serde(default)]
    pub levels: BTreeMap<String, Vec<Level>>,
    /// How much organisations and clinicians differ by luck.
    #[serde(default)]
    pub clustering: Clustering,
    /// How failures fall as clinicians gain experience.
    pub learning: Option<Learning>,
    /// When a platform fails everywhere.
    #[serde(default)]
    pub outages: Vec<Outage>,
    /// Who is asked what afterwards, and answers.
    #[serde(default)]
    pub feedback: Feedback,
    /// What the recorders tell.
    #[serde(default)]
    pub recording: Recording,
    /// What goes wrong on the way from the recorders.
    #[serde(default)]
    pub mess: Mess,
}

/// When consultations start: hours of the day, in UTC.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Opening {
    /// The hour at which the first may start.
    pub from: u8,
    /// The hour before which the last starts.
    pub until: u8,
    /// Whether Saturdays and Sundays are open.
    pub weekends: bool,
}

impl Default for Opening {
    fn default() -> Self {
        Self { from: 8, until: 18, weekends: false }
    }
}

impl Plan {
    /// The plan that `text` describes.
    ///
    /// # Errors
    ///
    /// [`PlanError`] when the text is no TOML, names something that is not there, or asks for the
    /// impossible; it says where and what to do.
    pub fn parse(text: &str) -> Result<Self, PlanError> {
        let plan: Self = toml::from_str(text).map_err(PlanError::syntax)?;
        check::check(&plan)?;
        Ok(plan)
    }

    /// The plan of that name which comes with the crate.
    ///
    /// # Errors
    ///
    /// [`PlanError::NoSuchPlan`] when none has it; it lists those that are there.
    pub fn named(name: &str) -> Result<Self, PlanError> {
        match NAMED.iter().find(|(known, _)| *known == name) {
            Some((_, text)) => Self::parse(text),
            None => Err(PlanError::NoSuchPlan {
                name: name.to_owned(),
                known: Self::names().collect::<Vec<_>>().join(", "),
            }),
        }
    }

    /// The names of the plans that come with the crate.
    pub fn names() -> impl Iterator<Item = &'static str> {
        NAMED.iter().map(|(name, _)| *name)
    }

    /// Whether every value in it is possible; [`Plan::parse`] has asked this, a caller who changed
    /// something afterwards may ask again.
    ///
    /// # Errors
    ///
    /// [`PlanError`] for the first thing that is not.
    pub fn check(&self) -> Result<(), PlanError> {
        check::check(self)
    }

    /// What a recording made from this plan should show, before chance.
    #[must_use]
    pub fn truth(&self) -> Truth {
        Truth::of(self)
    }

    /// Midnight (UTC) at which the first day begins, if `start` is a date.
    pub(crate) fn midnight(&self) -> Option<Time> {
        format!("{}T00:00:00Z", self.start).parse().ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_plan_that_comes_with_the_crate_is_valid_and_bears_its_name() {
        for name in Plan::names() {
            assert_eq!(Plan::named(name).unwrap().name, name);
        }
    }

    #[test]
    fn a_plan_that_is_not_there_is_refused_with_those_that_are() {
        let error = Plan::named("nowhere").unwrap_err().to_string();
        assert_eq!(error, "there is no plan named nowhere; there are clinic, national");
    }
}
