//! Mantel and Haenszel's comparisons: the default way to adjust two arms for their case mix.
//!
//! Each stratum is weighted by what it can tell, so that strata with few consultations or no event neither blow
//! up nor have to be merged. A stratum in which only one arm was seen tells nothing and is left out; how much is
//! lost is [`lost_share`](super::lost_share). One number for all strata is only as good as the strata are alike:
//! see [`homogeneity`](super::homogeneity), and note that differences can be alike where ratios are not.
//!
//! Sources: Mantel & Haenszel 1959, JNCI 22:719; Sato 1989, Biometrics 45:1323; Greenland & Robins 1985,
//! Biometrics 41:55; Robins, Breslow & Greenland 1986, Biometrics 42:311; Rothman & Greenland 1998 for rates.

use super::{Stratum, Support, log_wald, supported, wald};
use crate::stats::estimate::Estimate;
use crate::stats::exact::ascending;
use crate::stats::status::{Flag, Reason, Status};

/// The name of the difference with Sato's variance.
pub const MANTEL_HAENSZEL_SATO: &str = "mantel_haenszel_sato";
/// The name of the ratio of risks with Greenland and Robins' variance.
pub const MANTEL_HAENSZEL_GREENLAND_ROBINS: &str = "mantel_haenszel_greenland_robins";
/// The name of the ratio of odds with Robins, Breslow and Greenland's variance.
pub const MANTEL_HAENSZEL_RBG: &str = "mantel_haenszel_rbg";
/// The name of the ratio of rates.
pub const MANTEL_HAENSZEL_RATES: &str = "mantel_haenszel_rates";

/// A variance below this share of its parts is the trace of rounding.
const ROUNDING: f64 = 1e-14;

/// Events and exposure of one stratum on both arms, exposure in any whole unit of time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Exposed {
    /// Events and exposure on the first arm.
    pub first: (u64, u64),
    /// Events and exposure on the second arm.
    pub second: (u64, u64),
}

/// The common difference of risks, first arm minus second, with Sato's limits.
///
/// The variance holds for few large strata and for many sparse ones. Assumes independent consultations and one
/// difference in all strata. Without any variation, as where no stratum has an event, it is a value alone.
pub fn risk_difference(strata: &[Stratum], level: f64) -> Estimate {
    supported(MANTEL_HAENSZEL_SATO, strata, level, |support| {
        wald(MANTEL_HAENSZEL_SATO, level, difference_of(support), sato(support))
    })
}

/// The common difference of risks alone.
pub fn risk_difference_value(strata: &[Stratum]) -> Option<f64> {
    Support::of(strata).ok().map(|support| difference_of(&support))
}

/// The common ratio of risks, first arm over second, with limits that are normal for its logarithm.
///
/// The standard error is that of the logarithm. Without an event on the first arm it is 0 without an upper limit;
/// without one on the second it is not estimable. Assumes independent consultations and one ratio in all strata.
pub fn risk_ratio(strata: &[Stratum], level: f64) -> Estimate {
    supported(MANTEL_HAENSZEL_GREENLAND_ROBINS, strata, level, |support| {
        let (above, below) = risk_sums(support);
        let variance = support.sum(|s| {
            let [n1, x1, n2, x2] = numbers(s);
            // n₁n₂m − x₁x₂N, written so that nothing cancels.
            (x1 * n1 * (n2 - x2) + x2 * n2 * (n1 - x1)) / (n1 + n2) / (n1 + n2)
        });
        ratio(MANTEL_HAENSZEL_GREENLAND_ROBINS, level, support, above, below, variance / above / below)
    })
}

/// The common ratio of risks alone.
pub fn risk_ratio_value(strata: &[Stratum]) -> Option<f64> {
    quotient(risk_sums(&Support::of(strata).ok()?))
}

/// The common ratio of odds, first arm over second, with limits that are normal for its logarithm.
///
/// As for [`risk_ratio`]; it is not estimable either where a first arm of nothing but events meets events.
pub fn odds_ratio(strata: &[Stratum], level: f64) -> Estimate {
    supported(MANTEL_HAENSZEL_RBG, strata, level, |support| {
        let (above, below) = odds_sums(support);
        let variance = robins_breslow_greenland(support, above, below);
        ratio(MANTEL_HAENSZEL_RBG, level, support, above, below, variance)
    })
}

/// The common ratio of odds alone.
pub fn odds_ratio_value(strata: &[Stratum]) -> Option<f64> {
    quotient(odds_sums(&Support::of(strata).ok()?))
}

/// The common ratio of rates, first arm over second, with limits that are normal for its logarithm.
///
/// Strata without exposure on one of the arms are left out. Assumes independent events: drops recur, so use the
/// limits of [`jackknife`](crate::stats::jackknife) for them.
pub fn rate_ratio(strata: &[Exposed], level: f64) -> Estimate {
    let refuse = |why| Estimate::not_estimable(MANTEL_HAENSZEL_RATES, level, why);
    let shared: Vec<Exposed> = strata.iter().copied().filter(Exposed::shared).collect();
    let events: f64 = shared.iter().map(Exposed::events).sum::<u128>() as f64;
    let (above, below) = rate_sums(&shared);
    let variance = ascending(shared.iter().map(|s| {
        let (t1, t2) = (s.first.1 as f64, s.second.1 as f64);
        s.events() as f64 * (t1 / (t1 + t2)) * (t2 / (t1 + t2))
    }));
    let estimate = if shared.is_empty() {
        return refuse(Reason::NoExposure);
    } else if below == 0.0 {
        refuse(if above == 0.0 { Reason::NoEvents } else { Reason::NoEventsInReference })
    } else {
        log_wald(MANTEL_HAENSZEL_RATES, level, above / below, variance / above / below)
    };
    let few = events < crate::stats::estimate::FEWEST_EVENTS as f64;
    estimate
        .with_n(events)
        .with_events(events)
        .with_flag(Flag::AssumedIndependence)
        .with_flag_if(shared.len() < strata.iter().filter(|s| s.used()).count(), Flag::PartialSupport)
        .with_status(if few { Status::InsufficientEvidence(Reason::FewEvents) } else { Status::Ok })
}

/// The common ratio of rates alone.
pub fn rate_ratio_value(strata: &[Exposed]) -> Option<f64> {
    let shared: Vec<Exposed> = strata.iter().copied().filter(Exposed::shared).collect();
    quotient(rate_sums(&shared))
}

impl Exposed {
    fn shared(&self) -> bool {
        self.first.1 > 0 && self.second.1 > 0
    }

    fn used(&self) -> bool {
        self.first.1 > 0 || self.second.1 > 0
    }

    fn events(&self) -> u128 {
        u128::from(self.first.0) + u128::from(self.second.0)
    }
}

/// Observations and events of the first arm, then of the second.
fn numbers(s: &Stratum) -> [f64; 4] {
    [s.first.n, s.first.x, s.second.n, s.second.x].map(|count| count as f64)
}

/// The weight of a stratum in a difference.
fn weight(s: &Stratum) -> f64 {
    let (n1, n2) = (s.first.n as f64, s.second.n as f64);
    n1 * n2 / (n1 + n2)
}

fn difference_of(support: &Support) -> f64 {
    support.signed(|s| s.excess() / s.n() as f64) / support.sum(weight)
}

/// Sato's variance, zero where only rounding is left of it.
fn sato(support: &Support) -> f64 {
    let common = support.signed(|s| {
        let [n1, x1, n2, x2] = numbers(s);
        let n = n1 + n2;
        (n1 / n) * (n1 / n) * x2 - (n2 / n) * (n2 / n) * x1 + (n1 / n) * (n2 / n) * ((n2 - n1) / 2.0)
    });
    let own = support.sum(|s| {
        let [n1, x1, n2, x2] = numbers(s);
        (x1 * ((n2 - x2) / (n1 + n2)) + x2 * ((n1 - x1) / (n1 + n2))) / 2.0
    });
    let variance = difference_of(support) * common + own;
    let scale = support.sum(weight);
    if variance > ROUNDING * own { variance / scale / scale } else { 0.0 }
}

fn risk_sums(support: &Support) -> (f64, f64) {
    let part = |x: u64, n: u64, s: &Stratum| x as f64 * (n as f64 / s.n() as f64);
    (support.sum(|s| part(s.first.x, s.second.n, s)), support.sum(|s| part(s.second.x, s.first.n, s)))
}

/// Concordant and discordant products of a stratum.
fn odds_parts(s: &Stratum) -> (f64, f64) {
    let [n1, x1, n2, x2] = numbers(s);
    (x1 * ((n2 - x2) / (n1 + n2)), x2 * ((n1 - x1) / (n1 + n2)))
}

fn odds_sums(support: &Support) -> (f64, f64) {
    (support.sum(|s| odds_parts(s).0), support.sum(|s| odds_parts(s).1))
}

fn robins_breslow_greenland(support: &Support, above: f64, below: f64) -> f64 {
    let shares = |s: &Stratum| {
        let [n1, x1, n2, x2] = numbers(s);
        ((x1 + (n2 - x2)) / (n1 + n2), ((n1 - x1) + x2) / (n1 + n2))
    };
    let sum = |term: fn((f64, f64), (f64, f64)) -> f64| support.sum(|s| term(shares(s), odds_parts(s)));
    let own = sum(|(p, _), (r, _)| p * r) / above / above;
    let cross = sum(|(p, q), (r, s)| p * s + q * r) / above / below;
    let other = sum(|(_, q), (_, s)| q * s) / below / below;
    (own + cross + other) / 2.0
}

fn rate_sums(shared: &[Exposed]) -> (f64, f64) {
    let part = |x: u64, t: u64, other: u64| x as f64 * (t as f64 / (t as f64 + other as f64));
    (
        ascending(shared.iter().map(|s| part(s.first.0, s.second.1, s.first.1))),
        ascending(shared.iter().map(|s| part(s.second.0, s.first.1, s.second.1))),
    )
}

fn quotient((above, below): (f64, f64)) -> Option<f64> {
    Some(above / below).filter(|ratio| ratio.is_finite())
}

/// The ratio of two sums over strata, where the second is not zero.
fn ratio(
    method: &'static str,
    level: f64,
    support: &Support,
    above: f64,
    below: f64,
    variance: f64,
) -> Estimate {
    let why = match (support.first.x, support.second.x) {
        _ if below > 0.0 => return log_wald(method, level, above / below, variance),
        (0, 0) => Reason::NoEvents,
        (_, 0) => Reason::NoEventsInReference,
        _ => Reason::Undefined,
    };
    Estimate::not_estimable(method, level, why)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stats::LEVEL_95;
    use crate::stats::case_mix::examples::{ADMISSIONS, SIMPSON, strata};
    use crate::stats::checks::near;

    /// Events and exposure by stratum.
    const RATES: [Exposed; 3] = [
        Exposed { first: (10, 100), second: (25, 300) },
        Exposed { first: (30, 150), second: (35, 200) },
        Exposed { first: (80, 200), second: (30, 90) },
    ];

    #[test]
    fn the_worse_looking_platform_is_better_within_strata() {
        let simpson = strata(&SIMPSON);
        let difference = risk_difference(&simpson, LEVEL_95);
        near(difference.value, -0.02446153846, 5.1e-12);
        near(difference.se, 0.01410338051, 5.1e-12);
        let ratio = risk_ratio(&simpson, LEVEL_95);
        near(ratio.value, 0.8, 1e-15);
        near(ratio.se, 0.1289453896, 5.1e-11);
        near(ratio.lo, 0.6213430893, 5.1e-11);
        near(ratio.hi, 1.030026745, 5.1e-10);
        let odds = odds_ratio(&simpson, LEVEL_95);
        near(odds.value, 0.7697654214, 5.1e-11);
        near(odds.se, 0.1520424939, 5.1e-11);
        near(odds.lo, 0.5713991537, 5.1e-11);
        near(odds.hi, 1.036996293, 5.1e-10);
        assert_eq!((odds.n, odds.events, odds.status), (2200.0, Some(237.0), Status::Ok));
    }

    #[test]
    fn admissions_agree_to_ten_digits() {
        let admissions = strata(&ADMISSIONS);
        let difference = risk_difference(&admissions, LEVEL_95);
        near(difference.value, -0.01842519619, 5.1e-12);
        near(difference.se, 0.01482539444, 5.1e-12);
        let ratio = risk_ratio(&admissions, LEVEL_95);
        near(ratio.value, 0.9449050226, 5.1e-11);
        near(ratio.se, 0.04422399444, 5.1e-12);
        let odds = odds_ratio(&admissions, LEVEL_95);
        near(odds.value, 0.9046968283, 5.1e-11);
        near(odds.se, 0.08098890966, 5.1e-12);
        near(odds.lo, 0.7719073618, 5.1e-11);
        near(odds.hi, 1.060329764, 5.1e-10);
    }

    #[test]
    fn rates_agree_to_ten_digits() {
        let estimate = rate_ratio(&RATES, LEVEL_95);
        near(estimate.value, 1.179562472, 5.1e-10);
        near(estimate.se, 0.1489388912, 5.1e-11);
        near(estimate.lo, 0.880935138, 5.1e-10);
        near(estimate.hi, 1.579421193, 5.1e-10);
        let pooled =
            [Exposed { first: (120, 450), second: (90, 590) }, Exposed { first: (1, 1), second: (0, 0) }];
        near(rate_ratio(&pooled, LEVEL_95).value, 1.748148148, 5.1e-10);
        assert!(rate_ratio(&pooled, LEVEL_95).flags.contains(&Flag::PartialSupport));
        near(rate_ratio_value(&RATES), estimate.value.unwrap(), 0.0);
    }

    #[test]
    fn a_stratum_with_one_arm_is_left_out_and_told() {
        let mut wider = strata(&SIMPSON);
        wider.push(Stratum::from((50, 20, 0, 0)));
        let (wide, narrow) =
            (risk_difference(&wider, LEVEL_95), risk_difference(&strata(&SIMPSON), LEVEL_95));
        assert_eq!((wide.interval(), wide.se, wide.n), (narrow.interval(), narrow.se, narrow.n));
        assert_eq!((wide.flags, narrow.flags), (vec![Flag::PartialSupport], vec![]));
    }

    #[test]
    fn without_events_in_the_reference_there_is_a_difference_but_no_ratio() {
        let rare = strata(&[(50, 9, 40, 0), (60, 8, 30, 0)]);
        assert!(risk_difference(&rare, LEVEL_95).interval().is_some());
        for estimate in [risk_ratio(&rare, LEVEL_95), odds_ratio(&rare, LEVEL_95)] {
            assert_eq!(estimate.status, Status::NotEstimable(Reason::NoEventsInReference));
        }
        let swapped: Vec<Stratum> = rare.iter().map(Stratum::swapped).collect();
        let none = risk_ratio(&swapped, LEVEL_95);
        assert_eq!((none.value, none.hi, none.status), (Some(0.0), None, Status::Boundary(Reason::NoEvents)));
        let certain = strata(&[(5, 5, 40, 10), (6, 6, 30, 8)]);
        assert_eq!(odds_ratio(&certain, LEVEL_95).status, Status::NotEstimable(Reason::Undefined));
        assert_eq!(odds_ratio_value(&certain), None);
    }

    #[test]
    fn what_does_not_vary_is_a_value_without_limits() {
        let unmoved = Status::NotEstimable(Reason::NoVariation);
        for (counts, value) in
            [([(50, 0, 40, 0), (60, 0, 30, 0)], 0.0), ([(10, 10, 10, 0), (7, 7, 9, 0)], 1.0)]
        {
            let estimate = risk_difference(&strata(&counts), LEVEL_95);
            assert_eq!((estimate.value, estimate.hi, estimate.status), (Some(value), None, unmoved));
        }
        let always = risk_ratio(&strata(&[(10, 10, 10, 10), (7, 7, 9, 9)]), LEVEL_95);
        assert_eq!((always.value, always.status), (Some(1.0), unmoved));
        let none = risk_ratio(&strata(&[(50, 0, 40, 0)]), LEVEL_95);
        assert_eq!(none.status, Status::NotEstimable(Reason::NoEvents));
    }

    #[test]
    fn nothing_to_compare_is_not_estimable() {
        assert_eq!(risk_difference(&[], LEVEL_95).status, Status::NotEstimable(Reason::NoData));
        assert_eq!(
            odds_ratio(&strata(&SIMPSON), 95.0).status,
            Status::NotEstimable(Reason::InvalidParameter)
        );
        assert_eq!(rate_ratio(&[], LEVEL_95).status, Status::NotEstimable(Reason::NoExposure));
        let calm = [Exposed { first: (0, 10), second: (0, 10) }];
        assert_eq!(rate_ratio(&calm, LEVEL_95).status, Status::NotEstimable(Reason::NoEvents));
        assert_eq!((risk_difference_value(&[]), rate_ratio_value(&[])), (None, None));
    }
}
