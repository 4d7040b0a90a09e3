//! The scan against one that is written down span by span, outages that were planted, and logs that have none.

use std::collections::BTreeMap;

use super::concentration::{Days, FEWEST, losses};
use super::*;
use crate::stats::checks::near;
use crate::stats::counter::below;

/// A Monday, since 1970 began.
const MONDAY: i32 = 20_514;

/// A world in which organisations use platforms from 8 to 18 o'clock.
#[derive(Clone)]
struct World {
    seed: u64,
    platforms: usize,
    organisations: usize,
    days: i32,
    /// Consultations of an organisation on a platform in a quarter of an hour, at most.
    most: u64,
    /// Failures in a thousand, more or less by organisation and hour.
    failures: u64,
    /// Whether whole mornings fail at single sites.
    bad_mornings: bool,
    /// Platform, first quarter, quarters, and organisations by which all fails; none: at all.
    outages: Vec<(usize, i32, i32, Option<usize>)>,
}

const WORLD: World = World {
    seed: 1,
    platforms: 2,
    organisations: 6,
    days: 21,
    most: 3,
    failures: 30,
    bad_mornings: false,
    outages: Vec::new(),
};

impl World {
    fn series(&self) -> Vec<Series> {
        let mut series = Vec::new();
        let mut place = 0;
        let mut draw = |end: u64| {
            place += 1;
            below(end, self.seed, place)
        };
        for organisation in 0..self.organisations {
            for platform in 0..self.platforms {
                let mut quarters = Vec::new();
                for day in MONDAY..MONDAY + self.days {
                    let idle = (day - MONDAY) % 7 >= 5 && draw(4) > 0;
                    let bad_morning = self.bad_mornings && draw(15) == 0;
                    for quarter in (32..72).map(|quarter| day * 96 + quarter) {
                        let n = draw(self.most + 1);
                        let hour = (quarter % 96 / 4) as u64;
                        let usual = self.failures * (4 + organisation as u64) * (hour + 4) / 90;
                        let out = self.outages.iter().any(|(of, begin, quarters, at)| {
                            *of == platform
                                && (*begin..begin + quarters).contains(&quarter)
                                && at.is_none_or(|at| at == organisation)
                        });
                        let in_thousand = match () {
                            () if out => 900,
                            () if bad_morning && quarter % 96 < 48 => 500,
                            () => usual,
                        };
                        let x = (0..n).filter(|_| draw(1_000) < in_thousand).count() as u32;
                        if n > 0 && !idle {
                            quarters.push(Quarter { number: quarter, n: n as u32, x });
                        }
                    }
                }
                series.push(Series { platform, organisation, quarters });
            }
        }
        series
    }

    fn search(&self) -> Search {
        Search::new(self.platforms, self.organisations, &self.series())
    }

    fn found(&self, permutations: u64) -> Found {
        let mut search = self.search();
        while search.take_out(&search.maxima(0..permutations)) {}
        search.finish()
    }
}

/// Every ratio of a log, counted again from its quarters: what is expected comes with them, by platform, organisation
/// and quarter.
fn by_hand(
    entries: &BTreeMap<(usize, usize, i32), (f64, f64)>,
    platforms: usize,
) -> BTreeMap<(usize, i32, i32), f64> {
    let rest = |platform: usize, begin: i32, end: i32| -> (f64, f64) {
        let mut by_organisation: BTreeMap<usize, (f64, f64)> = BTreeMap::new();
        for ((of, organisation, quarter), (x, expected)) in entries {
            if *of == platform && (begin..end).contains(quarter) {
                let sum = by_organisation.entry(*organisation).or_default();
                *sum = (sum.0 + x, sum.1 + expected);
            }
        }
        let mut sums: Vec<(f64, f64)> = by_organisation.into_values().collect();
        sums.sort_by(|a, b| (b.0 - b.1).total_cmp(&(a.0 - a.1)));
        let from = usize::from(sums.first().is_some_and(|(x, expected)| x > expected));
        sums[from..].iter().fold((0.0, 0.0), |sum, one| (sum.0 + one.0, sum.1 + one.1))
    };
    let days: std::collections::BTreeSet<i32> =
        entries.keys().map(|(.., quarter)| quarter.div_euclid(96)).collect();
    let mut ratios = BTreeMap::new();
    for day in days {
        for (length, step) in [(1, 1), (2, 1), (4, 1), (8, 2), (16, 4)] {
            for begin in (0..=96 - length).step_by(step).map(|place| day * 96 + place) {
                let end = begin + length;
                for platform in 0..platforms {
                    let (x, own) = rest(platform, begin, end);
                    let others = (0..platforms).filter(|other| *other != platform);
                    let others = others.map(|other| rest(other, begin, end));
                    let (failed, expected) =
                        others.fold((0.0, 0.0), |sum, one| (sum.0 + one.0, sum.1 + one.1));
                    let expected = own * f64::max(1.0, (failed + 1.0) / (expected + 1.0));
                    if x > expected {
                        ratios.insert((platform, begin, end), x * (x / expected).ln() - (x - expected));
                    }
                }
            }
        }
    }
    ratios
}

/// The entries of a search when stays take each other's places.
fn entries(search: &Search, arranged: impl Fn(usize) -> usize) -> BTreeMap<(usize, usize, i32), (f64, f64)> {
    let table = &search.table;
    let mut entries = BTreeMap::new();
    for (number, stay) in table.stays.iter().enumerate() {
        for part in table.stays[arranged(number)].parts.clone() {
            for entry in table.parts[part].entries.clone().filter(|entry| !table.out[*entry]) {
                let quarter = table.quarter(stay.day, usize::from(table.place[entry]));
                let key = (table.parts[part].platform, stay.organisation, quarter);
                entries.insert(key, (f64::from(table.x[entry]), table.expected[entry]));
            }
        }
    }
    entries
}

#[test]
fn every_ratio_is_that_of_the_quarters() {
    for (platforms, organisations) in [(1, 3), (2, 4), (3, 2)] {
        let world = World { platforms, organisations, days: 8, failures: 150, bad_mornings: true, ..WORLD };
        let search = world.search();
        let wanted = by_hand(&entries(&search, |stay| stay), platforms);
        let found = search.above(0.0);
        assert_eq!(found.len(), wanted.len());
        assert!(found.is_sorted_by(|a, b| a.3 >= b.3));
        for (day, platform, span, ratio) in &found {
            let begin = search.table.quarter(*day, span.begin);
            near(*ratio, wanted[&(*platform, begin, begin + span.quarters as i32)], 1e-9);
        }
        for permutation in 0..3 {
            let arranged = search.arrangements.arranged(permutation);
            let wanted = by_hand(&entries(&search, |stay| arranged[stay]), platforms);
            let highest = wanted.values().copied().fold(0.0, f64::max);
            near(search.maxima(permutation..permutation + 1)[0], highest, 1e-9);
        }
    }
}

#[test]
fn days_change_places_with_their_like_and_rearranged_logs_can_be_made_apart() {
    let search = World { days: 130, ..WORLD }.search();
    let table = &search.table;
    assert_eq!(table.seasons(), 2);
    let arranged = search.arrangements.arranged(7);
    let mut moved = 0;
    for (stay, other) in arranged.iter().enumerate() {
        let (stay, other) = (&table.stays[stay], &table.stays[*other]);
        assert_eq!(stay.organisation, other.organisation);
        assert_eq!(table.season(stay.day), table.season(other.day));
        assert_eq!(table.weekday(stay.day) >= 5, table.weekday(other.day) >= 5);
        moved += usize::from(stay.day != other.day);
    }
    assert!(moved * 10 > arranged.len() * 9, "{moved} of {}", arranged.len());
    let mut sorted = arranged;
    sorted.sort_unstable();
    assert!(sorted.into_iter().eq(0..table.stays.len()));
    let whole = search.maxima(0..6);
    assert_eq!([search.maxima(0..2), search.maxima(2..5), search.maxima(5..6)].concat(), whole);
}

#[test]
fn what_is_expected_is_what_failed_at_such_an_hour_in_such_a_season_at_such_an_organisation() {
    // The same every day: a tenth fails; but on one day of forty all does in the first of two hours.
    let quarters = |day: i32| (36..44).map(move |place| Quarter { number: day * 96 + place, n: 40, x: 4 });
    let days = MONDAY..MONDAY + 40;
    let mut series = Series { platform: 0, organisation: 0, quarters: days.flat_map(quarters).collect() };
    series.quarters[..4].iter_mut().for_each(|quarter| quarter.x = 40);
    let mut search = Search::new(1, 1, &[series]);
    let expected = |search: &Search, entry: usize| search.table.expected[entry];
    // Six Mondays with four quarters: 244 of 960 failed where about 107 were expected.
    near(expected(&search, 0), 4.44 * (244.0 + 20.0) / (107.0 + 20.0), 0.02);
    near(expected(&search, 4), 4.44 * (96.0 + 20.0) / (107.0 + 20.0), 0.02);
    search.table.take_out(0, MONDAY * 96 + 36..MONDAY * 96 + 40);
    baseline::expect(&mut search.table);
    [0, 4, 8].into_iter().for_each(|entry| near(expected(&search, entry), 4.0, 0.002));
    // By hand, two quarters of two organisations, step by step; all are of one season.
    let of = |organisation, quarters: [(i32, u32, u32); 2]| Series {
        platform: 0,
        organisation,
        quarters: quarters.map(|(hour, n, x)| Quarter { number: MONDAY * 96 + hour * 4, n, x }).to_vec(),
    };
    let search =
        Search::new(1, 2, &[of(0, [(9, 100, 30), (10, 200, 10)]), of(1, [(9, 300, 30), (11, 400, 30)])]);
    let (n, x) = ([100.0, 200.0, 300.0, 400.0], [30.0, 10.0, 30.0, 30.0]);
    let mut wanted = n.map(|n| n * 100.5 / 1001.0);
    for cells in [[0, 1, 0, 2], [0; 4], [0, 0, 1, 1]] {
        let before = wanted;
        for (entry, wanted) in wanted.iter_mut().enumerate() {
            let same = (0..4).filter(|other| cells[*other] == cells[entry]);
            let (x, expected) =
                same.fold((20.0, 20.0), |sum, other| (sum.0 + x[other], sum.1 + before[other]));
            *wanted *= x / expected;
        }
    }
    for (entry, wanted) in wanted.into_iter().enumerate() {
        near(search.table.expected[entry], wanted, 1e-12);
    }
}

/// From 10:00 to 12:30 on the second Wednesday.
const BEGIN: i32 = (MONDAY + 9) * 96 + 40;

#[test]
fn a_planted_outage_is_found_at_its_place_and_nothing_else() {
    let planted = World { outages: vec![(1, BEGIN, 10, None)], bad_mornings: true, ..WORLD };
    let found = planted.found(199);
    let [outage] = &found.outages[..] else { panic!("{:?}", found.outages) };
    assert_eq!(outage.platform, 1);
    assert!((outage.quarters.start - BEGIN).abs() <= 1, "{:?}", outage.quarters);
    assert!((outage.quarters.end - BEGIN - 10).abs() <= 1, "{:?}", outage.quarters);
    assert_eq!((outage.organisations, outage.affected), (6, 6));
    assert!(outage.sum.x * 10 > outage.sum.n * 7 && outage.sum.expected < 10.0, "{:?}", outage.sum);
    assert!(outage.others.n > 50 && outage.others.x * 4 < outage.others.n, "{:?}", outage.others);
    near(outage.p, 1.0 / 200.0, 1e-12);
    let again = planted.found(199);
    assert_eq!(again, found);
}

#[test]
fn the_trouble_of_one_site_and_of_all_platforms_is_no_outage_of_one() {
    let site = World { outages: vec![(1, BEGIN, 30, Some(2))], ..WORLD };
    assert_eq!(site.found(199).outages, []);
    let all = World { outages: vec![(0, BEGIN, 10, None), (1, BEGIN, 10, None)], ..WORLD };
    assert_eq!(all.found(199).outages, []);
    // With one platform there are no others to hold it against.
    let alone = World { platforms: 1, outages: vec![(0, BEGIN, 10, None)], ..WORLD }.found(199);
    assert_eq!(alone.outages.len(), 1);
    assert_eq!(alone.outages[0].others, Sum::default());
    // And with one organisation nothing is an outage.
    let one = World { organisations: 1, outages: vec![(0, BEGIN, 10, None)], ..WORLD };
    assert_eq!(one.found(99).outages, []);
}

#[test]
fn a_lesser_outage_is_not_hidden_by_a_greater_one_and_spans_that_touch_are_one() {
    let lesser = (MONDAY + 3) * 96 + 50;
    let world = World { outages: vec![(0, BEGIN - 4, 32, None), (1, lesser, 4, None)], ..WORLD };
    let mut search = world.search();
    assert!(search.take_out(&search.maxima(0..199)));
    let first = search.signals.len();
    while search.take_out(&search.maxima(0..199)) {}
    assert!(search.signals.len() > first, "only later is the lesser one seen");
    let found = search.finish().outages;
    let [one, other] = &found[..] else { panic!("{found:?}") };
    assert_eq!((one.platform, other.platform), (1, 0));
    assert!(
        (one.quarters.start - lesser).abs() <= 1 && (one.quarters.len() as i32 - 4).abs() <= 1,
        "{one:?}"
    );
    assert!((other.quarters.len() as i32 - 32).abs() <= 2, "{other:?}");
}

/// `EVENFIELD_CASES` times as many as usual.
#[test]
fn logs_without_an_outage_raise_no_more_alarms_than_is_said() {
    let times = std::env::var("EVENFIELD_CASES").ok().and_then(|times| times.parse().ok()).unwrap_or(1_u64);
    let (logs, mut alarms) = (200 * times, 0_u64);
    for seed in 0..logs {
        let world = World {
            seed: 1_000 + seed,
            days: 12,
            organisations: 4,
            most: 2,
            failures: 60,
            bad_mornings: seed % 2 == 0,
            ..WORLD
        };
        let mut search = world.search();
        alarms += u64::from(search.take_out(&search.maxima(0..99)));
    }
    // One in twenty, and what chance adds to it in two of a hundred series of so many.
    let expected = FALSE_ALARMS * logs as f64;
    assert!((alarms as f64) < expected + 2.1 * (expected * 0.95).sqrt(), "{alarms} of {logs}");
}

#[test]
fn what_would_be_noticed_is_the_least_that_exceeds_the_threshold() {
    let found = World { most: 8, ..WORLD }.found(99);
    assert_eq!(found.noticed.len(), 2);
    for noticed in found.noticed.iter().flatten() {
        if let Some(failures) = noticed.failures {
            assert!(ratio(failures as f64, noticed.expected) > found.threshold);
            assert!(ratio((failures - 1) as f64, noticed.expected) <= found.threshold);
        } else {
            assert!(ratio(noticed.attempted as f64, noticed.expected) <= found.threshold);
        }
    }
    assert!(found.noticed[0].iter().any(|noticed| noticed.failures.is_some()), "{:?}", found.noticed);
    assert!(found.spans > 5_000, "{}", found.spans);
}

#[test]
fn losses_are_those_of_the_days() {
    let excess = vec![
        vec![Some(0.1), Some(-0.02), None, Some(0.0), Some(0.5)],
        vec![Some(0.0), Some(0.01), Some(0.3), Some(0.2), Some(-0.1)],
    ];
    let loads = vec![vec![100, 50, 10, 0, 40], vec![10, 20, 30, 0, 60]];
    let policies = [vec![0, 0], vec![1, 1], vec![0, 1]];
    let found = losses(&loads, &excess, &policies).unwrap();
    assert_eq!((found.days, found.unknown), (3, 1));
    let wanted = [[11.0, -1.4, 50.0], [0.0, 0.7, -10.0], [10.0, -0.8, 14.0]];
    for (loss, days) in found.policies.iter().zip(wanted) {
        near(loss.mean, days.iter().sum::<f64>() / 3.0, 1e-12);
        let worst = days.into_iter().fold(f64::MIN, f64::max);
        near(loss.worst, worst, 1e-12);
        near(loss.shortfall, worst, 1e-12);
    }
    assert_eq!(found.policies.iter().map(|loss| loss.worst_day).collect::<Vec<_>>(), [4, 1, 4]);
    // Where only what was seen is used, no day is lost.
    assert_eq!(losses(&loads, &excess, &policies[1..2]).unwrap().unknown, 0);
    assert_eq!(
        losses(&[vec![0, 0]], &excess, &policies[..1].iter().map(|_| vec![0]).collect::<Vec<_>>()),
        None
    );
}

#[test]
fn the_shortfall_is_the_mean_of_the_worst_twentieth() {
    let shares: Vec<Option<f64>> = (0..41).map(|day| Some(f64::from(day * 17 % 41) / 100.0)).collect();
    let found = losses(&[vec![10; 41]], &vec![shares], &[vec![0]]).unwrap();
    // Of 41 days the worst three.
    near(found.policies[0].shortfall, (4.0 + 3.9 + 3.8) / 3.0, 1e-12);
}

#[test]
fn an_outage_takes_more_of_what_is_all_on_one_platform_than_chance_does() {
    let world = World { most: 6, outages: vec![(1, BEGIN - 8, 40, None)], ..WORLD };
    let series = world.series();
    let days = Days::new(2, 6, &series);
    assert_eq!((days.first(), days.count()), (MONDAY, 21));
    let excess = days.excess();
    // Counted again from the series.
    let day = (BEGIN / 96 - MONDAY) as usize;
    let (mut n, mut x) = (0, 0);
    for series in series.iter().filter(|series| series.platform == 1) {
        for quarter in series.quarters.iter().filter(|quarter| quarter.number / 96 == BEGIN / 96) {
            (n, x) = (n + quarter.n, x + quarter.x);
        }
    }
    assert!(u64::from(n) >= FEWEST);
    let expected = f64::from(x) - excess[1][day].unwrap() * f64::from(n);
    assert!(expected > 0.0 && expected < f64::from(n) * 0.25, "{expected} of {n}");
    let loads = vec![vec![100; 21]; 2];
    let policies = [vec![0, 0], vec![1, 1], vec![0, 1]];
    let losses = losses(&loads, &excess, &policies).unwrap();
    let chances = days.by_chance(&loads, &policies, &losses);
    let by_chance: Vec<f64> = chances.iter().map(|chance| chance.shortfall.unwrap()).collect();
    assert_eq!(losses.policies[1].worst_day, day);
    assert!(losses.policies[1].worst > 120.0 && losses.policies[2].worst < 80.0, "{:?}", losses.policies);
    assert!(losses.policies[1].shortfall > by_chance[1] * 1.5, "{:?} {by_chance:?}", losses.policies);
    assert!(losses.policies[0].shortfall < by_chance[0] * 1.5, "{:?} {by_chance:?}", losses.policies);
    assert!(chances[1].p <= 0.05 && chances[0].p > 0.05, "{chances:?}");
}
