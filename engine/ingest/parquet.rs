//! A Parquet file of events, as `export parquet` writes them, read as lines of the native form.
//!
//! To the rest of an ingest it is one more way in which a file can be packed: every row becomes the line that an
//! export of its event would be, and the line is read, checked, counted and rejected as any other. A file without
//! the columns of an export is refused. What a damaged file holds before the damage is read.

mod event;
mod line;

use std::fs::File;
use std::io::{self, Read};

use crate::export::parquet::rows::{ParquetFault, Rows};
pub use event::{event_by_line, event_of};
pub use line::Told;

/// Rows that are read at once.
const BATCH_ROWS: usize = 1_024;

/// The rows of a file, as lines.
pub struct Lines {
    rows: Rows,
    batch: Vec<u8>,
    read: usize,
}

impl Lines {
    /// The rows of `file`.
    ///
    /// # Errors
    /// When it is no Parquet file, or none of events.
    pub fn of(file: File) -> Result<Self, ParquetFault> {
        Ok(Self { rows: Rows::of(file, None)?, batch: Vec::new(), read: 0 })
    }
}

impl Read for Lines {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        while self.read == self.batch.len() {
            self.batch.clear();
            self.read = 0;
            let batch =
                self.rows.next_batch(BATCH_ROWS).map_err(|fault| io::Error::other(fault.to_string()))?;
            if batch == 0 {
                return Ok(0);
            }
            (0..batch).for_each(|row| line::write(&self.rows.row(row), &mut self.batch));
        }
        let count = into.len().min(self.batch.len() - self.read);
        into[..count].copy_from_slice(&self.batch[self.read..self.read + count]);
        self.read += count;
        Ok(count)
    }
}
