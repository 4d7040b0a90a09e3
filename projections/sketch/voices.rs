//! What people said on one question: how many were asked, how many answered, and what.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{Counts, Sums};
use crate::projection::State;

/// Answers of many consultations.
///
/// Levels are kept by scale, so that a four of five is never mixed up with a four of ten.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Voices {
    /// Favourable answers of all.
    pub favourable: Counts,
    /// Answers as amounts in millionths, on an exposure of one each.
    pub amounts: Sums,
    /// How often each answer was given: by scale, then by value.
    pub levels: BTreeMap<u64, BTreeMap<u64, u64>>,
    /// Invitations.
    pub invited: u64,
    /// Consultations attempted: the denominator where nobody counted invitations.
    pub attempted: u64,
    /// Consultations in which somebody answered.
    pub answering: u64,
}

/// One answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Voice {
    /// Levels of its scale; 0 for a score without levels.
    pub scale: u64,
    /// Its value, in millionths where it is a score.
    pub value: u64,
    /// Whether it is favourable.
    pub favourable: bool,
}

impl Voices {
    /// Counts an answer in.
    pub fn add(&mut self, voice: Voice) {
        self.favourable.absorb(&Counts { n: 1, x: u64::from(voice.favourable) });
        self.amounts.absorb(&Sums::one(voice.value, 1));
        *self.levels.entry(voice.scale).or_default().entry(voice.value).or_default() += 1;
    }

    /// Counts an answer out that was counted in.
    pub fn take(&mut self, voice: Voice) {
        self.favourable.take(Counts { n: 1, x: u64::from(voice.favourable) });
        self.amounts.take(Sums::one(voice.value, 1));
        if let Some(values) = self.levels.get_mut(&voice.scale) {
            if let Some(count) = values.get_mut(&voice.value) {
                *count -= 1;
            }
            values.retain(|_, count| *count > 0);
        }
        self.levels.retain(|_, values| !values.is_empty());
    }
}

impl State for Voices {
    fn absorb(&mut self, other: &Self) {
        self.favourable.absorb(&other.favourable);
        self.amounts.absorb(&other.amounts);
        for (scale, values) in &other.levels {
            let mine = self.levels.entry(*scale).or_default();
            for (value, count) in values {
                *mine.entry(*value).or_default() += count;
            }
        }
        self.invited += other.invited;
        self.attempted += other.attempted;
        self.answering += other.answering;
    }

    fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}
