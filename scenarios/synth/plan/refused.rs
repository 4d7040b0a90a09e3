//! Plans that are refused, and what is said to whoever wrote them.

use super::Plan;

const SOUND: &str = r#"
name = "sound"
title = "A plan with nothing wrong"
seed = 1
start = "2026-03-02"
days = 5
consultations = 10
platforms = [{ name = "alder" }, { name = "birch" }]

[[organisations]]
prefix = "trust"
count = 2

[[levels.network]]
name = "wifi"

[[levels.service]]
name = "cardiology"
"#;

/// Whether the sound plan with `old` replaced by `new` is refused in words that contain `expected`.
fn check(old: &str, new: &str, expected: &str) {
    assert!(SOUND.contains(old), "{old}");
    let error = Plan::parse(&SOUND.replace(old, new)).unwrap_err().to_string();
    assert!(error.contains(expected), "{error}");
}

#[test]
fn a_plan_with_nothing_wrong_is_taken() {
    assert_eq!(Plan::parse(SOUND).unwrap().name, "sound");
}

#[test]
fn what_is_misspelt_is_shown_with_its_line() {
    check("days = 5", "dayz = 5", "unknown field `dayz`");
    check("days = 5", "days = ", "line 6");
    check(r#"{ name = "alder" }"#, r#"{ name = "alder", effects = { dorp = 1 } }"#, "unknown variant `dorp`");
}

#[test]
fn names_that_lead_nowhere_are_shown_with_those_that_do() {
    check(
        "levels.network",
        "levels.nettwork",
        "levels names \"nettwork\", which is none of platform_version",
    );
    check(
        "count = 2",
        "count = 2\nplatforms = { elder = 1 }",
        "names \"elder\", which is none of alder, birch",
    );
    check("\"wifi\"", "\"wifi\"\non = { elder = { drop = 1 } }", "levels.network.wifi.on names \"elder\"");
    check("count = 2", "count = 2\nexperience = { elder = 9 }", "trust-01.experience names \"elder\"");
    check("count = 2", "count = 2\ntilt = { network = { lan = 2 } }", "names \"lan\", which is none of wifi");
    check(
        "name = \"birch\"",
        "name = \"birch\", blind = [\"drops\"]",
        "platforms.birch.blind names \"drops\"",
    );
}

#[test]
fn a_level_tilts_only_what_is_rolled_after_it() {
    check("\"wifi\"", "\"wifi\"\ntilt = { service = { cardiology = 2 } }", "which is none of platform");
    let text = SOUND.replace("\"cardiology\"", "\"cardiology\"\ntilt = { network = { wifi = 2 } }");
    assert!(Plan::parse(&text).is_ok());
}

#[test]
fn the_impossible_is_refused_with_what_is_possible() {
    check("2026-03-02", "2026-02-30", "start is \"2026-02-30\"; write it as 2026-03-02");
    check(
        "days = 5",
        "days = 5\nbase = { join_failed = 1.2 }",
        "base.join_failed is 1.2; it must lie between 0 and 1",
    );
    check("days = 5", "days = 5\nbase = { trouble = 1.0 }", "trouble is an effect");
    check(
        "count = 2",
        "count = 2\nadopted_on_day = { alder = 1, birch = 2 }",
        "without a platform on the first day",
    );
    check(
        "count = 2",
        "count = 2\nadopted_on_day = { birch = 6 }",
        "organisations.trust-01.adopted_on_day.birch is 6; it must lie between 0 and 5",
    );
    check("\"birch\"", "\"alder\"", "platforms has \"alder\" twice");
    check("count = 2", "count = 0", "give it names, or a prefix and a count");
    check("count = 2", "count = 2\nnames = [\"RBA\"]", "give names or a prefix, not both");
    check("2026-03-02\"\ndays = 5", "2026-03-07\"\ndays = 2", "it has no working day");
    check("\"wifi\"", "\"wifi\"\nweight = 0", "levels.network.weight is 0 everywhere");
    check("days = 5", "days = 5\nopening = { from = 18, until = 8 }", "opening.until is 8");
    check("days = 5", "days = 5\nrecording = { omit = [\"joined\"] }", "leave it in");
}
