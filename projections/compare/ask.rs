//! What is asked, and what is chosen before anything is counted.

use std::collections::BTreeMap;

use event::{Dimension, KindSet};

use crate::catalog;
use crate::cells::{Question, Slot};
use crate::filter::Filter;
use crate::measure::{Fold, Measure};
use crate::parameters::Parameters;
use crate::survey::Surveyed;

/// What is asked.
#[derive(Debug, Clone)]
pub struct Ask {
    /// Measures asked for by name; none: all of them.
    pub measures: Vec<&'static Measure>,
    /// By which dimensions, besides the platform.
    pub by: Vec<Dimension>,
    /// Of which consultations.
    pub filter: Filter,
    /// How rows share their luck.
    pub cluster: ClusterChoice,
    /// The platform that differences are taken from, if one was named.
    pub reference: Option<String>,
    /// The nominal coverage of intervals.
    pub level: f64,
}

/// By which dimension rows are clustered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ClusterChoice {
    /// Organisation if every arm has two or more, else clinician, else none.
    Auto,
    /// This dimension.
    By(Dimension),
    /// Every consultation on its own.
    None,
}

/// Why platforms cannot be compared as asked.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum NotComparable {
    /// A measure asked for by name needs what a feed cannot see.
    #[error(
        "{measure} cannot be compared: the feed of {platform} cannot tell {missing}; \
         ask without --measure to see what both can tell"
    )]
    NotMeasured {
        /// The measure.
        measure: &'static str,
        /// The platform whose feed is blind.
        platform: String,
        /// Kinds it cannot see, in words.
        missing: String,
    },
    /// The reference that was named has no consultations.
    #[error("there are no consultations on {0:?} to compare with; platforms here: {1}")]
    NoReference(String, String),
}

/// What was chosen: the request of the second pass.
#[derive(Debug, Clone)]
pub struct Design {
    /// Measures by role, with the parts of composites that every platform can observe.
    pub slots: Vec<Slot>,
    /// The platform that differences are taken from; none without platforms.
    pub reference: Option<String>,
    /// The dimension that clusters.
    pub cluster: Option<Dimension>,
}

impl Default for Ask {
    fn default() -> Self {
        Self {
            measures: Vec::new(),
            by: Vec::new(),
            filter: Filter::default(),
            cluster: ClusterChoice::Auto,
            reference: None,
            level: 0.95,
        }
    }
}

impl Ask {
    /// Chooses reference, clustering and parts by the survey of the rows asked about.
    ///
    /// # Errors
    /// When the reference that was named has no rows.
    pub fn design(&self, survey: &BTreeMap<String, Surveyed>) -> Result<Design, NotComparable> {
        let reference = match &self.reference {
            Some(named) if survey.contains_key(named) => Some(named.clone()),
            Some(named) => {
                let platforms = survey.keys().map(String::as_str).collect::<Vec<_>>().join(", ");
                return Err(NotComparable::NoReference(named.clone(), platforms));
            }
            // Most consultations; of equals the first by name.
            None => survey
                .iter()
                .max_by(|(a, s), (b, t)| s.rows.cmp(&t.rows).then(b.cmp(a)))
                .map(|(platform, _)| platform.clone()),
        };
        Ok(Design { slots: self.slots(survey), reference, cluster: self.clustering(survey) })
    }

    fn slots(&self, survey: &BTreeMap<String, Surveyed>) -> Vec<Slot> {
        let asked: Vec<&'static Measure> =
            if self.measures.is_empty() { catalog::MEASURES.to_vec() } else { self.measures.clone() };
        let mut slots = Vec::new();
        for measure in asked {
            let parts = match measure.fold {
                Fold::Composite(_, parts) => parts
                    .iter()
                    .filter(|part| survey.values().all(|surveyed| surveyed.observes(part.needs)))
                    .collect(),
                _ => Vec::new(),
            };
            if measure.roles.is_empty() {
                slots.push(Slot { measure, role: None, parts });
            } else {
                let of = |role: &event::Role| Slot { measure, role: Some(*role), parts: parts.clone() };
                slots.extend(measure.roles.iter().map(of));
            }
        }
        slots
    }

    fn clustering(&self, survey: &BTreeMap<String, Surveyed>) -> Option<Dimension> {
        match self.cluster {
            ClusterChoice::None => None,
            ClusterChoice::By(dimension) => Some(dimension),
            ClusterChoice::Auto => {
                let every = |levels: fn(&Surveyed) -> usize| {
                    let mut arms = survey.values().filter(|surveyed| surveyed.attempted > 0).peekable();
                    arms.peek().is_some() && arms.all(|surveyed| levels(surveyed) >= 2)
                };
                if every(|surveyed| surveyed.organisations.len()) {
                    Some(Dimension::Organisation)
                } else if every(|surveyed| surveyed.clinicians.len()) {
                    Some(Dimension::Clinician)
                } else {
                    None
                }
            }
        }
    }
}

impl Design {
    /// The request of the second pass.
    #[must_use]
    pub fn question<'a>(&self, ask: &'a Ask, parameters: &'a Parameters) -> Question<'a> {
        Question {
            slots: self.slots.clone(),
            by: &ask.by,
            filter: &ask.filter,
            cluster: self.cluster,
            parameters,
        }
    }

    /// How the clustering is named in every row.
    #[must_use]
    pub fn cluster_name(&self) -> &'static str {
        self.cluster.map_or("none", Dimension::name)
    }
}

/// Everything a slot needs that `sees` lacks, in words.
pub(super) fn missing(slot: &Slot, sees: KindSet) -> String {
    let mut missing = slot.measure.needs.missing(sees);
    if missing.is_empty()
        && let Fold::Composite(_, parts) = slot.measure.fold
        && slot.parts.is_empty()
    {
        missing = parts.iter().map(|part| part.needs.missing(sees)).collect::<Vec<_>>().join(", ");
    }
    missing
}
