//! Rows counted by hand, and what a projection and its reading must keep.

use std::sync::Arc;

use event::{Context, Kind, KindSet, Time};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;

use super::*;
use crate::compare::{Reach as Reading, ReachPart, reach};
use crate::outcome::RowSight;
use crate::parameters::Parameters;

const QUINTILE: Dimension = Dimension::DeprivationQuintile;
const SEES: &[Kind] = &[Kind::Joined, Kind::Completed];

/// A consultation: platform, organisation and quintile, how far it came, what its sources see.
fn row(levels: [Option<&str>; 3], came: u8, sees: &[Kind]) -> Outcome {
    let dimensions = [Dimension::Platform, Dimension::Organisation, QUINTILE];
    let context: Context = dimensions
        .into_iter()
        .zip(levels)
        .filter_map(|(dimension, level)| Some((dimension, level?)))
        .collect();
    let sight = RowSight { sees: KindSet::of(sees), ..RowSight::default() };
    let mut row = Outcome::empty("c", Arc::new(context), sight);
    (row.attempted, row.connected) = (came > 0, came > 1);
    row.ending = if came > 2 { Ending::Completed } else { Ending::EndNotSeen };
    row
}

fn population(people: &[(&str, u64)]) -> Population {
    let mut population = Population::default();
    people.iter().for_each(|(level, people)| population.add(QUINTILE, level, *people).unwrap());
    population
}

fn read(rows: &[Outcome], population: &Population) -> Reading {
    let filter = Filter::default();
    let dimensions: Vec<Dimension> = population.dimensions().collect();
    let reached = Reach { dimensions: &dimensions, filter: &filter }.fold(rows);
    reach(population, &filter, &reached, 0.95, &Parameters::as_of(Time::default()))
}

/// The part of a platform, or of all together.
fn part<'a>(reading: &'a Reading, platform: Option<&str>) -> &'a ReachPart {
    reading.parts.iter().find(|part| part.platform.as_deref() == platform).unwrap()
}

#[track_caller]
fn near(found: Option<f64>, expected: f64) {
    let found = found.expect("a number was expected");
    assert!((found - expected).abs() < 1e-9, "{found} is not {expected}");
}

/// Ten consultations: six of quintile 1, two of 5, one of 3 which the population lacks, one without.
fn ten() -> Vec<Outcome> {
    let on = |quintile, came| row([Some("alder"), None, quintile], came, SEES);
    [
        vec![on(Some("1"), 3); 4],
        vec![on(Some("1"), 2), on(Some("1"), 0)],
        vec![on(Some("5"), 3), on(Some("5"), 1)],
        vec![on(Some("3"), 3), on(None, 3)],
    ]
    .concat()
}

#[test]
fn every_number_is_that_of_the_rows() {
    let reading = read(&ten(), &population(&[("1", 1_000), ("5", 3_000)]));
    assert_eq!((reading.cluster, reading.parts.len()), ("none", 2));
    let whole = part(&reading, None);
    assert_eq!(whole.groups, part(&reading, Some("alder")).groups, "one platform is all of them");
    assert_eq!((whole.people, whole.consultations, whole.counted, whole.not_recorded), (4_000, 10, 8, 1));
    assert_eq!(whole.not_in_population, BTreeMap::from([("3".to_owned(), 1)]));
    let [first, last] = &whole.groups[..] else { panic!("{:?}", whole.groups) };
    assert_eq!((first.consultations.n, first.attempted, first.connected, first.completed.n), (6, 5, 5, 4));
    assert_eq!((last.consultations.n, last.attempted, last.connected, last.completed.n), (2, 2, 1, 1));
    near(Some(first.people_share), 0.25);
    near(first.consultations.share.value, 0.75);
    near(first.consultations.representation.value, 3.0);
    near(last.consultations.representation.value, 0.25 / 0.75);
    near(first.consultations.per_1000.value, 6.0);
    near(last.consultations.per_1000.value, 2.0 / 3.0);
    // Garwood's limits of 6, of one thousand people: 2.2019 and 13.0595 in every table of Poisson limits.
    assert!((first.consultations.per_1000.lo.unwrap() - 2.2019).abs() < 1e-4);
    assert!((first.consultations.per_1000.hi.unwrap() - 13.0595).abs() < 1e-4);
    near(first.completed.share.value, 0.8);
    near(first.completed.representation.value, 3.2);
    near(first.completion.value, 0.8);
    near(last.completion.value, 0.5);
    // Wilson's limits of the share are those of representation, over the same share of people.
    near(first.consultations.representation.lo, first.consultations.share.lo.unwrap() / 0.25);
    near(first.consultations.representation.hi, first.consultations.share.hi.unwrap() / 0.25);
}

#[test]
fn who_never_comes_is_shown_with_how_often_they_may() {
    let reading = read(&ten(), &population(&[("1", 1_000), ("2", 2_000)]));
    let none = &part(&reading, None).groups[1];
    assert_eq!((none.group.as_str(), none.consultations.n), ("2", 0));
    assert_eq!((none.consultations.per_1000.value, none.consultations.per_1000.lo), (Some(0.0), Some(0.0)));
    assert!((none.consultations.per_1000.hi.unwrap() - 3.688_879_454 / 2.0).abs() < 1e-9);
    near(none.consultations.representation.value, 0.0);
    assert!(none.consultations.representation.hi.unwrap() > 0.0);
    assert_eq!(none.completion.value, None);
    assert_eq!(none.completion.reason.as_deref(), Some("there are no observations"));
}

#[test]
fn what_sources_cannot_tell_is_not_counted_as_failed() {
    let told = row([Some("alder"), None, Some("1")], 3, SEES);
    let blind = row([Some("alder"), None, Some("1")], 2, &[Kind::Joined]);
    let mut one_sided = told.clone();
    one_sided.one_sided = true;
    let people = population(&[("1", 100)]);
    let half = [told.clone(), told.clone(), blind.clone(), one_sided.clone()];
    let reading = read(&half, &people);
    let group = &part(&reading, None).groups[0];
    assert_eq!((group.attempted, group.not_measured, group.completed.n), (4, 2, 2));
    near(group.completion.value, 1.0);

    let reading = read(&[told, blind, one_sided], &people);
    let group = &part(&reading, None).groups[0];
    assert_eq!((group.consultations.n, group.completed.n), (3, 1));
    near(group.consultations.per_1000.value, 30.0);
    for figure in [&group.completed.share, &group.completed.per_1000, &group.completion] {
        assert_eq!((figure.value, figure.lo, figure.hi), (None, None, None));
        assert!(figure.reason.as_ref().unwrap().contains("fewer than half of the attempted"), "{figure:?}");
    }
}

/// A group that hardly anybody wrote down is not a group that nobody belongs to.
#[test]
fn groups_that_are_not_recorded_are_not_measured() {
    let on = |quintile| row([Some("alder"), None, quintile], 3, SEES);
    let people = population(&[("1", 100), ("2", 100)]);
    let few = read(&[on(Some("1")), on(None), on(None)], &people);
    let group = &part(&few, None).groups[1];
    assert_eq!((group.consultations.n, group.consultations.per_1000.value), (0, None));
    assert!(group.consultations.per_1000.reason.as_ref().unwrap().contains("fewer than half"));
    let half = read(&[on(Some("1")), on(None)], &people);
    near(part(&half, None).groups[0].consultations.per_1000.value, 10.0);
}

#[test]
fn shares_take_account_of_organisations_where_every_platform_has_two() {
    let on =
        |platform, organisation, quintile| row([Some(platform), Some(organisation), Some(quintile)], 3, SEES);
    // One organisation serves quintile 1 alone, the other 5: two observations, and not forty.
    let mut rows = [vec![on("alder", "a", "1"); 20], vec![on("alder", "b", "5"); 20]].concat();
    let people = population(&[("1", 100), ("5", 100)]);
    let clustered = read(&rows, &people);
    assert_eq!(clustered.cluster, "organisation");
    rows.push(on("birch", "a", "1"));
    let alone = read(&rows, &people);
    assert_eq!(alone.cluster, "none");
    rows.pop();
    rows.push(row([None, None, Some("1")], 3, SEES));
    assert_eq!(read(&rows, &people).cluster, "organisation", "a stray row decides nothing");
    let width = |reading: &Reading| {
        let share = part(reading, Some("alder")).groups[0].consultations.share.clone();
        share.hi.unwrap() - share.lo.unwrap()
    };
    assert!(width(&clustered) > 2.0 * width(&alone), "{} {}", width(&clustered), width(&alone));
}

#[test]
fn the_slope_is_that_of_the_rates() {
    let on = |quintile| row([Some("alder"), None, Some(quintile)], 3, SEES);
    let rows: Vec<Outcome> = [("1", 50), ("2", 40), ("3", 30), ("4", 20), ("5", 10)]
        .iter()
        .flat_map(|(q, n)| vec![on(*q); *n])
        .collect();
    let fifths = ["1", "2", "3", "4", "5"].map(|quintile| (quintile, 1_000));
    let reading = read(&rows, &population(&fifths));
    let slopes = part(&reading, None).slopes.as_ref().unwrap();
    // Rates fall by 10 per 1,000 with each fifth: a straight line from 55 to 5.
    near(slopes.consultations.slope_index.value, -50.0);
    near(slopes.consultations.relative_index.value, 5.0 / 55.0);
    assert!(slopes.consultations.slope_index.hi.unwrap() < 0.0);
    assert_eq!(slopes.completed, slopes.consultations, "all of them were completed");

    let lacking = read(&rows, &population(&fifths[..4]));
    let slope = &part(&lacking, None).slopes.as_ref().unwrap().consultations.slope_index;
    assert_eq!(
        (slope.value, slope.reason.as_deref()),
        (None, Some("a slope is fitted over 5 to 100 quantiles"))
    );
    let nobody = read(&rows[..50], &population(&fifths));
    let slope = &part(&nobody, None).slopes.as_ref().unwrap().consultations.slope_index;
    assert!(slope.value.unwrap() < 0.0 && slope.reason.as_ref().unwrap().contains("no event"), "{slope:?}");
}

#[test]
fn what_is_no_group_is_refused() {
    let mut population = Population::default();
    population.add(Dimension::AgeBand, "75-plus", 10).unwrap();
    let twice = PopulationError::Twice(Dimension::AgeBand, "75-plus".to_owned());
    assert_eq!(population.add(Dimension::AgeBand, "75-plus", 11), Err(twice));
    assert_eq!(population.add(Dimension::AgeBand, "x", 0), Err(PopulationError::Nobody));
    assert_eq!(
        population.add(Dimension::AgeBand, "x", MOST_PEOPLE),
        Err(PopulationError::TooMany(MOST_PEOPLE))
    );
    assert!(
        population.add(QUINTILE, "0", 1).unwrap_err().to_string().contains("from 1 (most deprived) to 5")
    );
    assert!(population.add(Dimension::Assisted, "yes", 1).unwrap_err().to_string().contains("true or false"));
    assert!(population.add(Dimension::AgeBand, NOT_RECORDED, 1).is_err());
    assert_eq!(
        population.add(Dimension::Modality, "video", 1),
        Err(PopulationError::NotOfPeople(Dimension::Modality))
    );
    assert_eq!(population.dimensions().collect::<Vec<_>>(), [Dimension::AgeBand]);
    for number in 1..MOST_GROUPS {
        population.add(Dimension::Service, &number.to_string(), 1).unwrap();
    }
    assert_eq!(population.add(Dimension::Service, "x", 1), Err(PopulationError::TooManyGroups));
}

fn any_row() -> impl Strategy<Value = Outcome> {
    let level = |names: [&'static str; 2]| select(vec![None, Some(names[0]), Some(names[1])]);
    let sees = select(vec![SEES, &[Kind::Joined][..]]);
    (level(["a", "b"]), level(["o", "p"]), level(["1", "5"]), 0_u8..4, sees, any::<bool>()).prop_map(
        |(platform, organisation, quintile, came, sees, phone)| {
            let mut row = row([platform, organisation, quintile], came, sees);
            if phone {
                let context = Context::clone(&row.context).with(Dimension::Modality, "phone");
                row.context = Arc::new(context);
            }
            row
        },
    )
}

proptest! {
    /// Rows of one setting may be gathered and poured in at once.
    #[test]
    fn what_is_gathered_and_poured_is_what_is_added(rows in vec(any_row(), 0..60)) {
        let filter = Filter::default();
        for dimensions in [vec![QUINTILE], vec![Dimension::Organisation, QUINTILE], vec![]] {
            let asked = Reach { dimensions: &dimensions, filter: &filter };
            let mut trays: BTreeMap<(Arc<Context>, KindSet), (Outcome, Steps)> = BTreeMap::new();
            for row in &rows {
                let empty = Outcome::empty("", Arc::clone(&row.context), row.sight);
                let setting = trays.entry((Arc::clone(&row.context), row.sight.sees));
                asked.gather(row, &mut setting.or_insert((empty, Steps::default())).1);
            }
            let mut poured = Reached::new();
            for (row, steps) in trays.into_values() {
                asked.pour(&row, steps, &mut poured);
            }
            prop_assert_eq!(poured, asked.fold(&rows));
        }
    }

    /// Nothing gets lost, every number is finite, and what is missing says why.
    #[test]
    fn a_reading_loses_nobody_and_says_what_it_can(rows in vec(any_row(), 0..60), level in 0.5_f64..0.999) {
        let people = population(&[("1", 3), ("2", 1), ("3", 9), ("4", 2), ("5", MOST_PEOPLE - 1)]);
        let filter = Filter::default();
        let reached = Reach { dimensions: &[QUINTILE], filter: &filter }.fold(&rows);
        let reading = reach(&people, &filter, &reached, level, &Parameters::as_of(Time::default()));
        let whole = part(&reading, None);
        prop_assert_eq!(whole.consultations + reading.other_modalities, rows.len() as u64);
        for part in &reading.parts {
            let strange: u64 = part.not_in_population.values().sum();
            prop_assert_eq!(part.counted + part.not_recorded + strange, part.consultations);
            let of_groups: u64 = part.groups.iter().map(|group| group.consultations.n).sum();
            prop_assert_eq!(of_groups, part.counted);
            for group in &part.groups {
                let told = group.attempted - group.not_measured;
                prop_assert!(group.completed.n <= group.connected && group.connected <= told);
                let used = [&group.consultations, &group.completed];
                let figures = used.iter().flat_map(|used| [&used.share, &used.representation, &used.per_1000]);
                for figure in figures.chain([&group.completion]) {
                    let all = [figure.value, figure.lo, figure.hi];
                    prop_assert!(all.iter().flatten().all(|number| number.is_finite() && *number >= 0.0));
                    prop_assert!(all.iter().all(Option::is_some) || figure.reason.is_some(), "{:?}", figure);
                    if let (Some(value), Some(lo), Some(hi)) = (figure.value, figure.lo, figure.hi) {
                        prop_assert!(lo <= value && value <= hi, "{:?}", figure);
                    }
                }
            }
            let slopes = part.slopes.as_ref().unwrap();
            for indices in [&slopes.consultations, &slopes.completed] {
                for figure in [&indices.slope_index, &indices.relative_index] {
                    let all = [figure.value, figure.lo, figure.hi];
                    prop_assert!(all.iter().flatten().all(|number| number.is_finite()));
                    prop_assert!(all.iter().all(Option::is_some) || figure.reason.is_some(), "{:?}", figure);
                }
            }
        }
    }
}
