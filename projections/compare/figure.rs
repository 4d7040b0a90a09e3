//! A figure beside others: a value between its limits, and how it was found.

use serde::Serialize;

use super::row::status_name;
use crate::stats::{Estimate, Reason, Status};

/// One number with its limits, as a part of a reading.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Figure {
    /// `ok`, or why the numbers are missing or not to be relied on.
    #[serde(serialize_with = "status_name")]
    pub status: Status,
    /// Its value.
    pub value: Option<f64>,
    /// The lower limit.
    pub lo: Option<f64>,
    /// The upper limit.
    pub hi: Option<f64>,
    /// The estimator.
    pub method: &'static str,
}

impl Figure {
    /// A figure that cannot be had.
    pub(super) fn none(why: Reason) -> Self {
        Self { status: Status::NotEstimable(why), value: None, lo: None, hi: None, method: "none" }
    }
}

impl From<Estimate> for Figure {
    fn from(estimate: Estimate) -> Self {
        let Estimate { status, value, lo, hi, method, .. } = estimate;
        Self { status, value, lo, hi, method }
    }
}
