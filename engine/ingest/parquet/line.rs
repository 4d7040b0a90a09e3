//! A row as a line of the native form.
//!
//! Nothing is judged here. What a row tells stands in the line as it is, also where that is wrong: whoever reads the
//! line says so, names the place, and keeps the line to be mended.

use std::collections::BTreeMap;

use event::{Dimension, Shape, Time};
use feeds::cloudevents::Object;
use serde::Deserialize;
use serde_json::value::RawValue;

use crate::export::parquet::rows::{Row, Value};

/// What a row of an export tells, column by column; nothing where it tells nothing, or something of another type.
pub trait Told {
    /// A text, as bytes.
    fn text(&self, column: &str) -> Option<&[u8]>;
    /// A whole number, or an instant in ms since 1970.
    fn whole(&self, column: &str) -> Option<i64>;
    /// A number.
    fn real(&self, column: &str) -> Option<f64>;
    /// Yes or no.
    fn flag(&self, column: &str) -> Option<bool>;
}

impl Told for Row<'_> {
    fn text(&self, column: &str) -> Option<&[u8]> {
        match self.get(column) {
            Some(Value::Text(text)) => Some(text.data()),
            _ => None,
        }
    }

    fn whole(&self, column: &str) -> Option<i64> {
        match self.get(column) {
            Some(Value::Whole(number)) => Some(*number),
            _ => None,
        }
    }

    fn real(&self, column: &str) -> Option<f64> {
        match self.get(column) {
            Some(Value::Real(number)) => Some(*number),
            _ => None,
        }
    }

    fn flag(&self, column: &str) -> Option<bool> {
        match self.get(column) {
            Some(Value::Flag(flag)) => Some(*flag),
            _ => None,
        }
    }
}

/// Columns whose text is a member of the data, and the name of that member, in the order of an export.
const TEXTS: [(&str, &str); 8] = [
    ("cancelled_by", "by"),
    ("reason", "reason"),
    ("direction", "direction"),
    ("topic", "topic"),
    ("converted_to", "to"),
    ("stage", "stage"),
    ("instrument", "instrument"),
    ("answer", "answer"),
];

/// What the vocabulary does not name, as an export keeps it.
#[derive(Default, Deserialize)]
struct Unnamed {
    attributes: BTreeMap<String, Box<RawValue>>,
    data: BTreeMap<String, Box<RawValue>>,
}

/// Appends the line of a row.
pub(super) fn write(row: &impl Told, into: &mut Vec<u8>) {
    let mut out = Object { into };
    out.into.extend_from_slice(b"{\"specversion\":\"1.0\"");
    put(&mut out, "id", row.text("id"));
    put(&mut out, "source", row.text("source"));
    if let (Some(kind), Some(version)) = (row.text("kind"), row.whole("version")) {
        let kind = String::from_utf8_lossy(kind);
        out.text("type", &format!("evenfield.consultation.{kind}.v{version}"));
    }
    put(&mut out, "subject", row.text("consultation"));
    put_time(&mut out, "time", row.whole("at"));
    let unnamed = parsed::<Unnamed>(row.text("extra"));
    let declaration = parsed::<BTreeMap<String, Box<RawValue>>>(row.text("declaration"));
    match (unnamed, declaration) {
        (Ok(unnamed), Ok(declaration)) => {
            for (name, value) in &unnamed.attributes {
                out.member(name, value.get());
            }
            out.key("data");
            out.into.push(b'{');
            data(row, &unnamed.data, &declaration, &mut out);
            out.into.push(b'}');
        }
        // No object, which the data must be.
        (Err(broken), _) | (_, Err(broken)) => out.text("data", &broken),
    }
    out.into.extend_from_slice(b"}\n");
}

fn data(
    row: &impl Told,
    unnamed: &BTreeMap<String, Box<RawValue>>,
    declaration: &BTreeMap<String, Box<RawValue>>,
    out: &mut Object<'_>,
) {
    put(out, "participant", row.text("participant"));
    // A role that is not known is kept as it was told.
    if !unnamed.contains_key("role") {
        put(out, "role", row.text("role"));
    }
    put_time(out, "booked_start", row.whole("booked_start"));
    let tells_context = row.flag("context_told") == Some(true);
    if tells_context {
        context(row, unnamed.get("context").map(|context| context.get()), out);
    }
    for (column, name) in TEXTS {
        put(out, name, row.text(column));
    }
    for name in ["scale", "value"] {
        if let Some(number) = row.whole(name) {
            out.member(name, &number.to_string());
        }
    }
    match parsed::<Option<Box<RawValue>>>(row.text("answers")) {
        Ok(Some(answers)) => out.member("answers", answers.get()),
        Ok(None) => {}
        Err(broken) => out.text("answers", &broken),
    }
    if let Some(score) = row.real("score") {
        out.member("score", &format!("{score:e}"));
    }
    for (name, value) in declaration.iter().chain(unnamed) {
        if name != "context" || !tells_context {
            out.member(name, value.get());
        }
    }
}

/// The context, with the members that the vocabulary does not name at its end.
fn context(row: &impl Told, unnamed: Option<&str>, out: &mut Object<'_>) {
    out.key("context");
    out.into.push(b'{');
    for dimension in Dimension::ALL {
        let Some(level) = row.text(dimension.name()) else { continue };
        match std::str::from_utf8(level) {
            Ok(level) if dimension.shape() != Shape::Text && dimension.accepts(level) => {
                out.member(dimension.name(), level);
            }
            _ => put(out, dimension.name(), Some(level)),
        }
    }
    let unnamed: Option<BTreeMap<String, Box<RawValue>>> =
        unnamed.and_then(|unnamed| serde_json::from_str(unnamed).ok());
    for (name, value) in unnamed.iter().flatten() {
        out.member(name, value.get());
    }
    out.into.push(b'}');
}

/// What a text holds as JSON, its default where there is none; else the text.
fn parsed<T: Default + for<'de> Deserialize<'de>>(text: Option<&[u8]>) -> Result<T, String> {
    let Some(text) = text else { return Ok(T::default()) };
    serde_json::from_slice(text).map_err(|_| String::from_utf8_lossy(text).into_owned())
}

/// A text, if there is one; bytes that are none stay so, and whoever reads the line says where they are.
fn put(out: &mut Object<'_>, name: &str, text: Option<&[u8]>) {
    let Some(text) = text else { return };
    match std::str::from_utf8(text) {
        Ok(text) => out.text(name, text),
        Err(_) => {
            out.key(name);
            out.into.extend_from_slice(b"\"\xff\"");
        }
    }
}

/// An instant; a number that is none stays a number.
fn put_time(out: &mut Object<'_>, name: &str, value: Option<i64>) {
    let Some(ms) = value else { return };
    let time = Time::from_ms(ms);
    if time.ms() == ms { out.text(name, &time.to_string()) } else { out.member(name, &ms.to_string()) }
}
