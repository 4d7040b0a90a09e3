//! The fingerprint of a key, which a store keeps: it tells which key is needed, and nothing about it.
//!
//! It lies in the file `KEY` of the store's folder, one line, and is left there before the first event
//! with pseudonyms goes in. A store of native events alone has none.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::Path;

use super::{Key, KeyError};

const FILE: &str = "KEY";
const DRAFT: &str = "KEY.new";
/// What is hashed under the key.
const CONSTANT: &[u8] = b"evenfield fingerprint of the key of pseudonyms 1";
/// Hexadecimal digits of a fingerprint.
const DIGITS: usize = 16;

/// The fingerprint of a key.
pub(super) fn of(key: &[u8; 32]) -> String {
    blake3::keyed_hash(key, CONSTANT).to_hex()[..DIGITS].to_owned()
}

/// The fingerprint that was left in `store`, if one was.
pub(super) fn left_in(store: &Path) -> Result<Option<String>, KeyError> {
    let path = store.join(FILE);
    let text = match fs::read(&path) {
        Ok(bytes) => String::from_utf8_lossy(&bytes).trim().to_owned(),
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(KeyError::io("read the fingerprint of the key", &path)(error)),
    };
    if text.len() == DIGITS && text.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        Ok(Some(text))
    } else {
        Err(KeyError::NoFingerprint { path })
    }
}

/// Leaves the fingerprint of `key` in `store`, durably, unless one is there.
pub(super) fn leave(key: &Key, store: &Path) -> Result<(), KeyError> {
    if left_in(store)?.is_some() {
        return Ok(());
    }
    let draft = store.join(DRAFT);
    let write = || {
        let mut file = File::create(&draft)?;
        writeln!(file, "{}", key.fingerprint())?;
        file.sync_all()?;
        fs::rename(&draft, store.join(FILE))?;
        File::open(store)?.sync_all()
    };
    write().map_err(KeyError::io("write the fingerprint of the key", &draft))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fingerprint_is_the_same_for_ever_and_another_for_another_key() {
        assert_eq!(of(&[0; 32]), "0cf1c525798f4305");
        assert_ne!(of(&[7; 32]), of(&[8; 32]));
    }

    #[test]
    fn a_torn_fingerprint_is_told_and_not_taken_for_none() {
        let dir = tempfile::tempdir().unwrap();
        assert!(left_in(dir.path()).unwrap().is_none());
        for text in ["", "0123", "not a fingerprint", "0123456789abcdeg"] {
            fs::write(dir.path().join(FILE), text).unwrap();
            assert!(matches!(left_in(dir.path()), Err(KeyError::NoFingerprint { .. })), "{text}");
        }
    }
}
