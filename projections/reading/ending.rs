//! When and how a consultation ended (rule 5).

use event::{Kind, Target};

use super::people::{Pairing, People};
use super::presence::Presence;
use crate::episode::{Fact, Mark};
use crate::outcome::Ending;

/// Within this time after an end, a return undoes an `abandoned` and a conversion undoes a `completed`.
const REVISION_MS: i64 = 30 * 60_000;

/// The end of a consultation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct End {
    pub(super) at: i64,
    /// The kind of the terminal event it lies at, if any.
    pub(super) terminal: Option<Kind>,
    /// The ending that terminal events tell.
    pub(super) ending: Option<Ending>,
    /// The terminal mark that told the ending.
    pub(super) told_by: Option<usize>,
}

impl End {
    /// The end by the first terminal event, if there is one; counts oddities into `anomalies`.
    pub(super) fn terminal(
        marks: &[Mark],
        people: &People,
        note: &mut impl FnMut(&'static str),
    ) -> Option<Self> {
        let mut terminals = Vec::new();
        for (i, mark) in marks.iter().enumerate() {
            match mark.kind {
                Kind::Completed | Kind::Converted => terminals.push(i),
                Kind::Abandoned if returned_after(i, marks, people) => note("return_after_abandoned"),
                Kind::Abandoned => terminals.push(i),
                _ => {}
            }
        }
        let first = *terminals.first()?;
        let (at, kind) = (marks[first].at.ms(), marks[first].kind);
        let revision = terminals.iter().copied().find(|i| {
            kind == Kind::Completed
                && marks[*i].kind != Kind::Completed
                && marks[*i].at.ms() - at <= REVISION_MS
        });
        if revision.is_some() {
            note("completed_then_given_up");
        }
        for _ in terminals.iter().skip(1).filter(|i| Some(**i) != revision) {
            note("second_end");
        }
        let told_by = revision.unwrap_or(first);
        Some(Self { at, terminal: Some(kind), ending: ending_of(&marks[told_by]), told_by: Some(told_by) })
    }

    /// The end without a terminal event: the departure that left one side empty for good, else the last
    /// event of the call. `None` when nothing of a call was seen.
    pub(super) fn quiet(marks: &[Mark], people: &People, presence: &[Presence]) -> Option<Self> {
        let last = || marks.iter().rev().find(|mark| is_of_the_call(mark.kind)).map(|mark| mark.at.ms());
        let at = departure(&people.sides, presence).or_else(last)?;
        Some(Self { at, terminal: None, ending: None, told_by: None })
    }
}

fn returned_after(abandoned: usize, marks: &[Mark], people: &People) -> bool {
    let at = marks[abandoned].at.ms();
    marks[abandoned + 1..]
        .iter()
        .take_while(|mark| mark.at.ms() - at <= REVISION_MS)
        .any(|mark| matches!(mark.kind, Kind::Joined | Kind::Rejoined) && people.counting(mark).is_some())
}

fn ending_of(mark: &Mark) -> Option<Ending> {
    match (&mark.fact, mark.kind) {
        (Fact::Converted(to), _) => Some(match to {
            Target::Phone => Ending::ConvertedPhone,
            Target::InPerson => Ending::ConvertedInPerson,
            Target::OtherPlatform => Ending::ConvertedPlatform,
            Target::Other => Ending::ConvertedOther,
        }),
        (_, Kind::Completed) => Some(Ending::Completed),
        (_, Kind::Abandoned) => Some(Ending::Abandoned),
        _ => None,
    }
}

fn is_of_the_call(kind: Kind) -> bool {
    !matches!(
        kind,
        Kind::Scheduled
            | Kind::Cancelled
            | Kind::FeedbackInvited
            | Kind::Rated
            | Kind::Questionnaire
            | Kind::Adequacy
            | Kind::RecordingDeclared
            | Kind::Unknown
    )
}

/// When one side was empty for good: the earlier of the two if both were.
fn departure(sides: &Pairing, presence: &[Presence]) -> Option<i64> {
    match sides {
        Pairing::Two(a, b) => [a, b].into_iter().filter_map(|side| emptied(side, presence)).min(),
        Pairing::One(_, side, _) => emptied(side, presence),
        Pairing::AnyTwo(people) => {
            let mut gone: Vec<i64> = people
                .iter()
                .filter(|i| presence[**i].ever())
                .map(|i| presence[*i].gone_at().unwrap_or(i64::MAX))
                .collect();
            gone.sort_unstable();
            // After the last departure but one, only one person remains.
            let at = *gone.get(gone.len().saturating_sub(2))?;
            (at != i64::MAX).then_some(at)
        }
    }
}

fn emptied(side: &[usize], presence: &[Presence]) -> Option<i64> {
    let mut last = None;
    for i in side.iter().filter(|i| presence[**i].ever()) {
        last = last.max(Some(presence[*i].gone_at()?));
    }
    last
}
