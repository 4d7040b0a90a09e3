//! The boundary itself: a reading goes in, and what may be shown of it comes out.
//!
//! Nothing but [`Shown::of`] makes a [`Shown`], and everything that writes takes one.

use event::Time;
use serde::{Serialize, Serializer};

use super::draft::{Draft, Id};
use super::earlier::{Earlier, Fact, Key};
use super::published::{PolicyNote, Published};
use super::table::{Place, Table};
use super::{Policy, Told};
use crate::parameters::Parameters;
use crate::period::Period;

/// What shares are whole multiples of where a verdict hangs on them.
const COARSE: f64 = 0.01;

/// A reading that may leave, under any policy.
pub trait Disclose: Serialize {
    /// Builds what is shown under a policy that hides: every count through the boundary, everything else from
    /// what it tells of them.
    ///
    /// # Errors
    /// When what was asked cannot be shown under the policy.
    fn disclose(&self, boundary: &mut Boundary<'_>) -> Result<Published, Undisclosed>;
}

/// Why something is not shown under a policy.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Undisclosed {
    /// It has no form in which small counts are hidden.
    #[error("{what} cannot be shown under the policy {}: {why}; {instead}", policy.name())]
    NoForm {
        /// What was asked.
        what: &'static str,
        /// Under which policy.
        policy: Policy,
        /// Why not.
        why: &'static str,
        /// What to do.
        instead: &'static str,
    },
    /// It is about consultations that were picked out.
    #[error(
        "--where {dimension} cannot be shown under the policy {}: two answers about consultations that were picked \
         out freely may differ by a few people; ask --by {dimension}, which shows every level, or --policy internal \
         for use inside",
        policy.name()
    )]
    PickedOut {
        /// By which dimension.
        dimension: String,
        /// Under which policy.
        policy: Policy,
    },
    /// It tells people apart.
    #[error(
        "--by {dimension} cannot be shown under the policy {}: each of its levels is a person; --policy internal \
         shows it, for use inside",
        policy.name()
    )]
    People {
        /// By which dimension.
        dimension: String,
        /// Under which policy.
        policy: Policy,
    },
    /// It is not about closed periods.
    #[error(
        "{until} cannot be shown up to under the policy {}: rounded views use closed periods of a fixed calendar; \
         take the first instant of a month in UTC, such as {month}-01T00:00:00Z, or leave --until out for the last \
         month that is over",
        policy.name()
    )]
    NotAPeriod {
        /// Up to when it was asked.
        until: Time,
        /// The month in which that lies.
        month: String,
        /// Under which policy.
        policy: Policy,
    },
    /// It is read by thresholds of its own.
    #[error(
        "--grace-ms cannot be chosen under the policy {}: two answers by thresholds that differ a little may differ \
         by a few people; leave it out, or ask --policy internal for use inside",
        policy.name()
    )]
    OtherThresholds {
        /// Under which policy.
        policy: Policy,
    },
    /// Shares that are finer than a verdict may be asked for by.
    #[error(
        "--delta, --price and --level are whole hundredths under the policy {}: between finer ones a verdict would tell \
         what it rests on; ask --policy internal for use inside",
        policy.name()
    )]
    TooFine {
        /// Under which policy.
        policy: Policy,
    },
    /// The other policy was used before.
    #[error(
        "nothing can be shown under the policy {}: release {release} of this store was made under the policy {}, and \
         both together would tell more than either; ask --policy {}",
        policy.name(), other.name(), other.name()
    )]
    OtherPolicy {
        /// Under which policy it was asked.
        policy: Policy,
        /// The release.
        release: u64,
        /// Its policy.
        other: Policy,
    },
    /// With earlier releases it would tell of a few people, whatever of it is hidden.
    #[error(
        "this cannot be shown under the policy {}: with what is told beside it, or was released of this store \
         before, it would tell of fewer than 8 people, whatever of it is hidden; ask what was asked then, or wait for \
         more consultations",
        policy.name()
    )]
    WithEarlier {
        /// Under which policy.
        policy: Policy,
    },
}

/// Where a reading gives its counts, and is told what of them may be shown.
#[derive(Debug)]
pub struct Boundary<'a> {
    policy: Policy,
    earlier: &'a Earlier,
    draft: Draft,
    counts: Vec<(Key, Id)>,
}

impl Boundary<'_> {
    /// The policy.
    #[must_use]
    pub fn policy(&self) -> Policy {
        self.policy
    }

    /// The note of the policy.
    #[must_use]
    pub fn note(&self) -> PolicyNote {
        PolicyNote::of(self.policy)
    }

    /// Refuses what has no form under the policy, unless it holds that there is one.
    ///
    /// # Errors
    /// When there is none.
    pub fn has_form(
        &self,
        holds: bool,
        what: &'static str,
        why: &'static str,
        instead: &'static str,
    ) -> Result<(), Undisclosed> {
        if holds { Ok(()) } else { Err(Undisclosed::NoForm { what, policy: self.policy, why, instead }) }
    }

    /// Refuses consultations that were picked out, other than by platform.
    ///
    /// # Errors
    /// When they were.
    pub fn whole<'b>(&self, filtered: impl IntoIterator<Item = &'b str>) -> Result<(), Undisclosed> {
        match filtered.into_iter().find(|dimension| *dimension != "platform") {
            None => Ok(()),
            Some(dimension) => {
                Err(Undisclosed::PickedOut { dimension: dimension.to_owned(), policy: self.policy })
            }
        }
    }

    /// Refuses dimensions whose levels are people.
    ///
    /// # Errors
    /// When one is among them.
    pub fn no_people<'b>(&self, by: impl IntoIterator<Item = &'b str>) -> Result<(), Undisclosed> {
        match by.into_iter().find(|dimension| *dimension == "clinician") {
            None => Ok(()),
            Some(dimension) => {
                Err(Undisclosed::People { dimension: dimension.to_owned(), policy: self.policy })
            }
        }
    }

    /// Refuses readings by other thresholds than the house's, or up to any other instant than the end of a month.
    ///
    /// # Errors
    /// When it is one of those.
    pub fn usual(&self, parameters: &Parameters) -> Result<(), Undisclosed> {
        let (policy, until) = (self.policy, parameters.until);
        if *parameters != Parameters::as_of(until) {
            return Err(Undisclosed::OtherThresholds { policy });
        }
        if closed_period(until) != until {
            let month = Period::Month.level(Period::Month.number(Some(until)));
            return Err(Undisclosed::NotAPeriod { until, month, policy });
        }
        Ok(())
    }

    /// Takes in a count of consultations; of the same ones under the same name it is the same count.
    pub fn count(&mut self, key: Key, exact: u64) -> Place {
        let same = |(known, id): &&(Key, Id)| *known == key && self.draft.exact(*id) == exact;
        if let Some((_, id)) = self.counts.iter().find(same) {
            return Place::told(*id, exact);
        }
        let id = self.draft.count(exact);
        self.counts.push((key, id));
        Place::told(id, exact)
    }

    /// Refuses a decision by other numbers than a coarse grid has: between two that lie close together a verdict may
    /// turn, and by halving their distance what it rests on could be told exactly.
    ///
    /// # Errors
    /// When one of them lies off the grid.
    pub fn coarse(&self, shares: &[f64]) -> Result<(), Undisclosed> {
        let is_coarse = |share: &f64| (share / COARSE - (share / COARSE).round()).abs() < 1e-9;
        match shares.iter().all(is_coarse) {
            true => Ok(()),
            false => Err(Undisclosed::TooFine { policy: self.policy }),
        }
    }

    /// Takes in a table of its counts.
    pub fn table(&mut self, table: Table) {
        self.draft.table(table);
    }

    /// Decides what is hidden, of all that was taken in.
    ///
    /// # Errors
    /// When with earlier releases too much would be told, whatever is hidden.
    pub fn settle(&mut self) -> Result<(), Undisclosed> {
        self.earlier.weave(&mut self.draft, &self.counts);
        self.draft.settle().map_err(|_| Undisclosed::WithEarlier { policy: self.policy })
    }

    /// How a number is told.
    #[must_use]
    pub fn told(&self, place: Place) -> Told {
        place.told.map_or(Told::Withheld, |id| self.draft.told(id))
    }

    fn facts(self) -> Vec<Fact> {
        let Self { draft, counts, .. } = self;
        let fact = |(key, id)| Fact { key, exact: draft.exact(id), told: draft.told(id) };
        counts.into_iter().map(fact).collect()
    }
}

/// The end of the last month that is over at an instant: itself, where it is the first of a month.
#[must_use]
pub fn closed_period(at: Time) -> Time {
    Period::Month.begin(Period::Month.number(Some(at)))
}

/// The end of the month of an instant: itself, where it is the first of the next one.
#[must_use]
pub fn period_end(at: Time) -> Time {
    let begin = closed_period(at);
    if begin == at { at } else { Period::Month.begin(Period::Month.number(Some(at)) + 1) }
}

/// What may be shown of a reading.
#[derive(Debug, Clone)]
pub struct Shown<T> {
    kind: Kind<T>,
    note: PolicyNote,
    facts: Vec<Fact>,
}

#[derive(Debug, Clone)]
enum Kind<T> {
    Whole(T),
    Published(Published),
}

/// How something is shown.
#[derive(Debug)]
pub enum Face<'a, T> {
    /// All of it.
    Whole(&'a T),
    /// What a policy leaves of it.
    Published(&'a Published),
}

impl<T: Disclose> Shown<T> {
    /// What `policy` shows of a reading, after what was given away earlier.
    ///
    /// # Errors
    /// When it shows nothing of it, with the reason.
    pub fn of(reading: T, policy: Policy, earlier: &Earlier) -> Result<Self, Undisclosed> {
        let note = PolicyNote::of(policy);
        if policy == Policy::Internal {
            return Ok(Self { kind: Kind::Whole(reading), note, facts: Vec::new() });
        }
        if let Some(release) = earlier.of_other_policy(policy) {
            let (other, release) = (release.policy, release.release);
            return Err(Undisclosed::OtherPolicy { policy, release, other });
        }
        let draft = Draft::new(policy);
        let mut boundary = Boundary { policy, earlier, draft, counts: Vec::new() };
        let published = reading.disclose(&mut boundary)?;
        Ok(Self { kind: Kind::Published(published), note, facts: boundary.facts() })
    }
}

impl<T> Shown<T> {
    /// How it is shown.
    pub fn face(&self) -> Face<'_, T> {
        match &self.kind {
            Kind::Whole(reading) => Face::Whole(reading),
            Kind::Published(published) => Face::Published(published),
        }
    }

    /// Under which policy.
    #[must_use]
    pub fn note(&self) -> PolicyNote {
        self.note
    }

    /// The counts that its numbers rest on, as the ledger of releases needs them: not to be shown.
    #[must_use]
    pub fn facts(&self) -> &[Fact] {
        &self.facts
    }

    /// The same, recorded as a release.
    #[must_use]
    pub fn recorded(mut self, release: u64) -> Self {
        self.note.release = Some(release);
        if let Kind::Published(published) = &mut self.kind {
            published.policy.release = Some(release);
        }
        self
    }
}

impl<T: Serialize> Serialize for Shown<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        #[derive(Serialize)]
        struct Marked<'a, T> {
            #[serde(flatten)]
            reading: &'a T,
            policy: PolicyNote,
        }
        match &self.kind {
            Kind::Whole(reading) => Marked { reading, policy: self.note }.serialize(serializer),
            Kind::Published(published) => published.serialize(serializer),
        }
    }
}
