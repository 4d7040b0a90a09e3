//! The input: its beginning looked at, compressed input unpacked.

use std::io::{self, BufRead, BufReader, Cursor, Read};

use feeds::Feed;

/// The first bytes of a zstd frame.
const ZSTD: [u8; 4] = [0x28, 0xb5, 0x2f, 0xfd];

/// An input with its beginning at hand.
pub struct Head<'a> {
    head: Vec<u8>,
    rest: Box<dyn Read + Send + 'a>,
}

impl<'a> Head<'a> {
    /// Reads the beginning of `input`, unpacking it if it is zstd.
    ///
    /// # Errors
    /// When the input cannot be read or is damaged.
    pub fn of(mut input: impl Read + Send + 'a) -> io::Result<Self> {
        let mut magic = Vec::new();
        input.by_ref().take(4).read_to_end(&mut magic)?;
        let packed = magic == ZSTD;
        let whole = Cursor::new(magic).chain(input);
        let mut rest: Box<dyn Read + Send + 'a> =
            if packed { Box::new(zstd::stream::read::Decoder::new(whole)?) } else { Box::new(whole) };
        let mut head = Vec::new();
        rest.by_ref().take(feeds::HEAD as u64).read_to_end(&mut head)?;
        Ok(Self { head, rest })
    }

    /// The beginning.
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        &self.head
    }

    /// The header of a table: its first line that is not blank, and further ones while a quote is open.
    #[must_use]
    pub fn header(&self) -> &[u8] {
        let head = self.head.strip_prefix(b"\xef\xbb\xbf").unwrap_or(&self.head).trim_ascii_start();
        let mut open = false;
        let end = head.iter().position(|byte| {
            open ^= *byte == b'"';
            *byte == b'\n' && !open
        });
        head[..end.unwrap_or(head.len())].trim_ascii_end()
    }

    /// The whole input again, from its beginning.
    #[must_use]
    pub fn whole(self) -> impl BufRead + Send + 'a {
        BufReader::with_capacity(1 << 18, Cursor::new(self.head).chain(self.rest))
    }
}

/// The feed that the beginning of an input looks like.
#[must_use]
pub fn sniff(head: &Head<'_>) -> Option<&'static dyn Feed> {
    feeds::detect(head.bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_header_of_a_table_is_its_first_line() {
        let check = |input: &str, expected: &str| {
            assert_eq!(Head::of(input.as_bytes()).unwrap().header(), expected.as_bytes(), "{input:?}");
        };
        check("a,b\r\n1,2\n", "a,b");
        check("\u{feff}\n\na;b", "a;b");
        check("\"a\nb\",c\n1,2", "\"a\nb\",c");
        check("", "");
    }
}
