//! Two arms on an ordered scale: how often one consultation of the first does better than one of the second.
//!
//! Ratings, single items and a hierarchy of endings have an order but no unit, so a mean of them says little.
//! Here every consultation of one arm meets every one of the other, counted exactly from two histograms of
//! (level, count) pairs, in which a higher level is better. Win probability, win odds and net benefit are the
//! same comparison on three scales and share their limits, so that they never disagree; the win ratio leaves
//! ties out. Consultations count as independent; clusters need a jackknife over the whole comparison. First arm
//! over second. The tests that belong to it are in [`rank_test`](super::rank_test).
//!
//! Sources: DeLong et al. 1988, Biometrics 44:837, and Brunner & Munzel 2000, Biom J 42:17, for the variance;
//! Dong et al. 2020, Stat Biopharm Res 12:99, for the win odds; Buyse 2010, Stat Med 29:3245, for the net
//! benefit; Pocock et al. 2012, Eur Heart J 33:176, and Bebu & Lachin 2016, Biostatistics 17:178, for the ratio.

use std::collections::BTreeMap;

use super::estimate::{Estimate, Interval, critical};
use super::status::{Flag, Reason, Status};

/// The name of the win probability.
pub const WIN_PROBABILITY: &str = "win_probability_logit";
/// The name of the win odds.
pub const WIN_ODDS: &str = "win_odds_logit";
/// The name of the net benefit.
pub const NET_BENEFIT: &str = "net_benefit_logit";
/// The name of the win ratio.
pub const WIN_RATIO: &str = "win_ratio_log";
/// An arm of fewer observations than this is flagged: Brunner and Munzel's approximation wants as many.
pub const FEW_PER_ARM: u64 = 10;

/// The probability that the first arm does better, where a tie counts half: P(A > B) + P(A = B)/2.
///
/// Limits are normal on the logit scale, the standard error is that of the probability. Where all observations
/// tie, or one arm beats the other without exception, there is a value but no error to put limits around it.
pub fn win_probability(first: &[(u64, u64)], second: &[(u64, u64)], level: f64) -> Estimate {
    read(WIN_PROBABILITY, first, second, level, |meeting, level| {
        meeting.on_logit(WIN_PROBABILITY, meeting.share(), 1.0, |odds| odds / (1.0 + odds), level)
    })
}

/// The odds of doing better, ties split evenly: the win probability over what is missing from one.
///
/// The standard error is that of the logarithm. Swapping the arms inverts it. Edges as in [`win_probability`];
/// where the first arm always wins the odds have no value.
pub fn win_odds(first: &[(u64, u64)], second: &[(u64, u64)], level: f64) -> Estimate {
    read(WIN_ODDS, first, second, level, |meeting, level| {
        let stretch = 1.0 / (meeting.share() * meeting.rest());
        meeting.on_logit(WIN_ODDS, meeting.odds(), stretch, |odds| odds, level)
    })
}

/// How much more often the first arm does better than worse: P(A > B) − P(A < B), between −1 and 1.
///
/// Edges as in [`win_probability`], of which it is a straight line.
pub fn net_benefit(first: &[(u64, u64)], second: &[(u64, u64)], level: f64) -> Estimate {
    read(NET_BENEFIT, first, second, level, |meeting, level| {
        let value = 2.0 * meeting.lead();
        meeting.on_logit(NET_BENEFIT, value, 2.0, |odds| (odds - 1.0) / (odds + 1.0), level)
    })
}

/// Wins of the first arm over its losses, ties left out.
///
/// Limits are normal on the logarithmic scale, as is the standard error. Without wins or without losses there
/// are no limits, with neither there is no ratio. Many ties make it look decisive: show the win odds beside it.
pub fn win_ratio(first: &[(u64, u64)], second: &[(u64, u64)], level: f64) -> Estimate {
    read(WIN_RATIO, first, second, level, Meeting::ratio)
}

fn read(
    method: &'static str,
    first: &[(u64, u64)],
    second: &[(u64, u64)],
    level: f64,
    reading: impl Fn(&Meeting, f64) -> Result<Estimate, Reason>,
) -> Estimate {
    let meeting = match Meeting::new(first, second) {
        Ok(meeting) => meeting,
        Err(why) => return Estimate::not_estimable(method, level, why),
    };
    let (n, least) = (meeting.first.n + meeting.second.n, meeting.first.n.min(meeting.second.n));
    reading(&meeting, level)
        .unwrap_or_else(|why| Estimate::not_estimable(method, level, why))
        .with_n(n as f64)
        .with_flag_if(least < FEW_PER_ARM, Flag::FewObservations)
}

/// Every observation of one arm against every one of the other.
pub(super) struct Meeting {
    pub(super) first: Side,
    pub(super) second: Side,
    pub(super) wins: u128,
    pub(super) ties: u128,
    pub(super) losses: u128,
}

/// One arm, by where its observations stand among those of the other.
pub(super) struct Side {
    pub(super) n: u64,
    places: Vec<Place>,
}

/// Observations of one level, and how many of the other arm lie below, beside and above.
struct Place {
    count: u64,
    below: u64,
    beside: u64,
    above: u64,
}

impl Meeting {
    pub(super) fn new(first: &[(u64, u64)], second: &[(u64, u64)]) -> Result<Self, Reason> {
        let (first, second) = (levels(first)?, levels(second)?);
        let total = |levels: &BTreeMap<u64, u64>| levels.values().sum::<u64>();
        let (n1, n2) = (total(&first), total(&second));
        // Below 2⁶³ together, every product below fits into 128 bits with its sign.
        n1.checked_add(n2).filter(|n| *n <= i64::MAX as u64).ok_or(Reason::TooLarge)?;
        if n1 == 0 || n2 == 0 {
            return Err(Reason::NoData);
        }
        let (first, second) = (Side::new(&first, &second), Side::new(&second, &first));
        let (wins, ties) = (first.sum(|place| place.below), first.sum(|place| place.beside));
        let losses = first.sum(|place| place.above);
        Ok(Self { first, second, wins, ties, losses })
    }

    fn pairs(&self) -> f64 {
        (u128::from(self.first.n) * u128::from(self.second.n)) as f64
    }

    fn share(&self) -> f64 {
        (2 * self.wins + self.ties) as f64 / (2.0 * self.pairs())
    }

    fn rest(&self) -> f64 {
        (2 * self.losses + self.ties) as f64 / (2.0 * self.pairs())
    }

    fn odds(&self) -> f64 {
        (2 * self.wins + self.ties) as f64 / (2 * self.losses + self.ties) as f64
    }

    /// How far the win probability lies above one half.
    pub(super) fn lead(&self) -> f64 {
        self.net() / (2.0 * self.pairs())
    }

    /// Wins minus losses.
    pub(super) fn net(&self) -> f64 {
        (self.wins as i128 - self.losses as i128) as f64
    }

    /// The variance that each arm brings into the win probability; nothing where one has a single observation.
    pub(super) fn variances(&self) -> Option<(f64, f64)> {
        let (a, b) = (self.first.variance(self.second.n), self.second.variance(self.first.n));
        (a.is_finite() && b.is_finite()).then_some((a, b))
    }

    /// Why no limits can be put around a comparison of these arms; nothing where they can.
    fn edge(&self) -> Option<Status> {
        if self.first.n.min(self.second.n) < 2 {
            Some(Status::NotEstimable(Reason::OneObservation))
        } else if self.wins == 0 && self.losses == 0 {
            Some(Status::Boundary(Reason::NoVariation))
        } else if self.ties == 0 && (self.wins == 0 || self.losses == 0) {
            Some(Status::Boundary(Reason::Extreme))
        } else {
            None
        }
    }

    /// The win probability on the scale of `value`: limits through `limit`, which takes odds, and the standard
    /// error `stretch` times as long.
    fn on_logit(
        &self,
        method: &'static str,
        value: f64,
        stretch: f64,
        limit: impl Fn(f64) -> f64,
        level: f64,
    ) -> Result<Estimate, Reason> {
        let critical = critical(level).ok_or(Reason::InvalidParameter)?;
        if let Some(status) = self.edge() {
            return Ok(Estimate::alone(method, level, value, status));
        }
        let (a, b) = self.variances().ok_or(Reason::NotFinite)?;
        let se = (a + b).sqrt();
        let reach = libm::exp(critical * se / (self.share() * self.rest()));
        let interval = Interval { value, lo: limit(self.odds() / reach), hi: limit(self.odds() * reach) };
        Ok(Estimate::between(method, level, interval).with_se(stretch * se))
    }

    fn ratio(&self, level: f64) -> Result<Estimate, Reason> {
        let critical = critical(level).ok_or(Reason::InvalidParameter)?;
        if self.wins == 0 && self.losses == 0 {
            return Err(Reason::NoVariation);
        }
        let (wins, losses) = (self.wins as f64, self.losses as f64);
        let value = wins / losses;
        if self.wins == 0 || self.losses == 0 {
            let status = self.edge().unwrap_or(Status::Boundary(Reason::Extreme));
            return Ok(Estimate::alone(WIN_RATIO, level, value, status));
        }
        if self.first.n.min(self.second.n) < 2 {
            let status = Status::NotEstimable(Reason::OneObservation);
            return Ok(Estimate::alone(WIN_RATIO, level, value, status));
        }
        // For the second arm a win of the first lies above, with the same sign for what a win is worth.
        let first = self.first.log_variance(|place| place.below as f64 / wins - place.above as f64 / losses);
        let second =
            self.second.log_variance(|place| place.above as f64 / wins - place.below as f64 / losses);
        let se = (first + second).sqrt();
        let reach = libm::exp(critical * se);
        let interval = Interval { value, lo: value / reach, hi: value * reach };
        Ok(Estimate::between(WIN_RATIO, level, interval).with_se(se))
    }
}

impl Side {
    fn new(own: &BTreeMap<u64, u64>, other: &BTreeMap<u64, u64>) -> Self {
        let total: u64 = other.values().sum();
        let (mut lower, mut below) = (other.iter().peekable(), 0);
        let places = own.iter().map(|(level, count)| {
            while let Some((_, passed)) = lower.next_if(|(other, _)| *other < level) {
                below += passed;
            }
            let beside = other.get(level).copied().unwrap_or(0);
            Place { count: *count, below, beside, above: total - below - beside }
        });
        Self { places: places.collect(), n: own.values().sum() }
    }

    fn sum(&self, of: impl Fn(&Place) -> u64) -> u128 {
        self.places.iter().map(|place| u128::from(place.count) * u128::from(of(place))).sum()
    }

    /// The variance of the mean placement: the share of the other arm that lies below, what lies beside half.
    fn variance(&self, others: u64) -> f64 {
        let twice = |place: &Place| 2 * u128::from(place.below) + u128::from(place.beside);
        let total: u128 = self.places.iter().map(|place| u128::from(place.count) * twice(place)).sum();
        let n = self.n as f64;
        let squares = self.places.iter().map(|place| {
            let away = (u128::from(self.n) * twice(place)) as i128 - total as i128;
            let away = away as f64 / (2.0 * n) / others as f64;
            place.count as f64 * away * away
        });
        squares.sum::<f64>() / (n - 1.0) / n
    }

    /// The variance that this arm brings into the logarithm of a ratio, by what each place weighs in it.
    fn log_variance(&self, weight: impl Fn(&Place) -> f64) -> f64 {
        let squares = self.places.iter().map(|place| {
            let weight = weight(place);
            place.count as f64 * weight * weight
        });
        self.n as f64 / (self.n as f64 - 1.0) * squares.sum::<f64>()
    }

    /// Observations of each level, and those of the other arm beside them.
    pub(super) fn levels(&self) -> impl Iterator<Item = (u64, u64)> {
        self.places.iter().map(|place| (place.count, place.beside))
    }
}

/// Counts by level, in order, whatever the order they came in.
fn levels(histogram: &[(u64, u64)]) -> Result<BTreeMap<u64, u64>, Reason> {
    let (mut levels, mut total) = (BTreeMap::new(), 0_u64);
    for (level, count) in histogram.iter().filter(|(_, count)| *count > 0) {
        total = total.checked_add(*count).ok_or(Reason::TooLarge)?;
        *levels.entry(*level).or_insert(0) += count;
    }
    Ok(levels)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde::Deserialize;

    use super::*;
    use crate::stats::checks::near;
    use crate::stats::{LEVEL_95, LEVEL_998};

    const FIRST: [(u64, u64); 5] = [(1, 5), (2, 9), (3, 20), (4, 40), (5, 26)];
    const SECOND: [(u64, u64); 5] = [(1, 10), (2, 18), (3, 28), (4, 30), (5, 14)];
    const ALL: [Comparison; 4] = [win_probability, win_odds, net_benefit, win_ratio];

    type Comparison = fn(&[(u64, u64)], &[(u64, u64)], f64) -> Estimate;

    #[test]
    fn two_likert_histograms_agree_to_ten_digits() {
        let share = win_probability(&FIRST, &SECOND, LEVEL_95);
        near(share.value, 0.6294, 1e-15);
        near(share.se, 0.03799791063, 5.1e-12);
        let odds = win_odds(&FIRST, &SECOND, LEVEL_95);
        near(odds.value, 1.698327037, 5.1e-10);
        near(odds.lo, 1.234123220, 5.1e-10);
        near(odds.hi, 2.337136745, 5.1e-10);
        near(net_benefit(&FIRST, &SECOND, LEVEL_95).value, 0.2588, 1e-15);
        near(win_ratio(&FIRST, &SECOND, LEVEL_95).value, 2.019700552, 5.1e-10);
        assert_eq!((share.n, share.status, share.flags), (200.0, Status::Ok, vec![]));
    }

    #[test]
    fn the_three_scales_have_the_same_limits() {
        let odds = win_odds(&FIRST, &SECOND, LEVEL_95).interval().unwrap();
        let share = win_probability(&FIRST, &SECOND, LEVEL_95).interval().unwrap();
        let net = net_benefit(&FIRST, &SECOND, LEVEL_95).interval().unwrap();
        near(share.lo, odds.lo / (1.0 + odds.lo), 1e-15);
        near(net.hi, 2.0 * share.hi - 1.0, 1e-14);
    }

    #[derive(Deserialize)]
    struct Fixture {
        cases: Vec<Case>,
    }

    #[derive(Deserialize)]
    struct Case {
        first: Vec<(u64, u64)>,
        second: Vec<(u64, u64)>,
        win_probability: f64,
        se: f64,
        win_odds: [f64; 3],
        win_ratio: Option<[f64; 3]>,
    }

    #[test]
    fn random_histograms_agree_with_every_pair_counted() {
        let fixture: Fixture = serde_json::from_str(include_str!("fixtures/ordinal.json")).unwrap();
        assert!(fixture.cases.len() >= 30);
        for case in fixture.cases {
            let share = win_probability(&case.first, &case.second, LEVEL_95);
            near(share.value, case.win_probability, 1e-13);
            near(share.se, case.se, 1e-12);
            let check = |estimate: Estimate, [value, lo, hi]: [f64; 3]| {
                near(estimate.value, value, 1e-11);
                near(estimate.lo, lo, 1e-11);
                near(estimate.hi, hi, 1e-11);
            };
            check(win_odds(&case.first, &case.second, LEVEL_95), case.win_odds);
            let ratio = win_ratio(&case.first, &case.second, LEVEL_95);
            match case.win_ratio {
                Some(expected) => check(ratio, expected),
                None => assert_eq!(ratio.interval(), None),
            }
        }
    }

    #[test]
    fn where_all_tie_there_is_a_value_but_no_error() {
        let all = [(3, 20)];
        let no_variation = Status::Boundary(Reason::NoVariation);
        let share = win_probability(&all, &all, LEVEL_95);
        assert_eq!((share.value, share.se, share.status), (Some(0.5), None, no_variation));
        assert_eq!(win_odds(&all, &all, LEVEL_95).value, Some(1.0));
        assert_eq!(net_benefit(&all, &all, LEVEL_95).value, Some(0.0));
        let ratio = win_ratio(&all, &all, LEVEL_95);
        assert_eq!((ratio.value, ratio.status), (None, Status::NotEstimable(Reason::NoVariation)));
    }

    #[test]
    fn complete_separation_reports_only_the_value_and_n() {
        let (low, high) = ([(1, 12), (2, 8)], [(3, 15), (9, 5)]);
        for (estimator, always, never) in [
            (win_probability as Comparison, Some(1.0), Some(0.0)),
            (win_odds, None, Some(0.0)),
            (net_benefit, Some(1.0), Some(-1.0)),
            (win_ratio, None, Some(0.0)),
        ] {
            let (ahead, back) = (estimator(&high, &low, LEVEL_95), estimator(&low, &high, LEVEL_95));
            assert_eq!((ahead.value, back.value, ahead.n), (always, never, 40.0));
            assert_eq!((ahead.lo, ahead.hi, back.lo, back.hi), (None, None, None, None));
            assert_eq!(ahead.status, Status::Boundary(Reason::Extreme));
        }
    }

    #[test]
    fn a_win_ratio_without_losses_has_no_limits_even_where_some_tie() {
        let ratio = win_ratio(&[(2, 12), (3, 8)], &[(1, 15), (2, 5)], LEVEL_95);
        assert_eq!((ratio.value, ratio.status), (None, Status::Boundary(Reason::Extreme)));
        assert!(win_odds(&[(2, 12), (3, 8)], &[(1, 15), (2, 5)], LEVEL_95).interval().is_some());
    }

    #[test]
    fn a_single_observation_has_no_spread_and_none_no_comparison() {
        for estimator in ALL {
            let one = estimator(&[(3, 1)], &SECOND, LEVEL_95);
            assert_eq!(one.status, Status::NotEstimable(Reason::OneObservation));
            assert!(one.value.is_some() && one.flags == [Flag::FewObservations]);
            let nobody = estimator(&[(3, 0)], &SECOND, LEVEL_95);
            assert_eq!((nobody.value, nobody.status), (None, Status::NotEstimable(Reason::NoData)));
            let many = estimator(&[(1, u64::MAX), (2, 1)], &SECOND, LEVEL_95);
            assert_eq!(many.status, Status::NotEstimable(Reason::TooLarge));
            let level = estimator(&FIRST, &SECOND, 1.0);
            assert_eq!(level.status, Status::NotEstimable(Reason::InvalidParameter));
        }
    }

    #[test]
    fn neither_order_nor_splitting_of_levels_shows() {
        let shuffled = [(5, 20), (1, 5), (4, 40), (2, 9), (5, 6), (3, 20), (7, 0)];
        for estimator in ALL {
            assert_eq!(estimator(&shuffled, &SECOND, LEVEL_95), estimator(&FIRST, &SECOND, LEVEL_95));
        }
    }

    fn histogram() -> impl Strategy<Value = Vec<(u64, u64)>> {
        let count = prop_oneof![0..4_u64, 0..1_000_u64, 0..=u64::from(u32::MAX)];
        prop::collection::vec((0..9_u64, count), 0..9)
    }

    proptest! {
        #[test]
        fn swapping_the_arms_inverts_the_odds(first in histogram(), second in histogram()) {
            for estimator in [win_odds, win_ratio] {
                let (ahead, back) =
                    (estimator(&first, &second, LEVEL_95), estimator(&second, &first, LEVEL_95));
                prop_assert_eq!((ahead.status, ahead.se, ahead.n), (back.status, back.se, back.n));
                if let (Some(a), Some(b)) = (ahead.interval(), back.interval()) {
                    prop_assert!((a.value * b.value - 1.0).abs() < 1e-12);
                    prop_assert!((a.lo * b.hi - 1.0).abs() < 1e-12 && (a.hi * b.lo - 1.0).abs() < 1e-12);
                }
            }
            let (ahead, back) =
                (net_benefit(&first, &second, LEVEL_95), net_benefit(&second, &first, LEVEL_95));
            prop_assert_eq!(ahead.value, back.value.map(|x| -x));
        }

        #[test]
        fn limits_enclose_the_value_stay_in_range_and_widen(first in histogram(), second in histogram()) {
            for (estimator, floor, ceiling) in [
                (win_probability as Comparison, 0.0, 1.0),
                (win_odds, 0.0, f64::MAX),
                (net_benefit, -1.0, 1.0),
                (win_ratio, 0.0, f64::MAX),
            ] {
                let estimate = estimator(&first, &second, LEVEL_95);
                prop_assert!(estimate.interval().is_some() || estimate.status.reason().is_some());
                prop_assert!(estimate.status != Status::NotEstimable(Reason::NotFinite), "{:?}", estimate);
                if let Some(Interval { value, lo, hi }) = estimate.interval() {
                    prop_assert!(floor <= lo && lo <= value && value <= hi && hi <= ceiling, "{:?}", estimate);
                    let wide = estimator(&first, &second, LEVEL_998).interval().unwrap();
                    // At 1 less the last digit the limits are one with the value, but for rounding.
                    let slack = 1e-12 * value.abs().max(1.0);
                    prop_assert!(wide.lo <= lo + slack && hi <= wide.hi + slack, "{:?} {:?}", estimate, wide);
                }
            }
        }
    }
}
