//! The key of pseudonyms: beside the store, never in it.
//!
//! Whoever has the log without the key cannot tell who anybody is, nor try names out.

use std::fs::{self, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

/// The key of pseudonyms.
pub struct Key([u8; 32]);

/// Why there is no key.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum KeyError {
    /// The file could not be read or written.
    #[error("could not {doing} the key {}: {source}", path.display())]
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
}

impl Key {
    /// The key in `path`; the flag tells whether it had to be made.
    ///
    /// # Errors
    /// When the file cannot be read or made, or holds no key.
    pub fn load_or_make(path: &Path) -> Result<(Self, bool), KeyError> {
        match fs::read_to_string(path) {
            Ok(text) => Self::parse(path, &text).map(|key| (key, false)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Self::make(path).map(|key| (key, true)),
            Err(source) => Err(KeyError::Io { doing: "read", path: path.to_owned(), source }),
        }
    }

    /// The key.
    #[must_use]
    pub fn bytes(&self) -> &[u8; 32] {
        &self.0
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
        let io = |doing| move |source| KeyError::Io { doing, path: path.to_owned(), source };
        let mut bytes = [0_u8; 32];
        getrandom::fill(&mut bytes).map_err(io::Error::from).map_err(io("draw"))?;
        let mut options = OpenOptions::new();
        options.write(true).create_new(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let mut file = options.open(path).map_err(io("make"))?;
        let digits: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
        writeln!(file, "{digits}").and_then(|()| file.sync_all()).map_err(io("write"))?;
        Ok(Self(bytes))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_made_once_and_found_again() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("x.key");
        let (first, made) = Key::load_or_make(&path).unwrap();
        let (second, made_again) = Key::load_or_make(&path).unwrap();
        assert!(made && !made_again && first.bytes() == second.bytes());
    }

    #[test]
    fn a_file_that_is_no_key_is_named() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("x.key");
        for text in ["", "00", "zz".repeat(32).as_str(), "é".repeat(32).as_str()] {
            fs::write(&path, text).unwrap();
            let error = Key::load_or_make(&path).err().unwrap().to_string();
            assert!(error.contains("x.key") && error.contains("64 hexadecimal"), "{error}");
        }
    }
}
