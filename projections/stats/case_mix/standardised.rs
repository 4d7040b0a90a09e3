//! Direct standardisation: what each arm's share would be, were it used as a declared standard is.
//!
//! The shares of the strata are averaged with the same weights for both arms, so that they differ by the arm and
//! not by the mix. Only strata in which both arms were seen can be weighted; what part of the standard the others
//! held is told as lost. It is what weighting by inverse propensity of the strata gives, and models nothing.
//! Limits are Wilson's for the sample that is worth as much as the weighted one, and are combined for difference
//! and ratio, so that no limits have zero width for want of events.
//!
//! Sources: Rothman, Greenland & Lash 2008, Modern Epidemiology, chapter 15; Franco et al. 2019, J Surv Stat
//! Methodol 7:334, for Wilson's interval on the effective sample; Zou & Donner 2008, Stat Med 27:1693.

use super::{Stratum, Support, signed};
use crate::stats::difference::mover;
use crate::stats::estimate::{Estimate, Interval, critical};
use crate::stats::exact::ascending;
use crate::stats::proportion::wilson_interval;
use crate::stats::status::{Flag, Reason, Status};

/// The name of the standardised share of one arm.
pub const STANDARDISED_WILSON: &str = "standardised_wilson";
/// The name of the difference of two standardised shares.
pub const STANDARDISED_MOVER: &str = "standardised_mover";
/// The name of the ratio of two standardised shares.
pub const STANDARDISED_MOVER_LOG: &str = "standardised_mover_log";

/// The mix that both arms are brought to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standard<'a> {
    /// That of the consultations of both arms together.
    Pooled,
    /// One weight for each stratum, in their order.
    Declared(&'a [u64]),
}

/// Both arms brought to one mix.
#[derive(Debug, Clone, PartialEq)]
pub struct Standardised {
    /// The share of events on the first arm.
    pub first: Estimate,
    /// The share of events on the second arm.
    pub second: Estimate,
    /// The first share minus the second.
    pub difference: Estimate,
    /// The first share over the second; its standard error is that of the logarithm.
    pub ratio: Estimate,
    /// The share of the standard in strata that lack an arm, and are left out.
    pub lost: f64,
}

/// Both arms brought to the mix of `standard`.
///
/// Variances are Σw²p(1 − p)/n. Assumes independent consultations and a fixed standard. Not estimable where the
/// standard does not fit the strata or gives no weight to any that has both arms.
pub fn standardise(strata: &[Stratum], standard: Standard<'_>, level: f64) -> Standardised {
    match weighted(strata, standard).and_then(|mix| both(&mix, level)) {
        Ok(standardised) => standardised,
        Err(why) => Standardised {
            first: Estimate::not_estimable(STANDARDISED_WILSON, level, why),
            second: Estimate::not_estimable(STANDARDISED_WILSON, level, why),
            difference: Estimate::not_estimable(STANDARDISED_MOVER, level, why),
            ratio: Estimate::not_estimable(STANDARDISED_MOVER_LOG, level, why),
            lost: 0.0,
        },
    }
}

/// The difference of the standardised shares alone.
pub fn difference_value(strata: &[Stratum], standard: Standard<'_>) -> Option<f64> {
    weighted(strata, standard).ok().map(|mix| mix.difference())
}

/// The ratio of the standardised shares alone.
pub fn ratio_value(strata: &[Stratum], standard: Standard<'_>) -> Option<f64> {
    let mix = weighted(strata, standard).ok()?;
    Some(mix.share(first) / mix.share(second)).filter(|ratio| ratio.is_finite())
}

/// The strata with both arms, their weights, and the share of the standard that the others had.
struct Mix {
    support: Support,
    strata: Vec<(f64, Stratum)>,
    total: f64,
    lost: f64,
}

fn weighted(strata: &[Stratum], standard: Standard<'_>) -> Result<Mix, Reason> {
    Support::of(strata)?;
    let weights: Vec<f64> = match standard {
        Standard::Pooled => strata.iter().map(|s| s.n() as f64).collect(),
        Standard::Declared(weights) if weights.len() == strata.len() => {
            weights.iter().map(|weight| *weight as f64).collect()
        }
        Standard::Declared(_) => return Err(Reason::InvalidParameter),
    };
    let all = ascending(weights.iter().copied());
    let shared: Vec<(f64, Stratum)> = weights
        .into_iter()
        .zip(strata.iter().copied())
        .filter(|(weight, s)| *weight > 0.0 && s.shared())
        .collect();
    let total = ascending(shared.iter().map(|(weight, _)| *weight));
    if shared.is_empty() {
        return Err(Reason::NoCommonSupport);
    }
    let support = Support::of(&shared.iter().map(|(_, s)| *s).collect::<Vec<_>>())?;
    Ok(Mix { support, strata: shared, total, lost: (1.0 - total / all).max(0.0) })
}

/// Events and observations of one arm of a stratum.
type Counts = fn(&Stratum) -> (f64, f64);

fn first(s: &Stratum) -> (f64, f64) {
    (s.first.x as f64, s.first.n as f64)
}

fn second(s: &Stratum) -> (f64, f64) {
    (s.second.x as f64, s.second.n as f64)
}

impl Mix {
    /// The sum over strata of a term of the stratum's share of the weight.
    fn sum(&self, term: impl Fn(f64, &Stratum) -> f64) -> f64 {
        ascending(self.strata.iter().map(|(weight, s)| term(weight / self.total, s)))
    }

    fn share(&self, arm: Counts) -> f64 {
        self.sum(|w, s| w * (arm(s).0 / arm(s).1)).min(1.0)
    }

    fn difference(&self) -> f64 {
        signed(self.strata.iter().map(|(weight, s)| weight / self.total * s.difference()))
    }

    fn variance(&self, arm: Counts) -> f64 {
        self.sum(|w, s| {
            let (x, n) = arm(s);
            w * w * (x / n * ((n - x) / n) / n)
        })
    }

    /// The size of a simple sample whose share would have the same variance.
    ///
    /// Where no stratum varies, it is that of a share that is the same in all of them.
    fn effective(&self, arm: Counts) -> f64 {
        let (share, variance) = (self.share(arm), self.variance(arm));
        let alike = 1.0 / self.sum(|w, s| w * w / arm(s).1);
        if variance > 0.0 && share < 1.0 { share * (1.0 - share) / variance } else { alike }
    }

    fn limits(&self, arm: Counts, critical: f64) -> Result<Interval, Reason> {
        let (share, n) = (self.share(arm), self.effective(arm));
        let interval = wilson_interval((n * share).min(n), n, critical).ok_or(Reason::NotFinite)?;
        Ok(Interval { value: share, ..interval })
    }
}

fn both(mix: &Mix, level: f64) -> Result<Standardised, Reason> {
    let critical = critical(level).ok_or(Reason::InvalidParameter)?;
    let (a, b) = (mix.limits(first, critical)?, mix.limits(second, critical)?);
    let (va, vb) = (mix.variance(first), mix.variance(second));
    let flagged = |estimate: Estimate| estimate.with_flag_if(mix.lost > 0.0, Flag::PartialSupport);
    let arm = |interval: Interval, variance: f64, (x, n): (u64, u64)| {
        let estimate = Estimate::between(STANDARDISED_WILSON, level, interval).with_se(variance.sqrt());
        flagged(estimate.with_n(n as f64).with_events(x as f64).with_status(edge(interval.value)))
    };
    let totals = &mix.support;
    let difference = Interval { value: mix.difference(), ..mover(a, b) };
    let difference = Estimate::between(STANDARDISED_MOVER, level, difference).with_se((va + vb).sqrt());
    Ok(Standardised {
        first: arm(a, va, (totals.first.x, totals.first.n)),
        second: arm(b, vb, (totals.second.x, totals.second.n)),
        difference: flagged(totals.support(difference)),
        ratio: flagged(totals.support(ratio(a, b, (va, vb), level))),
        lost: mix.lost,
    })
}

fn edge(share: f64) -> Status {
    if share == 0.0 {
        Status::Boundary(Reason::NoEvents)
    } else if share >= 1.0 {
        Status::Boundary(Reason::AllEvents)
    } else {
        Status::Ok
    }
}

/// The ratio of two shares from their limits, combined on the logarithmic scale.
fn ratio(a: Interval, b: Interval, (va, vb): (f64, f64), level: f64) -> Estimate {
    if b.value == 0.0 {
        let why = if a.value == 0.0 { Reason::NoEvents } else { Reason::NoEventsInReference };
        return Estimate::not_estimable(STANDARDISED_MOVER_LOG, level, why);
    }
    if a.value == 0.0 {
        let status = Status::Boundary(Reason::NoEvents);
        return Estimate::alone(STANDARDISED_MOVER_LOG, level, 0.0, status).with_limits(Some(0.0), None);
    }
    let log = |x: Interval| Interval { value: libm::log(x.value), lo: libm::log(x.lo), hi: libm::log(x.hi) };
    let logarithm = mover(log(a), log(b));
    let interval =
        Interval { value: a.value / b.value, lo: libm::exp(logarithm.lo), hi: libm::exp(logarithm.hi) };
    let se = (va / a.value / a.value + vb / b.value / b.value).sqrt();
    Estimate::between(STANDARDISED_MOVER_LOG, level, interval).with_se(se)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stats::LEVEL_95;
    use crate::stats::case_mix::examples::{SIMPSON, strata};
    use crate::stats::checks::near;

    fn pooled(counts: &[(u64, u64, u64, u64)]) -> Standardised {
        standardise(&strata(counts), Standard::Pooled, LEVEL_95)
    }

    #[test]
    fn the_worse_looking_platform_is_better_in_the_same_mix() {
        let simpson = pooled(&SIMPSON);
        near(simpson.first.value, 0.09727272727, 5.1e-12);
        near(simpson.first.se, 0.008950522, 5.1e-10);
        near(simpson.second.value, 0.1215909091, 5.1e-11);
        near(simpson.second.se, 0.011023411, 5.1e-10);
        near(simpson.difference.value, -0.02431818182, 5.1e-12);
        near(simpson.difference.se, 0.01419955731, 5.1e-12);
        near(simpson.ratio.value, 0.8, 1e-14);
        assert_eq!((simpson.lost, simpson.difference.status), (0.0, Status::Ok));
    }

    #[test]
    fn the_limits_are_those_of_the_effective_sample() {
        let first = pooled(&SIMPSON).first.interval().unwrap();
        let n = first.value * (1.0 - first.value) / (0.0089505219 * 0.0089505219);
        let wilson = wilson_interval(first.value * n, n, 1.959963984540054).unwrap();
        near(first.lo, wilson.lo, 1e-9);
        near(first.hi, wilson.hi, 1e-9);
        // One stratum with a standard of its own is a plain share.
        let one = pooled(&SIMPSON[..1]);
        let plain = wilson_interval(8.0, 200.0, 1.959963984540054).unwrap();
        near(one.first.lo, plain.lo, 1e-14);
        near(one.first.hi, plain.hi, 1e-14);
    }

    #[test]
    fn a_declared_standard_weighs_the_strata() {
        let simpson = strata(&SIMPSON);
        let fibre = standardise(&simpson, Standard::Declared(&[5, 0, 0]), LEVEL_95);
        near(fibre.first.value, 0.04, 1e-16);
        near(difference_value(&simpson, Standard::Declared(&[1, 1, 2])), -0.03, 1e-15);
        for wrong in [&[1, 1][..], &[1, 1, 1, 1]] {
            let refused = standardise(&simpson, Standard::Declared(wrong), LEVEL_95);
            assert_eq!(refused.difference.status, Status::NotEstimable(Reason::InvalidParameter));
        }
        let weightless = standardise(&simpson, Standard::Declared(&[0, 0, 0]), LEVEL_95);
        assert_eq!(weightless.ratio.status, Status::NotEstimable(Reason::NoCommonSupport));
    }

    #[test]
    fn what_the_standard_loses_is_told() {
        let mut wider = strata(&SIMPSON);
        wider.push(Stratum::from((0, 0, 800, 90)));
        let wide = standardise(&wider, Standard::Pooled, LEVEL_95);
        near(wide.lost, 800.0 / 3000.0, 1e-15);
        assert_eq!(wide.difference.interval(), pooled(&SIMPSON).difference.interval());
        assert_eq!((wide.difference.flags, wide.first.n), (vec![Flag::PartialSupport], 1000.0));
        let declared = standardise(&wider, Standard::Declared(&[3, 3, 3, 1]), LEVEL_95);
        near(declared.lost, 0.1, 1e-15);
    }

    #[test]
    fn without_events_the_limits_keep_their_width() {
        let none = pooled(&[(50, 0, 40, 6), (70, 0, 90, 8)]);
        assert_eq!((none.first.value, none.first.lo), (Some(0.0), Some(0.0)));
        assert!(none.first.hi.is_some_and(|hi| hi > 0.03));
        assert!(none.difference.half_width().is_some_and(|width| width > 0.03));
        assert_eq!((none.ratio.value, none.ratio.hi), (Some(0.0), None));
        let reference = pooled(&[(40, 6, 50, 0), (90, 8, 70, 0)]);
        assert_eq!(reference.ratio.status, Status::NotEstimable(Reason::NoEventsInReference));
        let certain = pooled(&[(9, 9, 8, 8), (7, 7, 9, 9)]);
        assert_eq!((certain.first.hi, certain.difference.value), (Some(1.0), Some(0.0)));
        assert!(certain.ratio.half_width().is_some_and(|width| width > 0.1));
    }

    #[test]
    fn equal_shares_differ_by_exactly_nothing() {
        let alike = strata(&[(33, 7, 231, 49), (21, 9, 147, 63), (51, 4, 357, 28)]);
        assert_eq!(difference_value(&alike, Standard::Pooled), Some(0.0));
        near(ratio_value(&alike, Standard::Pooled), 1.0, 1e-15);
    }
}
