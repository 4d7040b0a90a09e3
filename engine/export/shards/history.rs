//! Where consultations go on: the number that the next event of each has, as earlier files of its shard tell.
//!
//! The newest file is read first, and of it the two columns that tell; a consultation that was found is looked for
//! no further, and when all were found nothing more is read. Rows are sorted by consultation, so that a row group of
//! which the least and the greatest name leave none in between is passed by. Names that tell nothing of their age lie
//! everywhere: then both columns of every file of the shard are read, once for all the new consultations in it. Held
//! are the names of the new consultations, and a batch of rows.

use std::collections::BTreeMap;
use std::fs::File;
use std::ops::Bound;
use std::path::Path;

use super::super::parquet::ExportError;
use super::generation::Numbers;
use super::manifest::FileNote;
use crate::export::parquet::rows::{ParquetFault, Row, Rows, Value};
use crate::replay::Watch;

/// Rows that are looked at together.
const BATCH_ROWS: usize = 4_096;
/// The columns that tell.
const TELLING: [&str; 2] = ["consultation", "seq"];

/// Gives each of the consultations the number that its next event has, as `files` in `set` tell, the newest of which comes
/// first; those that are in none of them keep theirs.
pub(super) fn number<'a>(
    set: &Path,
    files: impl Iterator<Item = &'a FileNote>,
    consultations: &mut Numbers,
    watch: &Watch,
) -> Result<(), ExportError> {
    let mut wanted: BTreeMap<&str, &mut u64> =
        consultations.iter_mut().map(|(name, next)| (name.as_str(), next)).collect();
    for file in files {
        if wanted.is_empty() {
            break;
        }
        find(&set.join(&file.name), &mut wanted, watch)?;
    }
    Ok(())
}

/// Finds what is wanted in one file, and takes it from what is wanted.
fn find(path: &Path, wanted: &mut BTreeMap<&str, &mut u64>, watch: &Watch) -> Result<(), ExportError> {
    let unfit = |reason: String| ExportError::Unfit { path: path.to_owned(), reason };
    let file = File::open(path).map_err(|error| unfit(error.to_string()))?;
    let mut rows = Rows::of(file, Some(&TELLING)).map_err(|fault| unfit(fault.to_string()))?;
    rows.only_groups(TELLING[0], |least, greatest| {
        let between = (Bound::Included(least), Bound::Included(greatest));
        least > greatest || wanted.range::<str, _>(between).next().is_some()
    });
    let mut found: Vec<String> = Vec::new();
    let (mut before, mut is_wanted) = (None::<String>, false);
    loop {
        let batch =
            rows.next_batch(BATCH_ROWS).map_err(|fault| unfit(ParquetFault::from(fault).to_string()))?;
        if batch == 0 {
            break;
        }
        if watch.stopped() {
            return Err(ExportError::Interrupted);
        }
        for number in 0..batch {
            let (name, seq) = told(&rows.row(number)).map_err(unfit)?;
            if before.as_deref() != Some(name) {
                before = Some(name.to_owned());
                is_wanted = wanted.contains_key(name);
                found.extend(is_wanted.then(|| name.to_owned()));
            }
            if is_wanted && let Some(next) = wanted.get_mut(name) {
                **next = seq.saturating_add(1);
            }
        }
    }
    for name in &found {
        wanted.remove(name.as_str());
    }
    Ok(())
}

/// The consultation of a row, and its number in it.
fn told<'a>(row: &Row<'a>) -> Result<(&'a str, u64), String> {
    let (Some(Value::Text(name)), Some(Value::Whole(seq))) = (row.get(TELLING[0]), row.get(TELLING[1]))
    else {
        return Err("a row tells no consultation or no seq".to_owned());
    };
    let name = name.as_utf8().map_err(|error| error.to_string())?;
    Ok((name, u64::try_from(*seq).map_err(|_| format!("the consultation {name:?} has the seq {seq}"))?))
}
