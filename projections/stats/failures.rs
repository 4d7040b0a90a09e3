//! Failures and their repair: how long until something is lost, and how long until it is back.
//!
//! The mean time between failures is [`ratio::mtbf`] over the time that things worked, unavailability a
//! [`ratio`] of sums; what is here is the way back. A loss that was never restored keeps its time in the
//! sum and is no repair: left out, the losses that ended well would make the repair look quick. Unavailability is
//! restore time over both times together only where every loss was restored.
//!
//! Sources: Garwood 1936, Biometrika 28:437; Epstein & Sobel 1953, JASA 48:486, for time under censoring.

use super::estimate::Estimate;
use super::ratio::{self, Numerator, Part};
use super::status::Reason;
use super::survival::{Exits, aalen_johansen, kaplan_meier};

/// The cause of [`Exits`] by which a loss is restored.
pub const RESTORED: usize = 0;
/// The cause of [`Exits`] by which a loss ends with its call.
pub const CALL_ENDED: usize = 1;

/// How losses ended up to a horizon.
#[derive(Debug, Clone, PartialEq)]
pub struct Restoration {
    /// The share of all losses that was restored by the horizon.
    pub restored: Estimate,
    /// The share of all losses that ended with their call by the horizon.
    pub cut_short: Estimate,
    /// The time by which half of all losses were restored.
    pub median: Estimate,
    /// The mean time that a loss lasts, however it ends, counted up to the horizon.
    pub lasting: Estimate,
}

/// The mean time to restore, with exact limits from independent restorations at a constant rate.
///
/// `time` is the sum over all losses of how long they lasted, those never restored included. Without a restoration
/// there is only a one-sided lower limit.
pub fn mean_time_to_restore(restorations: u64, time: f64, level: f64) -> Estimate {
    ratio::mtbf(restorations, time, level)
}

/// The mean time to restore over clusters, each the time lost in it and its restorations.
///
/// Without a restoration in any cluster it falls back to the one-sided limit of [`mean_time_to_restore`].
pub fn mean_time_to_restore_of_clusters(clusters: &[Part], level: f64) -> Estimate {
    let none = clusters.iter().all(|cluster| cluster.t == 0);
    let lost = clusters.iter().try_fold(0_u128, |sum, cluster| sum.checked_add(cluster.a));
    match lost {
        Some(lost) if none && lost > 0 => mean_time_to_restore(0, lost as f64, level),
        None => Estimate::not_estimable(ratio::RATIO_CLUSTERS_T, level, Reason::TooLarge),
        Some(_) => ratio::of_clusters(clusters, Numerator::Amount, level),
    }
}

/// How losses end by `tau_ms`, where the end of the call competes with being restored.
///
/// `losses` are exits from loss, by [`RESTORED`] and [`CALL_ENDED`]; a loss that is still open is censored.
pub fn restoration(losses: &Exits, tau_ms: u64, level: f64) -> Restoration {
    Restoration {
        restored: aalen_johansen::incidence(losses, RESTORED, tau_ms, level),
        cut_short: aalen_johansen::incidence(losses, CALL_ENDED, tau_ms, level),
        median: aalen_johansen::quantile(losses, RESTORED, 0.5, level),
        lasting: kaplan_meier::restricted_mean(losses, tau_ms, level),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stats::checks::near;
    use crate::stats::survival::End;
    use crate::stats::{Flag, LEVEL_95, Status};

    #[test]
    fn a_loss_that_was_never_restored_keeps_its_time() {
        // Restored after 10, 20 and 30 seconds, and one that was not within 60.
        let restored = mean_time_to_restore(3, 120.0, LEVEL_95);
        assert_eq!(restored.value, Some(40.0));
        near(restored.lo, 120.0 / 8.767273069, 5e-9);
        near(restored.hi, 120.0 / 0.618672122, 5e-9);
    }

    #[test]
    fn without_a_restoration_there_is_a_lower_limit() {
        for none in [
            mean_time_to_restore(0, 1000.0, LEVEL_95),
            mean_time_to_restore_of_clusters(&[(400, 0), (600, 0)].map(Part::from), LEVEL_95),
        ] {
            near(none.lo, 333.8082007, 5.1e-10);
            assert_eq!((none.value, none.hi, none.status), (None, None, Status::Boundary(Reason::NoEvents)));
            assert!(none.flags.contains(&Flag::OneSided));
        }
    }

    #[test]
    fn over_clusters_it_is_a_ratio_of_sums() {
        let clusters = [(40, 2), (10, 1), (0, 0), (90, 4)].map(Part::from);
        let restored = mean_time_to_restore_of_clusters(&clusters, LEVEL_95);
        assert_eq!((restored.value, restored.clusters), (Some(20.0), Some(3)));
        let huge = [(u128::MAX, 0), (1, 0)].map(Part::from);
        let refused = mean_time_to_restore_of_clusters(&huge, LEVEL_95);
        assert_eq!(refused.status, Status::NotEstimable(Reason::TooLarge));
        let nothing = mean_time_to_restore_of_clusters(&[], LEVEL_95);
        assert_eq!(nothing.status, Status::NotEstimable(Reason::NoData));
    }

    #[test]
    fn unavailability_is_restore_time_over_both_times_where_every_loss_was_restored() {
        let (failures, up, down) = (6, 5400.0, 90.0);
        let between = ratio::mtbf(failures, up, LEVEL_95).value.unwrap();
        let restore = mean_time_to_restore(failures, down, LEVEL_95).value.unwrap();
        near(restore / (between + restore), down / (up + down), 1e-15);
    }

    #[test]
    fn losses_that_end_with_the_call_are_not_restored() {
        let cells =
            [(10, End::Cause(RESTORED), 2), (20, End::Cause(RESTORED), 1), (60, End::Cause(CALL_ENDED), 1)];
        let losses = Exits::new(2, cells).unwrap();
        let ends = restoration(&losses, 60, LEVEL_95);
        assert_eq!((ends.restored.value, ends.cut_short.value), (Some(0.75), Some(0.25)));
        assert_eq!((ends.median.value, ends.lasting.value), (Some(10.0), Some(25.0)));
    }
}
