//! What makes things durable, in one place: a test can see every moment at which something became so.

use std::fs::File;
use std::path::Path;

use crate::log::LogError;

/// Makes the bytes of a file durable.
pub(in crate::log) fn sync_file(file: &File, path: &Path) -> Result<(), LogError> {
    file.sync_data().map_err(LogError::io("make the file durable", path))?;
    #[cfg(test)]
    observer::synced(path);
    Ok(())
}

/// Makes what a folder holds by name durable.
pub(in crate::log) fn sync_folder(dir: &Path) -> Result<(), LogError> {
    let dir = if dir.as_os_str().is_empty() { Path::new(".") } else { dir };
    File::open(dir)
        .and_then(|folder| folder.sync_all())
        .map_err(LogError::io("make the folder durable", dir))?;
    #[cfg(test)]
    observer::synced(dir);
    Ok(())
}

/// Tells a test what became durable, at once.
#[cfg(test)]
pub(in crate::log) mod observer {
    use std::path::{Path, PathBuf};
    use std::sync::Mutex;

    type Observer = Box<dyn FnMut(&Path) + Send>;

    static OBSERVERS: Mutex<Vec<(PathBuf, Observer)>> = Mutex::new(Vec::new());

    /// Tells `observer` of everything below `dir` that becomes durable.
    pub(in crate::log) fn observe(dir: &Path, observer: impl FnMut(&Path) + Send + 'static) {
        OBSERVERS.lock().unwrap().push((dir.to_owned(), Box::new(observer)));
    }

    pub(in crate::log) fn synced(path: &Path) {
        for (dir, observer) in OBSERVERS.lock().unwrap().iter_mut() {
            if path.starts_with(dir) {
                observer(path);
            }
        }
    }
}
