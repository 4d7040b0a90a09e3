//! Variation between organisations: who stands apart from the rest, and how much of it is more than chance.
//!
//! A ranking of rates ranks mostly luck. The [`funnel`] shows for each unit how far chance alone would carry one
//! of its size; [`random_effects`] tells how much units differ beyond that, and what each one's rate is likely to
//! be. Neither says why a unit differs: its patients, its network and its way of recording differ too, and outside
//! the limits does not mean bad.

pub mod funnel;
mod heterogeneity;
pub mod random_effects;

#[cfg(test)]
mod agreement;
#[cfg(test)]
mod laws;

#[cfg(test)]
mod examples {
    use crate::stats::cluster::Tally;

    /// Consultations and failures of twelve organisations.
    pub(super) const ORGANISATIONS: [(u64, u64); 12] = [
        (120, 14),
        (85, 6),
        (240, 31),
        (60, 9),
        (310, 22),
        (150, 12),
        (95, 15),
        (200, 17),
        (40, 7),
        (175, 10),
        (130, 21),
        (260, 18),
    ];

    pub(super) fn organisations() -> Vec<Tally> {
        ORGANISATIONS.into_iter().map(Tally::from).collect()
    }
}
