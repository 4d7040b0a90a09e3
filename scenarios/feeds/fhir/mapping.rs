//! What the mapping says of encounters: which identifier names the consultation, on which platform they
//! were booked, and what codes mean. Read from TOML and checked before any encounter is.

use std::collections::BTreeMap;

use event::Dimension;
use serde::Deserialize;

use crate::text::{check_named, quoted};
use crate::{FeedError, Settings};

/// Circumstances whose codes can be translated, and beside them the reason of a cancellation.
const TRANSLATED: [&str; 4] = ["service", "organisation", "appointment", "reason"];

/// What the mapping says.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Mapping {
    /// The system of the identifier that names the consultation.
    pub(super) consultation: Option<String>,
    /// The platform that the encounters were booked on.
    pub(super) platform: Option<String>,
    /// Circumstances that are not taken, by name.
    leave_out: Vec<String>,
    /// Their codes to ours, by what they tell.
    values: BTreeMap<String, BTreeMap<String, String>>,
}

impl Mapping {
    /// The mapping that the settings give; without one, that which says nothing.
    pub(super) fn of(settings: &Settings) -> Result<Self, FeedError> {
        let Some(text) = &settings.mapping else { return Ok(Self::default()) };
        let mapping: Self = toml::from_str(text).map_err(|error| wrong(error.to_string()))?;
        if let Some(name) = mapping.values.keys().find(|name| !TRANSLATED.contains(&name.as_str())) {
            let known = TRANSLATED.join(", ");
            return Err(wrong(format!("values.{name} is nothing that has codes; use one of {known}")));
        }
        let is_none = |name: &&String| Dimension::from_name(name).is_none();
        if let Some(name) = mapping.leave_out.iter().find(is_none) {
            let name = quoted(name);
            return Err(wrong(format!(
                "leave_out has {name}, which is no circumstance; use one such as \"clinician\""
            )));
        }
        let own = [("consultation", &mapping.consultation), ("platform", &mapping.platform)];
        let own = own.into_iter().filter_map(|(name, text)| Some((name, text.as_deref()?)));
        let values = mapping.values.values().flat_map(|codes| codes.iter());
        for (name, text) in own.chain(values.map(|(theirs, ours)| (theirs.as_str(), ours.as_str()))) {
            check_named(text, &quoted(name), String::new).map_err(|refusal| wrong(refusal.reason))?;
        }
        Ok(mapping)
    }

    /// Whether a circumstance is taken.
    pub(super) fn takes(&self, dimension: Dimension) -> bool {
        !self.leave_out.iter().any(|name| name == dimension.name())
    }

    /// What `code` stands for in `what`; the code itself where the mapping says nothing of it.
    pub(super) fn translate(&self, what: &str, code: String) -> String {
        self.values.get(what).and_then(|codes| codes.get(&code)).cloned().unwrap_or(code)
    }

    /// Whether the mapping says what `code` stands for in the dimension.
    pub(super) fn knows(&self, dimension: Dimension, code: &str) -> bool {
        self.values.get(dimension.name()).is_some_and(|codes| codes.contains_key(code))
    }
}

fn wrong(reason: String) -> FeedError {
    FeedError::Setting { name: "map", reason }
}
