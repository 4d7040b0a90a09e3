//! Whether the better of two platforms differs between strata, or seems to.

use serde::Serialize;

use super::table::Table;
use crate::stats::decision::interaction::{self, Effect};
use crate::stats::decision::policy::Policy;
use crate::stats::test_statistic::Test;

/// Whether the difference of two platforms varies between strata, and whether it turns round. Both tests take
/// consultations as independent.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Interaction {
    /// The two platforms.
    pub platforms: [String; 2],
    /// Cochran's test of whether it varies at all.
    pub varies: Option<Test>,
    /// The p-value of Gail and Simon's test of whether each is the better one somewhere.
    pub turns_round_p: Option<f64>,
}

impl Table {
    /// Whether the difference of the best single platform and the next one varies between strata.
    pub(super) fn interaction(&self, single: &Policy, chances: &[(usize, f64)]) -> Option<Interaction> {
        let best = single.platforms[0];
        let others = chances.iter().filter(|(platform, _)| *platform != best);
        let (next, _) = others.fold(None, |next: Option<(usize, f64)>, (platform, chance)| {
            next.filter(|(_, known)| known >= chance).or(Some((*platform, *chance)))
        })?;
        let effects: Vec<Effect> =
            (0..self.strata.len()).filter_map(|stratum| self.effect(stratum, [best, next])).collect();
        Some(Interaction {
            platforms: [best, next].map(|platform| self.platforms[platform].clone()),
            varies: interaction::heterogeneity(&effects).ok(),
            turns_round_p: interaction::qualitative(&effects).ok().map(|found| found.p),
        })
    }
    /// The difference of two platforms in a stratum, by the mix of its parts in which both were seen.
    fn effect(&self, stratum: usize, pair: [usize; 2]) -> Option<Effect> {
        let (evidence, mix) = (&self.evidence, self.evidence.mix());
        let (mut value, mut square, mut whole) = (0.0, 0.0, 0.0);
        for part in (0..mix.len()).filter(|part| evidence.parts[*part] == stratum) {
            let share = |platform: usize| {
                let theirs = evidence
                    .cells
                    .iter()
                    .filter(|cell| (cell.stratum as usize, cell.platform as usize) == (part, platform));
                let (n, x) = theirs.fold((0, 0), |(n, x), cell| (n + cell.n, x + cell.x));
                let share = (x as f64 + 0.5) / (n as f64 + 1.0);
                (n > 0).then(|| (share, share * (1.0 - share) / n as f64))
            };
            let [Some((one, one_square)), Some((other, other_square))] = pair.map(share) else { continue };
            whole += mix[part];
            value += mix[part] * (one - other);
            square += mix[part] * mix[part] * (one_square + other_square);
        }
        (whole > 0.0).then(|| Effect { value: value / whole, se: square.sqrt() / whole })
    }
}
