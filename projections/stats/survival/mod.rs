//! Time until something happens, where units leave for several reasons and some are last seen before they left.
//!
//! The input is [`Exits`]: how many units left at each millisecond, by cause, and how many were last seen then.
//! These counts lose nothing, so every estimator here is exact and merges come before it, never after. Units last
//! seen at a time are still at risk of what happens at that very time. Completion is a cause, not a censoring:
//! to treat it as one would estimate how many would drop if calls never ended.
//!
//! Units count as independent. Where they share their luck, delete groups of them and read [`values`] again for
//! each: it gives the numbers without limits in one pass, and [`clustered`] makes limits of them. A curve costs one
//! pass too, its variance included.

pub mod aalen_johansen;
pub mod clustered;
mod crossing;
pub mod gray;
mod groups;
pub mod kaplan_meier;
mod log_log;
pub mod log_rank;
pub mod lost_time;
pub mod recurrent;
mod score;
pub mod values;

use super::status::Reason;

#[cfg(test)]
mod differential;
#[cfg(test)]
mod laws;

/// How the observation of one unit ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum End {
    /// By the cause of this number, counted from zero.
    Cause(usize),
    /// It was last seen then and may still go on.
    Censored,
}

/// Exits by time and cause, in ascending order of time.
///
/// ```
/// use projections::stats::LEVEL_95;
/// use projections::stats::survival::{End, Exits, aalen_johansen};
///
/// // Of four calls one drops after a second, two complete after two, one is still open after three.
/// let cells = [(1000, End::Cause(0), 1), (2000, End::Cause(1), 2), (3000, End::Censored, 1)];
/// let exits = Exits::new(2, cells)?;
/// let dropped = aalen_johansen::incidence(&exits, 0, 2000, LEVEL_95);
/// assert_eq!(dropped.value, Some(0.25));
/// # Ok::<(), projections::stats::Reason>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Exits {
    causes: usize,
    n: u64,
    times_ms: Vec<u64>,
    /// One count for each cause, time after time.
    events: Vec<u64>,
    censored: Vec<u64>,
}

/// What happened at one time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Row<'a> {
    /// When.
    pub at_ms: u64,
    /// Units that had neither left nor been lost from sight before.
    pub at_risk: u64,
    /// Exits by each cause.
    pub events: &'a [u64],
    /// Units last seen then.
    pub censored: u64,
}

/// One step of a curve: it holds from its time until the next step's.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Step {
    /// From when on, in milliseconds.
    pub at_ms: u64,
    /// The value.
    pub value: f64,
    /// The lower limit, where there is one.
    pub lo: Option<f64>,
    /// The upper limit, where there is one.
    pub hi: Option<f64>,
    /// Units at risk just before.
    pub at_risk: u64,
}

impl Exits {
    /// Exits by `causes` causes from (time in milliseconds, end, count), in any order; equal ones add up.
    ///
    /// # Errors
    /// Refuses to have no cause, or one whose number is not below `causes`, and more than 2⁶³ units.
    pub fn new(causes: usize, cells: impl IntoIterator<Item = (u64, End, u64)>) -> Result<Self, Reason> {
        let mut cells: Vec<_> = cells.into_iter().filter(|(.., count)| *count > 0).collect();
        let known = |end| if let End::Cause(cause) = end { cause < causes } else { true };
        if causes == 0 || !cells.iter().all(|(_, end, _)| known(*end)) {
            return Err(Reason::InvalidParameter);
        }
        let total = cells.iter().try_fold(0_u64, |sum, (.., count)| sum.checked_add(*count));
        let n = total.filter(|n| *n <= i64::MAX as u64).ok_or(Reason::TooLarge)?;
        cells.sort_unstable_by_key(|(at_ms, ..)| *at_ms);
        let mut exits = Self { causes, n, times_ms: Vec::new(), events: Vec::new(), censored: Vec::new() };
        for cells in cells.chunk_by(|a, b| a.0 == b.0) {
            exits.push(cells);
        }
        Ok(exits)
    }

    /// Adds what happened at one time, the latest.
    fn push(&mut self, cells: &[(u64, End, u64)]) {
        let Some((at_ms, ..)) = cells.first() else { return };
        let of =
            |wanted: End| cells.iter().filter(|(_, end, _)| *end == wanted).map(|(.., count)| count).sum();
        self.times_ms.push(*at_ms);
        self.events.extend((0..self.causes).map(|cause| of(End::Cause(cause))));
        self.censored.push(of(End::Censored));
    }

    /// The number of causes.
    pub fn causes(&self) -> usize {
        self.causes
    }

    /// The number of units.
    pub fn n(&self) -> u64 {
        self.n
    }

    /// What happened at each time, earliest first.
    pub fn rows(&self) -> impl Iterator<Item = Row<'_>> {
        let events = self.events.chunks_exact(self.causes);
        let rows = self.times_ms.iter().zip(events).zip(&self.censored);
        rows.scan(self.n, |at_risk, ((at_ms, events), censored)| {
            let row = Row { at_ms: *at_ms, at_risk: *at_risk, events, censored: *censored };
            *at_risk -= row.exits() + row.censored;
            Some(row)
        })
    }

    /// The cells they were made of, for merging: [`Exits::new`] of the cells of several.
    pub fn cells(&self) -> impl Iterator<Item = (u64, End, u64)> {
        self.rows().flat_map(|row| {
            let events = row.events.iter().enumerate();
            let events = events.map(move |(cause, count)| (row.at_ms, End::Cause(cause), *count));
            events.chain([(row.at_ms, End::Censored, row.censored)]).filter(|(.., count)| *count > 0)
        })
    }

    /// Whether what happens until `at_ms` can be known: somebody was seen that long, or nobody is left.
    fn reach(&self, at_ms: u64) -> Result<(), Reason> {
        let (Some(last_ms), Some(censored)) = (self.times_ms.last(), self.censored.last()) else {
            return Err(Reason::NoData);
        };
        if at_ms <= *last_ms || *censored == 0 { Ok(()) } else { Err(Reason::BeyondFollowUp) }
    }

    /// The same for one cause, which there must be.
    fn reach_by(&self, cause: usize, at_ms: u64) -> Result<(), Reason> {
        if cause < self.causes { self.reach(at_ms) } else { Err(Reason::InvalidParameter) }
    }
}

impl Row<'_> {
    /// Exits by any cause.
    pub fn exits(&self) -> u64 {
        self.events.iter().sum()
    }

    /// Exits by one cause.
    pub fn by(&self, cause: usize) -> u64 {
        self.events.get(cause).copied().unwrap_or(0)
    }
}

/// The increment d/(n(n − d)) of Greenwood's sum, left out where nobody stays.
fn greenwood(at_risk: u64, exits: u64) -> f64 {
    let (n, d) = (at_risk as f64, exits as f64);
    if exits < at_risk { d / (n * (n - d)) } else { 0.0 }
}

#[cfg(test)]
mod samples {
    use super::{End, Exits};

    /// (time, cause counted from one, or zero where it was last seen), one unit each.
    pub(super) fn exits(causes: usize, units: &[(u64, usize)]) -> Exits {
        let end = |cause: usize| cause.checked_sub(1).map_or(End::Censored, End::Cause);
        Exits::new(causes, units.iter().map(|(at_ms, cause)| (*at_ms, end(*cause), 1))).unwrap()
    }

    /// Weeks in remission on 6-mercaptopurine (Freireich et al. 1963, Blood 21:699; Gehan 1965).
    pub(super) fn treated() -> Exits {
        let relapses = [6, 6, 6, 7, 10, 13, 16, 22, 23].map(|week| (week, 1));
        let open = [6, 9, 10, 11, 17, 19, 20, 25, 32, 32, 34, 35].map(|week| (week, 0));
        exits(1, &[&relapses[..], &open[..]].concat())
    }

    /// Weeks in remission on placebo, all ended by relapse.
    pub(super) fn placebo() -> Exits {
        let weeks = [1, 1, 2, 2, 3, 4, 4, 5, 5, 8, 8, 8, 8, 11, 11, 12, 12, 15, 17, 22, 23];
        exits(1, &weeks.map(|week| (week, 1)))
    }

    const ENDS: [[(u64, usize); 12]; 2] = [
        [
            (2, 1),
            (5, 1),
            (5, 2),
            (8, 0),
            (12, 2),
            (12, 1),
            (15, 2),
            (18, 2),
            (20, 2),
            (20, 0),
            (25, 2),
            (30, 2),
        ],
        [
            (1, 1),
            (3, 1),
            (4, 1),
            (4, 2),
            (6, 1),
            (9, 2),
            (10, 0),
            (12, 1),
            (15, 2),
            (15, 2),
            (20, 2),
            (28, 2),
        ],
    ];

    /// Minutes of twelve consultations on each of two platforms: dropped, completed, or still open.
    pub(super) fn consultations() -> [Exits; 2] {
        ENDS.map(|units| exits(2, &units))
    }
}

#[cfg(test)]
mod tests {
    use super::samples::exits;
    use super::*;

    #[test]
    fn equal_times_add_up_in_ascending_order_whatever_the_order_of_the_cells() {
        let cells =
            [(7, End::Censored, 2), (3, End::Cause(1), 1), (7, End::Cause(0), 4), (7, End::Censored, 1)];
        let ahead = Exits::new(2, cells).unwrap();
        assert_eq!(ahead, Exits::new(2, cells.into_iter().rev()).unwrap());
        let rows: Vec<Row<'_>> = ahead.rows().collect();
        let first = Row { at_ms: 3, at_risk: 8, events: &[0, 1], censored: 0 };
        assert_eq!(rows, [first, Row { at_ms: 7, at_risk: 7, events: &[4, 0], censored: 3 }]);
    }

    #[test]
    fn cells_of_several_merge() {
        let (a, b) = (exits(2, &[(1, 1), (5, 0)]), exits(2, &[(1, 1), (1, 2), (4, 0)]));
        let merged = Exits::new(2, a.cells().chain(b.cells())).unwrap();
        assert_eq!(merged, exits(2, &[(1, 1), (5, 0), (1, 1), (1, 2), (4, 0)]));
        assert_eq!((merged.n(), merged.causes()), (5, 2));
    }

    #[test]
    fn what_names_no_cause_or_is_too_much_is_refused() {
        assert_eq!(Exits::new(0, []), Err(Reason::InvalidParameter));
        assert_eq!(Exits::new(2, [(1, End::Cause(2), 1)]), Err(Reason::InvalidParameter));
        let many = [(1, End::Censored, u64::MAX), (2, End::Cause(0), 1)];
        assert_eq!(Exits::new(1, many), Err(Reason::TooLarge));
        assert_eq!(Exits::new(1, [(1, End::Cause(0), 0)]).unwrap().rows().count(), 0);
    }

    #[test]
    fn nothing_is_known_beyond_the_last_unit_seen_unless_all_have_left() {
        let (open, closed) = (exits(1, &[(2, 1), (6, 0)]), exits(1, &[(2, 0), (6, 1)]));
        assert_eq!((open.reach(6), open.reach(7)), (Ok(()), Err(Reason::BeyondFollowUp)));
        assert_eq!(closed.reach(7), Ok(()));
        assert_eq!(exits(1, &[]).reach(0), Err(Reason::NoData));
        assert_eq!(closed.reach_by(1, 2), Err(Reason::InvalidParameter));
    }
}
