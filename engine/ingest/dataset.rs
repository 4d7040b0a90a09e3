//! A data set of Parquet files, held against what its manifest says before anything of it is read into a log.
//!
//! Missing files, further ones, bytes that changed, rows that do not add up, consultations in the wrong file or in
//! parts: each is found here and told with the file that it is about. Nothing is mended. The manifest itself is held
//! against what every file says, so that it cannot be changed alone. What is being appended, or was when a crash came, is
//! of a generation that the manifest does not have yet: it is let alone. `seams` holds the generations of a shard
//! against each other.

mod seams;

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};

use super::is_dataset;
use crate::export::MANIFEST;
use crate::export::parquet::rows::{ParquetFault, Rows, Value};
use crate::export::shards::{FILE_KEY, FileNote, Manifest, Said, Tally, is_later, shard_of};
use crate::log::hex;
use crate::replay::Watch;
use seams::Seams;

/// Rows that are looked at together.
const BATCH_ROWS: usize = 4_096;
/// The columns that a check looks at.
const CHECKED: [&str; 2] = ["consultation", "seq"];

/// Why a data set is not read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DatasetError {
    /// It is not as it was written.
    #[error("{} does not hold: {reason}; nothing of it was read: copy it again, or export it again", path.display())]
    Unfit {
        /// The manifest or the file.
        path: PathBuf,
        /// What is wrong.
        reason: String,
    },
    /// It was asked to stop.
    #[error("interrupted")]
    Interrupted,
}

/// The files of the data set in `folder`, sources first, after each was checked.
///
/// # Errors
/// When something is not as the manifest says, or the watch says stop.
pub fn checked(folder: &Path, watch: &Watch) -> Result<Vec<PathBuf>, DatasetError> {
    let manifest = manifest(folder)?;
    let named: BTreeSet<&str> = manifest.files.iter().map(|file| file.name.as_str()).collect();
    let entries = fs::read_dir(folder).and_then(Iterator::collect::<io::Result<Vec<_>>>);
    for entry in entries.map_err(|error| unfit(folder, error))? {
        let path = entry.path();
        let is_ours =
            path.file_name().and_then(|name| name.to_str()).is_some_and(|name| named.contains(name));
        let is_appended = || is_later(&entry.file_name().to_string_lossy(), &manifest);
        if path.extension().is_some_and(|ending| ending == "parquet") && !is_ours && !is_appended() {
            return Err(unfit(&path, format!("{MANIFEST} does not name it")));
        }
    }
    for shard in manifest.files.chunk_by(|file, next| file.shard == next.shard) {
        check_shard(folder, &manifest, shard, watch)?;
    }
    let files = manifest.files.iter().map(|file| folder.join(&file.name));
    let mut files: Vec<PathBuf> = files.collect();
    // What a source can see is known before its events come.
    let of_sources = manifest.files.iter().filter(|file| file.shard == manifest.shards).count();
    files.rotate_right(of_sources);
    Ok(files)
}

/// Checks the files of one shard, the newest first: what waits for its beginning is known before that is read.
fn check_shard(
    folder: &Path,
    manifest: &Manifest,
    files: &[FileNote],
    watch: &Watch,
) -> Result<(), DatasetError> {
    let mut seams = (files.len() > 1).then(Seams::default);
    for note in files.iter().rev() {
        check_file(&folder.join(&note.name), (manifest, note), seams.as_mut(), watch)?;
    }
    let Some((first, seams)) = files.first().zip(seams) else { return Ok(()) };
    seams.check_end().map_err(|reason| unfit(&folder.join(&first.name), reason))
}

/// Holds one file of a data set against what it says of itself, and against the manifest if that is beside it. A file
/// that is of no data set has nothing to be held against.
///
/// # Errors
/// As [`checked`].
pub fn check_one(path: &Path, watch: &Watch) -> Result<(), DatasetError> {
    let folder = path.parent().unwrap_or(Path::new(""));
    let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
    if is_dataset(folder) {
        let manifest = manifest(folder)?;
        let note = manifest.files.iter().find(|note| note.name == name);
        let note = note.ok_or_else(|| unfit(path, format!("{MANIFEST} beside it does not name it")))?;
        return check_file(path, (&manifest, note), None, watch);
    }
    let (rows, said) = opened(path)?;
    match said {
        Some(said) => check_rows(path, rows, &said, None, watch),
        None => Ok(()),
    }
}

fn manifest(folder: &Path) -> Result<Manifest, DatasetError> {
    let path = folder.join(MANIFEST);
    Manifest::read(&path).map_err(|reason| unfit(&path, reason))
}

fn check_file(
    path: &Path,
    (manifest, note): (&Manifest, &FileNote),
    seams: Option<&mut Seams>,
    watch: &Watch,
) -> Result<(), DatasetError> {
    let bytes = fs::metadata(path).map_err(|error| unfit(path, error))?.len();
    if bytes != note.bytes {
        return Err(unfit(path, format!("it has {bytes} bytes, and {MANIFEST} says {}", note.bytes)));
    }
    let digest = digest(path, watch)?;
    if digest != note.sha256 {
        return Err(unfit(path, format!("its SHA-256 is {digest}, and {MANIFEST} says {}", note.sha256)));
    }
    let (rows, said) = opened(path)?;
    let expected = Said::of(manifest, note).filter(|expected| said.as_ref() == Some(expected));
    let expected =
        expected.ok_or_else(|| unfit(path, format!("what it says of itself is not what {MANIFEST} says")))?;
    check_rows(path, rows, &expected, seams, watch)
}

fn digest(path: &Path, watch: &Watch) -> Result<String, DatasetError> {
    let mut file = File::open(path).map_err(|error| unfit(path, error))?;
    let (mut digest, mut part) = (Sha256::new(), vec![0; 1 << 18]);
    loop {
        let read = file.read(&mut part).map_err(|error| unfit(path, error))?;
        if read == 0 {
            return Ok(hex(&digest.finalize()));
        }
        digest.update(&part[..read]);
        if watch.stopped() {
            return Err(DatasetError::Interrupted);
        }
    }
}

/// The rows of a file, and what it says of itself if it is of a data set.
fn opened(path: &Path) -> Result<(Rows, Option<Said>), DatasetError> {
    let file = File::open(path).map_err(|error| unfit(path, error))?;
    let rows = Rows::of(file, Some(&CHECKED)).map_err(|fault| unfit(path, fault))?;
    let said = rows.said(FILE_KEY).map(serde_json::from_str).transpose();
    let said = said.map_err(|error| unfit(path, error))?;
    Ok((rows, said))
}

/// That rows are those that the file says: consultations that belong in it, each once, numbered and in order; those of
/// the first generation from their beginning, and of later ones as `seams` say.
fn check_rows(
    path: &Path,
    mut rows: Rows,
    said: &Said,
    seams: Option<&mut Seams>,
    watch: &Watch,
) -> Result<(), DatasetError> {
    let mut order = Order { said, part: None, seams };
    let mut tally = Tally::default();
    loop {
        let batch = rows.next_batch(BATCH_ROWS).map_err(|error| unfit(path, ParquetFault::from(error)))?;
        if batch == 0 {
            break;
        }
        for number in 0..batch {
            let row = rows.row(number);
            let [consultation, seq] = CHECKED.map(|name| row.get(name));
            let (Some(Value::Text(consultation)), Some(Value::Whole(seq))) = (consultation, seq) else {
                return Err(unfit(path, "a row tells no consultation or no seq".to_owned()));
            };
            let consultation = consultation.as_utf8().map_err(|error| unfit(path, error))?;
            let seq = u64::try_from(*seq).unwrap_or(u64::MAX);
            order.check(consultation, seq).map_err(|reason| unfit(path, reason))?;
            tally.add(consultation, seq);
        }
        watch.advance(batch as u64);
        if watch.stopped() {
            return Err(DatasetError::Interrupted);
        }
    }
    order.end().map_err(|reason| unfit(path, reason))?;
    let mut found = said.clone();
    found.tell(&tally);
    if found == *said {
        return Ok(());
    }
    Err(unfit(
        path,
        format!(
            "it holds {} events of {} consultations with the checksum {}, and should hold {} of {} with {}",
            found.events, found.consultations, found.checksum, said.events, said.consultations, said.checksum
        ),
    ))
}

/// The order in which rows must stand.
struct Order<'a> {
    said: &'a Said,
    /// The consultation of the row before, and the first and the last of its numbers in this file.
    part: Option<(String, u64, u64)>,
    seams: Option<&'a mut Seams>,
}

impl Order<'_> {
    fn check(&mut self, consultation: &str, seq: u64) -> Result<(), String> {
        let before = self.part.as_mut().filter(|(before, ..)| before.as_str() == consultation);
        if let Some((.., last)) = before {
            if last.checked_add(1) == Some(seq) {
                *last = seq;
                return Ok(());
            }
            if seq > 0 {
                return Err(format!(
                    "the consultation {consultation:?} is not whole: seq {seq} follows {last}"
                ));
            }
        }
        if seq != 0 && self.said.generation == 0 {
            return Err(format!("the consultation {consultation:?} is not whole: seq {seq} comes too early"));
        }
        if self.part.as_ref().is_some_and(|(before, ..)| before.as_str() >= consultation) {
            return Err(format!("the consultation {consultation:?} stands twice, or out of order"));
        }
        let Said { shards, shard, .. } = *self.said;
        if !self.said.is_of_sources() && (shards == 0 || shard_of(consultation, shards) != shard) {
            return Err(format!("the consultation {consultation:?} belongs in another file"));
        }
        self.end()?;
        self.part = Some((consultation.to_owned(), seq, seq));
        Ok(())
    }

    /// Holds the part of the last consultation against what later files hold of it.
    fn end(&mut self) -> Result<(), String> {
        match (self.part.take(), &mut self.seams) {
            (Some((consultation, first, last)), Some(seams)) => {
                let is_oldest = self.said.generation == 0;
                seams.take(&consultation, first..=last, is_oldest)
            }
            _ => Ok(()),
        }
    }
}

fn unfit(path: &Path, reason: impl ToString) -> DatasetError {
    DatasetError::Unfit { path: path.to_owned(), reason: reason.to_string() }
}
