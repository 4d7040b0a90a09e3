//! Trends over ordered bins: whether failures become rarer as clinicians gain experience, and how fast.
//!
//! The test of Cochran and Armitage asks whether shares rise or fall with the position of their bin at all; the
//! logistic curve says by how much the odds change with every doubling of the position, which is how skills are
//! usually gained. Both describe the bins they are given: clinicians who stop early leave only those who cope, so
//! that a curve over all of them is no evidence that anyone improved. For that, compare clinicians with themselves.
//!
//! Sources: Cochran 1954, Biometrics 10:417; Armitage 1955, Biometrics 11:375; McCullagh & Nelder 1989, chapter 4;
//! Albert & Anderson 1984, Biometrika 71:1, on when a logistic curve has no maximum.

use serde::Serialize;

use super::estimate::{Estimate, FEWEST_EVENTS, Interval, critical};
use super::exact::ascending;
use super::status::{Flag, Reason, Status};
use super::test_statistic::Test;

/// The name of the test for a trend.
pub const COCHRAN_ARMITAGE: &str = "cochran_armitage";
/// The name of the odds ratio for a doubling.
pub const LOGISTIC_PER_DOUBLING: &str = "logistic_per_doubling";
/// Steps within which the curve is found; a dozen suffice.
const STEPS: usize = 200;
/// A step this much shorter than the coefficients are large changes nothing.
const STEP_SHARE: f64 = 1e-13;
/// A step this short that does not rise is rounding.
const ROUNDING: f64 = 1e-9;

/// One bin: where it lies, and its counts.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Bin {
    /// Its score or midpoint.
    pub position: f64,
    /// Observations.
    pub n: u64,
    /// Events among them.
    pub x: u64,
}

/// A logistic curve over the logarithm of the position.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Curve {
    /// The logit of the share at position one.
    pub intercept: f64,
    /// The change of the logit with each doubling.
    pub slope: f64,
    /// The odds ratio for each doubling; its standard error is that of the natural logarithm, that is, of the slope.
    pub per_doubling: Estimate,
    /// How far the observed counts are from the curve, and on how many degrees of freedom; nothing with two bins.
    pub deviance: Option<Test>,
}

impl From<(f64, u64, u64)> for Bin {
    /// From position, observations and events, in this order.
    fn from((position, n, x): (f64, u64, u64)) -> Self {
        Self { position, n, x }
    }
}

/// Whether shares rise or fall steadily with the position of their bin.
///
/// Assumes independent observations. The test does not tell the direction; the curve does.
///
/// # Errors
/// Says why where fewer than two positions were observed, or where there is no event or no non-event.
pub fn cochran_armitage(bins: &[Bin]) -> Result<Test, Reason> {
    let line = Line::new(bins, |position| position)?;
    let p = line.x / line.n;
    let mean = line.sum(|bin| bin.n * bin.at) / line.n;
    let slope = line.sum(|bin| bin.x * (bin.at - mean)) - p * line.sum(|bin| bin.n * (bin.at - mean));
    let spread = line.sum(|bin| bin.n * (bin.at - mean) * (bin.at - mean));
    Test::chi_squared(slope * slope / (p * (1.0 - p) * spread), 1.0).ok_or(Reason::NotFinite)
}

/// The logistic curve over log₂ of the position, fitted by maximum likelihood.
///
/// Assumes independent observations, which those of one clinician are not: it describes. With fewer than ten events
/// or non-events the limits are given as insufficient evidence.
///
/// # Errors
/// Says why where fewer than two positions were observed or one is not above zero, where there is no event or no
/// non-event, where one position divides the events from the non-events, so that the slope has no bound, or where
/// the curve is too steep for the odds ratio of a doubling to be a number.
pub fn per_doubling(bins: &[Bin], level: f64) -> Result<Curve, Reason> {
    let critical = critical(level).ok_or(Reason::InvalidParameter)?;
    if !bins.iter().filter(|bin| bin.n > 0).all(|bin| bin.position > 0.0) {
        return Err(Reason::InvalidParameter);
    }
    let line = Line::new(bins, libm::log2)?;
    if line.separated() {
        return Err(Reason::Extreme);
    }
    let (intercept, slope) = line.maximum().ok_or(Reason::Extreme)?;
    let se = (1.0 / line.information(intercept, slope).spread).sqrt();
    let limit = |shift: f64| libm::exp(slope + shift * critical * se);
    let interval = Interval { value: limit(0.0), lo: limit(-1.0), hi: limit(1.0) };
    if !interval.hi.is_finite() {
        return Err(Reason::Extreme);
    }
    let few = line.x.min(line.n - line.x) < FEWEST_EVENTS as f64;
    let status = if few { Status::InsufficientEvidence(Reason::FewEvents) } else { Status::Ok };
    let per_doubling = Estimate::between(LOGISTIC_PER_DOUBLING, level, interval)
        .with_se(se)
        .with_n(line.n)
        .with_events(line.x)
        .with_flag(Flag::AssumedIndependence)
        .with_status(status);
    let df = line.bins.len() as f64 - 2.0;
    Ok(Curve {
        intercept,
        slope,
        per_doubling,
        deviance: Test::chi_squared(line.deviance(intercept, slope), df),
    })
}

/// The observed bins in order of their positions, with counts as fractions.
struct Line {
    bins: Vec<Dot>,
    n: f64,
    x: f64,
}

#[derive(Clone, Copy)]
struct Dot {
    at: f64,
    n: f64,
    x: f64,
}

/// The binomial variances along the curve: their sum, the mean position they weigh, and the spread around it.
struct Information {
    weight: f64,
    mean: f64,
    spread: f64,
}

impl Line {
    fn new(bins: &[Bin], at: fn(f64) -> f64) -> Result<Self, Reason> {
        if bins.iter().any(|bin| bin.x > bin.n) {
            return Err(Reason::InconsistentCounts);
        }
        let used = bins.iter().filter(|bin| bin.n > 0);
        let dot = |bin: &Bin| Dot { at: at(bin.position), n: bin.n as f64, x: bin.x as f64 };
        let mut bins: Vec<Dot> = used.map(dot).collect();
        let order =
            |a: &Dot, b: &Dot| a.at.total_cmp(&b.at).then(a.n.total_cmp(&b.n)).then(a.x.total_cmp(&b.x));
        bins.sort_unstable_by(order);
        let (n, x) = (ascending(bins.iter().map(|bin| bin.n)), ascending(bins.iter().map(|bin| bin.x)));
        match (bins.first(), bins.last()) {
            (Some(_), Some(_)) if !bins.iter().all(|bin| bin.at.is_finite()) => Err(Reason::InvalidParameter),
            (Some(first), Some(last)) if first.at == last.at => Err(Reason::NoVariation),
            (Some(_), Some(_)) if x == 0.0 => Err(Reason::NoEvents),
            (Some(_), Some(_)) if bins.iter().all(|bin| bin.x == bin.n) => Err(Reason::AllEvents),
            (Some(_), Some(_)) => Ok(Self { bins, n, x }),
            _ => Err(Reason::NoData),
        }
    }

    fn sum(&self, term: impl Fn(&Dot) -> f64) -> f64 {
        ascending(self.bins.iter().map(term))
    }

    /// Whether some position divides the events from the non-events; both may occur at the position itself.
    fn separated(&self) -> bool {
        let ends = |counts: fn(&Dot) -> bool| {
            let mut at = self.bins.iter().filter(|bin| counts(bin)).map(|bin| bin.at);
            let first = at.next();
            first.zip(at.next_back().or(first))
        };
        let Some((events, others)) = ends(|bin| bin.x > 0.0).zip(ends(|bin| bin.x < bin.n)) else {
            return true;
        };
        events.1 <= others.0 || others.1 <= events.0
    }

    /// Intercept and slope of greatest likelihood, by Newton's steps, halved where they overshoot.
    ///
    /// Nothing where the curve is so steep that no position is left on its slope.
    fn maximum(&self) -> Option<(f64, f64)> {
        let (mut a, mut b) = (libm::log(self.x / (self.n - self.x)), 0.0);
        let mut height = self.log_likelihood(a, b);
        for _ in 0..STEPS {
            let (mut up, mut turn) = self.step(a, b)?;
            let mut next = self.log_likelihood(a + up, b + turn);
            // The tolerance lets the last steps through, which rounding keeps from rising.
            while next < height - 1e-12 * height.abs() {
                (up, turn) = (up / 2.0, turn / 2.0);
                next = self.log_likelihood(a + up, b + turn);
            }
            let share = if next > height { STEP_SHARE } else { ROUNDING };
            (a, b, height) = (a + up, b + turn, next);
            if up.abs() <= share * a.abs().max(1.0) && turn.abs() <= share * b.abs().max(1.0) {
                return Some((a, b));
            }
        }
        None
    }

    /// Newton's step for intercept and slope, taken around the weighted mean position, where they do not disturb
    /// each other.
    fn step(&self, a: f64, b: f64) -> Option<(f64, f64)> {
        let rest = |bin: &Dot| bin.x - bin.n * share(a + b * bin.at);
        let Information { weight, mean, spread } = self.information(a, b);
        let turn = self.sum(|bin| rest(bin) * (bin.at - mean)) / spread;
        let up = self.sum(rest) / weight - mean * turn;
        (up.is_finite() && turn.is_finite()).then_some((up, turn))
    }

    fn information(&self, a: f64, b: f64) -> Information {
        let of = |bin: &Dot| bin.n * share(a + b * bin.at) * share(-a - b * bin.at);
        let weight = self.sum(of);
        let mean = self.sum(|bin| of(bin) * bin.at) / weight;
        Information { weight, mean, spread: self.sum(|bin| of(bin) * (bin.at - mean) * (bin.at - mean)) }
    }

    fn log_likelihood(&self, a: f64, b: f64) -> f64 {
        self.sum(|bin| {
            let logit = a + b * bin.at;
            bin.x * log_share(logit) + (bin.n - bin.x) * log_share(-logit)
        })
    }

    /// Twice the log-likelihood that the curve loses against the observed shares.
    fn deviance(&self, a: f64, b: f64) -> f64 {
        let part = |count: f64, n: f64, log: f64| {
            if count > 0.0 { count * (libm::log(count / n) - log) } else { 0.0 }
        };
        let sum = self.sum(|bin| {
            let logit = a + b * bin.at;
            part(bin.x, bin.n, log_share(logit)) + part(bin.n - bin.x, bin.n, log_share(-logit))
        });
        (2.0 * sum).max(0.0)
    }
}

fn share(logit: f64) -> f64 {
    1.0 / (1.0 + libm::exp(-logit))
}

/// The logarithm of the share, also where the share itself rounds to zero or one.
fn log_share(logit: f64) -> f64 {
    if logit < 0.0 { logit - libm::log1p(libm::exp(logit)) } else { -libm::log1p(libm::exp(-logit)) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stats::LEVEL_95;
    use crate::stats::checks::near;
    use crate::stats::laws::{counts, sound};
    use proptest::prelude::*;

    /// Failures by the clinician's nth consultation, at the midpoints of the bins.
    const EXPERIENCE: [(f64, u64, u64); 6] = [
        (1.0, 300, 60),
        (2.0, 290, 48),
        (3.5, 540, 70),
        (7.5, 1000, 95),
        (15.0, 1500, 110),
        (35.0, 2600, 140),
    ];

    fn bins(counts: &[(f64, u64, u64)]) -> Vec<Bin> {
        counts.iter().copied().map(Bin::from).collect()
    }

    fn curve(counts: &[(f64, u64, u64)]) -> Result<Curve, Reason> {
        per_doubling(&bins(counts), LEVEL_95)
    }

    const FALLING: [(f64, u64, u64); 5] =
        [(1.0, 100, 30), (2.0, 100, 22), (3.0, 100, 15), (4.0, 100, 11), (5.0, 100, 8)];

    #[test]
    fn the_test_for_a_trend_agrees_to_ten_digits() {
        let test = cochran_armitage(&bins(&FALLING)).unwrap();
        near(test.statistic, 21.24059094, 5.1e-10);
        near(test.p * 1e6, 4.050940, 5.1e-7);
        assert_eq!(test.df, 1.0);
    }

    #[test]
    fn scores_may_be_moved_and_stretched() {
        let moved = FALLING.map(|(position, n, x)| (10.0 - 3.0 * position, n, x));
        near(cochran_armitage(&bins(&moved)).unwrap().statistic, 21.24059094, 5.1e-10);
    }

    #[test]
    fn the_learning_curve_agrees_to_ten_digits() {
        let Curve { intercept, slope, per_doubling, deviance } = curve(&EXPERIENCE).unwrap();
        near(intercept, -1.3767434609, 5.1e-11);
        near(slope, -0.2932055428, 5.1e-11);
        // With its default tolerance R prints 0.0272775944; with one of 1e-15, this.
        near(per_doubling.se, 0.02727759458698, 1e-13);
        near(per_doubling.value, 0.7458688169, 5.1e-11);
        near(deviance.map(|test| test.statistic), 0.215097171, 5.1e-10);
        assert_eq!((deviance.map(|test| test.df), per_doubling.status), (Some(4.0), Status::Ok));
        let reach = libm::exp(1.959963984540054 * 0.02727759458698);
        near(per_doubling.lo, 0.7458688169 / reach, 2e-10);
        near(per_doubling.hi, 0.7458688169 * reach, 2e-10);
    }

    #[test]
    fn two_bins_are_met_exactly() {
        let Curve { slope, per_doubling, deviance, .. } = curve(&[(1.0, 100, 20), (4.0, 100, 10)]).unwrap();
        near(slope, (libm::log(1.0 / 9.0) - libm::log(0.25)) / 2.0, 1e-13);
        near(per_doubling.se, (1.0 / 20.0 + 1.0 / 80.0 + 1.0 / 10.0 + 1.0 / 90.0_f64).sqrt() / 2.0, 1e-13);
        assert_eq!(deviance, None);
    }

    #[test]
    fn the_order_of_bins_and_an_empty_one_do_not_show() {
        let mut other = EXPERIENCE.to_vec();
        other.reverse();
        other.push((70.0, 0, 0));
        assert_eq!(curve(&other), curve(&EXPERIENCE));
        assert_eq!(cochran_armitage(&bins(&other)), cochran_armitage(&bins(&EXPERIENCE)));
    }

    #[test]
    fn a_position_that_divides_events_from_others_leaves_no_slope() {
        for divided in [
            [(1.0, 10, 10), (2.0, 10, 0), (4.0, 10, 0)],
            [(1.0, 10, 10), (2.0, 10, 3), (4.0, 10, 0)],
            [(1.0, 10, 0), (2.0, 10, 0), (4.0, 10, 1)],
        ] {
            assert_eq!(curve(&divided).unwrap_err(), Reason::Extreme);
            assert!(cochran_armitage(&bins(&divided)).is_ok());
        }
        assert!(curve(&[(1.0, 10, 1), (2.0, 10, 0), (4.0, 10, 1)]).is_ok());
    }

    #[test]
    fn few_events_are_not_evidence() {
        let few = curve(&[(1.0, 50, 4), (2.0, 50, 2), (4.0, 50, 1)]).unwrap().per_doubling;
        assert_eq!(few.status, Status::InsufficientEvidence(Reason::FewEvents));
        assert_eq!(few.flags, [Flag::AssumedIndependence]);
    }

    #[test]
    fn what_has_no_trend_says_why() {
        for (counts, why) in [
            (&[][..], Reason::NoData),
            (&[(1.0, 0, 0)], Reason::NoData),
            (&[(2.0, 10, 3), (2.0, 10, 4)], Reason::NoVariation),
            (&[(1.0, 10, 0), (2.0, 10, 0)], Reason::NoEvents),
            (&[(1.0, 10, 10), (2.0, 10, 10)], Reason::AllEvents),
            (&[(1.0, 10, 11), (2.0, 10, 1)], Reason::InconsistentCounts),
            (&[(f64::INFINITY, 10, 1), (2.0, 10, 1)], Reason::InvalidParameter),
        ] {
            assert_eq!(curve(counts).unwrap_err(), why);
            assert_eq!(cochran_armitage(&bins(counts)).unwrap_err(), why);
        }
        assert_eq!(curve(&[(0.0, 10, 1), (2.0, 10, 1)]).unwrap_err(), Reason::InvalidParameter);
        assert_eq!(per_doubling(&bins(&EXPERIENCE), 0.0).unwrap_err(), Reason::InvalidParameter);
    }

    #[test]
    fn random_bins_agree_with_r() {
        let fixture: serde_json::Value = serde_json::from_str(include_str!("fixtures/trend.json")).unwrap();
        let cases = fixture["cases"].as_array().unwrap();
        assert!(cases.len() >= 30);
        for case in cases {
            let number = |name: &str| case[name].as_f64().unwrap();
            let counts: Vec<(f64, u64, u64)> = serde_json::from_value(case["bins"].clone()).unwrap();
            let test = cochran_armitage(&bins(&counts)).unwrap();
            near(test.statistic, number("statistic"), 1e-9);
            near(test.p, number("p"), 1e-10);
            let Curve { intercept, slope, per_doubling, deviance } = curve(&counts).unwrap();
            near(intercept, number("intercept"), 1e-9);
            near(slope, number("slope"), 1e-9);
            near(per_doubling.se, number("se"), 1e-9);
            if counts.len() > 2 {
                near(deviance.map(|test| test.statistic), number("deviance"), 1e-9);
                near(deviance.map(|test| test.df), number("df"), 0.0);
            }
        }
    }

    proptest! {
        #[test]
        fn any_bins_have_a_sound_trend_or_a_reason(cells in prop::collection::vec((0.0..1e3_f64, counts()), 0..9)) {
            let bins: Vec<Bin> = cells.iter().map(|(position, (x, n))| Bin { position: *position, n: *n, x: *x }).collect();
            let reversed: Vec<Bin> = bins.iter().rev().copied().collect();
            prop_assert_eq!(cochran_armitage(&bins), cochran_armitage(&reversed));
            prop_assert_eq!(per_doubling(&bins, LEVEL_95), per_doubling(&reversed, LEVEL_95));
            if let Ok(test) = cochran_armitage(&bins) {
                prop_assert!(test.statistic >= 0.0 && (0.0..=1.0).contains(&test.p), "{test:?}");
            }
            match per_doubling(&bins, LEVEL_95) {
                Ok(curve) => sound(&curve.per_doubling)?,
                Err(why) => prop_assert!(why != Reason::NotFinite),
            }
        }
    }
}
