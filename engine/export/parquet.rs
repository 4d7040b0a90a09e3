//! Every event as one row of a Parquet file, in the order of the log.
//!
//! Rows are gathered into groups of [`GROUP_EVENTS`] and each group is written column by column, so that
//! memory is bounded by a group however long the log is. Levels, kinds and roles become dictionaries;
//! everything is packed with zstd. Instants are milliseconds since 1970 in UTC.

pub(super) mod table;

use std::io::{self, Write};
use std::sync::Arc;

use parquet::basic::Type as Physical;
use parquet::basic::{Compression, ConvertedType, Encoding, LogicalType, Repetition, TimeUnit, ZstdLevel};
use parquet::data_type::{ByteArray, ByteArrayType, DoubleType, Int32Type, Int64Type};
use parquet::errors::ParquetError;
use parquet::file::metadata::KeyValue;
use parquet::file::properties::{EnabledStatistics, WriterProperties};
use parquet::file::writer::{SerializedColumnWriter, SerializedFileWriter};
use parquet::schema::types::{ColumnPath, Type, TypePtr};

use super::column::{Cell, Column, Shape, columns};
use crate::log::{LogError, Stored};
use crate::replay::Watch;

/// The most events of one row group.
pub const GROUP_EVENTS: usize = 131_072;
/// How often progress is told and an interrupt looked for, in events.
const LOOK_EVENTS: u64 = 4_096;
/// The name under which a file says what its columns are.
const SCHEMA: (&str, &str) = ("evenfield.schema", "evenfield.events/1");

/// Why events could not be written as Parquet.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ExportError {
    /// The log cannot be read.
    #[error(transparent)]
    Log(#[from] LogError),
    /// The file cannot be written.
    #[error("could not write the Parquet file: {0}")]
    Write(#[source] io::Error),
    /// The library refuses what it was given.
    #[error("could not make a Parquet file of the events: {0}")]
    Format(#[source] ParquetError),
    /// It was asked to stop.
    #[error("interrupted")]
    Interrupted,
}

impl From<ParquetError> for ExportError {
    fn from(error: ParquetError) -> Self {
        match error {
            ParquetError::External(source) => match source.downcast::<io::Error>() {
                Ok(error) => Self::Write(*error),
                Err(source) => Self::Format(ParquetError::External(source)),
            },
            error => Self::Format(error),
        }
    }
}

/// Writes `events` to `to` as one Parquet file and answers how many there were.
///
/// # Errors
///
/// When the log cannot be read, `to` cannot be written, or the watch says stop; what was written until then
/// is no Parquet file.
pub fn write(
    events: impl Iterator<Item = Result<Stored, LogError>>,
    to: impl Write + Send,
    watch: &Watch,
) -> Result<u64, ExportError> {
    let columns = columns();
    let mut file =
        SerializedFileWriter::new(to, Arc::new(schema(&columns)?), Arc::new(properties(&columns)))?;
    let mut group = Vec::with_capacity(GROUP_EVENTS);
    let mut written = 0;
    for stored in events {
        group.push(stored?);
        written += 1;
        if written % LOOK_EVENTS == 0 {
            watch.advance(LOOK_EVENTS);
            if watch.stopped() {
                return Err(ExportError::Interrupted);
            }
        }
        if group.len() == GROUP_EVENTS {
            write_group(&mut file, &columns, &group)?;
            group.clear();
        }
    }
    if !group.is_empty() {
        write_group(&mut file, &columns, &group)?;
    }
    file.close()?;
    watch.advance(written % LOOK_EVENTS);
    Ok(written)
}

fn schema(columns: &[Column]) -> Result<Type, ParquetError> {
    let fields = columns.iter().map(|column| field(column).map(Arc::new));
    Type::group_type_builder("event").with_fields(fields.collect::<Result<Vec<TypePtr>, _>>()?).build()
}

fn field(column: &Column) -> Result<Type, ParquetError> {
    let (physical, logical) = match column.shape {
        Shape::Text => (Physical::BYTE_ARRAY, Some(LogicalType::String)),
        Shape::Time => (Physical::INT64, Some(LogicalType::timestamp(true, TimeUnit::MILLIS))),
        Shape::Position => (Physical::INT64, None),
        Shape::Small => (Physical::INT32, None),
        Shape::Real => (Physical::DOUBLE, None),
    };
    Type::primitive_type_builder(column.name, physical)
        .with_repetition(if column.is_full { Repetition::REQUIRED } else { Repetition::OPTIONAL })
        .with_logical_type(logical)
        .with_converted_type(ConvertedType::NONE)
        .build()
}

fn properties(columns: &[Column]) -> WriterProperties {
    let mut properties = WriterProperties::builder()
        .set_compression(Compression::ZSTD(ZstdLevel::default()))
        .set_statistics_enabled(EnabledStatistics::Chunk)
        .set_created_by(concat!("evenfield ", env!("CARGO_PKG_VERSION")).to_owned())
        .set_key_value_metadata(Some(vec![KeyValue::new(SCHEMA.0.to_owned(), SCHEMA.1.to_owned())]));
    for column in columns {
        let path = ColumnPath::from(column.name);
        if matches!(column.shape, Shape::Position | Shape::Time) {
            // They grow from row to row: their steps are short.
            properties = properties
                .set_column_dictionary_enabled(path.clone(), false)
                .set_column_encoding(path, Encoding::DELTA_BINARY_PACKED);
        } else if column.name == "id" {
            // No two are the same.
            properties = properties.set_column_dictionary_enabled(path, false);
        }
    }
    properties.build()
}

fn write_group<W: Write + Send>(
    file: &mut SerializedFileWriter<W>,
    columns: &[Column],
    events: &[Stored],
) -> Result<(), ParquetError> {
    let mut group = file.next_row_group()?;
    for column in columns {
        if let Some(mut writer) = group.next_column()? {
            write_column(&mut writer, column, events)?;
            writer.close()?;
        }
    }
    group.close()?;
    Ok(())
}

fn write_column(
    writer: &mut SerializedColumnWriter<'_>,
    column: &Column,
    events: &[Stored],
) -> Result<(), ParquetError> {
    let (levels, cells) = gathered(column, events);
    let levels = (!column.is_full).then_some(levels.as_slice());
    match cells {
        Cells::Texts(texts) => writer.typed::<ByteArrayType>().write_batch(&texts.values(), levels, None)?,
        Cells::Wholes(numbers) => writer.typed::<Int64Type>().write_batch(&numbers, levels, None)?,
        Cells::Smalls(numbers) => writer.typed::<Int32Type>().write_batch(&numbers, levels, None)?,
        Cells::Reals(numbers) => writer.typed::<DoubleType>().write_batch(&numbers, levels, None)?,
    };
    Ok(())
}

/// What the events of a group tell in one column, without the nulls.
enum Cells {
    Texts(Texts),
    Wholes(Vec<i64>),
    Smalls(Vec<i32>),
    Reals(Vec<f64>),
}

/// Texts one after the other.
#[derive(Default)]
struct Texts {
    bytes: Vec<u8>,
    ends: Vec<usize>,
}

impl Texts {
    fn push(&mut self, text: &str) {
        self.bytes.extend_from_slice(text.as_bytes());
        self.ends.push(self.bytes.len());
    }

    fn values(self) -> Vec<ByteArray> {
        let bytes = ByteArray::from(self.bytes);
        let begins = std::iter::once(0).chain(self.ends.iter().copied());
        begins.zip(&self.ends).map(|(begin, end)| bytes.slice(begin, end - begin)).collect()
    }
}

/// For each event whether it tells something in the column, 1 or 0, and what was told.
fn gathered(column: &Column, events: &[Stored]) -> (Vec<i16>, Cells) {
    let mut cells = match column.shape {
        Shape::Text => Cells::Texts(Texts::default()),
        Shape::Time | Shape::Position => Cells::Wholes(Vec::new()),
        Shape::Small => Cells::Smalls(Vec::new()),
        Shape::Real => Cells::Reals(Vec::new()),
    };
    let levels = events
        .iter()
        .map(|stored| i16::from(column.cell(stored).is_some_and(|cell| cells.push(cell))))
        .collect();
    (levels, cells)
}

impl Cells {
    /// Adds a cell, if it is one of these.
    fn push(&mut self, cell: Cell<'_>) -> bool {
        match (self, cell) {
            (Self::Texts(texts), Cell::Text(text)) => texts.push(&text),
            (Self::Wholes(numbers), Cell::Whole(number)) => numbers.push(number),
            (Self::Smalls(numbers), Cell::Whole(number)) => match i32::try_from(number) {
                Ok(number) => numbers.push(number),
                Err(_) => return false,
            },
            (Self::Reals(numbers), Cell::Real(number)) => numbers.push(number),
            _ => return false,
        }
        true
    }
}
