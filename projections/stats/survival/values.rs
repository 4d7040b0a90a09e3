//! The point values of all curves at one horizon, without limits, in one pass.
//!
//! A jackknife over groups of units asks for them once for each group left out, so they must be cheap and must not
//! be wrapped in anything. They are those of [`kaplan_meier`](super::kaplan_meier),
//! [`aalen_johansen`](super::aalen_johansen) and [`lost_time`](super::lost_time), to rounding.

use super::Exits;
use crate::stats::status::Reason;

/// What has become of the units by a horizon τ.
#[derive(Debug, Clone, PartialEq)]
pub struct Values {
    /// The share that has not left by τ.
    pub survival: f64,
    /// For each cause, the share that has left by it until τ.
    pub incidence: Vec<f64>,
    /// The mean time that a unit stays, counted up to τ.
    pub restricted_mean_ms: f64,
    /// For each cause, the mean time that a unit loses to it up to τ.
    pub lost_ms: Vec<f64>,
}

/// The values at `tau_ms`.
///
/// # Errors
/// Says why where there is no unit, or none was seen that long and some had not left.
pub fn values(exits: &Exits, tau_ms: u64) -> Result<Values, Reason> {
    exits.reach(tau_ms)?;
    let none = vec![0.0; exits.causes()];
    let mut values =
        Values { survival: 1.0, incidence: none.clone(), restricted_mean_ms: 0.0, lost_ms: none };
    let mut last_ms = 0;
    for row in exits.rows().take_while(|row| row.at_ms <= tau_ms) {
        let (n, rest) = (row.at_risk as f64, (tau_ms - row.at_ms) as f64);
        values.restricted_mean_ms += values.survival * (row.at_ms - last_ms) as f64;
        for ((count, share), lost) in row.events.iter().zip(&mut values.incidence).zip(&mut values.lost_ms) {
            let by = values.survival * (*count as f64 / n);
            *share += by;
            *lost += by * rest;
        }
        values.survival *= (row.at_risk - row.exits()) as f64 / n;
        last_ms = row.at_ms;
    }
    values.restricted_mean_ms += values.survival * (tau_ms - last_ms) as f64;
    Ok(values)
}

#[cfg(test)]
mod tests {
    use super::super::samples::{consultations, treated};
    use super::super::{aalen_johansen, kaplan_meier, lost_time};
    use super::*;
    use crate::stats::LEVEL_95;
    use crate::stats::checks::near;

    #[test]
    fn they_are_the_values_of_the_estimates() {
        for exits in consultations() {
            for tau_ms in [0, 4, 12, 20, 35] {
                let found = values(&exits, tau_ms).unwrap();
                near(kaplan_meier::survival(&exits, tau_ms, LEVEL_95).value, found.survival, 1e-14);
                let stay = kaplan_meier::restricted_mean(&exits, tau_ms, LEVEL_95);
                near(stay.value, found.restricted_mean_ms, 1e-14);
                for cause in [0, 1] {
                    let share = aalen_johansen::incidence(&exits, cause, tau_ms, LEVEL_95);
                    near(share.value, found.incidence[cause], 1e-14);
                    let lost = lost_time::restricted(&exits, cause, tau_ms, LEVEL_95);
                    near(lost.value, found.lost_ms[cause], 1e-14);
                }
            }
        }
    }

    #[test]
    fn what_cannot_be_known_has_no_values() {
        assert_eq!(values(&treated(), 36), Err(Reason::BeyondFollowUp));
        assert_eq!(values(&Exits::new(1, []).unwrap(), 0), Err(Reason::NoData));
    }
}
