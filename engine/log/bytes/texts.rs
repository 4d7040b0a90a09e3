//! Many texts in one piece of memory.
//!
//! A block names a thousand consultations and as many people. One text with the ends of its parts
//! costs two allocations instead of thousands, and decodes with one check for UTF-8.
//!
//! ```text
//! u32  number of texts
//! ...  column of their lengths
//! ...  the texts, one after the other
//! ```

use std::collections::HashMap;
use std::ops::Index;

use super::column::{self, Reader};
use crate::log::error::Damage;
use crate::log::limits::TABLE_ENTRIES;

/// A numbered list of texts.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Texts {
    text: String,
    ends: Vec<u32>,
}

impl Texts {
    /// How many texts there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.ends.len()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.ends.is_empty()
    }

    /// The text of that number, if there is one.
    #[must_use]
    pub fn get(&self, number: u32) -> Option<&str> {
        let end = *self.ends.get(number as usize)? as usize;
        let start = number.checked_sub(1).map_or(0, |before| self.ends[before as usize] as usize);
        Some(&self.text[start..end])
    }

    /// Every text, in order.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = &str> {
        (0..self.ends.len()).map(|number| &self[number as u32])
    }

    /// Passes over a list, whose texts are not looked at.
    pub(in crate::log) fn skip(from: &mut Reader<'_>) -> Result<usize, Damage> {
        let count = from.count(TABLE_ENTRIES)?;
        let bytes = ends(&column::read(from, count)?)?.last().map_or(0, |end| *end as usize);
        from.take(bytes).map(|_| count)
    }

    pub(in crate::log) fn read(from: &mut Reader<'_>) -> Result<Self, Damage> {
        let count = from.count(TABLE_ENTRIES)?;
        let ends = ends(&column::read(from, count)?)?;
        let bytes = from.take(ends.last().map_or(0, |end| *end as usize))?;
        let text = std::str::from_utf8(bytes).map_err(|_| Damage::new("a text that is not UTF-8"))?;
        if ends.iter().any(|end| !text.is_char_boundary(*end as usize)) {
            return Err(Damage::new("a text that ends within a character"));
        }
        Ok(Self { text: text.to_owned(), ends })
    }
}

impl Index<u32> for Texts {
    type Output = str;

    /// # Panics
    ///
    /// When there is no text of that number.
    fn index(&self, number: u32) -> &str {
        self.get(number).expect("the number of a text in this list")
    }
}

impl<'a> FromIterator<&'a str> for Texts {
    fn from_iter<I: IntoIterator<Item = &'a str>>(texts: I) -> Self {
        let mut all = Self::default();
        for text in texts {
            all.text.push_str(text);
            all.ends.push(all.text.len() as u32);
        }
        all
    }
}

/// Appends `texts` in the form that [`Texts::read`] reads.
pub(in crate::log) fn write<'a>(out: &mut Vec<u8>, texts: impl Iterator<Item = &'a str> + Clone) {
    let lengths: Vec<u64> = texts.clone().map(|text| text.len() as u64).collect();
    out.extend((lengths.len() as u32).to_le_bytes());
    column::write(out, &lengths);
    texts.for_each(|text| out.extend_from_slice(text.as_bytes()));
}

/// Numbers texts in the order in which they first come.
#[derive(Debug, Default)]
pub(in crate::log) struct Numbering<'a> {
    numbers: HashMap<&'a str, u32>,
    list: Vec<&'a str>,
}

impl<'a> Numbering<'a> {
    pub(in crate::log) fn number(&mut self, text: &'a str) -> u32 {
        *self.numbers.entry(text).or_insert_with(|| {
            self.list.push(text);
            (self.list.len() - 1) as u32
        })
    }

    /// The texts, by number.
    pub(in crate::log) fn list(&self) -> &[&'a str] {
        &self.list
    }

    pub(in crate::log) fn write(&self, out: &mut Vec<u8>) {
        write(out, self.list.iter().copied());
    }
}

/// Running ends of parts of these lengths.
pub(in crate::log) fn ends(lengths: &[u64]) -> Result<Vec<u32>, Damage> {
    let mut end = 0_u32;
    lengths
        .iter()
        .map(|&length| {
            end = u32::try_from(length).ok().and_then(|length| end.checked_add(length))?;
            Some(end)
        })
        .collect::<Option<_>>()
        .ok_or_else(|| Damage::new("lengths that add up to more than a block can hold"))
}
