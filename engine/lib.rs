//! The engine: keeping and showing.
//!
//! In reading order: events come in through [`ingest`], are kept in the [`log`], and a [`replay`] makes
//! outcomes and comparisons of them, which [`report`] puts into words; [`export`] hands the events to other
//! programs; [`summary`] is what an organisation shares of its log instead of events; [`service`] answers over HTTP;
//! [`release`] keeps what was given away; [`scenario`] is the library of recordings, [`mod@bench`] tells how fast it all is
//! here, [`cli`] is the command line over it all.

pub mod bench;
pub mod cli;
pub mod export;
pub mod ingest;
pub mod log;
pub mod release;
pub mod replay;
pub mod report;
pub mod scenario;
pub mod service;
pub mod summary;
