//! Means of bounded scores: questionnaires and ratings, and the difference of two of them.
//!
//! Scores are kept as whole steps (a SUS score in steps of 2.5), so that their sums merge exactly; a [`Scale`]
//! turns steps into points. Limits are Student's and end where the scale ends. Scores of clustered respondents
//! are a ratio of sums like any other. A mean of answers says nothing of those who did not answer: show the
//! response rate beside it.
//!
//! Sources: Welch 1947, Biometrika 34:28; Cochran 1977, chapter 6, for clusters.

use super::estimate::{Estimate, FEW_CLUSTERS, Interval, tail};
use super::exact::Wide;
use super::ratio::{Part, Spread};
use super::special::student;
use super::status::{Flag, Reason, Status};

/// The name of the interval over independent answers.
pub const MEAN_T: &str = "mean_t";
/// The name of the interval over clusters.
pub const MEAN_CLUSTERS_T: &str = "mean_clusters_t";
/// The name of the difference of two means.
pub const WELCH: &str = "welch";
/// Fewer answers than this are flagged.
pub const FEW_ANSWERS: u64 = 12;

/// What a step of a score is worth, and where scores end.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Scale {
    /// Points for one step.
    pub step: f64,
    /// The lowest possible score, in points.
    pub floor: f64,
    /// The highest possible score, in points.
    pub ceiling: f64,
}

/// The sums over independent answers, in steps.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Moments {
    /// Answers.
    pub n: u64,
    /// The sum of the scores.
    pub sum: u128,
    /// The sum of the squared scores.
    pub squares: u128,
}

/// The sums of one cluster, in steps.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Scores {
    /// Answers.
    pub n: u64,
    /// The sum of the scores.
    pub sum: u128,
}

/// One sample as its mean and variance, in points.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Sample {
    /// Answers.
    pub n: u64,
    /// Their mean.
    pub mean: f64,
    /// Their variance, with divisor n − 1.
    pub variance: f64,
}

impl Moments {
    /// Mean and variance in points of `step`; nothing below two answers or where the sums contradict each other.
    pub fn sample(&self, step: f64) -> Option<Sample> {
        let n = self.n as f64;
        let spread = Wide::product(self.n.into(), self.squares).minus(Wide::product(self.sum, self.sum))?;
        let variance = spread.as_f64() / n / (n - 1.0) * step * step;
        (self.n > 1).then_some(Sample { n: self.n, mean: self.sum as f64 / n * step, variance })
    }
}

/// The mean of independent answers, with t limits inside the scale.
pub fn mean(moments: &Moments, scale: Scale, level: f64) -> Estimate {
    let refuse = |why| Estimate::not_estimable(MEAN_T, level, why);
    let estimate = match (moments.n, moments.sample(scale.step)) {
        (0, _) => refuse(Reason::NoData),
        (1, _) => {
            let value = moments.sum as f64 * scale.step;
            Estimate::alone(MEAN_T, level, value, Status::NotEstimable(Reason::OneObservation))
        }
        (_, None) => refuse(Reason::InconsistentCounts),
        (_, Some(sample)) => {
            let df = sample.n as f64 - 1.0;
            limits(MEAN_T, sample.mean, sample.variance / sample.n as f64, df, scale, level)
        }
    };
    estimate.with_n(moments.n as f64).with_flag_if(moments.n < FEW_ANSWERS, Flag::FewObservations)
}

/// The mean over clusters of answers, with t limits on one degree of freedom less than there are clusters.
///
/// Clusters of very unequal size are flagged and count as fewer; where one of them holds most of the answers the
/// limits are given as insufficient evidence.
pub fn of_clusters(clusters: &[Scores], scale: Scale, level: f64) -> Estimate {
    let parts: Vec<Part> =
        clusters.iter().map(|scores| Part { a: scores.sum, t: u128::from(scores.n) }).collect();
    let refuse = |why| Estimate::not_estimable(MEAN_CLUSTERS_T, level, why);
    let spread = match Spread::of_clusters(&parts) {
        Ok(spread) if spread.t == 0 => return refuse(Reason::NoData),
        Ok(spread) => spread,
        Err(why) => return refuse(why),
    };
    let value = spread.a as f64 / spread.t as f64 * scale.step;
    let estimate = match spread.variance {
        None => Estimate::alone(MEAN_CLUSTERS_T, level, value, Status::NotEstimable(Reason::OneCluster)),
        Some(variance) => {
            let variance = variance * scale.step * scale.step;
            limits(MEAN_CLUSTERS_T, value, variance, spread.balance.df(), scale, level)
        }
    };
    estimate
        .with_n(spread.t as f64)
        .with_clusters(spread.units)
        .with_flag_if(spread.t < u128::from(FEW_ANSWERS), Flag::FewObservations)
        .with_flag_if(spread.units < FEW_CLUSTERS, Flag::FewClusters)
        .with_balance(spread.balance)
}

/// The difference of two means of independent samples, first minus second, without assuming equal variances.
pub fn welch(first: Sample, second: Sample, level: f64) -> Estimate {
    let refuse = |why| Estimate::not_estimable(WELCH, level, why);
    let n = first.n as f64 + second.n as f64;
    let Some(tail) = tail(level) else { return refuse(Reason::InvalidParameter) };
    let value = first.mean - second.mean;
    let (se, df) = match welch_error(first, second) {
        Ok(error) => error,
        Err(Reason::InconsistentCounts) => return refuse(Reason::InconsistentCounts),
        Err(why @ Reason::NoData) => return refuse(why).with_n(n),
        Err(why) => return Estimate::alone(WELCH, level, value, Status::NotEstimable(why)).with_n(n),
    };
    let reach = student::upper_quantile(tail, df) * se;
    Estimate::between(WELCH, level, Interval { value, lo: value - reach, hi: value + reach })
        .with_n(n)
        .with_se(se)
        .with_df(df)
        .with_flag_if(first.n.min(second.n) < FEW_ANSWERS, Flag::FewObservations)
}

/// The two-sided p-value that two means are equal; nothing where their difference has no error to judge it by.
pub fn welch_p_value(first: Sample, second: Sample) -> Option<f64> {
    let (se, df) = welch_error(first, second).ok()?;
    let value = 2.0 * student::upper((first.mean - second.mean).abs() / se, df);
    value.is_finite().then_some(value)
}

/// The standard error of the difference and its degrees of freedom.
fn welch_error(first: Sample, second: Sample) -> Result<(f64, f64), Reason> {
    let sound =
        |sample: &Sample| sample.mean.is_finite() && sample.variance >= 0.0 && sample.variance.is_finite();
    if !(sound(&first) && sound(&second)) {
        return Err(Reason::InconsistentCounts);
    }
    match first.n.min(second.n) {
        0 => return Err(Reason::NoData),
        1 => return Err(Reason::OneObservation),
        _ => {}
    }
    let part = |sample: Sample| sample.variance / sample.n as f64;
    let (a, b) = (part(first), part(second));
    let sum = a + b;
    if sum == 0.0 {
        return Err(Reason::NoVariation);
    }
    // Shares of the variance, so that neither very small nor very large scores leave the range of numbers.
    let share = |part: f64, n: u64| (part / sum) * (part / sum) / (n as f64 - 1.0);
    Ok((sum.sqrt(), 1.0 / (share(a, first.n) + share(b, second.n))))
}

/// Limits of a mean; a mean whose observations do not differ has none.
fn limits(method: &'static str, value: f64, variance: f64, df: f64, scale: Scale, level: f64) -> Estimate {
    let Some(tail) = tail(level) else {
        return Estimate::not_estimable(method, level, Reason::InvalidParameter);
    };
    if variance == 0.0 {
        return Estimate::alone(method, level, value, Status::NotEstimable(Reason::NoVariation));
    }
    let se = variance.sqrt();
    let reach = student::upper_quantile(tail, df) * se;
    Estimate::between(method, level, Interval { value, lo: value - reach, hi: value + reach })
        .clipped(scale.floor, scale.ceiling)
        .with_se(se)
        .with_df(df)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stats::LEVEL_95;
    use crate::stats::checks::near;

    const SUS: Scale = Scale { step: 2.5, floor: 0.0, ceiling: 100.0 };

    fn moments(scores: &[u64]) -> Moments {
        scores.iter().fold(Moments::default(), |moments, score| Moments {
            n: moments.n + 1,
            sum: moments.sum + u128::from(*score),
            squares: moments.squares + u128::from(score * score),
        })
    }

    #[test]
    fn five_questionnaires_agree_and_end_where_the_scale_ends() {
        // Scores 85, 50, 100, 30 and 80, in steps of 2.5.
        let five = moments(&[34, 20, 40, 12, 32]);
        near(five.sample(2.5).unwrap().variance.sqrt(), 28.37252192, 5.1e-10);
        let estimate = mean(&five, SUS, LEVEL_95);
        near(estimate.value, 69.0, 1e-15);
        near(estimate.lo, 33.770861, 1e-8);
        assert_eq!((estimate.hi, estimate.df), (Some(100.0), Some(4.0)));
        assert_eq!(estimate.flags, [Flag::Clipped, Flag::FewObservations]);
        let open = Scale { ceiling: f64::INFINITY, ..SUS };
        near(mean(&five, open, LEVEL_95).hi, 104.229139, 1e-8);
    }

    #[test]
    fn welch_agrees() {
        let first = Sample { n: 80, mean: 74.2, variance: 16.1 * 16.1 };
        let second = Sample { n: 65, mean: 68.5, variance: 18.9 * 18.9 };
        let estimate = welch(first, second, LEVEL_95);
        near(estimate.value, 5.7, 1e-14);
        near(estimate.se, 2.955615581, 5.1e-10);
        near(estimate.df, 126.1809086, 5.1e-10);
        near(estimate.lo, -0.1489950, 5.1e-8);
        near(estimate.hi, 11.5489950, 5.1e-9);
        near(welch_p_value(first, second), 0.05603499, 5.1e-9);
        let swapped = welch(second, first, LEVEL_95);
        assert_eq!((swapped.lo, swapped.hi), (estimate.hi.map(|x| -x), estimate.lo.map(|x| -x)));
    }

    #[derive(serde::Deserialize)]
    struct Fixture {
        cases: Vec<Case>,
    }

    #[derive(serde::Deserialize)]
    struct Case {
        first: (u64, u64, u64),
        second: (u64, u64, u64),
        df: f64,
        p: f64,
        limits: (f64, f64),
    }

    #[test]
    fn welch_of_random_answers_agrees() {
        let fixture: Fixture = serde_json::from_str(include_str!("fixtures/welch.json")).unwrap();
        assert!(fixture.cases.len() >= 30);
        for case in fixture.cases {
            let sample = |(n, sum, squares): (u64, u64, u64)| {
                Moments { n, sum: sum.into(), squares: squares.into() }.sample(2.5).unwrap()
            };
            let (first, second) = (sample(case.first), sample(case.second));
            let estimate = welch(first, second, LEVEL_95);
            near(estimate.df, case.df, 1e-12);
            near(estimate.lo, case.limits.0, 1e-11);
            near(estimate.hi, case.limits.1, 1e-11);
            near(welch_p_value(first, second), case.p, 1e-11);
        }
    }

    #[test]
    fn clusters_of_one_answer_are_independent_answers() {
        let scores = [34, 20, 40, 12, 32];
        let clusters: Vec<Scores> =
            scores.iter().map(|score| Scores { n: 1, sum: u128::from(*score) }).collect();
        let (clustered, plain) =
            (of_clusters(&clusters, SUS, LEVEL_95), mean(&moments(&scores), SUS, LEVEL_95));
        near(clustered.se, plain.se.unwrap(), 1e-14);
        near(clustered.lo, plain.lo.unwrap(), 1e-14);
        assert_eq!((clustered.method, clustered.clusters), (MEAN_CLUSTERS_T, Some(5)));
    }

    #[test]
    fn a_single_answer_or_equal_answers_have_no_limits() {
        let one = mean(&moments(&[30]), SUS, LEVEL_95);
        assert_eq!((one.value, one.status), (Some(75.0), Status::NotEstimable(Reason::OneObservation)));
        let alike = mean(&moments(&[20; 30]), SUS, LEVEL_95);
        assert_eq!((alike.value, alike.status), (Some(50.0), Status::NotEstimable(Reason::NoVariation)));
        let cluster = of_clusters(&[Scores { n: 4, sum: 80 }], SUS, LEVEL_95);
        assert_eq!((cluster.value, cluster.status), (Some(50.0), Status::NotEstimable(Reason::OneCluster)));
    }

    #[test]
    fn clusters_of_very_unequal_size_count_for_fewer() {
        let last = |n: u64| {
            let small = (0..11).map(|i| Scores { n: 10, sum: 300 + 5 * i });
            let large = Scores { n, sum: 31 * u128::from(n) };
            of_clusters(&small.chain([large]).collect::<Vec<_>>(), SUS, LEVEL_95)
        };
        assert_eq!((last(48).df, last(48).flags), (Some(11.0), vec![]));
        near(last(50).df, 25_600.0 / 3_600.0 - 1.0, 1e-14);
        assert_eq!((last(50).flags, last(250).status), (vec![Flag::UnequalClusters], Status::Ok));
        let dominated = last(260);
        assert_eq!(dominated.status, Status::InsufficientEvidence(Reason::DominantCluster));
        assert!(dominated.interval().is_some());
    }

    #[test]
    fn nothing_and_nonsense_have_no_mean() {
        assert_eq!(mean(&Moments::default(), SUS, LEVEL_95).status, Status::NotEstimable(Reason::NoData));
        assert_eq!(of_clusters(&[], SUS, LEVEL_95).status, Status::NotEstimable(Reason::NoData));
        let impossible = Moments { n: 2, sum: 10, squares: 1 };
        assert_eq!(mean(&impossible, SUS, LEVEL_95).status, Status::NotEstimable(Reason::InconsistentCounts));
        let sample = |n, variance| Sample { n, mean: 1.0, variance };
        for (first, second, why) in [
            (sample(0, 1.0), sample(5, 1.0), Reason::NoData),
            (sample(1, 1.0), sample(5, 1.0), Reason::OneObservation),
            (sample(5, 0.0), sample(5, 0.0), Reason::NoVariation),
            (sample(5, f64::NAN), sample(5, 1.0), Reason::InconsistentCounts),
        ] {
            assert_eq!(welch(first, second, LEVEL_95).status, Status::NotEstimable(why));
            assert_eq!(welch_p_value(first, second), None);
        }
    }
}
