//! What is known before anything is decided, and whether it is enough to decide on.
//!
//! A model always has an answer. Whether there is evidence behind it is asked first, by gates that must all be
//! passed: events and non-events on every platform; the same after what consultations share was discounted; units that
//! share it; strata in which there was a choice; and consultations of which the outcome was seen. Below them the answer
//! is "not enough evidence", and never "no difference".
//!
//! Sources: Rao & Scott 1992, Biometrics 48:577, for the discount; Manski 1989, J Hum Resour 24:343, for the bounds of
//! a share when outcomes are missing. The thresholds are conventions.

use super::joint::Cell;
use crate::stats::cluster::{self, PLANNING_ICC, Tally};
use crate::stats::estimate::{FEW_CLUSTERS, FEWEST_EVENTS, LEVEL_95};

/// The share of consultations that must be in strata with a choice.
pub const LEAST_SUPPORT: f64 = 0.8;
/// The share of consultations of a platform whose outcome may be missing.
pub const MOST_MISSING: f64 = 0.05;

/// What shares its luck.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sharing {
    /// The units of the cells.
    Units,
    /// Nothing: whoever asks says so.
    Nothing,
    /// Nobody knows: no unit is recorded.
    Unknown,
}

/// The counts of all cells, and what may be used where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Evidence {
    /// The counts of a unit with a platform in a stratum.
    pub cells: Vec<Cell>,
    /// Strata that may use different platforms.
    pub strata: usize,
    /// By number of a cell's stratum: the stratum that it is a part of. Parts are told apart by what shares are adjusted
    /// for; where that is nothing, each stratum is the one part of itself.
    pub parts: Vec<usize>,
    /// Platforms.
    pub platforms: usize,
    /// By stratum: which platforms may be used there, as far as needs go.
    pub allowed: Vec<Vec<bool>>,
    /// By platform: consultations whose outcome is missing, those that the cells count and those that they do not.
    pub missing: Vec<Missing>,
    /// What shares its luck.
    pub sharing: Sharing,
}

/// Consultations of a platform whose outcome is missing.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Missing {
    /// Counted in the cells as if it had not been reached.
    pub counted: u64,
    /// Counted in the cells as if it had been reached.
    pub reached: u64,
    /// Not counted.
    pub uncounted: u64,
}

/// What a gate asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ask {
    /// Events and non-events of a platform: the fewer of both.
    Events,
    /// The same, divided by the design effect.
    EffectiveEvents,
    /// Units that a platform was seen in.
    Units,
    /// The share of consultations in strata in which two platforms were seen, or needs leave but one.
    CommonSupport,
    /// The share of a platform's consultations whose outcome is missing.
    Missing,
}

/// A gate, and whether it was passed.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Gate {
    /// What it asks for.
    pub ask: Ask,
    /// Of which platform; nothing where it is asked of all together.
    pub platform: Option<usize>,
    /// What was found; nothing where it is not known.
    pub value: Option<f64>,
    /// What is asked: at least this, or of what is missing at most.
    pub needed: f64,
    /// Whether it was passed.
    pub passed: bool,
    /// Of a platform with missing outcomes: its share if none of them was reached, and if all were.
    pub bounds: Option<[f64; 2]>,
}

impl Evidence {
    /// The observations and events of a platform in a stratum, or in all of them.
    pub fn sum(&self, stratum: Option<usize>, platform: Option<usize>) -> (u64, u64) {
        let theirs = self.cells.iter().filter(|cell| {
            stratum.is_none_or(|stratum| stratum == self.parts[cell.stratum as usize])
                && platform.is_none_or(|platform| platform == cell.platform as usize)
        });
        theirs.fold((0, 0), |(n, x), cell| (n + cell.n, x + cell.x))
    }

    /// By stratum: which platforms were seen there.
    pub fn seen(&self) -> Vec<Vec<bool>> {
        let mut seen = vec![vec![false; self.platforms]; self.strata];
        for cell in self.cells.iter().filter(|cell| cell.n > 0) {
            seen[self.parts[cell.stratum as usize]][cell.platform as usize] = true;
        }
        seen
    }

    /// By stratum: which platforms may be used there and were seen there.
    pub fn admissible(&self) -> Vec<Vec<bool>> {
        let both = |(seen, allowed): (Vec<bool>, &Vec<bool>)| {
            seen.into_iter().zip(allowed).map(|(seen, allowed)| seen && *allowed).collect()
        };
        self.seen().into_iter().zip(&self.allowed).map(both).collect()
    }

    /// The weight of each stratum: its share of consultations, of those with a platform that may be used there.
    pub fn weights(&self) -> Vec<f64> {
        let usable = self.admissible();
        let count = |stratum: usize| {
            if usable[stratum].contains(&true) { self.sum(Some(stratum), None).0 } else { 0 }
        };
        let counts: Vec<u64> = (0..self.strata).map(count).collect();
        let total = counts.iter().sum::<u64>().max(1) as f64;
        counts.into_iter().map(|count| count as f64 / total).collect()
    }

    /// Every gate.
    pub fn gates(&self) -> Vec<Gate> {
        let mut gates = Vec::new();
        for platform in 0..self.platforms {
            let units = self.units(platform);
            let total = units.iter().fold(Tally::default(), |sum, one| (sum.n + one.n, sum.x + one.x).into());
            let fewer = total.x.min(total.n - total.x) as f64;
            let deff = match self.sharing {
                Sharing::Units => cluster::proportion(&units, PLANNING_ICC, LEVEL_95).deff.unwrap_or(1.0),
                Sharing::Nothing | Sharing::Unknown => 1.0,
            };
            let least = FEWEST_EVENTS as f64;
            gates.push(Gate::at_least(Ask::Events, Some(platform), Some(fewer), least));
            gates.push(Gate::at_least(Ask::EffectiveEvents, Some(platform), Some(fewer / deff), least));
            let seen = match self.sharing {
                Sharing::Units => Some(units.len() as f64),
                Sharing::Unknown => None,
                Sharing::Nothing => Some(total.n as f64),
            };
            gates.push(Gate::at_least(Ask::Units, Some(platform), seen, FEW_CLUSTERS as f64));
            gates.push(self.missing(platform, total));
        }
        gates.push(Gate::at_least(Ask::CommonSupport, None, Some(self.support()), LEAST_SUPPORT));
        gates
    }

    /// The counts of a platform by unit.
    fn units(&self, platform: usize) -> Vec<Tally> {
        let mut theirs: Vec<&Cell> =
            self.cells.iter().filter(|cell| cell.platform as usize == platform && cell.n > 0).collect();
        theirs.sort_unstable();
        let sum = |unit: &[&Cell]| {
            unit.iter().fold(Tally::default(), |sum, cell| (sum.n + cell.n, sum.x + cell.x).into())
        };
        theirs.chunk_by(|a, b| a.unit == b.unit).map(sum).collect()
    }

    fn missing(&self, platform: usize, Tally { n, x }: Tally) -> Gate {
        let Missing { counted, reached, uncounted } = self.missing.get(platform).copied().unwrap_or_default();
        let (counted, reached) = (counted.min(n - x), reached.min(x));
        let all = (n + uncounted) as f64;
        let missing = counted + reached + uncounted;
        let share = if all > 0.0 { missing as f64 / all } else { 0.0 };
        let bounds = [(x - reached) as f64 / all, (x + counted + uncounted) as f64 / all];
        Gate {
            ask: Ask::Missing,
            platform: Some(platform),
            value: Some(share),
            needed: MOST_MISSING,
            passed: share <= MOST_MISSING,
            bounds: (missing > 0).then_some(bounds),
        }
    }

    /// The share of consultations in parts of strata with a choice.
    fn support(&self) -> f64 {
        let usable = self.admissible();
        let mut seen = vec![vec![false; self.platforms]; self.parts.len()];
        for cell in self.cells.iter().filter(|cell| cell.n > 0) {
            let may = self.allowed[self.parts[cell.stratum as usize]][cell.platform as usize];
            seen[cell.stratum as usize][cell.platform as usize] = may;
        }
        let count = |row: &[bool]| row.iter().filter(|may| **may).count();
        let (mut all, mut without) = (0, 0);
        for (part, n) in self.sizes().into_iter().enumerate() {
            let stratum = self.parts[part];
            if !usable[stratum].contains(&true) {
                continue;
            }
            let is_choice = count(&seen[part]) >= 2 || count(&self.allowed[stratum]) == 1;
            (all, without) = (all + n, without + if is_choice { 0 } else { n });
        }
        // Rounding must not fail a gate that all of them pass.
        1.0 - without as f64 / all.max(1) as f64
    }

    /// The observations of each part.
    fn sizes(&self) -> Vec<u64> {
        let mut sizes = vec![0; self.parts.len()];
        self.cells.iter().for_each(|cell| sizes[cell.stratum as usize] += cell.n);
        sizes
    }

    /// The share that each part has of its stratum, on all platforms together: the mix that shares are adjusted to.
    pub fn mix(&self) -> Vec<f64> {
        let sizes = self.sizes();
        let mut of_stratum = vec![0; self.strata];
        sizes.iter().zip(&self.parts).for_each(|(n, stratum)| of_stratum[*stratum] += n);
        sizes
            .iter()
            .zip(&self.parts)
            .map(|(n, stratum)| *n as f64 / of_stratum[*stratum].max(1) as f64)
            .collect()
    }

    /// The same evidence with so many times the consultations, in the same units and with the same shares.
    #[must_use]
    pub fn times(&self, factor: f64) -> Self {
        let scaled = |count: u64| (count as f64 * factor + 0.5).floor() as u64;
        let cell = |cell: &Cell| Cell { n: scaled(cell.n), x: scaled(cell.x).min(scaled(cell.n)), ..*cell };
        let missing = |missing: &Missing| Missing {
            counted: scaled(missing.counted),
            reached: scaled(missing.reached),
            uncounted: scaled(missing.uncounted),
        };
        Self {
            cells: self.cells.iter().map(cell).collect(),
            missing: self.missing.iter().map(missing).collect(),
            ..self.clone()
        }
    }
}

impl Gate {
    fn at_least(ask: Ask, platform: Option<usize>, value: Option<f64>, needed: f64) -> Self {
        let passed = value.is_some_and(|value| value >= needed);
        Self { ask, platform, value, needed, passed, bounds: None }
    }
}

impl Ask {
    /// Its name in machine output.
    pub fn name(self) -> &'static str {
        match self {
            Self::Events => "events",
            Self::EffectiveEvents => "effective_events",
            Self::Units => "units",
            Self::CommonSupport => "common_support",
            Self::Missing => "missing",
        }
    }

    /// Whether further consultations of the same kind could help.
    pub fn grows(self) -> bool {
        matches!(self, Self::Events | Self::EffectiveEvents)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stats::checks::near;

    /// So many units, each with so many consultations of both platforms in two strata.
    fn evidence(units: u32, n: u64, x: u64) -> Evidence {
        let mut cells = Vec::new();
        for unit in 0..units {
            for stratum in 0..2 {
                cells.extend((0..2).map(|platform| Cell { unit, stratum, platform, n, x }));
            }
        }
        Evidence {
            cells,
            strata: 2,
            parts: vec![0, 1],
            platforms: 2,
            allowed: vec![vec![true; 2]; 2],
            missing: vec![Missing::default(); 2],
            sharing: Sharing::Units,
        }
    }

    fn failed(evidence: &Evidence) -> Vec<(Ask, Option<usize>)> {
        let failed = evidence.gates().into_iter().filter(|gate| !gate.passed);
        failed.map(|gate| (gate.ask, gate.platform)).collect()
    }

    #[test]
    fn enough_passes_and_each_gate_can_fail() {
        assert_eq!(failed(&evidence(12, 20, 18)), []);
        assert_eq!(failed(&evidence(12, 20, 20)).len(), 4, "nothing but events, on both platforms");
        assert_eq!(failed(&evidence(9, 40, 36)), [(Ask::Units, Some(0)), (Ask::Units, Some(1))]);
        let unknown = Evidence { sharing: Sharing::Unknown, ..evidence(12, 20, 18) };
        assert_eq!(failed(&unknown), [(Ask::Units, Some(0)), (Ask::Units, Some(1))]);
        assert_eq!(failed(&Evidence { sharing: Sharing::Nothing, ..evidence(1, 200, 180) }), []);
    }

    #[test]
    fn consultations_that_share_their_luck_are_worth_fewer() {
        // Every unit is all good but two, which are all bad: twelve units are worth hardly more than twelve.
        let mut shared = evidence(12, 20, 20);
        shared.cells.iter_mut().filter(|cell| cell.unit < 2).for_each(|cell| cell.x = 0);
        let gates = shared.gates();
        let value = |ask| gates.iter().find(|gate| gate.ask == ask).and_then(|gate| gate.value).unwrap();
        near(value(Ask::Events), 80.0, 0.0);
        assert!(value(Ask::EffectiveEvents) < 3.0, "{}", value(Ask::EffectiveEvents));
    }

    #[test]
    fn strata_with_one_platform_support_nothing_unless_needs_leave_but_that() {
        let mut apart = evidence(12, 20, 18);
        apart.cells.retain(|cell| cell.stratum == 0 || cell.platform == 0);
        assert_eq!(failed(&apart), [(Ask::CommonSupport, None)]);
        let support = apart.gates().last().and_then(|gate| gate.value);
        near(support, 2.0 / 3.0, 1e-12);
        apart.allowed[1][1] = false;
        assert_eq!(failed(&apart), []);
        // Where nothing may be used there is nothing to support.
        apart.allowed[1] = vec![false; 2];
        assert_eq!((failed(&apart), apart.weights()), (vec![], vec![1.0, 0.0]));
    }

    /// Both platforms in the stratum, but each in a part of its own: nothing is alike then.
    #[test]
    fn support_is_that_of_parts() {
        let mut parts =
            Evidence { strata: 1, parts: vec![0, 0], allowed: vec![vec![true; 2]], ..evidence(12, 20, 18) };
        assert_eq!((failed(&parts), parts.mix()), (vec![], vec![0.5, 0.5]));
        parts.cells.retain(|cell| cell.stratum == cell.platform);
        assert_eq!(failed(&parts), [(Ask::CommonSupport, None)]);
    }

    #[test]
    fn what_is_missing_is_bounded_from_both_sides() {
        let mut evidence = evidence(12, 20, 18);
        evidence.missing[1] = Missing { counted: 10, reached: 0, uncounted: 20 };
        assert_eq!(failed(&evidence), [(Ask::Missing, Some(1))]);
        let gate = evidence.gates().into_iter().find(|gate| !gate.passed).unwrap();
        near(gate.value, 30.0 / 500.0, 1e-12);
        let [lo, hi] = gate.bounds.unwrap();
        near(lo, 432.0 / 500.0, 1e-12);
        near(hi, 462.0 / 500.0, 1e-12);
        // Not more can be missing than was not reached.
        evidence.missing[1] = Missing { counted: 1_000, ..Missing::default() };
        let gate = evidence.gates().into_iter().find(|gate| !gate.passed).unwrap();
        near(gate.bounds.unwrap()[1], 1.0, 0.0);
        // What was taken for reached may not have been.
        evidence.missing[1] = Missing { reached: 48, ..Missing::default() };
        let gate = evidence.gates().into_iter().find(|gate| !gate.passed).unwrap();
        near(gate.bounds.unwrap()[0], 384.0 / 480.0, 1e-12);
        near(gate.bounds.unwrap()[1], 432.0 / 480.0, 1e-12);
    }

    #[test]
    fn so_many_times_the_evidence_has_the_same_shares() {
        let double = evidence(12, 21, 18).times(2.0);
        assert_eq!(double.sum(None, None), (2 * 12 * 4 * 21, 2 * 12 * 4 * 18));
        assert_eq!(evidence(12, 21, 18).times(1.0), evidence(12, 21, 18));
    }
}
