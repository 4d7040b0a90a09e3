//! Tokens: who may read, record or look after a service. What is kept of them is a hash.
//!
//! A token is 256 bits drawn by the system, so that a plain hash of it can be kept: there is nothing to guess. The file
//! lies beside the store, for its owner alone, and is read again whenever it has changed: a token that is revoked is
//! refused from then on.
//!
//! ```text
//! STORE.tokens   {"name":"ward-gateway","role":"record","hash":"64 hex digits","made":"2026-03-31T09:00:00Z"}
//! ```

use std::collections::BTreeMap;
use std::fs;
use std::io::{self, ErrorKind, Write};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::time::SystemTime;

use event::Time;
use serde::{Deserialize, Serialize};

/// What tokens begin with, so that one is known when it is seen where it should not be.
const BEGINS: &str = "evenfield_";
/// The most bytes of a file.
const MOST_BYTES: u64 = 1 << 20;

/// What whoever has a token may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// Read what the policy shows.
    Read,
    /// Append events.
    Record,
    /// Both, and look after the service.
    Administer,
}

impl Role {
    /// Every role.
    pub const ALL: [Self; 3] = [Self::Read, Self::Record, Self::Administer];

    /// Its name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Read => "read",
            Self::Record => "record",
            Self::Administer => "administer",
        }
    }

    /// Whether it allows what `other` does.
    #[must_use]
    pub fn allows(self, other: Self) -> bool {
        self == other || self == Self::Administer
    }
}

/// What is kept of a token.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Token {
    /// Whose it is.
    pub name: String,
    /// What it allows.
    pub role: Role,
    /// The hash of it, as hexadecimal digits.
    pub hash: String,
    /// When it was made.
    pub made: String,
}

/// Why tokens could not be read or kept.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TokenError {
    /// The file could not be read or written.
    #[error("could not {doing} {}: {source}", path.display())]
    Io {
        /// What was attempted.
        doing: &'static str,
        /// On what.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// A line of it is no token.
    #[error("{} line {line} is no token ({why}); remove it and make the token anew", path.display())]
    NoToken {
        /// The file.
        path: PathBuf,
        /// The line.
        line: usize,
        /// What is wrong.
        why: String,
    },
    /// There is a token of that name.
    #[error("there is a token called {0:?}; revoke it first, or choose another name")]
    Taken(String),
    /// There is none of that name.
    #[error("there is no token called {0:?}; `evenfield token ls` lists them")]
    Unknown(String),
    /// The name cannot be used.
    #[error("{0:?} is no name for a token: use 1 to 64 letters, digits, dots, hyphens and underscores")]
    NoName(String),
    /// The store has no name that the file could be named after.
    #[error("{} has no place beside it for tokens", store.display())]
    NoPlace {
        /// The store.
        store: PathBuf,
    },
}

impl TokenError {
    fn io(doing: &'static str, path: &Path) -> impl FnOnce(io::Error) -> Self {
        move |source| Self::Io { doing, path: path.to_owned(), source }
    }
}

/// The tokens of a store.
#[derive(Debug)]
pub struct Tokens {
    path: PathBuf,
    known: Mutex<Known>,
}

/// Those of the file as it was when it was last read.
#[derive(Debug, Default)]
struct Known {
    seen: Option<(SystemTime, u64)>,
    by_hash: BTreeMap<String, Token>,
}

impl Tokens {
    /// Those of `store`; none where the file is missing.
    ///
    /// # Errors
    /// When the store has no name, or the file cannot be read.
    pub fn of(store: &Path) -> Result<Self, TokenError> {
        let nowhere = || TokenError::NoPlace { store: store.to_owned() };
        // However its path is written, a store has one list of tokens.
        let resolved = store.canonicalize().or_else(|_| std::path::absolute(store)).map_err(|_| nowhere())?;
        let mut name = resolved.file_name().ok_or_else(nowhere)?.to_owned();
        name.push(".tokens");
        let tokens = Self { path: resolved.with_file_name(name), known: Mutex::default() };
        tokens.all()?;
        Ok(tokens)
    }

    /// Where they are kept.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// All of them, by name.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn all(&self) -> Result<Vec<Token>, TokenError> {
        let mut tokens = read(&self.path)?;
        tokens.sort_by(|a, b| a.name.cmp(&b.name));
        Ok(tokens)
    }

    /// Makes a token; what is returned is shown once and kept nowhere.
    ///
    /// # Errors
    /// When there is one of that name, or it cannot be kept.
    pub fn make(&self, name: &str, role: Role, made: Time) -> Result<String, TokenError> {
        let fits = |c: char| c.is_ascii_alphanumeric() || "._-".contains(c);
        if name.is_empty() || name.len() > 64 || !name.chars().all(fits) {
            return Err(TokenError::NoName(name.to_owned()));
        }
        let _alone = self.lock()?;
        let mut tokens = self.all()?;
        if tokens.iter().any(|token| token.name == name) {
            return Err(TokenError::Taken(name.to_owned()));
        }
        let mut drawn = [0_u8; 32];
        getrandom::fill(&mut drawn)
            .map_err(io::Error::from)
            .map_err(TokenError::io("draw a token for", &self.path))?;
        let secret = format!("{BEGINS}{}", blake3::Hash::from_bytes(drawn).to_hex());
        tokens.push(Token { name: name.to_owned(), role, hash: hash(&secret), made: made.to_string() });
        self.write(&tokens)?;
        Ok(secret)
    }

    /// Takes a token back.
    ///
    /// # Errors
    /// When there is none of that name, or the file cannot be written.
    pub fn revoke(&self, name: &str) -> Result<(), TokenError> {
        let _alone = self.lock()?;
        let mut tokens = self.all()?;
        let before = tokens.len();
        tokens.retain(|token| token.name != name);
        if tokens.len() == before {
            return Err(TokenError::Unknown(name.to_owned()));
        }
        self.write(&tokens)
    }

    /// Whose token this is. A file that cannot be read knows none.
    #[must_use]
    pub fn known(&self, secret: &str) -> Option<Token> {
        // What is compared is the hash, which nobody can steer towards that of a token.
        self.by_hash(&hash(secret))
    }

    fn by_hash(&self, hash: &str) -> Option<Token> {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        let seen = fs::metadata(&self.path).and_then(|about| Ok((about.modified()?, about.len()))).ok();
        if seen.is_none() || seen != known.seen {
            let tokens = read(&self.path).unwrap_or_else(|error| {
                tracing::error!(%error, "no token is known");
                Vec::new()
            });
            known.by_hash = tokens.into_iter().map(|token| (token.hash.clone(), token)).collect();
            known.seen = seen;
        }
        known.by_hash.get(hash).cloned()
    }

    /// Whether a token that was known is known still.
    #[must_use]
    pub fn is_known(&self, token: &Token) -> bool {
        self.by_hash(&token.hash).as_ref() == Some(token)
    }

    /// Keeps other processes from changing the list meanwhile.
    fn lock(&self) -> Result<fs::File, TokenError> {
        let mut name = self.path.as_os_str().to_owned();
        name.push(".lock");
        let lock = fs::File::create(Path::new(&name)).map_err(TokenError::io("lock", &self.path))?;
        lock.lock().map_err(TokenError::io("lock", &self.path))?;
        Ok(lock)
    }

    fn write(&self, tokens: &[Token]) -> Result<(), TokenError> {
        let folder = self.path.parent().unwrap_or(Path::new("."));
        let failed = || TokenError::io("write", &self.path);
        // A temporary file is readable for its owner alone, and stays so.
        let mut draft = tempfile::NamedTempFile::new_in(folder).map_err(failed())?;
        for token in tokens {
            let line = serde_json::to_string(token).map_err(io::Error::from).map_err(failed())?;
            writeln!(draft, "{line}").map_err(failed())?;
        }
        draft.as_file().sync_all().map_err(failed())?;
        draft.persist(&self.path).map_err(|error| failed()(error.error))?;
        Ok(())
    }
}

fn read(path: &Path) -> Result<Vec<Token>, TokenError> {
    let text = match fs::metadata(path) {
        Ok(about) if about.len() > MOST_BYTES => {
            let source = io::Error::other("it is too large for a list of tokens");
            return Err(TokenError::Io { doing: "read", path: path.to_owned(), source });
        }
        Ok(_) => fs::read_to_string(path).map_err(TokenError::io("read", path))?,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(TokenError::io("read", path)(error)),
    };
    let lines = (1..).zip(text.lines()).filter(|(_, line)| !line.trim().is_empty());
    let token = |(line, text): (usize, &str)| {
        serde_json::from_str(text).map_err(|error| TokenError::NoToken {
            path: path.to_owned(),
            line,
            why: error.to_string(),
        })
    };
    lines.map(token).collect()
}

fn hash(secret: &str) -> String {
    blake3::derive_key("evenfield 2026-11 token of a service", secret.as_bytes())
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_known_until_it_is_revoked_and_its_file_does_not_tell_it() {
        let dir = tempfile::tempdir().unwrap();
        let tokens = Tokens::of(&dir.path().join("x.store")).unwrap();
        let secret = tokens.make("gateway", Role::Record, Time::from_ms(0)).unwrap();
        assert!(matches!(tokens.make("gateway", Role::Read, Time::from_ms(0)), Err(TokenError::Taken(_))));
        assert_eq!(tokens.known(&secret).unwrap().name, "gateway");
        assert!(tokens.known(&secret[1..]).is_none() && tokens.known("").is_none());
        let text = fs::read_to_string(tokens.path()).unwrap();
        assert!(!text.contains(&secret) && !text.contains(&secret[BEGINS.len()..]), "{text}");
        // The running service sees what another process does to the file.
        Tokens::of(&dir.path().join("x.store")).unwrap().revoke("gateway").unwrap();
        assert!(tokens.known(&secret).is_none());
        assert!(matches!(tokens.revoke("gateway"), Err(TokenError::Unknown(_))));
    }

    #[test]
    fn tokens_that_are_made_and_revoked_at_once_are_all_kept_and_all_gone() {
        let dir = tempfile::tempdir().unwrap();
        let store = dir.path().join("x.store");
        std::thread::scope(|scope| {
            for number in 0..12 {
                let store = &store;
                scope.spawn(move || {
                    // Each as a process of its own would.
                    let tokens = Tokens::of(store).unwrap();
                    tokens.make(&format!("old-{number}"), Role::Read, Time::from_ms(0)).unwrap();
                    tokens.make(&format!("new-{number}"), Role::Read, Time::from_ms(0)).unwrap();
                    tokens.revoke(&format!("old-{number}")).unwrap();
                });
            }
        });
        let names: Vec<String> =
            Tokens::of(&store).unwrap().all().unwrap().into_iter().map(|token| token.name).collect();
        assert!(names.len() == 12 && names.iter().all(|name| name.starts_with("new-")), "{names:?}");
    }

    #[cfg(unix)]
    #[test]
    fn the_file_is_for_its_owner_alone() {
        use std::os::unix::fs::PermissionsExt;
        let dir = tempfile::tempdir().unwrap();
        let tokens = Tokens::of(&dir.path().join("x.store")).unwrap();
        tokens.make("reader", Role::Read, Time::from_ms(0)).unwrap();
        assert_eq!(fs::metadata(tokens.path()).unwrap().permissions().mode() & 0o777, 0o600);
    }

    #[test]
    fn a_line_that_is_no_token_is_named() {
        let dir = tempfile::tempdir().unwrap();
        fs::write(dir.path().join("x.store.tokens"), "\n{\"name\":1}\n").unwrap();
        let error = Tokens::of(&dir.path().join("x.store")).unwrap_err().to_string();
        assert!(error.contains("line 2") && error.contains("x.store.tokens"), "{error}");
        for name in ["", "a b", "ä", &"x".repeat(65)] {
            let tokens = Tokens::of(&dir.path().join("y.store")).unwrap();
            assert!(matches!(tokens.make(name, Role::Read, Time::from_ms(0)), Err(TokenError::NoName(_))));
        }
    }
}
