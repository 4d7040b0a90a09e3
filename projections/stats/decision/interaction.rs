//! Whether the better platform really differs from stratum to stratum.
//!
//! Two questions that are easily taken for one. Whether the difference *varies* is Cochran's; that a platform is
//! better everywhere, here by much and there by little, is no reason for a range. Whether it *turns round*, so that
//! each platform is the better one somewhere, is that of Gail and Simon. Only the second speaks for a range.
//!
//! Sources: Cochran 1954, Biometrics 10:101; Gail & Simon 1985, Biometrics 41:361.

use crate::stats::exact::ascending;
use crate::stats::special::{binomial, chi_square};
use crate::stats::status::Reason;
use crate::stats::test_statistic::Test;

/// The difference of two platforms in one stratum, with its standard error.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Effect {
    /// The difference.
    pub value: f64,
    /// Its standard error.
    pub se: f64,
}

/// Gail and Simon's test.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Qualitative {
    /// What speaks for the first platform.
    pub positive: f64,
    /// What speaks for the second.
    pub negative: f64,
    /// The chance that the weaker of the two is as strong if one platform is nowhere worse.
    pub p: f64,
}

/// Whether differences vary between strata at all.
///
/// # Errors
/// Says why with fewer than two strata, or an error that is none.
pub fn heterogeneity(effects: &[Effect]) -> Result<Test, Reason> {
    checked(effects)?;
    let weight = |effect: &Effect| 1.0 / (effect.se * effect.se);
    let total = ascending(effects.iter().map(weight));
    let sum = |sign: f64| {
        let signed = effects.iter().map(|effect| sign * effect.value * weight(effect));
        ascending(signed.filter(|part| *part > 0.0))
    };
    let mean = (sum(1.0) - sum(-1.0)) / total;
    let parts = effects.iter().map(|effect| weight(effect) * (effect.value - mean) * (effect.value - mean));
    Test::chi_squared(ascending(parts), effects.len() as f64 - 1.0).ok_or(Reason::NotFinite)
}

/// Whether each platform is the better one somewhere.
///
/// # Errors
/// Says why with fewer than two strata, or an error that is none.
pub fn qualitative(effects: &[Effect]) -> Result<Qualitative, Reason> {
    checked(effects)?;
    let sum = |sign: f64| {
        let theirs = effects.iter().filter(|effect| sign * effect.value > 0.0);
        ascending(theirs.map(|effect| (effect.value / effect.se) * (effect.value / effect.se)))
    };
    let (positive, negative) = (sum(1.0), sum(-1.0));
    let weaker = positive.min(negative);
    let others = effects.len() as u64 - 1;
    let part = |h: u64| binomial::pmf(h, others, 0.5) * chi_square::upper(weaker, h as f64);
    // Where nothing speaks for one of them the chance is that of any sign at all: one.
    let p = if weaker > 0.0 { (1..=others).map(part).sum::<f64>().min(1.0) } else { 1.0 };
    (positive.is_finite() && negative.is_finite() && p.is_finite())
        .then_some(Qualitative { positive, negative, p })
        .ok_or(Reason::NotFinite)
}

fn checked(effects: &[Effect]) -> Result<(), Reason> {
    let sound = |effect: &Effect| effect.value.is_finite() && effect.se > 0.0 && effect.se.is_finite();
    match effects.len() {
        0 => Err(Reason::NoData),
        1 => Err(Reason::NoVariation),
        _ if effects.iter().all(sound) => Ok(()),
        _ => Err(Reason::InvalidParameter),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::stats::checks::near;

    fn effects(of: &[(f64, f64)]) -> Vec<Effect> {
        of.iter().map(|&(value, se)| Effect { value, se }).collect()
    }

    /// The differences of three services with their binomial standard errors.
    fn services() -> Vec<Effect> {
        let of = |x1: f64, n1: f64, x2: f64, n2: f64| {
            let (p, q) = (x1 / n1, x2 / n2);
            Effect { value: p - q, se: (p * (1.0 - p) / n1 + q * (1.0 - q) / n2).sqrt() }
        };
        vec![of(188.0, 200.0, 180.0, 200.0), of(150.0, 200.0, 170.0, 200.0), of(95.0, 100.0, 80.0, 100.0)]
    }

    #[test]
    fn three_services_agree_with_the_formulas_worked_out_elsewhere() {
        near(services()[0].se, 0.027_055_5, 5e-8);
        let test = heterogeneity(&services()).unwrap();
        near(test.statistic, 17.757_379_09, 1e-8);
        near(test.p, 0.000_139_326_627, 1e-10);
        let found = qualitative(&services()).unwrap();
        near(found.positive, 13.029_165_84, 1e-8);
        near(found.negative, 6.349_206_349, 1e-9);
        near(found.p, 0.016_324_364_2, 1e-9);
    }

    #[test]
    fn one_sign_everywhere_turns_nothing_round() {
        let found = qualitative(&effects(&[(0.1, 0.01), (0.4, 0.02)])).unwrap();
        assert_eq!((found.negative, found.p), (0.0, 1.0));
        assert!(heterogeneity(&effects(&[(0.1, 0.01), (0.4, 0.02)])).unwrap().p < 1e-6);
    }

    #[test]
    fn what_cannot_vary_says_why() {
        assert_eq!(heterogeneity(&[]), Err(Reason::NoData));
        assert_eq!(qualitative(&effects(&[(0.1, 0.1)])).map(|found| found.p), Err(Reason::NoVariation));
        assert_eq!(heterogeneity(&effects(&[(0.1, 0.0), (0.2, 0.1)])), Err(Reason::InvalidParameter));
    }

    proptest! {
        #[test]
        fn exchanging_the_platforms_changes_no_chance(
            of in prop::collection::vec((-1.0..1.0_f64, 0.001..1.0_f64), 2..8),
        ) {
            let ahead = effects(&of);
            let back: Vec<Effect> =
                ahead.iter().rev().map(|effect| Effect { value: -effect.value, ..*effect }).collect();
            let (one, other) = (qualitative(&ahead).unwrap(), qualitative(&back).unwrap());
            prop_assert_eq!((one.positive, one.negative, one.p), (other.negative, other.positive, other.p));
            prop_assert!((0.0..=1.0).contains(&one.p));
            let (one, other) = (heterogeneity(&ahead).unwrap(), heterogeneity(&back).unwrap());
            prop_assert_eq!(one, other);
        }
    }
}
