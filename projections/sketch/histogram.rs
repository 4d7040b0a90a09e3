//! An exact histogram of whole numbers: quantiles of it are exact, and merging is addition.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::projection::State;

/// How often each value was seen.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Histogram {
    counts: BTreeMap<u64, u64>,
}

impl Histogram {
    /// That of these values, which are sorted on the way.
    pub fn of(values: &mut [u64]) -> Self {
        values.sort_unstable();
        let counts = values.chunk_by(|a, b| a == b).map(|same| (same[0], same.len() as u64));
        Self { counts: counts.collect() }
    }

    /// Counts a value in.
    pub fn add(&mut self, value: u64) {
        *self.counts.entry(value).or_default() += 1;
    }

    /// Counts a value out that was counted in.
    pub fn take(&mut self, value: u64) {
        if let Some(count) = self.counts.get_mut(&value) {
            *count -= 1;
            if *count == 0 {
                self.counts.remove(&value);
            }
        }
    }

    /// Values with their counts, ascending.
    pub fn iter(&self) -> impl Iterator<Item = (u64, u64)> {
        self.counts.iter().map(|(value, count)| (*value, *count))
    }

    /// How many values were counted.
    #[must_use]
    pub fn n(&self) -> u64 {
        self.counts.values().sum()
    }
}

impl State for Histogram {
    fn absorb(&mut self, other: &Self) {
        if self.counts.is_empty() {
            return self.clone_from(other);
        }
        for (value, count) in &other.counts {
            *self.counts.entry(*value).or_default() += count;
        }
    }

    fn is_empty(&self) -> bool {
        self.counts.is_empty()
    }
}
