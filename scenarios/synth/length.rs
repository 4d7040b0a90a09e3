//! How long things last: log-logistic lengths, cut to a range, in milliseconds.
//!
//! One uniform number makes one length, and both the quantile and the distribution function are closed
//! forms, so that the truth can be computed from the same law that the stories roll. The medians are
//! those of published recordings: garbled sound lasts 3.7-56.8 s, a redial takes 43.5-71.9 s.

/// A law of lengths around a median that is given when it is asked.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Length {
    /// Scale of the logistic law of the logarithm; its standard deviation is 1.81 times this.
    spread: f64,
    least_ms: f64,
    most_ms: f64,
}

/// From the first side's arrival to the second's.
pub(crate) const ARRIVAL: Length = Length { spread: 0.6, least_ms: 1_000.0, most_ms: 1_200_000.0 };
/// From opening the link to being connected.
pub(crate) const CONNECT: Length = Length { spread: 0.3, least_ms: 800.0, most_ms: 55_000.0 };
/// From a failed join to the next try.
pub(crate) const RETRY: Length = Length { spread: 0.35, least_ms: 6_000.0, most_ms: 180_000.0 };
/// The talk, without absences.
pub(crate) const TALK: Length = Length { spread: 0.22, least_ms: 120_000.0, most_ms: 5_400_000.0 };
/// From a drop to the return; longer than any grace.
pub(crate) const REDIAL: Length = Length { spread: 0.22, least_ms: 16_000.0, most_ms: 240_000.0 };
/// From a blip to the return; shorter than any grace.
pub(crate) const BLIP: Length = Length { spread: 0.4, least_ms: 400.0, most_ms: 13_000.0 };
/// A loss of sound or picture.
pub(crate) const LOSS: Length = Length { spread: 0.4, least_ms: 300.0, most_ms: 120_000.0 };
/// From the end to an answer.
pub(crate) const ANSWER: Length = Length { spread: 0.8, least_ms: 20_000.0, most_ms: 72_000_000.0 };

/// Median of [`ARRIVAL`].
pub(crate) const ARRIVAL_MS: f64 = 70_000.0;
/// Median of [`RETRY`].
pub(crate) const RETRY_MS: f64 = 28_000.0;
/// Median of [`REDIAL`].
pub(crate) const REDIAL_MS: f64 = 46_000.0;
/// Median of [`BLIP`].
pub(crate) const BLIP_MS: f64 = 5_000.0;
/// Median of [`ANSWER`].
pub(crate) const ANSWER_MS: f64 = 600_000.0;

impl Length {
    /// The length that a share `unit` of all are shorter than.
    pub(crate) fn quantile(self, median_ms: f64, unit: f64) -> f64 {
        let length = median_ms * libm::exp(self.spread * libm::log(unit / (1.0 - unit)));
        length.clamp(self.least_ms, self.most_ms)
    }

    /// A length in whole milliseconds from one roll.
    pub(crate) fn roll(self, median_ms: f64, dice: &mut crate::dice::Dice) -> i64 {
        self.quantile(median_ms, dice.unit()) as i64
    }

    /// The share of lengths up to `ms`.
    pub(crate) fn up_to(self, median_ms: f64, ms: f64) -> f64 {
        if ms < self.least_ms {
            0.0
        } else if ms >= self.most_ms {
            1.0
        } else {
            1.0 / (1.0 + libm::exp(-libm::log(ms / median_ms) / self.spread))
        }
    }

    /// The mean of the lengths if they were not cut; for losses the cut takes about 1 % off it.
    pub(crate) fn mean(self, median_ms: f64) -> f64 {
        let angle = std::f64::consts::PI * self.spread;
        median_ms * angle / libm::sin(angle)
    }

    /// `N` lengths that stand for the law: the quantiles in the middle of `N` equal shares.
    pub(crate) fn points<const N: usize>(self, median_ms: f64) -> [f64; N] {
        std::array::from_fn(|index| self.quantile(median_ms, (index as f64 + 0.5) / N as f64))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantile_and_share_are_each_other_s_inverse() {
        for unit in [0.1, 0.5, 0.9] {
            let length = LOSS.quantile(9_000.0, unit);
            assert!((LOSS.up_to(9_000.0, length) - unit).abs() < 1e-12);
        }
        assert!((TALK.quantile(900_000.0, 0.5) - 900_000.0).abs() < 1e-6);
    }

    #[test]
    fn lengths_stay_within_their_range_whatever_is_rolled() {
        assert_eq!(BLIP.quantile(BLIP_MS, 0.0), 400.0);
        assert_eq!(BLIP.quantile(BLIP_MS, 1.0 - f64::EPSILON), 13_000.0);
        assert_eq!((REDIAL.up_to(REDIAL_MS, 15_999.0), REDIAL.up_to(REDIAL_MS, 240_000.0)), (0.0, 1.0));
    }
}
