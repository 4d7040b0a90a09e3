//! Arbitrary events, for tests here and in `tests/`.
//!
//! Everything the vocabulary allows can come: any text in any field, though names are not empty, every
//! kind, levels of every dimension, unknown kinds under known names, extras that are there and empty.

use event::{
    Answer, Capability, Context, Declaration, Dimension, Event, Extra, Kind, Payload, Role, Sides, Time,
};
use proptest::collection::{btree_map, vec};
use proptest::option;
use proptest::prelude::*;
use proptest::sample::select;

/// Any event that the log takes.
pub(super) fn event() -> impl Strategy<Value = Event> {
    let names = (source(), name(), name(), option::of(text()));
    let rest = (time(), option::of(select(Role::ALL.to_vec())), payload(), option::weighted(0.2, extra()));
    (names, rest).prop_map(|((source, id, consultation, participant), (at, role, payload, extra))| Event {
        source,
        id,
        consultation,
        at,
        participant,
        role,
        payload,
        extra: extra.map(Box::new),
    })
}

fn source() -> impl Strategy<Value = String> {
    prop_oneof![4 => Just("urn:example:a".to_owned()), 1 => name()]
}

/// What names something is not empty.
fn name() -> impl Strategy<Value = String> {
    text().prop_filter("a name", |text| !text.is_empty())
}

fn text() -> impl Strategy<Value = String> {
    prop_oneof![4 => "[a-z]{1,4}", 1 => any::<String>(), 1 => Just("é".repeat(40))]
}

fn time() -> impl Strategy<Value = Time> {
    prop_oneof![
        8 => (0_i64..100_000).prop_map(|ms| Time::from_ms(1_772_355_603_120 + ms)),
        1 => any::<i64>().prop_map(Time::from_ms),
    ]
}

fn told() -> impl Strategy<Value = Option<String>> {
    option::of(text())
}

fn payload() -> impl Strategy<Value = Payload> {
    prop_oneof![reading_payload(), disturbance(), feedback(), other_payload()]
}

fn reading_payload() -> impl Strategy<Value = Payload> {
    prop_oneof![
        (option::of(time()), option::of(context()))
            .prop_map(|(booked_start, context)| Payload::Scheduled { booked_start, context }),
        option::of(context()).prop_map(|context| Payload::Joined { context }),
        Just(Payload::JoinAttempted),
        Just(Payload::Waiting),
        Just(Payload::Rejoined),
        Just(Payload::Completed),
        told().prop_map(|to| Payload::Converted { to }),
        told().prop_map(|stage| Payload::Abandoned { stage }),
        (told(), told()).prop_map(|(by, reason)| Payload::Cancelled { by, reason }),
    ]
}

fn disturbance() -> impl Strategy<Value = Payload> {
    prop_oneof![
        told().prop_map(|reason| Payload::JoinFailed { reason }),
        told().prop_map(|direction| Payload::AudioLost { direction }),
        told().prop_map(|direction| Payload::AudioRestored { direction }),
        told().prop_map(|direction| Payload::VideoLost { direction }),
        told().prop_map(|direction| Payload::VideoRestored { direction }),
        told().prop_map(|topic| Payload::HelpRequested { topic }),
        told().prop_map(|reason| Payload::Dropped { reason }),
        told().prop_map(|reason| Payload::Left { reason }),
    ]
}

fn feedback() -> impl Strategy<Value = Payload> {
    let score = option::of(any::<f64>().prop_filter("a number", |score| score.is_finite()));
    prop_oneof![
        told().prop_map(|instrument| Payload::FeedbackInvited { instrument }),
        any::<(u8, u8)>().prop_map(|(scale, value)| Payload::Rated { scale, value }),
        (text(), vec(any::<Option<u8>>(), 0..12), score)
            .prop_map(|(instrument, answers, score)| Payload::Questionnaire { instrument, answers, score }),
        select(Answer::ALL.to_vec()).prop_map(|answer| Payload::Adequacy { answer }),
    ]
}

fn other_payload() -> impl Strategy<Value = Payload> {
    let kind = prop_oneof![text(), select(Kind::ALL.to_vec()).prop_map(|kind| kind.name().to_owned())];
    prop_oneof![
        declaration().prop_map(Payload::RecordingDeclared),
        (kind, any::<u16>()).prop_map(|(kind, version)| Payload::Unknown { kind, version }),
    ]
}

fn declaration() -> impl Strategy<Value = Declaration> {
    let capabilities = btree_map(text(), select(Capability::ALL.to_vec()), 0..6);
    let sides = option::of(select(Sides::ALL.to_vec()));
    (told(), told(), capabilities, sides, any::<Option<u32>>()).prop_map(
        |(feed, platform, capabilities, sides, drop_delay_ms)| Declaration {
            feed,
            platform,
            capabilities,
            sides,
            drop_delay_ms,
        },
    )
}

fn context() -> impl Strategy<Value = Context> {
    btree_map(select(Dimension::ALL.to_vec()), text(), 0..6).prop_map(|levels| levels.into_iter().collect())
}

fn extra() -> impl Strategy<Value = Extra> {
    (btree_map(text(), text(), 0..3), btree_map(text(), text(), 0..3))
        .prop_map(|(attributes, data)| Extra { attributes, data })
}
