//! evenfield over several machines: the same reading, projections and statistics over a Parquet data set that workers read.
//!
//! ```text
//! dataset    where the data set lies, what its manifest says, and that its files are there
//! store      the files under that place, to be read and nothing else
//! row        a row of a file, as an export wrote it
//! fold       what is made of the rows of one shard: heard, or read
//! envelope   a fold on its way: what it is, who made it, and what it is of
//! plan       the one shape of query: one fold for each shard, none of whose rows leaves its worker
//! worker     a process that folds;  answering: and says that it is there meanwhile
//! workers    who of them is there, and speaks the same language
//! client     a data set that is read by workers, again where one is gone, held against its manifest
//! ```
//!
//! Nothing is computed here. Workers turn shards into parts with `engine::replay`; the parts become a sheet, and every
//! answer is made of it by `engine::cli`, so that it is that of one machine, to the byte, or a refusal with its reason.

mod answering;
pub mod client;
pub mod dataset;
pub mod envelope;
pub mod fold;
mod plan;
mod row;
pub mod store;
pub mod worker;
pub mod workers;
