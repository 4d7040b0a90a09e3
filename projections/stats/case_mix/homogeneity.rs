//! Tests over strata: whether the arms differ at all, and whether they differ alike everywhere.
//!
//! An adjusted comparison joins all strata into one number. These tests tell whether that number is more than
//! chance, and whether it hides strata that disagree; strata can agree on differences and not on ratios, so the
//! scale belongs to the answer. They have little power with few strata or few events: not rejecting is not the same
//! as alike. They take consultations for independent.
//!
//! Sources: Cochran 1954, Biometrics 10:417; Mantel & Haenszel 1959, JNCI 22:719; Breslow & Day 1980, Statistical
//! Methods in Cancer Research I, section 4.4; Tarone 1985, Biometrika 72:91.

use super::mantel_haenszel::{odds_ratio_value, risk_difference_value, risk_ratio_value};
use super::{Stratum, Support};
use crate::stats::exact::ascending;
use crate::stats::test_statistic::Test;

/// The scale on which strata are asked to agree.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Effect {
    /// The difference of risks.
    Difference,
    /// The ratio of risks.
    RiskRatio,
    /// The ratio of odds.
    OddsRatio,
}

/// Cochran, Mantel and Haenszel's test that the arms do not differ in any stratum, without continuity correction.
///
/// Nothing where no stratum has both arms, events and non-events.
pub fn cochran_mantel_haenszel(strata: &[Stratum]) -> Option<Test> {
    let support = Support::of(strata).ok()?;
    let excess = support.signed(|s| s.excess() / s.n() as f64);
    let variance = support.sum(|s| {
        let (n1, n2, n, m) = margins(s);
        if n > 1.0 { n1 / n * (n2 / n) * m * ((n - m) / (n - 1.0)) } else { 0.0 }
    });
    if variance > 0.0 { Test::chi_squared(excess * excess / variance, 1.0) } else { None }
}

/// Breslow and Day's test that the ratio of odds is the same in all strata.
///
/// Strata of nothing but events, or of none, say nothing of it and are skipped. Nothing where fewer than two remain,
/// or where the common ratio is zero or infinite.
pub fn breslow_day(strata: &[Stratum]) -> Option<Test> {
    let fits = fitted(strata)?;
    Test::chi_squared(discrepancy(&fits), fits.len() as f64 - 1.0)
}

/// Breslow and Day's test with Tarone's correction, which makes it chi-square for Mantel and Haenszel's ratio.
pub fn tarone(strata: &[Stratum]) -> Option<Test> {
    let fits = fitted(strata)?;
    let beyond = ascending(fits.iter().map(|fit| fit.observed - fit.expected));
    let variance = ascending(fits.iter().map(|fit| fit.variance));
    let statistic = discrepancy(&fits) - beyond * beyond / variance;
    Test::chi_squared(statistic.max(0.0), fits.len() as f64 - 1.0)
}

/// Cochran's Q: how far the strata are from the common effect of Mantel and Haenszel, for their own precision.
///
/// One half is added to the four counts of a stratum in which one is zero; strata without events, or of nothing
/// but events, are skipped. Nothing where fewer than two remain or the common effect is not defined.
pub fn cochran_q(strata: &[Stratum], effect: Effect) -> Option<Test> {
    let common = match effect {
        Effect::Difference => risk_difference_value(strata)?,
        Effect::RiskRatio => libm::log(risk_ratio_value(strata)?),
        Effect::OddsRatio => libm::log(odds_ratio_value(strata)?),
    };
    let support = Support::of(strata).ok()?;
    let informative: Vec<&Stratum> = support.strata.iter().filter(|s| mixed(s)).collect();
    if informative.len() < 2 || !common.is_finite() {
        return None;
    }
    let statistic = ascending(informative.iter().map(|s| {
        let (value, variance) = own_effect(s, effect);
        (value - common) * (value - common) / variance
    }));
    Test::chi_squared(statistic, informative.len() as f64 - 1.0)
}

/// The number of events on the first arm of one stratum, seen and expected under the common ratio of odds.
struct Fitted {
    observed: f64,
    expected: f64,
    variance: f64,
}

fn fitted(strata: &[Stratum]) -> Option<Vec<Fitted>> {
    let odds = odds_ratio_value(strata).filter(|odds| *odds > 0.0)?;
    let support = Support::of(strata).ok()?;
    let fits: Vec<Fitted> = support.strata.iter().filter(|s| mixed(s)).map(|s| fit(s, odds)).collect();
    (fits.len() > 1).then_some(fits)
}

/// Solves a(n₂ − m + a) = ψ(n₁ − a)(m − a) for the expected events a on the first arm.
fn fit(s: &Stratum, odds: f64) -> Fitted {
    let (n1, n2, _, m) = margins(s);
    let (square, linear, constant) = (1.0 - odds, n2 - m + odds * (n1 + m), -odds * n1 * m);
    let root = (linear * linear - 4.0 * square * constant).max(0.0).sqrt();
    // Of the two forms of the same root, the one in which nothing cancels.
    let solution =
        if linear >= 0.0 { -2.0 * constant / (linear + root) } else { (root - linear) / (2.0 * square) };
    let a = solution.clamp((m - n2).max(0.0), n1.min(m));
    let inverse = 1.0 / a + 1.0 / (n1 - a) + 1.0 / (m - a) + 1.0 / (n2 - m + a);
    Fitted { observed: s.first.x as f64, expected: a, variance: 1.0 / inverse }
}

fn discrepancy(fits: &[Fitted]) -> f64 {
    ascending(fits.iter().map(|fit| {
        let residual = fit.observed - fit.expected;
        residual * residual / fit.variance
    }))
}

/// The effect in one stratum, on the scale on which it is compared, and its variance.
fn own_effect(s: &Stratum, effect: Effect) -> (f64, f64) {
    let counts = [s.first.x, s.first.n - s.first.x, s.second.x, s.second.n - s.second.x];
    let added = if counts.contains(&0) { 0.5 } else { 0.0 };
    let [a, b, c, d] = counts.map(|count| count as f64 + added);
    let (n1, n2) = (a + b, c + d);
    match effect {
        Effect::Difference => (a / n1 - c / n2, a / n1 * (b / n1) / n1 + c / n2 * (d / n2) / n2),
        Effect::RiskRatio => (libm::log(a / n1 / (c / n2)), b / n1 / a + d / n2 / c),
        Effect::OddsRatio => (libm::log(a / b / (c / d)), 1.0 / a + 1.0 / b + 1.0 / c + 1.0 / d),
    }
}

/// Observations on the first arm, on the second, on both, and events on both.
fn margins(s: &Stratum) -> (f64, f64, f64, f64) {
    let (n1, n2) = (s.first.n as f64, s.second.n as f64);
    (n1, n2, n1 + n2, s.first.x as f64 + s.second.x as f64)
}

/// Whether a stratum has events and non-events.
fn mixed(s: &Stratum) -> bool {
    let events = s.first.x.saturating_add(s.second.x);
    0 < events && events < s.n()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stats::case_mix::examples::{ADMISSIONS, SIMPSON, strata};
    use crate::stats::checks::near;

    #[test]
    fn whether_the_arms_differ_agrees_to_nine_digits() {
        let simpson = cochran_mantel_haenszel(&strata(&SIMPSON)).unwrap();
        near(simpson.statistic, 2.97712052, 5.1e-9);
        near(simpson.p, 0.0844493911, 5.1e-11);
        let admissions = cochran_mantel_haenszel(&strata(&ADMISSIONS)).unwrap();
        near(admissions.statistic, 1.52460666, 5.1e-9);
        near(admissions.p, 0.2169236971, 5.1e-11);
    }

    #[test]
    fn whether_odds_ratios_agree_is_tested_to_ten_digits() {
        near(breslow_day(&strata(&SIMPSON)).map(|test| test.statistic), 0.01611065896, 5.1e-12);
        near(tarone(&strata(&SIMPSON)).map(|test| test.statistic), 0.01609113021, 5.1e-12);
        let admissions = breslow_day(&strata(&ADMISSIONS)).unwrap();
        near(admissions.statistic, 18.82551371, 5.1e-10);
        near(admissions.p, 0.00207139035, 5.1e-12);
        assert_eq!(admissions.df, 5.0);
        near(tarone(&strata(&ADMISSIONS)).map(|test| test.statistic), 18.82550125, 5.1e-10);
    }

    #[test]
    fn whether_strata_agree_depends_on_the_scale() {
        let q =
            |counts: &[(u64, u64, u64, u64)], effect| cochran_q(&strata(counts), effect).unwrap().statistic;
        near(q(&SIMPSON, Effect::Difference), 1.175008024, 5.1e-10);
        near(q(&SIMPSON, Effect::RiskRatio), 0.0, 1e-25);
        near(q(&SIMPSON, Effect::OddsRatio), 0.01611019, 5.1e-9);
        near(q(&ADMISSIONS, Effect::Difference), 25.43235051, 5.1e-10);
        near(q(&ADMISSIONS, Effect::RiskRatio), 23.28798929, 5.1e-10);
        near(q(&ADMISSIONS, Effect::OddsRatio), 17.99862864, 5.1e-10);
    }

    #[test]
    fn strata_that_say_nothing_are_skipped() {
        let mut wider = strata(&SIMPSON);
        wider.extend(strata(&[(9, 0, 9, 0), (9, 9, 9, 9), (9, 3, 0, 0), (0, 0, 0, 0)]));
        let simpson = strata(&SIMPSON);
        assert_eq!(cochran_mantel_haenszel(&wider), cochran_mantel_haenszel(&simpson));
        assert_eq!(breslow_day(&wider), breslow_day(&simpson));
        assert_eq!(tarone(&wider), tarone(&simpson));
        assert_eq!(cochran_q(&wider, Effect::OddsRatio), cochran_q(&simpson, Effect::OddsRatio));
    }

    #[test]
    fn one_stratum_cannot_disagree_with_itself() {
        let one = strata(&SIMPSON[..1]);
        assert!(cochran_mantel_haenszel(&one).is_some());
        assert_eq!((breslow_day(&one), tarone(&one)), (None, None));
        assert_eq!(cochran_q(&one, Effect::Difference), None);
    }

    #[test]
    fn without_a_common_effect_there_is_nothing_to_agree_on() {
        let none = strata(&[(9, 0, 9, 3), (9, 0, 9, 4)]);
        assert_eq!((breslow_day(&none), cochran_q(&none, Effect::RiskRatio)), (None, None));
        assert!(cochran_q(&none, Effect::Difference).is_some());
        assert_eq!(cochran_mantel_haenszel(&strata(&[(9, 0, 9, 0)])), None);
        assert_eq!(cochran_mantel_haenszel(&[]), None);
    }

    #[test]
    fn a_reference_of_nearly_nothing_but_events_is_fitted_too() {
        // Here the linear coefficient is negative, and the other form of the root is used.
        let odd = strata(&[(10, 1, 90, 88), (40, 30, 60, 59), (30, 10, 50, 49)]);
        assert!(breslow_day(&odd).is_some_and(|test| test.statistic > 0.0));
    }
}
