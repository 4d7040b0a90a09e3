//! The folder of a store: its lock, the lines that name its format, and which of its files count.
//!
//! ```text
//! LOCK        held while the store is open; says who holds it
//! FORMAT      what stands here, written last and replaced whole: a folder without it is no store yet
//! sled/       the database; sled.1/ and so on once it was written anew, see `generation`
//! WITNESS     how far events were acknowledged; WITNESS.1 and so on; see `witness`
//! derived/    what was made of the events and can be made anew; derived.1/ and so on; goes with its database
//! damaged.0/  a generation that a repair has replaced, kept aside
//! KEY         which key the pseudonyms are made with, if there are any; written by `ingest`
//! RELEASES    what was given away; written and read by `release` alone
//! ```
//!
//! ```text
//! evenfield log 2                 the format
//! store 0123...                   32 hexadecimal digits that no other store has
//! generation 1                    which database and witness count
//! before keep                     what to do with the generation before it, if it is still there:
//!                                 keep it aside, or erase it
//! check 89abcdef                  CRC-32C of the lines above
//! ```
//!
//! The database has a lock of its own, but it cannot say who holds it, and left-overs of a crash must
//! be cleared before the database looks. A store that is written anew (to repair it, to destroy contents)
//! becomes a new generation beside the old one, and one line switches from one to the other.

use std::ffi::{OsStr, OsString};
use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{ErrorKind, Read, Seek, Write};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use super::disk::{sync_file, sync_folder};
use crate::log::commitment::{hex, unhex};
use crate::log::{LogError, Mode};

const LOCK: &str = "LOCK";
const FORMAT: &str = "FORMAT";
const FORMAT_DRAFT: &str = "FORMAT.new";
const DATABASE: &str = "sled";
const WITNESS: &str = "WITNESS";
const DERIVED: &str = "derived";
const DAMAGED: &str = "damaged";
/// Written by `ingest`; see above.
const KEY: &str = "KEY";
/// What `FORMAT` begins with.
const FORMAT_LINE: &str = "evenfield log 2";
/// Short readers come and go: how long one is waited for.
const PATIENCE: Duration = Duration::from_secs(2);
const PAUSE: Duration = Duration::from_millis(20);

/// What is wrong with a folder that holds events without it.
pub(in crate::log) const NO_FORMAT: &str = "its FORMAT is missing";

/// What no other store has.
pub(in crate::log) type StoreId = [u8; 16];

/// What happens to the generation before.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::log) enum Before {
    Keep,
    Erase,
}

/// What `FORMAT` says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::log) struct Format {
    pub(in crate::log) id: StoreId,
    pub(in crate::log) generation: u32,
    before: Before,
}

/// A folder that this process has locked.
#[derive(Debug)]
pub(in crate::log) struct Home {
    dir: PathBuf,
    format: Option<Format>,
    /// The generation, where there is no format to tell it.
    guessed: u32,
    mode: Mode,
    /// None where a store has lost it, and is only looked at.
    _lock: Option<File>,
}

impl Home {
    /// Locks the folder `dir` for a store, making it if `mode` allows.
    pub(in crate::log) fn lock(dir: &Path, mode: Mode) -> Result<Self, LogError> {
        prepare(dir, mode)?;
        let lock = take_lock(dir)?;
        let format = read_format(dir)?;
        let home = Self { dir: dir.to_owned(), format, guessed: 0, mode, _lock: Some(lock) };
        home.settle()?;
        Ok(home)
    }

    /// Holds the store in `dir` for whoever only looks at it: nothing is made, signed or settled, and others may look too.
    pub(in crate::log) fn hold(dir: &Path) -> Result<Self, LogError> {
        let missing = || LogError::Missing { dir: dir.to_owned() };
        let names = names(dir)?.ok_or_else(missing)?;
        is_ours(dir, &names)?;
        let lock = share_lock(dir)?;
        let (dir, format, mode) = (dir.to_owned(), read_format(dir)?, Mode::Existing);
        let home = Self { dir, format, guessed: 0, mode, _lock: lock };
        home.is_current()?;
        Ok(home)
    }

    /// What the store in `dir` says of itself and where its witness lies, without holding it.
    pub(in crate::log) fn glance(dir: &Path) -> Result<(Format, PathBuf), LogError> {
        let missing = || LogError::Missing { dir: dir.to_owned() };
        let format = read_format(dir)?.ok_or_else(missing)?;
        Ok((format, dir.join(numbered(WITNESS, format.generation))))
    }

    /// Locks a store whose `FORMAT` cannot be read, at the last generation that is there.
    pub(in crate::log) fn lock_without_format(dir: &Path) -> Result<Self, LogError> {
        let lock = take_lock(dir)?;
        let guessed = last_generation(dir).map_err(LogError::io("read the folder", dir))?;
        Ok(Self { dir: dir.to_owned(), format: None, guessed, mode: Mode::Existing, _lock: Some(lock) })
    }

    /// What a completed store says of itself.
    pub(in crate::log) fn format(&self) -> Option<Format> {
        self.format
    }

    /// Whether a store may be made here.
    pub(in crate::log) fn mode(&self) -> Mode {
        self.mode
    }

    /// The folder.
    pub(in crate::log) fn dir(&self) -> &Path {
        &self.dir
    }

    /// Which database and witness count.
    pub(in crate::log) fn generation(&self) -> u32 {
        self.format.map_or(self.guessed, |format| format.generation)
    }

    /// The fingerprint of the key of pseudonyms that the store needs, if it needs one.
    pub(in crate::log) fn fingerprint(&self) -> Result<Option<Vec<u8>>, LogError> {
        let path = self.dir.join(KEY);
        match fs::read(&path) {
            Ok(bytes) => Ok(Some(bytes)),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
            Err(error) => Err(LogError::io("read the fingerprint of the key", &path)(error)),
        }
    }

    /// Leaves the fingerprint of the key of pseudonyms in a new store.
    pub(in crate::log) fn leave_fingerprint(&self, fingerprint: &[u8]) -> Result<(), LogError> {
        let path = self.dir.join(KEY);
        let write = || {
            let mut file = File::create(&path)?;
            file.write_all(fingerprint)?;
            Ok(file)
        };
        let file = write().map_err(LogError::io("leave the fingerprint of the key", &path))?;
        sync_file(&file, &path)
    }

    /// Where the database lies.
    pub(in crate::log) fn database(&self) -> PathBuf {
        self.dir.join(numbered(DATABASE, self.generation()))
    }

    /// Where the witness lies.
    pub(in crate::log) fn witness(&self) -> PathBuf {
        self.dir.join(numbered(WITNESS, self.generation()))
    }

    /// Where lies what was made of the database and can be made anew.
    pub(in crate::log) fn derived(&self) -> PathBuf {
        self.dir.join(numbered(DERIVED, self.generation()))
    }

    /// Where the database and the witness of the next generation are made.
    pub(in crate::log) fn next_generation(&self) -> (PathBuf, PathBuf) {
        let next = self.generation() + 1;
        (self.dir.join(numbered(DATABASE, next)), self.dir.join(numbered(WITNESS, next)))
    }

    /// Makes everything that was created durable, and then the folder a store.
    pub(in crate::log) fn complete(&mut self, id: StoreId) -> Result<(), LogError> {
        sync_folder(&self.database())?;
        sync_folder(&self.database().join("blobs"))?;
        self.write(Format { id, generation: 0, before: Before::Erase })
    }

    /// Switches to the next generation, which is durable; tells where the one before it was put.
    pub(in crate::log) fn switch(
        &mut self,
        id: StoreId,
        before: Before,
    ) -> Result<Option<PathBuf>, LogError> {
        let old = self.generation();
        let (database, _) = self.next_generation();
        sync_folder(&database)?;
        sync_folder(&database.join("blobs"))?;
        self.write(Format { id, generation: old + 1, before })?;
        self.settle()?;
        Ok((before == Before::Keep).then(|| self.dir.join(format!("{DAMAGED}.{old}"))))
    }

    fn write(&mut self, format: Format) -> Result<(), LogError> {
        let draft = self.dir.join(FORMAT_DRAFT);
        let write = || {
            let mut file = File::create(&draft)?;
            file.write_all(format.text().as_bytes())?;
            Ok(file)
        };
        let doing = "write the format of the store";
        let file = write().map_err(LogError::io(doing, &draft))?;
        sync_file(&file, &draft)?;
        fs::rename(&draft, self.dir.join(FORMAT)).map_err(LogError::io(doing, &draft))?;
        sync_folder(&self.dir)?;
        self.format = Some(format);
        Ok(())
    }

    /// Does with what does not count as `FORMAT` says: an unfinished generation goes, the one before it
    /// is erased or put aside.
    fn settle(&self) -> Result<(), LogError> {
        self.is_current()?;
        let Some(format) = self.format else { return Ok(()) };
        self.erase(format.generation + 1)?;
        let Some(old) = format.generation.checked_sub(1) else { return Ok(()) };
        // Left over only when a FORMAT was lost on the way: nobody can say any more what was meant for them.
        (0..old).try_for_each(|older| self.put_aside(older))?;
        match format.before {
            Before::Erase => self.erase(old),
            Before::Keep => self.put_aside(old),
        }
    }

    /// Refuses a format that is older than the database.
    fn is_current(&self) -> Result<(), LogError> {
        let Some(format) = self.format else { return Ok(()) };
        if !self.database().exists() && self.parts(format.generation + 1).0.exists() {
            // What stands there is no draft: it is the only database that is left.
            let what = format!("its {FORMAT} is older than its database");
            return Err(LogError::Broken { dir: self.dir.clone(), what });
        }
        Ok(())
    }

    fn erase(&self, generation: u32) -> Result<(), LogError> {
        let (database, witness) = self.parts(generation);
        let derived = self.dir.join(numbered(DERIVED, generation));
        let gone = |result: std::io::Result<()>| match result {
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(false),
            result => result.map(|()| true),
        };
        let erase = || {
            let derived = gone(fs::remove_dir_all(&derived))?;
            Ok(derived | gone(fs::remove_dir_all(&database))? | gone(fs::remove_file(&witness))?)
        };
        match erase().map_err(LogError::io("erase what was replaced", &database))? {
            true => sync_folder(&self.dir),
            false => Ok(()),
        }
    }

    fn put_aside(&self, generation: u32) -> Result<(), LogError> {
        let (database, witness) = self.parts(generation);
        if !database.exists() {
            return Ok(());
        }
        let aside = self.dir.join(format!("{DAMAGED}.{generation}"));
        let derived = self.dir.join(numbered(DERIVED, generation));
        let put = || {
            // Nobody asks it any more.
            if derived.exists() {
                fs::remove_dir_all(&derived)?;
            }
            fs::create_dir_all(&aside)?;
            if witness.exists() {
                fs::rename(&witness, aside.join(WITNESS))?;
            }
            fs::rename(&database, aside.join(DATABASE))
        };
        put().map_err(LogError::io("put aside what was replaced", &aside))?;
        sync_folder(&self.dir)
    }

    /// Folders of generations that were kept aside.
    pub(in crate::log) fn kept_aside(&self) -> Vec<PathBuf> {
        let aside = (0..self.generation()).map(|old| self.dir.join(format!("{DAMAGED}.{old}")));
        aside.filter(|aside| aside.exists()).collect()
    }

    fn parts(&self, generation: u32) -> (PathBuf, PathBuf) {
        (self.dir.join(numbered(DATABASE, generation)), self.dir.join(numbered(WITNESS, generation)))
    }
}

impl Format {
    fn text(&self) -> String {
        let before = if self.before == Before::Keep { "keep" } else { "erase" };
        let id = hex(&self.id);
        let lines = format!("{FORMAT_LINE}\nstore {id}\ngeneration {}\nbefore {before}\n", self.generation);
        format!("{lines}check {:08x}\n", crc32c::crc32c(lines.as_bytes()))
    }

    /// What `text` says, if every line is as it was written.
    fn parse(text: &str) -> Option<Self> {
        let mut lines = text.lines().skip(1);
        let mut value = |name: &str| lines.next()?.strip_prefix(name)?.strip_prefix(' ');
        let id = unhex(value("store")?)?.try_into().ok()?;
        let generation = value("generation")?.parse().ok()?;
        let before = match value("before")? {
            "keep" => Before::Keep,
            "erase" => Before::Erase,
            _ => return None,
        };
        let format = Self { id, generation, before };
        (format.text() == text).then_some(format)
    }
}

fn numbered(name: &str, generation: u32) -> String {
    if generation == 0 { name.to_owned() } else { format!("{name}.{generation}") }
}

/// The number of a database's folder that is not the first.
fn later_generation(name: &str) -> Option<u32> {
    name.strip_prefix(DATABASE)?.strip_prefix('.')?.parse().ok()
}

/// The last generation that is there; one that is not finished has no witness yet.
fn last_generation(dir: &Path) -> std::io::Result<u32> {
    let names = fs::read_dir(dir)?.map(|entry| Ok(entry?.file_name().to_string_lossy().into_owned()));
    let names = names.collect::<std::io::Result<Vec<_>>>()?;
    let later = names.iter().filter_map(|name| later_generation(name));
    let all = later.chain(names.iter().any(|name| name == DATABASE).then_some(0));
    let is_finished = |generation: u32| dir.join(numbered(WITNESS, generation)).exists();
    Ok(all.max_by_key(|generation| (is_finished(*generation), *generation)).unwrap_or_default())
}

/// Checks that `dir` is a store or may become one, and makes the folder.
fn prepare(dir: &Path, mode: Mode) -> Result<(), LogError> {
    let missing = || LogError::Missing { dir: dir.to_owned() };
    let Some(names) = names(dir)? else {
        return if mode == Mode::Existing { Err(missing()) } else { create(dir) };
    };
    is_ours(dir, &names)?;
    if mode == Mode::Create || names.iter().any(|name| name == FORMAT || name == DATABASE) {
        return Ok(());
    }
    // One that another process is just making is in use, not missing.
    if dir.join(LOCK).exists() {
        take_lock(dir)?;
    }
    if dir.join(FORMAT).exists() { Ok(()) } else { Err(missing()) }
}

/// What the folder holds; none where there is no such folder.
fn names(dir: &Path) -> Result<Option<Vec<OsString>>, LogError> {
    let entries = match fs::read_dir(dir) {
        Ok(entries) => entries,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        Err(error) if error.kind() == ErrorKind::NotADirectory => {
            return Err(LogError::NotAStore { dir: dir.to_owned(), found: "it is no folder".to_owned() });
        }
        Err(error) => return Err(LogError::io("read the folder", dir)(error)),
    };
    let names = entries.map(|entry| entry.map(|entry| entry.file_name())).collect::<Result<Vec<_>, _>>();
    names.map(Some).map_err(LogError::io("read the folder", dir))
}

/// Checks that these are the names of a store, or of one that is being made.
fn is_ours(dir: &Path, names: &[OsString]) -> Result<(), LogError> {
    let not_a_store = |found: String| LogError::NotAStore { dir: dir.to_owned(), found };
    if names.iter().any(|name| name == FORMAT) {
        return Ok(());
    }
    if names.iter().any(|name| later_generation(&name.to_string_lossy()).is_some()) {
        return Err(LogError::Broken { dir: dir.to_owned(), what: NO_FORMAT.to_owned() });
    }
    let ours = |name: &OsStr| {
        [LOCK, FORMAT_DRAFT, DATABASE, WITNESS, KEY, DERIVED].iter().any(|known| name == *known)
    };
    if let Some(name) = names.iter().find(|name| !ours(name)) {
        return Err(not_a_store(format!("it holds {} and no {FORMAT}", name.display())));
    }
    // Ours begin with a lock; whether events lie in it is told once it is taken.
    let holds = |wanted: &str| names.iter().any(|name| name == wanted);
    match holds(DATABASE) && !holds(LOCK) {
        true => Err(not_a_store(format!("it holds {DATABASE} and neither {LOCK} nor {FORMAT}"))),
        false => Ok(()),
    }
}

fn create(dir: &Path) -> Result<(), LogError> {
    let new: Vec<_> = dir.ancestors().take_while(|folder| !folder.exists()).collect();
    fs::create_dir_all(dir).map_err(LogError::io("make the folder", dir))?;
    for parent in new.into_iter().filter_map(Path::parent) {
        sync_folder(parent)?;
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
    wait_for(dir, &path, &mut file, File::try_lock)?;
    sign(&mut file).map_err(LogError::io("sign the lock", &path))?;
    Ok(file)
}

/// Shares the lock with others who only look; there may be none to share.
fn share_lock(dir: &Path) -> Result<Option<File>, LogError> {
    let path = dir.join(LOCK);
    let mut file = match File::open(&path) {
        Ok(file) => file,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(LogError::io("share the lock", &path)(error)),
    };
    wait_for(dir, &path, &mut file, File::try_lock_shared)?;
    Ok(Some(file))
}

/// Waits a little until the lock can be had.
fn wait_for(
    dir: &Path,
    path: &Path,
    file: &mut File,
    lock: fn(&File) -> Result<(), TryLockError>,
) -> Result<(), LogError> {
    let begun = Instant::now();
    loop {
        match lock(file) {
            Ok(()) => return Ok(()),
            Err(TryLockError::WouldBlock) if begun.elapsed() < PATIENCE => std::thread::sleep(PAUSE),
            Err(TryLockError::WouldBlock) => {
                return Err(LogError::InUse { dir: dir.to_owned(), holder: holder(file) });
            }
            Err(TryLockError::Error(error)) => return Err(LogError::io("take the lock", path)(error)),
        }
    }
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

/// What the folder says that it is, if it says so; an error when it is of another format.
fn read_format(dir: &Path) -> Result<Option<Format>, LogError> {
    let path = dir.join(FORMAT);
    let text = match fs::read(&path) {
        Ok(bytes) => String::from_utf8_lossy(&bytes).into_owned(),
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(LogError::io("read the format of the store", &path)(error)),
    };
    let line = text.lines().next().unwrap_or_default();
    if line != FORMAT_LINE && line.strip_prefix("evenfield log ").is_some_and(|v| v.parse::<u32>().is_ok()) {
        return Err(LogError::Format { dir: dir.to_owned(), found: line.to_owned(), known: FORMAT_LINE });
    }
    let damaged = || LogError::Broken { dir: dir.to_owned(), what: "its FORMAT is damaged".to_owned() };
    Format::parse(&text).map(Some).ok_or_else(damaged)
}
