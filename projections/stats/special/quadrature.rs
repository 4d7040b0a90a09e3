//! Integrals over an interval by Gauss and Legendre's rule, panel by panel.
//!
//! The integrand has to be smooth within each panel: the caller puts the breaks where it is not, or where it is
//! steep. Nodes are found by Newton's method on the Legendre polynomial (Press et al. 2007, Numerical Recipes,
//! section 4.6), once for each integral.

use std::f64::consts::PI;

/// Nodes of each panel: polynomials up to degree 47 are exact.
const NODES: usize = 24;

/// Gauss and Legendre's rule on −1 to 1.
pub struct Rule {
    /// Nodes with their weights.
    nodes: [(f64, f64); NODES],
}

impl Rule {
    /// The rule of 24 nodes.
    pub fn gauss_legendre() -> Self {
        let mut nodes = [(0.0, 0.0); NODES];
        for (number, node) in nodes.iter_mut().enumerate() {
            let mut x = libm::cos(PI * (number as f64 + 0.75) / (NODES as f64 + 0.5));
            // Quadratic convergence from so close a start.
            for _ in 0..8 {
                let (value, slope) = legendre(x);
                x -= value / slope;
            }
            let slope = legendre(x).1;
            *node = (x, 2.0 / ((1.0 - x * x) * slope * slope));
        }
        Self { nodes }
    }

    /// The integral of `of` between the first and the last of `breaks`, which rise.
    pub fn integrate(&self, breaks: &[f64], of: impl Fn(f64) -> f64) -> f64 {
        let panel = |ends: &[f64]| {
            let (half, middle) = ((ends[1] - ends[0]) / 2.0, f64::midpoint(ends[0], ends[1]));
            half * self.nodes.iter().map(|(x, weight)| weight * of(middle + half * x)).sum::<f64>()
        };
        breaks.windows(2).map(panel).sum()
    }
}

/// The Legendre polynomial of degree [`NODES`] and its derivative.
fn legendre(x: f64) -> (f64, f64) {
    let (mut before, mut value) = (1.0, x);
    for degree in 2..=NODES {
        let n = degree as f64;
        (before, value) = (value, ((2.0 * n - 1.0) * x * value - (n - 1.0) * before) / n);
    }
    (value, NODES as f64 * (x * value - before) / (x * x - 1.0))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stats::checks::near;

    #[test]
    fn polynomials_are_exact_up_to_degree_47() {
        let rule = Rule::gauss_legendre();
        for degree in [0, 1, 2, 10, 46, 47] {
            let exact = 1.0 / f64::from(degree + 1);
            near(rule.integrate(&[0.0, 1.0], |x| x.powi(degree)), exact, 1e-14);
        }
    }

    #[test]
    fn panels_add_up_and_turn_round_what_is_steep() {
        let rule = Rule::gauss_legendre();
        near(rule.integrate(&[0.0, 1.0, 5.0], |x| libm::exp(-x)), 1.0 - libm::exp(-5.0), 1e-14);
        near(rule.integrate(&[-1.0, 0.0, 1.0], f64::abs), 1.0, 1e-14);
    }
}
