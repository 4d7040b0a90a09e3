//! When platforms were in use: attempted consultations by platform and month.
//!
//! Two platforms that were not used at the same time can only be held against each other as before and after, with
//! whatever else changed between.

use std::collections::BTreeMap;

use event::Dimension;

use crate::filter::Filter;
use crate::outcome::Outcome;
use crate::period::Period;
use crate::projection::{Projection, change};
use crate::survey::Tally;

/// The projection: attempted consultations that pass a filter, by platform and month.
#[derive(Debug)]
pub struct Calendar<'a> {
    /// Which consultations.
    pub filter: &'a Filter,
}

/// Attempted consultations by platform, then by number of the month.
pub type Used = BTreeMap<String, BTreeMap<i32, Tally>>;

/// The share of the consultations of either platform that fell into months in which the other was used as well: the
/// smaller of the two; nothing where one of them was not used at all.
#[must_use]
pub fn concurrent(used: &Used, [one, other]: [&str; 2]) -> Option<f64> {
    let (mine, theirs) = (used.get(one)?, used.get(other)?);
    let shared = |mine: &BTreeMap<i32, Tally>, theirs: &BTreeMap<i32, Tally>| {
        let beside: u64 =
            mine.iter().filter(|(month, _)| theirs.contains_key(month)).map(|(_, tally)| tally.0).sum();
        beside as f64 / mine.values().map(|tally| tally.0).sum::<u64>() as f64
    };
    Some(shared(mine, theirs).min(shared(theirs, mine)))
}

impl Projection for Calendar<'_> {
    type State = Used;
    /// By day since 1970.
    type Tray = BTreeMap<i32, u64>;

    fn dimensions(&self) -> Vec<Dimension> {
        let filter = self.filter.iter().map(|(dimension, _)| dimension);
        [Dimension::Platform].into_iter().chain(filter).collect()
    }

    fn add(&self, row: &Outcome, state: &mut Self::State) {
        let mut tray = BTreeMap::new();
        self.gather(row, &mut tray);
        self.pour(row, tray, state);
    }

    fn sub(&self, row: &Outcome, state: &mut Self::State) {
        let mut tray = BTreeMap::new();
        self.gather(row, &mut tray);
        self.count(row, tray, state, |tally, by| *tally -= by);
    }

    fn gather(&self, row: &Outcome, tray: &mut Self::Tray) {
        if row.attempted && row.began_at.is_some() {
            *tray.entry(Period::Day.number(row.began_at)).or_default() += 1;
        }
    }

    fn pour(&self, row: &Outcome, tray: Self::Tray, state: &mut Self::State) {
        self.count(row, tray, state, |tally, by| *tally += by);
    }
}

impl Calendar<'_> {
    fn count(
        &self,
        row: &Outcome,
        tray: BTreeMap<i32, u64>,
        state: &mut Used,
        step: impl Fn(&mut u64, u64) + Copy,
    ) {
        if !self.filter.passes(row) {
            return;
        }
        let platform = row.context.level(Dimension::Platform);
        for (day, count) in tray {
            let month = Period::Month.of_day(day);
            change(state, platform.to_owned(), |months| {
                change(months, month, |tally: &mut Tally| step(&mut tally.0, count));
            });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn used(of: &[(&str, &[(i32, u64)])]) -> Used {
        let months = |months: &[(i32, u64)]| months.iter().map(|(month, n)| (*month, Tally(*n))).collect();
        of.iter().map(|(platform, counts)| ((*platform).to_owned(), months(counts))).collect()
    }

    /// A stray consultation beside the other's year does not make the two concurrent.
    #[test]
    fn the_smaller_share_of_both_counts() {
        let apart = used(&[("a", &[(1, 50), (2, 50)]), ("b", &[(3, 10)])]);
        assert_eq!(concurrent(&apart, ["a", "b"]), Some(0.0));
        let stray = used(&[("a", &[(1, 50), (2, 49), (3, 1)]), ("b", &[(3, 10)])]);
        assert_eq!(concurrent(&stray, ["b", "a"]), Some(0.01));
        let both = used(&[("a", &[(1, 5), (2, 5)]), ("b", &[(1, 9), (2, 1)])]);
        assert_eq!(concurrent(&both, ["a", "b"]), Some(1.0));
        assert_eq!(concurrent(&both, ["a", "c"]), None);
    }
}
