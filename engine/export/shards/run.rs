//! A run: events in order, set aside in a file without a name.
//!
//! An event is kept as the line that an export of it would be, between its place and the next event; packed, since a
//! disk is slower than packing. One that its line would not give back as it is has none, and is looked up in the log
//! when its turn comes. Several runs are read as one by taking the least of their first events.
//!
//! ```text
//! zstd of frames: u32 file, u64 position, i64 received, u32 length, consultation, u32 length, line
//! ```

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::fs::File;
use std::io::{self, BufReader, Read, Seek, SeekFrom, Write};
use std::path::Path;

use event::Time;
use feeds::cloudevents::{read_line, write_line};

use crate::export::parquet::ExportError;
use crate::log::{Log, LogError, Position, Stored};
use crate::replay::Watch;

/// How hard a run is packed: it is read once.
const PACKING: i32 = 1;
/// How often an interrupt is looked for, in events.
const LOOK_EVENTS: u64 = 4_096;

/// Events in order, set aside.
pub(super) struct Run(File);

/// An event as it lies in a run. Those of one log are told apart, and ordered, by the first three.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Framed {
    file: u32,
    consultation: String,
    position: u64,
    received: i64,
    line: Vec<u8>,
}

impl Run {
    /// Sets events aside, which are in order.
    pub(super) fn of_events(folder: &Path, events: &[(u32, Stored)]) -> Result<Self, ExportError> {
        Self::write(folder, |to| {
            events.iter().try_for_each(|(file, stored)| Framed::of(*file, stored).write(to).map_err(aside))
        })
    }

    /// Makes one of several.
    pub(super) fn of_runs(folder: &Path, runs: Vec<Self>, watch: &Watch) -> Result<Self, ExportError> {
        let merge = Merge::of(runs)?;
        Self::write(folder, |to| {
            for (number, framed) in (0_u64..).zip(merge) {
                framed?.write(to).map_err(aside)?;
                if number.is_multiple_of(LOOK_EVENTS) && watch.stopped() {
                    return Err(ExportError::Interrupted);
                }
            }
            Ok(())
        })
    }

    fn write(
        folder: &Path,
        fill: impl FnOnce(&mut dyn Write) -> Result<(), ExportError>,
    ) -> Result<Self, ExportError> {
        let file = tempfile::tempfile_in(folder).map_err(super::folder("make a file in", folder))?;
        let mut to = zstd::stream::write::Encoder::new(file, PACKING).map_err(aside)?;
        fill(&mut to)?;
        let mut file = to.finish().map_err(aside)?;
        file.seek(SeekFrom::Start(0)).map_err(aside)?;
        Ok(Self(file))
    }
}

fn aside(error: io::Error) -> ExportError {
    ExportError::Write(io::Error::new(error.kind(), format!("what is set aside for sorting: {error}")))
}

impl Framed {
    fn of(file: u32, stored: &Stored) -> Self {
        let mut line = Vec::with_capacity(320);
        write_line(&stored.event, &mut line);
        line.pop();
        // The log may hold what no feed reads, such as an answer that its instrument does not have.
        if read_line(&line).ok().as_ref() != Some(&stored.event) {
            line.clear();
        }
        let consultation = stored.event.consultation.clone();
        Self { file, consultation, position: stored.position.0, received: stored.recorded_at.ms(), line }
    }

    fn write(&self, to: &mut dyn Write) -> io::Result<()> {
        to.write_all(&self.file.to_le_bytes())?;
        to.write_all(&self.position.to_le_bytes())?;
        to.write_all(&self.received.to_le_bytes())?;
        for text in [self.consultation.as_bytes(), &self.line] {
            let length = u32::try_from(text.len()).map_err(io::Error::other)?;
            to.write_all(&length.to_le_bytes())?;
            to.write_all(text)?;
        }
        Ok(())
    }

    /// The event of `log`, with the number of its file.
    pub(super) fn event(self, log: &Log) -> Result<(u32, Stored), ExportError> {
        let position = Position(self.position);
        if let Ok(event) = read_line(&self.line) {
            return Ok((self.file, Stored { position, recorded_at: Time::from_ms(self.received), event }));
        }
        let stored = log.events(position..=position).next();
        let gone = LogError::NoPosition { position, head: log.head() };
        Ok((self.file, stored.unwrap_or(Err(gone))?))
    }
}

/// Events of several runs, the least first.
pub(super) struct Merge {
    runs: Vec<Reader>,
    /// The first event of each run that has one more.
    first: BinaryHeap<Reverse<(Framed, usize)>>,
}

impl Merge {
    /// Reads `runs` as one.
    pub(super) fn of(runs: Vec<Run>) -> Result<Self, ExportError> {
        let runs = runs.into_iter().map(Reader::of).collect::<Result<Vec<_>, _>>()?;
        let mut merge = Self { runs, first: BinaryHeap::new() };
        (0..merge.runs.len()).try_for_each(|number| merge.read(number))?;
        Ok(merge)
    }

    fn read(&mut self, number: usize) -> Result<(), ExportError> {
        if let Some(framed) = self.runs[number].next().map_err(aside)? {
            self.first.push(Reverse((framed, number)));
        }
        Ok(())
    }
}

impl Iterator for Merge {
    type Item = Result<Framed, ExportError>;

    fn next(&mut self) -> Option<Self::Item> {
        let Reverse((framed, number)) = self.first.pop()?;
        Some(self.read(number).map(|()| framed))
    }
}

/// A run that is being read.
struct Reader(zstd::stream::read::Decoder<'static, BufReader<File>>);

impl Reader {
    fn of(run: Run) -> Result<Self, ExportError> {
        zstd::stream::read::Decoder::new(run.0).map(Self).map_err(aside)
    }

    /// The next event; none behind the last.
    fn next(&mut self) -> io::Result<Option<Framed>> {
        let mut file = [0; 4];
        if self.0.read(&mut file[..1])? == 0 {
            return Ok(None);
        }
        self.0.read_exact(&mut file[1..])?;
        let (position, received) = (self.number()?, self.number()?);
        let consultation = String::from_utf8(self.text()?).map_err(io::Error::other)?;
        Ok(Some(Framed {
            file: u32::from_le_bytes(file),
            consultation,
            position: u64::from_le_bytes(position),
            received: i64::from_le_bytes(received),
            line: self.text()?,
        }))
    }

    fn number(&mut self) -> io::Result<[u8; 8]> {
        let mut number = [0; 8];
        self.0.read_exact(&mut number)?;
        Ok(number)
    }

    fn text(&mut self) -> io::Result<Vec<u8>> {
        let mut length = [0; 4];
        self.0.read_exact(&mut length)?;
        let mut text = vec![0; u32::from_le_bytes(length) as usize];
        self.0.read_exact(&mut text)?;
        Ok(text)
    }
}
