//! What is asked, and what is chosen before anything is counted.

use std::collections::BTreeMap;

use event::{Dimension, KindSet, NOT_RECORDED, Role};

use crate::catalog;
use crate::cells::{Modalities, Question, Slot};
use crate::filter::Filter;
use crate::measure::{Fold, Measure, Part};
use crate::parameters::Parameters;
use crate::period::Period;
use crate::survey::{self, Survey, Surveyed, Surveyeds, UNITS};

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
    /// By which dimensions differences are adjusted, besides, and how.
    pub adjust: Vec<Dimension>,
    /// How they are adjusted.
    pub adjustment: Adjustment,
    /// Between the groups of which dimensions gaps are looked for.
    pub gaps: Vec<Dimension>,
    /// Between the levels of which dimension variation is looked for.
    pub across: Option<Dimension>,
    /// Over which periods a course is looked for.
    pub over: Option<Period>,
    /// Whether it is looked at what practice amounts to.
    pub learning: bool,
    /// Which units are looked at for moves from the reference to another platform.
    pub switch: Option<Dimension>,
    /// Whether differences are looked at as whoever looks often or at much must see them.
    pub watch: Option<Watching>,
    /// Whether times to a drop and back are looked for.
    pub times: bool,
}

/// What is fixed before the first look.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Watching {
    /// Consultations of both platforms at which the limits for every look are narrowest.
    pub planned: u64,
    /// The smallest difference of shares that would matter.
    pub margin: f64,
}

impl Default for Watching {
    fn default() -> Self {
        Self { planned: 5_000, margin: 0.02 }
    }
}

/// How differences are adjusted for what platforms are used for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Adjustment {
    /// By Mantel and Haenszel: strata weigh by what they tell of the difference.
    #[default]
    MantelHaenszel,
    /// Directly standardised to the mix of both platforms together.
    Standardised,
    /// By a logistic model without interactions, standardised likewise.
    Logistic,
}

impl Adjustment {
    /// Every way.
    pub const ALL: [Self; 3] = [Self::MantelHaenszel, Self::Standardised, Self::Logistic];

    /// Its name on the command line and in machine output.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::MantelHaenszel => "mantel_haenszel",
            Self::Standardised => "standardised",
            Self::Logistic => "logistic",
        }
    }

    /// The way of that name, if there is one.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|adjustment| adjustment.name() == name)
    }
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
    /// What is adjusted for keeps the platforms wholly apart.
    #[error(
        "{platform} and {reference} have no consultations that are alike in {by}: adjusted for it nothing can be compared; \
         adjust for less, or compare without --adjust"
    )]
    DisjointMix {
        /// A platform.
        platform: String,
        /// The reference.
        reference: String,
        /// What was adjusted for, in words.
        by: String,
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
    /// By which dimensions cells are told apart: those asked for, then those of the adjustment.
    pub by: Vec<Dimension>,
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
            adjust: Vec::new(),
            adjustment: Adjustment::default(),
            gaps: Vec::new(),
            across: None,
            over: None,
            learning: false,
            switch: None,
            watch: None,
            times: false,
        }
    }
}

impl Ask {
    /// The first pass: what the rows asked about are like.
    #[must_use]
    pub fn survey(&self) -> Survey<'_> {
        Survey { filter: &self.filter, by: &self.by, units: &UNITS }
    }

    /// The same without clinicians, by which nothing is chosen unless [`Self::needs_clinicians`].
    #[must_use]
    pub fn survey_of_organisations(&self) -> Survey<'_> {
        Survey { units: &UNITS[..1], ..self.survey() }
    }

    /// Whether how many clinicians there are decides on how rows share their luck: where organisations are too few.
    #[must_use]
    pub fn needs_clinicians(&self, arms: &Surveyeds) -> bool {
        let platforms = survey::platforms(arms);
        let compared = compared(&platforms);
        self.cluster == ClusterChoice::Auto && self.clustering(&compared) != Some(Dimension::Organisation)
    }

    /// Chooses reference, clustering and parts by the survey of the rows asked about.
    ///
    /// # Errors
    /// When the reference that was named has no rows.
    pub fn design(&self, arms: &Surveyeds) -> Result<Design, NotComparable> {
        let platforms = survey::platforms(arms);
        if let Some(named) = self.reference.as_ref().filter(|named| !platforms.contains_key(*named)) {
            let known = platforms.keys().map(String::as_str).collect::<Vec<_>>().join(", ");
            return Err(NotComparable::NoReference(named.clone(), known));
        }
        let compared = compared(&platforms);
        Ok(Design {
            slots: self.slots(&compared),
            reference: self.reference.clone().or_else(|| largest(&platforms, &compared)),
            cluster: self.clustering(&compared),
            by: self.by.iter().chain(&self.adjust).copied().collect(),
        })
    }

    fn slots(&self, compared: &BTreeMap<&str, &Surveyed>) -> Vec<Slot> {
        let slots = self.asked_measures().into_iter().flat_map(|measure| {
            let common = parts_of(measure).iter().filter(|part| common(part, compared)).collect();
            slots_of(measure, common)
        });
        slots.collect()
    }

    /// The measures asked for, or all of them.
    pub(super) fn asked_measures(&self) -> Vec<&'static Measure> {
        if self.measures.is_empty() { catalog::MEASURES.to_vec() } else { self.measures.clone() }
    }

    /// Every platform must have been seen in two units or more, in all its strata together: where a thin stratum has one
    /// only, the rows of that stratum say so, and decide nothing for others.
    fn clustering(&self, compared: &BTreeMap<&str, &Surveyed>) -> Option<Dimension> {
        match self.cluster {
            ClusterChoice::None => None,
            ClusterChoice::By(dimension) => Some(dimension),
            ClusterChoice::Auto => {
                let every = |levels: fn(&Surveyed) -> usize| {
                    !compared.is_empty() && compared.values().all(|surveyed| levels(surveyed) >= 2)
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

/// The platforms that are compared: a stray row without a platform, or a platform on which nobody tried, decides nothing.
fn compared(platforms: &BTreeMap<String, Surveyed>) -> BTreeMap<&str, &Surveyed> {
    let counts = |platform: &str, surveyed: &Surveyed| surveyed.attempted > 0 && platform != NOT_RECORDED;
    platforms
        .iter()
        .map(|(platform, surveyed)| (platform.as_str(), surveyed))
        .filter(|(platform, surveyed)| counts(platform, surveyed))
        .collect()
}

/// The parts of a composite; none of any other measure.
pub(super) fn parts_of(measure: &Measure) -> &'static [Part] {
    match measure.fold {
        Fold::Composite(_, parts) => parts,
        _ => &[],
    }
}

/// The slots of a measure, one for each role it is read by, that count these of its parts.
pub(super) fn slots_of(measure: &'static Measure, parts: Vec<&'static Part>) -> Vec<Slot> {
    if measure.roles.is_empty() {
        return vec![Slot { measure, role: None, parts }];
    }
    let of = |role: &Role| Slot { measure, role: Some(*role), parts: parts.clone() };
    measure.roles.iter().map(of).collect()
}

/// The platform with most consultations; of equals the first by name.
fn largest(platforms: &BTreeMap<String, Surveyed>, compared: &BTreeMap<&str, &Surveyed>) -> Option<String> {
    platforms
        .iter()
        .filter(|(platform, _)| compared.is_empty() || compared.contains_key(platform.as_str()))
        .max_by(|(a, s), (b, t)| s.rows.cmp(&t.rows).then(b.cmp(a)))
        .map(|(platform, _)| platform.clone())
}

/// Whether a part of a composite can be counted alike for every platform compared.
fn common(part: &Part, compared: &BTreeMap<&str, &Surveyed>) -> bool {
    let needs = part.needs;
    compared.values().all(|surveyed| surveyed.observes(needs))
        && compared.values().all(|one| compared.values().all(|other| alike(needs.changed_by, one, other)))
}

/// Whether two platforms are alike in telling these kinds, as far as their sources declare.
pub(super) fn alike(kinds: KindSet, one: &Surveyed, other: &Surveyed) -> bool {
    let only = |blind: &Surveyed, seeing: &Surveyed| blind.blind().and(seeing.seen()).has_any(kinds);
    !only(one, other) && !only(other, one)
}

impl Design {
    /// The request of the second pass.
    #[must_use]
    pub fn question<'a>(&'a self, ask: &'a Ask, parameters: &'a Parameters) -> Question<'a> {
        self.look(ask, (&self.by, None), parameters)
    }

    /// The request of a further pass, which tells rows apart by other levels.
    #[must_use]
    pub fn look<'a>(
        &self,
        ask: &'a Ask,
        (by, period): (&'a [Dimension], Option<Period>),
        parameters: &'a Parameters,
    ) -> Question<'a> {
        let asked = |dimension| {
            ask.by.contains(&dimension) || ask.filter.iter().any(|(filtered, _)| filtered == dimension)
        };
        Question {
            slots: self.slots.clone(),
            by,
            period,
            filter: &ask.filter,
            cluster: self.cluster,
            parameters,
            modalities: if asked(Dimension::Modality) { Modalities::AsAsked } else { Modalities::Video },
        }
    }

    /// The levels of a further pass: those asked for, then those of `dimension`.
    #[must_use]
    pub fn apart_by(ask: &Ask, dimension: Option<Dimension>) -> Vec<Dimension> {
        ask.by.iter().copied().chain(dimension).collect()
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
        let lacking = parts.iter().map(|part| part.needs.missing(sees)).filter(|lacking| !lacking.is_empty());
        missing = lacking.collect::<Vec<_>>().join(", ");
        if missing.is_empty() {
            missing = "what another platform's feed cannot tell either".to_owned();
        }
    }
    missing
}
