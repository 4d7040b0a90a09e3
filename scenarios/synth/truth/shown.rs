//! Large recordings show what was planted: the stories' rolls against the closed forms of the truth.

use std::collections::BTreeMap;

use event::Dimension;

use crate::{Clustering, Course, Ending, Plan, Planned, Rates, Synth};

/// A measure: its name, whether a consultation is in its denominator and in its numerator, its truth.
type Measure = (&'static str, fn(&Course) -> bool, fn(&Course) -> bool, fn(&Rates) -> f64);

const MEASURES: [Measure; 12] = [
    ("attempted", |_| true, |course| course.attempted, |rates| rates.attempted),
    ("undisturbed", |course| course.attempted, Course::undisturbed, |rates| rates.undisturbed),
    ("connected", |course| course.attempted, |course| course.connected, |rates| rates.connection_success),
    ("first try", |course| course.attempted, |course| course.first_try, |rates| rates.first_try_join),
    ("completed", |course| course.attempted, completed, |rates| rates.completed_on_video),
    ("converted", |course| course.attempted, converted, |rates| rates.conversion),
    ("abandoned", |course| course.attempted, abandoned, |rates| rates.abandonment),
    ("unseen", |course| course.attempted, unseen, |rates| rates.end_not_seen),
    (
        "failed",
        |course| course.attempted,
        |course| abandoned(course) || converted(course),
        |rates| rates.terminal_failure,
    ),
    ("dropped", |course| course.connected, |course| course.drops > 0, |rates| rates.any_drop),
    (
        "silent",
        |course| course.connected,
        |course| course.audio_lost_ms > 10_000,
        |rates| rates.audio_over_10s,
    ),
    ("help", |course| course.attempted, |course| course.help_requests > 0, |rates| rates.help_requested),
];

fn completed(course: &Course) -> bool {
    course.ending == Ending::Completed
}

fn converted(course: &Course) -> bool {
    course.ending == Ending::ConvertedPhone
}

fn abandoned(course: &Course) -> bool {
    course.ending == Ending::Abandoned
}

fn unseen(course: &Course) -> bool {
    course.ending == Ending::EndNotSeen
}

/// Of one platform in one stratum: numerator and denominator of each measure.
type Counts = [(f64, f64); MEASURES.len()];

fn count(planned: &Planned, cells: &mut BTreeMap<(String, String), Counts>) {
    let platform = planned.context.level(Dimension::Platform);
    let levels = planned.context.iter().map(|(dimension, level)| format!("{dimension}={level}"));
    for stratum in levels.chain([String::new()]) {
        let counts = cells.entry((platform.to_owned(), stratum)).or_default();
        for ((x, n), (_, of, counts, _)) in counts.iter_mut().zip(MEASURES) {
            *n += f64::from(u8::from(of(&planned.course)));
            *x += f64::from(u8::from(of(&planned.course) && counts(&planned.course)));
        }
    }
}

#[test]
fn a_large_recording_shows_what_was_planted() {
    let mut plan = Plan::named("national").unwrap();
    plan.consultations = 60_000;
    plan.clustering = Clustering::default();
    plan.booking.share = 0.3;
    let mut cells = BTreeMap::new();
    Synth::planned(&plan).for_each(|planned| count(&planned, &mut cells));
    for planted in plan.truth().planted.iter().filter(|planted| planted.share > 0.1) {
        let stratum = planted.dimension.as_ref().zip(planted.level.as_ref());
        let stratum = stratum.map_or(String::new(), |(dimension, level)| format!("{dimension}={level}"));
        let counts = cells[&(planted.platform.clone(), stratum.clone())];
        for ((name, _, _, rate), (x, n)) in MEASURES.into_iter().zip(counts) {
            let (shown, expected) = (x / n, rate(&planted.as_used));
            let chance = libm::sqrt(expected * (1.0 - expected) / n);
            assert!(
                (shown - expected).abs() < 4.5 * chance + 0.003,
                "{name}, {} {stratum}: {shown} for {expected} of {n}",
                planted.platform
            );
        }
    }
}

#[test]
fn times_and_counts_of_a_large_recording_are_those_planted() {
    let mut plan = Plan::named("clinic").unwrap();
    plan.consultations = 60_000;
    plan.clustering = Clustering::default();
    for platform in ["alder", "birch"] {
        let rates = plan.truth().of_platform(platform).unwrap().as_used;
        let here = |planned: &Planned| planned.context.level(Dimension::Platform) == platform;
        let (mut ms, mut drops, mut back, mut losses, mut lost_ms) = (0.0, 0.0, 0.0, 0.0, 0.0);
        for planned in Synth::planned(&plan).filter(here) {
            ms += planned.course.connected_ms as f64;
            drops += f64::from(planned.course.drops);
            back += f64::from(planned.course.recovered_60s);
            losses += f64::from(planned.course.audio_losses);
            lost_ms += planned.course.audio_lost_ms as f64;
        }
        let near = |shown: f64, expected: f64, tolerance: f64| {
            assert!((shown / expected - 1.0).abs() < tolerance, "{platform}: {shown} for {expected}");
        };
        near(drops / ms * 3.6e8, rates.drops_per_100h, 0.06);
        near(back / drops, rates.recovered_60s.unwrap(), 0.05);
        near(losses / ms * 3.6e8, rates.audio_losses_per_100h, 0.06);
        near(lost_ms / ms, 1.0 - rates.audio_availability, 0.08);
    }
}
