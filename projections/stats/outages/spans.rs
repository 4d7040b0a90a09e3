//! The spans of a day that are looked at.

use super::table::QUARTERS_A_DAY;

/// Their lengths, in quarters of an hour.
pub(super) const LENGTHS: [usize; 5] = [1, 2, 4, 8, 16];

/// A span of a day, in quarters of an hour.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Span {
    pub(super) begin: usize,
    pub(super) quarters: usize,
}

/// Every span of a day, the shortest first; long ones begin at every fourth part of their length.
pub(super) fn spans() -> Vec<Span> {
    let of = |quarters: usize| {
        let begins = (0..=QUARTERS_A_DAY - quarters).step_by((quarters / 4).max(1));
        begins.map(move |begin| Span { begin, quarters })
    };
    LENGTHS.into_iter().flat_map(of).collect()
}
