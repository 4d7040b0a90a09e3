//! Bodies of web hooks that were posted as forms: `name=value` pairs joined by `&`, percent-encoded.
//!
//! One body a line, as a log of requests keeps them; beside them JSON objects of the same names, for
//! those who kept what their framework had parsed. A form becomes an object of texts, so that feeds read
//! both alike. Not a URL parser: what comes before a question mark is nobody's business here.

use serde_json::{Map, Value};

use crate::Refusal;
use crate::document;
use crate::text::{quoted, shown};

/// How many names a form may have.
const NAME_LIMIT: usize = 256;

/// The document that `text` is: a JSON object, or a form.
pub(crate) fn parse(text: &[u8]) -> Result<Value, Refusal> {
    let text = text.trim_ascii();
    if matches!(text.first(), Some(b'{' | b'[' | b'"')) || !text.contains(&b'=') {
        return document::parse(text);
    }
    let mut form = Map::new();
    let pairs = text.split(|byte| *byte == b'&').filter(|pair| !pair.is_empty());
    for (number, pair) in (1..).zip(pairs) {
        let (name, value) = parted(pair);
        let name = decoded(name).ok_or_else(|| wrong(&format!("name {number} of the form")))?;
        // The value is not shown: it may name a person.
        let value =
            decoded(value).ok_or_else(|| wrong(&format!("the value of {}", shown(&quoted(&name)))))?;
        if form.len() == NAME_LIMIT {
            return Err(Refusal::whole(format!(
                "the form has more than {NAME_LIMIT} names; it is no web hook"
            )));
        }
        if form.contains_key(&name) {
            let name = shown(&quoted(&name));
            return Err(Refusal::whole(format!("the form gives {name} twice; write one body a line")));
        }
        form.insert(name, Value::String(value));
    }
    Ok(Value::Object(form))
}

/// The name of a pair, and its value.
pub(crate) fn parted(pair: &[u8]) -> (&[u8], &[u8]) {
    match pair.iter().position(|byte| *byte == b'=') {
        Some(at) => (&pair[..at], &pair[at + 1..]),
        None => (pair, &[]),
    }
}

/// The text that percent-encoded bytes stand for; a plus is a space.
pub(crate) fn decoded(bytes: &[u8]) -> Option<String> {
    let mut text = Vec::with_capacity(bytes.len());
    let mut rest = bytes;
    while let [first, tail @ ..] = rest {
        rest = tail;
        match first {
            b'+' => text.push(b' '),
            b'%' => {
                let digits = rest.get(..2).and_then(hexadecimal)?;
                text.push(digits);
                rest = &rest[2..];
            }
            byte => text.push(*byte),
        }
    }
    String::from_utf8(text).ok()
}

fn hexadecimal(digits: &[u8]) -> Option<u8> {
    let digits = std::str::from_utf8(digits).ok().filter(|digits| !digits.starts_with('+'))?;
    u8::from_str_radix(digits, 16).ok()
}

fn wrong(what: &str) -> Refusal {
    Refusal::whole(format!("{what} is not percent-encoded UTF-8; write the body as it was posted"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(form: &str, json: &str) {
        assert_eq!(parse(form.as_bytes()).unwrap().to_string(), json, "{form}");
    }

    #[test]
    fn forms_and_objects_become_objects() {
        check("a=1&b=x+y%20z&c=&d", r#"{"a":"1","b":"x y z","c":"","d":""}"#);
        check("b=%C3%A9%26%3D&&a=%7B%22x%22%3A1%7D\r\n", r#"{"a":"{\"x\":1}","b":"é&="}"#);
        check(r#" {"a":1} "#, r#"{"a":1}"#);
    }

    #[test]
    fn what_is_neither_is_refused_with_the_place() {
        let refusal = |text: &str| parse(text.as_bytes()).unwrap_err().reason;
        assert_eq!(refusal("a=1&a=2"), "the form gives \"a\" twice; write one body a line");
        let encoded = "is not percent-encoded UTF-8; write the body as it was posted";
        for value in ["%4", "%+1", "%FF"] {
            assert_eq!(refusal(&format!("b=&a={value}")), format!("the value of \"a\" {encoded}"));
            assert_eq!(refusal(&format!("b=&{value}=a")), format!("name 2 of the form {encoded}"));
        }
        assert!(refusal("nonsense").starts_with("it is no JSON"));
        assert!(refusal(&(0..300).map(|i| format!("{i}=&")).collect::<String>()).contains("more than 256"));
    }
}
