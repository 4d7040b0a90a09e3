//! The circumstances of a consultation: where, for whom, with what.
//!
//! A closed list of dimensions, each with at most one level per consultation. Levels are kept as
//! texts, so that any dimension can group or filter; a dimension's *shape* says which texts are
//! levels and how they look on the wire. A missing level is "not recorded" and shown as such.

use std::fmt;
use std::sync::Arc;

/// How a level that nobody recorded is shown.
pub const NOT_RECORDED: &str = "not recorded";

/// One circumstance that can be told of a consultation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum Dimension {
    /// The video platform it was booked or started on.
    Platform,
    /// Version of the platform.
    PlatformVersion,
    /// Organisation, by its ODS code.
    Organisation,
    /// Region of the organisation.
    Region,
    /// Clinical service.
    Service,
    /// New, follow-up, group or urgent.
    Appointment,
    /// Patient at home, or at a hub.
    Model,
    /// The patient's device.
    Device,
    /// The patient's browser.
    Browser,
    /// The patient's access network.
    Network,
    /// Rural or urban.
    Rurality,
    /// Deprivation quintile of where the patient lives, 1 most deprived to 5.
    DeprivationQuintile,
    /// The patient's age band.
    AgeBand,
    /// The patient's language.
    Language,
    /// Whether an interpreter takes part.
    Interpreter,
    /// Whether it is the patient's first use of video.
    FirstUse,
    /// Whether it is the clinician's first use of video.
    FirstUseClinician,
    /// Whether somebody helps the patient with the technology.
    Assisted,
    /// Pseudonym of the clinician.
    Clinician,
    /// The clinician's training: none, self-taught or trained.
    Training,
    /// Video, phone or in person.
    Modality,
}

/// Which texts are levels of a dimension, and how they are written on the wire.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shape {
    /// Any text that is not empty.
    Text,
    /// `true` or `false`, a JSON boolean.
    Flag,
    /// `1` to `5`, a JSON number.
    Quintile,
}

impl Dimension {
    /// Every dimension.
    pub const ALL: [Self; 21] = [
        Self::Platform,
        Self::PlatformVersion,
        Self::Organisation,
        Self::Region,
        Self::Service,
        Self::Appointment,
        Self::Model,
        Self::Device,
        Self::Browser,
        Self::Network,
        Self::Rurality,
        Self::DeprivationQuintile,
        Self::AgeBand,
        Self::Language,
        Self::Interpreter,
        Self::FirstUse,
        Self::FirstUseClinician,
        Self::Assisted,
        Self::Clinician,
        Self::Training,
        Self::Modality,
    ];

    /// The name on the wire and on the command line.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Platform => "platform",
            Self::PlatformVersion => "platform_version",
            Self::Organisation => "organisation",
            Self::Region => "region",
            Self::Service => "service",
            Self::Appointment => "appointment",
            Self::Model => "model",
            Self::Device => "device",
            Self::Browser => "browser",
            Self::Network => "network",
            Self::Rurality => "rurality",
            Self::DeprivationQuintile => "deprivation_quintile",
            Self::AgeBand => "age_band",
            Self::Language => "language",
            Self::Interpreter => "interpreter",
            Self::FirstUse => "first_use",
            Self::FirstUseClinician => "first_use_clinician",
            Self::Assisted => "assisted",
            Self::Clinician => "clinician",
            Self::Training => "training",
            Self::Modality => "modality",
        }
    }

    /// The dimension of that name, if there is one.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|dimension| dimension.name() == name)
    }

    /// Which texts are its levels.
    #[must_use]
    pub fn shape(self) -> Shape {
        match self {
            Self::DeprivationQuintile => Shape::Quintile,
            Self::Interpreter | Self::FirstUse | Self::FirstUseClinician | Self::Assisted => Shape::Flag,
            _ => Shape::Text,
        }
    }

    /// Whether `level` is a level of this dimension.
    #[must_use]
    pub fn accepts(self, level: &str) -> bool {
        match self.shape() {
            Shape::Text => !level.is_empty(),
            Shape::Flag => matches!(level, "true" | "false"),
            Shape::Quintile => matches!(level, "1" | "2" | "3" | "4" | "5"),
        }
    }
}

impl fmt::Display for Dimension {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// The circumstances of one consultation, as far as they were told.
///
/// ```
/// use event::{Context, Dimension};
/// let mut told = Context::default();
/// told.set(Dimension::Platform, "attend-anywhere");
/// told.amend(&Context::default().with(Dimension::Network, "mobile"));
/// assert_eq!(told.get(Dimension::Network), Some("mobile"));
/// assert_eq!(told.level(Dimension::Service), "not recorded");
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Context {
    /// By dimension. Levels recur in every consultation, so their texts can be shared.
    levels: Vec<(Dimension, Arc<str>)>,
}

impl Context {
    /// The level of `dimension`, if it was told.
    #[must_use]
    pub fn get(&self, dimension: Dimension) -> Option<&str> {
        self.place(dimension).ok().map(|place| &*self.levels[place].1)
    }

    /// The level of `dimension`, [`NOT_RECORDED`] when it was not told.
    #[must_use]
    pub fn level(&self, dimension: Dimension) -> &str {
        self.get(dimension).unwrap_or(NOT_RECORDED)
    }

    /// Tells a level; the caller has checked that the dimension accepts it.
    pub fn set(&mut self, dimension: Dimension, level: impl Into<Arc<str>>) {
        match self.place(dimension) {
            Ok(place) => self.levels[place].1 = level.into(),
            Err(place) => self.levels.insert(place, (dimension, level.into())),
        }
    }

    /// The same context with one more level told.
    #[must_use]
    pub fn with(mut self, dimension: Dimension, level: impl Into<Arc<str>>) -> Self {
        self.set(dimension, level);
        self
    }

    /// Takes over every level that `later` tells.
    pub fn amend(&mut self, later: &Self) {
        for (dimension, level) in &later.levels {
            self.set(*dimension, Arc::clone(level));
        }
    }

    /// What was told, by dimension.
    pub fn iter(&self) -> impl Iterator<Item = (Dimension, &str)> {
        self.levels.iter().map(|(dimension, level)| (*dimension, &**level))
    }

    /// Whether nothing was told.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.levels.is_empty()
    }

    fn place(&self, dimension: Dimension) -> Result<usize, usize> {
        self.levels.binary_search_by_key(&dimension, |(known, _)| *known)
    }
}

impl<L: Into<Arc<str>>> FromIterator<(Dimension, L)> for Context {
    /// Of two levels of one dimension the later holds.
    fn from_iter<I: IntoIterator<Item = (Dimension, L)>>(levels: I) -> Self {
        let mut context = Self::default();
        for (dimension, level) in levels {
            context.set(dimension, level);
        }
        context
    }
}
