//! The forms that a data set is written in, and the one way to write each.
//!
//! Every form of one data set has the same bytes each time: nothing of the clock or the machine is in them.

use std::io;
use std::path::Path;

use super::dataset::Dataset;
use super::{csv, json};

/// A form of a data set.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// Comma-separated values: one table.
    Csv,
    /// One document with everything.
    Json,
    /// One row a line.
    Ndjson,
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
    /// It cannot be written.
    #[error("could not write the data set: {0}")]
    Write(#[from] io::Error),
}

impl Form {
    /// Every form.
    pub const ALL: [Self; 3] = [Self::Csv, Self::Json, Self::Ndjson];

    /// Its name, which is the ending of its files.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Csv => "csv",
            Self::Json => "json",
            Self::Ndjson => "ndjson",
        }
    }

    /// The form of that name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|form| form.name() == name)
    }

    /// The form that the ending of a file's name tells.
    #[must_use]
    pub fn of_file(path: &Path) -> Option<Self> {
        Self::from_name(&path.extension()?.to_str()?.to_ascii_lowercase())
    }

    /// Its name on the web.
    #[must_use]
    pub fn media_type(self) -> &'static str {
        match self {
            Self::Csv => "text/csv; charset=utf-8; header=present",
            Self::Json => "application/json",
            Self::Ndjson => "application/x-ndjson",
        }
    }

    /// Whether it holds one table, so that the first is written and others are left out.
    #[must_use]
    pub fn is_of_one_table(self) -> bool {
        matches!(self, Self::Csv)
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
        Form::Json => return Ok(json::one_document(dataset)?),
        Form::Ndjson => json::write_lines(dataset, &mut bytes)?,
    }
    Ok(bytes)
}
