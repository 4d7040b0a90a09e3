//! The runs of events that a scene is made of, each around the boundary of one rule.

use event::{Answer, Context, Dimension, Payload, Time};
use proptest::collection::vec;
use proptest::option::of;
use proptest::prelude::*;
use proptest::sample::select;

use super::{FOUR_HOURS_MS, HALF_HOUR_MS, HOUR_MS, MINUTE_MS, START_MS};

/// One event of a scene, before it has a time, a person and a source.
#[derive(Debug, Clone)]
pub(super) struct Beat {
    /// Milliseconds after the scene began.
    pub(super) after_ms: i64,
    /// Whether it happens to a person.
    pub(super) personal: bool,
    /// What happens.
    pub(super) payload: Payload,
}

/// What happens in the midst of a consultation.
pub(super) fn beats() -> impl Strategy<Value = Vec<Beat>> {
    prop_oneof![
        4 => personal_payload().prop_map(|payload| vec![personal(0, payload)]),
        3 => hand_over(),
        4 => drop_and_return(),
        4 => loss(),
        2 => vec(personal_payload(), 2..5).prop_map(all_at_once),
        2 => planned(),
        2 => feedback(),
        1 => unknown(),
    ]
}

/// What may end a consultation.
pub(super) fn ending() -> impl Strategy<Value = Vec<Beat>> {
    prop_oneof![
        3 => dropped_at_the_end(),
        3 => terminal().prop_map(|payload| vec![common(0, payload)]),
        2 => completed_and_explained(),
        2 => abandoned_and_back(),
        1 => vec(Just(left()), 1..3).prop_map(all_at_once),
    ]
}

/// What happens around a consultation.
pub(super) fn outside() -> impl Strategy<Value = Vec<Beat>> {
    prop_oneof![2 => planned(), 1 => feedback(), 1 => unknown()]
}

/// Something that happens to a person.
pub(super) fn personal(after_ms: i64, payload: Payload) -> Beat {
    Beat { after_ms, personal: true, payload }
}

/// Something that happens to the consultation as a whole.
fn common(after_ms: i64, payload: Payload) -> Beat {
    Beat { after_ms, personal: false, payload }
}

fn all_at_once(payloads: Vec<Payload>) -> Vec<Beat> {
    payloads.into_iter().map(|payload| personal(0, payload)).collect()
}

fn personal_payload() -> impl Strategy<Value = Payload> {
    prop_oneof![
        2 => attempt(),
        3 => coming(),
        3 => Just(Payload::Dropped { reason: Some("network".into()) }),
        3 => Just(left()),
        2 => medium().prop_map(|(lost, _)| lost),
        2 => medium().prop_map(|(_, restored)| restored),
        1 => Just(Payload::HelpRequested { topic: None }),
    ]
}

/// Trying to get in.
pub(super) fn attempt() -> impl Strategy<Value = Payload> {
    select(vec![Payload::JoinAttempted, Payload::Waiting, Payload::JoinFailed { reason: None }])
}

fn coming() -> impl Strategy<Value = Payload> {
    prop_oneof![of(context()).prop_map(|context| Payload::Joined { context }), Just(Payload::Rejoined)]
}

fn left() -> Payload {
    Payload::Left { reason: None }
}

/// The loss and the restoration of sound, or of the picture.
fn medium() -> impl Strategy<Value = (Payload, Payload)> {
    let direction = || None;
    let audio =
        (Payload::AudioLost { direction: direction() }, Payload::AudioRestored { direction: direction() });
    let video =
        (Payload::VideoLost { direction: direction() }, Payload::VideoRestored { direction: direction() });
    prop_oneof![3 => Just(audio), 1 => Just(video)]
}

/// A `left` and a `joined` in either order, around one second apart.
fn hand_over() -> impl Strategy<Value = Vec<Beat>> {
    let gaps = select(vec![0, 1, 500, 999, 1_000, 1_001]);
    (gaps, coming(), any::<bool>()).prop_map(|(gap, coming, left_first)| {
        let (first, second) = if left_first { (left(), coming) } else { (coming, left()) };
        vec![personal(0, first), personal(gap, second)]
    })
}

/// A `dropped`, a return around the grace or a minute later, and perhaps the old connection's `left`.
fn drop_and_return() -> impl Strategy<Value = Vec<Beat>> {
    let gaps = vec![0, 1, 999, 1_000, 14_999, 15_000, 15_001, 30_000, 59_999, 60_000, 60_001];
    let old_left = of(select(vec![-1, 0, 1, 999, 1_000, 1_001]));
    (of(select(gaps)), coming(), old_left).prop_map(|(gap, coming, old_left)| {
        let mut beats = vec![personal(0, Payload::Dropped { reason: None })];
        if let Some(gap) = gap {
            beats.push(personal(gap, coming));
            beats.extend(old_left.map(|later| personal(gap + later, left())));
        }
        beats
    })
}

/// A loss around what is counted, or around what an undisturbed consultation may have, or an open one.
fn loss() -> impl Strategy<Value = Vec<Beat>> {
    let lengths = select(vec![0, 1, 149, 150, 151, 4_000, 9_999, 10_000, 10_001]);
    (medium(), of(lengths)).prop_map(|((lost, restored), length)| {
        let restoration = length.map(|length| personal(length, restored));
        std::iter::once(personal(0, lost)).chain(restoration).collect()
    })
}

fn dropped_at_the_end() -> impl Strategy<Value = Vec<Beat>> {
    let gaps = select(vec![0, 1, 14_999, 15_000, 15_001]);
    (gaps, terminal()).prop_map(|(gap, terminal)| {
        vec![personal(0, Payload::Dropped { reason: None }), common(gap, terminal)]
    })
}

fn terminal() -> impl Strategy<Value = Payload> {
    prop_oneof![3 => Just(Payload::Completed), 1 => converted(), 1 => abandoned()]
}

fn converted() -> impl Strategy<Value = Payload> {
    let to = vec![Some("phone"), Some("in_person"), Some("other_platform"), Some("carrier_pigeon"), None];
    select(to).prop_map(|to| Payload::Converted { to: to.map(str::to_owned) })
}

fn abandoned() -> impl Strategy<Value = Payload> {
    let stage = of(select(vec!["waiting_room", "mid_consultation"]));
    stage.prop_map(|stage| Payload::Abandoned { stage: stage.map(str::to_owned) })
}

fn around_half_an_hour() -> impl Strategy<Value = i64> {
    select(vec![0, 1, MINUTE_MS, HALF_HOUR_MS - 1, HALF_HOUR_MS, HALF_HOUR_MS + 1])
}

fn completed_and_explained() -> impl Strategy<Value = Vec<Beat>> {
    (around_half_an_hour(), prop_oneof![converted(), abandoned()])
        .prop_map(|(later, why)| vec![common(0, Payload::Completed), common(later, why)])
}

fn abandoned_and_back() -> impl Strategy<Value = Vec<Beat>> {
    (around_half_an_hour(), abandoned(), coming())
        .prop_map(|(later, abandoned, coming)| vec![common(0, abandoned), personal(later, coming)])
}

fn planned() -> impl Strategy<Value = Vec<Beat>> {
    let booked = of(select(vec![-HOUR_MS, 0, HALF_HOUR_MS, FOUR_HOURS_MS, 5 * HOUR_MS, 30 * HOUR_MS]));
    let scheduled = (booked, of(context())).prop_map(|(booked, context)| Payload::Scheduled {
        booked_start: booked.map(|booked| Time::from_ms(START_MS + booked)),
        context,
    });
    let cancelled = Just(Payload::Cancelled { by: None, reason: None });
    prop_oneof![4 => scheduled, 1 => cancelled].prop_map(|payload| vec![common(0, payload)])
}

fn feedback() -> impl Strategy<Value = Vec<Beat>> {
    let rated = (1..=5u8).prop_map(|value| Payload::Rated { scale: 5, value });
    let adequacy = select(Answer::ALL.to_vec()).prop_map(|answer| Payload::Adequacy { answer });
    let invited = Just(Payload::FeedbackInvited { instrument: None });
    let what = prop_oneof![3 => rated, 3 => questionnaire(), 1 => adequacy, 1 => invited];
    (what, any::<bool>()).prop_map(|(payload, personal)| vec![Beat { after_ms: 0, personal, payload }])
}

/// SUS and TUQ with up to a few items left out, and an instrument that declares its score.
fn questionnaire() -> impl Strategy<Value = Payload> {
    let answer = |most: u8| prop_oneof![12 => (1..=most).prop_map(Some), 1 => Just(None)];
    prop_oneof![
        vec(answer(5), 10).prop_map(|answers| answered("SUS", answers, None)),
        vec(answer(7), 21).prop_map(|answers| answered("TUQ", answers, None)),
        of(0..28u8).prop_map(|score| answered("PHQ-9", Vec::new(), score.map(f64::from))),
    ]
}

fn answered(instrument: &str, answers: Vec<Option<u8>>, score: Option<f64>) -> Payload {
    Payload::Questionnaire { instrument: instrument.into(), answers, score }
}

fn unknown() -> impl Strategy<Value = Vec<Beat>> {
    (select(vec![("hand_raised", 1), ("joined", 2)]), any::<bool>()).prop_map(
        |((kind, version), personal)| {
            vec![Beat { after_ms: 0, personal, payload: Payload::Unknown { kind: kind.into(), version } }]
        },
    )
}

/// One of three platforms.
pub(super) fn platform() -> impl Strategy<Value = String> {
    select(vec!["alpha", "beta", "gamma"]).prop_map(str::to_owned)
}

/// A few circumstances, few levels each.
pub(super) fn context() -> impl Strategy<Value = Context> {
    let service = of(select(vec!["cardiology", "physio"]));
    let (quintile, first_use) = (of(1..=5u8), of(any::<bool>()));
    (of(platform()), service, quintile, first_use).prop_map(|(platform, service, quintile, first_use)| {
        let told = [
            (Dimension::Platform, platform),
            (Dimension::Service, service.map(str::to_owned)),
            (Dimension::DeprivationQuintile, quintile.map(|quintile| quintile.to_string())),
            (Dimension::FirstUse, first_use.map(|first| first.to_string())),
        ];
        told.into_iter().filter_map(|(dimension, level)| Some((dimension, level?))).collect()
    })
}
