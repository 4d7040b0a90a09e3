//! Laws that every estimator keeps for any input, tried on random ones.
//!
//! They need no reference value: a share stays between 0 and 1, a higher level is never narrower, swapping the
//! arms negates a difference, and nothing is ever NaN or infinite.

use proptest::prelude::*;

use super::cluster::{self, PLANNING_ICC, Tally};
use super::contrast::{self, Pair};
use super::mean::{self, Moments, Scale, Scores};
use super::ratio::{self, Numerator, Part, Sums};
use super::*;

const SCALE: Scale = Scale { step: 0.5, floor: 0.0, ceiling: 1e12 };

/// Events and observations, small and huge ones alike.
pub(super) fn counts() -> impl Strategy<Value = (u64, u64)> {
    let size = prop_oneof![0..30_u64, 0..5_000_u64, 0..=u64::from(u32::MAX)];
    size.prop_flat_map(|n| (prop_oneof![Just(0), Just(n), 0..=n], Just(n)))
}

pub(super) fn tallies() -> impl Strategy<Value = Vec<Tally>> {
    prop::collection::vec(counts().prop_map(|(x, n)| Tally { n, x }), 0..14)
}

fn pairs() -> impl Strategy<Value = Vec<Pair>> {
    let pair = (counts(), counts()).prop_map(|((x1, n1), (x2, n2))| Pair::from((n1, x1, n2, x2)));
    prop::collection::vec(pair, 0..14)
}

fn parts() -> impl Strategy<Value = Vec<Part>> {
    let part = (any::<u32>(), any::<u32>()).prop_map(|(a, t)| Part { a: a.into(), t: t.into() });
    prop::collection::vec(part, 0..14)
}

/// Every number is finite, the value lies between its limits, and what is absent has a reason.
pub(super) fn sound(estimate: &Estimate) -> Result<(), TestCaseError> {
    let numbers =
        [estimate.value, estimate.lo, estimate.hi, estimate.se, estimate.events, estimate.df, estimate.deff];
    prop_assert!(numbers.iter().flatten().all(|x| x.is_finite()), "{estimate:?}");
    prop_assert!(estimate.n.is_finite() && estimate.level.is_finite(), "{estimate:?}");
    if let Some(value) = estimate.value {
        prop_assert!(
            estimate.lo.is_none_or(|lo| lo <= value) && estimate.hi.is_none_or(|hi| hi >= value),
            "{estimate:?}"
        );
    }
    prop_assert!(estimate.interval().is_some() || estimate.status.reason().is_some(), "{estimate:?}");
    prop_assert!(estimate.flags.is_sorted_by(|a, b| a < b), "{estimate:?}");
    prop_assert!(estimate.status != Status::NotEstimable(Reason::NotFinite), "{estimate:?}");
    Ok(())
}

/// The limits of `wide` are nowhere inside those of `narrow`; rounding is allowed for.
pub(super) fn encloses(wide: &Estimate, narrow: &Estimate) -> Result<(), TestCaseError> {
    let slack = 1e-12 * narrow.value.map_or(1.0, |x| x.abs().max(1.0));
    prop_assert!(wide.lo.zip(narrow.lo).is_none_or(|(a, b)| a <= b + slack), "{wide:?} {narrow:?}");
    prop_assert!(wide.hi.zip(narrow.hi).is_none_or(|(a, b)| a >= b - slack), "{wide:?} {narrow:?}");
    Ok(())
}

fn negates(ahead: &Estimate, back: &Estimate) -> Result<(), TestCaseError> {
    let minus = |x: Option<f64>| x.map(|x| -x);
    prop_assert_eq!(ahead.value, minus(back.value));
    prop_assert_eq!((ahead.lo, ahead.hi), (minus(back.hi), minus(back.lo)));
    prop_assert_eq!((ahead.status, ahead.se, ahead.method), (back.status, back.se, back.method));
    Ok(())
}

proptest! {
    #[test]
    fn a_share_stays_between_zero_and_one_and_widens_with_its_level((x, n) in counts()) {
        let (x, n) = (x as f64, n as f64);
        let (usual, funnel) = (proportion::wilson(x, n, LEVEL_95), proportion::wilson(x, n, LEVEL_998));
        sound(&usual)?;
        prop_assert!(usual.lo.is_none_or(|lo| lo >= 0.0) && usual.hi.is_none_or(|hi| hi <= 1.0));
        encloses(&funnel, &usual)?;
    }

    #[test]
    fn a_share_mirrors_when_events_and_non_events_swap((x, n) in counts()) {
        let (x, n) = (x as f64, n as f64);
        let (ahead, back) = (proportion::wilson(x, n, LEVEL_95), proportion::wilson(n - x, n, LEVEL_95));
        if let (Some(a), Some(b)) = (ahead.interval(), back.interval()) {
            prop_assert!((a.lo + b.hi - 1.0).abs() < 1e-12 && (a.hi + b.lo - 1.0).abs() < 1e-12);
        }
    }

    #[test]
    fn more_events_never_lower_a_share((x, n) in counts(), more in 0.0..1000.0_f64) {
        let n = n as f64 + 1.0;
        let (x, y) = (x as f64, (x as f64 + more).min(n));
        let (less, more) = (proportion::wilson(x, n, LEVEL_95), proportion::wilson(y, n, LEVEL_95));
        let limits = less.lo.zip(more.lo).zip(less.hi.zip(more.hi));
        let rises = |((lo, lo_more), (hi, hi_more))| lo <= lo_more + 1e-15 && hi <= hi_more + 1e-15;
        prop_assert!(limits.is_some_and(rises), "{less:?} {more:?}");
    }

    #[test]
    fn any_two_numbers_are_a_share_or_refused(x in any::<f64>(), n in any::<f64>(), level in any::<f64>()) {
        let estimate = proportion::wilson(x, n, level);
        let numbers = [estimate.value, estimate.lo, estimate.hi, estimate.se];
        prop_assert!(numbers.iter().flatten().all(|x| x.is_finite()));
    }

    #[test]
    fn a_mix_has_sound_shares(counts in prop::collection::vec(any::<u64>(), 0..8)) {
        for share in proportion::goodman(&counts, LEVEL_95) {
            sound(&share)?;
        }
    }

    #[test]
    fn independent_arms_swap((x1, n1) in counts(), (x2, n2) in counts()) {
        let (ahead, back) =
            (difference::newcombe(x1, n1, x2, n2, LEVEL_95), difference::newcombe(x2, n2, x1, n1, LEVEL_95));
        sound(&ahead)?;
        negates(&ahead, &back)?;
        encloses(&difference::newcombe(x1, n1, x2, n2, LEVEL_998), &ahead)?;
        let (ratio, inverse) =
            (difference::ratio(x1, n1, x2, n2, LEVEL_95), difference::ratio(x2, n2, x1, n1, LEVEL_95));
        sound(&ratio)?;
        if let (Some(a), Some(b)) = (ratio.interval(), inverse.interval()) {
            prop_assert!((a.value * b.value - 1.0).abs() < 1e-9 && (a.lo * b.hi - 1.0).abs() < 1e-9);
        }
    }

    #[test]
    fn clustered_shares_are_sound_whatever_their_order(clusters in tallies()) {
        let estimate = cluster::proportion(&clusters, PLANNING_ICC, LEVEL_95);
        sound(&estimate)?;
        encloses(&cluster::proportion(&clusters, PLANNING_ICC, LEVEL_998), &estimate)?;
        let reversed: Vec<Tally> = clusters.iter().rev().copied().collect();
        prop_assert_eq!(&estimate, &cluster::proportion(&reversed, PLANNING_ICC, LEVEL_95));
        if clusters.iter().filter(|cluster| cluster.n > 0).count() > 1 {
            let (x, n) = (estimate.events.unwrap_or(0.0), estimate.n);
            encloses(&estimate, &proportion::wilson(x, n, LEVEL_95)).or_else(|_| {
                // A larger design effect may shift the centre, but never narrows the interval.
                prop_assert!(estimate.half_width() >= proportion::wilson(x, n, LEVEL_95).half_width());
                Ok::<(), TestCaseError>(())
            })?;
        }
        prop_assert!(cluster::icc(&clusters).is_none_or(f64::is_finite));
    }

    #[test]
    fn clustered_arms_swap_and_never_claim_certainty(clusters in pairs()) {
        let swapped: Vec<Pair> =
            clusters.iter().map(|pair| Pair { first: pair.second, second: pair.first }).collect();
        let ahead = contrast::difference(&clusters, PLANNING_ICC, LEVEL_95);
        sound(&ahead)?;
        negates(&ahead, &contrast::difference(&swapped, PLANNING_ICC, LEVEL_95))?;
        prop_assert!(ahead.half_width().is_none_or(|width| width > 0.0), "{ahead:?}");
        prop_assert!(ahead.lo.is_none_or(|lo| lo >= -1.0) && ahead.hi.is_none_or(|hi| hi <= 1.0), "{ahead:?}");
        encloses(&contrast::difference(&clusters, PLANNING_ICC, LEVEL_998), &ahead)?;
    }

    #[test]
    fn rates_are_sound_and_scale_with_time(events in any::<u32>(), time in 1e-6..1e12_f64) {
        let events = u64::from(events);
        for estimator in [rate::garwood, rate::byar, ratio::mtbf] {
            let estimate = estimator(events, time, LEVEL_95);
            sound(&estimate)?;
            encloses(&estimator(events, time, LEVEL_998), &estimate)?;
        }
        let (once, twice) = (rate::garwood(events, time, LEVEL_95), rate::garwood(events, 2.0 * time, LEVEL_95));
        prop_assert_eq!(once.hi, twice.hi.map(|x| 2.0 * x));
    }

    #[test]
    fn rates_swap((x1, x2) in (any::<u32>(), any::<u32>()), (t1, t2) in (1e-3..1e9_f64, 1e-3..1e9_f64)) {
        let (x1, x2) = (u64::from(x1), u64::from(x2));
        let (ahead, back) = (rate::ratio(x1, t1, x2, t2, LEVEL_95), rate::ratio(x2, t2, x1, t1, LEVEL_95));
        sound(&ahead)?;
        if let (Some(lo), Some(hi)) = (ahead.lo, back.hi) {
            prop_assert!((lo * hi - 1.0).abs() < 1e-9 || lo == 0.0);
        }
        prop_assert!(rate::ratio_p_value(x1, t1, x2, t2).is_some_and(|p| (0.0..=1.0).contains(&p)));
    }

    #[test]
    fn ratios_of_sums_are_sound_and_agree_between_their_two_forms(parts in parts()) {
        let sums = parts.iter().filter(|part| part.a > 0 || part.t > 0).fold(Sums::default(), |sums, part| Sums {
            n: sums.n + 1,
            a: sums.a + part.a,
            t: sums.t + part.t,
            aa: sums.aa + part.a * part.a,
            at: sums.at + part.a * part.t,
            tt: sums.tt + part.t * part.t,
        });
        for numerator in [Numerator::Count, Numerator::Amount] {
            let clusters = ratio::of_clusters(&parts, numerator, LEVEL_95);
            let units = ratio::of_units(&sums, numerator, LEVEL_95);
            sound(&clusters)?;
            sound(&units)?;
            encloses(&ratio::of_clusters(&parts, numerator, LEVEL_998), &clusters)?;
            if let (Some(a), Some(b)) = (clusters.se, units.se) {
                prop_assert!((a - b).abs() <= 1e-12 * a);
            }
        }
    }

    #[test]
    fn quantiles_are_sound(histogram in prop::collection::btree_map(any::<u64>(), 0..=u64::from(u32::MAX), 0..20), q in 0.001..0.999_f64) {
        let pairs: Vec<(u64, u64)> = histogram.into_iter().collect();
        let estimate = quantile::quantile(pairs.iter().copied(), q, LEVEL_95);
        sound(&estimate)?;
        encloses(&quantile::quantile(pairs.iter().copied(), q, LEVEL_998), &estimate)?;
        let clusters = [&pairs[..], &pairs[..pairs.len() / 2], &pairs[pairs.len() / 2..]];
        sound(&quantile::woodruff(&clusters, q, PLANNING_ICC, LEVEL_95))?;
    }

    #[test]
    fn means_are_sound(scores in prop::collection::vec(any::<u32>(), 0..20)) {
        let scores: Vec<u128> = scores.into_iter().map(u128::from).collect();
        let squares = scores.iter().map(|score| score * score).sum();
        let moments = Moments { n: scores.len() as u64, sum: scores.iter().sum(), squares };
        let plain = mean::mean(&moments, SCALE, LEVEL_95);
        sound(&plain)?;
        let clusters: Vec<Scores> = scores.chunks(3).map(|part| Scores { n: part.len() as u64, sum: part.iter().sum() }).collect();
        sound(&mean::of_clusters(&clusters, SCALE, LEVEL_95))?;
    }

    #[test]
    fn no_input_is_answered_with_a_panic_or_a_number_that_is_none(
        counts in prop::collection::vec(any::<u64>(), 6),
        times in (any::<f64>(), any::<f64>()),
        q in prop_oneof![any::<f64>(), 0.0..1.0_f64],
        level in prop_oneof![any::<f64>(), 0.0..1.0_f64],
    ) {
        let (x1, n1, x2, n2) = (counts[0], counts[1], counts[2], counts[3]);
        let pair = Pair::from((n1, x1, n2, x2));
        let part = |a: u64, t: u64| Part { a: u128::from(a) * u128::from(t), t: t.into() };
        let parts = [part(x1, n1), part(x2, n2)];
        let [a, t] = [x1, n1].map(u128::from);
        let sums = Sums { n: x2, a, t, aa: a * t, at: a * a, tt: t * t };
        let moments = Moments { n: n1, sum: a, squares: t * t };
        let ladder = [(counts[4] / 2, x1), (counts[4], n1)];
        let estimates = [
            difference::newcombe(x1, n1, x2, n2, level),
            difference::ratio(x1, n1, x2, n2, level),
            cluster::proportion(&[pair.first, pair.second], q, level),
            contrast::difference(&[pair, Pair { first: pair.second, second: pair.first }], q, level),
            rate::garwood(x1, times.0, level),
            rate::byar(x1, times.0, level),
            rate::ratio(x1, times.0, x2, times.1, level),
            ratio::mtbf(x1, times.0, level),
            ratio::of_clusters(&parts, Numerator::Count, level),
            ratio::of_units(&sums, Numerator::Amount, level),
            quantile::quantile(ladder, q, level),
            quantile::woodruff(&[ladder, ladder], q, q, level),
            mean::mean(&moments, SCALE, level),
        ];
        for estimate in estimates {
            let numbers = [estimate.value, estimate.lo, estimate.hi, estimate.se, estimate.df, estimate.deff];
            prop_assert!(numbers.iter().flatten().all(|x| x.is_finite()), "{estimate:?}");
            prop_assert!(estimate.interval().is_some() || estimate.status.reason().is_some(), "{estimate:?}");
        }
        let p = rate::ratio_p_value(x1, times.0, x2, times.1);
        prop_assert!(p.is_none_or(|p| (0.0..=1.0).contains(&p)));
    }
}
