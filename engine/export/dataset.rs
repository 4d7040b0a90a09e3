//! A reading as a data set: its tables, and what must be known to use them.
//!
//! Readings come as what the boundary shows of them, so that nothing stands in a data set that an answer under the
//! same policy would not tell. The same reading makes the same data set, and each form of it has the same bytes.

use std::collections::BTreeSet;

use event::{Dimension, Time};
use projections::catalog;
use projections::disclosure::{Face, Policy, PolicyNote, Shown, Undisclosed};
use projections::methods::METHODS;
use serde::Serialize;

use super::flat::Flat;
use super::metadata::{MeasureNote, Metadata, TableNote};
use super::shape::{Exported, OUTCOMES, Shape};
use super::table::{Cell, Table};
use super::tree::Node;
use crate::replay;

/// Tables that belong together, and what must be known of them.
#[derive(Debug, Clone, PartialEq)]
pub struct Dataset {
    /// The tables; the first is meant where only one can be.
    pub tables: Vec<Table>,
    /// What must be known of them.
    pub metadata: Metadata,
    /// The instant as of which it was read.
    pub until: Option<Time>,
}

/// What a reading does not tell of itself.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct About {
    /// The commitment of the log at the position of the reading: it binds the log, and tells nothing of it.
    pub commitment: Option<String>,
}

/// What is told of the whole in metadata, not in the table of one row.
const OF_METADATA: [&str; 6] = ["schema", "position", "parameters", "where", "until", "notes"];

/// A reading as a tree.
enum Read {
    /// All of it.
    Whole(Node),
    /// What a policy that hides leaves of it: fewer columns, of which it says itself which they are.
    Left(Node),
}

impl Dataset {
    /// The data set of what may be shown of a reading.
    #[must_use]
    pub fn of<T: Exported>(shown: &Shown<T>, about: &About) -> Self {
        let read = match shown.face() {
            Face::Whole(reading) => Read::Whole(Node::of(reading)),
            Face::Published(published) => Read::Left(Node::published(published)),
        };
        Self::made(&T::SHAPE, read, shown.note(), about)
    }

    /// The data set of consultations one by one, which only the policy that hides nothing shows.
    ///
    /// # Errors
    /// Under any other policy.
    pub fn outcomes(table: &replay::Table, policy: Policy, about: &About) -> Result<Self, Undisclosed> {
        if policy != Policy::Internal {
            return Err(Undisclosed::NoForm {
                what: "a table of outcomes",
                policy,
                why: "it tells of consultations one by one",
                instead: "ask --policy internal, for use inside",
            });
        }
        let list = |nodes: Vec<Node>| Node::List(nodes);
        let members = [
            ("position", Node::of(&table.position.0)),
            ("parameters", Node::of(&table.parameters)),
            ("rows", list(table.rows.iter().map(|row| with_all_levels(Node::of(row))).collect())),
            ("open", list(table.open.iter().map(|open| with_all_levels(Node::of(open))).collect())),
        ];
        let node = Node::Named(members.map(|(name, node)| (name.to_owned(), node)).to_vec());
        Ok(Self::made(&OUTCOMES, Read::Whole(node), PolicyNote::of(policy), about))
    }

    fn made(shape: &Shape, read: Read, policy: PolicyNote, about: &About) -> Self {
        let (Read::Whole(node) | Read::Left(node)) = &read;
        let until = node.member("parameters").and_then(|node| node.member("until")).or(node.member("until"));
        let until = until.and_then(Node::text).and_then(|text| text.parse().ok());
        let (tables, answer) = tables(shape, read);
        let mut metadata = Metadata::new(shape, answer, policy);
        metadata.commitment = about.commitment.clone();
        metadata.measures = measures(&tables);
        metadata.methods = METHODS.iter().filter(|one| is_named(&tables, "method", one.name)).collect();
        metadata.tables = tables.iter().map(TableNote::of).collect();
        Self { tables, metadata, until }
    }

    /// The same with one of its tables alone; none: it has none of that name.
    #[must_use]
    pub fn only(mut self, name: &str) -> Option<Self> {
        self.tables.retain(|table| table.name == name);
        self.metadata.tables.retain(|table| table.name == name);
        (!self.tables.is_empty()).then_some(self)
    }

    /// The metadata as a JSON document of its own, to lie beside a form that holds none.
    ///
    /// # Errors
    /// When it is no JSON.
    pub fn metadata_document(&self) -> serde_json::Result<Vec<u8>> {
        document(&self.metadata)
    }
}

pub(super) fn document(value: &impl Serialize) -> serde_json::Result<Vec<u8>> {
    let mut bytes = serde_json::to_vec_pretty(value)?;
    bytes.push(b'\n');
    Ok(bytes)
}

/// Every dimension that anybody may record, so that each has a column.
fn with_all_levels(node: Node) -> Node {
    let mut members = node.members();
    if let Some((_, Node::Named(levels))) = members.iter_mut().find(|(name, _)| name == "context") {
        let known = std::mem::take(levels);
        let level = |dimension: Dimension| {
            let told = known.iter().find(|(name, _)| name == dimension.name());
            (dimension.name().to_owned(), told.map_or(Node::Nothing, |(_, level)| level.clone()))
        };
        *levels = Dimension::ALL.map(level).to_vec();
    }
    Node::Named(members)
}

/// The lists of a reading as tables, and what it says of the whole.
fn tables(shape: &Shape, read: Read) -> (Vec<Table>, Vec<(String, Node)>) {
    let is_whole = matches!(read, Read::Whole(_));
    let (Read::Whole(node) | Read::Left(node)) = read;
    let is_list = |node: &Node| match node {
        Node::List(nodes) => nodes.iter().any(|node| matches!(node, Node::Named(_))),
        _ => false,
    };
    let is_table = |name: &str, node: &Node| {
        matches!(node, Node::List(_)) && shape.tables.iter().any(|one| one.member == name) || is_list(node)
    };
    let (lists, head): (Vec<_>, Vec<_>) =
        node.members().into_iter().partition(|(name, node)| is_table(name, node) && name != "notes");
    let called = |list: &str| shape.name(list);
    let mut flat = Flat::new(&called);
    for known in shape.tables.iter().filter(|known| !known.columns.is_empty()) {
        let has_rows = lists.iter().any(|(name, node)| name == known.member && is_list(node));
        let columns = if is_whole || !has_rows { known.columns } else { &[] };
        let is_there = is_whole || lists.iter().any(|(name, _)| name == known.member);
        if is_there || shape.whole == Some(known.name) {
            flat.begin(known.name, columns);
        }
    }
    if let Some(whole) = shape.whole {
        let of_table = head.iter().filter(|(name, _)| !OF_METADATA.contains(&name.as_str()));
        flat.whole(whole, of_table.cloned().collect());
    }
    for (name, node) in lists {
        let Node::List(nodes) = node else { continue };
        nodes.into_iter().for_each(|node| flat.row(&name, node.members()));
    }
    let answer =
        head.into_iter().filter(|(name, _)| shape.whole.is_none() || OF_METADATA.contains(&name.as_str()));
    let answer = answer.collect();
    let tables = flat.tables(|name| shape.titled(name));
    // What nothing was told of, and nobody counts on, is no table.
    (tables.into_iter().filter(|table| !table.columns.is_empty()).collect(), answer)
}

/// Whether a column of that name, or one whose name ends in it, says `word` anywhere.
fn is_named(tables: &[Table], end: &str, word: &str) -> bool {
    tables.iter().any(|table| {
        let columns = (0..table.columns.len()).filter(|column| {
            let name = &table.columns[*column].name;
            name.strip_suffix(end).is_some_and(|before| before.is_empty() || before.ends_with('_'))
        });
        let columns: Vec<usize> = columns.collect();
        let says = |cell: &Cell| matches!(cell, Cell::Text(text) if text == word);
        table.rows.iter().any(|row| columns.iter().any(|column| says(&row[*column])))
    })
}

/// The definitions of the measures that are told of.
fn measures(tables: &[Table]) -> Vec<MeasureNote> {
    let of_table = |table: &Table| -> Vec<String> {
        let Some(column) = table.column("measure") else { return Vec::new() };
        table.rows.iter().map(|row| row[column].to_string()).collect()
    };
    let named: BTreeSet<String> = tables.iter().flat_map(of_table).collect();
    let told = catalog::MEASURES.into_iter().filter(|measure| named.contains(measure.name));
    told.map(MeasureNote::of).collect()
}
