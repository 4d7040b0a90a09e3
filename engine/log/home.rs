//! The folder of a store: its lock, the line that names its format, and their durability.
//!
//! ```text
//! LOCK     held while the store is open; says who holds it
//! FORMAT   one line, written last: a folder without it is no store yet
//! sled/    the database
//! WITNESS  how far events were acknowledged; see `witness`
//! KEY      which key the pseudonyms are made with, if there are any; written by `ingest`
//! ```
//!
//! The database has a lock of its own, but it cannot say who holds it, and left-overs of a crash must
//! be cleared before the database looks.

use std::ffi::OsStr;
use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{ErrorKind, Read, Seek, Write};
use std::path::{Path, PathBuf};

use super::{LogError, Mode};

const LOCK: &str = "LOCK";
const FORMAT: &str = "FORMAT";
const FORMAT_DRAFT: &str = "FORMAT.new";
const DATABASE: &str = "sled";
pub(super) const WITNESS: &str = "WITNESS";
/// What `FORMAT` says.
const FORMAT_LINE: &str = "evenfield log 1";

/// A folder that this process has locked.
#[derive(Debug)]
pub(super) struct Home {
    dir: PathBuf,
    is_store: bool,
    _lock: File,
}

impl Home {
    /// Locks the folder `dir` for a store, making it if `mode` allows.
    pub(super) fn lock(dir: &Path, mode: Mode) -> Result<Self, LogError> {
        prepare(dir, mode)?;
        let lock = take_lock(dir)?;
        let is_store = check_format(dir)?;
        Ok(Self { dir: dir.to_owned(), is_store, _lock: lock })
    }

    /// Whether a store was completed here before.
    pub(super) fn is_store(&self) -> bool {
        self.is_store
    }

    /// Where the database lies.
    pub(super) fn database(&self) -> PathBuf {
        self.dir.join(DATABASE)
    }

    /// Makes everything that was created durable, and then the folder a store.
    pub(super) fn complete(&mut self) -> Result<(), LogError> {
        sync_folder(&self.database())?;
        if self.is_store {
            return Ok(());
        }
        sync_folder(&self.database().join("blobs"))?;
        let draft = self.dir.join(FORMAT_DRAFT);
        let write = || {
            let mut file = File::create(&draft)?;
            writeln!(file, "{FORMAT_LINE}")?;
            file.sync_all()?;
            fs::rename(&draft, self.dir.join(FORMAT))
        };
        write().map_err(LogError::io("write the format of the store", &draft))?;
        sync_folder(&self.dir)?;
        self.is_store = true;
        Ok(())
    }
}

/// Checks that `dir` is a store or may become one, and makes the folder.
fn prepare(dir: &Path, mode: Mode) -> Result<(), LogError> {
    let missing = || LogError::Missing { dir: dir.to_owned() };
    let not_a_store = |found: String| LogError::NotAStore { dir: dir.to_owned(), found };
    let entries = match fs::read_dir(dir) {
        Ok(entries) => entries,
        Err(error) if error.kind() == ErrorKind::NotFound => {
            return if mode == Mode::Existing { Err(missing()) } else { create(dir) };
        }
        Err(error) if error.kind() == ErrorKind::NotADirectory => {
            return Err(not_a_store("it is no folder".to_owned()));
        }
        Err(error) => return Err(LogError::io("read the folder", dir)(error)),
    };
    let names = entries
        .map(|entry| entry.map(|entry| entry.file_name()))
        .collect::<Result<Vec<_>, _>>()
        .map_err(LogError::io("read the folder", dir))?;
    if names.iter().any(|name| name == FORMAT) {
        return Ok(());
    }
    let ours = |name: &OsStr| [LOCK, FORMAT_DRAFT, DATABASE, WITNESS].iter().any(|known| name == *known);
    match names.iter().find(|name| !ours(name)) {
        Some(name) => Err(not_a_store(format!("it holds {} and no {FORMAT}", name.display()))),
        None if mode == Mode::Existing => Err(missing()),
        None => Ok(()),
    }
}

fn create(dir: &Path) -> Result<(), LogError> {
    let new: Vec<_> = dir.ancestors().take_while(|folder| !folder.exists()).collect();
    fs::create_dir_all(dir).map_err(LogError::io("make the folder", dir))?;
    for parent in new.into_iter().filter_map(Path::parent) {
        sync_folder(if parent.as_os_str().is_empty() { Path::new(".") } else { parent })?;
    }
    Ok(())
}

fn take_lock(dir: &Path) -> Result<File, LogError> {
    let path = dir.join(LOCK);
    let mut file = OpenOptions::new()
        .create(true)
        .truncate(false)
        .read(true)
        .write(true)
        .open(&path)
        .map_err(LogError::io("take the lock", &path))?;
    match file.try_lock() {
        Ok(()) => {}
        Err(TryLockError::WouldBlock) => {
            return Err(LogError::InUse { dir: dir.to_owned(), holder: holder(&mut file) });
        }
        Err(TryLockError::Error(error)) => return Err(LogError::io("take the lock", &path)(error)),
    }
    sign(&mut file).map_err(LogError::io("sign the lock", &path))?;
    Ok(file)
}

/// Writes who holds the lock into it.
fn sign(file: &mut File) -> std::io::Result<()> {
    let program = std::env::current_exe().ok();
    let program = program.as_deref().and_then(Path::file_name).unwrap_or(OsStr::new("unknown"));
    file.set_len(0)?;
    file.rewind()?;
    writeln!(file, "process {} ({})", std::process::id(), program.display())
}

/// Who holds a lock, as far as the file tells.
fn holder(file: &mut File) -> String {
    let mut text = String::new();
    let read = file.take(256).read_to_string(&mut text);
    match text.trim() {
        "" => "another process".to_owned(),
        _ if read.is_err() => "another process".to_owned(),
        text => text.to_owned(),
    }
}

/// Whether the folder says that it is a store; an error when it says that it is one of another format.
fn check_format(dir: &Path) -> Result<bool, LogError> {
    let path = dir.join(FORMAT);
    match fs::read_to_string(&path) {
        Ok(line) if line.trim_end() == FORMAT_LINE => Ok(true),
        Ok(line) => {
            let found = line.lines().next().unwrap_or_default().to_owned();
            Err(LogError::Format { dir: dir.to_owned(), found, known: FORMAT_LINE })
        }
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(false),
        Err(error) => Err(LogError::io("read the format of the store", &path)(error)),
    }
}

fn sync_folder(dir: &Path) -> Result<(), LogError> {
    File::open(dir).and_then(|folder| folder.sync_all()).map_err(LogError::io("make the folder durable", dir))
}
