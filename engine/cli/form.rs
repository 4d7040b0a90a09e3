//! The forms in which answers and data sets are written.

use clap::ValueEnum;

/// How an answer or a data set is written.
#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum Written {
    /// For people
    Table,
    /// Tab-separated, one row a line, no heading ornaments
    Plain,
    /// One document
    Json,
    /// One object a line
    Ndjson,
    /// Comma-separated values with a header
    Csv,
    /// A Markdown table
    Md,
    /// A workbook
    Xlsx,
    /// A Parquet file
    Parquet,
    /// An archive of CSV files
    Zip,
}

/// How an answer is written.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Format {
    /// For people.
    Table,
    /// Tab-separated.
    Plain,
    /// One document.
    Json,
    /// One object a line.
    Ndjson,
    /// Comma-separated.
    Csv,
    /// A Markdown table.
    Md,
}

impl Written {
    /// The form of an answer; none: only data sets have it.
    pub(super) fn of_answers(self) -> Option<Format> {
        Some(match self {
            Self::Table => Format::Table,
            Self::Plain => Format::Plain,
            Self::Json => Format::Json,
            Self::Ndjson => Format::Ndjson,
            Self::Csv => Format::Csv,
            Self::Md => Format::Md,
            Self::Xlsx | Self::Parquet | Self::Zip => return None,
        })
    }
}
