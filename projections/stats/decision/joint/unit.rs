//! What is a unit's own in the system of Newton's method, and what it leaves to the common part.
//!
//! A unit has a coefficient of its own and one for each of its platforms, and those meet no other: an arrow, which is
//! solved without a matrix. What it takes out of the common part is a square for each platform and one for all.

use super::pooled::Pooled;

/// A cell of a unit, at the coefficients that are tried.
pub(super) struct UnitCell {
    /// Its place among all strata of all platforms.
    pub(super) place: usize,
    /// The place of its platform among those of the unit.
    pub(super) platform: usize,
    /// What an event less or more weighs there.
    pub(super) weight: f64,
    /// By how much its events exceed what is expected.
    pub(super) excess: f64,
}

/// One unit: its own part of the system, and what it shares with the common one.
pub(super) struct Block {
    cells: Vec<UnitCell>,
    /// The precision of the prior of a platform's coefficient.
    by_platform: f64,
    /// The right-hand side and the pivot of its own coefficient, once those of platforms are eliminated.
    right: f64,
    pivot: f64,
    platforms: Vec<Arm>,
}

/// A platform of a unit.
#[derive(Clone)]
struct Arm {
    /// What its cells weigh.
    weight: f64,
    /// That, and the precision of its prior.
    diagonal: f64,
    right: f64,
}

impl Block {
    /// That of cells in order of their places; the precisions are those of the unit's coefficient and of its platforms'.
    pub(super) fn of(cells: Vec<UnitCell>, [own, by_platform]: [f64; 2], coefficients: &[f64]) -> Self {
        let (value, values) =
            coefficients.split_first().map_or((0.0, &[][..]), |(value, values)| (*value, values));
        let arm = |value: &f64| Arm { weight: 0.0, diagonal: by_platform, right: -by_platform * value };
        let mut platforms: Vec<Arm> = values.iter().map(arm).collect();
        let mut right = -own * value;
        for cell in &cells {
            let arm = &mut platforms[cell.platform];
            arm.weight += cell.weight;
            arm.diagonal += cell.weight;
            arm.right += cell.excess;
            right += cell.excess;
        }
        let pivot = own + platforms.iter().map(|arm| arm.weight * (by_platform / arm.diagonal)).sum::<f64>();
        Self { cells, by_platform, right, pivot, platforms }
    }

    pub(super) fn log_determinant(&self) -> f64 {
        libm::log(self.pivot) + self.platforms.iter().map(|arm| libm::log(arm.diagonal)).sum::<f64>()
    }

    /// Takes what the unit itself can explain out of the common part.
    pub(super) fn eliminate(&self, pooled: &mut Pooled) {
        let explained = self.gradient();
        let (own, by_platform) = self.solve(&explained);
        let mut shared = vec![0.0; pooled.size()];
        for cell in &self.cells {
            shared[cell.place] = cell.weight * (self.by_platform / self.platforms[cell.platform].diagonal);
            pooled.take(cell.place, cell.weight * (own + by_platform[cell.platform]));
        }
        let mut of_platform = vec![0.0; pooled.size()];
        for cells in self.cells.chunk_by(|a, b| a.platform == b.platform) {
            cells.iter().for_each(|cell| of_platform[cell.place] = cell.weight);
            for cell in cells {
                let diagonal = self.platforms[cell.platform].diagonal;
                pooled.take_from_row(cell.place, shared[cell.place] / self.pivot, &shared);
                pooled.take_from_row(cell.place, cell.weight / diagonal, &of_platform);
            }
            cells.iter().for_each(|cell| of_platform[cell.place] = 0.0);
        }
    }

    /// The right-hand side of its own coefficients: its own, then those of its platforms.
    pub(super) fn gradient(&self) -> Vec<f64> {
        std::iter::once(self.right).chain(self.platforms.iter().map(|arm| arm.right)).collect()
    }

    /// The solution of the unit's own part of the system.
    fn solve(&self, right: &[f64]) -> (f64, Vec<f64>) {
        let (own, rights) = right.split_first().map_or((0.0, &[][..]), |(own, rights)| (*own, rights));
        let explained =
            self.platforms.iter().zip(rights).map(|(arm, right)| arm.weight * right / arm.diagonal);
        let own = (own - explained.sum::<f64>()) / self.pivot;
        let platforms = self.platforms.iter().zip(rights);
        (own, platforms.map(|(arm, right)| (right - arm.weight * own) / arm.diagonal).collect())
    }

    /// The step of the unit's own coefficients, given that of each stratum and platform.
    pub(super) fn back(&self, step: &[f64]) -> Vec<f64> {
        let mut right = self.gradient();
        for cell in &self.cells {
            let explained = cell.weight * step[cell.place];
            right[0] -= explained;
            right[1 + cell.platform] -= explained;
        }
        let (own, platforms) = self.solve(&right);
        std::iter::once(own).chain(platforms).collect()
    }

    /// What it took out of the common right-hand side, along a step.
    pub(super) fn taken(&self, step: &[f64]) -> f64 {
        let (own, platforms) = self.solve(&self.gradient());
        let cells = self.cells.iter();
        cells.map(|cell| cell.weight * (own + platforms[cell.platform]) * step[cell.place]).sum()
    }
}
