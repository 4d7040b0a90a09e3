//! The laws of the native form: what is written is read back as the same event, and the same event is
//! always the same bytes; no input makes the reader panic.

use event::{
    Answer, Capability, Context, Declaration, Dimension, Event, Extra, Kind, Payload, Role, Shape, Sides,
    Time,
};
use proptest::collection::{btree_map, vec};
use proptest::option;
use proptest::prelude::*;

use super::{CloudEvents, line, read_line};
use crate::{Feed, Item, Settings};

fn text() -> impl Strategy<Value = String> {
    prop_oneof!["[a-z0-9-]{1,12}", "[^\\p{Cc}]{1,20}"]
}

fn code() -> BoxedStrategy<Option<String>> {
    option::of(prop_oneof![Just(String::new()), text()]).boxed()
}

fn context() -> BoxedStrategy<Option<Context>> {
    let dimension = proptest::sample::select(Dimension::ALL.to_vec());
    let level = (dimension, text(), any::<bool>(), 1_u8..=5).prop_map(|(dimension, text, flag, quintile)| {
        let level = match dimension.shape() {
            Shape::Text => text,
            Shape::Flag => flag.to_string(),
            Shape::Quintile => quintile.to_string(),
        };
        (dimension, level)
    });
    option::of(vec(level, 0..6).prop_map(|levels| levels.into_iter().collect())).boxed()
}

fn answers() -> impl Strategy<Value = (String, Vec<Option<u8>>, Option<f64>)> {
    let score = || option::of(any::<f64>().prop_filter("JSON has finite numbers only", |x| x.is_finite()));
    prop_oneof![
        (Just("SUS".to_owned()), vec(option::of(1_u8..=5), 10), score()),
        (Just("TUQ".to_owned()), vec(option::of(1_u8..=7), 21), score()),
        (text(), vec(option::of(any::<u8>()), 1..5), score())
            .prop_filter("these have their own answers", |(name, ..)| name != "SUS" && name != "TUQ"),
    ]
}

fn declaration() -> impl Strategy<Value = Declaration> {
    let capability = proptest::sample::select(Capability::ALL.to_vec());
    let sides = proptest::sample::select(Sides::ALL.to_vec());
    (code(), code(), btree_map(text(), capability, 0..4), option::of(sides), any::<Option<u32>>()).prop_map(
        |(feed, platform, capabilities, sides, drop_delay_ms)| Declaration {
            feed,
            platform,
            capabilities,
            sides,
            drop_delay_ms,
        },
    )
}

fn time() -> impl Strategy<Value = Time> {
    prop_oneof![0_i64..4_000_000_000_000, any::<i64>()].prop_map(Time::from_ms)
}

fn payload() -> impl Strategy<Value = Payload> {
    prop_oneof![
        (option::of(time()), context())
            .prop_map(|(booked_start, context)| Payload::Scheduled { booked_start, context }),
        (code(), code()).prop_map(|(by, reason)| Payload::Cancelled { by, reason }),
        proptest::sample::select(vec![
            Payload::JoinAttempted,
            Payload::Waiting,
            Payload::Rejoined,
            Payload::Completed
        ]),
        code().prop_map(|reason| Payload::JoinFailed { reason }),
        context().prop_map(|context| Payload::Joined { context }),
        code().prop_map(|direction| Payload::AudioRestored { direction }),
        code().prop_map(|direction| Payload::VideoRestored { direction }),
        code().prop_map(|direction| Payload::AudioLost { direction }),
        code().prop_map(|direction| Payload::VideoLost { direction }),
        code().prop_map(|topic| Payload::HelpRequested { topic }),
        code().prop_map(|reason| Payload::Dropped { reason }),
        code().prop_map(|reason| Payload::Left { reason }),
        code().prop_map(|to| Payload::Converted { to }),
        code().prop_map(|stage| Payload::Abandoned { stage }),
        code().prop_map(|instrument| Payload::FeedbackInvited { instrument }),
        (2_u8..=255, any::<u8>())
            .prop_map(|(scale, value)| Payload::Rated { scale, value: value.min(scale) }),
        answers().prop_map(|(instrument, answers, score)| Payload::Questionnaire {
            instrument,
            answers,
            score
        }),
        proptest::sample::select(Answer::ALL.to_vec()).prop_map(|answer| Payload::Adequacy { answer }),
        declaration().prop_map(Payload::RecordingDeclared),
        (text(), any::<u16>())
            .prop_filter("known ones are read as what they are", |(kind, version)| {
                *version != 1 || Kind::from_name(kind).is_none()
            })
            .prop_map(|(kind, version)| Payload::Unknown { kind, version }),
    ]
}

fn json() -> impl Strategy<Value = String> {
    let leaf = prop_oneof![
        Just(serde_json::Value::Null),
        any::<bool>().prop_map(Into::into),
        any::<i64>().prop_map(Into::into),
        any::<f64>().prop_map(Into::into),
        any::<String>().prop_map(Into::into),
    ];
    let value = leaf.prop_recursive(3, 12, 4, |inner| {
        prop_oneof![
            vec(inner.clone(), 0..4).prop_map(Into::into),
            btree_map("[a-z]{1,3}", inner, 0..4).prop_map(|map| map.into_iter().collect()),
        ]
    });
    value.prop_map(|value| value.to_string())
}

fn extra() -> impl Strategy<Value = Extra> {
    // Names with a capital letter cannot be those of the vocabulary.
    let attributes = btree_map("X[a-z0-9]{0,8}", json(), 0..3);
    (attributes, btree_map("[^\\p{Cc}]{0,5}X", json(), 0..3))
        .prop_map(|(attributes, data)| Extra { attributes, data })
}

/// Events as a reader makes them: what the vocabulary names lies in its place, not in `extra`.
fn event() -> impl Strategy<Value = Event> {
    let role = option::of(proptest::sample::select(Role::ALL.to_vec()));
    let named = (text(), text(), text(), time(), option::of(text()), role);
    (named, payload(), extra(), "X[a-z]{0,9}", any::<bool>()).prop_map(
        |(named, payload, mut extra, word, wide)| {
            let (source, id, consultation, at, participant, role) = named;
            if wide && role == Some(Role::Unknown) {
                extra.data.insert("role".into(), format!("\"{word}\""));
            }
            if wide && payload.context().is_some() {
                extra.data.insert("context".into(), format!("{{\"{word}\":[1]}}"));
            }
            let extra = (extra != Extra::default()).then(|| Box::new(extra));
            Event { source, id, consultation, at, participant, role, payload, extra }
        },
    )
}

proptest! {
    #[test]
    fn what_is_written_is_read_back_as_the_same_event(event in event()) {
        let written = line(&event);
        let read = read_line(written.as_bytes());
        prop_assert_eq!(read.as_ref(), Ok(&event), "{}", written);
        prop_assert_eq!(read.map(|read| line(&read)), Ok(written));
    }

    #[test]
    fn a_line_with_a_few_bytes_changed_is_read_or_refused(
        event in event(),
        changes in vec((any::<proptest::sample::Index>(), any::<u8>()), 1..4),
    ) {
        let mut bytes = line(&event).into_bytes();
        for (index, byte) in changes {
            let at = index.index(bytes.len());
            bytes[at] = byte;
        }
        if let Ok(read) = read_line(&bytes) {
            let written = line(&read);
            prop_assert_eq!(read_line(written.as_bytes()), Ok(read), "{}", written);
        }
    }

    #[test]
    fn one_bad_line_never_loses_another(
        events in vec(event(), 1..5),
        at in any::<proptest::sample::Index>(),
        bad in "[\\[\\]{}\",:ab0 \\\\]{1,12}",
        closing in prop_oneof![Just("\n"), Just("\r\n"), Just("\n\n")],
    ) {
        let mut lines: Vec<String> = events.iter().map(line).collect();
        lines.insert(at.index(lines.len() + 1), bad);
        let mut read = Vec::new();
        let mut sink = |item| {
            if let Item::Event { event, .. } = item {
                read.push(event);
            }
            std::ops::ControlFlow::Continue(())
        };
        let text = lines.join(closing);
        CloudEvents.read(&mut text.as_bytes(), &Settings::default(), &mut sink).unwrap();
        prop_assert_eq!(read, events, "{}", text);
    }

    #[test]
    fn any_bytes_are_read_or_refused(bytes in vec(any::<u8>(), 0..200)) {
        let _ = read_line(&bytes);
    }
}
