//! Events as data sets for other programs, one format per file.
//!
//! `log export` writes events as they came, to be read by an evenfield again; this is for programs that
//! know tables and nothing of consultations. No rule is applied on the way: one row is one event.

#[cfg(feature = "parquet")]
mod column;
mod line;
#[cfg(feature = "parquet")]
pub mod parquet;

pub use line::line;
