//! One platform for all, or a range: what is expected of every platform in every stratum, what a range would gain,
//! and a verdict by rule.
//!
//! Strata are the levels of the dimensions asked for, services if nothing else. Shares of thin strata are drawn
//! towards what the platform is elsewhere, and organisations (or clinicians) share their luck: one model of all
//! cells. Policies are chosen by expectation and valued by draws from the model, always the same ones. What strata are
//! adjusted for tells their parts apart: a platform's share in a stratum is that of all its parts, weighed by the
//! stratum's own mix, so that who is used where it is hard is not blamed for it.
//!
//! Gates of evidence come before the rule, needs before both. Beside the verdict stand what it would do to groups of
//! people, whom other priorities would favour, and how much more evidence it would take.

mod answer;
mod expected;
mod gates;
mod inequality;
mod interaction;
mod needs;
mod priorities;
mod step;
mod table;

use std::collections::{BTreeMap, BTreeSet};

use event::Dimension;

pub use answer::{Cheapest, Decided, HeldOut, More};
pub use expected::Expected;
pub use gates::Gate;
pub use inequality::{GROUPED_BY, Inequality, Unequal};
pub use interaction::Interaction;
pub use needs::{Barred, Needed, Priced};
pub(super) use priorities::every_concern;
pub use priorities::{Favoured, Priorities, concerns};
pub use step::Step;

use super::Comparison;
use super::ask::{Ask, Design};
use super::claims::decision;
use super::difference::is_counted;
use crate::cells::{Arm, Cell};
use crate::measure::Measure;
use crate::profiles::Profiles;
use crate::stats::Reason;
use crate::stats::decision::conclusion::{self, Conclusion, Further};
use crate::stats::decision::crossfit::cross_fitted;
use crate::stats::decision::joint;
use crate::stats::decision::policy::{Rule, Verdict};
use table::{Table, missing_slot};

/// Cells whose last level is the group that they are of; nothing where nobody recorded one.
pub type GroupCells = Option<BTreeMap<Arm, Cell>>;

/// What a decision rests on.
#[derive(Debug)]
pub struct Grounds<'a> {
    /// What is asked.
    pub ask: &'a Ask,
    /// What was chosen; its last slot counts ends that nobody saw, where they matter.
    pub design: &'a Design,
    /// The cells of the design, whose last level is the unit, where there is one.
    pub cells: &'a BTreeMap<Arm, Cell>,
    /// The same as a comparison.
    pub comparison: &'a Comparison,
    /// What was declared of the platforms.
    pub profiles: Option<&'a Profiles>,
    /// The least that each platform beyond the first may cost, where its price is between bounds; the rule has the most.
    pub cheapest: Option<f64>,
    /// By dimension: the cells by group.
    pub groups: Vec<(Dimension, GroupCells)>,
    /// The measures that are weighed against each other, and a comparison by them.
    pub concerns: Option<(Vec<&'static Measure>, Comparison)>,
}

/// The slot that a decision is about: the first that counts so many of so many.
#[must_use]
pub fn decided_slot(design: &Design) -> Option<usize> {
    design.slots.iter().position(is_counted)
}

/// The design of a decision: the measure that is decided by, and the ends that nobody saw, where they matter.
#[must_use]
pub fn decided_design(design: Design) -> Option<Design> {
    let slot = design.slots.get(decided_slot(&design)?)?.clone();
    let missing = missing_slot(&slot);
    Some(Design { slots: std::iter::once(slot).chain(missing).collect(), ..design })
}

/// The slot of [`decided_design`] that is decided by.
const DECIDED: usize = 0;

/// Decides on these grounds.
#[must_use]
pub fn decide(grounds: &Grounds<'_>, rule: &Rule) -> Decided {
    let Grounds { ask, design, cells, comparison, profiles, .. } = grounds;
    let (table, notes) = Table::of(ask, design, DECIDED, cells, comparison, *profiles);
    let mut decided = Decided::about(grounds, rule, &table);
    decided.notes.extend(notes);
    decided.notes.extend(before_and_after(comparison));
    if let Some(profiles) = profiles {
        decided.declared(&table, profiles, &ask.by);
    }
    match table.concluded(rule) {
        Err(why) => decided.reason = Some(decided.in_words(why)),
        Ok(found) => decided.conclude(grounds, rule, &table, &found),
    }
    decided.claim = Some(decision(grounds, &decided));
    decided
}

/// Which platforms were hardly used at the same time.
fn before_and_after(comparison: &Comparison) -> Vec<String> {
    let pairs: BTreeSet<(&str, &str)> = comparison
        .differences
        .iter()
        .filter(|one| one.concurrent_share.is_some())
        .map(|one| (one.platform.as_str(), one.reference.as_str()))
        .collect();
    let told = |(platform, reference): (&str, &str)| {
        format!(
            "{platform} and {reference} were hardly used in the same months: whatever else changed meanwhile is in what \
             is expected of them"
        )
    };
    pairs.into_iter().map(told).collect()
}

impl Table {
    fn concluded(&self, rule: &Rule) -> Result<Conclusion, Reason> {
        match (self.platforms.len(), self.nowhere.is_empty()) {
            (0, false) => Err(Reason::Stated("no platform is shown to meet what is needed, anywhere")),
            (0 | 1, true) => Err(Reason::Stated("there are not two platforms to choose from")),
            _ => conclusion::conclude(&self.evidence, rule),
        }
    }
}

impl Decided {
    /// What is decided about, before anything is.
    fn about(grounds: &Grounds<'_>, rule: &Rule, table: &Table) -> Self {
        let Grounds { ask, design, comparison, .. } = grounds;
        Self {
            schema: "evenfield.decide/1",
            position: comparison.position,
            parameters: comparison.parameters,
            filter: comparison.filter.clone(),
            measure: design.slots[DECIDED].measure.name,
            by: ask.by.iter().map(|dimension| dimension.name()).collect(),
            adjust: ask.adjust.iter().map(|dimension| dimension.name()).collect(),
            unit: design.cluster_name(),
            n: table.sum(None, None).n,
            delta: rule.delta,
            price: rule.price,
            cheapest: grounds
                .cheapest
                .map(|price| Cheapest { price, verdict: name(Verdict::NotEnoughEvidence) }),
            level: rule.level,
            method: joint::METHOD,
            verdict: name(Verdict::NotEnoughEvidence),
            reason: None,
            platforms: table.platforms.clone(),
            gates: Vec::new(),
            further: None,
            needs: Vec::new(),
            barred: Vec::new(),
            prices: None,
            frontier: Vec::new(),
            range: None,
            gain: None,
            held_out: None,
            margin: None,
            range_gains: None,
            all_alike: None,
            best_single: BTreeMap::new(),
            turning_price: None,
            perfect_information: None,
            interaction: None,
            concentration: None,
            inequality: Vec::new(),
            priorities: None,
            cells: Vec::new(),
            claim: None,
            notes: Vec::new(),
        }
    }

    /// Fills in what was declared of the platforms.
    fn declared(&mut self, table: &Table, profiles: &Profiles, by: &[Dimension]) {
        self.needs = table.needed(profiles, by);
        self.barred = table.barred(profiles, by);
        self.prices = table.priced(profiles);
        let nowhere = table.nowhere.iter();
        self.notes.extend(nowhere.map(|name| format!("{name} is not shown to meet what is needed anywhere")));
        for stratum in table.unserved() {
            self.notes.push(format!(
                "no platform is shown to meet what is needed in {stratum}: it is left out of the decision"
            ));
        }
    }

    /// Why nothing can be decided.
    fn in_words(&self, why: Reason) -> String {
        match why {
            Reason::TooLarge => {
                "there are too many strata and platforms for one model: ask --by or --adjust something coarser".to_owned()
            }
            Reason::NoCommonSupport if self.barred.is_empty() => {
                "no platform was seen in every stratum: ask --by something coarser".to_owned()
            }
            Reason::NoCommonSupport => {
                "no platform that was seen in every stratum is shown to meet what is needed there".to_owned()
            }
            _ => why.to_string(),
        }
    }

    /// Fills in what the model says, and the verdict.
    fn conclude(&mut self, grounds: &Grounds<'_>, rule: &Rule, table: &Table, found: &Conclusion) {
        let decision = &found.decision;
        if found.joint.confounded {
            self.notes.push(format!(
                "no {} had two platforms: what is the platform and what is where it is used cannot be told apart",
                self.unit
            ));
        }
        self.verdict = name(found.verdict);
        if let Some(cheapest) = &mut self.cheapest {
            let rule = Rule { price: cheapest.price, ..*rule };
            cheapest.verdict = conclusion::by_rule(&table.evidence, found, &rule).map_or(self.verdict, name);
        }
        self.gates = table.gates(&found.gates, self.unit);
        self.cells = table.expected(&found.draws, rule.level);
        self.range = (decision.range > 0 || decision.against_single.is_none())
            .then(|| decision.frontier[decision.range].platforms.len());
        if let Some(against) = decision.against_single {
            self.gain = Some(against.gain);
            self.margin = Some(against.margin);
            self.range_gains = Some(against.range_gains);
            self.all_alike = Some(against.all_alike);
            self.held_out = cross_fitted(&table.evidence, rule).map(|found| HeldOut {
                gain: found.gain,
                folds: found.folds,
                covered: found.covered,
            });
        }
        let named = decision.best_single.iter().map(|(k, chance)| (table.platforms[*k].clone(), *chance));
        self.best_single = named.collect();
        self.turning_price = decision.turning_price.filter(|_| found.verdict == decision.verdict);
        self.perfect_information = Some(decision.perfect_information);
        self.interaction = table.interaction(&decision.frontier[0], &decision.best_single);
        let step = |policy| table.step(policy, self.prices.as_ref(), rule.level);
        self.frontier = decision.frontier.iter().map(step).collect();
        if let (Some(prices), Some(_)) = (&mut self.prices, decision.against_single) {
            prices.held_against([&self.frontier[0], &self.frontier[decision.range]], &self.best_single);
        }
        let groups = grounds.groups.iter().map(|(dimension, cells)| match cells {
            None => Inequality::not_recorded(*dimension),
            Some(cells) => {
                let groups = (*dimension, cells);
                Inequality::of(grounds.ask, grounds.design, DECIDED, groups, &self.frontier)
            }
        });
        self.inequality = groups.collect();
        let concerns = grounds.concerns.as_ref();
        self.priorities =
            concerns.map(|(concerns, by)| priorities::priorities(concerns, by, &self.platforms));
        self.reason = self.unsaid(decision.against_single.is_none());
        if found.verdict == Verdict::NotEnoughEvidence {
            self.look_ahead(conclusion::further(&table.evidence, rule, &found.gates));
        }
    }

    /// What besides the chances makes the verdict: gates that were not passed, or needs that leave no single platform.
    fn unsaid(&self, by_needs: bool) -> Option<String> {
        let failed = self.gates.iter().filter(|gate| !gate.passed);
        let failed: Vec<&str> = failed.map(|gate| gate.words.as_str()).collect();
        match (self.verdict, by_needs) {
            ("not_enough_evidence", _) if !failed.is_empty() => Some(failed.join("; ")),
            ("standardise", _) if self.platforms.len() == 1 => {
                Some("no other platform is shown to meet what is needed, anywhere".to_owned())
            }
            ("range", true) => {
                Some("no single platform is shown to meet what is needed everywhere".to_owned())
            }
            _ => None,
        }
    }

    /// Fills in how much more evidence a verdict would take.
    fn look_ahead(&mut self, further: Further) {
        let more = |n: u64, times: f64| ((times - 1.0) * n as f64).ceil() as u64;
        self.further = Some(match further {
            Further::Times(times) => {
                self.cells.iter_mut().for_each(|cell| cell.further = Some(more(cell.n, times)));
                let all = self.cells.iter().filter_map(|cell| cell.further).sum();
                More { kind: "consultations", consultations: Some(all), times: Some(times) }
            }
            Further::Units => More { kind: "units", consultations: None, times: None },
            Further::Otherwise => More { kind: "neither", consultations: None, times: None },
        });
    }
}

fn name(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::NoMaterialDifference => "no_material_difference",
        Verdict::Range => "range",
        Verdict::Standardise => "standardise",
        Verdict::NotEnoughEvidence => "not_enough_evidence",
    }
}
