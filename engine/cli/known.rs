//! Which levels consultations have: what is asked about by name is held against them, in a store and over several.

use std::collections::BTreeSet;

use event::{Dimension, NOT_RECORDED};

use crate::replay::Sheet;
use crate::summary::Deciding;

/// What is known of consultations, whatever they are asked for.
pub(super) trait Known {
    /// The levels that they have of a dimension.
    fn levels(&self, dimension: Dimension) -> BTreeSet<String>;

    /// Whether any consultation tells a level.
    fn is_recorded(&self, dimension: Dimension) -> bool {
        self.levels(dimension).iter().any(|level| level != NOT_RECORDED)
    }
}

impl Known for Sheet {
    fn levels(&self, dimension: Dimension) -> BTreeSet<String> {
        self.levels(dimension)
    }
}

impl Known for Deciding {
    fn levels(&self, dimension: Dimension) -> BTreeSet<String> {
        self.levels(dimension)
    }

    fn is_recorded(&self, dimension: Dimension) -> bool {
        self.is_recorded(dimension)
    }
}
