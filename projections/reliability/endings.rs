//! How do consultations end: completed, moved elsewhere, given up, or nobody knows?

use event::Kind;

use crate::measure::{Better, Fold, Joining, Measure, Needs, Part, of_attempted};
use crate::outcome::Ending;

/// Consultations completed on video.
pub static COMPLETED_ON_VIDEO: Measure = Measure {
    name: "completed_on_video",
    title: "Completed on video",
    of: "attempted",
    definition: "connected, and reached the intended end on video",
    better: Better::Higher,
    needs: Needs::all(&[Kind::Joined, Kind::Completed]),
    roles: &[],
    fold: Fold::Share(|row| of_attempted(row, row.connected && row.ending == Ending::Completed)),
};

/// Consultations in which video was given up for something else.
pub static CONVERSION: Measure = Measure {
    name: "conversion",
    title: "Moved to phone, in person or another platform",
    of: "attempted",
    definition: "ended by moving to something else",
    better: Better::Lower,
    needs: Needs::all(&[Kind::Converted]),
    roles: &[],
    fold: Fold::Share(|row| of_attempted(row, row.ending.is_converted())),
};

/// Consultations that were given up.
pub static ABANDONMENT: Measure = Measure {
    name: "abandonment",
    title: "Given up",
    of: "attempted",
    definition: "ended by being given up, in the waiting room or midway",
    better: Better::Lower,
    needs: Needs::all(&[Kind::Abandoned]),
    roles: &[],
    fold: Fold::Share(|row| of_attempted(row, row.ending == Ending::Abandoned)),
};

/// Consultations that failed for good.
pub static TERMINAL_FAILURE: Measure = Measure {
    name: "terminal_failure",
    title: "Failed for good",
    of: "attempted",
    definition: "given up, moved elsewhere, or never connected; parts that some compared platform cannot \
                 observe are left out for all",
    better: Better::Lower,
    needs: Needs::all(&[Kind::Joined]),
    roles: &[],
    fold: Fold::Composite(
        Joining::Any,
        &[
            Part {
                name: "never_connected",
                words: "never connected",
                needs: Needs::NOTHING.and_any(&[Kind::JoinAttempted, Kind::Waiting, Kind::JoinFailed]),
                holds: |row, _| !row.connected,
            },
            Part {
                name: "converted",
                words: "moved elsewhere",
                needs: Needs::all(&[Kind::Converted]),
                holds: |row, _| row.ending.is_converted(),
            },
            Part {
                name: "abandoned",
                words: "given up",
                needs: Needs::all(&[Kind::Abandoned]),
                holds: |row, _| row.ending == Ending::Abandoned,
            },
        ],
    ),
};

/// Consultations of which nobody knows how they ended.
pub static END_NOT_SEEN: Measure = Measure {
    name: "end_not_seen",
    title: "End not seen",
    of: "attempted",
    definition: "no event tells how it ended",
    better: Better::Neither,
    needs: Needs::NOTHING,
    roles: &[],
    fold: Fold::Share(|row| of_attempted(row, row.ending == Ending::EndNotSeen)),
};
