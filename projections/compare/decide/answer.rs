//! The answer to "one platform for all, or a range", as it is written out.

use std::collections::BTreeMap;

use serde::Serialize;

use super::expected::Expected;
use super::gates::Gate;
use super::inequality::Inequality;
use super::interaction::Interaction;
use super::needs::{Barred, Needed, Priced};
use super::priorities::Priorities;
use super::step::Step;
use crate::compare::claims::Claim;
use crate::compare::concentration::Concentration;
use crate::parameters::Parameters;

/// What is decided, and on what grounds.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Decided {
    /// Name and version of this form.
    pub schema: &'static str,
    /// How many events of the log it rests on.
    pub position: u64,
    /// How the rows were read.
    pub parameters: Parameters,
    /// Which consultations it is about, by dimension.
    #[serde(rename = "where")]
    pub filter: BTreeMap<&'static str, Vec<String>>,
    /// The measure whose share is the value of a consultation; of one where less is better, the rest to one.
    pub measure: &'static str,
    /// By what strata are told apart.
    pub by: Vec<&'static str>,
    /// What expected shares are adjusted for: they are those of each stratum's own mix, on all platforms together.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub adjust: Vec<&'static str>,
    /// What shares its luck.
    pub unit: &'static str,
    /// Consultations of which the measure is told.
    pub n: u64,
    /// The difference that matters, as a share.
    pub delta: f64,
    /// What each platform beyond the first costs, as a share.
    pub price: f64,
    /// What the verdict would be at the least of its bounds, where the price is between two; it is decided by the most.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cheapest: Option<Cheapest>,
    /// How sure a verdict must be.
    pub level: f64,
    /// The model of all cells.
    pub method: &'static str,
    /// `no_material_difference`, `range`, `standardise` or `not_enough_evidence`.
    pub verdict: &'static str,
    /// Why there is not enough evidence, where something other than the chances says so.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// The platforms that are chosen from.
    pub platforms: Vec<String>,
    /// What is asked of evidence before anything is said.
    pub gates: Vec<Gate>,
    /// How much more evidence it would take, where there is not enough.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub further: Option<More>,
    /// What is needed, and what is said of every platform.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub needs: Vec<Needed>,
    /// Which platform may not be used where, for the lack of what.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub barred: Vec<Barred>,
    /// What platforms cost, where it was declared.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub prices: Option<Priced>,
    /// The best policy of each size.
    pub frontier: Vec<Step>,
    /// How many platforms the range has that is held against the best single one.
    pub range: Option<usize>,
    /// What it gains: expected, and between its limits at the level.
    pub gain: Option<[f64; 3]>,
    /// What it gains on consultations that had no say in choosing it, where there are units to hold out.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub held_out: Option<HeldOut>,
    /// What it has to gain: the difference that matters, or what its platforms cost.
    pub margin: Option<f64>,
    /// The chance that it gains more than that.
    pub range_gains: Option<f64>,
    /// The chance that every single platform is within `delta` of it.
    pub all_alike: Option<f64>,
    /// By platform that was seen everywhere: the chance that it is the best single one.
    pub best_single: BTreeMap<String, f64>,
    /// The price of each further platform at which the verdict would turn, where the price decides.
    pub turning_price: Option<f64>,
    /// What it would be worth to know every share exactly.
    pub perfect_information: Option<f64>,
    /// Whether the better of the two best single platforms differs between strata.
    pub interaction: Option<Interaction>,
    /// What a bad day would take under each policy; for the caller to fill in, who counts by day.
    pub concentration: Option<Concentration>,
    /// What each policy would do to the gap between groups of people.
    pub inequality: Vec<Inequality>,
    /// Whom other priorities would favour.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub priorities: Option<Priorities>,
    /// Every platform in every stratum.
    pub cells: Vec<Expected>,
    /// The verdict as a claim, which keeps its name as evidence grows.
    pub claim: Option<Claim>,
    /// Cautions.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub notes: Vec<String>,
}

/// What would be said if variety cost the least that it may.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Cheapest {
    /// That price, as a share.
    pub price: f64,
    /// The verdict.
    pub verdict: &'static str,
}

/// What a range gains on consultations that had no say in choosing it.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct HeldOut {
    /// The gain, between its limits at the level.
    pub gain: [f64; 3],
    /// In how many parts the units were dealt, each of which valued what all others chose.
    pub folds: usize,
    /// The share of consultations that could value it: in strata where both platforms were seen.
    pub covered: f64,
}

/// How much more evidence a verdict would take.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct More {
    /// Whether so many further consultations would do (`consultations`), it would take further units (`units`), or
    /// neither helps (`neither`).
    pub kind: &'static str,
    /// About how many further consultations, if shares stay as they were seen.
    pub consultations: Option<u64>,
    /// How many times the consultations that there are that makes.
    pub times: Option<f64>,
}
