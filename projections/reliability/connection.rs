//! Can people get in, at the first try, and how long does it take?

use event::{Kind, KindSet, Role};

use crate::measure::{ATTEMPTS, Better, Fold, Measure, Needs, of_attempted};

/// Consultations that connected.
pub static CONNECTION_SUCCESS: Measure = Measure {
    name: "connection_success",
    title: "Connection success",
    of: "attempted",
    definition: "both sides were there at one time",
    better: Better::Higher,
    needs: Needs::all(&[Kind::Joined]).and_any(ATTEMPTS),
    alike: ATTEMPTS,
    roles: &[],
    fold: Fold::Share(|row| of_attempted(row, row.connected)),
};

/// Consultations that connected at the first try.
pub static FIRST_TRY_JOIN: Measure = Measure {
    name: "first_try_join",
    title: "Joined at the first try",
    of: "attempted",
    definition: "connected, with no failed join and no drop before one minute of connection",
    better: Better::Higher,
    needs: Needs::all(&[Kind::Joined, Kind::JoinFailed, Kind::Dropped]),
    alike: ATTEMPTS,
    roles: &[],
    fold: Fold::Share(|row| of_attempted(row, row.first_try)),
};

/// Time to connect.
pub static CONNECT_MS: Measure = Measure {
    name: "connect_ms",
    title: "Time to connect",
    of: "connected",
    definition: "milliseconds from the later side's first attempt to both sides being there",
    better: Better::Lower,
    needs: Needs::all(&[Kind::Joined]).and_any(KindSet::of(&[Kind::JoinAttempted, Kind::Waiting])),
    alike: KindSet::NONE,
    roles: &[],
    fold: Fold::Durations(|row, _, all| all.extend(milliseconds(row.connect_ms))),
};

/// Time one side waited for the other.
pub static WAITING_MS: Measure = Measure {
    name: "waiting_ms",
    title: "Time one side waited for the other",
    of: "attempted",
    definition: "milliseconds between the two sides' first attempts: what people took, not technology",
    better: Better::Neither,
    needs: Needs::all(&[Kind::Joined]),
    alike: ATTEMPTS,
    roles: &[],
    fold: Fold::Durations(|row, _, all| all.extend(milliseconds(row.waiting_ms))),
};

/// Time to join, per person.
pub static JOIN_MS: Measure = Measure {
    name: "join_ms",
    title: "Time to join",
    of: "people who opened the link and joined",
    definition: "milliseconds from opening the link to joining",
    better: Better::Lower,
    needs: Needs::all(&[Kind::Joined, Kind::JoinAttempted]),
    alike: KindSet::NONE,
    roles: &[Role::Patient, Role::Clinician],
    fold: Fold::Durations(|row, role, all| {
        let theirs = row.join_ms.iter().filter(|time| time.role == role);
        all.extend(theirs.filter_map(|time| milliseconds(Some(time.ms))));
    }),
};

/// A duration as a value to be counted; times never run backwards here.
pub(super) fn milliseconds(ms: Option<i64>) -> Option<u64> {
    ms.and_then(|ms| u64::try_from(ms).ok())
}
