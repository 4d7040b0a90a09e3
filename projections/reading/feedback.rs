//! What people said: ratings, questionnaires, adequacy, invitations.
//!
//! Known instruments are scored here, field-standard; others keep the score declared with them.
//! SUS: odd items count x-1, even ones 5-x, the sum times 2.5 (Brooke 1996); one missing item is taken
//! as 3, with more there is no score. TUQ: the mean of its 21 items (Parmanto et al. 2016); up to two
//! missing items are left out of the mean, with more there is no score.

use event::{Kind, Role};

use super::people::People;
use crate::episode::{Answers, Fact, Mark};
use crate::outcome::{Adequacy, Invitation, Outcome, Rating, Score};

/// One thing that somebody said of a consultation, or was asked to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Said {
    /// A rating.
    Rated(Rating),
    /// A questionnaire with its score.
    Scored(Score),
    /// A questionnaire that cannot be scored.
    Unscored,
    /// Whether a visit in person would have been needed.
    Adequacy(Adequacy),
    /// An invitation to feedback.
    Invited(Invitation),
}

impl Said {
    /// What a mark with this fact says, by somebody of this role; nothing if it is no feedback.
    #[must_use]
    pub fn of(fact: &Fact, role: Role) -> Option<Self> {
        Some(match fact {
            Fact::Rated { scale, value } => Self::Rated(Rating { role, scale: *scale, value: *value }),
            Fact::Adequacy(answer) => Self::Adequacy(Adequacy { role, answer: *answer }),
            Fact::Answered(answers) => match score_micro(answers) {
                Some(value_micro) => {
                    Self::Scored(Score { role, instrument: answers.instrument.clone(), value_micro })
                }
                None => Self::Unscored,
            },
            Fact::Invited(instrument) => {
                Self::Invited(Invitation { role, instrument: instrument.as_deref().map(str::to_owned) })
            }
            _ => return None,
        })
    }

    /// Puts it into the row.
    pub fn tell(self, row: &mut Outcome) {
        match self {
            Self::Rated(rating) => row.ratings.push(rating),
            Self::Scored(score) => row.scores.push(score),
            Self::Unscored => *row.anomalies.entry("questionnaire_without_score").or_default() += 1,
            Self::Adequacy(adequacy) => row.adequacy.push(adequacy),
            Self::Invited(invitation) => row.invitations.push(invitation),
        }
    }
}

/// Puts what people said into the row.
pub(super) fn read(marks: &[Mark], people: &People, row: &mut Outcome) {
    for mark in marks {
        match Said::of(&mark.fact, people.role_of(mark)) {
            Some(said) => said.tell(row),
            None if mark.kind == Kind::Unknown => *row.anomalies.entry("unknown_kind").or_default() += 1,
            None => {}
        }
    }
}

/// The score of a questionnaire in millionths, if it can be scored.
fn score_micro(answers: &Answers) -> Option<i64> {
    match (answers.instrument.as_str(), answers.answers.as_slice()) {
        ("SUS", items) if !items.is_empty() => sus_micro(items),
        ("TUQ", items) if !items.is_empty() => tuq_micro(items),
        _ => answers.score.map(|score| libm::round(score * 1_000_000.0) as i64),
    }
}

fn sus_micro(items: &[Option<u8>]) -> Option<i64> {
    if items.len() != 10 || !within(items, 5) || items.iter().filter(|item| item.is_none()).count() > 1 {
        return None;
    }
    let sum: i64 = items
        .iter()
        .enumerate()
        .map(|(i, item)| {
            let x = i64::from(item.unwrap_or(3));
            if i % 2 == 0 { x - 1 } else { 5 - x }
        })
        .sum();
    Some(sum * 2_500_000)
}

fn tuq_micro(items: &[Option<u8>]) -> Option<i64> {
    let answered: Vec<i64> = items.iter().flatten().map(|item| i64::from(*item)).collect();
    if items.len() != 21 || !within(items, 7) || answered.len() < 19 {
        return None;
    }
    let (sum, n) = (answered.iter().sum::<i64>(), answered.len() as i64);
    Some((sum * 2_000_000 + n) / (2 * n))
}

/// Whether every answer lies on a scale from 1 to `most`.
fn within(items: &[Option<u8>], most: u8) -> bool {
    items.iter().flatten().all(|item| (1..=most).contains(item))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sus(items: [u8; 10]) -> Option<i64> {
        sus_micro(&items.map(Some))
    }

    #[test]
    fn sus_scores_are_the_published_ones() {
        assert_eq!(sus([4, 2, 5, 1, 4, 2, 5, 2, 4, 1]), Some(85_000_000));
        assert_eq!(sus([3; 10]), Some(50_000_000));
        assert_eq!(sus([5, 1, 5, 1, 5, 1, 5, 1, 5, 1]), Some(100_000_000));
        assert_eq!(sus([2, 4, 2, 3, 3, 4, 2, 4, 2, 4]), Some(30_000_000));
        assert_eq!(sus([4, 1, 4, 2, 3, 2, 4, 1, 5, 2]), Some(80_000_000));
    }

    #[test]
    fn one_missing_item_counts_as_the_middle_and_two_are_too_many() {
        let mut items = [Some(3); 10];
        items[4] = None;
        assert_eq!(sus_micro(&items), Some(50_000_000));
        items[5] = None;
        assert_eq!(sus_micro(&items), None);
    }

    #[test]
    fn tuq_is_the_mean_of_its_items() {
        let mut items = [Some(5); 21];
        assert_eq!(tuq_micro(&items), Some(5_000_000));
        items[0] = Some(6);
        assert_eq!(tuq_micro(&items), Some(5_047_619));
        (items[1], items[2], items[3]) = (None, None, None);
        assert_eq!(tuq_micro(&items), None);
    }
}
