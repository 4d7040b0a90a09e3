//! A report as a plain value: sections of words, findings, figures and tables, and the two ways in which it is written.
//!
//! Whoever makes a [`Page`] says what is said; `html` makes one offline file of it, `plain` a text for the
//! terminal, and neither adds a word of its own but headings of the form; `live` is the same page where a service
//! shows it. `check` looks at a file as whoever receives it would.

mod check;
mod html;
mod live;
mod parse;
mod plain;
mod style;

use serde::{Deserialize, Serialize};

pub use check::{Finding as Fault, check};
pub use html::html;
pub use live::{Beside, live};
pub use parse::{Told, asked, claims};
pub use plain::plain;

use super::chart::ChartSpec;

/// A report.
#[derive(Debug, Clone, PartialEq)]
pub struct Page {
    /// Its title.
    pub title: String,
    /// What it rests on, by name: dates, organisations, consultations, policy, position.
    pub facts: Vec<[String; 2]>,
    /// How it was asked for.
    pub asked: Asked,
    /// Its sections in reading order.
    pub sections: Vec<Section>,
    /// Everything that it claims.
    pub claims: Vec<Told>,
}

/// How a report was asked for: with the log, all that it takes to make it again. It travels in the file.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Asked {
    /// Name and version of this form.
    pub schema: String,
    /// The policy.
    pub policy: String,
    /// The options of `report build`, or of `summary merge --report`, as they are written.
    pub options: Vec<String>,
    /// The position of the log, where the policy tells it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub position: Option<u64>,
    /// The commitment to every event up to there; none where several logs were summed up.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub commitment: Option<String>,
    /// The heads of the logs that were summed up; none where a store was asked.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub logs: Vec<String>,
}

/// One section.
#[derive(Debug, Clone, PartialEq)]
pub struct Section {
    /// Its name in links.
    pub id: &'static str,
    /// Its heading.
    pub title: &'static str,
    /// What it says.
    pub blocks: Vec<Block>,
}

/// Something that is said.
#[derive(Debug, Clone, PartialEq)]
pub enum Block {
    /// A paragraph.
    Words(String),
    /// A line of less weight: limits, sources.
    Note(String),
    /// What is missing here, and what would fill it.
    Missing(String),
    /// A heading within the section.
    Heading(String),
    /// A sentence of a conclusion with its grounds.
    Claim(Claimed),
    /// A chart with its words and numbers.
    Figure(Box<Figure>),
    /// A table.
    Table(Table),
    /// Things, one below the other.
    List(Vec<String>),
    /// A command, to be run as it stands.
    Command(String),
    /// What is one layer down, under this heading.
    More(String, Vec<Block>),
}

/// A sentence of a conclusion.
#[derive(Debug, Clone, PartialEq)]
pub struct Claimed {
    /// The sentence.
    pub sentence: String,
    /// The same in numbers that can be pictured.
    pub plain: String,
    /// Its limits, in a line.
    pub limits: String,
    /// Why it is said: what the rule is, which numbers stand behind it, and how to look further.
    pub why: Vec<Block>,
}

/// A chart.
#[derive(Debug, Clone, PartialEq)]
pub struct Figure {
    /// What is drawn.
    pub chart: ChartSpec,
    /// One paragraph that says it.
    pub says: String,
    /// Where it comes from.
    pub source: String,
}

/// A table.
#[derive(Debug, Clone, PartialEq)]
pub struct Table {
    /// What it tells.
    pub caption: String,
    /// What its columns are.
    pub head: Vec<String>,
    /// Its rows; the first cell of each is its heading.
    pub rows: Vec<Vec<Cell>>,
}

/// One cell.
#[derive(Debug, Clone, PartialEq)]
pub enum Cell {
    /// Words.
    Words(String),
    /// A number with its unit.
    Number(String),
    /// A count of consultations or people; none: it is not shown.
    Count(Option<u64>),
    /// A value, a shape and a word.
    Marked(String, char, String),
}

impl Cell {
    /// The cell as a text.
    fn text(&self) -> String {
        match self {
            Self::Words(text) | Self::Number(text) => text.clone(),
            Self::Count(Some(count)) => super::grouped(*count),
            Self::Count(None) => HIDDEN.to_owned(),
            Self::Marked(value, shape, word) => {
                [value.as_str(), &shape.to_string(), word].join(" ").trim().to_owned()
            }
        }
    }
}

/// What stands for a count that is not shown.
pub(super) const HIDDEN: &str = "[c]";

impl Section {
    /// A section that says this.
    #[must_use]
    pub fn new(id: &'static str, title: &'static str, blocks: Vec<Block>) -> Self {
        Self { id, title, blocks }
    }
}
