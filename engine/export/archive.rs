//! A data set as one archive: a CSV file for each table, and the metadata.
//!
//! Files stand in the order of the tables, and bear the earliest date that an archive knows, so that the same data
//! set is the same archive.

use std::io::{Cursor, Write};

use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, DateTime, ZipWriter};

use super::csv;
use super::dataset::Dataset;
use super::form::WriteError;

/// The data set as an archive.
///
/// # Errors
/// When it cannot be put together.
pub(super) fn archive(dataset: &Dataset) -> Result<Vec<u8>, WriteError> {
    let mut archive = ZipWriter::new(Cursor::new(Vec::new()));
    let options = SimpleFileOptions::default()
        .compression_method(CompressionMethod::Deflated)
        .last_modified_time(DateTime::default())
        .unix_permissions(0o644);
    archive.start_file("metadata.json", options)?;
    archive.write_all(&dataset.metadata_document()?)?;
    for table in &dataset.tables {
        archive.start_file(format!("{}.csv", table.name), options.large_file(table.rows.len() > LARGE))?;
        csv::write(table, &mut archive)?;
    }
    Ok(archive.finish()?.into_inner())
}

/// From how many rows a table may be of more than four gigabytes.
const LARGE: usize = 1_000_000;
