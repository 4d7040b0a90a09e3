//! A table of a data set as one Parquet file, with the metadata under a key of the file.
//!
//! Every column may be null; why a cell is, stands in the last one, `marks`, column by column.

use std::sync::Arc;

use parquet::basic::Type as Physical;
use parquet::basic::{Compression, ConvertedType, LogicalType, Repetition, TimeUnit, ZstdLevel};
use parquet::data_type::{BoolType, ByteArray, ByteArrayType, DataType, DoubleType, Int64Type};
use parquet::errors::ParquetError;
use parquet::file::metadata::KeyValue;
use parquet::file::properties::WriterProperties;
use parquet::file::writer::{SerializedColumnWriter, SerializedFileWriter};
use parquet::schema::types::{Type, TypePtr};

use super::super::table::{Cell, Kind, Table};

/// The most rows of one group.
const GROUP_ROWS: usize = 131_072;
/// The name of the column that says why cells are null.
const MARKS: &str = "marks";

/// The table as a Parquet file; `metadata` is what must be known of it, as JSON.
///
/// # Errors
/// When the library refuses it.
pub(in super::super) fn file(table: &Table, metadata: &[u8]) -> Result<Vec<u8>, ParquetError> {
    let said = |key: &str, value: &str| KeyValue::new(key.to_owned(), value.to_owned());
    let properties = WriterProperties::builder()
        .set_compression(Compression::ZSTD(ZstdLevel::default()))
        .set_created_by(concat!("evenfield ", env!("CARGO_PKG_VERSION")).to_owned())
        .set_key_value_metadata(Some(vec![
            said("evenfield.schema", "evenfield.table/1"),
            said("evenfield.table", &table.name),
            said("evenfield.metadata", &String::from_utf8_lossy(metadata)),
        ]))
        .build();
    let mut bytes = Vec::new();
    let mut file = SerializedFileWriter::new(&mut bytes, Arc::new(schema(table)?), Arc::new(properties))?;
    for rows in table.rows.chunks(GROUP_ROWS) {
        let mut group = file.next_row_group()?;
        for column in 0..=table.columns.len() {
            if let Some(mut writer) = group.next_column()? {
                write(&mut writer, table, column, rows)?;
                writer.close()?;
            }
        }
        group.close()?;
    }
    file.close()?;
    Ok(bytes)
}

fn schema(table: &Table) -> Result<Type, ParquetError> {
    let columns = table.columns.iter().map(|column| (column.name.as_str(), column.kind));
    let fields = columns.chain([(MARKS, Kind::Text)]).map(|(name, kind)| field(name, kind).map(Arc::new));
    Type::group_type_builder("row").with_fields(fields.collect::<Result<Vec<TypePtr>, _>>()?).build()
}

fn field(name: &str, kind: Kind) -> Result<Type, ParquetError> {
    let (physical, logical) = match kind {
        Kind::Text => (Physical::BYTE_ARRAY, Some(LogicalType::String)),
        Kind::Whole => (Physical::INT64, None),
        Kind::Number => (Physical::DOUBLE, None),
        Kind::Instant => (Physical::INT64, Some(LogicalType::timestamp(true, TimeUnit::MILLIS))),
        Kind::Flag => (Physical::BOOLEAN, None),
    };
    Type::primitive_type_builder(name, physical)
        .with_repetition(Repetition::OPTIONAL)
        .with_logical_type(logical)
        .with_converted_type(ConvertedType::NONE)
        .build()
}

/// Writes one column; the one behind the last is that of marks.
fn write(
    writer: &mut SerializedColumnWriter<'_>,
    table: &Table,
    column: usize,
    rows: &[Vec<Cell>],
) -> Result<(), ParquetError> {
    let text = |text: &str| ByteArray::from(text.as_bytes().to_vec());
    let Some(kind) = table.columns.get(column).map(|column| column.kind) else {
        let marks = |row: &Vec<Cell>| {
            let marks: Vec<String> =
                table.absences(row).map(|(name, absence)| format!("{name} {}", absence.mark())).collect();
            (!marks.is_empty()).then(|| text(&marks.join("; ")))
        };
        return batch::<ByteArrayType>(writer, rows.iter().map(marks));
    };
    let cells = rows.iter().map(|row| &row[column]);
    match kind {
        Kind::Text => batch::<ByteArrayType>(
            writer,
            cells.map(|cell| match cell {
                Cell::Text(words) => Some(text(words)),
                _ => None,
            }),
        ),
        Kind::Whole | Kind::Instant => batch::<Int64Type>(
            writer,
            cells.map(|cell| match cell {
                Cell::Whole(number) => Some(*number),
                Cell::Instant(at) => Some(at.ms()),
                _ => None,
            }),
        ),
        Kind::Number => batch::<DoubleType>(
            writer,
            cells.map(|cell| match cell {
                Cell::Number(number) => Some(*number),
                _ => None,
            }),
        ),
        Kind::Flag => batch::<BoolType>(
            writer,
            cells.map(|cell| match cell {
                Cell::Flag(flag) => Some(*flag),
                _ => None,
            }),
        ),
    }
}

fn batch<T: DataType>(
    writer: &mut SerializedColumnWriter<'_>,
    cells: impl Iterator<Item = Option<T::T>>,
) -> Result<(), ParquetError> {
    let cells: Vec<Option<T::T>> = cells.collect();
    let levels: Vec<i16> = cells.iter().map(|cell| i16::from(cell.is_some())).collect();
    let values: Vec<T::T> = cells.into_iter().flatten().collect();
    writer.typed::<T>().write_batch(&values, Some(&levels), None)?;
    Ok(())
}
