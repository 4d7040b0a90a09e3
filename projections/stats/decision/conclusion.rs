//! The verdict that evidence allows, and how much more of it would allow one.
//!
//! Gates come first, then the model of all cells, draws of what the shares may be, and the rule. Where the answer is
//! "not enough evidence" it is tried what the rule would say if there were so many times the consultations, in the same
//! units and with the shares that were seen, and the smallest factor is told at which it gives a verdict. That is a
//! forecast by one path (shares will move while evidence grows, and a verdict need not hold from there on), and a
//! reason to go on looking, not to stop at it.
//!
//! Source: Raiffa & Schlaifer 1961, Applied Statistical Decision Theory, chapter 5, for looking at what more evidence
//! would decide before it is gathered.

use super::evidence::{Ask, Evidence, Gate};
use super::joint::{self, Draws, Joint};
use super::policy::{self, Decision, Field, Rule, Verdict};
use crate::stats::status::Reason;

/// Draws of the shares; more would not be seen in what is told.
pub const DRAWS: usize = 4_000;
/// Draws for looking ahead.
const FORECAST_DRAWS: usize = 1_000;
/// How often consultations are doubled, in turn.
const DOUBLINGS: [f64; 6] = [1.0, 2.0, 3.0, 4.0, 5.0, 6.0];
/// The same for evidence of many cells, each trial being a fit that takes seconds.
const COARSE_DOUBLINGS: [f64; 3] = [1.0, 3.0, 6.0];
/// How often the factor is halved between the last that is too little and the first that is enough: to within 5 %.
const HALVINGS: i32 = 4;
/// Evidence of more cells is tried coarsely.
pub(super) const QUICK_CELLS: usize = 2_000;

/// What can be concluded.
#[derive(Debug)]
pub struct Conclusion {
    /// Every gate.
    pub gates: Vec<Gate>,
    /// The model.
    pub joint: Joint,
    /// Draws of the shares.
    pub draws: Draws,
    /// What the rule says of the draws, whether or not the gates were passed.
    pub decision: Decision,
    /// What may be said: what the rule says, if every gate was passed.
    pub verdict: Verdict,
}

/// How much more evidence it would take.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Further {
    /// So many times the consultations that there are, if shares stay as they were seen.
    Times(f64),
    /// Even that many times as many in the same units would not settle it: more units would have to be seen.
    Units,
    /// No number would help while outcomes are missing, or platforms were not seen beside each other.
    Otherwise,
}

/// Fits the model and applies the rule.
///
/// # Errors
/// Says why where the model cannot be fitted, or there is nothing to choose from.
pub fn conclude(evidence: &Evidence, rule: &Rule) -> Result<Conclusion, Reason> {
    conclude_by(evidence, rule, DRAWS)
}

/// The same by so many draws.
///
/// # Errors
/// The same.
pub fn conclude_by(evidence: &Evidence, rule: &Rule, draws: usize) -> Result<Conclusion, Reason> {
    let gates = evidence.gates();
    let joint = joint::fit(&evidence.cells, evidence.parts.len(), evidence.platforms)?;
    let draws = joint.draws(draws).mixed(&evidence.parts, &evidence.mix(), evidence.strata);
    let (weights, seen) = (evidence.weights(), evidence.seen());
    let field = Field { draws: &draws, weights: &weights, seen: &seen, allowed: &evidence.allowed };
    let decision = policy::decide(&field, rule)?;
    let verdict = allowed(evidence, &gates, &decision);
    Ok(Conclusion { gates, joint, draws, decision, verdict })
}

/// What may be said of a decision: what the rule says, if every gate was passed; what needs alone decide takes no
/// evidence.
fn allowed(evidence: &Evidence, gates: &[Gate], decision: &Decision) -> Verdict {
    let by_needs = evidence
        .weights()
        .iter()
        .zip(&evidence.allowed)
        .all(|(weight, allowed)| *weight <= 0.0 || allowed.iter().filter(|may| **may).count() == 1);
    let passed = gates.iter().all(|gate| gate.passed);
    if passed || by_needs { decision.verdict } else { Verdict::NotEnoughEvidence }
}

/// What may be said by another rule, of the same draws.
///
/// # Errors
/// Says why where there is nothing to choose from.
pub fn by_rule(evidence: &Evidence, found: &Conclusion, rule: &Rule) -> Result<Verdict, Reason> {
    let (weights, seen) = (evidence.weights(), evidence.seen());
    let field = Field { draws: &found.draws, weights: &weights, seen: &seen, allowed: &evidence.allowed };
    Ok(allowed(evidence, &found.gates, &policy::decide(&field, rule)?))
}

/// How much more evidence it would take to reach a verdict, where there is none.
pub fn further(evidence: &Evidence, rule: &Rule, gates: &[Gate]) -> Further {
    let failed = || gates.iter().filter(|gate| !gate.passed);
    if failed().any(|gate| matches!(gate.ask, Ask::Missing | Ask::CommonSupport)) {
        return Further::Otherwise;
    }
    if failed().any(|gate| !gate.ask.grows()) {
        return Further::Units;
    }
    let is_enough = |exponent: f64| {
        let more = evidence.times(libm::exp2(exponent));
        conclude_by(&more, rule, FORECAST_DRAWS)
            .is_ok_and(|found| found.verdict != Verdict::NotEnoughEvidence)
    };
    let is_quick = evidence.cells.len() <= QUICK_CELLS;
    let doublings: &[f64] = if is_quick { &DOUBLINGS } else { &COARSE_DOUBLINGS };
    let Some(place) = doublings.iter().position(|exponent| is_enough(*exponent)) else {
        return Further::Units;
    };
    let mut enough = doublings[place];
    let mut little = if place > 0 { doublings[place - 1] } else { 0.0 };
    for _ in 0..if is_quick { HALVINGS } else { 0 } {
        let middle = f64::midpoint(little, enough);
        if is_enough(middle) {
            enough = middle;
        } else {
            little = middle;
        }
    }
    Further::Times(libm::exp2(enough))
}

#[cfg(test)]
mod tests;
