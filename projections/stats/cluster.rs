//! One proportion from clustered observations: Wilson's interval for what the sample is really worth.
//!
//! Consultations of one clinician or organisation share their network, kit and training, so forty thousand of
//! them in six organisations are nearer to six observations than to forty thousand. The variance between
//! clusters gives a design effect, the counts are divided by it, and the critical value is Student's with one
//! degree of freedom less than there are clusters. In simulation this keeps its 95 % where the naive interval
//! falls to 70 %. Where few clusters outweigh the rest the variance does not show it, and the design effect is
//! taken no lower than a plausible correlation within clusters makes it. It does not choose the level of
//! clustering: the caller does, at the level that chose the platform.
//!
//! Sources: Rao & Scott 1992, Biometrics 48:577; Donner & Klar 2000; Ukoumunne 2002, Stat Med 21:3757.

use super::balance::Balance;
use super::estimate::{Estimate, FEW_CLUSTERS, Interval, critical, tail};
use super::exact::ascending;
use super::proportion::{WILSON, edge, wilson_interval};
use super::special::student;
use super::status::{Flag, Reason, Status};

/// The name of the interval for clustered observations.
pub const WILSON_RAO_SCOTT_T: &str = "wilson_rao_scott_t";
/// The intra-cluster correlation that is assumed where none can be estimated.
pub const PLANNING_ICC: f64 = 0.05;

/// The counts of one cluster.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Tally {
    /// Observations.
    pub n: u64,
    /// Events among them.
    pub x: u64,
}

impl From<(u64, u64)> for Tally {
    /// From observations and events, in this order.
    fn from((n, x): (u64, u64)) -> Self {
        Self { n, x }
    }
}

/// The share of events over all clusters, with the interval that the number of clusters allows.
///
/// Clusters without observations do not count. One cluster alone has the naive interval and is flagged. Where
/// nothing or everything was an event the design effect cannot be estimated, and `planning_icc` stands in for it.
/// Among clusters of very unequal size, which are flagged, it is a floor; where one of them holds most of the
/// observations the limits are given as insufficient evidence.
pub fn proportion(clusters: &[Tally], planning_icc: f64, level: f64) -> Estimate {
    let found = Arm::new(clusters.iter().copied()).and_then(|arm| of_arm(&arm, planning_icc, level));
    found.unwrap_or_else(|why| Estimate::not_estimable(WILSON_RAO_SCOTT_T, level, why))
}

/// The intra-cluster correlation by analysis of variance; below zero where clusters differ less than chance.
///
/// Nothing where it is undefined: fewer than two clusters, or no variation, or one observation in each.
pub fn icc(clusters: &[Tally]) -> Option<f64> {
    Arm::new(clusters.iter().copied()).ok()?.icc()
}

/// The design effect to plan with, 1 + (m − 1)·ICC, where m is the size of the cluster a typical observation is in.
pub fn planning_deff(clusters: &[Tally], icc: f64) -> Option<f64> {
    let arm = Arm::new(clusters.iter().copied()).ok()?;
    let deff = arm.planned(icc);
    deff.is_finite().then_some(deff)
}

/// How many times larger a variance is than that of independent observations, and whether that is a guess.
#[derive(Debug, Clone, Copy)]
pub(super) struct DesignEffect {
    pub(super) value: f64,
    pub(super) assumed: bool,
}

/// The clusters of one arm that hold observations, and their totals.
pub(super) struct Arm {
    clusters: Vec<Tally>,
    pub(super) n: u64,
    pub(super) x: u64,
}

impl Arm {
    pub(super) fn new(clusters: impl Iterator<Item = Tally>) -> Result<Self, Reason> {
        let clusters: Vec<Tally> = clusters.filter(|cluster| cluster.n > 0 || cluster.x > 0).collect();
        if clusters.iter().any(|cluster| cluster.x > cluster.n) {
            return Err(Reason::InconsistentCounts);
        }
        // Below 2⁶³ every residual fits into 128 bits with its sign.
        let total = clusters.iter().try_fold(0_u64, |sum, cluster| sum.checked_add(cluster.n));
        let n = total.filter(|n| *n <= i64::MAX as u64).ok_or(Reason::TooLarge)?;
        if n == 0 {
            return Err(Reason::NoData);
        }
        let x = clusters.iter().map(|cluster| cluster.x).sum();
        Ok(Self { clusters, n, x })
    }

    pub(super) fn replicated(&self) -> bool {
        self.clusters.len() > 1
    }

    pub(super) fn k(&self) -> f64 {
        self.clusters.len() as f64
    }

    pub(super) fn p(&self) -> f64 {
        self.x as f64 / self.n as f64
    }

    /// Whether events and non-events both occurred, so that clusters can differ.
    pub(super) fn varies(&self) -> bool {
        0 < self.x && self.x < self.n
    }

    /// The events of a cluster beyond its expectation, times the total of observations, without rounding error.
    pub(super) fn residual(&self, cluster: &Tally) -> f64 {
        let product = |a: u64, b: u64| i128::from(a) * i128::from(b);
        (product(cluster.x, self.n) - product(self.x, cluster.n)) as f64
    }

    fn sum(&self, term: impl Fn(&Tally) -> f64) -> f64 {
        ascending(self.clusters.iter().map(term))
    }

    fn typical_size(&self) -> f64 {
        let total = self.n as f64;
        self.sum(|cluster| cluster.n as f64 * (cluster.n as f64 / total))
    }

    /// How evenly the clusters share the observations.
    pub(super) fn balance(&self) -> Balance {
        let total = self.n as f64;
        Balance::of_shares(self.clusters.iter().map(|cluster| cluster.n as f64 / total))
    }

    fn icc(&self) -> Option<f64> {
        let (k, n) = (self.k(), self.n as f64);
        if !self.replicated() || self.n == self.clusters.len() as u64 {
            return None;
        }
        let between = self.sum(|cluster| {
            let residual = self.residual(cluster) / n;
            residual * residual / cluster.n as f64
        });
        let within =
            self.sum(|cluster| cluster.x as f64 * ((cluster.n - cluster.x) as f64 / cluster.n as f64));
        let (between, within) = (between / (k - 1.0), within / (n - k));
        let size = (n - self.typical_size()) / (k - 1.0);
        let icc = (between - within) / (between + (size - 1.0) * within);
        icc.is_finite().then_some(icc)
    }

    /// The design effect that a correlation within clusters of these sizes would have.
    fn planned(&self, icc: f64) -> f64 {
        1.0 + (self.typical_size() - 1.0) * icc
    }

    /// The design effect, never below one, and of unequal clusters never below a planned one.
    ///
    /// That is planned with the larger of the assumed correlation and the one the clusters show. The latter
    /// compares clusters with each other, and so does not vanish with the residual of the largest.
    fn design_effect(&self, planning_icc: f64) -> DesignEffect {
        let assumed = self.planned(planning_icc).max(1.0);
        if !self.varies() {
            return DesignEffect { value: assumed, assumed: true };
        }
        let estimated = self.estimated();
        if !self.balance().unequal() {
            return DesignEffect { value: estimated, assumed: false };
        }
        let estimated = self.icc().map_or(estimated, |icc| estimated.max(self.planned(icc)));
        DesignEffect { value: estimated.max(assumed), assumed: assumed > estimated }
    }

    /// The variance between clusters over that of independent observations, never below one.
    fn estimated(&self) -> f64 {
        let (n, x, rest) = (self.n as f64, self.x as f64, (self.n - self.x) as f64);
        let spread = self.sum(|cluster| {
            let residual = self.residual(cluster) / n;
            residual * residual
        });
        (self.k() / (self.k() - 1.0) * spread / x / (rest / n)).max(1.0)
    }

    /// Limits for a share `p` of the effective sample, with the design effect they rest on.
    pub(super) fn limits(
        &self,
        p: f64,
        planning_icc: f64,
        level: f64,
    ) -> Result<(Interval, DesignEffect), Reason> {
        let tail = tail(level).ok_or(Reason::InvalidParameter)?;
        if !(0.0..=1.0).contains(&planning_icc) {
            return Err(Reason::InvalidParameter);
        }
        let deff = self.design_effect(planning_icc);
        let n = self.n as f64 / deff.value;
        let critical = student::upper_quantile(tail, self.k() - 1.0);
        let interval = wilson_interval((n * p).min(n), n, critical).ok_or(Reason::NotFinite)?;
        Ok((interval, deff))
    }
}

/// The estimate of one arm: by its clusters if there are at least two, naive and flagged if there is one.
pub(super) fn of_arm(arm: &Arm, planning_icc: f64, level: f64) -> Result<Estimate, Reason> {
    let estimate = if arm.replicated() {
        let (interval, deff) = arm.limits(arm.p(), planning_icc, level)?;
        let interval = Interval { value: arm.p(), ..interval };
        Estimate::between(WILSON_RAO_SCOTT_T, level, interval)
            .with_se(if arm.varies() {
                (arm.p() * (1.0 - arm.p()) / arm.n as f64 * deff.value).sqrt()
            } else {
                f64::NAN
            })
            .with_df(arm.k() - 1.0)
            .with_deff(deff.value)
            .with_flag_if(deff.assumed, Flag::AssumedDesignEffect)
            .with_flag_if((arm.clusters.len() as u64) < FEW_CLUSTERS, Flag::FewClusters)
            .with_balance(arm.balance())
    } else {
        let critical = critical(level).ok_or(Reason::InvalidParameter)?;
        let interval = wilson_interval(arm.x as f64, arm.n as f64, critical).ok_or(Reason::NotFinite)?;
        Estimate::between(WILSON, level, interval).with_flag(Flag::NoReplication)
    };
    let (x, n): (f64, f64) = (arm.x as f64, arm.n as f64);
    let status = if arm.varies() { Status::Ok } else { edge(x, n) };
    Ok(estimate.with_n(n).with_events(x).with_clusters(arm.clusters.len() as u64).with_status(status))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stats::LEVEL_95;
    use crate::stats::checks::near;

    /// Ten clinicians on one platform.
    const CLINICIANS: [(u64, u64); 10] =
        [(12, 1), (30, 6), (8, 0), (25, 2), (40, 11), (15, 1), (22, 5), (9, 0), (31, 3), (18, 4)];

    fn tallies(clusters: &[(u64, u64)]) -> Vec<Tally> {
        clusters.iter().copied().map(Tally::from).collect()
    }

    fn estimate(clusters: &[(u64, u64)]) -> Estimate {
        proportion(&tallies(clusters), PLANNING_ICC, LEVEL_95)
    }

    #[test]
    fn ten_clinicians_agree_to_ten_digits() {
        let estimate = estimate(&CLINICIANS);
        near(estimate.value, 0.1571428571, 5.1e-11);
        near(estimate.se, 0.03216343668, 5.1e-12);
        near(estimate.deff, 1.640195335, 5.1e-10);
        near(estimate.lo, 0.0977662986, 5.1e-11);
        near(estimate.hi, 0.2428733030, 5.1e-11);
        assert_eq!(
            (estimate.method, estimate.clusters, estimate.df),
            (WILSON_RAO_SCOTT_T, Some(10), Some(9.0))
        );
        assert_eq!((estimate.n, estimate.events, estimate.flags), (210.0, Some(33.0), vec![]));
    }

    #[test]
    fn the_effective_sample_and_its_other_intervals_agree() {
        let deff = estimate(&CLINICIANS).deff.unwrap();
        near(210.0 / deff, 128.0335308, 5.1e-8);
        near(33.0 / deff, 20.11955484, 5.1e-9);
        let shrunk = wilson_interval(33.0 / deff, 210.0 / deff, critical(LEVEL_95).unwrap()).unwrap();
        near(shrunk.lo, 0.1042180927, 5.1e-11);
        near(shrunk.hi, 0.2300421687, 5.1e-11);
        let naive = wilson_interval(33.0, 210.0, critical(LEVEL_95).unwrap()).unwrap();
        near(naive.lo, 0.1141363753, 5.1e-11);
        near(naive.hi, 0.2124675452, 5.1e-11);
    }

    #[test]
    fn the_correlation_within_clusters_agrees() {
        let clusters = tallies(&CLINICIANS);
        let icc = icc(&clusters).unwrap();
        near(icc, 0.01986073057, 5.1e-12);
        near(planning_deff(&clusters, icc), 1.491600369, 5.1e-10);
    }

    #[test]
    fn the_order_of_clusters_and_empty_ones_do_not_show() {
        let mut shuffled = CLINICIANS.to_vec();
        shuffled.reverse();
        shuffled.push((0, 0));
        assert_eq!(estimate(&shuffled), estimate(&CLINICIANS));
    }

    #[test]
    fn one_cluster_has_the_naive_interval_and_a_flag() {
        let estimate = estimate(&[(100, 65)]);
        near(estimate.lo, 0.55254443, 5.1e-9);
        assert_eq!((estimate.method, estimate.se, estimate.df), (WILSON, None, None));
        assert_eq!(estimate.flags, [Flag::NoReplication]);
    }

    #[test]
    fn without_any_event_the_planned_design_effect_is_used() {
        let estimate = estimate(&[(10, 0); 10]);
        near(estimate.deff, 1.45, 1e-14);
        let square = 2.262157162798205_f64 * 2.262157162798205;
        near(estimate.hi, square / (100.0 / 1.45 + square), 1e-12);
        assert_eq!((estimate.lo, estimate.se), (Some(0.0), None));
        assert_eq!(estimate.status, Status::Boundary(Reason::NoEvents));
        assert_eq!(estimate.flags, [Flag::AssumedDesignEffect]);
        let mirrored = proportion(&[Tally { n: 10, x: 10 }; 10], PLANNING_ICC, LEVEL_95);
        near(mirrored.lo, 1.0 - estimate.hi.unwrap(), 1e-12);
    }

    #[test]
    fn clusters_more_alike_than_chance_gain_nothing() {
        let estimate = estimate(&[(10, 2); 12]);
        assert_eq!(estimate.deff, Some(1.0));
        assert!(estimate.half_width().unwrap() > 0.05);
    }

    #[test]
    fn few_clusters_are_flagged() {
        assert_eq!(estimate(&CLINICIANS[..9]).flags, [Flag::FewClusters]);
    }

    /// Eleven clinicians with one event in ten, and one with a tenth of `last`.
    fn tens_and(last: u64) -> Estimate {
        let mut clusters = vec![(10, 1); 10];
        clusters.extend([(10, 3), (last, last / 10)]);
        estimate(&clusters)
    }

    #[test]
    fn moderately_unequal_clusters_keep_the_variance_between_them() {
        let moderate = tens_and(40);
        assert_eq!((moderate.deff, &moderate.flags[..], moderate.status), (Some(1.0), &[][..], Status::Ok));
    }

    #[test]
    fn very_unequal_clusters_have_at_least_the_planned_design_effect() {
        let unequal = tens_and(200);
        near(unequal.deff, 1.0 + (41_100.0 / 310.0 - 1.0) * PLANNING_ICC, 1e-14);
        assert_eq!(unequal.flags, [Flag::UnequalClusters, Flag::AssumedDesignEffect]);
        assert_eq!((unequal.status, unequal.df), (Status::Ok, Some(11.0)));
        let sound = Estimate { flags: vec![], ..tens_and(40) };
        assert!(unequal.half_width() > sound.half_width());
    }

    #[test]
    fn a_dominant_cluster_is_not_evidence() {
        assert_eq!(tens_and(250).status, Status::Ok);
        let dominated = tens_and(260);
        assert_eq!(dominated.status, Status::InsufficientEvidence(Reason::DominantCluster));
        assert!(dominated.interval().is_some() && dominated.flags.contains(&Flag::UnequalClusters));
    }

    #[test]
    fn unequal_clusters_that_differ_more_than_planned_say_so() {
        let mut clusters = vec![(10, 0), (10, 9), (10, 1), (10, 8), (10, 0), (10, 10), (10, 0), (10, 9)];
        clusters.extend([(10, 0), (10, 7), (10, 1), (200, 60)]);
        let (estimate, icc) = (estimate(&clusters), icc(&tallies(&clusters)).unwrap());
        assert!(icc > 3.0 * PLANNING_ICC);
        assert_eq!(estimate.deff, planning_deff(&tallies(&clusters), icc));
        assert_eq!(estimate.flags, [Flag::UnequalClusters]);
    }

    #[test]
    fn what_cannot_be_summed_or_makes_no_sense_is_not_estimable() {
        for (clusters, why) in [
            (vec![], Reason::NoData),
            (vec![(0, 0), (0, 0)], Reason::NoData),
            (vec![(5, 1), (0, 1)], Reason::InconsistentCounts),
            (vec![(u64::MAX, 1), (1, 1)], Reason::TooLarge),
        ] {
            assert_eq!(estimate(&clusters).status, Status::NotEstimable(why));
        }
        let clusters = tallies(&CLINICIANS);
        for (icc, level) in [(f64::NAN, 0.95), (2.0, 0.95), (0.05, 0.0)] {
            assert_eq!(
                proportion(&clusters, icc, level).status,
                Status::NotEstimable(Reason::InvalidParameter)
            );
        }
        assert_eq!(icc(&tallies(&[(5, 1)])), None);
        assert_eq!(icc(&tallies(&[(1, 1), (1, 0)])), None);
        assert_eq!(icc(&tallies(&[(4, 0), (4, 0)])), None);
    }
}
