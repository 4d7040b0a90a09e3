//! The delete-a-group jackknife: limits for any smooth quantity, from what it becomes without each group.
//!
//! Groups are clusters, or buckets of clusters, so that consultations which share their luck are left out
//! together and the limits allow for it, whatever the quantity is: an adjusted difference, a part of a
//! decomposition, an area under a curve. Nothing is drawn at random. A group without which the quantity
//! cannot be had is never skipped: then there are no limits. It is not for quantiles, maxima or ranks, which
//! jump where a jackknife needs them to bend.
//!
//! Sources: Kott 2001, J Off Stat 17:521; Wolter 2007, Introduction to Variance Estimation, chapter 4; centred
//! on the value of all groups, as JK1 with mean squared errors in survey software.

use super::balance::Balance;
use super::estimate::{Estimate, Interval, tail};
use super::exact::ascending;
use super::special::student;
use super::status::{Flag, Reason, Status};

/// The name of the interval from groups left out in turn.
pub const JACKKNIFE_T: &str = "jackknife_t";
/// Fewer groups than this are flagged.
pub const FEW_GROUPS: u64 = 20;

/// A spread below this share of the values is the trace of rounding.
const ROUNDING: f64 = 1e-13;

/// The scale on which the limits are symmetric.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scale {
    /// That of the value.
    Plain,
    /// That of the value, a difference of shares: limits end at −1 and 1.
    Difference,
    /// The logarithm, for ratios.
    Log,
    /// The log-odds, for shares.
    Logit,
}

/// The limits of a quantity that is `full` over all groups and `without(g)` over all but group `g`.
///
/// `sizes` are the observations of each group; empty groups do not count and are not asked for. Estimates the
/// variance (G − 1)/G · Σ(θ₋g − θ)² on `scale`, on which the standard error is given too, and takes Student's
/// quantile on G − 1 degrees of freedom. Assumes independent groups and a smooth quantity. Fewer than
/// [`FEW_GROUPS`] are flagged; groups of very unequal size are flagged and count as fewer, and where one holds
/// most of the observations the limits are given as insufficient evidence. Not estimable with one group, where a
/// group cannot be left out, or where leaving them out changes nothing.
pub fn jackknife(
    full: Option<f64>,
    sizes: &[u64],
    scale: Scale,
    level: f64,
    without: impl Fn(usize) -> Option<f64>,
) -> Estimate {
    of_arms(full, &[sizes], scale, level, without)
}

/// The same of several arms, each with its observations by group: the arm in the fewest groups bounds the degrees
/// of freedom.
pub(super) fn of_arms(
    full: Option<f64>,
    arms: &[&[u64]],
    scale: Scale,
    level: f64,
    without: impl Fn(usize) -> Option<f64>,
) -> Estimate {
    let groups = arms.iter().map(|sizes| sizes.len()).max().unwrap_or(0);
    let filled = |g: &usize| arms.iter().any(|sizes| sizes.get(*g).is_some_and(|n| *n > 0));
    let used: Vec<usize> = (0..groups).filter(filled).collect();
    let n = arms.iter().flat_map(|sizes| sizes.iter()).map(|n| u128::from(*n)).sum::<u128>() as f64;
    let estimate = match full.filter(|value| value.is_finite()) {
        None if n == 0.0 => Estimate::not_estimable(JACKKNIFE_T, level, Reason::NoData),
        None => Estimate::not_estimable(JACKKNIFE_T, level, Reason::Undefined),
        Some(value) => limits(value, &used, arms, scale, level, without)
            .unwrap_or_else(|why| Estimate::alone(JACKKNIFE_T, level, value, Status::NotEstimable(why))),
    };
    let fewest = arms.iter().map(|sizes| count(sizes)).min().unwrap_or(0);
    let estimate = estimate
        .with_n(n)
        .with_clusters(used.len() as u64)
        .with_flag_if(fewest < FEW_GROUPS, Flag::FewGroups);
    arms.iter().fold(estimate, |estimate, sizes| estimate.with_balance(balance(sizes)))
}

fn limits(
    value: f64,
    used: &[usize],
    arms: &[&[u64]],
    scale: Scale,
    level: f64,
    without: impl Fn(usize) -> Option<f64>,
) -> Result<Estimate, Reason> {
    let tail = tail(level).ok_or(Reason::InvalidParameter)?;
    if used.len() < 2 {
        return Err(if used.is_empty() { Reason::NoData } else { Reason::OneCluster });
    }
    let centre = scale.of(value).ok_or(Reason::Undefined)?;
    let left: Option<Vec<f64>> = used.iter().map(|g| scale.of(without(*g)?)).collect();
    let left = left.ok_or(Reason::Unstable)?;
    let groups = used.len() as f64;
    let spread = ascending(left.iter().map(|left| (left - centre) * (left - centre)));
    let largest = left.iter().fold(centre.abs(), |largest, left| largest.max(left.abs()));
    let se = ((groups - 1.0) / groups * spread).sqrt();
    // Not above the trace, rather than below it, refuses a spread that is none as well.
    if se.is_nan() || se <= ROUNDING * largest {
        return Err(Reason::NoVariation);
    }
    let df = arms.iter().map(|sizes| balance(sizes).df()).fold(groups - 1.0, f64::min);
    let reach = student::upper_quantile(tail, df) * se;
    let interval = Interval { value, lo: scale.back(centre - reach), hi: scale.back(centre + reach) };
    let estimate = Estimate::between(JACKKNIFE_T, level, interval).with_se(se).with_df(df);
    Ok(match scale {
        Scale::Difference => estimate.clipped(-1.0, 1.0),
        Scale::Plain | Scale::Log | Scale::Logit => estimate,
    })
}

impl Scale {
    /// The value on this scale, where it has a place there.
    fn of(self, value: f64) -> Option<f64> {
        let place = match self {
            Self::Plain | Self::Difference => value,
            Self::Log => libm::log(value),
            Self::Logit => libm::log(value) - libm::log1p(-value),
        };
        place.is_finite().then_some(place)
    }

    fn back(self, place: f64) -> f64 {
        match self {
            Self::Plain | Self::Difference => place,
            Self::Log => libm::exp(place),
            Self::Logit => 1.0 / (1.0 + libm::exp(-place)),
        }
    }
}

fn count(sizes: &[u64]) -> u64 {
    sizes.iter().filter(|n| **n > 0).count() as u64
}

fn balance(sizes: &[u64]) -> Balance {
    let total = sizes.iter().map(|n| u128::from(*n)).sum::<u128>() as f64;
    Balance::of_shares(sizes.iter().filter(|n| **n > 0).map(|n| *n as f64 / total))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stats::LEVEL_95;
    use crate::stats::checks::near;

    /// Ten clinicians: observations and events on one platform, then on another.
    const CLINICIANS: [(u64, u64, u64, u64); 10] = [
        (12, 1, 20, 1),
        (30, 6, 10, 1),
        (8, 0, 14, 0),
        (25, 2, 25, 1),
        (40, 11, 30, 5),
        (15, 1, 25, 1),
        (22, 5, 12, 1),
        (9, 0, 19, 0),
        (31, 3, 21, 1),
        (18, 4, 8, 1),
    ];

    /// The quantity over all clinicians but one.
    fn over(
        clinicians: &[(u64, u64, u64, u64)],
        scale: Scale,
        quantity: fn(f64, f64, f64, f64) -> f64,
    ) -> Estimate {
        let value = |out: Option<usize>| {
            let kept = || clinicians.iter().enumerate().filter(|(g, _)| Some(*g) != out).map(|(_, row)| row);
            let sum = |of: fn(&(u64, u64, u64, u64)) -> u64| kept().map(of).sum::<u64>() as f64;
            let value = quantity(sum(|c| c.0), sum(|c| c.1), sum(|c| c.2), sum(|c| c.3));
            value.is_finite().then_some(value)
        };
        let sizes: Vec<u64> = clinicians.iter().map(|c| c.0 + c.2).collect();
        jackknife(value(None), &sizes, scale, LEVEL_95, |g| value(Some(g)))
    }

    #[test]
    fn ten_clinicians_agree_to_ten_digits() {
        let mean = over(&CLINICIANS, Scale::Plain, |n, x, _, _| x / n);
        near(mean.se, 0.03419574016, 5.1e-12);
        let difference = over(&CLINICIANS, Scale::Difference, |n1, x1, n2, x2| x2 / n2 - x1 / n1);
        near(difference.value, 12.0 / 184.0 - 33.0 / 210.0, 1e-15);
        near(difference.se, 0.01573616159, 5.1e-12);
        near(difference.hi, -0.0919254658 + 2.262157162798205 * 0.01573616159, 1.1e-10);
        let ratio = over(&CLINICIANS, Scale::Log, |n1, x1, n2, x2| (x2 / n2) / (x1 / n1));
        near(ratio.value.map(f64::ln), -0.8794291386, 5.1e-11);
        near(ratio.se, 0.1807691041, 5.1e-11);
        assert_eq!((ratio.df, ratio.clusters, ratio.n), (Some(9.0), Some(10), 394.0));
        assert_eq!((ratio.method, ratio.flags), (JACKKNIFE_T, vec![Flag::FewGroups]));
    }

    #[test]
    fn limits_are_symmetric_on_their_scale_and_stay_in_range() {
        let share = over(&CLINICIANS, Scale::Logit, |n, x, _, _| x / n).interval().unwrap();
        let logit = |p: f64| (p / (1.0 - p)).ln();
        near(logit(share.lo) + logit(share.hi), 2.0 * logit(share.value), 1e-13);
        let wild = [(10, 9, 10, 1), (10, 1, 10, 9)];
        let difference = over(&wild, Scale::Difference, |n1, x1, n2, x2| x1 / n1 - x2 / n2);
        assert_eq!((difference.lo, difference.hi), (Some(-1.0), Some(1.0)));
        assert!(difference.flags.contains(&Flag::Clipped));
    }

    #[test]
    fn a_group_that_cannot_be_left_out_leaves_a_value_without_limits() {
        let only = [(10, 2, 10, 1), (10, 1, 0, 0), (10, 3, 0, 0)];
        let estimate = over(&only, Scale::Difference, |n1, x1, n2, x2| x1 / n1 - x2 / n2);
        near(estimate.value, 0.1, 1e-15);
        assert_eq!((estimate.hi, estimate.status), (None, Status::NotEstimable(Reason::Unstable)));
        // On the logarithmic scale a ratio of zero is no place to stand.
        let rare = [(10, 2, 10, 1), (10, 1, 10, 0), (10, 3, 10, 0)];
        let ratio = over(&rare, Scale::Log, |n1, x1, n2, x2| (x2 / n2) / (x1 / n1));
        assert_eq!(ratio.status, Status::NotEstimable(Reason::Unstable));
        let none = over(&rare[1..], Scale::Log, |n1, x1, n2, x2| (x2 / n2) / (x1 / n1));
        assert_eq!((none.value, none.status), (Some(0.0), Status::NotEstimable(Reason::Undefined)));
    }

    #[test]
    fn fewer_than_two_groups_and_groups_alike_have_no_limits() {
        let mean = |groups: &[_]| over(groups, Scale::Plain, |n, x, _, _| x / n);
        assert_eq!(mean(&[]).status, Status::NotEstimable(Reason::NoData));
        let one = mean(&[(10, 3, 0, 0), (0, 0, 0, 0)]);
        assert_eq!((one.value, one.status), (Some(0.3), Status::NotEstimable(Reason::OneCluster)));
        assert_eq!(mean(&[(33, 7, 0, 0); 7]).status, Status::NotEstimable(Reason::NoVariation));
        let undefined = jackknife(None, &[4, 4], Scale::Plain, LEVEL_95, |_| Some(1.0));
        assert_eq!(undefined.status, Status::NotEstimable(Reason::Undefined));
        let level = jackknife(Some(1.0), &[4, 4], Scale::Plain, 95.0, |g| Some(g as f64));
        assert_eq!(level.status, Status::NotEstimable(Reason::InvalidParameter));
    }

    #[test]
    fn unequal_groups_count_as_fewer_and_a_dominant_one_is_not_evidence() {
        let with_last = |last: u64| {
            let mut groups = vec![(10, 1, 0, 0); 10];
            groups.extend([(10, 3, 0, 0), (last, last / 8, 0, 0)]);
            over(&groups, Scale::Plain, |n, x, _, _| x / n)
        };
        assert_eq!(with_last(48).df, Some(11.0));
        near(with_last(50).df, 25_600.0 / 3_600.0 - 1.0, 1e-14);
        assert_eq!(with_last(50).flags, [Flag::UnequalClusters, Flag::FewGroups]);
        assert_eq!(with_last(260).status, Status::InsufficientEvidence(Reason::DominantCluster));
    }

    #[test]
    fn twenty_groups_are_enough() {
        let groups: Vec<_> = (0..20).map(|g| (10, g % 4, 0, 0)).collect();
        assert!(over(&groups, Scale::Plain, |n, x, _, _| x / n).flags.is_empty());
    }

    #[test]
    fn an_arm_in_few_groups_bounds_the_degrees_of_freedom() {
        let (first, second) = ([10; 12], [10, 10, 10, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
        let arms: [&[u64]; 2] = [&first, &second];
        let estimate = of_arms(Some(0.0), &arms, Scale::Difference, LEVEL_95, |g| Some(g as f64 / 1e3));
        assert_eq!((estimate.df, estimate.clusters), (Some(2.0), Some(12)));
    }
}
