//! The recorded scenarios that are made from plans: what their texts tell is what their plans plant.

use event::{Dimension, Kind};

use crate::{Plan, Planted, Synth};

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

pub(crate) const RECORDED: [(&str, &str, &str); 12] = [
    scenario!("blind-feed"),
    scenario!("digital-inequality"),
    scenario!("evidence-by-appointment"),
    scenario!("messy-feed"),
    scenario!("outage"),
    scenario!("platform-or-infrastructure-platform"),
    scenario!("platform-or-infrastructure-wifi"),
    scenario!("postcode-lottery"),
    scenario!("range-by-service"),
    scenario!("standardise-one-best"),
    scenario!("too-thin-to-say"),
    scenario!("training-and-support"),
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

/// By how much more consultations are undisturbed on birch than on alder where `dimension` has `level`.
fn gain(plan: &Plan, dimension: Dimension, level: &str) -> f64 {
    let truth = plan.truth();
    let of = |platform| truth.where_level(platform, dimension, level).unwrap().standardised.undisturbed;
    of("birch") - of("alder")
}

/// The same over all, as it is used.
fn crude_gain(plan: &Plan) -> f64 {
    undisturbed(plan, "birch").0 - undisturbed(plan, "alder").0
}

#[test]
fn averages_hide_who_is_failed() {
    let plan = recorded("digital-inequality");
    assert!(crude_gain(&plan).abs() < 0.01, "{}", crude_gain(&plan));
    let at = |dimension, level| gain(&plan, dimension, level);
    let failed = [
        at(Dimension::Network, "mobile-data"),
        at(Dimension::Device, "older-phone"),
        at(Dimension::DeprivationQuintile, "1"),
    ];
    assert!(failed.iter().all(|gain| *gain < -0.07), "{failed:?}");
    let served = [at(Dimension::Network, "home-wifi"), at(Dimension::DeprivationQuintile, "5")];
    assert!(served.iter().all(|gain| *gain > 0.04), "{served:?}");
}

#[test]
fn what_is_good_for_most_appointments_is_poor_for_some() {
    let plan = recorded("evidence-by-appointment");
    let gains = ["follow_up", "group", "new"].map(|level| gain(&plan, Dimension::Appointment, level));
    assert!(gains[0] > 0.07 && gains[1] < -0.1 && gains[2] < -0.1, "{gains:?}");
    assert!(crude_gain(&plan) > 0.0, "{}", crude_gain(&plan));
}

#[test]
fn a_platform_is_worse_where_it_is_new_and_nobody_was_trained() {
    let plan = recorded("training-and-support");
    let truth = plan.truth();
    let of = |platform, region| truth.where_level(platform, Dimension::Region, region).unwrap().as_used;
    let gain = |region| of("birch", region).undisturbed - of("alder", region).undisturbed;
    let gains = ["north", "south", "west"].map(gain);
    assert!(gains[0] > 0.0 && gains[1] < -0.07 && gains[2].abs() < 0.03, "{gains:?}");
    assert!(of("birch", "south").help_requested > 1.5 * of("alder", "south").help_requested);
}

#[test]
fn organisations_that_differ_more_than_platforms_turn_the_crude_truth_round() {
    let plan = recorded("postcode-lottery");
    let gains = ["coast", "hills", "plain"].map(|region| gain(&plan, Dimension::Region, region));
    assert!(crude_gain(&plan) > 0.05 && gains.iter().all(|gain| *gain < 0.0), "{gains:?}");
}

#[test]
fn an_afternoon_is_enough_to_turn_the_truth_round() {
    let plan = recorded("outage");
    let of = |plan: &Plan, platform| plan.truth().of_platform(platform).unwrap().as_used;
    let (alder, birch) = (of(&plan, "alder"), of(&plan, "birch"));
    assert!(birch.connection_success < alder.connection_success - 0.025, "{birch:?}");
    assert!(birch.any_drop < alder.any_drop - 0.02, "{birch:?}");
    let steady = of(&Plan { outages: Vec::new(), ..plan }, "birch");
    assert!(steady.terminal_failure < alder.terminal_failure, "{steady:?}");
}

#[test]
fn a_blind_feed_tells_no_drop_of_the_platform_that_drops_most() {
    let plan = recorded("blind-feed");
    let of = |platform| plan.truth().of_platform(platform).unwrap().as_used;
    assert!(of("birch").any_drop > 2.0 * of("alder").any_drop);
    let drops = |platform: &str| {
        let of = format!(":{platform}");
        let dropped = Synth::new(&plan).filter(|event| event.kind() == Kind::Dropped);
        dropped.filter(|event| event.source.ends_with(&of)).count()
    };
    assert!(drops("alder") > 50 && drops("birch") == 0);
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
