//! What the system refused, in words for the person who has to act.
//!
//! A message says what was attempted, on what, and what to do. The words of the system ("No such file or directory
//! (os error 2)") tell the half of the first: whether a file is missing or the folder that it should go into, and what
//! would help, is found out here.

use std::io::{self, ErrorKind};
use std::path::Path;

use super::choose::nearest;

/// Why something could not be done to the file at `path`, and what to do.
pub(super) fn why(path: &Path, error: &io::Error) -> String {
    // What the program itself has put into words is told in these.
    if error.get_ref().is_some() {
        return error.to_string();
    }
    match error.kind() {
        ErrorKind::NotFound => missing(path),
        ErrorKind::IsADirectory => "it is a folder; name a file".to_owned(),
        ErrorKind::NotADirectory => {
            "what should be a folder on the way to it is a file; name another".to_owned()
        }
        ErrorKind::PermissionDenied => {
            "this user may not (permission denied); ask whoever owns it, or name another".to_owned()
        }
        ErrorKind::StorageFull | ErrorKind::QuotaExceeded => {
            "there is no room left on the disk; make some, and do it again".to_owned()
        }
        ErrorKind::ReadOnlyFilesystem => "that disk may not be written to; name another place".to_owned(),
        _ => plain(error),
    }
}

/// Which part of a path is not there, with the nearest name that is.
fn missing(path: &Path) -> String {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    if !folder.exists() {
        return format!("there is no folder {}; make it first, or name another", folder.display());
    }
    let read = std::fs::read_dir(folder).into_iter().flatten().flatten();
    let names: Vec<String> = read.map(|entry| entry.file_name().to_string_lossy().into_owned()).collect();
    let wanted = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    match nearest(&wanted, &names) {
        Some(near) => format!("there is no such file; did you mean {}?", folder.join(near).display()),
        None => "there is no such file".to_owned(),
    }
}

/// The system's own words, without its number.
pub(super) fn plain(error: &io::Error) -> String {
    let text = error.to_string();
    text.split(" (os error").next().unwrap_or(&text).to_owned()
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn what_is_missing_in_the_way_or_forbidden_is_told_with_what_to_do() {
        let dir = tempfile::tempdir().unwrap();
        let at = |name: &str| dir.path().join(name);
        fs::write(at("events.ndjson"), "").unwrap();
        let read = |path: &Path| why(path, &fs::read(path).unwrap_err());
        assert_eq!(
            read(&at("event.ndjson")),
            format!("there is no such file; did you mean {}?", at("events.ndjson").display())
        );
        assert_eq!(read(&at("other.csv")), "there is no such file");
        assert!(
            read(&at("no/such/file")).starts_with("there is no folder "),
            "{}",
            read(&at("no/such/file"))
        );
        assert!(read(dir.path()).contains("it is a folder"), "{}", read(dir.path()));
        assert!(read(&at("events.ndjson/x")).contains("is a file"), "{}", read(&at("events.ndjson/x")));
        for kind in [ErrorKind::PermissionDenied, ErrorKind::StorageFull, ErrorKind::ReadOnlyFilesystem] {
            let told = why(&at("x"), &kind.into());
            assert!(told.contains("; ") && !told.contains("os error"), "{told}");
        }
        let other = io::Error::from_raw_os_error(5);
        assert!(!why(&at("x"), &other).contains("os error"), "{}", why(&at("x"), &other));
        let own = io::Error::new(ErrorKind::NotFound, "the stream is cut off here");
        assert_eq!(why(&at("x"), &own), "the stream is cut off here");
    }
}
