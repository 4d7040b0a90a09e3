//! The way out of every reading: through the boundary, under the policy that was asked for.

use event::Time;
use projections::compare::{Comparison, Decided, Reach};
use projections::disclosure::{Policy, Shown, Undisclosed};
use projections::quality::Evidence;

use super::failure::Failure;
use super::out::Out;
use super::{Format, Shared};
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
            _ => Self::Other(error.to_string()),
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

/// What the policy shows; recorded before anything is written, if it is to be given away.
fn disclosed<T: OfStore>(reading: T, shared: &Shared) -> Result<Shown<T>, Failure> {
    let policy = shared.policy;
    if policy == Policy::Internal {
        let shown = Shown::of(reading, policy, &projections::disclosure::Earlier::default())?;
        return Ok(shown);
    }
    let (form, position, until) = reading.rests_on();
    let mut ledger = Ledger::open(&shared.store)?;
    let shown = Shown::of(reading, policy, ledger.earlier())?;
    if !shared.release {
        return Ok(shown);
    }
    let number = ledger.record(form, policy, (position, until), shown.facts())?;
    Ok(shown.recorded(number))
}
