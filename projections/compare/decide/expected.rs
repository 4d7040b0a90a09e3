//! Every platform in every stratum: what was seen, and what is expected.

use serde::Serialize;

use super::table::Table;
use crate::sketch::Counts;
use crate::stats::decision::joint::Draws;

/// One platform in one stratum.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Expected {
    /// The stratum.
    pub stratum: String,
    /// The platform.
    pub platform: String,
    /// The numerator.
    pub x: u64,
    /// The denominator.
    pub n: u64,
    /// The share as it was seen.
    pub seen: f64,
    /// The share that is expected, drawn towards what the platform is elsewhere.
    pub expected: f64,
    /// Its lower limit.
    pub lo: f64,
    /// Its upper limit.
    pub hi: f64,
    /// The chance that it is the best of those that may be used here; nothing where it may not.
    pub best: Option<f64>,
    /// About how many further consultations it would take, where there is not enough evidence.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub further: Option<u64>,
}

impl Table {
    /// Every platform in every stratum in which it was seen.
    pub(super) fn expected(&self, draws: &Draws, level: f64) -> Vec<Expected> {
        let mut expected = Vec::new();
        let admissible = self.evidence.admissible();
        for (stratum, stratum_name) in self.strata.iter().enumerate() {
            let chances = chances(draws, stratum, &admissible[stratum]);
            for (platform, platform_name) in self.platforms.iter().enumerate() {
                let Counts { n, x } = self.sum(Some(stratum), Some(platform));
                if n == 0 {
                    continue;
                }
                let shares = (0..draws.count()).map(|draw| draws.share(draw, stratum, platform)).collect();
                let [lo, hi] = limits(shares, level);
                expected.push(Expected {
                    stratum: stratum_name.clone(),
                    platform: platform_name.clone(),
                    x,
                    n,
                    seen: x as f64 / n as f64,
                    expected: draws.mean(stratum, platform),
                    lo,
                    hi,
                    best: chances[platform],
                    further: None,
                });
            }
        }
        expected
    }
}

/// The chance of each platform that may be used in a stratum to be the best there: how often it is, draw by draw.
fn chances(draws: &Draws, stratum: usize, may: &[bool]) -> Vec<Option<f64>> {
    let mut wins = vec![0_u64; may.len()];
    for draw in 0..draws.count() {
        let there = (0..may.len()).filter(|platform| may[*platform]);
        let shares = there.map(|platform| (platform, draws.share(draw, stratum, platform)));
        // Of equals the first.
        let best = shares.fold(None, |best: Option<(usize, f64)>, (platform, share)| {
            best.filter(|(_, known)| *known >= share).or(Some((platform, share)))
        });
        best.into_iter().for_each(|(platform, _)| wins[platform] += 1);
    }
    let chance = |(wins, may): (u64, &bool)| may.then(|| wins as f64 / draws.count() as f64);
    wins.into_iter().zip(may).map(chance).collect()
}

/// The limits between which a share of the draws lies, by nearest rank.
pub(super) fn limits(mut draws: Vec<f64>, level: f64) -> [f64; 2] {
    draws.sort_by(f64::total_cmp);
    let rank = |share: f64| ((share * draws.len() as f64).ceil() as usize).clamp(1, draws.len()) - 1;
    let tail = (1.0 - level) / 2.0;
    [draws[rank(tail)], draws[rank(1.0 - tail)]]
}
