//! The parts, timed: append, import, replay, fold, compare. How to run and read them: benches/README.md.
//!
//! All of them work on size S of one plan and one seed, so that a figure can be repeated.

mod append;
mod compare;
mod fold;
mod import;
mod recording;
mod replay;

use criterion::{criterion_group, criterion_main};

criterion_group!(parts, append::bench, import::bench, replay::bench, fold::bench, compare::bench);
criterion_main!(parts);
