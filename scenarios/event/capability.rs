//! What a source can see: the difference between "it did not happen" and "nobody could have told".
//!
//! A source declares, per kind, whether it observes it, infers it or cannot tell it. A source that
//! never declared counts as seeing every kind that it has ever sent, and is flagged.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::{Kind, KindSet};

/// How well a source can tell a kind of event.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Capability {
    /// It is told when it happens.
    Observed,
    /// It is concluded from something else: a caveat travels with every number.
    Inferred,
    /// It cannot be told.
    Unobservable,
}

impl Capability {
    /// Every capability.
    pub const ALL: [Self; 3] = [Self::Observed, Self::Inferred, Self::Unobservable];

    /// The name on the wire.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Observed => "observed",
            Self::Inferred => "inferred",
            Self::Unobservable => "unobservable",
        }
    }

    /// The capability of that name, if there is one.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|capability| capability.name() == name)
    }
}

/// Which sides of a consultation a source sees.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Sides {
    /// The patient's and the clinician's.
    #[default]
    Both,
    /// The patient's only.
    Patient,
    /// The clinician's only.
    Clinician,
}

impl Sides {
    /// Every choice of sides.
    pub const ALL: [Self; 3] = [Self::Both, Self::Patient, Self::Clinician];

    /// The name on the wire.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Both => "both",
            Self::Patient => "patient",
            Self::Clinician => "clinician",
        }
    }

    /// The choice of that name, if there is one.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|sides| sides.name() == name)
    }
}

/// What a source declares about itself.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Declaration {
    /// The feed that reads this source.
    pub feed: Option<String>,
    /// The platform of its consultations, where they do not name one.
    pub platform: Option<String>,
    /// How well it can tell each kind, by the kind's name on the wire; kinds not listed it cannot tell.
    pub capabilities: BTreeMap<String, Capability>,
    /// Which sides it sees; absent means both.
    pub sides: Option<Sides>,
    /// How long it waits before it tells a drop, in milliseconds: its drops are read that much earlier.
    pub drop_delay_ms: Option<u32>,
}

impl Declaration {
    /// How well it can tell `kind`.
    #[must_use]
    pub fn capability(&self, kind: Kind) -> Capability {
        self.capabilities.get(kind.name()).copied().unwrap_or(Capability::Unobservable)
    }

    /// The kinds it tells with exactly this capability.
    #[must_use]
    pub fn kinds(&self, capability: Capability) -> KindSet {
        Kind::ALL
            .into_iter()
            .filter(|kind| self.capability(*kind) == capability)
            .fold(KindSet::NONE, KindSet::with)
    }
}
