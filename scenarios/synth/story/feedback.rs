//! What people say afterwards: invitations, ratings, questionnaires, adequacy.
//!
//! Patients and clinicians answer apart and are never pooled: for one platform, published, nine
//! patients in ten were content and seven clinicians in ten.

use event::{Answer, Payload, Time};

use super::{Beat, Story, Who};
use crate::dice::Dice;
use crate::knob::{Chances, Knob, logistic, logit};
use crate::length;
use crate::plan::Feedback;

/// Highest value of a rating.
const SCALE: u8 = 5;
/// Items of the System Usability Scale.
const SUS_ITEMS: usize = 10;

/// Asks both sides of a consultation that connected.
pub(super) fn ask(feedback: &Feedback, chances: &Chances, mut dice: Dice, story: &mut Story) {
    let Some(end) = story.beats.iter().map(|beat| beat.at).max() else { return };
    if !dice.chance(feedback.invited) {
        return;
    }
    let shift = if story.course.undisturbed() { 0.0 } else { feedback.when_disturbed };
    if feedback.patient > 0.0 || feedback.sus > 0.0 {
        invite(story, Who::Patient, end);
        let good = logistic(logit(chances.of(Knob::PatientRating)) + shift);
        let at = end.plus(length::ANSWER.roll(length::ANSWER_MS, &mut dice));
        if dice.chance(feedback.patient) {
            rate(story, Who::Patient, at, good, &mut dice);
        }
        if dice.chance(feedback.sus) {
            let score = chances.of(Knob::Sus) + feedback.sus_sd * dice.normal();
            let answers = sus_answers(score, &mut dice);
            let payload = Payload::Questionnaire { instrument: "SUS".to_owned(), answers, score: None };
            story.beats.push(Beat { at: at.plus(60_000), who: Some(Who::Patient), payload });
        }
    }
    if feedback.clinician > 0.0 || feedback.adequacy > 0.0 {
        invite(story, Who::Clinician, end);
        let good = logistic(logit(chances.of(Knob::ClinicianRating)) + shift);
        let at = end.plus(length::ANSWER.roll(length::ANSWER_MS, &mut dice));
        if dice.chance(feedback.clinician) {
            rate(story, Who::Clinician, at, good, &mut dice);
        }
        if dice.chance(feedback.adequacy) {
            let answer = if dice.chance(chances.of(Knob::Adequate)) {
                Answer::No
            } else {
                [Answer::Partly, Answer::Yes][dice.below(2)]
            };
            let payload = Payload::Adequacy { answer };
            story.beats.push(Beat { at: at.plus(20_000), who: Some(Who::Clinician), payload });
        }
    }
}

fn invite(story: &mut Story, who: Who, end: Time) {
    let payload = Payload::FeedbackInvited { instrument: None };
    story.beats.push(Beat { at: end.plus(5_000), who: Some(who), payload });
}

fn rate(story: &mut Story, who: Who, at: Time, good: f64, dice: &mut Dice) {
    let value = if dice.chance(good) {
        [5, 4][dice.weighted(&[0.65, 0.35])]
    } else {
        [3, 2, 1][dice.weighted(&[0.6, 0.25, 0.15])]
    };
    story.beats.push(Beat { at, who: Some(who), payload: Payload::Rated { scale: SCALE, value } });
}

/// Answers to the ten items that score as near to `score` as answers can (Brooke 1996): odd items count
/// answer - 1, even ones 5 - answer, and the sum of at most 40 is multiplied by 2.5.
fn sus_answers(score: f64, dice: &mut Dice) -> Vec<Option<u8>> {
    let points = libm::round(score.clamp(0.0, 100.0) / 2.5) as usize;
    let mut counts = [(points / SUS_ITEMS) as u8; SUS_ITEMS];
    let first = dice.below(SUS_ITEMS);
    for extra in 0..points % SUS_ITEMS {
        counts[(first + extra) % SUS_ITEMS] += 1;
    }
    let answer = |(item, count): (usize, &u8)| Some(if item % 2 == 0 { 1 + count } else { 5 - count });
    counts.iter().enumerate().map(answer).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dice::Realm;

    fn scored(answers: &[Option<u8>]) -> f64 {
        let count = |(item, answer): (usize, &Option<u8>)| {
            let answer = f64::from(answer.unwrap());
            if item % 2 == 0 { answer - 1.0 } else { 5.0 - answer }
        };
        2.5 * answers.iter().enumerate().map(count).sum::<f64>()
    }

    #[test]
    fn answers_score_what_was_meant() {
        let mut dice = Dice::new(1, Realm::Feedback, 0);
        for (meant, score) in
            [(-4.0, 0.0), (0.0, 0.0), (67.5, 67.5), (68.4, 67.5), (100.0, 100.0), (130.0, 100.0)]
        {
            let answers = sus_answers(meant, &mut dice);
            assert_eq!((answers.len(), scored(&answers)), (10, score));
            assert!(answers.iter().flatten().all(|answer| (1..=5).contains(answer)));
        }
    }
}
