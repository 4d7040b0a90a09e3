//! Data sets for other programs: readings as tables, and events as they are; one format per file.
//!
//! A reading becomes a [`Dataset`] by way of what the boundary shows of it, and by no other; every form writes that
//! data set, so that all of them say the same. `log export` writes events as they came, to be read by an evenfield
//! again; `parquet` and `shards` are for programs that know tables and nothing of consultations, and `ingest` reads what
//! they write. No rule is applied on the way.

mod archive;
#[cfg(feature = "parquet")]
pub(crate) mod column;
pub mod csv;
mod dataset;
mod define;
mod flat;
mod form;
pub mod json;
mod line;
mod metadata;
#[cfg(feature = "parquet")]
pub mod parquet;
mod shape;
#[cfg(feature = "parquet")]
pub mod shards;
mod sheets;
mod table;
mod tree;
mod xlsx;

pub use dataset::{About, Dataset};
pub use form::{Form, WriteError, bytes};
pub use line::{POSITION, RECEIVED, line};
pub use metadata::{ColumnNote, MarkNote, MeasureNote, Metadata, Program, TableNote};
pub use shape::{Exported, Shape};
pub use table::{Absence, Cell, Column, Kind, LOW, Table, marks};
pub use xlsx::WorkbookError;

/// The file that makes a folder a data set of Parquet files.
pub const MANIFEST: &str = "manifest.json";
