//! One model for all cells: what a platform is worth in a stratum, drawn towards what it is worth elsewhere.
//!
//! Cells of one stratum and platform are thin, and consultations of one organisation share their luck. The model is
//! logit θ = a(stratum) + b(platform) + g(platform, stratum) + u(unit) + h(platform, unit), where b, g, u and h are
//! normal around zero. How widely they spread is not known either: a grid of standard deviations is fitted, and each
//! point weighs what the counts say of it, because the single best point understates what is uncertain (it is often
//! zero where nothing can be told). At each point the coefficients are normal around their mode (Laplace).
//!
//! What is told of a stratum is the share over a population of units like those seen. Where each unit has one
//! platform, what is the platform and what its units cannot be told apart: the prior alone holds them, the shares are
//! as uncertain as that, and it is said. Fitted by Newton's method; units are eliminated one by one, so that hundreds
//! of them cost no more than their cells.
//!
//! Sources: Breslow & Clayton 1993, JASA 88:9; Rue, Martino & Chopin 2009, JRSS B 71:319, for the grid.

mod draw;
mod mode;
mod pooled;
mod unit;

use std::collections::BTreeMap;

pub use draw::Draws;
pub(super) use draw::standard_normal;
use mode::{Layout, Mode};

use crate::stats::status::Reason;

/// The name of the model.
pub const METHOD: &str = "joint_laplace_grid";
/// The standard deviations that are tried for each of the four kinds of effects, in logits.
const GRID: [f64; 4] = [0.03, 0.1, 0.3, 0.9];
/// The scale of the half-normal prior of a standard deviation.
const SCALE: f64 = 0.5;
/// How many times as likely it is beforehand that strata make next to no difference to platforms, as each other point of
/// the grid: half of the weight, about.
const SCEPTICISM: f64 = 3.0;
/// The largest number of coefficients besides those of units.
pub const MOST_COEFFICIENTS: usize = 400;
/// Points of the grid that weigh less than this share of the heaviest are left out.
const LIGHT: f64 = 1e-4;

/// The counts of one unit with one platform in one stratum.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Cell {
    /// The unit that shares its luck, by number.
    pub unit: u32,
    /// The stratum, by number.
    pub stratum: u32,
    /// The platform, by number.
    pub platform: u32,
    /// Observations.
    pub n: u64,
    /// Events among them.
    pub x: u64,
}

/// How widely effects spread, as standard deviations of logits.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Spread {
    /// Of platforms.
    pub platform: f64,
    /// Of platforms in a stratum, besides.
    pub interaction: f64,
    /// Of units.
    pub unit: f64,
    /// Of a platform in a unit, besides.
    pub unit_platform: f64,
}

/// The model, fitted.
#[derive(Debug)]
pub struct Joint {
    layout: Layout,
    /// The points of the grid with their weights, which sum to one.
    points: Vec<(f64, Spread, Mode)>,
    /// Whether no unit had two platforms, so that platforms and their units cannot be told apart.
    pub confounded: bool,
}

/// The counts, each cell once, in order.
fn merged(cells: &[Cell]) -> Result<Vec<Cell>, Reason> {
    let mut merged: BTreeMap<(u32, u32, u32), (u64, u64)> = BTreeMap::new();
    for cell in cells.iter().filter(|cell| cell.n > 0) {
        if cell.x > cell.n {
            return Err(Reason::InconsistentCounts);
        }
        let (n, x) = merged.entry((cell.unit, cell.stratum, cell.platform)).or_default();
        *n = n.checked_add(cell.n).ok_or(Reason::TooLarge)?;
        *x += cell.x;
    }
    let cell = |((unit, stratum, platform), (n, x))| Cell { unit, stratum, platform, n, x };
    Ok(merged.into_iter().map(cell).collect())
}

/// Fits the model to cells of so many strata and platforms, in any order.
///
/// # Errors
/// Says why without observations, with a stratum or platform whose number is not below theirs, with more coefficients
/// than [`MOST_COEFFICIENTS`], or where no point of the grid can be fitted.
pub fn fit(cells: &[Cell], strata: usize, platforms: usize) -> Result<Joint, Reason> {
    let cells = merged(cells)?;
    if cells.is_empty() {
        return Err(Reason::NoData);
    }
    let known = |cell: &Cell| (cell.stratum as usize) < strata && (cell.platform as usize) < platforms;
    if !cells.iter().all(known) {
        return Err(Reason::InvalidParameter);
    }
    let layout = Layout::new(cells, strata, platforms);
    if layout.coefficients() > MOST_COEFFICIENTS {
        return Err(Reason::TooLarge);
    }
    let mut points: Vec<(f64, Spread, Mode)> = Vec::new();
    for spread in grid(layout.has_units()) {
        let start = points.last().map(|(_, _, mode)| mode);
        if let Some(mode) = Mode::find(&layout, &spread, start) {
            let weight = mode.log_marginal + log_prior(&spread, layout.has_units());
            points.push((weight, spread, mode));
        }
    }
    let heaviest = points.iter().map(|(weight, ..)| *weight).fold(f64::NEG_INFINITY, f64::max);
    if !heaviest.is_finite() {
        return Err(Reason::NotFinite);
    }
    points.iter_mut().for_each(|(weight, ..)| *weight = libm::exp(*weight - heaviest));
    points.retain(|(weight, ..)| *weight >= LIGHT);
    let total: f64 = points.iter().map(|(weight, ..)| weight).sum();
    points.iter_mut().for_each(|(weight, ..)| *weight /= total);
    let confounded = layout.has_units() && !layout.some_unit_has_two_platforms();
    Ok(Joint { layout, points, confounded })
}

/// Every point of the grid; effects of units are left out where there is one unit only.
fn grid(has_units: bool) -> impl Iterator<Item = Spread> {
    let of_units: &'static [f64] = if has_units { &GRID } else { &[0.0] };
    GRID.into_iter().flat_map(move |platform| {
        GRID.into_iter().flat_map(move |interaction| {
            of_units.iter().flat_map(move |unit| {
                of_units.iter().map(move |unit_platform| Spread {
                    platform,
                    interaction,
                    unit: *unit,
                    unit_platform: *unit_platform,
                })
            })
        })
    })
}

/// The logarithm of the prior of a point: half-normal in the standard deviation, on points that lie evenly on a
/// logarithmic scale. So effects that are next to nothing are as likely beforehand as large ones; with a prior that is
/// flat in the standard deviation itself, platforms that are alike seemed to be worth choosing among. That platforms fare
/// alike in all strata is [`SCEPTICISM`] times as likely beforehand as any other point: a range is a claim that they do
/// not, and with even weights it seemed to gain 1 in 1,000 where there was nothing.
fn log_prior(spread: &Spread, has_units: bool) -> f64 {
    let of = |sd: f64| -sd * sd / (2.0 * SCALE * SCALE);
    let of_units = if has_units { of(spread.unit) + of(spread.unit_platform) } else { 0.0 };
    let sceptical = if spread.interaction <= GRID[0] { libm::log(SCEPTICISM) } else { 0.0 };
    of(spread.platform) + of(spread.interaction) + of_units + sceptical
}

impl Joint {
    /// How widely effects spread, on average over the grid.
    pub fn spread(&self) -> Spread {
        let mean =
            |of: fn(&Spread) -> f64| self.points.iter().map(|(weight, spread, _)| weight * of(spread)).sum();
        Spread {
            platform: mean(|spread| spread.platform),
            interaction: mean(|spread| spread.interaction),
            unit: mean(|spread| spread.unit),
            unit_platform: mean(|spread| spread.unit_platform),
        }
    }

    /// `count` draws of the shares of every platform in every stratum, always the same ones.
    pub fn draws(&self, count: usize) -> Draws {
        Draws::of(self, count)
    }
}

#[cfg(test)]
mod tests;
