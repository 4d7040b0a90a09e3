//! The headline: did the consultation go through as a good one does, at the first try and undisturbed?

use event::Kind;

use crate::measure::{ATTEMPTS, Better, Fold, Joining, Measure, Needs, Part};
use crate::outcome::Ending;

/// Undisturbed consultations.
pub static UNDISTURBED: Measure = Measure {
    name: "undisturbed",
    title: "Undisturbed consultations",
    of: "attempted",
    definition: "connected at the first try, no drop, interrupted for at most 10 s and 1 % of the time connected, \
                 completed on video; parts that some compared platform cannot observe are left out for all",
    better: Better::Higher,
    needs: Needs::all(&[Kind::Joined]),
    alike: ATTEMPTS,
    roles: &[],
    fold: Fold::Composite(
        Joining::ConnectedAndAll,
        &[
            Part {
                name: "first_try",
                words: "first try",
                needs: Needs::all(&[Kind::JoinFailed, Kind::Dropped]),
                holds: |row, _| row.first_try,
            },
            Part {
                name: "no_drop",
                words: "no drop",
                needs: Needs::all(&[Kind::Dropped]),
                holds: |row, _| row.drops == 0,
            },
            Part {
                name: "hardly_interrupted",
                words: "hardly interrupted",
                needs: Needs::all(&[Kind::AudioLost, Kind::AudioRestored, Kind::Dropped]),
                holds: |row, parameters| row.hardly_interrupted(parameters),
            },
            Part {
                name: "completed",
                words: "completed",
                needs: Needs::all(&[Kind::Completed]).changed_by(&[Kind::Converted, Kind::Abandoned]),
                holds: |row, _| row.ending == Ending::Completed,
            },
        ],
    ),
};
