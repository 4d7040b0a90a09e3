//! The E-value: how strong an unmeasured confounder would have to be to explain a ratio away.
//!
//! It is the smallest ratio of risks by which something unseen would have to be tied both to the arm and to the
//! outcome, beyond all that was adjusted for, to make the ratio nothing but confounding. It says how much doubt a
//! finding bears, not how likely that doubt is.
//!
//! Source: VanderWeele & Ding 2017, Ann Intern Med 167:268.

use serde::Serialize;

use crate::stats::estimate::Estimate;

/// The E-values of a ratio and of the limit that is nearer to 1.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct EValue {
    /// To explain the ratio itself away.
    pub value: f64,
    /// To move the limits so that they hold 1; exactly 1 where they do already.
    pub limit: f64,
}

/// The E-value of a ratio of risks, RR + √(RR(RR − 1)), with a ratio below 1 inverted.
///
/// Nothing where the ratio is not above zero. A ratio of odds may stand in where events are rare.
pub fn e_value(ratio: f64) -> Option<f64> {
    if !(ratio > 0.0 && ratio.is_finite()) {
        return None;
    }
    let away = ratio.max(1.0 / ratio);
    Some(away + (away * (away - 1.0)).sqrt()).filter(|e| e.is_finite())
}

/// The E-values of an estimated ratio of risks; nothing where it has no value above zero.
pub fn of_estimate(ratio: &Estimate) -> Option<EValue> {
    let value = ratio.value?;
    let nearer = if value >= 1.0 { ratio.lo } else { ratio.hi };
    let beyond = nearer.filter(|limit| (limit - 1.0) * (value - 1.0) > 0.0);
    let limit = beyond.map_or(Some(1.0), e_value)?;
    Some(EValue { value: e_value(value)?, limit })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stats::LEVEL_95;
    use crate::stats::checks::near;
    use crate::stats::estimate::Interval;

    #[test]
    fn worked_examples_agree_to_ten_digits() {
        near(e_value(3.9), 7.263034344, 5.1e-10);
        near(e_value(1.8), 3.0, 1e-15);
        near(e_value(0.8), 1.809016994, 5.1e-10);
        assert_eq!(e_value(1.0), Some(1.0));
    }

    #[test]
    fn limits_that_hold_one_already_need_no_confounder() {
        let of = |value, lo, hi| {
            of_estimate(&Estimate::between("test", LEVEL_95, Interval { value, lo, hi })).unwrap()
        };
        near(of(3.9, 1.8, 8.7).limit, 3.0, 1e-15);
        near(of(0.8, 0.7, 1.0 / 1.8).limit, 1.809016994, 5.1e-10);
        near(of(0.5, 0.3, 1.0 / 1.8).limit, 3.0, 1e-14);
        for crossing in [of(3.9, 0.9, 8.7), of(0.8, 0.6, 1.1), of(1.0, 0.9, 1.1), of(3.9, 1.0, 8.7)] {
            assert_eq!(crossing.limit, 1.0);
        }
    }

    #[test]
    fn a_ratio_of_nothing_has_no_e_value() {
        for ratio in [0.0, -1.0, f64::NAN, f64::INFINITY] {
            assert_eq!(e_value(ratio), None);
        }
        assert_eq!(e_value(5e-324), None);
    }
}
