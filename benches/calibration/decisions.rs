//! How often the verdict "one platform or a range" is right, where the truth was planted, by how much there is to go by.
//!
//! Organisations have luck of their own on the scale of log odds; with two platforms they have the same luck on both.
//! Shares are those over all organisations. A verdict is *right* where it says what is true of the planted shares at
//! the difference that matters, 10 in 1,000; *wrong* where it says something else; and neither where it says that there
//! is not enough evidence. What a range is said to gain is held against what its choice truly gains.

use std::fmt::Write;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};

use projections::stats::LEVEL_95;
use projections::stats::decision::conclusion::conclude_by;
use projections::stats::decision::evidence::{Evidence, Missing, Sharing};
use projections::stats::decision::joint::Cell;
use projections::stats::decision::policy::{Rule, Verdict};
use projections::stats::proportion::wilson;
use projections::stats::special::normal;
use serde::Serialize;

use super::chance::Chance;

/// The title of the part.
pub(super) const TITLE: &str = "Decisions";
/// The standard deviation of the luck of organisations, in logits.
const LUCK: f64 = 0.3;
/// Draws of what shares may be; the program takes more.
const DRAWS: usize = 1_000;
const RULE: Rule = Rule { delta: 0.01, price: 0.0, level: LEVEL_95 };
/// The share of wrong verdicts that the level allows.
const MOST_WRONG: f64 = 0.05;

/// A planted truth.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Truth {
    pub(super) words: String,
    /// By stratum and platform: the share. Strata are of one size.
    pub(super) shares: Vec<[f64; 2]>,
    /// Whether each organisation has one platform only.
    apart: bool,
    /// What may be said.
    right: &'static [Verdict],
}

/// One row of the table.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Decisions {
    pub(super) truth: Truth,
    organisations: u32,
    /// Of each platform in each stratum.
    pub(super) consultations: u64,
}

/// What was said, over all replicates.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(super) struct Said {
    truth: String,
    organisations: u32,
    /// Of each platform in each stratum.
    consultations: u64,
    replicates: u64,
    pub(super) standardise: u64,
    pub(super) range: u64,
    pub(super) no_material_difference: u64,
    pub(super) not_enough_evidence: u64,
    pub(super) right: u64,
    pub(super) wrong: u64,
    /// What the range truly gains over the better platform, where all is known.
    true_gain: f64,
    /// Claimed less true gain of what was chosen: the mean over replicates, and its standard error.
    optimism: [f64; 2],
}

const SAME: &[Verdict] = &[Verdict::NoMaterialDifference];
const ONE: &[Verdict] = &[Verdict::Standardise];
const RANGE: &[Verdict] = &[Verdict::Range];

/// Every truth, with every amount of evidence.
pub(super) fn all() -> Vec<Decisions> {
    let level = [0.85, 0.88, 0.82, 0.86];
    let better = |by: f64| level.map(|share| [share, share - by]).to_vec();
    let crossing = |by: f64| {
        let sides = [0, 1, 0, 1];
        let stratum =
            |(share, side): (f64, usize)| if side == 0 { [share, share - by] } else { [share - by, share] };
        level.into_iter().zip(sides).map(stratum).collect::<Vec<_>>()
    };
    let truth = |words: &str, shares, apart, right| Truth { words: words.to_owned(), shares, apart, right };
    let truths = [
        truth("both are alike", better(0.0), false, SAME),
        truth("both are alike, each organisation has one", better(0.0), true, SAME),
        // At the difference that matters itself nothing is wrong but a range.
        truth(
            "one is better everywhere by 1 point",
            better(0.01),
            false,
            &[Verdict::Standardise, Verdict::NoMaterialDifference],
        ),
        truth("one is better everywhere by 3 points", better(0.03), false, ONE),
        truth("one is better everywhere by 6 points", better(0.06), false, ONE),
        truth(
            "a range gains 1 point",
            crossing(0.02),
            false,
            &[Verdict::Range, Verdict::NoMaterialDifference],
        ),
        truth("a range gains 3 points", crossing(0.06), false, RANGE),
        truth("a range gains 7 points", crossing(0.14), false, RANGE),
    ];
    let mut all = Vec::new();
    for truth in truths {
        for organisations in [12, 40] {
            for consultations in [12, 48, 192, 768] {
                all.push(Decisions { truth: truth.clone(), organisations, consultations });
            }
        }
    }
    all
}

/// The logit whose share is this over organisations of that luck: by halving.
fn logit_over_luck(share: f64) -> f64 {
    let over = |logit: f64| {
        let one = |place: u32| logistic(logit + LUCK * normal::quantile((f64::from(place) + 0.5) / 400.0));
        (0..400).map(one).sum::<f64>() / 400.0
    };
    let (mut low, mut high) = (-10.0, 10.0);
    for _ in 0..60 {
        let middle = f64::midpoint(low, high);
        if over(middle) < share { low = middle } else { high = middle }
    }
    low
}

fn logistic(logit: f64) -> f64 {
    1.0 / (1.0 + libm::exp(-logit))
}

/// What became of one replicate.
struct One {
    verdict: Verdict,
    optimism: f64,
}

impl Decisions {
    fn label(&self) -> String {
        format!("{TITLE}|{}|{}|{}", self.truth.words, self.organisations, self.consultations)
    }

    /// By stratum and platform: the logit of an organisation without luck.
    pub(super) fn logits(&self) -> Vec<[f64; 2]> {
        self.truth.shares.iter().map(|shares| shares.map(logit_over_luck)).collect()
    }

    /// Consultations fall to organisations by turns, so that each has as many as the next, or one more.
    pub(super) fn drawn(&self, logits: &[[f64; 2]], chance: &mut Chance) -> Evidence {
        let mut cells = Vec::new();
        for unit in 0..self.organisations {
            let luck = LUCK * chance.normal();
            for (stratum, logits) in logits.iter().enumerate() {
                for (platform, logit) in logits.iter().enumerate() {
                    let mine = self.share_of(unit, platform as u32, stratum as u64);
                    let share = logistic(logit + luck);
                    let x = (0..mine).filter(|_| chance.happens(share)).count() as u64;
                    if mine > 0 {
                        cells.push(Cell {
                            unit,
                            stratum: stratum as u32,
                            platform: platform as u32,
                            n: mine,
                            x,
                        });
                    }
                }
            }
        }
        Evidence {
            cells,
            strata: logits.len(),
            parts: (0..logits.len()).collect(),
            platforms: 2,
            allowed: vec![vec![true; 2]; logits.len()],
            missing: vec![Missing::default(); 2],
            sharing: Sharing::Units,
        }
    }

    /// How many consultations of a cell fall to an organisation.
    fn share_of(&self, unit: u32, platform: u32, stratum: u64) -> u64 {
        let (place, of) = match (self.truth.apart, unit % 2 == platform) {
            (true, false) => return 0,
            (true, true) => (unit / 2, self.organisations / 2),
            (false, _) => (unit, self.organisations),
        };
        let (place, of) = (u64::from(place), u64::from(of));
        // Strata begin with different organisations, so that the first do not always have one more.
        let turn = (place + 5 * stratum) % of;
        self.consultations / of + u64::from(turn < self.consultations % of)
    }

    fn replicate(&self, logits: &[[f64; 2]], number: u64) -> Option<One> {
        let evidence = self.drawn(logits, &mut Chance::of(&self.label(), number));
        let found = conclude_by(&evidence, &RULE, DRAWS).ok()?;
        let frontier = &found.decision.frontier;
        let worth = |uses: &[Option<usize>]| {
            let share = |(shares, used): (&[f64; 2], &Option<usize>)| used.map_or(0.0, |used| shares[used]);
            self.truth.shares.iter().zip(uses).map(share).sum::<f64>() / self.truth.shares.len() as f64
        };
        let truly = worth(&frontier[found.decision.range].uses) - worth(&frontier[0].uses);
        let claimed = found.decision.against_single?.gain[0];
        Some(One { verdict: found.verdict, optimism: claimed - truly })
    }

    /// What is said in so many replicates.
    fn run(&self, replicates: u64) -> Said {
        let logits = self.logits();
        let said: Vec<One> = (0..replicates).filter_map(|number| self.replicate(&logits, number)).collect();
        let count = |verdict: Verdict| said.iter().filter(|one| one.verdict == verdict).count() as u64;
        let n = said.len() as f64;
        let mean = said.iter().map(|one| one.optimism).sum::<f64>() / n;
        let square: f64 = said.iter().map(|one| (one.optimism - mean) * (one.optimism - mean)).sum();
        let none = count(Verdict::NotEnoughEvidence);
        let right = self.truth.right.iter().map(|verdict| count(*verdict)).sum();
        let strata = self.truth.shares.len() as f64;
        let total = |of: &dyn Fn(&[f64; 2]) -> f64| self.truth.shares.iter().map(of).sum::<f64>() / strata;
        let best_single = total(&|shares| shares[0]).max(total(&|shares| shares[1]));
        Said {
            truth: self.truth.words.clone(),
            organisations: self.organisations,
            consultations: self.consultations,
            replicates: said.len() as u64,
            standardise: count(Verdict::Standardise),
            range: count(Verdict::Range),
            no_material_difference: count(Verdict::NoMaterialDifference),
            not_enough_evidence: none,
            right,
            wrong: said.len() as u64 - right - none,
            true_gain: total(&|shares| shares[0].max(shares[1])) - best_single,
            optimism: [mean, (square / (n - 1.0) / n).sqrt()],
        }
    }
}

/// All rows, each by whichever thread is free, in the order given.
pub(super) fn run(rows: &[Decisions], replicates: u64, threads: usize) -> Vec<Said> {
    let (next, said) = (AtomicUsize::new(0), Mutex::new(vec![None; rows.len()]));
    std::thread::scope(|scope| {
        for _ in 0..threads.max(1) {
            scope.spawn(|| {
                while let Some((place, row)) = {
                    let place = next.fetch_add(1, Ordering::Relaxed);
                    rows.get(place).map(|row| (place, row))
                } {
                    let one = row.run(replicates);
                    said.lock().unwrap_or_else(PoisonError::into_inner)[place] = Some(one);
                }
            });
        }
    });
    said.into_inner().unwrap_or_else(PoisonError::into_inner).into_iter().flatten().collect()
}

/// A line for each row.
pub(super) fn table(said: &[Said]) -> String {
    let mut text = format!(
        "\n### {TITLE}\n\n| truth | organisations | consultations a cell | one platform, % | a range, % | no difference that \
         matters, % | not enough evidence, % | right, % | wrong, % | claimed less true gain, in 1,000 |\n\
         |---|---:|---:|---:|---:|---:|---:|---:|---|---:|\n"
    );
    for one in said {
        let percent = |count: u64| format!("{:.1}", 100.0 * count as f64 / one.replicates as f64);
        let _ = writeln!(
            text,
            "| {} | {} | {} | {} | {} | {} | {} | {} | {} | {:.2} ± {:.2} |",
            one.truth,
            one.organisations,
            one.consultations,
            percent(one.standardise),
            percent(one.range),
            percent(one.no_material_difference),
            percent(one.not_enough_evidence),
            percent(one.right),
            wrong(one),
            1_000.0 * one.optimism[0],
            1_000.0 * one.optimism[1],
        );
    }
    text
}

/// The share of wrong verdicts, with what replicates leave open, marked where it is beyond what the level allows.
fn wrong(said: &Said) -> String {
    let chance = wilson(said.wrong as f64, said.replicates as f64, LEVEL_95);
    let [value, lo, hi] = [chance.value, chance.lo, chance.hi].map(|share| 100.0 * share.unwrap_or_default());
    let mark = match () {
        () if lo > 100.0 * MOST_WRONG => ", **too many**",
        () if value > 100.0 * MOST_WRONG => ", too many, within chance",
        () => "",
    };
    format!("{value:.1} ({lo:.1} to {hi:.1}){mark}")
}
