//! Gates: thresholds that a platform must meet, judged on the limit of its interval and never on the value alone.
//!
//! Being above a threshold by chance is not to be above it: of a share that must be at least so high the lower limit
//! counts, of one that must be at most so high the upper one. What has no such limit does not pass.

use std::collections::BTreeMap;

use event::Role;
use serde::Serialize;

use super::{Comparison, Row};
use crate::measure::Measure;

/// A threshold.
#[derive(Debug, Clone)]
pub struct Threshold {
    /// Its name.
    pub name: String,
    /// Which measure.
    pub measure: &'static Measure,
    /// Whose, for a measure that is read by role; none: everybody's.
    pub role: Option<Role>,
    /// Which platform; none: each.
    pub platform: Option<String>,
    /// Of which part, by dimension; none: each part that was asked for.
    pub levels: BTreeMap<String, String>,
    /// What is held against the threshold.
    pub of: Of,
    /// On which side it must lie.
    pub side: Side,
    /// The threshold, in the unit of the measure.
    pub threshold: f64,
}

/// What is held against a threshold.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Of {
    /// The value.
    Value,
    /// The difference from the reference.
    Difference,
}

/// On which side of its threshold something must lie.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Side {
    /// Not below.
    AtLeast,
    /// Not above.
    AtMost,
}

/// A gate held against one platform.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Gated {
    /// The gate.
    pub gate: String,
    /// The measure.
    pub measure: &'static str,
    /// Whose.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub role: Option<Role>,
    /// The platform; none where there is nothing that the gate is about.
    pub platform: Option<String>,
    /// The levels of the dimensions asked for.
    pub by: BTreeMap<&'static str, String>,
    /// What was held against it.
    pub of: Of,
    /// On which side it must lie.
    pub side: Side,
    /// The threshold.
    pub threshold: f64,
    /// The value.
    pub value: Option<f64>,
    /// The limit that counts.
    pub limit: Option<f64>,
    /// Whether it passes.
    pub passes: bool,
    /// Why there is no limit, in words.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

/// Holds gates against everything in a comparison that they are about, each at least once: one that is about nothing
/// there does not pass.
#[must_use]
pub fn gated(gates: &[Threshold], comparison: &Comparison) -> Vec<Gated> {
    gates.iter().flat_map(|gate| gate.held(comparison)).collect()
}

impl Threshold {
    fn held(&self, comparison: &Comparison) -> Vec<Gated> {
        let reference = comparison.reference.as_deref();
        let is_about = |row: &&Row| {
            row.measure == self.measure.name
                && (self.role.is_none() || row.role == self.role)
                && self.platform.as_ref().is_none_or(|platform| *platform == row.platform)
                && self.levels.iter().all(|(dimension, level)| row.by.get(dimension.as_str()) == Some(level))
                && (self.of == Of::Value || reference != Some(&row.platform))
        };
        let held: Vec<Gated> =
            comparison.rows.iter().filter(is_about).map(|row| self.held_against(row, comparison)).collect();
        match held.is_empty() {
            true => vec![self.about_nothing()],
            false => held,
        }
    }

    fn held_against(&self, row: &Row, comparison: &Comparison) -> Gated {
        let (value, lo, hi, reason) = match self.of {
            Of::Value => (row.value, row.lo, row.hi, row.reason.clone()),
            Of::Difference => {
                let of_row = comparison.differences.iter().find(|one| {
                    (one.measure, one.role, one.one_sided) == (row.measure, row.role, row.one_sided)
                        && one.platform == row.platform
                        && one.by == row.by
                });
                of_row.map_or((None, None, None, None), |one| (one.value, one.lo, one.hi, one.reason.clone()))
            }
        };
        let limit = match self.side {
            Side::AtLeast => lo,
            Side::AtMost => hi,
        };
        let passes = limit.is_some_and(|limit| match self.side {
            Side::AtLeast => limit >= self.threshold,
            Side::AtMost => limit <= self.threshold,
        });
        let reason = reason.or_else(|| limit.is_none().then(|| "there is no limit on that side".to_owned()));
        Gated {
            platform: Some(row.platform.clone()),
            by: row.by.clone(),
            role: row.role,
            value,
            limit,
            passes,
            reason,
            ..self.about_nothing()
        }
    }

    fn about_nothing(&self) -> Gated {
        Gated {
            gate: self.name.clone(),
            measure: self.measure.name,
            role: self.role,
            platform: self.platform.clone(),
            by: BTreeMap::new(),
            of: self.of,
            side: self.side,
            threshold: self.threshold,
            value: None,
            limit: None,
            passes: false,
            reason: Some("no consultation is like that".to_owned()),
        }
    }
}
