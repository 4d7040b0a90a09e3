//! Whether a replay found what a scenario's card expects.

use event::Dimension;
use projections::catalog;
use projections::compare::{Ask, Comparison, Difference, NotComparable, Verdict};
use projections::filter::Filter;

use super::card::{Expect, Finding};
use crate::replay::{Table, compare};

/// One expected finding, held against the comparison.
#[derive(Debug, Clone)]
pub struct Checked {
    /// What was expected.
    pub finding: Finding,
    /// The comparison that shows it.
    pub comparison: Comparison,
    /// The difference it is about, if there is one.
    pub difference: Option<Difference>,
    /// Whether it was found.
    pub holds: bool,
}

/// Holds an expected finding against the rows of a replay.
///
/// # Errors
/// When what is expected cannot be compared.
pub fn check(table: &Table, finding: &Finding, threads: usize) -> Result<Checked, NotComparable> {
    let mut filter = Filter::default();
    for (dimension, level) in &finding.filter {
        // The card was checked when it was read.
        let _ = filter.add(&format!("{dimension}={level}"));
    }
    let ask = Ask {
        measures: match finding.expect {
            // Asked for by its name it would be refused; among all of them it is told why.
            Expect::NotComparable => Vec::new(),
            _ => catalog::measure(&finding.measure).into_iter().collect(),
        },
        filter,
        reference: Some(finding.reference.clone()),
        adjust: finding.adjust.iter().filter_map(|name| Dimension::from_name(name)).collect(),
        ..Ask::default()
    };
    let mut comparison = compare(table, &ask, threads)?;
    comparison.rows.retain(|row| row.measure == finding.measure);
    comparison.differences.retain(|difference| difference.measure == finding.measure);
    let difference =
        comparison.differences.iter().find(|difference| difference.platform == finding.platform).cloned();
    // What is adjusted is judged among like consultations.
    let verdict = |difference: &Difference| match &difference.adjusted {
        Some(adjusted) => adjusted.verdict,
        None => difference.verdict,
    };
    let holds = difference.as_ref().map(verdict).is_some_and(|verdict| agrees(finding.expect, verdict));
    Ok(Checked { finding: finding.clone(), comparison, difference, holds })
}

fn agrees(expect: Expect, verdict: Verdict) -> bool {
    use Verdict::{Better, InsufficientEvidence, NoClearDifference, NotComparable, Worse};
    match expect {
        Expect::Better => verdict == Better,
        Expect::Worse => verdict == Worse,
        Expect::NoClearDifference => verdict == NoClearDifference,
        Expect::NotWorse => matches!(verdict, Better | NoClearDifference),
        Expect::Insufficient => matches!(verdict, NoClearDifference | InsufficientEvidence),
        Expect::NotComparable => verdict == NotComparable,
    }
}
