//! The things a plan can turn: one knob per probability, rate or mean of a consultation.
//!
//! A knob has a natural unit, in which a plan's `base` gives it, and a link, on which the effects of
//! platform, service, network and so on are added: log-odds for probabilities, logarithms for rates
//! and lengths, points for scores. Additive effects on a link keep every probability in its range and
//! make the truth of any combination of circumstances computable.

use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Serialize};

/// One thing a plan can turn.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[repr(u8)]
pub enum Knob {
    /// Probability that a booked consultation is called off.
    Cancelled,
    /// Probability that nobody comes to a booked one that was not called off.
    NoShow,
    /// Probability that one side comes and the other does not.
    OtherSideAbsent,
    /// Probability that a first attempt to join fails.
    JoinFailed,
    /// Probability that a failed join succeeds at a later try.
    JoinRecovered,
    /// Probability that the patient gives up in the waiting room.
    GaveUpWaiting,
    /// Drops per connected hour: gaps of 16 s and more.
    Drop,
    /// Probability that somebody who was dropped comes back.
    DropRecovered,
    /// Blips per connected hour: gaps of 13 s and less, always with a return.
    Blip,
    /// Losses of sound per connected hour.
    AudioLoss,
    /// Median length of a loss of sound, in seconds.
    AudioSeconds,
    /// Losses of picture per connected hour.
    VideoLoss,
    /// Probability that video is given up for the phone though nobody was dropped.
    Conversion,
    /// Probability that somebody asks for help.
    Help,
    /// Probability that a completed consultation's end is not recorded: both leave, nothing more.
    EndNotSeen,
    /// Probability that a patient who rates an undisturbed consultation says good or very good.
    PatientRating,
    /// Probability that a clinician who rates an undisturbed consultation says good or very good.
    ClinicianRating,
    /// Mean System Usability Scale score, in points.
    Sus,
    /// Probability that a visit in person would not have been needed.
    Adequate,
    /// Median length of the talk, in minutes.
    TalkMinutes,
    /// Median time from opening the link to being connected, in seconds.
    ConnectSeconds,
    /// Shifts every failure at once: joins, drops, blips, losses of sound and picture, conversions.
    Trouble,
}

/// The scale on which the effects of a knob are added.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Link {
    /// Log-odds of a probability.
    Odds,
    /// Natural logarithm of a rate or length.
    Log,
    /// The value itself.
    Points,
}

impl Knob {
    /// Every knob.
    pub const ALL: [Self; 22] = [
        Self::Cancelled,
        Self::NoShow,
        Self::OtherSideAbsent,
        Self::JoinFailed,
        Self::JoinRecovered,
        Self::GaveUpWaiting,
        Self::Drop,
        Self::DropRecovered,
        Self::Blip,
        Self::AudioLoss,
        Self::AudioSeconds,
        Self::VideoLoss,
        Self::Conversion,
        Self::Help,
        Self::EndNotSeen,
        Self::PatientRating,
        Self::ClinicianRating,
        Self::Sus,
        Self::Adequate,
        Self::TalkMinutes,
        Self::ConnectSeconds,
        Self::Trouble,
    ];

    /// The value a plan that does not mention it gets, in its natural unit.
    ///
    /// From published figures where there are any: sound garbled for 3.7-56.8 s, nine patients in ten
    /// and seven clinicians in ten content, SUS between 68 and 80.
    #[must_use]
    pub fn usual(self) -> f64 {
        match self {
            Self::JoinFailed => 0.03,
            Self::JoinRecovered => 0.75,
            Self::GaveUpWaiting => 0.008,
            Self::Drop => 0.1,
            Self::DropRecovered => 0.85,
            Self::Blip => 0.1,
            Self::AudioLoss => 0.15,
            Self::AudioSeconds => 9.0,
            Self::Conversion => 0.012,
            Self::PatientRating => 0.93,
            Self::ClinicianRating => 0.74,
            Self::Sus => 74.0,
            Self::Adequate => 0.85,
            Self::TalkMinutes => 18.0,
            Self::ConnectSeconds => 7.0,
            Self::Cancelled
            | Self::NoShow
            | Self::OtherSideAbsent
            | Self::VideoLoss
            | Self::Help
            | Self::EndNotSeen
            | Self::Trouble => 0.0,
        }
    }

    pub(crate) fn link(self) -> Link {
        match self {
            Self::Drop
            | Self::Blip
            | Self::AudioLoss
            | Self::AudioSeconds
            | Self::VideoLoss
            | Self::TalkMinutes
            | Self::ConnectSeconds => Link::Log,
            Self::Sus | Self::Trouble => Link::Points,
            _ => Link::Odds,
        }
    }

    /// Whether [`Knob::Trouble`] turns it too.
    fn troubled(self) -> bool {
        matches!(
            self,
            Self::JoinFailed | Self::Drop | Self::Blip | Self::AudioLoss | Self::VideoLoss | Self::Conversion
        )
    }
}

impl fmt::Display for Knob {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.serialize(f)
    }
}

/// What a circumstance adds to each knob, on the knob's link; knobs not named stay as they are.
///
/// ```
/// use synth::{Effects, Knob};
/// let old_phone = Effects::default().with(Knob::Drop, 0.7).with(Knob::Sus, -6.0);
/// assert_eq!(old_phone.get(Knob::Drop), 0.7);
/// assert_eq!(old_phone.get(Knob::JoinFailed), 0.0);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Default, Deserialize)]
#[serde(from = "BTreeMap<Knob, f64>")]
pub struct Effects([f64; Knob::ALL.len()]);

impl From<BTreeMap<Knob, f64>> for Effects {
    fn from(named: BTreeMap<Knob, f64>) -> Self {
        named.into_iter().fold(Self::default(), |effects, (knob, value)| effects.with(knob, value))
    }
}

impl Effects {
    /// What is added to `knob`.
    #[must_use]
    pub fn get(&self, knob: Knob) -> f64 {
        self.0[knob as usize]
    }

    /// The same effects with `value` more on `knob`.
    #[must_use]
    pub fn with(mut self, knob: Knob, value: f64) -> Self {
        self.0[knob as usize] += value;
        self
    }

    pub(crate) fn add(&mut self, other: &Self) {
        for (mine, more) in self.0.iter_mut().zip(&other.0) {
            *mine += more;
        }
    }

    /// The links of a plan's `base`: what it names, and the usual values of what it does not.
    pub(crate) fn of_base(base: &BTreeMap<Knob, f64>) -> Self {
        Self(Knob::ALL.map(|knob| {
            let value = base.get(&knob).copied().unwrap_or_else(|| knob.usual());
            match knob.link() {
                Link::Odds => logit(value),
                Link::Log => libm::log(value),
                Link::Points => value,
            }
        }))
    }

    /// The probabilities, rates and means that these sums of effects stand for.
    pub(crate) fn chances(self) -> Chances {
        Chances(self)
    }
}

/// What one consultation's circumstances make of every knob, in natural units.
///
/// Kept on the links: a story asks for a few knobs only, and an exponential is what costs most.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Chances(Effects);

impl Chances {
    pub(crate) fn of(&self, knob: Knob) -> f64 {
        let trouble = if knob.troubled() { self.0.get(Knob::Trouble) } else { 0.0 };
        let sum = self.0.get(knob) + trouble;
        match knob.link() {
            Link::Odds => logistic(sum),
            Link::Log => libm::exp(sum),
            Link::Points => sum,
        }
    }

    /// A rate per hour as a rate per millisecond.
    pub(crate) fn per_ms(&self, knob: Knob) -> f64 {
        self.of(knob) / 3_600_000.0
    }

    /// A length given in seconds, or minutes for [`Knob::TalkMinutes`], in milliseconds.
    pub(crate) fn ms(&self, knob: Knob) -> f64 {
        self.of(knob) * if knob == Knob::TalkMinutes { 60_000.0 } else { 1000.0 }
    }
}

pub(crate) fn logit(probability: f64) -> f64 {
    libm::log(probability / (1.0 - probability))
}

pub(crate) fn logistic(log_odds: f64) -> f64 {
    1.0 / (1.0 + libm::exp(-log_odds))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn knobs_stand_in_the_order_of_their_numbers() {
        for (index, knob) in Knob::ALL.into_iter().enumerate() {
            assert_eq!(knob as usize, index, "{knob}");
        }
    }

    #[test]
    fn effects_add_on_the_link_and_come_back_in_natural_units() {
        let mut sum = Effects::of_base(&BTreeMap::from([(Knob::JoinFailed, 0.1), (Knob::Drop, 0.2)]));
        sum.add(&Effects::default().with(Knob::Trouble, libm::log(3.0)).with(Knob::Sus, -4.0));
        let chances = sum.chances();
        assert!((chances.of(Knob::JoinFailed) - 0.25).abs() < 1e-12, "odds 1/9 times 3");
        assert!((chances.of(Knob::Drop) - 0.6).abs() < 1e-12);
        assert!((chances.of(Knob::Sus) - 70.0).abs() < 1e-12);
        assert!((chances.of(Knob::DropRecovered) - 0.85).abs() < 1e-12, "not a failure");
    }

    #[test]
    fn what_never_happens_stays_so_whatever_is_added() {
        let mut sum = Effects::of_base(&BTreeMap::new());
        sum.add(&Effects::default().with(Knob::NoShow, 5.0).with(Knob::VideoLoss, 5.0));
        assert_eq!(sum.chances().of(Knob::NoShow), 0.0);
        assert_eq!(sum.chances().of(Knob::VideoLoss), 0.0);
    }
}
