//! A file that takes its place only when it is whole: written beside it, then moved there.
//!
//! What stands in that place is left alone until then, so that a command that fails costs nobody a
//! file. What is no ordinary file, such as a device or a pipe, is written straight away.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use tempfile::NamedTempFile;

/// Who may read a file that is made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Readers {
    /// Whoever may read the file that it replaces, or any new file of this user.
    AsUsual,
    /// This user alone.
    OwnerAlone,
}

/// A file that is being written.
pub(super) struct Draft(Writing);

enum Writing {
    Beside { draft: NamedTempFile, place: PathBuf },
    Straight(File),
}

impl Draft {
    /// Whether something can be written to `path`, as far as that shows without doing it.
    pub(super) fn check(path: &Path) -> io::Result<()> {
        match fs::metadata(path) {
            Ok(about) if about.is_dir() => Err(io::ErrorKind::IsADirectory.into()),
            Ok(about) if about.is_file() => OpenOptions::new().write(true).open(path).map(drop),
            Ok(_) => Ok(()),
            Err(error) if error.kind() == io::ErrorKind::NotFound => match fs::metadata(folder_of(path))? {
                about if about.is_dir() => Ok(()),
                _ => Err(io::ErrorKind::NotADirectory.into()),
            },
            Err(error) => Err(error),
        }
    }

    /// Begins to write what is to stand at `path`.
    pub(super) fn begin(path: &Path, readers: Readers) -> io::Result<Self> {
        Self::check(path)?;
        let before = fs::metadata(path).ok();
        if before.as_ref().is_some_and(|about| !about.is_file()) {
            return OpenOptions::new().write(true).open(path).map(|file| Self(Writing::Straight(file)));
        }
        // What a link leads to is replaced, not the link.
        let place = if before.is_some() { path.canonicalize()? } else { path.to_owned() };
        let mut draft = tempfile::Builder::new();
        draft.prefix(".evenfield-").suffix(".part");
        #[cfg(unix)]
        if readers == Readers::AsUsual {
            draft.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o666));
        }
        let draft = draft.tempfile_in(folder_of(&place))?;
        if let (Some(before), Readers::AsUsual) = (before, readers) {
            draft.as_file().set_permissions(before.permissions())?;
        }
        Ok(Self(Writing::Beside { draft, place }))
    }

    /// Puts the file in another place of the same folder.
    pub(super) fn keep_at(mut self, path: &Path) -> io::Result<()> {
        if let Writing::Beside { place, .. } = &mut self.0 {
            path.clone_into(place);
        }
        self.keep()
    }

    /// Puts the file in its place; one that is only dropped leaves nothing behind.
    pub(super) fn keep(self) -> io::Result<()> {
        match self.0 {
            Writing::Beside { draft, place } => {
                draft.as_file().sync_all()?;
                draft.persist(place).map(drop).map_err(|error| error.error)
            }
            Writing::Straight(mut file) => file.flush(),
        }
    }
}

impl Write for Draft {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match &mut self.0 {
            Writing::Beside { draft, .. } => draft.write(bytes),
            Writing::Straight(file) => file.write(bytes),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match &mut self.0 {
            Writing::Beside { draft, .. } => draft.flush(),
            Writing::Straight(file) => file.flush(),
        }
    }
}

/// The folder that `path` is in.
fn folder_of(path: &Path) -> &Path {
    path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

/// Whether two paths lead to the same ordinary file, or would once it is there.
pub(super) fn is_same_file(one: &Path, other: &Path) -> bool {
    match (fs::metadata(one), fs::metadata(other)) {
        (Ok(a), Ok(b)) if a.is_file() && b.is_file() => is_same(one, &a, other, &b),
        (Ok(_), Ok(_)) => false,
        _ => lead_to_one_place(one, other),
    }
}

#[cfg(unix)]
fn is_same(_: &Path, a: &fs::Metadata, _: &Path, b: &fs::Metadata) -> bool {
    use std::os::unix::fs::MetadataExt;
    (a.dev(), a.ino()) == (b.dev(), b.ino())
}

#[cfg(not(unix))]
fn is_same(one: &Path, _: &fs::Metadata, other: &Path, _: &fs::Metadata) -> bool {
    lead_to_one_place(one, other)
}

fn lead_to_one_place(one: &Path, other: &Path) -> bool {
    let resolved = |path| crate::ingest::resolved(path).ok();
    resolved(one).is_some_and(|place| resolved(other) == Some(place))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(dir: &Path) -> Vec<String> {
        let names = fs::read_dir(dir).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
        names.collect()
    }

    #[test]
    fn a_file_is_replaced_when_the_new_one_is_whole() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("x");
        for text in ["one", "two"] {
            let mut draft = Draft::begin(&path, Readers::AsUsual).unwrap();
            draft.write_all(text.as_bytes()).unwrap();
            assert_ne!(fs::read_to_string(&path).unwrap_or_default(), text);
            draft.keep().unwrap();
            assert_eq!(fs::read_to_string(&path).unwrap(), text);
        }
        Draft::begin(&path, Readers::OwnerAlone).unwrap().write_all(b"three").unwrap();
        assert_eq!((fs::read_to_string(&path).unwrap().as_str(), names(dir.path()).len()), ("two", 1));
    }

    #[cfg(unix)]
    #[test]
    fn a_link_stays_a_link_and_a_file_keeps_its_readers() {
        use std::os::unix::fs::PermissionsExt;
        let dir = tempfile::tempdir().unwrap();
        let (file, link) = (dir.path().join("x"), dir.path().join("link"));
        fs::write(&file, "before").unwrap();
        fs::set_permissions(&file, PermissionsExt::from_mode(0o640)).unwrap();
        std::os::unix::fs::symlink(&file, &link).unwrap();
        let mode = || fs::metadata(&file).unwrap().permissions().mode() & 0o777;
        Draft::begin(&link, Readers::AsUsual).unwrap().keep().unwrap();
        assert_eq!((fs::read_to_string(&file).unwrap().as_str(), mode()), ("", 0o640));
        assert!(fs::symlink_metadata(&link).unwrap().is_symlink());
        Draft::begin(&link, Readers::OwnerAlone).unwrap().keep().unwrap();
        assert_eq!(mode(), 0o600);
    }

    #[test]
    fn two_names_of_one_file_are_told_apart_from_two_files() {
        let dir = tempfile::tempdir().unwrap();
        let at = |name: &str| dir.path().join(name);
        fs::write(at("x"), "").unwrap();
        fs::write(at("y"), "").unwrap();
        fs::hard_link(at("x"), at("hard")).unwrap();
        for (one, other, same) in [
            ("x", "./x", true),
            ("x", "hard", cfg!(unix)),
            ("x", "y", false),
            ("new", "./new", true),
            ("new", "x", false),
            ("new", "newer", false),
        ] {
            assert_eq!(is_same_file(&at(one), &at(other)), same, "{one} {other}");
        }
    }
}
