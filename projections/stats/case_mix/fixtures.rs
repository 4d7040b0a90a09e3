//! Random small tables on which independent implementations were asked the same.
//!
//! Each file says what made its numbers. They hold what the worked examples do not reach: empty arms, strata
//! without events, sparse strata, models of several factors, groups left out on a logarithmic scale.

use serde_json::Value;

use super::clustered::clustered;
use super::g_computation::contrast;
use super::homogeneity::{breslow_day, cochran_mantel_haenszel, tarone};
use super::kitagawa::{decompose, rate_effect_value};
use super::logistic::{Cell, fit};
use super::mantel_haenszel::{self, odds_ratio, risk_difference, risk_difference_value, risk_ratio};
use super::matched::{self, Pairs};
use super::shapley::shapley;
use super::standardised::{self, Standard, standardise};
use super::*;
use crate::stats::LEVEL_95;
use crate::stats::jackknife::Scale;
use crate::stats::test_statistic::Test;

const DIGITS: f64 = 1e-9;

fn cases(text: &str) -> Vec<Value> {
    let file: Value = serde_json::from_str(text).unwrap();
    let cases = file["cases"].as_array().unwrap().clone();
    assert!(cases.len() >= 30);
    cases
}

fn numbers(row: &Value) -> Vec<u64> {
    row.as_array().unwrap().iter().map(|x| x.as_u64().unwrap()).collect()
}

fn strata(rows: &Value) -> Vec<Stratum> {
    let stratum = |row: &Value| {
        let row = numbers(row);
        Stratum::from((row[0], row[1], row[2], row[3]))
    };
    rows.as_array().unwrap().iter().map(stratum).collect()
}

/// Holds where both are absent, or both are there and agree.
#[track_caller]
fn agree(found: Option<f64>, expected: &Value, case: &Value) {
    match (found, expected.as_f64()) {
        (None, None) => {}
        (Some(found), Some(expected)) if (found - expected).abs() <= DIGITS * expected.abs().max(1.0) => {}
        _ => panic!("{found:?} is not {expected} in {case}"),
    }
}

#[test]
fn mantel_haenszel_estimates_agree() {
    for case in cases(include_str!("../fixtures/case_mix.json")) {
        let (strata, expected) = (strata(&case["strata"]), &case["expected"]);
        let difference = risk_difference(&strata, LEVEL_95);
        agree(difference.value, &expected["rd"], &case);
        agree(difference.se, &expected["rd_se"], &case);
        let ratio = risk_ratio(&strata, LEVEL_95);
        agree(ratio.value, &expected["rr"], &case);
        agree(ratio.se, &expected["rr_se"], &case);
        let odds = odds_ratio(&strata, LEVEL_95);
        agree(odds.value, &expected["or"], &case);
        agree(odds.se, &expected["or_se"], &case);
        agree(Some(lost_share(&strata)), &expected["lost"], &case);
    }
}

#[test]
fn tests_over_strata_agree() {
    let statistic = |test: Option<Test>| test.map(|test| test.statistic);
    for case in cases(include_str!("../fixtures/case_mix.json")) {
        let (strata, expected) = (strata(&case["strata"]), &case["expected"]);
        agree(statistic(cochran_mantel_haenszel(&strata)), &expected["cmh"], &case);
        agree(statistic(breslow_day(&strata)), &expected["bd"], &case);
        agree(statistic(tarone(&strata)), &expected["tarone"], &case);
        agree(breslow_day(&strata).map(|test| test.df), &expected["df"], &case);
    }
}

#[test]
fn standardised_shares_agree() {
    for case in cases(include_str!("../fixtures/case_mix.json")) {
        let (strata, expected) = (strata(&case["strata"]), &case["expected"]);
        let found = standardise(&strata, Standard::Pooled, LEVEL_95);
        let all = [
            found.first.value,
            found.second.value,
            found.difference.value,
            found.difference.se,
            found.difference.lo,
            found.difference.hi,
        ];
        for (place, found) in all.into_iter().enumerate() {
            agree(found, &expected["std"][place], &case);
        }
        agree(found.ratio.value, &expected["std_ratio"], &case);
        agree(Some(found.lost), &expected["lost"], &case);
    }
}

#[test]
fn decompositions_agree() {
    for case in cases(include_str!("../fixtures/case_mix.json")) {
        let parts = decompose(&strata(&case["strata"]), LEVEL_95).unwrap();
        let expected = &case["expected"]["kit"];
        agree(parts.rate.value, &expected[0], &case);
        agree(parts.mix.value, &expected[2], &case);
        // Without variance the reference has a zero where the estimate has none.
        agree(parts.rate.se.or(Some(0.0)), &expected[1], &case);
        agree(parts.mix.se.or(Some(0.0)), &expected[3], &case);
    }
}

fn cells(rows: &Value) -> Vec<Cell> {
    let cell = |row: &Value| Cell {
        levels: numbers(&row[0]).iter().map(|level| u32::try_from(*level).unwrap()).collect(),
        n: row[1].as_u64().unwrap(),
        x: row[2].as_u64().unwrap(),
    };
    rows.as_array().unwrap().iter().map(cell).collect()
}

#[test]
fn logistic_models_agree() {
    for case in cases(include_str!("../fixtures/logistic.json")) {
        let (fit, expected) = (fit(&cells(&case["cells"])).unwrap(), &case["expected"]);
        assert_eq!(Some(fit.coefficients.len()), expected["params"].as_array().map(Vec::len));
        for (place, coefficient) in fit.coefficients.iter().enumerate() {
            agree(Some(coefficient.value), &expected["params"][place], &case);
            agree(Some(coefficient.se), &expected["se"][place], &case);
        }
        agree(Some(fit.deviance), &expected["deviance"], &case);
        agree(Some(fit.null_deviance), &expected["null"], &case);
    }
}

#[test]
fn standardised_risks_and_shapley_shares_agree() {
    for case in cases(include_str!("../fixtures/logistic.json")) {
        let (cells, expected) = (cells(&case["cells"]), &case["expected"]);
        let levels = numbers(&case["levels"]);
        let at = |place: usize| u32::try_from(levels[place]).unwrap();
        let found = contrast(&cells, 0, at(0), at(1), LEVEL_95);
        agree(found.first.value, &expected["risks"][0], &case);
        agree(found.second.value, &expected["risks"][1], &case);
        agree(found.difference.value, &expected["rd"], &case);
        agree(found.difference.se, &expected["rd_se"], &case);
        agree(found.ratio.se, &expected["rr_se"], &case);
        for (place, share) in shapley(&cells).unwrap().factors.into_iter().enumerate() {
            agree(Some(share), &expected["shapley"][place], &case);
        }
    }
}

#[test]
fn groups_left_out_agree() {
    type Quantity = fn(&[Stratum]) -> Option<f64>;
    let quantities: [(&str, Scale, Quantity); 4] = [
        ("rd", Scale::Difference, risk_difference_value),
        ("rr", Scale::Log, mantel_haenszel::risk_ratio_value),
        ("std", Scale::Difference, |strata| standardised::difference_value(strata, Standard::Pooled)),
        ("kitagawa", Scale::Difference, rate_effect_value),
    ];
    for case in cases(include_str!("../fixtures/jackknife.json")) {
        let groups: Vec<Vec<Stratum>> = case["groups"].as_array().unwrap().iter().map(strata).collect();
        for (name, scale, value) in quantities {
            let (found, expected) = (clustered(&groups, scale, LEVEL_95, value), &case["expected"][name]);
            if expected.is_null() {
                assert_eq!(found.hi, None, "{name} in {case}");
                continue;
            }
            for (place, found) in [found.value, found.se, found.lo, found.hi].into_iter().enumerate() {
                agree(found, &expected[place], &case);
            }
        }
    }
}

#[test]
fn matched_pairs_agree() {
    for case in cases(include_str!("../fixtures/matched.json")) {
        let (row, expected) = (numbers(&case["pairs"]), &case["expected"]);
        let pairs = Pairs { both: row[0], first_only: row[1], second_only: row[2], neither: row[3] };
        agree(matched::mcnemar(&pairs).map(|test| test.statistic), &expected["mcnemar"], &case);
        if !expected["corrected"].is_null() {
            agree(
                matched::mcnemar_corrected(&pairs).map(|test| test.statistic),
                &expected["corrected"],
                &case,
            );
        }
        agree(matched::exact_p_value(&pairs), &expected["p"], &case);
        let (odds, difference) =
            (matched::odds_ratio(&pairs, LEVEL_95), matched::difference(&pairs, LEVEL_95));
        for (place, found) in [odds.value, odds.lo, odds.hi].into_iter().enumerate() {
            agree(found, &expected["or"][place], &case);
        }
        for (place, found) in [difference.value, difference.lo, difference.hi].into_iter().enumerate() {
            agree(found, &expected["diff"][place], &case);
        }
    }
}
