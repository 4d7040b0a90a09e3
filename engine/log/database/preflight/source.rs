//! A file that is read in pieces, each from where it is told.

use std::fs::File;
use std::io::{self, ErrorKind, Read, Seek, SeekFrom};
use std::path::PathBuf;

use crate::log::LogError;

/// An open file.
pub(super) struct Source {
    path: PathBuf,
    file: File,
    pub(super) len: u64,
}

impl Source {
    /// The file at `path`, if there is one.
    pub(super) fn open(path: PathBuf) -> Result<Option<Self>, LogError> {
        let open = || -> io::Result<_> {
            let file = File::open(&path)?;
            let len = file.metadata()?.len();
            Ok((file, len))
        };
        match open() {
            Ok((file, len)) => Ok(Some(Self { path, file, len })),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
            Err(error) => Err(LogError::io("open the file", &path)(error)),
        }
    }

    /// The same file once more, for another thread.
    pub(super) fn again(&self) -> Result<Self, LogError> {
        let file = File::open(&self.path).map_err(LogError::io("open the file", &self.path))?;
        Ok(Self { path: self.path.clone(), file, len: self.len })
    }

    /// The bytes from `at`, as many as there are and have room in `buffer`.
    pub(super) fn read<'a>(&mut self, at: u64, buffer: &'a mut [u8]) -> Result<&'a [u8], LogError> {
        let mut filled = 0;
        let mut read = || {
            self.file.seek(SeekFrom::Start(at))?;
            while filled < buffer.len() {
                match self.file.read(&mut buffer[filled..]) {
                    Ok(0) => break,
                    Ok(count) => filled += count,
                    Err(error) if error.kind() == ErrorKind::Interrupted => {}
                    Err(error) => return Err(error),
                }
            }
            Ok(())
        };
        read().map_err(LogError::io("read the file", &self.path))?;
        Ok(&buffer[..filled])
    }
}
