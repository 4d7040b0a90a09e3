//! p-values adjusted for how many were looked at.
//!
//! Holm's adjustment keeps the chance of even one false finding, and is for the primary endpoint over pairs of
//! platforms. Benjamini and Hochberg's keeps the expected share of false ones among the findings, and is for
//! exploring many organisations or services. A comparison without a p-value was not looked at and does not
//! count. They adjust p-values, not limits.
//!
//! Sources: Holm 1979, Scand J Stat 6:65; Benjamini & Hochberg 1995, JRSS B 57:289.

/// Holm's adjusted p-values, in the order given; nothing where there was none or it was no probability.
///
/// Holds under any dependence between the tests.
pub fn holm(p_values: &[Option<f64>]) -> Vec<Option<f64>> {
    let ranked = ranked(p_values);
    let mut largest = 0.0_f64;
    let adjusted = ranked.iter().enumerate().map(|(smaller, (place, p))| {
        largest = largest.max(p * (ranked.len() - smaller) as f64).min(1.0);
        (*place, largest)
    });
    in_place(p_values.len(), adjusted)
}

/// Benjamini and Hochberg's adjusted p-values, in the order given; nothing where there was none.
///
/// Assumes tests that are independent or positively dependent.
pub fn benjamini_hochberg(p_values: &[Option<f64>]) -> Vec<Option<f64>> {
    let ranked = ranked(p_values);
    let mut smallest = 1.0_f64;
    let adjusted = ranked.iter().enumerate().rev().map(|(smaller, (place, p))| {
        smallest = smallest.min(p * (ranked.len() as f64 / (smaller + 1) as f64));
        (*place, smallest)
    });
    in_place(p_values.len(), adjusted)
}

/// The probabilities with their places, smallest first.
fn ranked(p_values: &[Option<f64>]) -> Vec<(usize, f64)> {
    let there = |(place, p): (usize, &Option<f64>)| p.map(|p| (place, p));
    let mut ranked: Vec<(usize, f64)> = p_values.iter().enumerate().filter_map(there).collect();
    ranked.retain(|(_, p)| (0.0..=1.0).contains(p));
    ranked.sort_by(|(_, a), (_, b)| a.total_cmp(b));
    ranked
}

fn in_place(len: usize, adjusted: impl Iterator<Item = (usize, f64)>) -> Vec<Option<f64>> {
    let mut found = vec![None; len];
    for (place, p) in adjusted {
        if let Some(slot) = found.get_mut(place) {
            *slot = Some(p);
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde::Deserialize;

    use super::*;
    use crate::stats::checks::near;

    /// The 25 p-values of Benjamini and Hochberg's second example in McDonald's handbook.
    const DIET: [f64; 25] = [
        0.001, 0.008, 0.039, 0.041, 0.042, 0.06, 0.074, 0.205, 0.212, 0.216, 0.222, 0.251, 0.269, 0.275,
        0.34, 0.341, 0.384, 0.569, 0.594, 0.696, 0.762, 0.94, 0.942, 0.975, 0.986,
    ];

    fn some(p_values: &[f64]) -> Vec<Option<f64>> {
        p_values.iter().copied().map(Some).collect()
    }

    #[track_caller]
    fn check(found: &[Option<f64>], expected: &[f64]) {
        for (found, expected) in found.iter().zip(expected) {
            near(*found, *expected, 1e-14);
        }
    }

    #[test]
    fn five_p_values_agree() {
        let five = some(&[0.01, 0.02, 0.03, 0.04, 0.05]);
        check(&holm(&five), &[0.05, 0.08, 0.09, 0.09, 0.09]);
        check(&benjamini_hochberg(&five), &[0.05; 5]);
    }

    #[test]
    fn twenty_five_p_values_agree() {
        let found = (holm(&some(&DIET)), benjamini_hochberg(&some(&DIET)));
        check(&found.0, &[0.025, 0.192, 0.897, 0.902, 0.902, 1.0]);
        check(&found.1, &[0.025, 0.1, 0.21, 0.21, 0.21, 0.25]);
        assert_eq!((found.0.len(), found.0[24], found.1[24]), (25, Some(1.0), Some(0.986)));
    }

    #[derive(Deserialize)]
    struct Fixture {
        cases: Vec<Case>,
    }

    #[derive(Deserialize)]
    struct Case {
        p: Vec<f64>,
        holm: Vec<f64>,
        benjamini_hochberg: Vec<f64>,
    }

    #[test]
    fn random_p_values_agree() {
        let fixture: Fixture = serde_json::from_str(include_str!("fixtures/multiplicity.json")).unwrap();
        assert!(fixture.cases.len() >= 30);
        for case in fixture.cases {
            check(&holm(&some(&case.p)), &case.holm);
            check(&benjamini_hochberg(&some(&case.p)), &case.benjamini_hochberg);
        }
    }

    #[test]
    fn what_is_missing_or_no_probability_does_not_count() {
        let gaps = [Some(0.04), None, Some(f64::NAN), Some(0.01), Some(1.5), Some(-0.1)];
        assert_eq!(holm(&gaps), [Some(0.04), None, None, Some(0.02), None, None]);
        assert_eq!(benjamini_hochberg(&gaps), [Some(0.04), None, None, Some(0.02), None, None]);
        assert!(holm(&[]).is_empty() && benjamini_hochberg(&[None]) == [None]);
    }

    #[test]
    fn ties_are_adjusted_alike() {
        let tied = some(&[0.02, 0.01, 0.02, 0.01]);
        assert_eq!(holm(&tied), some(&[0.04, 0.04, 0.04, 0.04]));
        assert_eq!(benjamini_hochberg(&tied), some(&[0.02, 0.02, 0.02, 0.02]));
    }

    proptest! {
        #[test]
        fn holm_is_no_smaller_than_benjamini_hochberg_nor_that_than_the_raw_one(
            p_values in prop::collection::vec(prop::option::of(0.0..=1.0_f64), 0..30),
        ) {
            let found = holm(&p_values).into_iter().zip(benjamini_hochberg(&p_values));
            for (raw, (holm, hochberg)) in p_values.iter().zip(found) {
                prop_assert_eq!((raw.is_some(), raw.is_some()), (holm.is_some(), hochberg.is_some()));
                let slack = |x: Option<f64>| x.map(|x| x * (1.0 + 1e-15));
                prop_assert!(*raw <= slack(hochberg) && hochberg <= slack(holm) && holm <= Some(1.0));
            }
        }

        #[test]
        fn the_order_given_is_kept(p_values in prop::collection::vec(prop::option::of(0.0..=1.0_f64), 0..30)) {
            let backwards: Vec<_> = p_values.iter().rev().copied().collect();
            for adjust in [holm, benjamini_hochberg] {
                let mut found = adjust(&backwards);
                found.reverse();
                prop_assert_eq!(found, adjust(&p_values));
            }
        }
    }
}
