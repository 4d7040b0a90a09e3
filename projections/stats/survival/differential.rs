//! The same numbers as other implementations on random small tables, with ties, edges and little data among them.
//!
//! How the expected values were made stands in each table; no code of this project had a part in it.

use serde::Deserialize;
use serde::de::DeserializeOwned;

use super::recurrent::{self, Unit};
use super::{End, Exits, aalen_johansen, gray, kaplan_meier, log_rank, lost_time};
use crate::stats::checks::near;
use crate::stats::test_statistic::Test;
use crate::stats::{Estimate, LEVEL_95, Reason};

/// Time, cause counted from one or zero where last seen, and count.
type Cells = Vec<(u64, usize, u64)>;

#[derive(Deserialize)]
struct Table<T> {
    made_with: String,
    cases: Vec<T>,
}

#[derive(Deserialize)]
struct Curves {
    cells: Cells,
    at: u64,
    survival: (f64, Option<f64>, Option<f64>, Option<f64>),
    incidence: Vec<(f64, Option<f64>)>,
    restricted_mean: (f64, Option<f64>),
    lost: Vec<(f64, Option<f64>)>,
    median: Option<f64>,
}

#[derive(Deserialize)]
struct Tests {
    strata: Vec<Vec<Cells>>,
    log_rank: Vec<Option<(f64, f64)>>,
    gray: Vec<Option<(f64, f64)>>,
}

#[derive(Deserialize)]
struct Recurring {
    units: Vec<(u64, bool, Vec<u64>)>,
    at: u64,
    mean_cumulative: (f64, Option<f64>, f64),
    ghosh_lin: (f64, Option<f64>),
}

fn cases<T: DeserializeOwned>(json: &str) -> Vec<T> {
    let table: Table<T> = serde_json::from_str(json).unwrap();
    assert!(table.cases.len() > 30 && table.made_with.contains("survival"));
    table.cases
}

fn exits(cells: &Cells) -> Exits {
    let end = |cause: usize| cause.checked_sub(1).map_or(End::Censored, End::Cause);
    Exits::new(2, cells.iter().map(|(at_ms, cause, count)| (*at_ms, end(*cause), *count))).unwrap()
}

#[track_caller]
fn agrees(estimate: &Estimate, (value, se): (f64, Option<f64>)) {
    near(estimate.value, value, 1e-11);
    match se {
        Some(se) => near(estimate.se, se, 1e-10),
        None => assert_eq!(estimate.se, None, "{estimate:?}"),
    }
}

#[track_caller]
fn decides(found: Result<Test, Reason>, expected: Option<(f64, f64)>) {
    match (found, expected) {
        (Ok(test), Some((statistic, df))) => {
            near(test.statistic, statistic, 1e-9);
            assert_eq!(test.df, df);
        }
        (found, None) => assert!(found.is_err(), "{found:?}"),
        (found, expected) => panic!("{found:?} is not {expected:?}"),
    }
}

#[test]
fn curves_agree_with_those_of_another_implementation() {
    for case in cases::<Curves>(include_str!("../fixtures/survival.json")) {
        let (exits, at) = (exits(&case.cells), case.at);
        let left = kaplan_meier::survival(&exits, at, LEVEL_95);
        agrees(&left, (case.survival.0, case.survival.1));
        if let Some((lo, hi)) = case.survival.2.zip(case.survival.3) {
            near(left.lo, lo, 1e-11);
            near(left.hi, hi, 1e-11);
        }
        agrees(&kaplan_meier::restricted_mean(&exits, at, LEVEL_95), case.restricted_mean);
        assert_eq!(kaplan_meier::quantile(&exits, 0.5, LEVEL_95).value, case.median);
        for (cause, (share, lost)) in case.incidence.iter().zip(&case.lost).enumerate() {
            agrees(&aalen_johansen::incidence(&exits, cause, at, LEVEL_95), *share);
            agrees(&lost_time::restricted(&exits, cause, at, LEVEL_95), *lost);
        }
    }
}

#[test]
fn tests_agree_with_those_of_another_implementation() {
    for case in cases::<Tests>(include_str!("../fixtures/survival_tests.json")) {
        let strata: Vec<Vec<Exits>> =
            case.strata.iter().map(|groups| groups.iter().map(exits).collect()).collect();
        for (cause, (rates, shares)) in case.log_rank.iter().zip(&case.gray).enumerate() {
            decides(log_rank::stratified(&strata, cause), *rates);
            if let [groups] = &strata[..] {
                decides(gray::gray(groups, cause), *shares);
            }
        }
    }
}

#[test]
fn recurrent_events_agree_with_those_of_another_implementation() {
    for case in cases::<Recurring>(include_str!("../fixtures/recurrent.json")) {
        let units: Vec<Unit<'_>> = case
            .units
            .iter()
            .map(|(end_ms, by_cause, events_ms)| Unit {
                end_ms: *end_ms,
                end: if *by_cause { End::Cause(0) } else { End::Censored },
                events_ms,
            })
            .collect();
        let (mean, robust, poisson) = case.mean_cumulative;
        agrees(&recurrent::mean_cumulative(&units, case.at, LEVEL_95), (mean, robust));
        agrees(&recurrent::mean_cumulative_poisson(&units, case.at, LEVEL_95), (mean, Some(poisson)));
        agrees(&recurrent::ghosh_lin(&units, case.at, LEVEL_95), case.ghosh_lin);
    }
}
