//! Ratios of sums, quantiles of durations and mean scores in clusters, by the estimators of a comparison's rows.

use projections::stats::cluster::PLANNING_ICC;
use projections::stats::mean::{self, Moments, Scores};
use projections::stats::quantile;
use projections::stats::ratio::{self, Numerator, Part, Sums};
use projections::stats::special::normal;
use projections::stats::{Estimate, LEVEL_95, difference};

use super::case::{Case, Counted, Trial, claimed};
use super::chance::{Chance, Urn, size};

const CLUSTERS: [u64; 5] = [4, 6, 10, 30, 100];
const ICCS: [f64; 3] = [0.0, 0.05, 0.1];
/// Milliseconds of a minute, and of an hour.
const MINUTE: u64 = 60_000;
const HOUR: f64 = 3_600_000.0;
/// Minutes that a consultation lasts on average, of 5 to 35.
const MINUTES: f64 = 20.0;

/// Every case of sums, of durations and of scores.
pub(super) fn all() -> Vec<Case> {
    let mut cases = Vec::new();
    for icc in ICCS {
        for clusters in CLUSTERS {
            cases.extend([0.15, 0.6].map(|rate| drops(rate, icc, clusters)));
            cases.push(drops_on_its_own_scale(icc, clusters));
            cases.push(drops_apart(icc, clusters));
            cases.extend([0.1, 0.5].map(|share| unavailability(share, icc, clusters)));
            cases.extend([0.5, 0.9].map(|q| durations(q, icc, clusters)));
            cases.push(medians_apart(icc, clusters));
            cases.push(scores(icc, clusters));
        }
    }
    cases
}

/// A case of clusters whose limits are in the claimed region or not.
fn case(
    part: &'static str,
    design: String,
    (clusters, icc, truth): (u64, f64, f64),
    (estimator, beside): (&'static str, Option<&'static str>),
    draw: impl Fn(&mut Chance) -> (Trial, Option<Trial>) + Send + Sync + 'static,
) -> Case {
    Case {
        part,
        design,
        clusters: Some(clusters),
        icc: Some(icc),
        truth,
        estimator,
        beside,
        counted: Counted::Coverage,
        target: claimed(clusters, icc),
        draw: Box::new(draw),
    }
}

/// What a cluster lost and how long it was exposed, with the sums over its consultations.
#[derive(Default)]
struct Lost {
    parts: Vec<Part>,
    sums: Sums,
}

impl Lost {
    fn cluster(&mut self, consultations: impl Iterator<Item = (u64, u64)>) {
        let mut part = Part::default();
        for (a, t) in consultations {
            let (a, t) = (u128::from(a), u128::from(t));
            (part.a, part.t) = (part.a + a, part.t + t);
            let Sums { n, a: sum, t: time, aa, at, tt } = self.sums;
            self.sums =
                Sums { n: n + 1, a: sum + a, t: time + t, aa: aa + a * a, at: at + a * t, tt: tt + t * t };
        }
        self.parts.push(part);
    }
}

fn duration(chance: &mut Chance) -> u64 {
    chance.between(5 * MINUTE, 35 * MINUTE)
}

/// Drops in clusters whose rates vary as gamma deviates do: the counts are negative binomial. The correlation is
/// that of two consultations of average length.
fn dropped(rate: f64, icc: f64, clusters: u64, chance: &mut Chance) -> Lost {
    let mut lost = Lost::default();
    let variation = icc / (1.0 - icc) / (rate * MINUTES / 60.0);
    for _ in 0..clusters {
        let own = if variation > 0.0 { rate * chance.gamma(1.0 / variation) } else { rate };
        let n = size(chance);
        lost.cluster((0..n).map(|_| {
            let t = duration(chance);
            (chance.poisson(own * t as f64 / HOUR), t)
        }));
    }
    lost
}

fn drops(rate: f64, icc: f64, clusters: u64) -> Case {
    let named = (ratio::RATE_CLUSTERS_LOG_T, Some(ratio::RATE_UNITS_LOG_T));
    case("Drops per hour", format!("{rate} an hour"), (clusters, icc, rate), named, move |chance| {
        let lost = dropped(rate, icc, clusters, chance);
        let clustered = ratio::of_clusters(&lost.parts, Numerator::Count, LEVEL_95);
        let naive = ratio::of_units(&lost.sums, Numerator::Count, LEVEL_95);
        (Trial::of(&clustered, rate, HOUR), Some(Trial::of(&naive, rate, HOUR)))
    })
}

/// The same for few drops, beside limits that are symmetric around the rate: whether it is the scale that holds.
fn drops_on_its_own_scale(icc: f64, clusters: u64) -> Case {
    let rate = 0.15;
    let named = (ratio::RATE_CLUSTERS_LOG_T, Some("symmetric around the rate"));
    let design = format!("{rate} an hour, again");
    let again = case("Drops per hour", design, (clusters, icc, rate), named, move |chance| {
        let lost = dropped(rate, icc, clusters, chance);
        let clustered = ratio::of_clusters(&lost.parts, Numerator::Count, LEVEL_95);
        let plain = ratio::of_clusters(&lost.parts, Numerator::Amount, LEVEL_95);
        (Trial::of(&clustered, rate, HOUR), Some(Trial::of(&plain, rate, HOUR)))
    });
    Case { target: None, ..again }
}

fn drops_apart(icc: f64, clusters: u64) -> Case {
    let (a, b) = (0.6, 0.3);
    let design = format!("difference of {a} and {b} an hour, each cluster has one platform");
    let named = (difference::MOVER, None);
    case("Drops per hour", design, (clusters, icc, a - b), named, move |chance| {
        let [first, second] = [a, b].map(|rate| {
            let lost = dropped(rate, icc, clusters, chance);
            ratio::of_clusters(&lost.parts, Numerator::Count, LEVEL_95)
        });
        (Trial::of(&difference::of_estimates(&first, &second), a - b, HOUR), None)
    })
}

/// Lost time: a share of consultations, correlated within clusters, loses up to 30 % of its time.
fn unavailability(share: f64, icc: f64, clusters: u64) -> Case {
    let truth = share * 0.15;
    let design = format!("{share} of consultations lose 0 to 30 %");
    let named = (ratio::RATIO_CLUSTERS_T, Some(ratio::RATIO_UNITS_T));
    case("Share of time lost", design, (clusters, icc, truth), named, move |chance| {
        let mut lost = Lost::default();
        for _ in 0..clusters {
            let (mut urn, n) = (Urn::new(share, icc), size(chance));
            lost.cluster((0..n).map(|_| {
                let (t, loses) = (duration(chance), urn.event(chance));
                (if loses { (t as f64 * 0.3 * chance.unit()) as u64 } else { 0 }, t)
            }));
        }
        let clustered = ratio::of_clusters(&lost.parts, Numerator::Amount, LEVEL_95);
        let naive = ratio::of_units(&lost.sums, Numerator::Amount, LEVEL_95);
        (Trial::of(&clustered, truth, 1.0), Some(Trial::of(&naive, truth, 1.0)))
    })
}

/// The durations of one cluster: log-normal around its own middle, as a histogram of milliseconds.
fn histogram(middle: f64, icc: f64, chance: &mut Chance) -> Vec<(u64, u64)> {
    let (common, n) = (chance.normal(), size(chance));
    let one = |_| (MINUTE as f64 * middle * libm::exp(SPREAD * chance.normal_near(common, icc))) as u64;
    let mut values: Vec<u64> = (0..n).map(one).collect();
    values.sort_unstable();
    values.chunk_by(|a, b| a == b).map(|same| (same[0], same.len() as u64)).collect()
}

/// The standard deviation of the logarithm of a duration.
const SPREAD: f64 = 0.6;

fn durations(q: f64, icc: f64, clusters: u64) -> Case {
    // Minutes, of a log-normal distribution of median 15.
    let truth = 15.0 * libm::exp(SPREAD * normal::quantile(q));
    let named = (quantile::WOODRUFF_RAO_SCOTT_T, Some(quantile::ORDER_STATISTICS));
    let design = format!("quantile {q}, minutes");
    case("Quantiles of durations", design, (clusters, icc, truth), named, move |chance| {
        let histograms: Vec<_> = (0..clusters).map(|_| histogram(15.0, icc, chance)).collect();
        let clustered = quantile::woodruff(&histograms, q, PLANNING_ICC, LEVEL_95);
        let mut values: Vec<(u64, u64)> = histograms.concat();
        values.sort_unstable();
        let pooled: Vec<(u64, u64)> = values
            .chunk_by(|a, b| a.0 == b.0)
            .map(|same| (same[0].0, same.iter().map(|(_, count)| count).sum()))
            .collect();
        let naive = quantile::quantile(pooled.iter().copied(), q, LEVEL_95);
        let minutes = |estimate: &Estimate| Trial::of(estimate, truth, 1.0 / MINUTE as f64);
        (minutes(&clustered), Some(minutes(&naive)))
    })
}

fn medians_apart(icc: f64, clusters: u64) -> Case {
    let (a, b) = (15.0, 12.0);
    let design = format!("difference of medians of {a} and {b} minutes, each cluster has one platform");
    case("Quantiles of durations", design, (clusters, icc, a - b), (difference::MOVER, None), move |chance| {
        let [first, second] = [a, b].map(|middle| {
            let histograms: Vec<_> = (0..clusters).map(|_| histogram(middle, icc, chance)).collect();
            quantile::woodruff(&histograms, 0.5, PLANNING_ICC, LEVEL_95)
        });
        (Trial::of(&difference::of_estimates(&first, &second), a - b, 1.0 / MINUTE as f64), None)
    })
}

/// The middle and the standard deviation of what would be answered on a scale without ends.
const ANSWER: (f64, f64) = (72.0, 18.0);

/// A questionnaire's score: normal around the middle of its cluster, to the nearest 2.5 points of 0 to 100.
fn score(common: f64, icc: f64, chance: &mut Chance) -> u64 {
    let felt = ANSWER.0 + ANSWER.1 * chance.normal_near(common, icc);
    ((felt / 2.5).round() as u64).min(40)
}

/// The mean of such scores, in points.
fn mean_score() -> f64 {
    let below = |steps: f64| normal::cdf((2.5 * steps - ANSWER.0) / ANSWER.1);
    // A score has `steps` of 2.5 points or more where what is felt lies half a step below them or higher.
    (1..=40).map(|steps| 2.5 * (1.0 - below(f64::from(steps) - 0.5))).sum()
}

fn scores(icc: f64, clusters: u64) -> Case {
    let truth = mean_score();
    let named = (mean::MEAN_CLUSTERS_T, Some(mean::MEAN_T));
    let design = "0 to 100 in steps of 2.5".to_owned();
    case("Mean score", design, (clusters, icc, truth), named, move |chance| {
        let scale = mean::Scale { step: 2.5, floor: 0.0, ceiling: 100.0 };
        let (mut clustered, mut all) = (Vec::new(), Moments::default());
        for _ in 0..clusters {
            let (common, n, mut sum) = (chance.normal(), size(chance), 0);
            for _ in 0..n {
                let steps = u128::from(score(common, icc, chance));
                sum += steps;
                all.squares += steps * steps;
            }
            (all.n, all.sum) = (all.n + n, all.sum + sum);
            clustered.push(Scores { n, sum });
        }
        let clustered = mean::of_clusters(&clustered, scale, LEVEL_95);
        let naive = mean::mean(&all, scale, LEVEL_95);
        (Trial::of(&clustered, truth, 1.0), Some(Trial::of(&naive, truth, 1.0)))
    })
}
