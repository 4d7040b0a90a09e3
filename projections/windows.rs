//! Attempts and failures by quarter of an hour: what an outage is looked for in, and what one would take.
//!
//! A consultation *failed* here if it never connected, or if somebody's connection was lost and did not come back.
//! That a consultation was given up or moved elsewhere is no failure by itself: why is not kept, and a clinician who
//! asks a patient to come in has no technical reason. What was merely disturbed did not fail either.
//!
//! A consultation lies in the quarter of an hour in which the first of either side tried to get in, so that calls that
//! were begun before an outage and cut off by it lie before it. Where nobody gets so far that a feed notes it, nothing
//! is counted: an outage that leaves no trace cannot be seen.

use std::collections::BTreeMap;

use event::{Dimension, Kind, Time};
use serde::Serialize;

use crate::filter::Filter;
use crate::measure::{ATTEMPTS, Needs};
use crate::outcome::Outcome;
use crate::projection::{Projection, State, change};
use crate::survey::Stratum;

/// The length of a window, in milliseconds; windows begin at whole quarters of an hour, UTC.
pub const WINDOW_MS: i64 = 900_000;
/// How many windows a day has.
const A_DAY: i32 = 96;

/// What must be seen of a consultation to tell whether it failed.
pub const NEEDS: Needs = Needs::all(&[Kind::Joined, Kind::Dropped]).and_any(ATTEMPTS);

/// The projection: attempts and failures by platform, by the levels asked for, and by window.
#[derive(Debug)]
pub struct Windows<'a> {
    /// By which dimensions, besides the platform.
    pub by: &'a [Dimension],
    /// Of which consultations; those by phone or in person are left out unless modality is asked for.
    pub filter: &'a Filter,
}

/// What was counted, by platform, then by the levels asked for.
pub type Seen = BTreeMap<String, BTreeMap<Stratum, Course>>;

/// What was counted of one part of a platform.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Course {
    /// By number of the window since 1970 began; those without an attempt are not there.
    pub windows: BTreeMap<i32, Window>,
}

/// What was counted in one window.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Window {
    /// Attempted consultations.
    pub attempted: u32,
    /// Those of which it can be told whether they failed: seen from both sides, by sources that see what [`NEEDS`]
    /// names.
    pub told: u32,
    /// Those that failed.
    pub failed: u32,
}

impl Window {
    fn take(&mut self, other: &Self) {
        self.attempted -= other.attempted;
        self.told -= other.told;
        self.failed -= other.failed;
    }

    /// What of it the sources of rows like this one can tell.
    fn told_by(self, row: &Outcome) -> Self {
        if !row.one_sided && NEEDS.met(row.sight.sees) { self } else { Self { told: 0, failed: 0, ..self } }
    }
}

impl State for Window {
    fn absorb(&mut self, other: &Self) {
        self.attempted += other.attempted;
        self.told += other.told;
        self.failed += other.failed;
    }

    fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

impl State for Course {
    fn absorb(&mut self, other: &Self) {
        self.windows.absorb(&other.windows);
    }

    fn is_empty(&self) -> bool {
        self.windows.is_empty()
    }
}

/// The same by day, in its first window, with attempts alone.
#[must_use]
pub fn by_day(seen: &Seen) -> Seen {
    let day = |number: &i32| number.div_euclid(A_DAY) * A_DAY;
    let coarser = |course: &Course| {
        let mut days = Course::default();
        for (number, window) in &course.windows {
            days.windows.entry(day(number)).or_default().attempted += window.attempted;
        }
        days
    };
    let all = |strata: &BTreeMap<Stratum, Course>| {
        strata.iter().map(|(stratum, course)| (stratum.clone(), coarser(course))).collect()
    };
    seen.iter().map(|(platform, strata)| (platform.clone(), all(strata))).collect()
}

/// The window in which an instant lies.
pub(crate) fn number(at: Time) -> i32 {
    // Every time lies within the years that can be written, and so within some hundred million windows.
    at.ms().div_euclid(WINDOW_MS) as i32
}

/// When a window begins.
#[must_use]
pub fn begin(window: i32) -> Time {
    Time::from_ms(i64::from(window) * WINDOW_MS)
}

/// Whether an attempted consultation failed.
fn failed(row: &Outcome) -> bool {
    !row.connected || row.drops > row.recovered_drops
}

/// What was gathered of attempted rows of one setting, window by window as they came.
#[derive(Debug, Default)]
pub struct Tray(Vec<(i32, Window)>);

impl Tray {
    fn gather(&mut self, row: &Outcome) {
        // Whoever attempted did so at some time.
        let Some(began_at) = row.began_at.filter(|_| row.attempted) else { return };
        let (number, one) =
            (number(began_at), Window { attempted: 1, told: 1, failed: u32::from(failed(row)) });
        match self.0.last_mut() {
            Some((last, window)) if *last == number => window.absorb(&one),
            _ => self.0.push((number, one)),
        }
    }
}

impl Projection for Windows<'_> {
    type State = Seen;
    type Tray = Tray;

    fn dimensions(&self) -> Vec<Dimension> {
        let own = [Dimension::Platform, Dimension::Modality];
        let filter = self.filter.iter().map(|(dimension, _)| dimension);
        own.into_iter().chain(self.by.iter().copied()).chain(filter).collect()
    }

    fn add(&self, row: &Outcome, state: &mut Seen) {
        let mut tray = Tray::default();
        tray.gather(row);
        self.put(row, &tray, state, Window::absorb);
    }

    fn sub(&self, row: &Outcome, state: &mut Seen) {
        let mut tray = Tray::default();
        tray.gather(row);
        self.put(row, &tray, state, Window::take);
    }

    fn gather(&self, row: &Outcome, tray: &mut Tray) {
        tray.gather(row);
    }

    fn pour(&self, row: &Outcome, tray: Tray, state: &mut Seen) {
        self.put(row, &tray, state, Window::absorb);
    }
}

impl Windows<'_> {
    fn put(&self, row: &Outcome, tray: &Tray, state: &mut Seen, by: fn(&mut Window, &Window)) {
        let counts = self.filter.passes(row) && self.filter.counts_pathway(self.by, &row.context);
        if tray.0.is_empty() || !counts {
            return;
        }
        let stratum = Stratum(self.by.iter().map(|one| row.context.level(*one).to_owned()).collect());
        change(state, row.context.level(Dimension::Platform).to_owned(), |strata: &mut BTreeMap<_, _>| {
            change(strata, stratum, |course: &mut Course| {
                for (number, window) in &tray.0 {
                    change(&mut course.windows, *number, |known| by(known, &window.told_by(row)));
                }
            });
        });
    }
}

#[cfg(test)]
mod tests {
    use event::KindSet;

    use super::*;
    use crate::outcome::RowSight;

    fn row(at: &str, sees: KindSet) -> Outcome {
        let sight = RowSight { sees, ..RowSight::default() };
        let mut row = Outcome::empty("", std::sync::Arc::default(), sight);
        (row.attempted, row.connected) = (true, true);
        row.began_at = Some(at.parse().unwrap());
        row
    }

    fn counted(rows: &[Outcome]) -> BTreeMap<i32, Window> {
        let filter = Filter::default();
        let windows = Windows { by: &[], filter: &filter };
        let seen = windows.fold(rows);
        let mut poured = Seen::new();
        for row in rows {
            let mut tray = Tray::default();
            windows.gather(row, &mut tray);
            windows.pour(row, tray, &mut poured);
        }
        assert_eq!(poured, seen);
        rows.iter().for_each(|row| windows.sub(row, &mut poured));
        assert!(poured.is_empty());
        let mut all = Course::default();
        seen.values().flat_map(BTreeMap::values).for_each(|course| all.absorb(course));
        all.windows
    }

    #[test]
    fn who_never_connected_or_never_came_back_failed_and_nobody_else() {
        let at = "2026-03-02T09:14:59.999Z";
        let fine = row(at, KindSet::EVERY);
        let mut never = fine.clone();
        never.connected = false;
        let mut lost = fine.clone();
        (lost.drops, lost.recovered_drops) = (2, 1);
        let mut back = fine.clone();
        (back.drops, back.recovered_drops) = (2, 2);
        let mut nobody = never.clone();
        nobody.attempted = false;
        let next = row("2026-03-02T09:15:00Z", KindSet::EVERY);
        let counted = counted(&[fine, never, lost, back, nobody, next]);
        let (numbers, windows): (Vec<i32>, Vec<Window>) = counted.into_iter().unzip();
        assert_eq!(
            windows,
            [Window { attempted: 4, told: 4, failed: 2 }, Window { attempted: 1, told: 1, failed: 0 }]
        );
        assert_eq!(numbers[1], numbers[0] + 1);
        assert_eq!(begin(numbers[1]).to_string(), "2026-03-02T09:15:00Z");
    }

    #[test]
    fn what_a_feed_cannot_see_is_attempted_and_not_told() {
        let at = "2026-03-02T09:00:00Z";
        let blind = |without: &[Kind]| {
            let mut row = row(at, KindSet::EVERY.without(KindSet::of(without)));
            row.connected = false;
            row
        };
        let no_attempts = blind(&[Kind::JoinAttempted, Kind::Waiting, Kind::JoinFailed]);
        let mut one_sided = blind(&[]);
        one_sided.one_sided = true;
        let rows = [blind(&[Kind::Dropped]), no_attempts, one_sided, blind(&[Kind::Waiting])];
        let told: Vec<Window> = counted(&rows).into_values().collect();
        assert_eq!(told, [Window { attempted: 4, told: 1, failed: 1 }]);
    }
}
