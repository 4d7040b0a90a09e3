//! What must be known to use a data set: what it is, what was asked, what was hidden, and what its columns say.
//!
//! It stands in the forms that have a place for it and beside those that have none. It says nothing of when it was
//! written, so that the same answer has the same bytes. Under which licence it is published, the publisher says.

use projections::disclosure::PolicyNote;
use projections::measure::Measure;
use projections::methods::Method;
use serde::Serialize;

use super::shape::Shape;
use super::table::{Table, marks};
use super::tree::Node;

/// What must be known of a data set.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Metadata {
    /// Name and version of this form.
    pub schema: &'static str,
    /// What the data set is called.
    pub name: &'static str,
    /// Its title.
    pub title: &'static str,
    /// What it is.
    pub what: &'static str,
    /// What made it.
    pub program: Program,
    /// Under which policy it was shown.
    pub policy: PolicyNote,
    /// The commitment of the log at the position of the answer.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub commitment: Option<String>,
    /// What the answer says of the whole: its form, position, parameters, and what was asked.
    answer: Node,
    /// What each mark says.
    pub marks: Vec<MarkNote>,
    /// The measures that it tells of.
    pub measures: Vec<MeasureNote>,
    /// The estimators that it names, each with its source.
    pub methods: Vec<&'static Method>,
    /// Its tables, with what their columns say.
    pub tables: Vec<TableNote>,
    /// What must be known besides.
    pub notes: Vec<String>,
    /// For the publisher to say.
    pub licence: Option<&'static str>,
}

/// What made a data set.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Program {
    /// Its name.
    pub name: &'static str,
    /// Its version.
    pub version: &'static str,
}

/// A mark.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct MarkNote {
    /// How it is written.
    pub mark: &'static str,
    /// What it says.
    pub means: &'static str,
}

/// A measure.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct MeasureNote {
    /// Its name.
    pub name: &'static str,
    /// Its name for people.
    pub title: &'static str,
    /// What it is a share of, or over.
    pub of: &'static str,
    /// How a consultation counts.
    pub definition: &'static str,
}

/// A table.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct TableNote {
    /// Its name.
    pub name: String,
    /// Its title.
    pub title: String,
    /// What a row is.
    pub subtitle: String,
    /// How many rows it has.
    pub rows: usize,
    /// Its columns.
    pub columns: Vec<ColumnNote>,
}

/// A column.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ColumnNote {
    /// Its name.
    pub name: String,
    /// Its name for people.
    pub title: String,
    /// What its cells are.
    pub kind: &'static str,
    /// In what its numbers are.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub unit: Option<&'static str>,
    /// What they say.
    pub means: String,
}

impl Metadata {
    pub(super) fn new(shape: &Shape, answer: Vec<(String, Node)>, policy: PolicyNote) -> Self {
        let (notes, answer): (Vec<_>, Vec<_>) = answer.into_iter().partition(|(name, _)| name == "notes");
        let notes = notes.into_iter().flat_map(|(_, node)| match node {
            Node::List(notes) => notes,
            _ => Vec::new(),
        });
        Self {
            schema: "evenfield.dataset/1",
            name: shape.name,
            title: shape.title,
            what: shape.what,
            program: Program { name: "evenfield", version: env!("CARGO_PKG_VERSION") },
            policy,
            commitment: None,
            answer: Node::Named(answer),
            marks: marks().into_iter().map(|(mark, means)| MarkNote { mark, means }).collect(),
            measures: Vec::new(),
            methods: Vec::new(),
            tables: Vec::new(),
            notes: notes.filter_map(|note| note.text().map(str::to_owned)).collect(),
            licence: None,
        }
    }

    /// What the answer says of the whole, by name, as words.
    #[must_use]
    pub fn answer(&self) -> Vec<(String, String)> {
        let Node::Named(members) = &self.answer else { return Vec::new() };
        let mut lines = Vec::new();
        members.iter().for_each(|(name, node)| said(name, node, &mut lines));
        lines
    }
}

fn said(name: &str, node: &Node, lines: &mut Vec<(String, String)>) {
    let text = match node {
        Node::Named(members) => {
            return members.iter().for_each(|(inner, node)| said(&format!("{name} {inner}"), node, lines));
        }
        Node::Nothing | Node::Hidden => return,
        Node::Flag(flag) => flag.to_string(),
        Node::Whole(number) => number.to_string(),
        Node::Number(number) => number.to_string(),
        Node::Text(text) => text.clone(),
        Node::List(nodes) | Node::Tuple(nodes) => {
            let texts: Vec<&str> = nodes.iter().filter_map(Node::text).collect();
            texts.join(", ")
        }
    };
    if !text.is_empty() {
        lines.push((name.replace('_', " "), text));
    }
}

impl MeasureNote {
    pub(super) fn of(measure: &'static Measure) -> Self {
        Self { name: measure.name, title: measure.title, of: measure.of, definition: measure.definition }
    }
}

impl TableNote {
    pub(super) fn of(table: &Table) -> Self {
        let columns = table.columns.iter().map(|column| ColumnNote {
            name: column.name.clone(),
            title: column.title.clone(),
            kind: column.kind.name(),
            unit: column.unit,
            means: column.means.clone(),
        });
        Self {
            name: table.name.clone(),
            title: table.title.clone(),
            subtitle: table.subtitle.clone(),
            rows: table.rows.len(),
            columns: columns.collect(),
        }
    }
}
