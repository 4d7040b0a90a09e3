//! Rates of events over time, and the exact comparison of two of them.
//!
//! Garwood's limits are exact for a Poisson count and are the default; Byar's are the approximation that
//! public-health tables print, kept for outputs that must match them. Both assume that events are independent.
//! Drops recur within a consultation, so their default interval is that of [`ratio`](super::ratio), and this
//! one is the second view for rare events.
//!
//! Sources: Garwood 1936, Biometrika 28:437; Breslow & Day 1987 for Byar; Lehmann & Romano for the conditional test.

use super::estimate::{Estimate, Interval, critical, tail};
use super::special::{beta, binomial, chi_square};
use super::status::{Flag, Reason, Status};

/// The name of the exact interval.
pub const GARWOOD: &str = "garwood";
/// The name of Byar's approximation.
pub const BYAR: &str = "byar";
/// The name of the exact interval of a ratio.
pub const CONDITIONAL_EXACT: &str = "conditional_exact";

/// Events per unit of `time`, with exact Poisson limits.
pub fn garwood(events: u64, time: f64, level: f64) -> Estimate {
    of_limits(GARWOOD, events, time, level, garwood_limits(events, level))
}

/// Events per unit of `time`, with Byar's limits.
pub fn byar(events: u64, time: f64, level: f64) -> Estimate {
    of_limits(BYAR, events, time, level, critical(level).map(|critical| byar_limits(events as f64, critical)))
}

/// The exact limits of the expectation of a Poisson count; nothing where `level` is no level.
pub fn garwood_limits(events: u64, level: f64) -> Option<(f64, f64)> {
    let tail = tail(level)?;
    let twice = 2.0 * events as f64;
    let lo = if events == 0 { 0.0 } else { chi_square::quantile(tail, twice) / 2.0 };
    Some((lo, chi_square::quantile(1.0 - tail, twice + 2.0) / 2.0))
}

/// Byar's limits of the expectation of a count, zero below where they are undefined.
pub fn byar_limits(events: f64, critical: f64) -> (f64, f64) {
    let cube = |x: f64, z: f64| {
        let root = 1.0 - 1.0 / (9.0 * x) + z / (3.0 * x.sqrt());
        x * root * root * root
    };
    let lo = if events > 0.0 { cube(events, -critical).max(0.0) } else { 0.0 };
    (lo, cube(events + 1.0, critical))
}

/// The ratio of two rates, first over second, with exact limits conditional on the sum of events.
///
/// Without events on the second arm only the lower limit exists, without any on the first only the upper one
/// is of interest; without events on either there is no ratio.
pub fn ratio(events1: u64, time1: f64, events2: u64, time2: f64, level: f64) -> Estimate {
    ratio_of(events1, time1, events2, time2, level)
        .unwrap_or_else(|why| Estimate::not_estimable(CONDITIONAL_EXACT, level, why))
}

/// The two-sided p-value that two rates are equal: the probability of every split no likelier than the one seen.
///
/// Nothing where a time is missing; 1 where there is no event.
pub fn ratio_p_value(events1: u64, time1: f64, events2: u64, time2: f64) -> Option<f64> {
    let n = events1.checked_add(events2)?;
    exposure(time1).ok()?;
    exposure(time2).ok()?;
    let p = 1.0 / (1.0 + time2 / time1);
    let expected = n as f64 * p;
    if n == 0 || events1 as f64 == expected {
        return Some(1.0);
    }
    // The slack lets a split that is as likely as the one seen count as such in spite of rounding.
    let unlikely = binomial::pmf(events1, n, p) * (1.0 + 1e-7);
    let as_unlikely = |k: u64| binomial::pmf(k, n, p) <= unlikely;
    let value = if (events1 as f64) < expected {
        let from = first(ceil(expected), n.saturating_add(1), as_unlikely);
        binomial::cdf(events1, n, p) + from.checked_sub(1).map_or(1.0, |below| binomial::upper(below, n, p))
    } else {
        let above = first(0, ceil(expected), |k| !as_unlikely(k));
        let below = above.checked_sub(1).map_or(0.0, |last| binomial::cdf(last, n, p));
        below + events1.checked_sub(1).map_or(1.0, |last| binomial::upper(last, n, p))
    };
    value.is_finite().then(|| value.min(1.0))
}

fn of_limits(
    method: &'static str,
    events: u64,
    time: f64,
    level: f64,
    limits: Option<(f64, f64)>,
) -> Estimate {
    let found = exposure(time).and_then(|()| limits.ok_or(Reason::InvalidParameter));
    let (lo, hi) = match found {
        Ok(limits) => limits,
        Err(why) => return Estimate::not_estimable(method, level, why).with_events(events as f64),
    };
    let x = events as f64;
    Estimate::between(method, level, Interval { value: x / time, lo: lo / time, hi: hi / time })
        .with_n(x)
        .with_events(x)
        .with_se(if events == 0 { f64::NAN } else { x.sqrt() / time })
        .with_flag(Flag::AssumedIndependence)
        .with_status(if events == 0 { Status::Boundary(Reason::NoEvents) } else { Status::Ok })
}

fn ratio_of(x1: u64, t1: f64, x2: u64, t2: f64, level: f64) -> Result<Estimate, Reason> {
    exposure(t1)?;
    exposure(t2)?;
    let tail = tail(level).ok_or(Reason::InvalidParameter)?;
    let (a, b, times) = (x1 as f64, x2 as f64, t2 / t1);
    let odds = |(share, rest): (f64, f64)| share / rest * times;
    let lo = if x1 == 0 { 0.0 } else { odds(beta::quantile_pair(tail, a, b + 1.0)) };
    let (rest, share) = beta::quantile_pair(tail, b, a + 1.0);
    let estimate = match (x1, x2) {
        (0, 0) => return Err(Reason::NoEvents),
        (_, 0) => Estimate::absent(CONDITIONAL_EXACT, level, Status::Boundary(Reason::NoEventsInReference))
            .with_limits(Some(lo), None),
        _ => {
            let interval = Interval { value: a / b * times, lo, hi: odds((share, rest)) };
            Estimate::between(CONDITIONAL_EXACT, level, interval)
        }
    };
    let status = if x1 == 0 { Status::Boundary(Reason::NoEvents) } else { Status::Ok };
    Ok(estimate.with_n(a + b).with_events(a + b).with_flag(Flag::AssumedIndependence).with_status(status))
}

fn exposure(time: f64) -> Result<(), Reason> {
    if time == 0.0 {
        Err(Reason::NoExposure)
    } else if time > 0.0 && time.is_finite() {
        Ok(())
    } else {
        Err(Reason::InvalidParameter)
    }
}

fn ceil(x: f64) -> u64 {
    x.ceil() as u64
}

/// The first of `from..to` for which `holds`, which must stay true once it is; `to` if there is none.
fn first(mut from: u64, mut to: u64, holds: impl Fn(u64) -> bool) -> u64 {
    while from < to {
        let middle = from + (to - from) / 2;
        if holds(middle) { to = middle } else { from = middle + 1 }
    }
    from
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stats::LEVEL_95;
    use crate::stats::checks::near;

    #[track_caller]
    fn check(estimate: Estimate, lo: f64, hi: f64) {
        near(estimate.lo, lo, 5.1e-10);
        near(estimate.hi, hi, 5.1e-10);
    }

    #[test]
    fn exact_limits_agree_to_ten_digits() {
        check(garwood(0, 1.0, LEVEL_95), 0.0, 3.688879454);
        check(garwood(1, 1.0, LEVEL_95), 0.0253178080, 5.571643391);
        check(garwood(5, 1.0, LEVEL_95), 1.62348639, 11.66833208);
        check(garwood(100, 1.0, LEVEL_95), 81.36399125, 121.6267938);
    }

    #[test]
    fn byar_limits_agree_to_ten_digits() {
        check(byar(0, 1.0, LEVEL_95), 0.0, 3.668011832);
        check(byar(1, 1.0, LEVEL_95), 0.0130721329, 5.563755582);
        check(byar(5, 1.0, LEVEL_95), 1.611347716, 11.66816412);
        check(byar(100, 1.0, LEVEL_95), 81.36210549, 121.6279376);
    }

    #[test]
    fn the_exact_ratio_agrees_to_ten_digits() {
        let estimate = ratio(11, 800.0, 21, 3011.0, LEVEL_95);
        near(estimate.value, 1.971488095, 5.1e-10);
        check(estimate, 0.8584264034, 4.277265944);
        near(ratio_p_value(11, 800.0, 21, 3011.0), 0.07966863303, 5.1e-12);
        near(ratio_p_value(21, 3011.0, 11, 800.0), 0.07966863303, 5.1e-12);
    }

    #[test]
    fn a_rate_scales_with_the_unit_of_time() {
        let (hours, days) = (garwood(5, 48.0, LEVEL_95), garwood(5, 2.0, LEVEL_95));
        near(hours.hi.map(|x| x * 24.0), days.hi.unwrap(), 1e-15);
    }

    #[test]
    fn no_event_is_a_boundary_and_no_time_is_no_rate() {
        assert_eq!(garwood(0, 9.0, LEVEL_95).status, Status::Boundary(Reason::NoEvents));
        assert_eq!(garwood(0, 0.0, LEVEL_95).status, Status::NotEstimable(Reason::NoExposure));
        assert_eq!(byar(3, -1.0, LEVEL_95).status, Status::NotEstimable(Reason::InvalidParameter));
        assert_eq!(byar(3, 1.0, 1.5).status, Status::NotEstimable(Reason::InvalidParameter));
    }

    #[test]
    fn a_ratio_without_events_on_one_side_has_one_limit_of_interest() {
        let none_before = ratio(0, 100.0, 5, 100.0, LEVEL_95);
        assert_eq!((none_before.value, none_before.lo), (Some(0.0), Some(0.0)));
        near(none_before.hi, 1.091279105182545, 1e-14);
        let none_after = ratio(5, 100.0, 0, 100.0, LEVEL_95);
        assert_eq!((none_after.value, none_after.hi), (None, None));
        near(none_after.lo, 1.0 / none_before.hi.unwrap(), 1e-12);
        assert_eq!(none_after.status, Status::Boundary(Reason::NoEventsInReference));
        assert_eq!(ratio(0, 1.0, 0, 1.0, LEVEL_95).status, Status::NotEstimable(Reason::NoEvents));
    }

    #[test]
    fn p_values_stay_between_zero_and_one() {
        assert_eq!(ratio_p_value(0, 1.0, 0, 1.0), Some(1.0));
        assert_eq!(ratio_p_value(4, 1.0, 4, 1.0), Some(1.0));
        assert_eq!(ratio_p_value(1, 0.0, 4, 1.0), None);
        near(ratio_p_value(0, 1.0, 5, 1.0), 0.0625, 1e-14);
        near(ratio_p_value(5, 1.0, 0, 1.0), 0.0625, 1e-14);
    }
}
