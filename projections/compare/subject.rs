//! What a reading is about: which measure, of which consultations, on which platform, by whom.

use std::collections::BTreeMap;

use event::Role;
use serde::Serialize;

use super::row::Row;

/// The measure and the arm of a row, for the readings that look closer at it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Subject {
    /// The measure; of durations the median.
    pub measure: &'static str,
    /// The levels of the dimensions asked for.
    pub by: BTreeMap<&'static str, String>,
    /// The platform.
    pub platform: String,
    /// Whose, for a measure that is read by role.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub role: Option<Role>,
}

impl Subject {
    /// Whether two are of one measure and role.
    #[must_use]
    pub fn asks_as(&self, other: &Self) -> bool {
        (self.measure, self.role) == (other.measure, other.role)
    }
}

impl From<&Row> for Subject {
    fn from(row: &Row) -> Self {
        let Row { measure, by, platform, role, .. } = row;
        Self { measure, by: by.clone(), platform: platform.clone(), role: *role }
    }
}
