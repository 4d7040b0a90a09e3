//! Inference that knows no events: counts and sums go in, an [`Estimate`] comes out.
//!
//! Every number that carries an interval in a report passes through here, so that the same counts always
//! give the same limits, on every machine. Sums arrive as integers and stay integers until the last step;
//! transcendental functions come from `libm` alone; sums of fractions run in order of size, so that the
//! order of the clusters cannot be seen.
//!
//! It is not a statistics library: it holds the estimators the comparisons need, each with its source, and
//! nothing that would have to look at a consultation, a clock or a file. A difference is always the first
//! arm minus the second.

mod balance;
pub mod case_mix;
pub mod cluster;
pub mod contrast;
pub mod control_chart;
mod counter;
pub mod decision;
pub mod difference;
pub mod estimate;
mod exact;
pub mod failures;
pub mod inequality;
pub mod jackknife;
mod linear;
pub mod mean;
pub mod multiplicity;
pub mod ordinal;
pub mod outages;
pub mod proportion;
pub mod quantile;
pub mod rank_test;
pub mod rate;
pub mod ratio;
pub mod sample_size;
pub mod scale;
pub mod sequential;
pub mod special;
pub mod status;
pub mod survival;
pub mod switch;
pub mod test_statistic;
pub mod trend;
pub mod variation;

pub use estimate::{Estimate, Interval, LEVEL_95, LEVEL_998};
pub use status::{Flag, Reason, Status};

#[cfg(test)]
mod coverage;
#[cfg(test)]
mod laws;

#[cfg(test)]
mod checks {
    /// Holds when `actual` agrees with `expected` to `tolerance`, relative above one and absolute below.
    #[track_caller]
    pub(super) fn near(actual: impl Into<Option<f64>>, expected: f64, tolerance: f64) {
        let actual = actual.into().expect("a number was expected");
        let scale = expected.abs().max(1.0);
        assert!((actual - expected).abs() <= tolerance * scale, "{actual} is not {expected}");
    }

    /// Holds when `actual` agrees with `expected` to ten digits, however small both are.
    #[track_caller]
    pub(super) fn same(actual: impl Into<Option<f64>>, expected: f64) {
        let actual = actual.into().expect("a number was expected");
        assert!((actual - expected).abs() <= 1e-10 * expected.abs(), "{actual} is not {expected}");
    }
}
