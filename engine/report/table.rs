//! Rows of texts in the forms that programs read: tab-separated, CSV, Markdown.

use crate::export::csv::quoted;

/// A form with one row a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// Tab-separated.
    Plain,
    /// Comma-separated, quoted where needed.
    Csv,
    /// A Markdown table.
    Markdown,
}

impl Form {
    /// One row.
    #[must_use]
    pub fn row<'a>(self, cells: impl IntoIterator<Item = &'a str>) -> String {
        let cells = cells.into_iter();
        match self {
            Self::Plain => {
                cells.map(|cell| cell.replace(['\t', '\n', '\r'], " ")).collect::<Vec<_>>().join("\t")
            }
            Self::Csv => cells.map(csv).collect::<Vec<_>>().join(","),
            Self::Markdown => {
                let escaped: Vec<String> =
                    cells.map(|cell| cell.replace('|', "\\|").replace(['\n', '\r'], " ")).collect();
                format!("| {} |", escaped.join(" | "))
            }
        }
    }

    /// The heading, with what belongs below it.
    #[must_use]
    pub fn head(self, names: &[&str]) -> String {
        let row = self.row(names.iter().copied());
        match self {
            Self::Markdown => format!("{row}\n|{}", " --- |".repeat(names.len())),
            _ => row,
        }
    }
}

/// A cell, quoted where needed; one that a spreadsheet would take for a formula is made a text.
fn csv(cell: &str) -> String {
    let number = cell.parse::<f64>().is_ok();
    let guarded = cell.starts_with(['=', '+', '-', '@', '\t', '\r']) && !number;
    let text = if guarded { format!("'{cell}") } else { cell.to_owned() };
    quoted(&text).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cells_are_quoted_and_formulas_guarded() {
        assert_eq!(
            Form::Csv.row(["a,b", "say \"x\"", "=1+1", "-0.5", "-x"]),
            "\"a,b\",\"say \"\"x\"\"\",'=1+1,-0.5,'-x"
        );
        assert_eq!(Form::Plain.row(["a\tb", "c"]), "a b\tc");
        assert_eq!(Form::Markdown.head(&["a", "b"]), "| a | b |\n| --- | --- |");
    }
}
