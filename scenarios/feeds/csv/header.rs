//! A mapping bound to the header of one file: every field knows its cells.

use std::collections::BTreeMap;

use super::field;
use super::mapping::{Condition, Mapping, Origin, Template};
use crate::FeedError;
use crate::text::{quoted, shown};
use event::{Dimension, Kind};

/// A mapping, and where its columns are in the file at hand.
pub(super) struct Header<'a> {
    pub(super) mapping: &'a Mapping,
    pub(super) names: Vec<String>,
    pub(super) events: Vec<Bound>,
}

/// One event that a row may tell, by the positions of its cells.
pub(super) struct Bound {
    pub(super) kind: Option<Kind>,
    pub(super) cells: BTreeMap<&'static str, Cells>,
    pub(super) when: Option<(usize, Vec<String>)>,
    /// What tells its id from those of the other events of the row.
    pub(super) suffix: String,
}

/// Where a field is.
pub(super) enum Cells {
    /// In these cells.
    At(Vec<usize>),
    /// The same in every row.
    Constant(String),
}

impl<'a> Header<'a> {
    /// Finds the columns of `mapping` among `names`.
    pub(super) fn bind(mapping: &'a Mapping, names: Vec<String>) -> Result<Self, FeedError> {
        let events = if mapping.events.is_empty() {
            vec![own_names(&names)?]
        } else {
            mapping.events.iter().map(|template| bound(template, &names)).collect::<Result<_, _>>()?
        };
        Ok(Self { mapping, names, events })
    }

    /// Whether it says where circumstances of the consultation are.
    pub(super) fn has_context(&self) -> bool {
        let dimensions = Dimension::ALL.map(Dimension::name);
        self.events.iter().any(|bound| dimensions.iter().any(|name| bound.cells.contains_key(name)))
    }

    /// Which columns are not read, where the header carries our own names.
    pub(super) fn unread(&self) -> Option<String> {
        if !self.mapping.events.is_empty() {
            return None;
        }
        let unread = self.names.iter().filter(|name| !name.is_empty() && own_name(name).is_none());
        let unread: Vec<String> = unread.map(|name| shown(&quoted(name))).collect();
        (!unread.is_empty())
            .then(|| format!("columns that are not read: {}; name them in a mapping", unread.join(", ")))
    }
}

/// The field that a column carries by its own name.
fn own_name(column: &str) -> Option<&'static str> {
    match column.to_ascii_lowercase().as_str() {
        "time" => Some("at"),
        "subject" => Some("consultation"),
        name => field::named(name),
    }
}

fn own_names(names: &[String]) -> Result<Bound, FeedError> {
    let mut cells = BTreeMap::new();
    for (at, name) in names.iter().enumerate() {
        let Some(field) = own_name(name) else { continue };
        if cells.insert(field, Cells::At(vec![at])).is_some() {
            return Err(FeedError::Mapping(format!(
                "two columns of the header name {field}; rename one of them"
            )));
        }
    }
    for needed in ["consultation", "kind", "at"] {
        if !cells.contains_key(needed) {
            return Err(FeedError::Mapping(format!(
                "there is none, and the header does not name {needed}: it has {}; give a mapping, or name the columns consultation, kind, at, ...",
                listed(names)
            )));
        }
    }
    Ok(Bound { kind: None, cells, when: None, suffix: String::new() })
}

fn bound(template: &Template, names: &[String]) -> Result<Bound, FeedError> {
    let mut cells = BTreeMap::new();
    for (field, origin) in &template.fields {
        cells.insert(
            *field,
            match origin {
                Origin::Column(name) => Cells::At(vec![position(name, names)?]),
                Origin::Columns(several) => {
                    Cells::At(several.iter().map(|name| position(name, names)).collect::<Result<_, _>>()?)
                }
                Origin::Constant { value } => Cells::Constant(value.clone()),
            },
        );
    }
    let when = |condition: &Condition| {
        Ok::<_, FeedError>((position(&condition.column, names)?, condition.is.clone()))
    };
    let when = template.when.as_ref().map(when).transpose()?;
    Ok(Bound { kind: template.kind, cells, when, suffix: template.suffix.clone() })
}

/// Where the column `name` is: exactly so written, or else but for capitals.
fn position(name: &str, names: &[String]) -> Result<usize, FeedError> {
    let name = name.trim();
    let found = |same: &dyn Fn(&str) -> bool| -> Vec<usize> {
        names.iter().enumerate().filter(|(_, known)| same(known)).map(|(at, _)| at).collect()
    };
    let mut places = found(&|known| known == name);
    if places.is_empty() {
        places = found(&|known| known.eq_ignore_ascii_case(name));
    }
    match places[..] {
        [place] => Ok(place),
        [] => {
            let name = quoted(name);
            Err(FeedError::Mapping(format!("the header has no column {name}; it has {}", listed(names))))
        }
        _ => Err(FeedError::Mapping(format!(
            "the header has several columns {}; rename all but one",
            quoted(name)
        ))),
    }
}

fn listed(names: &[String]) -> String {
    let shown_names = names.iter().take(40).map(|name| shown(&quoted(name)));
    shown_names.collect::<Vec<_>>().join(", ")
}
