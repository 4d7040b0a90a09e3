//! Laws of funnels and random effects that hold for any units.

use proptest::prelude::*;

use super::funnel::{self, LEVELS, Position, adjusted_limits, exact_limits};
use super::random_effects::{self, Effect, Heterogeneity};
use crate::stats::cluster::Tally;
use crate::stats::laws::{counts, encloses, sound, tallies};
use crate::stats::{LEVEL_95, LEVEL_998, Reason};

proptest! {
    #[test]
    fn limits_of_a_funnel_enclose_its_target_and_the_wider_ones_the_others((x, n) in counts(), target in 1e-6..1.0_f64) {
        let unit = Tally { n: n + 1, x };
        for limits in [|target, n, level| exact_limits(target, n, level), |target, n, level| adjusted_limits(target, 0.01, n, level)] {
            let [usual, wide] = LEVELS.map(|level| limits(target, unit.n, level).unwrap());
            prop_assert!(0.0 <= wide.lo && wide.hi <= 1.0);
            let slack = 1e-12;
            prop_assert!(wide.lo <= usual.lo + slack && usual.lo <= usual.hi && usual.hi <= wide.hi + slack, "{usual:?} {wide:?}");
        }
    }

    #[test]
    fn a_unit_outside_the_wide_limits_is_outside_the_usual_ones(units in tallies()) {
        let Ok(found) = funnel::of_units(&units) else { return Ok(()) };
        prop_assert_eq!(found.places.len(), units.len());
        for place in found.places.iter().flatten() {
            prop_assert!((0.0..=1.0).contains(&place.p), "{place:?}");
            for [usual, wide] in [place.exact, place.adjusted] {
                prop_assert!(wide == Position::Inside || wide == usual, "{place:?}");
            }
        }
        let reversed: Vec<Tally> = units.iter().rev().copied().collect();
        let mut back = funnel::of_units(&reversed).unwrap();
        back.places.reverse();
        prop_assert_eq!(found, back);
    }

    #[test]
    fn the_variation_of_any_units_is_sound_whatever_their_order(units in tallies()) {
        let Ok(found) = random_effects::of_shares(&units, LEVEL_95) else { return Ok(()) };
        let wider = random_effects::of_shares(&units, LEVEL_998).unwrap();
        let pairs = [
            (&found.mean, &wider.mean),
            (&found.prediction, &wider.prediction),
            (&found.median_odds_ratio, &wider.median_odds_ratio),
            (&found.latent_icc, &wider.latent_icc),
            (&found.logit.tau_squared, &wider.logit.tau_squared),
            (&found.logit.prediction_higgins, &wider.logit.prediction_higgins),
        ];
        for (usual, wide) in pairs.into_iter().chain(found.shrunk.iter().zip(&wider.shrunk)) {
            sound(usual)?;
            encloses(wide, usual)?;
        }
        prop_assert!((0.0..=1.0).contains(&found.logit.i_squared) && found.mean.half_width() > Some(0.0));
        encloses(&found.logit.mean, &found.logit.mean_z)?;
        let reversed: Vec<Tally> = units.iter().rev().copied().collect();
        let mut back = random_effects::of_shares(&reversed, LEVEL_95).unwrap();
        back.shrunk.reverse();
        back.logit.shrunk.reverse();
        prop_assert_eq!(found, back);
    }

    #[test]
    fn effects_may_be_any_numbers(effects in prop::collection::vec((any::<f64>(), any::<f64>()), 0..8)) {
        let effects: Vec<Effect> = effects.into_iter().map(|(y, v)| Effect { y, v: v.abs() }).collect();
        for by in [Heterogeneity::PauleMandel, Heterogeneity::DerSimonianLaird] {
            let Ok(pooled) = random_effects::of_effects(&effects, by, LEVEL_95) else { continue };
            prop_assert!(pooled.i_squared.is_finite() && pooled.q.statistic.is_finite());
            for estimate in [pooled.mean, pooled.mean_z, pooled.prediction, pooled.tau_squared] {
                let numbers = [estimate.value, estimate.lo, estimate.hi, estimate.se];
                prop_assert!(numbers.iter().flatten().all(|x| x.is_finite()), "{estimate:?}");
                prop_assert!(estimate.interval().is_some() || estimate.status.reason().is_some(), "{estimate:?}");
            }
        }
    }

    #[test]
    fn a_rate_drawn_towards_the_mean_lies_between_it_and_its_own(units in tallies()) {
        let Ok(found) = random_effects::of_shares(&units, LEVEL_95) else { return Ok(()) };
        let mean = found.mean.value.unwrap();
        for (unit, shrunk) in units.iter().zip(&found.shrunk) {
            let (Some(effect), Some(value)) = (random_effects::logit(*unit), shrunk.value) else { continue };
            let own = 1.0 / (1.0 + libm::exp(-effect.y));
            prop_assert!(mean.min(own) - 1e-12 <= value && value <= mean.max(own) + 1e-12, "{shrunk:?} {own} {mean}");
        }
    }

    #[test]
    fn a_share_may_have_no_variation(n in 2..50_u64) {
        let why = |x: u64| random_effects::of_shares(&[Tally { n, x }, Tally { n, x }], LEVEL_95).unwrap_err();
        prop_assert_eq!((why(0), why(n)), (Reason::NoEvents, Reason::AllEvents));
    }
}
