//! The score of several groups: how far each is from what all together would expect, and how these vary together.
//!
//! The distances sum to zero, so their covariance has no inverse; leaving out a group would do, but which one is left
//! out should not be seen, and a group that was never at risk together with another takes part in nothing. The
//! quadratic form is therefore found by elimination of the largest remaining variance first, and the degrees of
//! freedom are the number of variances that were not exhausted.

use crate::stats::status::Reason;
use crate::stats::test_statistic::Test;

/// A variance of which less than this share is left is that of the groups before it.
const EXHAUSTED: f64 = 1e-9;

/// Distances and their covariance, one row for each group.
#[derive(Debug, Clone)]
pub(super) struct Score {
    rows: Vec<Line>,
}

#[derive(Debug, Clone)]
struct Line {
    distance: f64,
    covariance: Vec<f64>,
}

impl Score {
    pub(super) fn zero(groups: usize) -> Self {
        Self { rows: vec![Line { distance: 0.0, covariance: vec![0.0; groups] }; groups] }
    }

    /// Adds to the distance of each group.
    pub(super) fn add_distances(&mut self, by: impl Iterator<Item = f64>) {
        for (line, by) in self.rows.iter_mut().zip(by) {
            line.distance += by;
        }
    }

    /// Adds to each covariance what `of` says for its pair of groups.
    pub(super) fn add_covariances(&mut self, of: impl Fn(usize, usize) -> f64) {
        for (i, line) in self.rows.iter_mut().enumerate() {
            for (j, covariance) in line.covariance.iter_mut().enumerate() {
                *covariance += of(i, j);
            }
        }
    }

    /// The test that all distances are zero in expectation.
    pub(super) fn test(&self) -> Result<Test, Reason> {
        let negative = |variance: f64| variance < -EXHAUSTED;
        if self.rows.iter().enumerate().any(|(i, line)| negative(line.own(i))) {
            return Err(Reason::NotFinite);
        }
        let mut rows = self.standardised();
        let (mut statistic, mut df) = (0.0, 0.0);
        while let Some(at) = largest(&rows) {
            let pivot = rows.remove(at);
            let variance = pivot.own(at);
            if variance <= EXHAUSTED {
                break;
            }
            statistic += pivot.distance * pivot.distance / variance;
            df += 1.0;
            for line in &mut rows {
                let share = line.covariance.get(at).map_or(0.0, |covariance| covariance / variance);
                line.distance -= share * pivot.distance;
                for (own, covariance) in line.covariance.iter_mut().zip(&pivot.covariance) {
                    *own -= share * covariance;
                }
                line.covariance.remove(at);
            }
            // Only a covariance that is none, from ties of nearly all units, has less than nothing left.
            if rows.iter().enumerate().any(|(i, line)| negative(line.own(i))) {
                return Err(Reason::NotFinite);
            }
        }
        if df <= 0.0 {
            return Err(Reason::NoVariation);
        }
        Test::chi_squared(statistic, df).ok_or(Reason::NotFinite)
    }

    /// In units of each group's own standard error, without the groups that have none.
    fn standardised(&self) -> Vec<Line> {
        let errors: Vec<f64> = self.rows.iter().enumerate().map(|(i, line)| line.own(i).sqrt()).collect();
        let varies = |error: &f64| *error > 0.0;
        let kept = self.rows.iter().zip(&errors).filter(|(_, error)| varies(error));
        let kept = kept.map(|(line, error)| {
            let covariance = line.covariance.iter().zip(&errors).filter(|(_, other)| varies(other));
            let covariance = covariance.map(|(covariance, other)| covariance / error / other).collect();
            Line { distance: line.distance / error, covariance }
        });
        kept.collect()
    }
}

impl Line {
    /// The variance of the group, which is at this place of the row.
    fn own(&self, at: usize) -> f64 {
        self.covariance.get(at).copied().unwrap_or(0.0)
    }
}

/// The row with the largest variance.
fn largest(rows: &[Line]) -> Option<usize> {
    let variance = |i: usize| rows.get(i).map_or(0.0, |line| line.own(i));
    (0..rows.len()).max_by(|a, b| variance(*a).total_cmp(&variance(*b)).then(b.cmp(a)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stats::checks::near;

    fn score(distances: &[f64], covariance: &[&[f64]]) -> Score {
        let rows = distances.iter().zip(covariance);
        let rows = rows.map(|(distance, row)| Line { distance: *distance, covariance: row.to_vec() });
        Score { rows: rows.collect() }
    }

    #[test]
    fn two_groups_are_one_distance_over_its_variance() {
        let test = score(&[3.0, -3.0], &[&[4.0, -4.0], &[-4.0, 4.0]]).test().unwrap();
        assert_eq!((test.statistic, test.df), (2.25, 1.0));
    }

    #[test]
    fn which_group_comes_last_does_not_show() {
        let test = score(&[1.0, 2.0, -3.0], &[&[2.0, -1.0, -1.0], &[-1.0, 3.0, -2.0], &[-1.0, -2.0, 3.0]]);
        let turned = score(&[-3.0, 1.0, 2.0], &[&[3.0, -1.0, -2.0], &[-1.0, 2.0, -1.0], &[-2.0, -1.0, 3.0]]);
        // (1, 2) with inverse [[3, 1], [1, 2]]/5.
        near(test.test().unwrap().statistic, 3.0, 1e-14);
        near(turned.test().unwrap().statistic, 3.0, 1e-14);
        assert_eq!(test.test().unwrap().df, 2.0);
    }

    #[test]
    fn a_covariance_that_is_none_is_no_test() {
        for covariance in [[[-4.0, 4.0], [4.0, -4.0]], [[1.0, 2.0], [2.0, 1.0]]] {
            let score = score(&[3.0, -3.0], &[&covariance[0], &covariance[1]]);
            assert_eq!(score.test(), Err(Reason::NotFinite));
        }
    }

    #[test]
    fn a_group_without_variance_costs_a_degree_of_freedom() {
        let test =
            score(&[3.0, 0.0, -3.0], &[&[4.0, 0.0, -4.0], &[0.0; 3], &[-4.0, 0.0, 4.0]]).test().unwrap();
        assert_eq!((test.statistic, test.df), (2.25, 1.0));
        assert_eq!(Score::zero(3).test(), Err(Reason::NoVariation));
    }
}
