//! The variance between units, τ²: what effects vary more than chance within units explains.
//!
//! Everything rests on Q(τ²), the sum of squared deviations from the weighted mean with weights 1/(v + τ²), which
//! falls as τ² grows. Where it equals its expectation lies the estimate of Paule and Mandel, where it equals a
//! quantile of its distribution a limit. It knows no shares and no odds: [`random_effects`](super::random_effects)
//! turns them into effects.
//!
//! Sources: Paule & Mandel 1982, J Res NBS 87:377; DerSimonian & Laird 1986, Control Clin Trials 7:177;
//! Viechtbauer 2007, Stat Med 26:37.

use crate::stats::estimate::{Estimate, Interval, tail};
use crate::stats::exact::ascending;
use crate::stats::special::{chi_square, root};
use crate::stats::status::{Reason, Status};

/// The name of the interval of the variance between units.
pub const Q_PROFILE: &str = "q_profile";

/// The effect of one unit, and the variance that chance gives it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Effect {
    /// The effect.
    pub y: f64,
    /// Its variance within the unit, above zero.
    pub v: f64,
}

/// How the variance between units is estimated.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Heterogeneity {
    /// The variance under which the effects spread just as they should. The default.
    PauleMandel,
    /// The closed form by moments, for comparison with published analyses.
    DerSimonianLaird,
}

/// The effects weighted as if the variance between units were known.
#[derive(Debug, Clone, Copy)]
pub(super) struct Weighted {
    /// The weighted mean.
    pub(super) mean: f64,
    /// The sum of the weights, which is one over the variance of the mean.
    pub(super) weight: f64,
    /// The weighted sum of squared deviations from the mean.
    pub(super) q: f64,
    /// How fast it falls as the variance between units grows.
    fall: f64,
}

impl Weighted {
    pub(super) fn of(effects: &[Effect], tau_squared: f64) -> Self {
        let sum = |term: &dyn Fn(&Effect, f64) -> f64| {
            ascending(effects.iter().map(|effect| term(effect, 1.0 / (effect.v + tau_squared))))
        };
        let weight = sum(&|_, weight| weight);
        let mean = sum(&|effect, weight| weight * effect.y) / weight;
        let square = |effect: &Effect| (effect.y - mean) * (effect.y - mean);
        let q = sum(&|effect, weight| weight * square(effect));
        let fall = sum(&|effect, weight| weight * weight * square(effect));
        Self { mean, weight, q, fall }
    }
}

/// The variance between units by one of two estimators; zero where effects vary no more than chance has it.
///
/// Nothing with fewer than two effects.
pub(super) fn tau_squared(effects: &[Effect], by: Heterogeneity) -> Option<f64> {
    let expected = (effects.len() > 1).then_some(effects.len() as f64 - 1.0)?;
    let found = match by {
        Heterogeneity::DerSimonianLaird => by_moments(effects, expected),
        Heterogeneity::PauleMandel => where_q_is(effects, expected),
    };
    found.is_finite().then_some(found)
}

/// The estimate `tau_squared` with Viechtbauer's limits, where a Q that large or that small turns improbable.
///
/// Effects that are more alike than chance allows have no upper limit: even τ² = 0 is rejected then.
pub(super) fn q_profile(effects: &[Effect], tau_squared: f64, level: f64) -> Estimate {
    let Some(tail) = tail(level) else {
        return Estimate::not_estimable(Q_PROFILE, level, Reason::InvalidParameter);
    };
    let df = effects.len() as f64 - 1.0;
    let status = if tau_squared > 0.0 { Status::Ok } else { Status::Boundary(Reason::NoVariation) };
    let least = chi_square::quantile(tail, df);
    if Weighted::of(effects, 0.0).q < least {
        return Estimate::alone(Q_PROFILE, level, tau_squared, Status::Boundary(Reason::NoVariation));
    }
    let lo = where_q_is(effects, chi_square::quantile(1.0 - tail, df));
    let interval = Interval { value: tau_squared, lo, hi: where_q_is(effects, least) };
    Estimate::between(Q_PROFILE, level, interval).with_df(df).with_status(status)
}

fn by_moments(effects: &[Effect], expected: f64) -> f64 {
    let Weighted { q, weight, .. } = Weighted::of(effects, 0.0);
    let squares = ascending(effects.iter().map(|effect| 1.0 / effect.v / effect.v));
    ((q - expected) / (weight - squares / weight)).max(0.0)
}

/// The variance between units at which Q falls to `target`, or zero where it is never above.
fn where_q_is(effects: &[Effect], target: f64) -> f64 {
    let gap = |tau_squared: f64| target - Weighted::of(effects, tau_squared).q;
    if gap(0.0) >= 0.0 {
        return 0.0;
    }
    let start = by_moments(effects, target);
    let end = root::end_above(start, gap);
    root::of_increasing((0.0, end), start, gap, |tau_squared| Weighted::of(effects, tau_squared).fall)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stats::LEVEL_95;
    use crate::stats::checks::{near, same};

    const SPREAD: [Effect; 3] =
        [Effect { y: -1.0, v: 0.1 }, Effect { y: 0.0, v: 0.1 }, Effect { y: 1.0, v: 0.1 }];

    #[test]
    fn with_equal_variances_it_is_the_variance_of_effects_less_that_of_chance() {
        for by in [Heterogeneity::PauleMandel, Heterogeneity::DerSimonianLaird] {
            same(tau_squared(&SPREAD, by), 0.9);
        }
    }

    #[test]
    fn limits_are_where_q_meets_its_quantiles() {
        let limits = q_profile(&SPREAD, 0.9, LEVEL_95);
        near(limits.lo, 2.0 / chi_square::quantile(0.975, 2.0) - 0.1, 1e-12);
        near(limits.hi, 2.0 / chi_square::quantile(0.025, 2.0) - 0.1, 1e-12);
        assert_eq!((limits.status, limits.df), (Status::Ok, Some(2.0)));
    }

    #[test]
    fn effects_more_alike_than_chance_have_no_upper_limit() {
        let alike = SPREAD.map(|effect| Effect { y: effect.y / 100.0, ..effect });
        assert_eq!(tau_squared(&alike, Heterogeneity::PauleMandel), Some(0.0));
        let limits = q_profile(&alike, 0.0, LEVEL_95);
        assert_eq!((limits.value, limits.hi), (Some(0.0), None));
        assert_eq!(limits.status, Status::Boundary(Reason::NoVariation));
    }

    #[test]
    fn one_effect_has_no_variance_between() {
        assert_eq!(tau_squared(&SPREAD[..1], Heterogeneity::PauleMandel), None);
        assert_eq!(tau_squared(&[], Heterogeneity::DerSimonianLaird), None);
    }
}
