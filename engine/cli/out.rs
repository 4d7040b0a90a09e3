//! The one place that writes: data to standard output or a file, everything else to standard error.

use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::Path;

use super::failure::Failure;

/// Where data goes.
pub(super) struct Out {
    to: To,
}

/// A plain or a packed way out.
enum To {
    Plain(BufWriter<Box<dyn Write>>),
    Packed(Box<zstd::stream::write::Encoder<'static, BufWriter<File>>>),
}

/// Bytes collected before they are written.
const BUFFER: usize = 1 << 16;
/// How hard packed output is packed: recordings are written once and kept.
const PACKING: i32 = 15;

impl Out {
    /// Standard output, or the file named by `-o`, packed if its name ends in `.zst`.
    pub(super) fn open(path: Option<&Path>) -> Result<Self, Failure> {
        let Some(path) = path.filter(|path| path.as_os_str() != "-") else {
            return Ok(Self { to: To::Plain(BufWriter::with_capacity(BUFFER, Box::new(io::stdout()))) });
        };
        let unwritable = |error| Failure::Other(format!("could not write {}: {error}", path.display()));
        let file = File::create(path).map_err(unwritable)?;
        let to = if path.extension().is_some_and(|ending| ending == "zst") {
            let packed = zstd::stream::write::Encoder::new(BufWriter::new(file), PACKING);
            To::Packed(Box::new(packed.map_err(unwritable)?))
        } else {
            To::Plain(BufWriter::with_capacity(BUFFER, Box::new(file)))
        };
        Ok(Self { to })
    }

    fn to(&mut self) -> &mut dyn Write {
        match &mut self.to {
            To::Plain(to) => to,
            To::Packed(to) => to.as_mut(),
        }
    }

    /// Writes a text.
    pub(super) fn text(&mut self, text: &str) -> Result<(), Failure> {
        self.bytes(text.as_bytes())
    }

    /// Writes a line.
    pub(super) fn line(&mut self, text: &str) -> Result<(), Failure> {
        self.text(text)?;
        self.text("\n")
    }

    /// Writes one JSON document, indented.
    pub(super) fn document(&mut self, value: &impl serde::Serialize) -> Result<(), Failure> {
        serde_json::to_writer_pretty(self.to(), value).map_err(io::Error::from)?;
        self.text("\n")
    }

    /// Writes one JSON value on a line of its own.
    pub(super) fn row(&mut self, value: &impl serde::Serialize) -> Result<(), Failure> {
        serde_json::to_writer(self.to(), value).map_err(io::Error::from)?;
        self.text("\n")
    }

    /// Writes raw bytes.
    pub(super) fn bytes(&mut self, bytes: &[u8]) -> Result<(), Failure> {
        Ok(self.to().write_all(bytes)?)
    }

    /// Hands on everything that was written.
    pub(super) fn close(self) -> Result<(), Failure> {
        match self.to {
            To::Plain(mut to) => Ok(to.flush()?),
            To::Packed(to) => Ok(to.finish()?.flush()?),
        }
    }
}

/// Tells people something beside the data.
pub(super) fn tell(text: &str) {
    // Nobody listening is no reason to fail.
    let _ = writeln!(io::stderr(), "{text}");
}
