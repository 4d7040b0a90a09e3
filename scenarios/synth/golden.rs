//! The first events of the plan `clinic`, kept as text: they may never change by accident.
//!
//! A change of them changes every recording that is made from a seed, on every machine. If it is meant,
//! write the new text over `golden/clinic.txt` and say so in the changelog.

use event::{Event, Kind};

use crate::{Plan, Synth};

/// A consultation in which somebody was dropped and came back.
const DROPPED: &str = "c-000103";

#[test]
fn the_first_events_of_clinic_are_what_they_were() {
    let clinic = || Synth::new(&Plan::named("clinic").unwrap());
    let first = clinic().filter(|event| event.kind() != Kind::RecordingDeclared).take(10);
    let dropped = clinic().filter(|event| event.consultation == DROPPED);
    let shown = first.chain(dropped).fold(String::new(), |shown, event| shown + &line(&event) + "\n");
    assert_eq!(shown, include_str!("golden/clinic.txt"), "these are the events now:\n{shown}");
}

#[test]
fn the_bytes_of_a_thousand_national_consultations_are_what_they_were() {
    let mut plan = Plan::named("national").unwrap();
    plan.consultations = 1000;
    // FNV-1a, 64 bits: http://www.isthe.com/chongo/tech/comp/fnv/
    let digest = Synth::new(&plan).fold(0xcbf2_9ce4_8422_2325_u64, |digest, event| {
        let text = line(&event);
        text.bytes().fold(digest, |digest, byte| (digest ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3))
    });
    assert_eq!(format!("{digest:016x}"), "6ca9907ebead913d");
}

fn line(event: &Event) -> String {
    let who = event.participant.as_deref().unwrap_or("-");
    let levels = |(dimension, level)| format!(" {dimension}={level}");
    let told = match event.payload.context() {
        Some(context) => format!("{}{}", event.kind(), context.iter().map(levels).collect::<String>()),
        None => format!("{:?}", event.payload),
    };
    format!("{} {} {} {} {who} {told}", event.at, event.source, event.id, event.consultation)
}
