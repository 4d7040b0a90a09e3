//! Kitagawa's decomposition: how much of a crude difference is the arm, and how much is where it is used.
//!
//! The crude difference of two arms splits exactly into a rate effect, what differs within strata, and a mix
//! effect, what differs between their mixes of strata, each taken at the average of both arms so that no order has
//! to be chosen. It reads: of a record that is 2.6 points worse, 5.1 points are where it is used, and 2.5 points
//! are the platform being better. A stratum that one arm was never seen in can only count as mix. It explains by the
//! strata it is given and by nothing else.
//!
//! Sources: Kitagawa 1955, JASA 50:1168; Ñopo 2008, Rev Econ Stat 90:290, for strata with one arm.

use super::{Stratum, signed, totals, wald};
use crate::stats::cluster::Tally;
use crate::stats::difference::newcombe;
use crate::stats::estimate::Estimate;
use crate::stats::exact::ascending;
use crate::stats::status::Reason;

/// The name of the parts of a decomposed difference.
pub const KITAGAWA: &str = "kitagawa";

/// A difference of two arms and its parts, which sum to it.
#[derive(Debug, Clone, PartialEq)]
pub struct Decomposition {
    /// The difference that is split, first arm minus second.
    pub crude: Estimate,
    /// What the arms differ by within strata.
    pub rate: Estimate,
    /// What their mixes of strata differ by.
    pub mix: Estimate,
    /// The part of the mix effect in strata that only one arm was seen in.
    pub unmatched: f64,
    /// The parts of each stratum, in the order given.
    pub strata: Vec<Parts>,
}

/// What one stratum contributes to the two effects.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Parts {
    /// To the rate effect.
    pub rate: f64,
    /// To the mix effect.
    pub mix: f64,
}

/// The crude difference of two arms, split into rate effect and mix effect.
///
/// Estimates Σ½(w₁ + w₂)(p₁ − p₂) and Σ½(p₁ + p₂)(w₁ − w₂), with w the strata's shares of an arm and p the shares of
/// events in them. Limits are normal, with the variance of independent consultations whose strata are drawn with
/// them. Not estimable where an arm has no consultation at all.
pub fn decompose(strata: &[Stratum], level: f64) -> Result<Decomposition, Reason> {
    let arms = Arms::of(strata)?;
    let Arms { first, second } = arms;
    let parts: Vec<Parts> = strata.iter().map(|s| arms.parts(s)).collect();
    let effect = |value: f64, slope: fn(&Local) -> Slopes| {
        wald(KITAGAWA, level, value, arms.variance(strata, slope))
            .with_counts(first.x, first.n, second.x, second.n)
    };
    Ok(Decomposition {
        crude: newcombe(first.x, first.n, second.x, second.n, level),
        rate: effect(signed(parts.iter().map(|part| part.rate)), rate_slopes),
        mix: effect(signed(parts.iter().map(|part| part.mix)), mix_slopes),
        unmatched: signed(strata.iter().zip(&parts).filter(|(s, _)| !s.shared()).map(|(_, part)| part.mix)),
        strata: parts,
    })
}

/// The rate effect alone.
pub fn rate_effect_value(strata: &[Stratum]) -> Option<f64> {
    let arms = Arms::of(strata).ok()?;
    Some(signed(strata.iter().map(|s| arms.parts(s).rate)))
}

/// The mix effect alone.
pub fn mix_effect_value(strata: &[Stratum]) -> Option<f64> {
    let arms = Arms::of(strata).ok()?;
    Some(signed(strata.iter().map(|s| arms.parts(s).mix)))
}

/// The totals of both arms.
#[derive(Clone, Copy)]
struct Arms {
    first: Tally,
    second: Tally,
}

/// One stratum: the weights and shares of events of the first arm and the second.
struct Local {
    weights: (f64, f64),
    shares: (f64, f64),
    shared: bool,
}

/// How an effect changes with the weight and the share of events of each arm in one stratum.
struct Slopes {
    weights: (f64, f64),
    shares: (f64, f64),
}

impl Arms {
    fn of(strata: &[Stratum]) -> Result<Self, Reason> {
        let (first, second) = totals(strata)?;
        if first.n > 0 && second.n > 0 { Ok(Self { first, second }) } else { Err(Reason::NoData) }
    }

    fn local(&self, s: &Stratum) -> Local {
        let share = |own: &Tally, other: &Tally| match (own.n, other.n) {
            (0, 0) => 0.0,
            // An arm never seen here would have done as the other one, so that only the mix differs.
            (0, _) => other.x as f64 / other.n as f64,
            _ => own.x as f64 / own.n as f64,
        };
        Local {
            weights: (s.first.n as f64 / self.first.n as f64, s.second.n as f64 / self.second.n as f64),
            shares: (share(&s.first, &s.second), share(&s.second, &s.first)),
            shared: s.shared(),
        }
    }

    fn parts(&self, s: &Stratum) -> Parts {
        let Local { weights: (w1, w2), shares: (p1, p2), shared } = self.local(s);
        let apart = if shared { s.difference() } else { 0.0 };
        let product = |a: u64, b: u64| i128::from(a) * i128::from(b);
        // w₁ − w₂ without rounding error, so that equal mixes have no effect at all.
        let shift = product(s.first.n, self.second.n) - product(s.second.n, self.first.n);
        let shift = shift as f64 / (self.first.n as f64 * self.second.n as f64);
        Parts { rate: (w1 + w2) / 2.0 * apart, mix: (p1 + p2) / 2.0 * shift }
    }

    /// The variance of an effect to first order: over strata of a consultation, and over its outcome within.
    fn variance(&self, strata: &[Stratum], slope: fn(&Local) -> Slopes) -> f64 {
        let arm = |n: u64, of: fn((f64, f64)) -> f64| {
            let sum = |term: &dyn Fn(&Local, &Slopes) -> f64| {
                ascending(strata.iter().map(|s| {
                    let local = self.local(s);
                    term(&local, &slope(&local))
                }))
            };
            let mean = sum(&|local, slopes| of(local.weights) * of(slopes.weights));
            let between = sum(&|local, slopes| {
                let distance = of(slopes.weights) - mean;
                of(local.weights) * distance * distance
            });
            let within = sum(&|local, slopes| {
                let (weight, share) = (of(local.weights), of(local.shares));
                let slope = of(slopes.shares);
                if weight > 0.0 { slope * slope / weight * share * (1.0 - share) } else { 0.0 }
            });
            (between + within) / n as f64
        };
        arm(self.first.n, |pair| pair.0) + arm(self.second.n, |pair| pair.1)
    }
}

fn rate_slopes(local: &Local) -> Slopes {
    let Local { weights: (w1, w2), shares: (p1, p2), shared } = *local;
    let half = if shared { (w1 + w2) / 2.0 } else { 0.0 };
    Slopes { weights: ((p1 - p2) / 2.0, (p1 - p2) / 2.0), shares: (half, -half) }
}

fn mix_slopes(local: &Local) -> Slopes {
    let Local { weights: (w1, w2), shares: (p1, p2), shared } = *local;
    let half = if shared { (w1 - w2) / 2.0 } else { w1 - w2 };
    Slopes { weights: ((p1 + p2) / 2.0, -(p1 + p2) / 2.0), shares: (half, half) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stats::LEVEL_95;
    use crate::stats::case_mix::examples::{SIMPSON, strata};
    use crate::stats::checks::near;
    use crate::stats::status::Status;

    #[test]
    fn the_crude_difference_splits_as_worked_out() {
        let parts = decompose(&strata(&SIMPSON), LEVEL_95).unwrap();
        near(parts.crude.value, 0.122 - 115.0 / 1200.0, 1e-15);
        near(parts.rate.value, -0.02483333, 5.1e-9);
        near(parts.mix.value, 0.051, 1e-15);
        for (part, mix) in parts.strata.iter().zip([-0.0135, -0.0030, 0.0675]) {
            near(part.mix, mix, 1e-15);
        }
        assert_eq!((parts.unmatched, parts.mix.status, parts.mix.n), (0.0, Status::Ok, 2200.0));
    }

    #[test]
    fn the_variances_of_the_parts_are_those_of_their_gradients() {
        // Σ over arms of the gradient's form in the covariance of all counts, differentiated numerically.
        let parts = decompose(&strata(&SIMPSON), LEVEL_95).unwrap();
        near(parts.rate.se, numeric_se(&strata(&SIMPSON), |s| rate_effect_value(s).unwrap()), 1e-8);
        near(parts.mix.se, numeric_se(&strata(&SIMPSON), |s| mix_effect_value(s).unwrap()), 1e-8);
        let mut wider = strata(&SIMPSON);
        wider.push(Stratum::from((90, 20, 0, 0)));
        let parts = decompose(&wider, LEVEL_95).unwrap();
        near(parts.rate.se, numeric_se(&wider, |s| rate_effect_value(s).unwrap()), 1e-8);
        near(parts.mix.se, numeric_se(&wider, |s| mix_effect_value(s).unwrap()), 1e-8);
    }

    /// The infinitesimal jackknife: a hundred-thousandth of a consultation of each kind is taken away in turn.
    fn numeric_se(strata: &[Stratum], value: impl Fn(&[Stratum]) -> f64) -> f64 {
        const LARGE: u64 = 1_000_000_000;
        const TAKEN: u64 = LARGE / 100_000;
        let grown: Vec<Stratum> = strata
            .iter()
            .map(|s| {
                let grow = |t: Tally| Tally { n: t.n * LARGE, x: t.x * LARGE };
                Stratum { first: grow(s.first), second: grow(s.second) }
            })
            .collect();
        let full = value(&grown);
        let mut sum = 0.0;
        for (k, stratum) in strata.iter().enumerate() {
            for (in_first, event) in [(true, true), (true, false), (false, true), (false, false)] {
                let arm = if in_first { stratum.first } else { stratum.second };
                let count = if event { arm.x } else { arm.n - arm.x };
                if count == 0 {
                    continue;
                }
                let mut fewer = grown.clone();
                let arm = if in_first { &mut fewer[k].first } else { &mut fewer[k].second };
                arm.n -= TAKEN;
                arm.x -= if event { TAKEN } else { 0 };
                let change = (value(&fewer) - full) * 100_000.0;
                sum += count as f64 * change * change;
            }
        }
        sum.sqrt()
    }

    #[test]
    fn a_stratum_with_one_arm_is_all_mix() {
        let mut wider = strata(&SIMPSON);
        wider.push(Stratum::from((250, 50, 0, 0)));
        let parts = decompose(&wider, LEVEL_95).unwrap();
        assert_eq!(parts.strata[3].rate, 0.0);
        near(parts.unmatched, 0.2 * 0.2, 1e-15);
        let sum = parts.rate.value.unwrap() + parts.mix.value.unwrap();
        near(parts.crude.value, sum, 1e-15);
    }

    #[test]
    fn equal_mixes_have_no_mix_effect_and_equal_shares_no_rate_effect() {
        let even = strata(&[(30, 5, 60, 8), (70, 9, 140, 30)]);
        assert_eq!(mix_effect_value(&even), Some(0.0));
        let alike = strata(&[(33, 7, 231, 49), (21, 9, 63, 27)]);
        assert_eq!(rate_effect_value(&alike), Some(0.0));
    }

    #[test]
    fn an_arm_without_consultations_has_nothing_to_split() {
        assert_eq!(decompose(&strata(&[(5, 1, 0, 0)]), LEVEL_95).err(), Some(Reason::NoData));
        assert_eq!(decompose(&strata(&[(5, 6, 5, 1)]), LEVEL_95).err(), Some(Reason::InconsistentCounts));
        assert_eq!((rate_effect_value(&[]), mix_effect_value(&[])), (None, None));
        let still = decompose(&strata(&[(5, 0, 5, 0)]), LEVEL_95).unwrap();
        assert_eq!(still.mix.status, Status::NotEstimable(Reason::NoVariation));
    }
}
