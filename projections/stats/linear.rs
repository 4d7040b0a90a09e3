//! Symmetric systems of the size of a model: tens of rows, one for each coefficient.
//!
//! Elimination runs in the order of the columns and never exchanges any, so that the same cells always give the
//! same coefficients to the last bit, and a column that repeats earlier ones is known by a pivot of zero. It is no
//! general linear algebra: matrices are symmetric and positive, or refused.

/// A pivot below this share of its column is the trace of rounding.
const ROUNDING: f64 = 1e-13;

/// A symmetric matrix, of which the lower half is kept.
#[derive(Debug, Clone)]
pub(super) struct Symmetric {
    rows: Vec<Vec<f64>>,
}

impl Symmetric {
    pub(super) fn zero(size: usize) -> Self {
        Self { rows: (1..=size).map(|length| vec![0.0; length]).collect() }
    }

    pub(super) fn size(&self) -> usize {
        self.rows.len()
    }

    pub(super) fn at(&self, i: usize, j: usize) -> f64 {
        self.rows.get(i.max(j)).and_then(|row| row.get(i.min(j))).copied().unwrap_or(0.0)
    }

    /// Adds to one entry of the lower half, and to its mirror image with it.
    pub(super) fn add(&mut self, i: usize, j: usize, x: f64) {
        if let Some(entry) = self.rows.get_mut(i.max(j)).and_then(|row| row.get_mut(i.min(j))) {
            *entry += x;
        }
    }

    /// Takes `scale` times values out of a row of the lower half, up to its diagonal.
    pub(super) fn take_from_row(&mut self, i: usize, scale: f64, values: &[f64]) {
        for (entry, value) in self.rows.get_mut(i).into_iter().flatten().zip(values) {
            *entry -= scale * value;
        }
    }

    /// The rows and columns named, in that order.
    pub(super) fn part(&self, kept: &[usize]) -> Self {
        let row =
            |(length, i): (usize, &usize)| kept.iter().take(length + 1).map(|j| self.at(*i, *j)).collect();
        Self { rows: kept.iter().enumerate().map(row).collect() }
    }

    /// The columns that are no combination of earlier ones: their pivot is above `share` of what it started from.
    pub(super) fn independent(&self, share: f64) -> Vec<usize> {
        let mut kept: Vec<usize> = Vec::new();
        let mut factor: Vec<Vec<f64>> = Vec::new();
        for column in 0..self.size() {
            let across = kept.iter().map(|other| self.at(column, *other));
            let row = forward(&factor, across);
            let pivot = self.at(column, column) - row.iter().map(|x| x * x).sum::<f64>();
            if pivot > share * self.at(column, column) {
                factor.push([&row[..], &[pivot.sqrt()]].concat());
                kept.push(column);
            }
        }
        kept
    }

    /// The same matrix with its diagonal raised by a share of itself.
    pub(super) fn raised(mut self, share: f64) -> Self {
        for entry in self.rows.iter_mut().filter_map(|row| row.last_mut()) {
            *entry *= 1.0 + share;
        }
        self
    }

    /// The Cholesky factor, or nothing where the matrix is not positive.
    pub(super) fn factor(&self) -> Option<Factor> {
        let mut factor: Vec<Vec<f64>> = Vec::new();
        for (i, entries) in self.rows.iter().enumerate() {
            let row = forward(&factor, entries.iter().take(i).copied());
            let pivot = self.at(i, i) - product(&row, &row);
            if !(pivot > ROUNDING * self.at(i, i) && pivot.is_finite()) {
                return None;
            }
            factor.push([&row[..], &[pivot.sqrt()]].concat());
        }
        Some(Factor { rows: factor })
    }
}

/// A lower triangle L with L·Lᵀ the matrix it came from.
#[derive(Debug)]
pub(super) struct Factor {
    rows: Vec<Vec<f64>>,
}

impl Factor {
    /// The solution of the system with this right-hand side.
    pub(super) fn solve(&self, right: &[f64]) -> Vec<f64> {
        self.spread(forward(&self.rows, right.iter().copied()))
    }

    /// The logarithm of the determinant of the matrix it came from.
    pub(super) fn log_determinant(&self) -> f64 {
        self.rows.iter().filter_map(|row| row.last()).map(|pivot| 2.0 * libm::log(*pivot)).sum()
    }

    /// The solution for the transposed triangle alone: of independent standard normal values it makes values whose
    /// covariance is the inverse of the matrix it came from.
    pub(super) fn spread(&self, mut values: Vec<f64>) -> Vec<f64> {
        for (i, row) in self.rows.iter().enumerate().rev() {
            let Some((pivot, before)) = row.split_last() else { continue };
            let Some(value) = values.get_mut(i) else { continue };
            *value /= pivot;
            let value = *value;
            for (earlier, across) in values.iter_mut().zip(before) {
                *earlier -= across * value;
            }
        }
        values
    }

    /// The inverse matrix.
    pub(super) fn inverse(&self) -> Symmetric {
        let size = self.rows.len();
        let mut inverse = Symmetric::zero(size);
        for i in 0..size {
            let unit: Vec<f64> = (0..size).map(|j| f64::from(u8::from(i == j))).collect();
            for (j, x) in self.solve(&unit).into_iter().enumerate().take(i + 1) {
                inverse.add(i, j, x);
            }
        }
        inverse
    }
}

/// Solves for a lower triangle, row by row; as many rows as it has and values there are.
fn forward(factor: &[Vec<f64>], right: impl Iterator<Item = f64>) -> Vec<f64> {
    let mut solution: Vec<f64> = Vec::with_capacity(factor.len());
    for (row, right) in factor.iter().zip(right) {
        let known = product(row, &solution);
        let pivot = row.last().copied().unwrap_or(1.0);
        solution.push((right - known) / pivot);
    }
    solution
}

/// The sum of the products of two rows, up to the end of the shorter one: in four sums, so that none waits for another.
fn product(one: &[f64], other: &[f64]) -> f64 {
    let length = one.len().min(other.len());
    let (one, other) = (one[..length].chunks_exact(4), other[..length].chunks_exact(4));
    let rest: f64 = one.remainder().iter().zip(other.remainder()).map(|(a, b)| a * b).sum();
    let mut sums = [0.0; 4];
    for (one, other) in one.zip(other) {
        for (sum, (a, b)) in sums.iter_mut().zip(one.iter().zip(other)) {
            *sum += a * b;
        }
    }
    (sums[0] + sums[1]) + (sums[2] + sums[3]) + rest
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stats::checks::near;

    fn of(rows: &[&[f64]]) -> Symmetric {
        Symmetric { rows: rows.iter().map(|row| row.to_vec()).collect() }
    }

    #[test]
    fn a_system_is_solved_and_inverted() {
        let matrix = of(&[&[4.0], &[2.0, 5.0], &[1.0, 3.0, 6.0]]);
        let factor = matrix.factor().unwrap();
        for (x, expected) in factor.solve(&[11.0, 21.0, 25.0]).into_iter().zip([1.0, 2.0, 3.0]) {
            near(x, expected, 1e-14);
        }
        let inverse = factor.inverse();
        for i in 0..3 {
            for j in 0..3 {
                let product: f64 = (0..3).map(|k| matrix.at(i, k) * inverse.at(k, j)).sum();
                near(product, if i == j { 1.0 } else { 0.0 }, 1e-14);
            }
        }
    }

    #[test]
    fn the_transposed_triangle_spreads_values_by_the_inverse() {
        let factor = of(&[&[4.0], &[2.0, 5.0], &[1.0, 3.0, 6.0]]).factor().unwrap();
        let inverse = factor.inverse();
        let columns: Vec<Vec<f64>> =
            (0..3).map(|i| factor.spread((0..3).map(|j| f64::from(u8::from(i == j))).collect())).collect();
        for i in 0..3 {
            for j in 0..3 {
                let covariance: f64 = columns.iter().map(|column| column[i] * column[j]).sum();
                near(covariance, inverse.at(i, j), 1e-14);
            }
        }
        near(factor.log_determinant(), libm::log(67.0), 1e-14);
    }

    #[test]
    fn a_column_that_repeats_others_is_found() {
        // The third is the sum of the first two.
        let gram = of(&[&[2.0], &[1.0, 3.0], &[3.0, 4.0, 7.0], &[1.0, 1.0, 2.0, 5.0]]);
        assert_eq!(gram.independent(1e-9), [0, 1, 3]);
        assert!(gram.factor().is_none());
        let part = gram.part(&[0, 1, 3]);
        assert_eq!((part.size(), part.at(2, 1), part.at(1, 2)), (3, 1.0, 1.0));
        assert!(part.factor().is_some());
    }

    #[test]
    fn nothing_is_solved_by_nothing() {
        assert!(of(&[]).factor().is_some_and(|factor| factor.solve(&[]).is_empty()));
        assert!(of(&[&[f64::NAN]]).factor().is_none());
    }
}
