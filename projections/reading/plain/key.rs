//! Keys: a mark of a call of two as one number, in the order in which a reading takes them.

use event::{Kind, Role, Target, Time};

use crate::episode::{Fact, Mark, Who};
use crate::outcome::Ending;

const KIND_SHIFT: u32 = 10;
const AT_SHIFT: u32 = 15;
const PERSON_SHIFT: u32 = 8;
const TARGET_SHIFT: u32 = 6;

/// Who a mark happened to, in a call of two.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum Person {
    /// The consultation as a whole.
    Nobody,
    /// The one patient.
    Patient,
    /// The one clinician.
    Clinician,
}

/// One mark of a call of two: instant, kind, person and target in one number, ordered as a reading
/// takes them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub struct Key(u64);

impl Key {
    /// The key of a mark; `target` is that of a `converted`.
    #[must_use]
    pub fn new(at: Time, kind: Kind, person: Person, target: Target) -> Self {
        Self::at_time(at, Self::low(kind, person) | Self::target(target))
    }

    /// What the key of a mark that happened to a person has beside others.
    #[must_use]
    pub fn of(person: Person) -> u64 {
        (person as u64) << PERSON_SHIFT
    }

    /// What the key of a `converted` has beside the others.
    #[must_use]
    pub fn target(target: Target) -> u64 {
        let target = match target {
            Target::Phone => 0,
            Target::InPerson => 1,
            Target::OtherPlatform => 2,
            Target::Other => 3,
        };
        target << TARGET_SHIFT
    }

    /// The key of a mark without its instant, which [`Self::at_time`] puts in.
    #[must_use]
    pub fn low(kind: Kind, person: Person) -> u64 {
        (kind as u64) << KIND_SHIFT | (person as u64) << PERSON_SHIFT
    }

    /// The key of the mark that `low` is of, at `at`.
    #[must_use]
    pub fn at_time(at: Time, low: u64) -> Self {
        Self(((at.ms() - Time::MIN.ms()) as u64) << AT_SHIFT | low)
    }

    /// Whether a mark of `kind` is one that keys are made of: of the call, and told in full by its key.
    #[must_use]
    pub fn tells(kind: Kind) -> bool {
        (Kind::JoinAttempted..=Kind::Completed).contains(&kind)
    }

    /// The mark that it is the key of.
    pub(super) fn mark(self, position: u64) -> Mark {
        let (who, role) = match self.person() {
            0 => (None, None),
            1 => (Some(Who::of_digest(1)), Some(Role::Patient)),
            _ => (Some(Who::of_digest(2)), Some(Role::Clinician)),
        };
        let kind = Kind::ALL[usize::from(self.rank())];
        let fact = match (kind, self.0 >> TARGET_SHIFT & 3) {
            (Kind::Converted, 0) => Fact::Converted(Target::Phone),
            (Kind::Converted, 1) => Fact::Converted(Target::InPerson),
            (Kind::Converted, 2) => Fact::Converted(Target::OtherPlatform),
            (Kind::Converted, _) => Fact::Converted(Target::Other),
            (Kind::Abandoned, _) => Fact::Abandoned(None),
            _ => Fact::Nothing,
        };
        let at = Time::from_ms(self.at() + Time::MIN.ms());
        Mark { at, kind, who, role, source: 0, position, tie: position, fact }
    }

    pub(super) fn at(self) -> i64 {
        (self.0 >> AT_SHIFT) as i64
    }

    pub(super) fn rank(self) -> u8 {
        (self.0 >> KIND_SHIFT) as u8 & 31
    }

    pub(super) fn is(self, kind: Kind) -> bool {
        self.rank() == kind as u8
    }

    pub(super) fn person(self) -> usize {
        (self.0 >> PERSON_SHIFT) as usize & 3
    }

    pub(super) fn joins(self) -> bool {
        self.is(Kind::Joined) || self.is(Kind::Rejoined)
    }

    pub(super) fn attempts(self) -> bool {
        (Kind::JoinAttempted as u8..=Kind::Rejoined as u8).contains(&self.rank())
    }

    pub(super) fn ends(self) -> bool {
        (Kind::Converted as u8..=Kind::Completed as u8).contains(&self.rank())
    }

    pub(super) fn ending(self) -> Ending {
        match (self.is(Kind::Completed), self.is(Kind::Abandoned), self.0 >> TARGET_SHIFT & 3) {
            (true, _, _) => Ending::Completed,
            (_, true, _) => Ending::Abandoned,
            (_, _, 0) => Ending::ConvertedPhone,
            (_, _, 1) => Ending::ConvertedInPerson,
            (_, _, 2) => Ending::ConvertedPlatform,
            _ => Ending::ConvertedOther,
        }
    }
}
