//! The card of a scenario: `scenario.toml`.

use std::collections::BTreeMap;

use event::Dimension;
use projections::catalog;
use serde::{Deserialize, Serialize};

use super::ScenarioError;

/// What a scenario is about.
#[derive(Debug, Clone, PartialEq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Card {
    /// Its title.
    pub title: String,
    /// The question it answers.
    pub question: String,
    /// Whether its events were generated; real ones are never embedded.
    pub synthetic: bool,
    /// Where its events come from.
    pub provenance: String,
    /// The time they cover, in words.
    pub period: String,
    /// The seed they were generated from.
    pub seed: Option<u64>,
    /// What was planted, in words.
    pub truth: Option<String>,
    /// What a replay must find.
    #[serde(rename = "finding", default)]
    pub findings: Vec<Finding>,
}

/// Something a replay must find.
#[derive(Debug, Clone, PartialEq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Finding {
    /// In one sentence.
    pub words: String,
    /// The measure that shows it.
    pub measure: String,
    /// The platform it is about.
    pub platform: String,
    /// The platform it is compared with.
    pub reference: String,
    /// Of which consultations, by dimension.
    #[serde(rename = "where", default)]
    pub filter: BTreeMap<String, String>,
    /// By which dimensions it is adjusted, if by any.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub adjust: Vec<String>,
    /// What the comparison must say.
    pub expect: Expect,
}

/// What a comparison must say.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Expect {
    /// The platform is clearly better.
    Better,
    /// The platform is clearly worse.
    Worse,
    /// The interval holds no difference.
    NoClearDifference,
    /// The platform is not clearly worse.
    NotWorse,
    /// Nothing clear can be said: no clear difference, or too few events.
    Insufficient,
    /// The platforms cannot be compared: one feed cannot tell what the other can.
    NotComparable,
}

impl Card {
    /// Reads a card; `place` names it in errors.
    ///
    /// # Errors
    /// When it is no TOML of this form, or names a measure or dimension that does not exist.
    pub fn parse(place: &str, text: &str) -> Result<Self, ScenarioError> {
        let wrong = |what: String| ScenarioError::Card { place: place.to_owned(), what };
        let card: Self = toml::from_str(text).map_err(|error| wrong(error.to_string()))?;
        for finding in &card.findings {
            if catalog::measure(&finding.measure).is_none() {
                return Err(wrong(format!("there is no measure {:?}", finding.measure)));
            }
            let mut named = finding.filter.keys().chain(&finding.adjust);
            if let Some(name) = named.find(|name| Dimension::from_name(name).is_none()) {
                return Err(wrong(format!("there is no dimension {name:?}")));
            }
        }
        Ok(card)
    }
}
