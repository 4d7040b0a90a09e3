//! The evidence behind a claim: which consultations were counted for it, and as what.
//!
//! Each row is counted on its own by the request that counted all of them, so that what is shown is what was counted.

use serde::Serialize;

use super::ask::{Ask, Design};
use super::claims::{Claim, Rule};
use crate::cells::{Arm, Slot, Tally};
use crate::measure::{Fold, Measure};
use crate::outcome::Outcome;
use crate::parameters::Parameters;
use crate::projection::Projection;
use crate::sketch::Sums;

/// One consultation behind a claim.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Counted<'a> {
    /// The consultation.
    pub consultation: &'a str,
    /// The platform.
    pub platform: String,
    /// The stratum, of a claim about all of them.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub by: Vec<String>,
    /// How many of what was counted hold, of a measure that counts.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub x: Option<u64>,
    /// How many were counted.
    pub n: u64,
    /// What was counted, in words.
    pub words: String,
}

/// The consultations counted for a claim about the measure and arms of a comparison, in the order of the rows.
///
/// Those of the arm it is about and, where it is held against another platform, of that platform's. A claim about
/// groups, units, periods or practice rests on all consultations of its arm, and a verdict on those of every arm.
pub fn evidence<'a>(
    ask: &Ask,
    design: &Design,
    claim: &Claim,
    rows: impl IntoIterator<Item = &'a Outcome>,
    parameters: &Parameters,
) -> Vec<Counted<'a>> {
    let subject = &claim.subject;
    let is_of = |slot: &Slot| (slot.measure.name, slot.role) == (subject.measure, subject.role);
    let Some(i) = design.slots.iter().position(is_of) else { return Vec::new() };
    let question = design.look(ask, (&ask.by, None), parameters);
    let levels: Vec<&str> =
        ask.by.iter().filter_map(|dimension| subject.by.get(dimension.name())).map(String::as_str).collect();
    let rule = Rule::from_name(claim.rule);
    let other = claim.than.as_ref().filter(|_| rule.is_some_and(Rule::is_of_platforms));
    let is_verdict = rule == Some(Rule::Verdict);
    let is_about = |arm: &Arm| {
        let is_of_platform = arm.platform == subject.platform || other == Some(&arm.platform);
        is_verdict || (is_of_platform && arm.by == levels)
    };
    let counted = |row: &'a Outcome| {
        let (arm, cell) = question.fold(std::iter::once(row)).into_iter().next()?;
        if !is_about(&arm) || arm.one_sided != claim.one_sided {
            return None;
        }
        let tally = cell.clusters.values().next()?.0.get(i)?;
        let (x, n, words) = told(tally, design.slots[i].measure)?;
        let by = if is_verdict { arm.by } else { Vec::new() };
        Some(Counted { consultation: &row.consultation, platform: arm.platform, by, x, n, words })
    };
    rows.into_iter().filter_map(counted).collect()
}

/// An amount and what it is over, each in what it is counted in.
fn summed(sums: &Sums, measure: &Measure) -> String {
    let (a, t) = (sums.a, sums.t);
    match (measure.fold, measure.of) {
        (Fold::FreeOf(_), _) => format!("{a} ms lost of {t} ms connected"),
        (_, "connected time") => format!("{a} in {t} ms connected"),
        _ => format!("{a} in {t} {}", measure.of_what()),
    }
}

/// What one consultation brought.
fn told(tally: &Tally, measure: &Measure) -> Option<(Option<u64>, u64, String)> {
    let one = |x: u64, n: u64| match (x, n) {
        (0, 1) => "counts, and it does not hold".to_owned(),
        (1, 1) => "counts, and it holds".to_owned(),
        (x, n) => format!("{x} of {n} hold"),
    };
    Some(match tally {
        Tally::Nothing => return None,
        Tally::Counts(counts) => (Some(counts.x), counts.n, one(counts.x, counts.n)),
        Tally::Breakdown(breakdown) => {
            let counts = breakdown.counts();
            (Some(counts.x), counts.n, one(counts.x, counts.n))
        }
        Tally::Sums(sums) => (None, sums.n, summed(sums, measure)),
        Tally::Durations(durations) => {
            let all: Vec<String> = durations
                .iter()
                .flat_map(|(ms, count)| (0..count).map(move |_| format!("{ms} ms")))
                .collect();
            (None, durations.n(), all.join(", "))
        }
        Tally::Voices(voices) => {
            let counts = voices.favourable;
            let asked = if voices.invited > 0 { "asked" } else { "attempted" };
            match counts.n {
                0 => (Some(0), 0, format!("{asked}, and nobody answered")),
                n => (Some(counts.x), n, format!("{} of {n} answers favourable", counts.x)),
            }
        }
    })
}
