//! A table as comma-separated values: a header, a row a line, ended as RFC 4180 says, in UTF-8.
//!
//! Words that a spreadsheet would take for a formula begin with an apostrophe, and so do words that look like a mark;
//! numbers are written as they are, negative ones as well. What is to be known of it lies beside it.

use std::borrow::Cow;
use std::io::{self, Write};

use super::table::{Absence, Cell, LOW, Table};

/// What makes a spreadsheet read words as a formula, were it at their beginning; also in full width.
const FORMULA: [char; 11] =
    ['=', '+', '-', '@', '\t', '\r', '\n', '\u{ff1d}', '\u{ff0b}', '\u{ff0d}', '\u{ff20}'];

/// Writes a table.
///
/// # Errors
/// When it cannot be written.
pub fn write(table: &Table, to: &mut impl Write) -> io::Result<()> {
    let names = table.columns.iter().map(|column| quoted(&guarded(&column.name)).into_owned());
    line(names, to)?;
    for row in &table.rows {
        let mark = |column: usize| table.columns[column].name.ends_with("_mark");
        let cells = row.iter().enumerate().map(|(column, cell)| match cell {
            Cell::Text(text) if text == LOW && mark(column) => text.clone(),
            Cell::Text(text) => quoted(&guarded(text)).into_owned(),
            other => other.to_string(),
        });
        line(cells, to)?;
    }
    Ok(())
}

fn line(cells: impl Iterator<Item = String>, to: &mut impl Write) -> io::Result<()> {
    for (column, cell) in cells.enumerate() {
        if column > 0 {
            to.write_all(b",")?;
        }
        to.write_all(cell.as_bytes())?;
    }
    to.write_all(b"\r\n")
}

/// A cell as it stands in comma-separated values.
pub(crate) fn quoted(text: &str) -> Cow<'_, str> {
    match text.contains([',', '"', '\n', '\r']) {
        true => format!("\"{}\"", text.replace('"', "\"\"")).into(),
        false => text.into(),
    }
}

/// Words that are nothing but words to whoever opens the file.
fn guarded(text: &str) -> String {
    let is_mark = Absence::ALL.iter().any(|absence| text == absence.mark()) || text == LOW;
    if text.starts_with(FORMULA) || is_mark { format!("'{text}") } else { text.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::super::table::{Column, Kind};
    use super::*;

    #[test]
    fn words_are_guarded_and_quoted_and_numbers_are_not() {
        let column = |name: &str, kind| Column {
            name: name.to_owned(),
            title: String::new(),
            unit: None,
            kind,
            means: String::new(),
        };
        let table = Table {
            name: "t".to_owned(),
            title: String::new(),
            subtitle: String::new(),
            columns: vec![column("platform", Kind::Text), column("value", Kind::Number)],
            rows: vec![
                vec![Cell::Text("=1+1,\"a\"".to_owned()), Cell::Number(-0.5)],
                vec![Cell::Text("-5".to_owned()), Cell::Absent(Absence::Suppressed)],
                vec![Cell::Text("[c]".to_owned()), Cell::Whole(-3)],
            ],
        };
        let mut bytes = Vec::new();
        write(&table, &mut bytes).unwrap();
        let wanted = "platform,value\r\n\"'=1+1,\"\"a\"\"\",-0.5\r\n'-5,[c]\r\n'[c],-3\r\n";
        assert_eq!(String::from_utf8(bytes).unwrap(), wanted);
    }
}
