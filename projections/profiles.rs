//! What platforms can do and cost, and what services need: what no event tells, as whoever asks declares it.
//!
//! Every statement has a source and a date, since it is an assertion and no observation. What nobody declared is *not
//! evidenced*, which is not the same as met: a need keeps a platform out until it is shown to be met. Prices are of one
//! consultation and in one unit; what an undisturbed consultation is worth in that unit is not for a program to say.

use std::collections::BTreeMap;

use event::Dimension;
use serde::Serialize;

/// What platforms are usually asked for, by name and in words; others are declared with theirs.
pub const FUNCTIONS: [(&str, &str); 9] = [
    ("waiting_room", "a waiting room"),
    ("group_calls", "calls of more than two"),
    ("interpreters", "an interpreter in the call"),
    ("captions", "captions"),
    ("screen_sharing", "sharing a screen"),
    ("no_account", "getting in without an account"),
    ("accessibility", "conformance with accessibility standards"),
    ("data_protection", "a data-protection assessment"),
    ("clinical_safety", "a clinical-safety case"),
];

/// Whether a platform can do something.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum State {
    /// It can, and somebody has seen evidence of it.
    Met,
    /// It cannot, and somebody has seen evidence of that.
    NotMet,
    /// Nobody has seen evidence of either.
    #[default]
    NotEvidenced,
}

impl State {
    /// Every state.
    pub const ALL: [Self; 3] = [Self::Met, Self::NotMet, Self::NotEvidenced];

    /// Its name in a file.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Met => "met",
            Self::NotMet => "not_met",
            Self::NotEvidenced => "not_evidenced",
        }
    }
}

/// A statement about one function of one platform.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Statement {
    /// Whether it can.
    pub state: State,
    /// Where that stands.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub source: Option<String>,
    /// Of which day that is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub date: Option<String>,
}

/// What was declared of one platform.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Profile {
    /// By function.
    pub functions: BTreeMap<String, Statement>,
    /// What a consultation costs, between these bounds.
    pub price: Option<[f64; 2]>,
}

/// Something that a platform must be able to do to be used for some consultations.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Need {
    /// Which function.
    pub function: String,
    /// Of which consultations, by level of a dimension; of all, where there is none.
    pub of: BTreeMap<Dimension, String>,
}

/// What was declared of all platforms.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Profiles {
    /// The functions that may be named, with their words.
    pub functions: BTreeMap<String, String>,
    /// By platform.
    pub platforms: BTreeMap<String, Profile>,
    /// What is needed.
    pub needs: Vec<Need>,
    /// The unit of prices.
    pub price_unit: Option<String>,
}

impl Profiles {
    /// What is said of a function of a platform: that nobody has seen evidence, where nothing is.
    #[must_use]
    pub fn statement(&self, platform: &str, function: &str) -> Statement {
        let found = self.platforms.get(platform).and_then(|profile| profile.functions.get(function));
        found.cloned().unwrap_or_default()
    }

    /// What is needed of consultations with these levels of these dimensions.
    pub fn needs_of<'a>(
        &'a self,
        by: &'a [Dimension],
        levels: &'a [String],
    ) -> impl Iterator<Item = &'a Need> {
        self.needs.iter().filter(move |need| {
            need.of.iter().all(|(dimension, level)| {
                by.iter().zip(levels).any(|(by, of)| by == dimension && of == level)
            })
        })
    }

    /// The dimensions by which needs are told apart.
    #[must_use]
    pub fn dimensions(&self) -> Vec<Dimension> {
        let mut dimensions: Vec<Dimension> =
            self.needs.iter().flat_map(|need| need.of.keys().copied()).collect();
        dimensions.sort_unstable();
        dimensions.dedup();
        dimensions
    }

    /// What a consultation on a platform costs.
    #[must_use]
    pub fn price(&self, platform: &str) -> Option<[f64; 2]> {
        self.platforms.get(platform)?.price
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_need_is_of_the_consultations_that_it_names() {
        let need = |function: &str, of: &[(Dimension, &str)]| Need {
            function: function.to_owned(),
            of: of.iter().map(|(dimension, level)| (*dimension, (*level).to_owned())).collect(),
        };
        let profiles = Profiles {
            needs: vec![
                need("captions", &[]),
                need("group_calls", &[(Dimension::Service, "therapy")]),
                need("interpreters", &[(Dimension::Service, "therapy"), (Dimension::Appointment, "first")]),
            ],
            ..Profiles::default()
        };
        let by = [Dimension::Service, Dimension::Appointment];
        let of = |levels: [&str; 2]| -> Vec<String> {
            let levels = levels.map(str::to_owned);
            profiles.needs_of(&by, &levels).map(|need| need.function.clone()).collect()
        };
        assert_eq!(of(["therapy", "first"]), ["captions", "group_calls", "interpreters"]);
        assert_eq!(of(["therapy", "review"]), ["captions", "group_calls"]);
        assert_eq!(of(["surgery", "first"]), ["captions"]);
        assert_eq!(profiles.dimensions().len(), 2);
    }

    #[test]
    fn what_nobody_declared_is_not_evidenced() {
        let profiles = Profiles::default();
        assert_eq!(profiles.statement("alder", "captions").state, State::NotEvidenced);
        assert_eq!(profiles.price("alder"), None);
    }
}
