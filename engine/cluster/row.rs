//! A row of a file, as an export wrote it.

use std::cmp::Ordering;
use std::sync::Arc;

use datafusion::arrow::array::{
    Array, ArrayRef, BooleanArray, Float64Array, Int32Array, Int64Array, StringArray,
    TimestampMillisecondArray,
};
use datafusion::arrow::datatypes::{DataType, Field, Schema, SchemaRef, TimeUnit};
use engine::export::shards::{Shape, columns};
use engine::ingest::Told;

/// The columns of a data set.
pub(crate) fn schema() -> SchemaRef {
    let field = |(name, shape): (&'static str, Shape)| {
        let of = match shape {
            Shape::Text => DataType::Utf8,
            Shape::Time => DataType::Timestamp(TimeUnit::Millisecond, Some("UTC".into())),
            Shape::Position => DataType::Int64,
            Shape::Small => DataType::Int32,
            Shape::Real => DataType::Float64,
            Shape::Flag => DataType::Boolean,
        };
        Field::new(name, of, true)
    };
    Arc::new(Schema::new(columns().map(field).collect::<Vec<Field>>()))
}

/// Cells of one column.
enum Cells<'a> {
    Text(&'a StringArray),
    Time(&'a TimestampMillisecondArray),
    Whole(&'a Int64Array),
    Small(&'a Int32Array),
    Real(&'a Float64Array),
    Flag(&'a BooleanArray),
}

/// Rows that came together.
pub(crate) struct Batch<'a> {
    /// By [`order`] of their names.
    columns: Vec<(&'static str, Cells<'a>)>,
}

/// One of them.
#[derive(Clone, Copy)]
pub(crate) struct Row<'a> {
    batch: &'a Batch<'a>,
    number: usize,
}

impl<'a> Batch<'a> {
    /// The columns of these names; else which one is of another type.
    pub(crate) fn of(names: &[&'static str], arrays: &'a [ArrayRef]) -> Result<Self, String> {
        let mut columns = Vec::with_capacity(names.len());
        for (name, array) in names.iter().zip(arrays) {
            let cells =
                cells(array).ok_or_else(|| format!("the column {name} is of type {}", array.data_type()))?;
            columns.push((*name, cells));
        }
        columns.sort_by(|(one, _), (other, _)| order(one, other));
        Ok(Self { columns })
    }

    pub(crate) fn row(&'a self, number: usize) -> Row<'a> {
        Row { batch: self, number }
    }

    fn column(&self, name: &str) -> Option<&Cells<'a>> {
        let place = self.columns.binary_search_by(|(known, _)| order(known, name));
        place.ok().map(|place| &self.columns[place].1)
    }
}

/// Names by length first: few are of one length, and dozens are looked up for every row.
fn order(one: &str, other: &str) -> Ordering {
    one.len().cmp(&other.len()).then_with(|| one.cmp(other))
}

fn cells(array: &ArrayRef) -> Option<Cells<'_>> {
    let any = array.as_any();
    Some(match array.data_type() {
        DataType::Utf8 => Cells::Text(any.downcast_ref()?),
        DataType::Timestamp(TimeUnit::Millisecond, _) => Cells::Time(any.downcast_ref()?),
        DataType::Int64 => Cells::Whole(any.downcast_ref()?),
        DataType::Int32 => Cells::Small(any.downcast_ref()?),
        DataType::Float64 => Cells::Real(any.downcast_ref()?),
        DataType::Boolean => Cells::Flag(any.downcast_ref()?),
        _ => return None,
    })
}

impl<'a> Row<'a> {
    /// A text of this row.
    pub(crate) fn str(&self, column: &str) -> Option<&'a str> {
        match self.batch.column(column)? {
            Cells::Text(texts) => texts.is_valid(self.number).then(|| texts.value(self.number)),
            _ => None,
        }
    }
}

impl Told for Row<'_> {
    fn text(&self, column: &str) -> Option<&[u8]> {
        self.str(column).map(str::as_bytes)
    }

    fn whole(&self, column: &str) -> Option<i64> {
        let row = self.number;
        match self.batch.column(column)? {
            Cells::Time(cells) => cells.is_valid(row).then(|| cells.value(row)),
            Cells::Whole(cells) => cells.is_valid(row).then(|| cells.value(row)),
            Cells::Small(cells) => cells.is_valid(row).then(|| cells.value(row).into()),
            _ => None,
        }
    }

    fn real(&self, column: &str) -> Option<f64> {
        match self.batch.column(column)? {
            Cells::Real(cells) => cells.is_valid(self.number).then(|| cells.value(self.number)),
            _ => None,
        }
    }

    fn flag(&self, column: &str) -> Option<bool> {
        match self.batch.column(column)? {
            Cells::Flag(cells) => cells.is_valid(self.number).then(|| cells.value(self.number)),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::ffi::OsString;
    use std::fs::File;

    use datafusion::parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
    use engine::ingest::{event_by_line, event_of};
    use engine::log::{Log, Mode};
    use event::Event;

    use super::*;

    /// Every row of a data set is its event again, field by field and by way of its line.
    #[test]
    fn rows_are_the_events_that_were_exported() {
        for name in ["messy-feed", "range-by-service"] {
            let dir = tempfile::tempdir().unwrap();
            let [store, set, told] = ["store", "lake", "told"].map(|name| dir.path().join(name));
            let begin = || ["evenfield", "-q", "--store", store.to_str().unwrap()].map(OsString::from);
            let run = |words: &[&str]| {
                let line = begin().into_iter().chain(words.iter().map(OsString::from));
                assert_eq!(engine::cli::run_from(line), std::process::ExitCode::SUCCESS, "{words:?}");
            };
            run(&["replay", name, "-o", told.to_str().unwrap()]);
            run(&["export", "parquet", "--shards", "3", set.to_str().unwrap()]);
            let log = Log::open(&store, Mode::Existing).unwrap();
            let events: Vec<Event> = log.events(..).map(|stored| stored.unwrap().event).collect();
            let files = std::fs::read_dir(&set).unwrap().map(|entry| entry.unwrap().path());
            let files = files.filter(|path| path.extension().is_some_and(|ending| ending == "parquet"));
            assert_eq!(files.map(|path| held_against(&events, &path)).sum::<usize>(), events.len(), "{name}");
        }
    }

    fn held_against(events: &[Event], path: &std::path::Path) -> usize {
        let builder = ParquetRecordBatchReaderBuilder::try_new(File::open(path).unwrap());
        let names: Vec<&'static str> = columns().map(|(name, _)| name).collect();
        let (mut line, mut read) = (Vec::new(), 0);
        for batch in builder.unwrap().build().unwrap() {
            let batch = batch.unwrap();
            let rows = Batch::of(&names, batch.columns()).unwrap();
            for number in 0..batch.num_rows() {
                let row = rows.row(number);
                let position = usize::try_from(row.whole("position").unwrap()).unwrap();
                assert_eq!(&event_of(&row, &mut line).unwrap(), &events[position - 1]);
                assert_eq!(&event_by_line(&row, &mut line).unwrap(), &events[position - 1]);
                read += 1;
            }
        }
        read
    }
}
