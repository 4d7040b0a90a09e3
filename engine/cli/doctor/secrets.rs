//! The files that only their owner may read: keys and hashes of tokens. They are read, and never shown.

use std::path::Path;

use super::super::Shared;
use super::{Finding, State};
use crate::ingest::Key;
use crate::report::counted;
use crate::service::Tokens;
use crate::summary::SecretKey;

/// Looks at every one; the key of pseudonyms may be `named`.
pub(super) fn secrets(named: Option<&Path>, shared: &Shared) -> Vec<Finding> {
    vec![pseudonyms(named, &shared.store), signing(&shared.store), tokens(&shared.store)]
}

fn pseudonyms(named: Option<&Path>, store: &Path) -> Finding {
    let about = "key";
    let named = named.filter(|path| !path.as_os_str().is_empty());
    let found = Key::place(named, store).and_then(|path| Key::find(&path, store).map(|key| (key, path)));
    match found {
        Err(error) => Finding::told(about, State::Wrong, &error),
        Ok((None, path)) => {
            let path = path.display();
            Finding::well(
                about,
                format!("none yet: the first vendor feed makes {path}, for pseudonyms of people"),
            )
        }
        Ok((Some(_), path)) => guarded(about, &path, "pseudonymises people"),
    }
}

fn signing(store: &Path) -> Finding {
    let about = "signing key";
    let path = match SecretKey::place(None, store) {
        Ok(path) => path,
        Err(error) => return Finding::told(about, State::Wrong, &error),
    };
    match path.exists().then(|| SecretKey::load(&path)) {
        None => Finding::well(about, "none: only `evenfield summary make` needs one, and makes it"),
        Some(Ok(_)) => guarded(about, &path, "signs summaries"),
        Some(Err(error)) => Finding::told(about, State::Wrong, &error),
    }
}

fn tokens(store: &Path) -> Finding {
    let about = "tokens";
    let found = Tokens::of(store).and_then(|tokens| Ok((tokens.all()?.len(), tokens)));
    match found {
        Err(error) => Finding::told(about, State::Wrong, &error),
        Ok((0, _)) => Finding::well(about, "none: whoever reads or records from elsewhere needs one"),
        Ok((known, tokens)) => {
            guarded(about, tokens.path(), &format!("has hashes of {}", counted(known as u64, "token")))
        }
    }
}

/// A file that is there, as it should be if its owner alone may read it.
fn guarded(about: &'static str, path: &Path, does: &str) -> Finding {
    let file = path.display();
    match others_may_read(path) {
        Some(false) => Finding::well(about, format!("{file} {does}, and is closed to others")),
        Some(true) => Finding::of(
            about,
            State::Wrong,
            format!("{file} {does}, and others than its owner may read or write it"),
            format!("chmod 600 {file}, and make another if somebody has read it"),
        ),
        None => Finding::of(
            about,
            State::Note,
            format!("{file} {does}; whether others may read it is not known on this system"),
            "give it rights for its owner alone",
        ),
    }
}

#[cfg(unix)]
fn others_may_read(path: &Path) -> Option<bool> {
    use std::os::unix::fs::PermissionsExt;
    std::fs::metadata(path).ok().map(|about| about.permissions().mode() & 0o077 != 0)
}

#[cfg(not(unix))]
fn others_may_read(_path: &Path) -> Option<bool> {
    None
}
