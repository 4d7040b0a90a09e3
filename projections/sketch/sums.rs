//! Sums of pairs (a, t) with their squares and products, for ratios of sums and for means.
//!
//! Squares are 128 bits wide: four hours in milliseconds squared, a billion times over, is beyond 64.

use serde::{Deserialize, Serialize};

use crate::projection::State;

/// Sums over units of an amount `a` on an exposure `t`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Sums {
    /// Units.
    pub n: u64,
    /// Σa.
    pub a: u128,
    /// Σt.
    pub t: u128,
    /// Σa².
    pub aa: u128,
    /// Σat.
    pub at: u128,
    /// Σt².
    pub tt: u128,
}

impl Sums {
    /// The sums of one unit.
    #[must_use]
    pub fn one(a: u64, t: u64) -> Self {
        let (a, t) = (u128::from(a), u128::from(t));
        Self { n: 1, a, t, aa: a * a, at: a * t, tt: t * t }
    }

    /// Counts `other` out again.
    pub fn take(&mut self, other: Self) {
        self.n -= other.n;
        self.a -= other.a;
        self.t -= other.t;
        self.aa -= other.aa;
        self.at -= other.at;
        self.tt -= other.tt;
    }
}

impl State for Sums {
    fn absorb(&mut self, other: &Self) {
        self.n += other.n;
        self.a += other.a;
        self.t += other.t;
        self.aa += other.aa;
        self.at += other.at;
        self.tt += other.tt;
    }

    fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}
