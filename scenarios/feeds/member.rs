//! The members of one JSON object, taken one by one by name.
//!
//! Values stay as the text they are until somebody asks for them as a text, a number or an object, so
//! that what nobody asks for can be kept as it was written. A name that occurs twice is refused: which
//! of the two was meant cannot be told, and the usual "the last one wins" loses one in silence.

mod scan;

use std::borrow::Cow;
use std::fmt;
use std::str::FromStr;

use serde::de::{Deserialize, Deserializer, Error, IgnoredAny, MapAccess, Visitor};
use serde_json::value::RawValue;

use crate::Refusal;
use crate::text::{check, shown};

/// How many members an object may have.
const MEMBER_LIMIT: usize = 256;
/// How deeply a value that is kept may nest.
const DEEPEST: usize = 100;

/// The members of an object that nobody has taken yet.
pub(crate) struct Members<'a> {
    list: Vec<Member<'a>>,
    /// What messages call the object, with a dot behind it: "", "data.", "data.context.".
    within: &'static str,
}

struct Member<'a> {
    name: Cow<'a, str>,
    /// Its JSON text; empty once it is taken.
    value: &'a str,
    /// Its members, where it is an object that was taken apart on the way.
    inside: Option<Vec<Member<'a>>>,
}

impl<'a> Members<'a> {
    /// The members of the object `text`; `within` names it in messages.
    pub(crate) fn parse(text: &'a str, within: &'static str) -> Result<Self, Refusal> {
        if let Some(list) = scan::members(text) {
            return Ok(Self { list, within });
        }
        let list = serde_json::from_str::<List<'_>>(text).map_err(|error| {
            let told = error.to_string();
            let told = told.split(" at line ").next().unwrap_or_default();
            let (line, column) = (error.line(), error.column());
            let place = if line > 1 {
                format!("line {line} of it, column {column}")
            } else {
                format!("column {column}")
            };
            Refusal::whole(if error.is_data() {
                told.to_owned()
            } else {
                format!("it is no JSON: {told} ({place})")
            })
        })?;
        Ok(Self { list: list.0, within })
    }

    /// No members.
    pub(crate) fn none(within: &'static str) -> Self {
        Self { list: Vec::new(), within }
    }

    /// The text of the value of `name`, untaken.
    pub(crate) fn peek(&self, name: &str) -> Option<&'a str> {
        self.list
            .iter()
            .find(|member| member.name == name && !member.value.is_empty())
            .map(|member| member.value)
    }

    /// The text of the value of `name`; `null` counts as absent.
    pub(crate) fn raw(&mut self, name: &str) -> Option<&'a str> {
        self.take(name).map(|(value, _)| value)
    }

    /// The value of `name`, and its members where they are known.
    fn take(&mut self, name: &str) -> Option<(&'a str, Option<Vec<Member<'a>>>)> {
        let member = self.list.iter_mut().find(|member| member.name == name)?;
        let value = std::mem::take(&mut member.value);
        (!matches!(value, "" | "null")).then(|| (value, member.inside.take()))
    }

    /// The text `name`, if it is there.
    pub(crate) fn text(&mut self, name: &str) -> Result<Option<Cow<'a, str>>, Refusal> {
        self.raw(name).map(|value| self.as_text(name, value, "a text in quotes")).transpose()
    }

    /// The text `name`, which must be there and not be empty; `example` says what to write.
    pub(crate) fn required_text(&mut self, name: &str, example: &str) -> Result<Cow<'a, str>, Refusal> {
        let Some(text) = self.text(name)? else { return Err(self.missing(name, example)) };
        if text.is_empty() {
            Err(self.wrong(name, "\"\"", &format!("{example}, not an empty text")))
        } else {
            Ok(text)
        }
    }

    /// The value `name` that `T` reads from a text, if it is there.
    pub(crate) fn parsed<T: FromStr>(&mut self, name: &str, want: &str) -> Result<Option<T>, Refusal> {
        let Some(value) = self.raw(name) else { return Ok(None) };
        let text = self.as_text(name, value, want)?;
        text.parse().map(Some).map_err(|_| self.wrong(name, value, want))
    }

    /// The number `name`, if it is there.
    pub(crate) fn number<T: FromStr>(&mut self, name: &str, want: &str) -> Result<Option<T>, Refusal> {
        let Some(value) = self.raw(name) else { return Ok(None) };
        value.parse().map(Some).map_err(|_| self.wrong(name, value, want))
    }

    /// The members of the object `name`, if it is there; `within` names it in messages.
    pub(crate) fn object(
        &mut self,
        name: &str,
        within: &'static str,
    ) -> Result<Option<Members<'a>>, Refusal> {
        let Some((value, inside)) = self.take(name) else { return Ok(None) };
        if let Some(list) = inside {
            return Ok(Some(Members { list, within }));
        }
        if !value.starts_with('{') {
            return Err(self.wrong(name, value, "an object in braces"));
        }
        let members = Members::parse(value, within);
        members.map(Some).map_err(|refusal| Refusal { place: Some(self.place(name)), ..refusal })
    }

    /// All that is left, as texts, in the order in which they were written.
    pub(crate) fn rest(self) -> impl Iterator<Item = (Cow<'a, str>, &'a str)> {
        let left = self.list.into_iter().filter(|member| !member.value.is_empty());
        left.map(|member| (member.name, member.value))
    }

    /// `value` as a text that may be part of an event.
    pub(crate) fn as_text(&self, name: &str, value: &'a str, want: &str) -> Result<Cow<'a, str>, Refusal> {
        let Some(inner) = value.strip_prefix('"') else {
            // What a list or an object holds is not shown: it may name a person.
            let value = match value.as_bytes().first() {
                Some(b'[') => "a list",
                Some(b'{') => "an object",
                _ => value,
            };
            return Err(self.wrong(name, value, want));
        };
        let text = if inner.contains('\\') {
            // Escapes were checked in form only: half of a surrogate pair is found here.
            let text = serde_json::from_str::<String>(value);
            let text =
                text.map_err(|_| self.wrong(name, "a text with an escape that is no character", want))?;
            Cow::Owned(text)
        } else {
            Cow::Borrowed(&inner[..inner.len() - 1])
        };
        check(&text, &format_args!("{}{name}", self.within), || self.place(name))?;
        Ok(text)
    }

    /// The refusal of a member that is not there.
    pub(crate) fn missing(&self, name: &str, example: &str) -> Refusal {
        Refusal::at(self.place(name), format!("{}{name} is missing; write {example}", self.within))
    }

    /// The refusal of a member that is not what it should be.
    pub(crate) fn wrong(&self, name: &str, value: &str, want: &str) -> Refusal {
        Refusal::at(self.place(name), format!("{}{name} is {}; write {want}", self.within, shown(value)))
    }

    fn place(&self, name: &str) -> String {
        let escaped = name.replace('~', "~0").replace('/', "~1");
        format!("/{}{escaped}", self.within.replace('.', "/"))
    }
}

/// The JSON `text` without the white space between its tokens.
pub(crate) fn compact(text: &str) -> Result<String, Refusal> {
    if let Err(error) = serde_json::from_str::<IgnoredAny>(text) {
        return Err(Refusal::whole(format!("a value is no JSON: {error}")));
    }
    let (mut compact, mut depth) = (String::with_capacity(text.len()), 0_usize);
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let length = match first {
            '"' => text_length(rest),
            _ => first.len_utf8(),
        };
        match first {
            '{' | '[' => depth += 1,
            '}' | ']' => depth = depth.saturating_sub(1),
            _ => {}
        }
        if depth > DEEPEST {
            return Err(Refusal::whole(format!(
                "a value nests more than {DEEPEST} levels deep; write it flatter"
            )));
        }
        if !first.is_ascii_whitespace() {
            compact.push_str(&rest[..length]);
        }
        rest = &rest[length..];
    }
    Ok(compact)
}

/// The length of the JSON text, quotes included, that `json` begins with.
fn text_length(json: &str) -> usize {
    let mut escaped = false;
    let closes = |byte: u8| {
        let closes = byte == b'"' && !escaped;
        escaped = byte == b'\\' && !escaped;
        closes
    };
    json.bytes().skip(1).position(closes).map_or(json.len(), |at| at + 2)
}

struct List<'a>(Vec<Member<'a>>);

impl<'de> Deserialize<'de> for List<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(ListVisitor)
    }
}

struct ListVisitor;

impl<'de> Visitor<'de> for ListVisitor {
    type Value = List<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON object in braces")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut list: Vec<Member<'de>> = Vec::with_capacity(8);
        while let Some(Name(name)) = map.next_key()? {
            if list.iter().any(|known| known.name == name) {
                let name = shown(&name);
                return Err(A::Error::custom(format_args!(
                    "`{name}` is given twice; leave one of the two out"
                )));
            }
            if list.len() == MEMBER_LIMIT {
                return Err(A::Error::custom(format_args!(
                    "an object has more than {MEMBER_LIMIT} members; leave some out"
                )));
            }
            let value: &'de RawValue = map.next_value()?;
            list.push(Member { name, value: value.get(), inside: None });
        }
        Ok(List(list))
    }
}

/// A name, borrowed where it has no escapes.
struct Name<'a>(Cow<'a, str>);

impl<'de> Deserialize<'de> for Name<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_str(NameVisitor)
    }
}

struct NameVisitor;

impl<'de> Visitor<'de> for NameVisitor {
    type Value = Name<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a name in quotes")
    }

    fn visit_borrowed_str<E: Error>(self, name: &'de str) -> Result<Self::Value, E> {
        Ok(Name(Cow::Borrowed(name)))
    }

    fn visit_str<E: Error>(self, name: &str) -> Result<Self::Value, E> {
        Ok(Name(Cow::Owned(name.to_owned())))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refusal(json: &str) -> String {
        Members::parse(json, "data.").err().unwrap().reason
    }

    #[test]
    fn a_name_given_twice_is_refused() {
        assert_eq!(refusal(r#"{"a":1,"\u0061":2}"#), "`a` is given twice; leave one of the two out");
    }

    #[test]
    fn what_is_no_object_is_refused_with_the_place() {
        assert_eq!(refusal(r#"{"a":1"#), "it is no JSON: EOF while parsing an object (column 6)");
        assert!(refusal("[]").contains("expected a JSON object in braces"), "{}", refusal("[]"));
    }

    #[test]
    fn values_are_taken_by_name_and_refused_by_name() {
        let mut members = Members::parse(r#"{"a":"x\ny","b":"\u00e9","c":4,"d":null}"#, "data.").unwrap();
        assert_eq!(members.text("b").unwrap().unwrap(), "é");
        assert_eq!(members.text("d").unwrap(), None);
        let refusal = members.text("c").unwrap_err();
        assert_eq!(refusal.reason, "data.c is 4; write a text in quotes");
        assert_eq!(refusal.place.as_deref(), Some("/data/c"));
        assert!(members.text("a").unwrap_err().reason.contains("control characters"));
    }

    #[test]
    fn compact_json_has_no_white_space_outside_its_texts() {
        assert_eq!(
            compact("{ \"a b\" : [ 1.0, \"\\\" \\\\\" , { } ] }").unwrap(),
            r#"{"a b":[1.0,"\" \\",{}]}"#
        );
        assert!(compact(&"[".repeat(101)).is_err());
    }
}
