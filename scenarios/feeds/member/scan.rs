//! The short way through an object: one pass over its bytes for what nearly every object looks like.
//!
//! It takes texts without escapes, plain numbers, words, and whole nested values; anything else it
//! leaves to the long way, which is `serde_json`. Nested values are only delimited here, by their
//! brackets and quotes: whoever takes one parses it.

use std::borrow::Cow;

use super::Member;

/// How deeply objects are taken apart on the way: event, data, context.
const LEVELS: usize = 3;

/// The members of the object `json` in the order of their writing; `None` when it needs the long way.
pub(super) fn members(json: &str) -> Option<Vec<Member<'_>>> {
    let mut scan = Scan { json, bytes: json.as_bytes(), at: 0 };
    scan.next_token()?;
    let list = scan.object(LEVELS)?;
    scan.next_token().is_none().then_some(list)
}

struct Scan<'a> {
    json: &'a str,
    bytes: &'a [u8],
    at: usize,
}

impl<'a> Scan<'a> {
    /// Moves past white space; the byte that follows.
    fn next_token(&mut self) -> Option<u8> {
        loop {
            match *self.bytes.get(self.at)? {
                b' ' | b'\t' | b'\n' | b'\r' => self.at += 1,
                byte => return Some(byte),
            }
        }
    }

    fn expect(&mut self, byte: u8) -> Option<()> {
        (self.next_token()? == byte).then(|| self.at += 1)
    }

    /// The members of the object at hand.
    fn object(&mut self, levels: usize) -> Option<Vec<Member<'a>>> {
        let mut list: Vec<Member<'a>> = Vec::with_capacity(8);
        self.expect(b'{')?;
        if self.next_token()? == b'}' {
            self.at += 1;
            return Some(list);
        }
        loop {
            let name = self.text()?;
            let name = &name[1..name.len() - 1];
            self.expect(b':')?;
            self.next_token()?;
            let start = self.at;
            let inside = match self.bytes[start] {
                b'{' if levels > 1 => Some(self.object(levels - 1)?),
                _ => self.skip_value().map(|()| None)?,
            };
            let value = self.json.get(start..self.at)?;
            if list.len() == super::MEMBER_LIMIT || list.iter().any(|known| known.name == name) {
                return None;
            }
            list.push(Member { name: Cow::Borrowed(name), value, inside });
            let end = self.next_token()?;
            self.at += 1;
            match end {
                b',' => self.next_token()?,
                b'}' => return Some(list),
                _ => return None,
            };
        }
    }

    fn skip_value(&mut self) -> Option<()> {
        match self.next_token()? {
            b'"' => self.text().map(drop),
            b'{' | b'[' => self.nested(),
            b'-' | b'0'..=b'9' | b't' | b'f' | b'n' => self.word(),
            _ => None,
        }
    }

    /// A text in quotes, without escapes.
    fn text(&mut self) -> Option<&'a str> {
        let rest = self.bytes.get(self.at..)?;
        if rest.first() != Some(&b'"') {
            return None;
        }
        let inner = plain_length(&rest[1..])?;
        if rest[inner + 1] != b'"' {
            return None;
        }
        let text = self.json.get(self.at..self.at + inner + 2)?;
        self.at += inner + 2;
        Some(text)
    }

    /// A number without exponent, `true`, `false` or `null`.
    fn word(&mut self) -> Option<()> {
        let rest = self.json.get(self.at..)?;
        let end =
            rest.bytes().position(|byte| !byte.is_ascii_alphanumeric() && !matches!(byte, b'-' | b'.'))?;
        let word = &rest[..end];
        let number = word.strip_prefix('-').unwrap_or(word);
        let (whole, fraction) = number.split_once('.').unwrap_or((number, "0"));
        let are_digits =
            |digits: &str| !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
        let is_number =
            are_digits(whole) && are_digits(fraction) && (whole.len() == 1 || !whole.starts_with('0'));
        if !is_number && !matches!(word, "true" | "false" | "null") {
            return None;
        }
        self.at += end;
        Some(())
    }

    /// An object or an array, by its brackets.
    fn nested(&mut self) -> Option<()> {
        let mut depth = 0_usize;
        loop {
            match *self.bytes.get(self.at)? {
                b'{' | b'[' => depth += 1,
                b'}' | b']' => depth -= 1,
                b'"' => {
                    self.text()?;
                    continue;
                }
                _ => {}
            }
            self.at += 1;
            if depth == 0 {
                return Some(());
            }
        }
    }
}

/// The position of the first quote, backslash or control character, eight bytes at a time.
fn plain_length(bytes: &[u8]) -> Option<usize> {
    const ONES: u64 = u64::from_le_bytes([1; 8]);
    const TOPS: u64 = ONES << 7;
    // The top bit of every byte below `limit` is set, and perhaps of bytes after such a one.
    let below = |word: u64, limit: u64| word.wrapping_sub(ONES * limit) & !word & TOPS;
    let (chunks, rest) = bytes.as_chunks::<8>();
    for (at, chunk) in chunks.iter().enumerate() {
        let word = u64::from_le_bytes(*chunk);
        let quote = below(word ^ (ONES * u64::from(b'"')), 1);
        let hits = quote | below(word ^ (ONES * u64::from(b'\\')), 1) | below(word, 0x20);
        if hits != 0 {
            return Some(at * 8 + hits.trailing_zeros() as usize / 8);
        }
    }
    let within = rest.iter().position(|byte| matches!(byte, b'"' | b'\\' | 0..=0x1f))?;
    Some(chunks.len() * 8 + within)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn eight_bytes_at_a_time_find_what_one_at_a_time_finds(bytes in proptest::collection::vec(any::<u8>(), 0..40)) {
            let slow = bytes.iter().position(|byte| matches!(byte, b'"' | b'\\' | 0..=0x1f));
            prop_assert_eq!(plain_length(&bytes), slow);
        }

        /// The short way may decline, but may not accept what the long way refuses.
        #[test]
        fn what_the_short_way_takes_is_what_the_long_way_takes(text in "\\{(\"[ab]\":[ \\-01.ae\"tru\\[\\]{}]{1,6},?){0,3}\\}") {
            if let Some(short) = members(&text) {
                let names: Vec<_> = short.iter().map(|member| (member.name.to_string(), member.value)).collect();
                // Nested values are checked only when they are taken.
                if names.iter().all(|(_, value)| !value.starts_with(['{', '['])) {
                    let long: serde_json::Map<String, serde_json::Value> = serde_json::from_str(&text).unwrap();
                    prop_assert_eq!(long.len(), names.len());
                }
            }
        }
    }
}
