//! The plain reading, held to the whole one.

use event::{Context, Target};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;

use super::super::read as read_marks;
use super::*;
use crate::episode::{Fact, Mark, Who};

type Step = (i64, Kind, Person);

fn sights() -> Vec<Sight> {
    vec![crate::source::Sources::default().sight("s")]
}

/// What the whole reading says of the same marks.
fn whole(steps: &[Step], parameters: &Parameters) -> Outcome {
    let mut episode = Episode::default();
    for (position, (at, kind, person)) in steps.iter().enumerate() {
        let (who, role) = match person {
            Person::Nobody => (None, None),
            Person::Patient => (Some(Who::named("p")), Some(Role::Patient)),
            Person::Clinician => (Some(Who::named("k")), Some(Role::Clinician)),
        };
        let fact = match kind {
            Kind::Converted => Fact::Converted(Target::InPerson),
            Kind::Abandoned => Fact::Abandoned(None),
            _ => Fact::Nothing,
        };
        let position = position as u64;
        let (at, kind) = (Time::from_ms(*at), *kind);
        episode.push(Mark { at, kind, who, role, source: 0, position, tie: position, fact });
    }
    let _ = episode.settle(&sights());
    match read_marks("c", &episode, &sights(), parameters) {
        Reading::Closed(row) => *row,
        Reading::Open(_) => unreachable!("it is long over"),
    }
}

fn keys(steps: &[Step]) -> Vec<Key> {
    let key = |(at, kind, person): &Step| Key::new(Time::from_ms(*at), *kind, *person, Target::InPerson);
    let mut keys: Vec<Key> = steps.iter().map(key).collect();
    keys.sort_unstable();
    keys
}

/// Checks that the plain reading, if there is one, is the whole one, and so is that from keys; and whether
/// there is a plain one.
fn check(steps: &[Step]) -> bool {
    let parameters = Parameters::as_of(Time::MAX);
    let (plain, from_keys) = (read(&keys(steps), &parameters), read_whole(&keys(steps), &parameters));
    let whole = whole(steps, &parameters);
    from_keys.iter().for_each(|plain| says(plain, steps, whole.clone()));
    plain.iter().for_each(|plain| says(plain, steps, whole.clone()));
    plain.is_some()
}

/// Checks that a gist says what an outcome says.
fn says(plain: &Plain, steps: &[Step], whole: Outcome) {
    let mut row = Outcome::empty("c", std::sync::Arc::new(Context::default()), whole.sight);
    plain.gist.tell(&mut row);
    let drops: Vec<(i64, Option<i64>)> = plain.drops().iter().map(|drop| drop.told()).collect();
    assert_eq!(drops, whole.drops_from_connection().collect::<Vec<_>>(), "{steps:?}");
    let joins = [(Role::Patient, 0), (Role::Clinician, 1)].map(|(role, place)| {
        let theirs = whole.join_ms.iter().find(|time| time.role == role).map(|time| time.ms as u32);
        (theirs, Some(plain.join_ms[place]).filter(|ms| *ms != NO_TIME))
    });
    joins.into_iter().for_each(|(theirs, ours)| assert_eq!(ours, theirs, "{steps:?}"));
    let last = steps.iter().map(|step| step.0).max().unwrap();
    assert_eq!(plain.gist.last_ms, last);
    // What a gist has no room for.
    row.ended_at = whole.ended_at;
    (row.join_ms, row.anomalies) = (whole.join_ms.clone(), whole.anomalies.clone());
    (row.drop_times, row.audio_times) = (whole.drop_times.clone(), whole.audio_times.clone());
    (row.video_losses, row.video_lost_ms) = (whole.video_losses, whole.video_lost_ms);
    row.video_times.clone_from(&whole.video_times);
    assert_eq!(row, whole, "{steps:?}");
}

fn steps(most: usize) -> impl Strategy<Value = Vec<Step>> {
    let kinds: Vec<Kind> = Kind::ALL.into_iter().filter(|kind| Key::tells(*kind)).collect();
    let often = vec![Kind::Joined, Kind::Rejoined, Kind::Dropped, Kind::Left, Kind::AudioLost];
    let kind = prop_oneof![3 => select(often), 2 => select(kinds), 1 => Just(Kind::Completed)];
    let apart =
        select(vec![0, 1, 149, 150, 151, 999, 1_000, 1_001, 9_000, 14_999, 15_000, 15_001, 60_000, 600_000]);
    let person = select(vec![Person::Patient, Person::Clinician, Person::Patient, Person::Nobody]);
    vec((apart, kind, person), 1..most).prop_map(|steps| {
        let mut at = 0;
        steps
            .into_iter()
            .map(|(apart, kind, person)| {
                at += apart;
                (at, kind, person)
            })
            .collect()
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(4_000))]

    #[test]
    fn a_plain_reading_is_the_whole_one(
        joins in select(vec![0_usize, 1, 2]),
        rest in steps(12),
    ) {
        let mut steps: Vec<Step> = vec![(-70_000, Kind::Joined, Person::Patient), (-30_000, Kind::Joined, Person::Clinician)];
        steps.truncate(joins);
        steps.extend(rest);
        check(&steps);
    }
}

#[test]
fn what_most_calls_are_like_is_plain() {
    use Kind::{AudioLost, AudioRestored, Completed, Converted, Dropped, JoinFailed, Joined, Left, Rejoined};
    use Person::{Clinician, Nobody, Patient};
    let joined = [(0, Joined, Clinician), (30_000, Joined, Patient)];
    let calls: [&[Step]; 6] = [
        &[(600_000, Completed, Clinician)],
        &[(90_000, Dropped, Patient), (120_000, Rejoined, Patient), (600_000, Completed, Clinician)],
        &[(90_000, AudioLost, Patient), (99_000, AudioRestored, Patient), (600_000, Converted, Nobody)],
        &[(500_000, Left, Patient), (502_000, Left, Clinician)],
        &[(590_000, Dropped, Patient), (600_000, Completed, Clinician)],
        &[(40_000, JoinFailed, Patient)],
    ];
    for rest in calls {
        assert!(check(&[&joined[..], rest].concat()), "{rest:?}");
    }
    assert!(check(&[(0, Joined, Patient), (400_000, Left, Patient)]));
}

#[test]
fn what_needs_the_whole_reading_is_not_plain() {
    use Kind::{Completed, Joined, Left};
    use Person::{Clinician, Patient};
    assert!(!check(&[(0, Joined, Clinician), (0, Joined, Patient), (9_000, Completed, Clinician)]));
    assert!(!check(&[(0, Joined, Patient), (5_000, Left, Patient), (5_900, Joined, Patient)]));
    assert!(!check(&[(0, Joined, Patient), (5_000, Completed, Patient), (9_000, Completed, Clinician)]));
}

/// The stage of an abandonment lies beside the keys. Of two abandonments the keys do not tell whose stage is
/// that of the end: such a call said another stage when its events came in one batch than when they did not.
#[test]
fn two_abandonments_are_left_to_the_reading_that_knows_their_stages() {
    let parameters = Parameters::as_of(Time::MAX);
    let read = |ends: &[i64]| {
        let joins = [(0, Kind::Joined, Person::Patient), (5_000, Kind::Joined, Person::Clinician)];
        let ends = ends.iter().map(|at| (*at, Kind::Abandoned, Person::Patient));
        let keys: Vec<Key> = joins
            .into_iter()
            .chain(ends)
            .map(|(at, kind, person)| Key::new(Time::from_ms(at), kind, person, Target::Other))
            .collect();
        read_whole(&keys, &parameters)
    };
    assert_eq!(read(&[60_000]).map(|plain| plain.gist.ending), Some(Ending::Abandoned));
    assert_eq!(read(&[60_000, 61_000]), None);
}
