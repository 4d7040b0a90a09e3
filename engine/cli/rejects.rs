//! The file of rejected lines: what did not go in, kept so that it can be mended and read again.
//!
//! A line that a feed could not read is kept as it came, rows of a table below their header. An event that
//! was read and then refused is native by then, its people under pseudonyms; a file that held both could be
//! read by no feed, so where there are both the events get a file of their own. All of it may name people,
//! and is for this user alone.

use std::ffi::OsString;
use std::io::{self, BufWriter, IntoInnerError, Write};
use std::path::{Path, PathBuf};

use feeds::{Feed, Rejected};

use super::Shared;
use super::draft::{Draft, Readers};
use super::failure::Failure;
use super::out::unwritable;

/// The file of rejected lines, begun with the first of them.
pub(super) struct Rejects {
    path: PathBuf,
    foreign: Option<BufWriter<Draft>>,
    native: Option<BufWriter<Draft>>,
    /// The header that was written last.
    header: Vec<u8>,
    /// The row that was written last: it is rejected once for every event that it tells.
    row: Option<Rejected>,
}

impl Rejects {
    /// Will write to `path`.
    pub(super) fn new(path: &Path) -> Result<Self, Failure> {
        Draft::check(path).map_err(|error| unwritable(path, &error))?;
        Ok(Self { path: path.to_owned(), foreign: None, native: None, header: Vec::new(), row: None })
    }

    /// Where native events are kept if the file at `path` holds lines of another format.
    pub(super) fn beside(path: &Path) -> PathBuf {
        let mut path = OsString::from(path);
        path.push(".events.ndjson");
        PathBuf::from(path)
    }

    /// Keeps what `feed` or the log has rejected; `header` is that of a table, else empty.
    pub(super) fn write(
        &mut self,
        rejected: &Rejected,
        feed: &dyn Feed,
        header: &[u8],
    ) -> Result<(), Failure> {
        let is_native = feed.name() == "cloudevents" || feeds::cloudevents::read_line(&rejected.text).is_ok();
        let written = if is_native { self.put_native(rejected) } else { self.put_foreign(rejected, header) };
        written.map_err(|error| unwritable(&self.path, &error))
    }

    fn put_native(&mut self, rejected: &Rejected) -> io::Result<()> {
        put(begun(&mut self.native, &self.path)?, &rejected.text)
    }

    fn put_foreign(&mut self, rejected: &Rejected, header: &[u8]) -> io::Result<()> {
        let again = |row: &Rejected| (row.line, &row.text) == (rejected.line, &rejected.text);
        if !header.is_empty() && self.row.as_ref().is_some_and(again) {
            return Ok(());
        }
        let file = begun(&mut self.foreign, &self.path)?;
        if !header.is_empty() && self.header != header {
            put(file, header)?;
            header.clone_into(&mut self.header);
        }
        put(file, &rejected.text)?;
        self.row = Some(rejected.clone());
        Ok(())
    }

    /// Puts the file in its place, be it empty.
    pub(super) fn close(mut self, shared: &Shared) -> Result<(), Failure> {
        let closed = match (self.foreign.take(), self.native.take()) {
            (Some(foreign), Some(native)) => {
                let beside = Self::beside(&self.path);
                shared.note(&format!("{}: the events among what was rejected", beside.display()));
                ended(foreign).and_then(Draft::keep).and_then(|()| ended(native)?.keep_at(&beside))
            }
            (Some(file), None) | (None, Some(file)) => ended(file).and_then(Draft::keep),
            (None, None) => Draft::begin(&self.path, Readers::OwnerAlone).and_then(Draft::keep),
        };
        closed.map_err(|error| unwritable(&self.path, &error))
    }

    /// Puts the file in its place if it has lines; without any it replaces nothing.
    pub(super) fn close_after_failure(self, shared: &Shared) -> Result<(), Failure> {
        if self.foreign.is_some() || self.native.is_some() { self.close(shared) } else { Ok(()) }
    }
}

fn begun<'a>(file: &'a mut Option<BufWriter<Draft>>, path: &Path) -> io::Result<&'a mut BufWriter<Draft>> {
    match file {
        Some(file) => Ok(file),
        None => Ok(file.insert(BufWriter::new(Draft::begin(path, Readers::OwnerAlone)?))),
    }
}

fn put(file: &mut BufWriter<Draft>, line: &[u8]) -> io::Result<()> {
    file.write_all(line)?;
    file.write_all(b"\n")
}

fn ended(file: BufWriter<Draft>) -> io::Result<Draft> {
    file.into_inner().map_err(IntoInnerError::into_error)
}
