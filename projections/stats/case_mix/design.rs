//! Cells of a table of factors, and the columns of the model that is additive in them.
//!
//! Cells with the same levels are one cell, and cells are kept in the order of their levels, so that neither the
//! order nor the cutting of the input can be seen in a fit. Each factor has one column for every level but its
//! lowest, as is usual for factors; columns that repeat earlier ones are found once, before any fit.

use std::collections::{BTreeMap, BTreeSet};

use super::Stratum;
use crate::stats::cluster::Tally;
use crate::stats::linear::Symmetric;
use crate::stats::status::Reason;

/// A pivot below this share of its column is the trace of rounding.
const DEPENDENT: f64 = 1e-9;

/// The counts of one combination of levels, one level for each factor.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cell {
    /// The level of each factor, as an index.
    pub levels: Vec<u32>,
    /// Observations.
    pub n: u64,
    /// Events among them.
    pub x: u64,
}

/// The coefficient of one level of one factor, against the lowest level of that factor.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Column {
    /// The place of the factor.
    pub factor: usize,
    /// The level.
    pub level: u32,
}

/// The arm as the first factor, 1 for the first arm and 0 for the second, and the stratum as the second factor.
pub fn cells_of(strata: &[Stratum]) -> Vec<Cell> {
    let cell = |arm: u32, stratum: usize, tally: Tally| Cell {
        levels: vec![arm, u32::try_from(stratum).unwrap_or(u32::MAX)],
        n: tally.n,
        x: tally.x,
    };
    let both = |(k, s): (usize, &Stratum)| [cell(1, k, s.first), cell(0, k, s.second)];
    strata.iter().enumerate().flat_map(both).collect()
}

/// Cells with observations, one for each combination of levels, in the order of levels.
#[derive(Debug, Clone)]
pub(super) struct Table {
    pub(super) cells: Vec<Cell>,
    pub(super) factors: usize,
    pub(super) n: u64,
    pub(super) x: u64,
}

impl Table {
    pub(super) fn of(cells: &[Cell]) -> Result<Self, Reason> {
        let factors = cells.first().ok_or(Reason::NoData)?.levels.len();
        if cells.iter().any(|cell| cell.levels.len() != factors) {
            return Err(Reason::InvalidParameter);
        }
        let Tally { n, x } = super::total(cells.iter().map(|cell| Tally { n: cell.n, x: cell.x }))?;
        let table = Self { cells: cells.to_vec(), factors, n, x }.of_factors(&|_| true);
        if n == 0 { Err(Reason::NoData) } else { Ok(table) }
    }

    /// The table of the factors that are `kept`, summed over the others.
    pub(super) fn of_factors(&self, kept: &dyn Fn(usize) -> bool) -> Self {
        let mut sums: BTreeMap<Vec<u32>, (u64, u64)> = BTreeMap::new();
        for cell in self.cells.iter().filter(|cell| cell.n > 0) {
            let levels = cell.levels.iter().enumerate().filter(|(f, _)| kept(*f)).map(|(_, level)| *level);
            let sum = sums.entry(levels.collect()).or_default();
            *sum = (sum.0 + cell.n, sum.1 + cell.x);
        }
        let factors = (0..self.factors).filter(|f| kept(*f)).count();
        let cells = sums.into_iter().map(|(levels, (n, x))| Cell { levels, n, x }).collect();
        Self { cells, factors, ..*self }
    }

    /// The levels of a factor, rising.
    pub(super) fn levels(&self, factor: usize) -> BTreeSet<u32> {
        self.cells.iter().filter_map(|cell| cell.levels.get(factor).copied()).collect()
    }
}

/// The columns of an additive model after the intercept, and which of them carry a coefficient.
#[derive(Debug, Clone)]
pub(super) struct Design {
    /// Those with a coefficient, in order; the intercept stands before them.
    pub(super) columns: Vec<Column>,
    /// Those that repeat the intercept and earlier columns.
    pub(super) aliased: Vec<Column>,
    /// Factors whose effect cannot be told from that of the others.
    confounded: BTreeSet<usize>,
}

impl Design {
    pub(super) fn of(table: &Table) -> Self {
        let all: Vec<Column> = (0..table.factors)
            .flat_map(|factor| {
                table.levels(factor).into_iter().skip(1).map(move |level| Column { factor, level })
            })
            .collect();
        let mut gram = Symmetric::zero(all.len() + 1);
        for cell in &table.cells {
            accumulate(&mut gram, &row(&all, &cell.levels), 1.0);
        }
        let kept = gram.independent(DEPENDENT);
        let (mut columns, mut aliased) = (Vec::new(), Vec::new());
        for (i, column) in all.iter().enumerate() {
            if kept.contains(&(i + 1)) { columns.push(*column) } else { aliased.push(*column) }
        }
        let confounded = confounded(&gram, &all, &kept);
        Self { columns, aliased, confounded }
    }

    /// The places of the coefficients that a cell with these levels has, the intercept's first.
    pub(super) fn row(&self, levels: &[u32]) -> Vec<usize> {
        row(&self.columns, levels)
    }

    /// Whether the levels of this factor can be told apart whatever the others do.
    pub(super) fn identifies(&self, factor: usize) -> bool {
        !self.confounded.contains(&factor)
    }
}

fn row(columns: &[Column], levels: &[u32]) -> Vec<usize> {
    let place = |(factor, level): (usize, &u32)| {
        columns.binary_search(&Column { factor, level: *level }).ok().map(|place| place + 1)
    };
    std::iter::once(0).chain(levels.iter().enumerate().filter_map(place)).collect()
}

/// Adds `weight` wherever two of the places meet.
pub(super) fn accumulate(matrix: &mut Symmetric, places: &[usize], weight: f64) {
    for (k, i) in places.iter().enumerate() {
        for j in places.iter().take(k + 1) {
            matrix.add(*i, *j, weight);
        }
    }
}

/// The factors that take part in a combination of columns that is zero in every cell.
fn confounded(gram: &Symmetric, all: &[Column], kept: &[usize]) -> BTreeSet<usize> {
    let mut factors = BTreeSet::new();
    let Some(factor) = gram.part(kept).factor() else { return factors };
    for (i, column) in all.iter().enumerate().filter(|(i, _)| !kept.contains(&(i + 1))) {
        factors.insert(column.factor);
        let right: Vec<f64> = kept.iter().map(|j| gram.at(i + 1, *j)).collect();
        for (place, share) in kept.iter().zip(factor.solve(&right)) {
            let partner = place.checked_sub(1).and_then(|place| all.get(place));
            factors.extend(partner.filter(|_| share.abs() > DEPENDENT.sqrt()).map(|partner| partner.factor));
        }
    }
    factors
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cells(rows: &[([u32; 2], u64, u64)]) -> Vec<Cell> {
        rows.iter().map(|(levels, n, x)| Cell { levels: levels.to_vec(), n: *n, x: *x }).collect()
    }

    fn design(rows: &[([u32; 2], u64, u64)]) -> Design {
        Design::of(&Table::of(&cells(rows)).unwrap())
    }

    #[test]
    fn cells_are_joined_and_ordered() {
        let table = Table::of(&cells(&[([1, 0], 5, 1), ([0, 7], 4, 2), ([1, 0], 3, 1), ([9, 9], 0, 0)]));
        let table = table.unwrap();
        assert_eq!(table.cells, cells(&[([0, 7], 4, 2), ([1, 0], 8, 2)]));
        assert_eq!((table.factors, table.n, table.x), (2, 12, 4));
        assert_eq!(table.of_factors(&|_| false).cells, [Cell { levels: vec![], n: 12, x: 4 }]);
    }

    #[test]
    fn each_level_but_the_lowest_has_a_column() {
        let design = design(&[([0, 3], 5, 1), ([1, 3], 4, 2), ([0, 5], 3, 1), ([1, 9], 3, 1)]);
        let column = |factor, level| Column { factor, level };
        assert_eq!(design.columns, [column(0, 1), column(1, 5), column(1, 9)]);
        assert_eq!((design.row(&[1, 9]), design.row(&[0, 3])), (vec![0, 1, 3], vec![0]));
        assert!(design.aliased.is_empty() && design.identifies(0));
    }

    #[test]
    fn a_factor_that_repeats_another_is_aliased_and_neither_is_identified() {
        let design = design(&[([0, 3], 5, 1), ([1, 5], 4, 2)]);
        assert_eq!(design.aliased, [Column { factor: 1, level: 5 }]);
        assert!(!design.identifies(0) && !design.identifies(1));
    }

    #[test]
    fn factors_nested_in_each_other_leave_a_crossed_one_identified() {
        let rows: Vec<Cell> = [[0, 0, 0], [1, 0, 0], [0, 1, 2], [1, 1, 2], [0, 2, 2]]
            .map(|levels: [u32; 3]| Cell { levels: levels.to_vec(), n: 9, x: 3 })
            .to_vec();
        let design = Design::of(&Table::of(&rows).unwrap());
        assert_eq!(design.aliased, [Column { factor: 2, level: 2 }]);
        assert!(design.identifies(0) && !design.identifies(1) && !design.identifies(2));
    }

    #[test]
    fn arms_that_never_meet_are_not_told_apart() {
        // The third platform meets the second only; the first meets neither.
        let design = design(&[([0, 0], 5, 1), ([1, 1], 4, 2), ([2, 1], 4, 2)]);
        assert!(!design.identifies(0));
    }

    #[test]
    fn what_is_no_table_is_refused() {
        let ragged = [Cell { levels: vec![1], n: 1, x: 0 }, Cell { levels: vec![], n: 1, x: 0 }];
        assert_eq!(Table::of(&ragged).err(), Some(Reason::InvalidParameter));
        assert_eq!(Table::of(&[]).err(), Some(Reason::NoData));
        assert_eq!(Table::of(&cells(&[([0, 0], 0, 0)])).err(), Some(Reason::NoData));
        assert_eq!(Table::of(&cells(&[([0, 0], 1, 2)])).err(), Some(Reason::InconsistentCounts));
    }
}
