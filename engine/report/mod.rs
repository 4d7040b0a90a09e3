//! What people read: readings put into words and tables, for the terminal and for files.
//!
//! Forms only: nothing is computed here that a machine would not find in the JSON. A reading of a store comes as
//! what the boundary shows of it (`shown`); sentences about recorded scenarios, whose verbs need the policy `internal`,
//! take the comparison itself.

mod alike;
mod bench;
mod chart;
mod closer;
mod comparison;
mod concentrated;
mod decided;
mod differing;
mod explained;
mod gated;
mod ingested;
mod ingestible;
mod layout;
mod learned;
mod moved;
mod outages;
mod page;
mod pooled;
mod published;
mod quality;
mod reach;
mod row;
mod sections;
mod shown;
mod table;
mod times;
mod totals;
mod watched;

pub use alike::{Alike, rejected};
pub use bench::{bench, bench_changes};
pub use chart::{Axis, ChartSpec, Column, Kind, Point, Series, Unit, columns, escaped, terminal};
pub use comparison::{evidence, figures, finding, intervals};
pub use differing::{Differing, differing, differing_rows};
pub use explained::{Explained, Traced, explained};
pub use ingested::ingested;
pub use ingestible::{Ingestible, Tells, ingestible};
pub use outages::{outages, outages_rows};
pub use page::{Asked, Beside, Fault, Page, Told, asked, check, claims, html, live, plain};
pub use pooled::pooled;
pub use row::{open_consultation, outcome, outcomes_head};
pub use sections::{About, Findings, Synthetic, page, spoken};
pub use shown::{Pass, Report, lines, rows, rows_lack, text};
pub use table::Form;

/// A whole number with its thousands apart. A position is a name and no count: it stands as it is typed.
#[must_use]
pub fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// So many of a thing, in the singular for one.
#[must_use]
pub fn counted(number: u64, thing: &str) -> String {
    format!("{} {thing}{}", grouped(number), if number == 1 { "" } else { "s" })
}

#[cfg(test)]
mod tests {
    use super::grouped;

    #[test]
    fn thousands_stand_apart() {
        for (number, text) in [(0, "0"), (999, "999"), (1_000, "1,000"), (1_234_567, "1,234,567")] {
            assert_eq!(grouped(number), text);
        }
    }
}
