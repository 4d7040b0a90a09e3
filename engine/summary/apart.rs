//! What keeps two summaries apart, under whichever policy they were made.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use projections::parameters::Parameters;

use super::asked::Asked;
use super::error::SummaryError;

/// Whether one source may stand in several logs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Sharing {
    /// No: the same consultations might be counted twice.
    #[default]
    Refused,
    /// Yes: whoever merges vouches that no consultation is in two of the logs.
    Vouched,
}

/// Why two summaries of one log do not merge.
const ONE_LOG: &str = "both are of one log, and everything in it would count twice; leave one out";

/// What a summary says of itself, whatever its policy lets it say besides.
pub(super) trait OfItself {
    /// What was asked, and how consultations were read.
    fn question(&self) -> (&Asked, Parameters);

    /// The digests of the names of its sources.
    fn sources(&self) -> impl Iterator<Item = &String>;

    /// The commitments to the first event of its log, if it has one, and to all of it.
    fn log(&self) -> (Option<&str>, String);
}

/// Refuses the summary at `path` where it cannot be merged with those before it; `known` are the sources of these, and
/// `part` tells in which one a source first stood.
pub(super) fn fits<M: OfItself, T>(
    parts: &[(PathBuf, M)],
    (known, part): (&BTreeMap<String, T>, impl Fn(&T) -> usize),
    (path, manifest): (&Path, &M),
    sharing: Sharing,
) -> Result<(), SummaryError> {
    let apart = |part: usize, what: String| {
        let (one, _) = &parts[part];
        Err(SummaryError::Apart { one: one.clone(), other: path.to_owned(), what })
    };
    if let Some(what) = difference(parts[0].1.question(), manifest.question()) {
        return apart(0, what);
    }
    // Nothing is of an empty log.
    let (begins, head) = manifest.log();
    let is_same = |known: (Option<&str>, String)| begins.is_some() && (known.0 == begins || known.1 == head);
    if let Some(part) = parts.iter().position(|(_, known)| is_same(known.log())) {
        return apart(part, ONE_LOG.to_owned());
    }
    match (shared_sources(known, manifest.sources(), part), sharing) {
        (Some((part, what)), Sharing::Refused) => apart(part, what),
        _ => Ok(()),
    }
}

/// In what two summaries differ that can only be merged where it is the same.
pub(super) fn difference(
    (asked, ours): (&Asked, Parameters),
    (also_asked, theirs): (&Asked, Parameters),
) -> Option<String> {
    if let Some(difference) = asked.difference(also_asked) {
        let is_of_kinds = asked.decide.is_some() != also_asked.decide.is_some();
        let next = if is_of_kinds {
            "name those of one kind, or ask for a --report of both"
        } else {
            "make both alike"
        };
        return Some(format!("{difference}; {next}"));
    }
    if ours.until != theirs.until {
        return Some(format!(
            "one says which consultations are over as of {}, the other as of {}; make both with one --until, such as \
             --until {}",
            ours.until,
            theirs.until,
            ours.until.max(theirs.until)
        ));
    }
    (ours != theirs).then(|| {
        format!(
            "one was read with --grace-ms {}, the other with --grace-ms {}; make both alike",
            ours.grace_ms, theirs.grace_ms
        )
    })
}

/// With which part, by number, sources are shared, and why that is refused.
fn shared_sources<'a, T>(
    known: &BTreeMap<String, T>,
    names: impl Iterator<Item = &'a String>,
    part: impl Fn(&T) -> usize,
) -> Option<(usize, String)> {
    let shared: Vec<usize> = names.filter_map(|name| known.get(name).map(&part)).collect();
    let first = *shared.iter().min()?;
    let count = shared.iter().filter(|one| **one == first).count();
    let sources = if count == 1 { "a source".to_owned() } else { format!("{count} sources") };
    Some((
        first,
        format!(
            "{sources} of one sent to the other's log, too, and what it told may count twice; if no consultation is in both, \
             say so with --shared-sources"
        ),
    ))
}
