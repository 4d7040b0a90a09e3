//! Parquet among what is read: single files, and data sets, which are checked as a whole first.
//!
//! A build without the feature `parquet` knows them when it sees them, and says which build reads them.

use std::fs::File;
use std::io::{self, Read, Seek};
use std::path::{Path, PathBuf};

use super::Shared;
use super::failure::Failure;
use super::inputs::Inputs;
#[cfg(feature = "parquet")]
use super::progress;
use crate::ingest::is_parquet;
#[cfg(feature = "parquet")]
use crate::ingest::{Lines, dataset};

/// Whether an ordinary file begins as a Parquet file; of anything else no byte is taken.
pub(super) fn begins_here(file: &mut File) -> io::Result<bool> {
    if !file.metadata()?.is_file() {
        return Ok(false);
    }
    let mut beginning = Vec::new();
    file.by_ref().take(4).read_to_end(&mut beginning)?;
    file.rewind()?;
    Ok(is_parquet(&beginning))
}

/// Puts the files of every data set among those to be read, after each set was checked.
pub(super) fn take_datasets(inputs: &mut Inputs, shared: &Shared) -> Result<(), Failure> {
    for folder in std::mem::take(&mut inputs.datasets) {
        let files = checked(&folder, shared)?;
        inputs.checked.extend(files.iter().cloned());
        inputs.files.extend(files);
    }
    Ok(())
}

/// Checks a file, unless it is no Parquet or was checked.
pub(super) fn check(path: &Path, inputs: &mut Inputs, shared: &Shared) -> Result<(), Failure> {
    if inputs.checked.contains(path) || !is_one(path) {
        return Ok(());
    }
    check_one(path, shared)?;
    inputs.checked.insert(path.to_owned());
    Ok(())
}

/// The rows of a file as lines.
#[cfg(feature = "parquet")]
pub(super) fn lines(path: &Path, file: File) -> Result<Box<dyn Read + Send>, Failure> {
    match Lines::of(file) {
        Ok(lines) => Ok(Box::new(lines)),
        Err(fault) => Err(Failure::Input(format!("{}: {fault}", path.display()))),
    }
}

#[cfg(feature = "parquet")]
fn checked(folder: &Path, shared: &Shared) -> Result<Vec<PathBuf>, Failure> {
    Ok(progress::during(shared, "checking", "events", |watch| dataset::checked(folder, watch))?)
}

#[cfg(feature = "parquet")]
fn check_one(path: &Path, shared: &Shared) -> Result<(), Failure> {
    Ok(progress::during(shared, "checking", "events", |watch| dataset::check_one(path, watch))?)
}

/// Says which build has the rows of a file.
#[cfg(not(feature = "parquet"))]
pub(super) fn lines(path: &Path, _: File) -> Result<Box<dyn Read + Send>, Failure> {
    Err(refused(path))
}

#[cfg(not(feature = "parquet"))]
fn checked(folder: &Path, _: &Shared) -> Result<Vec<PathBuf>, Failure> {
    Err(refused(folder))
}

#[cfg(not(feature = "parquet"))]
fn check_one(path: &Path, _: &Shared) -> Result<(), Failure> {
    Err(refused(path))
}

#[cfg(not(feature = "parquet"))]
fn refused(path: &Path) -> Failure {
    Failure::Input(format!(
        "{} is Parquet, and this evenfield was built without it: build with --features parquet, as in \
         `cargo install --path . --features parquet`",
        path.display()
    ))
}

fn is_one(path: &Path) -> bool {
    path.is_file() && File::open(path).and_then(|mut file| begins_here(&mut file)).unwrap_or(false)
}
