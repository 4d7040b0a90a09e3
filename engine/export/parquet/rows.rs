//! The rows of a Parquet file of events, a batch at a time and column by column.
//!
//! Columns are found by their names and must be of the types that an export gives them; further ones are left alone.
//! However large a row group is, no more than a batch of it is held, and of each column the page that it is in. The
//! library takes much of a file for granted and panics where it is not so: that ends here, as damage.

use std::fs::File;
use std::panic::{AssertUnwindSafe, catch_unwind};

use parquet::column::reader::{ColumnReader, ColumnReaderImpl};
use parquet::data_type::{ByteArray, DataType};
use parquet::errors::ParquetError;
use parquet::file::metadata::{FileMetaData, KeyValue, ParquetMetaData, RowGroupMetaData};
use parquet::file::reader::{FileReader, SerializedFileReader};

use super::SCHEMA;
use super::file::{SCHEMA_KEY, physical};
use crate::export::column::{Column, columns, sharded};
use crate::export::shards;

/// Why a file cannot be read as events.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ParquetFault {
    /// It is no Parquet file, or damaged.
    #[error("it cannot be read as Parquet ({0}); get the file again, whole")]
    Damaged(#[from] ParquetError),
    /// It is a Parquet file of something else.
    #[error("{0}; ingest reads what `evenfield export parquet` has written")]
    Foreign(String),
}

/// What a row tells in a column.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Value {
    Text(ByteArray),
    Whole(i64),
    Real(f64),
    Flag(bool),
}

/// The rows of a file.
pub(crate) struct Rows {
    file: SerializedFileReader<File>,
    columns: Vec<Column>,
    /// Where in the file each of them is.
    places: Vec<usize>,
    /// The row groups that are still to be read, the last one first.
    groups: Vec<usize>,
    readers: Vec<ColumnReader>,
    /// Rows of the group that were not read yet.
    left: usize,
    /// The batch, by column.
    cells: Vec<Vec<Option<Value>>>,
}

/// One row.
pub(crate) struct Row<'a> {
    rows: &'a Rows,
    number: usize,
}

impl Rows {
    /// The rows of `file`, with these columns of it alone if any are named.
    pub(crate) fn of(file: File, only: Option<&[&str]>) -> Result<Self, ParquetFault> {
        let bytes = file.metadata().map_err(|error| ParquetError::External(error.into()))?.len();
        let file = guarded(|| {
            let file = SerializedFileReader::new(file)?;
            check_places(file.metadata(), bytes)?;
            Ok(file)
        })?;
        let about = file.metadata().file_metadata();
        let mut columns = match said(about, SCHEMA_KEY) {
            Some(SCHEMA) => columns(),
            Some(shards::SCHEMA) => sharded(),
            Some(other) => {
                return Err(ParquetFault::Foreign(format!(
                    "it says that it is {other:?}, which is not known here"
                )));
            }
            None => return Err(ParquetFault::Foreign(format!("it is a Parquet file without {SCHEMA_KEY}"))),
        };
        columns.retain(|column| only.is_none_or(|only| only.contains(&column.name)));
        let places = columns.iter().map(|column| place(about, column)).collect::<Result<_, _>>()?;
        let cells = columns.iter().map(|_| Vec::new()).collect();
        let groups = (0..file.num_row_groups()).rev().collect();
        Ok(Self { file, columns, places, groups, readers: Vec::new(), left: 0, cells })
    }

    /// Leaves out the row groups of which the least and the greatest text of a column are told, and are not `wanted`.
    pub(crate) fn only_groups(&mut self, column: &str, wanted: impl Fn(&str, &str) -> bool) {
        let Some(column) = self.columns.iter().position(|known| known.name == column) else { return };
        let (about, place) = (self.file.metadata(), self.places[column]);
        self.groups.retain(|group| {
            let told = about.row_group(*group).column(place).statistics();
            let bounds = told.and_then(|told| Some((told.min_bytes_opt()?, told.max_bytes_opt()?)));
            let Some((least, greatest)) = bounds else { return true };
            match (std::str::from_utf8(least), std::str::from_utf8(greatest)) {
                (Ok(least), Ok(greatest)) => wanted(least, greatest),
                _ => true,
            }
        });
    }

    /// What the file says under a name.
    pub(crate) fn said(&self, key: &str) -> Option<&str> {
        said(self.file.metadata().file_metadata(), key)
    }

    /// Reads up to so many further rows and tells how many there were; none behind the last.
    pub(crate) fn next_batch(&mut self, most: usize) -> Result<usize, ParquetError> {
        while self.left == 0 {
            let Some(group) = self.groups.pop() else { return Ok(0) };
            guarded(|| self.begin_group(group))?;
        }
        let rows = most.min(self.left);
        for (reader, cells) in self.readers.iter_mut().zip(&mut self.cells) {
            guarded(|| read_cells(reader, rows, cells))?;
        }
        self.left -= rows;
        Ok(rows)
    }

    fn begin_group(&mut self, group: usize) -> Result<(), ParquetError> {
        let group = self.file.get_row_group(group)?;
        let rows = group.metadata().num_rows();
        self.left = usize::try_from(rows)
            .map_err(|_| ParquetError::General(format!("a row group claims {rows} rows")))?;
        self.readers =
            self.places.iter().map(|place| group.get_column_reader(*place)).collect::<Result<_, _>>()?;
        Ok(())
    }

    /// A row of the batch.
    pub(crate) fn row(&self, number: usize) -> Row<'_> {
        Row { rows: self, number }
    }
}

impl<'a> Row<'a> {
    /// What it tells in the column of that name.
    pub(crate) fn get(&self, name: &str) -> Option<&'a Value> {
        let place = self.rows.columns.iter().position(|column| column.name == name)?;
        self.rows.cells.get(place)?.get(self.number)?.as_ref()
    }
}

/// Does `work` of the library; a panic in it is damage of the file.
fn guarded<T>(work: impl FnOnce() -> Result<T, ParquetError>) -> Result<T, ParquetError> {
    let done = catch_unwind(AssertUnwindSafe(work));
    done.unwrap_or_else(|_| Err(ParquetError::General("what it says of itself cannot be".to_owned())))
}

/// Refuses a file of which some part would lie outside of it.
fn check_places(about: &ParquetMetaData, bytes: u64) -> Result<(), ParquetError> {
    for chunk in about.row_groups().iter().flat_map(RowGroupMetaData::columns) {
        let begin = chunk.dictionary_page_offset().unwrap_or_else(|| chunk.data_page_offset());
        let end = u64::try_from(begin).ok().zip(u64::try_from(chunk.compressed_size()).ok());
        let is_within =
            end.and_then(|(begin, length)| begin.checked_add(length)).is_some_and(|end| end <= bytes);
        if !is_within || chunk.data_page_offset() < 0 || chunk.num_values() < 0 {
            let what = format!("its column {} lies outside of it", chunk.column_path().string());
            return Err(ParquetError::General(what));
        }
    }
    Ok(())
}

fn said<'a>(about: &'a FileMetaData, key: &str) -> Option<&'a str> {
    let said: &KeyValue = about.key_value_metadata()?.iter().find(|said| said.key == key)?;
    said.value.as_deref()
}

/// Where in the file a column is.
fn place(about: &FileMetaData, column: &Column) -> Result<usize, ParquetFault> {
    let schema = about.schema_descr();
    let named = |place: &usize| schema.column(*place).path().parts() == [column.name];
    let place = (0..schema.num_columns()).find(named);
    let place = place.ok_or_else(|| ParquetFault::Foreign(format!("it has no column {}", column.name)))?;
    let found = schema.column(place);
    let is_plain = found.max_rep_level() == 0 && found.max_def_level() <= 1;
    if found.physical_type() != physical(column.shape) || !is_plain {
        let what = format!("its column {} is of another type than that of an export", column.name);
        return Err(ParquetFault::Foreign(what));
    }
    Ok(place)
}

/// Reads so many cells of a column.
fn read_cells(
    reader: &mut ColumnReader,
    rows: usize,
    cells: &mut Vec<Option<Value>>,
) -> Result<(), ParquetError> {
    match reader {
        ColumnReader::ByteArrayColumnReader(reader) => read(reader, rows, cells, Value::Text),
        ColumnReader::Int64ColumnReader(reader) => read(reader, rows, cells, Value::Whole),
        ColumnReader::Int32ColumnReader(reader) => {
            read(reader, rows, cells, |number| Value::Whole(number.into()))
        }
        ColumnReader::DoubleColumnReader(reader) => read(reader, rows, cells, Value::Real),
        ColumnReader::BoolColumnReader(reader) => read(reader, rows, cells, Value::Flag),
        _ => Err(ParquetError::General("a column is of a type that no export has".to_owned())),
    }
}

fn read<T: DataType>(
    reader: &mut ColumnReaderImpl<T>,
    rows: usize,
    cells: &mut Vec<Option<Value>>,
    value: impl Fn(T::T) -> Value,
) -> Result<(), ParquetError> {
    let (mut levels, mut values) = (Vec::with_capacity(rows), Vec::with_capacity(rows));
    let (read, told, _) = reader.read_records(rows, Some(&mut levels), None, &mut values)?;
    if read != rows || told != values.len() {
        return Err(ParquetError::General("a column ends before its row group".to_owned()));
    }
    let mut values = values.into_iter();
    // Where every row must tell something there are no levels.
    let is_told = |row: usize| levels.get(row).is_none_or(|level| *level > 0);
    cells.clear();
    cells.extend((0..rows).map(|row| if is_told(row) { values.next().map(&value) } else { None }));
    Ok(())
}
