//! A policy on the frontier: some platforms, which stratum uses which, and what is expected of it.

use std::collections::BTreeMap;

use serde::Serialize;

use super::expected::limits;
use super::needs::Priced;
use super::table::Table;
use crate::stats::decision::policy::Policy;

/// A policy: some platforms, and which stratum uses which.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Step {
    /// The platforms.
    pub platforms: Vec<String>,
    /// The expected share.
    pub value: f64,
    /// Its lower limit.
    pub lo: f64,
    /// Its upper limit.
    pub hi: f64,
    /// By stratum: the platform that it uses; strata are missing in which none may be used.
    pub uses: BTreeMap<String, String>,
    /// What a consultation costs on average, between these bounds, where prices were declared.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub price: Option<[f64; 2]>,
}

impl Table {
    /// A policy by names, with its limits and what it costs.
    pub(super) fn step(&self, policy: &Policy, priced: Option<&Priced>, level: f64) -> Step {
        let [lo, hi] = limits(policy.draws.clone(), level);
        let uses = self.strata.iter().zip(&policy.uses);
        Step {
            platforms: policy.platforms.iter().map(|k| self.platforms[*k].clone()).collect(),
            value: policy.value,
            lo,
            hi,
            uses: uses
                .filter_map(|(stratum, k)| Some((stratum.clone(), self.platforms[(*k)?].clone())))
                .collect(),
            price: priced.and_then(|priced| self.price(policy, priced)),
        }
    }

    /// What a consultation costs on average: each stratum pays what its platform costs.
    fn price(&self, policy: &Policy, priced: &Priced) -> Option<[f64; 2]> {
        let mut price = [0.0; 2];
        for (weight, used) in self.evidence.weights().into_iter().zip(&policy.uses) {
            let Some(used) = used else { continue };
            let own = priced.platforms.get(&self.platforms[*used])?;
            price = [price[0] + weight * own[0], price[1] + weight * own[1]];
        }
        Some(price)
    }
}
