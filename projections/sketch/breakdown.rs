//! So many of so many, and what the many are made up of.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::Counts;
use crate::projection::State;

/// Counts with the numerator by name.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Breakdown {
    /// The denominator.
    pub n: u64,
    /// The numerator, by name.
    pub parts: BTreeMap<String, u64>,
}

impl Breakdown {
    /// Counts one in, under a name if it counts.
    pub fn add(&mut self, part: Option<&str>) {
        self.n += 1;
        if let Some(part) = part {
            *self.parts.entry(part.to_owned()).or_default() += 1;
        }
    }

    /// Counts one out that was counted in.
    pub fn take(&mut self, part: Option<&str>) {
        self.n -= 1;
        if let Some(count) = part.and_then(|part| self.parts.get_mut(part)) {
            *count -= 1;
        }
        self.parts.retain(|_, count| *count > 0);
    }

    /// The counts without the names.
    #[must_use]
    pub fn counts(&self) -> Counts {
        Counts { n: self.n, x: self.parts.values().sum() }
    }
}

impl State for Breakdown {
    fn absorb(&mut self, other: &Self) {
        self.n += other.n;
        for (part, count) in &other.parts {
            *self.parts.entry(part.clone()).or_default() += count;
        }
    }

    fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}
