//! Indirect standardisation, and the directly standardised rate as public-health tables print it.
//!
//! The standardised ratio holds an arm's events against those a reference would have had in the same mix. It is
//! for funnels, many arms against one reference: two such ratios have different weights and must not be compared
//! with each other. The standardised rate of Dobson and others brings an arm to a standard population and, where a
//! person can have several events, counts their squares, because such events do not come independently.
//!
//! Sources: Breslow & Day 1987, Statistical Methods in Cancer Research II, section 2.3; Dobson et al. 1991, Stat
//! Med 10:457; Office for Health Improvement and Disparities, Public health profiles technical guide, for events
//! that are not independent.

use super::total;
use crate::stats::cluster::Tally;
use crate::stats::estimate::{Estimate, FEWEST_EVENTS, Interval, critical};
use crate::stats::exact::ascending;
use crate::stats::rate::byar_limits;
use crate::stats::status::{Flag, Reason, Status};

/// The name of the ratio of events observed to events expected.
pub const STANDARDISED_RATIO_BYAR: &str = "standardised_ratio_byar";
/// The name of the directly standardised rate.
pub const DOBSON_BYAR: &str = "dobson_byar";

/// One stratum of an arm, and the reference it is held against.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Referred {
    /// The counts of the arm.
    pub own: Tally,
    /// The counts of the reference.
    pub reference: Tally,
}

/// One stratum of a rate that is brought to a standard population.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Weighted {
    /// The size of the stratum in the standard population.
    pub weight: u64,
    /// The exposure: persons, consultations, or time in whole units.
    pub exposure: u64,
    /// Events.
    pub events: u64,
    /// The sum over persons of the square of their number of events; the events themselves if each has at most one.
    pub squares: u64,
}

/// Events observed over events expected from the reference's shares, with Byar's limits.
///
/// The reference counts as known, and events as independent and rare: for common events the limits are wide. Strata
/// that the reference lacks are left out, observed and expected, which is flagged.
pub fn standardised_ratio(strata: &[Referred], level: f64) -> Estimate {
    ratio(strata, level).unwrap_or_else(|why| Estimate::not_estimable(STANDARDISED_RATIO_BYAR, level, why))
}

/// The events of an arm in the strata that the reference has, and those that its shares would have given there.
///
/// Nothing where counts contradict each other or no stratum has a reference.
pub fn observed_and_expected(strata: &[Referred]) -> Option<(u64, f64)> {
    observed(strata).ok().map(|(own, expected)| (own.x, expected))
}

/// The rate Σw·x/n over Σw, with Dobson's limits.
///
/// Where squares exceed events, some persons have several, and the limits allow for it; where they do not, they
/// assume that events are independent, which is flagged. Strata without weight or exposure are left out, the latter
/// flagged. Fewer than ten events are given as insufficient evidence, where the tables withhold the rate.
pub fn standardised_rate(strata: &[Weighted], level: f64) -> Estimate {
    rate(strata, level).unwrap_or_else(|why| Estimate::not_estimable(DOBSON_BYAR, level, why))
}

/// The limits v + √(Var/O)·(Byar(O) − O) of a weighted rate `v` with variance `variance` on `events` events.
pub fn dobson_limits(v: f64, variance: f64, events: f64, critical: f64) -> Interval {
    let (lo, hi) = byar_limits(events, critical);
    let scale = (variance / events).sqrt();
    Interval { value: v, lo: v + scale * (lo - events), hi: v + scale * (hi - events) }
}

fn observed(strata: &[Referred]) -> Result<(Tally, f64), Reason> {
    total(strata.iter().map(|s| s.own))?;
    total(strata.iter().map(|s| s.reference))?;
    let known: Vec<&Referred> = strata.iter().filter(|s| s.own.n > 0 && s.reference.n > 0).collect();
    let own = total(known.iter().map(|s| s.own))?;
    if own.n == 0 {
        let empty = strata.iter().all(|s| s.own.n == 0);
        return Err(if empty { Reason::NoData } else { Reason::NoCommonSupport });
    }
    let expected =
        ascending(known.iter().map(|s| s.own.n as f64 * (s.reference.x as f64 / s.reference.n as f64)));
    Ok((own, expected))
}

fn ratio(strata: &[Referred], level: f64) -> Result<Estimate, Reason> {
    let critical = critical(level).ok_or(Reason::InvalidParameter)?;
    let (own, expected) = observed(strata)?;
    if expected == 0.0 {
        return Err(if own.x == 0 { Reason::NoEvents } else { Reason::NoEventsInReference });
    }
    let x = own.x as f64;
    let (lo, hi) = byar_limits(x, critical);
    let interval = Interval { value: x / expected, lo: lo / expected, hi: hi / expected };
    let left_out = strata.iter().any(|s| s.own.n > 0 && s.reference.n == 0);
    Ok(Estimate::between(STANDARDISED_RATIO_BYAR, level, interval)
        .with_se(if own.x == 0 { f64::NAN } else { x.sqrt() / expected })
        .with_n(own.n as f64)
        .with_events(x)
        .with_flag(Flag::AssumedIndependence)
        .with_flag_if(left_out, Flag::PartialSupport)
        .with_status(if own.x == 0 { Status::Boundary(Reason::NoEvents) } else { Status::Ok }))
}

fn rate(strata: &[Weighted], level: f64) -> Result<Estimate, Reason> {
    let critical = critical(level).ok_or(Reason::InvalidParameter)?;
    if strata.iter().any(|s| s.squares < s.events) {
        return Err(Reason::InconsistentCounts);
    }
    let wanted = || strata.iter().filter(|s| s.weight > 0);
    let used: Vec<&Weighted> = wanted().filter(|s| s.exposure > 0).collect();
    let sum = |term: &dyn Fn(&Weighted) -> f64| ascending(used.iter().map(|s| term(s)));
    let total = sum(&|s| s.weight as f64);
    if used.is_empty() {
        return Err(if strata.is_empty() { Reason::NoData } else { Reason::NoExposure });
    }
    let (events, squares) = (sum(&|s| s.events as f64), sum(&|s| s.squares as f64));
    if events == 0.0 {
        return Err(Reason::NoEvents);
    }
    let share = |s: &Weighted| s.weight as f64 / total / s.exposure as f64;
    let value = sum(&|s| share(s) * s.events as f64);
    let variance = sum(&|s| share(s) * share(s) * s.squares as f64);
    let few = Status::InsufficientEvidence(Reason::FewEvents);
    Ok(Estimate::between(DOBSON_BYAR, level, dobson_limits(value, variance, events, critical))
        .clipped(0.0, f64::INFINITY)
        .with_se(variance.sqrt())
        .with_n(sum(&|s| s.exposure as f64))
        .with_events(events)
        .with_flag_if(squares == events, Flag::AssumedIndependence)
        .with_flag_if(used.len() < wanted().count(), Flag::PartialSupport)
        .with_status(if events < FEWEST_EVENTS as f64 { few } else { Status::Ok }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stats::LEVEL_95;
    use crate::stats::case_mix::Stratum;
    use crate::stats::case_mix::examples::{SIMPSON, strata};
    use crate::stats::checks::near;

    /// One arm against both arms together.
    fn against_both(arm: fn(&Stratum) -> Tally) -> Vec<Referred> {
        let both = |s: &Stratum| Tally { n: s.first.n + s.second.n, x: s.first.x + s.second.x };
        strata(&SIMPSON).iter().map(|s| Referred { own: arm(s), reference: both(s) }).collect()
    }

    #[test]
    fn observed_over_expected_agrees_to_seven_digits() {
        let (first, second) = (against_both(|s| s.first), against_both(|s| s.second));
        let estimate = standardised_ratio(&first, LEVEL_95);
        near(observed_and_expected(&first).map(|pair| pair.1), 133.3571429, 5.1e-10);
        near(estimate.value, 0.9148366, 5.1e-8);
        near(estimate.lo, 0.7597040, 5.1e-8);
        near(estimate.hi, 1.0923242, 5.1e-8);
        let estimate = standardised_ratio(&second, LEVEL_95);
        near(observed_and_expected(&second).map(|pair| pair.1), 103.6428571, 5.1e-10);
        near(estimate.value, 1.1095796, 5.1e-8);
        near(estimate.lo, 0.9160550, 5.1e-8);
        near(estimate.hi, 1.3318928, 5.1e-8);
        assert_eq!((estimate.events, estimate.status), (Some(115.0), Status::Ok));
    }

    #[test]
    fn the_published_rate_has_its_published_limits() {
        // A rate per 100,000 on 895 events, of which the table gives value and limits: one limit fixes the
        // variance, and the other must follow. Once as if independent, once with persons who have several.
        for (lo, hi) in [(9717.709068, 11178.94092), (9532.949779, 11373.07483)] {
            let (value, critical) = (10430.24799, 1.959963984540054);
            let below = byar_limits(895.0, critical).0 - 895.0;
            let scale = (lo - value) / below;
            let limits = dobson_limits(value, scale * scale * 895.0, 895.0, critical);
            near(limits.lo, lo, 1e-12);
            near(limits.hi, hi, 1e-9);
        }
    }

    fn weighted(rows: &[(u64, u64, u64, u64)]) -> Vec<Weighted> {
        let row = |&(weight, exposure, events, squares): &_| Weighted { weight, exposure, events, squares };
        rows.iter().map(row).collect()
    }

    #[test]
    fn persons_with_several_events_widen_the_limits() {
        let single = standardised_rate(&weighted(&[(3, 100, 20, 20), (1, 50, 30, 30)]), LEVEL_95);
        near(single.value, 0.75 * 0.2 + 0.25 * 0.6, 1e-15);
        near(single.se, f64::sqrt(0.75 * 0.75 * 0.002 + 0.25 * 0.25 * 0.012), 1e-15);
        assert_eq!(single.flags, [Flag::AssumedIndependence]);
        // Ten persons with two events each, and thirty events of ten persons with three each.
        let several = standardised_rate(&weighted(&[(3, 100, 20, 40), (1, 50, 30, 90)]), LEVEL_95);
        near(several.se, f64::sqrt(0.75 * 0.75 * 0.004 + 0.25 * 0.25 * 0.036), 1e-15);
        assert_eq!((several.value, &several.flags[..]), (single.value, &[][..]));
        assert!(several.half_width() > single.half_width());
    }

    #[test]
    fn fewer_than_ten_events_are_not_evidence() {
        let rate = |events| standardised_rate(&weighted(&[(1, 100, events, events)]), LEVEL_95).status;
        assert_eq!(rate(9), Status::InsufficientEvidence(Reason::FewEvents));
        assert_eq!((rate(10), rate(0)), (Status::Ok, Status::NotEstimable(Reason::NoEvents)));
    }

    #[test]
    fn strata_without_a_reference_or_exposure_are_left_out_and_told() {
        let mut referred = against_both(|s| s.first);
        referred.push(Referred { own: Tally { n: 7, x: 3 }, reference: Tally::default() });
        let estimate = standardised_ratio(&referred, LEVEL_95);
        assert_eq!(estimate.events, Some(122.0));
        assert_eq!(estimate.flags, [Flag::AssumedIndependence, Flag::PartialSupport]);
        let lone = standardised_ratio(&referred[3..], LEVEL_95);
        assert_eq!(lone.status, Status::NotEstimable(Reason::NoCommonSupport));
        let rate = standardised_rate(&weighted(&[(1, 100, 20, 20), (1, 0, 0, 0)]), LEVEL_95);
        assert_eq!((rate.value, rate.flags.contains(&Flag::PartialSupport)), (Some(0.2), true));
    }

    #[test]
    fn what_cannot_be_expected_has_no_ratio() {
        let one = |x, reference_x| {
            let reference = Tally { n: 90, x: reference_x };
            standardised_ratio(&[Referred { own: Tally { n: 9, x }, reference }], LEVEL_95)
        };
        assert_eq!(one(2, 0).status, Status::NotEstimable(Reason::NoEventsInReference));
        assert_eq!(one(0, 0).status, Status::NotEstimable(Reason::NoEvents));
        let none = one(0, 30);
        near(none.hi, 3.668011832 / 3.0, 5.1e-10);
        assert_eq!((none.lo, none.status), (Some(0.0), Status::Boundary(Reason::NoEvents)));
        assert_eq!(one(10, 3).status, Status::NotEstimable(Reason::InconsistentCounts));
        assert_eq!(standardised_ratio(&[], LEVEL_95).status, Status::NotEstimable(Reason::NoData));
        let odd = standardised_rate(&weighted(&[(1, 9, 5, 4)]), LEVEL_95);
        assert_eq!(odd.status, Status::NotEstimable(Reason::InconsistentCounts));
        assert_eq!(standardised_rate(&[], LEVEL_95).status, Status::NotEstimable(Reason::NoData));
    }
}
