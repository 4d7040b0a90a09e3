//! The recorded scenarios that are made from plans: what their texts tell is what their plans plant.

use event::Dimension;

use crate::{Plan, Planted};

/// A recorded scenario: its folder, its plan, its text.
macro_rules! scenario {
    ($folder:literal) => {
        (
            $folder,
            include_str!(concat!("../recorded/", $folder, "/plan.toml")),
            include_str!(concat!("../recorded/", $folder, "/scenario.toml")),
        )
    };
}

pub(crate) const RECORDED: [(&str, &str, &str); 6] = [
    scenario!("messy-feed"),
    scenario!("platform-or-infrastructure-platform"),
    scenario!("platform-or-infrastructure-wifi"),
    scenario!("range-by-service"),
    scenario!("standardise-one-best"),
    scenario!("too-thin-to-say"),
];

pub(crate) fn recorded(name: &str) -> Plan {
    let (_, text, _) = RECORDED.iter().find(|(known, ..)| *known == name).unwrap();
    Plan::parse(text).unwrap()
}

#[test]
fn every_recorded_plan_bears_the_name_of_its_folder() {
    for (folder, ..) in RECORDED {
        assert_eq!(recorded(folder).name, folder);
    }
}

/// Planted undisturbed consultations: as used, and standardised.
fn undisturbed(plan: &Plan, platform: &str) -> (f64, f64) {
    let planted = plan.truth().of_platform(platform).cloned().unwrap();
    (planted.as_used.undisturbed, planted.standardised.undisturbed)
}

#[test]
fn where_the_wifi_is_to_blame_the_crude_truth_points_the_wrong_way() {
    let wifi = recorded("platform-or-infrastructure-wifi");
    let (alder, birch) = (undisturbed(&wifi, "alder"), undisturbed(&wifi, "birch"));
    assert!(birch.0 < alder.0 - 0.08 && birch.1 > alder.1 + 0.03, "{alder:?} {birch:?}");
    let platform = recorded("platform-or-infrastructure-platform");
    let (alder, birch) = (undisturbed(&platform, "alder"), undisturbed(&platform, "birch"));
    assert!(birch.0 < alder.0 - 0.08 && birch.1 < alder.1 - 0.08, "{alder:?} {birch:?}");
}

/// The platform with most undisturbed consultations in each service, by the truth.
fn best_by_service(plan: &Plan) -> Vec<String> {
    let truth = plan.truth();
    let of = |platform: &str, service: &str| {
        truth.where_level(platform, Dimension::Service, service).unwrap().standardised.undisturbed
    };
    let best = |service: &str| {
        let platforms = plan.platforms.iter().map(|platform| platform.name.as_str());
        platforms.max_by(|a, b| of(a, service).total_cmp(&of(b, service))).unwrap().to_owned()
    };
    plan.levels["service"].iter().map(|level| best(&level.name)).collect()
}

#[test]
fn the_best_platform_is_one_or_differs_by_service_as_planned() {
    assert_eq!(best_by_service(&recorded("standardise-one-best")), ["alder", "alder", "alder"]);
    assert_eq!(best_by_service(&recorded("range-by-service")), ["alder", "birch", "alder"]);
}

/// How a scenario's text tells what is planted.
fn line(planted: &Planted) -> String {
    let (used, fair) = (&planted.as_used, &planted.standardised);
    match (&planted.dimension, &planted.level) {
        (Some(dimension), Some(level)) => format!(
            "{}, {dimension} {level}: undisturbed {:.3}; any_drop {:.3}\n",
            planted.platform, used.undisturbed, used.any_drop
        ),
        _ => format!(
            "{}: undisturbed {:.3} as used, {:.3} standardised; any_drop {:.3} as used, {:.3} standardised\n",
            planted.platform, used.undisturbed, fair.undisturbed, used.any_drop, fair.any_drop
        ),
    }
}

#[test]
fn every_scenario_tells_the_truth_of_its_plan() {
    for (name, _, text) in RECORDED {
        let (plan, scenario) = (recorded(name), text.parse::<toml::Table>().unwrap());
        assert_eq!(scenario["title"].as_str(), Some(plan.title.as_str()), "{name}");
        assert_eq!(scenario["seed"].as_integer(), i64::try_from(plan.seed).ok(), "{name}");
        let lines: String = plan.truth().planted.iter().map(line).collect();
        let told = scenario["truth"].as_str().unwrap();
        assert!(told.ends_with(&lines), "{name} should tell:\n{lines}");
    }
}
