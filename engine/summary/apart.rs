//! What keeps two summaries apart, under whichever policy they were made.

use std::collections::BTreeMap;

use projections::parameters::Parameters;

use super::asked::Asked;

/// Why two summaries of one log do not merge.
pub(super) const ONE_LOG: &str = "both are of one log, and everything in it would count twice; leave one out";

/// In what two summaries differ that can only be merged where it is the same.
pub(super) fn difference(
    (asked, ours): (&Asked, Parameters),
    (also_asked, theirs): (&Asked, Parameters),
) -> Option<String> {
    if let Some(asked) = asked.difference(also_asked) {
        return Some(format!("{asked}; make both alike"));
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
pub(super) fn shared_sources<'a, T>(
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
