//! Two readings by their claims: what appeared, what changed, and what is gone.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use super::Claim;

/// What became of a claim from one reading to another.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Change {
    /// It says something else in kind.
    Turned,
    /// It says the same in kind, by other numbers.
    Moved,
    /// It was not claimed before.
    Appeared,
    /// It is claimed no more.
    Gone,
}

/// A claim that is not what it was.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Changed {
    /// What became of it.
    pub change: Change,
    /// What was claimed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub before: Option<Claim>,
    /// What is claimed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub after: Option<Claim>,
}

/// The claims that differ, those of another verdict first; and how many are the same.
#[must_use]
pub fn changes(before: &[Claim], after: &[Claim]) -> (Vec<Changed>, usize) {
    let by_name = |claims: &[Claim]| -> BTreeMap<String, Claim> {
        claims.iter().map(|claim| (claim.claim.clone(), claim.clone())).collect()
    };
    let (before, after) = (by_name(before), by_name(after));
    let names: BTreeSet<&String> = before.keys().chain(after.keys()).collect();
    let all = names.len();
    let mut changed: Vec<Changed> = names
        .into_iter()
        .filter_map(|name| {
            let (before, after) = (before.get(name).cloned(), after.get(name).cloned());
            let change = match (&before, &after) {
                (Some(was), Some(is)) if was.value_hash == is.value_hash => return None,
                (Some(was), Some(is)) if was.verdict != is.verdict => Change::Turned,
                (Some(_), Some(_)) => Change::Moved,
                (None, _) => Change::Appeared,
                (_, None) => Change::Gone,
            };
            Some(Changed { change, before, after })
        })
        .collect();
    let same = all - changed.len();
    let words = |changed: &Changed| {
        changed
            .after
            .as_ref()
            .or(changed.before.as_ref())
            .map(|claim| (claim.subject.measure, claim.words.clone()))
    };
    changed.sort_by_cached_key(|changed| (changed.change, words(changed)));
    (changed, same)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::compare::Subject;
    use crate::compare::claims::Rule;

    fn claim(name: &str, verdict: &'static str, value: f64) -> Claim {
        let subject =
            Subject { measure: "any_drop", by: BTreeMap::new(), platform: "alder".to_owned(), role: None };
        let words = format!("{name} {verdict}");
        Claim::new(
            (Rule::Difference, name.to_owned()),
            (subject, None),
            (verdict, words),
            [("value", Some(value))],
        )
    }

    #[test]
    fn readings_differ_by_what_appeared_turned_moved_and_went() {
        let before = [
            claim("a", "better", 1.0),
            claim("b", "better", 1.0),
            claim("c", "worse", 2.0),
            claim("d", "worse", 0.0),
        ];
        let after = [
            claim("a", "better", 1.0),
            claim("b", "better", 1.5),
            claim("c", "better", 2.0),
            claim("e", "worse", 0.0),
        ];
        let (changed, same) = changes(&before, &after);
        let told: Vec<(Change, Option<&str>)> = changed
            .iter()
            .map(|one| (one.change, one.after.as_ref().map(|claim| claim.claim.as_str())))
            .collect();
        let wanted = [
            (Change::Turned, Some("c")),
            (Change::Moved, Some("b")),
            (Change::Appeared, Some("e")),
            (Change::Gone, None),
        ];
        assert_eq!((told.as_slice(), same), (&wanted[..], 1));
        assert_eq!(changes(&before, &before), (Vec::new(), 4));
    }

    #[test]
    fn the_hash_tells_what_is_said_and_of_what() {
        let one = claim("a", "better", 1.0);
        assert_eq!(one.value_hash, claim("a", "better", 1.0).value_hash);
        for other in
            [claim("b", "better", 1.0), claim("a", "worse", 1.0), claim("a", "better", 1.0 + f64::EPSILON)]
        {
            assert_ne!(one.value_hash, other.value_hash);
        }
    }
}
