//! Shapley shares: how much of what a model explains each factor accounts for.
//!
//! Factors overlap, so what one explains depends on which stand in the model already. The share of a factor is the
//! deviance it explains averaged over all orders in which factors could have been added, so that the shares sum to
//! what all of them explain. It describes association, not what changing a factor would do: that is
//! [`excess`](super::g_computation::excess).
//!
//! Sources: Shapley 1953; Lindeman, Merenda & Gold 1980 (LMG); Grömping 2007, Am Stat 61:139.

use super::design::Table;
use super::logistic::{Cell, explained};
use crate::stats::status::Reason;

/// More factors than this would need more than 64 fits.
pub const MOST_FACTORS: usize = 6;

/// The deviance that factors explain, shared out among them.
#[derive(Debug, Clone, PartialEq)]
pub struct Shares {
    /// The part of each factor, in their order.
    pub factors: Vec<f64>,
    /// What all factors explain together, which the parts sum to.
    pub explained: f64,
}

/// The deviance that each factor of an additive logistic model explains.
///
/// A level without events explains a finite deviance although its coefficient has no finite value, so that separation
/// is no obstacle here.
///
/// # Errors
///
/// [`Reason::InvalidParameter`] for more than [`MOST_FACTORS`] factors, [`Reason::NoEvents`] and
/// [`Reason::AllEvents`] where nothing varies, and the reasons for which the cells are no table.
pub fn shapley(cells: &[Cell]) -> Result<Shares, Reason> {
    let table = Table::of(cells)?;
    let count = table.factors;
    if count > MOST_FACTORS {
        return Err(Reason::InvalidParameter);
    }
    if table.x == 0 || table.x == table.n {
        return Err(if table.x == 0 { Reason::NoEvents } else { Reason::AllEvents });
    }
    let all = 1_usize << count;
    let mut worth: Vec<f64> = (0..all).map(|set| explained(&table.of_factors(&|f| holds(set, f)))).collect();
    // More factors explain at least what fewer of them do. A fit that stopped on its way to infinity says less
    // than it could, and the other one is the nearer.
    for set in 0..all {
        let fewer = (0..count).filter(|factor| holds(set, *factor)).map(|factor| worth[set ^ 1 << factor]);
        worth[set] = fewer.fold(worth[set], f64::max);
    }
    let value = |set: usize| worth.get(set).copied().unwrap_or(0.0);
    let share = |factor: usize| -> f64 {
        let without = (0..all).filter(|set| !holds(*set, factor));
        without
            .map(|set| orders(set.count_ones() as usize, count) * (value(set | 1 << factor) - value(set)))
            .sum()
    };
    Ok(Shares { factors: (0..count).map(share).collect(), explained: value(all - 1) })
}

/// The deviance that one factor explains alone.
pub fn shapley_value(cells: &[Cell], factor: usize) -> Option<f64> {
    shapley(cells).ok()?.factors.get(factor).copied()
}

fn holds(set: usize, factor: usize) -> bool {
    set >> factor & 1 == 1
}

/// The share of all orders in which exactly these `before` factors come before one of the others.
fn orders(before: usize, count: usize) -> f64 {
    let factorial = |n: usize| (1..=n).product::<usize>() as f64;
    factorial(before) * factorial(count - before - 1) / factorial(count)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stats::case_mix::examples::{SIMPSON, strata};
    use crate::stats::case_mix::logistic::cells_of;
    use crate::stats::checks::near;

    #[test]
    fn the_network_explains_what_the_platform_does_not() {
        let shares = shapley(&cells_of(&strata(&SIMPSON))).unwrap();
        near(shares.factors[0], 3.42374766, 5.1e-9);
        near(shares.factors[1], 82.82051169, 5.1e-10);
        near(shares.explained, 86.24425935, 5.1e-10);
        near(shapley_value(&cells_of(&strata(&SIMPSON)), 1), shares.factors[1], 0.0);
    }

    #[test]
    fn factors_that_repeat_each_other_share_evenly() {
        let cell = |levels: [u32; 3], n, x| Cell { levels: levels.to_vec(), n, x };
        let cells = [cell([0, 3, 0], 50, 5), cell([1, 4, 0], 50, 15), cell([0, 3, 1], 50, 7)];
        let shares = shapley(&cells).unwrap();
        near(shares.factors[0], shares.factors[1], 1e-12);
        near(shares.factors.iter().sum::<f64>(), shares.explained, 1e-12);
    }

    /// The fit of all three factors stopped where it began, further out than no factor at all, and said that
    /// they explain nothing together while two of them explain 743.
    #[test]
    fn factors_that_separate_explain_no_less_than_some_of_them() {
        let cell = |levels: [u32; 3], n, x| Cell { levels: levels.to_vec(), n, x };
        let cells = [
            cell([1, 2, 2], 37, 32),
            cell([2, 1, 2], 112, 3),
            cell([1, 2, 0], 4272, 0),
            cell([1, 0, 2], 221, 0),
            cell([2, 1, 0], 313, 285),
        ];
        let shares = shapley(&cells).unwrap();
        assert!(shares.explained > 1_000.0, "{shares:?}");
        assert!(shares.factors.iter().all(|share| *share >= 0.0), "{shares:?}");
    }

    #[test]
    fn the_orders_of_factors_are_all_counted() {
        for count in 1..=MOST_FACTORS {
            let sets = 0..1_usize << (count - 1);
            near(sets.map(|set| orders(set.count_ones() as usize, count)).sum::<f64>(), 1.0, 1e-14);
        }
    }

    #[test]
    fn a_level_without_events_has_a_share() {
        let cell = |levels: [u32; 2], n, x| Cell { levels: levels.to_vec(), n, x };
        let cells = [cell([0, 0], 50, 0), cell([1, 0], 50, 9), cell([0, 1], 50, 0), cell([1, 1], 50, 6)];
        let shares = shapley(&cells).unwrap();
        near(shares.factors.iter().sum::<f64>(), shares.explained, 1e-9);
        assert!(shares.factors[0] > 10.0 * shares.factors[1]);
    }

    #[test]
    fn too_many_factors_or_nothing_to_explain_is_refused() {
        let cell = |factors: usize, x| Cell { levels: vec![0; factors], n: 9, x };
        assert_eq!(shapley(&[cell(7, 2)]).err(), Some(Reason::InvalidParameter));
        assert_eq!(shapley(&[cell(2, 0)]).err(), Some(Reason::NoEvents));
        let none = shapley(&[cell(0, 2)]).unwrap();
        assert!(none.factors.is_empty() && none.explained == 0.0);
    }
}
