//! What is asked, and what one measurement found.

use std::time::Duration;

use serde::{Deserialize, Serialize};

/// What is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Question {
    /// One event an append, by so many writers at once.
    Singles { writers: usize },
    /// So many events an append, by one writer.
    Bulk { batch: usize },
}

impl Question {
    pub(crate) const ALL: [Self; 4] = [
        Self::Singles { writers: 1 },
        Self::Singles { writers: 64 },
        Self::Bulk { batch: 4_096 },
        Self::Bulk { batch: 65_536 },
    ];

    /// The question of that name and number.
    pub(crate) fn named(name: &str, number: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|question| question.name() == [name, number])
    }

    /// Its name and its number.
    pub(crate) fn name(self) -> [String; 2] {
        match self {
            Self::Singles { writers } => ["singles".to_owned(), writers.to_string()],
            Self::Bulk { batch } => ["bulk".to_owned(), batch.to_string()],
        }
    }
}

/// What one measurement found.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Measured {
    pub(crate) contender: String,
    pub(crate) question: Question,
    /// Counted from 1; the process that measures does not know it.
    pub(crate) round: usize,
    pub(crate) events: usize,
    pub(crate) seconds: f64,
    /// Of an append: half of them took no longer, 99 in 100, and all.
    pub(crate) p50_ms: f64,
    pub(crate) p99_ms: f64,
    pub(crate) longest_ms: f64,
    /// Time of all threads, in the system too, where it can be told.
    pub(crate) cpu_ms: Option<f64>,
    /// How long closing took, which no append waited for.
    pub(crate) closing_ms: f64,
    /// Of all files after closing.
    pub(crate) bytes: u64,
}

impl Measured {
    /// Events a second.
    pub(crate) fn rate(&self) -> f64 {
        self.events as f64 / self.seconds
    }
}

/// The 50th and the 99th percentile of how long appends took, and the longest, in milliseconds.
pub(crate) fn percentiles(mut waits: Vec<Duration>) -> [f64; 3] {
    waits.sort_unstable();
    [0.5, 0.99, 1.0].map(|share| waits[((waits.len() - 1) as f64 * share) as usize].as_secs_f64() * 1e3)
}

/// The time that all threads of this process have taken so far, in milliseconds.
pub(crate) fn cpu_ms() -> Option<f64> {
    // Linux counts in hundredths of a second for whoever asks, whatever it counts in itself.
    let stat = std::fs::read_to_string("/proc/self/stat").ok()?;
    let mut behind_name = stat.rsplit_once(')')?.1.split_whitespace().skip(11);
    let mut ticks = || behind_name.next()?.parse::<f64>().ok();
    Some(10.0 * (ticks()? + ticks()?))
}
