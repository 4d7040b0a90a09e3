//! So many of so many.

use serde::{Deserialize, Serialize};

use crate::projection::State;

/// `x` of `n`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Counts {
    /// The denominator.
    pub n: u64,
    /// The numerator, at most `n`.
    pub x: u64,
}

impl Counts {
    /// Counts `other` out again.
    pub fn take(&mut self, other: Self) {
        self.n -= other.n;
        self.x -= other.x;
    }
}

impl State for Counts {
    fn absorb(&mut self, other: &Self) {
        self.n += other.n;
        self.x += other.x;
    }

    fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}
