//! What is named to be read: files, folders, standard input.
//!
//! A folder stands for the files in it and below, in the order of their names. What is no input is left out
//! and counted: hidden files, links to folders, the store with its key, and files that the command line
//! names for something else. A folder with the manifest of a data set is one, and no folder of files.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use super::Shared;
use super::choose::no_file;
use super::draft::is_same_file;
use super::failure::Failure;
use crate::ingest::is_dataset;

/// How deeply folders may nest.
const DEEPEST: usize = 64;

/// Files to read.
#[derive(Debug, Default)]
pub(super) struct Inputs {
    pub(super) files: Vec<PathBuf>,
    /// Folders that are data sets, whose files are not among the others yet.
    pub(super) datasets: Vec<PathBuf>,
    /// Files that were checked as a whole.
    pub(super) checked: BTreeSet<PathBuf>,
    /// Folders in which there is nothing to read.
    pub(super) empty: Vec<PathBuf>,
    /// What was left out of folders, by reason.
    pub(super) left_out: BTreeMap<&'static str, u64>,
    /// Whether a folder was among what was named.
    pub(super) of_folder: bool,
}

impl Inputs {
    /// The files that `named` stands for, but for `others`, each with why it is none.
    pub(super) fn of(named: &[PathBuf], others: &[(PathBuf, &'static str)]) -> Result<Self, Failure> {
        let mut inputs = Self::default();
        for path in named {
            if !is_standard(path) && path.is_dir() {
                inputs.of_folder = true;
                let before = inputs.files.len() + inputs.datasets.len();
                inputs.walk(path, others, 0)?;
                if inputs.files.len() + inputs.datasets.len() == before {
                    inputs.empty.push(path.clone());
                }
            } else {
                inputs.files.push(path.clone());
            }
        }
        Ok(inputs)
    }

    fn walk(
        &mut self,
        folder: &Path,
        others: &[(PathBuf, &'static str)],
        depth: usize,
    ) -> Result<(), Failure> {
        if depth > DEEPEST {
            return Err(Failure::Input(format!(
                "{} lies more than {DEEPEST} folders deep; name the folder itself",
                folder.display()
            )));
        }
        if is_dataset(folder) {
            self.datasets.push(folder.to_owned());
            return Ok(());
        }
        let read = fs::read_dir(folder).and_then(Iterator::collect::<Result<Vec<_>, _>>);
        let mut entries = read.map_err(|error| no_file(folder, &error))?;
        entries.sort_by_key(fs::DirEntry::file_name);
        for entry in entries {
            let path = entry.path();
            let is_link = entry.file_type().is_ok_and(|kind| kind.is_symlink());
            if entry.file_name().as_encoded_bytes().starts_with(b".") {
                self.leave_out("hidden");
            } else if let Some((_, why)) = others.iter().find(|(other, _)| is_same(&path, other)) {
                self.leave_out(why);
            } else if path.is_file() {
                self.files.push(path);
            } else if path.is_dir() && !is_link {
                self.walk(&path, others, depth + 1)?;
            } else {
                self.leave_out("neither a file nor a folder");
            }
        }
        Ok(())
    }

    /// Says which folders hold nothing to read.
    pub(super) fn note_empty(&self, shared: &Shared) {
        for folder in &self.empty {
            shared.note(&format!("{}: there is no file in it to read", folder.display()));
        }
    }

    fn leave_out(&mut self, why: &'static str) {
        *self.left_out.entry(why).or_default() += 1;
    }
}

/// Whether two paths lead to the same file or folder.
fn is_same(one: &Path, other: &Path) -> bool {
    is_same_file(one, other) || matches!((one.canonicalize(), other.canonicalize()), (Ok(a), Ok(b)) if a == b)
}

/// Whether a path stands for standard input.
pub(super) fn is_standard(file: &Path) -> bool {
    file.as_os_str() == "-"
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_stands_for_its_files_in_order_and_what_is_no_input_is_counted() {
        let dir = tempfile::tempdir().unwrap();
        let at = |name: &str| dir.path().join(name);
        for folder in ["b/deep", "x.store/db", ".git"] {
            fs::create_dir_all(at(folder)).unwrap();
        }
        for file in
            ["c.csv", "a.json", "b/2.json", "b/deep/1.json", "b/.draft", "x.store/db/0", "x.store.key"]
        {
            fs::write(at(file), "x").unwrap();
        }
        let others = [(at("x.store"), "the store"), (at("x.store.key"), "the key")];
        let found = Inputs::of(&[dir.path().to_owned(), PathBuf::from("-")], &others).unwrap();
        let wanted = ["a.json", "b/2.json", "b/deep/1.json", "c.csv"].map(at);
        assert_eq!(found.files, [&wanted[..], &[PathBuf::from("-")]].concat());
        assert_eq!(found.left_out, BTreeMap::from([("hidden", 2), ("the key", 1), ("the store", 1)]));
        assert!(found.of_folder && !Inputs::of(&[at("a.json")], &[]).unwrap().of_folder);
    }
}
