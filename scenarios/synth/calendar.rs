//! When consultations start: spread over the opening hours of the plan's days.
//!
//! Opening hours are laid end to end and cut into as many equal slots as there are consultations. Each
//! starts at a random place within the [`SPREAD`] slots from its own: locally that looks like a Poisson
//! process, and yet a start depends on its own index alone and never lies before its slot, so that a
//! stream of any length needs to look only a few slots ahead.

use crate::plan::Opening;

/// Over how many slots a start may be spread.
const SPREAD: f64 = 16.0;

const HOUR_MS: i64 = 3_600_000;
const DAY_MS: i64 = 24 * HOUR_MS;

/// The opening hours of a plan, and where among them each consultation starts.
#[derive(Debug, Clone)]
pub(crate) struct Calendar {
    /// When each open day opens, in milliseconds since 1970.
    opens: Vec<i64>,
    open_ms: f64,
    slots: f64,
}

impl Calendar {
    pub(crate) fn new(midnight_ms: i64, days: u32, opening: &Opening, consultations: u64) -> Self {
        let opens = (0..i64::from(days))
            .map(|day| midnight_ms + day * DAY_MS)
            .filter(|day| opening.weekends || !is_weekend(*day))
            .map(|day| day + i64::from(opening.from) * HOUR_MS)
            .collect();
        let open_ms = (i64::from(opening.until - opening.from) * HOUR_MS) as f64;
        Self { opens, open_ms, slots: consultations as f64 + SPREAD - 1.0 }
    }

    /// Whether there is no open day at all.
    pub(crate) fn is_closed(&self) -> bool {
        self.opens.is_empty()
    }

    /// When consultation `index` starts, if `unit` was rolled for it.
    pub(crate) fn start(&self, index: u64, unit: f64) -> i64 {
        self.wall((index as f64 + SPREAD * unit) / self.slots)
    }

    /// Before when neither consultation `index` nor any after it starts.
    pub(crate) fn earliest(&self, index: u64) -> i64 {
        self.wall(index as f64 / self.slots)
    }

    /// When the first day opens.
    pub(crate) fn opens(&self) -> i64 {
        self.opens.first().copied().unwrap_or(0)
    }

    fn wall(&self, share: f64) -> i64 {
        let open_days = self.opens.len() as f64;
        let place = share * open_days;
        let day = (place as usize).min(self.opens.len() - 1);
        self.opens[day] + ((place - day as f64) * self.open_ms) as i64
    }
}

/// Whether the day that begins at `midnight_ms` (UTC) is a Saturday or Sunday.
pub(crate) fn is_weekend(midnight_ms: i64) -> bool {
    // 1970-01-01 was a Thursday, the fourth day of a week that begins on Monday.
    (midnight_ms.div_euclid(DAY_MS) + 3).rem_euclid(7) >= 5
}

#[cfg(test)]
mod tests {
    use super::*;

    const MONDAY: i64 = 1_772_409_600_000; // 2026-03-02

    fn calendar(days: u32) -> Calendar {
        Calendar::new(MONDAY, days, &Opening { from: 8, until: 18, weekends: false }, 1000)
    }

    #[test]
    fn starts_lie_within_opening_hours_of_working_days() {
        let calendar = calendar(14);
        assert_eq!(calendar.opens.len(), 10);
        for index in 0..1000 {
            for unit in [0.0, 0.5, 0.999_999_999] {
                let start = calendar.start(index, unit);
                let day = start - start.rem_euclid(DAY_MS);
                assert!(!is_weekend(day));
                assert!((8 * HOUR_MS..18 * HOUR_MS).contains(&(start - day)));
            }
        }
    }

    #[test]
    fn no_start_lies_before_its_slot_and_slots_never_go_back() {
        let calendar = calendar(7);
        for index in 0..999 {
            assert!(calendar.earliest(index) <= calendar.earliest(index + 1));
            assert!(calendar.earliest(index) <= calendar.start(index, 0.0));
        }
    }
}
