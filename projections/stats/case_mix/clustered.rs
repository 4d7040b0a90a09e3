//! Limits of an adjusted comparison that allow for clusters.
//!
//! Consultations of one organisation share its network, kit and training, in every stratum, so the variances of the
//! adjusted estimators, which take consultations for independent, are too small. Here the strata come by group, the
//! quantity is found again without each group, and the limits are those of the
//! [`jackknife`](crate::stats::jackknife). It is the interval to publish; the estimators' own are for strata of
//! independent consultations and for checking against tables.
//!
//! Sources: those of the jackknife.

use super::{Stratum, totals};
use crate::stats::cluster::Tally;
use crate::stats::estimate::Estimate;
use crate::stats::jackknife::{JACKKNIFE_T, Scale, of_arms};
use crate::stats::status::Reason;

/// The limits of a quantity of two arms in strata, from the strata of each group.
///
/// All groups list the same strata in the same order; missing ones at the end are empty. `value` is a quantity such
/// as [`risk_difference_value`](super::mantel_haenszel::risk_difference_value). The arm that is found in fewer groups
/// bounds the degrees of freedom, as do groups of very unequal size.
pub fn clustered(
    groups: &[Vec<Stratum>],
    scale: Scale,
    level: f64,
    value: impl Fn(&[Stratum]) -> Option<f64>,
) -> Estimate {
    let every: Vec<Stratum> = groups.iter().flatten().copied().collect();
    let (first, second) = match totals(&every) {
        Ok(totals) => totals,
        Err(why) => return Estimate::not_estimable(JACKKNIFE_T, level, why),
    };
    if first.n == 0 || second.n == 0 {
        return Estimate::not_estimable(JACKKNIFE_T, level, Reason::NoData);
    }
    let length = groups.iter().map(Vec::len).max().unwrap_or(0);
    let all: Vec<Stratum> =
        (0..length).map(|k| sum(groups.iter().filter_map(|group| group.get(k)))).collect();
    let sizes = |arm: fn(&Stratum) -> Tally| -> Vec<u64> {
        groups.iter().map(|group| group.iter().map(|s| arm(s).n).sum()).collect()
    };
    let without = |g: usize| {
        let own = groups.get(g).map_or(&[][..], Vec::as_slice);
        let own = own.iter().copied().chain(std::iter::repeat(Stratum::default()));
        let rest: Vec<Stratum> = all.iter().zip(own).map(|(all, own)| difference(all, &own)).collect();
        value(&rest)
    };
    let (a, b) = (sizes(|s| s.first), sizes(|s| s.second));
    of_arms(value(&all), &[&a, &b], scale, level, without).with_counts(first.x, first.n, second.x, second.n)
}

fn sum<'a>(parts: impl Iterator<Item = &'a Stratum>) -> Stratum {
    let add = |a: Tally, b: Tally| Tally { n: a.n + b.n, x: a.x + b.x };
    parts.fold(Stratum::default(), |sum, part| Stratum {
        first: add(sum.first, part.first),
        second: add(sum.second, part.second),
    })
}

/// A total less one of its parts.
fn difference(all: &Stratum, part: &Stratum) -> Stratum {
    let less = |a: Tally, b: Tally| Tally { n: a.n.saturating_sub(b.n), x: a.x.saturating_sub(b.x) };
    Stratum { first: less(all.first, part.first), second: less(all.second, part.second) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stats::LEVEL_95;
    use crate::stats::case_mix::mantel_haenszel::risk_difference_value;
    use crate::stats::case_mix::standardised::{self, Standard};
    use crate::stats::case_mix::{g_computation, kitagawa};
    use crate::stats::checks::near;
    use crate::stats::status::{Flag, Status};

    /// Ten clinicians on two platforms, all in one stratum.
    const CLINICIANS: [(u64, u64, u64, u64); 10] = [
        (20, 1, 12, 1),
        (10, 1, 30, 6),
        (14, 0, 8, 0),
        (25, 1, 25, 2),
        (30, 5, 40, 11),
        (25, 1, 15, 1),
        (12, 1, 22, 5),
        (19, 0, 9, 0),
        (21, 1, 31, 3),
        (8, 1, 18, 4),
    ];

    /// One stratum for each clinician, or the one they all share and an empty one.
    fn groups() -> Vec<Vec<Stratum>> {
        CLINICIANS.iter().map(|row| vec![Stratum::from(*row)]).collect()
    }

    #[test]
    fn in_one_stratum_every_adjusted_difference_has_the_limits_of_the_crude_one() {
        let crude = clustered(&groups(), Scale::Difference, LEVEL_95, risk_difference_value);
        near(crude.value, 12.0 / 184.0 - 33.0 / 210.0, 1e-15);
        near(crude.se, 0.01573616159, 5.1e-12);
        assert_eq!((crude.df, crude.clusters, crude.n), (Some(9.0), Some(10), 394.0));
        assert_eq!((crude.status, &crude.flags[..]), (Status::Ok, &[Flag::FewGroups][..]));
        type Quantity = fn(&[Stratum]) -> Option<f64>;
        let values: [Quantity; 3] = [
            |strata| standardised::difference_value(strata, Standard::Pooled),
            kitagawa::rate_effect_value,
            g_computation::standardised_difference_value,
        ];
        for value in values {
            let adjusted = clustered(&groups(), Scale::Difference, LEVEL_95, value);
            near(adjusted.se, crude.se.unwrap(), 1e-12);
            near(adjusted.hi, crude.hi.unwrap(), 1e-12);
        }
    }

    #[test]
    fn strata_are_left_out_group_by_group() {
        // Two strata, of which the second half of the clinicians only has the second.
        let split: Vec<Vec<Stratum>> = groups()
            .into_iter()
            .enumerate()
            .map(|(g, group)| if g < 5 { group } else { vec![Stratum::default(), group[0]] })
            .collect();
        let estimate = clustered(&split, Scale::Difference, LEVEL_95, risk_difference_value);
        let leave_out = |out: Option<usize>| {
            let mut strata = [Stratum::default(); 2];
            for (g, row) in CLINICIANS.iter().enumerate().filter(|(g, _)| Some(*g) != out) {
                let k = usize::from(g >= 5);
                strata[k] = sum([strata[k], Stratum::from(*row)].iter());
            }
            risk_difference_value(&strata).unwrap()
        };
        let full = leave_out(None);
        let squares: f64 = (0..10).map(|g| (leave_out(Some(g)) - full).powi(2)).sum();
        near(estimate.value, full, 1e-15);
        near(estimate.se, (0.9 * squares).sqrt(), 1e-14);
    }

    #[test]
    fn an_arm_of_one_group_has_no_limits() {
        let mut lone = groups();
        lone.iter_mut().skip(1).for_each(|group| group[0].second = Tally::default());
        let estimate = clustered(&lone, Scale::Difference, LEVEL_95, risk_difference_value);
        assert_eq!((estimate.hi, estimate.status), (None, Status::NotEstimable(Reason::Unstable)));
        assert!(estimate.value.is_some());
    }

    #[test]
    fn without_groups_or_sense_there_is_nothing() {
        let refuse =
            |groups: &[Vec<Stratum>]| clustered(groups, Scale::Plain, LEVEL_95, risk_difference_value).status;
        assert_eq!(refuse(&[]), Status::NotEstimable(Reason::NoData));
        assert_eq!(
            refuse(&[vec![Stratum::from((1, 2, 1, 0))]]),
            Status::NotEstimable(Reason::InconsistentCounts)
        );
        assert_eq!(refuse(&groups()[..1]), Status::NotEstimable(Reason::OneCluster));
    }
}
