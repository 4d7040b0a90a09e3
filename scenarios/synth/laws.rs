//! What holds for every plan: repetition, order, bounds, well-formed events.

use std::collections::{BTreeMap, BTreeSet};

use event::{Dimension, Event, Kind, Payload};

use crate::recorded::{RECORDED, recorded};
use crate::{Mess, Plan, Synth};

/// Every plan there is, small enough for a test.
fn plans() -> Vec<Plan> {
    let named = Plan::names().map(|name| Plan::named(name).unwrap());
    let recorded = RECORDED.iter().map(|(name, ..)| recorded(name));
    let small = |mut plan: Plan| {
        plan.consultations = plan.consultations.min(600);
        plan
    };
    named.chain(recorded).map(small).collect()
}

#[test]
fn the_same_seed_gives_the_same_events_and_another_seed_gives_others() {
    for mut plan in plans() {
        let once: Vec<Event> = Synth::new(&plan).collect();
        assert!(Synth::new(&plan).eq(once.iter().cloned()), "{} does not repeat", plan.name);
        plan.seed += 1;
        assert!(!Synth::new(&plan).eq(once), "{} ignores its seed", plan.name);
    }
}

#[test]
fn without_mess_events_arrive_in_the_order_of_their_times() {
    for mut plan in plans() {
        plan.mess = Mess::default();
        let times: Vec<_> = Synth::new(&plan).map(|event| event.at).collect();
        assert!(times.is_sorted(), "{} goes back in time", plan.name);
    }
}

#[test]
fn what_waits_depends_on_how_much_overlaps_and_not_on_how_much_there_is() {
    let most_waiting = |times: u32| {
        let mut plan = Plan::named("national").unwrap();
        plan.days = 14 * times;
        plan.consultations = 8_000 * u64::from(times);
        let mut synth = Synth::new(&plan);
        let mut most = 0;
        while synth.next().is_some() {
            most = most.max(synth.waiting());
        }
        most
    };
    let (one, four) = (most_waiting(1), most_waiting(4));
    assert!(one < 600 && four < one * 3 / 2, "{one} and {four} events waited");
}

#[test]
fn mess_changes_what_is_told_and_nothing_that_happens() {
    let messy = recorded("messy-feed");
    let clean = Plan { mess: Mess::default(), ..messy.clone() };
    assert!(Synth::planned(&messy).eq(Synth::planned(&clean)));
    let ids = |plan: &Plan| Synth::new(plan).map(|event| event.id).collect::<Vec<_>>();
    let (told, retold) = (ids(&clean), ids(&messy));
    let once: BTreeSet<_> = retold.iter().collect();
    assert!(retold.len() > once.len() + 200, "few duplicates");
    assert!(once.len() > told.len(), "few additions");
    let unknown = Synth::new(&messy).filter(|event| event.kind() == Kind::Unknown).count();
    assert!((20..80).contains(&unknown), "{unknown} unknown kinds");
}

#[test]
fn a_duplicate_is_the_same_event_to_the_last_field() {
    let mut seen: BTreeMap<(String, String), Event> = BTreeMap::new();
    for event in Synth::new(&recorded("messy-feed")) {
        let key = (event.source.clone(), event.id.clone());
        if let Some(first) = seen.insert(key, event.clone()) {
            assert_eq!(first, event);
        }
    }
}

#[test]
fn every_event_is_well_formed() {
    for plan in plans() {
        let mut contexts = BTreeSet::new();
        let mut attempted = BTreeSet::new();
        for event in Synth::new(&plan) {
            well_formed(&event);
            if event.payload.context().is_some() {
                contexts.insert(event.consultation.clone());
            }
            if !matches!(event.kind(), Kind::RecordingDeclared) {
                attempted.insert(event.consultation);
            }
        }
        assert_eq!(contexts, attempted, "{}: a consultation without a context", plan.name);
    }
}

fn well_formed(event: &Event) {
    let shown = format!("{event:?}");
    assert!(event.source.starts_with("urn:synth:"), "{shown}");
    if event.kind() == Kind::RecordingDeclared {
        assert_eq!(event.consultation, event.source);
        return;
    }
    assert!(event.id.starts_with(&event.consultation.replace("c-", "e-")), "{shown}");
    assert_eq!(event.participant.is_some(), event.role.is_some(), "{shown}");
    if let Some(context) = event.payload.context() {
        assert!(context.iter().all(|(dimension, level)| dimension.accepts(level)), "{shown}");
        assert!(context.get(Dimension::Platform).is_some(), "{shown}");
    }
    match &event.payload {
        Payload::Rated { scale, value } => assert!((1..=*scale).contains(value), "{shown}"),
        Payload::Questionnaire { answers, .. } => assert_eq!(answers.len(), 10, "{shown}"),
        Payload::Scheduled { booked_start, .. } => assert!(booked_start.is_some(), "{shown}"),
        _ => {}
    }
}

#[test]
fn a_source_tells_no_kind_that_it_has_not_declared() {
    let mut plan = Plan::named("clinic").unwrap();
    plan.platforms[1].blind = vec!["dropped".to_owned(), "audio_lost".to_owned()];
    plan.platforms[0].inferred = vec!["completed".to_owned()];
    let mut declared = BTreeMap::new();
    for event in Synth::new(&plan) {
        match &event.payload {
            Payload::RecordingDeclared(told) => drop(declared.insert(event.source, told.clone())),
            payload => {
                let told = &declared[&event.source];
                assert!(told.capabilities.contains_key(payload.kind().name()), "{event:?}");
            }
        }
    }
    let birch = declared.values().find(|told| told.platform.as_deref() == Some("birch")).unwrap();
    for kind in ["dropped", "rejoined", "audio_lost", "audio_restored"] {
        assert!(!birch.capabilities.contains_key(kind), "{kind}");
    }
    let alder = declared.values().find(|told| told.platform.as_deref() == Some("alder")).unwrap();
    assert_eq!(alder.capability(Kind::Completed), event::Capability::Inferred);
}

proptest::proptest! {
    #![proptest_config(proptest::prelude::ProptestConfig::with_cases(24))]

    #[test]
    fn whatever_the_seed_a_consultation_has_one_context_and_ends_once(seed: u64, consultations in 1_u64..80) {
        let mut plan = Plan::named("clinic").unwrap();
        (plan.seed, plan.consultations) = (seed, consultations);
        let (mut ids, mut contexts, mut ends) = (BTreeSet::new(), BTreeSet::new(), BTreeSet::new());
        for event in Synth::new(&plan) {
            well_formed(&event);
            assert!(ids.insert((event.source.clone(), event.id.clone())), "{} twice", event.id);
            if event.payload.context().is_some() {
                assert!(contexts.insert(event.consultation.clone()), "{} has two contexts", event.consultation);
            }
            if matches!(event.kind(), Kind::Completed | Kind::Converted | Kind::Abandoned) {
                assert!(ends.insert(event.consultation.clone()), "{} ends twice", event.consultation);
            }
        }
        assert_eq!(contexts.len() as u64, consultations);
    }
}
