//! What all units say together, by platform and stratum: the system of Newton's method before it is told what a
//! platform, a stratum and both together add.
//!
//! Every cell has the same three coefficients as the others of its stratum and platform, so that what units say can be
//! added up in one row and column for each of those, and is spread out over coefficients once.

use super::unit::UnitCell;
use crate::stats::linear::Symmetric;

/// What was added up, the strata of the first platform before those of the second.
pub(super) struct Pooled {
    strata: usize,
    platforms: usize,
    matrix: Symmetric,
    right: Vec<f64>,
}

impl Pooled {
    pub(super) fn nothing(strata: usize, platforms: usize) -> Self {
        let size = strata * platforms;
        Self { strata, platforms, matrix: Symmetric::zero(size), right: vec![0.0; size] }
    }

    /// Adds what a cell says.
    pub(super) fn add(&mut self, cell: &UnitCell) {
        self.matrix.add(cell.place, cell.place, cell.weight);
        self.right[cell.place] += cell.excess;
    }

    /// Takes something out of the right-hand side.
    pub(super) fn take(&mut self, place: usize, value: f64) {
        self.right[place] -= value;
    }

    /// Takes `scale` times values out of a row, up to its diagonal.
    pub(super) fn take_from_row(&mut self, place: usize, scale: f64, values: &[f64]) {
        self.matrix.take_from_row(place, scale, values);
    }

    /// How many strata of platforms there are.
    pub(super) fn size(&self) -> usize {
        self.right.len()
    }

    /// The system by coefficients: of strata, of platforms, and of both together.
    pub(super) fn spread_out(&self) -> (Symmetric, Vec<f64>) {
        let (strata, platforms, size) = (self.strata, self.platforms, self.size());
        let both = strata + platforms;
        let mut matrix = Symmetric::zero(both + size);
        let mut right = vec![0.0; both + size];
        for place in 0..size {
            let (platform, stratum) = (place / strata, place % strata);
            let value = self.right[place];
            [stratum, strata + platform, both + place].into_iter().for_each(|to| right[to] += value);
            // What this place shares with the strata and the platforms of all others.
            let mut shared = vec![0.0; both];
            for other in 0..size {
                let entry = self.matrix.at(place, other);
                shared[other % strata] += entry;
                shared[strata + other / strata] += entry;
                if other <= place {
                    matrix.add(both + place, both + other, entry);
                }
            }
            for (to, entry) in shared.into_iter().enumerate() {
                matrix.add(both + place, to, entry);
                // Only the lower half is kept: each pair is told once.
                [stratum, strata + platform].into_iter().filter(|from| *from >= to).for_each(|from| {
                    matrix.add(from, to, entry);
                });
            }
        }
        (matrix, right)
    }
}
