//! The one place that writes: data to standard output or a file, everything else to standard error.

use std::fs::File;
use std::io::{self, BufWriter, IsTerminal, Write};
use std::path::Path;

use super::failure::Failure;

/// Where data goes.
pub(super) struct Out {
    to: BufWriter<Box<dyn Write>>,
    /// Whether somebody reads it on a terminal.
    pub(super) terminal: bool,
}

impl Out {
    /// Standard output, or the file named by `-o`.
    pub(super) fn open(path: Option<&Path>) -> Result<Self, Failure> {
        let (to, terminal): (Box<dyn Write>, bool) = match path {
            Some(path) if path.as_os_str() != "-" => {
                let file = File::create(path)
                    .map_err(|error| Failure::Other(format!("could not write {}: {error}", path.display())))?;
                (Box::new(file), false)
            }
            _ => (Box::new(io::stdout()), io::stdout().is_terminal()),
        };
        Ok(Self { to: BufWriter::with_capacity(1 << 16, to), terminal })
    }

    /// Writes a text.
    pub(super) fn text(&mut self, text: &str) -> Result<(), Failure> {
        Ok(self.to.write_all(text.as_bytes())?)
    }

    /// Writes a line.
    pub(super) fn line(&mut self, text: &str) -> Result<(), Failure> {
        self.text(text)?;
        self.text("\n")
    }

    /// Writes one JSON document, indented.
    pub(super) fn document(&mut self, value: &impl serde::Serialize) -> Result<(), Failure> {
        serde_json::to_writer_pretty(&mut self.to, value).map_err(io::Error::from)?;
        self.text("\n")
    }

    /// Writes one JSON value on a line of its own.
    pub(super) fn row(&mut self, value: &impl serde::Serialize) -> Result<(), Failure> {
        serde_json::to_writer(&mut self.to, value).map_err(io::Error::from)?;
        self.text("\n")
    }

    /// Writes raw bytes.
    pub(super) fn bytes(&mut self, bytes: &[u8]) -> Result<(), Failure> {
        Ok(self.to.write_all(bytes)?)
    }

    /// Hands on everything that was written.
    pub(super) fn close(mut self) -> Result<(), Failure> {
        Ok(self.to.flush()?)
    }
}

/// Tells people something beside the data.
pub(super) fn tell(text: &str) {
    // Nobody listening is no reason to fail.
    let _ = writeln!(io::stderr(), "{text}");
}
