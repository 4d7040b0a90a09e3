//! Laws that every comparison within strata keeps for any counts, tried on random ones.
//!
//! They need no reference value: one stratum is no adjustment, an empty one no change, exchanging the arms negates
//! a difference and inverts a ratio, parts sum to their whole, and no input is answered with a number that is none.

use proptest::prelude::*;

use super::g_computation::{contrast, standardised_difference_value};
use super::homogeneity::{Effect, breslow_day, cochran_mantel_haenszel, cochran_q, tarone};
use super::indirect::{Referred, Weighted, standardised_rate, standardised_ratio};
use super::kitagawa::{decompose, mix_effect_value, rate_effect_value};
use super::logistic::{Cell, cells_of};
use super::mantel_haenszel::{self, Exposed, risk_difference, risk_difference_value};
use super::matched::{self, Pairs};
use super::shapley::shapley;
use super::standardised::{Standard, standardise};
use super::*;
use crate::stats::cluster::Tally;
use crate::stats::jackknife::Scale;
use crate::stats::{LEVEL_95, LEVEL_998};

fn counts() -> impl Strategy<Value = (u64, u64)> {
    let size = prop_oneof![0..30_u64, 0..5_000_u64, 0..=u64::from(u32::MAX)];
    size.prop_flat_map(|n| (Just(n), prop_oneof![Just(0), Just(n), 0..=n]))
}

/// As many as a cell of several factors holds.
fn few() -> impl Strategy<Value = (u64, u64)> {
    (0..5_000_u64).prop_flat_map(|n| (Just(n), prop_oneof![Just(0), Just(n), 0..=n]))
}

fn stratum() -> impl Strategy<Value = Stratum> {
    (counts(), counts()).prop_map(|((n1, x1), (n2, x2))| Stratum::from((n1, x1, n2, x2)))
}

fn strata() -> impl Strategy<Value = Vec<Stratum>> {
    prop::collection::vec(stratum(), 0..7)
}

/// Strata in which both arms have events and non-events.
fn plain() -> impl Strategy<Value = Vec<Stratum>> {
    let arm = || (1..40_u64, 1..40_u64).prop_map(|(x, rest)| Tally { n: x + rest, x });
    prop::collection::vec((arm(), arm()).prop_map(|(first, second)| Stratum { first, second }), 1..6)
}

fn swapped(strata: &[Stratum]) -> Vec<Stratum> {
    strata.iter().map(Stratum::swapped).collect()
}

fn estimates(strata: &[Stratum], level: f64) -> Vec<Estimate> {
    let direct = standardise(strata, Standard::Pooled, level);
    let mut all = vec![
        risk_difference(strata, level),
        mantel_haenszel::risk_ratio(strata, level),
        mantel_haenszel::odds_ratio(strata, level),
        direct.first,
        direct.second,
        direct.difference,
        direct.ratio,
    ];
    all.extend(decompose(strata, level).into_iter().flat_map(|parts| [parts.crude, parts.rate, parts.mix]));
    all
}

fn finite(estimate: &Estimate) -> Result<(), TestCaseError> {
    let numbers = [estimate.value, estimate.lo, estimate.hi, estimate.se, estimate.df];
    prop_assert!(numbers.iter().flatten().all(|x| x.is_finite()), "{estimate:?}");
    prop_assert!(estimate.interval().is_some() || estimate.status.reason().is_some(), "{estimate:?}");
    Ok(())
}

/// A finite estimate with its value between its limits, inside those of a higher level.
fn sound(usual: &Estimate, funnel: &Estimate) -> Result<(), TestCaseError> {
    finite(usual)?;
    let value = usual.value.unwrap_or(0.0);
    prop_assert!(usual.lo.is_none_or(|lo| lo <= value) && usual.hi.is_none_or(|hi| hi >= value), "{usual:?}");
    prop_assert!(usual.flags.is_sorted_by(|a, b| a < b), "{usual:?}");
    prop_assert!(usual.status != Status::NotEstimable(Reason::NotFinite), "{usual:?}");
    let slack = 1e-9 * value.abs().max(1.0);
    prop_assert!(usual.lo.zip(funnel.lo).is_none_or(|(a, b)| b <= a + slack), "{usual:?} {funnel:?}");
    prop_assert!(usual.hi.zip(funnel.hi).is_none_or(|(a, b)| b >= a - slack), "{usual:?} {funnel:?}");
    Ok(())
}

fn close(a: f64, b: f64, tolerance: f64) -> bool {
    (a - b).abs() <= tolerance * a.abs().max(b.abs()).max(1.0)
}

proptest! {
    #[test]
    fn estimates_are_sound_whatever_the_order_of_strata(strata in strata()) {
        let (usual, funnel) = (estimates(&strata, LEVEL_95), estimates(&strata, LEVEL_998));
        for (usual, funnel) in usual.iter().zip(&funnel) {
            sound(usual, funnel)?;
        }
        let reversed: Vec<Stratum> = strata.iter().rev().copied().collect();
        prop_assert_eq!(usual, estimates(&reversed, LEVEL_95));
    }

    #[test]
    fn an_empty_stratum_is_no_change(strata in strata(), place in any::<prop::sample::Index>()) {
        let mut wider = strata.clone();
        wider.insert(place.index(strata.len() + 1), Stratum::default());
        prop_assert_eq!(estimates(&strata, LEVEL_95), estimates(&wider, LEVEL_95));
        prop_assert_eq!(breslow_day(&strata), breslow_day(&wider));
        prop_assert_eq!(tarone(&strata), tarone(&wider));
        prop_assert_eq!(cochran_mantel_haenszel(&strata), cochran_mantel_haenszel(&wider));
    }

    #[test]
    fn one_stratum_is_no_adjustment(s in stratum()) {
        prop_assume!(s.shared());
        let (p, q) = (s.first.x as f64 / s.first.n as f64, s.second.x as f64 / s.second.n as f64);
        let one = [s];
        let near = |value: Option<f64>, crude: f64| value.is_none_or(|value| close(value, crude, 1e-12));
        prop_assert!(risk_difference_value(&one).is_some_and(|value| close(value, p - q, 1e-12)));
        prop_assert!(near(mantel_haenszel::risk_ratio_value(&one), p / q));
        // From counts: one less a share close to one would lose digits that the estimator has.
        let odds = |arm: Tally| arm.x as f64 / (arm.n - arm.x) as f64;
        prop_assert!(near(mantel_haenszel::odds_ratio_value(&one), odds(s.first) / odds(s.second)));
        prop_assert!(near(standardise(&one, Standard::Pooled, LEVEL_95).difference.value, p - q));
        prop_assert!(rate_effect_value(&one).is_some_and(|value| close(value, p - q, 1e-12)));
        prop_assert_eq!(mix_effect_value(&one), Some(0.0));
    }

    #[test]
    fn exchanging_the_arms_negates_differences_and_inverts_ratios(strata in strata()) {
        let back = swapped(&strata);
        let minus = |x: Option<f64>| x.map(|x| -x);
        let direct = |strata: &[Stratum]| standardise(strata, Standard::Pooled, LEVEL_95);
        for (ahead, back) in [
            (risk_difference(&strata, LEVEL_95), risk_difference(&back, LEVEL_95)),
            (direct(&strata).difference, direct(&back).difference),
        ] {
            prop_assert_eq!(ahead.value, minus(back.value));
            prop_assert_eq!((ahead.lo, ahead.hi, ahead.status), (minus(back.hi), minus(back.lo), back.status));
        }
        prop_assert_eq!(rate_effect_value(&strata), minus(rate_effect_value(&back)));
        prop_assert_eq!(mix_effect_value(&strata), minus(mix_effect_value(&back)));
        for (ahead, back) in [
            (mantel_haenszel::risk_ratio(&strata, LEVEL_95), mantel_haenszel::risk_ratio(&back, LEVEL_95)),
            (mantel_haenszel::odds_ratio(&strata, LEVEL_95), mantel_haenszel::odds_ratio(&back, LEVEL_95)),
            (direct(&strata).ratio, direct(&back).ratio),
        ] {
            if let (Some(a), Some(b)) = (ahead.interval(), back.interval()) {
                prop_assert!(close(a.value * b.value, 1.0, 1e-10), "{a:?} {b:?}");
                prop_assert!(close(a.lo * b.hi, 1.0, 1e-9) && close(a.hi * b.lo, 1.0, 1e-9), "{a:?} {b:?}");
            }
        }
    }

    #[test]
    fn tests_do_not_know_which_arm_is_first(strata in strata()) {
        let back = swapped(&strata);
        let alike = |a: Option<f64>, b: Option<f64>| match (a, b) {
            (Some(a), Some(b)) => close(a, b, 1e-6),
            (a, b) => a.is_none() == b.is_none(),
        };
        let size = |test: Option<crate::stats::test_statistic::Test>| test.map(|test| test.statistic);
        prop_assert_eq!(cochran_mantel_haenszel(&strata), cochran_mantel_haenszel(&back));
        let q = |strata: &[Stratum]| size(cochran_q(strata, Effect::Difference));
        prop_assert!(alike(q(&strata), q(&back)));
        for test in [cochran_mantel_haenszel, breslow_day, tarone] {
            prop_assert!(test(&strata).is_none_or(|test| (0.0..=1.0).contains(&test.p)));
        }
    }

    #[test]
    fn rate_and_mix_sum_to_the_crude_difference(strata in strata()) {
        if let Ok(parts) = decompose(&strata, LEVEL_95) {
            let sum = parts.rate.value.unwrap_or(f64::NAN) + parts.mix.value.unwrap_or(f64::NAN);
            prop_assert!(close(sum, parts.crude.value.unwrap_or(f64::NAN), 1e-12), "{parts:?}");
            let rates: f64 = parts.strata.iter().map(|part| part.rate).sum();
            prop_assert!(close(rates, parts.rate.value.unwrap_or(f64::NAN), 1e-12));
        }
    }

    #[test]
    fn the_model_keeps_the_same_laws(strata in plain()) {
        let (ahead, back) =
            (standardised_difference_value(&strata), standardised_difference_value(&swapped(&strata)));
        prop_assert!(ahead.zip(back).is_none_or(|(a, b)| close(a, -b, 1e-9)), "{ahead:?} {back:?}");
        let mut wider = strata.clone();
        wider.push(Stratum::default());
        prop_assert_eq!(ahead, standardised_difference_value(&wider));
        let found = contrast(&cells_of(&strata), 0, 1, 0, LEVEL_95);
        let wide = contrast(&cells_of(&strata), 0, 1, 0, LEVEL_998);
        sound(&found.difference, &wide.difference)?;
        sound(&found.ratio, &wide.ratio)?;
        sound(&found.first, &wide.first)?;
        if let [one] = strata[..] {
            prop_assert!(ahead.is_some_and(|value| close(value, one.difference(), 1e-9)));
        }
    }

    #[test]
    fn shapley_shares_sum_and_are_never_negative(
        cells in prop::collection::vec((prop::collection::vec(0..3_u32, 3), few()), 1..12),
    ) {
        let cells: Vec<Cell> = cells.into_iter().map(|(levels, (n, x))| Cell { levels, n, x }).collect();
        if let Ok(shares) = shapley(&cells) {
            let sum: f64 = shares.factors.iter().sum();
            prop_assert!(close(sum, shares.explained, 1e-9), "{shares:?}");
            let slack = 1e-9 * shares.explained.max(1.0);
            prop_assert!(shares.factors.iter().all(|share| *share >= -slack), "{shares:?}");
        }
    }

    #[test]
    fn the_jackknife_does_not_know_the_names_of_its_groups(
        groups in prop::collection::vec(prop::collection::vec(stratum(), 2), 2..9),
        turn in any::<prop::sample::Index>(),
    ) {
        let of = |groups: &[Vec<Stratum>]| {
            clustered::clustered(groups, Scale::Difference, LEVEL_95, risk_difference_value)
        };
        let mut turned = groups.clone();
        turned.rotate_left(turn.index(groups.len()));
        let mut renamed: Vec<Vec<Stratum>> = turned.iter().rev().cloned().collect();
        renamed.push(vec![Stratum::default(); 2]);
        let estimate = of(&groups);
        finite(&estimate)?;
        prop_assert_eq!(&estimate, &of(&turned));
        prop_assert_eq!(&estimate, &of(&renamed));
        prop_assert!(estimate.half_width().is_none_or(|width| width > 0.0), "{estimate:?}");
    }

    #[test]
    fn no_counts_are_answered_with_a_panic_or_a_number_that_is_none(
        counts in prop::collection::vec(any::<[u64; 4]>(), 0..4),
        level in prop_oneof![any::<f64>(), 0.0..1.0_f64],
    ) {
        let strata: Vec<Stratum> = counts.iter().map(|c| Stratum::from((c[0], c[1], c[2], c[3]))).collect();
        let exposed: Vec<Exposed> =
            counts.iter().map(|c| Exposed { first: (c[0], c[1]), second: (c[2], c[3]) }).collect();
        let referred: Vec<Referred> =
            strata.iter().map(|s| Referred { own: s.first, reference: s.second }).collect();
        let weighted: Vec<Weighted> = counts
            .iter()
            .map(|c| Weighted { weight: c[0], exposure: c[1], events: c[2].min(c[3]), squares: c[3] })
            .collect();
        let mut all = estimates(&strata, level);
        all.push(mantel_haenszel::rate_ratio(&exposed, level));
        all.push(standardised_ratio(&referred, level));
        all.push(standardised_rate(&weighted, level));
        let found = contrast(&cells_of(&strata), 0, 1, 0, level);
        all.extend([found.first, found.difference, found.ratio]);
        for c in &counts {
            let pairs = Pairs { both: c[0], first_only: c[1], second_only: c[2], neither: c[3] };
            all.push(matched::odds_ratio(&pairs, level));
            all.push(matched::difference(&pairs, level));
        }
        for estimate in &all {
            finite(estimate)?;
        }
    }
}
