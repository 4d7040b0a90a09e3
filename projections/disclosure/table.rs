//! Numbers that add up: cells in rows and columns, with their margins.

use super::draft::Id;

/// One number of a table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Place {
    /// What it is.
    pub exact: u64,
    /// By which it is told; none: it is not, and only follows from others.
    pub told: Option<Id>,
    /// Whether it is a count of consultations that must not be told when it is small. Not of a number that
    /// was made up to tie others together.
    pub counts: bool,
}

impl Place {
    /// A number that is told.
    #[must_use]
    pub fn told(id: Id, exact: u64) -> Self {
        Self { exact, told: Some(id), counts: true }
    }

    /// A number that follows from others, if at all.
    #[must_use]
    pub fn implied(exact: u64) -> Self {
        Self { exact, told: None, counts: true }
    }
}

/// A table of `rows` by `columns`: cells row by row, then the totals of rows, of columns, and of all.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Table {
    pub(super) rows: usize,
    pub(super) columns: usize,
    pub(super) places: Vec<Place>,
}

impl Table {
    /// A whole and its parts, each told or not.
    #[must_use]
    pub fn line(parts: Vec<Place>, whole: Place) -> Self {
        let implied = |place: &Place| Place { told: None, counts: false, ..*place };
        let columns = parts.len();
        let totals: Vec<Place> = parts.iter().map(implied).collect();
        let mut places = parts;
        places.push(whole);
        places.extend(totals);
        places.push(implied(&whole));
        Self { rows: 1, columns, places }
    }

    /// So many of so many, part by part and as a whole: `parts` are `[of them, all]`.
    ///
    /// The rest of all in each part is told nowhere, but follows from the two.
    #[must_use]
    pub fn shares(parts: &[[Place; 2]], whole: Option<[Place; 2]>) -> Self {
        let rest = |[x, n]: &[Place; 2]| Place::implied(n.exact.saturating_sub(x.exact));
        let sum = |of: fn(&[Place; 2]) -> u64| parts.iter().map(of).sum::<u64>();
        let (x, n) = (sum(|[x, _]| x.exact), sum(|[_, n]| n.exact));
        let untold = |exact| Place { exact, told: None, counts: false };
        let [x, n] = whole.unwrap_or([untold(x), untold(n)]);
        let mut places: Vec<Place> = parts.iter().map(|[x, _]| *x).collect();
        places.extend(parts.iter().map(rest));
        places.extend([x, Place { counts: whole.is_some(), ..rest(&[x, n]) }]);
        places.extend(parts.iter().map(|[_, n]| *n));
        places.push(n);
        Self { rows: 2, columns: parts.len(), places }
    }

    /// Cells by rows and columns with both margins; `cells` row by row.
    #[must_use]
    pub fn crossed(cells: Vec<Place>, rows: Vec<Place>, columns: Vec<Place>, all: Place) -> Self {
        let (r, c) = (rows.len(), columns.len());
        let places = cells.into_iter().chain(rows).chain(columns).chain([all]).collect();
        Self { rows: r, columns: c, places }
    }

    /// Two ways to cut one whole, of which nothing is known but the parts.
    #[must_use]
    pub fn two_cuts(rows: Vec<Place>, columns: Vec<Place>) -> Self {
        let all = rows.iter().map(|place| place.exact).sum();
        let made_up = |exact| Place { exact, told: None, counts: false };
        let mut left: Vec<u64> = columns.iter().map(|place| place.exact).collect();
        // Any cells that add up will do: the corner rule of transport problems.
        let mut cells = Vec::with_capacity(rows.len() * columns.len());
        for row in &rows {
            let mut rest = row.exact;
            for left in &mut left {
                let taken = rest.min(*left);
                rest -= taken;
                *left -= taken;
                cells.push(made_up(taken));
            }
        }
        Self::crossed(cells, rows, columns, made_up(all))
    }

    /// Where the arc of a place begins and ends; nodes 0 and 1 are where all of it ends and begins.
    pub(super) fn ends(&self, place: usize) -> (usize, usize) {
        let (rows, columns) = (self.rows, self.columns);
        let (row, column) = (|row: usize| 2 + row, |column: usize| 2 + rows + column);
        match place.checked_sub(rows * columns) {
            None => (row(place / columns), column(place % columns)),
            Some(total) if total < rows => (1, row(total)),
            Some(total) if total < rows + columns => (column(total - rows), 0),
            Some(_) => (0, 1),
        }
    }

    pub(super) fn nodes(&self) -> usize {
        2 + self.rows + self.columns
    }

    /// How far towards the margin a place lies: a cell, a total of a row or column, or that of all.
    pub(super) fn depth(&self, place: usize) -> usize {
        let cells = self.rows * self.columns;
        usize::from(place >= cells) + usize::from(place + 1 == self.places.len())
    }

    /// Whether two places stand in one sum.
    pub(super) fn share_a_sum(&self, one: usize, other: usize) -> bool {
        let ((a, b), (c, d)) = (self.ends(one), self.ends(other));
        one != other && [a, b].iter().any(|node| *node == c || *node == d)
    }
}
