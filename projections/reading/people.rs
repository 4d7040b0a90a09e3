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
    /// The source sees one side only: these people alone make a connection.
    One(Vec<usize>),
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
                people.meet(who, mark.role);
            }
        }
        people.sides = people.pair(one_sided(marks, sights));
        people.counting = people.count(marks);
        people
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
        let or_unknown = |side: Vec<usize>| if side.is_empty() { unknown.clone() } else { side };
        match one_sided {
            Some(Sides::Patient) => Pairing::One(or_unknown(patients)),
            Some(Sides::Clinician) => Pairing::One(or_unknown(clinicians)),
            _ if patients.is_empty() && clinicians.is_empty() => Pairing::AnyTwo(unknown),
            _ => Pairing::Two(or_unknown(patients), or_unknown(clinicians)),
        }
    }

    /// Both sides count, and interpreters who joined.
    fn count(&self, marks: &[Mark]) -> Vec<bool> {
        let sides = self.sides.members();
        (0..self.list.len())
            .map(|i| {
                let joined = || {
                    marks.iter().any(|mark| {
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

    /// The role of whoever a mark happened to: the one it tells, else the person's.
    pub(super) fn role_of(&self, mark: &Mark) -> Role {
        match (mark.role, self.index(mark)) {
            (Role::Unknown, Some(i)) => self.role(i),
            (role, _) => role,
        }
    }
}

impl Pairing {
    /// Everybody on a side.
    pub(super) fn members(&self) -> Vec<usize> {
        match self {
            Self::Two(a, b) => a.iter().chain(b).copied().collect(),
            Self::AnyTwo(people) | Self::One(people) => people.clone(),
        }
    }
}

/// The one side that is seen, if the sources that tell presence all see the same one only.
fn one_sided(marks: &[Mark], sights: &[Sight]) -> Option<Sides> {
    let mut seen = marks
        .iter()
        .filter(|mark| Sight::tells_presence(mark.kind))
        .map(|mark| sights[mark.source as usize].sides);
    let first = seen.next()?;
    (first != Sides::Both && seen.all(|sides| sides == first)).then_some(first)
}
