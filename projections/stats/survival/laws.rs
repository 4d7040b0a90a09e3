//! Laws that time to an event keeps for any input, tried on random ones.
//!
//! They need no reference value: shares add up to one and times to the slot, without censoring a curve ends in the
//! plain share, the order of groups and the unit of time cannot be seen, and nothing is ever NaN or infinite.

use proptest::prelude::*;

use super::recurrent::{self, Unit};
use super::values::values;
use super::*;
use crate::stats::test_statistic::Test;
use crate::stats::{Estimate, LEVEL_95, LEVEL_998};

type Cells = Vec<(u64, End, u64)>;

/// Two causes, and with them being censored.
const CAUSES: usize = 2;
const ALL_ENDS: usize = 3;

/// Exits with the first so many ends, with many ties, few units and many.
fn cells(ends: usize) -> impl Strategy<Value = Cells> {
    let end = (0..ends).prop_map(|end| if end == 2 { End::Censored } else { End::Cause(end) });
    let count = prop_oneof![1..4_u64, 1..100_000_u64];
    let at_ms = prop_oneof![0..12_u64, 0..20_000_000_u64];
    prop::collection::vec((at_ms, end, count), 1..25)
}

fn exits(cells: &Cells) -> Exits {
    Exits::new(2, cells.iter().copied()).unwrap()
}

fn groups() -> impl Strategy<Value = Vec<Exits>> {
    let group = cells(ALL_ENDS).prop_map(|cells| exits(&cells));
    prop::collection::vec(group, 2..5)
}

/// Ends, whether by a cause, and events before.
fn units() -> impl Strategy<Value = Vec<(u64, bool, Vec<u64>)>> {
    let unit = (0..30_u64, any::<bool>(), prop::collection::vec(0..30_u64, 0..5));
    let unit = unit.prop_map(|(end_ms, by_cause, mut events)| {
        events.retain(|at_ms| *at_ms <= end_ms);
        events.sort_unstable();
        (end_ms, by_cause, events)
    });
    prop::collection::vec(unit, 1..20)
}

fn of(units: &[(u64, bool, Vec<u64>)]) -> Vec<Unit<'_>> {
    units
        .iter()
        .map(|(end_ms, by_cause, events_ms)| Unit {
            end_ms: *end_ms,
            end: if *by_cause { End::Cause(0) } else { End::Censored },
            events_ms,
        })
        .collect()
}

/// Every number is finite, the value lies between its limits, and what is absent has a reason.
fn sound(estimate: &Estimate) -> Result<(), TestCaseError> {
    let numbers = [estimate.value, estimate.lo, estimate.hi, estimate.se, estimate.events];
    prop_assert!(numbers.iter().flatten().all(|x| x.is_finite()), "{estimate:?}");
    if let Some(value) = estimate.value {
        prop_assert!(estimate.lo.is_none_or(|lo| lo <= value), "{estimate:?}");
        prop_assert!(estimate.hi.is_none_or(|hi| hi >= value), "{estimate:?}");
    }
    prop_assert!(estimate.interval().is_some() || estimate.status.reason().is_some(), "{estimate:?}");
    Ok(())
}

/// The limits of `wide` are nowhere inside those of `narrow`; rounding is allowed for.
fn encloses(wide: &Estimate, narrow: &Estimate) -> Result<(), TestCaseError> {
    let slack = 1e-12 * narrow.value.map_or(1.0, |x| x.abs().max(1.0));
    prop_assert!(wide.lo.zip(narrow.lo).is_none_or(|(a, b)| a <= b + slack), "{wide:?} {narrow:?}");
    prop_assert!(wide.hi.zip(narrow.hi).is_none_or(|(a, b)| a >= b - slack), "{wide:?} {narrow:?}");
    Ok(())
}

fn close(a: f64, b: f64, tolerance: f64) -> Result<(), TestCaseError> {
    prop_assert!((a - b).abs() <= tolerance * a.abs().max(b.abs()).max(1.0), "{a} is not {b}");
    Ok(())
}

fn alike(ahead: Result<Test, Reason>, back: Result<Test, Reason>) -> Result<(), TestCaseError> {
    match (ahead, back) {
        (Ok(ahead), Ok(back)) => {
            prop_assert!((0.0..=1.0).contains(&ahead.p));
            prop_assert_eq!(ahead.df, back.df);
            close(ahead.statistic, back.statistic, 1e-6)
        }
        (ahead, back) => {
            prop_assert_eq!(ahead.err(), back.err());
            Ok(())
        }
    }
}

/// Every estimate at one horizon.
fn all(exits: &Exits, at_ms: u64, level: f64) -> Vec<Estimate> {
    let mut found = vec![
        kaplan_meier::survival(exits, at_ms, level),
        kaplan_meier::restricted_mean(exits, at_ms, level),
        kaplan_meier::quantile(exits, 0.3, level),
    ];
    for cause in [0, 1] {
        found.push(aalen_johansen::incidence(exits, cause, at_ms, level));
        found.push(aalen_johansen::quantile(exits, cause, 0.3, level));
        found.push(lost_time::restricted(exits, cause, at_ms, level));
    }
    found
}

proptest! {
    #[test]
    fn estimates_are_sound_and_widen_with_their_level(cells in cells(ALL_ENDS), at_ms in prop_oneof![0..15_u64, 0..20_000_000_u64]) {
        let exits = exits(&cells);
        for (usual, wide) in all(&exits, at_ms, LEVEL_95).iter().zip(all(&exits, at_ms, LEVEL_998)) {
            sound(usual)?;
            encloses(&wide, usual)?;
        }
    }

    #[test]
    fn shares_add_up_to_one_and_times_to_the_slot(cells in cells(ALL_ENDS), tau_ms in prop_oneof![0..15_u64, 0..20_000_000_u64]) {
        if let Ok(found) = values(&exits(&cells), tau_ms) {
            close(found.survival + found.incidence.iter().sum::<f64>(), 1.0, 1e-13)?;
            close(found.restricted_mean_ms + found.lost_ms.iter().sum::<f64>(), tau_ms as f64, 1e-13)?;
        }
    }

    #[test]
    fn without_censoring_a_curve_ends_in_the_plain_share(cells in cells(CAUSES), at_ms in 0..15_u64) {
        let exits = exits(&cells);
        let n = exits.n() as f64;
        let gone = |wanted: &dyn Fn(u64, End) -> bool| {
            cells.iter().filter(|(at, end, _)| wanted(*at, *end)).map(|cell| cell.2).sum::<u64>() as f64 / n
        };
        for cause in [0, 1] {
            let share = gone(&|_, end| end == End::Cause(cause));
            let estimate = aalen_johansen::incidence(&exits, cause, 30_000_000, LEVEL_95);
            close(estimate.value.unwrap(), share, 1e-13)?;
            if let Some(se) = estimate.se {
                close(se, (share * (1.0 - share) / n).sqrt(), 1e-10)?;
            }
        }
        let left = kaplan_meier::survival(&exits, at_ms, LEVEL_95).value.unwrap();
        close(left, gone(&|at, _| at > at_ms), 1e-13)?;
    }

    #[test]
    fn curves_rise_within_their_limits_and_agree_with_the_estimates(cells in cells(ALL_ENDS)) {
        let exits = exits(&cells);
        for cause in [0, 1] {
            let steps = aalen_johansen::curve(&exits, cause, LEVEL_95).unwrap();
            prop_assert!(steps.is_sorted_by(|a, b| a.at_ms < b.at_ms && a.value <= b.value));
            for step in steps {
                let estimate = aalen_johansen::incidence(&exits, cause, step.at_ms, LEVEL_95);
                prop_assert_eq!((estimate.value, estimate.lo, estimate.hi), (Some(step.value), step.lo, step.hi));
            }
        }
        let steps = kaplan_meier::curve(&exits, LEVEL_95).unwrap();
        prop_assert!(steps.is_sorted_by(|a, b| a.at_ms < b.at_ms && a.value >= b.value));
    }

    #[test]
    fn cells_in_any_order_and_any_parts_are_the_same_exits(cells in cells(ALL_ENDS), cut in any::<prop::sample::Index>()) {
        let whole = exits(&cells);
        let (a, b) = cells.split_at(cut.index(cells.len()));
        let parts = [exits(&b.to_vec()), exits(&a.to_vec())];
        prop_assert_eq!(&whole, &Exits::new(2, parts.iter().flat_map(Exits::cells)).unwrap());
        prop_assert_eq!(&whole, &exits(&cells.into_iter().rev().collect()));
    }

    #[test]
    fn the_unit_of_time_scales_times_and_leaves_shares(cells in cells(ALL_ENDS), at_ms in 0..15_u64) {
        let scaled: Cells = cells.iter().map(|(at, end, count)| (at * 1000, *end, *count)).collect();
        let (small, large) = (exits(&cells), exits(&scaled));
        for (small, large) in all(&small, at_ms, LEVEL_95).iter().zip(all(&large, at_ms * 1000, LEVEL_95)) {
            let share = ["kaplan_meier", "aalen_johansen"].contains(&small.method);
            let unit = if share { 1.0 } else { 1000.0 };
            prop_assert_eq!(small.status, large.status);
            for (a, b) in [(small.value, large.value), (small.lo, large.lo), (small.hi, large.hi), (small.se, large.se)] {
                prop_assert_eq!(a.is_some(), b.is_some());
                close(a.unwrap_or(0.0) * unit, b.unwrap_or(0.0), 1e-9)?;
            }
        }
    }

    #[test]
    fn the_order_of_groups_does_not_show_in_a_test(groups in groups(), cause in 0..2_usize) {
        let mut turned = groups.clone();
        turned.reverse();
        alike(log_rank::log_rank(&groups, cause), log_rank::log_rank(&turned, cause))?;
        alike(gray::gray(&groups, cause), gray::gray(&turned, cause))?;
        alike(log_rank::stratified(&[&groups, &groups], cause), log_rank::stratified(&[&turned, &turned], cause))?;
    }

    #[test]
    fn groups_that_are_alike_do_not_differ(cells in cells(ALL_ENDS), cause in 0..2_usize) {
        let groups = vec![exits(&cells); 3];
        for test in [log_rank::log_rank(&groups, cause), gray::gray(&groups, cause)].into_iter().flatten() {
            prop_assert!(test.statistic < 1e-12, "{test:?}");
        }
    }

    #[test]
    fn means_of_recurrent_events_are_sound_whatever_the_order_of_units(units in units(), at_ms in 0..30_u64) {
        let ahead = of(&units);
        let back: Vec<Unit<'_>> = ahead.iter().rev().copied().collect();
        for mean in [recurrent::mean_cumulative, recurrent::mean_cumulative_poisson, recurrent::ghosh_lin] {
            let estimate = mean(&ahead, at_ms, LEVEL_95);
            sound(&estimate)?;
            encloses(&mean(&ahead, at_ms, LEVEL_998), &estimate)?;
            prop_assert_eq!(&estimate, &mean(&back, at_ms, LEVEL_95));
        }
        for step in recurrent::ghosh_lin_curve(&ahead, LEVEL_95).unwrap() {
            let estimate = recurrent::ghosh_lin(&ahead, step.at_ms, LEVEL_95);
            close(estimate.value.unwrap(), step.value, 1e-14)?;
            // A variance that is nothing but rounding has a root of some 1e-8, or on one of the ways is zero.
            if let (Some(one), Some(other)) = (estimate.hi, step.hi) {
                close(one, other, 1e-6)?;
            }
        }
    }

    #[test]
    fn without_censoring_the_mean_of_recurrent_events_is_the_plain_one(units in units()) {
        let ended: Vec<_> = units.into_iter().map(|(end_ms, _, events)| (end_ms, true, events)).collect();
        let n = ended.len() as f64;
        let counts: Vec<f64> = ended.iter().map(|unit| unit.2.len() as f64).collect();
        let mean = counts.iter().sum::<f64>() / n;
        let spread: f64 = counts.iter().map(|count| (count - mean) * (count - mean)).sum();
        let estimate = recurrent::ghosh_lin(&of(&ended), 1000, LEVEL_95);
        close(estimate.value.unwrap(), mean, 1e-13)?;
        close(estimate.se.unwrap_or(0.0), spread.sqrt() / n, 1e-7)?;
    }

    #[test]
    fn no_input_is_answered_with_a_panic_or_a_number_that_is_none(
        times in prop::collection::vec((any::<u64>(), 0..3_usize, any::<u64>()), 0..6),
        at_ms in any::<u64>(),
        cause in 0..4_usize,
        level in prop_oneof![any::<f64>(), 0.0..1.0_f64],
    ) {
        let end = |end: usize| if end == 2 { End::Censored } else { End::Cause(end) };
        let cells = times.iter().map(|(at, cause, count)| (*at, end(*cause), count >> 4));
        let Ok(exits) = Exits::new(2, cells) else { return Ok(()) };
        for estimate in [
            kaplan_meier::survival(&exits, at_ms, level),
            kaplan_meier::restricted_mean(&exits, at_ms, level),
            kaplan_meier::quantile(&exits, level, level),
            aalen_johansen::incidence(&exits, cause, at_ms, level),
            aalen_johansen::quantile(&exits, cause, level, level),
            lost_time::restricted(&exits, cause, at_ms, level),
        ] {
            sound(&estimate)?;
        }
        let groups = [exits.clone(), exits];
        alike(log_rank::log_rank(&groups, cause), log_rank::log_rank(&groups, cause))?;
        alike(gray::gray(&groups, cause), gray::gray(&groups, cause))?;
    }
}

/// Without censoring every estimate is a share or a mean of independent values, and its error is known.
#[test]
fn errors_keep_their_digits_over_hundreds_of_thousands_of_times() {
    const UNITS: u64 = 300_000;
    const TAU_MS: u64 = 700_000_003;
    let cause = |i: u64| usize::from(i % 7 < 5);
    let units: Vec<(u64, usize)> = (0..UNITS).map(|i| (i * i % 1_000_000_007, cause(i))).collect();
    let exits = Exits::new(2, units.iter().map(|(at_ms, cause)| (*at_ms, End::Cause(*cause), 1))).unwrap();
    assert!(exits.rows().count() > 290_000);
    let n = UNITS as f64;
    let error = |value: &dyn Fn(u64, usize) -> f64, divisor: f64| {
        let values: Vec<f64> = units.iter().map(|(at_ms, cause)| value(*at_ms, *cause)).collect();
        let mean = values.iter().sum::<f64>() / n;
        (values.iter().map(|value| (value - mean) * (value - mean)).sum::<f64>() / n / divisor).sqrt()
    };
    let near = |estimate: &Estimate, expected: f64| {
        let se = estimate.se.unwrap();
        assert!((se / expected - 1.0).abs() < 1e-7, "{se} is not {expected}");
    };
    let dropped = |at_ms: u64, cause: usize| f64::from(u8::from(at_ms <= TAU_MS && cause == 0));
    let stayed = |at_ms: u64, _: usize| at_ms.min(TAU_MS) as f64;
    let lost = |at_ms: u64, cause: usize| if cause == 0 { TAU_MS.saturating_sub(at_ms) as f64 } else { 0.0 };
    near(&aalen_johansen::incidence(&exits, 0, TAU_MS, LEVEL_95), error(&dropped, n));
    near(&kaplan_meier::restricted_mean(&exits, TAU_MS, LEVEL_95), error(&stayed, n));
    near(&lost_time::restricted(&exits, 0, TAU_MS, LEVEL_95), error(&lost, n - 1.0));
}
