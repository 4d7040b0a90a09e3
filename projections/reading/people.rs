//! Who takes part in a consultation, in which role, on which side (rule 1).

use event::{Kind, Role, Sides};

use crate::episode::{Mark, Who};
use crate::source::Sight;

/// The people of one consultation.
pub(super) struct People {
    /// Names and roles by index; a mark's person is an index into them.
    list: Vec<(Who, Role)>,
    /// How the two sides are made.
    pub(super) sides: Pairing,
    /// Marks that told a known role other than the person's first.
    pub(super) role_conflicts: u32,
    counting: Vec<bool>,
}

/// How the people of a consultation make its sides.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Pairing {
    /// These people against those.
    Two(Vec<usize>, Vec<usize>),
    /// Nobody is known to be on a side: any two of these make both.
    AnyTwo(Vec<usize>),
    /// The sources see one side only: the people of the first list alone make a connection. The others
    /// were told of all the same, and count.
    One(Sides, Vec<usize>, Vec<usize>),
}

impl People {
    /// The people of `marks`, which are in the order of the reading.
    pub(super) fn of(marks: &[Mark], sights: &[Sight]) -> Self {
        let mut people = Self {
            list: Vec::new(),
            sides: Pairing::AnyTwo(Vec::new()),
            role_conflicts: 0,
            counting: Vec::new(),
        };
        // Whoever only answers a questionnaire takes no part in the call.
        for mark in marks.iter().filter(|mark| !matches!(mark.kind, Kind::Rated | Kind::Questionnaire)) {
            if let Some(who) = mark.who {
                people.meet(who, mark.role.unwrap_or(Role::Unknown));
            }
        }
        people.sides = people.pair(one_sided(marks, sights));
        people.counting = people.count(marks, i64::MAX);
        people
    }

    /// Counts interpreters only if they joined by `end`.
    pub(super) fn recount(&mut self, marks: &[Mark], end: i64) {
        self.counting = self.count(marks, end);
    }

    fn meet(&mut self, who: Who, role: Role) {
        match self.list.iter_mut().find(|(known, _)| *known == who) {
            None => self.list.push((who, role)),
            Some((_, known)) if *known == Role::Unknown => *known = role,
            Some((_, known)) => {
                self.role_conflicts += u32::from(role != Role::Unknown && role != *known);
            }
        }
    }

    fn pair(&self, one_sided: Option<Sides>) -> Pairing {
        let of = |roles: &[Role]| -> Vec<usize> {
            (0..self.list.len()).filter(|i| roles.contains(&self.list[*i].1)).collect()
        };
        let (patients, clinicians) = (of(&[Role::Patient, Role::Carer]), of(&[Role::Clinician]));
        let unknown = of(&[Role::Unknown]);
        let (patients, clinicians) = match (patients.is_empty(), clinicians.is_empty(), one_sided) {
            (true, true, None) => return Pairing::AnyTwo(unknown),
            (true, true, Some(Sides::Clinician)) => (patients, unknown),
            (true, _, _) => (unknown, clinicians),
            (false, true, _) => (patients, unknown),
            (false, false, _) => (patients, clinicians),
        };
        match one_sided {
            None | Some(Sides::Both) => Pairing::Two(patients, clinicians),
            Some(Sides::Patient) => Pairing::One(Sides::Patient, patients, clinicians),
            Some(Sides::Clinician) => Pairing::One(Sides::Clinician, clinicians, patients),
        }
    }

    /// Both sides count, and interpreters who joined.
    fn count(&self, marks: &[Mark], end: i64) -> Vec<bool> {
        let sides = self.sides.members();
        (0..self.list.len())
            .map(|i| {
                let joined = || {
                    marks.iter().take_while(|mark| mark.at.ms() <= end).any(|mark| {
                        matches!(mark.kind, Kind::Joined | Kind::Rejoined) && mark.who == Some(self.list[i].0)
                    })
                };
                sides.contains(&i) || (self.list[i].1 == Role::Interpreter && joined())
            })
            .collect()
    }

    /// The index of the person a mark happened to.
    pub(super) fn index(&self, mark: &Mark) -> Option<usize> {
        let who = mark.who?;
        self.list.iter().position(|(known, _)| *known == who)
    }

    /// The index of the person a mark happened to, if that person counts.
    pub(super) fn counting(&self, mark: &Mark) -> Option<usize> {
        self.index(mark).filter(|i| self.counting[*i])
    }

    /// The indices of the people who count.
    pub(super) fn who_count(&self) -> impl Iterator<Item = usize> {
        (0..self.list.len()).filter(|i| self.counting[*i])
    }

    /// How many people there are.
    pub(super) fn len(&self) -> usize {
        self.list.len()
    }

    /// The role of a person.
    pub(super) fn role(&self, i: usize) -> Role {
        self.list[i].1
    }

    /// The role a mark tells; where it tells none, that of whoever it happened to.
    pub(super) fn role_of(&self, mark: &Mark) -> Role {
        mark.role.or_else(|| Some(self.role(self.index(mark)?))).unwrap_or(Role::Unknown)
    }
}

impl Pairing {
    /// Everybody on a side.
    pub(super) fn members(&self) -> Vec<usize> {
        match self {
            Self::Two(a, b) | Self::One(_, a, b) => a.iter().chain(b).copied().collect(),
            Self::AnyTwo(people) => people.clone(),
        }
    }

    /// The side somebody is on; strangers of whom any two make both are on none.
    pub(super) fn side_of(&self, person: usize) -> Option<Sides> {
        let (patients, clinicians) = match self {
            Self::Two(patients, clinicians)
            | Self::One(Sides::Both | Sides::Patient, patients, clinicians)
            | Self::One(Sides::Clinician, clinicians, patients) => (patients, clinicians),
            Self::AnyTwo(_) => return None,
        };
        match (patients.contains(&person), clinicians.contains(&person)) {
            (true, _) => Some(Sides::Patient),
            (_, true) => Some(Sides::Clinician),
            _ => None,
        }
    }
}

/// The one side that is seen, if the sources that watched the call all see the same one only; where none
/// watched it, if all sources do.
fn one_sided(marks: &[Mark], sights: &[Sight]) -> Option<Sides> {
    let watched = marks.iter().any(|mark| Sight::watches(mark.kind));
    let mut seen = marks
        .iter()
        .filter(|mark| !watched || Sight::watches(mark.kind))
        .map(|mark| sights[mark.source as usize].sides);
    let first = seen.next()?;
    (first != Sides::Both && seen.all(|sides| sides == first)).then_some(first)
}
