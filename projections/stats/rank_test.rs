//! Tests that two arms on an ordered scale are alike, from their histograms.
//!
//! Brunner and Munzel's asks whether the win probability is one half and lets the arms differ in spread; it goes
//! with the estimates of [`ordinal`](super::ordinal), whose variance it shares. Mann and Whitney's asks whether
//! both arms have the same distribution and is what readers know. Statistics are positive where the first arm
//! does better. There is no exact version: with so few observations nothing should be decided anyway.
//!
//! Sources: Brunner & Munzel 2000, Biom J 42:17; Mann & Whitney 1947, Ann Math Stat 18:50, with the variance
//! for ties of Lehmann 1975, Nonparametrics.

use serde::Serialize;

use super::exact::ascending;
use super::ordinal::Meeting;
use super::special::{normal, student};
use super::test_statistic::Test;

/// Mann and Whitney's count of wins, and how far it is from what chance alone would give.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct MannWhitney {
    /// Wins of the first arm, ties counted half.
    pub u: f64,
    /// How many standard errors U lies above its expectation.
    pub z: f64,
    /// The two-sided p-value.
    pub p: f64,
    /// The two-sided p-value with a correction for continuity.
    pub p_corrected: f64,
}

/// The test that the win probability is one half, whatever the spread of either arm, by Student's distribution.
///
/// Nothing where an arm has fewer than two observations, where all tie, or where one arm always wins: no error
/// is left to judge by.
pub fn brunner_munzel(first: &[(u64, u64)], second: &[(u64, u64)]) -> Option<Test> {
    let meeting = Meeting::new(first, second).ok()?;
    let (a, b) = meeting.variances()?;
    let sum = a + b;
    if sum == 0.0 {
        return None;
    }
    let share = |part: f64, n: u64| (part / sum) * (part / sum) / (n as f64 - 1.0);
    let df = 1.0 / (share(a, meeting.first.n) + share(b, meeting.second.n));
    let statistic = meeting.lead() / sum.sqrt();
    let p = 2.0 * student::upper(statistic.abs(), df);
    [statistic, df, p].iter().all(|x| x.is_finite()).then_some(Test { statistic, df, p })
}

/// The test that both arms have one distribution, by the normal approximation with the variance for ties.
///
/// Nothing where an arm is empty or all observations tie.
pub fn mann_whitney(first: &[(u64, u64)], second: &[(u64, u64)]) -> Option<MannWhitney> {
    let meeting = Meeting::new(first, second).ok()?;
    let (n1, n2) = (meeting.first.n as f64, meeting.second.n as f64);
    let n = n1 + n2;
    let both = meeting.first.levels().map(|(count, beside)| count + beside);
    let alone = meeting.second.levels().filter(|(_, beside)| *beside == 0).map(|(count, _)| count);
    // n³ − Σt³ over the levels, written without a difference that could cancel.
    let spread = ascending(both.chain(alone).map(|tied| {
        let tied = tied as f64;
        tied / n * ((n - tied) / (n - 1.0)) * (n + tied)
    }));
    let sd = (n1 * n2 / 12.0 * spread).sqrt();
    if !(sd > 0.0 && sd.is_finite()) {
        return None;
    }
    let away = meeting.net() / 2.0;
    let p_of = |away: f64| (2.0 * normal::upper(away / sd)).min(1.0);
    let u = (2 * meeting.wins + meeting.ties) as f64 / 2.0;
    let p_corrected = p_of((away.abs() - 0.5).max(0.0));
    Some(MannWhitney { u, z: away / sd, p: p_of(away.abs()), p_corrected })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde::Deserialize;

    use super::*;
    use crate::stats::checks::near;

    const FIRST: [(u64, u64); 5] = [(1, 5), (2, 9), (3, 20), (4, 40), (5, 26)];
    const SECOND: [(u64, u64); 5] = [(1, 10), (2, 18), (3, 28), (4, 30), (5, 14)];

    #[test]
    fn two_likert_histograms_agree() {
        let test = brunner_munzel(&FIRST, &SECOND).unwrap();
        near(test.statistic, 3.4054504, 5.1e-8);
        near(test.p, 0.000799893, 5.1e-10);
        let ranks = mann_whitney(&FIRST, &SECOND).unwrap();
        assert_eq!(ranks.u, 6294.0);
        near(ranks.z, 3.274280961, 5.1e-10);
        near(ranks.p, 0.001059312, 5.1e-10);
        near(ranks.p_corrected, 0.001064065, 5.1e-10);
    }

    #[test]
    fn pain_scores_agree_and_are_negative_where_the_first_arm_is_lower() {
        let (first, second) = ([(1, 11), (2, 2), (4, 1)], [(1, 3), (2, 1), (3, 4), (4, 2), (5, 1)]);
        let test = brunner_munzel(&first, &second).unwrap();
        near(test.statistic, -3.1374674823, 5.1e-11);
        near(test.p, 0.0057862087, 5.1e-11);
    }

    #[derive(Deserialize)]
    struct Fixture {
        cases: Vec<Case>,
    }

    #[derive(Deserialize)]
    struct Case {
        first: Vec<(u64, u64)>,
        second: Vec<(u64, u64)>,
        brunner_munzel: [f64; 3],
        mann_whitney: [f64; 3],
    }

    #[test]
    fn random_histograms_agree() {
        let fixture: Fixture = serde_json::from_str(include_str!("fixtures/ordinal.json")).unwrap();
        for case in fixture.cases {
            let test = brunner_munzel(&case.first, &case.second).unwrap();
            let [statistic, df, p] = case.brunner_munzel;
            near(test.statistic, statistic, 1e-11);
            near(test.df, df, 1e-11);
            near(test.p, p, 1e-11);
            let ranks = mann_whitney(&case.first, &case.second).unwrap();
            let [u, p, p_corrected] = case.mann_whitney;
            near(ranks.u, u, 1e-15);
            near(ranks.p, p, 1e-12);
            near(ranks.p_corrected, p_corrected, 1e-12);
        }
    }

    #[test]
    fn what_cannot_be_judged_has_no_test() {
        let (low, high, all) = ([(1, 12), (2, 8)], [(3, 15), (9, 5)], [(3, 20)]);
        assert_eq!(brunner_munzel(&all, &all), None);
        assert_eq!(brunner_munzel(&low, &high), None);
        assert_eq!(brunner_munzel(&[(3, 1)], &SECOND), None);
        assert_eq!((mann_whitney(&all, &all), mann_whitney(&[], &SECOND)), (None, None));
        assert!(mann_whitney(&low, &high).is_some_and(|ranks| ranks.u == 0.0 && ranks.p < 1e-7));
    }

    #[test]
    fn arms_that_are_alike_are_not_significant() {
        assert_eq!(brunner_munzel(&FIRST, &FIRST).map(|test| (test.statistic, test.p)), Some((0.0, 1.0)));
        let ranks = mann_whitney(&FIRST, &FIRST).unwrap();
        assert_eq!((ranks.z, ranks.p, ranks.p_corrected), (0.0, 1.0, 1.0));
    }

    fn histogram() -> impl Strategy<Value = Vec<(u64, u64)>> {
        let count = prop_oneof![0..4_u64, 0..1_000_u64, 0..=u64::from(u32::MAX)];
        prop::collection::vec((0..9_u64, count), 0..9)
    }

    proptest! {
        #[test]
        fn swapping_the_arms_turns_the_sign(first in histogram(), second in histogram()) {
            let (ahead, back) = (brunner_munzel(&first, &second), brunner_munzel(&second, &first));
            prop_assert_eq!(ahead.map(|test| -test.statistic), back.map(|test| test.statistic));
            prop_assert_eq!(ahead.map(|test| test.p), back.map(|test| test.p));
            prop_assert!(ahead.is_none_or(|test| (0.0..=1.0).contains(&test.p) && test.df >= 1.0 - 1e-12));
            let (ahead, back) = (mann_whitney(&first, &second), mann_whitney(&second, &first));
            prop_assert_eq!(ahead.map(|ranks| -ranks.z), back.map(|ranks| ranks.z));
            prop_assert_eq!(ahead.map(|ranks| ranks.p), back.map(|ranks| ranks.p));
            prop_assert!(ahead.is_none_or(|ranks| ranks.p <= ranks.p_corrected));
        }
    }
}
