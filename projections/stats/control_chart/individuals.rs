//! The limits of the XmR chart: the mean, and 2.66 mean moving ranges to either side.
//!
//! Moving ranges see only the step from one period to the next, so that a shift of the whole process does not widen
//! the limits that are to show it. Three standard deviations of a normal value are 2.66 mean ranges of two.
//!
//! Source: Wheeler 2000, Understanding Variation.

use super::{Drawn, Lines, Screening, Settings, neighbours};
use crate::stats::status::{Reason, Status};

/// Three standard deviations, in mean moving ranges.
const LIMIT: f64 = 2.66;
/// A moving range this many times the mean is exceptional.
const EXCEPTIONAL: f64 = 3.267;

/// The lines of one piece, the same in every period.
pub(super) fn lines(series: &[Option<f64>], settings: &Settings) -> Drawn {
    let (values, pairs) = neighbours(series, settings.baseline);
    let ranges: Vec<f64> = pairs.iter().map(|(before, now)| (now - before).abs()).collect();
    let found = match (mean(&values), mean_range(&ranges, settings.screening)) {
        (None, _) => Err(Reason::NoData),
        (_, None) if values.len() == 1 => Err(Reason::OneObservation),
        (_, None) => Err(Reason::Stated("no two periods in a row were observed")),
        (Some(mean), Some(range)) if (mean.abs() + LIMIT * range).is_finite() => Ok((mean, LIMIT * range)),
        (Some(_), Some(_)) => Err(Reason::NotFinite),
    };
    let (lines, status) = match found {
        Err(why) => (None, Status::NotEstimable(why)),
        Ok((mean, 0.0)) => (Some(Lines::around(mean, 0.0)), Status::Boundary(Reason::NoVariation)),
        Ok((mean, reach)) => (Some(Lines::around(mean, reach)), Status::Ok),
    };
    Drawn { lines: vec![lines; series.len()], baseline: values.len(), status }
}

impl Lines {
    /// Lines at equal distances from the mean.
    pub(super) fn around(mean: f64, reach: f64) -> Self {
        let near = 2.0 * (reach / 3.0);
        Self { mean, lo: mean - reach, hi: mean + reach, near_lo: mean - near, near_hi: mean + near }
    }
}

fn mean_range(ranges: &[f64], screening: Screening) -> Option<f64> {
    let all = mean(ranges)?;
    match screening {
        Screening::Off => Some(all),
        Screening::Once => {
            let usual: Vec<f64> = ranges.iter().copied().filter(|range| *range < EXCEPTIONAL * all).collect();
            // Nothing is usual only where all ranges are zero.
            mean(&usual).or(Some(all))
        }
    }
}

fn mean(values: &[f64]) -> Option<f64> {
    (!values.is_empty()).then(|| values.iter().sum::<f64>() / values.len() as f64)
}
