//! The name of the claim behind a difference: the same for the same question as evidence grows.

use std::collections::BTreeMap;

use super::ask::{Ask, ClusterChoice};
use crate::cells::{Arm, Slot};
use crate::parameters::Parameters;

/// The version of the rule that makes a difference and its verdict.
const RULE: &str = "difference/1";

/// The name of the claim that an arm differs from the same arm of `reference`.
///
/// It depends on the question alone: rule, measure, role, platforms, sides, levels, filter, clustering,
/// level and the parameters of the reading other than the instant. Lists are told with a tag and their
/// length, so that no two questions can be told alike.
#[must_use]
pub fn claim_id(
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
    for text in [RULE, slot.measure.name, role, &arm.platform, reference, sides] {
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
    let digest = hasher.finalize().to_hex();
    format!("c-{}", &digest[..12])
}
