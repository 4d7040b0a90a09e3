//! What two readings claim otherwise, for people.

use std::fmt::Write;

use projections::compare::{Change, Changed, Claim};
use serde::Serialize;

use super::layout::{heading, wrapped};
use super::table::Form;
use super::{counted, grouped};

/// What two readings of one store claim otherwise.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Differing {
    /// Name and version of this form.
    pub schema: &'static str,
    /// The position of the earlier one.
    pub from: u64,
    /// The position of the later one.
    pub to: u64,
    /// Claims that say the same to the digit.
    pub same: usize,
    /// Claims that do not.
    pub changes: Vec<Changed>,
}

/// All of it as a text.
#[must_use]
pub fn differing(differing: &Differing) -> String {
    let mut text = format!(
        "From position {} to {}: {} same, {} otherwise\n",
        differing.from,
        differing.to,
        counted(differing.same as u64, "claim"),
        grouped(differing.changes.len() as u64)
    );
    for block in differing.changes.chunk_by(|a, b| a.change == b.change) {
        heading(&mut text, title(block[0].change));
        for changed in block {
            let told = [("was", &changed.before), ("is ", &changed.after)];
            let claims = told.iter().filter_map(|(when, claim)| Some((when, claim.as_ref()?)));
            let name = claims.clone().next().map(|(_, claim)| claim.claim.as_str()).unwrap_or_default();
            let _ = writeln!(text, "{name}");
            claims.for_each(|(when, claim)| wrapped(&mut text, &format!("  {when} "), &claim.words));
        }
    }
    text
}

/// One row for each claim that is not what it was.
#[must_use]
pub fn differing_rows(differing: &Differing, form: Form) -> String {
    let mut text =
        form.head(&["claim", "change", "verdict_before", "verdict_after", "before", "after"]) + "\n";
    for changed in &differing.changes {
        let of = |tell: fn(&Claim) -> &str| {
            [&changed.before, &changed.after].map(|claim| claim.as_ref().map_or("", tell))
        };
        let ([was, is], [before, after]) = (of(|claim| claim.verdict), of(|claim| &claim.words));
        let name = of(|claim| &claim.claim).into_iter().find(|name| !name.is_empty()).unwrap_or_default();
        text += &(form.row([name, word(changed.change), was, is, before, after]) + "\n");
    }
    text
}

fn title(change: Change) -> &'static str {
    match change {
        Change::Turned => "Says something else",
        Change::Moved => "Says the same by other numbers",
        Change::Appeared => "Was not claimed before",
        Change::Gone => "Is claimed no more",
    }
}

fn word(change: Change) -> &'static str {
    match change {
        Change::Turned => "turned",
        Change::Moved => "moved",
        Change::Appeared => "appeared",
        Change::Gone => "gone",
    }
}
