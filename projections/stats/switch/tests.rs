//! The effect of a switch, on panels small enough to work out by hand and on the fits of another program.

use super::*;
use crate::stats::LEVEL_95;
use crate::stats::checks::near;
use crate::stats::laws::{counts, sound};
use proptest::prelude::*;

/// Cells of 100 observations each: for each unit its events by period, and the first period on the new platform.
fn panel(units: &[(&[u64], i64)]) -> Vec<Cell> {
    let unit = |(unit, (events, start)): (u64, &(&[u64], i64))| -> Vec<Cell> {
        let platform = |period: i64| if period >= *start { Platform::New } else { Platform::Old };
        let cell =
            |(period, x): (i64, &u64)| Cell { unit, period, platform: platform(period), n: 100, x: *x };
        (0..).zip(*events).map(cell).collect()
    };
    (0..).zip(units).flat_map(unit).collect()
}

const NEVER: i64 = i64::MAX;

/// Two units that switched and two that stayed, over four periods.
fn four() -> Vec<Cell> {
    panel(&[
        (&[20, 22, 12, 14], 2),
        (&[30, 28, 24, 22], 2),
        (&[18, 20, 21, 21], NEVER),
        (&[25, 27, 24, 28], NEVER),
    ])
}

fn of(cells: &[Cell]) -> Switch {
    effect(cells, LEVEL_95).unwrap()
}

#[test]
fn the_difference_is_that_of_the_differences_over_units() {
    // Changes of −8 and −6 points where units switched, of +2 and 0 where they stayed.
    let Switch { design, difference, switched, stayed, left_out, .. } = of(&four());
    near(difference.value, -0.07 - 0.01, 1e-14);
    // Each unit contributes half of its side's mean: residuals of ±0.01, and a factor of 4/3.
    let variance = 4.0 / 3.0 * 4.0 * 0.005 * 0.005;
    near(difference.se, f64::sqrt(variance), 1e-14);
    near(difference.lo, -0.08 - 12.706204736174694 * f64::sqrt(variance), 1e-12);
    assert_eq!((design, switched, stayed, left_out), (Design::ConcurrentControl, 2, 2, 0));
    assert_eq!((difference.df, difference.clusters, difference.n), (Some(1.0), Some(4), 1600.0));
    assert_eq!((difference.method, difference.flags), (DIFFERENCE_IN_DIFFERENCES, vec![Flag::FewClusters]));
}

#[test]
fn each_period_is_compared_with_the_last_before_the_switch() {
    let Switch { by_period, pre_trend, .. } = of(&four());
    let values: Vec<_> = by_period.iter().map(|relative| relative.since).collect();
    assert_eq!(values, [-2, 0, 1]);
    near(by_period[0].difference.value, 0.0 - -0.02, 1e-14);
    near(by_period[1].difference.value, (-0.10 - 0.04) / 2.0 - (0.01 - 0.03) / 2.0, 1e-14);
    near(by_period[2].difference.value, (-0.08 - 0.06) / 2.0 - (0.01 + 0.01) / 2.0, 1e-14);
    // With two periods before it, the trend is the difference between them.
    near(pre_trend.value, -0.02, 1e-14);
}

#[test]
fn two_units_and_two_periods_have_the_odds_ratio_of_the_table() {
    let Switch { odds_ratio, difference, .. } = of(&panel(&[(&[40, 20], 1), (&[30, 25], NEVER)]));
    near(odds_ratio.value, (20.0 / 80.0) / (40.0 / 60.0) / ((25.0 / 75.0) / (30.0 / 70.0)), 1e-12);
    near(difference.value, -0.15, 1e-14);
    // One unit on either side: there is no telling how another would have changed.
    for estimate in [odds_ratio, difference] {
        assert_eq!((estimate.status, estimate.hi), (Status::NotEstimable(Reason::OneCluster), None));
    }
}

#[test]
fn without_a_unit_that_stayed_it_is_before_and_after_and_says_so() {
    let alone = of(&four()[..8]);
    assert_eq!((alone.design, alone.stayed), (Design::BeforeAfter, 0));
    near(alone.difference.value, -0.07, 1e-14);
    for estimate in [&alone.difference, &alone.odds_ratio, &alone.pre_trend, &alone.by_period[0].difference] {
        assert!(estimate.flags.contains(&Flag::NoConcurrentControl));
    }
    assert!(!of(&four()).difference.flags.contains(&Flag::NoConcurrentControl));
}

#[test]
fn a_unit_that_was_never_seen_before_is_no_control() {
    let mut cells = four();
    let seen = of(&cells);
    cells.extend(panel(&[(&[9, 9, 9, 9], 0)]).iter().map(|cell| Cell { unit: 9, ..*cell }));
    let with = of(&cells);
    assert_eq!((with.left_out, with.difference), (1, seen.difference));
}

#[test]
fn a_unit_that_switched_earlier_is_no_control_for_one_that_did_later() {
    // The effect grows by ten points a period: compared with the early unit, the late one would seem to get worse.
    let growing = panel(&[
        (&[50, 40, 30, 20], 1),
        (&[50, 40, 30, 20], 1),
        (&[50, 50, 50, 40], 3),
        (&[50, 50, 50, 40], 3),
        (&[50, 50, 50, 50], NEVER),
        (&[50, 50, 50, 50], NEVER),
    ]);
    let Switch { difference, by_period, .. } = of(&growing);
    assert!(difference.value.unwrap() < -0.1, "{difference:?}");
    let at = |since: i64| by_period.iter().find(|relative| relative.since == since).unwrap().difference.value;
    near(at(0), -0.1, 1e-14);
    near(at(2), -0.3, 1e-14);
    near(at(-2), 0.0, 1e-14);
}

#[test]
fn units_that_switch_later_are_controls_until_then() {
    let waiting = panel(&[(&[30, 20, 20], 1), (&[30, 22, 20], 1), (&[30, 31, 9], 2), (&[30, 30, 9], 2)]);
    let Switch { design, switched, stayed, left_out, difference, .. } = of(&waiting);
    assert_eq!((design, switched, stayed, left_out), (Design::ConcurrentControl, 2, 2, 2));
    near(difference.value, -0.09 - 0.005, 1e-14);
}

#[test]
fn the_order_of_cells_and_how_they_are_split_do_not_show() {
    let mut cells = four();
    cells.reverse();
    let Cell { unit, period, platform, .. } = cells[3];
    cells[3].n -= 30;
    cells[3].x -= 5;
    cells.push(Cell { unit, period, platform, n: 30, x: 5 });
    cells.push(Cell { unit, period: 77, platform, n: 0, x: 0 });
    assert_eq!(of(&cells), of(&four()));
}

#[test]
fn what_a_unit_still_held_on_the_old_platform_is_left_out() {
    let mut cells = four();
    cells.push(Cell { unit: 0, period: 2, platform: Platform::Old, n: 50, x: 50 });
    cells.push(Cell { unit: 1, period: 9, platform: Platform::Old, n: 50, x: 50 });
    assert_eq!(of(&cells), of(&four()));
}

#[test]
fn units_that_all_change_alike_leave_no_certainty() {
    let alike = of(&panel(&[(&[30, 20], 1), (&[40, 30], 1), (&[30, 30], NEVER), (&[20, 20], NEVER)]));
    near(alike.difference.value, -0.1, 1e-14);
    assert_eq!(alike.difference.status, Status::NotEstimable(Reason::NoVariation));
}

#[test]
fn an_odds_ratio_without_bound_is_none() {
    let ends = of(&panel(&[(&[30, 0], 1), (&[40, 0], 1), (&[30, 33], NEVER), (&[20, 21], NEVER)]));
    assert_eq!(ends.odds_ratio.status, Status::NotEstimable(Reason::Extreme));
    assert!(ends.difference.interval().is_some());
}

#[test]
fn without_a_switch_there_is_no_effect() {
    let why = |cells: &[Cell]| effect(cells, LEVEL_95).unwrap_err();
    assert_eq!(why(&[]), Reason::NoData);
    assert_eq!(why(&panel(&[(&[1, 2], NEVER), (&[1, 2], 0)])), Reason::NoData);
    let mut cells = four();
    cells[0].x = 101;
    assert_eq!(why(&cells), Reason::InconsistentCounts);
    assert_eq!(effect(&four(), 1.0).unwrap_err(), Reason::InvalidParameter);
}

/// An estimate, its error, whether there is a control, and the units on either side, as another program has them.
#[track_caller]
fn agrees(estimate: &Estimate, expected: &serde_json::Value, onto: fn(f64) -> f64, tolerance: f64) {
    let number = |at: usize| expected[at].as_f64();
    let controlled = number(2) == Some(1.0);
    assert_eq!(estimate.flags.contains(&Flag::NoConcurrentControl), !controlled, "{estimate:?} {expected}");
    let Some(value) = number(0) else { return };
    near(estimate.value, onto(value), tolerance);
    let fewest = if controlled { number(3).unwrap().min(number(4).unwrap()) } else { number(3).unwrap() };
    match estimate.se {
        Some(se) => near(se, number(1).unwrap(), tolerance),
        None => assert!(fewest < 2.0, "{estimate:?} {expected}"),
    }
    assert!(estimate.df.is_none_or(|df| df == fewest - 1.0), "{estimate:?} {expected}");
}

#[test]
fn random_panels_agree_with_fits_that_have_a_dummy_for_everything() {
    let fixture: serde_json::Value = serde_json::from_str(include_str!("../fixtures/switch.json")).unwrap();
    let cases = fixture["cases"].as_array().unwrap();
    assert!(cases.len() >= 30);
    for case in cases {
        let cells: Vec<(u64, i64, u8, u64, u64)> = serde_json::from_value(case["cells"].clone()).unwrap();
        let platform = |new: u8| if new == 1 { Platform::New } else { Platform::Old };
        let cell = |(unit, period, new, n, x): (u64, i64, u8, u64, u64)| Cell {
            unit,
            period,
            platform: platform(new),
            n,
            x,
        };
        let found = of(&cells.into_iter().map(cell).collect::<Vec<_>>());
        agrees(&found.difference, &case["share"], |x| x, 1e-10);
        agrees(&found.odds_ratio, &case["logit"], libm::exp, 1e-7);
        agrees(&found.pre_trend, &case["pre_trend"], |x| x, 1e-10);
        let expected = case["by_period"].as_array().unwrap();
        assert_eq!(expected.len(), found.by_period.len());
        for (relative, expected) in found.by_period.iter().zip(expected) {
            assert_eq!(Some(relative.since), expected[0].as_i64());
            let rest = serde_json::Value::from(expected.as_array().unwrap()[1..].to_vec());
            agrees(&relative.difference, &rest, |x| x, 1e-10);
        }
    }
}

fn cells(counts: impl Strategy<Value = (u64, u64)>) -> impl Strategy<Value = Vec<Cell>> {
    let platform = prop_oneof![Just(Platform::Old), Just(Platform::New)];
    let cell = (0..6_u64, -3..4_i64, platform, counts);
    let cell = cell.prop_map(|(unit, period, platform, (x, n))| Cell { unit, period, platform, n, x });
    prop::collection::vec(cell, 0..30)
}

/// Counts as organisations have them: against billions, a handful is lost in rounding.
fn usual_counts() -> impl Strategy<Value = (u64, u64)> {
    (1..5_000_u64).prop_flat_map(|n| (0..=n, Just(n)))
}

proptest! {
    #[test]
    fn any_panel_has_sound_effects_whatever_the_order(cells in cells(counts())) {
        let found = effect(&cells, LEVEL_95);
        let reversed: Vec<Cell> = cells.iter().rev().copied().collect();
        prop_assert_eq!(&found, &effect(&reversed, LEVEL_95));
        let Ok(Switch { difference, odds_ratio, pre_trend, by_period, .. }) = found else { return Ok(()) };
        let by_period = by_period.iter().map(|relative| &relative.difference);
        for estimate in by_period.chain([&difference, &odds_ratio, &pre_trend]) {
            sound(estimate)?;
        }
    }

    #[test]
    fn counting_the_other_outcome_turns_the_effect_around(cells in cells(usual_counts())) {
        let others: Vec<Cell> = cells.iter().map(|cell| Cell { x: cell.n - cell.x, ..*cell }).collect();
        if let (Ok(ahead), Ok(back)) = (effect(&cells, LEVEL_95), effect(&others, LEVEL_95)) {
            let sums = ahead.difference.value.zip(back.difference.value);
            prop_assert!(sums.is_none_or(|(a, b)| (a + b).abs() < 1e-9), "{ahead:?} {back:?}");
        }
    }
}
