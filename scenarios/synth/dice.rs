//! Chance that is the same on every machine: a counter-based generator and a few ways to roll it.
//!
//! Every consultation, organisation and clinician has dice of its own, keyed by (seed, realm, index),
//! so that what happens to one never depends on how often another rolled. Nothing here reads entropy,
//! and every transcendental function comes from `libm`.

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{RngCore, SeedableRng};

/// What the dice are rolled for; realms of one seed are independent of each other.
#[derive(Debug, Clone, Copy)]
#[repr(u8)]
pub(crate) enum Realm {
    Consultation = 1,
    Organisation = 2,
    Clinician = 3,
    Source = 4,
    Mess = 5,
    Feedback = 6,
    Truth = 7,
}

/// The dice of one index of one realm.
#[derive(Debug, Clone)]
pub(crate) struct Dice(ChaCha8Rng);

impl Dice {
    pub(crate) fn new(seed: u64, realm: Realm, index: u64) -> Self {
        let mut key = [0; 32];
        key[..8].copy_from_slice(&seed.to_le_bytes());
        key[8] = realm as u8;
        let mut stream = ChaCha8Rng::from_seed(key);
        stream.set_stream(index);
        Self(stream)
    }

    /// A number in [0, 1), a multiple of 2^-53.
    pub(crate) fn unit(&mut self) -> f64 {
        (self.0.next_u64() >> 11) as f64 / (1_u64 << 53) as f64
    }

    /// Whether something of this probability happens.
    pub(crate) fn chance(&mut self, probability: f64) -> bool {
        self.unit() < probability
    }

    /// One of 0..`count`, each as likely.
    pub(crate) fn below(&mut self, count: usize) -> usize {
        ((u128::from(self.0.next_u64()) * count as u128) >> 64) as usize
    }

    /// A whole number of `least..=most`.
    pub(crate) fn between(&mut self, least: i64, most: i64) -> i64 {
        debug_assert!(least <= most, "an empty range has no number");
        least + self.below((most - least + 1) as usize) as i64
    }

    /// A standard normal deviate (Box and Muller 1958), from two rolls.
    pub(crate) fn normal(&mut self) -> f64 {
        let radius = libm::sqrt(-2.0 * libm::log(1.0 - self.unit()));
        radius * libm::cos(2.0 * std::f64::consts::PI * self.unit())
    }

    /// The waiting time to the next of events that come at `rate` per unit of time.
    pub(crate) fn wait(&mut self, rate: f64) -> f64 {
        -libm::log(1.0 - self.unit()) / rate
    }

    /// An index, with probability proportional to its weight.
    pub(crate) fn weighted(&mut self, weights: &[f64]) -> usize {
        let mut left = self.unit() * weights.iter().sum::<f64>();
        for (index, weight) in weights.iter().enumerate() {
            left -= weight;
            if left < 0.0 {
                return index;
            }
        }
        // Rounding may leave a crumb: the last index that has any weight takes it.
        weights.iter().rposition(|weight| *weight > 0.0).unwrap_or(0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn realms_and_indices_roll_apart_and_repeat() {
        let roll = |seed, realm, index| Dice::new(seed, realm, index).unit().to_bits();
        assert_eq!(roll(1, Realm::Mess, 2), roll(1, Realm::Mess, 2));
        let rolls = [
            roll(1, Realm::Consultation, 0),
            roll(2, Realm::Consultation, 0),
            roll(1, Realm::Consultation, 1),
            roll(1, Realm::Mess, 0),
        ];
        for (index, one) in rolls.iter().enumerate() {
            assert!(!rolls[index + 1..].contains(one), "two dice roll alike");
        }
    }

    #[test]
    fn rolls_have_the_moments_they_claim() {
        let mut dice = Dice::new(7, Realm::Truth, 0);
        let n = 100_000;
        let (mut sum, mut squares, mut waits, mut sevens) = (0.0, 0.0, 0.0, 0);
        for _ in 0..n {
            let normal = dice.normal();
            sum += normal;
            squares += normal * normal;
            waits += dice.wait(4.0);
            sevens += usize::from(dice.weighted(&[1.0, 0.0, 3.0]) == 2);
        }
        let n = f64::from(n);
        assert!((sum / n).abs() < 0.015 && (squares / n - 1.0).abs() < 0.02);
        assert!((waits / n - 0.25).abs() < 0.004);
        assert!((sevens as f64 / n - 0.75).abs() < 0.006);
    }

    #[test]
    fn a_weighted_roll_never_takes_a_weightless_index() {
        let mut dice = Dice::new(7, Realm::Truth, 1);
        for _ in 0..1000 {
            assert_eq!(dice.weighted(&[0.0, 2.0, 0.0]), 1);
        }
    }
}
