//! Was video enough, or would a visit in person have been needed?

use event::{Answer, Kind, KindSet, Role};

use crate::measure::{Better, Fold, Measure, Needs, Voicing};
use crate::sketch::Voice;

/// Answers that a visit in person would not have been needed.
pub static ADEQUACY: Measure = Measure {
    name: "adequacy",
    title: "A visit in person would not have been needed",
    of: "answered",
    definition: "the answer was no; \"partly\" counts as needed",
    better: Better::Higher,
    needs: Needs::all(&[Kind::Adequacy]),
    alike: KindSet::NONE,
    roles: &[Role::Patient, Role::Clinician],
    fold: Fold::Opinion(|row, role| Voicing {
        voices: row
            .adequacy
            .iter()
            .filter(|adequacy| adequacy.role == role)
            .map(|adequacy| Voice {
                scale: 3,
                value: match adequacy.answer {
                    Answer::Yes => 1,
                    Answer::Partly => 2,
                    Answer::No => 3,
                },
                favourable: adequacy.answer == Answer::No,
            })
            .collect(),
        invited: super::questionnaires::invited(row, role, |name| name == Some("adequacy")),
    }),
};
