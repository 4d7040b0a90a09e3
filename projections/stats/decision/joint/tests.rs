//! The model on small tables whose answer is known, and on tables that were planted.

use proptest::prelude::*;

use super::*;
use crate::stats::checks::near;

fn cell(unit: u32, stratum: u32, platform: u32, n: u64, x: u64) -> Cell {
    Cell { unit, stratum, platform, n, x }
}

/// Eight units, two strata, two platforms; units 0 to 5 have both.
fn table() -> Vec<Cell> {
    let counts: [(u32, u32, u32, u64, u64); 28] = [
        (0, 0, 0, 40, 33),
        (0, 0, 1, 35, 32),
        (0, 1, 0, 30, 22),
        (0, 1, 1, 25, 21),
        (1, 0, 0, 50, 45),
        (1, 0, 1, 45, 40),
        (1, 1, 0, 20, 18),
        (1, 1, 1, 30, 24),
        (2, 0, 0, 25, 18),
        (2, 0, 1, 30, 25),
        (2, 1, 0, 35, 24),
        (2, 1, 1, 40, 30),
        (3, 0, 0, 60, 51),
        (3, 0, 1, 20, 18),
        (3, 1, 0, 15, 12),
        (3, 1, 1, 50, 45),
        (4, 0, 0, 30, 28),
        (4, 0, 1, 30, 29),
        (4, 1, 0, 45, 40),
        (4, 1, 1, 20, 19),
        (5, 0, 0, 20, 15),
        (5, 0, 1, 40, 33),
        (5, 1, 0, 25, 15),
        (5, 1, 1, 35, 24),
        (6, 0, 0, 55, 47),
        (6, 1, 0, 30, 23),
        (7, 0, 1, 45, 41),
        (7, 1, 1, 25, 20),
    ];
    counts.iter().map(|&(unit, stratum, platform, n, x)| cell(unit, stratum, platform, n, x)).collect()
}

#[test]
fn without_units_and_with_free_effects_the_shares_are_those_of_the_counts() {
    let cells = [
        cell(0, 0, 0, 5_000, 4_500),
        cell(0, 0, 1, 4_000, 3_200),
        cell(0, 1, 0, 3_000, 2_100),
        cell(0, 1, 1, 2_000, 1_900),
    ];
    let draws = fit(&cells, 2, 2).unwrap().draws(2_000);
    for cell in &cells {
        let mean = draws.mean(cell.stratum as usize, cell.platform as usize);
        near(mean, cell.x as f64 / cell.n as f64, 0.01);
    }
}

#[test]
fn thin_cells_are_drawn_towards_what_the_platform_is_elsewhere() {
    // Platform 1 is the better one everywhere; in the last stratum it was seen five times and failed twice.
    let mut cells: Vec<Cell> =
        (0..5).flat_map(|s| [cell(0, s, 0, 400, 320), cell(0, s, 1, 400, 360)]).collect();
    cells.extend([cell(0, 5, 0, 400, 320), cell(0, 5, 1, 5, 3)]);
    let draws = fit(&cells, 6, 2).unwrap().draws(2_000);
    let thin = draws.mean(5, 1);
    assert!(thin > 0.8, "{thin}: five consultations do not outweigh two thousand");
    assert!(thin < 0.9, "{thin}");
}

#[test]
fn where_each_unit_has_one_platform_it_is_said_and_less_is_certain() {
    let apart: Vec<Cell> = (0..8).map(|unit| cell(unit, 0, unit % 2, 200, 160 + u64::from(unit))).collect();
    let both: Vec<Cell> = (0..8)
        .flat_map(|unit| (0..2).map(move |platform| cell(unit, 0, platform, 100, 80 + u64::from(unit) / 2)))
        .collect();
    let width = |cells: &[Cell]| {
        let joint = fit(cells, 1, 2).unwrap();
        let draws = joint.draws(2_000);
        let differences: Vec<f64> =
            (0..draws.count()).map(|d| draws.share(d, 0, 1) - draws.share(d, 0, 0)).collect();
        let mean = differences.iter().sum::<f64>() / differences.len() as f64;
        let square: f64 = differences.iter().map(|d| (d - mean) * (d - mean)).sum();
        (joint.confounded, (square / differences.len() as f64).sqrt())
    };
    let ((apart, wide), (both, narrow)) = (width(&apart), width(&both));
    assert!(apart && !both);
    assert!(wide > narrow, "{wide} {narrow}");
}

#[test]
fn what_cannot_be_fitted_says_why() {
    assert!(matches!(fit(&[], 1, 1), Err(Reason::NoData)));
    assert!(matches!(fit(&[cell(0, 0, 0, 2, 3)], 1, 1), Err(Reason::InconsistentCounts)));
    assert!(matches!(fit(&[cell(0, 1, 0, 2, 1)], 1, 1), Err(Reason::InvalidParameter)));
    assert!(matches!(fit(&[cell(0, 0, 0, 2, 1)], 40, 15), Err(Reason::TooLarge)));
}

#[test]
fn the_mode_agrees_with_a_fit_of_another_program() {
    let spread = Spread { platform: 0.3, interaction: 0.1, unit: 0.3, unit_platform: 0.1 };
    let layout = Layout::new(merged(&table()).unwrap(), 2, 2);
    let mode = Mode::find(&layout, &spread, None).unwrap();
    for (found, expected) in mode.coefficients.iter().zip(MODE) {
        near(*found, expected, 1e-9);
    }
    near(mode.log_marginal, LOG_MARGINAL, 1e-12);
    let covariance = mode.factor.inverse();
    near(covariance.at(0, 0).sqrt(), DEVIATIONS[0], 1e-9);
    near(covariance.at(3, 3).sqrt(), DEVIATIONS[1], 1e-9);
    near(covariance.at(3, 7), COVARIANCE, 1e-9);
}

/// By Newton's method on dense matrices in R 4.2.2; with free strata it agrees with lme4 1.1-31 (`glmer` at the same
/// standard deviations, `nAGQ = 0`) to eight digits.
const MODE: [f64; 8] = [
    1.896_795_530_173,
    1.374_170_277_468,
    -0.150_669_263_442,
    0.153_613_132_669,
    -0.016_720_584_989,
    -0.000_020_444_282,
    0.016_910_264_542,
    0.000_157_861_310,
];
const LOG_MARGINAL: f64 = -425.770_433_404_396;
/// The standard deviations of the first and the fourth coefficient, and the covariance of the fourth and the last.
const DEVIATIONS: [f64; 2] = [0.281_364_347_315, 0.233_152_627_991];
const COVARIANCE: f64 = -0.002_116_466_595;

proptest! {
    #![proptest_config(ProptestConfig::with_cases(12))]

    #[test]
    fn the_order_of_cells_and_how_they_are_split_do_not_show(
        counts in prop::collection::vec((0_u32..4, 0_u32..2, 0_u32..2, 1_u64..200, 0.0..1.0_f64), 1..20),
        at in any::<prop::sample::Index>(),
    ) {
        let cells: Vec<Cell> = counts
            .iter()
            .map(|&(unit, stratum, platform, n, share)| cell(unit, stratum, platform, n, (n as f64 * share) as u64))
            .collect();
        let mut other: Vec<Cell> = cells.iter().rev().copied().collect();
        let split = at.index(other.len());
        let Cell { n, x, .. } = other[split];
        let part = Cell { n: n / 2, x: (x / 2).min(n / 2), ..other[split] };
        other[split] = Cell { n: n - part.n, x: x - part.x, ..part };
        prop_assume!(other[split].x <= other[split].n);
        other.push(part);
        let [one, other] = [&cells, &other].map(|cells| fit(cells, 2, 2).map(|joint| joint.draws(50)).ok());
        prop_assert_eq!(one, other);
    }
}

/// Tables of six strata in which both platforms are truly alike, with eight units of their own luck.
fn alike(seed: u64) -> Vec<Cell> {
    let mut state = seed;
    let mut uniform = move || {
        state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let z = (state ^ state >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let z = (z ^ z >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((z ^ z >> 31) >> 11) as f64 / (1_u64 << 53) as f64
    };
    let mut cells = Vec::new();
    for unit in 0..8 {
        let luck = (uniform() - 0.5) * 0.8;
        for stratum in 0..6 {
            let share = mode::logistic(1.8 + luck + 0.2 * f64::from(stratum));
            for platform in 0..2 {
                let x = (0..12).filter(|_| uniform() < share).count() as u64;
                cells.push(cell(unit, stratum, platform, 12, x));
            }
        }
    }
    cells
}

/// Who picks the better of two in six strata by what was seen seems to gain 9 in 1,000 where there is nothing.
#[test]
fn of_platforms_that_are_alike_a_range_promises_next_to_nothing() {
    let (mut promised, mut seen, seeds) = (0.0, 0.0, 40);
    for seed in 0..seeds {
        let cells = alike(seed);
        let draws = fit(&cells, 6, 2).unwrap().draws(500);
        let share = |stratum: u32, platform: u32| {
            let theirs = cells.iter().filter(|cell| (cell.stratum, cell.platform) == (stratum, platform));
            let [n, x] = theirs.fold([0, 0], |[n, x], cell| [n + cell.n, x + cell.x]);
            x as f64 / n as f64
        };
        let gain = |of: &dyn Fn(u32, u32) -> f64| {
            let total = |platform: u32| (0..6).map(|stratum| of(stratum, platform)).sum::<f64>();
            let best = (0..6).map(|stratum| of(stratum, 0).max(of(stratum, 1))).sum::<f64>();
            (best - total(0).max(total(1))) / 6.0
        };
        promised += gain(&|stratum, platform| draws.mean(stratum as usize, platform as usize))
            / f64::from(seeds as u32);
        seen += gain(&share) / f64::from(seeds as u32);
    }
    assert!(promised < 0.001 && seen > 0.008, "{promised} {seen}");
}
