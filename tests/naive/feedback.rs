//! What came with the consultation: its context, ratings and scores.

use std::collections::BTreeMap;

use event::{Dimension, Payload, Role, Shape};
use serde_json::{Map, Value, json};

use super::moment::{Declarations, Moment};

/// The circumstances that were told: the first platform (rule 10), of all else the last.
pub(super) fn context(moments: &[Moment<'_>], declared: &Declarations<'_>) -> Value {
    let mut levels: BTreeMap<Dimension, &str> = BTreeMap::new();
    for (dimension, level) in told(moments) {
        if dimension != Dimension::Platform || !levels.contains_key(&dimension) {
            levels.insert(dimension, level);
        }
    }
    let declared = moments.iter().find_map(|moment| declared.platform(&moment.event.source));
    if let (false, Some(platform)) = (levels.contains_key(&Dimension::Platform), declared) {
        levels.insert(Dimension::Platform, platform);
    }
    let members =
        levels.into_iter().map(|(dimension, level)| (dimension.name().to_owned(), written(dimension, level)));
    Value::Object(members.collect::<Map<_, _>>())
}

/// How many platforms were told that are not the first.
pub(super) fn other_platforms(moments: &[Moment<'_>]) -> usize {
    let platforms: Vec<&str> = told(moments)
        .filter(|(dimension, _)| *dimension == Dimension::Platform)
        .map(|(_, platform)| platform)
        .collect();
    platforms.iter().filter(|platform| **platform != platforms[0]).count()
}

fn told<'a>(moments: &[Moment<'a>]) -> impl Iterator<Item = (Dimension, &'a str)> {
    let contexts = moments.iter().filter_map(|moment| moment.event.payload.context());
    contexts.flat_map(|context| context.iter())
}

fn written(dimension: Dimension, level: &str) -> Value {
    match dimension.shape() {
        Shape::Text => json!(level),
        Shape::Flag => json!(level == "true"),
        Shape::Quintile => json!(level.parse::<i64>().expect("a quintile is a number from 1 to 5")),
    }
}

/// Every rating, in reading order.
pub(super) fn ratings(moments: &[Moment<'_>]) -> Vec<Value> {
    let rating = |moment: &Moment<'_>| match moment.event.payload {
        Payload::Rated { scale, value } => {
            Some(json!({"role": role(moment), "scale": scale, "value": value}))
        }
        _ => None,
    };
    moments.iter().filter_map(rating).collect()
}

/// Every questionnaire that has a score, in reading order.
pub(super) fn scores(moments: &[Moment<'_>]) -> Vec<Value> {
    let scored = |moment: &Moment<'_>| match &moment.event.payload {
        Payload::Questionnaire { instrument, answers, score } => {
            let value = value_of(instrument, answers, *score)?;
            Some(json!({"role": role(moment), "instrument": instrument, "value": value}))
        }
        _ => None,
    };
    moments.iter().filter_map(scored).collect()
}

/// How many questionnaires have no score.
pub(super) fn unscored(moments: &[Moment<'_>]) -> usize {
    let unscored = |moment: &&Moment<'_>| match &moment.event.payload {
        Payload::Questionnaire { instrument, answers, score } => {
            value_of(instrument, answers, *score).is_none()
        }
        _ => false,
    };
    moments.iter().filter(unscored).count()
}

fn role(moment: &Moment<'_>) -> &'static str {
    moment.event.role.unwrap_or(Role::Unknown).name()
}

/// Known instruments by their answers, others by the score they declare.
fn value_of(instrument: &str, answers: &[Option<u8>], score: Option<f64>) -> Option<f64> {
    match instrument {
        "SUS" => sus(answers),
        "TUQ" => tuq(answers),
        _ => score,
    }
}

/// Brooke's System Usability Scale: one missing item counts as 3, more make it unusable.
fn sus(answers: &[Option<u8>]) -> Option<f64> {
    let missing = answers.iter().filter(|answer| answer.is_none()).count();
    if answers.len() != 10 || missing > 1 || out_of_range(answers, 5) {
        return None;
    }
    let points = answers.iter().enumerate().map(|(index, answer)| {
        let answer = f64::from(answer.unwrap_or(3));
        let item_is_odd = index % 2 == 0;
        if item_is_odd { answer - 1.0 } else { 5.0 - answer }
    });
    Some(points.sum::<f64>() * 2.5)
}

/// The Telehealth Usability Questionnaire: the mean of the items that were answered.
fn tuq(answers: &[Option<u8>]) -> Option<f64> {
    let answered: Vec<f64> = answers.iter().flatten().map(|answer| f64::from(*answer)).collect();
    if answers.len() != 21 || answered.len() < 19 || out_of_range(answers, 7) {
        return None;
    }
    Some(answered.iter().sum::<f64>() / answered.len() as f64)
}

fn out_of_range(answers: &[Option<u8>], most: u8) -> bool {
    answers.iter().flatten().any(|answer| !(1..=most).contains(answer))
}

#[cfg(test)]
mod tests {
    use super::{sus, tuq};

    fn check(answers: [u8; 10], score: f64) {
        assert_eq!(sus(&answers.map(Some)), Some(score));
    }

    #[test]
    fn the_published_examples_of_sus_come_out() {
        check([4, 2, 5, 1, 4, 2, 5, 2, 4, 1], 85.0);
        check([3; 10], 50.0);
        check([5, 1, 5, 1, 5, 1, 5, 1, 5, 1], 100.0);
        check([2, 4, 2, 3, 3, 4, 2, 4, 2, 4], 30.0);
        check([4, 1, 4, 2, 3, 2, 4, 1, 5, 2], 80.0);
    }

    #[test]
    fn one_missing_item_of_sus_counts_as_the_middle_and_two_are_too_many() {
        let mut answers = [5, 1, 5, 1, 5, 1, 5, 1, 5, 1].map(Some);
        answers[0] = None;
        assert_eq!(sus(&answers), Some(95.0));
        answers[1] = None;
        assert_eq!(sus(&answers), None);
    }

    #[test]
    fn tuq_is_the_mean_of_what_was_answered() {
        let mut answers = [Some(6); 21];
        answers[3] = None;
        assert_eq!(tuq(&answers), Some(6.0));
        assert_eq!(tuq(&[None; 21]), None);
        assert_eq!(tuq(&answers[..20]), None);
    }
}
