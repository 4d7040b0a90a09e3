//! Episodes as messy as a feed can make them, for the oracle and the real reading to agree on.
//!
//! A consultation is a cast and a list of *scenes*: short runs of events placed on the boundaries of
//! the rules (the grace, 150 ms, one second, half an hour, four hours). Scenes fall on few instants
//! of a small window, so they collide all the time. Nothing here knows how anything is read.

mod beat;

use event::{Declaration, Event, Payload, Role, Sides, Time};
use proptest::collection::vec;
use proptest::option::{of, weighted};
use proptest::prelude::*;
use proptest::sample::{Index, select};

use beat::{Beat, attempt, beats, context, ending, outside, personal, platform};

/// 2026-03-01T09:00:00Z.
const START_MS: i64 = 1_772_355_600_000;
const MINUTE_MS: i64 = 60_000;
const HOUR_MS: i64 = 60 * MINUTE_MS;
const HALF_HOUR_MS: i64 = 30 * MINUTE_MS;
const FOUR_HOURS_MS: i64 = 4 * HOUR_MS;
const SOURCES: [&str; 3] = ["urn:example:a", "urn:example:b", "urn:example:c"];

/// Events of a few consultations, with declarations, exact duplicates and disorder.
pub(crate) fn episodes() -> impl Strategy<Value = Vec<Event>> {
    let consultations = vec(consultation(), 1..4);
    let declarations = vec(declaration(), 0..4);
    let copies = vec(any::<Index>(), 0..6);
    (consultations, declarations, weighted(0.85, last_word()), copies)
        .prop_map(|(consultations, declarations, last, copies)| {
            let named = consultations.into_iter().enumerate().flat_map(|(number, events)| {
                events.into_iter().map(move |event| Event { consultation: format!("c-{number}"), ..event })
            });
            (declarations.into_iter().chain(named).chain(last).collect::<Vec<Event>>(), copies)
        })
        .prop_flat_map(|(events, copies)| (Just(events).prop_shuffle(), Just(copies)))
        .prop_map(|(events, copies)| with_copies(numbered(events), &copies))
        .prop_flat_map(|events| Just(events).prop_shuffle())
}

/// [`episodes`] and an `until`: none, or close to where one of the events leaves or enters progress.
pub(crate) fn episodes_until() -> impl Strategy<Value = (Vec<Event>, Option<Time>)> {
    let later = select(vec![-1, 0, 1, HOUR_MS, FOUR_HOURS_MS - 1, FOUR_HOURS_MS, FOUR_HOURS_MS + 1]);
    (episodes(), weighted(0.3, (any::<Index>(), later))).prop_map(|(events, until)| {
        let at =
            |(index, later): (Index, i64)| (!events.is_empty()).then(|| index.get(&events).at.plus(later));
        let until = until.and_then(at);
        (events, until)
    })
}

/// [`episodes`] in which some names (`source`, `id`) were used for two unlike events of one consultation.
pub(crate) fn conflicting_episodes() -> impl Strategy<Value = Vec<Event>> {
    let conflicts = vec((any::<Index>(), select(vec![-15_000, -1, 1, 150, 1_000, 15_000])), 1..4);
    (episodes(), conflicts)
        .prop_map(|(events, conflicts)| {
            let picks = conflicts.into_iter().filter(|_| !events.is_empty());
            let unlike = picks.map(|(index, moved)| {
                let event = index.get(&events).clone();
                Event { at: event.at.plus(moved), ..event }
            });
            let unlike: Vec<Event> = unlike.collect();
            events.into_iter().chain(unlike).collect::<Vec<Event>>()
        })
        .prop_flat_map(|events| Just(events).prop_shuffle())
}

/// Ids that say nothing about time and occur again in every source.
fn numbered(mut events: Vec<Event>) -> Vec<Event> {
    let mut used = [0; SOURCES.len() + 1];
    for event in &mut events {
        let source = SOURCES.iter().position(|source| *source == event.source).unwrap_or(SOURCES.len());
        used[source] += 1;
        event.id = format!("e-{}", used[source]);
    }
    events
}

fn with_copies(events: Vec<Event>, copies: &[Index]) -> Vec<Event> {
    let picks = copies.iter().filter(|_| !events.is_empty());
    let copies: Vec<Event> = picks.map(|copy| copy.get(&events).clone()).collect();
    events.into_iter().chain(copies).collect()
}

/// An event so much later that all other consultations are over.
fn last_word() -> impl Strategy<Value = Event> {
    let at = Time::from_ms(START_MS + 60 * HOUR_MS);
    let hand_raised = Payload::Unknown { kind: "hand_raised".into(), version: 1 };
    Just(Event::new(SOURCES[0], "", "c-last", at, hand_raised))
}

fn declaration() -> impl Strategy<Value = Event> {
    let sides = of(prop_oneof![Just(Sides::Both), Just(Sides::Patient), Just(Sides::Clinician)]);
    let delay = of(select(vec![0, 1, 150, 1_000, 10_000, 15_000]));
    (select(SOURCES.to_vec()), sides, delay, of(platform()), 0..3i64).prop_map(
        |(source, sides, drop_delay_ms, platform, hours)| {
            let declaration = Declaration { platform, sides, drop_delay_ms, ..Declaration::default() };
            let at = Time::from_ms(START_MS + hours * HOUR_MS);
            Event::new(source, "", source, at, Payload::RecordingDeclared(declaration))
        },
    )
}

/// A run of events that happen to one person, or to the consultation as a whole.
#[derive(Debug, Clone)]
struct Scene {
    at_ms: i64,
    /// Whose scene it is, counted round the cast.
    who: usize,
    source: usize,
    /// What the events say of the person's role instead of what it is.
    told: Told,
    beats: Vec<Beat>,
}

#[derive(Debug, Clone, Copy)]
enum Told {
    Truth,
    Nothing,
    Instead(Role),
}

fn consultation() -> impl Strategy<Value = Vec<Event>> {
    let starts = vec![0, 1, HOUR_MS, FOUR_HOURS_MS - 1, FOUR_HOURS_MS, FOUR_HOURS_MS + 1, 20 * HOUR_MS];
    let many_sources = prop_oneof![3 => Just(false), 1 => Just(true)];
    (cast(), select(starts), many_sources, 0..SOURCES.len(), plot()).prop_map(
        |(cast, start_ms, many_sources, main_source, plot)| {
            let source = |scene: &Scene| SOURCES[if many_sources { scene.source } else { main_source }];
            plot.iter().flat_map(|scene| played(scene, &cast, START_MS + start_ms, source(scene))).collect()
        },
    )
}

/// Mostly people come, much happens, it ends; sometimes nobody gets in, or nobody comes.
fn plot() -> impl Strategy<Value = Vec<Scene>> {
    let lively = (opening(), vec(scene(beats()), 0..12), vec(finale(), 0..3))
        .prop_map(|(opening, scenes, finales)| [opening, scenes, finales].concat());
    let tries = scene(attempt().prop_map(|attempt| vec![personal(0, attempt)]));
    let outside = || vec(scene(outside()), 0..4);
    let locked_out = (vec(tries, 1..5), outside()).prop_map(|(tries, outside)| [tries, outside].concat());
    prop_oneof![8 => lively, 1 => locked_out, 1 => outside()]
}

fn played(scene: &Scene, cast: &[Role], start_ms: i64, source: &str) -> Vec<Event> {
    let person = scene.who.checked_rem(cast.len());
    let beats = scene.beats.iter().filter(|beat| !beat.personal || person.is_some());
    beats
        .map(|beat| {
            let at = Time::from_ms(start_ms + scene.at_ms + beat.after_ms);
            let mut event = Event::new(source, "", "", at, beat.payload.clone());
            if let (true, Some(number)) = (beat.personal, person) {
                event.participant = Some(format!("p-{number}"));
                event.role = match scene.told {
                    Told::Truth => Some(cast[number]),
                    Told::Nothing => None,
                    Told::Instead(role) => Some(role),
                };
            }
            if is_feedback(&beat.payload) {
                event.role = event.role.or(Some(Role::Patient));
            }
            event
        })
        .collect()
}

fn is_feedback(payload: &Payload) -> bool {
    matches!(payload, Payload::Rated { .. } | Payload::Questionnaire { .. } | Payload::Adequacy { .. })
}

/// Nobody to four people: mostly a patient and a clinician, often strangers.
fn cast() -> impl Strategy<Value = Vec<Role>> {
    prop_oneof![
        4 => Just(vec![Role::Patient, Role::Clinician]),
        2 => Just(vec![Role::Patient, Role::Clinician, Role::Interpreter]),
        1 => Just(vec![Role::Patient, Role::Clinician, Role::Carer, Role::Other]),
        1 => Just(vec![Role::Unknown, Role::Unknown]),
        1 => Just(vec![Role::Unknown, Role::Unknown, Role::Unknown]),
        1 => Just(vec![Role::Clinician, Role::Unknown]),
        4 => vec(role(), 0..5),
    ]
}

fn role() -> impl Strategy<Value = Role> {
    select(Role::ALL.to_vec())
}

/// Most consultations begin with people coming, so that many are connected.
fn opening() -> impl Strategy<Value = Vec<Scene>> {
    let coming = (instant(), 0..SOURCES.len(), of(context())).prop_map(|(at_ms, source, context)| Scene {
        at_ms: at_ms % 5_000,
        who: 0,
        source,
        told: Told::Truth,
        beats: vec![
            personal(0, Payload::JoinAttempted),
            personal(at_ms % 700, Payload::Waiting),
            personal(at_ms % 3_000, Payload::Joined { context }),
        ],
    });
    let numbered = vec(coming, 2..5).prop_map(|scenes| {
        scenes.into_iter().enumerate().map(|(who, scene)| Scene { who, ..scene }).collect()
    });
    prop_oneof![1 => Just(Vec::new()), 6 => numbered]
}

fn scene(beats: impl Strategy<Value = Vec<Beat>>) -> impl Strategy<Value = Scene> {
    let told = prop_oneof![
        12 => Just(Told::Truth),
        1 => Just(Told::Nothing),
        1 => role().prop_map(Told::Instead),
    ];
    (instant(), 0..4usize, 0..SOURCES.len(), told, beats)
        .prop_map(|(at_ms, who, source, told, beats)| Scene { at_ms, who, source, told, beats })
}

/// Something that may end the consultation, mostly after the rest.
fn finale() -> impl Strategy<Value = Scene> {
    let later = select(vec![0, 2 * MINUTE_MS, 10 * MINUTE_MS, 20 * MINUTE_MS, HALF_HOUR_MS]);
    (later, scene(ending())).prop_map(|(later, scene)| Scene { at_ms: later + scene.at_ms, ..scene })
}

/// Few instants, and the milliseconds around them.
fn instant() -> impl Strategy<Value = i64> {
    let marks =
        vec![0, 1_000, 2_000, 15_000, 30_000, 61_000, 75_000, 2 * MINUTE_MS, 10 * MINUTE_MS, HALF_HOUR_MS];
    prop_oneof![
        3 => (select(marks), -1..=1i64).prop_map(|(mark, beside)| mark + beside),
        2 => (0..40i64).prop_map(|seconds| seconds * 500),
        1 => 0..5_000i64,
        1 => (0..45i64).prop_map(|minutes| minutes * MINUTE_MS),
    ]
}
