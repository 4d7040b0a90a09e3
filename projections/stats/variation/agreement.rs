//! Agreement of funnels and random effects with other programs, on random units of every size.
//!
//! The expected numbers were made beforehand by the programs that each fixture names; nothing here can make them.

use serde_json::Value;

use super::funnel::{self, adjusted_limits, exact_limits};
use super::random_effects::{self, Effect, Heterogeneity};
use crate::stats::checks::near;
use crate::stats::cluster::Tally;
use crate::stats::{LEVEL_95, LEVEL_998};

const FUNNEL: &str = include_str!("../fixtures/funnel.json");
const RANDOM_EFFECTS: &str = include_str!("../fixtures/random_effects.json");

fn cases(fixture: &str) -> Vec<Value> {
    let mut fixture: Value = serde_json::from_str(fixture).unwrap();
    let cases: Vec<Value> = serde_json::from_value(fixture["cases"].take()).unwrap();
    assert!(cases.len() >= 30);
    cases
}

fn units(case: &Value) -> Vec<Tally> {
    let units: Vec<(u64, u64)> = serde_json::from_value(case["units"].clone()).unwrap();
    units.into_iter().map(Tally::from).collect()
}

#[track_caller]
fn agrees(actual: impl Into<Option<f64>>, expected: &Value, tolerance: f64) {
    near(actual, expected.as_f64().unwrap(), tolerance);
}

#[test]
fn funnels_agree_with_scipy() {
    for case in cases(FUNNEL) {
        let units = units(&case);
        let funnel = funnel::of_units(&units).unwrap();
        let dispersion = funnel.dispersion.unwrap();
        agrees(funnel.target, &case["target"], 1e-12);
        agrees(dispersion.phi, &case["phi"], 1e-11);
        agrees(dispersion.tau_squared, &case["tau_squared"], 1e-11);
        for (at, unit) in units.iter().enumerate() {
            for (level, side) in [(LEVEL_95, 0), (LEVEL_998, 2)] {
                let exact = exact_limits(funnel.target, unit.n, level).unwrap();
                agrees(exact.lo, &case["exact"][at][side], 1e-10);
                // The other program interpolates below the last count even where chance makes it often.
                let all = funnel.target.powf(unit.n as f64);
                match all > (1.0 - level) / 2.0 {
                    true => assert_eq!(exact.hi, 1.0),
                    false => agrees(exact.hi, &case["exact"][at][side + 1], 1e-10),
                }
                let adjusted = adjusted_limits(funnel.target, dispersion.tau_squared, unit.n, level).unwrap();
                agrees(adjusted.lo, &case["adjusted"][at][side], 1e-11);
                agrees(adjusted.hi, &case["adjusted"][at][side + 1], 1e-11);
            }
        }
    }
}

#[test]
fn random_effects_agree_with_metafor() {
    for case in cases(RANDOM_EFFECTS) {
        let effects: Vec<Effect> = units(&case).into_iter().filter_map(random_effects::logit).collect();
        let pooled = random_effects::of_effects(&effects, Heterogeneity::PauleMandel, LEVEL_95).unwrap();
        let moments =
            random_effects::of_effects(&effects, Heterogeneity::DerSimonianLaird, LEVEL_95).unwrap();
        agrees(pooled.q.statistic, &case["q"], 1e-11);
        agrees(pooled.q.p, &case["p"], 1e-11);
        agrees(moments.i_squared, &case["i_squared"], 1e-10);
        agrees(moments.tau_squared.value, &case["tau_squared_dl"], 1e-11);
        agrees(moments.mean_z.value, &case["mean_dl"], 1e-11);
        agrees(moments.mean_z.se, &case["se_dl"], 1e-11);
        agrees(pooled.tau_squared.value, &case["tau_squared"], 1e-9);
        agrees(pooled.mean.value, &case["mean"], 1e-9);
        agrees(pooled.mean.se, &case["se"], 1e-9);
        agrees(pooled.mean.lo, &case["lo"], 1e-8);
        agrees(pooled.mean.hi, &case["hi"], 1e-8);
        agrees(pooled.mean_z.lo, &case["lo_z"], 1e-9);
        agrees(pooled.mean_z.hi, &case["hi_z"], 1e-9);
        if effects.len() >= 5 {
            agrees(pooled.prediction.lo, &case["predicted_lo"], 1e-8);
            agrees(pooled.prediction.hi, &case["predicted_hi"], 1e-8);
        }
        for (at, shrunk) in pooled.shrunk.iter().enumerate() {
            agrees(shrunk.value, &case["shrunk"][at], 1e-8);
            agrees(shrunk.se, &case["shrunk_se"][at], 1e-8);
        }
        let limits = &case["tau_squared_limits"];
        if let (Some(lo), Some(hi)) = (limits[0].as_f64(), limits[1].as_f64().filter(|hi| *hi > 0.0)) {
            near(pooled.tau_squared.lo, lo, 1e-8);
            near(pooled.tau_squared.hi, hi, 1e-8);
        }
    }
}
