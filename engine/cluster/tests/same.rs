//! Whatever is asked, workers answer what one machine answers, to the byte.

use crate::stage::{Lake, Worker, asked};

/// The questions of a small data set.
const QUESTIONS: [&[&str]; 5] = [
    &["compare", "--json", "-q"],
    &["compare", "--by", "service", "--cluster", "organisation", "-q"],
    &["decide", "--json", "-q"],
    &["totals", "--json", "-q"],
    &["report", "build", "-q"],
];

#[test]
fn every_recorded_scenario_is_answered_alike() {
    for (number, name) in engine::scenario::Scenario::names().enumerate() {
        let lake = Lake::of_scenario(name, 1 + number as u32);
        let workers = [Worker::of(&lake.set()), Worker::of(&lake.set())];
        for words in QUESTIONS {
            let (here, there) = (
                lake.local(words),
                asked(&lake.set(), &workers.each_ref().map(|worker| worker.at), &[], words),
            );
            assert_eq!(there.code, here.code, "{name}: {words:?}: {}", there.err);
            assert_eq!(there.out, here.out, "{name}: {words:?}");
        }
    }
}

#[test]
fn a_hundred_thousand_events_are_answered_alike_by_any_number_of_workers() {
    let lake = Lake::of_plan("national", 30_000, 8);
    let workers: Vec<Worker> = (0..3).map(|_| Worker::of(&lake.set())).collect();
    let at: Vec<_> = workers.iter().map(|worker| worker.at).collect();
    let closer: &[&str] = &[
        "compare",
        "--adjust",
        "network",
        "--across",
        "organisation",
        "--over",
        "week",
        "--times",
        "--json",
        "-q",
    ];
    let questions: [(&[&str], &[usize]); 5] = [
        (&["compare", "--json", "-q"], &[1, 2, 3]),
        (closer, &[2]),
        (&["decide", "--by", "service", "--json", "-q"], &[2]),
        (&["report", "build", "--policy", "internal", "-q"], &[3]),
        (&["compare", "--grace-ms", "5000", "-q"], &[2]),
    ];
    for (words, counts) in questions {
        let here = lake.local(words).ok();
        for count in counts {
            assert_eq!(
                asked(&lake.set(), &at[..*count], &[], words).ok(),
                here,
                "{count} workers: {words:?}"
            );
        }
    }
}

/// Consultations go on in later generations, and their beginnings lie in files of earlier ones.
#[test]
fn a_data_set_that_grew_is_answered_alike() {
    let lake = Lake::growing("clinic", 900, 4, 3);
    let worker = Worker::of(&lake.set());
    for words in [&["compare", "--json", "-q"][..], &["decide", "--json", "-q"]] {
        assert_eq!(asked(&lake.set(), &[worker.at], &[], words).ok(), lake.local(words).ok(), "{words:?}");
    }
}

#[test]
fn what_needs_the_store_is_refused_with_where_to_ask() {
    let lake = Lake::of_scenario("range-by-service", 2);
    let worker = Worker::of(&lake.set());
    let ran = asked(&lake.set(), &[worker.at], &[], &["explain", "c-1"]);
    assert_eq!(ran.code, std::process::ExitCode::from(2));
    assert!(ran.err.contains("where the store is"), "{}", ran.err);
}
