//! What a range gains on consultations that had no say in choosing it.
//!
//! Units are dealt into folds by turns. For every fold the model is fitted to all the others, and by it the range and
//! the best single platform are chosen; the shares of the fold itself then value both. What chose and what values are
//! different consultations of different units, so that chance cannot flatter the choice: where platforms are alike the
//! gain averages zero, on either side of it. It is less sure than what the model of all cells says, and stands beside
//! it as a check.
//!
//! Limits are those of the shares given the choices, by what each unit adds to them; a part of a stratum in which the
//! fold did not see both platforms has no say.
//!
//! Sources: Stone 1974, J R Stat Soc B 36:111, on choosing and assessing by different observations; Chernozhukov et
//! al. 2018, Econometrics J 21:C1, on doing so by turns.

use std::collections::BTreeMap;

use super::conclusion::{QUICK_CELLS, conclude_by};
use super::evidence::{Evidence, Sharing};
use super::joint::Cell;
use super::policy::Rule;
use crate::stats::special::student;

/// Folds.
const FOLDS: usize = 5;
/// Folds of evidence of more than [`QUICK_CELLS`] cells, whose fits take seconds.
const COARSE_FOLDS: usize = 2;
/// Draws of what shares may be: only expectations are chosen by.
const DRAWS: usize = 1_000;
/// Units of which nothing is held out.
const FEWEST_UNITS: usize = 10;

/// What a range gains where it had not been chosen.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct CrossFitted {
    /// How many folds.
    pub folds: usize,
    /// What the ranges gained over the single platforms chosen beside them, and its limits at the level of the rule.
    pub gain: [f64; 3],
    /// The share of consultations in parts of strata that had a say.
    pub covered: f64,
}

/// Values ranges by consultations that did not choose them; nothing where units are too few or unknown, or where some
/// fold has nothing to choose between.
#[must_use]
pub fn cross_fitted(evidence: &Evidence, rule: &Rule) -> Option<CrossFitted> {
    let mut units: Vec<u32> = evidence.cells.iter().map(|cell| cell.unit).collect();
    units.sort_unstable();
    units.dedup();
    if evidence.sharing != Sharing::Units || units.len() < FEWEST_UNITS {
        return None;
    }
    let folds = if evidence.cells.len() > QUICK_CELLS { COARSE_FOLDS } else { FOLDS };
    let fold_of = |cell: &Cell| units.binary_search(&cell.unit).map_or(0, |place| place % folds);
    let held: Vec<Held> = (0..folds)
        .map(|fold| {
            let (mine, others): (Vec<Cell>, Vec<Cell>) =
                evidence.cells.iter().partition(|cell| fold_of(cell) == fold);
            Held::of(evidence, &mine, Evidence { cells: others, ..evidence.clone() }, rule)
        })
        .collect::<Option<_>>()?;
    let all: u64 = held.iter().map(|one| one.n).sum();
    let weight = |one: &Held| one.n as f64 / all as f64;
    let gain: f64 = held.iter().map(|one| weight(one) * one.gain).sum();
    let squares: f64 = held.iter().map(|one| weight(one) * weight(one) * one.squares).sum();
    let count = units.len() as f64;
    let error = libm::sqrt(squares * count / (count - 1.0));
    let reach = student::upper_quantile((1.0 - rule.level) / 2.0, count - 1.0) * error;
    Some(CrossFitted {
        folds,
        gain: [gain, gain - reach, gain + reach],
        covered: held.iter().map(|one| weight(one) * one.covered).sum(),
    })
}

/// One fold, valued by what all others chose.
struct Held {
    /// Its consultations.
    n: u64,
    gain: f64,
    /// The sum of the squares of what its units add to the gain.
    squares: f64,
    covered: f64,
}

impl Held {
    fn of(evidence: &Evidence, mine: &[Cell], others: Evidence, rule: &Rule) -> Option<Self> {
        let decision = conclude_by(&others, rule, DRAWS).ok()?.decision;
        let single = decision.frontier.first().filter(|policy| policy.platforms.len() == 1)?;
        let (single, range) = (single.platforms[0], &decision.frontier[decision.range].uses);
        let weights = evidence.weights();
        let parts = evidence.mix().into_iter().zip(&evidence.parts).enumerate();
        let (mut parts_seen, mut covered) = (Vec::new(), 0.0);
        for (part, (mix, stratum)) in parts {
            let weight = mix * weights[*stratum];
            let pair = match range[*stratum] {
                Some(used) if used != single => [used, single].map(|platform| Side::of(mine, part, platform)),
                // Both policies use the same platform here, or none can be used: nothing is gained, whatever was seen.
                _ => {
                    covered += weight;
                    continue;
                }
            };
            if pair.iter().all(|side| side.n > 0) {
                covered += weight;
                parts_seen.push((weight, pair));
            }
        }
        if covered <= 0.0 {
            return None;
        }
        let mut by_unit: BTreeMap<u32, f64> = BTreeMap::new();
        let mut gain = 0.0;
        for (weight, pair) in &parts_seen {
            for (sign, side) in [1.0, -1.0].into_iter().zip(pair) {
                let scale = sign * weight / covered;
                gain += scale * side.share();
                for (unit, n, x) in &side.units {
                    let more = *x as f64 - side.share() * *n as f64;
                    *by_unit.entry(*unit).or_default() += scale * more / side.n as f64;
                }
            }
        }
        let squares = by_unit.values().map(|score| score * score).sum();
        Some(Self { n: mine.iter().map(|cell| cell.n).sum(), gain, squares, covered })
    }
}

/// What a fold saw of a platform in a part of a stratum.
struct Side {
    n: u64,
    x: u64,
    units: Vec<(u32, u64, u64)>,
}

impl Side {
    fn of(cells: &[Cell], part: usize, platform: usize) -> Self {
        let theirs =
            cells.iter().filter(|cell| (cell.stratum as usize, cell.platform as usize) == (part, platform));
        let units: Vec<(u32, u64, u64)> = theirs.map(|cell| (cell.unit, cell.n, cell.x)).collect();
        Self { n: units.iter().map(|(_, n, _)| n).sum(), x: units.iter().map(|(_, _, x)| x).sum(), units }
    }

    fn share(&self) -> f64 {
        self.x as f64 / self.n as f64
    }
}

#[cfg(test)]
mod tests {
    use super::super::evidence::Missing;
    use super::*;
    use crate::stats::checks::near;

    const RULE: Rule = Rule { delta: 0.01, price: 0.0, level: 0.95 };

    /// Numbers that look random, the same ones always.
    struct Dice(u64);

    impl Dice {
        fn share(&mut self) -> f64 {
            self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
            let mut z = self.0;
            z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
            z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
            ((z ^ (z >> 31)) >> 11) as f64 / (1_u64 << 53) as f64
        }
    }

    /// So many units with so many consultations in every cell of two strata and two platforms, drawn by these shares.
    fn drawn(units: u32, n: u64, shares: [[f64; 2]; 2], seed: u64) -> Evidence {
        let mut dice = Dice(seed);
        let mut cells = Vec::new();
        for unit in 0..units {
            for (stratum, shares) in (0..).zip(shares) {
                for (platform, share) in (0..).zip(shares) {
                    let x = (0..n).filter(|_| dice.share() < share).count() as u64;
                    cells.push(Cell { unit, stratum, platform, n, x });
                }
            }
        }
        Evidence {
            cells,
            strata: 2,
            parts: vec![0, 1],
            platforms: 2,
            allowed: vec![vec![true; 2]; 2],
            missing: vec![Missing::default(); 2],
            sharing: Sharing::Units,
        }
    }

    /// Of platforms that are alike one is chosen by luck, and luck does not last: over many draws nothing is gained,
    /// while what was seen where it was chosen promises something every time. 60 draws, and 240 with `EVENFIELD_CASES`
    /// of 4 or more.
    #[test]
    fn where_platforms_are_alike_nothing_is_gained_on_average() {
        let times =
            std::env::var("EVENFIELD_CASES").ok().and_then(|times| times.parse().ok()).unwrap_or(1_u64);
        let gains: Vec<f64> = (0..60 * times.clamp(1, 4))
            .map(|seed| cross_fitted(&drawn(12, 6, [[0.85; 2]; 2], seed * 1_000), &RULE).unwrap().gain[0])
            .collect();
        let count = gains.len() as f64;
        let mean = gains.iter().sum::<f64>() / count;
        let spread = gains.iter().map(|gain| (gain - mean).powi(2)).sum::<f64>() / (count - 1.0);
        let error = libm::sqrt(spread / count);
        assert!(mean.abs() < 3.0 * error, "{mean} ({error})");
        assert!(
            error < 0.005 && gains.iter().any(|gain| *gain < 0.0) && gains.iter().any(|gain| *gain > 0.0)
        );
    }

    #[test]
    fn what_a_range_truly_gains_is_found_by_those_who_did_not_choose_it() {
        let found = cross_fitted(&drawn(20, 60, [[0.9, 0.8], [0.7, 0.85]], 7), &RULE).unwrap();
        let [gain, lo, hi] = found.gain;
        assert!(lo < 0.05 && 0.05 < hi && lo > 0.0 && lo < gain, "{found:?}");
        assert_eq!(found.folds, FOLDS);
        near(found.covered, 1.0, 1e-12);
    }

    /// Shares without any chance: the gain is that of the shares, and there is nothing to be unsure of.
    #[test]
    fn of_units_that_are_all_alike_it_is_the_difference_of_the_shares() {
        let mut evidence = drawn(10, 20, [[0.5; 2]; 2], 1);
        for cell in &mut evidence.cells {
            cell.x = [[18, 16], [14, 17]][cell.stratum as usize][cell.platform as usize];
        }
        // Alone 0.9 and 0.7 make 0.8, or 0.8 and 0.85 make 0.825; both at their best make 0.875.
        let [gain, lo, hi] = cross_fitted(&evidence, &RULE).unwrap().gain;
        near(gain, 0.05, 1e-12);
        near(lo, gain, 1e-9);
        near(hi, gain, 1e-9);
    }

    #[test]
    fn without_units_nothing_is_held_out() {
        let evidence = drawn(12, 6, [[0.85; 2]; 2], 1);
        assert_eq!(cross_fitted(&Evidence { sharing: Sharing::Nothing, ..evidence.clone() }, &RULE), None);
        let few = evidence.cells.iter().filter(|cell| cell.unit < 9).copied().collect();
        assert_eq!(cross_fitted(&Evidence { cells: few, ..evidence }, &RULE), None);
    }
}
