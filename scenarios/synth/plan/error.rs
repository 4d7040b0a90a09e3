//! Why a plan is refused: where, what, and what to do.

/// What is wrong with a plan.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum PlanError {
    /// The text is no TOML, or has a field or knob that does not exist or is missing.
    #[error("the plan cannot be read: {0}")]
    Syntax(String),
    /// No plan of that name comes with the crate.
    #[error("there is no plan named {name}; there are {known}")]
    NoSuchPlan {
        /// The name that was asked for.
        name: String,
        /// The names there are.
        known: String,
    },
    /// Something refers to a name that is not there.
    #[error("{place} names {name:?}, which is none of {known}")]
    UnknownName {
        /// The field that refers to it.
        place: String,
        /// The name.
        name: String,
        /// The names there are.
        known: String,
    },
    /// Two things have one name.
    #[error("{place} has {name:?} twice; give one of them another name")]
    Twice {
        /// The list they are in.
        place: String,
        /// The name.
        name: String,
    },
    /// A value no recording can have.
    #[error("{place} is {value}; {must}")]
    Impossible {
        /// The field.
        place: String,
        /// What it says.
        value: String,
        /// What it must be.
        must: String,
    },
}

impl PlanError {
    pub(crate) fn syntax(error: toml::de::Error) -> Self {
        Self::Syntax(error.to_string().trim_end().to_owned())
    }

    pub(crate) fn impossible(place: &str, value: impl ToString, must: &str) -> Self {
        Self::Impossible { place: place.to_owned(), value: value.to_string(), must: must.to_owned() }
    }
}
