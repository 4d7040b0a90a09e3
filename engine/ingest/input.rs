//! The input: its beginning looked at, packed input unpacked.
//!
//! Whether it is packed shows on its first bytes, not on its name; several gzip members or zstd frames may
//! follow each other. Where a packed stream is damaged, what lies before the damage is read. A Parquet file is read
//! from its end and is no stream: whoever opens a file asks for it first.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Cursor, Read};
use std::path::Path;

use feeds::Feed;
use flate2::read::MultiGzDecoder;

use crate::export::MANIFEST;

/// The first bytes of a zstd frame.
const ZSTD: [u8; 4] = [0x28, 0xb5, 0x2f, 0xfd];
/// The first bytes of a gzip member.
const GZIP: [u8; 2] = [0x1f, 0x8b];

/// The first bytes of a Parquet file.
const PARQUET: [u8; 4] = *b"PAR1";

/// Whether an input begins as a Parquet file.
#[must_use]
pub fn is_parquet(beginning: &[u8]) -> bool {
    beginning.starts_with(&PARQUET)
}

/// What stands in its first bytes, and in how many of them.
const IS_DATASET: (&[u8], u64) = (b"\"evenfield.dataset/", 4 << 10);

/// Whether a folder says that it is a data set of Parquet files.
#[must_use]
pub fn is_dataset(folder: &Path) -> bool {
    let mut beginning = Vec::new();
    let (words, within) = IS_DATASET;
    let read =
        File::open(folder.join(MANIFEST)).and_then(|file| file.take(within).read_to_end(&mut beginning));
    read.is_ok() && memchr::memmem::find(&beginning, words).is_some()
}

/// An input with its beginning at hand.
pub struct Head<'a> {
    head: Vec<u8>,
    rest: Box<dyn Read + Send + 'a>,
}

impl<'a> Head<'a> {
    /// Reads the beginning of `input`, unpacking it if it is packed with gzip or zstd.
    ///
    /// # Errors
    /// When the input cannot be read. What is damaged further on is told when it is read.
    pub fn of(mut input: impl Read + Send + 'a) -> io::Result<Self> {
        let mut magic = Vec::new();
        input.by_ref().take(4).read_to_end(&mut magic)?;
        let is_gzip = magic.starts_with(&GZIP);
        let is_zstd = magic == ZSTD;
        let whole = Cursor::new(magic).chain(input);
        let mut rest: Box<dyn Read + Send + 'a> = if is_gzip {
            Box::new(Packed { name: "gzip", unpacking: MultiGzDecoder::new(BufReader::new(whole)) })
        } else if is_zstd {
            Box::new(Packed { name: "zstd", unpacking: zstd::stream::read::Decoder::new(whole)? })
        } else {
            Box::new(whole)
        };
        let mut head = Vec::new();
        match rest.by_ref().take(feeds::HEAD as u64).read_to_end(&mut head) {
            Ok(_) => {}
            Err(error) if head.is_empty() => return Err(error),
            Err(error) => rest = Box::new(Damaged(Some(error))),
        }
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

/// A packed stream; what is wrong with it is told as what it is.
struct Packed<R> {
    name: &'static str,
    unpacking: R,
}

impl<R: Read> Read for Packed<R> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        self.unpacking.read(into).map_err(|error| {
            if error.kind() == io::ErrorKind::Interrupted {
                return error;
            }
            let text = format!(
                "the {} stream is damaged or cut off here ({error}); what came before has been read: get the file \
                 again, whole, and read it once more, which changes nothing of what went in",
                self.name
            );
            io::Error::new(error.kind(), text)
        })
    }
}

/// What is left of an input that broke off within its beginning.
struct Damaged(Option<io::Error>);

impl Read for Damaged {
    fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
        self.0.take().map_or(Ok(0), Err)
    }
}

/// The feed that the beginning of an input looks like.
#[must_use]
pub fn sniff(head: &Head<'_>) -> Option<&'static dyn Feed> {
    feeds::detect(head.bytes())
}

#[cfg(test)]
mod tests {
    use std::io::Write;

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
    fn gzip(text: &str) -> Vec<u8> {
        let mut packing = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        packing.write_all(text.as_bytes()).unwrap();
        packing.finish().unwrap()
    }

    fn read(packed: &[u8]) -> (String, io::Result<usize>) {
        let mut text = Vec::new();
        let read = Head::of(packed).and_then(|head| head.whole().read_to_end(&mut text));
        (String::from_utf8(text).unwrap(), read)
    }

    #[test]
    fn several_members_or_frames_are_one_input() {
        let zstd = |text: &str| zstd::encode_all(text.as_bytes(), 1).unwrap();
        let long = "{}\n".repeat(100_000);
        for (one, two) in [(gzip("a\n"), gzip(&long)), (zstd("a\n"), zstd(&long))] {
            assert_eq!(read(&[one, two].concat()).0, format!("a\n{long}"));
        }
    }

    #[test]
    fn what_lies_before_a_damage_is_read_and_the_damage_told() {
        let noise: String = (0..60_000_u64).map(|n| format!("{}\n", n.wrapping_mul(n * 7919))).collect();
        for (text, name) in [("{}\n{}\n", "short"), (noise.as_str(), "long")] {
            let whole = gzip(text);
            let cut = &whole[..whole.len() - 6];
            let (before, error) = read(cut);
            let told = error.unwrap_err().to_string();
            assert!(text.starts_with(&before) && !before.is_empty(), "{name}");
            assert!(told.contains("the gzip stream is damaged or cut off"), "{name}: {told}");
        }
        let (before, error) = read(&[&gzip("{}\n")[..], b"no member"].concat());
        assert_eq!(before, "{}\n");
        assert!(error.is_err());
    }
}
