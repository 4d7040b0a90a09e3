//! The part a person plays in a consultation.

use std::fmt;

use serde::{Deserialize, Serialize};

/// The part a person plays. Patient and carer are one side of a consultation, clinicians the other.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// The person who is cared for.
    Patient,
    /// The person who cares professionally.
    Clinician,
    /// Family or friend, on the patient's side.
    Carer,
    /// Translates; counts for disturbances, makes no side.
    Interpreter,
    /// Known to be none of these.
    Other,
    /// Not known.
    Unknown,
}

impl Role {
    /// Every role.
    pub const ALL: [Self; 6] =
        [Self::Patient, Self::Clinician, Self::Carer, Self::Interpreter, Self::Other, Self::Unknown];

    /// The name on the wire.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Patient => "patient",
            Self::Clinician => "clinician",
            Self::Carer => "carer",
            Self::Interpreter => "interpreter",
            Self::Other => "other",
            Self::Unknown => "unknown",
        }
    }

    /// The role of that name, if there is one.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|role| role.name() == name)
    }
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
