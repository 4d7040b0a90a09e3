//! The one place that writes: data to standard output or a file, everything else to standard error.

use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use super::draft::{Draft, Readers};
use super::failure::Failure;
use super::system::why;

/// Where data goes.
pub(super) struct Out {
    to: To,
    /// Whether the data is a stream, which is of no use unless it is whole.
    is_stream: bool,
    readers: Readers,
    /// What people are told once the file is there.
    done: Option<String>,
}

/// A plain or a packed way out; a file is begun with the first write.
enum To {
    Standard(BufWriter<io::Stdout>),
    Memory(Vec<u8>),
    Nothing(PathBuf),
    Plain(PathBuf, BufWriter<Draft>),
    Packed(PathBuf, Box<zstd::stream::write::Encoder<'static, BufWriter<Draft>>>),
}

/// Bytes collected before they are written.
const BUFFER: usize = 1 << 16;
/// How hard packed output is packed: recordings are written once and kept.
const PACKING: i32 = 15;

impl Out {
    /// Standard output, or the file named by `-o`, packed if its name ends in `.zst`.
    pub(super) fn open(path: Option<&Path>) -> Result<Self, Failure> {
        let to = match path.filter(|path| path.as_os_str() != "-") {
            None => To::Standard(BufWriter::with_capacity(BUFFER, io::stdout())),
            Some(path) => {
                Draft::check(path).map_err(|error| unwritable(path, &error))?;
                To::Nothing(path.to_owned())
            }
        };
        Ok(Self { to, is_stream: false, readers: Readers::AsUsual, done: None })
    }

    /// A way out that keeps what is written, for whoever hands it on.
    pub(super) fn memory() -> Self {
        Self { to: To::Memory(Vec::new()), is_stream: false, readers: Readers::AsUsual, done: None }
    }

    /// What was written to [`Self::memory`].
    pub(super) fn into_memory(self) -> Vec<u8> {
        match self.to {
            To::Memory(bytes) => bytes,
            _ => Vec::new(),
        }
    }

    /// Whether data goes to standard output.
    pub(super) fn is_standard(&self) -> bool {
        matches!(self.to, To::Standard(_))
    }

    /// Makes the file, if there is to be one, readable for this user alone.
    pub(super) fn for_owner_alone(&mut self) {
        self.readers = Readers::OwnerAlone;
    }

    /// What people are told once the file that `-o` names is there; nothing where none is written.
    pub(super) fn once_written(&mut self, told: impl FnOnce(&Path) -> String) {
        self.done = match &self.to {
            To::Nothing(path) | To::Plain(path, _) | To::Packed(path, _) => Some(told(path)),
            To::Standard(_) | To::Memory(_) => None,
        };
    }

    /// Hands on what was written so far, for those who watch.
    pub(super) fn flush(&mut self) -> Result<(), Failure> {
        match &mut self.to {
            To::Standard(to) => Ok(to.flush()?),
            _ => Ok(()),
        }
    }

    /// Writes a text.
    pub(super) fn text(&mut self, text: &str) -> Result<(), Failure> {
        self.write(|to| to.write_all(text.as_bytes()))
    }

    /// Writes a line.
    pub(super) fn line(&mut self, text: &str) -> Result<(), Failure> {
        self.text(text)?;
        self.text("\n")
    }

    /// Writes one JSON document, indented.
    pub(super) fn document(&mut self, value: &impl serde::Serialize) -> Result<(), Failure> {
        self.write(|to| Ok(serde_json::to_writer_pretty(to, value)?))?;
        self.text("\n")
    }

    /// Writes one JSON value on a line of its own.
    pub(super) fn row(&mut self, value: &impl serde::Serialize) -> Result<(), Failure> {
        self.write(|to| Ok(serde_json::to_writer(to, value)?))?;
        self.text("\n")
    }

    /// Writes raw bytes, a part of a stream.
    pub(super) fn bytes(&mut self, bytes: &[u8]) -> Result<(), Failure> {
        self.is_stream = true;
        self.write(|to| to.write_all(bytes))
    }

    /// Hands on everything that was written, be it nothing.
    pub(super) fn close(mut self) -> Result<(), Failure> {
        self.begin()?;
        let (path, closed) = match self.to {
            To::Standard(mut to) => return Ok(to.flush()?),
            To::Memory(_) | To::Nothing(_) => return Ok(()),
            To::Plain(path, to) => (path, kept(to)),
            To::Packed(path, to) => (path, to.finish().and_then(kept)),
        };
        closed.map_err(|error| unwritable(&path, &error))?;
        self.done.iter().for_each(|done| tell(done));
        Ok(())
    }

    /// Hands on what was written before a failure if it can be read as it is: a report and what it says is
    /// wrong, but no stream that was cut short and no file that nothing was written to.
    pub(super) fn close_after_failure(self) -> Result<(), Failure> {
        match self.to {
            To::Nothing(_) => Ok(()),
            To::Plain(..) | To::Packed(..) if self.is_stream => Ok(()),
            _ => self.close(),
        }
    }

    fn write(&mut self, write: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> Result<(), Failure> {
        self.begin()?;
        match &mut self.to {
            To::Standard(to) => Ok(write(to)?),
            To::Memory(to) => Ok(write(to)?),
            To::Nothing(_) => Ok(()),
            To::Plain(path, to) => write(to).map_err(|error| unwritable(path, &error)),
            To::Packed(path, to) => write(to).map_err(|error| unwritable(path, &error)),
        }
    }

    /// Begins the file if there is to be one and it was not begun.
    fn begin(&mut self) -> Result<(), Failure> {
        let To::Nothing(path) = &mut self.to else { return Ok(()) };
        let path = std::mem::take(path);
        self.to = begun(path.clone(), self.readers).map_err(|error| unwritable(&path, &error))?;
        Ok(())
    }
}

/// The way out as a stream, for those who write bytes.
pub(super) struct Stream<'a>(pub(super) &'a mut Out);

impl Write for Stream<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self.0.bytes(bytes) {
            Ok(()) => Ok(bytes.len()),
            Err(Failure::Quiet) => Err(io::ErrorKind::BrokenPipe.into()),
            Err(failure) => Err(io::Error::other(failure.message().unwrap_or_default())),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn begun(path: PathBuf, readers: Readers) -> io::Result<To> {
    let draft = BufWriter::with_capacity(BUFFER, Draft::begin(&path, readers)?);
    if path.extension().is_some_and(|ending| ending == "zst") {
        let packed = zstd::stream::write::Encoder::new(draft, PACKING)?;
        return Ok(To::Packed(path, Box::new(packed)));
    }
    Ok(To::Plain(path, draft))
}

fn kept(to: BufWriter<Draft>) -> io::Result<()> {
    to.into_inner().map_err(io::IntoInnerError::into_error)?.keep()
}

/// That a file could not be written, unless it is that nobody reads what goes there.
pub(super) fn unwritable(path: &Path, error: &io::Error) -> Failure {
    match error.kind() {
        io::ErrorKind::BrokenPipe => Failure::Quiet,
        _ => Failure::Other(format!("could not write {}: {}", path.display(), why(path, error))),
    }
}

/// Tells people something beside the data.
pub(super) fn tell(text: &str) {
    // Nobody listening is no reason to fail.
    let _ = writeln!(io::stderr(), "{text}");
}
