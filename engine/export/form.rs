//! The forms that a data set is written in, and the one way to write each.
//!
//! Every form of one data set has the same bytes each time: nothing of the clock or the machine is in them.

use std::io;

use zip::result::ZipError;

use super::dataset::Dataset;
use super::table::Table;
use super::xlsx::WorkbookError;
use super::{archive, csv, json, xlsx};

/// A form of a data set.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// Comma-separated values: one table.
    Csv,
    /// A workbook with everything.
    Xlsx,
    /// Parquet: one table.
    Parquet,
    /// One document with everything.
    Json,
    /// One row a line.
    Ndjson,
    /// An archive of a CSV file for each table.
    Zip,
}

/// Why a data set cannot be written in a form.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum WriteError {
    /// It has no table.
    #[error("there is no table to write")]
    NoTable,
    /// Something of it is no JSON.
    #[error("could not write the data set as JSON: {0}")]
    Json(#[from] serde_json::Error),
    /// It does not go into a workbook.
    #[error(transparent)]
    Workbook(#[from] WorkbookError),
    /// It does not go into an archive.
    #[error("could not put the archive together: {0}")]
    Archive(#[from] ZipError),
    /// It does not go into a Parquet file.
    #[cfg(feature = "parquet")]
    #[error("could not make a Parquet file of the table: {0}")]
    Parquet(#[from] ::parquet::errors::ParquetError),
    /// The program was built without the format.
    #[cfg(not(feature = "parquet"))]
    #[error(
        "this evenfield was built without Parquet: build with --features parquet, as in `cargo install --path . \
         --features parquet`"
    )]
    WithoutParquet,
    /// It cannot be written.
    #[error("could not write the data set: {0}")]
    Write(#[from] io::Error),
}

impl Form {
    /// Every form.
    pub const ALL: [Self; 6] = [Self::Csv, Self::Xlsx, Self::Parquet, Self::Json, Self::Ndjson, Self::Zip];

    /// Its name, which is the ending of its files.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Csv => "csv",
            Self::Xlsx => "xlsx",
            Self::Parquet => "parquet",
            Self::Json => "json",
            Self::Ndjson => "ndjson",
            Self::Zip => "zip",
        }
    }

    /// The form of that name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|form| form.name() == name)
    }

    /// Its name on the web.
    #[must_use]
    pub fn media_type(self) -> &'static str {
        match self {
            Self::Csv => "text/csv; charset=utf-8; header=present",
            Self::Xlsx => "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
            Self::Parquet => "application/vnd.apache.parquet",
            Self::Json => "application/json",
            Self::Ndjson => "application/x-ndjson",
            Self::Zip => "application/zip",
        }
    }

    /// Whether it holds one table, so that the first is written and others are left out.
    #[must_use]
    pub fn is_of_one_table(self) -> bool {
        matches!(self, Self::Csv | Self::Parquet)
    }

    /// Whether it is nothing to look at.
    #[must_use]
    pub fn is_binary(self) -> bool {
        matches!(self, Self::Xlsx | Self::Parquet | Self::Zip)
    }

    /// Whether it has no place for metadata, so that they belong beside it.
    #[must_use]
    pub fn lacks_metadata(self) -> bool {
        matches!(self, Self::Csv | Self::Ndjson)
    }
}

/// The data set in a form.
///
/// # Errors
/// When it cannot be written in it.
pub fn bytes(dataset: &Dataset, form: Form) -> Result<Vec<u8>, WriteError> {
    let first = || dataset.tables.first().ok_or(WriteError::NoTable);
    let mut bytes = Vec::new();
    match form {
        Form::Csv => csv::write(first()?, &mut bytes)?,
        Form::Xlsx => return Ok(xlsx::workbook(dataset)?),
        Form::Parquet => return parquet(dataset, first()?),
        Form::Zip => return archive::archive(dataset),
        Form::Json => return Ok(json::one_document(dataset)?),
        Form::Ndjson => json::write_lines(dataset, &mut bytes)?,
    }
    Ok(bytes)
}

#[cfg(feature = "parquet")]
fn parquet(dataset: &Dataset, table: &Table) -> Result<Vec<u8>, WriteError> {
    Ok(super::parquet::table::file(table, &dataset.metadata_document()?)?)
}

#[cfg(not(feature = "parquet"))]
fn parquet(_: &Dataset, _: &Table) -> Result<Vec<u8>, WriteError> {
    Err(WriteError::WithoutParquet)
}
