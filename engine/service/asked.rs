//! What is asked of a service, and who answers: the port to whatever knows the questions.
//!
//! A question here is the one of the command line: the same options under the same names, and the same answer byte for
//! byte. So the service knows neither measures nor methods; whoever starts it brings [`Answers`].

use std::time::Duration;

/// A question.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Asked {
    /// The reading.
    pub reading: Reading,
    /// What it is about, where its address says so: the name of a claim.
    pub subject: Option<String>,
    /// Options by name, as they are written on the command line.
    pub options: Vec<(String, String)>,
    /// The form of the answer.
    pub form: Form,
}

/// What can be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Reading {
    /// Platforms, measure by measure.
    Comparison,
    /// Standardise or range.
    Decision,
    /// What stands behind a claim.
    Claim,
    /// What two moments claim otherwise.
    Diff,
    /// Plain counts.
    Totals,
    /// How complete the evidence is.
    Quality,
    /// Failures at several organisations at once.
    Outages,
    /// A row a consultation.
    Outcomes,
    /// The report.
    Report,
}

impl Reading {
    /// Everything that can be read.
    pub const ALL: [Self; 9] = [
        Self::Comparison,
        Self::Decision,
        Self::Claim,
        Self::Diff,
        Self::Totals,
        Self::Quality,
        Self::Outages,
        Self::Outcomes,
        Self::Report,
    ];

    /// The forms that there are of it, the usual one first.
    #[must_use]
    pub const fn forms(self) -> &'static [Form] {
        match self {
            Self::Claim => &[Form::Json, Form::Text],
            Self::Outcomes => Form::ROWS,
            Self::Diff | Self::Outages => Form::PLAIN,
            Self::Report => &[Form::Html, Form::Live],
            Self::Comparison | Self::Decision | Self::Totals | Self::Quality => Form::READING,
        }
    }

    /// Where it is asked for.
    #[must_use]
    pub const fn path(self) -> &'static str {
        match self {
            Self::Comparison => "/v1/comparisons",
            Self::Decision => "/v1/decision",
            Self::Claim => "/v1/claims/{claim}",
            Self::Diff => "/v1/diff",
            Self::Totals => "/v1/projections/totals",
            Self::Quality => "/v1/projections/quality",
            Self::Outages => "/v1/projections/outages",
            Self::Outcomes => "/v1/projections/outcomes",
            Self::Report => "/",
        }
    }
}

/// How an answer is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Form {
    /// One document.
    Json,
    /// One object a line.
    Ndjson,
    /// Comma-separated values with a header: one table of the data set.
    Csv,
    /// A workbook of the data set.
    Xlsx,
    /// An archive of the data set: a CSV file for each table, and what they mean.
    Zip,
    /// One table of the data set as Parquet.
    #[cfg(feature = "parquet")]
    Parquet,
    /// What the columns and marks of the data set mean.
    Metadata,
    /// A Markdown table.
    Md,
    /// For people, in a terminal.
    Text,
    /// The report, to be kept.
    Html,
    /// The report as a page that keeps itself up to date.
    Live,
}

impl Form {
    /// Forms of a table of which there is no data set.
    const PLAIN: &[Self] = &[Self::Json, Self::Ndjson, Self::Csv, Self::Md, Self::Text];
    /// Forms of a reading of which there is one, the usual one first.
    const READING: &[Self] = &[
        Self::Json,
        Self::Ndjson,
        Self::Csv,
        Self::Xlsx,
        Self::Zip,
        #[cfg(feature = "parquet")]
        Self::Parquet,
        Self::Metadata,
        Self::Md,
        Self::Text,
    ];
    /// Forms of rows, which are no document.
    const ROWS: &[Self] = &[
        Self::Ndjson,
        Self::Csv,
        Self::Xlsx,
        Self::Zip,
        #[cfg(feature = "parquet")]
        Self::Parquet,
        Self::Metadata,
        Self::Md,
    ];

    /// Whether it is of a data set, where there is one of the reading.
    #[must_use]
    pub const fn is_of_data_set(self) -> bool {
        match self {
            Self::Csv | Self::Xlsx | Self::Zip | Self::Metadata => true,
            #[cfg(feature = "parquet")]
            Self::Parquet => true,
            _ => false,
        }
    }

    /// The form that an ending of an address asks for.
    #[must_use]
    pub fn of(ending: &str) -> Option<Self> {
        Self::READING.iter().copied().find(|form| form.ending() == ending)
    }

    /// The ending of addresses and files.
    #[must_use]
    pub const fn ending(self) -> &'static str {
        match self {
            Self::Json => "json",
            Self::Ndjson => "ndjson",
            Self::Csv => "csv",
            Self::Xlsx => "xlsx",
            Self::Zip => "zip",
            #[cfg(feature = "parquet")]
            Self::Parquet => "parquet",
            Self::Metadata => "metadata.json",
            Self::Md => "md",
            Self::Text => "txt",
            Self::Html | Self::Live => "html",
        }
    }

    /// The media type.
    #[must_use]
    pub const fn media_type(self) -> &'static str {
        match self {
            Self::Json | Self::Metadata => "application/json",
            Self::Ndjson => "application/x-ndjson",
            Self::Csv => "text/csv; charset=utf-8; header=present",
            Self::Xlsx => "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
            Self::Zip => "application/zip",
            #[cfg(feature = "parquet")]
            Self::Parquet => "application/vnd.apache.parquet",
            Self::Md => "text/markdown; charset=utf-8",
            Self::Text => "text/plain; charset=utf-8",
            Self::Html | Self::Live => "text/html; charset=utf-8",
        }
    }
}

/// Why a question is not answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Refusal {
    /// It cannot be meant.
    Question(String),
    /// The policy does not show it.
    Policy(String),
    /// There is no such thing.
    Missing(String),
    /// Nothing is alike enough to be compared.
    Incomparable(String),
    /// The work was ended before it was done.
    Interrupted,
    /// The log is damaged.
    Damaged(String),
    /// Something went wrong.
    Failed(String),
}

/// An option of a reading.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Choice {
    /// Its name in an address.
    pub name: String,
    /// What it does.
    pub says: String,
    /// Whether it may be given more than once.
    pub many: bool,
    /// Whether it takes no value but `true`.
    pub flag: bool,
    /// Whether there is no answer without it.
    pub required: bool,
}

/// Who answers questions about a store.
pub trait Answers: Send + Sync + 'static {
    /// The options of a reading in a form.
    fn choices(&self, reading: Reading, form: Form) -> Vec<Choice>;

    /// The answer as bytes; it may take seconds, and is asked for from a thread that may.
    ///
    /// # Errors
    /// When there is none.
    fn answer(&self, asked: &Asked) -> Result<Vec<u8>, Refusal>;
}

/// What one request, one client and all together may take.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// Bytes of a body.
    pub body_bytes: usize,
    /// Bytes of all bodies that are being read or appended.
    pub bodies_bytes: usize,
    /// How long a request may take until its answer begins.
    pub time: Duration,
    /// How long the head of a request may take.
    pub head_time: Duration,
    /// Connections at a time.
    pub connections: usize,
    /// Requests a second of one client, of which it may save up two seconds' worth.
    pub rate: u32,
    /// How old an answer may be that is given again while events come in.
    pub fresh: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            body_bytes: 16 << 20,
            bodies_bytes: 128 << 20,
            time: Duration::from_secs(30),
            head_time: Duration::from_secs(10),
            connections: 1_024,
            rate: 2_000,
            fresh: Duration::from_secs(1),
        }
    }
}
