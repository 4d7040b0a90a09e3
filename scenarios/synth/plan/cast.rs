//! Who takes part: platforms, organisations, and the levels of every other circumstance.
//!
//! Each carries [`Effects`], which add up on the links of the knobs, and tilts, which change how often
//! other levels occur beside it: that is how a platform comes to be used where the Wi-Fi is bad.

use std::collections::BTreeMap;

use serde::Deserialize;

use crate::knob::Effects;

/// How much more often levels of other dimensions occur: dimension, level, factor.
///
/// The dimension `platform` may be tilted too. Levels tilt dimensions that come later in
/// [`event::Dimension::ALL`], the platform last of all; organisations tilt any.
pub type Tilt = BTreeMap<String, BTreeMap<String, f64>>;

/// A video platform.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Platform {
    /// Its name in the context.
    pub name: String,
    /// How often it is used, against the other platforms' shares.
    #[serde(default = "one")]
    pub share: f64,
    /// What it changes, everywhere.
    #[serde(default)]
    pub effects: Effects,
    /// Kinds its feed cannot tell.
    #[serde(default)]
    pub blind: Vec<String>,
    /// Kinds its feed concludes rather than observes.
    #[serde(default)]
    pub inferred: Vec<String>,
    /// The day of the plan, from 0, on which it is first used, unless a group says otherwise.
    #[serde(default)]
    pub adopted_on_day: u32,
}

/// A group of organisations of one sort.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Group {
    /// The organisations' names; either these or `prefix` and `count`.
    #[serde(default)]
    pub names: Vec<String>,
    /// The beginning of the names `prefix-01`, `prefix-02`, ...
    pub prefix: Option<String>,
    /// How many names begin so.
    #[serde(default)]
    pub count: usize,
    /// The region in their context.
    pub region: Option<String>,
    /// How many consultations each has, against other organisations.
    #[serde(default = "one")]
    pub weight: f64,
    /// How many clinicians each has.
    #[serde(default = "eight")]
    pub clinicians: usize,
    /// Whether each uses one platform or all.
    #[serde(default)]
    pub allocation: Allocation,
    /// Shares of the platforms here; platforms not named are not used. Empty: the platforms' own shares.
    #[serde(default)]
    pub platforms: BTreeMap<String, f64>,
    /// The day on which a platform is first used here, where it is another than the platform's own.
    #[serde(default)]
    pub adopted_on_day: BTreeMap<String, u32>,
    /// How many consultations its clinicians have behind them on each platform, or training that is worth
    /// as many; none on those not named.
    #[serde(default)]
    pub experience: BTreeMap<String, f64>,
    /// What being here changes.
    #[serde(default)]
    pub effects: Effects,
    /// Which levels are more frequent here.
    #[serde(default)]
    pub tilt: Tilt,
}

impl Group {
    /// The names of its organisations.
    pub(crate) fn organisations(&self) -> Vec<String> {
        match &self.prefix {
            Some(prefix) => (1..=self.count).map(|number| format!("{prefix}-{number:02}")).collect(),
            None => self.names.clone(),
        }
    }

    /// The day on which it first uses `platform`.
    pub(crate) fn first_day(&self, platform: &Platform) -> u32 {
        self.adopted_on_day.get(&platform.name).copied().unwrap_or(platform.adopted_on_day)
    }
}

/// How platforms are given to the organisations of a group.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Allocation {
    /// Each organisation uses every platform of its group, by their shares.
    #[default]
    Mixed,
    /// Each organisation uses a single one; organisations are dealt out by the shares.
    Single,
}

/// One level of a dimension.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Level {
    /// Its name in the context.
    pub name: String,
    /// How frequent it is, against the other levels.
    #[serde(default = "one")]
    pub weight: f64,
    /// Median length of the talk in minutes, where it differs from the plan's.
    pub minutes: Option<f64>,
    /// What it changes on every platform.
    #[serde(default)]
    pub effects: Effects,
    /// What it changes on one platform only: the interaction.
    #[serde(default)]
    pub on: BTreeMap<String, Effects>,
    /// Which levels of later dimensions are more frequent beside it.
    #[serde(default)]
    pub tilt: Tilt,
}

/// How failures fall with a clinician's experience of a platform.
#[derive(Debug, Clone, Copy, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Learning {
    /// What changes at the first consultation.
    pub effects: Effects,
    /// After how many consultations half of it is gone.
    pub halved_after: f64,
}

/// A time in which a platform changes for everybody.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Outage {
    /// The platform.
    pub platform: String,
    /// When it begins, as `2026-03-02T13:00:00Z`.
    pub from: String,
    /// How long it lasts.
    pub minutes: u32,
    /// What it changes.
    pub effects: Effects,
}

fn one() -> f64 {
    1.0
}

fn eight() -> usize {
    8
}
