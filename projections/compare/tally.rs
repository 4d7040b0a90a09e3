//! The tallies of one slot, cluster by cluster, as statistics want them.

use event::NOT_RECORDED;

use super::ask::Design;
use crate::cells::{Cell, Tally};
use crate::projection::State;
use crate::sketch::{Counts, Histogram, Sums, Voices};
use crate::stats::Estimate;
use crate::stats::ratio::{self, Numerator};

/// The tallies of one slot by cluster, in the order of the clusters, without empty ones.
pub(super) fn tallies(cell: &Cell, i: usize) -> Vec<(&str, &Tally)> {
    cell.clusters
        .iter()
        .filter_map(|(cluster, tallies)| Some((cluster.as_str(), tallies.0.get(i)?)))
        .filter(|(_, tally)| !tally.is_empty())
        .collect()
}

/// The counts of a tally that counts; of opinions the favourable ones.
pub(super) fn counts(tally: &Tally) -> Counts {
    match tally {
        Tally::Counts(counts) => *counts,
        Tally::Breakdown(breakdown) => breakdown.counts(),
        Tally::Voices(voices) => voices.favourable,
        _ => Counts::default(),
    }
}

/// How many units a tally counted.
fn units(tally: &Tally) -> u64 {
    match tally {
        Tally::Nothing => 0,
        Tally::Counts(counts) => counts.n,
        Tally::Breakdown(breakdown) => breakdown.n,
        Tally::Sums(sums) => sums.n,
        Tally::Durations(histogram) => histogram.n(),
        Tally::Voices(voices) => voices.favourable.n,
    }
}

/// The share of units without a level of the clustering dimension.
pub(super) fn unclustered(design: &Design, tallies: &[(&str, &Tally)]) -> Option<f64> {
    design.cluster?;
    let all: u64 = tallies.iter().map(|(_, tally)| units(tally)).sum();
    let lone: u64 =
        tallies.iter().filter(|(name, _)| *name == NOT_RECORDED).map(|(_, tally)| units(tally)).sum();
    (lone > 0 && all > 0).then(|| lone as f64 / all as f64)
}

/// All clusters together.
pub(super) fn whole<S: State>(tallies: &[(&str, &Tally)], of: impl Fn(&Tally) -> Option<S>) -> S {
    let mut whole = S::default();
    for (_, tally) in tallies {
        if let Some(state) = of(tally) {
            whole.absorb(&state);
        }
    }
    whole
}

/// The sums of a tally that sums; of scores the amounts.
pub(super) fn sums(tally: &Tally) -> Option<Sums> {
    match tally {
        Tally::Sums(sums) => Some(*sums),
        Tally::Voices(voices) => Some(voices.amounts),
        _ => None,
    }
}

/// The durations of a tally.
pub(super) fn histogram(tally: &Tally) -> Option<Histogram> {
    match tally {
        Tally::Durations(histogram) => Some(histogram.clone()),
        _ => None,
    }
}

/// What a tally heard.
pub(super) fn voices(tally: &Tally) -> Option<Voices> {
    match tally {
        Tally::Voices(voices) => Some((**voices).clone()),
        _ => None,
    }
}

/// The ratio of sums, over clusters or over units.
pub(super) fn of_sums(
    tallies: &[(&str, &Tally)],
    total: &Sums,
    clustered: bool,
    numerator: Numerator,
    level: f64,
) -> Estimate {
    if clustered {
        let parts: Vec<ratio::Part> =
            tallies.iter().filter_map(|(_, tally)| sums(tally)).map(|sums| (sums.a, sums.t).into()).collect();
        ratio::of_clusters(&parts, numerator, level)
    } else {
        ratio::of_units(&ratio_sums(total), numerator, level)
    }
}

fn ratio_sums(sums: &Sums) -> ratio::Sums {
    ratio::Sums { n: sums.n, a: sums.a, t: sums.t, aa: sums.aa, at: sums.at, tt: sums.tt }
}
