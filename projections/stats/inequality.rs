//! Inequality over ordered groups: how much an outcome changes from the most to the least deprived.
//!
//! The slope index of inequality is the difference that a straight line over the population, ranked by
//! deprivation, makes from one end to the other, and the relative index the ratio of its ends. They use every
//! group and its size, where a gap between the first and the last uses two. For shares the line is fitted on the
//! logit scale by preference. The definition is that of the Office for Health Improvement and Disparities, but
//! its limits are worked out instead of simulated, so they are the same each time. Consultations count as
//! independent. Inequality of outcomes among those who had a consultation says nothing of who had none.
//!
//! Sources: Pamuk 1985, Popul Stud 39:17; Mackenbach & Kunst 1997, Soc Sci Med 44:757; OHID 2023, the slope and
//! relative index of inequality in Fingertips; Cochran 1954, Biometrics 10:101, for heterogeneity.

mod line;

use serde::Serialize;

use self::line::{Line, QUANTILES, difference_of_ends, ratio_of_ends, read};
use super::cluster::Tally;
use super::difference;
use super::estimate::{Estimate, LEVEL_95, critical};
use super::exact::ascending;
use super::proportion::wilson_interval;
use super::status::{Flag, Reason, Status};
use super::test_statistic::Test;

/// The name of the slope index over values as they are.
pub const SII_LINEAR: &str = "sii_linear";
/// The name of the relative index over values as they are.
pub const RII_LINEAR: &str = "rii_linear";
/// The name of the slope index over logits.
pub const SII_LOGIT: &str = "sii_logit";
/// The name of the relative index over logits.
pub const RII_LOGIT: &str = "rii_logit";
/// The name of the slope itself, in logits.
pub const LOGIT_SLOPE: &str = "logit_slope_over_rank";

/// Both indices of one line.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Indices {
    /// The slope index: the least deprived end of the line minus the most deprived one.
    pub slope: Estimate,
    /// The relative index: the least deprived end over the most deprived one.
    pub relative: Estimate,
}

/// The first quantile against the last, without those between.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Gap {
    /// The share in the first minus that in the last: the sign is opposite to that of a slope index.
    pub absolute: Estimate,
    /// The share in the first over that in the last.
    pub relative: Estimate,
}

/// One quantile of any quantity: its observations, its value and the standard error of that.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Quantile {
    /// Observations, by which it takes its place in the ranking.
    pub n: u64,
    /// The value.
    pub value: f64,
    /// Its standard error.
    pub se: f64,
}

/// Slope and relative index of a share over quantiles from the most to the least deprived, fitted to logits.
///
/// The preferred form: neither end of the line can leave 0 to 1. Limits move the slope and hold the middle of the
/// line. A quantile without events, or with nothing but events, has one half added to its counts and puts the
/// indices at a boundary; without any event at all there is no line.
pub fn logit(quantiles: &[Tally], level: f64) -> Indices {
    let line = logits(quantiles).and_then(|values| Line::fit(&values));
    let slope = read(SII_LOGIT, &line, expit, difference_of_ends, level);
    let relative = read(RII_LOGIT, &line, expit, ratio_of_ends, level);
    Indices { slope: cautious(slope, quantiles), relative: cautious(relative, quantiles) }
}

/// The slope of the logits of a share over the ranked population, with its standard error.
///
/// For [`heterogeneity`] between platforms; as an index, [`logit`] says the same in shares.
pub fn logit_slope(quantiles: &[Tally], level: f64) -> Estimate {
    let line = logits(quantiles).and_then(|values| Line::fit(&values));
    let estimate = read(LOGIT_SLOPE, &line, |end| end, difference_of_ends, level);
    cautious(with_error(estimate, &line), quantiles)
}

/// Slope and relative index of a share over quantiles from the most to the least deprived, fitted as it is.
///
/// The ends of the line may leave 0 to 1; a relative index or a limit of it that is no ratio of two shares is
/// absent. A quantile without events, or with nothing but events, takes its standard error from counts with one
/// half added.
pub fn linear(quantiles: &[Tally], level: f64) -> Indices {
    let line = shares(quantiles).and_then(|values| Line::fit(&values));
    let mut indices = indices(&line, level);
    if let (Ok(_), Some((0, _))) = (line, events(quantiles)) {
        indices.relative = Estimate::not_estimable(RII_LINEAR, level, Reason::NoEvents);
    }
    let Indices { slope, relative } = indices;
    Indices { slope: cautious(slope, quantiles), relative: cautious(relative, quantiles) }
}

/// Slope and relative index of any quantity over quantiles from the most to the least deprived.
///
/// The relative index needs a quantity that cannot be negative.
pub fn of_values(quantiles: &[Quantile], level: f64) -> Indices {
    let n = quantiles.iter().map(|quantile| u128::from(quantile.n)).sum::<u128>() as f64;
    let Indices { slope, relative } = indices(&Line::fit(quantiles), level);
    Indices { slope: slope.with_n(n), relative: relative.with_n(n) }
}

/// The share in the first quantile against that in the last; nothing without two quantiles.
pub fn gap(quantiles: &[Tally], level: f64) -> Option<Gap> {
    let [first, .., last] = quantiles else { return None };
    Some(Gap {
        absolute: difference::newcombe(first.x, first.n, last.x, last.n, level),
        relative: difference::ratio(first.x, first.n, last.x, last.n, level),
    })
}

/// Cochran's Q: whether slopes, of one platform each, differ by more than their standard errors.
///
/// Slopes without a standard error are left out, as the degrees of freedom show; nothing below two.
pub fn heterogeneity(slopes: &[Estimate]) -> Option<Test> {
    let slopes: Vec<(f64, f64)> = slopes
        .iter()
        .filter_map(|slope| slope.value.zip(slope.se))
        .filter(|(_, se)| *se > 0.0)
        .map(|(value, se)| (value, 1.0 / (se * se)))
        .collect();
    if slopes.len() < 2 {
        return None;
    }
    let weight = ascending(slopes.iter().map(|(_, weight)| *weight));
    let mean = ascending(slopes.iter().map(|(value, weight)| value * weight)) / weight;
    let q = ascending(slopes.iter().map(|(value, weight)| weight * (value - mean) * (value - mean)));
    Test::chi_squared(q, slopes.len() as f64 - 1.0)
}

fn indices(line: &Result<Line, Reason>, level: f64) -> Indices {
    let slope = read(SII_LINEAR, line, |end| end, difference_of_ends, level);
    Indices {
        slope: with_error(slope, line),
        relative: read(RII_LINEAR, line, |end| end, ratio_of_ends, level),
    }
}

fn with_error(estimate: Estimate, line: &Result<Line, Reason>) -> Estimate {
    match line {
        Ok(line) if estimate.interval().is_some() => estimate.with_se(line.se),
        _ => estimate,
    }
}

/// The same estimate with the totals it rests on, and what is to be said of its quantiles.
fn cautious(estimate: Estimate, quantiles: &[Tally]) -> Estimate {
    let Some((x, n)) = events(quantiles) else { return estimate };
    let edge = quantiles.iter().any(|quantile| quantile.n > 0 && at_edge(quantile));
    let status = if edge { Status::Boundary(Reason::EdgeQuantile) } else { Status::Ok };
    estimate.with_counts(x, n, 0, 0).with_status(status).with_flag_if(edge, Flag::HalfAdded)
}

/// Events and observations of all quantiles, where the counts make sense.
fn events(quantiles: &[Tally]) -> Option<(u64, u64)> {
    let sound = quantiles.iter().all(|quantile| quantile.x <= quantile.n);
    let n = quantiles.iter().try_fold(0_u64, |sum, quantile| sum.checked_add(quantile.n))?;
    sound.then(|| (quantiles.iter().map(|quantile| quantile.x).sum(), n))
}

fn at_edge(quantile: &Tally) -> bool {
    quantile.x == 0 || quantile.x == quantile.n
}

/// The logits of the shares, with one half added to the counts where they have none.
fn logits(quantiles: &[Tally]) -> Result<Vec<Quantile>, Reason> {
    let (x, n) = checked(quantiles)?;
    match x {
        0 => return Err(Reason::NoEvents),
        _ if x == n => return Err(Reason::AllEvents),
        _ => {}
    }
    quantiles.iter().map(|quantile| logit_of(quantile).map(|(_, logit)| logit)).collect()
}

/// The shares, with the standard error that their logits have.
fn shares(quantiles: &[Tally]) -> Result<Vec<Quantile>, Reason> {
    checked(quantiles)?;
    let share = |quantile: &Tally| {
        let (p, logit) = logit_of(quantile)?;
        let value = quantile.x as f64 / quantile.n as f64;
        Ok(Quantile { n: quantile.n, value, se: logit.se * p * (1.0 - p) })
    };
    quantiles.iter().map(share).collect()
}

/// One share away from 0 and 1, and its logit, whose standard error is that of a normal with Wilson's limits.
fn logit_of(quantile: &Tally) -> Result<(f64, Quantile), Reason> {
    let critical = critical(LEVEL_95).ok_or(Reason::NotFinite)?;
    let (x, n) = (quantile.x as f64, quantile.n as f64);
    let (x, n) = if at_edge(quantile) { (x + 0.5, n + 1.0) } else { (x, n) };
    let limits = wilson_interval(x, n, critical).ok_or(Reason::NotFinite)?;
    let log_odds = |p: f64| libm::log(p) - libm::log1p(-p);
    let se = (log_odds(limits.hi) - log_odds(limits.lo)) / (2.0 * critical);
    Ok((x / n, Quantile { n: quantile.n, value: libm::log(x / (n - x)), se }))
}

fn checked(quantiles: &[Tally]) -> Result<(u64, u64), Reason> {
    if !QUANTILES.contains(&quantiles.len()) {
        return Err(Reason::QuantileCount);
    }
    if quantiles.iter().any(|quantile| quantile.x > quantile.n) {
        return Err(Reason::InconsistentCounts);
    }
    if quantiles.iter().any(|quantile| quantile.n == 0) {
        return Err(Reason::EmptyQuantile);
    }
    events(quantiles).ok_or(Reason::TooLarge)
}

fn expit(x: f64) -> f64 {
    1.0 / (1.0 + libm::exp(-x))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde::Deserialize;

    use super::*;
    use crate::stats::checks::near;

    /// Failures by quintile, the most deprived first.
    const QUINTILES: [(u64, u64); 5] = [(400, 80), (500, 75), (600, 66), (450, 36), (550, 33)];

    fn tallies(pairs: &[(u64, u64)]) -> Vec<Tally> {
        pairs.iter().copied().map(Tally::from).collect()
    }

    fn check(estimate: &Estimate, [value, lo, hi]: [f64; 3], tolerance: f64) {
        near(estimate.value, value, tolerance);
        near(estimate.lo, lo, tolerance);
        near(estimate.hi, hi, tolerance);
    }

    #[test]
    fn quintiles_agree_to_ten_digits_on_the_logit_scale() {
        let quintiles = tallies(&QUINTILES);
        let slope = logit_slope(&quintiles, LEVEL_95);
        near(slope.value, -1.668604129, 5.1e-10);
        near(slope.se, 0.2431367972, 5.1e-11);
        let Indices { slope, relative } = logit(&quintiles, LEVEL_95);
        check(&slope, [-0.1676047593, -0.2209736503, -0.1172467271], 5.1e-11);
        check(&relative, [0.2288796178, 0.1520322532, 0.3469786899], 5.1e-11);
        assert_eq!((slope.n, slope.events, slope.status), (2500.0, Some(290.0), Status::Ok));
    }

    #[test]
    fn quintiles_agree_to_ten_digits_as_they_are() {
        let Indices { slope, relative } = linear(&tallies(&QUINTILES), LEVEL_95);
        check(&slope, [-0.1664661654, -0.2112346799, -0.1216976509], 5.1e-11);
        near(relative.value, 0.1644652427, 5.1e-11);
        // The middle is 0.116; at the limits of the slope the ends are that much above and below it.
        near(relative.lo, (0.116 - 0.2112346799 / 2.0) / (0.116 + 0.2112346799 / 2.0), 1e-9);
    }

    #[derive(Deserialize)]
    struct Fixture {
        cases: Vec<Case>,
    }

    #[derive(Deserialize)]
    struct Case {
        quantiles: Vec<(u64, u64)>,
        linear: [f64; 3],
        logit_slope: [f64; 2],
        sii: [f64; 3],
        rii: [f64; 3],
    }

    #[test]
    fn random_quantiles_agree() {
        let fixture: Fixture = serde_json::from_str(include_str!("fixtures/inequality.json")).unwrap();
        assert!(fixture.cases.len() >= 30);
        for case in fixture.cases {
            let quantiles = tallies(&case.quantiles);
            check(&linear(&quantiles, LEVEL_95).slope, case.linear, 1e-10);
            let slope = logit_slope(&quantiles, LEVEL_95);
            near(slope.value, case.logit_slope[0], 1e-10);
            near(slope.se, case.logit_slope[1], 1e-10);
            let Indices { slope, relative } = logit(&quantiles, LEVEL_95);
            check(&slope, case.sii, 1e-10);
            check(&relative, case.rii, 1e-10);
        }
    }

    #[test]
    fn the_gap_is_the_first_against_the_last() {
        let gap = gap(&tallies(&QUINTILES), LEVEL_95).unwrap();
        near(gap.absolute.value, 0.2 - 0.06, 1e-14);
        near(gap.relative.value, 0.2 / 0.06, 1e-14);
        assert!(super::gap(&tallies(&[(5, 1)]), LEVEL_95).is_none());
    }

    #[test]
    fn slopes_of_platforms_are_compared_by_their_errors() {
        let slope =
            |value: f64, se: f64| Estimate::alone(LOGIT_SLOPE, LEVEL_95, value, Status::Ok).with_se(se);
        let test =
            heterogeneity(&[slope(0.04, 0.0270555), slope(-0.10, 0.03968627), slope(0.15, 0.04555217)])
                .unwrap();
        near(test.statistic, 17.75737909, 1e-5);
        near(test.p, 0.000139326627, 1e-8);
        assert_eq!(test.df, 2.0);
        let missing = Estimate::not_estimable(LOGIT_SLOPE, LEVEL_95, Reason::NoEvents);
        assert_eq!(heterogeneity(&[slope(1.0, 0.5), missing]), None);
    }

    #[test]
    fn a_quantile_without_events_has_one_half_added() {
        let quantiles = tallies(&[(40, 0), (50, 5), (60, 6), (45, 3), (55, 9)]);
        let slope = logit_slope(&quantiles, LEVEL_95);
        near(logit_of(&quantiles[0]).unwrap().1.value, libm::log(0.5 / 40.5), 1e-15);
        assert_eq!(
            (slope.status, slope.flags),
            (Status::Boundary(Reason::EdgeQuantile), vec![Flag::HalfAdded])
        );
        assert!(linear(&quantiles, LEVEL_95).slope.half_width().unwrap() > 0.0);
    }

    #[test]
    fn without_any_event_there_is_no_line_of_logits_but_no_inequality_either() {
        let none = tallies(&[(40, 0); 5]);
        assert_eq!(logit(&none, LEVEL_95).slope.status, Status::NotEstimable(Reason::NoEvents));
        let all = tallies(&[(40, 40); 5]);
        assert_eq!(logit(&all, LEVEL_95).relative.status, Status::NotEstimable(Reason::AllEvents));
        let Indices { slope, relative } = linear(&none, LEVEL_95);
        assert_eq!((slope.value, relative.value), (Some(0.0), None));
        assert!(slope.half_width().unwrap() > 0.0);
        assert_eq!(slope.status, Status::InsufficientEvidence(Reason::FewEvents));
        assert_eq!(relative.status, Status::NotEstimable(Reason::NoEvents));
    }

    #[test]
    fn a_line_below_zero_has_no_relative_index() {
        let steep = tallies(&[(100, 60), (100, 20), (100, 5), (100, 1), (100, 1)]);
        let Indices { slope, relative } = linear(&steep, LEVEL_95);
        assert!(slope.interval().is_some());
        assert_eq!(relative.status, Status::NotEstimable(Reason::BeyondRange));
        assert!(logit(&steep, LEVEL_95).relative.lo.unwrap() > 0.0);
        let nearly =
            linear(&tallies(&[(100, 20), (100, 14), (100, 10), (100, 7), (100, 4)]), LEVEL_95).relative;
        assert_eq!((nearly.lo, nearly.status), (None, Status::Boundary(Reason::BeyondRange)));
        assert!(nearly.value.unwrap() > 0.0 && nearly.hi.is_some());
    }

    #[test]
    fn quantiles_must_be_enough_and_filled() {
        let status = |pairs: &[(u64, u64)]| logit(&tallies(pairs), LEVEL_95).slope.status;
        assert_eq!(status(&QUINTILES[..4]), Status::NotEstimable(Reason::QuantileCount));
        assert_eq!(status(&[(9, 3); 101]), Status::NotEstimable(Reason::QuantileCount));
        assert_eq!(
            status(&[(9, 3), (9, 3), (0, 0), (9, 3), (9, 3)]),
            Status::NotEstimable(Reason::EmptyQuantile)
        );
        assert_eq!(status(&[(9, 10); 5]), Status::NotEstimable(Reason::InconsistentCounts));
        assert_eq!(status(&[(u64::MAX, 10); 5]), Status::NotEstimable(Reason::TooLarge));
        let level = linear(&tallies(&QUINTILES), 1.0).slope;
        assert_eq!(level.status, Status::NotEstimable(Reason::InvalidParameter));
    }

    #[test]
    fn any_quantity_has_a_slope() {
        let quintile = |value: f64| Quantile { n: 200, value, se: 1.5 };
        let values = [70.0, 71.0, 73.0, 74.0, 77.0].map(quintile);
        let Indices { slope, relative } = of_values(&values, LEVEL_95);
        // Of five equal sizes the slope is half of Σ(rank − 3)·value, and Σ(rank − 3)² is ten.
        near(slope.value, 8.5, 1e-13);
        near(slope.se, 1.5 * f64::sqrt(2.5), 1e-13);
        near(relative.value, (73.0 + 4.25) / (73.0 - 4.25), 1e-13);
        let exact = of_values(&values.map(|quantile| Quantile { se: 0.0, ..quantile }), LEVEL_95);
        assert_eq!(exact.slope.status, Status::NotEstimable(Reason::NoVariation));
        let nan = of_values(&[quintile(f64::NAN); 5], LEVEL_95);
        assert_eq!(nan.slope.status, Status::NotEstimable(Reason::InconsistentCounts));
    }

    proptest! {
        #[test]
        fn a_constant_share_has_no_slope_and_a_ratio_of_one(
            sizes in prop::collection::vec(1..10_000_u64, 5..12), ninths in 1..9_u64,
        ) {
            let quantiles: Vec<Tally> = sizes.iter().map(|n| Tally { n: n * 9, x: n * ninths }).collect();
            for Indices { slope, relative } in [linear(&quantiles, LEVEL_95), logit(&quantiles, LEVEL_95)] {
                prop_assert!(slope.value.unwrap().abs() < 1e-12 && (relative.value.unwrap() - 1.0).abs() < 1e-11);
                prop_assert!(slope.contains(0.0) && relative.contains(1.0));
            }
        }

        #[test]
        fn indices_are_sound_and_turn_with_the_order(
            pairs in prop::collection::vec((1..2_000_u64, 0.0..=1.0_f64), 0..12),
        ) {
            let mut quantiles: Vec<Tally> =
                pairs.iter().map(|(n, share)| Tally { n: *n, x: (*n as f64 * share) as u64 }).collect();
            let ahead = [linear(&quantiles, LEVEL_95), logit(&quantiles, LEVEL_95)];
            quantiles.reverse();
            let back = [linear(&quantiles, LEVEL_95), logit(&quantiles, LEVEL_95)];
            for (ahead, back) in ahead.iter().zip(&back) {
                for estimate in [&ahead.slope, &ahead.relative] {
                    let numbers = [estimate.value, estimate.lo, estimate.hi];
                    prop_assert!(numbers.iter().flatten().all(|x| x.is_finite()));
                    prop_assert!(estimate.interval().is_some() || estimate.status.reason().is_some());
                }
                if let (Some(a), Some(b)) = (ahead.slope.interval(), back.slope.interval()) {
                    prop_assert!((a.value + b.value).abs() < 1e-11 && (a.lo + b.hi).abs() < 1e-11);
                }
                if let (Some(a), Some(b)) = (ahead.relative.interval(), back.relative.interval()) {
                    prop_assert!((a.value * b.value - 1.0).abs() < 1e-9 && (a.lo * b.hi - 1.0).abs() < 1e-9);
                }
            }
        }

        #[test]
        fn no_values_are_answered_with_a_number_that_is_none(
            values in prop::collection::vec((any::<u64>(), any::<f64>(), any::<f64>()), 5..8),
            level in prop_oneof![any::<f64>(), 0.0..1.0_f64],
        ) {
            let quantile = |(n, value, se): &(u64, f64, f64)| Quantile { n: *n, value: *value, se: *se };
            let quantiles: Vec<Quantile> = values.iter().map(quantile).collect();
            let tallies: Vec<Tally> = values.iter().map(|(n, _, se)| Tally { n: *n, x: *se as u64 }).collect();
            let all = [of_values(&quantiles, level), logit(&tallies, LEVEL_95), linear(&tallies, LEVEL_95)];
            for estimate in all.iter().flat_map(|indices| [&indices.slope, &indices.relative]) {
                let numbers = [estimate.value, estimate.lo, estimate.hi, estimate.se];
                prop_assert!(numbers.iter().flatten().all(|x| x.is_finite()), "{:?}", estimate);
                prop_assert!(estimate.interval().is_some() || estimate.status.reason().is_some());
            }
            prop_assert!(heterogeneity(&all.map(|indices| indices.slope)).is_none_or(|test| test.p.is_finite()));
        }
    }
}
