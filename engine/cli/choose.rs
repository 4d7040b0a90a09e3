//! Names people type: found, or refused with the nearest one.

use std::path::Path;

use super::failure::Failure;
use super::system::why;

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

/// That a file cannot be read: with the nearest name in its folder, where it is not there.
pub(super) fn no_file(path: &Path, error: &std::io::Error) -> Failure {
    Failure::Input(format!("could not read {}: {}", path.display(), why(path, error)))
}
