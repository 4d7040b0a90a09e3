//! Shares and differences from counts that are shown, and from nothing else.
//!
//! Of a share that was measured on clusters two things beside the counts come in: the design effect, to one
//! digit behind the point, and how many clusters there are, which are organisations. Limits are told to a
//! tenth of a percent.
//!
//! Sources: Wilson 1927 and Rao & Scott 1992 for limits of a share; Zou & Donner 2008 for those of a
//! difference from them.

use super::Told;
use crate::stats::difference::mover;
use crate::stats::estimate::FEWEST_EVENTS;
use crate::stats::proportion::wilson_interval;
use crate::stats::special::{normal, student};
use crate::stats::{Interval, Reason, Status};

/// In what steps shares are told.
const STEPS: f64 = 1_000.0;

/// A share with its limits.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Share {
    /// As it is told.
    pub interval: Interval,
    /// Before it was rounded to be told.
    precise: Interval,
    /// The counts it is from.
    counts: [u64; 2],
    /// How many clusters; none: consultations on their own.
    clusters: Option<u64>,
}

/// So many of so many, as far as both are shown; `deff` and `clusters` where it was measured on clusters.
#[must_use]
pub fn share(x: Told, n: Told, level: f64, (deff, clusters): (Option<f64>, Option<u64>)) -> Option<Share> {
    let counts = [x.number()?, n.number()?];
    let tail = 0.5 - 0.5 * level;
    let critical = match clusters {
        Some(clusters) if clusters > 1 => student::upper_quantile(tail, clusters as f64 - 1.0),
        _ => normal::upper_quantile(tail),
    };
    let deff = deff.map_or(1.0, |deff| ((deff * 10.0).round() / 10.0).max(1.0));
    let [x, n] = counts.map(|count| count as f64 / deff);
    let precise = wilson_interval(x, n, critical)?;
    let told = |number: f64| (number * STEPS).round() / STEPS;
    let Interval { value, lo, hi } = precise;
    let interval = Interval { value: told(value), lo: told(lo), hi: told(hi) };
    Some(Share { interval, precise, counts, clusters })
}

impl Share {
    /// Whether it may be believed, by what is shown.
    #[must_use]
    pub fn status(&self) -> Status {
        let [x, n] = self.counts;
        match (x, n - x, self.clusters) {
            (0, ..) => Status::Boundary(Reason::NoEvents),
            (_, 0, _) => Status::Boundary(Reason::AllEvents),
            (.., Some(1)) => Status::InsufficientEvidence(Reason::OneCluster),
            _ => Status::Ok,
        }
    }
}

/// One share less another, with the status that decides what it amounts to.
#[must_use]
pub fn difference(one: &Share, other: &Share) -> (Interval, Status) {
    let Interval { value, lo, hi } = mover(one.precise, other.precise);
    let told = |number: f64| (number * STEPS).round() / STEPS;
    let events = one.counts[0] + other.counts[0];
    let others = one.counts[1] + other.counts[1] - events;
    let lone = [one, other].iter().any(|share| share.clusters == Some(1));
    let status = if lone {
        Status::InsufficientEvidence(Reason::OneCluster)
    } else if events.min(others) < FEWEST_EVENTS {
        Status::InsufficientEvidence(Reason::FewEvents)
    } else {
        Status::Ok
    };
    (Interval { value: told(value), lo: told(lo), hi: told(hi) }, status)
}
