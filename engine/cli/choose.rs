//! Names people type: found, or refused with the nearest one.

use std::path::Path;

use super::failure::Failure;

/// The thing called `name`, or a usage error with the nearest name.
pub(super) fn choose<T>(
    what: &str,
    name: &str,
    found: Option<T>,
    names: impl IntoIterator<Item = impl AsRef<str>>,
) -> Result<T, Failure> {
    found.ok_or_else(|| Failure::Usage(unknown(what, name, names)))
}

/// That there is no such thing, with the nearest name or all of them.
pub(super) fn unknown(what: &str, name: &str, names: impl IntoIterator<Item = impl AsRef<str>>) -> String {
    let names: Vec<String> = names.into_iter().map(|name| name.as_ref().to_owned()).collect();
    match nearest(name, &names) {
        Some(near) => format!("there is no {what} {name:?}; did you mean {near:?}?"),
        None if names.is_empty() => format!("there is no {what} {name:?}; there are none yet"),
        None => format!("there is no {what} {name:?}; there are: {}", names.join(", ")),
    }
}

/// The name nearest to what was typed, if it is near enough to be meant.
pub(super) fn nearest<'a>(name: &str, names: &'a [String]) -> Option<&'a str> {
    names
        .iter()
        .map(|known| (strsim::damerau_levenshtein(&name.to_lowercase(), &known.to_lowercase()), known))
        .min_by_key(|(distance, _)| *distance)
        .filter(|(distance, known)| *distance <= 1 + known.chars().count() / 4)
        .map(|(_, known)| known.as_str())
}

/// That a file is not there, with the nearest name in its folder.
pub(super) fn no_file(path: &Path, error: &std::io::Error) -> Failure {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let names: Vec<String> = std::fs::read_dir(folder)
        .into_iter()
        .flatten()
        .flatten()
        .map(|entry| entry.file_name().to_string_lossy().into_owned())
        .collect();
    let wanted = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    let hint = match nearest(&wanted, &names) {
        Some(near) if error.kind() == std::io::ErrorKind::NotFound => {
            format!("; did you mean {}?", folder.join(near).display())
        }
        _ => String::new(),
    };
    let why = match error.kind() {
        std::io::ErrorKind::NotFound => "there is no such file".to_owned(),
        _ => error.to_string(),
    };
    Failure::Input(format!("could not read {}: {why}{hint}", path.display()))
}
