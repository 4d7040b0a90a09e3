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
    /// The status in words, where it is not `ok`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
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
    /// A figure of which its status is known.
    pub(super) fn under(status: Status, method: &'static str) -> Self {
        let reason = status.reason().map(|reason| reason.to_string());
        Self { status, reason, value: None, lo: None, hi: None, method }
    }

    /// A figure that cannot be had.
    pub(super) fn none(why: Reason) -> Self {
        Self::under(Status::NotEstimable(why), "none")
    }
}

impl From<Estimate> for Figure {
    fn from(estimate: Estimate) -> Self {
        let Estimate { status, value, lo, hi, method, .. } = estimate;
        Self { value, lo, hi, ..Self::under(status, method) }
    }
}
