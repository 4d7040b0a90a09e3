//! A table as other programs take it in: columns that say what they hold, and rows of typed cells.
//!
//! A number is a number and nothing else: what is to be said of it stands beside it. A cell without a value says
//! why it has none, in the shorthand that official statistics use for it. How a table is written is not told here:
//! each form has a file of its own.

use std::fmt;

use event::Time;

/// The mark of a value that rests on too little to be relied on; it stands in a column beside the value.
pub const LOW: &str = "[low]";

/// A table.
#[derive(Debug, Clone, PartialEq)]
pub struct Table {
    /// Its name, as programs and files call it.
    pub name: String,
    /// What it shows, as a heading.
    pub title: String,
    /// What a row is, in a sentence.
    pub subtitle: String,
    /// Its columns, in order.
    pub columns: Vec<Column>,
    /// Its rows, each with a cell for every column.
    pub rows: Vec<Vec<Cell>>,
}

/// A column.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Column {
    /// Its name, as programs call it: that of the field in the JSON of the same answer.
    pub name: String,
    /// Its name for people.
    pub title: String,
    /// In what its numbers are, where they have a unit.
    pub unit: Option<&'static str>,
    /// What its cells are.
    pub kind: Kind,
    /// What they say.
    pub means: String,
}

/// What the cells of a column are, where they are there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Words.
    Text,
    /// Whole numbers.
    Whole,
    /// Numbers.
    Number,
    /// Instants, in UTC.
    Instant,
    /// Yes or no.
    Flag,
}

impl Kind {
    /// Its name in metadata.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Text => "text",
            Self::Whole => "whole number",
            Self::Number => "number",
            Self::Instant => "instant",
            Self::Flag => "true or false",
        }
    }
}

/// What stands in one row of one column.
#[derive(Debug, Clone, PartialEq)]
pub enum Cell {
    /// Words.
    Text(String),
    /// A count, or another whole number.
    Whole(i64),
    /// A number.
    Number(f64),
    /// An instant.
    Instant(Time),
    /// Yes or no.
    Flag(bool),
    /// Nothing, and why.
    Absent(Absence),
}

/// Why a cell has no value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Absence {
    /// The policy does not show it.
    Suppressed,
    /// It could not be measured or estimated.
    NotAvailable,
    /// There is no such value in this row.
    NotApplicable,
}

impl Absence {
    /// Every one of them.
    pub const ALL: [Self; 3] = [Self::Suppressed, Self::NotAvailable, Self::NotApplicable];

    /// How it is written.
    #[must_use]
    pub fn mark(self) -> &'static str {
        match self {
            Self::Suppressed => "[c]",
            Self::NotAvailable => "[x]",
            Self::NotApplicable => "[z]",
        }
    }

    /// What it says, in a sentence.
    #[must_use]
    pub fn words(self) -> &'static str {
        match self {
            Self::Suppressed => {
                "suppressed: the policy does not show it, since it would tell of few people, or follows from what would"
            }
            Self::NotAvailable => "not available: it was not recorded, or could not be measured or estimated",
            Self::NotApplicable => "not applicable: there is no such value in this row",
        }
    }
}

/// Every mark, with what it says.
#[must_use]
pub fn marks() -> Vec<(&'static str, &'static str)> {
    let low = "low: the value beside it rests on too few events, or too few organisations or clinicians, to be relied on";
    Absence::ALL.map(|absence| (absence.mark(), absence.words())).into_iter().chain([(LOW, low)]).collect()
}

impl Cell {
    /// Why there is nothing, where there is not.
    #[must_use]
    pub fn absence(&self) -> Option<Absence> {
        match self {
            Self::Absent(absence) => Some(*absence),
            _ => None,
        }
    }
}

/// As a text, the same in every form that has only texts.
impl fmt::Display for Cell {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Text(text) => f.write_str(text),
            Self::Whole(number) => write!(f, "{number}"),
            Self::Number(number) => write!(f, "{number}"),
            Self::Instant(at) => write!(f, "{at}"),
            Self::Flag(flag) => write!(f, "{flag}"),
            Self::Absent(absence) => f.write_str(absence.mark()),
        }
    }
}

impl Table {
    /// The place of a column.
    #[must_use]
    pub fn column(&self, name: &str) -> Option<usize> {
        self.columns.iter().position(|column| column.name == name)
    }

    /// Which cells of a row are not there, by column.
    pub fn absences<'a>(&'a self, row: &'a [Cell]) -> impl Iterator<Item = (&'a str, Absence)> {
        let cells = self.columns.iter().zip(row);
        cells.filter_map(|(column, cell)| Some((column.name.as_str(), cell.absence()?)))
    }
}
