//! The hot records: what a replay needs of an event's own data, to bytes and back.

use event::{Answer, Capability, Context, Declaration, Kind, Payload, Sides, Time};

use super::brief::{Contexts, Detail};
use super::codec;
use super::error::Damage;
use super::records::{
    AbandonedV1, AdequacyV1, ConvertedV1, FeedbackInvitedV1, JoinedV1, QuestionnaireV1, RatedV1,
    RecordingDeclaredV1, ScheduledV1,
};

/// Appends the hot record of `payload`, which its kind must have; `number` numbers contexts.
pub(super) fn write<'a>(
    out: &mut Vec<u8>,
    payload: &'a Payload,
    mut number: impl FnMut(&'a Context) -> u32,
) -> Result<(), Damage> {
    match payload {
        Payload::Scheduled { booked_start, context } => {
            let (booked_start, context) = (booked_start.map(Time::ms), context.as_ref().map(number));
            codec::write(out, &ScheduledV1 { booked_start, context })
        }
        Payload::Joined { context } => {
            codec::write(out, &JoinedV1 { context: context.as_ref().map(&mut number) })
        }
        Payload::Converted { to } => codec::write(out, &ConvertedV1 { to: to.clone() }),
        Payload::Abandoned { stage } => codec::write(out, &AbandonedV1 { stage: stage.clone() }),
        Payload::FeedbackInvited { instrument } => {
            codec::write(out, &FeedbackInvitedV1 { instrument: instrument.clone() })
        }
        Payload::Rated { scale, value } => codec::write(out, &RatedV1 { scale: *scale, value: *value }),
        Payload::Questionnaire { instrument, answers, score } => {
            let (instrument, answers, score) = (instrument.clone(), answers.clone(), *score);
            codec::write(out, &QuestionnaireV1 { instrument, answers, score })
        }
        Payload::Adequacy { answer } => codec::write(out, &AdequacyV1 { answer: code(&ANSWERS, *answer) }),
        Payload::RecordingDeclared(declared) => codec::write(out, &declaration_record(declared)),
        _ => Ok(()),
    }
}

/// The detail that the hot record of an event of `kind` tells; `contexts` is how many the block has.
pub(super) fn read(kind: Kind, bytes: &[u8], contexts: usize) -> Result<Detail, Damage> {
    let known = |context: Option<u32>| match context {
        Some(number) if number as usize >= contexts => Err(Damage::new("a context beyond the block's list")),
        context => Ok(context),
    };
    Ok(match kind {
        Kind::Scheduled => {
            let ScheduledV1 { booked_start, context } = codec::read(bytes)?;
            Detail::Scheduled { booked_start: booked_start.map(Time::from_ms), context: known(context)? }
        }
        Kind::Joined => Detail::Joined { context: known(codec::read::<JoinedV1>(bytes)?.context)? },
        Kind::Converted => Detail::Converted { to: codec::read::<ConvertedV1>(bytes)?.to },
        Kind::Abandoned => Detail::Abandoned { stage: codec::read::<AbandonedV1>(bytes)?.stage },
        Kind::FeedbackInvited => {
            Detail::FeedbackInvited { instrument: codec::read::<FeedbackInvitedV1>(bytes)?.instrument }
        }
        Kind::Rated => {
            let RatedV1 { scale, value } = codec::read(bytes)?;
            Detail::Rated { scale, value }
        }
        Kind::Questionnaire => {
            let QuestionnaireV1 { instrument, answers, score } = codec::read(bytes)?;
            Detail::Questionnaire { instrument, answers, score }
        }
        Kind::Adequacy => {
            Detail::Adequacy { answer: named(&ANSWERS, codec::read::<AdequacyV1>(bytes)?.answer)? }
        }
        Kind::RecordingDeclared => Detail::RecordingDeclared(Box::new(declaration(codec::read(bytes)?)?)),
        _ => Detail::Nothing,
    })
}

/// The payload that `detail` tells, where it tells all of it.
pub(super) fn payload(detail: &Detail, contexts: &Contexts) -> Option<Payload> {
    let context = |number: &Option<u32>| number.map(|number| contexts.context(number));
    Some(match detail {
        Detail::Nothing => return None,
        Detail::Scheduled { booked_start, context: number } => {
            Payload::Scheduled { booked_start: *booked_start, context: context(number) }
        }
        Detail::Joined { context: number } => Payload::Joined { context: context(number) },
        Detail::Converted { to } => Payload::Converted { to: to.clone() },
        Detail::Abandoned { stage } => Payload::Abandoned { stage: stage.clone() },
        Detail::FeedbackInvited { instrument } => Payload::FeedbackInvited { instrument: instrument.clone() },
        Detail::Rated { scale, value } => Payload::Rated { scale: *scale, value: *value },
        Detail::Questionnaire { instrument, answers, score } => {
            Payload::Questionnaire { instrument: instrument.clone(), answers: answers.clone(), score: *score }
        }
        Detail::Adequacy { answer } => Payload::Adequacy { answer: *answer },
        Detail::RecordingDeclared(declared) => Payload::RecordingDeclared(declared.as_ref().clone()),
    })
}

const ANSWERS: [Answer; 3] = [Answer::Yes, Answer::No, Answer::Partly];
const SIDES: [Sides; 3] = [Sides::Both, Sides::Patient, Sides::Clinician];
const CAPABILITIES: [Capability; 3] = [Capability::Observed, Capability::Inferred, Capability::Unobservable];

fn declaration_record(declared: &Declaration) -> RecordingDeclaredV1 {
    let capability = |(kind, seen): (&String, &Capability)| (kind.clone(), code(&CAPABILITIES, *seen));
    RecordingDeclaredV1 {
        feed: declared.feed.clone(),
        platform: declared.platform.clone(),
        capabilities: declared.capabilities.iter().map(capability).collect(),
        sides: declared.sides.map(|sides| code(&SIDES, sides)),
        drop_delay_ms: declared.drop_delay_ms,
    }
}

fn declaration(record: RecordingDeclaredV1) -> Result<Declaration, Damage> {
    let capability = |(kind, seen): (String, u8)| Ok((kind, named(&CAPABILITIES, seen)?));
    Ok(Declaration {
        feed: record.feed,
        platform: record.platform,
        capabilities: record.capabilities.into_iter().map(capability).collect::<Result<_, Damage>>()?,
        sides: record.sides.map(|sides| named(&SIDES, sides)).transpose()?,
        drop_delay_ms: record.drop_delay_ms,
    })
}

/// The code of `one` in a closed list, counted from 1.
fn code<T: PartialEq>(list: &[T], one: T) -> u8 {
    list.iter().position(|known| *known == one).map_or(0, |at| at as u8 + 1)
}

fn named<T: Copy>(list: &[T], code: u8) -> Result<T, Damage> {
    let at = usize::from(code).checked_sub(1);
    at.and_then(|at| list.get(at))
        .copied()
        .ok_or_else(|| Damage::new(format!("code {code} of a list of {}", list.len())))
}
