//! Which levels consultations have: what is asked about by name is held against them, in a store and over several.
//!
//! A level that no consultation has is no error, as a dimension would be that does not exist. Dimensions are the same
//! everywhere, and levels are those of a store: one that is missing here may be in the next store that the same
//! question is asked of, and that none of the consultations here has it is an answer.

use std::collections::BTreeSet;

use event::{Dimension, NOT_RECORDED};
use projections::filter::Filter;

use super::Shared;
use super::choose::unknown;
use crate::replay::{Sheet, Table};
use crate::summary::Deciding;

/// What every `--where` says of itself.
pub(super) const WHERE: &str = "Only consultations with these levels; may be given more than once. A level that none has \
                                is told, and is no error";

/// What is known of consultations, whatever they are asked for.
pub(super) trait Known {
    /// The levels that they have of a dimension.
    fn levels(&self, dimension: Dimension) -> BTreeSet<String>;

    /// The platforms that they were on, those in progress among them.
    fn platforms(&self) -> BTreeSet<String> {
        self.levels(Dimension::Platform)
    }

    /// Whether any consultation tells a level.
    fn is_recorded(&self, dimension: Dimension) -> bool {
        self.levels(dimension).iter().any(|level| level != NOT_RECORDED)
    }

    /// Says which levels of a filter no consultation has, with the nearest that one has.
    fn note_unknown_levels(&self, filter: &Filter, shared: &Shared) {
        // Of nothing it is said that there is nothing, whatever was asked.
        if self.platforms().is_empty() {
            return;
        }
        for (dimension, levels) in filter.iter() {
            let known = match dimension {
                Dimension::Platform => self.platforms(),
                _ => self.levels(dimension),
            };
            for level in levels.iter().filter(|level| !known.contains(*level)) {
                shared.note(&unknown(&format!("consultation with {dimension}"), level, &known));
            }
        }
    }
}

impl Known for Sheet {
    fn levels(&self, dimension: Dimension) -> BTreeSet<String> {
        self.levels(dimension)
    }

    fn platforms(&self) -> BTreeSet<String> {
        let mut known = self.levels(Dimension::Platform);
        known.extend(self.open.keys().cloned());
        known
    }
}

impl Known for Table {
    fn levels(&self, dimension: Dimension) -> BTreeSet<String> {
        self.rows.iter().map(|row| row.context.level(dimension).to_owned()).collect()
    }

    fn platforms(&self) -> BTreeSet<String> {
        let mut known = Known::levels(self, Dimension::Platform);
        known.extend(self.open.iter().map(|row| row.context.level(Dimension::Platform).to_owned()));
        known
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
