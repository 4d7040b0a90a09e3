//! What is asked of evidence before anything is said, by name.

use serde::Serialize;

use super::table::Table;
use crate::stats::decision::evidence::{self, Ask};

/// A gate, and whether it was passed.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Gate {
    /// `events`, `effective_events`, `units`, `common_support` or `missing`.
    pub gate: &'static str,
    /// Of which platform; null where it is asked of all together.
    pub platform: Option<String>,
    /// What was found; null where nobody knows.
    pub value: Option<f64>,
    /// What is asked: at least this, or of what is missing at most.
    pub needed: f64,
    /// Whether it was passed.
    pub passed: bool,
    /// Of a platform with missing outcomes: its share if none of them was reached, and if all were.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bounds: Option<[f64; 2]>,
    /// What it says, in words.
    pub words: String,
}

impl Table {
    /// Gates by names and in words; `unit` is what shares its luck.
    pub(super) fn gates(&self, gates: &[evidence::Gate], unit: &str) -> Vec<Gate> {
        let gate = |gate: &evidence::Gate| {
            let platform = gate.platform.map(|platform| self.platforms[platform].clone());
            Gate {
                gate: gate.ask.name(),
                words: words(gate, platform.as_deref().unwrap_or_default(), unit),
                platform,
                value: gate.value,
                needed: gate.needed,
                passed: gate.passed,
                bounds: gate.bounds,
            }
        };
        gates.iter().map(gate).collect()
    }
}

/// What a gate found, as a part of a sentence.
fn words(gate: &evidence::Gate, platform: &str, unit: &str) -> String {
    let needed = gate.needed;
    let unit = unit.replace('_', " ");
    match (gate.ask, gate.value) {
        (Ask::Units, None) => {
            "some platform was seen at fewer than two organisations and with fewer than two clinicians, as far as they \
             were recorded, so that nothing tells what consultations share (--cluster none says that they share nothing)"
                .to_owned()
        }
        (Ask::Units, Some(value)) if unit == "none" => format!("{platform} has {value:.0} consultations"),
        (Ask::Units, Some(value)) => {
            format!("{platform} was seen in {value:.0} {unit}s, and it takes {needed:.0}")
        }
        (Ask::Events, value) => format!(
            "{platform} has {:.0} events or non-events, the fewer of both, and it takes {needed:.0}",
            value.unwrap_or_default()
        ),
        (Ask::EffectiveEvents, value) => format!(
            "the events or non-events of {platform} are worth {:.1} independent ones, and it takes {needed:.0}",
            value.unwrap_or_default()
        ),
        (Ask::CommonSupport, value) => format!(
            "{:.0} % of consultations are in strata where two platforms were seen, and it takes {:.0} %",
            100.0 * value.unwrap_or_default(),
            100.0 * needed
        ),
        (Ask::Missing, _) if gate.bounds.is_none() => format!("no outcome of {platform} is missing"),
        (Ask::Missing, value) => {
            let [lo, hi] = gate.bounds.unwrap_or_default().map(|bound| 100.0 * bound);
            format!(
                "of {platform} {:.1} % of outcomes are missing, and {:.0} % may be: its share lies between {lo:.1} and \
                 {hi:.1} %",
                100.0 * value.unwrap_or_default(),
                100.0 * needed
            )
        }
    }
}
