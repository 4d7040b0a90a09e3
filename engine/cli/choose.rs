//! Names people type: found, or refused with the nearest one.

use std::path::Path;

use super::failure::Failure;
use super::system::why;
use crate::report::grouped;

/// Names that are listed where none is near.
const LISTED: usize = 40;

/// The thing called `name`, or a usage error with the nearest name.
pub(super) fn choose<T>(
    what: &str,
    name: &str,
    found: Option<T>,
    names: impl IntoIterator<Item = impl AsRef<str>>,
) -> Result<T, Failure> {
    found.ok_or_else(|| Failure::Usage(unknown(what, name, names)))
}

/// That there is no such thing, with the nearest name, those that begin as it does, or all of them.
pub(super) fn unknown(what: &str, name: &str, names: impl IntoIterator<Item = impl AsRef<str>>) -> String {
    let names: Vec<String> = names.into_iter().map(|name| name.as_ref().to_owned()).collect();
    let begun = begun(name, &names);
    if begun.len() > 1 {
        return format!("there is no {what} {name:?}; so begin: {}", listed(&begun));
    }
    match nearest(name, &names) {
        Some(near) => format!("there is no {what} {name:?}; did you mean {near:?}?"),
        None if names.is_empty() => format!("there is no {what} {name:?}; there are none yet"),
        None => {
            format!("there is no {what} {name:?}; there are: {}", listed(&names.iter().collect::<Vec<_>>()))
        }
    }
}

/// The first names of a list, and how many follow.
fn listed(names: &[&String]) -> String {
    let told: Vec<&str> = names.iter().take(LISTED).map(|name| name.as_str()).collect();
    match names.len().saturating_sub(LISTED) {
        0 => told.join(", "),
        more => format!("{}, and {} more", told.join(", "), grouped(more as u64)),
    }
}

/// The names that begin with what was typed, if that is anything.
fn begun<'a>(name: &str, names: &'a [String]) -> Vec<&'a String> {
    let name = name.to_lowercase();
    names.iter().filter(|known| !name.is_empty() && known.to_lowercase().starts_with(&name)).collect()
}

/// The name that alone begins with what was typed, or the one nearest to it if it is near enough to be meant.
pub(super) fn nearest<'a>(name: &str, names: &'a [String]) -> Option<&'a str> {
    if let [one] = begun(name, names)[..] {
        return Some(one);
    }
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_begins_a_name_or_is_near_one_is_told_and_long_lists_are_cut() {
        let names = ["messy-feed", "month-of-two", "month-of-three", "outage"];
        for (typed, told) in [
            ("messy", "did you mean \"messy-feed\"?"),
            ("MES", "did you mean \"messy-feed\"?"),
            ("mesy-feed", "did you mean \"messy-feed\"?"),
            ("outrage", "did you mean \"outage\"?"),
            ("month-of-t", "so begin: month-of-two, month-of-three"),
            ("xyzzy", "there are: messy-feed, month-of-two, month-of-three, outage"),
            ("", "there are: messy-feed"),
        ] {
            let message = unknown("scenario", typed, names);
            assert!(message.contains(told), "{typed}: {message}");
        }
        let many: Vec<String> = (0..2_000).map(|number| format!("level {number}")).collect();
        let message = unknown("level", "xyzzy", &many);
        assert!(message.ends_with("level 39, and 1,960 more"), "{message}");
        assert!(unknown("level", "x", [""; 0]).ends_with("there are none yet"));
    }
}
