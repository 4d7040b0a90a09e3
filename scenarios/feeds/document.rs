//! A JSON document of a vendor, and what stands at its places.
//!
//! Ids come as texts or numbers, absent values as `null`, empty texts or nothing at all, and times with
//! seven digits behind the second: all of that is the same to whoever asks here.

use event::Time;
use serde_json::Value;

use crate::Refusal;
use crate::text::{check, quoted, shown};

/// A value, and the JSON pointer to it.
#[derive(Debug, Clone)]
pub(crate) struct Document<'a> {
    value: &'a Value,
    place: String,
}

/// The document that `text` is.
pub(crate) fn parse(text: &[u8]) -> Result<Value, Refusal> {
    let value = serde_json::from_slice(text).map_err(|error| Refusal::whole(no_json(&error)))?;
    match value {
        Value::Object(_) => Ok(value),
        other => Err(Refusal::whole(format!("{} is no JSON object in braces", sort(&other)))),
    }
}

/// What is no JSON is mostly an example out of a documentation.
fn no_json(error: &serde_json::Error) -> String {
    format!(
        "it is no JSON: {error}, counted from its beginning; members are parted by one comma, with none \
         after the last, and there are no comments"
    )
}

/// What sort of value it is.
fn sort(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(true) => "true",
        Value::Bool(false) => "false",
        Value::Number(_) => "a number",
        Value::String(_) => "a text",
        Value::Array(_) => "a list",
        Value::Object(_) => "an object",
    }
}

impl<'a> Document<'a> {
    /// The whole of a document.
    pub(crate) fn new(value: &'a Value) -> Self {
        Self { value, place: String::new() }
    }

    /// The whole of it as JSON.
    pub(crate) fn json(&self) -> String {
        self.value.to_string()
    }

    /// Whatever `name` is.
    pub(crate) fn value(&self, name: &str) -> Option<&'a Value> {
        self.value.get(name)
    }

    /// The object `name`, if it is one.
    pub(crate) fn object(&self, name: &str) -> Option<Self> {
        let value = self.value.get(name).filter(|value| value.is_object())?;
        Some(Self { value, place: self.place(name) })
    }

    /// The elements of the array `name`, if it is one.
    pub(crate) fn list(&self, name: &str) -> Option<Vec<Self>> {
        let list = self.value.get(name)?.as_array()?.iter().enumerate();
        Some(list.map(|(at, value)| Self { value, place: format!("{}/{at}", self.place(name)) }).collect())
    }

    /// The texts among the elements of the array `name`.
    pub(crate) fn texts(&self, name: &str) -> impl Iterator<Item = &'a str> {
        self.value.get(name).and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str)
    }

    /// Whether any of its members is true.
    pub(crate) fn has_true(&self) -> bool {
        self.value.as_object().is_some_and(|told| told.values().any(|value| value == &Value::Bool(true)))
    }

    /// Whether there is something called `name`.
    pub(crate) fn has(&self, name: &str) -> bool {
        self.value.get(name).is_some_and(|value| !value.is_null())
    }

    /// The text `name`, unless it is empty.
    pub(crate) fn text(&self, name: &str) -> Option<&'a str> {
        self.value.get(name)?.as_str().map(str::trim).filter(|text| !text.is_empty())
    }

    /// The number `name`.
    pub(crate) fn number(&self, name: &str) -> Option<f64> {
        self.value.get(name)?.as_f64()
    }

    /// Yes or no, as `name` says.
    pub(crate) fn flag(&self, name: &str) -> Option<bool> {
        self.value.get(name)?.as_bool()
    }

    /// The name of something: a text that is not empty, or a number.
    pub(crate) fn name(&self, name: &str) -> Result<Option<String>, Refusal> {
        let text = match self.value.get(name) {
            Some(Value::Number(number)) => number.to_string(),
            Some(Value::String(text)) if !text.is_empty() => text.clone(),
            Some(Value::String(_) | Value::Null) | None => return Ok(None),
            Some(other) => {
                // What it holds is not shown: it may name a person.
                let (place, sort) = (self.place(name), sort(other));
                let reason = format!("{place} is {sort}; it should be a text or a number");
                return Err(Refusal::at(place, reason));
            }
        };
        check(&text, &self.place(name), || self.place(name))?;
        Ok(Some(text))
    }

    /// The name of something that has to be there.
    pub(crate) fn required_name(&self, name: &str, why: &str) -> Result<String, Refusal> {
        self.name(name)?.ok_or_else(|| self.missing(name, why))
    }

    /// The time `name`, if it is there.
    pub(crate) fn time(&self, name: &str) -> Result<Option<Time>, Refusal> {
        if !self.has(name) || self.value.get(name).and_then(Value::as_str) == Some("") {
            return Ok(None);
        }
        let want = "a time such as \"2022-03-01T10:15:14Z\"";
        let text = self.text(name).ok_or_else(|| self.wrong(name, want))?;
        text.parse().map(Some).map_err(|_| self.wrong(name, want))
    }

    /// The refusal of something that is not there.
    pub(crate) fn missing(&self, name: &str, why: &str) -> Refusal {
        Refusal::at(self.place(name), format!("{} is missing; {why}", self.place(name)))
    }

    /// The refusal of something that is not what it should be.
    pub(crate) fn wrong(&self, name: &str, want: &str) -> Refusal {
        let value = self.value.get(name).map_or_else(|| quoted(""), Value::to_string);
        Refusal::at(
            self.place(name),
            format!("{} is {}; it should be {want}", self.place(name), shown(&value)),
        )
    }

    fn place(&self, name: &str) -> String {
        format!("{}/{name}", self.place)
    }
}
