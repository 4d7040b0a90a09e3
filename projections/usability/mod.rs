//! Do people find it easy and good? Patients and clinicians are never pooled. One question per file.

pub mod adequacy;
pub mod help;
pub mod questionnaires;
pub mod ratings;
