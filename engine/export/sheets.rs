//! What stands in a workbook beside its tables: the cover, the contents, and what must be known, as tables too.

use super::dataset::Dataset;
use super::table::{Cell, Column, Kind, Table, marks};

/// The lines of the cover, below the title.
pub(super) fn cover(dataset: &Dataset) -> Vec<String> {
    let about = &dataset.metadata;
    let mut lines = vec![about.what.to_owned()];
    let policy = &about.policy;
    lines.push(format!("Policy {}, version {}: {}.", policy.name, policy.version, policy.words));
    lines.extend(policy.release.map(|number| format!("Release {number} of the store.")));
    lines.extend(about.answer().into_iter().map(|(name, value)| format!("{name}: {value}")));
    lines.extend(about.commitment.iter().map(|commitment| format!("commitment of the log: {commitment}")));
    lines.extend(about.notes.iter().map(|note| format!("Note: {note}.")));
    lines.push(format!("Made by {} {}.", about.program.name, about.program.version));
    lines.push(
        "Shorthand in brackets is explained in the worksheet Notes, columns in the worksheet Columns."
            .to_owned(),
    );
    lines.push("Under which licence this may be used, its publisher says.".to_owned());
    lines
}

/// What must be known: shorthand, columns, measures and methods, each as a table.
pub(super) fn notes(dataset: &Dataset) -> Vec<Table> {
    let about = &dataset.metadata;
    let mut tables = vec![table(
        ("Notes", "Shorthand", "One row for each mark"),
        ["Mark", "What it says"],
        marks().into_iter().map(|(mark, means)| [mark.to_owned(), means.to_owned()]),
    )];
    let columns = about.tables.iter().flat_map(|table| {
        table.columns.iter().map(|column| {
            let unit = column.unit.unwrap_or(column.kind);
            [
                table.name.clone(),
                column.title.clone(),
                column.name.clone(),
                unit.to_owned(),
                column.means.clone(),
            ]
        })
    });
    tables.push(table(
        ("Columns", "What the columns say", "One row for each column of each table"),
        ["Table", "Column", "Name in data files", "Unit", "What it says"],
        columns,
    ));
    if !about.measures.is_empty() {
        let rows =
            about.measures.iter().map(|one| [one.name, one.title, one.of, one.definition].map(str::to_owned));
        let head = ["Measure", "Title", "Of", "How a consultation counts"];
        tables.push(table(("Definitions", "What is measured", "One row for each measure"), head, rows));
    }
    if !about.methods.is_empty() {
        let rows =
            about.methods.iter().map(|one| [one.name, one.title, one.assumes, one.source].map(str::to_owned));
        let head = ["Method", "Title", "What it assumes", "Source"];
        tables.push(table(("Methods", "How it is estimated", "One row for each method"), head, rows));
    }
    tables
}

/// Which sheets there are.
pub(super) fn contents(
    dataset: &Dataset,
    of_tables: &[String],
    of_notes: &[String],
    notes: &[Table],
) -> Table {
    let tables = notes.iter().zip(of_notes).chain(dataset.tables.iter().zip(of_tables));
    let rows = tables.map(|(table, name)| [name.clone(), table.title.clone(), table.rows.len().to_string()]);
    let about = ("contents", "Contents", "One row for each worksheet that follows");
    table(about, ["Worksheet", "What it holds", "Rows"], rows)
}

fn table<const N: usize>(
    (name, title, subtitle): (&str, &str, &str),
    head: [&str; N],
    rows: impl Iterator<Item = [String; N]>,
) -> Table {
    let column = |title: &str| Column {
        name: title.to_lowercase().replace(' ', "_"),
        title: title.to_owned(),
        unit: None,
        kind: Kind::Text,
        means: String::new(),
    };
    Table {
        name: name.to_owned(),
        title: title.to_owned(),
        subtitle: subtitle.to_owned(),
        columns: head.map(column).to_vec(),
        rows: rows.map(|row| row.map(Cell::Text).to_vec()).collect(),
    }
}
