//! The counts of each stratum, platform and unit: what is chosen from.

use std::collections::{BTreeMap, BTreeSet};

use event::{Kind, KindSet, NOT_RECORDED};

use super::super::Comparison;
use super::super::ask::{Ask, ClusterChoice, Design};
use super::super::tally::{counts, tallies};
use super::needs::barred;
use crate::cells::{Arm, Cell, Slot};
use crate::measure::Better;
use crate::profiles::Profiles;
use crate::projection::State;
use crate::reliability::endings::END_NOT_SEEN;
use crate::sketch::Counts;
use crate::stats::decision::evidence::{Evidence, Missing, Sharing};
use crate::stats::decision::joint;

/// What is chosen from, by name, and its counts by number.
pub(super) struct Table {
    /// The names of strata.
    pub(super) strata: Vec<String>,
    /// The levels of each stratum.
    pub(super) levels: Vec<Vec<String>>,
    /// The names of platforms.
    pub(super) platforms: Vec<String>,
    /// Platforms that may be used nowhere.
    pub(super) nowhere: Vec<String>,
    /// The counts.
    pub(super) evidence: Evidence,
}

/// Whether the answer of a slot depends on how consultations ended.
fn rests_on_endings(slot: &Slot) -> bool {
    let kinds =
        slot.parts.iter().fold(slot.measure.needs.kinds(), |kinds, part| kinds.or(part.needs.kinds()));
    kinds.has_any(KindSet::of(&[Kind::Completed]))
}

/// The slot that counts ends which nobody saw, where the answer of this one depends on them.
pub(super) fn missing_slot(slot: &Slot) -> Option<Slot> {
    let counts_them = std::ptr::eq(slot.measure, &raw const END_NOT_SEEN);
    (rests_on_endings(slot) && !counts_them).then(|| Slot {
        measure: &END_NOT_SEEN,
        role: None,
        parts: Vec::new(),
    })
}

/// What was counted on one platform in one stratum.
#[derive(Default)]
struct Told {
    by_unit: BTreeMap<String, Counts>,
    missing: Missing,
}

impl Table {
    /// The counts of what is chosen from, and what is left out of them. Slot `i` is decided about; one behind it counts
    /// ends that nobody saw.
    pub(super) fn of(
        ask: &Ask,
        design: &Design,
        i: usize,
        cells: &BTreeMap<Arm, Cell>,
        comparison: &Comparison,
        profiles: Option<&Profiles>,
    ) -> (Self, Vec<String>) {
        let slot = &design.slots[i];
        let turned = slot.measure.better == Better::Lower;
        let mut notes = Vec::new();
        let blind: BTreeSet<&str> = comparison
            .rows
            .iter()
            .filter(|row| row.is_of(slot) && !row.can_be_told())
            .map(|row| row.platform.as_str())
            .collect();
        notes.extend(blind.iter().map(|name| format!("the feed of {name} cannot tell: it is left out")));
        let mut told: BTreeMap<(Vec<String>, String), Told> = BTreeMap::new();
        let (mut one_sided, mut stray) = (0, 0);
        for (arm, cell) in cells {
            let mut all = Counts::default();
            tallies(cell, i).into_iter().for_each(|(_, tally)| all.absorb(&counts(tally)));
            let uncounted = cell.unmeasured.0.get(i).copied().unwrap_or(0);
            match () {
                () if blind.contains(arm.platform.as_str()) => continue,
                () if arm.one_sided => one_sided += all.n,
                () if arm.platform == NOT_RECORDED => stray += all.n,
                () if all.n + uncounted > 0 => {
                    let (by, unit) = arm.by.split_at(ask.by.len() + ask.adjust.len());
                    let told = told.entry((by.to_vec(), arm.platform.clone())).or_default();
                    told.missing.uncounted += uncounted;
                    let unseen =
                        tallies(cell, i + 1).into_iter().map(|(_, tally)| counts(tally).x).sum::<u64>();
                    *(if turned { &mut told.missing.reached } else { &mut told.missing.counted }) += unseen;
                    if all.n > 0 {
                        let good = Counts { n: all.n, x: if turned { all.n - all.x } else { all.x } };
                        told.by_unit
                            .entry(unit.first().cloned().unwrap_or_default())
                            .or_default()
                            .absorb(&good);
                    }
                }
                () => {}
            }
        }
        let left_out = [(one_sided, "of which one side was seen"), (stray, "without a platform")];
        let left_out = left_out.into_iter().filter(|(count, _)| *count > 0);
        notes.extend(left_out.map(|(count, which)| format!("{count} consultations {which} are left out")));
        (Self::numbered(ask, design, told, profiles), notes)
    }

    fn numbered(
        ask: &Ask,
        design: &Design,
        mut told: BTreeMap<(Vec<String>, String), Told>,
        profiles: Option<&Profiles>,
    ) -> Self {
        told.retain(|_, told| !told.by_unit.is_empty());
        let parts: BTreeSet<&Vec<String>> = told.keys().map(|(levels, _)| levels).collect();
        let parts: Vec<&Vec<String>> = parts.into_iter().collect();
        let asked = |part: &Vec<String>| part[..ask.by.len().min(part.len())].to_vec();
        let levels: BTreeSet<Vec<String>> = parts.iter().map(|part| asked(part)).collect();
        let levels: Vec<Vec<String>> = levels.into_iter().collect();
        let may = |levels: &[String], platform: &str| !barred(profiles, &ask.by, levels, platform);
        let names: BTreeSet<&String> = told.keys().map(|(_, platform)| platform).collect();
        let somewhere = |platform: &&String| levels.iter().any(|levels| may(levels, platform));
        let (platforms, nowhere): (Vec<&String>, Vec<&String>) = names.into_iter().partition(somewhere);
        let units: BTreeSet<&String> = told.values().flat_map(|told| told.by_unit.keys()).collect();
        let units: Vec<&String> = units.into_iter().collect();
        let (mut cells, mut missing) = (Vec::new(), vec![Missing::default(); platforms.len()]);
        for ((stratum, platform), told) in &told {
            let Ok(platform) = platforms.binary_search(&platform) else { continue };
            let part = parts.binary_search(&stratum).unwrap_or_default();
            let sum = &mut missing[platform];
            sum.counted += told.missing.counted;
            sum.reached += told.missing.reached;
            sum.uncounted += told.missing.uncounted;
            cells.extend(told.by_unit.iter().map(|(unit, counts)| joint::Cell {
                unit: units.binary_search(&unit).unwrap_or_default() as u32,
                stratum: part as u32,
                platform: platform as u32,
                n: counts.n,
                x: counts.x,
            }));
        }
        let allowed = levels.iter().map(|levels| platforms.iter().map(|name| may(levels, name)).collect());
        let evidence = Evidence {
            cells,
            strata: levels.len(),
            parts: parts.iter().map(|part| levels.binary_search(&asked(part)).unwrap_or_default()).collect(),
            platforms: platforms.len(),
            allowed: allowed.collect(),
            missing,
            sharing: match (design.cluster, ask.cluster) {
                (Some(_), _) => Sharing::Units,
                (None, ClusterChoice::None) => Sharing::Nothing,
                (None, _) => Sharing::Unknown,
            },
        };
        Self {
            strata: levels.iter().map(|levels| named(levels)).collect(),
            platforms: platforms.into_iter().cloned().collect(),
            nowhere: nowhere.into_iter().cloned().collect(),
            levels,
            evidence,
        }
    }

    /// The observations and events of a platform in a stratum, or in all of them.
    pub(super) fn sum(&self, stratum: Option<usize>, platform: Option<usize>) -> Counts {
        let (n, x) = self.evidence.sum(stratum, platform);
        Counts { n, x }
    }
}

/// The name of a stratum.
pub(super) fn named(levels: &[String]) -> String {
    if levels.is_empty() { "all".to_owned() } else { levels.join(", ") }
}
