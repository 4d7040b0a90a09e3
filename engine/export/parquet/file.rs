//! A Parquet file of events, row group by row group.
//!
//! Rows are gathered into groups of [`GROUP_EVENTS`], or fewer where events are large, and each group is written
//! column by column, so that memory is bounded by a group however many events there are. Levels, kinds and roles
//! become dictionaries; everything is packed with zstd. Instants are milliseconds since 1970 in UTC.

use std::io::Write;
use std::sync::Arc;

use parquet::basic::Type as Physical;
use parquet::basic::{Compression, ConvertedType, Encoding, LogicalType, Repetition, TimeUnit, ZstdLevel};
use parquet::data_type::{BoolType, ByteArray, ByteArrayType, DoubleType, Int32Type, Int64Type};
use parquet::errors::ParquetError;
use parquet::file::metadata::{KeyValue, SortingColumn};
use parquet::file::properties::{EnabledStatistics, WriterProperties};
use parquet::file::writer::{SerializedColumnWriter, SerializedFileWriter};
use parquet::schema::types::{ColumnPath, Type, TypePtr};

use super::super::column::{Cell, Column, Row, Shape};
use crate::log;

/// The most events of one row group.
pub(crate) const GROUP_EVENTS: usize = 131_072;
/// Bytes of events from which on a row group is full.
const GROUP_BYTES: usize = 64 << 20;
/// The name under which a file says what its columns are.
pub(crate) const SCHEMA_KEY: &str = "evenfield.schema";

/// What a file is to be.
pub(in super::super) struct Order {
    /// Its columns.
    pub(in super::super) columns: Vec<Column>,
    /// What it says that these are.
    pub(in super::super) schema: &'static str,
    /// The most events of one row group.
    pub(in super::super) group_events: usize,
}

/// A file that is being written.
pub(in super::super) struct EventFile<W: Write + Send> {
    file: SerializedFileWriter<W>,
    order: Order,
    group: Vec<Row>,
    bytes: usize,
}

impl<W: Write + Send> EventFile<W> {
    /// Begins a file.
    pub(in super::super) fn begin(to: W, order: Order) -> Result<Self, ParquetError> {
        let (schema, properties) = (schema(&order.columns)?, properties(&order));
        let file = SerializedFileWriter::new(to, Arc::new(schema), Arc::new(properties))?;
        Ok(Self { file, order, group: Vec::new(), bytes: 0 })
    }

    /// Adds a row.
    pub(in super::super) fn push(&mut self, row: Row) -> Result<(), ParquetError> {
        self.bytes += log::size(&row.stored.event);
        self.group.push(row);
        if self.group.len() >= self.order.group_events || self.bytes >= GROUP_BYTES {
            self.end_group()?;
        }
        Ok(())
    }

    /// Ends the file, which says besides what its columns are the value of a key; hands back where it went.
    pub(in super::super) fn finish(mut self, said: Option<(&str, String)>) -> Result<W, ParquetError> {
        if !self.group.is_empty() {
            self.end_group()?;
        }
        if let Some((key, value)) = said {
            self.file.append_key_value_metadata(KeyValue::new(key.to_owned(), value));
        }
        self.file.into_inner()
    }

    fn end_group(&mut self) -> Result<(), ParquetError> {
        let mut group = self.file.next_row_group()?;
        for column in &self.order.columns {
            if let Some(mut writer) = group.next_column()? {
                write_column(&mut writer, column, &self.group)?;
                writer.close()?;
            }
        }
        group.close()?;
        self.group.clear();
        self.bytes = 0;
        Ok(())
    }
}

fn schema(columns: &[Column]) -> Result<Type, ParquetError> {
    let fields = columns.iter().map(|column| field(column).map(Arc::new));
    Type::group_type_builder("event").with_fields(fields.collect::<Result<Vec<TypePtr>, _>>()?).build()
}

fn field(column: &Column) -> Result<Type, ParquetError> {
    let logical = match column.shape {
        Shape::Text => Some(LogicalType::String),
        Shape::Time => Some(LogicalType::timestamp(true, TimeUnit::MILLIS)),
        Shape::Position | Shape::Small | Shape::Real | Shape::Flag => None,
    };
    Type::primitive_type_builder(column.name, physical(column.shape))
        .with_repetition(if column.is_full { Repetition::REQUIRED } else { Repetition::OPTIONAL })
        .with_logical_type(logical)
        .with_converted_type(ConvertedType::NONE)
        .build()
}

/// How what a column holds is kept.
pub(crate) fn physical(shape: Shape) -> Physical {
    match shape {
        Shape::Text => Physical::BYTE_ARRAY,
        Shape::Time | Shape::Position => Physical::INT64,
        Shape::Small => Physical::INT32,
        Shape::Real => Physical::DOUBLE,
        Shape::Flag => Physical::BOOLEAN,
    }
}

fn properties(order: &Order) -> WriterProperties {
    let mut properties = WriterProperties::builder()
        .set_compression(Compression::ZSTD(ZstdLevel::default()))
        .set_statistics_enabled(EnabledStatistics::Chunk)
        .set_created_by(concat!("evenfield ", env!("CARGO_PKG_VERSION")).to_owned())
        .set_key_value_metadata(Some(vec![KeyValue::new(SCHEMA_KEY.to_owned(), order.schema.to_owned())]))
        .set_sorting_columns(sorting(&order.columns));
    for column in &order.columns {
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

/// By which columns rows are sorted: consultations where they are whole, else the log's order.
fn sorting(columns: &[Column]) -> Option<Vec<SortingColumn>> {
    let place = |name: &str| columns.iter().position(|column| column.name == name);
    let by = match place("seq") {
        Some(seq) => vec![place("consultation")?, seq],
        None => vec![place("position")?],
    };
    let column = |place| {
        let column_idx = i32::try_from(place).ok()?;
        Some(SortingColumn { column_idx, descending: false, nulls_first: false })
    };
    by.into_iter().map(column).collect()
}

fn write_column(
    writer: &mut SerializedColumnWriter<'_>,
    column: &Column,
    rows: &[Row],
) -> Result<(), ParquetError> {
    let (levels, cells) = gathered(column, rows);
    let levels = (!column.is_full).then_some(levels.as_slice());
    match cells {
        Cells::Texts(texts) => writer.typed::<ByteArrayType>().write_batch(&texts.values(), levels, None)?,
        Cells::Wholes(numbers) => writer.typed::<Int64Type>().write_batch(&numbers, levels, None)?,
        Cells::Smalls(numbers) => writer.typed::<Int32Type>().write_batch(&numbers, levels, None)?,
        Cells::Reals(numbers) => writer.typed::<DoubleType>().write_batch(&numbers, levels, None)?,
        Cells::Flags(flags) => writer.typed::<BoolType>().write_batch(&flags, levels, None)?,
    };
    Ok(())
}

/// What the events of a group tell in one column, without the nulls.
enum Cells {
    Texts(Texts),
    Wholes(Vec<i64>),
    Smalls(Vec<i32>),
    Reals(Vec<f64>),
    Flags(Vec<bool>),
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
fn gathered(column: &Column, rows: &[Row]) -> (Vec<i16>, Cells) {
    let mut cells = match column.shape {
        Shape::Text => Cells::Texts(Texts::default()),
        Shape::Time | Shape::Position => Cells::Wholes(Vec::new()),
        Shape::Small => Cells::Smalls(Vec::new()),
        Shape::Real => Cells::Reals(Vec::new()),
        Shape::Flag => Cells::Flags(Vec::new()),
    };
    let levels =
        rows.iter().map(|row| i16::from(column.cell(row).is_some_and(|cell| cells.push(cell)))).collect();
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
            (Self::Flags(flags), Cell::Flag(flag)) => flags.push(flag),
            _ => return false,
        }
        true
    }
}
