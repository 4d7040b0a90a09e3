//! A data set as JSON: one document with its metadata, or one object a line.
//!
//! A row is an object with a value for every column. What is not there is null, and `marks` says why, column by
//! column. The names are those of the answer itself, flat.

use std::io::{self, Write};

use serde::ser::{Serialize, SerializeMap, Serializer};

use super::dataset::{Dataset, document};
use super::table::{Absence, Cell, Table};

/// The data set as one document.
///
/// # Errors
/// When it is no JSON.
pub(super) fn one_document(dataset: &Dataset) -> serde_json::Result<Vec<u8>> {
    document(&Document(dataset))
}

/// Writes every row of every table on a line of its own, each with the name of its table.
///
/// # Errors
/// When it cannot be written.
pub fn write_lines(dataset: &Dataset, to: &mut impl Write) -> io::Result<()> {
    for table in &dataset.tables {
        for cells in &table.rows {
            serde_json::to_writer(&mut *to, &Row { table, cells, named: Some(&table.name) })?;
            to.write_all(b"\n")?;
        }
    }
    Ok(())
}

struct Document<'a>(&'a Dataset);

struct Tables<'a>(&'a [Table]);

struct Rows<'a>(&'a Table);

struct Row<'a> {
    table: &'a Table,
    cells: &'a [Cell],
    /// The name of the table, where it does not stand above.
    named: Option<&'a str>,
}

impl Serialize for Document<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(2))?;
        map.serialize_entry("metadata", &self.0.metadata)?;
        map.serialize_entry("tables", &Tables(&self.0.tables))?;
        map.end()
    }
}

impl Serialize for Tables<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.0.iter().map(|table| (&table.name, Rows(table))))
    }
}

impl Serialize for Rows<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.0.rows.iter().map(|cells| Row { table: self.0, cells, named: None }))
    }
}

impl Serialize for Row<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        if let Some(name) = self.named {
            map.serialize_entry("table", name)?;
        }
        for (column, cell) in self.table.columns.iter().zip(self.cells) {
            map.serialize_entry(&column.name, cell)?;
        }
        let marks: Vec<(&str, Absence)> = self.table.absences(self.cells).collect();
        if !marks.is_empty() {
            map.serialize_entry("marks", &Marks(&marks))?;
        }
        map.end()
    }
}

struct Marks<'a>(&'a [(&'a str, Absence)]);

impl Serialize for Marks<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.0.iter().map(|(name, absence)| (name, absence.mark())))
    }
}

impl Serialize for Cell {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Text(text) => serializer.serialize_str(text),
            Self::Whole(number) => serializer.serialize_i64(*number),
            Self::Number(number) => serializer.serialize_f64(*number),
            Self::Instant(at) => at.serialize(serializer),
            Self::Flag(flag) => serializer.serialize_bool(*flag),
            Self::Absent(_) => serializer.serialize_none(),
        }
    }
}
