//! What the events mean: consultations read, folded, compared. Pure: no clock, file, network, thread.
//!
//! In reading order: an [`episode`] gathers the events of one consultation, the [`reading`] makes one
//! [`outcome`] of them, a [`projection`] folds outcomes into mergeable states, [`measure`]s say what is
//! counted, and a comparison turns states into estimates with the inference of `stats`.

mod buckets;
pub mod calendar;
pub mod catalog;
pub mod cells;
pub mod compare;
pub mod coverage;
pub mod disclosure;
pub mod episode;
pub mod filter;
pub mod gist;
pub mod gists;
pub mod kept;
pub mod measure;
pub mod methods;
pub mod outcome;
pub mod parameters;
pub mod period;
pub mod practice;
pub mod profiles;
pub mod projection;
pub mod quality;
pub mod reach;
pub mod reading;
pub mod reliability;
pub mod sketch;
pub mod source;
pub mod stats;
pub mod survey;
pub mod times;
pub mod totals;
pub mod usability;
pub mod windows;

/// What is written for those who add to this crate is run as it stands.
#[cfg(doctest)]
#[doc = include_str!("README.md")]
pub struct Readme;
