//! The effect of a switch beside an effect of each unit and each period, by weighted least squares.
//!
//! Units and periods are taken out of both the counts and the switch first (Frisch & Waugh), stack by stack, so that
//! one slope is left however many units there are. Shares are fitted as they are; logits by the usual iteration, each
//! step of which is such a fit. The variance sums what each unit contributes, over all its cells. It knows no limits:
//! whether there are units enough for any is decided where the effect is read.
//!
//! Sources: Frisch & Waugh 1933, Econometrica 1:387; McCullagh & Nelder 1989, chapter 4; Liang & Zeger 1986,
//! Biometrika 73:13.

use std::collections::{BTreeMap, BTreeSet};

use crate::stats::status::Reason;

/// Steps within which the logits are found, if they have a maximum.
const STEPS: usize = 200;
/// A change below this ends the iteration.
const STEP: f64 = 1e-12;
/// Logits beyond this count as this: the shares are zero and one to thirteen digits.
const FURTHEST: f64 = 30.0;
/// A remainder below this share of what it was left from is rounding.
const ROUNDING: f64 = 1e-12;
/// How often units and periods are taken out: again, because cells of very unequal size leave rounding behind.
const PASSES: usize = 3;
/// A variance below this share of what independent observations would have is rounding.
const NO_VARIANCE: f64 = 1e-20;

/// The counts of one unit in one period, and how strongly the switch acts there.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Row {
    pub(super) unit: u64,
    pub(super) period: i64,
    pub(super) acts: f64,
    pub(super) n: f64,
    pub(super) x: f64,
}

/// The scale on which units and periods add up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Scale {
    Share,
    Logit,
}

/// Whether periods have effects of their own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Times {
    Own,
    None,
}

/// The slope on the switch.
#[derive(Debug, Clone, Copy)]
pub(super) struct Effect {
    pub(super) value: f64,
    /// Over units, zero where they do not differ.
    pub(super) variance: f64,
    /// The units of the side that has fewer.
    pub(super) fewest: u64,
}

/// The effect of the switch over all stacks, each of which has units and periods of its own.
pub(super) fn effect(stacks: &[Vec<Row>], times: Times, scale: Scale) -> Result<Effect, Reason> {
    let stacks: Vec<Vec<Row>> = match scale {
        Scale::Share => stacks.to_vec(),
        Scale::Logit => stacks.iter().map(|rows| informative(rows, times)).collect(),
    };
    if stacks.iter().all(Vec::is_empty) {
        return Err(if scale == Scale::Logit { Reason::NoVariation } else { Reason::NoData });
    }
    let fit = match scale {
        Scale::Share => {
            let share = |row: &Row| Point { weight: row.n, value: row.x / row.n };
            fit(
                &stacks,
                times,
                &stacks.iter().map(|rows| rows.iter().map(share).collect()).collect::<Vec<_>>(),
            )?
        }
        Scale::Logit => logits(&stacks, times)?,
    };
    Ok(Effect { value: fit.slope, variance: variance(&stacks, &fit, scale), fewest: fewest(&stacks, times) })
}

/// A value to be fitted, and its weight.
#[derive(Clone, Copy)]
struct Point {
    weight: f64,
    value: f64,
}

/// A fitted slope; for each row what it contributes to the slope's error, and what the fit leaves of its value.
struct Fit {
    slope: f64,
    /// The weighted sum of squares of what of the switch is left beside units and periods.
    spread: f64,
    scores: Vec<Vec<f64>>,
    rests: Vec<Vec<f64>>,
}

fn fit(stacks: &[Vec<Row>], times: Times, points: &[Vec<Point>]) -> Result<Fit, Reason> {
    let left = |(rows, points): (&Vec<Row>, &Vec<Point>)| left_over(rows, points, times);
    let both: Vec<Vec<[f64; 2]>> = stacks.iter().zip(points).map(left).collect();
    let weights = || points.iter().flatten().map(|point| point.weight);
    let sum = |term: fn(&[f64; 2]) -> f64| {
        weights().zip(both.iter().flatten()).map(|(weight, both)| weight * term(both)).sum::<f64>()
    };
    let spread = sum(|[acts, _]| acts * acts);
    let acts = stacks.iter().flatten().map(|row| row.acts);
    let before: f64 = weights().zip(acts).map(|(weight, acts)| weight * acts * acts).sum();
    let slope = sum(|[acts, value]| acts * value) / spread;
    if spread <= ROUNDING * before || !slope.is_finite() {
        return Err(Reason::Stated("no period is shared with a unit that stayed"));
    }
    let rest = |[acts, value]: &[f64; 2]| value - slope * acts;
    let scores = |(points, both): (&Vec<Point>, &Vec<[f64; 2]>)| {
        points.iter().zip(both).map(|(point, both)| point.weight * both[0] * rest(both)).collect()
    };
    Ok(Fit {
        slope,
        spread,
        scores: points.iter().zip(&both).map(scores).collect(),
        rests: both.iter().map(|both| both.iter().map(rest).collect()).collect(),
    })
}

/// The fit on the logit scale: each step fits the logits that the last one would move the shares to.
fn logits(stacks: &[Vec<Row>], times: Times) -> Result<Fit, Reason> {
    let start = |row: &Row| libm::log((row.x + 0.5) / (row.n - row.x + 0.5));
    let mut at: Vec<Vec<f64>> = stacks.iter().map(|rows| rows.iter().map(start).collect()).collect();
    let mut before = f64::INFINITY;
    for _ in 0..STEPS {
        let points: Vec<Vec<Point>> = stacks
            .iter()
            .zip(&at)
            .map(|(rows, at)| rows.iter().zip(at).map(|(row, logit)| working(row, *logit)).collect())
            .collect();
        let fit = fit(stacks, times, &points)?;
        if (fit.slope - before).abs() <= STEP * fit.slope.abs().max(1.0) {
            return Ok(fit);
        }
        before = fit.slope;
        let fitted = |(points, rests): (&Vec<Point>, &Vec<f64>)| {
            let logit = |(point, rest): (&Point, &f64)| (point.value - rest).clamp(-FURTHEST, FURTHEST);
            points.iter().zip(rests).map(logit).collect()
        };
        at = points.iter().zip(&fit.rests).map(fitted).collect();
    }
    Err(Reason::Extreme)
}

/// The logit to which a row draws, and its weight.
fn working(row: &Row, logit: f64) -> Point {
    let share = |logit: f64| 1.0 / (1.0 + libm::exp(-logit));
    let (up, down) = (share(logit), share(-logit));
    let weight = row.n * up * down;
    Point { weight, value: logit + (row.x * down - (row.n - row.x) * up) / weight }
}

/// What units and periods leave of the switch, and of the values.
fn left_over(rows: &[Row], points: &[Point], times: Times) -> Vec<[f64; 2]> {
    let both: Vec<[f64; 2]> = rows.iter().zip(points).map(|(row, point)| [row.acts, point.value]).collect();
    match times {
        Times::None => without_units(rows, points, &both),
        Times::Own => (0..PASSES).fold(both, |both, _| without_units_and_periods(rows, points, &both)),
    }
}

fn without_units_and_periods(rows: &[Row], points: &[Point], both: &[[f64; 2]]) -> Vec<[f64; 2]> {
    let effects = period_effects(rows, points, &without_units(rows, points, both));
    let effect = |row: &Row| effects.get(&row.period).copied().unwrap_or_default();
    let less = |(row, [acts, value]): (&Row, &[f64; 2])| [acts - effect(row)[0], value - effect(row)[1]];
    without_units(rows, points, &rows.iter().zip(both).map(less).collect::<Vec<_>>())
}

/// Both columns less their weighted means in each unit; the rows of a unit follow each other.
fn without_units(rows: &[Row], points: &[Point], both: &[[f64; 2]]) -> Vec<[f64; 2]> {
    let mut left = Vec::with_capacity(rows.len());
    let mut from = 0;
    for unit in rows.chunk_by(|a, b| a.unit == b.unit) {
        let place = from..from + unit.len();
        let (points, both) =
            (points.get(place.clone()).unwrap_or_default(), both.get(place).unwrap_or_default());
        let weight: f64 = points.iter().map(|point| point.weight).sum();
        let mean = |column: usize| {
            let terms = points.iter().zip(both).map(|(point, both)| point.weight * both[column & 1]);
            terms.sum::<f64>() / weight
        };
        let means = [mean(0), mean(1)];
        left.extend(both.iter().map(|[acts, value]| [acts - means[0], value - means[1]]));
        from += unit.len();
    }
    left
}

/// The effects of periods on both columns, where units have been taken out already.
fn period_effects(rows: &[Row], points: &[Point], centred: &[[f64; 2]]) -> BTreeMap<i64, [f64; 2]> {
    let periods: BTreeSet<i64> = rows.iter().map(|row| row.period).collect();
    let place: BTreeMap<i64, usize> = periods.iter().copied().zip(0..).collect();
    let size = periods.len();
    // One row for each period: how it hangs together with the others, then both right-hand sides.
    let mut system = vec![vec![0.0; size + 2]; size];
    let mut add = |a: usize, b: usize, what: f64| {
        if let Some(cell) = system.get_mut(a).and_then(|row| row.get_mut(b)) {
            *cell += what;
        }
    };
    let at = |row: &Row| place.get(&row.period).copied().unwrap_or(size);
    for ((row, point), [acts, value]) in rows.iter().zip(points).zip(centred) {
        add(at(row), at(row), point.weight);
        add(at(row), size, point.weight * acts);
        add(at(row), size + 1, point.weight * value);
    }
    let weighted: Vec<(&Row, f64)> =
        rows.iter().zip(points).map(|(row, point)| (row, point.weight)).collect();
    for unit in weighted.chunk_by(|(a, _), (b, _)| a.unit == b.unit) {
        let weight: f64 = unit.iter().map(|(_, weight)| weight).sum();
        for (a, first) in unit {
            for (b, second) in unit {
                add(at(a), at(b), -(first * second / weight));
            }
        }
    }
    periods.into_iter().zip(solved(system)).collect()
}

/// The solution of a symmetric system with two right-hand sides; an unknown that the others determine is zero.
fn solved(mut system: Vec<Vec<f64>>) -> Vec<[f64; 2]> {
    let size = system.len();
    let get = |system: &[Vec<f64>], row: usize, column: usize| -> f64 {
        system.get(row).and_then(|row| row.get(column)).copied().unwrap_or(0.0)
    };
    let whole: Vec<f64> = (0..size).map(|at| get(&system, at, at)).collect();
    let pivots: Vec<bool> = (0..size)
        .map(|at| {
            let pivot = get(&system, at, at);
            let free = pivot > ROUNDING * whole.get(at).copied().unwrap_or(0.0);
            let top = system.get(at).cloned().unwrap_or_default();
            for other in (0..size).filter(|other| free && *other != at) {
                let factor = get(&system, other, at) / pivot;
                if let Some(row) = system.get_mut(other).filter(|_| factor != 0.0) {
                    row.iter_mut().zip(&top).for_each(|(cell, top)| *cell -= factor * top);
                }
            }
            free
        })
        .collect();
    let unknown = |(at, free): (usize, bool)| {
        let side =
            |which: usize| if free { get(&system, at, size + which) / get(&system, at, at) } else { 0.0 };
        [side(0), side(1)]
    };
    pivots.into_iter().enumerate().map(unknown).collect()
}

/// The variance of the slope over units, each with all its rows in all stacks.
fn variance(stacks: &[Vec<Row>], fit: &Fit, scale: Scale) -> f64 {
    let mut units: BTreeMap<u64, f64> = BTreeMap::new();
    for (row, score) in stacks.iter().flatten().zip(fit.scores.iter().flatten()) {
        *units.entry(row.unit).or_default() += score;
    }
    let clusters = units.len() as f64;
    let sum: f64 = units.values().map(|score| score * score).sum();
    let variance = clusters / (clusters - 1.0) * sum / fit.spread / fit.spread;
    let total = |of: fn(&Row) -> f64| stacks.iter().flatten().map(of).sum::<f64>();
    let share = total(|row| row.x) / total(|row| row.n);
    let unit_variance = if scale == Scale::Share { share * (1.0 - share) } else { 1.0 };
    if variance > NO_VARIANCE * unit_variance / fit.spread { variance } else { 0.0 }
}

/// The units of the side with fewer of them: those in which the switch acts, or those in which it never does.
fn fewest(stacks: &[Vec<Row>], times: Times) -> u64 {
    let (mut switched, mut stayed) = (BTreeSet::new(), BTreeSet::new());
    for unit in stacks.iter().flat_map(|rows| rows.chunk_by(|a, b| a.unit == b.unit)) {
        let side = if unit.iter().any(|row| row.acts != 0.0) { &mut switched } else { &mut stayed };
        side.extend(unit.first().map(|row| row.unit));
    }
    match times {
        Times::Own => switched.len().min(stayed.len()) as u64,
        Times::None => switched.len() as u64,
    }
}

/// The rows of units and periods that saw both events and non-events, until none without is left.
fn informative(rows: &[Row], times: Times) -> Vec<Row> {
    let mut kept = rows.to_vec();
    loop {
        let before = kept.len();
        let varied = mixed(&kept, |row| i128::from(row.unit));
        kept.retain(|row| varied.contains(&i128::from(row.unit)));
        if times == Times::Own {
            let varied = mixed(&kept, |row| i128::from(row.period));
            kept.retain(|row| varied.contains(&i128::from(row.period)));
        }
        if kept.len() == before {
            return kept;
        }
    }
}

/// The groups that saw both events and non-events.
fn mixed(rows: &[Row], group: impl Fn(&Row) -> i128) -> BTreeSet<i128> {
    let with = |some: fn(&&Row) -> bool| rows.iter().filter(some).map(&group).collect::<BTreeSet<i128>>();
    with(|row| row.x > 0.0).intersection(&with(|row| row.x < row.n)).copied().collect()
}
