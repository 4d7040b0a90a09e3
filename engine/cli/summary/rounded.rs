//! A summary under the policy `rounded`: what a rounded comparison shows of this store, signed, and nothing else.

use projections::compare::Ask;

use super::super::failure::Failure;
use super::super::shown;
use super::super::{Shared, progress};
use super::make::note_nothing;
use crate::log::Log;
use crate::replay::{Sheet, compare};
use crate::summary::{self, SecretKey};

/// The bytes of the summary.
pub(super) fn sealed(
    (log, sheet): (&Log, &Sheet),
    ask: &Ask,
    key: &SecretKey,
    shared: &Shared,
) -> Result<Vec<u8>, Failure> {
    let comparison = progress::reasoning(shared, "comparing", || compare(sheet, ask, shared.threads()))??;
    let manifest = summary::manifest_of_shown(log, sheet, ask, key.public())?;
    let answer = shown::to_seal(comparison, shared)?;
    let until = manifest.parameters.until;
    if !note_nothing(sheet, shared) {
        shared.note(&format!(
            "summed up as of {until}: it holds what `evenfield compare --policy rounded` shows, and no other number"
        ));
    }
    if answer.note().release.is_none() {
        shared.note(
            "it is not in the ledger of releases: make it with --release before it is given away, so that later answers are \
             checked against it",
        );
    }
    summary::seal_shown(&manifest, &answer, key)
        .ok_or_else(|| Failure::Other("nothing is hidden of this answer, and so it is not sealed".to_owned()))
}
