//! Times of rows against published figures, and against what can be counted by hand.

use std::sync::Arc;

use event::{Context, Dimension, Kind, KindSet, Time};

use super::*;
use crate::compare::ClusterChoice;
use crate::kept::KeptOutcome;
use crate::outcome::{Disturbance, Ending, Outcome, RowSight};
use crate::projection::Projection as _;
use crate::stats::LEVEL_95;
use crate::stats::survival::{kaplan_meier, log_rank};

const MINUTE: u64 = 60;

#[track_caller]
fn near(actual: impl Into<Option<f64>>, expected: f64, tolerance: f64) {
    let actual = actual.into().expect("a number was expected");
    assert!((actual - expected).abs() <= tolerance * expected.abs().max(1.0), "{actual} is not {expected}");
}

/// A call on a platform in an organisation, that dropped (1), ended (2) or was last seen (0) after so many ms.
fn call(platform: &str, organisation: &str, ms: i64, cause: usize) -> Outcome {
    let mut context = Context::default();
    context.set(Dimension::Platform, platform);
    context.set(Dimension::Organisation, organisation);
    let sight = RowSight { sees: KindSet::EVERY, ..RowSight::default() };
    let mut row = Outcome::empty("", Arc::new(context), sight);
    (row.attempted, row.connected, row.ending) = (true, true, Ending::Completed);
    (row.connected_ms, row.down_ms) = (ms - ms / 3, ms / 3);
    match cause {
        0 => row.ending = Ending::EndNotSeen,
        1 => {
            (row.drops, row.first_drop_ms) = (1, Some(ms));
            row.drop_times = vec![Disturbance { at: Time::from_ms(ms), over_at: None }];
            // It goes on for a while.
            row.connected_ms += 90_000;
        }
        _ => {}
    }
    row
}

/// Calls whose times are given in so many seconds, a cause for each.
fn calls(platform: &str, unit_s: u64, units: &[(u64, usize)]) -> Vec<Outcome> {
    let ms = |time: u64| (time * unit_s * 1_000) as i64;
    units.iter().map(|(time, cause)| call(platform, "one", ms(*time), *cause)).collect()
}

/// The fixture of two platforms: minutes, and whether the call dropped, ended or was last seen.
fn two_platforms() -> Vec<Outcome> {
    let a =
        [2, 5, 5, 8, 12, 12, 15, 18, 20, 20, 25, 30].into_iter().zip([1, 1, 2, 0, 2, 1, 2, 2, 2, 0, 2, 2]);
    let b = [1, 3, 4, 4, 6, 9, 10, 12, 15, 15, 20, 28].into_iter().zip([1, 1, 1, 2, 1, 2, 0, 1, 2, 2, 2, 2]);
    let a = calls("a", MINUTE, &a.collect::<Vec<_>>());
    [a, calls("b", MINUTE, &b.collect::<Vec<_>>())].concat()
}

struct Found {
    counted: BTreeMap<Arm, ArmTimes>,
    times: Vec<Times>,
}

fn found(rows: &[Outcome], cluster: ClusterChoice) -> Found {
    let ask = Ask { cluster, reference: Some("a".to_owned()), ..Ask::default() };
    let parameters = Parameters::as_of(Time::default());
    let arms = ask.survey().fold(rows);
    let design = ask.design(&arms).unwrap();
    let failures = design.failures(&ask, &parameters).fold(rows);
    let counted = design.times(&ask, &failures, &parameters).fold(rows);
    Found { times: times(&ask, &design, &arms, &failures, &counted), counted }
}

fn exits_of(found: &Found, place: usize) -> Exits {
    exits(&found.counted.values().nth(place).unwrap().groups[""]).unwrap()
}

#[test]
fn two_platforms_agree_with_published_packages_to_nine_digits() {
    let found = found(&two_platforms(), ClusterChoice::None);
    for (times, at_10, at_20) in
        [(&found.times[0], 0.166666667, 0.260416667), (&found.times[1], 0.333333333, 0.433333333)]
    {
        let at = |place: usize| times.dropped[place].figure.value;
        near(at(1), at_10, 5.1e-10);
        near(at(2), at_20, 5.1e-10);
        assert_eq!(times.dropped[1].figure.method, "aalen_johansen");
        assert_eq!((times.calls, times.went_on), (12, 0));
    }
    let [a, b] = [0, 1].map(|place| exits_of(&found, place));
    let share = aalen_johansen::incidence(&a, DROP, 12 * 60_000, LEVEL_95);
    near(share.lo, 0.0917810323, 5.1e-11);
    near(share.hi, 0.611436826, 5.1e-10);
    for (exits, minutes, se) in [(&a, 3.5, 1.915136788), (&b, 6.3, 2.337247799)] {
        let lost = super::minutes(lost_time::restricted(exits, DROP, 20 * 60_000, LEVEL_95));
        near(lost.value, minutes, 1e-14);
        near(lost.se, se, 5.1e-10);
    }
    assert_eq!(found.times[0].against, None);
    let against = found.times[1].against.as_ref().unwrap();
    let gray = against.gray.test.unwrap();
    near(gray.statistic, 0.81559753, 5.1e-9);
    near(gray.p, 0.366470, 5.1e-7);
    // Eight drops are not evidence.
    assert_eq!(against.dropped.verdict, Verdict::InsufficientEvidence);
    near(against.dropped.figure.value, 0.433333333 - 0.260416667, 1e-8);
}

#[test]
fn remission_in_weeks_agrees_with_published_packages_to_eight_digits() {
    let relapses = [6, 6, 6, 7, 10, 13, 16, 22, 23].map(|week| (week, 1));
    let open = [6, 9, 10, 11, 17, 19, 20, 25, 32, 32, 34, 35].map(|week| (week, 0));
    let placebo =
        [1, 1, 2, 2, 3, 4, 4, 5, 5, 8, 8, 8, 8, 11, 11, 12, 12, 15, 17, 22, 23].map(|week| (week, 1));
    let rows = [calls("a", 1, &[&relapses[..], &open].concat()), calls("b", 1, &placebo)].concat();
    let found = found(&rows, ClusterChoice::None);
    let [treated, placebo] = [0, 1].map(|place| exits_of(&found, place));
    for (week, left, se) in [(6, 0.85714286, 0.076360355), (23, 0.44817927, 0.134591457)] {
        let share = aalen_johansen::incidence(&treated, DROP, week * 1_000, LEVEL_95);
        near(share.value, 1.0 - left, 5.1e-9);
        near(share.se, se, 5.1e-10);
        near(kaplan_meier::survival(&treated, week * 1_000, LEVEL_95).value, left, 5.1e-9);
    }
    near(log_rank::log_rank(&[treated, placebo], DROP).unwrap().statistic, 16.79294099, 5.1e-9);
    assert_eq!((found.times[0].last_seen, found.times[1].last_seen), (12, 0));
    // Nobody was seen for five minutes under treatment; all on placebo have left long before.
    let at_5 = |place: usize| &found.times[place].dropped[0].figure;
    assert_eq!(at_5(0).status, Status::NotEstimable(Reason::BeyondFollowUp));
    assert_eq!((at_5(1).value, at_5(1).status), (Some(1.0), Status::Boundary(Reason::AllEvents)));
}

#[test]
fn times_of_whole_seconds_are_exact_and_others_are_late_by_less_than_one() {
    let units: Vec<(u64, usize)> = (0..400).map(|i| (i * 97 % 1_801, (i % 3) as usize)).collect();
    let projected = exits_of(&found(&calls("a", 1, &units), ClusterChoice::None), 0);
    let end = |cause: usize| cause.checked_sub(1).map_or(End::Censored, End::Cause);
    let direct = Exits::new(CAUSES, units.iter().map(|(second, cause)| (second * 1_000, end(*cause), 1)));
    assert_eq!(projected, direct.unwrap());

    let of = |ms: i64, cause: usize| call("a", "one", ms, cause);
    let rows = [of(299_999, 1), of(300_000, 1), of(300_001, 1), of(1_800_000, 2), of(1_800_001, 1)];
    let found = found(&rows, ClusterChoice::None);
    let dropped: Vec<f64> = found.times[0].dropped.iter().map(|at| at.figure.value.unwrap()).collect();
    assert!(
        dropped.iter().zip([0.4, 0.6, 0.6, 0.6]).all(|(found, share)| (found - share).abs() < 1e-15),
        "{dropped:?}"
    );
    assert_eq!((found.times[0].went_on, found.times[0].last_seen), (1, 0));
}

/// A call with drops of which some were restored, as a table keeps it or, in short, as a sheet does.
fn with_drops(restored_ms: &[i64], never: usize, short: bool) -> Outcome {
    let mut row = call("a", "one", 600_000, 1);
    row.drops = (restored_ms.len() + never) as u32;
    let lasted = restored_ms.iter().map(|ms| Some(*ms)).chain(std::iter::repeat_n(None, never));
    let drop = |(place, lasted): (i64, Option<i64>)| {
        let at = Time::from_ms(77 + 1_000 * place);
        Disturbance { at, over_at: lasted.map(|ms| Time::from_ms(at.ms() + ms)) }
    };
    row.drop_times = (0..).zip(lasted).map(drop).collect();
    row.recovered_drops = restored_ms.len() as u32;
    row.recovered_60s = restored_ms.iter().filter(|ms| **ms <= 60_000).count() as u32;
    if short { KeptOutcome::from(&row).into() } else { row }
}

#[test]
fn what_was_never_restored_counts_however_little_is_kept_of_it() {
    let of = |short| {
        let rows = [
            with_drops(&[10_000, 60_000], 1, short),
            with_drops(&[60_001, 300_000], 0, short),
            with_drops(&[300_001, 7_200_000], 1, short),
        ];
        found(&rows, ClusterChoice::None)
    };
    let (long, short) = (of(false), of(true));
    assert_eq!(long.counted, short.counted);
    assert_eq!(long.times, short.times);
    let times = &long.times[0];
    let shares: Vec<Option<f64>> = times.restored.iter().map(|at| at.figure.value).collect();
    assert_eq!((shares, times.drops), (vec![Some(0.25), Some(0.5)], Some(8)));
    assert_eq!(times.median_restored_s.value, Some(300.0));
    // With half of the drops never restored there is no time within which half of them were, but for one more.
    let rows = [with_drops(&[10_000], 2, false)];
    let median = &found(&rows, ClusterChoice::None).times[0].median_restored_s;
    assert_eq!((median.value, median.status), (None, Status::Boundary(Reason::NotReached)));
}

/// Eight calls of eight organisations: minutes of their drops, and when they ended.
const EIGHT: [(&[i64], i64); 8] = [
    (&[3, 10], 20),
    (&[], 15),
    (&[5], 12),
    (&[2, 4, 12], 18),
    (&[], 8),
    (&[10], 25),
    (&[7, 15], 20),
    (&[], 10),
];

#[test]
fn further_drops_of_a_call_count_in_how_often_calls_drop() {
    let row = |(place, (drops, end)): (usize, &(&[i64], i64))| {
        let mut row = call("a", &format!("o{place}"), end * 60_000, 2);
        row.drops = drops.len() as u32;
        row.first_drop_ms = drops.first().map(|minute| minute * 60_000);
        let drop = |minute: &i64| Disturbance { at: Time::from_ms(minute * 60_000), over_at: None };
        row.drop_times = drops.iter().map(drop).collect();
        row
    };
    let rows: Vec<Outcome> = EIGHT.iter().enumerate().map(row).collect();
    let found = found(&rows, ClusterChoice::By(Dimension::Organisation));
    let values =
        |means: &[ByMinute]| -> Vec<Option<f64>> { means.iter().map(|at| at.figure.value).collect() };
    let going_on = values(&found.times[0].drops_going_on);
    // By the end of the slot nobody is left to drop.
    for (found, mean) in going_on.iter().zip([0.5, 0.910714286, 1.277380952, 1.277380952]) {
        near(*found, mean, 5.1e-10);
    }
    let per_call = values(&found.times[0].drops_per_call);
    near(per_call[0], 0.5, 1e-15);
    near(per_call[3], 9.0 / 8.0, 1e-15);
    let by_30 = &found.times[0].drops_per_call[3].figure;
    assert!(by_30.lo.is_some_and(|lo| lo > 0.0 && lo < 1.125) && by_30.hi.is_some_and(|hi| hi > 1.125));
    // Where nothing is shared there is no telling how sure that is.
    let alone = found_alone(&rows);
    assert_eq!((alone.value, alone.lo), (by_30.value, None));
    assert!(alone.reason.is_some_and(|why| why.contains("organisations or clinicians")));
}

fn found_alone(rows: &[Outcome]) -> Figure {
    found(rows, ClusterChoice::None).times[0].drops_per_call[3].figure.clone()
}

#[test]
fn hours_between_drops_are_the_drops_per_hour_turned_over() {
    let mut rows = vec![call("a", "one", 3_600_000, 2), call("a", "two", 3_510_000, 1)];
    rows.push(call("b", "one", 3_600_000, 2));
    rows.push(call("b", "two", 3_600_000, 2));
    let found = found(&rows, ClusterChoice::By(Dimension::Organisation));
    let connected_ms: i64 = rows[..2].iter().map(|row| row.connected_ms).sum();
    near(found.times[0].hours_between_drops.value, connected_ms as f64 / 3_600_000.0, 1e-12);
    // Without a drop there is no mean, only what it is at least.
    let none = &found.times[1].hours_between_drops;
    assert_eq!((none.value, none.hi, none.status), (None, None, Status::Boundary(Reason::NoEvents)));
    assert!(none.lo.is_some_and(|lo| lo > 0.0), "{none:?}");
}

/// So many organisations with ten calls on each of two platforms; on b every third organisation drops them all.
fn organisations(count: u64) -> Vec<Outcome> {
    let of = |k: u64| {
        let name = format!("k-{k}");
        let calls = move |platform: &'static str, drops: u64| {
            let name = name.clone();
            (0..10).map(move |i| {
                let at = (60 + 90 * (i as i64)) * 1_000;
                call(platform, &name, at, if i < drops { 1 } else { 2 })
            })
        };
        calls("a", 1 + k % 2).chain(calls("b", if k.is_multiple_of(3) { 9 } else { 1 }))
    };
    (0..count).flat_map(of).collect()
}

#[test]
fn clusters_stand_alone_up_to_sixty_four_and_share_groups_beyond() {
    for (organisations_in_all, groups) in [(12, 12), (64, 64), (500, 64)] {
        let rows = organisations(organisations_in_all);
        let clustered = found(&rows, ClusterChoice::By(Dimension::Organisation));
        let alone = found(&rows, ClusterChoice::None);
        for (arm, (one, other)) in clustered.counted.values().zip(clustered.times.iter().zip(&alone.times)) {
            assert_eq!(arm.groups.len(), groups);
            for (one, other) in one.dropped.iter().zip(&other.dropped) {
                near(one.figure.value, other.figure.value.unwrap(), 1e-12);
                assert_eq!(one.figure.method, "jackknife_t");
            }
            near(one.lost_minutes.value, other.lost_minutes.value.unwrap(), 1e-12);
        }
        let width = |found: &Found| {
            let Figure { lo, hi, .. } = found.times[1].against.as_ref().unwrap().dropped.figure.clone();
            hi.unwrap() - lo.unwrap()
        };
        // Whole organisations drop, so that consultations tell far less than there are of them.
        assert!(width(&clustered) > 1.5 * width(&alone), "{organisations_in_all}");
        let against = clustered.times[1].against.as_ref().unwrap();
        // Four organisations of twelve are no proof.
        let word = if organisations_in_all < 64 { Verdict::NoClearDifference } else { Verdict::Worse };
        assert_eq!(against.dropped.verdict, word);
        near(against.dropped.figure.value, at_30(&clustered, 1) - at_30(&clustered, 0), 1e-12);
        near(against.lost_minutes.figure.value, lost(&clustered, 1) - lost(&clustered, 0), 1e-12);
    }
}

fn at_30(found: &Found, place: usize) -> f64 {
    found.times[place].dropped[3].figure.value.unwrap()
}

fn lost(found: &Found, place: usize) -> f64 {
    found.times[place].lost_minutes.value.unwrap()
}

#[test]
fn what_a_feed_cannot_tell_is_left_out_and_said() {
    let blind = |rows: &mut [Outcome], kind: Kind| {
        rows.iter_mut().for_each(|row| row.sight.sees = row.sight.sees.without(KindSet::of(&[kind])));
    };
    let mut rows = organisations(12);
    // A tenth of the calls on b, one for each organisation, is of a feed that cannot tell the end.
    for row in rows.iter_mut().filter(|row| row.context.level(Dimension::Platform) == "b").step_by(10) {
        blind(std::slice::from_mut(row), Kind::Completed);
    }
    let some = found(&rows, ClusterChoice::Auto);
    assert_eq!((some.times[1].calls, some.times[1].unmeasured), (108, 12));
    assert_eq!(some.times[1].dropped[3].figure.status, Status::Ok);
    // Their drops are seen all the same.
    assert_eq!(some.times[1].drops, Some(4 * 9 + 8));

    blind(&mut rows, Kind::Completed);
    let times = found(&rows, ClusterChoice::Auto).times;
    let figure = &times[1].dropped[0].figure;
    assert_eq!((figure.value, figure.reason.as_deref()), (None, Some("the feed cannot tell completed")));
    assert!(times[1].hours_between_drops.value.is_some());
    let against = times[1].against.as_ref().unwrap();
    assert_eq!(against.dropped.verdict, Verdict::NotComparable);
    assert_eq!(against.gray.reason.as_deref(), Some("b: the feed cannot tell completed"));

    blind(&mut rows, Kind::Dropped);
    let times = &found(&rows, ClusterChoice::Auto).times[0];
    for figure in [&times.restored[1].figure, &times.median_restored_s, &times.hours_between_drops] {
        assert!(matches!(figure.status, Status::NotMeasured(_)), "{figure:?}");
        assert_eq!(figure.reason.as_deref(), Some("the feed cannot tell dropped"));
    }
}

#[test]
fn a_feed_that_cannot_tell_who_gave_up_is_not_held_against_one_that_can() {
    let mut rows = organisations(12);
    let given_up = KindSet::of(&[Kind::Converted, Kind::Abandoned]);
    for row in rows.iter_mut().filter(|row| row.context.level(Dimension::Platform) == "b") {
        row.sight.sees = row.sight.sees.without(given_up);
    }
    let times = found(&rows, ClusterChoice::Auto).times;
    assert!(times[1].dropped[3].figure.value.is_some());
    let against = times[1].against.as_ref().unwrap();
    assert_eq!((against.dropped.verdict, against.gray.test), (Verdict::NotComparable, None));
    assert!(against.gray.reason.as_deref().unwrap().contains("converted or abandoned"));
}

#[test]
fn a_platform_without_a_connected_call_says_that_there_is_none() {
    let mut rows = two_platforms();
    rows.iter_mut().filter(|row| row.context.level(Dimension::Platform) == "b").for_each(|row| {
        (row.connected, row.first_drop_ms, row.drops, row.ending) = (false, None, 0, Ending::FailedToConnect);
        row.drop_times.clear();
    });
    let times = &found(&rows, ClusterChoice::None).times[1];
    assert_eq!((times.calls, times.drops), (0, Some(0)));
    assert_eq!(times.dropped[0].figure.status, Status::NotEstimable(Reason::NoData));
    assert_eq!(times.against.as_ref().unwrap().dropped.verdict, Verdict::NotComparable);
}
