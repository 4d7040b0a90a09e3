//! The way out of every reading: through the boundary, under the policy that was asked for.

use event::Time;
use projections::compare::{Comparison, Decided, Reach};
use projections::disclosure::{Earlier, Policy, Release, Shown, Undisclosed};
use projections::quality::Evidence;

use super::failure::{Failure, refused};
use super::ground::Ground;
use super::out::Out;
use super::{Format, Shared};
use crate::export::{About, Dataset, Exported};
use crate::log::Position;
use crate::release::{Ledger, LedgerError};
use crate::replay::Totals;
use crate::report::{self, Report};

/// A reading of a store.
pub(super) trait OfStore: Report {
    /// Its form, and how many events and up to when it rests on.
    fn rests_on(&self) -> (&'static str, u64, Time);
}

macro_rules! of_store {
    ($($reading:ty),*) => {
        $(impl OfStore for $reading {
            fn rests_on(&self) -> (&'static str, u64, Time) {
                (self.schema, self.position, self.parameters.until)
            }
        })*
    };
}

of_store!(Comparison, Decided, Totals, Evidence, Reach);

impl From<Undisclosed> for Failure {
    fn from(error: Undisclosed) -> Self {
        Self::Usage(error.to_string())
    }
}

impl From<LedgerError> for Failure {
    fn from(error: LedgerError) -> Self {
        match error {
            LedgerError::Altered { .. } => Self::Integrity(error.to_string()),
            LedgerError::Io { what, path, source } => {
                Self::Other(refused(&format!("{what} the ledger of releases"), &path, &source))
            }
        }
    }
}

/// Writes what the policy shows of a reading, in the form that was asked for. The store is open meanwhile.
pub(super) fn show<T: OfStore>(reading: T, shared: &Shared, out: &mut Out) -> Result<(), Failure> {
    let shown = disclosed(reading, shared)?;
    let form = match shared.format() {
        Format::Json => return out.document(&shown),
        Format::Ndjson => {
            let lines = report::lines(&shown).map_err(|error| Failure::Other(error.to_string()))?;
            return match lines {
                Some(lines) => lines.iter().try_for_each(|line| out.line(line)),
                None => out.document(&shown),
            };
        }
        Format::Table => return out.text(&report::text(&shown)),
        Format::Plain => report::Form::Plain,
        Format::Csv => report::Form::Csv,
        Format::Md => report::Form::Markdown,
    };
    report::rows_lack(&shown).into_iter().for_each(|what| shared.note(what));
    out.text(&report::rows(&shown, form))
}

/// What the policy shows of a comparison, to be sealed as a summary. The store is open meanwhile.
pub(super) fn to_seal(comparison: Comparison, shared: &Shared) -> Result<Shown<Comparison>, Failure> {
    disclosed(comparison, shared)
}

/// What the policy shows of a reading, as a data set. The store is open meanwhile.
pub(super) fn dataset<T: OfStore + Exported>(
    reading: T,
    ground: &Ground,
    shared: &Shared,
) -> Result<Dataset, Failure> {
    let (_, position, _) = reading.rests_on();
    let commitment = ground.commitment(Position(position))?;
    let shown = disclosed(reading, shared)?;
    Ok(Dataset::of(&shown, &About { commitment: Some(commitment) }))
}

/// Several readings that are given away as one answer: each is held against those before it.
pub(super) struct Together<'a> {
    shared: &'a Shared,
    /// What was released before, and the readings of this answer behind it; none where nothing is hidden.
    ledger: Option<Ledger>,
    earlier: Earlier,
}

impl<'a> Together<'a> {
    /// Begins with what was released of the store before. The store is open meanwhile.
    pub(super) fn begin(shared: &'a Shared) -> Result<Self, Failure> {
        let ledger = ledger(shared)?;
        let earlier = ledger.as_ref().map(|ledger| ledger.earlier().clone()).unwrap_or_default();
        Ok(Self { shared, ledger, earlier })
    }

    /// What the policy shows of one more reading.
    pub(super) fn show<T: OfStore>(&mut self, reading: T) -> Result<Shown<T>, Undisclosed> {
        let (form, position, until) = reading.rests_on();
        let shown = Shown::of(reading, self.shared.policy, &self.earlier)?;
        if self.ledger.is_some() {
            let note = shown.note();
            self.earlier.releases.push(Release {
                release: self.earlier.releases.len() as u64 + 1,
                reading: form.to_owned(),
                policy: self.shared.policy,
                version: note.version,
                position,
                until,
                facts: shown.facts().to_vec(),
            });
        }
        Ok(shown)
    }

    /// Records the readings, if the answer is to be given away.
    pub(super) fn end(self) -> Result<(), Failure> {
        let Some(mut ledger) = self.ledger.filter(|_| self.shared.release) else { return Ok(()) };
        let known = ledger.earlier().releases.len();
        for release in &self.earlier.releases[known..] {
            let rests_on = (release.position, release.until);
            ledger.record(&release.reading, self.shared.policy, rests_on, &release.facts)?;
        }
        Ok(())
    }
}

/// What was released of the store before; none where nothing is hidden, or where no store is read.
fn ledger(shared: &Shared) -> Result<Option<Ledger>, Failure> {
    match shared.policy {
        Policy::Internal => Ok(None),
        _ if shared.elsewhere.is_some() => Ok(None),
        _ => Ok(Some(Ledger::open(&shared.store)?)),
    }
}

/// What the policy shows; recorded before anything is written, if it is to be given away.
fn disclosed<T: OfStore>(reading: T, shared: &Shared) -> Result<Shown<T>, Failure> {
    let policy = shared.policy;
    if policy == Policy::Internal {
        let shown = Shown::of(reading, policy, &projections::disclosure::Earlier::default())?;
        return Ok(shown);
    }
    let (form, position, until) = reading.rests_on();
    let ledger = ledger(shared)?;
    let nothing = Earlier::default();
    let shown = Shown::of(reading, policy, ledger.as_ref().map_or(&nothing, Ledger::earlier))?;
    let Some(mut ledger) = ledger.filter(|_| shared.release) else { return Ok(shown) };
    let number = ledger.record(form, policy, (position, until), shown.facts())?;
    Ok(shown.recorded(number))
}
