//! The mapping: which column is what, read from TOML and checked before any row is.

use std::collections::BTreeMap;

use event::{Declaration, Kind, KindSet, Sides};
use serde::Deserialize;

use super::field;
use super::moment::Clock;
use crate::declare;
use crate::text::{check_named, quoted};
use crate::{Feed, FeedError, Settings};

/// Which column is what.
pub(super) struct Mapping {
    /// The source of every event that names none.
    pub(super) source: String,
    /// The byte between cells; sniffed when absent.
    pub(super) delimiter: Option<u8>,
    /// How times are read.
    pub(super) clock: Clock,
    /// Their values to ours, by field.
    pub(super) values: BTreeMap<&'static str, BTreeMap<String, String>>,
    /// What one row may tell; none when the header is to carry our own names.
    pub(super) events: Vec<Template>,
    observes: Option<KindSet>,
    sides: Option<Sides>,
    drop_delay_ms: Option<u32>,
}

/// One event that a row may tell.
pub(super) struct Template {
    /// Its kind, unless a cell tells it.
    pub(super) kind: Option<Kind>,
    /// Where its fields are from.
    pub(super) fields: BTreeMap<&'static str, Origin>,
    /// When the row tells it.
    pub(super) when: Option<Condition>,
    /// What is put behind the id of the row, so that its events are several.
    pub(super) suffix: String,
}

/// Where a field is from.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(untagged)]
pub(super) enum Origin {
    /// A column.
    Column(String),
    /// Columns joined by a space.
    Columns(Vec<String>),
    /// The same for every row.
    Constant {
        /// The text.
        value: String,
    },
}

/// A condition on one cell.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Condition {
    /// The column.
    pub(super) column: String,
    /// The texts it may have.
    pub(super) is: Vec<String>,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Document {
    source: Option<String>,
    delimiter: Option<String>,
    zone: Option<String>,
    time_format: Option<String>,
    sides: Option<Sides>,
    drop_delay_ms: Option<u32>,
    observes: Option<Vec<String>>,
    columns: BTreeMap<String, Origin>,
    values: BTreeMap<String, BTreeMap<String, String>>,
    event: Vec<Table>,
}

#[derive(Deserialize)]
struct Table {
    kind: String,
    when: Option<Condition>,
    #[serde(flatten)]
    columns: BTreeMap<String, Origin>,
}

impl Mapping {
    /// The mapping that the settings give, or that of our own names.
    pub(super) fn of(settings: &Settings) -> Result<Self, FeedError> {
        let text = settings.mapping.as_deref().unwrap_or_default();
        let document: Document =
            toml::from_str(text).map_err(|error| FeedError::Mapping(error.to_string()))?;
        let source =
            settings.source.clone().or(document.source).unwrap_or_else(|| "urn:evenfield:csv".to_owned());
        check_named(&source, &"source", String::new).map_err(|refusal| FeedError::Mapping(refusal.reason))?;
        let events = events(&document.columns, document.event)?;
        if settings.mapping.is_some() && events.is_empty() {
            return Err(wrong(
                "it names no column; write [columns] with consultation, kind and at, or [[event]] tables",
            ));
        }
        Ok(Self {
            source,
            delimiter: document.delimiter.as_deref().map(delimiter).transpose()?,
            clock: Clock::new(document.zone.as_deref(), document.time_format)?,
            values: values(document.values)?,
            events,
            observes: document.observes.as_deref().map(kinds).transpose()?,
            sides: document.sides,
            drop_delay_ms: document.drop_delay_ms,
        })
    }

    /// What files under this mapping can tell; `None` where any kind may come and none was named, so that
    /// a kind that never came is not taken for one that never happened.
    pub(super) fn declaration(&self) -> Option<Declaration> {
        let observed = self.observes.or_else(|| self.producible())?;
        let told = declare::declaration(super::Csv.name(), observed, KindSet::NONE);
        let platform = self.events.iter().find_map(|template| match template.fields.get("platform") {
            Some(Origin::Constant { value }) => Some(value.clone()),
            _ => None,
        });
        Some(Declaration { platform, sides: self.sides, drop_delay_ms: self.drop_delay_ms, ..told })
    }

    /// The kinds that rows can become, where that is known.
    pub(super) fn producible(&self) -> Option<KindSet> {
        if self.events.is_empty() {
            return None;
        }
        let mut kinds = KindSet::NONE;
        for template in &self.events {
            let of_values = || {
                self.values.get("kind").map(|values| values.values().filter_map(|name| Kind::from_name(name)))
            };
            match template.kind {
                Some(kind) => kinds = kinds.with(kind),
                None => kinds = of_values()?.fold(kinds, KindSet::with),
            }
        }
        Some(kinds)
    }

    /// What `text` in `field` stands for; the text itself where no value is mapped.
    pub(super) fn translate<'a>(&'a self, field: &str, text: &'a str) -> Translated<'a> {
        let Some(values) = self.values.get(field) else { return Translated::AsWritten(text) };
        let exact = values.get(text);
        let folded =
            || values.iter().find(|(theirs, _)| theirs.eq_ignore_ascii_case(text)).map(|(_, ours)| ours);
        match exact.or_else(folded) {
            Some(ours) => Translated::Mapped(ours),
            None => Translated::AsWritten(text),
        }
    }
}

/// What a value stands for.
#[derive(Clone, Copy)]
pub(super) enum Translated<'a> {
    /// The mapping says so.
    Mapped(&'a str),
    /// The mapping says nothing of it.
    AsWritten(&'a str),
}

fn wrong(reason: impl Into<String>) -> FeedError {
    FeedError::Mapping(reason.into())
}

fn events(columns: &BTreeMap<String, Origin>, tables: Vec<Table>) -> Result<Vec<Template>, FeedError> {
    let common = fields(columns, "columns")?;
    if tables.is_empty() {
        if common.is_empty() {
            return Ok(Vec::new());
        }
        return Ok(vec![template(None, common, None, String::new())?]);
    }
    if common.contains_key("kind") {
        return Err(wrong("columns.kind and [[event]] tables exclude each other; leave one of them out"));
    }
    let mut events = Vec::new();
    for table in tables {
        let kind = kind(&table.kind)?;
        let mut all = common.clone();
        all.extend(fields(&table.columns, "event")?);
        let same = events.iter().filter(|known: &&Template| known.kind == Some(kind)).count();
        let suffix = if same == 0 { format!("/{kind}") } else { format!("/{kind}/{}", same + 1) };
        events.push(template(Some(kind), all, table.when, suffix)?);
    }
    Ok(events)
}

fn template(
    kind: Option<Kind>,
    fields: BTreeMap<&'static str, Origin>,
    when: Option<Condition>,
    suffix: String,
) -> Result<Template, FeedError> {
    for needed in ["consultation", "at", "kind"] {
        let is_named = fields.contains_key(needed) || needed == "kind" && kind.is_some();
        if !is_named {
            return Err(wrong(format!("no column is named for {needed}; write {needed} = \"their column\"")));
        }
    }
    Ok(Template { kind, fields, when, suffix })
}

fn fields(
    columns: &BTreeMap<String, Origin>,
    table: &str,
) -> Result<BTreeMap<&'static str, Origin>, FeedError> {
    let known = |name: &String| {
        field::named(name).ok_or_else(|| {
            wrong(format!("{table}.{name} is no field of an event; use one of {}", field::all()))
        })
    };
    columns.iter().map(|(name, origin)| Ok((known(name)?, origin.clone()))).collect()
}

fn values(
    document: BTreeMap<String, BTreeMap<String, String>>,
) -> Result<BTreeMap<&'static str, BTreeMap<String, String>>, FeedError> {
    if let Some(values) = document.get("kind") {
        values.values().filter(|name| !name.is_empty()).try_for_each(|name| kind(name).map(drop))?;
    }
    let known = |name: &String| {
        field::named(name).ok_or_else(|| {
            wrong(format!("values.{name} is no field of an event; use one of {}", field::all()))
        })
    };
    document.into_iter().map(|(name, values)| Ok((known(&name)?, values))).collect()
}

/// The kind of that name.
fn kind(name: &str) -> Result<Kind, FeedError> {
    Kind::from_name(name).filter(|kind| *kind != Kind::RecordingDeclared).ok_or_else(|| {
        wrong(format!("{} is no kind that a row can tell; use one of {}", quoted(name), kind_names()))
    })
}

fn kinds(names: &[String]) -> Result<KindSet, FeedError> {
    names.iter().try_fold(KindSet::NONE, |set, name| Ok(set.with(kind(name)?)))
}

/// Every kind that a row can tell, for a message.
pub(super) fn kind_names() -> String {
    let told = Kind::ALL.into_iter().filter(|kind| !matches!(kind, Kind::RecordingDeclared | Kind::Unknown));
    told.map(Kind::name).collect::<Vec<_>>().join(", ")
}

fn delimiter(text: &str) -> Result<u8, FeedError> {
    match text.as_bytes() {
        [byte] if byte.is_ascii() && !matches!(byte, b'"' | b'\n' | b'\r') => Ok(*byte),
        _ => Err(wrong(format!(
            "delimiter is {}; write one character, such as \";\" or \"\\t\"",
            quoted(text)
        ))),
    }
}
