//! How far apart two groups would be under a policy.
//!
//! A policy sends every stratum to one platform. What a group may expect of it is its share on that platform stratum by
//! stratum, weighed by where the group's own consultations are: directly standardised to the group. The difference of
//! two groups has the linearised variance of what units add to it, so that units which serve both are taken account of.
//! The counts are used as they are, without the model: it knows nothing of groups.
//!
//! Sources: Fay & Feuer 1997, Stat Med 16:791, for direct standardisation; Binder 1983, Int Stat Rev 51:279, for the
//! variance.

use std::collections::BTreeMap;

use super::evidence::LEAST_SUPPORT;
use crate::stats::cluster::Tally;
use crate::stats::estimate::{Estimate, FEW_CLUSTERS, FEWEST_EVENTS, Interval};
use crate::stats::special::{normal, student};
use crate::stats::status::{Flag, Reason, Status};

/// The name of the estimator.
pub const METHOD: &str = "standardised_gap";

/// What is known of a group in one stratum.
#[derive(Debug, Clone, PartialEq)]
pub struct Part {
    /// Consultations of the group in the stratum, on all platforms.
    pub weight: u64,
    /// By unit: the counts of the group on the platform that the stratum would use.
    pub by_unit: BTreeMap<u32, Tally>,
}

/// A group's share under a policy.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Standing {
    /// The share.
    pub share: f64,
    /// The share of the group's consultations in strata where it was seen on the platform.
    pub covered: f64,
    /// Observations that the share rests on.
    pub n: u64,
}

impl Part {
    fn total(&self) -> Tally {
        self.by_unit.values().fold(Tally::default(), |sum, one| (sum.n + one.n, sum.x + one.x).into())
    }
}

/// The parts that a share can be had of, with their weights, and how much of the group they are.
fn weighed(parts: &[Part]) -> (Vec<(f64, &Part)>, f64) {
    let all: u64 = parts.iter().map(|part| part.weight).sum();
    let there: Vec<&Part> = parts.iter().filter(|part| part.total().n > 0).collect();
    let covered: u64 = there.iter().map(|part| part.weight).sum();
    let weight = |part: &Part| part.weight as f64 / covered.max(1) as f64;
    (there.into_iter().map(|part| (weight(part), part)).collect(), covered as f64 / all.max(1) as f64)
}

/// What a group may expect; nothing where it was hardly seen on the platforms of the policy.
pub fn standing(parts: &[Part]) -> Option<Standing> {
    let (weighed, covered) = weighed(parts);
    let share = |(weight, part): &(f64, &Part)| {
        let Tally { n, x } = part.total();
        weight * x as f64 / n as f64
    };
    (covered >= LEAST_SUPPORT && !weighed.is_empty()).then(|| Standing {
        share: weighed.iter().map(share).sum(),
        covered,
        n: weighed.iter().map(|(_, part)| part.total().n).sum(),
    })
}

/// The share of one group less that of another. With `shared` what units add is not independent within them.
pub fn gap(one: &[Part], other: &[Part], shared: bool, level: f64) -> Estimate {
    let (Some(first), Some(second)) = (standing(one), standing(other)) else {
        return Estimate::not_estimable(METHOD, level, Reason::NoCommonSupport);
    };
    let value = first.share - second.share;
    let n = (first.n + second.n) as f64;
    let (mut by_unit, mut alone, mut fewest) = (BTreeMap::<u32, f64>::new(), 0.0, u64::MAX);
    for (sign, parts) in [(1.0, one), (-1.0, other)] {
        let (weighed, _) = weighed(parts);
        let (mut events, mut rest) = (0, 0);
        for (weight, part) in weighed {
            let Tally { n, x } = part.total();
            (events, rest) = (events + x, rest + n - x);
            let share = x as f64 / n as f64;
            alone += weight * weight * share * (1.0 - share) / n as f64;
            for (unit, own) in &part.by_unit {
                let beyond = (own.x as f64 - share * own.n as f64) / n as f64;
                *by_unit.entry(*unit).or_default() += sign * weight * beyond;
            }
        }
        fewest = fewest.min(events).min(rest);
    }
    let k = by_unit.len() as f64;
    let squares: f64 = by_unit.values().map(|added| added * added).sum();
    let upper = (1.0 + level) / 2.0;
    let (square, critical) = match (shared, by_unit.len()) {
        (false, _) => (alone, normal::quantile(upper)),
        (true, 0 | 1) => {
            return Estimate::alone(METHOD, level, value, Status::NotEstimable(Reason::OneCluster));
        }
        (true, _) => (k / (k - 1.0) * squares, student::quantile(upper, k - 1.0)),
    };
    let se = square.sqrt();
    let [lo, hi] = [value - critical * se, value + critical * se].map(|limit| limit.clamp(-1.0, 1.0));
    let mut found = Estimate::between(METHOD, level, Interval { value, lo, hi });
    (found.se, found.n, found.clusters) = (Some(se), n, shared.then_some(by_unit.len() as u64));
    if shared && (by_unit.len() as u64) < FEW_CLUSTERS {
        found = found.with_flag(Flag::FewClusters);
    }
    if fewest < FEWEST_EVENTS {
        found = found.with_status(Status::InsufficientEvidence(Reason::FewEvents));
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stats::checks::near;
    use crate::stats::estimate::LEVEL_95;

    fn part(weight: u64, counts: &[(u32, u64, u64)]) -> Part {
        Part { weight, by_unit: counts.iter().map(|&(unit, n, x)| (unit, (n, x).into())).collect() }
    }

    /// Ten clinicians whose patients are of both groups: the figures are those of R's survey 4.1-1 (`svyby` with
    /// `covmat = TRUE`, and `svycontrast`).
    #[test]
    fn one_stratum_with_shared_units_agrees_with_another_program() {
        let of = |n: [u64; 10], x: [u64; 10]| {
            let by_unit: Vec<(u32, u64, u64)> = (0..10).map(|i| (i as u32, n[i], x[i])).collect();
            [part(n.iter().sum(), &by_unit)]
        };
        let a = of([12, 30, 8, 25, 40, 15, 22, 9, 31, 18], [1, 6, 0, 2, 11, 1, 5, 0, 3, 4]);
        let b = of([20, 10, 14, 25, 30, 25, 12, 19, 21, 8], [1, 1, 0, 1, 5, 1, 1, 0, 1, 1]);
        let found = gap(&b, &a, true, LEVEL_95);
        near(found.value, 12.0 / 184.0 - 33.0 / 210.0, 1e-14);
        near(found.se, 0.014_807_899_7, 6e-11);
        near(found.hi, 12.0 / 184.0 - 33.0 / 210.0 + 2.262_157_162_798_205 * 0.014_807_899_7, 6e-10);
        near(gap(&b, &a, false, LEVEL_95).se, 0.031_016_704_6, 6e-10);
    }

    #[test]
    fn a_group_is_weighed_by_where_it_is() {
        let parts = [part(300, &[(0, 10, 9)]), part(100, &[(0, 40, 20)])];
        near(standing(&parts).unwrap().share, 0.75 * 0.9 + 0.25 * 0.5, 1e-12);
        // Where it was not seen on the platform the rest stands for it, if that is most of it.
        let most = [part(300, &[(0, 10, 9)]), part(100, &[(0, 40, 20)]), part(50, &[])];
        let found = standing(&most).unwrap();
        near(found.share, standing(&parts).unwrap().share, 1e-12);
        near(found.covered, 400.0 / 450.0, 1e-12);
        assert_eq!(standing(&[part(300, &[(0, 10, 9)]), part(100, &[])]), None);
        assert_eq!(standing(&[]), None);
    }

    #[test]
    fn groups_that_are_alike_are_not_apart_and_the_order_turns_the_sign() {
        let one = [part(50, &[(0, 20, 15), (1, 30, 20)]), part(60, &[(0, 25, 20), (1, 35, 30)])];
        let other = [part(70, &[(0, 40, 20), (2, 30, 15)]), part(20, &[(1, 20, 12)])];
        near(gap(&one, &one, true, LEVEL_95).value, 0.0, 1e-15);
        let (found, turned) = (gap(&one, &other, true, LEVEL_95), gap(&other, &one, true, LEVEL_95));
        near(found.value, -turned.value.unwrap(), 1e-15);
        near(found.lo, -turned.hi.unwrap(), 1e-15);
        let lone = gap(&one[..1], &[part(5, &[(0, 5, 3)])], true, LEVEL_95);
        assert_eq!(lone.status, Status::InsufficientEvidence(Reason::FewEvents));
        assert_eq!(gap(&[part(5, &[(0, 5, 3)])], &[part(5, &[(0, 5, 3)])], true, LEVEL_95).lo, None);
        assert_eq!(gap(&[], &one, true, LEVEL_95).value, None);
    }
}
