//! How do people score it on the instruments of the field?

use event::{Kind, KindSet, Role};

use crate::measure::{Better, Fold, Measure, Needs, Voicing};
use crate::outcome::Outcome;
use crate::sketch::Voice;

const ANSWERED: Needs = Needs::all(&[Kind::Questionnaire]);

/// The System Usability Scale.
pub static SUS: Measure = Measure {
    name: "sus",
    title: "System Usability Scale, 0 to 100",
    of: "answered",
    definition: "mean SUS score (Brooke 1996); a score is not a percentage",
    better: Better::Higher,
    needs: ANSWERED,
    alike: KindSet::NONE,
    roles: &[Role::Patient, Role::Clinician],
    fold: Fold::Score(|row, role| scores(row, role, "SUS"), [0.0, 100.0]),
};

/// The Telehealth Usability Questionnaire.
pub static TUQ: Measure = Measure {
    name: "tuq",
    title: "Telehealth Usability Questionnaire, 1 to 7",
    of: "answered",
    definition: "mean of the TUQ's 21 items (Parmanto et al. 2016)",
    better: Better::Higher,
    needs: ANSWERED,
    alike: KindSet::NONE,
    roles: &[Role::Patient, Role::Clinician],
    fold: Fold::Score(|row, role| scores(row, role, "TUQ"), [1.0, 7.0]),
};

fn scores(row: &Outcome, role: Role, instrument: &str) -> Voicing {
    let theirs = row.scores.iter().filter(|score| score.role == role && score.instrument == instrument);
    Voicing {
        voices: theirs
            .map(|score| Voice {
                scale: 0,
                value: u64::try_from(score.value_micro).unwrap_or(0),
                favourable: false,
            })
            .collect(),
        invited: invited(row, role, |name| name == Some(instrument)),
    }
}

/// Invitations of a role to the instruments that `counts` accepts.
pub(super) fn invited(row: &Outcome, role: Role, counts: impl Fn(Option<&str>) -> bool) -> u64 {
    row.invitations
        .iter()
        .filter(|invitation| invitation.role == role && counts(invitation.instrument.as_deref()))
        .count() as u64
}
