//! Bytes as hexadecimal digits, in documents and on the command line.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::{hex, unhex};

/// Bytes that are written and read as hexadecimal digits.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::log) struct Digits<B>(pub(in crate::log) B);

/// What can be written as digits.
pub(in crate::log) trait Bytes: AsRef<[u8]> + TryFrom<Vec<u8>> {
    /// What its digits look like.
    fn wanted() -> String;
}

impl<const N: usize> Bytes for [u8; N] {
    fn wanted() -> String {
        format!("{} hexadecimal digits", 2 * N)
    }
}

impl Bytes for Vec<u8> {
    fn wanted() -> String {
        "hexadecimal digits in pairs".to_owned()
    }
}

impl<B: Bytes> fmt::Display for Digits<B> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&hex(self.0.as_ref()))
    }
}

impl<B: Bytes> FromStr for Digits<B> {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let bytes = unhex(text).and_then(|bytes| B::try_from(bytes).ok());
        bytes.map(Self).ok_or_else(|| {
            let begin: String = text.chars().take(70).collect();
            format!("{begin:?} is not {}", B::wanted())
        })
    }
}

impl<B: Bytes> Serialize for Digits<B> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de, B: Bytes> Deserialize<'de> for Digits<B> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

/// For `#[serde(with)]`: bytes as digits.
pub(in crate::log) fn serialize<S: Serializer>(bytes: &[u8; 32], serializer: S) -> Result<S::Ok, S::Error> {
    Digits(*bytes).serialize(serializer)
}

/// For `#[serde(with)]`: bytes from digits.
pub(in crate::log) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<[u8; 32], D::Error> {
    Digits::deserialize(deserializer).map(|digits| digits.0)
}
