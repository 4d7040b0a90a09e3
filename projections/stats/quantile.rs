//! Quantiles from exact histograms: the value that a given share of observations does not exceed.
//!
//! Durations are whole milliseconds, so the histogram loses nothing and the quantile is a value that occurred.
//! Its limits are values that occurred too: order statistics of binomial rank, or for clustered observations
//! the values between which the clustered interval of the share falls. It does not interpolate.
//!
//! Sources: Hyndman & Fan 1996, Am Stat 50:361 (type 1); David & Nagaraja 2003, section 7.1, for the ranks;
//! Woodruff 1952, JASA 47:635, with the interval of Rao & Scott 1992.

use std::collections::BTreeMap;

use super::cluster::{Arm, Tally};
use super::estimate::{Estimate, FEW_CLUSTERS, tail};
use super::special::binomial;
use super::status::{Flag, Reason, Status};

/// The name of the interval between order statistics.
pub const ORDER_STATISTICS: &str = "order_statistics";
/// The name of the interval for clustered observations.
pub const WOODRUFF_RAO_SCOTT_T: &str = "woodruff_rao_scott_t";

/// The order statistics, counted from one, that enclose a quantile.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Ranks {
    /// The rank of the lower limit; nothing where no observation is low enough.
    pub lo: Option<u64>,
    /// The rank of the upper limit; nothing where no observation is high enough.
    pub hi: Option<u64>,
    /// The probability that the two enclose the quantile of a continuous distribution.
    pub coverage: f64,
}

/// The `q`-quantile of (value, count) pairs in ascending order of value, with order-statistic limits.
///
/// Assumes independent observations. A limit beyond the observed values is absent.
pub fn quantile<I>(histogram: I, q: f64, level: f64) -> Estimate
where
    I: IntoIterator<Item = (u64, u64)>,
    I::IntoIter: Clone,
{
    of_histogram(histogram.into_iter(), q, level)
        .unwrap_or_else(|why| Estimate::not_estimable(ORDER_STATISTICS, level, why))
}

/// The smallest value that at least a share `q` of the observations does not exceed.
///
/// Nothing where there is no observation, `q` is no share or the values do not ascend.
pub fn inverse_ecdf<I>(histogram: I, q: f64) -> Option<u64>
where
    I: IntoIterator<Item = (u64, u64)>,
    I::IntoIter: Clone,
{
    let histogram = histogram.into_iter();
    let n = total(histogram.clone()).ok()?;
    (0.0..=1.0).contains(&q).then(|| at_rank(histogram, rank(q, n))).flatten()
}

/// The ranks among `n` observations whose order statistics enclose the `q`-quantile at this level.
pub fn ranks(n: u64, q: f64, level: f64) -> Option<Ranks> {
    let tail = tail(level)?;
    if n == 0 || !(q > 0.0 && q < 1.0) {
        return None;
    }
    let lo = binomial::quantile(tail, n, q)?;
    let hi = binomial::quantile(1.0 - tail, n, q)?;
    let below = lo.checked_sub(1).map_or(0.0, |last| binomial::cdf(last, n, q));
    let coverage = binomial::cdf(hi, n, q) - below;
    Some(Ranks { lo: (lo > 0).then_some(lo), hi: (hi < n).then_some(hi + 1), coverage })
}

/// The `q`-quantile over clusters, each a histogram as in [`quantile`], with Woodruff's limits.
///
/// The share below the quantile gets the limits of [`cluster::proportion`](super::cluster::proportion), around `q`,
/// and they are carried back to values, with its cautions. One cluster alone has order-statistic limits and is flagged.
pub fn woodruff<H: AsRef<[(u64, u64)]>>(clusters: &[H], q: f64, planning_icc: f64, level: f64) -> Estimate {
    of_clusters(clusters, q, planning_icc, level)
        .unwrap_or_else(|why| Estimate::not_estimable(WOODRUFF_RAO_SCOTT_T, level, why))
}

fn of_histogram(
    histogram: impl Iterator<Item = (u64, u64)> + Clone,
    q: f64,
    level: f64,
) -> Result<Estimate, Reason> {
    let n = total(histogram.clone())?;
    let ranks = ranks(n, q, level).ok_or(Reason::InvalidParameter)?;
    let at = |rank: u64| at_rank(histogram.clone(), rank).map(|value| value as f64);
    let (lo, hi) = (ranks.lo.and_then(at), ranks.hi.and_then(at));
    Ok(reading(ORDER_STATISTICS, level, at(rank(q, n)), lo, hi).with_n(n as f64))
}

fn of_clusters<H: AsRef<[(u64, u64)]>>(
    clusters: &[H],
    q: f64,
    planning_icc: f64,
    level: f64,
) -> Result<Estimate, Reason> {
    let tail = tail(level).filter(|_| q > 0.0 && q < 1.0).ok_or(Reason::InvalidParameter)?;
    let pooled = pooled(clusters)?;
    let pooled = || pooled.iter().map(|(value, count)| (*value, *count));
    let value = inverse_ecdf(pooled(), q).ok_or(Reason::NoData)?;
    let arm = Arm::new(clusters.iter().map(|cluster| at_or_below(cluster.as_ref(), value)))?;
    if !arm.replicated() {
        let estimate = of_histogram(pooled(), q, level)?;
        return Ok(estimate.with_clusters(1).with_flag(Flag::NoReplication));
    }
    let (share, deff) = arm.limits(q, planning_icc, level)?;
    let effective = arm.n as f64 / deff.value;
    let at = |share: f64| inverse_ecdf(pooled(), share).map(|value| value as f64);
    // With too few effective observations even the smallest or largest of them does not bound the quantile.
    let bounded = |rest: f64| libm::exp(effective * libm::log(rest)) < tail;
    let lo = bounded(1.0 - q).then(|| at(share.lo)).flatten();
    let hi = bounded(q).then(|| at(share.hi)).flatten();
    Ok(reading(WOODRUFF_RAO_SCOTT_T, level, Some(value as f64), lo, hi)
        .with_n(arm.n as f64)
        .with_clusters(arm.k() as u64)
        .with_df(arm.k() - 1.0)
        .with_deff(deff.value)
        .with_flag_if(deff.assumed, Flag::AssumedDesignEffect)
        .with_flag_if((arm.k() as u64) < FEW_CLUSTERS, Flag::FewClusters)
        .with_balance(arm.balance()))
}

fn reading(
    method: &'static str,
    level: f64,
    value: Option<f64>,
    lo: Option<f64>,
    hi: Option<f64>,
) -> Estimate {
    let open = lo.is_none() || hi.is_none();
    let status = if open { Status::Boundary(Reason::BeyondData) } else { Status::Ok };
    let status = if value.is_none() { Status::NotEstimable(Reason::NoData) } else { status };
    let value = value.unwrap_or(f64::NAN);
    // Ties can put a carried-back limit on the far side of the value.
    let (lo, hi) = (lo.map(|lo| lo.min(value)), hi.map(|hi| hi.max(value)));
    Estimate::alone(method, level, value, status).with_limits(lo, hi)
}

/// The number of observations, if the values ascend.
fn total(histogram: impl Iterator<Item = (u64, u64)>) -> Result<u64, Reason> {
    let (mut sum, mut last) = (0_u64, None);
    for (value, count) in histogram {
        if last.is_some_and(|last| last >= value) {
            return Err(Reason::InconsistentCounts);
        }
        last = Some(value);
        sum = sum.checked_add(count).ok_or(Reason::TooLarge)?;
    }
    if sum == 0 { Err(Reason::NoData) } else { Ok(sum) }
}

/// The rank of the `q`-quantile among `n`; a share meant to be whole is not pushed up a rank by rounding.
fn rank(q: f64, n: u64) -> u64 {
    let exact = q * n as f64;
    ((exact - 4.0 * f64::EPSILON * exact).ceil() as u64).clamp(1, n)
}

fn at_rank(histogram: impl Iterator<Item = (u64, u64)>, rank: u64) -> Option<u64> {
    let mut seen = 0_u64;
    for (value, count) in histogram {
        seen += count;
        if seen >= rank {
            return Some(value);
        }
    }
    None
}

fn at_or_below(cluster: &[(u64, u64)], limit: u64) -> Tally {
    let n = cluster.iter().map(|(_, count)| count).sum();
    let x = cluster.iter().filter(|(value, _)| *value <= limit).map(|(_, count)| count).sum();
    Tally { n, x }
}

fn pooled<H: AsRef<[(u64, u64)]>>(clusters: &[H]) -> Result<BTreeMap<u64, u64>, Reason> {
    let mut pooled = BTreeMap::new();
    let mut seen = 0_u64;
    for (value, count) in clusters.iter().flat_map(|cluster| cluster.as_ref()) {
        seen = seen.checked_add(*count).ok_or(Reason::TooLarge)?;
        *pooled.entry(*value).or_insert(0) += count;
    }
    if seen == 0 { Err(Reason::NoData) } else { Ok(pooled) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stats::LEVEL_95;
    use crate::stats::checks::near;
    use crate::stats::cluster::PLANNING_ICC;

    const WAITS: [(u64, u64); 8] = [(3, 1), (5, 2), (8, 1), (12, 1), (20, 2), (31, 1), (45, 1), (60, 1)];

    fn one_of_each(values: std::ops::RangeInclusive<u64>) -> Vec<(u64, u64)> {
        values.map(|value| (value, 1)).collect()
    }

    #[test]
    fn quantiles_of_type_one_agree() {
        for (q, value) in
            [(0.1, 3), (0.25, 5), (0.5, 12), (0.75, 31), (0.9, 45), (0.95, 60), (0.0, 3), (1.0, 60)]
        {
            assert_eq!(inverse_ecdf(WAITS, q), Some(value), "{q}");
        }
    }

    #[test]
    fn the_median_of_a_hundred_lies_between_ranks_40_and_61() {
        let found = ranks(100, 0.5, LEVEL_95).unwrap();
        assert_eq!((found.lo, found.hi), (Some(40), Some(61)));
        near(found.coverage, 0.9647997998, 5.1e-11);
        let median = quantile(one_of_each(1..=100), 0.5, LEVEL_95);
        assert_eq!((median.value, median.lo, median.hi), (Some(50.0), Some(40.0), Some(61.0)));
    }

    #[test]
    fn a_share_that_is_whole_is_not_rounded_up_a_rank() {
        for percent in 1..=100 {
            assert_eq!(rank(f64::from(percent) / 100.0, 100), u64::try_from(percent).unwrap());
        }
    }

    #[test]
    fn too_few_observations_leave_a_limit_open() {
        let estimate = quantile(WAITS, 0.95, LEVEL_95);
        assert_eq!((estimate.value, estimate.hi), (Some(60.0), None));
        assert_eq!(estimate.status, Status::Boundary(Reason::BeyondData));
        let single = quantile([(7, 1)], 0.5, LEVEL_95);
        assert_eq!((single.value, single.lo, single.hi), (Some(7.0), None, None));
    }

    #[test]
    fn no_observation_no_order_and_no_share_have_no_quantile() {
        assert_eq!(quantile([], 0.5, LEVEL_95).status, Status::NotEstimable(Reason::NoData));
        assert_eq!(quantile([(4, 0)], 0.5, LEVEL_95).status, Status::NotEstimable(Reason::NoData));
        assert_eq!(
            quantile([(4, 1), (3, 1)], 0.5, LEVEL_95).status,
            Status::NotEstimable(Reason::InconsistentCounts)
        );
        assert_eq!(
            quantile([(4, u64::MAX), (5, 1)], 0.5, LEVEL_95).status,
            Status::NotEstimable(Reason::TooLarge)
        );
        for q in [0.0, 1.0, f64::NAN] {
            assert_eq!(quantile(WAITS, q, LEVEL_95).status, Status::NotEstimable(Reason::InvalidParameter));
            assert_eq!(
                woodruff(&[WAITS], q, 0.05, LEVEL_95).status,
                Status::NotEstimable(Reason::InvalidParameter)
            );
        }
        assert_eq!(inverse_ecdf(WAITS, f64::NAN), None);
    }

    #[test]
    fn clusters_that_repeat_each_other_have_the_limits_of_their_share() {
        let clusters = vec![one_of_each(1..=100); 12];
        let estimate = woodruff(&clusters, 0.5, PLANNING_ICC, LEVEL_95);
        // Twelve hundred observations without a design effect, t on eleven degrees of freedom: 0.5 ± 0.0317.
        assert_eq!((estimate.value, estimate.lo, estimate.hi), (Some(50.0), Some(47.0), Some(54.0)));
        assert_eq!((estimate.deff, estimate.df, estimate.clusters), (Some(1.0), Some(11.0), Some(12)));
    }

    #[test]
    fn clusters_that_differ_widen_the_limits() {
        let clusters: Vec<_> = (0..12).map(|shift| one_of_each(shift * 20..=shift * 20 + 100)).collect();
        let pooled: BTreeMap<u64, u64> =
            clusters.iter().flatten().fold(BTreeMap::new(), |mut pooled, (value, n)| {
                *pooled.entry(*value).or_default() += n;
                pooled
            });
        let clustered = woodruff(&clusters, 0.5, PLANNING_ICC, LEVEL_95);
        let naive = quantile(pooled.iter().map(|(value, count)| (*value, *count)), 0.5, LEVEL_95);
        assert_eq!(clustered.value, naive.value);
        assert!(clustered.half_width().unwrap() > 5.0 * naive.half_width().unwrap());
    }

    #[test]
    fn clusters_of_very_unequal_size_widen_the_limits() {
        let last = |n: u64| {
            let mut clusters = vec![one_of_each(1..=10); 11];
            clusters.push((1..=10).map(|value| (value, n / 10)).collect());
            woodruff(&clusters, 0.5, PLANNING_ICC, LEVEL_95)
        };
        assert_eq!((last(40).deff, last(40).flags), (Some(1.0), vec![]));
        let unequal = last(200);
        assert!(unequal.deff.unwrap() > 7.0 && unequal.half_width() > last(40).half_width());
        assert_eq!(unequal.flags, [Flag::UnequalClusters, Flag::AssumedDesignEffect]);
        assert_eq!((unequal.status, last(250).status), (Status::Ok, Status::Ok));
        let dominated = last(260);
        assert_eq!(dominated.status, Status::InsufficientEvidence(Reason::DominantCluster));
        assert!(dominated.interval().is_some());
    }

    #[test]
    fn many_ties_do_not_drag_the_limits_off_the_value() {
        let clusters: Vec<_> = (0..12).map(|i| vec![(0, 80 + i), (9, 20 - i)]).collect();
        let estimate = woodruff(&clusters, 0.5, PLANNING_ICC, LEVEL_95);
        assert_eq!((estimate.lo, estimate.value, estimate.hi), (Some(0.0), Some(0.0), Some(0.0)));
    }

    #[test]
    fn one_cluster_has_order_statistics_and_a_flag() {
        let estimate = woodruff(&[one_of_each(1..=100)], 0.5, PLANNING_ICC, LEVEL_95);
        assert_eq!((estimate.lo, estimate.hi), (Some(40.0), Some(61.0)));
        assert_eq!((estimate.method, estimate.flags), (ORDER_STATISTICS, vec![Flag::NoReplication]));
    }
}
