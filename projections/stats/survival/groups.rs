//! Several groups of units side by side: what happened to each at every time at which anything happened to any.
//!
//! The tests walk these times once or twice and keep nothing per time, so that their memory does not grow with them.

use super::{Exits, Row};
use crate::stats::status::Reason;

/// One group at one time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Cell {
    /// Units at risk just before.
    pub(super) at_risk: u64,
    /// Exits by the cause asked for.
    pub(super) events: u64,
    /// Exits by any other cause.
    pub(super) others: u64,
}

/// Refuses groups that cannot be compared: fewer than two, or without the cause.
pub(super) fn comparable(groups: &[Exits], cause: usize) -> Result<(), Reason> {
    let known = groups.len() > 1 && groups.iter().all(|group| cause < group.causes());
    known.then_some(()).ok_or(Reason::InvalidParameter)
}

/// Visits every time at which a unit of any group left, earliest first, with one cell for each group.
pub(super) fn visit(groups: &[Exits], cause: usize, mut at: impl FnMut(&[Cell])) {
    let mut sides: Vec<_> = groups.iter().map(|group| group.rows().peekable()).collect();
    let mut cells = Vec::with_capacity(groups.len());
    while let Some(now) = sides.iter_mut().filter_map(|rows| rows.peek()).map(|row| row.at_ms).min() {
        cells.clear();
        cells.extend(sides.iter_mut().map(|rows| {
            let at_risk = rows.peek().map_or(0, |row| row.at_risk);
            let row = rows.next_if(|row| row.at_ms == now);
            row.map_or(Cell { at_risk, ..Cell::default() }, |row| Cell::of(&row, cause))
        }));
        if cells.iter().any(|cell| cell.events + cell.others > 0) {
            at(&cells);
        }
    }
}

impl Cell {
    fn of(row: &Row<'_>, cause: usize) -> Self {
        let events = row.by(cause);
        Self { at_risk: row.at_risk, events, others: row.exits() - events }
    }
}

#[cfg(test)]
mod tests {
    use super::super::samples::exits;
    use super::*;

    #[test]
    fn every_time_shows_all_groups_and_who_is_still_at_risk() {
        let groups = [exits(2, &[(1, 1), (4, 0), (6, 2)]), exits(2, &[(2, 0), (4, 1)]), exits(2, &[])];
        let mut seen: Vec<Vec<(u64, u64, u64)>> = Vec::new();
        visit(&groups, 0, |cells| seen.push(cells.iter().map(|c| (c.at_risk, c.events, c.others)).collect()));
        let expected = [
            vec![(3, 1, 0), (2, 0, 0), (0, 0, 0)],
            vec![(2, 0, 0), (1, 1, 0), (0, 0, 0)],
            vec![(1, 0, 1), (0, 0, 0), (0, 0, 0)],
        ];
        assert_eq!(seen, expected);
    }

    #[test]
    fn one_group_or_a_cause_that_is_none_cannot_be_compared() {
        let group = exits(1, &[(1, 1)]);
        assert_eq!(comparable(std::slice::from_ref(&group), 0), Err(Reason::InvalidParameter));
        assert_eq!(comparable(&[group.clone(), group.clone()], 1), Err(Reason::InvalidParameter));
        assert_eq!(comparable(&[group.clone(), group], 0), Ok(()));
    }
}
