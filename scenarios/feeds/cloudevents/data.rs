//! The data of each kind: which members it names, and which values they may have.

use std::borrow::Cow;

use event::{Answer, Capability, Context, Declaration, Dimension, Extra, Kind, Payload, Shape, Sides, Time};

use crate::Refusal;
use crate::member::{Members, compact};
use crate::text::{check_named, quoted};

/// What the data of `kind` tells; what it does not name stays in `data`.
pub(super) fn payload(kind: Kind, data: &mut Members<'_>, extra: &mut Extra) -> Result<Payload, Refusal> {
    Ok(match kind {
        Kind::Scheduled => {
            let want = "a time such as \"2026-03-01T09:00:00Z\"";
            let booked_start: Option<Time> = data.parsed("booked_start", want)?;
            Payload::Scheduled { booked_start, context: context(data, extra)? }
        }
        Kind::Cancelled => Payload::Cancelled { by: own(data, "by")?, reason: own(data, "reason")? },
        Kind::JoinAttempted => Payload::JoinAttempted,
        Kind::Waiting => Payload::Waiting,
        Kind::JoinFailed => Payload::JoinFailed { reason: own(data, "reason")? },
        Kind::Joined => Payload::Joined { context: context(data, extra)? },
        Kind::Rejoined => Payload::Rejoined,
        Kind::AudioRestored => Payload::AudioRestored { direction: own(data, "direction")? },
        Kind::VideoRestored => Payload::VideoRestored { direction: own(data, "direction")? },
        Kind::AudioLost => Payload::AudioLost { direction: own(data, "direction")? },
        Kind::VideoLost => Payload::VideoLost { direction: own(data, "direction")? },
        Kind::HelpRequested => Payload::HelpRequested { topic: own(data, "topic")? },
        Kind::Dropped => Payload::Dropped { reason: own(data, "reason")? },
        Kind::Left => Payload::Left { reason: own(data, "reason")? },
        Kind::Converted => Payload::Converted { to: own(data, "to")? },
        Kind::Abandoned => Payload::Abandoned { stage: own(data, "stage")? },
        Kind::Completed => Payload::Completed,
        Kind::FeedbackInvited => Payload::FeedbackInvited { instrument: own(data, "instrument")? },
        Kind::Rated => rated(data)?,
        Kind::Questionnaire => questionnaire(data)?,
        Kind::Adequacy => adequacy(data)?,
        Kind::RecordingDeclared => Payload::RecordingDeclared(declaration(data)?),
        Kind::Unknown => Payload::Unknown { kind: Kind::Unknown.name().to_owned(), version: 1 },
    })
}

fn own(data: &mut Members<'_>, name: &str) -> Result<Option<String>, Refusal> {
    Ok(data.text(name)?.map(Cow::into_owned))
}

fn rated(data: &mut Members<'_>) -> Result<Payload, Refusal> {
    const SCALE: &str = "the number of levels, from 2 to 255";
    const VALUE: &str = "the level that was chosen, a whole number from 0 to the scale";
    let scale: u8 = data.number("scale", SCALE)?.ok_or_else(|| data.missing("scale", SCALE))?;
    let value: u8 = data.number("value", VALUE)?.ok_or_else(|| data.missing("value", VALUE))?;
    check_rating(scale, value, |name, value, want| data.wrong(name, value, want))?;
    Ok(Payload::Rated { scale, value })
}

/// Refuses a rating that lies outside its scale.
pub(crate) fn check_rating(
    scale: u8,
    value: u8,
    wrong: impl Fn(&str, &str, &str) -> Refusal,
) -> Result<(), Refusal> {
    if scale < 2 {
        return Err(wrong("scale", &scale.to_string(), "the number of levels, from 2 to 255"));
    }
    if value > scale {
        return Err(wrong(
            "value",
            &value.to_string(),
            &format!("a level from 0 to the scale, which is {scale}"),
        ));
    }
    Ok(())
}

fn questionnaire(data: &mut Members<'_>) -> Result<Payload, Refusal> {
    let example = "the name of the questionnaire, such as \"SUS\"";
    let instrument = data.required_text("instrument", example)?.into_owned();
    let want = "an array of whole numbers, null for an item left out, such as [4,2,null]";
    let answers = match data.raw("answers") {
        Some(value) => serde_json::from_str(value).map_err(|_| data.wrong("answers", value, want))?,
        None => Vec::new(),
    };
    let score = match data.raw("score") {
        // Parsed by the standard library, which finds the nearest number exactly.
        Some(value) => match value.parse::<f64>() {
            Ok(score) if score.is_finite() => Some(score),
            _ => return Err(data.wrong("score", value, "a number, such as 72.5")),
        },
        None => None,
    };
    check_answers(&instrument, &answers, score, |name, value, want| data.wrong(name, value, want))?;
    Ok(Payload::Questionnaire { instrument, answers, score })
}

/// Refuses answers that the instrument does not have.
pub(crate) fn check_answers(
    instrument: &str,
    answers: &[Option<u8>],
    score: Option<f64>,
    wrong: impl Fn(&str, &str, &str) -> Refusal,
) -> Result<(), Refusal> {
    let shown = || serde_json::to_string(answers).unwrap_or_default();
    let (items, highest) = match instrument {
        "SUS" => (10, 5),
        "TUQ" => (21, 7),
        _ if answers.is_empty() && score.is_none() => {
            return Err(wrong("answers", "empty", "the answers in their order, or a score"));
        }
        _ => return Ok(()),
    };
    let fits = |answer: &Option<u8>| answer.is_none_or(|answer| (1..=highest).contains(&answer));
    if answers.len() != items || !answers.iter().all(fits) {
        let want = format!(
            "the {items} answers of {instrument}, each from 1 to {highest}, or null for one left out"
        );
        return Err(wrong("answers", &shown(), &want));
    }
    Ok(())
}

fn adequacy(data: &mut Members<'_>) -> Result<Payload, Refusal> {
    const WANT: &str = "whether a visit in person would have been needed: \"yes\", \"no\" or \"partly\"";
    let answer = data.text("answer")?.ok_or_else(|| data.missing("answer", WANT))?;
    let answer = Answer::from_name(&answer).ok_or_else(|| data.wrong("answer", &quoted(&answer), WANT))?;
    Ok(Payload::Adequacy { answer })
}

fn declaration(data: &mut Members<'_>) -> Result<Declaration, Refusal> {
    let (feed, platform) = (own(data, "feed")?, own(data, "platform")?);
    let mut declared = Declaration { feed, platform, ..Declaration::default() };
    // Required: a declaration that lists nothing would say that the source can see nothing.
    let example = "how each kind is seen, such as {\"joined\":\"observed\",\"dropped\":\"inferred\"}";
    let capabilities = data.object("capabilities", "data.capabilities.")?;
    let capabilities = capabilities.ok_or_else(|| data.missing("capabilities", example))?;
    let told = Members::none("data.capabilities.");
    for (name, value) in capabilities.rest() {
        const WANT: &str = "\"observed\", \"inferred\" or \"unobservable\"";
        check_named(&name, &"a name in data.capabilities", || "/data/capabilities".to_owned())?;
        let text = told.as_text(&name, value, WANT)?;
        let capability = Capability::from_name(&text).ok_or_else(|| told.wrong(&name, value, WANT))?;
        declared.capabilities.insert(name.into_owned(), capability);
    }
    if let Some(name) = data.text("sides")? {
        let want = "\"both\", \"patient\" or \"clinician\"";
        let sides = Sides::from_name(&name).ok_or_else(|| data.wrong("sides", &quoted(&name), want))?;
        declared.sides = Some(sides);
    }
    declared.drop_delay_ms = data.number("drop_delay_ms", "milliseconds, a whole number such as 15000")?;
    Ok(declared)
}

fn context(data: &mut Members<'_>, extra: &mut Extra) -> Result<Option<Context>, Refusal> {
    let Some(members) = data.object("context", "data.context.")? else { return Ok(None) };
    let told = Members::none("data.context.");
    let (mut context, mut unnamed) = (Context::default(), String::new());
    for (name, value) in members.rest() {
        match Dimension::from_name(&name) {
            Some(_) if value == "null" => {}
            Some(dimension) => context.set(dimension, level(dimension, value, &told)?),
            None => {
                unnamed.push(if unnamed.is_empty() { '{' } else { ',' });
                unnamed.push_str(&quoted(&name));
                unnamed.push(':');
                unnamed.push_str(&compact(value)?);
            }
        }
    }
    if !unnamed.is_empty() {
        unnamed.push('}');
        extra.data.insert("context".to_owned(), unnamed);
    }
    Ok(Some(context))
}

/// The level that `value`, as JSON, names.
fn level(dimension: Dimension, value: &str, told: &Members<'_>) -> Result<String, Refusal> {
    let name = dimension.name();
    let (level, want) = match dimension.shape() {
        Shape::Text => {
            let want = "a text in quotes that is not empty, or leave it out";
            (told.as_text(name, value, want)?.into_owned(), want)
        }
        Shape::Flag => (value.to_owned(), "true or false, without quotes"),
        Shape::Quintile => (value.to_owned(), "a number from 1 (most deprived) to 5, without quotes"),
    };
    if dimension.accepts(&level) { Ok(level) } else { Err(told.wrong(name, value, want)) }
}
