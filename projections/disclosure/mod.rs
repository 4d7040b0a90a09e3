//! What may be shown: the one boundary that readings pass on their way out, and what it lets through.
//!
//! Behind small counts stand people whom others may know. A named, versioned [`Policy`] says what is shown:
//! `internal` hides nothing and says so, `rounded` hides counts from 1 to 7 and rounds the others to the
//! nearest 5, `secondary` keeps exact totals and hides small counts together with as many others as keep
//! them from following by subtraction. Zeros are shown.
//!
//! A policy other than `internal` never changes a reading in place: what leaves is [`Published`], built anew
//! from the counts that a reading [discloses](Disclose), so that a field which nobody thought of is a field
//! which nobody sees. Shares, limits, differences and verdicts are worked out again from the counts that are
//! shown; what cannot be is left out. Numbers that add up are [tables](Table): each hidden one is checked,
//! with all that is shown beside it and in [earlier releases](Earlier), to remain as uncertain as the policy
//! promises.
//!
//! It does not make people anonymous to those who know something else of them, and it checks an earlier
//! release against a new one in pairs, not all of them at once.
//!
//! Sources: NHS Digital, Hospital Episode Statistics, disclosure control (2018), for hiding 1 to 7 and
//! rounding to 5; Hundepool et al. 2012, Statistical Disclosure Control, chapter 4, for secondary
//! suppression and its audit; Ford & Fulkerson 1962 for bounds of a cell as flows.

mod boundary;
mod comparison;
mod count;
mod counted;
mod decided;
mod draft;
mod earlier;
mod flow;
mod pooled;
mod published;
mod quality;
mod reach;
mod share;
mod table;

pub use boundary::{Boundary, Disclose, Face, Shown, Undisclosed, closed_period, period_end};
pub use count::{FEW, OTHERS, Told, WITHHELD, rounded};
pub use counted::{Counted, counted};
pub use draft::{Draft, Id, Unsafe};
pub use earlier::{Earlier, Fact, Key, Release};
pub use pooled::{Chance, Clusters, Pooled, is_share, pooled};
pub use published::{Line, Object, Part, PolicyNote, Published, Value};
pub use share::{Share, difference, share};
pub use table::{Place, Table};

use serde::{Deserialize, Serialize};

/// The smallest count that is shown, zero apart.
pub const FEWEST: u64 = 8;
/// What counts are rounded to a multiple of.
pub const BASE: u64 = 5;

/// What may be shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Policy {
    /// Everything, to those inside.
    #[default]
    Internal,
    /// Counts from 1 to 7 hidden, others rounded to the nearest 5.
    Rounded,
    /// Exact counts, but for those from 1 to 7 and those that would tell them.
    Secondary,
}

impl Policy {
    /// Every policy.
    pub const ALL: [Self; 3] = [Self::Internal, Self::Rounded, Self::Secondary];

    /// Its name on the command line and in machine output.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Internal => "internal",
            Self::Rounded => "rounded",
            Self::Secondary => "secondary",
        }
    }

    /// Its version: another number where the same counts would be shown otherwise.
    #[must_use]
    pub fn version(self) -> u32 {
        1
    }

    /// What it does, in a sentence.
    #[must_use]
    pub fn words(self) -> &'static str {
        match self {
            Self::Internal => "nothing is hidden: for those inside, not to be given away",
            Self::Rounded => {
                "counts from 1 to 7 are hidden ([c]), others rounded to the nearest 5; shares, limits and verdicts \
                 follow from what is shown"
            }
            Self::Secondary => {
                "counts from 1 to 7 are hidden ([c]), and others that would tell them; what is shown is exact"
            }
        }
    }

    /// How a count is told, as far as it alone decides.
    #[must_use]
    pub fn alone(self, count: u64) -> Told {
        match self {
            Self::Internal => Told::Exactly(count),
            Self::Rounded => rounded(count),
            Self::Secondary if (1..FEWEST).contains(&count) => Told::Others,
            Self::Secondary => Told::Exactly(count),
        }
    }

    /// How a count is told that is hidden for the sake of others.
    #[must_use]
    pub fn withheld(self) -> Told {
        match self {
            Self::Internal | Self::Rounded => Told::Withheld,
            Self::Secondary => Told::Others,
        }
    }

    /// Whether a number that is hidden is safe when it may be anything from `lo` to `hi`, as far as what is
    /// shown tells. `told` is how it is told; none: it is told nowhere, but follows from others.
    #[must_use]
    pub fn is_safe(self, told: Option<Told>, lo: u64, hi: u64) -> bool {
        match (self, told) {
            (Self::Internal, _) => true,
            // As uncertain as its hiding says: each of 1 to 7.
            (Self::Rounded, Some(Told::Few)) => lo <= 1 && hi >= FEWEST - 1,
            (Self::Rounded, _) => hi - lo >= BASE - 1,
            // Not told to within 5 on either side, and not told to be small.
            (Self::Secondary, _) => hi - lo >= 2 * BASE && hi >= FEWEST,
        }
    }
}

#[cfg(test)]
mod tests;
