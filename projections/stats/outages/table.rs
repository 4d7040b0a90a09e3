//! What was counted, laid out by organisation, day and platform.

use std::collections::BTreeMap;
use std::ops::Range;

use super::Sum;

/// Quarters of an hour of a day.
pub const QUARTERS_A_DAY: usize = 96;
/// So many days lie in one season at least: slow changes go on from one to the next, and days are rearranged within.
const SEASON_DAYS: usize = 56;

/// What one organisation did on one platform.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Series {
    /// The platform.
    pub platform: usize,
    /// The organisation.
    pub organisation: usize,
    /// Those in which something was attempted, in order.
    pub quarters: Vec<Quarter>,
}

/// A quarter of an hour.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Quarter {
    /// Its number since 1970 began.
    pub number: i32,
    /// Attempted consultations.
    pub n: u32,
    /// Those that failed.
    pub x: u32,
}

/// Everything that was counted. Entries are the quarters of an hour; those of one organisation and platform on one
/// day are a *part*, and those of one organisation on one day, whatever the platform, a *stay*.
#[derive(Debug)]
pub(super) struct Table {
    pub(super) platforms: usize,
    pub(super) organisations: usize,
    first_day: i32,
    pub(super) days: usize,
    /// By entry: the quarter of the day.
    pub(super) place: Vec<u8>,
    pub(super) n: Vec<u32>,
    pub(super) x: Vec<u32>,
    pub(super) expected: Vec<f64>,
    /// By entry: whether it was taken out.
    pub(super) out: Vec<bool>,
    pub(super) parts: Vec<Part>,
    pub(super) stays: Vec<Stay>,
}

#[derive(Debug, Clone)]
pub(super) struct Part {
    pub(super) platform: usize,
    pub(super) entries: Range<usize>,
}

#[derive(Debug, Clone)]
pub(super) struct Stay {
    pub(super) organisation: usize,
    /// Since the first day.
    pub(super) day: usize,
    pub(super) parts: Range<usize>,
}

impl Table {
    pub(super) fn of(platforms: usize, organisations: usize, series: &[Series]) -> Self {
        let day = |number: i32| number.div_euclid(QUARTERS_A_DAY as i32);
        let numbers =
            || series.iter().flat_map(|series| series.quarters.iter().map(|quarter| quarter.number));
        let first_day = numbers().min().map_or(0, day);
        let days = numbers().max().map_or(0, |last| (day(last) - first_day + 1) as usize);
        let mut entries: Vec<(usize, usize, usize, u8, u32, u32)> = series
            .iter()
            .flat_map(|series| {
                series.quarters.iter().map(move |quarter| {
                    let place = quarter.number.rem_euclid(QUARTERS_A_DAY as i32) as u8;
                    let day = (day(quarter.number) - first_day) as usize;
                    (series.organisation, day, series.platform, place, quarter.n, quarter.x)
                })
            })
            .collect();
        entries.sort_unstable();
        let (mut parts, mut stays, mut at) = (Vec::new(), Vec::new(), 0);
        for stay in entries.chunk_by(|a, b| (a.0, a.1) == (b.0, b.1)) {
            let before = parts.len();
            for part in stay.chunk_by(|a, b| a.2 == b.2) {
                parts.push(Part { platform: part[0].2, entries: at..at + part.len() });
                at += part.len();
            }
            stays.push(Stay { organisation: stay[0].0, day: stay[0].1, parts: before..parts.len() });
        }
        Self {
            platforms,
            organisations,
            first_day,
            days,
            place: entries.iter().map(|entry| entry.3).collect(),
            n: entries.iter().map(|entry| entry.4).collect(),
            x: entries.iter().map(|entry| entry.5).collect(),
            expected: vec![0.0; entries.len()],
            out: vec![false; entries.len()],
            parts,
            stays,
        }
    }

    /// The number of a quarter of a day since 1970 began.
    pub(super) fn quarter(&self, day: usize, place: usize) -> i32 {
        (self.first_day + day as i32) * QUARTERS_A_DAY as i32 + place as i32
    }

    /// The day of the week, 0 a Monday.
    pub(super) fn weekday(&self, day: usize) -> usize {
        // 1970 began on a Thursday.
        (self.first_day + day as i32 + 3).rem_euclid(7) as usize
    }

    /// How many seasons there are.
    pub(super) fn seasons(&self) -> usize {
        (self.days / SEASON_DAYS).max(1)
    }

    /// The season of a day; they are of about the same length.
    pub(super) fn season(&self, day: usize) -> usize {
        day * self.seasons() / self.days
    }

    /// Shows every entry with the numbers of its stay and of its part, in order.
    pub(super) fn each(&self, mut show: impl FnMut(&Stay, usize, usize)) {
        for stay in &self.stays {
            for part in stay.parts.clone() {
                self.parts[part].entries.clone().for_each(|entry| show(stay, part, entry));
            }
        }
    }

    /// Takes out what a platform did in these quarters of an hour.
    pub(super) fn take_out(&mut self, platform: usize, quarters: Range<i32>) {
        let mut taken = Vec::new();
        self.within(quarters, |_, part, entry| {
            if self.parts[part].platform == platform {
                taken.push(entry);
            }
        });
        taken.into_iter().for_each(|entry| self.out[entry] = true);
    }

    /// Shows the entries of these quarters of an hour.
    fn within(&self, quarters: Range<i32>, mut show: impl FnMut(&Stay, usize, usize)) {
        let day = |quarter: i32| (quarter.div_euclid(QUARTERS_A_DAY as i32) - self.first_day) as usize;
        let days = day(quarters.start)..=day(quarters.end - 1);
        for stay in self.stays.iter().filter(|stay| days.contains(&stay.day)) {
            for part in stay.parts.clone() {
                for entry in self.parts[part].entries.clone() {
                    if quarters.contains(&self.quarter(stay.day, usize::from(self.place[entry]))) {
                        show(stay, part, entry);
                    }
                }
            }
        }
    }

    /// What platforms did in these quarters of an hour, whether or not it was taken out.
    pub(super) fn sum(&self, quarters: Range<i32>, counts: impl Fn(usize) -> bool) -> Sum {
        let mut sum = Sum::default();
        self.within(quarters, |_, part, entry| {
            if counts(self.parts[part].platform) {
                sum.add(self, entry);
            }
        });
        sum
    }

    /// What a platform did in these quarters of an hour, organisation by organisation.
    pub(super) fn by_organisation(&self, quarters: Range<i32>, platform: usize) -> BTreeMap<usize, Sum> {
        let mut sums: BTreeMap<usize, Sum> = BTreeMap::new();
        self.within(quarters, |stay, part, entry| {
            if self.parts[part].platform == platform {
                sums.entry(stay.organisation).or_default().add(self, entry);
            }
        });
        sums
    }
}

impl Sum {
    pub(super) fn add(&mut self, table: &Table, entry: usize) {
        self.n += u64::from(table.n[entry]);
        self.x += u64::from(table.x[entry]);
        self.expected += table.expected[entry];
    }
}
