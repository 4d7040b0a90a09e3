//! One platform for all, or a range: what is expected of every platform in every stratum, what a range would gain,
//! and a verdict by rule.
//!
//! Strata are the levels of the dimensions asked for, services if nothing else. Shares of thin strata are drawn
//! towards what the platform is elsewhere, and organisations (or clinicians) share their luck: one model of all
//! cells. Policies are chosen by expectation and valued by draws from the model, always the same ones. Nothing here
//! is adjusted for what else differs between consultations of a stratum: ask `--by` for it.

use std::collections::{BTreeMap, BTreeSet};

use event::NOT_RECORDED;
use serde::Serialize;

use super::Comparison;
use super::ask::{Ask, Design};
use super::difference::is_counted;
use super::tally::{counts, tallies};
use crate::cells::{Arm, Cell, Slot};
use crate::measure::Better;
use crate::parameters::Parameters;
use crate::projection::State;
use crate::sketch::Counts;
use crate::stats::Reason;
use crate::stats::decision::interaction::{self, Effect};
use crate::stats::decision::joint::{self, Draws, Joint};
use crate::stats::decision::policy::{self, Field, Policy, Rule, Verdict};
use crate::stats::estimate::FEWEST_EVENTS;
use crate::stats::test_statistic::Test;

/// Draws of the shares; more would not be seen in what is told.
const DRAWS: usize = 4_000;

/// What is decided, and on what grounds.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Decided {
    /// Name and version of this form.
    pub schema: &'static str,
    /// How many events of the log it rests on.
    pub position: u64,
    /// How the rows were read.
    pub parameters: Parameters,
    /// Which consultations it is about, by dimension.
    #[serde(rename = "where")]
    pub filter: BTreeMap<&'static str, Vec<String>>,
    /// The measure whose share is the value of a consultation; of one where less is better, the rest to one.
    pub measure: &'static str,
    /// By what strata are told apart.
    pub by: Vec<&'static str>,
    /// What shares its luck.
    pub unit: &'static str,
    /// Consultations of which the measure is told.
    pub n: u64,
    /// The difference that matters, as a share.
    pub delta: f64,
    /// What each platform beyond the first costs, as a share.
    pub price: f64,
    /// How sure a verdict must be.
    pub level: f64,
    /// The model of all cells.
    pub method: &'static str,
    /// `no_material_difference`, `range`, `standardise` or `not_enough_evidence`.
    pub verdict: &'static str,
    /// Why there is not enough evidence, where something other than the chances says so.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// The platforms that are chosen from.
    pub platforms: Vec<String>,
    /// The best policy of each size.
    pub frontier: Vec<Step>,
    /// How many platforms the range has that is held against the best single one.
    pub range: Option<usize>,
    /// What it gains: expected, and between its limits at the level.
    pub gain: Option<[f64; 3]>,
    /// What it has to gain: the difference that matters, or what its platforms cost.
    pub margin: Option<f64>,
    /// The chance that it gains more than that.
    pub range_gains: Option<f64>,
    /// The chance that every single platform is within `delta` of it.
    pub all_alike: Option<f64>,
    /// By platform that was seen everywhere: the chance that it is the best single one.
    pub best_single: BTreeMap<String, f64>,
    /// The price of each further platform at which the verdict would turn, where the price decides.
    pub turning_price: Option<f64>,
    /// What it would be worth to know every share exactly.
    pub perfect_information: Option<f64>,
    /// Whether the better of the two best single platforms differs between strata.
    pub interaction: Option<Interaction>,
    /// Every platform in every stratum.
    pub cells: Vec<Expected>,
    /// Cautions.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub notes: Vec<String>,
}

/// A policy: some platforms, and which stratum uses which.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Step {
    /// The platforms.
    pub platforms: Vec<String>,
    /// The expected share.
    pub value: f64,
    /// Its lower limit.
    pub lo: f64,
    /// Its upper limit.
    pub hi: f64,
    /// By stratum: the platform that it uses.
    pub uses: BTreeMap<String, String>,
}

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
}

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

/// The counts of each stratum, platform and unit.
struct Table {
    strata: Vec<String>,
    platforms: Vec<String>,
    counts: BTreeMap<(usize, usize, usize), Counts>,
}

/// The slot that a decision is about: the first that counts so many of so many.
#[must_use]
pub fn decided_slot(design: &Design) -> Option<usize> {
    design.slots.iter().position(is_counted)
}

/// Decides by the cells of a design whose last level is the unit, where there is one.
#[must_use]
pub fn decide(
    ask: &Ask,
    design: &Design,
    rule: &Rule,
    cells: &BTreeMap<Arm, Cell>,
    comparison: &Comparison,
) -> Option<Decided> {
    let i = decided_slot(design)?;
    let slot = &design.slots[i];
    let (table, notes) = Table::of(ask, design, i, cells, comparison);
    let mut decided = Decided::about(ask, design, slot, rule, &table, comparison);
    decided.notes.extend(notes);
    match table.fitted() {
        Err(why) => decided.reason = Some(why.to_string()),
        Ok(joint) => decided.conclude(rule, &table, &joint),
    }
    Some(decided)
}

impl Table {
    /// The counts of what is chosen from, and which platforms cannot be.
    fn of(
        ask: &Ask,
        design: &Design,
        i: usize,
        cells: &BTreeMap<Arm, Cell>,
        comparison: &Comparison,
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
        let mut told: BTreeMap<(String, String, String), Counts> = BTreeMap::new();
        let (mut one_sided, mut stray) = (0, 0);
        for (arm, cell) in cells {
            let mut all = Counts::default();
            tallies(cell, i).into_iter().for_each(|(_, tally)| all.absorb(&counts(tally)));
            match () {
                () if blind.contains(arm.platform.as_str()) => continue,
                () if arm.one_sided => one_sided += all.n,
                () if arm.platform == NOT_RECORDED => stray += all.n,
                () if all.n > 0 => {
                    let (by, unit) = arm.by.split_at(ask.by.len());
                    let stratum = if by.is_empty() { "all".to_owned() } else { by.join(", ") };
                    let unit = unit.first().cloned().unwrap_or_default();
                    let good = Counts { n: all.n, x: if turned { all.n - all.x } else { all.x } };
                    told.entry((stratum, arm.platform.clone(), unit)).or_default().absorb(&good);
                }
                () => {}
            }
        }
        let left_out = [(one_sided, "of which one side was seen"), (stray, "without a platform")];
        let left_out = left_out.into_iter().filter(|(count, _)| *count > 0);
        notes.extend(left_out.map(|(count, which)| format!("{count} consultations {which} are left out")));
        (Self::numbered(told), notes)
    }

    fn numbered(told: BTreeMap<(String, String, String), Counts>) -> Self {
        let names = |of: fn(&(String, String, String)) -> &String| -> Vec<String> {
            told.keys().map(of).collect::<BTreeSet<_>>().into_iter().cloned().collect()
        };
        let (strata, platforms, units) = (names(|key| &key.0), names(|key| &key.1), names(|key| &key.2));
        let number = |names: &[String], name: &String| names.binary_search(name).unwrap_or_default();
        let counts = told.iter().map(|((stratum, platform, unit), counts)| {
            let key = (number(&strata, stratum), number(&platforms, platform), number(&units, unit));
            (key, *counts)
        });
        let counts = counts.collect();
        Self { strata, platforms, counts }
    }

    /// The counts of a platform in a stratum, or in all of them.
    fn sum(&self, stratum: Option<usize>, platform: Option<usize>) -> Counts {
        let theirs = self.counts.iter().filter(|((s, p, _), _)| {
            stratum.is_none_or(|stratum| stratum == *s) && platform.is_none_or(|platform| platform == *p)
        });
        theirs.fold(Counts::default(), |mut sum, (_, counts)| {
            sum.absorb(counts);
            sum
        })
    }

    /// The model of all cells, unless there is too little to go by.
    fn fitted(&self) -> Result<Joint, Reason> {
        if self.platforms.len() < 2 {
            return Err(Reason::Stated("there are not two platforms to choose from"));
        }
        let few = |platform: usize| {
            let Counts { n, x } = self.sum(None, Some(platform));
            x.min(n - x) < FEWEST_EVENTS
        };
        if (0..self.platforms.len()).any(few) {
            return Err(Reason::FewEvents);
        }
        let cell = |((stratum, platform, unit), counts): (&(usize, usize, usize), &Counts)| joint::Cell {
            unit: *unit as u32,
            stratum: *stratum as u32,
            platform: *platform as u32,
            n: counts.n,
            x: counts.x,
        };
        let cells: Vec<joint::Cell> = self.counts.iter().map(cell).collect();
        joint::fit(&cells, self.strata.len(), self.platforms.len())
    }
}

impl Decided {
    /// What is decided about, before anything is.
    fn about(
        ask: &Ask,
        design: &Design,
        slot: &Slot,
        rule: &Rule,
        table: &Table,
        comparison: &Comparison,
    ) -> Self {
        Self {
            schema: "evenfield.decide/1",
            position: comparison.position,
            parameters: comparison.parameters,
            filter: comparison.filter.clone(),
            measure: slot.measure.name,
            by: ask.by.iter().map(|dimension| dimension.name()).collect(),
            unit: design.cluster_name(),
            n: table.sum(None, None).n,
            delta: rule.delta,
            price: rule.price,
            level: rule.level,
            method: joint::METHOD,
            verdict: name(Verdict::NotEnoughEvidence),
            reason: None,
            platforms: table.platforms.clone(),
            frontier: Vec::new(),
            range: None,
            gain: None,
            margin: None,
            range_gains: None,
            all_alike: None,
            best_single: BTreeMap::new(),
            turning_price: None,
            perfect_information: None,
            interaction: None,
            cells: Vec::new(),
            notes: Vec::new(),
        }
    }

    /// Fills in what the model says, and the verdict.
    fn conclude(&mut self, rule: &Rule, table: &Table, joint: &Joint) {
        let draws = joint.draws(DRAWS);
        self.cells = table.expected(&draws, rule.level);
        if joint.confounded {
            self.notes.push(format!(
                "no {} had two platforms: what is the platform and what is where it is used cannot be told apart",
                self.unit
            ));
        }
        let total = table.sum(None, None).n as f64;
        let strata = 0..table.strata.len();
        let weights: Vec<f64> =
            strata.clone().map(|stratum| table.sum(Some(stratum), None).n as f64 / total).collect();
        let there = |stratum: usize, platform: usize| table.sum(Some(stratum), Some(platform)).n > 0;
        let admissible: Vec<Vec<bool>> = strata
            .map(|stratum| (0..table.platforms.len()).map(|platform| there(stratum, platform)).collect())
            .collect();
        let field = Field { draws: &draws, weights: &weights, admissible: &admissible };
        let decision = match policy::decide(&field, rule) {
            Ok(decision) => decision,
            Err(Reason::NoCommonSupport) => {
                self.reason =
                    Some("no platform was seen in every stratum: ask --by something coarser".to_owned());
                return;
            }
            Err(why) => {
                self.reason = Some(why.to_string());
                return;
            }
        };
        let step = |policy: &Policy| table.step(policy, rule.level);
        self.verdict = name(decision.verdict);
        self.range = (decision.range > 0).then(|| decision.frontier[decision.range].platforms.len());
        self.gain = Some(decision.gain);
        self.margin = Some(decision.margin);
        self.range_gains = Some(decision.range_gains);
        self.all_alike = Some(decision.all_alike);
        let named = decision.best_single.iter().map(|(k, chance)| (table.platforms[*k].clone(), *chance));
        self.best_single = named.collect();
        self.turning_price = decision.turning_price;
        self.perfect_information = Some(decision.perfect_information);
        self.interaction = table.interaction(&decision.frontier[0], &decision.best_single);
        self.frontier = decision.frontier.iter().map(step).collect();
    }
}

impl Table {
    /// Every platform in every stratum in which it was seen.
    fn expected(&self, draws: &Draws, level: f64) -> Vec<Expected> {
        let mut expected = Vec::new();
        for (stratum, stratum_name) in self.strata.iter().enumerate() {
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
                });
            }
        }
        expected
    }

    fn step(&self, policy: &Policy, level: f64) -> Step {
        let [lo, hi] = limits(policy.draws.clone(), level);
        let uses = self.strata.iter().zip(&policy.uses);
        Step {
            platforms: policy.platforms.iter().map(|k| self.platforms[*k].clone()).collect(),
            value: policy.value,
            lo,
            hi,
            uses: uses.map(|(stratum, k)| (stratum.clone(), self.platforms[*k].clone())).collect(),
        }
    }

    /// Whether the difference of the best single platform and the next one varies between strata.
    fn interaction(&self, single: &Policy, chances: &[(usize, f64)]) -> Option<Interaction> {
        let best = single.platforms[0];
        let others = chances.iter().filter(|(platform, _)| *platform != best);
        let (next, _) = others.fold(None, |next: Option<(usize, f64)>, (platform, chance)| {
            next.filter(|(_, known)| known >= chance).or(Some((*platform, *chance)))
        })?;
        let effects: Vec<Effect> = (0..self.strata.len())
            .filter_map(|stratum| {
                let [one, other] = [best, next].map(|platform| self.sum(Some(stratum), Some(platform)));
                let part = |counts: Counts| {
                    let share = (counts.x as f64 + 0.5) / (counts.n as f64 + 1.0);
                    (counts.n > 0).then(|| (share, share * (1.0 - share) / counts.n as f64))
                };
                let ((one, one_square), (other, other_square)) = (part(one)?, part(other)?);
                Some(Effect { value: one - other, se: (one_square + other_square).sqrt() })
            })
            .collect();
        Some(Interaction {
            platforms: [best, next].map(|platform| self.platforms[platform].clone()),
            varies: interaction::heterogeneity(&effects).ok(),
            turns_round_p: interaction::qualitative(&effects).ok().map(|found| found.p),
        })
    }
}

/// The limits between which a share of the draws lies, by nearest rank.
fn limits(mut draws: Vec<f64>, level: f64) -> [f64; 2] {
    draws.sort_by(f64::total_cmp);
    let rank = |share: f64| ((share * draws.len() as f64).ceil() as usize).clamp(1, draws.len()) - 1;
    let tail = (1.0 - level) / 2.0;
    [draws[rank(tail)], draws[rank(1.0 - tail)]]
}

fn name(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::NoMaterialDifference => "no_material_difference",
        Verdict::Range => "range",
        Verdict::Standardise => "standardise",
        Verdict::NotEnoughEvidence => "not_enough_evidence",
    }
}
