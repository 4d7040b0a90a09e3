//! Things that turn with time and place: outages, learning, adoption, and what levels do to each other.

use event::{Dimension, Time};

use crate::{Plan, Planned, Synth};

const STEADY: &str = r#"
name = "turns"
title = "A plan in which something turns"
seed = 3
start = "2026-03-02"
days = 28
consultations = 8000
platforms = [{ name = "alder" }, { name = "birch" }]

[[organisations]]
prefix = "trust"
count = 4
clinicians = 5

[[levels.rurality]]
name = "rural"

[[levels.rurality]]
name = "urban"

[[levels.network]]
name = "mobile"

[[levels.network]]
name = "wifi"
"#;

fn planned(more: &str) -> (Plan, Vec<Planned>) {
    let plan = Plan::parse(&format!("{STEADY}\n{more}")).unwrap();
    let planned = Synth::planned(&plan).collect();
    (plan, planned)
}

/// Of those with a failure, and of how many.
fn share<'a>(planned: impl Iterator<Item = &'a Planned>, counts: fn(&Planned) -> bool) -> f64 {
    let (mut counted, mut all) = (0.0, 0.0);
    for planned in planned {
        all += 1.0;
        counted += f64::from(u8::from(counts(planned)));
    }
    counted / all
}

fn on<'a>(planned: &'a [Planned], dimension: Dimension, level: &'a str) -> impl Iterator<Item = &'a Planned> {
    planned.iter().filter(move |planned| planned.context.get(dimension) == Some(level))
}

#[test]
fn an_outage_fails_one_platform_while_it_lasts() {
    let (plan, _) = planned(
        "[[outages]]\nplatform = \"birch\"\nfrom = \"2026-03-04T12:00:00Z\"\nminutes = 240\n\
         effects = { join_failed = 6.0, join_recovered = -6.0 }\n",
    );
    let from: Time = "2026-03-04T12:00:00Z".parse().unwrap();
    let (mut inside, mut outside) = ((0, 0), (0, 0));
    for event in Synth::new(&plan).filter(|event| event.source.ends_with(":birch")) {
        let failed = u32::from(event.kind() == event::Kind::JoinFailed);
        let joined = u32::from(event.kind() == event::Kind::Joined);
        let sums = if (0..240 * 60_000).contains(&event.at.since(from)) { &mut inside } else { &mut outside };
        *sums = (sums.0 + failed, sums.1 + joined);
    }
    assert!(inside.0 > inside.1 && outside.0 * 10 < outside.1, "{inside:?} {outside:?}");
}

#[test]
fn failures_fall_with_experience_of_a_platform() {
    let (_, planned) = planned("[learning]\neffects = { join_failed = 3.0 }\nhalved_after = 40.0\n");
    let failed = |planned: &Planned| !planned.course.first_try;
    let (first, last) = (share(planned[..1000].iter(), failed), share(planned[7000..].iter(), failed));
    assert!(first > 0.25 && last < 0.12, "{first} at first, {last} at last");
}

#[test]
fn a_platform_is_used_from_the_day_of_its_adoption() {
    let text = STEADY.replace("{ name = \"birch\" }", "{ name = \"birch\", adopted_on_day = 14 }");
    let planned: Vec<Planned> = Synth::planned(&Plan::parse(&text).unwrap()).collect();
    let birch = |planned: &Planned| planned.context.get(Dimension::Platform) == Some("birch");
    assert_eq!(share(planned[..4000].iter(), birch), 0.0);
    assert!((share(planned[4000..].iter(), birch) - 0.5).abs() < 0.04);
}

/// A second group, of organisations as large as those of the first, in which something is different.
fn others(different: &str) -> String {
    format!("[[organisations]]\nprefix = \"other\"\ncount = 4\nclinicians = 5\n{different}\n")
}

/// Whether it happened in the first group, or in the other.
fn in_other(planned: &&Planned) -> bool {
    planned.context.level(Dimension::Organisation).starts_with("other")
}

#[test]
fn organisations_may_adopt_a_platform_on_a_day_of_their_own() {
    let (plan, planned) = planned(&others("adopted_on_day = { birch = 14 }"));
    let birch = |planned: &Planned| planned.context.get(Dimension::Platform) == Some("birch");
    let (early, late) = planned.split_at(planned.len() / 2);
    assert_eq!(share(early.iter().filter(in_other), birch), 0.0);
    assert!((share(late.iter().filter(in_other), birch) - 0.5).abs() < 0.05);
    assert!((share(early.iter().filter(|planned| !in_other(planned)), birch) - 0.5).abs() < 0.05);
    // In half of the consultations it is half, in a quarter nothing.
    assert!((plan.truth().of_platform("birch").unwrap().share - 0.375).abs() < 0.01);
}

#[test]
fn who_has_experience_begins_where_others_have_got_to() {
    let learning = "[learning]\neffects = { join_failed = 3.0 }\nhalved_after = 40.0\n";
    let (_, planned) = planned(&(others("experience = { birch = 400.0 }") + learning));
    let birch = |planned: &&Planned| planned.context.get(Dimension::Platform) == Some("birch");
    let failed = |planned: &Planned| !planned.course.first_try;
    let first = &planned[..1500];
    let (with, without): (Vec<_>, Vec<_>) = first.iter().filter(birch).partition(in_other);
    let (with, without) = (share(with.into_iter(), failed), share(without.into_iter(), failed));
    assert!(with < 0.08 && without > 0.2, "{with} with experience, {without} without");
}

#[test]
fn the_truth_of_a_region_is_that_of_its_organisations() {
    let (plan, planned) = planned(&others("region = \"far\"\neffects = { join_failed = 2.0 }"));
    let truth = plan.truth();
    let told: Vec<_> = truth.planted.iter().filter_map(|planted| planted.level.as_deref()).collect();
    assert_eq!(told[..2], ["far", "mobile"], "one region, then the levels");
    let far = truth.where_level("alder", Dimension::Region, "far").unwrap();
    let alder = |planned: &&Planned| planned.context.get(Dimension::Platform) == Some("alder");
    let shown = share(planned.iter().filter(in_other).filter(alder), |planned| planned.course.first_try);
    assert!((shown - far.as_used.first_try_join).abs() < 0.03, "{shown}");
    assert!((far.share - 0.5).abs() < 0.01);
}

#[test]
fn tilts_make_levels_and_platforms_occur_together() {
    let text = STEADY
        .replace("name = \"mobile\"", "name = \"mobile\"\ntilt = { platform = { birch = 3.0 } }")
        .replace("name = \"wifi\"", "name = \"wifi\"\ntilt = { rurality = { rural = 0.25 } }");
    let planned: Vec<Planned> = Synth::planned(&Plan::parse(&text).unwrap()).collect();
    let birch = |planned: &Planned| planned.context.get(Dimension::Platform) == Some("birch");
    let rural = |planned: &Planned| planned.context.get(Dimension::Rurality) == Some("rural");
    assert!((share(on(&planned, Dimension::Network, "mobile"), birch) - 0.75).abs() < 0.03);
    assert!((share(on(&planned, Dimension::Network, "wifi"), birch) - 0.5).abs() < 0.03);
    assert!((share(on(&planned, Dimension::Network, "wifi"), rural) - 0.2).abs() < 0.03);
}

#[test]
fn where_each_organisation_has_one_platform_it_has_no_other() {
    let text = STEADY.replace("clinicians = 5", "clinicians = 5\nallocation = \"single\"");
    let planned: Vec<Planned> = Synth::planned(&Plan::parse(&text).unwrap()).collect();
    let birch = |planned: &Planned| planned.context.get(Dimension::Platform) == Some("birch");
    let shares: Vec<f64> = ["trust-01", "trust-02", "trust-03", "trust-04"]
        .into_iter()
        .map(|name| share(on(&planned, Dimension::Organisation, name), birch))
        .collect();
    assert_eq!(shares, [0.0, 1.0, 0.0, 1.0]);
}
