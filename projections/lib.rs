//! What the events mean: consultations read, folded, compared. Pure: no clock, file, network, thread.
//!
//! In reading order: an [`episode`] gathers the events of one consultation, the [`reading`] makes one
//! [`outcome`] of them.

pub mod episode;
pub mod outcome;
pub mod parameters;
pub mod reading;
pub mod source;
