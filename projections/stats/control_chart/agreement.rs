//! Agreement of the limits and rules with their definitions, applied window by window by another program.

use proptest::prelude::*;
use serde_json::Value;

use super::{Better, Chart, Lines, Rule, RuleSet, Screening, Settings, Signal, individuals, laney};
use crate::stats::checks::near;
use crate::stats::cluster::Tally;
use crate::stats::laws::counts;

const FIXTURE: &str = include_str!("../fixtures/control_chart.json");

fn number(case: &Value, name: &str) -> f64 {
    case[name].as_f64().unwrap()
}

#[test]
fn limits_and_rules_agree_with_their_definitions() {
    let fixture: Value = serde_json::from_str(FIXTURE).unwrap();
    let cases = fixture["cases"].as_array().unwrap();
    assert!(cases.len() >= 30);
    for case in cases {
        let series: Vec<Option<f64>> = serde_json::from_value(case["series"].clone()).unwrap();
        let screening = if case["screened"] == true { Screening::Once } else { Screening::Off };
        let baseline = case["baseline"].as_u64().map(|periods| periods as usize);
        for (name, rules) in
            [("now", RuleSet::MakingDataCount2023), ("legacy", RuleSet::MakingDataCountLegacy)]
        {
            let settings = Settings { rules, screening, baseline, ..Settings::new(Better::Lower) };
            let chart = individuals(&series, &settings);
            let Lines { lo, mean, hi, .. } = chart.points[0].lines.unwrap();
            near(lo, number(case, "lo"), 1e-11);
            near(mean, number(case, "mean"), 1e-11);
            near(hi, number(case, "hi"), 1e-11);
            for (rule, column) in [
                (Rule::Outside, "outside"),
                (Rule::Trend, "trend"),
                (Rule::TwoInThree, "two_in_three"),
                (Rule::Run, "run"),
            ] {
                let fires = |fires: bool| if fires { '1' } else { '0' };
                let fired =
                    chart.points.iter().map(|point| point.fired.iter().any(|fired| fired.rule == rule));
                let fired: String = fired.map(fires).collect();
                assert_eq!(fired, case[name][column], "{rule:?} by {name} in {series:?}");
            }
        }
    }
}

fn whole(chart: &Chart, periods: usize) -> Result<(), TestCaseError> {
    prop_assert_eq!(chart.points.len(), periods);
    prop_assert_eq!(chart.pieces.iter().map(|piece| piece.observed).sum::<usize>(), observed(chart));
    for point in &chart.points {
        if let Some(Lines { mean, lo, hi, near_lo, near_hi }) = point.lines {
            let lines = [lo, near_lo, mean, near_hi, hi];
            prop_assert!(lines.iter().all(|line| line.is_finite()) && lines.is_sorted(), "{point:?}");
        }
        prop_assert_eq!(point.fired.is_empty(), point.signal == Signal::CommonCause);
        prop_assert!(point.fired.is_sorted_by_key(|fired| fired.rule), "{:?}", point);
    }
    Ok(())
}

fn observed(chart: &Chart) -> usize {
    chart.points.iter().filter(|point| point.value.is_some()).count()
}

proptest! {
    #[test]
    fn any_series_is_a_whole_chart(
        series in prop::collection::vec(prop::option::weighted(0.9, prop_oneof![any::<f64>(), 0.0..9.0_f64]), 0..40),
        baseline in prop::option::of(0..30_usize),
        rebased_at in prop::collection::vec(0..50_usize, 0..3),
        legacy in any::<bool>(),
    ) {
        let rules = if legacy { RuleSet::MakingDataCountLegacy } else { RuleSet::MakingDataCount2023 };
        let screening = if legacy { Screening::Once } else { Screening::Off };
        let settings = Settings { rules, screening, baseline, rebased_at, ..Settings::new(Better::Higher) };
        whole(&individuals(&series, &settings), series.len())?;
    }

    #[test]
    fn any_counts_are_a_whole_chart(cells in prop::collection::vec(prop::option::weighted(0.9, counts()), 0..40)) {
        let series: Vec<Option<Tally>> = cells.iter().map(|cell| cell.map(|(x, n)| Tally { n, x })).collect();
        whole(&laney(&series, &Settings::new(Better::Lower)), series.len())?;
    }

    #[test]
    fn turning_a_series_upside_down_turns_the_chart(series in prop::collection::vec(0..100_i32, 2..40)) {
        let chart = |sign: f64, better: Better| {
            let series: Vec<Option<f64>> = series.iter().map(|value| Some(sign * f64::from(*value))).collect();
            individuals(&series, &Settings::new(better)).points.into_iter().map(|point| point.signal).collect::<Vec<_>>()
        };
        prop_assert_eq!(chart(1.0, Better::Higher), chart(-1.0, Better::Lower));
    }
}
