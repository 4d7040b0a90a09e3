//! One count, as it is told.

use serde::{Deserialize, Serialize};

use super::{BASE, FEWEST};

/// Why a small count is not there.
pub const FEW: &str = "hidden: fewer than 8";
/// Why a count is not there that others would follow from.
pub const WITHHELD: &str = "hidden: others, of fewer than 8, would follow from it";
/// Why a count is not there where small ones and those that would tell them are not told apart.
pub const OTHERS: &str = "hidden: fewer than 8, or others of fewer than 8 would follow from it";

/// How a count is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Told {
    /// As it is.
    Exactly(u64),
    /// As the nearest multiple of 5; 0 is 0.
    Rounded(u64),
    /// Hidden, since it is from 1 to 7.
    Few,
    /// Hidden, though it is 8 or more.
    Withheld,
    /// Hidden for either reason.
    Others,
}

/// A count as the policy `rounded` tells it.
#[must_use]
pub fn rounded(count: u64) -> Told {
    match count {
        0 => Told::Rounded(0),
        few if few < FEWEST => Told::Few,
        count => Told::Rounded((count + BASE / 2) / BASE * BASE),
    }
}

impl Told {
    /// The number that is shown, if one is.
    #[must_use]
    pub fn number(self) -> Option<u64> {
        match self {
            Self::Exactly(number) | Self::Rounded(number) => Some(number),
            Self::Few | Self::Withheld | Self::Others => None,
        }
    }

    /// Whether it is not shown.
    #[must_use]
    pub fn is_hidden(self) -> bool {
        self.number().is_none()
    }

    /// Why it is not shown, where it is not.
    #[must_use]
    pub fn reason(self) -> Option<&'static str> {
        match self {
            Self::Exactly(_) | Self::Rounded(_) => None,
            Self::Few => Some(FEW),
            Self::Withheld => Some(WITHHELD),
            Self::Others => Some(OTHERS),
        }
    }

    /// What the count may be, as far as this alone tells: from, and to.
    #[must_use]
    pub fn range(self) -> (u64, u64) {
        match self {
            Self::Exactly(number) => (number, number),
            Self::Rounded(0) => (0, 0),
            Self::Rounded(number) => (FEWEST.max(number - BASE / 2), number + BASE / 2),
            Self::Few => (1, FEWEST - 1),
            Self::Withheld => (FEWEST, u64::MAX),
            Self::Others => (1, u64::MAX),
        }
    }
}
