//! How do consultations end: completed, moved elsewhere, given up, or nobody knows?

use event::{Kind, KindSet};

use crate::measure::{ATTEMPTS, Better, Fold, Joining, Measure, Needs, Part, of_attempted, of_connected};
use crate::outcome::Ending;

/// Consultations completed on video.
pub static COMPLETED_ON_VIDEO: Measure = Measure {
    name: "completed_on_video",
    title: "Completed on video",
    of: "attempted",
    definition: "connected, and reached the intended end on video",
    better: Better::Higher,
    needs: Needs::all(&[Kind::Joined, Kind::Completed]).changed_by(&[Kind::Converted, Kind::Abandoned]),
    alike: ATTEMPTS,
    roles: &[],
    fold: Fold::Share(|row| of_attempted(row, row.connected && row.ending == Ending::Completed)),
};

/// Consultations completed on video, of those that connected.
pub static COMPLETED_OF_CONNECTED: Measure = Measure {
    name: "completed_of_connected",
    title: "Completed on video, once connected",
    of: "connected",
    definition: "reached the intended end on video",
    better: Better::Higher,
    needs: Needs::all(&[Kind::Joined, Kind::Completed]).changed_by(&[Kind::Converted, Kind::Abandoned]),
    alike: KindSet::NONE,
    roles: &[],
    fold: Fold::Share(|row| of_connected(row, row.ending == Ending::Completed)),
};

/// Consultations in which video was given up for something else.
pub static CONVERSION: Measure = Measure {
    name: "conversion",
    title: "Moved to phone, in person or another platform",
    of: "attempted",
    definition: "ended by moving to something else, by target",
    better: Better::Lower,
    needs: Needs::all(&[Kind::Converted]),
    alike: ATTEMPTS,
    roles: &[],
    fold: Fold::Breakdown(|row| match row.ending {
        Ending::ConvertedPhone => Some("phone"),
        Ending::ConvertedInPerson => Some("in_person"),
        Ending::ConvertedPlatform => Some("other_platform"),
        Ending::ConvertedOther => Some("other"),
        _ => None,
    }),
};

/// Consultations that were given up.
pub static ABANDONMENT: Measure = Measure {
    name: "abandonment",
    title: "Given up",
    of: "attempted",
    definition: "ended by being given up, by stage",
    better: Better::Lower,
    needs: Needs::all(&[Kind::Abandoned]),
    alike: ATTEMPTS,
    roles: &[],
    fold: Fold::Breakdown(|row| {
        (row.ending == Ending::Abandoned).then(|| row.stage.as_deref().unwrap_or("not recorded"))
    }),
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
    alike: ATTEMPTS,
    roles: &[],
    fold: Fold::Composite(
        Joining::Any,
        &[
            Part {
                name: "never_connected",
                words: "never connected",
                needs: Needs::NOTHING.and_any(ATTEMPTS),
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
    alike: ATTEMPTS,
    roles: &[],
    fold: Fold::Share(|row| of_attempted(row, row.ending == Ending::EndNotSeen)),
};
