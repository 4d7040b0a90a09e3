//! What leaves under a policy that hides: lines of named values, and nothing that is not in them.

use serde::ser::{Serialize, SerializeMap, Serializer};

use super::{Policy, Told};
use crate::stats::Interval;

/// Which policy an answer was made under.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
pub struct PolicyNote {
    /// Its name.
    pub name: &'static str,
    /// Its version.
    pub version: u32,
    /// What it does, in a sentence.
    pub words: &'static str,
    /// The number under which the answer was recorded as given away; none: it was not.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub release: Option<u64>,
}

impl PolicyNote {
    /// The note of a policy.
    #[must_use]
    pub fn of(policy: Policy) -> Self {
        Self { name: policy.name(), version: policy.version(), words: policy.words(), release: None }
    }
}

/// One value.
#[derive(Debug, Clone, PartialEq)]
pub enum Value {
    /// It is not there.
    Nothing,
    /// It is not shown, and why.
    Hidden(&'static str),
    /// Words.
    Text(String),
    /// A count, or another whole number.
    Whole(u64),
    /// A number.
    Real(f64),
    /// Yes or no.
    Flag(bool),
    /// Words, one by one.
    Texts(Vec<String>),
    /// Words by name, such as levels by dimension.
    Named(Vec<(String, Option<String>)>),
    /// Shares between their limits, by name.
    Shares(Vec<(&'static str, Interval)>),
}

/// Values by name.
pub type Line = Vec<(&'static str, Value)>;

/// Lines of one kind.
#[derive(Debug, Clone, PartialEq)]
pub struct Part {
    /// What they are.
    pub name: &'static str,
    /// The lines, all with the same names in the same order.
    pub lines: Vec<Line>,
}

/// What is shown of a reading.
#[derive(Debug, Clone, PartialEq)]
pub struct Published {
    /// Name and version of the form.
    pub schema: &'static str,
    /// Under which policy.
    pub policy: PolicyNote,
    /// What is said of the whole.
    pub head: Line,
    /// The lines; the first part is the answer in forms that have one.
    pub parts: Vec<Part>,
    /// What must be known.
    pub notes: Vec<String>,
}

impl From<Told> for Value {
    fn from(told: Told) -> Self {
        match (told.number(), told.reason()) {
            (Some(number), _) => Self::Whole(number),
            (None, reason) => reason.map_or(Self::Nothing, Self::Hidden),
        }
    }
}

impl From<Option<f64>> for Value {
    fn from(number: Option<f64>) -> Self {
        number.map_or(Self::Nothing, Self::Real)
    }
}

impl From<&str> for Value {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl Serialize for Value {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Nothing | Self::Hidden(_) => serializer.serialize_none(),
            Self::Text(text) => text.serialize(serializer),
            Self::Whole(number) => number.serialize(serializer),
            Self::Real(number) => number.serialize(serializer),
            Self::Flag(flag) => flag.serialize(serializer),
            Self::Texts(texts) => texts.serialize(serializer),
            Self::Named(named) => {
                serializer.collect_map(named.iter().map(|(name, text)| (name.as_str(), text)))
            }
            Self::Shares(shares) => serializer.collect_map(
                shares.iter().map(|(name, Interval { value, lo, hi })| (*name, Limits { value, lo, hi })),
            ),
        }
    }
}

/// A share, as an object.
#[derive(serde::Serialize)]
struct Limits<'a> {
    value: &'a f64,
    lo: &'a f64,
    hi: &'a f64,
}

/// One line as an object: what is hidden is null, and `hidden` says why.
#[derive(Debug)]
pub struct Object<'a>(pub &'a Line);

impl Serialize for Object<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        let mut hidden: Vec<(&str, &str)> = Vec::new();
        for (name, value) in self.0 {
            map.serialize_entry(name, value)?;
            if let Value::Hidden(why) = value {
                hidden.push((name, why));
            }
        }
        if !hidden.is_empty() {
            map.serialize_entry("hidden", &Reasons(&hidden))?;
        }
        map.end()
    }
}

/// Why what is not shown.
struct Reasons<'a>(&'a [(&'a str, &'a str)]);

impl Serialize for Reasons<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.0.iter().copied())
    }
}

impl Serialize for Published {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("schema", self.schema)?;
        map.serialize_entry("policy", &self.policy)?;
        self.head.iter().try_for_each(|(name, value)| map.serialize_entry(name, value))?;
        for Part { name, lines } in &self.parts {
            map.serialize_entry(name, &lines.iter().map(Object).collect::<Vec<_>>())?;
        }
        map.serialize_entry("notes", &self.notes)?;
        map.end()
    }
}
