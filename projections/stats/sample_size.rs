//! How many consultations an answer needs: for a difference of a given size, or for limits of a given width.
//!
//! A comparison that found nothing is only as good as what it could have found, so "evidence insufficient" comes
//! with a number: about so many more in these cells. All numbers are counted with a design effect, held as it
//! is: more clinicians or organisations keep it, more consultations of the same ones raise it. These are plans
//! from assumed shares; the power of a difference already seen says nothing that its limits do not.
//!
//! Sources: Fleiss, Levin & Paik 2003, Statistical Methods for Rates and Proportions, section 4.2 (without
//! correction for continuity); Wilson 1927, JASA 22:209, for the width.

use super::estimate::critical;
use super::proportion::wilson_interval;
use super::special::normal;

/// A comparison of two shares as it is planned.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Plan {
    /// The share expected on the first arm.
    pub first: f64,
    /// The share expected on the second arm.
    pub second: f64,
    /// The probability with which such a difference is to be found; at least one half.
    pub power: f64,
    /// How many times more observations are needed because they are clustered; at least 1.
    pub deff: f64,
    /// The level of the two-sided interval that is to exclude zero.
    pub level: f64,
}

impl Plan {
    /// Consultations for each arm, before rounding up; nothing where the plan is none or the shares are equal.
    pub fn per_arm(&self) -> Option<f64> {
        let parts = self.parts()?;
        let root = parts.of_level * 2.0_f64.sqrt() + parts.of_power;
        let n = root * root / parts.square * self.deff;
        n.is_finite().then_some(n)
    }

    /// Consultations still needed on each of two arms that have `seen` so many.
    ///
    /// Both are filled up to one size, the smallest that reaches the power; an arm that has more needs none, and
    /// what it has beyond counts for the comparison. Nothing where there is no [`per_arm`](Self::per_arm).
    pub fn further(&self, seen: [u64; 2]) -> Option<[u64; 2]> {
        let most = ceil(self.per_arm()?)?;
        let parts = self.parts()?;
        let filled = |size: u64| seen.map(|n| n.max(size));
        let size = smallest(most, |size| parts.suffice(filled(size).map(|n| n as f64 / self.deff)));
        Some(seen.map(|n| size.saturating_sub(n)))
    }

    fn parts(&self) -> Option<Parts> {
        let share = |p: f64| (0.0..=1.0).contains(&p);
        let sound = share(self.first) && share(self.second) && self.deff >= 1.0 && self.deff.is_finite();
        let of_level = critical(self.level)?;
        if !(sound && self.power >= 0.5 && self.power < 1.0) || self.first == self.second {
            return None;
        }
        let (middle, away) = ((self.first + self.second) / 2.0, self.first - self.second);
        let spread = |p: f64| p * (1.0 - p);
        let power = normal::quantile(self.power);
        Some(Parts {
            of_level: of_level * spread(middle).sqrt(),
            of_power: power * (spread(self.first) + spread(self.second)).sqrt(),
            square: away * away,
            power,
            spreads: [spread(self.first), spread(self.second)],
        })
    }
}

/// What the requirement of a plan is made of.
struct Parts {
    /// The critical value times the standard deviation of a single observation without a difference.
    of_level: f64,
    /// The value of the power times the standard deviation of a pair of observations with it.
    of_power: f64,
    /// The square of the difference.
    square: f64,
    power: f64,
    spreads: [f64; 2],
}

impl Parts {
    /// Whether arms of this effective size find the difference with the power planned.
    fn suffice(&self, [n1, n2]: [f64; 2]) -> bool {
        let [first, second] = self.spreads;
        let same = self.of_level * (1.0 / n1 + 1.0 / n2).sqrt();
        let other = self.power * (first / n1 + second / n2).sqrt();
        same + other <= self.square.sqrt()
    }
}

/// The smallest number of consultations whose Wilson interval around a share `p` has at most this half-width.
///
/// Nothing where `p` is no share, the width not between 0 and 1/2, or `deff` below 1.
pub fn for_half_width(p: f64, half_width: f64, deff: f64, level: f64) -> Option<u64> {
    let critical = critical(level)?;
    let sound = (0.0..=1.0).contains(&p) && half_width > 0.0 && half_width < 0.5;
    if !(sound && deff >= 1.0 && deff.is_finite()) {
        return None;
    }
    let narrow = |n: u64| {
        let n = n as f64 / deff;
        wilson_interval(p * n, n, critical).is_some_and(|limits| limits.hi - limits.lo <= 2.0 * half_width)
    };
    // Enough for a share of one half by the normal interval, which is wider than Wilson's there.
    let enough = critical / half_width;
    let most = ceil(deff * enough * enough)?;
    Some(smallest(most, narrow))
}

/// The smallest number up to `most` for which `holds`, which must stay true once it is; `most` if there is none.
fn smallest(most: u64, holds: impl Fn(u64) -> bool) -> u64 {
    let (mut from, mut to) = (0, most);
    while from < to {
        let middle = from + (to - from) / 2;
        if holds(middle) { to = middle } else { from = middle + 1 }
    }
    from
}

/// The next whole number, where it is one that counts something.
fn ceil(x: f64) -> Option<u64> {
    (x >= 0.0 && x < i64::MAX as f64).then(|| x.ceil() as u64)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde::Deserialize;

    use super::*;
    use crate::stats::LEVEL_95;
    use crate::stats::checks::near;

    fn plan(first: f64, second: f64, power: f64) -> Plan {
        Plan { first, second, power, deff: 1.0, level: LEVEL_95 }
    }

    #[test]
    fn consultations_per_arm_agree_to_ten_digits() {
        near(plan(0.5, 0.75, 0.9).per_arm(), 76.70692845, 5.1e-10);
        near(plan(0.05, 0.08, 0.8).per_arm(), 1058.855111, 5.1e-10);
        near(plan(0.05, 0.03, 0.8).per_arm(), 1505.805435, 5.1e-10);
        near(Plan { deff: 1.5, ..plan(0.5, 0.75, 0.9) }.per_arm(), 1.5 * 76.70692845, 5.1e-10);
    }

    #[test]
    fn consultations_for_a_width_agree() {
        assert_eq!(for_half_width(0.05, 0.01, 1.0, LEVEL_95), Some(1838));
        assert_eq!(for_half_width(0.10, 0.02, 1.0, LEVEL_95), Some(868));
        assert_eq!(for_half_width(0.03, 0.005, 1.0, LEVEL_95), Some(4497));
        assert_eq!(for_half_width(0.10, 0.02, 2.0, LEVEL_95), Some(1735));
    }

    #[derive(Deserialize)]
    struct Fixture {
        plans: Vec<Planned>,
        widths: Vec<Width>,
    }

    #[derive(Deserialize)]
    struct Planned {
        first: f64,
        second: f64,
        power: f64,
        level: f64,
        per_arm: f64,
    }

    #[derive(Deserialize)]
    struct Width {
        p: f64,
        half_width: f64,
        level: f64,
        n: u64,
    }

    #[test]
    fn random_plans_agree() {
        let fixture: Fixture = serde_json::from_str(include_str!("fixtures/sample_size.json")).unwrap();
        assert!(fixture.plans.len() >= 30 && fixture.widths.len() >= 30);
        for case in fixture.plans {
            let plan = Plan { level: case.level, ..plan(case.first, case.second, case.power) };
            near(plan.per_arm(), case.per_arm, 1e-9);
        }
        for case in fixture.widths {
            assert_eq!(for_half_width(case.p, case.half_width, 1.0, case.level), Some(case.n));
        }
    }

    #[test]
    fn what_is_missing_is_filled_up() {
        let plan = plan(0.05, 0.08, 0.8);
        assert_eq!(plan.further([0, 0]), Some([1059, 1059]));
        assert_eq!(plan.further([200, 900]), Some([859, 159]));
        assert_eq!(plan.further([1059, 1059]), Some([0, 0]));
        assert_eq!(Plan { deff: 2.0, ..plan }.further([0, 0]), Some([2118, 2118]));
    }

    #[test]
    fn an_arm_with_more_than_enough_helps_the_other() {
        let needed = plan(0.05, 0.08, 0.8).further([0, 1_000_000]).unwrap();
        assert_eq!(needed[1], 0);
        assert!(needed[0] > 400 && needed[0] < 700, "{needed:?}");
    }

    #[test]
    fn what_is_no_plan_has_no_number() {
        let good = plan(0.05, 0.08, 0.8);
        for bad in [
            Plan { second: 0.05, ..good },
            Plan { first: -0.1, ..good },
            Plan { second: f64::NAN, ..good },
            Plan { power: 1.0, ..good },
            Plan { power: 0.4, ..good },
            Plan { deff: 0.5, ..good },
            Plan { deff: f64::INFINITY, ..good },
            Plan { level: 1.0, ..good },
        ] {
            assert_eq!((bad.per_arm(), bad.further([5, 5])), (None, None));
        }
        assert_eq!(plan(0.5, 0.5 + 1e-12, 0.8).further([5, 5]), None);
        for (p, half_width, deff) in [(1.5, 0.1, 1.0), (0.5, 0.0, 1.0), (0.5, 0.5, 1.0), (0.5, 0.1, f64::NAN)]
        {
            assert_eq!(for_half_width(p, half_width, deff, LEVEL_95), None);
        }
        assert_eq!(for_half_width(0.5, 1e-12, 1.0, LEVEL_95), None);
    }

    proptest! {
        #[test]
        fn a_narrower_interval_never_needs_fewer(
            p in 0.0..=1.0_f64, width in 0.001..0.4_f64, more in 0.0..0.09_f64,
        ) {
            let (narrow, wide) =
                (for_half_width(p, width, 1.0, LEVEL_95), for_half_width(p, width + more, 1.0, LEVEL_95));
            prop_assert!(narrow >= wide && wide.is_some());
            // The number found is enough, and one less is not.
            let half = |n: u64| {
                let n = n as f64;
                wilson_interval(p * n, n, critical(LEVEL_95).unwrap()).map(|limits| (limits.hi - limits.lo) / 2.0)
            };
            let n = narrow.unwrap();
            prop_assert!(half(n).unwrap() <= width * (1.0 + 1e-12));
            prop_assert!(n <= 1 || half(n - 1).unwrap() > width * (1.0 - 1e-12));
        }

        #[test]
        fn filling_up_never_asks_for_more_than_the_plan_and_never_for_less_than_nothing(
            first in 0.0..=1.0_f64, second in 0.0..=1.0_f64, seen in (0..5_000_u64, 0..5_000_u64),
            deff in 1.0..5.0_f64,
        ) {
            let plan = Plan { deff, ..plan(first, second, 0.8) };
            if let Some(per_arm) = plan.per_arm().filter(|n| *n < 1e15) {
                let [a, b] = plan.further([seen.0, seen.1]).unwrap();
                prop_assert!(a <= per_arm.ceil() as u64 && b <= per_arm.ceil() as u64);
                prop_assert!(a == 0 || b == 0 || seen.0 + a == seen.1 + b);
                let swapped = Plan { first: second, second: first, ..plan };
                prop_assert_eq!(swapped.further([seen.1, seen.0]), Some([b, a]));
            }
        }

        #[test]
        fn no_numbers_are_planned_with_a_number_that_is_none(
            numbers in prop::collection::vec(prop_oneof![any::<f64>(), 0.0..=1.0_f64], 4), deff in any::<f64>(),
            seen in any::<[u64; 2]>(),
        ) {
            let plan = Plan { first: numbers[0], second: numbers[1], power: numbers[2], deff, level: numbers[3] };
            prop_assert!(plan.per_arm().is_none_or(|n| n >= 0.0 && n.is_finite()));
            prop_assert!(plan.further(seen).is_none_or(|_| plan.per_arm().is_some()));
            for_half_width(numbers[0], numbers[1], deff, numbers[3]);
        }
    }
}
