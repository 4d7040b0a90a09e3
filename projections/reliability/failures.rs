//! Does something fail, and on whose side first: is it the platform, or what people bring along?
//!
//! What fails on both sides at once points to the platform; a patient's network fails on the patient's. The side
//! says where to look, not what to blame: where one side alone is weak, another platform may cope with it.

use event::Kind;

use crate::measure::{ATTEMPTS, Better, Fold, Measure, Needs};
use crate::outcome::{FailedSide, Outcome};

/// The part of those of whose first failure no side is told.
pub const NO_SIDE: &str = "not_told";

/// Consultations in which something failed.
pub static FIRST_FAILURE: Measure = Measure {
    name: "first_failure",
    title: "Any failed join or drop",
    of: "attempted",
    definition: "never connected, a join that failed or a drop, by the side on which something first failed \
                 (both: within five seconds of each other)",
    better: Better::Lower,
    needs: Needs::all(&[Kind::Joined, Kind::Dropped]).changed_by(&[Kind::JoinFailed]),
    alike: ATTEMPTS,
    roles: &[],
    fold: Fold::Breakdown(first_failed),
};

/// The side on which something first failed; nothing where nothing did.
fn first_failed(row: &Outcome) -> Option<&str> {
    match row.side {
        Some(FailedSide::Patient) => Some("patient"),
        Some(FailedSide::Clinician) => Some("clinician"),
        Some(FailedSide::Both) => Some("both"),
        // Of people whose role nobody told, of interpreters, and where both came and never met.
        None => (!row.connected || !row.first_try || row.drops > 0).then_some(NO_SIDE),
    }
}
