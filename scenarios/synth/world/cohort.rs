//! Organisations: who they are, which platforms they use, and the luck they had.
//!
//! A cohort is a group of the plan; an organisation of it differs from its fellows by luck alone.
//! Luck is rolled once per organisation from dice of its own, so that a further organisation changes
//! nothing about the others.

use super::{Shares, Tilts};
use crate::dice::{Dice, Realm};
use crate::knob::Effects;
use crate::plan::{Allocation, Group, MOST_PLATFORMS, Plan, Platform};

/// A group of like organisations.
#[derive(Debug, Clone)]
pub(crate) struct Cohort {
    /// The region in the context of its consultations.
    pub(crate) region: Option<String>,
    pub(crate) effects: Effects,
    pub(crate) tilts: Tilts,
    /// How often each platform is used, over all its organisations.
    pub(crate) shares: Shares,
    /// How many consultations it has, against other cohorts.
    pub(crate) weight: f64,
    /// How many consultations on each platform a clinician is expected to have over the whole plan.
    pub(crate) per_clinician: Vec<f64>,
    /// How many consultations on each platform a clinician has behind them when it begins.
    pub(crate) experience: Vec<f64>,
    /// Which share of the plan's days is gone when each platform is first used.
    pub(crate) adopted: Vec<f64>,
}

/// One organisation.
#[derive(Debug, Clone)]
pub(crate) struct Organisation {
    pub(crate) name: String,
    pub(crate) cohort: usize,
    pub(crate) size: f64,
    pub(crate) shares: Shares,
    pub(crate) luck: f64,
    /// The luck it has with each platform.
    pub(crate) luck_with: Vec<f64>,
    pub(crate) first_clinician: usize,
    pub(crate) clinicians: usize,
    /// Who records each platform here.
    pub(crate) sources: Vec<String>,
    /// By how much the clock of each source is wrong, in milliseconds.
    pub(crate) skew_ms: Vec<i64>,
}

pub(super) fn cohorts(plan: &Plan) -> Vec<Cohort> {
    let weight = |group: &Group| group.weight * group.organisations().len() as f64;
    let all: f64 = plan.organisations.iter().map(weight).sum();
    let ready = |group: &Group| {
        let shares = shares(plan, group);
        let used: f64 = shares.iter().sum();
        let clinicians = (group.organisations().len() * group.clinicians) as f64;
        let each = plan.consultations as f64 * weight(group) / all / clinicians;
        let experience = |platform: &Platform| group.experience.get(&platform.name).copied().unwrap_or(0.0);
        let adopted = |platform| f64::from(group.first_day(platform)) / f64::from(plan.days);
        Cohort {
            region: group.region.clone(),
            effects: group.effects,
            tilts: super::tilts(plan, &group.tilt),
            shares,
            weight: weight(group),
            per_clinician: shares[..plan.platforms.len()].iter().map(|share| each * share / used).collect(),
            experience: plan.platforms.iter().map(experience).collect(),
            adopted: plan.platforms.iter().map(adopted).collect(),
        }
    };
    plan.organisations.iter().map(ready).collect()
}

pub(super) fn organisations(plan: &Plan, cohorts: &[Cohort]) -> Vec<Organisation> {
    let mut organisations = Vec::new();
    let mut first_clinician = 1;
    for (cohort, group) in plan.organisations.iter().enumerate() {
        let names = group.organisations();
        for (number, name) in names.iter().enumerate() {
            let shares = match group.allocation {
                Allocation::Mixed => cohorts[cohort].shares,
                Allocation::Single => dealt(&cohorts[cohort].shares, number, names.len()),
            };
            let index = organisations.len() as u64;
            organisations.push(organisation(plan, group, (cohort, index), name, shares, first_clinician));
            first_clinician += group.clinicians;
        }
    }
    organisations
}

fn organisation(
    plan: &Plan,
    group: &Group,
    (cohort, index): (usize, u64),
    name: &str,
    shares: Shares,
    first_clinician: usize,
) -> Organisation {
    let mut dice = Dice::new(plan.seed, Realm::Organisation, index);
    let clustering = &plan.clustering;
    let luck = clustering.organisation * dice.normal();
    let size = group.weight * libm::exp(clustering.size * dice.normal());
    let mut clocks = Dice::new(plan.seed, Realm::Source, index);
    let skew = i64::from(plan.mess.clock_skew_ms);
    Organisation {
        name: name.to_owned(),
        cohort,
        size,
        shares,
        luck,
        luck_with: plan.platforms.iter().map(|_| clustering.organisation_platform * dice.normal()).collect(),
        first_clinician,
        clinicians: group.clinicians,
        sources: plan
            .platforms
            .iter()
            .map(|platform| format!("urn:synth:{name}:{}", platform.name))
            .collect(),
        skew_ms: plan.platforms.iter().map(|_| clocks.between(-skew, skew)).collect(),
    }
}

fn shares(plan: &Plan, group: &Group) -> Shares {
    let mut shares = [0.0; MOST_PLATFORMS];
    for (share, platform) in shares.iter_mut().zip(&plan.platforms) {
        *share = if group.platforms.is_empty() {
            platform.share
        } else {
            group.platforms.get(&platform.name).copied().unwrap_or(0.0)
        };
    }
    shares
}

/// The one platform of organisation `number` of `count`: dealt out so that every prefix of the group is
/// as close to the shares as whole organisations can be.
fn dealt(shares: &Shares, number: usize, count: usize) -> Shares {
    debug_assert!(number < count, "an organisation is one of its group");
    let all: f64 = shares.iter().sum();
    let mut given = [0.0; MOST_PLATFORMS];
    let mut next = 0;
    for dealt in 0..=number {
        let lack = |platform: usize| shares[platform] / all * (dealt + 1) as f64 - given[platform];
        next = 0;
        for platform in 1..MOST_PLATFORMS {
            if lack(platform) > lack(next) + 1e-9 {
                next = platform;
            }
        }
        given[next] += 1.0;
    }
    std::array::from_fn(|platform| if platform == next { 1.0 } else { 0.0 })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn single_platforms_are_dealt_out_by_the_shares() {
        let mut shares = [0.0; MOST_PLATFORMS];
        shares[..3].copy_from_slice(&[2.0, 1.0, 1.0]);
        let mut counts = [0; MOST_PLATFORMS];
        for number in 0..8 {
            let one = dealt(&shares, number, 8);
            counts[one.iter().position(|share| *share == 1.0).unwrap()] += 1;
        }
        assert_eq!(counts[..3], [4, 2, 2]);
    }
}
