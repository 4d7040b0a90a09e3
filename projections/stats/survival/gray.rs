//! Gray's test that groups do not differ in the share of units that leave by one cause, others competing.
//!
//! Units that left by another cause stay in the denominator, weighted so that the share of all units is compared and
//! not the rate among those still at risk. The variance treats exits at one time as drawn without replacement. It is
//! a statement on whole curves: the difference of the shares at a horizon is what a reader can use.
//!
//! Source: Gray 1988, Ann Stat 16:1141, with ρ = 0.

use super::Exits;
use super::groups::{Cell, comparable, visit};
use super::score::Score;
use crate::stats::status::Reason;
use crate::stats::test_statistic::Test;

/// The test over two or more groups, on one degree of freedom less than there are groups that were compared.
///
/// # Errors
/// Says why where there are fewer than two groups, no such cause, no event, or no two groups at risk at once.
pub fn gray(groups: &[Exits], cause: usize) -> Result<Test, Reason> {
    comparable(groups, cause)?;
    // The variance needs what the compensator comes to in the end: the first walk finds it, the second uses it.
    let mut first = Course::new(groups.len());
    visit(groups, cause, |cells| drop(first.step(cells)));
    if first.pooled == 0.0 {
        return Err(Reason::NoEvents);
    }
    let mut course = Course::new(groups.len());
    let mut score = Score::zero(groups.len());
    visit(groups, cause, |cells| {
        let step = course.step(cells);
        score.add_distances(step.distances.iter().copied());
        for group in step.groups(&course, &first.compensator, cells) {
            score.add_covariances(|i, j| group.variance * at(&group.influence, i) * at(&group.influence, j));
        }
    });
    score.test()
}

/// The curves of all groups up to some time.
struct Course {
    left: Vec<f64>,
    incidence: Vec<f64>,
    /// The incidence of all groups together under the hypothesis.
    pooled: f64,
    /// The integrals cᵢⱼ, row by row.
    compensator: Vec<Vec<f64>>,
}

/// What one time adds.
struct Step {
    events: u64,
    /// Shares left, and at risk on the scale of all units, just before.
    left: Vec<f64>,
    weights: Vec<f64>,
    /// Exits beyond expectation.
    distances: Vec<f64>,
}

/// How the distances hang on one group's exits at one time, and how these vary.
struct Influence {
    influence: Vec<f64>,
    variance: f64,
}

impl Course {
    fn new(groups: usize) -> Self {
        Self {
            left: vec![1.0; groups],
            incidence: vec![0.0; groups],
            pooled: 0.0,
            compensator: vec![vec![0.0; groups]; groups],
        }
    }

    fn step(&mut self, cells: &[Cell]) -> Step {
        let left = self.left.clone();
        // A group with units at risk has a share left that is above zero.
        let weight =
            |(cell, left): (&Cell, &f64)| if cell.at_risk > 0 { cell.at_risk as f64 / left } else { 0.0 };
        let weights: Vec<f64> = cells.iter().zip(&left).map(weight).collect();
        let events: u64 = cells.iter().map(|cell| cell.events).sum();
        let distances = self.distances(cells, &weights, events);
        self.compensate(&weights, events);
        for ((cell, left), incidence) in cells.iter().zip(&mut self.left).zip(&mut self.incidence) {
            if cell.at_risk > 0 {
                let n = cell.at_risk as f64;
                *incidence += *left * (cell.events as f64 / n);
                *left *= (cell.at_risk - cell.events - cell.others) as f64 / n;
            }
        }
        Step { events, left, weights, distances }
    }

    fn distances(&self, cells: &[Cell], weights: &[f64], events: u64) -> Vec<f64> {
        let stays: Vec<f64> =
            weights.iter().zip(&self.incidence).map(|(h, share)| h * (1.0 - share)).collect();
        let all: f64 = stays.iter().sum();
        let share = |stay: &f64| if all > 0.0 { stay / all } else { 0.0 };
        cells
            .iter()
            .zip(&stays)
            .map(|(cell, stay)| cell.events as f64 - events as f64 * share(stay))
            .collect()
    }

    fn compensate(&mut self, weights: &[f64], events: u64) {
        let all: f64 = weights.iter().sum();
        let rest = 1.0 - self.pooled;
        if events == 0 || all <= 0.0 || rest <= 0.0 {
            return;
        }
        let by = events as f64 / all;
        for (i, row) in self.compensator.iter_mut().enumerate() {
            for (j, c) in row.iter_mut().enumerate() {
                *c += contrast(weights, all, i, j) * (by / rest);
            }
        }
        self.pooled += by;
    }
}

impl Step {
    /// The influences of each group's exits, by the cause and by others, after `course` took this step.
    fn groups(&self, course: &Course, end: &[Vec<f64>], cells: &[Cell]) -> Vec<Influence> {
        let all: f64 = self.weights.iter().sum();
        let rest = 1.0 - course.pooled;
        let mut found = Vec::new();
        for (k, cell) in cells.iter().enumerate().filter(|(_, cell)| cell.at_risk > 0) {
            let (n, before, after) = (cell.at_risk as f64, at(&self.left, k), at(&course.left, k));
            let to_come = |i: usize| pair(end, i, k) - pair(&course.compensator, i, k);
            let influence = |own: f64, share: f64| -> Vec<f64> {
                (0..cells.len())
                    .map(|i| own * contrast(&self.weights, all, i, k) + share * to_come(i))
                    .collect()
            };
            if self.events > 0 {
                let share = if after > 0.0 { 1.0 - rest / after } else { 1.0 };
                let ties = without_replacement(self.events, all * before);
                let variance = ties * before * (self.events as f64 / all / n);
                found.push(Influence { influence: influence(1.0, share), variance });
            }
            if cell.others > 0 && after > 0.0 {
                let ties = without_replacement(cell.others, n);
                let variance = ties * before * before * (cell.others as f64 / n / n);
                found.push(Influence { influence: influence(0.0, rest / after), variance });
            }
        }
        found
    }
}

/// aᵢⱼ = hᵢ(1{i = j} − hⱼ/h).
fn contrast(weights: &[f64], all: f64, i: usize, j: usize) -> f64 {
    let (own, other) = (at(weights, i), at(weights, j));
    if i == j { own * ((all - own) / all) } else { -own * (other / all) }
}

/// The share of the variance that remains where `events` of `n` units leave at once.
///
/// Where nearly all leave together, `n` can be fewer than leave, and the share falls below zero: so it does in the source.
fn without_replacement(events: u64, n: f64) -> f64 {
    if events > 1 && n > 1.0 { 1.0 - (events - 1) as f64 / (n - 1.0) } else { 1.0 }
}

fn at(values: &[f64], i: usize) -> f64 {
    values.get(i).copied().unwrap_or(0.0)
}

fn pair(rows: &[Vec<f64>], i: usize, j: usize) -> f64 {
    rows.get(i).map_or(0.0, |row| at(row, j))
}

#[cfg(test)]
mod tests {
    use super::super::samples::{consultations, exits};
    use super::*;
    use crate::stats::checks::near;

    #[test]
    fn shares_dropped_and_completed_agree_to_eight_digits() {
        let dropped = gray(&consultations(), 0).unwrap();
        near(dropped.statistic, 0.81559753, 5.1e-9);
        near(dropped.p, 0.366470, 5.1e-7);
        near(gray(&consultations(), 1).unwrap().statistic, 0.00197308, 5.1e-9);
    }

    #[test]
    fn the_order_of_groups_does_not_show() {
        let [a, b] = consultations();
        let groups = [a, b, exits(2, &[(3, 1), (3, 2), (7, 1), (11, 0)])];
        let turned = [&groups[2], &groups[0], &groups[1]].map(Clone::clone);
        let (ahead, back) = (gray(&groups, 0).unwrap(), gray(&turned, 0).unwrap());
        near(ahead.statistic, back.statistic, 1e-12);
        assert_eq!((ahead.df, back.df), (2.0, 2.0));
    }

    #[test]
    fn a_group_that_is_empty_is_not_compared() {
        let [a, b] = consultations();
        let test = gray(&[a, exits(2, &[]), b], 0).unwrap();
        let plain = gray(&consultations(), 0).unwrap();
        near(test.statistic, plain.statistic, 1e-13);
        assert_eq!(test.df, 1.0);
    }

    #[test]
    fn what_cannot_be_compared_says_why() {
        let open = exits(1, &[(5, 0)]);
        assert_eq!(gray(&[open.clone(), open.clone()], 0), Err(Reason::NoEvents));
        assert_eq!(gray(&[open], 0), Err(Reason::InvalidParameter));
        assert_eq!(gray(&[exits(1, &[(1, 1), (2, 1)]), exits(1, &[])], 0), Err(Reason::NoVariation));
    }
}
