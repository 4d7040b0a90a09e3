//! The name of the claim behind a difference: the same for the same question as evidence grows.

use std::collections::BTreeMap;

use super::ask::{Ask, ClusterChoice};
use crate::cells::{Arm, Slot};
use crate::parameters::Parameters;

/// By which rule a claim is made, with its version.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rule {
    /// A difference and its verdict.
    Difference,
    /// A difference among like consultations.
    Adjusted,
}

impl Rule {
    fn name(self) -> &'static str {
        match self {
            Self::Difference => "difference/1",
            Self::Adjusted => "adjusted/1",
        }
    }
}

/// The name of the claim that an arm differs from the same arm of `reference`.
///
/// It depends on the question alone: rule, measure, role, platforms, sides, levels, filter, clustering,
/// level and the parameters of the reading other than the instant. Lists are told with a tag and their
/// length, so that no two questions can be told alike. An adjusted one depends on the adjustment, too.
#[must_use]
pub fn claim_id(
    rule: Rule,
    ask: &Ask,
    slot: &Slot,
    arm: &Arm,
    reference: &str,
    by: &BTreeMap<&'static str, String>,
    parameters: &Parameters,
) -> String {
    let mut hasher = blake3::Hasher::new();
    let mut tell = |text: &str| {
        hasher.update(&(text.len() as u64).to_le_bytes());
        hasher.update(text.as_bytes());
    };
    let sides = if arm.one_sided { "one side" } else { "both sides" };
    let role = slot.role.map_or("", event::Role::name);
    for text in [rule.name(), slot.measure.name, role, &arm.platform, reference, sides] {
        tell(text);
    }
    tell("by");
    tell(&by.len().to_string());
    for (dimension, level) in by {
        tell(dimension);
        tell(level);
    }
    tell("where");
    for (dimension, levels) in ask.filter.iter() {
        tell(dimension.name());
        tell(&levels.len().to_string());
        levels.iter().for_each(|level| tell(level));
    }
    tell("cluster");
    tell(match ask.cluster {
        ClusterChoice::Auto => "auto",
        ClusterChoice::None => "none",
        ClusterChoice::By(dimension) => dimension.name(),
    });
    for number in [parameters.grace_ms, parameters.interrupted_max_ms, parameters.interrupted_max_permille] {
        tell(&number.to_string());
    }
    tell(&ask.level.to_string());
    if rule == Rule::Adjusted {
        tell(ask.adjustment.name());
        tell(&ask.adjust.len().to_string());
        ask.adjust.iter().for_each(|dimension| tell(dimension.name()));
    }
    let digest = hasher.finalize().to_hex();
    format!("c-{}", &digest[..12])
}
