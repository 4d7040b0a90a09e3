//! Who took part, and on which side (rule 1).
//!
//! A *camp* is what must be there for a connection. Commonly there are two camps, the sides, and
//! both are needed; a source of one side has one camp; where nobody's role is known each person is a
//! camp and any two are needed. Every later rule counts camps and need not ask which case it is.

use std::collections::{BTreeMap, BTreeSet};

use event::{Kind, Role, Sides};

use super::moment::{COMING, Moment};

/// A side of a consultation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Side {
    /// Patients and carers.
    Patient,
    /// Clinicians.
    Clinician,
}

impl Side {
    /// The name on the wire.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Patient => "patient",
            Self::Clinician => "clinician",
        }
    }

    fn of(role: Role) -> Option<Self> {
        match role {
            Role::Patient | Role::Carer => Some(Self::Patient),
            Role::Clinician => Some(Self::Clinician),
            Role::Interpreter | Role::Other | Role::Unknown => None,
        }
    }

    fn other(self) -> Self {
        match self {
            Self::Patient => Self::Clinician,
            Self::Clinician => Self::Patient,
        }
    }
}

/// The people of a consultation.
pub(super) struct Cast<'a> {
    roles: BTreeMap<&'a str, Role>,
    sides: BTreeMap<&'a str, Side>,
    seen: Option<Side>,
    /// People whose later events name another known role than their first.
    pub(super) role_conflicts: usize,
}

impl<'a> Cast<'a> {
    /// The people of these moments, as sources that see `sides` show them.
    pub(super) fn of(moments: &[Moment<'a>], sides: Sides) -> Self {
        let told = known_roles(moments);
        let role_conflicts = told.values().filter(|roles| roles.iter().any(|role| *role != roles[0])).count();
        let roles: BTreeMap<&str, Role> = told
            .into_iter()
            .map(|(person, known)| (person, known.first().copied().unwrap_or(Role::Unknown)))
            .collect();
        let seen = match sides {
            Sides::Both => None,
            Sides::Patient => Some(Side::Patient),
            Sides::Clinician => Some(Side::Clinician),
        };
        Self { sides: sides_of(&roles, seen), roles, seen, role_conflicts }
    }

    /// The side of `person`, if any.
    pub(super) fn side(&self, person: &str) -> Option<Side> {
        self.sides.get(person).copied()
    }

    /// Whether only one side was seen.
    pub(super) fn one_sided(&self) -> bool {
        self.seen.is_some()
    }

    /// How many camps must be there.
    pub(super) fn needed(&self) -> usize {
        if self.one_sided() { 1 } else { 2 }
    }

    /// The camps; one that nobody belongs to is there and empty.
    pub(super) fn camps(&self) -> Vec<BTreeSet<&'a str>> {
        match self.seen {
            Some(side) => vec![self.members(side)],
            None if self.sides.is_empty() => {
                self.loose().into_iter().map(|one| BTreeSet::from([one])).collect()
            }
            None => vec![self.members(Side::Patient), self.members(Side::Clinician)],
        }
    }

    /// Everybody who belongs to a side, seen or not.
    pub(super) fn on_a_side(&self) -> BTreeSet<&'a str> {
        if self.sides.is_empty() { self.loose() } else { self.sides.keys().copied().collect() }
    }

    /// Those whose disturbances count: both sides, and interpreters who joined within `moments`.
    pub(super) fn counting(&self, moments: &[Moment<'a>]) -> BTreeSet<&'a str> {
        let came = moments.iter().filter(|moment| moment.is(&COMING)).filter_map(Moment::person);
        let mut counting = self.on_a_side();
        counting.extend(came.filter(|person| self.roles[person] == Role::Interpreter));
        counting
    }

    fn members(&self, side: Side) -> BTreeSet<&'a str> {
        self.sides.iter().filter(|(_, theirs)| **theirs == side).map(|(person, _)| *person).collect()
    }

    /// People of unknown role.
    fn loose(&self) -> BTreeSet<&'a str> {
        self.roles.iter().filter(|(_, role)| **role == Role::Unknown).map(|(person, _)| *person).collect()
    }
}

/// Every known role that was told of each person, in reading order; feedback defines none.
fn known_roles<'a>(moments: &[Moment<'a>]) -> BTreeMap<&'a str, Vec<Role>> {
    let mut told: BTreeMap<&str, Vec<Role>> = BTreeMap::new();
    for moment in moments {
        let Some(person) = moment.person() else { continue };
        let known = told.entry(person).or_default();
        if !moment.is(&[Kind::Rated, Kind::Questionnaire]) {
            known.extend(moment.event.role.filter(|role| *role != Role::Unknown));
        }
    }
    told
}

/// The side of everybody who has one; of people of unknown role when exactly one side is known.
fn sides_of<'a>(roles: &BTreeMap<&'a str, Role>, seen: Option<Side>) -> BTreeMap<&'a str, Side> {
    let known: BTreeSet<Side> = roles.values().filter_map(|role| Side::of(*role)).collect();
    let of_unknown = match known.len() {
        0 => seen,
        1 => known.first().map(|side| side.other()),
        _ => None,
    };
    let side = |role: Role| if role == Role::Unknown { of_unknown } else { Side::of(role) };
    roles.iter().filter_map(|(person, role)| side(*role).map(|side| (*person, side))).collect()
}
