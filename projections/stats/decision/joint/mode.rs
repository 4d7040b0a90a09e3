//! The most likely coefficients at one point of the grid, and how far they may be from it.

use super::{Cell, Spread};
use crate::stats::linear::{Factor, Symmetric};

/// The standard deviation of the effects of strata, in logits: they are as good as free.
const FREE: f64 = 10.0;
/// Newton's steps; a dozen suffice.
const STEPS: usize = 60;
/// A gain of the objective below this is none.
const GAIN: f64 = 1e-10;

/// Which coefficient stands where, and the cells by unit.
#[derive(Debug)]
pub(super) struct Layout {
    pub(super) strata: usize,
    pub(super) platforms: usize,
    cells: Vec<Cell>,
    /// By unit: where its cells begin and end, and the platforms it had, in order.
    units: Vec<(std::ops::Range<usize>, Vec<u32>)>,
}

impl Layout {
    /// The layout of cells, which are in order of units.
    pub(super) fn new(cells: Vec<Cell>, strata: usize, platforms: usize) -> Self {
        let mut units = Vec::new();
        let mut begin = 0;
        for unit in cells.chunk_by(|a, b| a.unit == b.unit) {
            let mut theirs: Vec<u32> = unit.iter().map(|cell| cell.platform).collect();
            theirs.sort_unstable();
            theirs.dedup();
            units.push((begin..begin + unit.len(), theirs));
            begin += unit.len();
        }
        Self { strata, platforms, cells, units }
    }

    /// Coefficients besides those of units: of strata, of platforms, and of both together.
    pub(super) fn coefficients(&self) -> usize {
        self.strata + self.platforms + self.strata * self.platforms
    }

    pub(super) fn has_units(&self) -> bool {
        self.units.len() > 1
    }

    pub(super) fn some_unit_has_two_platforms(&self) -> bool {
        self.units.iter().any(|(_, platforms)| platforms.len() > 1)
    }

    /// The coefficients of one stratum with one platform.
    pub(super) fn places(&self, stratum: usize, platform: usize) -> [usize; 3] {
        let both = self.strata + self.platforms + platform * self.strata + stratum;
        [stratum, self.strata + platform, both]
    }

    /// The precision of each coefficient's prior.
    fn precisions(&self, spread: &Spread) -> impl Iterator<Item = f64> {
        let of = |sd: f64, count| std::iter::repeat_n(1.0 / (sd * sd), count);
        let both = self.strata * self.platforms;
        of(FREE, self.strata).chain(of(spread.platform, self.platforms)).chain(of(spread.interaction, both))
    }

    /// The coefficients of a unit: its own, then those of its platforms; none where there is one unit only.
    fn width(&self, unit: usize) -> usize {
        if self.has_units() { 1 + self.units[unit].1.len() } else { 0 }
    }

    /// The precision of the prior of a unit's coefficient.
    fn precision_of_unit(spread: &Spread, place: usize) -> f64 {
        let sd = if place == 0 { spread.unit } else { spread.unit_platform };
        1.0 / (sd * sd)
    }
}

/// The mode at one point of the grid.
#[derive(Debug)]
pub(super) struct Mode {
    /// The coefficients besides those of units.
    pub(super) coefficients: Vec<f64>,
    units: Vec<Vec<f64>>,
    /// The Cholesky factor of the inverse of their covariance, with the units' taken into account.
    pub(super) factor: Factor,
    /// The logarithm of what the counts say of the point, but for a constant.
    pub(super) log_marginal: f64,
}

/// What Newton's method needs at one place.
struct System {
    factor: Factor,
    step: Vec<f64>,
    unit_steps: Vec<Vec<f64>>,
    log_determinant: f64,
}

impl Mode {
    /// The mode, looked for from another one; nothing where it is not found.
    pub(super) fn find(layout: &Layout, spread: &Spread, from: Option<&Self>) -> Option<Self> {
        let mut here = Place {
            coefficients: from
                .map_or_else(|| vec![0.0; layout.coefficients()], |mode| mode.coefficients.clone()),
            units: from.map_or_else(
                || (0..layout.units.len()).map(|unit| vec![0.0; layout.width(unit)]).collect(),
                |mode| mode.units.clone(),
            ),
        };
        let mut height = here.height(layout, spread);
        for _ in 0..STEPS {
            let system = here.system(layout, spread)?;
            let (next, reached) = here.best_step(layout, spread, &system, height)?;
            let gained = reached - height;
            (here, height) = (next, reached);
            if gained < GAIN {
                let System { factor, log_determinant, .. } = here.system(layout, spread)?;
                let log_marginal = height - log_determinant / 2.0;
                let Place { coefficients, units } = here;
                return log_marginal.is_finite().then_some(Self {
                    coefficients,
                    units,
                    factor,
                    log_marginal,
                });
            }
        }
        None
    }
}

/// Coefficients that are tried.
#[derive(Clone)]
struct Place {
    coefficients: Vec<f64>,
    units: Vec<Vec<f64>>,
}

impl Place {
    /// The coefficients of a unit that a cell has: its own, and that of its platform.
    fn of_unit(layout: &Layout, unit: usize, cell: &Cell) -> Option<[usize; 2]> {
        let platform = layout.units[unit].1.binary_search(&cell.platform).ok()?;
        layout.has_units().then_some([0, 1 + platform])
    }

    fn logit(&self, layout: &Layout, unit: usize, cell: &Cell) -> f64 {
        let places = layout.places(cell.stratum as usize, cell.platform as usize);
        let common: f64 = places.iter().map(|place| self.coefficients[*place]).sum();
        let own = Self::of_unit(layout, unit, cell);
        common + own.map_or(0.0, |places| places.iter().map(|place| self.units[unit][*place]).sum())
    }

    /// The logarithm of likelihood and prior, but for a constant that is the same at every point.
    fn height(&self, layout: &Layout, spread: &Spread) -> f64 {
        let prior = |value: f64, precision: f64| libm::log(precision) / 2.0 - precision * value * value / 2.0;
        let mut height: f64 = self
            .coefficients
            .iter()
            .zip(layout.precisions(spread))
            .map(|(value, by)| prior(*value, by))
            .sum();
        for (unit, (cells, _)) in layout.units.iter().enumerate() {
            for (place, value) in self.units[unit].iter().enumerate() {
                height += prior(*value, Layout::precision_of_unit(spread, place));
            }
            for cell in &layout.cells[cells.clone()] {
                let logit = self.logit(layout, unit, cell);
                // log(1 + eˡ) without overflow.
                let normaliser = logit.max(0.0) + libm::log1p(libm::exp(-logit.abs()));
                height += cell.x as f64 * logit - cell.n as f64 * normaliser;
            }
        }
        height
    }

    /// The step of Newton's method: units are eliminated first, each on its own.
    fn system(&self, layout: &Layout, spread: &Spread) -> Option<System> {
        let size = layout.coefficients();
        let mut matrix = Symmetric::zero(size);
        let mut right = vec![0.0; size];
        for (place, by) in layout.precisions(spread).enumerate() {
            matrix.add(place, place, by);
            right[place] -= by * self.coefficients[place];
        }
        let mut log_determinant = 0.0;
        let mut blocks = Vec::with_capacity(layout.units.len());
        for unit in 0..layout.units.len() {
            let block = self.block(layout, spread, unit, &mut matrix, &mut right)?;
            log_determinant += block.factor.log_determinant();
            block.eliminate(&mut matrix, &mut right);
            blocks.push(block);
        }
        let factor = matrix.factor()?;
        log_determinant += factor.log_determinant();
        let step = factor.solve(&right);
        let unit_steps = blocks.iter().map(|block| block.back(&step)).collect();
        Some(System { factor, step, unit_steps, log_determinant })
    }

    /// What the cells of a unit add, to the common part and to its own.
    fn block(
        &self,
        layout: &Layout,
        spread: &Spread,
        unit: usize,
        matrix: &mut Symmetric,
        right: &mut [f64],
    ) -> Option<Block> {
        let cells = &layout.cells[layout.units[unit].0.clone()];
        let places = |cell: &Cell| layout.places(cell.stratum as usize, cell.platform as usize);
        let mut common: Vec<usize> = cells.iter().flat_map(places).collect();
        common.sort_unstable();
        common.dedup();
        let width = layout.width(unit);
        let mut own = Symmetric::zero(width);
        let mut own_right = Vec::with_capacity(width);
        for (place, value) in self.units[unit].iter().enumerate() {
            let by = Layout::precision_of_unit(spread, place);
            own.add(place, place, by);
            own_right.push(-by * value);
        }
        let mut across = vec![vec![0.0; common.len()]; width];
        for cell in cells {
            let share = logistic(self.logit(layout, unit, cell));
            let weight = cell.n as f64 * share * (1.0 - share);
            let residual = cell.x as f64 - cell.n as f64 * share;
            let places = places(cell);
            for (i, place) in places.iter().enumerate() {
                right[*place] += residual;
                places[..=i].iter().for_each(|other| matrix.add(*place, *other, weight));
            }
            let Some([one, other]) = Self::of_unit(layout, unit, cell) else { continue };
            for own_place in [one, other] {
                own_right[own_place] += residual;
                own.add(own_place, own_place, weight);
                for column in places.iter().filter_map(|place| common.binary_search(place).ok()) {
                    across[own_place][column] += weight;
                }
            }
            own.add(one, other, weight);
        }
        Some(Block { factor: own.factor()?, right: own_right, common, across })
    }

    /// The place after the step, or a part of it, that is no lower.
    fn best_step(
        &self,
        layout: &Layout,
        spread: &Spread,
        system: &System,
        height: f64,
    ) -> Option<(Self, f64)> {
        let mut part = 1.0;
        for _ in 0..40 {
            let moved = |values: &[f64], step: &[f64]| -> Vec<f64> {
                values.iter().zip(step).map(|(value, step)| value + part * step).collect()
            };
            let next = Self {
                coefficients: moved(&self.coefficients, &system.step),
                units: self
                    .units
                    .iter()
                    .zip(&system.unit_steps)
                    .map(|(own, step)| moved(own, step))
                    .collect(),
            };
            let reached = next.height(layout, spread);
            if reached >= height - GAIN / 2.0 {
                return Some((next, reached));
            }
            part /= 2.0;
        }
        None
    }
}

/// One unit: its own part of the system, and what it shares with the common one.
struct Block {
    factor: Factor,
    right: Vec<f64>,
    /// The common coefficients that its cells have.
    common: Vec<usize>,
    /// By own coefficient: what is shared with each of those.
    across: Vec<Vec<f64>>,
}

impl Block {
    /// Takes what the unit itself can explain out of the common part.
    fn eliminate(&self, matrix: &mut Symmetric, right: &mut [f64]) {
        let own = self.factor.solve(&self.right);
        for (across, value) in self.across.iter().zip(&own) {
            for (place, shared) in self.common.iter().zip(across) {
                right[*place] -= shared * value;
            }
        }
        for (column, place) in self.common.iter().enumerate() {
            let solved =
                self.factor.solve(&self.across.iter().map(|across| across[column]).collect::<Vec<_>>());
            for (row, other) in self.common.iter().enumerate().skip(column) {
                let explained: f64 =
                    self.across.iter().zip(&solved).map(|(across, solved)| across[row] * solved).sum();
                matrix.add(*other, *place, -explained);
            }
        }
    }

    /// The step of the unit's own coefficients, given that of the common ones.
    fn back(&self, step: &[f64]) -> Vec<f64> {
        let rest = self.right.iter().zip(&self.across).map(|(right, across)| {
            right - self.common.iter().zip(across).map(|(place, shared)| shared * step[*place]).sum::<f64>()
        });
        self.factor.solve(&rest.collect::<Vec<_>>())
    }
}

pub(super) fn logistic(logit: f64) -> f64 {
    1.0 / (1.0 + libm::exp(-logit))
}
