//! How do people rate it? Favourable are the top two levels of a scale of four or more, the top level of
//! a shorter one ("good or very good").

use event::{Kind, KindSet, Role};

use crate::measure::{Better, Fold, Measure, Needs, Voicing};
use crate::outcome::Outcome;
use crate::sketch::Voice;

/// What patients rate.
pub static PATIENT_RATING: Measure = Measure {
    name: "patient_rating",
    title: "Patients who rate it good or very good",
    of: "answered",
    definition: "a patient's rating in the top two levels of its scale",
    better: Better::Higher,
    needs: Needs::all(&[Kind::Rated]),
    alike: KindSet::NONE,
    roles: &[Role::Patient],
    fold: Fold::Opinion(ratings),
};

/// What clinicians rate.
pub static CLINICIAN_RATING: Measure = Measure {
    name: "clinician_rating",
    title: "Clinicians who rate it good or very good",
    of: "answered",
    definition: "a clinician's rating in the top two levels of its scale",
    better: Better::Higher,
    needs: Needs::all(&[Kind::Rated]),
    alike: KindSet::NONE,
    roles: &[Role::Clinician],
    fold: Fold::Opinion(ratings),
};

fn ratings(row: &Outcome, role: Role) -> Voicing {
    let theirs = row.ratings.iter().filter(|rating| rating.role == role);
    Voicing {
        voices: theirs
            .map(|rating| Voice {
                scale: u64::from(rating.scale),
                value: u64::from(rating.value),
                favourable: rating.value >= lowest_favourable(rating.scale),
            })
            .collect(),
        invited: super::questionnaires::invited(row, role, |instrument| {
            instrument.is_none_or(|name| name.eq_ignore_ascii_case("rating"))
        }),
    }
}

fn lowest_favourable(scale: u8) -> u8 {
    if scale >= 4 { scale - 1 } else { scale }
}
