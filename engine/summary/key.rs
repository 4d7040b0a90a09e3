//! The keys of summaries: who signs one, and whose signatures are trusted.
//!
//! A secret key lies beside the store, never in it, and is readable for its owner alone; it is written once and never
//! over another. A list of trusted keys is a text: a public key a line, with its owner's name behind it. These keys
//! sign and encrypt nothing, and have nothing to do with the key of pseudonyms.

use std::collections::BTreeMap;
use std::fmt;
use std::fs::{self, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::str::FromStr;

use ed25519_dalek::{Signature, Signer, SigningKey, VerifyingKey};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::error::SummaryError;
use crate::ingest::{beside, resolved};
use crate::log::{hex, unhex};

const SECRET: &str = "ed25519-secret:";
const PUBLIC: &str = "ed25519:";
/// What the name of a store's key ends in.
const ENDING: &str = ".signing-key";
/// The most bytes of a file that holds keys.
const MOST_BYTES: u64 = 1 << 20;

/// A key that signs.
pub struct SecretKey(SigningKey);

/// A key by which signatures are checked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct PublicKey([u8; 32]);

/// Public keys that are trusted, with the names of their owners.
#[derive(Debug, Clone, Default)]
pub struct Trusted(BTreeMap<PublicKey, String>);

impl SecretKey {
    /// Where the key of `store` lies: where it is `named`, or beside the store.
    ///
    /// # Errors
    /// When that would be within the store, or the store has no name.
    pub fn place(named: Option<&Path>, store: &Path) -> Result<PathBuf, SummaryError> {
        let usual = || beside(store, ENDING).ok_or_else(|| SummaryError::NoPlace { store: store.to_owned() });
        let path = named.map_or_else(usual, |path| Ok(path.to_owned()))?;
        let resolve = |path: &Path| resolved(path).map_err(SummaryError::io("find", path));
        if resolve(&path)?.starts_with(resolve(store)?) {
            return Err(SummaryError::Within { path, store: store.to_owned() });
        }
        Ok(path)
    }

    /// The key in `path`.
    ///
    /// # Errors
    /// When the file cannot be read or holds no such key.
    pub fn load(path: &Path) -> Result<Self, SummaryError> {
        let text = text(path, "read the key")?;
        let wrong = |what| SummaryError::NoKey { path: path.to_owned(), what };
        let text = text.trim();
        match text.strip_prefix(SECRET).map(bytes) {
            Some(Some(bytes)) => Ok(Self(SigningKey::from_bytes(&bytes))),
            Some(None) => Err(wrong("64 hexadecimal digits are wanted behind `ed25519-secret:`")),
            None if text.starts_with(PUBLIC) => Err(wrong("it is a public key, which can only check")),
            None => Err(wrong("it does not begin with `ed25519-secret:`")),
        }
    }

    /// The key in `path`, or a new one that is put there; the flag tells whether it is new.
    ///
    /// # Errors
    /// As [`Self::load`] and [`Self::make`].
    pub fn load_or_make(path: &Path) -> Result<(Self, bool), SummaryError> {
        match Self::load(path) {
            Err(SummaryError::Io { source, .. }) if source.kind() == io::ErrorKind::NotFound => {
                Self::make(path).map(|key| (key, true))
            }
            loaded => loaded.map(|key| (key, false)),
        }
    }

    /// A new key, which is put in `path` for its owner alone.
    ///
    /// # Errors
    /// When there is something already, or it cannot be written.
    pub fn make(path: &Path) -> Result<Self, SummaryError> {
        let mut seed = [0_u8; 32];
        getrandom::fill(&mut seed)
            .map_err(io::Error::from)
            .map_err(SummaryError::io("draw the key", path))?;
        let mut options = OpenOptions::new();
        options.write(true).create_new(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let mut file = options.open(path).map_err(|error| match error.kind() {
            io::ErrorKind::AlreadyExists => SummaryError::Exists { path: path.to_owned() },
            _ => SummaryError::io("make the key", path)(error),
        })?;
        writeln!(file, "{SECRET}{}", hex(&seed))
            .and_then(|()| file.sync_all())
            .map_err(SummaryError::io("write the key", path))?;
        Ok(Self(SigningKey::from_bytes(&seed)))
    }

    /// The key by which its signatures are checked.
    #[must_use]
    pub fn public(&self) -> PublicKey {
        PublicKey(self.0.verifying_key().to_bytes())
    }

    /// The signature over `message`, as hexadecimal digits.
    pub(super) fn sign(&self, message: &[u8]) -> String {
        hex(&self.0.sign(message).to_bytes())
    }
}

impl PublicKey {
    /// Whether `signature`, as hexadecimal digits, is that of this key over `message`.
    pub(super) fn verifies(&self, message: &[u8], signature: &str) -> bool {
        // One way to write each signature, so that what is not signed cannot be changed either.
        let signature: Option<[u8; 64]> = bytes(signature).filter(|bytes| hex(bytes) == signature);
        let key = VerifyingKey::from_bytes(&self.0).ok();
        let both = key.zip(signature.map(|bytes| Signature::from_bytes(&bytes)));
        // The strict check leaves one key and one text for each signature.
        both.is_some_and(|(key, signature)| key.verify_strict(message, &signature).is_ok())
    }
}

impl fmt::Display for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{PUBLIC}{}", hex(&self.0))
    }
}

impl FromStr for PublicKey {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if text.starts_with(SECRET) {
            return Err(
                "that is a secret key, which nobody else may have: whoever has seen it can sign with it",
            );
        }
        let digits = text.strip_prefix(PUBLIC).ok_or("a public key begins with `ed25519:`")?;
        let bytes = bytes(digits).ok_or("64 hexadecimal digits are wanted behind `ed25519:`")?;
        let is_key = VerifyingKey::from_bytes(&bytes).is_ok_and(|key| !key.is_weak());
        is_key.then_some(Self(bytes)).ok_or("these digits are no public key")
    }
}

impl Serialize for PublicKey {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for PublicKey {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

impl Trusted {
    /// The list in `path`: a key a line, then the name of its owner; `#` begins a remark.
    ///
    /// # Errors
    /// When the file cannot be read, a line holds no key, or there is none.
    pub fn load(path: &Path) -> Result<Self, SummaryError> {
        let text = text(path, "read the list of trusted keys")?;
        let wrong = |line, what| SummaryError::NoTrust { path: path.to_owned(), line, what };
        let mut trusted = BTreeMap::new();
        for (number, line) in (1..).zip(text.lines()) {
            let line = line.split('#').next().unwrap_or_default().trim();
            if line.is_empty() {
                continue;
            }
            let (key, name) = line.split_once(char::is_whitespace).unwrap_or((line, ""));
            let key = key.parse().map_err(|what| wrong(number, what))?;
            trusted.insert(key, name.trim().to_owned());
        }
        if trusted.is_empty() {
            return Err(wrong(1, "there is no key in this list"));
        }
        Ok(Self(trusted))
    }

    /// The name of a key's owner, which may be empty; nothing where the key is not trusted.
    #[must_use]
    pub fn owner(&self, key: PublicKey) -> Option<&str> {
        self.0.get(&key).map(String::as_str)
    }
}

/// The text of a small file.
fn text(path: &Path, doing: &'static str) -> Result<String, SummaryError> {
    let length = fs::metadata(path).map_err(SummaryError::io(doing, path))?.len();
    if length > MOST_BYTES {
        let error = io::Error::new(io::ErrorKind::InvalidData, "it is too long to hold keys");
        return Err(SummaryError::io(doing, path)(error));
    }
    fs::read_to_string(path).map_err(SummaryError::io(doing, path))
}

/// The bytes that hexadecimal digits tell, if they are as many as wanted.
fn bytes<const N: usize>(digits: &str) -> Option<[u8; N]> {
    unhex(digits)?.try_into().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_made_once_for_its_owner_alone() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("k");
        let (first, is_new) = SecretKey::load_or_make(&path).unwrap();
        let (second, is_new_again) = SecretKey::load_or_make(&path).unwrap();
        assert!(is_new && !is_new_again && first.public() == second.public());
        let error = SecretKey::make(&path).err().unwrap().to_string();
        assert!(error.contains("is there already"), "{error}");
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        }
    }

    #[test]
    fn a_signature_holds_for_its_key_and_its_text_alone() {
        let dir = tempfile::tempdir().unwrap();
        let [ours, theirs] = ["a", "b"].map(|name| SecretKey::make(&dir.path().join(name)).unwrap());
        let signature = ours.sign(b"text");
        assert!(ours.public().verifies(b"text", &signature));
        assert!(
            !ours.public().verifies(b"texts", &signature) && !theirs.public().verifies(b"text", &signature)
        );
        for broken in ["", "00", &signature[1..], &signature.replace(&signature[..2], "zz")] {
            assert!(!ours.public().verifies(b"text", broken), "{broken}");
        }
    }

    #[test]
    fn files_that_hold_other_things_are_told_apart() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("k");
        let key = SecretKey::make(&path).unwrap();
        let secret = fs::read_to_string(&path).unwrap();
        let public = key.public().to_string();
        let refused = |text: &str| {
            fs::write(&path, text).unwrap();
            SecretKey::load(&path).err().unwrap().to_string()
        };
        assert!(refused(&public).contains("only check"));
        assert!(refused("ed25519-secret:12").contains("64 hexadecimal"));
        assert!(refused("").contains("does not begin"));
        let list = |text: &str| {
            fs::write(&path, text).unwrap();
            Trusted::load(&path).map_err(|error| error.to_string())
        };
        let known = list(&format!("# ours\n{public}  Trust one # since May\n\n")).unwrap();
        assert_eq!(known.owner(key.public()), Some("Trust one"));
        let error = list(&format!("{public}\n{secret}")).err().unwrap();
        assert!(error.contains("line 2") && error.contains("secret key"), "{error}");
        for text in ["", "# nothing", "x", "ed25519:00"] {
            assert!(list(text).is_err(), "{text}");
        }
        // The neutral element: anybody can sign for it.
        assert!(list(&format!("ed25519:01{}", "00".repeat(31))).err().unwrap().contains("no public key"));
    }
}
