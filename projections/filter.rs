//! Which consultations a question is about.

use std::collections::BTreeMap;

use event::{Context, Dimension, NOT_RECORDED};

use crate::outcome::Outcome;

/// Levels by dimension; a row passes if for each dimension its level is one of those named.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Filter {
    levels: BTreeMap<Dimension, Vec<String>>,
}

/// A text that names no filter.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FilterError {
    /// There is no `=` in it.
    #[error("{0:?} is no filter; write it as dimension=level, such as service=cardiology")]
    NoLevel(String),
    /// Its dimension does not exist.
    #[error("there is no dimension {0:?}")]
    NoDimension(String),
    /// Its level cannot be one of its dimension.
    #[error("{level:?} cannot be a level of {dimension}; {expected}")]
    NoSuchLevel {
        /// The dimension.
        dimension: Dimension,
        /// The level.
        level: String,
        /// What it takes.
        expected: &'static str,
    },
}

impl Filter {
    /// Adds `dimension=level` or `dimension=level,level`.
    ///
    /// # Errors
    /// When the text names no dimension or a level the dimension cannot have.
    pub fn add(&mut self, text: &str) -> Result<(), FilterError> {
        let (name, levels) = text.split_once('=').ok_or_else(|| FilterError::NoLevel(text.to_owned()))?;
        let name = name.trim();
        let dimension =
            Dimension::from_name(name).ok_or_else(|| FilterError::NoDimension(name.to_owned()))?;
        for level in levels.split(',').map(str::trim) {
            if level != NOT_RECORDED && !dimension.accepts(level) {
                let expected = match dimension.shape() {
                    event::Shape::Text => "write at least one character",
                    event::Shape::Flag => "write true or false",
                    event::Shape::Quintile => "write a whole number from 1 to 5",
                };
                return Err(FilterError::NoSuchLevel { dimension, level: level.to_owned(), expected });
            }
            let levels = self.levels.entry(dimension).or_default();
            if let Err(place) = levels.binary_search_by(|known| known.as_str().cmp(level)) {
                levels.insert(place, level.to_owned());
            }
        }
        Ok(())
    }

    /// Narrows it to these platforms, if there are any.
    pub fn platforms(&mut self, platforms: &[String]) {
        if !platforms.is_empty() {
            let mut platforms = platforms.to_vec();
            platforms.sort();
            platforms.dedup();
            self.levels.insert(Dimension::Platform, platforms);
        }
    }

    /// Whether a row is asked about.
    #[must_use]
    pub fn passes(&self, row: &Outcome) -> bool {
        self.lets_through(&row.context)
    }

    /// Whether a consultation of these circumstances is asked about.
    #[must_use]
    pub fn lets_through(&self, context: &Context) -> bool {
        self.levels
            .iter()
            .all(|(dimension, levels)| levels.iter().any(|level| level == context.level(*dimension)))
    }

    /// Whether a consultation of these circumstances is counted apart by `by`: on video, or on a pathway that
    /// is not told, unless the modality is asked for.
    #[must_use]
    pub fn counts_pathway(&self, by: &[Dimension], context: &Context) -> bool {
        by.contains(&Dimension::Modality)
            || self.levels.contains_key(&Dimension::Modality)
            || context.get(Dimension::Modality).is_none_or(|modality| modality == "video")
    }

    /// The same where what [`counts_pathway`](Self::counts_pathway) leaves out does not pass.
    #[must_use]
    pub fn of_pathway(&self, by: &[Dimension]) -> Self {
        let mut narrowed = self.clone();
        if !by.contains(&Dimension::Modality) {
            let video = || [NOT_RECORDED, "video"].map(str::to_owned).to_vec();
            narrowed.levels.entry(Dimension::Modality).or_insert_with(video);
        }
        narrowed
    }

    /// The levels asked for, by dimension.
    pub fn iter(&self) -> impl Iterator<Item = (Dimension, &[String])> {
        self.levels.iter().map(|(dimension, levels)| (*dimension, levels.as_slice()))
    }

    /// Whether everything passes.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.levels.is_empty()
    }
}
