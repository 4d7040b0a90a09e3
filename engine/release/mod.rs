//! The ledger of releases: what of a store was given away, so that the next answer does not tell the rest.
//!
//! A file beside the log, `RELEASES`, one release a line, only ever appended to. It holds the exact counts
//! that a release rests on, without which the next one could not be checked, and stays inside with the log.
//! It is no part of `derived/`: it cannot be made anew from the events.
//!
//! ```text
//! evenfield releases 1
//! 0123... {"release":1,"reading":"evenfield.totals/1",...}
//! ```
//!
//! Each line begins with 32 hexadecimal digits, BLAKE3 of the digits before it and of what follows them, so
//! that no line can be altered, taken out or put between others unseen; a last line without its end was
//! never acknowledged, and is written over. A release is durable before anything of it is shown: one that
//! was recorded and not shown does no harm. Taking the whole file away cannot be seen here.

use std::fs::{self, File, OpenOptions};
use std::io::{self, ErrorKind, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use event::Time;
use projections::disclosure::{Earlier, Fact, Policy, Release};

const NAME: &str = "RELEASES";
const HEAD: &str = "evenfield releases 1\n";
/// How many digits a line begins with.
const CHECK: usize = 32;

/// Why the ledger cannot be read or written.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LedgerError {
    /// A line is not what was written.
    #[error(
        "line {line} of {path} is not what was written there: what was released before cannot be told, and so nothing \
         can be shown under a policy that hides; put the file back from a copy"
    )]
    Altered {
        /// The file.
        path: PathBuf,
        /// The line, from 1.
        line: usize,
    },
    /// It could not be read or written.
    #[error("could not {what} the ledger of releases {path}: {source}")]
    Io {
        /// What was attempted.
        what: &'static str,
        /// The file.
        path: PathBuf,
        /// Why not.
        source: io::Error,
    },
}

/// What was released of one store. The store is open meanwhile, so that nobody else releases.
#[derive(Debug)]
pub struct Ledger {
    path: PathBuf,
    earlier: Earlier,
    /// The digits of the last line.
    last: String,
    /// How far the file is whole.
    bytes: u64,
}

impl Ledger {
    /// Reads the ledger of the store in `dir`; where there is none, nothing was released.
    ///
    /// # Errors
    /// When it cannot be read, or is not what was written.
    pub fn open(dir: &Path) -> Result<Self, LedgerError> {
        let path = dir.join(NAME);
        let text = match fs::read_to_string(&path) {
            Ok(text) => text,
            Err(error) if error.kind() == ErrorKind::NotFound => String::new(),
            Err(error) if error.kind() == ErrorKind::InvalidData => {
                return Err(LedgerError::Altered { path, line: 1 });
            }
            Err(source) => return Err(LedgerError::Io { what: "read", path, source }),
        };
        let whole = &text[..text.rfind('\n').map_or(0, |end| end + 1)];
        let mut ledger =
            Self { path, earlier: Earlier::default(), last: String::new(), bytes: whole.len() as u64 };
        let altered = |line| LedgerError::Altered { path: dir.join(NAME), line };
        let lines = match whole.strip_prefix(HEAD) {
            Some(lines) => lines,
            None if whole.is_empty() => "",
            None => return Err(altered(1)),
        };
        for (number, line) in (2..).zip(lines.lines()) {
            let release = ledger.read(line).ok_or_else(|| altered(number))?;
            ledger.earlier.releases.push(release);
        }
        Ok(ledger)
    }

    /// What was released.
    #[must_use]
    pub fn earlier(&self) -> &Earlier {
        &self.earlier
    }

    fn read(&mut self, line: &str) -> Option<Release> {
        let (check, body) = line.split_once(' ')?;
        let release: Release = serde_json::from_str(body).ok()?;
        let follows = release.release == self.earlier.releases.len() as u64 + 1;
        (check == checked(&self.last, body) && follows).then(|| {
            check.clone_into(&mut self.last);
            release
        })
    }

    /// Appends a release and makes it durable; its number.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn record(
        &mut self,
        reading: &str,
        policy: Policy,
        (position, until): (u64, Time),
        facts: &[Fact],
    ) -> Result<u64, LedgerError> {
        let release = self.earlier.releases.len() as u64 + 1;
        let release = Release {
            release,
            reading: reading.to_owned(),
            policy,
            version: policy.version(),
            position,
            until,
            facts: facts.to_vec(),
        };
        let failed = |source| LedgerError::Io { what: "write", path: self.path.clone(), source };
        let body = serde_json::to_string(&release).map_err(|error| failed(error.into()))?;
        let check = checked(&self.last, &body);
        let head = if self.bytes == 0 { HEAD } else { "" };
        let line = format!("{head}{check} {body}\n");
        append(&self.path, self.bytes, line.as_bytes()).map_err(failed)?;
        self.bytes += line.len() as u64;
        self.last = check;
        let number = release.release;
        self.earlier.releases.push(release);
        Ok(number)
    }
}

/// The digits of a line.
fn checked(before: &str, body: &str) -> String {
    let mut hasher = blake3::Hasher::new();
    hasher.update(before.as_bytes()).update(body.as_bytes());
    hasher.finalize().to_hex()[..CHECK].to_owned()
}

/// Writes behind the first `bytes` of a file, and makes it durable, its name with it.
fn append(path: &Path, bytes: u64, line: &[u8]) -> io::Result<()> {
    let mut file = OpenOptions::new().write(true).create(true).truncate(false).open(path)?;
    file.set_len(bytes)?;
    file.seek(SeekFrom::Start(bytes))?;
    file.write_all(line)?;
    file.sync_all()?;
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    File::open(folder)?.sync_all()
}

#[cfg(test)]
mod tests {
    use projections::disclosure::{Key, Told};

    use super::*;

    fn fact(exact: u64) -> Fact {
        let key = Key { count: "consultations".into(), platform: Some("alder".into()), levels: [].into() };
        Fact { key, exact, told: Told::Rounded(20) }
    }

    fn record(ledger: &mut Ledger, exact: u64) -> u64 {
        let at = (7, Time::from_ms(0));
        ledger.record("evenfield.totals/1", Policy::Rounded, at, &[fact(exact)]).unwrap()
    }

    #[test]
    fn what_was_released_is_there_again() {
        let dir = tempfile::tempdir().unwrap();
        let mut ledger = Ledger::open(dir.path()).unwrap();
        assert!(ledger.earlier().releases.is_empty());
        assert_eq!((record(&mut ledger, 20), record(&mut ledger, 21)), (1, 2));
        let again = Ledger::open(dir.path()).unwrap();
        assert_eq!(again.earlier(), ledger.earlier());
        assert_eq!(again.earlier().releases[1].facts, [fact(21)]);
    }

    #[test]
    fn a_line_that_was_torn_is_written_over() {
        let dir = tempfile::tempdir().unwrap();
        let mut ledger = Ledger::open(dir.path()).unwrap();
        record(&mut ledger, 20);
        let path = dir.path().join(NAME);
        let whole = fs::read(&path).unwrap();
        fs::write(&path, [&whole[..], b"0123 {\"rel"].concat()).unwrap();
        let mut ledger = Ledger::open(dir.path()).unwrap();
        assert_eq!((ledger.earlier().releases.len(), record(&mut ledger, 30)), (1, 2));
        assert_eq!(Ledger::open(dir.path()).unwrap().earlier().releases.len(), 2);
    }

    #[test]
    fn a_line_that_was_altered_or_taken_out_is_found() {
        let dir = tempfile::tempdir().unwrap();
        let mut ledger = Ledger::open(dir.path()).unwrap();
        for more in 0..3 {
            record(&mut ledger, 20 + more);
        }
        let path = dir.path().join(NAME);
        let text = fs::read_to_string(&path).unwrap();
        let lines: Vec<&str> = text.split_inclusive('\n').collect();
        let altered = text.replace("\"exact\":21", "\"exact\":29");
        let taken_out = [lines[0], lines[1], lines[3]].concat();
        for (text, place) in [(altered, 3), (taken_out, 3), (lines[1..].concat(), 1)] {
            fs::write(&path, text).unwrap();
            let found = Ledger::open(dir.path()).unwrap_err();
            assert!(matches!(found, LedgerError::Altered { line, .. } if line == place), "{found}");
        }
    }
}
