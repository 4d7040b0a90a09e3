//! Are connections lost, how often, how soon, and do people come back?

use event::{Kind, KindSet};

use super::connection::milliseconds;
use crate::measure::{Better, Fold, Measure, Needs, of_connected};
use crate::outcome::Disturbance;
use crate::sketch::Counts;

/// What must be seen to tell a drop.
pub(crate) const DROPPED: Needs = Needs::all(&[Kind::Joined, Kind::Dropped]);
/// Milliseconds in a hundred hours.
const HUNDRED_HOURS: f64 = 360_000_000.0;

/// Consultations with a drop.
pub static ANY_DROP: Measure = Measure {
    name: "any_drop",
    title: "Consultations with a drop",
    of: "connected",
    definition: "somebody's connection was lost for the grace or longer, between connection and end",
    better: Better::Lower,
    needs: DROPPED,
    alike: KindSet::NONE,
    roles: &[],
    fold: Fold::Share(|row| of_connected(row, row.drops > 0)),
};

/// Drops per hundred connected hours.
pub static DROPS_PER_100H: Measure = Measure {
    name: "drops_per_100h",
    title: "Drops per 100 connected hours",
    of: "connected time",
    definition: "drops over connected time, times a hundred hours",
    better: Better::Lower,
    needs: DROPPED,
    alike: KindSet::NONE,
    roles: &[],
    fold: Fold::PerTime(
        |row| row.connected.then(|| (u64::from(row.drops), u64::try_from(row.connected_ms).unwrap_or(0))),
        HUNDRED_HOURS,
    ),
};

/// Drops from which people came back within a minute.
pub static RECOVERED_60S: Measure = Measure {
    name: "recovered_60s",
    title: "Drops recovered within 60 s",
    of: "drops",
    definition: "the person was back within 60 s",
    better: Better::Higher,
    needs: DROPPED,
    alike: KindSet::NONE,
    roles: &[],
    fold: Fold::Share(|row| Counts { n: u64::from(row.drops), x: u64::from(row.recovered_60s) }),
};

/// Time to come back from a drop.
pub static RECOVERY_MS: Measure = Measure {
    name: "recovery_ms",
    title: "Time to come back from a drop, where people did",
    of: "drops with a return",
    definition: "milliseconds from a drop to the return; drops without one are not in it",
    better: Better::Neither,
    needs: DROPPED,
    alike: KindSet::NONE,
    roles: &[],
    fold: Fold::Durations(|row, _, all| {
        let back = |drop: &Disturbance| Some(drop.over_at?.since(drop.at));
        all.extend(row.drop_times.iter().filter_map(|drop| milliseconds(back(drop))));
    }),
};

/// Time to the first drop.
pub static FIRST_DROP_MS: Measure = Measure {
    name: "first_drop_ms",
    title: "Time to the first drop, where there was one",
    of: "consultations with a drop",
    definition: "milliseconds from connection to the first drop",
    better: Better::Neither,
    needs: DROPPED,
    alike: KindSet::NONE,
    roles: &[],
    fold: Fold::Durations(|row, _, all| all.extend(milliseconds(row.first_drop_ms))),
};
