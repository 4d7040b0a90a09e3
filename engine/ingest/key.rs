//! The key of pseudonyms: beside the store, never in it.
//!
//! Whoever has the log without the key cannot tell who anybody is, nor try names out. The store keeps the
//! key's fingerprint alone, so that another key cannot take its place unseen: the same people would get
//! other pseudonyms, and nobody could link them again.

use std::ffi::OsString;
use std::fs::{self, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use super::fingerprint;

/// The key of pseudonyms.
pub struct Key([u8; 32]);

/// Why there is no key.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum KeyError {
    /// A file could not be read or written.
    #[error("could not {doing} {}: {source}", path.display())]
    Io {
        /// What was attempted.
        doing: &'static str,
        /// On what.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The file holds no key.
    #[error("{} holds no key: expected 64 hexadecimal digits; name another file with --key", path.display())]
    NoKey {
        /// The file.
        path: PathBuf,
    },
    /// The store's file holds no fingerprint.
    #[error(
        "{} holds no fingerprint of a key: expected 16 hexadecimal digits; bring it back from a backup of the store",
        path.display()
    )]
    NoFingerprint {
        /// The file.
        path: PathBuf,
    },
    /// The store has no name that the key could be named after.
    #[error("{} has no place beside it for the key of pseudonyms; name a file for it with --key", store.display())]
    NoPlace {
        /// The store.
        store: PathBuf,
    },
    /// Whoever gets the store would get the key.
    #[error(
        "the key {} lies within the store {}, and whoever gets the store could tell who anybody is; \
         name a file outside it with --key, and move the key there if it exists already",
        path.display(),
        store.display()
    )]
    Within {
        /// The key.
        path: PathBuf,
        /// The store.
        store: PathBuf,
    },
    /// The key that the store's pseudonyms were made with is not the one that is there.
    #[error(
        "people in the store {} have pseudonyms by the key with the fingerprint {needed}, and {} {found}; \
         bring back the key with that fingerprint, or name it with --key; with another key the same people \
         would get other pseudonyms",
        store.display(),
        path.display()
    )]
    Other {
        /// Where the key was looked for.
        path: PathBuf,
        /// The store.
        store: PathBuf,
        /// The fingerprint of the key that is needed.
        needed: String,
        /// What there is instead.
        found: String,
    },
}

impl KeyError {
    /// For `map_err`: the file system refused to do something on `path`.
    pub(super) fn io(doing: &'static str, path: &Path) -> impl FnOnce(io::Error) -> Self {
        move |source| Self::Io { doing, path: path.to_owned(), source }
    }
}

impl Key {
    /// Where the key of `store` lies: where it is `named`, or beside the store under its name and `.key`.
    ///
    /// # Errors
    /// When that would be within the store, or the store has no name.
    pub fn place(named: Option<&Path>, store: &Path) -> Result<PathBuf, KeyError> {
        let path = match named {
            Some(path) => path.to_owned(),
            None => beside(store, ".key").ok_or_else(|| KeyError::NoPlace { store: store.to_owned() })?,
        };
        let resolve = |path: &Path| resolved(path).map_err(KeyError::io("find", path));
        if resolve(&path)?.starts_with(resolve(store)?) {
            return Err(KeyError::Within { path, store: store.to_owned() });
        }
        Ok(path)
    }

    /// The key of `store` in `path`; the flag tells whether it had to be made, which it is only for a store
    /// that knows no key yet.
    ///
    /// # Errors
    /// When a file cannot be read or made, holds no key, or holds another key than the store's.
    pub fn load_or_make(path: &Path, store: &Path) -> Result<(Self, bool), KeyError> {
        match Self::find(path, store)? {
            Some(key) => Ok((key, false)),
            None => Self::make(path).map(|key| (key, true)),
        }
    }

    /// The key of `store` in `path`; none where there is none yet and the store knows none either.
    ///
    /// # Errors
    /// When a file cannot be read, holds no key, or holds another key than the store's, which may be missing.
    pub fn find(path: &Path, store: &Path) -> Result<Option<Self>, KeyError> {
        let needed = fingerprint::left_in(store)?;
        let found = match fs::read_to_string(path) {
            Ok(text) => Some(Self::parse(path, &text)?),
            Err(error) if error.kind() == io::ErrorKind::NotFound => None,
            Err(error) => return Err(KeyError::io("read the key", path)(error)),
        };
        match (found, needed) {
            (found, None) => Ok(found),
            (Some(key), Some(needed)) if key.fingerprint() == needed => Ok(Some(key)),
            (found, Some(needed)) => {
                let found = found.map_or_else(
                    || "is missing".to_owned(),
                    |key| format!("holds the key with the fingerprint {}", key.fingerprint()),
                );
                Err(KeyError::Other { path: path.to_owned(), store: store.to_owned(), needed, found })
            }
        }
    }

    /// The key.
    #[must_use]
    pub fn bytes(&self) -> &[u8; 32] {
        &self.0
    }

    /// What tells this key from others without giving it away: 16 hexadecimal digits.
    #[must_use]
    pub fn fingerprint(&self) -> String {
        fingerprint::of(&self.0)
    }

    fn parse(path: &Path, text: &str) -> Result<Self, KeyError> {
        let digits = text.trim().as_bytes();
        let nibble = |digit: u8| char::from(digit).to_digit(16);
        let bytes: Option<Vec<u8>> = digits
            .chunks(2)
            .map(|pair| match pair {
                [high, low] => Some((nibble(*high)? * 16 + nibble(*low)?) as u8),
                _ => None,
            })
            .collect();
        bytes
            .and_then(|bytes| bytes.try_into().ok())
            .map(Self)
            .ok_or_else(|| KeyError::NoKey { path: path.to_owned() })
    }

    fn make(path: &Path) -> Result<Self, KeyError> {
        let mut bytes = [0_u8; 32];
        getrandom::fill(&mut bytes).map_err(io::Error::from).map_err(KeyError::io("draw the key", path))?;
        let mut options = OpenOptions::new();
        options.write(true).create_new(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let mut file = options.open(path).map_err(KeyError::io("make the key", path))?;
        let digits: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
        writeln!(file, "{digits}")
            .and_then(|()| file.sync_all())
            .map_err(KeyError::io("write the key", path))?;
        Ok(Self(bytes))
    }
}

/// The place of a key beside `store`, however its path is written, under the store's name and this ending; nothing
/// where the store has no name.
pub(crate) fn beside(store: &Path, ending: &str) -> Option<PathBuf> {
    let key_of = |store: &Path| {
        let mut name: OsString = store.file_name()?.to_owned();
        name.push(ending);
        Some(store.with_file_name(name))
    };
    // `.` and `..` have a name only where they lead to.
    let elsewhere = || store.canonicalize().ok().and_then(|store| key_of(&store));
    key_of(store).or_else(elsewhere)
}

/// Where `path` leads, as far as it exists.
pub(crate) fn resolved(path: &Path) -> io::Result<PathBuf> {
    match (path.canonicalize(), path.parent(), path.file_name()) {
        (Ok(path), ..) => Ok(path),
        (Err(error), Some(parent), Some(name)) if error.kind() == io::ErrorKind::NotFound => {
            let parent = if parent.as_os_str().is_empty() { Path::new(".") } else { parent };
            Ok(resolved(parent)?.join(name))
        }
        (Err(error), ..) if error.kind() == io::ErrorKind::NotFound => std::path::absolute(path),
        (Err(error), ..) => Err(error),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_made_once_and_found_again() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("x.key");
        let (first, made) = Key::load_or_make(&path, dir.path()).unwrap();
        let (second, made_again) = Key::load_or_make(&path, dir.path()).unwrap();
        assert!(made && !made_again && first.bytes() == second.bytes());
    }

    #[test]
    fn a_file_that_is_no_key_is_named() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("x.key");
        for text in ["", "00", "zz".repeat(32).as_str(), "é".repeat(32).as_str()] {
            fs::write(&path, text).unwrap();
            let error = Key::load_or_make(&path, dir.path()).err().unwrap().to_string();
            assert!(error.contains("x.key") && error.contains("64 hexadecimal"), "{error}");
        }
    }

    /// The name was once put together from the path as it was typed: `k1/` had its key in `k1/.key`, and
    /// whoever was given the store was given the key. Names are now taken from where a path leads.
    #[test]
    fn the_key_lies_beside_the_store_however_its_path_is_written() {
        let place = |store: &str| Key::place(None, Path::new(store)).unwrap();
        for store in ["k1", "k1/", "k1//", "k1/."] {
            assert_eq!(place(store), Path::new("k1.key"), "{store}");
        }
        assert_eq!(place("./a/k1/"), Path::new("./a/k1.key"));
        for store in [".", "./", ".."] {
            let leads_to = Path::new(store).canonicalize().unwrap();
            assert_eq!(place(store).parent(), leads_to.parent(), "{store}");
        }
        assert!(matches!(Key::place(None, Path::new("/")), Err(KeyError::NoPlace { .. })));
    }

    #[test]
    fn a_key_within_the_store_is_refused() {
        let dir = tempfile::tempdir().unwrap();
        let store = dir.path().join("k1");
        for key in ["k1", "k1/x.key", "k1/deep/x.key", "k1/../k1/x.key"] {
            for exists in [false, true] {
                if exists {
                    fs::create_dir_all(store.join("deep")).unwrap();
                }
                let error = Key::place(Some(&dir.path().join(key)), &store.join("")).unwrap_err().to_string();
                assert!(error.contains("within the store") && error.contains("--key"), "{error}");
            }
            fs::remove_dir_all(&store).unwrap();
        }
        let beside = dir.path().join("k1x");
        assert_eq!(Key::place(Some(&beside), &store).unwrap(), beside);
    }

    /// A lost key was once replaced by a new one without a word, and everybody became somebody else.
    #[test]
    fn a_store_that_knows_its_key_takes_no_other() {
        let dir = tempfile::tempdir().unwrap();
        let (ours, theirs) = (dir.path().join("ours"), dir.path().join("theirs"));
        let (key, _) = Key::load_or_make(&ours, dir.path()).unwrap();
        Key::make(&theirs).unwrap();
        fingerprint::leave(&key, dir.path()).unwrap();
        assert!(!Key::load_or_make(&ours, dir.path()).unwrap().1);
        fs::remove_file(&ours).unwrap();
        for path in [&ours, &theirs] {
            let error = Key::load_or_make(path, dir.path()).err().unwrap().to_string();
            assert!(error.contains(&key.fingerprint()) && error.contains("bring back the key"), "{error}");
        }
        assert!(!ours.exists());
    }
}
