//! Many at once: units around a typical one, many tests of nothing, and control charts of a steady process.

use projections::stats::LEVEL_95;
use projections::stats::cluster::Tally;
use projections::stats::control_chart::{Better, Rule, Settings, individuals};
use projections::stats::mean::{Sample, welch_p_value};
use projections::stats::multiplicity::{benjamini_hochberg, holm};
use projections::stats::variation::random_effects::{
    HARTUNG_KNAPP_T, PREDICTION_HIGGINS_T, PREDICTION_T, RANDOM_EFFECTS_Z, of_shares,
};

use super::case::{Case, Counted, MOST_ALARMS, Trial, claimed};
use super::chance::{Chance, Urn};

/// The share of events in the typical unit.
const TYPICAL: f64 = 0.1;

/// Units whose logits vary normally, seen 50 to 500 times each.
pub(super) fn random_effects() -> Vec<Case> {
    let mut cases = Vec::new();
    for (prediction, tau) in
        [false, true].into_iter().flat_map(|which| [0.0, 0.2, 0.4, 0.8].map(|tau| (which, tau)))
    {
        for units in [5, 10, 12, 30, 100] {
            cases.push(typical(prediction, tau, units));
        }
    }
    cases
}

fn typical(prediction: bool, tau: f64, units: u64) -> Case {
    let latent = tau * tau / (tau * tau + std::f64::consts::PI * std::f64::consts::PI / 3.0);
    let (estimator, beside) =
        if prediction { (PREDICTION_T, PREDICTION_HIGGINS_T) } else { (HARTUNG_KNAPP_T, RANDOM_EFFECTS_Z) };
    let what = if prediction { "the share of a new unit" } else { "the share of the typical unit" };
    Case {
        part: "Variation between units",
        design: format!("{what}, tau {tau}"),
        clusters: Some(units),
        icc: Some((latent * 1000.0).round() / 1000.0),
        truth: TYPICAL,
        estimator,
        beside: Some(beside),
        counted: Counted::Coverage,
        target: claimed(units, latent),
        draw: Box::new(move |chance| {
            let tallies: Vec<Tally> = (0..units)
                .map(|_| {
                    let (share, n) = (unit(tau, chance), chance.between(50, 500));
                    Urn::new(share, 0.0).tally(n, 1.0, chance)
                })
                .collect();
            let truth = if prediction { unit(tau, chance) } else { TYPICAL };
            let Ok(found) = of_shares(&tallies, LEVEL_95) else { return (NONE, Some(NONE)) };
            let (main, beside) = if prediction {
                (&found.prediction, &found.logit.prediction_higgins)
            } else {
                (&found.mean, &found.logit.mean_z)
            };
            let logit = libm::log(truth / (1.0 - truth));
            (Trial::of(main, truth, 1.0), Some(Trial { width: None, ..Trial::of(beside, logit, 1.0) }))
        }),
    }
}

/// A replicate without an answer.
const NONE: Trial = Trial { counted: None, is_above: false, width: None, stands: false };

/// The share of events in one unit.
fn unit(tau: f64, chance: &mut Chance) -> f64 {
    let odds = TYPICAL / (1.0 - TYPICAL) * libm::exp(tau * chance.normal());
    odds / (1.0 + odds)
}

/// How many comparisons are made at once.
const TESTS: usize = 20;

/// Whether anything is found where nothing is, among twenty comparisons of thirty answers with thirty.
pub(super) fn many_tests() -> Vec<Case> {
    let case = |design: &str, estimator: &'static str, real: usize, common: bool| Case {
        part: "Twenty comparisons at once",
        design: design.to_owned(),
        clusters: None,
        icc: None,
        truth: 0.0,
        estimator,
        beside: Some("unadjusted"),
        counted: Counted::FalseAlarms,
        target: Some(MOST_ALARMS),
        draw: Box::new(move |chance| {
            let p_values = p_values(real, common, chance);
            let adjusted = if estimator == "holm" { holm(&p_values) } else { benjamini_hochberg(&p_values) };
            // What is really there comes first, and finding it is no false alarm.
            let found =
                |p_values: &[Option<f64>]| p_values.iter().skip(real).flatten().any(|p| *p <= MOST_ALARMS);
            (Trial::alarm(found(&adjusted)), Some(Trial::alarm(found(&p_values))))
        }),
    };
    vec![
        case("nothing is there", "holm", 0, false),
        case("nothing is there, one reference for all", "holm", 0, true),
        case("five are there", "holm", 5, false),
        case("nothing is there", "benjamini_hochberg", 0, false),
        case("nothing is there, one reference for all", "benjamini_hochberg", 0, true),
    ]
}

fn p_values(real: usize, common: bool, chance: &mut Chance) -> Vec<Option<f64>> {
    let reference = answers(0.0, chance);
    (0..TESTS)
        .map(|place| {
            let one = answers(if place < real { 1.0 } else { 0.0 }, chance);
            let with = if common { reference } else { answers(0.0, chance) };
            welch_p_value(one, with)
        })
        .collect()
}

fn answers(mean: f64, chance: &mut Chance) -> Sample {
    let values: Vec<f64> = (0..30).map(|_| mean + chance.normal()).collect();
    let n = values.len() as f64;
    let mean = values.iter().sum::<f64>() / n;
    let squares: f64 = values.iter().map(|value| (value - mean) * (value - mean)).sum();
    Sample { n: values.len() as u64, mean, variance: squares / (n - 1.0) }
}

/// How often a chart of a steady process shows a change: any rule, and each by itself.
pub(super) fn charts() -> Vec<Case> {
    let rules = [
        ("any rule", None),
        ("a point outside the limits", Some(Rule::Outside)),
        ("seven rising or falling", Some(Rule::Trend)),
        ("two of three close to a limit", Some(Rule::TwoInThree)),
        ("seven on one side", Some(Rule::Run)),
    ];
    let case = |points: usize, (words, rule): (&str, Option<Rule>)| Case {
        part: "Control chart of a steady process",
        design: format!("{points} points, {words}"),
        clusters: None,
        icc: None,
        truth: 0.0,
        estimator: "making-data-count/2023",
        beside: None,
        counted: Counted::FalseAlarms,
        target: None,
        draw: Box::new(move |chance| {
            let series: Vec<Option<f64>> = (0..points).map(|_| Some(chance.normal())).collect();
            let chart = individuals(&series, &Settings::new(Better::Lower));
            let mut fired = chart.points.iter().flat_map(|point| &point.fired);
            (Trial::alarm(fired.any(|fired| rule.is_none_or(|rule| fired.rule == rule))), None)
        }),
    };
    [24, 52].into_iter().flat_map(|points| rules.map(|rule| case(points, rule))).collect()
}
