//! How a data set is written: its form, told by the ending of the file or by name, which of its tables, and what must
//! be known of it.

use std::io::{self, IsTerminal, Write};
use std::path::{Path, PathBuf};

use clap::ValueEnum;

use super::super::Shared;
use super::super::choose::choose;
use super::super::draft::{Draft, Readers};
use super::super::failure::Failure;
use super::super::out::{Out, unwritable};
use crate::export::{self, Dataset, Form, Table, WriteError};
use crate::report::counted;

/// The way of a data set out.
pub(super) struct Way<'a> {
    form: Form,
    /// The table that was asked for.
    table: Option<&'a str>,
    shared: &'a Shared,
}

impl From<WriteError> for Failure {
    fn from(error: WriteError) -> Self {
        Self::Other(error.to_string())
    }
}

impl<'a> Way<'a> {
    /// What was asked for, refused where it cannot be.
    pub(super) fn of(table: Option<&'a str>, shared: &'a Shared, out: &Out) -> Result<Self, Failure> {
        let form = form(shared)?;
        if cfg!(not(feature = "parquet")) && form == Form::Parquet {
            return Err(Failure::Usage(
                "this evenfield was built without Parquet: build with --features parquet, as in `cargo install --path . \
                 --features parquet`"
                    .to_owned(),
            ));
        }
        if form.is_binary() && out.is_standard() && io::stdout().is_terminal() {
            return Err(Failure::Usage(format!(
                "{} is nothing to look at: name a file with -o, or pipe it to where it is read",
                form.name()
            )));
        }
        Ok(Self { form, table, shared })
    }

    /// Writes a data set, and what must be known of it where the form has no place for that.
    pub(super) fn write(&self, dataset: Dataset, out: &mut Out) -> Result<(), Failure> {
        let dataset = match self.table {
            Some(name) => only(dataset, name)?,
            None => dataset,
        };
        if self.form.is_of_one_table()
            && let [first, others @ ..] = dataset.tables.as_slice()
            && !others.is_empty()
        {
            self.shared.note(&left_out(first, others, self.form));
        }
        if !self.shared.quiet {
            out.once_written(|path| written(path, &dataset, self.form));
        }
        out.bytes(&export::bytes(&dataset, self.form)?)?;
        match self.beside() {
            Some(path) => self.keep_beside(&path, &dataset),
            None => Ok(()),
        }
    }

    /// The file for what must be known, beside one that has no place for it.
    fn beside(&self) -> Option<PathBuf> {
        let path = self.shared.output.as_deref().filter(|path| path.as_os_str() != "-")?;
        // Beside each form its own: data.csv and data.ndjson may be of different answers.
        let mut beside = unpacked(path).into_os_string();
        beside.push(".metadata.json");
        self.form.lacks_metadata().then(|| beside.into())
    }

    fn keep_beside(&self, path: &Path, dataset: &Dataset) -> Result<(), Failure> {
        let document = dataset.metadata_document().map_err(WriteError::from)?;
        let written = Draft::begin(path, Readers::AsUsual).and_then(|mut draft| {
            draft.write_all(&document)?;
            draft.keep()
        });
        written.map_err(|error| unwritable(path, &error))?;
        self.shared.note(&format!("what its columns and marks say is in {}", path.display()));
        Ok(())
    }
}

/// The form that was named, or that the file's ending tells; csv where neither does.
fn form(shared: &Shared) -> Result<Form, Failure> {
    let names = Form::ALL.map(Form::name);
    if let Some(named) = shared.format {
        let value = named.to_possible_value();
        let name = value.as_ref().map_or("", |value| value.get_name());
        return Form::from_name(name).ok_or_else(|| {
            Failure::Usage(format!("a data set is not written as {name}, but as one of {}", names.join(", ")))
        });
    }
    if shared.json {
        return Ok(Form::Json);
    }
    let Some(path) = shared.output.as_deref().filter(|path| path.as_os_str() != "-") else {
        return Ok(Form::Csv);
    };
    match unpacked(path).extension() {
        Some(ending) => {
            let ending = ending.to_string_lossy().to_lowercase();
            choose("form of data sets", &ending, Form::from_name(&ending), names)
        }
        None => Err(Failure::Usage(format!(
            "the ending of {} tells no form: name it with one of .{}, or say --format",
            path.display(),
            names.join(", .")
        ))),
    }
}

/// The name without the ending by which a file is packed.
fn unpacked(path: &Path) -> PathBuf {
    match path.extension().is_some_and(|ending| ending == "zst") {
        true => path.with_extension(""),
        false => path.to_owned(),
    }
}

fn only(dataset: Dataset, name: &str) -> Result<Dataset, Failure> {
    let names: Vec<String> = dataset.tables.iter().map(|table| table.name.clone()).collect();
    choose("table", name, dataset.only(name), names)
}

/// What was written, and where it is said what its columns and marks mean.
fn written(path: &Path, dataset: &Dataset, form: Form) -> String {
    let count = if form.is_of_one_table() { 1 } else { dataset.tables.len() };
    let rows = dataset.tables.iter().take(count).map(|table| table.rows.len() as u64).sum();
    let tables = counted(count as u64, "table");
    let read = if form.lacks_metadata() { "" } else { "; what its columns and marks say is in it" };
    format!("{} is written: {tables}, {}{read}", path.display(), counted(rows, "row"))
}

/// That a form holds one table, and which ones there are besides.
fn left_out(first: &Table, others: &[Table], form: Form) -> String {
    let names: Vec<&str> = others.iter().map(|table| table.name.as_str()).collect();
    format!(
        "{} holds one table, {}; there are also {}: --table NAME writes one of them, and -o FILE.xlsx, .json or .zip all",
        form.name(),
        first.name,
        names.join(", ")
    )
}
