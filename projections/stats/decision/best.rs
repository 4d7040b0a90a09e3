//! Which of several shares is the highest, how sure that is, and what it would be worth to know.
//!
//! For independent beliefs the chance that k is the highest is ∫ fₖ Π Fⱼ, and the expected highest share
//! 1 − ∫ Π Fₖ. Its distance from the mean of k is what choosing k is expected to lose, the *regret*; that of the
//! best choice is the expected value of perfect information.
//!
//! Source: Raiffa & Schlaifer 1961, Applied Statistical Decision Theory, chapter 4, for the value of information.

use std::f64::consts::FRAC_PI_2;

use super::belief::Belief;
use crate::stats::special::quadrature::Rule;
use crate::stats::status::Reason;

/// What is known of the highest of several shares.
#[derive(Debug, Clone, PartialEq)]
pub struct Best {
    /// The chance of each to be the highest; together one.
    pub probability: Vec<f64>,
    /// The expected highest share.
    pub expected_highest: f64,
    /// What choosing each is expected to lose against the highest.
    pub regret: Vec<f64>,
    /// What knowing the shares exactly would be worth: the least regret.
    pub perfect_information: f64,
}

/// Which of these independent beliefs is the highest.
///
/// # Errors
/// Says that there is nothing to choose from.
pub fn best(beliefs: &[Belief]) -> Result<Best, Reason> {
    if beliefs.is_empty() {
        return Err(Reason::NoData);
    }
    let mut sorted = beliefs.to_vec();
    sorted.sort_by(Belief::order);
    let rule = Rule::gauss_legendre();
    let breaks = breaks(&sorted);
    let at_most = |share: f64, but: Option<&Belief>| -> f64 {
        // One of those that are alike stands for the one that is left out.
        let left_out = but.and_then(|but| sorted.iter().position(|other| other == but));
        let others = sorted.iter().enumerate().filter(|(place, _)| Some(*place) != left_out);
        others.map(|(_, belief)| belief.below(share)).product()
    };
    let share = |angle: f64| libm::pow(libm::sin(angle), 2.0);
    let probability = |belief: &Belief| {
        rule.integrate(&breaks, |angle| belief.density_by_angle(angle) * at_most(share(angle), Some(belief)))
    };
    let probability: Vec<f64> = beliefs.iter().map(probability).collect();
    let lower = rule
        .integrate(&breaks, |angle| at_most(share(angle), None) * 2.0 * libm::sin(angle) * libm::cos(angle));
    let expected_highest = 1.0 - lower;
    let regret: Vec<f64> = beliefs.iter().map(|belief| (expected_highest - belief.mean()).max(0.0)).collect();
    let perfect_information = regret.iter().copied().fold(f64::INFINITY, f64::min);
    Ok(Best { probability, expected_highest, regret, perfect_information })
}

/// Where the panels of the integrals end.
fn breaks(beliefs: &[Belief]) -> Vec<f64> {
    let mut breaks: Vec<f64> = beliefs.iter().flat_map(Belief::angles).chain([0.0, FRAC_PI_2]).collect();
    breaks.sort_by(f64::total_cmp);
    breaks.dedup();
    breaks
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::stats::checks::near;

    fn beliefs(counts: &[(u32, u32)]) -> Vec<Belief> {
        counts.iter().map(|(x, n)| Belief::of(f64::from(*x), f64::from(*n)).unwrap()).collect()
    }

    #[test]
    fn three_platforms_agree_to_ten_digits() {
        let best = best(&beliefs(&[(182, 200), (171, 190), (95, 100)])).unwrap();
        for (found, expected) in
            best.probability.iter().zip([0.091_819_594_0, 0.045_033_676_6, 0.863_146_729_4])
        {
            near(*found, expected, 6e-11);
        }
        near(best.expected_highest, 0.947_874_501_9, 6e-11);
        // The highest less each mean; a print of the second that ends in 32 contradicts its own parts.
        for (found, expected) in best.regret.iter().zip([0.039_914_302_9, 0.049_968_742_8, 0.002_329_947_5]) {
            near(*found, expected, 6e-11);
        }
        near(best.perfect_information, 0.002_329_947_5, 6e-11);
    }

    /// Beta(10, 20) and Beta(14, 18), for which there is a sum without an integral (Miller 2015).
    #[test]
    fn two_arms_agree_with_the_closed_form() {
        let two = [Belief::of(9.5, 29.0).unwrap(), Belief::of(13.5, 31.0).unwrap()];
        near(best(&two).unwrap().probability[1], 0.804_621_812_3, 6e-11);
    }

    #[test]
    fn one_platform_is_the_best_and_none_is_nothing() {
        let one = best(&beliefs(&[(3, 10)])).unwrap();
        near(one.probability[0], 1.0, 1e-12);
        near(one.perfect_information, 0.0, 1e-12);
        assert_eq!(best(&[]), Err(Reason::NoData));
    }

    #[test]
    fn platforms_that_are_alike_share_the_chance() {
        let best = best(&beliefs(&[(90, 100), (90, 100), (90, 100)])).unwrap();
        best.probability.iter().for_each(|found| near(*found, 1.0 / 3.0, 1e-12));
        assert!(best.perfect_information > 0.01, "who is ahead by chance is not known to be");
    }

    proptest! {
        #[test]
        fn chances_sum_to_one_and_the_highest_is_no_less_than_any(
            counts in prop::collection::vec((0_u32..=200_000).prop_flat_map(|n| (0..=n, Just(n))), 1..7),
        ) {
            let beliefs = beliefs(&counts);
            let found = best(&beliefs).unwrap();
            let sum: f64 = found.probability.iter().sum();
            prop_assert!((sum - 1.0).abs() < 1e-9, "{sum} {found:?}");
            for belief in &beliefs {
                prop_assert!(found.expected_highest >= belief.mean() - 1e-10);
            }
            let back: Vec<Belief> = beliefs.iter().rev().copied().collect();
            let back = best(&back).unwrap();
            prop_assert_eq!(found.expected_highest, back.expected_highest);
            prop_assert!(found.probability.iter().eq(back.probability.iter().rev()));
        }
    }
}
