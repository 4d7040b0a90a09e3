//! The planted truth: what recordings made from a plan show on average over all chance.
//!
//! Given the circumstances of a consultation every measure is a closed form of its chances
//! ([`expected`]); the truth averages these over [`DRAWS`] circumstances, with fresh luck of organisation
//! and clinician in each. It therefore belongs to the plan and not to a seed: an interval that covers
//! 95 % covers *this* in 95 of 100 seeds. Lost ends and blind feeds are no part of it.

mod expected;
#[cfg(test)]
mod shown;

use event::Dimension;
use serde::Serialize;

use crate::dice::{Dice, Realm};
use crate::plan::Plan;
use crate::world::{Circumstances, World};
use expected::Expected;

/// Over how many circumstances the truth is averaged.
const DRAWS: u64 = 16_384;

/// What a plan plants.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Truth {
    /// The plan's name.
    pub plan: String,
    /// Each platform over all, in each region, and in each level of each dimension that the plan has levels of.
    pub planted: Vec<Planted>,
}

/// What is planted for one platform in one stratum.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Planted {
    /// The platform.
    pub platform: String,
    /// The dimension of the stratum; none for all consultations.
    pub dimension: Option<String>,
    /// The level of the stratum; none for all consultations.
    pub level: Option<String>,
    /// Share of the stratum's consultations that use the platform.
    pub share: f64,
    /// Rates over the consultations in which it is used: what a crude comparison estimates.
    pub as_used: Rates,
    /// Rates if it were used in all consultations of the stratum: what a fair comparison estimates.
    pub standardised: Rates,
}

/// Expected measures, by their names in machine output; shares unless the name says otherwise.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize)]
pub struct Rates {
    /// Of all consultations, those in which both sides tried to get in.
    pub attempted: f64,
    /// Of attempted: first try, no drop, hardly interrupted, completed.
    pub undisturbed: f64,
    /// Of attempted: both sides got in.
    pub connection_success: f64,
    /// Of attempted: got in without a failed join and stayed for a minute.
    pub first_try_join: f64,
    /// Of attempted: connected and completed.
    pub completed_on_video: f64,
    /// Of attempted: went on by phone.
    pub conversion: f64,
    /// Of attempted: given up.
    pub abandonment: f64,
    /// Of attempted: converted, abandoned or never connected.
    pub terminal_failure: f64,
    /// Of connected: at least one drop.
    pub any_drop: f64,
    /// Drops in 100 connected hours.
    pub drops_per_100h: f64,
    /// Of drops: back within a minute; none where there are no drops.
    pub recovered_60s: Option<f64>,
    /// Losses of sound in 100 connected hours.
    pub audio_losses_per_100h: f64,
    /// Share of connected time with sound.
    pub audio_availability: f64,
    /// Of connected: more than ten seconds without sound.
    pub audio_over_10s: f64,
    /// Of attempted: somebody asked for help.
    pub help_requested: f64,
    /// Of attempted: nobody recorded how it ended.
    pub end_not_seen: f64,
    /// Of ratings by patients: good or very good.
    pub patient_rating: f64,
    /// Of ratings by clinicians: good or very good.
    pub clinician_rating: f64,
    /// Mean score, before answers are rounded to items.
    pub sus: f64,
    /// Of clinicians who answered: a visit in person would not have been needed.
    pub adequacy: f64,
}

impl Truth {
    pub(crate) fn of(plan: &Plan) -> Self {
        let world = World::new(plan);
        let regions = regions(&world);
        let strata = strata(&world, &regions);
        let mut sums = vec![vec![Sum::default(); strata.len()]; plan.platforms.len()];
        for draw in 0..DRAWS {
            average(&world, &regions, draw, &mut sums);
        }
        let planted = sums.iter().zip(&plan.platforms).flat_map(|(sums, platform)| {
            let used = sums.iter().zip(&strata).filter(|(sum, _)| sum.used > 0.0);
            used.map(|(sum, stratum)| Planted {
                platform: platform.name.clone(),
                dimension: stratum.as_ref().map(|(dimension, _)| dimension.name().to_owned()),
                level: stratum.as_ref().map(|(_, level)| level.clone()),
                share: sum.used / sum.all,
                as_used: sum.as_used.rates(sum.used),
                standardised: sum.standardised.rates(sum.all),
            })
        });
        Self { plan: plan.name.clone(), planted: planted.collect() }
    }

    /// What is planted for `platform` over all consultations.
    #[must_use]
    pub fn of_platform(&self, platform: &str) -> Option<&Planted> {
        self.planted.iter().find(|planted| planted.platform == platform && planted.dimension.is_none())
    }

    /// What is planted for `platform` where `dimension` has `level`.
    #[must_use]
    pub fn where_level(&self, platform: &str, dimension: Dimension, level: &str) -> Option<&Planted> {
        self.planted.iter().find(|planted| {
            planted.platform == platform
                && planted.dimension.as_deref() == Some(dimension.name())
                && planted.level.as_deref() == Some(level)
        })
    }
}

/// Sums over circumstances, for one platform in one stratum.
#[derive(Debug, Clone, Copy, Default)]
struct Sum {
    all: f64,
    used: f64,
    as_used: Expected,
    standardised: Expected,
}

impl Sum {
    fn add(&mut self, share: f64, expected: &Expected) {
        self.all += 1.0;
        self.used += share;
        self.as_used.add(share, expected);
        self.standardised.add(1.0, expected);
    }
}

/// The regions that organisations are in, as the plan names them.
fn regions(world: &World) -> Vec<&str> {
    let mut regions = Vec::new();
    for region in world.cohorts.iter().filter_map(|cohort| cohort.region.as_deref()) {
        if !regions.contains(&region) {
            regions.push(region);
        }
    }
    regions
}

/// All consultations, then each region, then each level of each axis.
fn strata(world: &World, regions: &[&str]) -> Vec<Option<(Dimension, String)>> {
    let of_regions = regions.iter().map(|region| Some((Dimension::Region, (*region).to_owned())));
    let of_axes = world
        .axes
        .iter()
        .flat_map(|axis| axis.levels.iter().map(|level| Some((axis.dimension, level.name.clone()))));
    std::iter::once(None).chain(of_regions).chain(of_axes).collect()
}

fn average(world: &World, regions: &[&str], draw: u64, sums: &mut [Vec<Sum>]) {
    let mut dice = Dice::new(0, Realm::Truth, draw);
    let clustering = &world.plan.clustering;
    let weights: Vec<f64> = world.cohorts.iter().map(|cohort| cohort.weight).collect();
    let cohort = dice.weighted(&weights);
    let levels = world.levels(cohort, &mut dice);
    let index = (dice.unit() * world.plan.consultations as f64) as u64;
    let start = event::Time::from_ms(world.calendar.start(index, dice.unit()));
    let luck = clustering.organisation * dice.normal() + clustering.clinician * dice.normal();
    let circumstances = Circumstances { cohort, levels, start, index, luck };
    let region = regions.iter().position(|region| world.cohorts[cohort].region.as_deref() == Some(*region));
    let shares = world.shares(&world.cohorts[cohort].shares, &circumstances);
    let used: f64 = shares.iter().sum();
    for (platform, sums) in sums.iter_mut().enumerate() {
        let luck = clustering.organisation_platform * dice.normal();
        let chances = world.chances(&circumstances, platform, luck);
        let expected = Expected::of(&world.plan, &chances);
        let share = if used > 0.0 { shares[platform] / used } else { 0.0 };
        sums[0].add(share, &expected);
        if let Some(region) = region {
            sums[1 + region].add(share, &expected);
        }
        let mut first = 1 + regions.len();
        for (axis, level) in world.axes.iter().zip(levels) {
            sums[first + usize::from(level)].add(share, &expected);
            first += axis.levels.len();
        }
    }
}
