//! The most likely coefficients at one point of the grid, and how far they may be from it.

use super::pooled::Pooled;
use super::unit::{Block, UnitCell};
use super::{Cell, Spread};
use crate::stats::linear::Factor;

/// The standard deviation of the effects of strata, in logits: they are as good as free.
const FREE: f64 = 10.0;
/// Newton's steps; a dozen suffice.
const STEPS: usize = 60;
/// A gain of the objective below this is none: the mode is a ten millionth of a standard error away.
const GAIN: f64 = 1e-14;
/// An objective that is lower by this share of itself is lower by rounding alone.
const ROUNDING: f64 = 1e-13;

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
    /// The layout of cells.
    pub(super) fn new(mut cells: Vec<Cell>, strata: usize, platforms: usize) -> Self {
        cells.sort_unstable_by_key(|cell| (cell.unit, cell.platform, cell.stratum));
        let mut units = Vec::new();
        let mut begin = 0;
        for unit in cells.chunk_by(|a, b| a.unit == b.unit) {
            let mut theirs: Vec<u32> = unit.iter().map(|cell| cell.platform).collect();
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

    /// The place of a cell among all strata of all platforms.
    fn pooled_place(&self, cell: &Cell) -> usize {
        cell.platform as usize * self.strata + cell.stratum as usize
    }

    /// What coefficients amount to in each stratum of each platform.
    fn pooled(&self, coefficients: &[f64]) -> Vec<f64> {
        let of = |platform: usize, stratum: usize| -> f64 {
            self.places(stratum, platform).iter().map(|place| coefficients[*place]).sum()
        };
        let all =
            (0..self.platforms).flat_map(|platform| (0..self.strata).map(move |stratum| (platform, stratum)));
        all.map(|(platform, stratum)| of(platform, stratum)).collect()
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

/// Coefficients that are tried.
#[derive(Clone)]
struct Place {
    coefficients: Vec<f64>,
    units: Vec<Vec<f64>>,
}

/// What the counts say of a place.
struct Look {
    /// The logarithm of likelihood and prior, but for a constant that is the same at every point.
    height: f64,
    /// By cell: what an event less or more weighs there, and by how much its events exceed what is expected.
    cells: Vec<[f64; 2]>,
}

/// A step of Newton's method.
struct Step {
    factor: Factor,
    coefficients: Vec<f64>,
    units: Vec<Vec<f64>>,
    log_determinant: f64,
    /// What the whole step is expected to gain.
    gain: f64,
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
        let mut look = here.look(layout, spread);
        for _ in 0..STEPS {
            let step = here.step(layout, spread, &look)?;
            if step.gain < GAIN {
                let Place { coefficients, units } = here.moved(&step, 1.0);
                let log_marginal = look.height - step.log_determinant / 2.0;
                let factor = step.factor;
                return log_marginal.is_finite().then_some(Self {
                    coefficients,
                    units,
                    factor,
                    log_marginal,
                });
            }
            (here, look) = here.best_step(layout, spread, &step, look.height)?;
        }
        None
    }
}

impl Place {
    fn look(&self, layout: &Layout, spread: &Spread) -> Look {
        let prior = |value: f64, precision: f64| libm::log(precision) / 2.0 - precision * value * value / 2.0;
        let mut height: f64 = self
            .coefficients
            .iter()
            .zip(layout.precisions(spread))
            .map(|(value, by)| prior(*value, by))
            .sum();
        let mut cells = Vec::with_capacity(layout.cells.len());
        for (unit, (theirs, platforms)) in layout.units.iter().enumerate() {
            for (place, value) in self.units[unit].iter().enumerate() {
                height += prior(*value, Layout::precision_of_unit(spread, place));
            }
            for cell in &layout.cells[theirs.clone()] {
                let logit = self.logit(layout, (unit, platforms), cell);
                let (n, x) = (cell.n as f64, cell.x as f64);
                // log(1 + eˡ) without overflow.
                let odds = libm::exp(-logit.abs());
                height += x * logit - n * (logit.max(0.0) + libm::log1p(odds));
                let share = if logit < 0.0 { odds } else { 1.0 } / (1.0 + odds);
                cells.push([n * odds / ((1.0 + odds) * (1.0 + odds)), x - n * share]);
            }
        }
        Look { height, cells }
    }

    fn logit(&self, layout: &Layout, (unit, platforms): (usize, &[u32]), cell: &Cell) -> f64 {
        let places = layout.places(cell.stratum as usize, cell.platform as usize);
        let common: f64 = places.iter().map(|place| self.coefficients[*place]).sum();
        match (&self.units[unit][..], platforms.binary_search(&cell.platform)) {
            ([own, by_platform @ ..], Ok(platform)) => common + own + by_platform[platform],
            _ => common,
        }
    }

    /// The step of Newton's method: units are eliminated first, each on its own.
    fn step(&self, layout: &Layout, spread: &Spread, look: &Look) -> Option<Step> {
        let mut pooled = Pooled::nothing(layout.strata, layout.platforms);
        let mut log_determinant = 0.0;
        let mut blocks = Vec::with_capacity(layout.units.len());
        for (unit, (theirs, platforms)) in layout.units.iter().enumerate() {
            let cells = layout.cells[theirs.clone()].iter().zip(&look.cells[theirs.clone()]);
            let cells = cells.map(|(cell, [weight, excess])| UnitCell {
                place: layout.pooled_place(cell),
                platform: platforms.binary_search(&cell.platform).unwrap_or_default(),
                weight: *weight,
                excess: *excess,
            });
            let cells: Vec<UnitCell> = cells.collect();
            cells.iter().for_each(|cell| pooled.add(cell));
            if layout.has_units() {
                let precision = |place| Layout::precision_of_unit(spread, place);
                let block = Block::of(cells, [precision(0), precision(1)], &self.units[unit]);
                log_determinant += block.log_determinant();
                block.eliminate(&mut pooled);
                blocks.push(block);
            }
        }
        let (mut matrix, mut right) = pooled.spread_out();
        for (place, by) in layout.precisions(spread).enumerate() {
            matrix.add(place, place, by);
            right[place] -= by * self.coefficients[place];
        }
        let factor = matrix.factor()?;
        log_determinant += factor.log_determinant();
        let coefficients = factor.solve(&right);
        let moved = layout.pooled(&coefficients);
        let units: Vec<Vec<f64>> = match layout.has_units() {
            true => blocks.iter().map(|block| block.back(&moved)).collect(),
            false => vec![Vec::new(); layout.units.len()],
        };
        let along = |step: &[f64], right: &[f64]| step.iter().zip(right).map(|(a, b)| a * b).sum::<f64>();
        // The right-hand sides as they were before units were taken out of the common one.
        let own: f64 = blocks.iter().zip(&units).map(|(block, step)| along(step, &block.gradient())).sum();
        let common =
            along(&coefficients, &right) + blocks.iter().map(|block| block.taken(&moved)).sum::<f64>();
        Some(Step { factor, coefficients, units, log_determinant, gain: (common + own) / 2.0 })
    }

    /// The place after the step, or a part of it, that is no lower.
    fn best_step(&self, layout: &Layout, spread: &Spread, step: &Step, height: f64) -> Option<(Self, Look)> {
        let mut part = 1.0;
        for _ in 0..40 {
            let next = self.moved(step, part);
            let look = next.look(layout, spread);
            if look.height >= height - ROUNDING * height.abs() {
                return Some((next, look));
            }
            part /= 2.0;
        }
        None
    }

    /// The place after so much of a step.
    fn moved(&self, step: &Step, part: f64) -> Self {
        let moved = |values: &[f64], step: &[f64]| -> Vec<f64> {
            values.iter().zip(step).map(|(value, step)| value + part * step).collect()
        };
        Self {
            coefficients: moved(&self.coefficients, &step.coefficients),
            units: self.units.iter().zip(&step.units).map(|(own, step)| moved(own, step)).collect(),
        }
    }
}

pub(super) fn logistic(logit: f64) -> f64 {
    1.0 / (1.0 + libm::exp(-logit))
}
