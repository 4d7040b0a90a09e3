//! An answer as a tree of named values: the JSON contract before it becomes JSON.
//!
//! Data sets are made of what answers serialise, so that what is added to the contract is in the data sets as well.
//! The tree keeps the order of names, and tells counts from numbers and lists of a fixed length from others. It is
//! written and never read back.

use std::fmt::{self, Display};

use projections::disclosure::{Line, Published, Value};
use projections::stats::Interval;
use serde::ser::{self, Serialize, SerializeMap, Serializer};

/// A value.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Node {
    /// It is not there.
    Nothing,
    /// The policy does not show it.
    Hidden,
    Flag(bool),
    Whole(i64),
    Number(f64),
    Text(String),
    /// Values, as many as there are.
    List(Vec<Node>),
    /// Values, of which there are always as many.
    Tuple(Vec<Node>),
    /// Values by name.
    Named(Vec<(String, Node)>),
}

impl Node {
    /// What `value` serialises.
    pub(super) fn of(value: &impl Serialize) -> Self {
        // Nothing here fails but what has no form in JSON either.
        value.serialize(Tree).unwrap_or(Self::Nothing)
    }

    /// What a policy leaves of a reading.
    pub(super) fn published(published: &Published) -> Self {
        let mut members = vec![("schema".to_owned(), Self::Text(published.schema.to_owned()))];
        members.extend(line(&published.head));
        let parts = published.parts.iter().map(|part| {
            let lines = part.lines.iter().map(|one| Self::Named(line(one))).collect();
            (part.name.to_owned(), Self::List(lines))
        });
        members.extend(parts);
        let notes = published.notes.iter().map(|note| Self::Text(note.clone())).collect();
        members.push(("notes".to_owned(), Self::List(notes)));
        Self::Named(members)
    }

    /// The values by name.
    pub(super) fn members(self) -> Vec<(String, Self)> {
        match self {
            Self::Named(members) => members,
            _ => Vec::new(),
        }
    }

    /// The value of that name.
    pub(super) fn member(&self, name: &str) -> Option<&Self> {
        match self {
            Self::Named(members) => members.iter().find(|(known, _)| known == name).map(|(_, node)| node),
            _ => None,
        }
    }

    /// Whether it is a number.
    pub(super) fn is_number(&self) -> bool {
        matches!(self, Self::Whole(_) | Self::Number(_))
    }

    /// The words, where it is words.
    pub(super) fn text(&self) -> Option<&str> {
        match self {
            Self::Text(text) => Some(text),
            _ => None,
        }
    }
}

fn line(line: &Line) -> Vec<(String, Node)> {
    line.iter().map(|(name, value)| ((*name).to_owned(), node(value))).collect()
}

fn node(value: &Value) -> Node {
    match value {
        Value::Nothing => Node::Nothing,
        Value::Hidden(_) => Node::Hidden,
        Value::Text(text) => Node::Text(text.clone()),
        Value::Whole(number) => whole(*number),
        Value::Real(real) => number(*real),
        Value::Flag(flag) => Node::Flag(*flag),
        Value::Texts(texts) => Node::List(texts.iter().cloned().map(Node::Text).collect()),
        Value::Named(named) => {
            let one = |(name, text): &(String, Option<String>)| {
                (name.clone(), text.clone().map_or(Node::Nothing, Node::Text))
            };
            Node::Named(named.iter().map(one).collect())
        }
        Value::Shares(shares) => {
            let limits = |Interval { value, lo, hi }: &Interval| {
                let named = [("value", value), ("lo", lo), ("hi", hi)];
                Node::Named(named.map(|(name, limit)| (name.to_owned(), number(*limit))).to_vec())
            };
            Node::Named(shares.iter().map(|(name, share)| ((*name).to_owned(), limits(share))).collect())
        }
    }
}

fn whole(number: u64) -> Node {
    i64::try_from(number).map_or(Node::Number(number as f64), Node::Whole)
}

/// A number; what is none, JSON does not know either.
fn number(number: f64) -> Node {
    if number.is_finite() { Node::Number(number) } else { Node::Nothing }
}

/// As JSON: what is hidden is null.
impl Serialize for Node {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Nothing | Self::Hidden => serializer.serialize_none(),
            Self::Flag(flag) => serializer.serialize_bool(*flag),
            Self::Whole(number) => serializer.serialize_i64(*number),
            Self::Number(number) => serializer.serialize_f64(*number),
            Self::Text(text) => serializer.serialize_str(text),
            Self::List(nodes) | Self::Tuple(nodes) => serializer.collect_seq(nodes),
            Self::Named(members) => {
                let mut map = serializer.serialize_map(Some(members.len()))?;
                members.iter().try_for_each(|(name, node)| map.serialize_entry(name, node))?;
                map.end()
            }
        }
    }
}

/// What makes the tree.
struct Tree;

/// Why there is no tree.
#[derive(Debug)]
struct NoTree;

impl Display for NoTree {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("no tree can be made of it")
    }
}

impl std::error::Error for NoTree {}

impl ser::Error for NoTree {
    fn custom<T: Display>(_: T) -> Self {
        Self
    }
}

/// A list, of any length or of a fixed one, or the content of a variant.
struct Items {
    nodes: Vec<Node>,
    end: fn(Vec<Node>) -> Node,
    variant: Option<&'static str>,
}

/// A structure or a map, or the content of a variant.
struct Members {
    members: Vec<(String, Node)>,
    key: String,
    variant: Option<&'static str>,
}

impl Items {
    fn new(end: fn(Vec<Node>) -> Node, variant: Option<&'static str>) -> Self {
        Self { nodes: Vec::new(), end, variant }
    }
}

impl Members {
    fn new(variant: Option<&'static str>) -> Self {
        Self { members: Vec::new(), key: String::new(), variant }
    }
}

fn under(variant: Option<&'static str>, node: Node) -> Node {
    match variant {
        Some(name) => Node::Named(vec![(name.to_owned(), node)]),
        None => node,
    }
}

macro_rules! wholes {
    ($($method:ident: $kind:ty),*) => {
        $(fn $method(self, number: $kind) -> Result<Node, NoTree> {
            Ok(Node::Whole(number.into()))
        })*
    };
}

impl Serializer for Tree {
    type Ok = Node;
    type Error = NoTree;
    type SerializeSeq = Items;
    type SerializeTuple = Items;
    type SerializeTupleStruct = Items;
    type SerializeTupleVariant = Items;
    type SerializeMap = Members;
    type SerializeStruct = Members;
    type SerializeStructVariant = Members;

    wholes!(serialize_i8: i8, serialize_i16: i16, serialize_i32: i32, serialize_i64: i64);
    wholes!(serialize_u8: u8, serialize_u16: u16, serialize_u32: u32);

    fn serialize_u64(self, number: u64) -> Result<Node, NoTree> {
        Ok(whole(number))
    }

    fn serialize_f32(self, real: f32) -> Result<Node, NoTree> {
        Ok(number(real.into()))
    }

    fn serialize_f64(self, real: f64) -> Result<Node, NoTree> {
        Ok(number(real))
    }

    fn serialize_bool(self, flag: bool) -> Result<Node, NoTree> {
        Ok(Node::Flag(flag))
    }

    fn serialize_char(self, letter: char) -> Result<Node, NoTree> {
        Ok(Node::Text(letter.to_string()))
    }

    fn serialize_str(self, text: &str) -> Result<Node, NoTree> {
        Ok(Node::Text(text.to_owned()))
    }

    fn serialize_bytes(self, bytes: &[u8]) -> Result<Node, NoTree> {
        Ok(Node::List(bytes.iter().map(|byte| Node::Whole((*byte).into())).collect()))
    }

    fn serialize_none(self) -> Result<Node, NoTree> {
        Ok(Node::Nothing)
    }

    fn serialize_some<T: Serialize + ?Sized>(self, value: &T) -> Result<Node, NoTree> {
        value.serialize(self)
    }

    fn serialize_unit(self) -> Result<Node, NoTree> {
        Ok(Node::Nothing)
    }

    fn serialize_unit_struct(self, _: &'static str) -> Result<Node, NoTree> {
        Ok(Node::Nothing)
    }

    fn serialize_unit_variant(self, _: &'static str, _: u32, name: &'static str) -> Result<Node, NoTree> {
        Ok(Node::Text(name.to_owned()))
    }

    fn serialize_newtype_struct<T: Serialize + ?Sized>(
        self,
        _: &'static str,
        value: &T,
    ) -> Result<Node, NoTree> {
        value.serialize(self)
    }

    fn serialize_newtype_variant<T: Serialize + ?Sized>(
        self,
        _: &'static str,
        _: u32,
        name: &'static str,
        value: &T,
    ) -> Result<Node, NoTree> {
        Ok(under(Some(name), value.serialize(self)?))
    }

    fn serialize_seq(self, _: Option<usize>) -> Result<Items, NoTree> {
        Ok(Items::new(Node::List, None))
    }

    fn serialize_tuple(self, _: usize) -> Result<Items, NoTree> {
        Ok(Items::new(Node::Tuple, None))
    }

    fn serialize_tuple_struct(self, _: &'static str, _: usize) -> Result<Items, NoTree> {
        Ok(Items::new(Node::Tuple, None))
    }

    fn serialize_tuple_variant(
        self,
        _: &'static str,
        _: u32,
        name: &'static str,
        _: usize,
    ) -> Result<Items, NoTree> {
        Ok(Items::new(Node::Tuple, Some(name)))
    }

    fn serialize_map(self, _: Option<usize>) -> Result<Members, NoTree> {
        Ok(Members::new(None))
    }

    fn serialize_struct(self, _: &'static str, _: usize) -> Result<Members, NoTree> {
        Ok(Members::new(None))
    }

    fn serialize_struct_variant(
        self,
        _: &'static str,
        _: u32,
        name: &'static str,
        _: usize,
    ) -> Result<Members, NoTree> {
        Ok(Members::new(Some(name)))
    }
}

macro_rules! items {
    ($($role:ident $method:ident),*) => {
        $(impl ser::$role for Items {
            type Ok = Node;
            type Error = NoTree;

            fn $method<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), NoTree> {
                self.nodes.push(value.serialize(Tree)?);
                Ok(())
            }

            fn end(self) -> Result<Node, NoTree> {
                Ok(under(self.variant, (self.end)(self.nodes)))
            }
        })*
    };
}

items!(SerializeSeq serialize_element, SerializeTuple serialize_element);
items!(SerializeTupleStruct serialize_field, SerializeTupleVariant serialize_field);

macro_rules! members {
    ($($role:ident),*) => {
        $(impl ser::$role for Members {
            type Ok = Node;
            type Error = NoTree;

            fn serialize_field<T: Serialize + ?Sized>(
                &mut self,
                name: &'static str,
                value: &T,
            ) -> Result<(), NoTree> {
                self.members.push((name.to_owned(), value.serialize(Tree)?));
                Ok(())
            }

            fn end(self) -> Result<Node, NoTree> {
                Ok(under(self.variant, Node::Named(self.members)))
            }
        })*
    };
}

members!(SerializeStruct, SerializeStructVariant);

impl SerializeMap for Members {
    type Ok = Node;
    type Error = NoTree;

    fn serialize_key<T: Serialize + ?Sized>(&mut self, key: &T) -> Result<(), NoTree> {
        self.key = match key.serialize(Tree)? {
            Node::Text(text) => text,
            Node::Whole(number) => number.to_string(),
            _ => return Err(NoTree),
        };
        Ok(())
    }

    fn serialize_value<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), NoTree> {
        let key = std::mem::take(&mut self.key);
        self.members.push((key, value.serialize(Tree)?));
        Ok(())
    }

    fn end(self) -> Result<Node, NoTree> {
        Ok(under(self.variant, Node::Named(self.members)))
    }
}
